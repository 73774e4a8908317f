"""Names, literals and expressions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

from assignrules.diagnostics import Span


def span_field() -> Span:
    """Declares the span field; the parser always passes one."""
    return field(compare=False, repr=False)  # type: ignore[no-any-return]  # dataclasses.field is typed as its default


@dataclass(frozen=True, slots=True)
class Name:
    """A name as written, without back-quotes."""

    text: str
    span: Span = span_field()


# --- literals -----------------------------------------------------------------------------------------------------


class Unit(Enum):
    """The unit of a duration, in the singular."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    BUSINESS_DAY = "business day"


@dataclass(frozen=True, slots=True)
class Text:
    """``"..."`` with its escapes resolved."""

    value: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Number:
    """``12``, ``12.5``, ``1_000_000``; ``source`` is how it was written, for the formatter."""

    value: Decimal
    source: str = field(compare=False)
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Percent:
    """``23%``; ``value`` is the number 0.23."""

    value: Decimal
    source: str = field(compare=False)
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Money:
    """``500_000 EUR``; ``source`` is the number as written."""

    amount: Decimal
    currency: str
    source: str = field(compare=False)
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Date:
    """``2026-11-22``."""

    value: date
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Duration:
    """``60 days``; the count is a whole number of the unit."""

    count: int
    unit: Unit
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Boolean:
    """``true`` or ``false``."""

    value: bool
    span: Span = span_field()


Literal = Text | Number | Percent | Money | Date | Duration | Boolean


# --- expressions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Today:
    """``today``."""

    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Path:
    """``outstanding``, ``legal_entity.country``, ``this.country`` (``this`` is then True and not among the names)."""

    names: tuple[Name, ...]
    this: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Call:
    """A built-in function or an aggregate; which parts it may have is checked by the parser against the function's name."""

    function: Name
    arguments: tuple[Expression, ...]
    distinct: bool
    over: Path | None
    weighted_by: Expression | None
    by: Expression | None
    where: Expression | None
    satisfies: Expression | None
    span: Span = span_field()


class UnaryOperator(Enum):
    NEGATE = "-"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Unary:
    operator: UnaryOperator
    operand: Expression
    span: Span = span_field()


class BinaryOperator(Enum):
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    CONTAINS = "contains"
    STARTS_WITH = "starts with"
    ENDS_WITH = "ends with"
    MATCHES = "matches"


@dataclass(frozen=True, slots=True)
class Binary:
    operator: BinaryOperator
    left: Expression
    right: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class And:
    """A chain of ``and``, however long: at least two operands, none of them an ``And`` without parentheses."""

    operands: tuple[Expression, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Expression, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Between:
    operand: Expression
    low: Expression
    high: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class InList:
    """``x in (a, b)``; ``negated`` for ``x not in (a, b)``."""

    operand: Expression
    items: tuple[Expression, ...]
    negated: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class IsMissing:
    """``x is missing``; ``negated`` for ``x is present``."""

    operand: Expression
    negated: bool
    span: Span = span_field()


class DateTest(Enum):
    """The date conditions that take a duration."""

    IN_LAST = "in last"
    IN_NEXT = "in next"
    OLDER_THAN = "older than"


@dataclass(frozen=True, slots=True)
class InDuration:
    """``d in last D``, ``d in next D``, ``d older than D``; ``duration`` is a literal, a name or in parentheses."""

    test: DateTest
    operand: Expression
    duration: Expression
    span: Span = span_field()


class Period(Enum):
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class InPeriod:
    """``d in previous month``, ``d in current year``."""

    operand: Expression
    previous: bool
    period: Period
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class HasMember:
    """``in group "Risky"``, ``has cover "ND"``; ``current`` with ``currently`` before it.

    ``verb`` is ``in`` or ``has``; ``member`` is a text, or any expression in parentheses.
    """

    verb: str
    target: Name
    member: Expression
    current: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class CurrentValue:
    """``current scenario``, ``current customer.scenario``."""

    path: Path
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class When:
    condition: Expression
    value: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Case:
    branches: tuple[When, ...]
    otherwise: Expression | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class AsOf:
    """``(E) as of D``."""

    operand: Expression
    date: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class OfCalendar:
    """``5 business days of customer.country``: the days that one calendar has open."""

    length: Expression
    calendar: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Parenthesised:
    """Parentheses as written: kept, so that the formatter keeps them; they mean nothing else."""

    operand: Expression
    span: Span = span_field()


Expression = (
    Text | Number | Percent | Money | Date | Duration | Boolean | Today | Path | Call | Unary | Binary | And | Or | Between
    | InList | IsMissing | InDuration | InPeriod | HasMember | CurrentValue | Case | AsOf | OfCalendar | Parenthesised
)  # fmt: skip
