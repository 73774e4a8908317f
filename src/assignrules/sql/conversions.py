"""Where amounts are converted, and where a calendar is read: the places at which a missing rate or a calendar without holidays would be a
data error, each with the condition under which it is reached.

`and`, `or`, comparisons and functions look at all their operands; `case` looks at its branches up to the one that holds, an aggregate at
the rows that its `where` keeps. A condition on one row is carried to the rows that an expression reaches from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from assignrules.ir.expressions import (
    Aggregate,
    And,
    AsOf,
    Branch,
    Case,
    Expression,
    Field,
    InList,
    IsMissing,
    Link,
    Literal,
    Not,
    Operation,
    Or,
    Reference,
    TargetMember,
    This,
    Truth,
    Via,
    children,
    is_condition,
)
from assignrules.ir.proposals import Proposal
from assignrules.ir.reports import Alert, Column, Ordering, Report, group_entity
from assignrules.ir.ruleset import Assignment, Distribution, Limit, Others, Ruleset, SetBody, ValueBody
from assignrules.ir.types import BOOLEAN, TEXT, Kind
from assignrules.schema.logical import Schema
from assignrules.sql.constant_days import is_constant
from assignrules.sql.decisions import counted, current_state, distribution_of, made_changes, open_changes
from assignrules.sql.rows import BACK

Guards = tuple[Expression, ...]

# The step of a path from a row inside an aggregate to the one that the aggregate stands on.
OUTER = Link("", "this", "")


@dataclass(frozen=True, slots=True)
class Frame:
    """An `as of` a date of the row, around a conversion: rows of ``entity`` for which the guards hold are moved to their ``day``, and
    ``path`` leads on to the rows of the next frame, or of the conversion."""

    entity: str
    guards: Guards
    day: Expression
    path: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """``money`` on rows of ``entity`` needs the rate of ``currency`` (None: its own, unless that is ``into``) on ``day`` (None: today)
    where all the guards hold.

    ``money`` None: the guards themselves say that a rate is missing, for what an aggregate over links without a way back converts by
    `this`. ``frames``: the moved rows on which it stands, from the outermost. ``path``: from where the walk to it began.

    With ``calendar``, it is no amount but a calendar that business days are counted by there.
    """

    entity: str
    guards: Guards
    money: Expression | None
    into: str
    currency: str | None
    day: Expression | None
    frames: tuple[Frame, ...] = ()
    path: tuple[Link, ...] = ()
    calendar: Expression | None = None


@dataclass(frozen=True, slots=True)
class _Outer:
    """The rows that an aggregate stands on, as far as the guards hold."""

    entity: str
    guards: Guards


class Conversions:
    """Finds the conversions that a ruleset's blocks need on a day."""

    def __init__(self, ruleset: Ruleset, schema: Schema, today: date) -> None:
        self.ruleset = ruleset
        self.today = today
        self.schema = schema
        self.home = ruleset.currency

    def of_block(self, block: Assignment) -> Iterator[Conversion]:
        """Those that deciding a block's changes takes, and their reasons."""
        entity = block.entity
        open_to = self._undecided(block)
        inside: Guards = open_to if block.where is None else (*open_to, block.where)
        if block.where is not None:
            counting = () if block.guard is None or not open_to else (Or((And(open_to), self._has_something(block))),)
            yield from self._walk(block.where, entity, open_to if block.guard is None else counting)
        decides: list[Expression] = []
        match block.body:
            case ValueBody(lines=lines, value=value, explicit=explicit):
                passed = inside
                for line in lines:
                    yield from self._walk(line.condition, entity, passed)
                    yield from self._walk(line.value, entity, (*passed, line.condition))
                    decides.append(line.condition)
                    passed = (*passed, Not(line.condition))
                if value is not None:
                    yield from self._walk(value, entity, passed)
                if explicit:
                    decides.append(Literal(True, BOOLEAN))
            case SetBody(add=add, remove=remove, amount=amount):
                sides = [side for side in (add, remove) if side is not None and not isinstance(side, Others)]
                for side in sides:
                    yield from self._walk(side, entity, inside)
                    decides.append(side)
                if amount is not None and add is not None:
                    removed: Guards = () if remove is None or isinstance(remove, Others) else (Not(remove),)
                    yield from self._walk(amount, entity, (*inside, *removed, add))
        how = distribution_of(block)
        if how is not None:
            yield from self._of_sharing(block, how)
        if block.limit is not None:
            yield from self._of_limit(block, block.limit)
        if block.except_ is not None and decides:
            yield from self._walk(block.except_, entity, (*inside, decides[0] if len(decides) == 1 else Or(tuple(decides))))
        yield from self._of_reason(block)

    def _undecided(self, block: Assignment) -> Guards:
        """That the blocks of a higher priority leave the subject to this one."""
        writers = self.ruleset.writers(block.target, block.member, self.today)
        return tuple(Not(self._decides(higher)) for higher in writers[: writers.index(block)])

    def _decides(self, block: Assignment) -> Expression:
        """Whether a block decides a subject, as far as those above it leave it to it."""
        match block.body:
            case ValueBody(lines=lines, explicit=explicit):
                ways: list[Expression] = [Literal(True, BOOLEAN)] if explicit else [line.condition for line in lines]
            case SetBody(add=add, remove=remove):
                sides = [side for side in (add, remove) if side is not None]
                ways = [self._has_something(block) if isinstance(side, Others) else side for side in sides]
        decided = ways[0] if len(ways) == 1 else Or(tuple(ways))
        return decided if block.where is None else And((block.where, decided))

    def _has_something(self, block: Assignment) -> Expression:
        """Whether a subject has a state before the run: a guard counts those."""
        now = current_state(self.schema.targets[block.target], block.member)
        return now if isinstance(now, TargetMember) else Not(IsMissing(now))

    def _of_reason(self, block: Assignment) -> Iterator[Conversion]:
        """Those of `because`: only changes that are made have a reason."""
        if block.because is None:
            return
        writers = self.ruleset.writers(block.target, block.member, self.today)
        made = made_changes(self.schema.targets[block.target], block.member, writers.index(block))
        for part in block.because:
            if part.expression is not None:
                yield from self._walk(part.expression, block.entity, (made,))

    def _of_limit(self, block: Assignment, limit: Limit) -> Iterator[Conversion]:
        """Those of ranking the block's changes: on the rows whose change is held by nothing before its limit."""
        writers = self.ruleset.writers(block.target, block.member, self.today)
        waiting: Guards = (open_changes(self.schema.targets[block.target], block.member, writers.index(block)),)
        yield from self._walk(limit.by, block.entity, waiting)
        if limit.by.type.kind is Kind.MONEY:
            yield Conversion(block.entity, waiting, limit.by, self.home, None, None)
        if limit.per is not None:
            yield from self._walk(limit.per, block.entity, waiting)

    def _of_sharing(self, block: Assignment, how: Distribution) -> Iterator[Conversion]:
        """Those of the measures: on the rows that count."""
        place = self.ruleset.writers(block.target, block.member, self.today).index(block)
        there: Guards = (counted(self.schema.targets[block.target], place),)
        for measure in how.by:
            yield from self._walk(measure, block.entity, there)
            if measure.type.kind is Kind.MONEY:
                yield Conversion(block.entity, there, measure, self.home, None, None)
        if how.together is not None:
            yield from self._walk(how.together, block.entity, there)

    def of_condition(self, condition: Expression, entity: str) -> Iterator[Conversion]:
        """Those of a condition on every row of an entity."""
        yield from self._walk(condition, entity, ())

    def of_alert(self, alert: Alert) -> Iterator[Conversion]:
        """Those of the condition, and on its rows of what is shown and of the order."""
        yield from self._walk(alert.condition, alert.entity, ())
        yield from self._of_lines(alert.show, alert.order_by, alert.entity, (alert.condition,))

    def of_report(self, report: Report) -> Iterator[Conversion]:
        """Those on rows of the report's entity; a sum of money converts only where the currencies of its group differ, which is no matter
        of one row, and is left out."""
        kept: Guards = () if report.where is None else (report.where,)
        if report.where is not None:
            yield from self._walk(report.where, report.entity, ())
        if not report.grouped:
            yield from self._of_lines(report.show, report.order_by, report.entity, kept)
            return
        for group in report.groups:
            yield from self._walk(group.value, report.entity, kept)
        for total in report.totals:
            summed = Conversion(report.entity, (*kept, *([] if total.where is None else [total.where])), total.of, self.home, None, None)
            for found in self._on_related(total, report.entity, kept, None, None):
                if total.function != "sum" or found != summed:
                    yield found

    def of_groups(self, report: Report) -> Iterator[Conversion]:
        """Those on the groups of a report."""
        yield from self._of_lines((*report.group_columns(), *report.show), report.all_orders(), group_entity(report.name), ())

    def _of_lines(self, show: Sequence[Column], order_by: Sequence[Ordering], entity: str, guards: Guards) -> Iterator[Conversion]:
        for column in show:
            yield from self._walk(column.value, entity, guards)
        for term in order_by:
            yield from self._walk(comparable(term.value, self.home), entity, guards)

    def of_proposal(self, proposal: Proposal) -> Iterator[Conversion]:
        """Those of whom to propose, and of what is said of them."""
        yield from self._walk(proposal.to, proposal.entity, ())
        for part in proposal.said():
            yield from self._walk(part, proposal.entity, (proposal.to,))

    def _walk(self, expression: Expression, entity: str, guards: Guards, outer: _Outer | None = None) -> Iterator[Conversion]:
        match expression:
            case Reference(name=name):
                yield from self._walk(self.ruleset.definitions[entity, name].expression, entity, guards)
            case Via(link=link, of=of):
                for inner in self._walk(of, link.to, self._carried((link,), guards, entity)):
                    yield replace(inner, path=(link, *inner.path))
            case This(of=of):
                if outer is not None:
                    for inner in self._walk(of, outer.entity, outer.guards):
                        yield replace(inner, path=(OUTER, *inner.path))
            case Case(branches=branches, otherwise=otherwise):
                passed = guards
                for branch in branches:
                    yield from self._walk(branch.condition, entity, passed, outer)
                    yield from self._walk(branch.value, entity, (*passed, branch.condition), outer)
                    passed = (*passed, Not(branch.condition))
                if otherwise is not None:
                    yield from self._walk(otherwise, entity, passed, outer)
            case AsOf(of=of, day=day):
                yield from self._walk(day, entity, guards, outer)
                for inner in self._walk(of, entity, (), outer):
                    if not is_constant(day):
                        yield replace(inner, frames=(Frame(entity, guards, day, inner.path), *inner.frames), path=())
                        continue
                    if inner.frames:
                        yield replace(inner, frames=(_moved(inner.frames[0], day), *inner.frames[1:]))
                        continue
                    moved = tuple(AsOf(guard, day, BOOLEAN) for guard in inner.guards)
                    carried = () if inner.path else guards
                    money = None if inner.money is None else AsOf(inner.money, day, inner.money.type)
                    calendar = None if inner.calendar is None else AsOf(inner.calendar, day, TEXT)
                    its_day = day if inner.day is None else inner.day
                    yield replace(inner, guards=(*carried, *moved), money=money, day=its_day, calendar=calendar)
            case Aggregate():
                yield from self._aggregate(expression, entity, guards)
            case _:
                for part in children(expression):
                    yield from self._walk(part, entity, guards, outer)
                if isinstance(expression, Operation):
                    yield from self._operation(expression, entity, guards)

    def _aggregate(self, aggregate: Aggregate, entity: str, guards: Guards) -> Iterator[Conversion]:
        if len(aggregate.path) == 1:
            aggregate = self._by_the_way_back(aggregate)
        inside = self._carried(aggregate.path, guards, entity)
        if not any(_reads_this(part) for part in children(aggregate)):
            for found in self._on_related(aggregate, aggregate.path[-1].to, inside, None, None):
                yield replace(found, path=(*aggregate.path, *found.path))
            return
        any_row = replace(aggregate, function="any", of=None, where=None, by=None, weight=None, type=BOOLEAN)
        reached = _Outer(entity, (*guards, any_row))
        kept = _Outer(entity, (*guards, replace(any_row, where=aggregate.where)))
        for found in self._on_related(aggregate, any_row.path[-1].to, (), reached, kept):
            parts = [part for part in (found.money, found.day) if part is not None]
            way = (*aggregate.path, *found.path)
            if found.path[:1] == (OUTER,):
                yield replace(found, path=found.path[1:])
            elif found.calendar is not None and _reads_this(found.calendar):
                for named in _of_this(found.calendar):
                    yield Conversion(entity, reached.guards, None, found.into, None, None, calendar=named)
            elif found.frames:
                frame = found.frames[0]
                if OUTER in frame.path:
                    if found.money is not None and frame.path == (OUTER,) and not found.path and len(found.frames) == 1:
                        there = This(And((*found.guards, *_without_rate(found))), BOOLEAN)
                        lifted = replace(any_row, where=And((*frame.guards, Truth(AsOf(there, frame.day, BOOLEAN)))))
                        yield Conversion(entity, (*guards, lifted), None, found.into, None, frame.day)
                elif not any(_reads_this(part) for part in (*frame.guards, frame.day, *found.guards, *parts)):
                    within = frame.guards if found.path else (*inside, *frame.guards)
                    yield replace(found, frames=(replace(frame, guards=within), *found.frames[1:]), path=way)
                elif found.money is not None and not found.path and not frame.path:
                    without = Truth(AsOf(And((*found.guards, *_without_rate(found))), frame.day, BOOLEAN))
                    lifted = replace(any_row, where=And((*frame.guards, without)))
                    yield Conversion(entity, (*guards, lifted), None, found.into, None, frame.day)
            elif found.money is not None and not found.path and any(_reads_this(part) for part in (*found.guards, *parts)):
                lifted = replace(any_row, where=And((*found.guards, *_without_rate(found))))
                yield Conversion(entity, (*guards, lifted), None, found.into, None, found.day)
            else:
                plain = (guard for guard in found.guards if not _reads_this(guard))
                yield replace(found, guards=tuple(plain) if found.path else (*inside, *plain), path=way)

    def _on_related(
        self, aggregate: Aggregate, end: str, guards: Guards, reached: _Outer | None, kept: _Outer | None
    ) -> Iterator[Conversion]:
        """Those on the rows of the entity ``end``, at the end of the path. ``reached``: the row that the aggregate stands on, for its
        `where`; ``kept``: for the rest."""
        if aggregate.where is not None:
            yield from self._walk(aggregate.where, end, guards, reached)
            guards = (*guards, aggregate.where)
        for part in (aggregate.of, aggregate.by, aggregate.weight):
            if part is not None:
                yield from self._walk(part, end, guards, kept)
                summed = aggregate.function in ("sum", "min", "max", "avg", "median") and part is not aggregate.by
                if summed and part.type.kind is Kind.MONEY:
                    yield Conversion(end, guards, part, self.home, None, None)

    def _operation(self, operation: Operation, entity: str, guards: Guards) -> Iterator[Conversion]:
        arguments = operation.arguments
        if operation.operator == "convert":
            money, code = arguments[0], arguments[1]
            assert isinstance(code, Literal) and isinstance(code.value, str)
            day = arguments[2] if len(arguments) == 3 else None
            present: Guards = guards if day is None else (*guards, Not(IsMissing(day)))
            yield Conversion(entity, present, money, code.value, None, day)
            if code.value != self.home:
                yield Conversion(entity, present, money, code.value, code.value, day)
            return
        if operation.operator == "add_duration" and len(arguments) == 3:
            there = (Not(IsMissing(part)) for part in arguments)
            yield Conversion(entity, (*guards, *there), None, self.home, None, None, calendar=arguments[2])
        if operation.operator == "coalesce":
            return
        moneys = [part for part in arguments if part.type.kind is Kind.MONEY and not _bare(part)]
        if len(moneys) < 2:
            return
        same = Operation("eq", (_code(moneys[0]), _code(moneys[1])), BOOLEAN)
        others = [Operation("eq", (_code(moneys[0]), _code(part)), BOOLEAN) for part in moneys[2:]]
        differ = Not(same) if not others else Or((Not(same), *(Not(other) for other in others)))
        needed = (*guards, *(Not(IsMissing(part)) for part in arguments), differ)
        for money in moneys:
            yield Conversion(entity, needed, money, self.home, None, None)

    # --- a condition on one row, said on the rows that are reached from it ---

    def _carried(self, path: tuple[Link, ...], guards: Guards, entity: str) -> Guards:
        """The guards as one, as it is the same row that must meet them all. Without any, that there is a row at all. Those that read `this`
        are let go: carried into an aggregate, it would be another row's."""
        guards = tuple(guard for guard in guards if not _reads_this(guard))
        key = self.schema.entities[entity].key
        assert key is not None
        there = Not(IsMissing(Field(entity, key, self.schema.entities[entity].fields[key])))
        carried: Expression | None = there if not guards else guards[0] if len(guards) == 1 else And(guards)
        for link in path:
            carried = None if carried is None else self._over(link, carried)
        return () if carried is None else (carried,)

    def _over(self, link: Link, guard: Expression) -> Expression | None:
        """The guard on the other end of a link: that a row with it leads here. None of a link by a planned state: then it is let go."""
        if link.target is not None:
            return None
        declared = self.schema.entities[link.entity].links[link.name]
        if declared.many:
            back = self.schema.inverse_of(declared)
            return Truth(Via(Link(back.entity, back.name, back.to), guard, BOOLEAN))
        name = f"{BACK}{link.name}" if declared.inverse is None else declared.inverse
        return Aggregate("any", (Link(link.to, name, link.entity, many=True),), None, guard, None, None, BOOLEAN)

    def _by_the_way_back(self, aggregate: Aggregate) -> Aggregate:
        """An aggregate over one link without `this`: its row is read through the way back."""
        declared = self.schema.inverse_of(self.schema.entities[aggregate.path[0].entity].links[aggregate.path[0].name])
        back = Link(declared.entity, declared.name, declared.to)

        def turned(part: Expression | None) -> Expression | None:
            return None if part is None else _without_this(part, back)

        return replace(
            aggregate, of=turned(aggregate.of), where=turned(aggregate.where), by=turned(aggregate.by), weight=turned(aggregate.weight)
        )


