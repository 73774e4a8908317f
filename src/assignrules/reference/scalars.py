"""What single values do: rounding, calendar, text patterns. Exact numbers only."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from assignrules.ir.types import VALUE_SCALE
from assignrules.resolve.patterns import pieces

# Products and sums are exact: nothing inside the language's limits needs more digits.
EXACT = Context(prec=200, rounding=ROUND_HALF_UP)


def rounded(number: Fraction | int | Decimal, places: int = VALUE_SCALE) -> Decimal:
    """Half away from zero at so many decimal places."""
    shifted = abs(Fraction(number)) * 10**places
    units = int(shifted)
    if shifted - units >= Fraction(1, 2):
        units += 1
    return Decimal(f"{'-' if number < 0 and units else ''}{units}E-{places}")


def quotient(dividend: int | Decimal, divisor: int | Decimal) -> Decimal | None:
    """In one rounding; None for a division by zero."""
    return rounded(Fraction(dividend) / Fraction(divisor)) if divisor else None


def median(numbers: list[int | Decimal]) -> int | Decimal | None:
    """The middle one, or the mean of the two in the middle."""
    if not numbers:
        return None
    ordered = sorted(numbers)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if low == high else quotient(low + high, 2)


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


# A regular expression's pieces as Python writes them; whatever else has the language's own spelling.
SPELLING: dict[str, Callable[[str], str]] = {"literal": re.escape, "shorthand": lambda letter: f"\\{letter}", "end": lambda _: r"\Z"}


def found(pattern: str, text: str) -> bool:
    """Whether a regular expression of the language (already checked) matches somewhere in a text."""
    written = "".join(SPELLING.get(piece.kind, str)(piece.text) for piece in pieces(pattern))
    return re.search(written, text, re.ASCII) is not None
