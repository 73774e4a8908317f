"""The smallest reason against trying every set of tests."""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest

from assignrules.plan.reasons import Atom, Connected, Formula, Negated, holds, smallest_reason

A, B, C, D = (Atom(number, text, False) for number, text in enumerate("abcd"))
YES = Atom(9, "yes", True)


def every(*parts: Formula) -> Connected:
    return Connected(True, parts)


def one(*parts: Formula) -> Connected:
    return Connected(False, parts)


@pytest.mark.parametrize(
    ("formula", "texts"),
    [
        (A, "a"),
        (every(YES, B, C), "b"),
        (one(A, B), "ab"),
        (every(one(A, B), one(C)), "c"),
        (every(one(B, D), one(A, C)), "ac"),  # of one size: the first by text
        (one(every(A, B), every(C, B)), "b"),  # `a` and `c` come first, each alone; together `b` is fewer
        (one(every(A, B), every(C, D)), "ac"),
        (Negated(every(YES, Negated(A))), "ayes"),
        (Negated(one(YES, A)), "yes"),
        (Negated(YES), "yes"),
        (every(one(A, B), one(Negated(A), B)), "b"),  # whatever `a` says
        (every(), ""),
        (one(), ""),
    ],
)
def test_smallest(formula: Formula, texts: str) -> None:
    assert "".join(test.text for test in smallest_reason(formula)) == texts


def drawn(pick: random.Random, tests: list[Atom], depth: int) -> Formula:
    if depth == 0 or pick.random() < 0.25:
        return pick.choice(tests)
    if pick.random() < 0.2:
        return Negated(drawn(pick, tests, depth - 1))
    parts = tuple(drawn(pick, tests, depth - 1) for _ in range(pick.randrange(1, 4)))
    return Connected(pick.random() < 0.5, parts)


def with_outcomes(formula: Formula, outcomes: dict[int, bool]) -> Formula:
    match formula:
        case Atom(key=key, text=text):
            return Atom(key, text, outcomes[key])
        case Negated(part=part):
            return Negated(with_outcomes(part, outcomes))
        case Connected(every=every, parts=parts):
            return Connected(every, tuple(with_outcomes(part, outcomes) for part in parts))


def by_trying(formula: Formula, tests: list[Atom]) -> list[tuple[str, int]]:
    """The first set, by size and texts, with which the condition stays what it is whatever the other tests say."""
    truth = holds(formula)
    for size in range(len(tests) + 1):
        sets = sorted(sorted((test.text, test.key) for test in chosen) for chosen in combinations(tests, size))
        for chosen in sets:
            fixed = {key for _, key in chosen}
            left = [test.key for test in tests if test.key not in fixed]
            known = {test.key: test.outcome for test in tests}
            ways = ({**known, **dict(zip(left, way, strict=True))} for way in product((False, True), repeat=len(left)))
            if all(holds(with_outcomes(formula, way)) is truth for way in ways):
                return chosen
    raise AssertionError("all tests together decide")


@pytest.mark.parametrize("seed", range(300))
def test_no_smaller_set_would_do(seed: int) -> None:
    pick = random.Random(seed)
    tests = [Atom(number, pick.choice("abcdef"), pick.random() < 0.4) for number in range(pick.randrange(1, 6))]
    formula = drawn(pick, tests, pick.randrange(1, 5))
    assert [(test.text, test.key) for test in smallest_reason(formula)] == by_trying(formula, tests), formula


@pytest.mark.slow
def test_many_tests_at_several_places_are_quick() -> None:
    pick = random.Random(1)
    tests = [Atom(number, f"t{number:02}", False) for number in range(40)]
    formula = one(*(every(*pick.sample(tests, 4)) for _ in range(60)))
    reason = {test.key for test in smallest_reason(formula)}
    for part in formula.parts:
        assert isinstance(part, Connected)
        assert any(isinstance(test, Atom) and test.key in reason for test in part.parts)
