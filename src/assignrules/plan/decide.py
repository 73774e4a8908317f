"""Deciding: what the rules make of every row, kept in the session's tables; and what `distribute` shares out on the way.

In steps: what a `distribute` looks at is decided and kept before it, so that neither it nor what follows decides that again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from assignrules.databases.base import Session
from assignrules.ir.changes import Conflict, Held
from assignrules.plan.distribution import Shared, share_block, sharing_blocks
from assignrules.resolve.order import Unit, unit_needs
from assignrules.schema.logical import Shape
from assignrules.sql import terms
from assignrules.sql.decisions import STEP
from assignrules.sql.differences import Difference, at, differences
from assignrules.sql.queries import Compiler
from assignrules.sql.stages import Statement

ACTIONS = {Shape.VALUE: ("set", "change", "clear"), Shape.SET: ("add", "remove"), Shape.COVER: ("grant", "amend", "withdraw")}


class Found:
    """What the statements of some decisions of an entity found. ``lines`` with their unit's place in the whole order; ``existing``: by
    unit and decision, how many changes there are of something that existed."""

    def __init__(self, part: Difference) -> None:
        self.part = part
        self.lines: list[tuple[tuple[str, str], str]] = []
        self.actions: dict[int, dict[str, int]] = {}
        self.existing: dict[tuple[int, int], int] = {}
        self.held: list[Held] = []
        self.conflicts: list[Conflict] = []


@dataclass(frozen=True, slots=True)
class Decided:
    """All that was decided. ``after`` compiles what reads it."""

    found: tuple[Found, ...]
    shared: tuple[Shared, ...]
    after: Compiler

    def statements(self) -> list[Statement]:
        """Those that it took."""
        return [*(item.part.statement for item in self.found), *(item.statement for item in self.shared)]


def decide(session: Session, compiler: Compiler, *, in_steps: bool) -> Decided:
    """Decides every unit that some block writes on the day; without ``in_steps`` all of an entity in one statement."""
    ruleset = compiler.ruleset
    rest = {unit for unit in ruleset.order if ruleset.writers(*unit, compiler.today)}
    after, found, shared = compiler, list[Found](), list[Shared]()
    for step, (block, how) in enumerate(sharing_blocks(compiler), start=1):
        before = _before(compiler, (block.target, block.member)) & rest if in_steps else set()
        some = [_found(session, after, part) for part in differences(after, read=True, units=before, step=step)] if before else []
        after, rest = _after(after, some), rest - before
        found.extend(some)
        shared.append(share_block(session, after, block, how))
    last = [_found(session, after, part) for part in differences(after, read=True, units=rest)]
    return Decided((*found, *last), tuple(shared), _after(after, last))


def _after(compiler: Compiler, found: Iterable[Found]) -> Compiler:
    return compiler.after({unit: place for item in found for unit, place in item.part.decided().items()})


def _before(compiler: Compiler, unit: Unit) -> set[Unit]:
    """All that deciding a unit reads as planned, and what that reads."""
    blocks = (block for block in compiler.ruleset.assignments if block.runs_on(compiler.today))
    needs = unit_needs(blocks, compiler.ruleset.definitions)
    found: set[Unit] = set()
    new = needs.get(unit, set())
    while new:
        found |= new
        new = {read for one in new for read in needs.get(one, ())} - found
    return found


def _found(session: Session, compiler: Compiler, part: Difference) -> Found:
    found = Found(part)
    session.keep(part.table, compiler.text(part.rows))
    for table, query in part.parts:
        session.keep(table, compiler.text(query))
    units = [(decision.target.name, decision.member or "") for decision in part.decisions]
    ordered = compiler.text(terms.ordered(compiler.dialect.ordered_text(terms.column("subject"))))
    columns = f"unit, action, decided, {compiler.dialect.json_line('line')}"
    changing, holding, conflicting = _finding(session, compiler, part)
    for query in part.changes(changing):
        counted: Counter[tuple[int, str, int]] = Counter()
        for unit, action, decided, line in session.fetch(
            f"SELECT {columns} FROM ({compiler.text(query)}) AS found ORDER BY unit, {ordered}"
        ):
            found.lines.append((units[unit], line))
            counted[unit, action, decided] += 1
        for (unit, action, decided), count in counted.items():
            actions = found.actions.setdefault(unit, {})
            actions[action] = actions.get(action, 0) + count
            if action != ACTIONS[part.decisions[unit].target.shape][0]:  # there was something before
                place = (unit, decided // STEP)
                found.existing[place] = found.existing.get(place, 0) + count
    for query in part.held(holding):
        for unit, subject, before, after, by in session.fetch(compiler.text(query)):
            decision = part.decisions[unit]
            found.held.append(Held(subject, decision.target.name, decision.member, json.loads(before), json.loads(after), by))
    for query in part.conflicts(conflicting):
        for unit, subject, before, after, decided in session.fetch(compiler.text(query)):
            decision = part.decisions[unit]
            block = at(decision.blocks[decided // STEP])
            found.conflicts.append(Conflict(subject, decision.target.name, decision.member, json.loads(before), json.loads(after), block))
    return found


def _finding(session: Session, compiler: Compiler, part: Difference) -> tuple[set[int], set[int], set[int]]:
    """The decisions that change something, hold something and contradict themselves: on most days few do, and only those are asked for
    their rows."""
    found: tuple[set[int], set[int], set[int]] = (set(), set(), set())
    for numbers, query in part.counts():
        counts = iter(session.fetch(compiler.text(query))[0])
        for number in numbers:
            for units in found:
                if next(counts):
                    units.add(number)
    return found
