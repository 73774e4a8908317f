"""The difference between the current and the planned state, in SQL: the rows of an entity on which anything changes, is held or conflicts,
and from them the changes as JSON lines, the held subjects and the conflicts.

The rows are kept as temporary tables, so that each fact is computed once: ``subject``, ``label``, and for each decision n
``before_n``, ``planned_n``, ``decided_n``, ``after_n`` (money with ``_currency``), ``excepted_n``, where a clause beside `except` can hold
it ``hold_n``, where a block has a `because` ``because_n``, and ``found_n``: 1 a change, 2 held.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from assignrules.ir.changes import action_of
from assignrules.ir.expressions import Expression, Field, Literal, Reference, TargetMember, TargetValue
from assignrules.ir.ruleset import Assignment, Otherwise, SetBody, ValueBody
from assignrules.ir.types import Kind
from assignrules.schema.logical import Shape
from assignrules.sql import terms
from assignrules.sql.decided import CHANGE, HELD, ROW_KEY, Decided, Place, Unit
from assignrules.sql.decisions import ADD, BOTH, FALSE, HOLDS, OTHERWISE, REMOVE, STEP, Decision, Decisions
from assignrules.sql.dialects import Dialect
from assignrules.sql.journal import last_states, read_state
from assignrules.sql.printing import Printer, joined
from assignrules.sql.queries import Compiler, names_of
from assignrules.sql.rows import KEY, Rows
from assignrules.sql.stages import Statement
from assignrules.sql.terms import Sql

TOGETHER = 40  # decisions in a statement: planning many together takes longer than each alone
WIDE = 160  # decisions in a table: with more, each SELECT over it costs what it is wide, and it is cut


@dataclass(frozen=True, slots=True)
class Difference:
    """The statements for one entity: ``rows`` makes the temporary table ``table``, and from it each of ``parts`` (a name and a query)
    makes one of some decisions alone; ``columns``: by decision, those that the table has of it. The others read these tables, each some
    decisions; ``unit`` numbers say which decision a row is of. Planning hundreds of them in one statement takes far longer.
    """

    entity: str
    table: str
    decisions: tuple[Decision, ...]
    statement: Statement
    rows: exp.Query
    columns: tuple[tuple[str, ...], ...]
    parts: tuple[tuple[str, exp.Query], ...]
    printer: Printer
    journal: bool
    bodies: tuple[_Columns, ...]

    def counts(self) -> Iterator[tuple[range, exp.Query]]:
        """For the decisions of each table, a query of one row: of each decision how many rows change, are held, and conflict."""
        for table, numbers in self._tables():
            conditions = [condition for number in numbers for condition in self._finds(number)]
            columns: list[Sql] = [exp.Count(this=terms.case([(condition, terms.number(1))])) for condition in conditions]
            yield numbers, terms.select([terms.alias(column, f"n{place}") for place, column in enumerate(columns)], terms.table(table))

    def _finds(self, number: int) -> tuple[Sql, Sql, Sql]:
        found, decision = terms.column(f"found_{number}"), self.decisions[number]
        conflict = terms.boolean(False) if decision.target.shape is Shape.VALUE else _conflicting(number, decision)
        return terms.equal(found, terms.number(CHANGE)), terms.equal(found.copy(), terms.number(HELD)), conflict

    def changes(self, units: Container[int]) -> Iterator[exp.Query]:
        """``(unit, subject, action, decided, line)`` of some decisions. The line is put together over the rows of all: what stands in each
        branch is planned for each."""
        for table, numbers in self._tables_of(units):
            rows = terms.union_all([_changes(number, self.bodies[number], table, self.printer, self.journal) for number in numbers])
            columns = [*map(terms.column, ("unit", "subject", "action", "decided")), terms.alias(_line(self.printer.dialect), "line")]
            yield terms.select(columns, terms.subquery(rows, "c"))

    def changed(self, number: int) -> exp.Query:
        """``(subject, value)`` of one decision's changes; the value is the planned one."""
        table = next(table for table, numbers in self._tables() if number in numbers)
        columns = [terms.column("subject"), terms.alias(terms.column(f"planned_{number}"), "value")]
        return terms.select(columns, terms.table(table), where=terms.equal(terms.column(f"found_{number}"), terms.number(CHANGE)))

    def held(self, units: Container[int]) -> Iterator[exp.Query]:
        """``(unit, subject, before, after, held_by)`` of some decisions, states as JSON."""
        for table, numbers in self._tables_of(units):
            yield terms.union_all([_held(number, self.bodies[number], table, self.printer) for number in numbers])

    def conflicts(self, units: Container[int]) -> Iterator[exp.Query]:
        """``(unit, subject, before, after, decided)`` of some decisions, states as JSON."""
        for table, numbers in self._tables_of(units):
            yield terms.union_all([_conflicts(number, self.decisions[number], table, self.printer) for number in numbers])

    def decided(self) -> Decided:
        """Where each unit's decisions are, when the tables are made."""
        return {
            (decision.target.name, decision.member): Place(table, number, decision.planned.type)
            for table, numbers in self._tables()
            for number, decision in ((number, self.decisions[number]) for number in numbers)
        }

    def _tables_of(self, units: Container[int]) -> Iterator[tuple[str, list[int]]]:
        """Those with some of the decisions."""
        for table, numbers in self._tables():
            some = [number for number in numbers if number in units]
            if some:
                yield table, some

    def _tables(self) -> Iterator[tuple[str, range]]:
        """The tables that have the decisions' columns, and the decisions of each."""
        for place, start in enumerate(range(0, len(self.decisions), TOGETHER)):
            table = self.parts[place][0] if self.parts else self.table
            yield table, range(start, min(start + TOGETHER, len(self.decisions)))


