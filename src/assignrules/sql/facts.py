"""Facts: what is computed once per row of an entity and then read as a column.

Normalising turns an expression into one that reads only fields, current states and *facts*; every definition, aggregate and planned
state is a fact, and so is each operand that SQL would have to print more than once. Facts that need a name of their own get one that no
rule can write (`#3`), as a ``Reference`` like any definition.

Each fact has a *level*: the number of steps from the tables to it. Facts of one entity and level are columns of one stage (``stages``).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

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
    Memory,
    Not,
    Operation,
    Or,
    Reference,
    TargetMember,
    TargetValue,
    This,
    Today,
    Top,
    Truth,
    Via,
    children,
    is_condition,
)
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.types import DECIMAL, INTEGER, TEXT, Kind, Type
from assignrules.schema.logical import Schema

Key = tuple[str, str]  # entity and name
# A planned state as an expression on the target's entity, or None where no block writes it: then it is the current state.
Planned = Callable[[str, "str | None"], "Expression | None"]


class Facts:
    """The facts that a statement needs, by entity and name, in normal form."""

    def __init__(self, ruleset: Ruleset, schema: Schema, today: date, planned: Planned) -> None:
        self.today = today
        self.ruleset = ruleset
        self.schema = schema
        self.planned = planned
        self.bodies: dict[Key, Expression] = {}
        self.levels: dict[Key, int] = {}
        self._anonymous: dict[tuple[str, Expression, date | None], Reference] = {}
        self._units: dict[tuple[str, str | None], Reference | None] = {}
        self._currencies: dict[Key, str | None] = {}
        self.days: dict[Key, date] = {}  # of facts under `as of`: the day that they take for today
        self.day: date | None = None  # while normalising under `as of`

    # --- normalising ---

    def normal(self, expression: Expression, entity: str, outer: str | None = None) -> Expression:
        """The expression on a row of ``entity`` in normal form; ``outer`` is the entity that `this` stands for."""
        match expression:
            case Literal() | Today() | Field() | Memory():
                return expression
            case Reference():
                return self._definition(expression)
            case AsOf(of=of, day=day):
                return self._as_of(of, day, entity, outer)
            case Top():
                per = None if expression.per is None else self.normal(expression.per, entity, outer)
                where, by = self.normal(expression.where, entity, outer), self.normal(expression.by, entity, outer)
                return replace(expression, where=where, by=by, per=per)
            case TargetValue() | TargetMember():
                return self._state(expression)
            case Via(link=link, of=of, type=type):
                return Via(self._link(link), self.normal(of, link.to, outer), type)
            case This(of=of, type=type):
                assert outer is not None
                return This(self.normal(of, outer), type)
            case And(operands=operands):
                return And(tuple(self.normal(part, entity, outer) for part in operands))
            case Or(operands=operands):
                return Or(tuple(self.normal(part, entity, outer) for part in operands))
            case Not(operand=operand):
                return Not(self.normal(operand, entity, outer))
            case Truth(operand=operand):
                return Truth(self.normal(operand, entity, outer))
            case IsMissing(operand=operand):
                return IsMissing(self.normal(operand, entity, outer))
            case InList(operand=operand):
                return replace(expression, operand=self.normal(operand, entity, outer))
            case Case(branches=branches, otherwise=otherwise, type=type):
                normal = tuple(
                    Branch(self.normal(part.condition, entity, outer), self.normal(part.value, entity, outer)) for part in branches
                )
                return Case(normal, None if otherwise is None else self.normal(otherwise, entity, outer), type)
            case Operation(operator=operator, arguments=arguments, type=type):
                parts = tuple(self.normal(argument, entity, outer) for argument in arguments)
                if self._printed_twice(operator, parts):
                    parts = tuple(self._column(part, entity) for part in parts)
                return Operation(operator, parts, type)
            case Aggregate():
                return self._aggregate(expression, entity, outer)

    def _definition(self, reference: Reference) -> Reference:
        if reference.name.startswith("#"):
            return reference
        definition = self.ruleset.definitions[reference.entity, reference.name]
        if self.day is not None:
            reference = replace(reference, name=f"{reference.name} as of {self.day.isoformat()}")
        key = (reference.entity, reference.name)
        if key not in self.bodies:
            self._dated(key)
            self.bodies[key] = definition.expression  # holds the place; definitions have no circles
            self.bodies[key] = self._body(definition.expression, reference.entity)
        return reference

    def _dated(self, key: Key) -> None:
        if self.day is not None:
            self.days[key] = self.day

    def _as_of(self, of: Expression, day: Expression, entity: str, outer: str | None) -> Expression:
        """The expression as a fact of another day: with that day's `today` and rates."""
        before = self.day
        moved = constant_day(day, self.today if before is None else before)
        if moved is None:
            return Literal(None, of.type)
        self.day = moved
        normal = self.normal(of, entity, outer)
        if not isinstance(normal, Literal | Field | Reference):
            normal = self.fact(normal, entity)
        self.day = before
        return normal

    def _body(self, expression: Expression, entity: str) -> Expression:
        """A definition's body: an aggregate stays at the top, so that it bears the definition's name."""
        if isinstance(expression, Aggregate) and expression.function not in ("avg",) and not self._prefix(expression):
            return self._inside(expression, entity)
        return self.normal(expression, entity)

    def _state(self, state: TargetValue | TargetMember) -> Expression:
        """A target's state: planned ones are facts, current ones of a target that is a field are that field."""
        if not state.current:
            unit = (state.target, state.member)
            if unit not in self._units:
                body = self.planned(*unit)
                self._units[unit] = None
                if body is not None:
                    name = "#planned " + (state.target if state.member is None else f"{state.target} {state.member}")
                    reference = Reference(state.entity, name, state.type, isinstance(state, TargetMember))
                    self._units[unit] = reference
                    self.bodies[state.entity, name] = self.normal(body, state.entity)
            planned = self._units[unit]
            if planned is not None:
                return planned
            state = replace(state, current=True)
        if isinstance(state, TargetValue) and state.member is None:
            field = self.schema.targets[state.target].field
            if field is not None:
                return Field(state.entity, field, state.type)
        return state

    def _link(self, link: Link) -> Link:
        """A link through a target's planned value goes by the planned fact, which bears the link's name then."""
        if link.target is None:
            return link
        target = self.schema.targets[link.target]
        state = self._state(TargetValue(link.entity, target.name, link.current, target.type))
        if isinstance(state, Reference):
            return replace(link, name=state.name, current=False)
        return replace(link, name=target.name if target.field is None else target.field, current=True)

    def _printed_twice(self, operator: str, parts: tuple[Expression, ...]) -> bool:
        if operator in ("divide", "least", "greatest", "convert", "contains", "starts_with", "ends_with"):
            return True
        if operator == "add_duration":
            return not isinstance(parts[1], Literal) or parts[1].type.business
        if any(part.type.kind is Kind.MONEY for part in parts):
            return any(part.type.kind is Kind.MONEY and self.currency(part) is None for part in parts)
        return False

    def _column(self, part: Expression, entity: str) -> Expression:
        """The part as something that is printed as a column or a constant."""
        if _is_simple(part) or _has_this(part):
            return part
        return self.fact(part, entity)

    def fact(self, body: Expression, entity: str) -> Reference:
        """A fact for a body in normal form; equal bodies share one."""
        key = (entity, body, self.day)
        if key not in self._anonymous:
            reference = Reference(entity, f"#{len(self._anonymous) + 1}", body.type, is_condition(body))
            self._anonymous[key] = reference
            self._dated((entity, reference.name))
            self.bodies[entity, reference.name] = body
        return self._anonymous[key]

    # --- aggregates ---

    @staticmethod
    def _prefix(aggregate: Aggregate) -> int:
        """How many to-one links the path starts with."""
        return next(index for index, link in enumerate(aggregate.path) if link.many)

    def _aggregate(self, aggregate: Aggregate, entity: str, outer: str | None) -> Expression:
        if aggregate.function == "avg":
            return self.normal(_average(aggregate, self.ruleset.currency), entity, outer)
        prefix = self._prefix(aggregate)
        parts = [part for part in (aggregate.of, aggregate.where, aggregate.by, aggregate.weight) if part is not None]
        if prefix and not any(_has_this(part) for part in parts):
            owner = aggregate.path[prefix].entity
            found: Expression = self._aggregate(replace(aggregate, path=aggregate.path[prefix:]), owner, None)
            for link in reversed(aggregate.path[:prefix]):
                found = Via(self._link(link), found, found.type)
            return self._over_missing_link(aggregate, found)
        return self.fact(self._inside(aggregate, entity), entity)

    @staticmethod
    def _over_missing_link(aggregate: Aggregate, found: Expression) -> Expression:
        """Where a to-one link on the way is missing there are no rows: what that means by function."""
        match aggregate.function:
            case "count" | "count_distinct":
                empty: Expression = Literal(0, INTEGER)
            case "sum" if aggregate.type.kind is Kind.MONEY:
                empty = Operation("no_money", (), aggregate.type)
            case "sum":
                empty = Literal(0, aggregate.type)
            case "any":
                return Truth(found)
            case "none":
                return Or((IsMissing(found), Truth(found)))
            case _:
                return found
        return Operation("coalesce", (found, empty), aggregate.type)

    def _inside(self, aggregate: Aggregate, entity: str) -> Aggregate:
        end = aggregate.path[-1].to
        path = tuple(self._link(link) for link in aggregate.path)

        def inner(part: Expression | None) -> Expression | None:
            return None if part is None else self.normal(part, end, entity)

        of = inner(aggregate.of)
        if of is not None and of.type.kind is Kind.MONEY and self.currency(of) is None and not _has_this(of):
            of = self._column(of, end)
        return replace(aggregate, path=path, of=of, where=inner(aggregate.where), by=inner(aggregate.by))

    # --- levels and currencies ---

    def level(self, expression: Expression) -> int:
        """The lowest stage on which the expression can be computed."""
        match expression:
            case Reference(entity=entity, name=name):
                return self.level_of((entity, name))
            case Via(link=link, of=of):
                through = self.level_of((link.entity, link.name)) if link.name.startswith("#") else 0
                return max(self.level(of), through)
            case Aggregate(path=path):
                through = max((self.level_of((link.entity, link.name)) for link in path if link.name.startswith("#")), default=0)
                return max([through, *(self.level(part) for part in children(expression))])
            case _:
                return max((self.level(part) for part in children(expression)), default=0)

    def level_of(self, key: Key) -> int:
        """The stage at which a fact is a column."""
        if key not in self.levels:
            self.levels[key] = self.level(self.bodies[key]) + 1
        return self.levels[key]

    def currency(self, expression: Expression) -> str | None:
        """The currency of money where it is the same on every row; "" of a bare 0; None where it is the row's."""
        home = self.ruleset.currency
        match expression:
            case Literal(value=value):
                return getattr(value, "currency", "")
            case Reference(entity=entity, name=name):
                key = (entity, name)
                if key not in self._currencies:
                    self._currencies[key] = None  # a definition that is being normalised: nothing is known yet
                    self._currencies[key] = self.currency(self.bodies[key])
                return self._currencies[key]
            case Via(of=of) | This(of=of):
                return self.currency(of)
            case Aggregate(function=function, of=of):
                return self.currency(of) if function in ("latest", "earliest") and of is not None else home
            case Operation(operator="no_money"):
                return home
            case Operation(operator="convert", arguments=arguments):
                code = arguments[1]
                assert isinstance(code, Literal) and isinstance(code.value, str)
                return code.value
            case Operation(operator="multiply" | "divide" | "negate" | "abs" | "round", arguments=arguments):
                return self.currency(arguments[0])
            case Operation(operator="coalesce", arguments=arguments):
                return self._shared([self.currency(part) for part in arguments], chosen=True)
            case Operation(arguments=arguments):
                return self._shared([self.currency(part) for part in arguments], chosen=False)
            case Case(branches=branches, otherwise=otherwise):
                values = [branch.value for branch in branches] + ([] if otherwise is None else [otherwise])
                return self._shared([self.currency(value) for value in values], chosen=True)
            case _:
                return None

    def _shared(self, currencies: list[str | None], chosen: bool) -> str | None:
        """The currency of a result of several operands: theirs where all agree; else, unless one is ``chosen``, the project's."""
        known = set(currencies) - {""}
        if not known:
            return ""
        if len(known) == 1:
            return known.pop()
        return None if chosen or None in known else self.ruleset.currency


