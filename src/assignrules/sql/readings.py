"""How a stored value is read as one of ours: markers of missing values, codes, formats, exact numbers. A value that does not fit reads as
missing, and is counted elsewhere; no value fails a statement.

Every expression is made for a column, which may be printed any number of times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

from sqlglot import exp

from assignrules.ir.types import VALUE_SCALE, Kind
from assignrules.schema.fields import JULIAN
from assignrules.schema.physical import REST, FieldSource, Stored
from assignrules.sql import terms
from assignrules.sql.days import days_later, in_calendar
from assignrules.sql.dialects import Dialect
from assignrules.sql.terms import Sql

NUMBERS = frozenset({Stored.INTEGER, Stored.HUGE, Stored.DECIMAL, Stored.FLOAT})
WHOLES = (Stored.INTEGER, Stored.HUGE)
DAYS = frozenset({Stored.DATE, Stored.TIMESTAMP, Stored.ZONED})
TEXTS = frozenset({Stored.TEXT, Stored.PADDED})
LIMIT = terms.number(10**18)  # a number has 18 digits before the point
DIGITS = 28
WIDE = (38, 19)  # of a text on its way to a number
NUMBER = "^[+-]?0*([0-9]{1,18}([.][0-9]*)?|[.][0-9]+)$"
WHOLE = "^[+-]?0*[0-9]{1,18}([.]0*)?$"
ISO = "^([0-9]{4})-([0-9]{2})-([0-9]{2})([T ][0-9:.]+([+-][0-9:]+|Z)?)?$"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
REGEX = {
    "Y": "([0-9]{4})",
    "y": "([0-9]{2})",
    "m": "(1[0-2]|0[1-9]|[1-9])",
    "d": "(3[01]|[12][0-9]|0[1-9]|[1-9])",
    "j": "([0-9]{1,3})",
    "b": f"({'|'.join(MONTHS)})",
    "B": "(january|february|march|april|may|june|july|august|september|october|november|december)",
    "H": "([0-9]{1,2})",
    "M": "([0-9]{1,2})",
    "S": "([0-9]{1,2})",
    "f": "([0-9]{1,9})",
}
WIDTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3, "H": 2, "M": 2, "S": 2}


class Readings:
    """Reads values for one dialect. ``time_zone``: in which a moment is on a day."""

    def __init__(self, dialect: Dialect, time_zone: str) -> None:
        self.dialect = dialect
        self.time_zone = time_zone

    def field(self, source: FieldSource, column: Sql, stored: Stored, plus_days: Sql | None = None) -> Sql:
        """The value of a field, without the currency of money."""
        value = self.present(source, column, stored)
        if source.codes:
            return self._decoded(source, value, stored)
        match source.type.kind:
            case Kind.TEXT | Kind.ENUM:
                return self.text(value, stored)
            case Kind.INTEGER | Kind.DURATION:
                return self.whole(value, stored)
            case Kind.DECIMAL | Kind.PERCENT | Kind.MONEY:
                return self.number(value, stored, source.scale)
            case Kind.BOOLEAN:
                return self._boolean(value, stored)
            case Kind.DATE | Kind.TIMESTAMP:
                day = self._day(value, stored, source.format)
                return day if plus_days is None else self._later(day, plus_days)

    def present(self, source: FieldSource, column: Sql, stored: Stored) -> Sql:
        """What is stored, where it does not mean missing."""
        value = column
        if source.trim or (source.trim is None and stored is Stored.PADDED):
            value = terms.trimmed(terms.cast(value, "VARCHAR") if stored not in TEXTS else value)
        return self.unmarked(value, stored, source.missing)

    def unmarked(self, value: Sql, stored: Stored, markers: Sequence[str]) -> Sql:
        """The value, missing where it is one of the markers."""
        conditions = self._marked(value, stored, markers)
        if stored in DAYS:
            conditions.append(terms.negated(terms.function("ISFINITE", value.copy())))
        return terms.case([(terms.any_of(conditions), terms.null())], value) if conditions else value

    def is_code(self, value: Sql, stored: Stored, codes: Iterable[str | None]) -> Sql:
        """Whether a value is one of some codes, by its text."""
        listed = [code for code in codes if code is not None]
        conditions = [terms.one_of(self.text(value, stored), [terms.text(code) for code in listed])] if listed else []
        if None in codes:
            conditions.append(terms.is_null(value.copy()))
        return terms.any_of(conditions)

    def text(self, value: Sql, stored: Stored) -> Sql:
        """As a text, compared by code point: a column's own collation may be an alphabet's, and two of them cannot meet in a comparison."""
        return self.dialect.ordered_text(value if stored in TEXTS else terms.cast(value, "VARCHAR"))

    def number(self, value: Sql, stored: Stored, scale: int | None = None) -> Sql:
        """As a decimal of the scale that values have; rounded half away from zero to ``scale`` first."""
        match stored:
            case Stored.INTEGER | Stored.HUGE:
                exact = value
            case Stored.DECIMAL:
                exact = value
            case Stored.FLOAT:
                exact = terms.cast(terms.cast(value, "VARCHAR"), "DECIMAL", *WIDE)
            case Stored.BOOLEAN:
                exact = terms.case([(value, terms.number(1)), (terms.negated(value.copy()), terms.number(0))])
            case Stored.DATE | Stored.TIMESTAMP | Stored.ZONED:
                return terms.cast(terms.null(), "DECIMAL", DIGITS, VALUE_SCALE)
            case _:
                plain = self._plain(value, stored)
                exact = terms.case([(self.dialect.fits(plain, NUMBER), terms.cast(plain.copy(), "DECIMAL", *WIDE))])
        if scale is not None or stored not in (*WHOLES, Stored.BOOLEAN):
            exact = terms.function("ROUND", exact, terms.number(VALUE_SCALE if scale is None else min(scale, VALUE_SCALE)))
        exact = terms.cast(exact, "DECIMAL", DIGITS, VALUE_SCALE)
        if stored in WHOLES:  # the least of them has no absolute value
            above = terms.binary(exp.GT, value.copy(), exp.Neg(this=LIMIT.copy()))
            return terms.case([(terms.all_of([above, terms.binary(exp.LT, value.copy(), LIMIT.copy())]), exact)])
        if stored in (Stored.DECIMAL, Stored.FLOAT):
            return terms.case([(terms.binary(exp.LT, terms.function("ABS", value.copy()), LIMIT.copy()), exact)])
        return exact

    def whole(self, value: Sql, stored: Stored) -> Sql:
        """As a whole number; missing where it is none."""
        if stored is Stored.INTEGER:
            return terms.cast(value, "BIGINT")
        if stored in NUMBERS:
            number = self.number(value, stored)
            is_whole = terms.equal(number, terms.function("ROUND", number.copy(), terms.number(0)))
            return terms.case([(is_whole, terms.cast(number.copy(), "BIGINT"))])
        if stored in DAYS or stored is Stored.BOOLEAN:
            return terms.cast(self.number(value, stored), "BIGINT")
        plain = self._plain(value, stored)
        exact = terms.cast(terms.cast(plain.copy(), "DECIMAL", *WIDE), "BIGINT")
        return terms.case([(self.dialect.fits(plain, WHOLE), exact)])

    def as_key(self, value: Sql, stored: Stored, key: Stored) -> Sql:
        """A part of a link, as the type of the key's part: texts of numbers become numbers and numbers texts, padding goes."""
        value = self.key(value, stored)
        if stored is key or Stored.UNKNOWN in (stored, key) or {stored, key} <= TEXTS:
            return value
        if key in WHOLES:
            return self.whole(value, stored)
        if key in (Stored.DECIMAL, Stored.FLOAT):
            return self.number(value, stored)
        if key in TEXTS or key is Stored.OTHER:
            return self.text(value, stored)
        if key is Stored.DATE:
            return self._day(value, stored, None)
        return value

    def key(self, value: Sql, stored: Stored) -> Sql:
        """A part of a row key."""
        if stored is Stored.PADDED:
            return self.text(terms.trimmed(value, end_only=True), stored)
        if stored is Stored.TEXT:
            return self.text(value, stored)
        return self.number(value, stored) if stored in (Stored.DECIMAL, Stored.FLOAT) else value

    # --- parts ---

    def _plain(self, value: Sql, stored: Stored) -> Sql:
        return terms.trimmed(self.text(value, stored))

    def _marked(self, value: Sql, stored: Stored, markers: Sequence[str]) -> list[Sql]:
        if not markers:
            return []
        if stored in NUMBERS:
            numbers = [number for marker in markers if (number := _number(marker)) is not None]
            return [terms.one_of(value.copy(), [terms.number(number) for number in numbers])] if numbers else []
        if stored in DAYS:
            days = [terms.cast(terms.text(marker), "DATE") for marker in markers if re.fullmatch(r"\d{4}-\d\d-\d\d", marker, re.ASCII)]
            return [terms.one_of(self._on_day(value.copy(), stored), days)] if days else []
        return [terms.one_of(self.text(value.copy(), stored), [terms.text(marker) for marker in markers])]

    def _decoded(self, source: FieldSource, value: Sql, stored: Stored) -> Sql:
        by_value: dict[str, list[str | None]] = {}
        rest: str | None = None
        for code, word in source.codes:
            if code == REST:
                rest = word
            else:
                by_value.setdefault(word, []).append(code)
        branches = [(self.is_code(value.copy(), stored, codes), self._literal(word, source)) for word, codes in by_value.items()]
        if rest is not None:
            branches.append((terms.not_null(value.copy()), self._literal(rest, source)))
        return terms.case(branches)

    def _literal(self, word: str, source: FieldSource) -> Sql:
        match source.type.kind:
            case Kind.BOOLEAN:
                return terms.boolean(word == "true")
            case Kind.INTEGER:
                return terms.cast(terms.text(word), "BIGINT")
            case Kind.DECIMAL | Kind.PERCENT:
                return terms.cast(terms.text(word), "DECIMAL", DIGITS, VALUE_SCALE)
            case Kind.DATE:
                return terms.cast(terms.text(word), "DATE")
            case _:
                return terms.text(word)

    def _boolean(self, value: Sql, stored: Stored) -> Sql:
        if stored is Stored.BOOLEAN:
            return value
        if stored in NUMBERS:
            pairs = [(terms.equal(value.copy(), terms.number(digit)), terms.boolean(bool(digit))) for digit in (1, 0)]
            return terms.case(pairs)
        words = (("true", "1"), ("false", "0"))
        plain = self._plain(value, stored)
        return terms.case([
            (terms.one_of(plain.copy(), [terms.text(word) for word in options]), terms.boolean(options is words[0])) for options in words
        ])  # fmt: skip

    def _on_day(self, value: Sql, stored: Stored) -> Sql:
        if stored is Stored.ZONED:
            value = exp.AtTimeZone(this=value, zone=terms.text(self.time_zone))
        return value if stored is Stored.DATE else terms.cast(value, "DATE")

    def _later(self, day: Sql, days: Sql) -> Sql:
        """A day and a number of days; missing outside the years 1 to 9999."""
        return days_later(self.dialect, day, days)

    def _day(self, value: Sql, stored: Stored, format: str | None) -> Sql:
        if stored in DAYS:
            day = self._on_day(value, stored)
            return in_calendar(day)
        if stored in (Stored.FLOAT, Stored.BOOLEAN) or (stored in NUMBERS and format is None):
            return terms.cast(terms.null(), "DATE")
        if stored is Stored.DECIMAL:
            value = self.whole(value, stored)
        plain = self._plain(value, stored)
        if format is None:
            return self._dated(plain, ISO, {"Y": 1, "m": 2, "d": 3})
        if format == JULIAN:
            padded = terms.case(
                [
                    (
                        terms.binary(exp.LT, terms.function("LENGTH", plain), terms.number(6)),
                        terms.function("LPAD", plain.copy(), terms.number(6), terms.text("0")),
                    )
                ],
                plain.copy(),
            )
            return self._dated(padded, "^([0-9])([0-9]{2})([0-9]{3})$", {"C": 1, "y": 2, "j": 3})
        pattern, groups, width = _pattern(format)
        if stored in NUMBERS and width is not None:
            short = terms.binary(exp.LT, terms.function("LENGTH", plain), terms.number(width))
            plain = terms.case([(short, terms.function("LPAD", plain.copy(), terms.number(width), terms.text("0")))], plain.copy())
        if "b" in groups or "B" in groups:
            plain = terms.function("LOWER", plain)
        return self._dated(plain, pattern, groups)

    def _dated(self, plain: Sql, pattern: str, groups: dict[str, int]) -> Sql:
        """The date of a text's parts: only where the parts make one is it made."""

        def part(code: str) -> Sql:
            return terms.cast(self.dialect.captured(plain.copy(), pattern, groups[code]), "INT")

        fits = self.dialect.fits(plain.copy(), pattern)
        if "C" in groups:
            century = terms.binary(exp.Add, terms.binary(exp.Mul, part("C"), terms.number(100)), terms.number(1900))
            year = terms.binary(exp.Add, century, part("y"))
        elif "Y" in groups:
            year = part("Y")
        else:
            short = part("y")
            since = terms.case([(terms.binary(exp.LT, short.copy(), terms.number(69)), terms.number(2000))], terms.number(1900))
            year = terms.binary(exp.Add, since, short)
        leap = _leap(year)
        if "j" in groups:
            number = part("j")
            last = terms.case([(leap, terms.number(366))], terms.number(365))
            good = [_between(number, terms.number(1), last), _between(year, terms.number(1), terms.number(9999))]
            first = self.dialect.day_of(year.copy(), terms.number(1), terms.number(1))
            day = self.dialect.add_days(first, terms.wrapped(terms.binary(exp.Sub, number.copy(), terms.number(1))))
        else:
            month = self._month(plain, pattern, groups) if "m" not in groups else part("m")
            number = part("d")
            february = terms.case([(leap, terms.number(29))], terms.number(28))
            short_months = terms.one_of(month.copy(), [terms.number(item) for item in (4, 6, 9, 11)])
            last = terms.case([(terms.equal(month.copy(), terms.number(2)), february), (short_months, terms.number(30))], terms.number(31))
            good = [
                _between(month, terms.number(1), terms.number(12)),
                _between(number, terms.number(1), last),
                _between(year, terms.number(1), terms.number(9999)),
            ]
            day = self.dialect.day_of(year.copy(), month.copy(), number.copy())
        # One condition inside the other: the parts are numbers only of a text that fits.
        return terms.case([(fits, terms.case([(terms.all_of(good), day)]))])

    def _month(self, plain: Sql, pattern: str, groups: dict[str, int]) -> Sql:
        code = "b" if "b" in groups else "B"
        word = terms.function("LEFT", self.dialect.captured(plain.copy(), pattern, groups[code]), terms.number(3))
        return terms.case([(terms.equal(word.copy(), terms.text(name)), terms.number(at)) for at, name in enumerate(MONTHS, start=1)])


