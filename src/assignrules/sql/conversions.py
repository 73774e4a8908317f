"""Where amounts are converted: the places at which a missing rate would be a data error, each with the condition under which it is reached.

`and`, `or`, comparisons and functions look at all their operands; `case` looks at its branches up to the one that holds, an aggregate at
the rows that its `where` keeps. A condition on one row is carried to the rows that an expression reaches from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from assignrules.ir.expressions import (
    Aggregate,
    And,
    Case,
    Expression,
    InList,
    IsMissing,
    Link,
    Literal,
    Not,
    Operation,
    Or,
    Reference,
    This,
    Truth,
    Via,
    children,
)
from assignrules.ir.ruleset import Assignment, Others, Ruleset, SetBody, ValueBody
from assignrules.ir.types import BOOLEAN, TEXT, Kind
from assignrules.schema.logical import Schema

Guards = tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Conversion:
    """``money`` on rows of ``entity`` needs the rate of ``currency`` (None: its own, unless that is ``into``) on ``day`` (None: today)
    where all the guards hold."""

    entity: str
    guards: Guards
    money: Expression
    into: str
    currency: str | None
    day: Expression | None


class Conversions:
    """Finds the conversions that a ruleset's blocks need on a day."""

    def __init__(self, ruleset: Ruleset, schema: Schema) -> None:
        self.ruleset = ruleset
        self.schema = schema
        self.home = ruleset.currency

    def of_block(self, block: Assignment) -> Iterator[Conversion]:
        """Those that deciding a block's changes takes. Its reasons are left to ``of_reasons``, since only changes have one."""
        entity = block.entity
        inside: Guards = () if block.where is None else (block.where,)
        if block.where is not None:
            yield from self._walk(block.where, entity, ())
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
        if block.except_ is not None and decides:
            yield from self._walk(block.except_, entity, (*inside, decides[0] if len(decides) == 1 else Or(tuple(decides))))

    def _walk(self, expression: Expression, entity: str, guards: Guards, outer: str | None = None) -> Iterator[Conversion]:
        match expression:
            case Reference(name=name):
                yield from self._walk(self.ruleset.definitions[entity, name].expression, entity, guards)
            case Via(link=link, of=of):
                yield from self._walk(of, link.to, self._carried((link,), guards))
            case This(of=of):
                if outer is not None:
                    yield from self._walk(of, outer, ())
            case Case(branches=branches, otherwise=otherwise):
                passed = guards
                for branch in branches:
                    yield from self._walk(branch.condition, entity, passed, outer)
                    yield from self._walk(branch.value, entity, (*passed, branch.condition), outer)
                    passed = (*passed, Not(branch.condition))
                if otherwise is not None:
                    yield from self._walk(otherwise, entity, passed, outer)
            case Aggregate():
                yield from self._aggregate(expression, entity, guards)
            case _:
                for part in children(expression):
                    yield from self._walk(part, entity, guards, outer)
                if isinstance(expression, Operation):
                    yield from self._operation(expression, entity, guards)

    def _aggregate(self, aggregate: Aggregate, entity: str, guards: Guards) -> Iterator[Conversion]:
        end = aggregate.path[-1].to
        inside = self._carried(aggregate.path, guards)
        if aggregate.where is not None:
            yield from self._walk(aggregate.where, end, inside, entity)
            where = self._on_the_row_alone(aggregate.where, aggregate.path)
            inside = inside if where is None else (*inside, where)
        for part in (aggregate.of, aggregate.by, aggregate.weight):
            if part is not None:
                yield from self._walk(part, end, inside, entity)
                summed = aggregate.function in ("sum", "min", "max", "avg", "median") and part is not aggregate.by
                if summed and part.type.kind is Kind.MONEY:
                    yield Conversion(end, inside, part, self.home, None, None)

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

    def _carried(self, path: tuple[Link, ...], guards: Guards) -> Guards:
        for link in path:
            guards = tuple(carried for carried in (self._over(link, guard) for guard in guards) if carried is not None)
        return guards

    def _over(self, link: Link, guard: Expression) -> Expression | None:
        """The guard on the other end of a link: that a row with it leads here. None where the schema has no way back: then it is let go."""
        if link.target is not None:
            return None
        declared = self.schema.entities[link.entity].links[link.name]
        if declared.many:
            back = self.schema.inverse_of(declared)
            return Truth(Via(Link(back.entity, back.name, back.to), guard, BOOLEAN))
        if declared.inverse is None:
            return None
        return Aggregate("any", (Link(link.to, declared.inverse, link.entity, many=True),), None, guard, None, None, BOOLEAN)

    def _on_the_row_alone(self, where: Expression, path: tuple[Link, ...]) -> Expression | None:
        """A `where` without `this`: its row is read through the way back. None where there is none."""
        if not _reads_this(where):
            return where
        if len(path) != 1:
            return None
        back = self.schema.inverse_of(self.schema.entities[path[0].entity].links[path[0].name])
        return _without_this(where, Link(back.entity, back.name, back.to))


def _bare(money: Expression) -> bool:
    return isinstance(money, Literal) and getattr(money.value, "currency", None) == ""


def _code(money: Expression) -> Expression:
    return Operation("currency", (money,), TEXT)


def _reads_this(expression: Expression) -> bool:
    if isinstance(expression, This):
        return True
    return not isinstance(expression, Aggregate) and any(_reads_this(part) for part in children(expression))


def _without_this(expression: Expression, back: Link) -> Expression:
    match expression:
        case This(of=of, type=type):
            return Via(back, of, type)
        case Operation(arguments=arguments):
            return replace(expression, arguments=tuple(_without_this(part, back) for part in arguments))
        case And(operands=operands) | Or(operands=operands):
            return replace(expression, operands=tuple(_without_this(part, back) for part in operands))
        case Not(operand=operand) | Truth(operand=operand) | IsMissing(operand=operand) | InList(operand=operand):
            return replace(expression, operand=_without_this(operand, back))
        case _:
            return expression