def constant_day(day: Expression, today: date) -> date | None:
    """The date of an expression that is the same for every row; None outside the years 1 to 9999."""
    match day:
        case Literal(value=date() as value):
            return value
        case Today():
            return today
        case Operation(operator="add_duration", arguments=(start, length)):
            first = constant_day(start, today)
            return None if first is None else shifted(first, _length(length), months=length.type.months)
        case _:
            raise AssertionError(day)


def _length(length: Expression) -> int:
    match length:
        case Literal(value=int() as value):
            return value
        case Operation(operator="negate", arguments=(part,)):
            return -_length(part)
        case Operation(operator="multiply", arguments=(one, other)):
            return _length(one) * _length(other)
        case _:
            raise AssertionError(length)


def shifted(day: date, length: int, *, months: bool) -> date | None:
    """A date with days or months added, clamped to the month's last day; None outside the years 1 to 9999."""
    if not months:
        try:
            return day + timedelta(days=length)
        except OverflowError:
            return None
    year, month = divmod(day.year * 12 + day.month - 1 + length, 12)
    if not 1 <= year <= 9999:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _is_simple(part: Expression) -> bool:
    match part:
        case Literal() | Today() | Field() | Reference() | TargetValue() | TargetMember() | Memory():
            return True
        case Via(of=of) | This(of=of):
            return _is_simple(of)
        case _:
            return False


