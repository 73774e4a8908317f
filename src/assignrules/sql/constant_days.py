"""Days that are the same for every row of a run."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from assignrules.ir.expressions import Expression, Literal, Operation, Today


def is_constant(day: Expression) -> bool:
    """Whether a date is the same for every row: a literal or `today`, with durations added that are."""
    match day:
        case Literal() | Today():
            return True
        case Operation(operator="add_duration" | "multiply" | "negate", arguments=arguments):
            return not any(part.type.business for part in arguments) and all(is_constant(part) for part in arguments)
        case _:
            return False


def constant_day(day: Expression, today: date) -> date | None:
    """The date of an expression that is the same for every row; None outside the years 1 to 9999."""
    match day:
        case Literal(value=date() as value):
            return value
        case Today():
            return today
        case Operation(operator="add_duration", arguments=(start, length)):
            first = constant_day(start, today)
            return None if first is None else shifted(first, _length(length), months=length.type.months)
        case _:
            raise AssertionError(day)


def _length(length: Expression) -> int:
    match length:
        case Literal(value=int() as value):
            return value
        case Operation(operator="negate", arguments=(part,)):
            return -_length(part)
        case Operation(operator="multiply", arguments=(one, other)):
            return _length(one) * _length(other)
        case _:
            raise AssertionError(length)


def shifted(day: date, length: int, *, months: bool) -> date | None:
    """A date with days or months added, clamped to the month's last day; None outside the years 1 to 9999."""
    if not months:
        try:
            return day + timedelta(days=length)
        except OverflowError:
            return None
    year, month = divmod(day.year * 12 + day.month - 1 + length, 12)
    if not 1 <= year <= 9999:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
