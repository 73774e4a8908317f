"""Days moved inside the calendar of rules, the years 1 to 9999. What would leave it is missing, and no database is asked to compute it:
they end at different days, and some fail there."""

from __future__ import annotations

from datetime import date

from sqlglot import exp

from assignrules.sql import terms
from assignrules.sql.dialects import Dialect
from assignrules.sql.terms import Sql

FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)
# So far from any day of the calendar every database can go: PostgreSQL's days begin in the year -4713.
NEAR_DAYS, NEAR_MONTHS = 1_700_000, 48_000


def in_calendar(day: Sql) -> Sql:
    """A day, missing outside; it is printed twice."""
    return terms.case([(_between(day, terms.day(FIRST_DAY), terms.day(LAST_DAY)), day.copy())])


def days_later(dialect: Dialect, day: Sql, days: Sql) -> Sql:
    """A day so many whole days later; both are printed several times."""
    room = [dialect.days_between(terms.day(end), terms.wrapped(day.copy())) for end in (FIRST_DAY, LAST_DAY)]
    return terms.case([(_between(days.copy(), *room), dialect.add_days(terms.wrapped(day), terms.wrapped(days)))])


def months_later(dialect: Dialect, day: Sql, months: Sql) -> Sql:
    """The same for months."""
    year, month = (dialect.day_part(part, day.copy()) for part in ("YEAR", "MONTH"))
    number = terms.binary(exp.Add, terms.binary(exp.Mul, year, terms.number(12)), month)
    low, high = (end.year * 12 + end.month for end in (FIRST_DAY, LAST_DAY))
    inside = _between(terms.binary(exp.Add, number, terms.wrapped(months.copy())), terms.number(low), terms.number(high))
    return terms.case([(inside, dialect.add_months(terms.wrapped(day), months))])


def _between(value: Sql, low: Sql, high: Sql) -> Sql:
    return exp.Between(this=terms.wrapped(value), low=low, high=high)
