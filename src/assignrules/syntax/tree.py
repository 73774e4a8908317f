"""The syntax tree: what a rule file says, before any name is looked up.

Every node carries the span of its text, which takes no part in equality. Nodes are frozen, lists are tuples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

from assignrules.diagnostics import Span


def _span() -> Span:
    """Declares the span field; the parser always passes one."""
    return field(compare=False, repr=False)  # type: ignore[no-any-return]  # dataclasses.field is typed as its default


@dataclass(frozen=True, slots=True)
class Name:
    """A name as written, without back-quotes."""

    text: str
    span: Span = _span()


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
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Number:
    """``12``, ``12.5``, ``1_000_000``; ``source`` is how it was written, for the formatter."""

    value: Decimal
    source: str = field(compare=False)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Percent:
    """``23%``; ``value`` is the number 0.23."""

    value: Decimal
    source: str = field(compare=False)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Money:
    """``500_000 EUR``; ``source`` is the number as written."""

    amount: Decimal
    currency: str
    source: str = field(compare=False)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Date:
    """``2026-11-22``."""

    value: date
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Duration:
    """``60 days``; the count is a whole number of the unit."""

    count: int
    unit: Unit
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Boolean:
    """``true`` or ``false``."""

    value: bool
    span: Span = _span()


Literal = Text | Number | Percent | Money | Date | Duration | Boolean


# --- expressions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Today:
    """``today``."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Path:
    """``outstanding``, ``legal_entity.country``, ``this.country`` (``this`` is then True and not among the names)."""

    names: tuple[Name, ...]
    this: bool
    span: Span = _span()


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
    span: Span = _span()


