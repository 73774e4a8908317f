"""The rule by which `distribute` shares, against the same rule written naively; and its laws, on random teams: sharing what was shared
changes nothing, and no capacity is passed."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.differential.naive_sharing import naive

from assignrules.ir.ruleset import Guard
from assignrules.ir.sharing import Sharing, share

pytestmark = pytest.mark.slow


def random_rows(chance: random.Random) -> tuple[list[Sharing], list[int | None]]:
    """A team of up to four, and up to a dozen subjects with small weights, so that ties are many."""
    team = chance.randint(1, 4)
    measures = chance.randint(1, 3)
    rows = []
    for number in range(chance.randint(1, 12)):
        held = chance.choice([None, None, *range(team)])
        mine = chance.random() < 0.75 or held is None
        party = chance.choice([None, None, "p", "q", "r"])
        weights = tuple(chance.choice([0, 1, 1, 2, 3, 5, 10, 40]) for _ in range(measures))
        rows.append(Sharing(f"C{number:02}", held, mine, mine and chance.random() < 0.15, party, weights))
    return rows, [chance.choice([None, None, 1, 2, 4]) for _ in range(team)]


@pytest.mark.parametrize("seed", range(20))
def test_the_same_as_the_naive_rule(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        rows, room = random_rows(chance)
        moving = chance.choice([None, None, Guard(None, 0), Guard(None, 2), Guard(Decimal("0.3"), None)])
        tolerance = chance.choice([None, None, Decimal("0.1"), Decimal("0.5")])
        expected = naive(rows, room, moving, tolerance)
        shuffled = chance.sample(rows, len(rows))
        assert {key: given.value for key, given in share(shuffled, room, moving, tolerance).items()} == expected, (
            rows,
            room,
            moving,
            tolerance,
        )


@pytest.mark.parametrize("seed", range(10))
def test_sharing_again_changes_nothing(seed: int) -> None:
    """Where nothing bounds the moves, the second run finds every subject where the first one put it."""
    chance = random.Random(seed)
    for _ in range(60):
        rows, room = random_rows(chance)
        rows = [replace(row, fixed=False, party=None) for row in rows]
        first = share(rows, room)
        then = [replace(row, held=first[row.key].value if row.key in first else row.held) for row in rows]
        assert {key: given.value for key, given in share(then, room).items()} == {key: given.value for key, given in first.items()}


@pytest.mark.parametrize("seed", range(5))
def test_no_capacity_is_passed(seed: int) -> None:
    """Nobody comes to a value that would then have too many."""
    chance = random.Random(seed)
    for _ in range(60):
        rows, room = random_rows(chance)
        given = share(rows, room)
        places = {row.key: given[row.key].value if row.key in given else row.held for row in rows}
        for value, limit in enumerate(room):
            before = sum(row.held == value for row in rows)
            assert limit is None or sum(place == value for place in places.values()) <= max(limit, before)


def test_a_hundred_thousand_subjects_take_seconds() -> None:
    """New ones, those that a departed member leaves, and a team out of balance, by amount and number."""
    chance = random.Random(1)
    rows = [
        Sharing(
            f"C{number:06}",
            chance.choice([None, 0, 0, 0, 1, 2]),
            True,
            False,
            f"p{number // 3}",
            (int(chance.paretovariate(1.2) * 10**12), 10**10),
        )
        for number in range(100_000)
    ]
    start = time.process_time()
    given = share(rows, [None] * 12)
    assert time.process_time() - start < 20  # about 4 s
    totals = [0] * 12
    for row in rows:
        value = given[row.key].value
        assert value is not None
        totals[value] += row.weights[0]
    assert max(totals) - min(totals) < max(row.weights[0] for row in rows) * 3
