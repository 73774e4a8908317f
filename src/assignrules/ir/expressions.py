"""Typed expressions.

An expression is evaluated on a *row* of one entity, the current row; ``Via`` moves it along a to-one link, an ``Aggregate`` to each
related row in turn, ``This`` back to the row that the aggregate stands on.

INVARIANT: *conditions* are never missing. They are: ``Operation`` with an operator of ``CONDITIONS``, ``And``, ``Or``, ``Not``,
``IsMissing``, ``InList``, ``Truth``, ``TargetMember``, ``Top``, and ``Aggregate`` with ``any``/``none``. A definition or search whose
expression is a condition is one too (``Reference.condition``). Every other boolean value may be missing, and stands as a condition only
inside ``Truth``, which takes missing for false. (So does a condition read through a missing link: ``Truth(Via(link, condition))``.)

A comparison with a missing side is false. Other operations with a missing operand are missing; ``coalesce`` and ``Case`` choose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any
from typing import Literal as OneOf

from assignrules.ir.types import BOOLEAN, DATE, Money, Type

CONDITIONS = frozenset({"eq", "lt", "le", "gt", "ge", "contains", "starts_with", "ends_with", "matches"})


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. ``value`` by kind: text/enum ``str``; integer ``int``; decimal/percent ``Decimal``; money ``Money``; date ``date``;
    duration ``int`` (days, or months where ``type.months``); boolean ``bool``; ``None`` is missing."""

    value: str | int | Decimal | Money | date | bool | None
    type: Type


@dataclass(frozen=True, slots=True)
class Today:
    """The run's as-of date."""

    type: Type = DATE


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the current row."""

    entity: str
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Reference:
    """A definition or search of the current row's entity. ``condition``: it is never missing."""

    entity: str
    name: str
    type: Type
    condition: bool


@dataclass(frozen=True, slots=True)
class TargetValue:
    """A value target of the current row: the planned value, or with ``current`` the value before the run. With ``member``, the amount of a
    cover's member (missing without cover), which the compiler reads though no rule can name it."""

    entity: str
    target: str
    current: bool
    type: Type
    member: str | None = None


@dataclass(frozen=True, slots=True)
class TargetMember:
    """Whether the current row is in a set's member or has a cover's."""

    entity: str
    target: str
    member: str
    current: bool
    type: Type = BOOLEAN