@dataclass(frozen=True, slots=True)
class _Columns:
    """A decision's expressions in normal form. ``because``: by block, its parts."""

    decision: Decision
    before: Expression
    planned: Expression
    after: Expression
    excepted: Expression
    hold: Expression | None
    because: tuple[tuple[str | Expression, ...] | None, ...]


def differences(
    compiler: Compiler, *, read: bool = False, units: Container[Unit] | None = None, step: int | None = None
) -> tuple[Difference, ...]:
    """The statements for every entity with targets that some block writes on the day. ``read``: other statements will read the tables
    (``Difference.decided``). ``units``: only these are decided. ``step``: a number for the tables of a plan that decides in steps."""
    targets = compiler.mapping.schema.targets
    by_entity: dict[str, list[Unit]] = {}
    for target, member in sorted(compiler.ruleset.order, key=lambda unit: (unit[0], unit[1] or "")):
        if compiler.ruleset.writers(target, member, compiler.today) and (units is None or (target, member) in units):
            by_entity.setdefault(targets[target].entity, []).append((target, member))
    return tuple(_difference(compiler, entity, by_entity[entity], read, step) for entity in sorted(by_entity))


def _difference(compiler: Compiler, entity: str, units: Sequence[Unit], read: bool, step: int | None) -> Difference:
    decisions = compiler.decisions()
    made = [decision for decision in (decisions.decision(*unit) for unit in units) if decision is not None]
    bodies = [_normal(decisions, decision) for decision in made]
    statement = Statement(decisions.facts, compiler.mapping, compiler.dialect, compiler.today, compiler.kept)
    rows = statement.rows(entity)
    key, label = names_of(rows, compiler.mapping)
    columns: list[Sql] = [terms.alias(key, "subject"), terms.alias(label, "label")]
    if read:
        columns.append(terms.alias(rows.column(KEY), ROW_KEY))
    found_in: list[list[Sql]] = []
    writer = _Writer(compiler, statement, rows)
    for number, body in enumerate(bodies):
        own, flag = writer.columns(number, body.decision, body)
        columns.extend((*own, terms.alias(flag, f"found_{number}")))
        found_in.append([terms.not_null(terms.column(f"found_{number}"))])
        if body.decision.target.shape is not Shape.VALUE:
            found_in[-1].append(_conflicting(number, body.decision))
    source = terms.table(statement.stage(entity, statement.top), "s")
    inner = terms.select(columns, source, rows.source.joins)
    outer = terms.select([exp.Star()], terms.subquery(inner, "d"), where=terms.any_of(condition for own in found_in for condition in own))
    table = f"decided_{entity}" if step is None else f"decided_{step}_{entity}"
    return Difference(
        entity,
        table,
        tuple(made),
        statement,
        statement.finish(outer),
        tuple(map(tuple, writer.names)),
        _parts(table, [column.alias for column in columns[: 3 if read else 2]], writer.names, found_in),
        writer.printer,
        compiler.journal,
        tuple(bodies),
    )


