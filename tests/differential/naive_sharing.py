"""The rule by which `distribute` shares, written naively: every step counts everything anew, in fractions.

In the differential tests the reference shares by it, as the engine and the reference have the real one (`ir.sharing`) in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from fractions import Fraction
from unittest.mock import patch

from assignrules.ir.ruleset import Guard, Ruleset
from assignrules.ir.sharing import Given, Sharing, Why
from assignrules.reference import distribution
from assignrules.schema.dataset import Dataset
from assignrules.testing import ReferencePlanner
from assignrules.testing.planner import ReferenceSession


class NaiveReference(ReferencePlanner):
    """The reference evaluator with the naive rule."""

    @contextmanager
    def session(self, ruleset: Ruleset, given: Dataset, as_of: date) -> Iterator[ReferenceSession]:
        """The rows with the plan made."""
        with patch.object(distribution, "share", _share), super().session(ruleset, given, as_of) as session:
            yield session


def _share(
    rows: Sequence[Sharing], room: Sequence[int | None], moving: Guard | None, tolerance: Decimal | None, made: int
) -> dict[str, Given]:
    return {key: Given(value, Why.STAYS) for key, value in naive(rows, room, moving, tolerance, made).items()}


def naive(
    rows: Sequence[Sharing], room: Sequence[int | None], moving: Guard | None = None, tolerance: Decimal | None = None, made: int = 0
) -> dict[str, int | None]:
    """By key, what each subject to be shared gets."""
    if not rows:
        return {}
    rows = sorted(rows, key=lambda row: row.key)
    measures = range(len(rows[0].weights))
    wholes = [sum(row.weights[number] for row in rows) for number in measures]
    place = {row.key: row.held for row in rows}
    holders = [row for row in rows if row.mine and row.held is not None]
    most = len(holders) if moving is None else int(moving.share * len(holders)) if moving.share is not None else moving.changes or 0
    most = max(most - made, 0)

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
