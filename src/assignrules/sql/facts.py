"""Facts: what is computed once per row of an entity and then read as a column.

Normalising turns an expression into one that reads only fields, current states and *facts*; every definition, aggregate and planned
state is a fact, and so is each operand that SQL would have to print more than once. Facts that need a name of their own get one that no
rule can write (`#3`), as a ``Reference`` like any definition.

Each fact has a *level*: the number of steps from the tables to it. Facts of one entity and level are columns of one stage (``stages``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

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
    rebuilt,
)
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.types import INTEGER, TEXT, Kind
from assignrules.schema.logical import Schema
from assignrules.sql.averages import average
from assignrules.sql.constant_days import constant_day, is_constant
from assignrules.sql.decided import Decided
from assignrules.sql.derived import Derived
from assignrules.sql.derived import Kind as Rows
from assignrules.sql.rows import ALL_ROWS, AS_OF, OWN_ROW, PAIR

Key = tuple[str, str]  # entity and name
# A planned state as an expression on the target's entity, or None where no block writes it: then it is the current state.
Planned = Callable[[str, "str | None"], "Expression | None"]


class Facts:
    """The facts that a statement needs, by entity and name, in normal form. ``decided``: where planned states are read that ``planned``
    does not make of the rules."""

    def __init__(self, ruleset: Ruleset, schema: Schema, today: date, planned: Planned, decided: Decided) -> None:
        self.today = today
        self.ruleset = ruleset
        self.schema = schema
        self.planned = planned
        self.decided = decided
        self.bodies: dict[Key, Expression] = {}
        self.levels: dict[Key, int] = {}
        self._anonymous: dict[tuple[str, Expression, date | None], Reference] = {}
        self._units: dict[tuple[str, str | None], Reference | None] = {}
        self._currencies: dict[Key, str | None] = {}
        self.days: dict[Key, date] = {}  # of facts under `as of`: the day that they take for today
        self.day: date | None = None  # while normalising under `as of`
        self.derived: dict[str, Derived] = {}  # rows that are no entity's own, by name
        self._bases: dict[str, int] = {}

    # --- normalising ---

    def normal(self, expression: Expression, entity: str, outer: str | None = None) -> Expression:
        """The expression on a row of ``entity`` (or of derived rows) in normal form; ``outer`` is the entity that `this` stands for."""
        if self._is_paired(entity):
            return self._on_pair(expression, entity)
        match expression:
            case Literal() | Today() | Field() | Memory():
                return expression
            case Reference():
                return self._definition(expression, entity)
            case AsOf(of=of, day=day):
                return self._as_of(of, day, entity, outer)
            case Top() if self._ranked_elsewhere(entity):
                everywhere = self._derive(Rows.WHOLE, self.real(entity), entity)
                kept = self.fact(self._ranking(expression, everywhere), everywhere)
                return Truth(Via(Link(entity, "everywhere", everywhere, target=ALL_ROWS), kept, kept.type))
            case Top():
                return self.fact(self._ranking(expression, entity), entity)
            case TargetValue() | TargetMember():
                return self._state(expression, entity)
            case Via(link=link, of=of, type=type):
                way = self._link(link, entity)
                return Via(way, self.normal(of, way.to, outer), type)
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
                if len(parts) == 3 and operator == "add_duration" and isinstance(parts[0], Today | Literal):
                    parts = (self.fact(parts[0], entity), *parts[1:])  # an `ASOF` join takes no constant
                return Operation(operator, parts, type)
            case Aggregate():
                return self._aggregate(expression, entity, outer)

    def whole(self, expression: Expression, entity: str) -> Expression:
        """The normal form of what is a fact of its own. A ranking may be one; inside another expression it is a fact apart, as a window
        function may stand neither in another one nor in a condition of rows."""
        if isinstance(expression, Top) and not self._is_paired(entity) and not self._ranked_elsewhere(entity):
            return self._ranking(expression, entity)
        return self.normal(expression, entity)

    def _ranked_elsewhere(self, entity: str) -> bool:
        """Whether the rows are but some of their entity, with days of their own: a ranking is over all of its rows."""
        return self.has_day(entity) and self.derived[entity].kind is not Rows.WHOLE

    def _ranking(self, top: Top, entity: str) -> Top:
        per = None if top.per is None else self.normal(top.per, entity)
        return replace(top, where=self.normal(top.where, entity), by=self.normal(top.by, entity), per=per)

    def _definition(self, reference: Reference, entity: str) -> Reference:
        if reference.name.startswith("#"):
            return reference
        definition = self.ruleset.definitions[reference.entity, reference.name]
        if entity in self.derived:
            reference = replace(reference, entity=entity)
        elif self.day is not None:
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
        if entity in self.derived or not is_constant(day):
            return self._as_of_row(of, day, entity)
        moved = constant_day(day, self.today if before is None else before)
        if moved is None:
            return Literal(None, of.type)
        self.day = moved
        normal = self.normal(of, entity, outer)
        if not isinstance(normal, Literal | Field | Reference):
            normal = self.fact(normal, entity)
        self.day = before
        return normal

    # --- on days of the rows ---

    def real(self, entity: str) -> str:
        """The entity of the schema whose rows these are, or are derived from."""
        while entity in self.derived:
            entity = self.derived[entity].entity
        return entity

    def has_day(self, entity: str) -> bool:
        """Whether rows have a day of their own that is `today` on them."""
        if entity not in self.derived:
            return False
        derived = self.derived[entity]
        return self.has_day(derived.entity) if derived.kind is Rows.PAIRED else True

    def base(self, entity: str) -> int:
        """The stage at which derived rows begin."""
        if entity not in self.derived:
            return 0
        if entity not in self._bases:
            made = self.derived[entity]
            levels = [self.base(made.source), self.base(made.entity), *(self._level_of_link(link) for link in made.path)]
            levels += [self.level(part) for part in (made.day, made.value) if part is not None]
            self._bases[entity] = max(levels) + 1
        return self._bases[entity]

    def _derive(self, kind: Rows, entity: str, source: str, **how: Any) -> str:
        """The name of rows, which are made once."""
        made = Derived("", kind, entity, source, **how)
        known = next((name for name, other in self.derived.items() if replace(other, name="") == made), None)
        if known is not None:
            return known
        name = f"{self.real(entity)} {'with' if kind is Rows.PAIRED else 'on'} {len(self.derived) + 1}"
        self.derived[name] = replace(made, name=name)
        return name

    def _as_of_row(self, of: Expression, day: Expression, entity: str) -> Expression:
        """The expression on the row moved to its day; missing where the day is."""
        way = self._moved_to(day, entity)
        before, self.day = self.day, None
        found = self._kept(of, way.to)
        self.day = before
        return Via(way, found, of.type)

    def _moved_to(self, day: Expression, entity: str) -> Link:
        """The way from a row to itself on another day."""
        normal = self.normal(day, entity)
        its_day = normal if isinstance(normal, Reference) and normal.entity == entity else self.fact(normal, entity)
        made_of = self.derived[entity].entity if entity in self.derived and self.derived[entity].kind is not Rows.PAIRED else entity
        return Link(entity, its_day.name, self._derive(Rows.MOVED, made_of, entity, day=its_day), target=AS_OF)

    def moved_rows(self, entity: str, day: Expression, path: tuple[Link, ...]) -> str:
        """The name of the rows at the end of a path from the rows of an entity that have a ``day``, on that day."""
        rows = self._moved_to(day, entity).to
        for link in path:
            rows = self._link(link, rows).to
        return rows

    def _kept(self, expression: Expression, entity: str) -> Expression:
        """The expression as a column, which is missing where the row is."""
        normal = self.normal(expression, entity)
        return normal if isinstance(normal, Field | Reference) else self.fact(normal, entity)

    def _is_paired(self, entity: str) -> bool:
        while entity in self.derived:
            if self.derived[entity].kind is Rows.PAIRED:
                return True
            entity = self.derived[entity].entity
        return False

    def _on_pair(self, expression: Expression, entity: str) -> Expression:
        """On a related row beside the row that the aggregate stands on: each part on the row that it is of."""
        match expression:
            case This(of=of, type=type):
                end, part = self._end_of_pair(entity, "outer"), of
            case AsOf(of=of, day=day) if _has_this(expression):
                return self._as_of_row(of, day, entity)
            case Literal():
                return expression
            case _ if _has_this(expression):
                return rebuilt(expression, lambda part: self._on_pair(part, entity))
            case _:
                end, part, type = self._end_of_pair(entity, "inner"), expression, expression.type
        found = self._kept(part, end.to)
        return Truth(Via(end, found, type)) if is_condition(found) else Via(end, found, type)

    def _end_of_pair(self, entity: str, name: str) -> Link:
        derived = self.derived[entity]
        if derived.kind is Rows.PAIRED:
            return Link(entity, name, derived.source if name == "outer" else derived.entity, target=PAIR)
        pair = self.derived[derived.entity]
        to = self.real(pair.source if name == "outer" else pair.entity)
        way = Link(derived.entity, name, to, target=PAIR)
        return replace(way, entity=entity, to=self._derive(Rows.REACHED, to, entity, way=way))

    def _in_pairs(self, aggregate: Aggregate, entity: str) -> Aggregate:
        """An aggregate whose `as of` reads `this`, over pairs of rows."""
        path = self._path(aggregate.path, entity)
        pairs = self._derive(Rows.PAIRED, path[-1].to, path[0].entity, path=path)

        def part(expression: Expression | None) -> Expression | None:
            return None if expression is None else self._on_pair(expression, pairs)

        return replace(
            aggregate,
            path=(Link(entity, "pairs", pairs, many=True, target=PAIR),),
            of=part(aggregate.of),
            where=part(aggregate.where),
            by=part(aggregate.by),
            weight=part(aggregate.weight),
        )

    def _body(self, expression: Expression, entity: str) -> Expression:
        """A definition's body: an aggregate stays at the top, so that it bears the definition's name."""
        if (
            isinstance(expression, Aggregate)
            and expression.function not in ("avg",)
            and not self._prefix(expression)
            and not _pairs_rows(expression)
        ):
            return self._inside(expression, entity)
        return self.whole(expression, entity)

    def _state(self, state: TargetValue | TargetMember, entity: str) -> Expression:
        """A target's state: planned ones are facts, current ones of a target that is a field are that field."""
        if not state.current:
            unit = (state.target, state.member)
            if unit not in self._units:
                before, self.day = self.day, None  # a state is not moved
                body = self.planned(*unit)
                self._units[unit] = None
                if body is not None:
                    name = ("#kept " if unit in self.decided else "#planned ") + (
                        state.target if state.member is None else f"{state.target} {state.member}"
                    )
                    reference = Reference(state.entity, name, state.type, isinstance(state, TargetMember))
                    self._units[unit] = reference
                    self.bodies[state.entity, name] = self.normal(body, state.entity)
                self.day = before
            planned = self._units[unit]
            if planned is not None and entity in self.derived:  # states are not moved: they are read on the row itself
                found = Via(Link(entity, "own row", self.real(entity), target=OWN_ROW), planned, planned.type)
                return Truth(found) if isinstance(state, TargetMember) else found
            if planned is not None:
                return planned
            state = replace(state, current=True)
        if isinstance(state, TargetValue) and state.member is None:
            field = self.schema.targets[state.target].field
            if field is not None:
                return Field(state.entity, field, state.type)
        return state

    def _link(self, link: Link, entity: str) -> Link:
        """A link through a target's planned value goes by the planned fact, which bears the link's name then. From a moved row it leads to
        one of the same day."""
        if link.entity in self.derived or link.target == PAIR:
            return link
        if self.has_day(entity):
            return self._moved_link(link, entity)
        if link.target is None:
            return link
        target = self.schema.targets[link.target]
        state = self._state(TargetValue(link.entity, target.name, link.current, target.type), entity)
        if isinstance(state, Reference):
            return replace(link, name=state.name, current=False)
        return replace(link, name=target.name if target.field is None else target.field, current=True)

    def _moved_link(self, link: Link, entity: str) -> Link:
        if link.target is None:
            return replace(link, entity=entity, to=self._derive(Rows.REACHED, link.to, entity, way=link))
        target = self.schema.targets[link.target]
        value = self._state(TargetValue(link.entity, target.name, link.current, target.type), entity)
        to = self._derive(Rows.REACHED, link.to, entity, way=link, value=value)
        key = self.fact(Operation("moved_key", (value, Today()), TEXT), entity)
        return replace(link, entity=entity, name=key.name, to=to, current=False)

    def _path(self, path: tuple[Link, ...], entity: str) -> tuple[Link, ...]:
        """An aggregate's path from rows of ``entity``."""
        found: list[Link] = []
        for link in path:
            found.append(self._link(link, found[-1].to if found else entity))
        return tuple(found)

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

    def column(self, expression: Expression, entity: str) -> Expression:
        """The normal form as something that may be printed several times."""
        return self._column(self.normal(expression, entity), entity)

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
            return self.normal(average(aggregate, self.ruleset.currency), entity, outer)
        if _pairs_rows(aggregate):
            return self.fact(self._in_pairs(aggregate, entity), entity)
        prefix = self._prefix(aggregate)
        if self.has_day(entity):  # from here on, the path is of moved rows
            aggregate = replace(aggregate, path=self._path(aggregate.path, entity))
        parts = [part for part in (aggregate.of, aggregate.where, aggregate.by, aggregate.weight) if part is not None]
        if prefix and not any(_has_this(part) for part in parts):
            owner = aggregate.path[prefix].entity
            found: Expression = self._aggregate(replace(aggregate, path=aggregate.path[prefix:]), owner, None)
            for link in reversed(aggregate.path[:prefix]):
                found = Via(self._link(link, link.entity), found, found.type)
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
        path = self._path(aggregate.path, entity)
        end = path[-1].to

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
                return max(self.level(of), self._level_of_link(link))
            case Aggregate(path=path):
                return max([*map(self._level_of_link, path), *(self.level(part) for part in children(expression))])
            case _:
                return max((self.level(part) for part in children(expression)), default=0)

    def _level_of_link(self, link: Link) -> int:
        by_fact = link.name.startswith("#") or link.target == AS_OF
        return max(self.level_of((link.entity, link.name)) if by_fact else 0, self.base(link.to))

    def level_of(self, key: Key) -> int:
        """The stage at which a fact is a column."""
        if key not in self.levels:
            self.levels[key] = max(self.level(self.bodies[key]), self.base(key[0])) + 1
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


def _pairs_rows(aggregate: Aggregate) -> bool:
    return any(_moves_by_this(part) for part in children(aggregate))


def _moves_by_this(expression: Expression) -> bool:
    """Whether an `as of` here reads `this`: not one in an aggregate further in."""
    if isinstance(expression, AsOf):
        return _has_this(expression)
    return not isinstance(expression, Aggregate) and any(_moves_by_this(part) for part in children(expression))