def _parts(
    table: str, of_row: Sequence[str], names: Sequence[Sequence[str]], found: Sequence[Sequence[Sql]]
) -> tuple[tuple[str, exp.Query], ...]:
    """The table cut into narrow ones, each with the columns of some decisions and the rows on which one of them finds something."""
    if len(names) <= WIDE:
        return ()
    parts: list[tuple[str, exp.Query]] = []
    for start in range(0, len(names), TOGETHER):
        columns = [*of_row, *(name for own in names[start : start + TOGETHER] for name in own)]
        something = [condition.copy() for own in found[start : start + TOGETHER] for condition in own]
        query = terms.select([terms.column(name) for name in columns], terms.table(table), where=terms.any_of(something))
        parts.append((f"{table}_{start // TOGETHER}", query))
    return tuple(parts)


def _may_hold(body: _Columns) -> bool:
    """Whether something can be held: sets always have what they are to be, so only a clause holds it."""
    return body.decision.target.shape is not Shape.SET or body.excepted != FALSE or body.hold is not None


def _has_reasons(body: _Columns) -> bool:
    return any(parts is not None for parts in body.because)


def _normal(decisions: Decisions, decision: Decision) -> _Columns:
    facts, entity, target = decisions.facts, decision.target.entity, decision.target
    planned: Expression = decision.planned
    if target.shape is Shape.VALUE:
        planned = TargetValue(entity, target.name, False, target.type)
    elif target.shape is Shape.SET:
        planned = TargetMember(entity, target.name, decision.member or "", False)

    def column(expression: Expression) -> Expression:
        """As something that may be printed several times."""
        normal = facts.normal(expression, entity)
        return normal if isinstance(normal, Literal | Field | Reference | TargetValue | TargetMember) else facts.fact(normal, entity)

    def reason(block: Assignment) -> tuple[str | Expression, ...] | None:
        if block.because is None:
            return None
        return tuple(part.text or "" if part.expression is None else facts.normal(part.expression, entity) for part in block.because)

    because = tuple(reason(block) for block in decision.blocks)
    return _Columns(
        decision,
        column(decision.before),
        column(planned),
        column(decision.after),
        column(decision.excepted),
        None if decision.hold is None else column(decision.hold),
        because,
    )


