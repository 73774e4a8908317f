"""`distribute`: the shares of a plan, made before its statements run, which read them from temporary tables.

The rows that count are read once, shared by ``ir.sharing`` in one ordered pass, and kept in the session. What a plan reached is measured
on the states that it plans, after all that holds changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from assignrules.databases.base import Session
from assignrules.ir.changes import DataProblem, Held
from assignrules.ir.expressions import Field
from assignrules.ir.ruleset import Assignment, Distribution
from assignrules.ir.sharing import Given, Sharing, Why, share, weight_of
from assignrules.ir.types import VALUE_SCALE, Kind, Money
from assignrules.ir.values import number_text, printed
from assignrules.plan.model import Balance, MemberBalance
from assignrules.resolve.written import written
from assignrules.schema.logical import Schema
from assignrules.sql.decisions import distribution_of
from assignrules.sql.distribution import moves_made, shared_rows
from assignrules.sql.queries import Compiler, Output
from assignrules.sql.rows import share_table
from assignrules.sql.stages import Statement

CAPACITY = "capacity"
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Shared:
    """What `distribute` of a block made: the rows that counted, the number of the value that each has now, and what each got."""

    block: Assignment
    how: Distribution
    rows: Sequence[Sharing]
    now: Mapping[str, int | None]
    given: Mapping[str, Given]
    room: Sequence[int | None]
    odd: frozenset[str]
    unknown: tuple[str, ...]
    statement: Statement

    @property
    def names(self) -> list[str]:
        """The values, as they are printed."""
        return [str(printed(literal.value)) for literal in self.how.among]


def distribute(session: Session, compiler: Compiler) -> tuple[Shared, ...]:
    """Shares out for every block that does so on the day, and keeps the shares in the session."""
    return tuple(share_block(session, compiler, block, how) for block, how in sharing_blocks(compiler))


def sharing_blocks(compiler: Compiler) -> Iterator[tuple[Assignment, Distribution]]:
    """The blocks that share out on the day, each after those that it reads."""
    for target, member in compiler.ruleset.order:
        for block in compiler.ruleset.writers(target, member, compiler.today):
            how = distribution_of(block)
            if how is not None:
                yield block, how


def share_block(session: Session, compiler: Compiler, block: Assignment, how: Distribution) -> Shared:
    """Shares out for one block, and keeps the shares in the session."""
    room, unknown = _room(session, compiler, block, how)
    query, statement = shared_rows(compiler, block)
    rows: list[Sharing] = []
    now: dict[str, int | None] = {}
    odd: set[str] = set()
    for key, mine, fixed, held, place, party, *values in session.fetch(compiler.text(query)):
        subject = str(printed(key))
        weights = [weight_of(value, measure.type) for value, measure in zip(values, how.by, strict=True)]
        if None in weights:
            odd.add(subject)
        rows.append(Sharing(subject, held, mine, fixed, party, tuple(weight or 0 for weight in weights)))
        now[subject] = place
    moves = moves_made(block, how, compiler.today, compiler.ruleset.currency) if compiler.journal else None
    made = 0 if moves is None else int(session.fetch(compiler.text(moves))[0][0])
    given = share(rows, room, how.moving, how.tolerance, made)
    lines = [
        json.dumps({"subject": subject, "place": got.value}, ensure_ascii=False) for subject, got in given.items() if got.value is not None
    ]
    session.stage(share_table(block.rule), {"subject": "VARCHAR", "place": "BIGINT"}, lines)
    return Shared(block, how, rows, now, given, room, frozenset(odd), unknown, statement)


def _room(session: Session, compiler: Compiler, block: Assignment, how: Distribution) -> tuple[list[int | None], tuple[str, ...]]:
    """How many subjects each value may have at most (None: any number), and those that have no row."""
    refers_to = compiler.mapping.schema.targets[block.target].refers_to
    if refers_to is None:
        return [None] * len(how.among), ()
    entity = compiler.mapping.schema.entities[refers_to]
    outputs = [Output(CAPACITY, Field(refers_to, CAPACITY, entity.fields[CAPACITY]))] if how.capacity else []
    known = {row[0]: row[2] if how.capacity else None for row in session.fetch(compiler.text(compiler.select(refers_to, outputs)))}
    unknown = sorted(str(printed(literal.value)) for literal in how.among if literal.value not in known)
    return [known.get(literal.value) for literal in how.among], tuple(unknown)


def sharing_warnings(compiler: Compiler, shared: Iterable[Shared]) -> list[DataProblem]:
    """What was odd in the data that was shared out."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for item in shared:
        refers_to = compiler.mapping.schema.targets[item.block.target].refers_to
        if item.unknown and refers_to is not None:
            found["W0507", refers_to, f"`distribute` of `{item.block.rule}` names values that have no row"] = set(item.unknown)
        if item.odd:
            message = "a measure of `distribute` is missing or below 0, and counts as 0"
            found.setdefault(("W0506", item.block.entity, message), set()).update(item.odd)
    return [DataProblem(code, text, of, len(keys), tuple(sorted(keys)[:EXAMPLES])) for (code, of, text), keys in found.items()]


