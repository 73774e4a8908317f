"""What single values do: rounding, calendar, text patterns. Exact numbers only."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from assignrules.ir.types import VALUE_SCALE

# Products and sums are exact: nothing inside the language's limits needs more digits.
EXACT = Context(prec=200, rounding=ROUND_HALF_UP)

Number = int | Decimal


def rounded(number: Fraction | Number, places: int = VALUE_SCALE) -> Decimal:
    """Half away from zero at so many decimal places."""
    shifted = abs(Fraction(number)) * 10**places
    units = int(shifted)
    if shifted - units >= Fraction(1, 2):
        units += 1
    return Decimal(f"{'-' if number < 0 and units else ''}{units}E-{places}")


def quotient(dividend: Number, divisor: Number) -> Decimal | None:
    """In one rounding; None for a division by zero."""
    return rounded(Fraction(dividend) / Fraction(divisor)) if divisor else None


def median(numbers: list[Number]) -> Number | None:
    """The middle one, or the mean of the two in the middle."""
    if not numbers:
        return None
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return quotient(ordered[middle - 1] + ordered[middle], 2)


def after_days(day: date, days: int) -> date | None:
    """None outside the years 1 to 9999."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def after_months(day: date, months: int) -> date | None:
    """The same day of another month, or that month's last; None outside the years 1 to 9999."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def found(pattern: str, text: str) -> bool:
    """Whether a regular expression of the language (already checked) matches somewhere in a text."""
    return re.search(_python_pattern(pattern), text, re.ASCII) is not None


def _python_pattern(pattern: str) -> str:
    """Python's ``$`` also matches before a final line break; the language's does not."""
    written: list[str] = []
    in_class = False
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            written.append(pattern[position : position + 2])
            position += 2
            continue
        if in_class:
            in_class = character != "]"
        elif character == "[":
            # a bracket that comes first, perhaps after ^, is an ordinary character of the class
            in_class = True
            opening = re.match(r"\[\^?\]?", pattern[position:])
            assert opening is not None
            written.append(opening.group())
            position += len(opening.group())
            continue
        written.append(r"\Z" if character == "$" and not in_class else character)
        position += 1
    return "".join(written)