class _Writer:
    """Writes the columns of decisions on the rows of one entity."""

    def __init__(self, compiler: Compiler, statement: Statement, rows: Rows) -> None:
        self.dialect = compiler.dialect
        self.printer = Printer(compiler.dialect)
        self.scalars = statement.scalars
        self.money = statement.money
        self.rows = rows
        self.names: list[list[str]] = []  # of the columns, by decision

    def columns(self, number: int, decision: Decision, body: _Columns) -> tuple[list[Sql], Sql]:
        """The columns of a decision, and what it finds (``CHANGE``, ``HELD`` or missing)."""
        decided = self.scalars.value(decision.decided, self.rows)
        values: list[Sql] = [terms.alias(decided, f"decided_{number}")]
        money = decision.before.type.kind is Kind.MONEY
        states: dict[str, tuple[Sql, Sql | None]] = {}
        wanted = [("before", body.before), ("planned", body.planned)]
        if _may_hold(body):
            wanted.append(("after", body.after))
        for name, expression in wanted:
            value = self.scalars.value(expression, self.rows)
            currency = self.money.code(expression, self.rows) if money else None
            states[name] = (value, currency)
            values.append(terms.alias(value, f"{name}_{number}"))
            if currency is not None:
                values.append(terms.alias(currency, f"{name}_{number}_currency"))
        excepted = self.scalars.value(body.excepted, self.rows)
        if body.excepted != FALSE:
            values.append(terms.alias(excepted, f"excepted_{number}"))
        hold = None if body.hold is None else self.scalars.value(body.hold, self.rows)
        if hold is not None:
            values.append(terms.alias(hold, f"hold_{number}"))
        changed = _differ(states["planned"], states["before"])
        if _has_reasons(body):
            values.append(terms.alias(self._because(decision, decided, changed, body), f"because_{number}"))
        self.names.append([value.alias for value in values] + [f"found_{number}"])
        if not _may_hold(body):
            return values, terms.case([(changed, terms.number(CHANGE))])
        held = self._held(decision, decided, states, excepted, body.excepted == FALSE)
        if hold is not None:
            held = terms.any_of([terms.not_null(hold.copy()), held])
        return values, terms.case([(changed, terms.number(CHANGE)), (held, terms.number(HELD))])

    def _held(self, decision: Decision, decided: Sql, states: dict[str, tuple[Sql, Sql | None]], excepted: Sql, never: bool) -> Sql:
        asks = [terms.not_null(decided), *_not_among(decided, _keeps(decision))]
        if decision.target.shape is Shape.SET:
            missing: Sql = terms.boolean(False)
        else:
            missing = terms.all_of([*_not_among(decided, _empties(decision)), _nothing(decision, states["after"][0])])
        if never:
            return terms.all_of([*asks, missing])
        would_change = terms.all_of([excepted, _differ(states["after"], states["before"])])
        return terms.all_of([*asks, terms.any_of([missing, would_change])])

    def _because(self, decision: Decision, decided: Sql, changed: Sql, body: _Columns) -> Sql:
        branches: list[tuple[Sql, Sql]] = []
        for place, parts in enumerate(body.because):
            if parts is None:
                continue
            texts = [terms.text(part) if isinstance(part, str) else self._shown(part) for part in parts] or [terms.text("")]
            ours = exp.Between(this=decided.copy(), low=terms.number(place * STEP), high=terms.number((place + 1) * STEP - 1))
            branches.append((terms.all_of([changed, ours]), joined(texts)))
        return terms.case(branches, None)

    def _shown(self, part: Expression) -> Sql:
        currency = self.money.code(part, self.rows) if part.type.kind is Kind.MONEY else None
        return self.printer.shown(self.scalars.value(part, self.rows), part.type, currency)


def _differ(one: tuple[Sql, Sql | None], other: tuple[Sql, Sql | None]) -> Sql:
    """Whether two states differ; of money the currency counts too, where there is an amount."""
    values = terms.distinct(one[0].copy(), other[0].copy())
    if one[1] is None or other[1] is None:
        return values
    currencies = terms.all_of([terms.not_null(one[0].copy()), terms.distinct(one[1].copy(), other[1].copy())])
    return terms.any_of([values, currencies])


def _nothing(decision: Decision, after: Sql) -> Sql:
    missing = terms.is_null(after.copy())
    if decision.target.shape is Shape.COVER:
        return terms.any_of([missing, terms.binary(exp.LTE, after.copy(), terms.number(0))])
    return missing


def _not_among(decided: Sql, codes: Sequence[int]) -> list[Sql]:
    return [terms.negated(terms.one_of(decided.copy(), [terms.number(code) for code in codes]))] if codes else []