def comparable(value: Expression, home: str) -> Expression:
    """A value as it is sorted by: money in the project's currency."""
    return Operation("convert", (value, Literal(home, TEXT)), value.type) if value.type.kind is Kind.MONEY else value


def _without_rate(conversion: Conversion) -> Guards:
    """That the conversion gives nothing though its amount is there."""
    money = conversion.money
    assert money is not None
    into = Literal(conversion.into, TEXT)
    arguments = (money, into) if conversion.day is None else (money, into, conversion.day)
    other = Not(Operation("eq", (_code(money), into), BOOLEAN))
    return (Not(IsMissing(money)), other, IsMissing(Operation("convert", arguments, money.type)))


def _moved(frame: Frame, day: Expression) -> Frame:
    guards = tuple(AsOf(guard, day, BOOLEAN) for guard in frame.guards)
    return replace(frame, guards=guards, day=AsOf(frame.day, day, frame.day.type))


def _bare(money: Expression) -> bool:
    return isinstance(money, Literal) and getattr(money.value, "currency", None) == ""


def _code(money: Expression) -> Expression:
    return Operation("currency", (money,), TEXT)


def _reads_this(expression: Expression) -> bool:
    if isinstance(expression, This):
        return True
    return not isinstance(expression, Aggregate) and any(_reads_this(part) for part in children(expression))


def _of_this(expression: Expression) -> Iterator[Expression]:
    """What is read by `this`."""
    if isinstance(expression, This):
        yield expression.of
    elif not isinstance(expression, Aggregate):
        for part in children(expression):
            yield from _of_this(part)


def _without_this(expression: Expression, back: Link) -> Expression:
    match expression:
        case This(of=of, type=type):
            return Truth(Via(back, of, type)) if is_condition(of) else Via(back, of, type)
        case Operation(arguments=arguments):
            return replace(expression, arguments=tuple(_without_this(part, back) for part in arguments))
        case And(operands=operands) | Or(operands=operands):
            return replace(expression, operands=tuple(_without_this(part, back) for part in operands))
        case Not(operand=operand) | Truth(operand=operand) | IsMissing(operand=operand) | InList(operand=operand):
            return replace(expression, operand=_without_this(operand, back))
        case AsOf(of=of, day=day):
            return replace(expression, of=_without_this(of, back), day=_without_this(day, back))
        case Case(branches=branches, otherwise=otherwise):
            turned = tuple(Branch(_without_this(part.condition, back), _without_this(part.value, back)) for part in branches)
            return replace(expression, branches=turned, otherwise=None if otherwise is None else _without_this(otherwise, back))
        case _:
            return expression
