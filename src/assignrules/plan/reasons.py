"""The smallest reason: of a condition's tests, the fewest whose outcomes alone make it what it is, whatever the others say.

`a and b and c` of which only `c` fails is false by `c`; `a or b` is false by both. A test that stands at several places counts once, which
is why the smallest set of a whole is not always made of the smallest sets of its parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

MOST = 100  # sets that are kept of a part: more come up only where dozens of tests stand at several places each
MIXED = 5  # tests that stand both plainly and below `not`, and are tried with both outcomes


@dataclass(frozen=True, slots=True)
class Atom:
    """A test and its outcome. Tests of one ``key`` are one; ``text`` decides between sets of one size."""

    key: int
    text: str
    outcome: bool


@dataclass(frozen=True, slots=True)
class Connected:
    """`and` (``every``) or `or` of conditions."""

    every: bool
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Negated:
    """`not`."""

    part: Formula


Formula = Atom | Connected | Negated


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A test that must have come out in one way."""

    test: Atom
    outcome: bool


@dataclass(frozen=True, slots=True)
class _Proofs:
    """What proves a condition: ``every`` one of the parts, or one of them."""

    every: bool
    parts: tuple[_Goal, ...]


_Goal = _Wanted | _Proofs
_Own = tuple[tuple[str, int], ...]  # tests that stand at one place only, by text


@dataclass(frozen=True, slots=True)
class _Found:
    """A set of tests: ``shared`` are those that stand at several places."""

    shared: frozenset[int]
    own: _Own


NOTHING = _Found(frozenset(), ())


def holds(formula: Formula) -> bool:
    """Whether the condition is true."""
    match formula:
        case Atom(outcome=outcome):
            return outcome
        case Negated(part=part):
            return not holds(part)
        case Connected(every=every, parts=parts):
            return all(map(holds, parts)) if every else any(map(holds, parts))


def smallest_reason(formula: Formula) -> tuple[Atom, ...]:
    """The fewest tests that make the condition what it is, sorted by text; of several such sets the first by their texts.

    The fewest, unless dozens of tests stand at several places each: then a set that is small, though perhaps not the smallest.
    """
    goal = _goal(formula, holds(formula))
    places = list(_places(goal))
    tests = {wanted.test.key: wanted.test for wanted in places}
    outcomes = {key: test.outcome for key, test in tests.items()}
    mixed = sorted({item.test.key for item in places} & _both_ways(places))
    if not mixed or len(mixed) > MIXED:
        counted = [wanted.test.key for wanted in places]
        shared = frozenset(key for key in tests if counted.count(key) > 1)
        found = _Search(tests, outcomes, frozenset(), shared).sets(goal)
    else:
        found = list(_tried(goal, tests, outcomes, mixed))
    keys = min((_ordered(item, tests) for item in found), key=lambda item: (len(item), item))
    return tuple(tests[key] for _, key in keys)


def _goal(formula: Formula, wanted: bool) -> _Goal:
    match formula:
        case Atom():
            return _Wanted(formula, wanted)
        case Negated(part=part):
            return _goal(part, not wanted)
        case Connected(every=every, parts=parts):
            return _Proofs(every is wanted, tuple(_goal(part, wanted) for part in parts))


def _places(goal: _Goal) -> Iterator[_Wanted]:
    if isinstance(goal, _Wanted):
        yield goal
    else:
        for part in goal.parts:
            yield from _places(part)


def _both_ways(places: Iterable[_Wanted]) -> set[int]:
    ways: dict[int, set[bool]] = {}
    for wanted in places:
        ways.setdefault(wanted.test.key, set()).add(wanted.outcome)
    return {key for key, outcomes in ways.items() if len(outcomes) > 1}


def _tried(goal: _Goal, tests: Mapping[int, Atom], outcomes: Mapping[int, bool], mixed: Sequence[int]) -> Iterator[_Found]:
    """Sets with some of the mixed tests, and without the others: these may then come out either way, so every way must be proved."""
    for size in range(len(mixed) + 1):
        for chosen in combinations(mixed, size):
            left = [key for key in mixed if key not in chosen]
            found = [_Found(frozenset(chosen), ())]
            for ways in product((False, True), repeat=len(left)):
                other = {**outcomes, **dict(zip(left, ways, strict=True))}
                found = _joined(found, _Search(tests, other, frozenset(mixed), frozenset(tests)).sets(goal), tests)
            yield from found


@dataclass(frozen=True, slots=True)
class _Search:
    """Looks for sets that prove a goal. ``free``: tests that cost nothing here."""

    tests: Mapping[int, Atom]
    outcomes: Mapping[int, bool]
    free: frozenset[int]
    shared: frozenset[int]

    def sets(self, goal: _Goal) -> list[_Found]:
        """Sets of which each proves the goal, and among which the smallest is; none where it is not true."""
        if isinstance(goal, _Wanted):
            key = goal.test.key
            if self.outcomes[key] is not goal.outcome:
                return []
            if key in self.free:
                return [NOTHING]
            return [_Found(frozenset([key]), ())] if key in self.shared else [_Found(frozenset(), ((goal.test.text, key),))]
        if not goal.every:
            return _least((item for part in goal.parts for item in self.sets(part)), self.tests)
        found = [NOTHING]
        for part in goal.parts:
            found = _joined(found, self.sets(part), self.tests)
        return found


def _joined(some: Sequence[_Found], others: Sequence[_Found], tests: Mapping[int, Atom]) -> list[_Found]:
    pairs = ((one, other) for one in some for other in others)
    return _least((_Found(one.shared | other.shared, tuple(sorted(one.own + other.own))) for one, other in pairs), tests)


def _least(found: Iterable[_Found], tests: Mapping[int, Atom]) -> list[_Found]:
    """Those that no other one beats in whatever they become part of: it has no more of the shared tests, and no worse ones of its own."""
    kept: list[_Found] = []
    for item in sorted(set(found), key=lambda item: (len(item.shared) + len(item.own), _ordered(item, tests))):
        if not any(_beats(other, item) for other in kept):
            kept.append(item)
            if len(kept) == MOST:
                break
    return kept


def _beats(one: _Found, other: _Found) -> bool:
    return one.shared <= other.shared and (len(one.own), one.own) <= (len(other.own), other.own)


def _ordered(found: _Found, tests: Mapping[int, Atom]) -> _Own:
    return tuple(sorted([*found.own, *((tests[key].text, key) for key in found.shared)]))