def _pattern(format: str) -> tuple[str, dict[str, int], int | None]:
    """The regular expression of a format, the group of each code, and how wide it is where every part has its width."""
    parts: list[str] = []
    groups: dict[str, int] = {}
    width: int | None = 0
    named = "%b" in format or "%B" in format  # then the text is read in lower case
    for match in re.finditer(r"%(.)|([^%])", format):
        code, plain = match[1], match[2]
        if code is None or code == "%":
            character = plain or "%"
            parts.append(
                (character.lower() if named else character)
                if character.isalnum()
                else f"[{character}]"
                if character not in "^]\\["
                else f"\\{character}"
            )
            width = None if width is None else width + 1
        else:
            groups[code] = len(groups) + 1
            parts.append(REGEX[code])
            width = None if width is None or code not in WIDTHS else width + WIDTHS[code]
    return f"^{''.join(parts)}$", groups, width


def _leap(year: Sql) -> Sql:
    def divides(number: int) -> Sql:
        return terms.equal(terms.binary(exp.Mod, year.copy(), terms.number(number)), terms.number(0))

    return terms.any_of([terms.all_of([divides(4), terms.negated(divides(100))]), divides(400)])


def _between(value: Sql, low: Sql, high: Sql) -> Sql:
    return exp.Between(this=terms.wrapped(value.copy()), low=low, high=high)


def _number(marker: str) -> Decimal | None:
    try:
        number = Decimal(marker)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**18 else None
