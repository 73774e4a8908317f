"""Statements, their clauses and parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from assignrules.diagnostics import Span
from assignrules.syntax.tree.expressions import Expression, Name, Path, Text, span_field


@dataclass(frozen=True, slots=True)
class Comment:
    """``# ...`` with its mark, without the line break; ``own_line`` when nothing stands before it on its line."""

    text: str
    own_line: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Param:
    """``param old_days: duration = 60 days``; ``type`` is the type's name."""

    name: Name
    type: Name
    value: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Define:
    """``define NAME on ENTITY = E``; ``entity`` None is customer."""

    name: Name
    entity: Name | None
    value: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Top:
    """``top N by E [ascending] [per G]``."""

    count: Expression
    by: Expression
    ascending: bool
    per: Expression | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Search:
    name: Name
    label: Text | None
    entity: Name | None
    where: Expression
    top: Top | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class UseArgument:
    name: Name
    value: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Use:
    pack: Text
    alias: Name | None
    arguments: tuple[UseArgument, ...]
    span: Span = span_field()


# --- assign: its lines and clauses, in the order written ---


@dataclass(frozen=True, slots=True)
class Line:
    """``VALUE to CONDITION``; ``value`` is a literal, or an expression that was in parentheses (then ``Parenthesised``)."""

    value: Expression
    condition: Expression
    span: Span = span_field()


class OtherwiseKind(Enum):
    KEEP = "keep"
    CLEAR = "clear"
    RESTORE = "restore"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Otherwise:
    kind: OtherwiseKind
    value: Expression | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Add:
    condition: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Remove:
    """``remove CONDITION``; ``condition`` None is ``remove others``."""

    condition: Expression | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Eligibility:
    condition: Expression
    amount: Expression | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Removal:
    """``removal CONDITION``; ``condition`` None is ``removal others``."""

    condition: Expression | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Where:
    condition: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Except:
    condition: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class KeepManual:
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Cooldown:
    duration: Expression
    after_removal: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Limit:
    count: Expression
    by: Expression
    ascending: bool
    per: Expression | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Guard:
    """``guard at most 20%`` (``changes`` False) or ``guard at most 100 changes``."""

    bound: Expression
    changes: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class From:
    date: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Until:
    date: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Because:
    text: Text
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Priority:
    value: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Disabled:
    span: Span = span_field()


class Rhythm(Enum):
    """What a bound counts anew with."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Distribute:
    condition: Expression
    among: tuple[Expression, ...]
    by: tuple[Expression, ...]
    keeping_together: Path | None
    within_capacity: bool
    within: Expression | None
    moving_at_most: Expression | None
    moving_per: Rhythm | None
    span: Span = span_field()


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
    span: Span = span_field()


# --- scores, catalogues, proposals, alerts, reports, requirements ---


@dataclass(frozen=True, slots=True)
class Base:
    value: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class PointsWhen:
    """``points +20 when C``."""

    value: Expression
    condition: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Band:
    """``up to BOUND is VALUE``; with ``bound`` None and ``missing`` False it is ``above``, with ``missing`` True ``missing``."""

    bound: Expression | None
    missing: bool
    value: Expression
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class PointsBy:
    """``points by E: up to 0 is 20, above is -20, missing is -5``."""

    by: Expression
    bands: tuple[Band, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class ScoreClass:
    """``class "A" from 80``; ``threshold`` None is ``class otherwise "C"``."""

    label: Text
    threshold: Expression | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Score:
    name: Name
    label: Text | None
    entity: Name | None
    parts: tuple[Base | PointsWhen | PointsBy | ScoreClass, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Step:
    """``step 10 days after due: email "First reminder" automatic``; ``offset`` is negative before the due date."""

    duration: Expression
    before: bool
    channel: Name
    label: Text | None
    automatic: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Scenario:
    """``scenario "X" step… `` or ``scenario "X" no steps``."""

    name: Text
    no_steps: bool
    steps: tuple[Step, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Column:
    """An expression of ``show``, with its name where ``as`` gives one."""

    value: Expression
    alias: Name | None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class OrderBy:
    value: Expression
    descending: bool
    span: Span = span_field()


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
    span: Span = span_field()


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
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Report:
    name: Name
    label: Text | None
    entity: Name | None
    where: Expression | None
    group_by: tuple[Expression, ...]
    show: tuple[Column, ...]
    order_by: tuple[OrderBy, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Require:
    """``require "TEXT" no ENTITY where C``; ``warning`` for ``warn``."""

    name: Text
    entity: Name
    where: Expression
    warning: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Hold:
    """``hold "TEXT" on ENTITY where C``."""

    name: Text
    entity: Name | None
    where: Expression
    span: Span = span_field()


Statement = Param | Define | Search | Use | Assign | Score | Scenario | Propose | Alert | Report | Require | Hold


@dataclass(frozen=True, slots=True)
class File:
    """One rule file: its statements and its comments, each in order.

    ``broken`` are the names that statements with a syntax problem would have defined: a use of one is no further problem.
    """

    name: str
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...] = field(compare=False)
    broken: tuple[Name, ...] = field(default=(), compare=False)
