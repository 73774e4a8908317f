"""What a plan consists of, as values (running.md, section 2). Values are printed forms (``ir.values.printed``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Printed = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Change:
    """One row that the plan would write. ``line``: the number of the line in its block, ``"otherwise"``, or None. ``at``: file:line."""

    subject: str
    label: str | None
    target: str
    member: str | None
    before: Printed
    after: Printed
    action: str
    rule: str
    line: int | str | None
    at: str
    because: str | None
    manual: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A change that would have happened, and what holds it: the first of ``except``, ``missing value``, ``manual``, ``cooldown``, ``limit``
    that does."""

    subject: str
    target: str
    member: str | None
    before: Printed
    after: Printed
    held_by: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A subject on both sides of a set or cover; ``after`` is the planned state. ``at``: file:line of the block."""

    subject: str
    target: str
    member: str | None
    before: Printed
    after: Printed
    at: str


@dataclass(frozen=True, slots=True)
class Drifted:
    """A state that is not the expected one, with what it is ``now``. ``there``: its subject is in the data."""

    subject: str
    target: str
    member: str | None
    now: Printed
    there: bool


@dataclass(frozen=True, slots=True)
class Proposed:
    """What becomes of a proposal to a person on a subject of ``entity``.

    ``action``: ``make`` (a new row of the outbox), ``stay`` (the one that stands there is not made again), ``withdraw`` (an open one whose
    condition no longer holds), ``close`` (an accepted one, likewise: the next time it is made anew). ``before`` and ``after`` are its
    states, ``outbox`` the number of the last row there. What a new one says to the person is ``amount``, ``approver``, ``show`` and
    ``because``; of others they are missing. ``at``: file:line.
    """

    proposal: str
    entity: str
    subject: str
    label: str | None
    action: str
    before: str | None
    after: str
    outbox: int | None
    at: str
    amount: Printed = None
    approver: str | None = None
    show: Mapping[str, Printed] = field(default_factory=dict)
    because: str | None = None


@dataclass(frozen=True, slots=True)
class DataProblem:
    """A data error or warning: a code, what is wrong, the entity, how many rows, and the business keys of the first (at most five,
    sorted)."""

    code: str
    message: str
    entity: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuardVerdict:
    """A guard, by the rule's name (a target's name for the project's guard), with what it counted. ``bound`` is its text: ``20%``,
    ``100``."""

    name: str
    bound: str
    changes: int
    total: int
    passed: bool
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class AlertRows:
    """The keys of the rows that are new in an alert, that stay, and that left since the last applied run; and what each row there shows,
    in the alert's order."""

    entered: tuple[str, ...]
    stay: tuple[str, ...]
    left: tuple[str, ...]
    shown: tuple[tuple[Printed, ...], ...]


def action_of(shape: str, before: Printed, after: Printed) -> str:
    """The action's word by the target's shape (``value``, ``set``, ``cover``) and the two states."""
    if shape == "set":
        return "add" if after else "remove"
    words = ("set", "change", "clear") if shape == "value" else ("grant", "amend", "withdraw")
    if before is None:
        return words[0]
    return words[2] if after is None else words[1]
