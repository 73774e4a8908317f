"""How `distribute` shares subjects out: one exact, deterministic rule over whole numbers, for every database and for the reference.

Values are numbered in the order in which the rules name them; weights are whole numbers, one for each measure. A total's *share* is its
part of all there is of the measure; totals are the nearer to equal, the smaller the sum of the squares of all shares is.

1. Subjects that share a link are a *party*, every other subject is one alone. Parties come in the order of their weight, by the first
   measure, then the next; the largest first, ties by the lowest key.
2. A party of which some have one of the values already has its *home* there: where most of its weight is, then most of its subjects,
   then the value named first. (Those that may not be moved, and those beside the rule's subjects, decide alone where there are any: such
   a party is never moved.) Its other subjects join them, as far as there is room, and as moving allows.
3. The other parties are placed in order, each where the totals come nearest to equal; ties go to the value with the fewest subjects, then
   to the one named first. Where nothing has room for the whole party, its subjects get nothing.
4. Again and again, in the same order, a party is moved to where the totals come nearest to equal, if balance asks for it: it is strictly
   nearer, some total of the value that it leaves is above that of the other by more than ``SLACK`` of the average, with a tolerance
   one of the two is outside it, and moving allows it. From a value above its capacity it is moved also without these, as far as moving
   allows. It ends when nobody moves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import gcd, prod
from operator import floordiv, mul

from assignrules.ir.ruleset import Guard
from assignrules.ir.types import VALUE_SCALE, Type

SLACK = 100  # a hundredth of the average is no reason to move anyone


@dataclass(frozen=True, slots=True)
class Sharing:
    """One subject. ``held``: the value that it has, or will have by other rules; None for none of these. ``mine``: it is to be shared;
    otherwise its weight only counts. ``fixed``: nothing may change it. ``party``: what those share who stay together."""

    key: str
    held: int | None
    mine: bool
    fixed: bool
    party: str | None
    weights: tuple[int, ...]


def weight_of(value: object, type: Type) -> int | None:
    """A measure's value (money in the project's currency, as its amount) in whole numbers; None where it is missing or below 0."""
    if not isinstance(value, int | Decimal) or value < 0:
        return None
    return int(Fraction(value) * 10 ** max(type.scale, VALUE_SCALE))


class Why(Enum):
    """Why a subject got its value."""

    STAYS = "stays"
    JOINS = "joins"
    PLACED = "placed"
    MOVED = "moved"
    FULL = "full"


@dataclass(slots=True)
class Given:
    """What a subject got (None: nothing), and why. ``turn``: of a placed one the place of its party in the order, from 1, and ``totals``
    what the value had just before."""

    value: int | None
    why: Why
    turn: int = 0
    totals: tuple[int, ...] = ()


def share(
    rows: Sequence[Sharing], room: Sequence[int | None], moving: Guard | None = None, tolerance: Decimal | None = None, made: int = 0
) -> dict[str, Given]:
    """What each subject that is ``mine`` gets, by key. ``room``: the most subjects of each value (None: any number). ``made``: how many
    moves count against ``moving`` already."""
    return _Share(rows, room, moving, tolerance, made).run()


def first_day(period: str, day: date) -> date:
    """Of the calendar `week` (from Monday on), `month`, `quarter` or `year` of a day."""
    if period == "week":
        return day - timedelta(days=day.weekday())
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    return date(day.year, day.month - (day.month - 1) % months, 1)


class _Share:
    def __init__(
        self, rows: Sequence[Sharing], room: Sequence[int | None], moving: Guard | None, tolerance: Decimal | None, made: int
    ) -> None:
        units = [gcd(*weights) or 1 for weights in zip(*(row.weights for row in rows), strict=True)]
        plain = (replace(row, weights=tuple(map(floordiv, row.weights, units))) for row in rows)  # small numbers are quick
        self.units = units
        self.rows = sorted(plain, key=lambda row: row.key)
        self.room = room
        self.measures = range(len(self.rows[0].weights) if self.rows else 0)
        self.wholes = [sum(row.weights[number] for row in self.rows) for number in self.measures]
        squares = [whole * whole or 1 for whole in self.wholes]
        everything = prod(squares)
        factors = [everything // square for square in squares]  # shares of all measures over one denominator
        self.factors = [factor // (gcd(*factors) or 1) for factor in factors]
        self.place: dict[str, int | None] = {row.key: row.held for row in self.rows}
        self.totals = [[0 for _ in self.measures] for _ in room]
        self.scaled = [[0 for _ in self.measures] for _ in room]  # the totals times the factors
        self.asking: dict[int, bool] = {}  # by value, whether some other is below it by more than the slack; until somebody moves
        self.counts = [0 for _ in room]
        for row in self.rows:
            if row.held is not None:
                self._count([row], row.held, 1)
        holders = sum(row.mine and row.held is not None for row in self.rows)
        most = holders if moving is None else int(moving.share * holders) if moving.share is not None else moving.changes or 0
        self.left = max(most - made, 0)
        self.bounds: list[tuple[Fraction, Fraction]] | None = None
        if tolerance is not None:
            means = [Fraction(whole, len(room)) for whole in self.wholes]
            self.bounds = [(mean * (1 - Fraction(tolerance)), mean * (1 + Fraction(tolerance))) for mean in means]
        self.given = {row.key: Given(row.held, Why.STAYS if row.held is not None else Why.FULL) for row in self.rows if row.mine}

    def run(self) -> dict[str, Given]:
        parties, pins = self._parties()
        weights = {name: self._weight(rows) for name, rows in parties.items()}
        order = sorted(parties, key=lambda name: ([-part for part in weights[name]], parties[name][0].key))
        bodies: dict[str, list[Sharing]] = {}
        for name in order:
            there = pins.get(name) or [row for row in parties[name] if row.held is not None]
            if there:
                bodies[name] = self._join(parties[name], there)
        for turn, name in enumerate(order, start=1):
            if name not in bodies and self._place(parties[name], weights[name], turn):
                bodies[name] = parties[name]
        movable: list[tuple[list[Sharing], list[int], int]] = []
        for name in order:
            rows = bodies.get(name)
            if rows and name not in pins:
                weight = self._weight(rows)
                movable.append((rows, weight, sum(map(mul, map(mul, weight, weight), self.factors))))
        while sum(self._balance(*party) for party in movable):  # each pass is over all of them
            pass
        return self.given

    def _parties(self) -> tuple[dict[str, list[Sharing]], dict[str, list[Sharing]]]:
        parties: dict[str, list[Sharing]] = defaultdict(list)
        pins: dict[str, list[Sharing]] = defaultdict(list)
        for row in self.rows:
            name = f"k{row.key}" if row.party is None else f"p{row.party}"
            if row.mine:
                parties[name].append(row)
            if row.held is not None and (row.fixed or not row.mine):
                pins[name].append(row)
        return parties, pins

    def _join(self, party: list[Sharing], there: list[Sharing]) -> list[Sharing]:
        """Brings a party home; those who are there then and may be moved."""
        homes: dict[int, list[Sharing]] = defaultdict(list)
        for row in there:
            if row.held is not None:
                homes[row.held].append(row)
        home = max(homes, key=lambda value: (self._weight(homes[value]), len(homes[value]), -value))
        for row in party:
            if row.held == home or (row.fixed and row.held is not None) or not self._fits(1, home):
                continue
            if row.held is None or self.left:
                self._put([row], home, Why.JOINS)
        return [row for row in party if self.place[row.key] == home and not (row.fixed and row.held is not None)]

    def _place(self, party: list[Sharing], weight: list[int], turn: int) -> bool:
        value = self._best(len(party), weight, None)
        if value is None:
            return False
        totals = tuple(map(mul, self.totals[value], self.units))
        self._put(party, value, Why.PLACED)
        for row in party:
            self.given[row.key].turn, self.given[row.key].totals = turn, totals
        return True

    def _balance(self, party: list[Sharing], weight: list[int], square: int) -> bool:
        """Moves a party where balance asks for it; whether it did. ``square``: of its own shares."""
        here = self.place[party[0].key]
        assert here is not None
        most = self.room[here]
        full = most is not None and self.counts[here] > most
        if not full and not self._asks(here):
            return False
        there = self._best(len(party), weight, here)
        if there is None:
            return False
        if not full:
            nearer = sum(map(mul, weight, self.scaled[there])) - sum(map(mul, weight, self.scaled[here])) + square < 0
            if not nearer or not self._uneven(here, there) or not self._outside(here, there):
                return False
        leaving = sum(row.held == here for row in party) - sum(row.held == there for row in party)
        if leaving > max(self.left, 0):
            return False
        self._put(party, there, Why.MOVED)
        return True

    def _best(self, size: int, weight: list[int], leaving: int | None) -> int | None:
        """The value where the totals come nearest to equal, of those that have room."""
        best, lowest = None, 0
        for value, scaled in enumerate(self.scaled):
            score = sum(map(mul, weight, scaled))
            if best is not None and (score > lowest or (score == lowest and self.counts[value] >= self.counts[best])):
                continue
            if value != leaving and self._fits(size, value):
                best, lowest = value, score
        return best

    def _asks(self, here: int) -> bool:
        if here not in self.asking:
            self.asking[here] = any(self._uneven(here, there) for there in range(len(self.room)) if there != here)
        return self.asking[here]

    def _uneven(self, here: int, there: int) -> bool:
        """Whether some total of a value is above that of another by more than the slack."""
        lists = zip(self.totals[here], self.totals[there], self.wholes, strict=True)
        return any((own - other) * SLACK * len(self.room) > whole for own, other, whole in lists)

    def _outside(self, here: int, there: int) -> bool:
        """Whether one of two totals of some measure is outside the tolerance."""
        if self.bounds is None:
            return True
        lists = zip(self.bounds, self.totals[here], self.totals[there], strict=True)
        return any(own > high or other < low for (low, high), own, other in lists)

    def _fits(self, size: int, value: int) -> bool:
        most = self.room[value]
        return most is None or self.counts[value] + size <= most

    def _put(self, party: list[Sharing], value: int, why: Why) -> None:
        self.asking.clear()
        for row in party:
            before = self.place[row.key]
            if before is not None:
                self._count([row], before, -1)
            if row.held is not None:
                self.left -= (value != row.held) - (before != row.held)
            self._count([row], value, 1)
            self.place[row.key] = value
            self.given[row.key] = Given(value, Why.STAYS if value == row.held else why)

    def _count(self, rows: list[Sharing], value: int, sign: int) -> None:
        self.counts[value] += sign * len(rows)
        for row in rows:
            for number in self.measures:
                self.totals[value][number] += sign * row.weights[number]
                self.scaled[value][number] += sign * row.weights[number] * self.factors[number]

    def _weight(self, rows: Sequence[Sharing]) -> list[int]:
        return [sum(row.weights[number] for row in rows) for number in self.measures]
