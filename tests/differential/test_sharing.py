"""The rule by which `distribute` shares, against the same rule written naively: every step counts everything anew, in fractions.

And its laws, on random teams: sharing what was shared changes nothing, and no capacity is passed.
"""

from __future__ import annotations

import random
import time
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from assignrules.ir.ruleset import Guard
from assignrules.ir.sharing import Sharing, share

pytestmark = pytest.mark.slow


def naive(rows: list[Sharing], room: list[int | None], moving: Guard | None, tolerance: Decimal | None) -> dict[str, int | None]:
    """By key, what each subject to be shared gets."""
    rows = sorted(rows, key=lambda row: row.key)
    measures = range(len(rows[0].weights))
    wholes = [sum(row.weights[number] for row in rows) for number in measures]
    place = {row.key: row.held for row in rows}
    holders = [row for row in rows if row.mine and row.held is not None]
    most = len(holders) if moving is None else int(moving.share * len(holders)) if moving.share is not None else moving.changes or 0

    def total(value: int, where: dict[str, int | None]) -> list[int]:
        return [sum(row.weights[number] for row in rows if where[row.key] == value) for number in measures]

    def count(value: int, where: dict[str, int | None]) -> int:
        return sum(at == value for at in where.values())

    def uneven(where: dict[str, int | None]) -> Fraction:
        totals = [total(value, where) for value in range(len(room))]
        return sum((Fraction(part, whole) ** 2 for one in totals for part, whole in zip(one, wholes, strict=True) if whole), Fraction(0))

    def moved(where: dict[str, int | None]) -> int:
        return sum(where[row.key] != row.held for row in holders)

    def put(party: list[Sharing], value: int) -> dict[str, int | None]:
        return {**place, **{row.key: value for row in party}}

    def best(party: list[Sharing], leaving: int | None) -> int | None:
        fitting = [value for value in range(len(room)) if value != leaving and fits(len(party), value)]
        return min(fitting, key=lambda value: (uneven(put(party, value)), count(value, place), value), default=None)

    def fits(size: int, value: int) -> bool:
        limit = room[value]
        return limit is None or count(value, place) + size <= limit

    def name_of(row: Sharing) -> str:
        return f"alone {row.key}" if row.party is None else row.party

    def weight(party: list[Sharing]) -> list[int]:
        return [sum(row.weights[number] for row in party) for number in measures]

    names = {name_of(row) for row in rows if row.mine}
    parties = {name: [row for row in rows if row.mine and name_of(row) == name] for name in names}
    pins = {name: [row for row in rows if name_of(row) == name and row.held is not None and (row.fixed or not row.mine)] for name in names}
    order = sorted(names, key=lambda name: ([-part for part in weight(parties[name])], parties[name][0].key))
    for name in order:
        there = pins[name] or [row for row in parties[name] if row.held is not None]
        if there:
            at = {value: [row for row in there if row.held == value] for value in range(len(room))}
            home = max((value for value in at if at[value]), key=lambda value, at=at: (weight(at[value]), len(at[value]), -value))
            for row in parties[name]:
                stuck = row.fixed and row.held is not None
                if place[row.key] != home and not stuck and fits(1, home) and moved(put([row], home)) <= max(most, moved(place)):
                    place[row.key] = home
    for name in order:
        if not pins[name] and all(row.held is None for row in parties[name]):
            value = best(parties[name], None)
            if value is not None:
                place = put(parties[name], value)
    bodies = {}  # those who travel together: who is elsewhere when balancing begins was left behind
    for name in order:
        there = [row for row in parties[name] if row.held is not None]
        at = {value: [row for row in there if row.held == value] for value in range(len(room))}
        homes = [value for value in at if at[value]]
        home = max(homes, key=lambda value, at=at: (weight(at[value]), len(at[value]), -value), default=None)
        bodies[name] = [row for row in parties[name] if place[row.key] is not None and home in (None, place[row.key])]
    restless = True
    while restless:
        restless = False
        for name in order:
            body = bodies[name]
            if pins[name] or not body:
                continue
            here = place[body[0].key]
            there_ = best(body, here)
            if here is None or there_ is None:
                continue
            means = [Fraction(whole, len(room)) for whole in wholes]
            outside = tolerance is None or any(
                own > mean * (1 + Fraction(tolerance)) or other < mean * (1 - Fraction(tolerance))
                for own, other, mean in zip(total(here, place), total(there_, place), means, strict=True)
            )
            uneven_ = any(
                own - other > mean / 100 for own, other, mean in zip(total(here, place), total(there_, place), means, strict=True)
            )
            limit = room[here]
            full = limit is not None and count(here, place) > limit
            then = put(body, there_)
            if (full or (outside and uneven_ and uneven(then) < uneven(place))) and moved(then) <= max(most, moved(place)):
                place, restless = then, True
    return {row.key: place[row.key] for row in rows if row.mine}


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
