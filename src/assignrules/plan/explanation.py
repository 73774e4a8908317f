"""What an explanation consists of. States and values are printed forms (``ir.values.printed``), texts are in the rule language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from assignrules.ir.changes import Printed
from assignrules.plan.model import Balance


class NodeKind(Enum):
    """What a node of a tree is: conditions that must all hold, of which one must hold, that must not hold; a single test; a search,
    definition, field or target by its name; an aggregate; another value."""

    ALL = "all"
    ANY = "any"
    NOT = "not"
    TEST = "test"
    NAME = "name"
    AGGREGATE = "aggregate"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class RowBehind:
    """A row that an aggregate counts: its business key and label, the aggregated value on it (None also where nothing is aggregated but
    the row itself), and the date that `latest` and `earliest` go by."""

    key: str
    label: str | None
    value: Printed
    day: Printed


@dataclass(frozen=True, slots=True)
class RowsBehind:
    """The first rows behind an aggregate, the weightiest first, and how many there are in all. ``entity``: of which they are, and how many
    of it are called."""

    entity: str
    first: tuple[RowBehind, ...]
    count: int
    plural: str


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a condition or value. ``value``: of a ``condition`` its truth, else its value; None is missing, of a condition that the
    link to its row leads nowhere.

    ``parts``: below `and`, `or`, `not` the conditions; below a test the values of its sides; below a name what it stands for.
    ``repeated``: the parts of this name were given earlier. ``label``: of a search. ``rows``: of an aggregate.
    """

    kind: NodeKind
    text: str
    condition: bool
    value: Printed
    parts: tuple[Node, ...] = ()
    label: str | None = None
    rows: RowsBehind | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """A line of a block, its `otherwise`, or a side of a set or cover.

    ``word``: ``line``, ``otherwise``, ``add``, ``remove``, ``eligibility``, ``removal``; ``number`` of a line. ``text``: the condition,
    empty for `otherwise`, the word for `others`. ``gives``: what it would write as text, ``result`` as a value (None where it keeps,
    clears or takes out), ``value`` how an expression comes to it. ``holds``: the condition's truth; ``decides``: this is what the subject
    gets, unless it is held. ``reason``: the fewest tests of the condition that make it what it is, whatever the others say.
    """

    word: str
    number: int | None
    at: str
    text: str
    gives: str | None
    result: Printed
    holds: bool
    decides: bool
    condition: Node | None
    value: Node | None = None
    reason: tuple[Node, ...] = ()


class BlockState(Enum):
    """Whether a block runs on the day."""

    RUNS = "runs"
    DISABLED = "disabled"
    NOT_YET = "not yet"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class BlockExplanation:
    """A block on one subject. ``from_`` and ``until`` are its days, ``decided`` says whether it is this block that decides.
    ``where_reason`` and ``except_reason``: as the ``reason`` of a side. ``holds``: the names of the project's holds in its `except`."""

    rule: str
    label: str | None
    at: str
    state: BlockState
    from_: date | None
    until: date | None
    decided: bool
    where: Node | None
    except_: Node | None
    sides: tuple[Side, ...]
    where_reason: tuple[Node, ...] = ()
    except_reason: tuple[Node, ...] = ()
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """What holds a change.

    ``by``: as in the plan. ``text``: the clause. ``reason``: of `except` the fewest tests by which it holds; of a missing value, how it
    comes to be missing or, of a cover, not above 0; of a limit, what orders and groups. ``last_on``: the as-of date of the last change, of
    a cooldown by the rule. ``left``: the state that the last change left, where the state was changed by hand since. ``until``: the
    first day on which a cooldown holds no more.
    """

    by: str
    text: str | None
    reason: tuple[Node, ...] = ()
    last_on: date | None = None
    left: Printed = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class UnitExplanation:
    """A target (of sets and covers with its member) of one subject: the state before, as planned, and what decided.

    ``action`` is the plan's word for a change, None where nothing changes. ``rule``, ``line`` and ``at`` are of what decided, as in the
    plan; None where nothing did. ``held_by``: as in the plan; ``asked`` is then the state that the rules want, ``hold`` says more.
    ``conflict``: it is on both sides. ``blocks``: all that write it, highest priority first. ``shared``: why `distribute` chose this value.
    ``balance``: where a block shares subjects out, what each value has of them, before and as planned.
    """

    target: str
    member: str | None
    before: Printed
    planned: Printed
    action: str | None
    rule: str | None
    line: int | str | None
    at: str | None
    because: str | None
    held_by: str | None
    asked: Printed
    conflict: bool
    blocks: tuple[BlockExplanation, ...]
    hold: Hold | None = None
    shared: str | None = None
    balance: Balance | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The last proposal of a name on a subject that stands in the outbox, as people left it."""

    id: int
    state: str
    made_on: date
    decided_on: date | None
    decided_by: str | None
    note: str | None
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class ProposalExplanation:
    """A proposal on a subject. ``action``: as in the plan; None where nothing becomes of it. ``amount``, ``approver``, ``show`` and
    ``because`` are what a new one says. ``until``: the first day on which a refused one may be made again. ``condition``: to whom."""

    name: str
    at: str
    action: str | None
    amount: Printed
    approver: str | None
    show: Mapping[str, Printed]
    because: str | None
    standing: Standing | None
    until: date | None
    condition: Node
    reason: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AlertExplanation:
    """An alert on a subject. ``state``: it ``entered`` or will ``stay`` since the last applied run, or ``left``; None where it is not in
    and was not. ``show``: what the alert shows of a row that is in."""

    name: str
    label: str | None
    level: str | None
    audience: str | None
    at: str
    state: str | None
    show: Mapping[str, Printed]
    condition: Node
    reason: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class SubjectExplanation:
    """Everything that the rules say of one row. ``units`` by target and member; ``proposals`` and ``alerts`` in the order of the rules,
    none where one target was asked for."""

    entity: str
    key: str
    label: str | None
    units: tuple[UnitExplanation, ...]
    proposals: tuple[ProposalExplanation, ...] = ()
    alerts: tuple[AlertExplanation, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the rows of a business key get what they get on a day. ``subjects``: one for each entity that has such a row, none where there
    is no such row. ``target``: the one that was asked for."""

    key: str
    as_of: date
    target: str | None
    subjects: tuple[SubjectExplanation, ...]