class UnaryOperator(Enum):
    NEGATE = "-"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Unary:
    operator: UnaryOperator
    operand: Expression
    span: Span = _span()


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
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class And:
    """A chain of ``and``, however long: at least two operands, none of them an ``And`` without parentheses."""

    operands: tuple[Expression, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Expression, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Between:
    operand: Expression
    low: Expression
    high: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class InList:
    """``x in (a, b)``; ``negated`` for ``x not in (a, b)``."""

    operand: Expression
    items: tuple[Expression, ...]
    negated: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class IsMissing:
    """``x is missing``; ``negated`` for ``x is present``."""

    operand: Expression
    negated: bool
    span: Span = _span()


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
    span: Span = _span()


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
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class HasMember:
    """``in group "Risky"``, ``has cover "ND"``; ``current`` with ``currently`` before it.

    ``verb`` is ``in`` or ``has``; ``member`` is a text, or any expression in parentheses.
    """

    verb: str
    target: Name
    member: Expression
    current: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class CurrentValue:
    """``current scenario``, ``current customer.scenario``."""

    path: Path
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class When:
    condition: Expression
    value: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Case:
    branches: tuple[When, ...]
    otherwise: Expression | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class AsOf:
    """``(E) as of D``."""

    operand: Expression
    date: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Parenthesised:
    """Parentheses as written: kept, so that the formatter keeps them; they mean nothing else."""

    operand: Expression
    span: Span = _span()


Expression = (
    Text | Number | Percent | Money | Date | Duration | Boolean | Today | Path | Call | Unary | Binary | And | Or | Between
    | InList | IsMissing | InDuration | InPeriod | HasMember | CurrentValue | Case | AsOf | Parenthesised
)  # fmt: skip


# --- statements ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comment:
    """``# ...`` with its mark, without the line break; ``own_line`` when nothing stands before it on its line."""

    text: str
    own_line: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Param:
    """``param old_days: duration = 60 days``; ``type`` is the type's name."""

    name: Name
    type: Name
    value: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Define:
    """``define NAME on ENTITY = E``; ``entity`` None is customer."""

    name: Name
    entity: Name | None
    value: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Top:
    """``top N by E [ascending] [per G]``."""

    count: Expression
    by: Expression
    ascending: bool
    per: Expression | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Search:
    name: Name
    label: Text | None
    entity: Name | None
    where: Expression
    top: Top | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class UseArgument:
    name: Name
    value: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Use:
    pack: Text
    alias: Name | None
    arguments: tuple[UseArgument, ...]
    span: Span = _span()


# --- assign: its lines and clauses, in the order written ---


@dataclass(frozen=True, slots=True)
class Line:
    """``VALUE to CONDITION``; ``value`` is a literal, or an expression that was in parentheses (then ``Parenthesised``)."""

    value: Expression
    condition: Expression
    span: Span = _span()


class OtherwiseKind(Enum):
    KEEP = "keep"
    CLEAR = "clear"
    RESTORE = "restore"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Otherwise:
    kind: OtherwiseKind
    value: Expression | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Add:
    condition: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Remove:
    """``remove CONDITION``; ``condition`` None is ``remove others``."""

    condition: Expression | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Eligibility:
    condition: Expression
    amount: Expression | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Removal:
    """``removal CONDITION``; ``condition`` None is ``removal others``."""

    condition: Expression | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Where:
    condition: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Except:
    condition: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class KeepManual:
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Cooldown:
    duration: Expression
    after_removal: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Limit:
    count: Expression
    by: Expression
    ascending: bool
    per: Expression | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Guard:
    """``guard at most 20%`` (``changes`` False) or ``guard at most 100 changes``."""

    bound: Expression
    changes: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class From:
    date: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Until:
    date: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Because:
    text: Text
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Priority:
    value: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Disabled:
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Distribute:
    condition: Expression
    among: tuple[Expression, ...]
    by: tuple[Expression, ...]
    keeping_together: Path | None
    within_capacity: bool
    within: Expression | None
    moving_at_most: Expression | None
    span: Span = _span()


Clause = (
    Line | Otherwise | Add | Remove | Eligibility | Removal | Where | Except | KeepManual | Cooldown | Limit | Guard | From
    | Until | Because | Priority | Disabled | Distribute
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Assign:
    """``assign TARGET HEADS… CLAUSES…``.

    ``heads`` are the bare values before the first clause, at most two: for a set or a cover the member, then the label; for a value
    target the label. Which is which only the schema can say. Clauses stand in the order written.
    """

    target: Name
    heads: tuple[Expression, ...]
    clauses: tuple[Clause, ...]
    span: Span = _span()


# --- scores, catalogues, proposals, alerts, reports, requirements ---


@dataclass(frozen=True, slots=True)
class Base:
    value: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class PointsWhen:
    """``points +20 when C``."""

    value: Expression
    condition: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Band:
    """``up to BOUND is VALUE``; with ``bound`` None and ``missing`` False it is ``above``, with ``missing`` True ``missing``."""

    bound: Expression | None
    missing: bool
    value: Expression
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class PointsBy:
    """``points by E: up to 0 is 20, above is -20, missing is -5``."""

    by: Expression
    bands: tuple[Band, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class ScoreClass:
    """``class "A" from 80``; ``threshold`` None is ``class otherwise "C"``."""

    label: Text
    threshold: Expression | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Score:
    name: Name
    label: Text | None
    entity: Name | None
    parts: tuple[Base | PointsWhen | PointsBy | ScoreClass, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Step:
    """``step 10 days after due: email "First reminder" automatic``; ``offset`` is negative before the due date."""

    duration: Expression
    before: bool
    channel: Name
    label: Text | None
    automatic: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Scenario:
    """``scenario "X" step… `` or ``scenario "X" no steps``."""

    name: Text
    no_steps: bool
    steps: tuple[Step, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Column:
    """An expression of ``show``, with its name where ``as`` gives one."""

    value: Expression
    alias: Name | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class OrderBy:
    value: Expression
    descending: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Propose:
    name: Text
    entity: Name | None
    to: Expression
    amount: Expression | None
    approver: Name | None
    cooldown: Expression | None
    show: tuple[Column, ...]
    because: Text | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Alert:
    name: Name
    label: Text | None
    entity: Name | None
    level: Name | None
    audience: Name | None
    where: Expression
    show: tuple[Column, ...]
    order_by: tuple[OrderBy, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Report:
    name: Name
    label: Text | None
    entity: Name | None
    where: Expression | None
    group_by: tuple[Expression, ...]
    show: tuple[Column, ...]
    order_by: tuple[OrderBy, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Require:
    """``require "TEXT" no ENTITY where C``; ``warning`` for ``warn``."""

    name: Text
    entity: Name
    where: Expression
    warning: bool
    span: Span = _span()


Statement = Param | Define | Search | Use | Assign | Score | Scenario | Propose | Alert | Report | Require


@dataclass(frozen=True, slots=True)
class File:
    """One rule file: its statements and its comments, each in order.

    ``broken`` are the names that statements with a syntax problem would have defined: a use of one is no further problem.
    """

    name: str
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...] = field(compare=False)
    broken: tuple[Name, ...] = field(default=(), compare=False)
