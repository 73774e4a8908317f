"""A resolved ruleset: everything that a plan needs to know of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

from assignrules.diagnostics import Span
from assignrules.ir.expressions import Expression, Literal
from assignrules.ir.origins import Origins
from assignrules.ir.proposals import Proposal, Scenario, TemplatePart
from assignrules.ir.reports import Alert, Report
from assignrules.ir.types import Type

# Parts the name of a definition from the target that its twin reads as it was before the run. No name of a rule file has a blank.
TWIN = " before "


@dataclass(frozen=True, slots=True)
class Definition:
    """A ``define`` or ``search``: a named expression of an entity. ``search``: it may be run by name; ``label`` is a search's or score's,
    or None. ``span`` None: built in."""

    entity: str
    name: str
    expression: Expression
    type: Type
    condition: bool
    search: bool
    label: str | None
    span: Span | None = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a value target: subjects of ``condition`` get ``value``. ``number`` counts from 1."""

    number: int
    value: Expression
    condition: Expression
    span: Span = field(compare=False, repr=False)


class Otherwise(Enum):
    """What a value block does with subjects that no line takes."""

    KEEP = "keep"
    CLEAR = "clear"
    RESTORE = "restore"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Others:
    """``remove others`` / ``removal others``: those in, and not matching the add side."""


@dataclass(frozen=True, slots=True)
class Guard:
    """``share``: at most this part (0.2 is 20 %) of the subjects that have something; else at most ``changes`` changes."""

    share: Decimal | None
    changes: int | None


@dataclass(frozen=True, slots=True)
class Cooldown:
    """No change (``after_removal``: no new grant) of a subject for which the rule made one (ended something) less than ``duration`` ago."""

    duration: Literal
    after_removal: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """Of the block's changes, at most ``count`` are made, with ``per`` of each group: as ``Top`` takes them."""

    count: int
    by: Expression
    ascending: bool
    per: Expression | None


@dataclass(frozen=True, slots=True)
class Distribution:
    """How the subjects of one line are shared out among values.

    ``number`` is the line's. ``by``: the measures whose totals come near to equal, numbers or money. ``together``: the key of the row that
    subjects share who get the same value. ``capacity``: that field of the value's row is not passed. ``moving``: how many of the subjects
    that have one of the values may get another, with ``per`` in a calendar period (`week`, `month`, `quarter`, `year`) by all runs of the
    rule together. ``tolerance``: they only do where a total is further from the average than this part
    of it.
    """

    number: int
    among: tuple[Literal, ...]
    by: tuple[Expression, ...]
    together: Expression | None
    capacity: bool
    moving: Guard | None
    tolerance: Decimal | None
    per: str | None = None


@dataclass(frozen=True, slots=True)
class ValueBody:
    """Lines of a value target. ``explicit`` says that ``otherwise`` was written. The values of the line that ``distribution`` stands for
    are made by it."""

    lines: tuple[Line, ...]
    otherwise: Otherwise
    value: Expression | None
    explicit: bool
    distribution: Distribution | None = None

    def shown(self, number: int) -> int | None:
        """A line's number as plans show it: `distribute` has none."""
        return None if self.distribution is not None and number == self.distribution.number else number


@dataclass(frozen=True, slots=True)
class SetBody:
    """The two sides of a set's or cover's member; ``add`` or ``remove`` None: nobody. ``amount``: of covers."""

    add: Expression | None
    remove: Expression | Others | None
    amount: Expression | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """One ``assign`` block. ``rule`` is its name: ``scenario``, ``group:Risky``, ``scenario#10``."""

    rule: str
    target: str
    member: str | None
    entity: str
    label: str | None
    body: ValueBody | SetBody
    where: Expression | None
    except_: Expression | None
    guard: Guard | None
    because: tuple[TemplatePart, ...] | None
    from_: date | None
    until: date | None
    priority: int | None
    disabled: bool
    span: Span = field(compare=False, repr=False)
    keep_manual: bool = False
    cooldown: Cooldown | None = None
    limit: Limit | None = None

    def runs_on(self, day: date) -> bool:
        """Whether the block plans anything on an as-of date."""
        return not self.disabled and (self.from_ is None or self.from_ <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Requirement:
    """`require` (or with ``warning`` `warn`): no row of ``entity`` may satisfy ``condition`` in the planned state."""

    name: str
    entity: str
    condition: Expression
    warning: bool
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Hold:
    """`hold`: no block changes a row of ``entity`` that satisfies ``condition``. It stands in the ``except_`` of every block, too."""

    name: str
    entity: str
    condition: Expression
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """All rules of a project, resolved.

    ``definitions`` by (entity, name), the built-in ones that are used or runnable included. ``assignments`` in the order of target, member
    and falling priority. ``order``: the written (target, member) units in an order in which each comes after those it reads as planned.
    ``requirements``, ``alerts``, ``reports``, ``proposals``, ``holds`` and ``scenarios`` (the catalogue) by name. ``currency`` is the
    project's;
    amounts in ``ignored_currencies`` are missing. Business days skip the holidays of ``calendar`` (None: only weekends).
    """

    params: Mapping[str, Literal]
    definitions: Mapping[tuple[str, str], Definition]
    assignments: tuple[Assignment, ...]
    order: tuple[tuple[str, str | None], ...]
    currency: str
    ignored_currencies: frozenset[str]
    requirements: tuple[Requirement, ...] = ()
    calendar: str | None = None
    alerts: tuple[Alert, ...] = ()
    reports: tuple[Report, ...] = ()
    origins: Origins = field(default_factory=Origins, compare=False, repr=False)
    proposals: tuple[Proposal, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    holds: tuple[Hold, ...] = ()

    def writers(self, target: str, member: str | None, day: date) -> tuple[Assignment, ...]:
        """The blocks that write a unit on an as-of date, highest priority first."""
        return tuple(block for block in self.assignments if block.target == target and block.member == member and block.runs_on(day))

    def searches(self) -> tuple[Definition, ...]:
        """The searches, by name then entity."""
        return tuple(sorted((item for item in self.definitions.values() if item.search), key=lambda item: (item.name, item.entity)))