def _keeps(decision: Decision) -> list[int]:
    """The decisions that keep what is there."""
    return [
        place * STEP + OTHERWISE
        for place, block in enumerate(decision.blocks)
        if isinstance(block.body, ValueBody) and block.body.explicit and block.body.otherwise is Otherwise.KEEP
    ]


def _empties(decision: Decision) -> list[int]:
    """The decisions that may ask for nothing: clears, removals, and what is restored."""
    found: list[int] = []
    for place, block in enumerate(decision.blocks):
        if isinstance(block.body, SetBody):
            found.extend((place * STEP + REMOVE, place * STEP + BOTH))
        elif block.body.otherwise in (Otherwise.CLEAR, Otherwise.RESTORE):
            found.append(place * STEP + OTHERWISE)
    return found


# --- from the temporary table ---


def _state(name: str, number: int, decision: Decision, printer: Printer) -> Sql:
    type = decision.before.type
    currency = terms.column(f"{name}_{number}_currency") if type.kind is Kind.MONEY else None
    return printer.json(terms.column(f"{name}_{number}"), type, currency)


def _line(dialect: Dialect) -> Sql:
    """A change as JSON, from the columns of ``_changes``."""
    parts: list[Sql] = [
        terms.text('{"subject":'),
        dialect.json_text(terms.column("subject")),
        terms.text(',"label":'),
        terms.coalesce(dialect.json_text(terms.column("label")), terms.text("null")),
        terms.column("unit_before"),
        terms.text(',"after":'),
        terms.column("after"),
        terms.text(',"action":"'),
        terms.column("action"),
        terms.text('",'),
        terms.column("source"),
        terms.text(',"because":'),
        terms.column("because"),
        terms.text(',"manual":'),
        terms.column("manual"),
        terms.text("}"),
    ]
    return joined(parts)


def _changes(number: int, body: _Columns, table: str, printer: Printer, journal: bool) -> exp.Select:
    decision, dialect = body.decision, printer.dialect
    target = decision.target
    before, after = terms.column(f"before_{number}"), terms.column(f"planned_{number}")
    shape = target.shape.value
    if target.shape is Shape.SET:
        action = terms.case([(after, terms.text(action_of(shape, False, True)))], terms.text(action_of(shape, True, False)))
    else:
        action = terms.case(
            [
                (terms.is_null(before), terms.text(action_of(shape, None, "x"))),
                (terms.is_null(after), terms.text(action_of(shape, "x", None))),
            ],
            terms.text(action_of(shape, "x", "y")),
        )
    unit = terms.text(f',"target":{_json(target.name)},"member":{_json(decision.member)},"before":')
    because: Sql = terms.text("null")
    if _has_reasons(body):
        because = terms.coalesce(dialect.json_text(terms.column(f"because_{number}")), because)
    manual: Sql = terms.text("false")
    if journal:
        manual = terms.case([(_by_hand(number, decision, dialect), terms.text("true"))], manual)
    columns = [
        terms.alias(terms.number(number), "unit"),
        terms.column("subject"),
        terms.column("label"),
        terms.alias(joined([unit, _state("before", number, decision, printer)]), "unit_before"),
        terms.alias(_state("planned", number, decision, printer), "after"),
        terms.alias(action, "action"),
        terms.alias(terms.column(f"decided_{number}"), "decided"),
        terms.alias(_source(number, decision), "source"),
        terms.alias(because, "because"),
        terms.alias(manual, "manual"),
    ]
    changed = terms.equal(terms.column(f"found_{number}"), terms.number(CHANGE))
    joins: list[exp.Join] = []
    if journal:
        among = terms.select([terms.column("subject")], terms.table(table), where=changed.copy())
        known = terms.subquery(last_states(target.name, decision.member, among), "j")
        joins.append(terms.left_join(known, terms.equal(terms.column("journal_subject", "j"), terms.column("subject"))))
    return terms.select(columns, terms.table(table), joins, where=changed)