def balance(shared: Shared, held: Iterable[Held], currency: str, schema: Schema) -> Balance:
    """What each value has before the run and as planned. A subject whose change is held counts where it is."""
    places = dict(shared.now)
    for row in shared.rows:
        got = shared.given.get(row.key)
        places[row.key] = row.held if got is None else got.value if got.value is not None else shared.now[row.key]
    for item in held:
        if item.target == shared.block.target and item.subject in places:
            places[item.subject] = shared.now[item.subject]
    before, after = (_totals(shared, where) for where in (shared.now, places))
    texts = tuple(written(measure, schema) for measure in shared.how.by)

    def shown(totals: Sequence[int]) -> tuple[str, ...]:
        return tuple(
            _shown(total, measure.type.scale, measure.type.kind is Kind.MONEY, currency)
            for total, measure in zip(totals, shared.how.by, strict=True)
        )

    members = tuple(
        MemberBalance(name, shown(before[number]), shown(after[number]), shared.room[number]) for number, name in enumerate(shared.names)
    )
    moved = sum(now is not None and places[subject] != now for subject, now in shared.now.items() if subject in shared.given)
    return Balance(shared.block.rule, texts, members, moved)


def _totals(shared: Shared, places: Mapping[str, int | None]) -> list[list[int]]:
    totals = [[0] * len(shared.how.by) for _ in shared.how.among]
    for row in shared.rows:
        place = places[row.key]
        if place is not None:
            for number, weight in enumerate(row.weights):
                totals[place][number] += weight
    return totals


def _shown(total: int, scale: int, money: bool, currency: str) -> str:
    amount = Decimal(f"{total}E-{max(scale, VALUE_SCALE)}")
    return str(printed(Money(amount, currency))) if money else number_text(amount)


def distribution_text(how: Distribution, schema: Schema) -> str:
    """What stands behind the condition of a `distribute`."""
    by = ", ".join(written(measure, schema) for measure in how.by)
    return f"among ({', '.join(written(literal, schema) for literal in how.among)}) by {by}"


def share_text(shared: Shared, subject: str, schema: Schema, currency: str) -> str | None:
    """Why a subject got its value, in words; None where nothing was shared to it."""
    got = shared.given.get(subject)
    if got is None:
        return None
    value = None if got.value is None else shared.names[got.value]
    match got.why:
        case Why.STAYS:
            return f"stays with {value}: balance asks for no other"
        case Why.JOINS:
            return f"joins {value}, where those are that it stays together with"
        case Why.MOVED:
            return f"moved to {value}, which brings the totals nearer to equal or keeps to a capacity"
        case Why.FULL:
            return "no value has room for it"
        case Why.PLACED:
            pairs = zip(got.totals, shared.how.by, strict=True)
            parts = (
                f"{written(measure, schema)} {_shown(total, measure.type.scale, measure.type.kind is Kind.MONEY, currency)}"
                for total, measure in pairs
            )
            return (
                f"placed as number {got.turn}, the largest first: {value}, then at {', '.join(parts)}, brings the totals nearest to equal"
            )
        case _:
            assert_never(got.why)
