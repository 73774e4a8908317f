"""The interface of a dialect, with what all of them share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date

from sqlglot import exp

from assignrules.ir.types import VALUE_SCALE
from assignrules.resolve.patterns import Piece
from assignrules.sql import terms
from assignrules.sql.terms import Sql

DIGITS = 38
UNIT = 10**VALUE_SCALE


class Dialect(ABC):
    """How a database spells the operators whose plain spelling differs in form or in meaning. Arguments are printed once each,
    unless the docstring says otherwise; the compiler then passes columns, not expressions."""

    name: str
    joins_as_of = False  # `ASOF JOIN`: the row with the greatest value within a bound; else lists are searched by `WIDTH_BUCKET`
    aggregates_by_case = True  # `sum(CASE WHEN c THEN x END)`; else `sum(x) FILTER (WHERE c)`

    def decimal(self, value: Sql, scale: int) -> Sql:
        """A number as an exact decimal of a scale; one that does not fit is the database's error, never a wrong number."""
        return terms.cast(value, "DECIMAL", DIGITS, scale)

    def bounded(self, value: Sql, scale: int) -> Sql:
        """The result of `+`, `-` or `*` on decimals, of this scale already; one of more than 38 digits is the database's error."""
        return value

    @abstractmethod
    def whole(self, value: Sql) -> Sql:
        """A whole number wide enough for 38 digits."""

    def units(self, value: Sql) -> Sql:
        """A decimal of 10 places as the whole number of its units of 10^-10; of 28 digits before the point too."""
        return self.whole(terms.binary(exp.Mul, value, terms.number(UNIT)))

    @abstractmethod
    def whole_quotient(self, dividend: Sql, divisor: Sql) -> Sql:
        """The quotient of whole numbers without its fraction, towards zero."""

    def short_quotient(self, dividend: Sql, divisor: Sql) -> Sql:
        """The same of two BIGINTs that are not negative, as a BIGINT."""
        return exp.IntDiv(this=terms.wrapped(dividend), expression=terms.wrapped(divisor))

    def ordered_text(self, value: Sql) -> Sql:
        """A text as it is compared and sorted: by code point."""
        return value

    def translated(self, tree: Sql) -> Sql:
        """A fragment of another dialect, where printing it alone would not translate it."""
        return tree

    def contains(self, value: Sql, part: Sql) -> Sql:
        return terms.binary(exp.GT, terms.function("STRPOS", value, part), terms.number(0))

    def starts_with(self, value: Sql, part: Sql) -> Sql:
        return terms.function("STARTS_WITH", value, part)

    def ends_with(self, value: Sql, part: Sql) -> Sql:
        """``part`` is printed twice."""
        return terms.equal(terms.function("RIGHT", value, terms.function("LENGTH", part)), part)

    @abstractmethod
    def matches(self, value: Sql, pattern: Sequence[Piece]) -> Sql: ...

    def add_days(self, day: Sql, days: Sql) -> Sql:
        return terms.binary(exp.Add, day, terms.cast(days, "INT"))

    def add_months(self, day: Sql, months: Sql) -> Sql:
        """Clamped to the month's last day, by every database tried."""
        month = exp.Interval(this=terms.text("1"), unit=exp.Var(this="MONTH"))
        return terms.cast(terms.binary(exp.Add, day, exp.Mul(this=terms.wrapped(months), expression=month)), "DATE")

    def all_days(self, first: date, last: date) -> exp.Select:
        """A query of the days from one to another, as ``day``."""
        series = terms.function(
            "GENERATE_SERIES", terms.day(first), terms.day(last), exp.Interval(this=terms.text("1"), unit=exp.Var(this="DAY"))
        )
        return terms.select([terms.alias(terms.cast(series, "DATE"), "day")], None)

    def calendar(self, days: exp.Select) -> exp.Select:
        """What is kept of the days of a calendar, ``(day, open, number)`` by rising day."""
        return days

    def business_step(self, calendar: str, day: Sql, count: Sql) -> Sql | None:
        """The date so many business days on, read from what ``calendar`` made; None where it is joined. Arguments are printed twice."""
        return None

    def days_between(self, later: Sql, earlier: Sql) -> Sql:
        return terms.cast(terms.binary(exp.Sub, later, earlier), "BIGINT")

    def extreme(self, name: str, values: Sequence[Sql]) -> Sql:
        """``least`` or ``greatest`` of values that are all there."""
        return terms.function(name.upper(), *values)

    def day_part(self, part: str, day: Sql) -> Sql:
        """``YEAR``, ``MONTH`` or ``ISODOW`` of a date."""
        return terms.cast(exp.Extract(this=exp.Var(this=part), expression=day), "BIGINT")

    def start_of(self, unit: str, day: Sql) -> Sql:
        """The first day of the date's ``month``, ``quarter`` or ``year``."""
        return terms.cast(terms.function("DATE_TRUNC", terms.text(unit), day), "DATE")

    @abstractmethod
    def median(self, value: Sql) -> tuple[Sql, Sql]:
        """The two middle values (the same where the count is odd) of the values that are present, as aggregates."""

    @abstractmethod
    def folded(self, value: Sql) -> Sql:
        """Case and accents taken away, by the package's table."""

    @abstractmethod
    def lower(self, value: Sql) -> Sql: ...

    @abstractmethod
    def upper(self, value: Sql) -> Sql: ...

    @abstractmethod
    def json_text(self, value: Sql) -> Sql:
        """A text as a JSON string; never of a missing value."""

    def json_line(self, column: str) -> str:
        """SQL of a column of JSON texts with the escapes of control characters spelled alike on every database: `\\u000B`."""
        return column

    def tried(self, text: Sql, type: str, *parameters: int) -> Sql:
        """A text read as a ``DECIMAL``, ``BIGINT``, ``BOOLEAN`` or ``DATE``; missing where it is none. ``text`` is printed several
        times."""
        return exp.TryCast(this=text, to=terms.type_of(type, *parameters))

    def fits(self, value: Sql, pattern: str) -> Sql:
        """Whether a text fits a regular expression of ours: bracketed classes, groups, `?`, `*`, `{}`, `^` and `$` only."""
        return terms.function("REGEXP_MATCHES", value, terms.text(pattern))

    def captured(self, value: Sql, pattern: str, group: int) -> Sql:
        """What a group of a fitting expression caught."""
        return terms.function("REGEXP_EXTRACT", value, terms.text(pattern), terms.number(group))

    def day_of(self, year: Sql, month: Sql, day: Sql) -> Sql:
        """The date of whole numbers that are known to make one."""
        return terms.function("MAKE_DATE", *(terms.cast(part, "INT") for part in (year, month, day)))

    def stored_type(self, value: Sql) -> Sql:
        """The name of a value's type, also of a missing one."""
        return terms.function("TYPEOF", value)


def spelled(pattern: Sequence[Piece]) -> str:
    """A pattern in the spelling that RE2, PostgreSQL and Python share but for the ends of the text."""
    shorthands = {
        "d": "[0-9]",
        "D": "[^0-9]",
        "w": "[0-9A-Za-z_]",
        "W": "[^0-9A-Za-z_]",
        "s": "[ \\t\\n\\r\\f\\v]",
        "S": "[^ \\t\\n\\r\\f\\v]",
    }
    parts: list[str] = []
    for piece in pattern:
        if piece.kind == "literal":
            parts.append("\\" + piece.text if piece.text in r"\.[](){}*+?^$|" else piece.text)
        elif piece.kind == "shorthand":
            parts.append(shorthands[piece.text])
        elif piece.kind == "any":
            parts.append("[^\\n]")
        else:
            parts.append(piece.text)
    return "".join(parts)
