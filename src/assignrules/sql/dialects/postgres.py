"""PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from assignrules.ir.folding import tables
from assignrules.resolve.patterns import Piece
from assignrules.schema.calendars import FIRST_DAY
from assignrules.sql import terms
from assignrules.sql.dialects.base import Dialect, spelled
from assignrules.sql.terms import Sql

FORMS = {
    "DECIMAL": r"^[+-]?[0-9]{1,18}(\.[0-9]+)?$",
    "BIGINT": "^[+-]?[0-9]{1,18}$",
    "DATE": "^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
}

UNSIGNED = {"UTINYINT": "SMALLINT", "USMALLINT": "INT", "UMEDIUMINT": "INT", "UINT": "BIGINT", "UBIGINT": "DECIMAL(20, 0)"}


class Postgres(Dialect):
    """PostgreSQL 15 and later. Texts compare under the collation "C"; case and accents go by the package's table, printed as `TRANSLATE`
    over the decomposed text, since the server's own functions follow its locale."""

    name = "postgres"
    aggregates_by_case = False

    def bounded(self, value: Sql, scale: int) -> Sql:
        """The server's own decimals have no bound."""
        return self.decimal(value, scale)

    def whole(self, value: Sql) -> Sql:
        return terms.cast(value, "DECIMAL", 38, 0)

    def whole_quotient(self, dividend: Sql, divisor: Sql) -> Sql:
        return terms.function("DIV", dividend, divisor)

    def short_quotient(self, dividend: Sql, divisor: Sql) -> Sql:
        """`DIV` is of decimals, and many times slower."""
        return exp.Div(this=terms.wrapped(dividend), expression=terms.wrapped(divisor), typed=True)

    def ordered_text(self, value: Sql) -> Sql:
        return exp.Collate(this=terms.wrapped(value), expression=exp.Identifier(this="C", quoted=True))

    def translated(self, tree: Sql) -> Sql:
        """The server has no unsigned numbers, and a name of its own for a date's parts."""

        def fitting(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.DateFromParts):
                return terms.function("MAKE_DATE", *(node.args[part] for part in ("year", "month", "day")))
            if isinstance(node, exp.DataType) and isinstance(node.this, exp.DataType.Type) and node.this.name in UNSIGNED:
                return exp.DataType.build(UNSIGNED[node.this.name])
            return node

        return tree.transform(fitting, copy=False)

    def calendar(self, days: exp.Select) -> exp.Select:
        """As lists in one row: joined, the server guesses thousands of rows for each day, and never ends."""
        day, is_open, number = (terms.column(name, "b") for name in ("day", "open", "number"))
        by_day = exp.Order(expressions=[terms.ordered(day)])
        lists = {"numbers": number, "opens": is_open, "days": day.copy()}
        columns: list[Sql] = []
        for name, value in lists.items():
            listed: Sql = exp.ArrayAgg(this=exp.Order(this=value, expressions=by_day.copy().expressions))
            if name == "days":
                listed = exp.Filter(this=listed, expression=exp.Where(this=is_open.copy()))
            columns.append(terms.alias(listed, name))
        return terms.select(columns, terms.subquery(days, "b"))

    def business_step(self, calendar: str, day: Sql, count: Sql) -> Sql | None:
        def listed(name: str, place: Sql) -> Sql:
            values = terms.scalar(terms.select([terms.column(name)], terms.table(calendar)))
            return exp.Bracket(this=exp.Paren(this=values), expressions=[place], offset=1)

        since = terms.binary(exp.Sub, day.copy(), terms.day(FIRST_DAY))
        start = terms.binary(exp.Add, terms.wrapped(since), terms.number(1))
        back = terms.all_of([terms.binary(exp.LT, count.copy(), terms.number(0)), terms.negated(listed("opens", start))])
        extra = terms.case([(back, terms.number(1))], terms.number(0))
        place = terms.binary(exp.Add, terms.binary(exp.Add, listed("numbers", start.copy()), count.copy()), extra)
        # Outside the calendar there is no day; a place must be a small number, though.
        inside = terms.function("LEAST", terms.function("GREATEST", place, terms.number(0)), terms.number(1_000_000_000))
        there = terms.not_null(place.copy())
        return terms.case([(there, listed("days", terms.cast(inside, "INT")))])

    def matches(self, value: Sql, pattern: Sequence[Piece]) -> Sql:
        return exp.RegexpLike(this=terms.wrapped(value), expression=terms.text(spelled(pattern)))

    def median(self, value: Sql) -> tuple[Sql, Sql]:
        def middle(descending: bool) -> Sql:
            part = terms.function("PERCENTILE_DISC", exp.Literal.number("0.5"))
            order = exp.Order(expressions=[exp.Ordered(this=value.copy(), desc=descending, nulls_first=descending)])
            return exp.WithinGroup(this=part, expression=order)

        return middle(False), middle(True)

    def folded(self, value: Sql) -> Sql:
        decomposed = terms.function("NORMALIZE", value, exp.Var(this="NFD"))
        unmarked = terms.function("TRANSLATE", decomposed, *_marks_away())
        return _translated(unmarked, tables().lower)

    def lower(self, value: Sql) -> Sql:
        return _translated(value, tables().lower)

    def upper(self, value: Sql) -> Sql:
        return _translated(value, tables().upper)

    def json_text(self, value: Sql) -> Sql:
        return terms.cast(terms.function("TO_JSON", terms.cast(value, "VARCHAR")), "VARCHAR")

    def json_line(self, column: str) -> str:
        """The server writes `\\u000b`: the few lines with such a character are put together again from their parts."""
        parts = rf"regexp_matches({column}, '\\(?:u[0-9a-f]{{4}}|.)|[^\\]+', 'g') WITH ORDINALITY AS m(part, place)"
        shown = r"CASE WHEN starts_with(part[1], '\u') THEN '\u' || upper(substr(part[1], 3)) ELSE part[1] END"
        whole = f"SELECT string_agg({shown}, '' ORDER BY place) FROM {parts}"
        return rf"CASE WHEN strpos({column}, '\u00') = 0 THEN {column} ELSE ({whole}) END"

    def tried(self, text: Sql, type: str, *parameters: int) -> Sql:
        """By its form, as the server has no `TRY_CAST`."""
        if type == "BOOLEAN":
            words = ("true", "false")
            return terms.case([(terms.equal(text.copy(), terms.text(word)), terms.boolean(word == "true")) for word in words])
        fits = exp.RegexpLike(this=terms.wrapped(text), expression=terms.text(FORMS[type]))
        if type != "DATE":
            return terms.case([(fits, terms.cast(text.copy(), type, *parameters))])
        year, month, day = (
            terms.cast(terms.function("SUBSTR", text.copy(), terms.number(start), terms.number(length)), "INT")
            for start, length in ((1, 4), (6, 2), (9, 2))
        )
        first = terms.function("MAKE_DATE", year, month, terms.number(1))
        found = terms.binary(exp.Add, first, terms.wrapped(terms.binary(exp.Sub, day, terms.number(1))))
        # The 31st of February is some day in March, which prints otherwise.
        same = terms.equal(terms.cast(terms.wrapped(found), "VARCHAR"), text.copy())
        return terms.case([(fits, terms.case([(same, found.copy())]))])

    def fits(self, value: Sql, pattern: str) -> Sql:
        return exp.RegexpLike(this=terms.wrapped(value), expression=terms.text(pattern))

    def captured(self, value: Sql, pattern: str, group: int) -> Sql:
        caught = terms.function("REGEXP_MATCH", value, terms.text(pattern))
        return exp.Bracket(this=exp.Paren(this=caught), expressions=[terms.number(group)], offset=1)

    def stored_type(self, value: Sql) -> Sql:
        return terms.cast(terms.function("PG_TYPEOF", value), "TEXT")


def _marks_away() -> tuple[Sql, Sql]:
    marks = "".join(chr(code) for code, folded in sorted(tables().fold.items()) if folded == "")
    return terms.text(marks), terms.text("")


def _translated(value: Sql, table: object) -> Sql:
    assert isinstance(table, dict)
    pairs = sorted(table.items())
    return terms.function(
        "TRANSLATE", value, terms.text("".join(chr(code) for code, _ in pairs)), terms.text("".join(target for _, target in pairs))
    )


class Printed(Postgres):
    """Any other dialect that the generator prints: PostgreSQL's meaning in its words, for reading. It is never run."""

    aggregates_by_case = True

    def __init__(self, name: str) -> None:
        self.name = name
