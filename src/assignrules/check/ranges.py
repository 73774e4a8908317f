"""What one comparison with constants says of a value: the range that it must lie in, or the constants that it must be one of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from assignrules.ir.expressions import Expression, InList, Literal, Operation, Today, Truth
from assignrules.ir.types import INTEGER, Money

Bound = int | Decimal | date | str

FLIPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq"}


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``, each None where it is open; ``low_in`` and ``high_in`` say whether the ends belong to it. ``unit`` of
    the ends: a currency, or a count of days or months from today; empty where they have none, or are amounts of 0."""

    low: Bound | None
    low_in: bool
    high: Bound | None
    high_in: bool
    unit: str = ""

    def holds(self, other: Range) -> bool:
        """Whether the other range lies in this one."""
        if not self._comparable(other):
            return False
        return not (_starts_before(other, self) or _ends_after(other, self))

    def excludes(self, other: Range) -> bool:
        """Whether the two have nothing in common."""
        return self._comparable(other) and (_ends_before(self, other) or _ends_before(other, self))

    def _comparable(self, other: Range) -> bool:
        if self.unit and other.unit and self.unit != other.unit:
            return False
        kinds = {_kind(end) for end in (self.low, self.high, other.low, other.high) if end is not None}
        return len(kinds) < 2


def value_and_range(condition: Expression) -> tuple[Expression, Range] | None:
    """The value that a condition compares with a constant, and the range that it must lie in."""
    match condition:
        case Operation(arguments=(Literal(), Literal())):
            return None
        case Operation(operator=operator, arguments=(Literal() as constant, value)) if operator in FLIPPED:
            return value_and_range(Operation(FLIPPED[operator], (value, constant), condition.type))
        case Operation(operator=operator, arguments=(value, Literal(value=constant))) if operator in FLIPPED:
            currency = ""
            end: object = constant
            if isinstance(constant, Money):
                currency, end = constant.currency if constant.amount else "", constant.amount
            if end is None or isinstance(end, bool):
                return None
            assert isinstance(end, int | Decimal | date | str)
            ranges = {
                "eq": Range(end, True, end, True, currency),
                "lt": Range(None, False, end, False, currency),
                "le": Range(None, False, end, True, currency),
                "gt": Range(end, False, None, False, currency),
                "ge": Range(end, True, None, False, currency),
            }
            return value, ranges[operator]
        case Operation(operator=operator, arguments=(value, end)) if operator in FLIPPED and (days := _days_from_today(end)) is not None:
            count, unit = days
            found = value_and_range(Operation(operator, (value, Literal(count, INTEGER)), condition.type))
            return None if found is None else (value, replace(found[1], unit=unit))
        case _:
            return None


def _days_from_today(end: Expression) -> tuple[int, str] | None:
    """A day counted from today, with the unit of the count: months are another scale than days."""
    match end:
        case Today():
            return 0, "days from today"
        case Operation("add_duration", (Today(), Literal(value=int() as count, type=type))) if not type.business:
            return count, "months from today" if type.months else "days from today"
        case _:
            return None


def value_and_constants(condition: Expression) -> tuple[Expression, frozenset[object]] | None:
    """A value with the constants that it must be one of."""
    match condition:
        case Operation(operator="eq", arguments=(value, Literal(value=constant))) if constant is not None:
            return value, frozenset({constant})
        case InList(operand=value, items=items):
            return value, frozenset(item.value for item in items)
        case _:
            return None


def tested_value(condition: Expression) -> Expression | None:
    """The value that a condition needs present."""
    match condition:
        case InList(operand=value) | Truth(operand=value):
            return value
        case _:
            found = value_and_range(condition)
            return None if found is None else found[0]


def _kind(end: Bound) -> type:
    return str if isinstance(end, str) else date if isinstance(end, date) else Decimal


def _starts_before(one: Range, other: Range) -> bool:
    if other.low is None or one.low is None:
        return one.low is None and other.low is not None
    return bool(one.low < other.low or (one.low == other.low and one.low_in and not other.low_in))  # type: ignore[operator]  # of one kind


def _ends_after(one: Range, other: Range) -> bool:
    if other.high is None or one.high is None:
        return one.high is None and other.high is not None
    return bool(one.high > other.high or (one.high == other.high and one.high_in and not other.high_in))  # type: ignore[operator]  # of one kind


def _ends_before(one: Range, other: Range) -> bool:
    if one.high is None or other.low is None:
        return False
    return bool(one.high < other.low or (one.high == other.low and not (one.high_in and other.low_in)))  # type: ignore[operator]  # of one kind
