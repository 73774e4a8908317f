"""Two plans over the same data, compared: who would get something else. No database is asked.

A plan lists changes alone. Whom it does not change keeps the current state, which is the ``before`` of the other plan.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from assignrules.ir.changes import Change, Conflict, DataProblem, GuardVerdict, Held, Printed, Proposed
from assignrules.plan.model import Header, Plan

T = TypeVar("T")
Unit = tuple[str, str, str]  # target, member (or an empty text), subject: the order of a plan


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one plan comes to for a subject: the state ``after`` it, and the rule and line that decide that. ``rule`` None: the state stays
    as it is, because no rule wants another one or because ``held_by`` holds it."""

    after: Printed
    rule: str | None = None
    line: int | str | None = None
    at: str | None = None
    because: str | None = None
    held_by: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A subject that the two plans give different states. ``now``: the current one."""

    subject: str
    label: str | None
    target: str
    member: str | None
    now: Printed
    first: Outcome
    second: Outcome


@dataclass(frozen=True, slots=True)
class Sides(Generic[T]):
    """What one of the plans lists alone."""

    first: tuple[T, ...] = ()
    second: tuple[T, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.first or self.second)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two plans side by side. ``target``: the one whose outcomes, held changes and conflicts are listed (None: all).

    ``guards``, ``parameters``: by name, the verdict or value of each where they differ (None: it has none).
    ``requirements`` and ``alerts``: by name, the keys of the rows that fail, or are in it, in one plan alone; of ``alerts`` the rows after
    the run, however they came there. ``proposals``: those that are made or withdrawn in one alone, as proposal, action and subject."""

    first: Header
    second: Header
    target: str | None
    differences: tuple[Difference, ...]
    held: Sides[Held]
    conflicts: Sides[Conflict]
    guards: Mapping[str, tuple[GuardVerdict | None, GuardVerdict | None]]
    requirements: Mapping[str, Sides[str]]
    alerts: Mapping[str, Sides[str]]
    proposals: Sides[tuple[str, str, str]]
    data_errors: Sides[DataProblem]
    data_warnings: Sides[DataProblem]
    parameters: Mapping[str, tuple[Printed, Printed]]

    @property
    def differs(self) -> bool:
        """Whether the two come to something else, in whatever they list. Other parameters alone are no difference."""
        parts = (self.held, self.conflicts, self.guards, self.requirements, self.alerts, self.proposals, self.data_errors)
        return bool(self.differences or self.data_warnings or any(parts))


def compare(first: Plan, second: Plan, target: str | None = None) -> Comparison:
    """Compares two plans that were made over the same data. ``target``: of outcomes, held changes and conflicts, only its own."""

    def meant(item: Change | Held | Conflict) -> bool:
        return target in (None, item.target)

    return Comparison(
        first.header,
        second.header,
        target,
        tuple(_differences(filter(meant, first.change_rows()), filter(meant, second.change_rows()), first.held, second.held)),
        _alone(filter(meant, first.held), filter(meant, second.held)),
        _alone(filter(meant, first.conflicts), filter(meant, second.conflicts), key=lambda item: replace(item, at="")),
        _unlike({item.name: item for item in first.header.guards}, {item.name: item for item in second.header.guards}),
        _rows({item.name: item.rows for item in first.requirements}, {item.name: item.rows for item in second.requirements}),
        _rows(_in_alerts(first), _in_alerts(second)),
        _alone(map(_proposal, first.proposes), map(_proposal, second.proposes)),
        _alone(first.data_errors, second.data_errors),
        _alone(first.data_warnings, second.data_warnings),
        _unlike(first.header.parameters, second.header.parameters),
    )


def _differences(
    first: Iterable[Change], second: Iterable[Change], held: Iterable[Held], other_held: Iterable[Held]
) -> Iterator[Difference]:
    changes, others = {_unit(change): change for change in first}, {_unit(change): change for change in second}
    holds, other_holds = {_unit(item): item.held_by for item in held}, {_unit(item): item.held_by for item in other_held}
    for unit in sorted({*changes, *others}):
        one, other = changes.get(unit), others.get(unit)
        change = one or other
        assert change is not None
        outcomes = _outcome(one, change.before, holds.get(unit)), _outcome(other, change.before, other_holds.get(unit))
        if outcomes[0].after != outcomes[1].after:
            yield Difference(change.subject, change.label, change.target, change.member, change.before, *outcomes)


def _outcome(change: Change | None, now: Printed, held_by: str | None) -> Outcome:
    if change is None:
        return Outcome(now, held_by=held_by)
    return Outcome(change.after, change.rule, change.line, change.at, change.because)


def _unit(item: Change | Held) -> Unit:
    return (item.target, item.member or "", item.subject)


def _in_alerts(plan: Plan) -> dict[str, Sequence[str]]:
    return {item.name: item.entered + item.stay for item in plan.alerts}


def _proposal(item: Proposed) -> tuple[str, str, str]:
    return (item.proposal, item.action, item.subject)


def _alone(first: Iterable[T], second: Iterable[T], *, key: Callable[[T], Hashable] = lambda item: item) -> Sides[T]:
    """What stands in one of two lists alone, each in its own order."""
    items, others = list(first), list(second)
    known, other_known = set(map(key, items)), set(map(key, others))
    return Sides(tuple(item for item in items if key(item) not in other_known), tuple(item for item in others if key(item) not in known))


def _rows(first: Mapping[str, Sequence[str]], second: Mapping[str, Sequence[str]]) -> dict[str, Sides[str]]:
    """The keys that one has alone, by name; the names where there are any."""
    pairs = {name: _alone(first.get(name, ()), second.get(name, ())) for name in sorted({*first, *second})}
    return {name: sides for name, sides in pairs.items() if sides}


def _unlike(first: Mapping[str, T], second: Mapping[str, T]) -> dict[str, tuple[T | None, T | None]]:
    """What each has by a name, where that differs."""
    pairs = {name: (first.get(name), second.get(name)) for name in sorted({*first, *second})}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