def _has_this(expression: Expression) -> bool:
    """Whether `this` of the row around is read: not that of an aggregate further in."""
    if isinstance(expression, This):
        return True
    if isinstance(expression, Aggregate):
        return False
    return any(_has_this(part) for part in children(expression))


def _average(aggregate: Aggregate, currency: str) -> Expression:
    """`avg` as a quotient of two sums over the rows that have what is needed."""
    of, weight = aggregate.of, aggregate.weight
    assert of is not None
    present: list[Expression] = [] if aggregate.where is None else [aggregate.where]
    present.append(Not(IsMissing(of)))
    if weight is None:
        where = present[0] if len(present) == 1 else And(tuple(present))
        total = replace(aggregate, function="sum", type=_total_type(of.type), where=where)
        rows = replace(aggregate, function="count", of=None, where=where, type=INTEGER)
        return Operation("divide", (total, rows), aggregate.type)
    if weight.type.kind is Kind.MONEY:
        converted = Operation("convert", (weight, Literal(currency, TEXT)), weight.type)
        weight = Operation("amount", (converted,), Type(Kind.DECIMAL, weight.type.scale))
    present.append(Not(IsMissing(weight)))
    where = And(tuple(present))
    money = of.type.kind is Kind.MONEY
    product = Operation("multiply", (of, weight), Type(Kind.MONEY if money else Kind.DECIMAL, of.type.scale + weight.type.scale))
    total = replace(aggregate, function="sum", of=product, where=where, weight=None, type=product.type)
    weights = replace(aggregate, function="sum", of=weight, where=where, weight=None, type=weight.type)
    return Operation("divide", (total, weights), aggregate.type)


def _total_type(type: Type) -> Type:
    return type if type.kind is Kind.MONEY else Type(DECIMAL.kind, type.scale)