def _by_hand(number: int, decision: Decision, dialect: Dialect) -> Sql:
    """Whether the state before is not the one that the journal's last change left: as ``decisions.by_hand``, over the changes alone."""
    known, after = terms.column("journal_subject", "j"), terms.column("journal_after", "j")
    value, currency = read_state(after, decision.target, dialect)
    state = terms.column(f"before_{number}")
    money = decision.before.type.kind is Kind.MONEY
    now = (state, terms.column(f"before_{number}_currency") if money else None)
    return terms.all_of([terms.not_null(known), _differ(now, (value, currency if money else None))])


def _source(number: int, decision: Decision) -> Sql:
    """``"rule":…,"line":…,"at":…`` of what decided."""
    decided = terms.column(f"decided_{number}")
    branches = [(terms.equal(decided.copy(), terms.number(code)), terms.text(text)) for code, text in _sources(decision)]
    if len(branches) == 1:
        return branches[0][1]
    texts = {text.name for _, text in branches}
    if len(texts) == 1:
        return branches[0][1]
    return terms.case(branches[:-1], branches[-1][1])


def _sources(decision: Decision) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for place, block in enumerate(decision.blocks):
        match block.body:
            case ValueBody(lines=lines):
                found.extend(
                    (place * STEP + line.number, _named(block, block.body.shown(line.number), f"{line.span.file}:{line.span.line}"))
                    for line in lines
                )
                if block.body.explicit:
                    found.append((place * STEP + OTHERWISE, _named(block, "otherwise", at(block))))
            case SetBody():
                found.extend((place * STEP + side, _named(block, None, at(block))) for side in (ADD, REMOVE, BOTH))
    return found


def _named(block: Assignment, line: int | str | None, place: str) -> str:
    return f'"rule":{_json(block.rule)},"line":{_json(line)},"at":{_json(place)}'


def at(block: Assignment) -> str:
    """Where a block stands, as ``file:line``."""
    return f"{block.span.file}:{block.span.line}"


def _json(value: int | str | None) -> str:
    return json.dumps(value, ensure_ascii=False)


def _held(number: int, body: _Columns, table: str, printer: Printer) -> exp.Select:
    decision = body.decision
    nothing = _nothing(decision, terms.column(f"after_{number}")) if decision.target.shape is not Shape.SET else None
    after = _state("after", number, decision, printer)
    if nothing is not None:
        after = terms.case([(nothing, terms.text("null"))], after)
    reasons: list[tuple[Sql, Sql]] = []
    if body.excepted != FALSE:
        reasons.append((terms.column(f"excepted_{number}"), terms.text("except")))
    if decision.hold is not None:
        hold = terms.column(f"hold_{number}")
        reasons.extend((terms.equal(hold.copy(), terms.number(place)), terms.text(word)) for place, word in enumerate(HOLDS))
    by = terms.case(reasons, terms.text("missing value"))
    columns = [
        terms.alias(terms.number(number), "unit"),
        terms.column("subject"),
        terms.alias(_state("before", number, decision, printer), "before"),
        terms.alias(after, "after"),
        terms.alias(by, "held_by"),
    ]
    return terms.select(columns, terms.table(table), where=terms.equal(terms.column(f"found_{number}"), terms.number(HELD)))


def _conflicting(number: int, decision: Decision) -> Sql:
    codes = [place * STEP + BOTH for place in range(len(decision.blocks))]
    return terms.one_of(terms.column(f"decided_{number}"), [terms.number(code) for code in codes])


def _conflicts(number: int, decision: Decision, table: str, printer: Printer) -> exp.Select:
    columns = [
        terms.alias(terms.number(number), "unit"),
        terms.column("subject"),
        terms.alias(_state("before", number, decision, printer), "before"),
        terms.alias(_state("planned", number, decision, printer), "after"),
        terms.alias(terms.column(f"decided_{number}"), "decided"),
    ]
    return terms.select(columns, terms.table(table), where=_conflicting(number, decision))
