"""DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlglot import exp

from assignrules.resolve.patterns import Piece
from assignrules.sql import terms
from assignrules.sql.dialects.base import Dialect, spelled
from assignrules.sql.terms import Sql

HANGUL = "[\uac00-\ud7a3]"


class DuckDB(Dialect):
    """DuckDB 2. Its text compares by code point; its decimals are exact but for `/` and `avg`, which are never used; its `lower` and
    `strip_accents` equal the package's table (tests/sql/test_folding.py reads the whole table), but for Korean syllables, which it leaves
    whole, and for `upper` of ß."""

    name = "duckdb"
    joins_as_of = True

    def extreme(self, name: str, values: Sequence[Sql]) -> Sql:
        """By a list: DuckDB 2.0 takes the columns' names for named arguments of `GREATEST`, and fails on two of one name where it copies a
        plan."""
        listed = exp.Array(expressions=list(values))
        return terms.function("LIST_MIN" if name == "least" else "LIST_MAX", listed)

    def whole(self, value: Sql) -> Sql:
        return terms.cast(value, "INT128")

    def units(self, value: Sql) -> Sql:
        """By its digits: a product keeps the ten places and has room for 18 digits before them only."""
        return self.whole(terms.function("REPLACE", terms.cast(value, "VARCHAR"), terms.text("."), terms.text("")))

    def whole_quotient(self, dividend: Sql, divisor: Sql) -> Sql:
        return exp.IntDiv(this=terms.wrapped(dividend), expression=terms.wrapped(divisor))

    def all_days(self, first: date, last: date) -> exp.Select:
        """By numbers: a series of days is made as one list of times, which takes ten times as long."""
        name = exp.TableAlias(this=terms.identifier("r"), columns=[terms.identifier("n")])
        numbers = exp.Table(this=terms.function("RANGE", terms.number((last - first).days + 1)), alias=name)
        day = terms.binary(exp.Add, terms.day(first), terms.cast(terms.column("n", "r"), "INT"))
        return terms.select([terms.alias(day, "day")], numbers)

    def matches(self, value: Sql, pattern: Sequence[Piece]) -> Sql:
        return terms.function("REGEXP_MATCHES", value, terms.text(spelled(pattern)))

    def median(self, value: Sql) -> tuple[Sql, Sql]:
        half = exp.Literal.number("0.5")
        low = terms.function("QUANTILE_DISC", value, half)
        high = exp.Neg(this=terms.function("QUANTILE_DISC", exp.Neg(this=terms.wrapped(value.copy())), half.copy()))
        return low, high

    def folded(self, value: Sql) -> Sql:
        """``value`` is printed twice, and a third time inside the Korean branch."""
        plain = terms.function("LOWER", terms.function("STRIP_ACCENTS", value))
        has_syllables = terms.function("REGEXP_MATCHES", plain, terms.text(HANGUL))
        letter = terms.column("c")
        index = terms.binary(exp.Sub, terms.function("ORD", letter), terms.number(0xAC00))
        leading = terms.function(
            "CHR", terms.cast(terms.binary(exp.Add, terms.number(0x1100), self.whole_quotient(index, terms.number(588))), "INT")
        )
        rest = terms.binary(exp.Mod, index, terms.number(588))
        vowel = terms.function(
            "CHR", terms.cast(terms.binary(exp.Add, terms.number(0x1161), self.whole_quotient(rest, terms.number(28))), "INT")
        )
        last = terms.binary(exp.Mod, index, terms.number(28))
        trailing = terms.case(
            [(terms.equal(last, terms.number(0)), terms.text(""))],
            terms.function("CHR", terms.cast(terms.binary(exp.Add, terms.number(0x11A7), last), "INT")),
        )
        syllable = exp.Between(this=letter, low=terms.text("\uac00"), high=terms.text("\ud7a3"))
        parts = terms.case([(syllable, terms.function("CONCAT", leading, vowel, trailing))], letter)
        spread = exp.Lambda(this=parts, expressions=[terms.identifier("c")])
        letters = terms.function("STRING_SPLIT", plain, terms.text(""))
        apart = terms.function("ARRAY_TO_STRING", terms.function("LIST_TRANSFORM", letters, spread), terms.text(""))
        return terms.case([(has_syllables, apart)], plain)

    def lower(self, value: Sql) -> Sql:
        return terms.function("LOWER", value)

    def upper(self, value: Sql) -> Sql:
        """DuckDB makes ẞ of ß, which the table keeps: the pieces between are changed."""
        piece = exp.Lambda(this=terms.function("UPPER", terms.column("c")), expressions=[terms.identifier("c")])
        pieces = terms.function("LIST_TRANSFORM", terms.function("STRING_SPLIT", value, terms.text("ß")), piece)
        return terms.function("ARRAY_TO_STRING", pieces, terms.text("ß"))

    def json_text(self, value: Sql) -> Sql:
        return terms.cast(terms.function("TO_JSON", value), "VARCHAR")
