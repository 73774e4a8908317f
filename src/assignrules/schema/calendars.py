"""Public holidays: what fills the entity `holidays` where no file does. Business days count from 1900 to 2199."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
FILLED = (1990, 2060)  # the years that are filled in from the library
SATURDAY = 5


def known_calendar(calendar: str) -> bool:
    """Whether the `holidays` library has the calendar: a country (``FR``) or a country and a part of it (``DE-BY``)."""
    import holidays

    country, _, part = calendar.partition("-")
    listed = holidays.list_supported_countries()
    return country in listed and (not part or part in listed[country])


@cache
def public_holidays(calendar: str, first_year: int = FILLED[0], last_year: int = FILLED[1]) -> tuple[date, ...]:
    """The public holidays of a calendar in a span of years, in order; ``KeyError`` for an unknown calendar."""
    import holidays

    if not known_calendar(calendar):
        raise KeyError(calendar)
    country, _, part = calendar.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=range(first_year, last_year + 1))
    return tuple(sorted(day for day in found if first_year <= day.year <= last_year))


def is_business_day(day: date, holidays: frozenset[date]) -> bool:
    """Monday to Friday, and no holiday."""
    return day.weekday() < SATURDAY and day not in holidays


def after_business_days(day: date, count: int, holidays: frozenset[date]) -> date | None:
    """One step at a time, over weekends and holidays; 0 steps stay. None outside the years that are counted."""
    if count and not FIRST_DAY <= day <= LAST_DAY:
        return None
    step = timedelta(days=1 if count > 0 else -1)
    while count:
        day += step
        if not FIRST_DAY <= day <= LAST_DAY:
            return None
        if is_business_day(day, holidays):
            count -= 1 if step.days > 0 else -1
    return day