MemoryPart = OneOf[
    "last_on", "after", "changed_on", "removed_on", "spell_on", "spell_before", "share", "kept", "planned", "decided", "found"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Memory:
    """What the journal knows of a target of the current row (with ``member`` of a set or cover); missing where it knows nothing. Only the
    compiler makes it.

    ``last_on`` and ``after``: the as-of date of the last change and the state that it left. Of the changes by ``rule``: ``changed_on``, the
    latest as-of date of any, ``removed_on`` of one that ended something; ``spell_on`` and ``spell_before``, where the last change is by
    the rule: the date of the first of its latest unbroken spell, and the state before it. Not of the journal: ``share``, the place of the
    value that `distribute` in ``rule`` gives, among its values from 0; missing where there is no room. Nor are those of the table that the
    plan has made of its decisions: whether the row is ``kept`` there, and then the ``planned`` state, what has ``decided`` it and what was
    ``found``.
    """

    entity: str
    target: str
    member: str | None
    part: MemoryPart
    rule: str | None
    type: Type


@dataclass(frozen=True, slots=True)
class Link:
    """A link from ``entity`` to ``to``. ``target`` names the value target whose value is the other row's key (``collector`` → user),
    ``current`` says which state of it; else it is a link of the schema. ``many`` for the inverse of a to-one link."""

    entity: str
    name: str
    to: str
    many: bool = False
    target: str | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Via:
    """``of`` on the row that a to-one link leads to; missing where there is none."""

    link: Link
    of: Expression
    type: Type


@dataclass(frozen=True, slots=True)
class This:
    """``of`` on the row that the aggregate stands on; only below an ``Aggregate``."""

    of: Expression
    type: Type


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator of ``ir.operators`` applied to its arguments."""

    operator: str
    arguments: tuple[Expression, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Expression, ...]
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Expression, ...]
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Truth:
    """A boolean value as a condition: missing is false."""

    operand: Expression
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class IsMissing:
    operand: Expression
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class InList:
    """Whether a text or number is one of constants; false when missing. (Lists of other things are lowered to ``Or`` of ``eq``.)"""

    operand: Expression
    items: tuple[Literal, ...]
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class Branch:
    condition: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class Case:
    """The value of the first branch whose condition holds, else ``otherwise`` (None: missing). The others are not evaluated."""

    branches: tuple[Branch, ...]
    otherwise: Expression | None
    type: Type


@dataclass(frozen=True, slots=True)
class Top:
    """Whether the row is among the first ``count`` of the rows of its entity for which ``where`` holds: by ``by``, the largest first
    (``ascending``: the smallest), missing last, ties by business key, lowest first. With ``per``, among those of its group; a missing
    group is one. Only a search's whole expression is one; the compiler makes others, of limits."""

    entity: str
    where: Expression
    count: int
    by: Expression
    ascending: bool
    per: Expression | None
    type: Type = BOOLEAN


@dataclass(frozen=True, slots=True)
class AsOf:
    """``of`` with `today` taken to be another date: for its rates too. Missing (a condition: false) where the date is."""

    of: Expression
    day: Expression
    type: Type


AggregateFunction = OneOf["count", "any", "none", "sum", "min", "max", "avg", "median", "latest", "earliest", "count_distinct"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function over the rows at the end of ``path`` (each once) for which ``where`` holds (None: all).

    ``path`` starts at the current row's entity and has at least one to-many link (a report's total has no path: its rows are given);
    ``of``, ``where``, ``by`` and ``weight`` stand on the row at its end. ``of``: the expression (None for
    count/any/none). ``by``: the date of latest/earliest. ``weight``: of avg only.
    ``every`` is lowered to ``none``. Sums, averages and medians of money convert to the project's currency, as do min and max.
    """

    function: AggregateFunction
    path: tuple[Link, ...]
    of: Expression | None
    where: Expression | None
    by: Expression | None
    weight: Expression | None
    type: Type


Expression = (
    Literal | Today | Field | Reference | TargetValue | TargetMember | Memory | Via | This | Operation | And | Or | Not | Truth
    | IsMissing | InList | Case | Top | AsOf | Aggregate
)  # fmt: skip


def is_condition(expression: Expression) -> bool:
    """Whether the expression is a condition by the invariant above: boolean and never missing."""
    match expression:
        case And() | Or() | Not() | Truth() | IsMissing() | InList() | TargetMember() | Top():
            return True
        case Operation(operator=operator):
            return operator in CONDITIONS
        case Reference(condition=condition):
            return condition
        case Aggregate(function=function):
            return function in ("any", "none")
        case Literal(value=value, type=type):
            return type == BOOLEAN and value is not None
        case This(of=of):
            return is_condition(of)
        case Case(branches=branches, otherwise=otherwise, type=type):
            return (
                type == BOOLEAN
                and otherwise is not None
                and is_condition(otherwise)
                and all(is_condition(branch.value) for branch in branches)
            )
        case _:
            return False


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct sub-expressions, whatever row they stand on, in reading order."""
    match expression:
        case Via(of=of) | This(of=of):
            return (of,)
        case Operation(arguments=arguments):
            return arguments
        case And(operands=operands) | Or(operands=operands):
            return operands
        case Not(operand=operand) | Truth(operand=operand) | IsMissing(operand=operand) | InList(operand=operand):
            return (operand,)
        case Case(branches=branches, otherwise=otherwise):
            parts: list[Expression] = [part for branch in branches for part in (branch.condition, branch.value)]
            return tuple(parts) if otherwise is None else (*parts, otherwise)
        case Top(where=where, by=by, per=per):
            return (where, by) if per is None else (where, by, per)
        case AsOf(of=of, day=day):
            return (of, day)
        case Aggregate(of=of, where=where, by=by, weight=weight):
            return tuple(part for part in (of, where, by, weight) if part is not None)
        case _:
            return ()


def rebuilt(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The expression with each direct sub-expression changed."""

    def part(value: object) -> object:
        if isinstance(value, tuple):
            return tuple(part(item) for item in value)
        if isinstance(value, Branch):
            return Branch(change(value.condition), change(value.value))
        return change(value) if isinstance(value, Expression) else value

    parts: dict[str, Any] = {item.name: part(getattr(expression, item.name)) for item in fields(expression)}
    return replace(expression, **parts)
