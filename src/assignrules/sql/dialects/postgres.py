"""PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from assignrules.ir.folding import tables
from assignrules.resolve.patterns import Piece
from assignrules.sql import terms
from assignrules.sql.dialects.base import Dialect, spelled
from assignrules.sql.terms import Sql


class Postgres(Dialect):
    """PostgreSQL 15 and later. Texts compare under the collation "C"; case and accents go by the package's table, printed as `TRANSLATE`
    over the decomposed text, since the server's own functions follow its locale."""

    name = "postgres"
    aggregates_by_case = False

    def whole(self, value: Sql) -> Sql:
        return terms.cast(value, "DECIMAL", 38, 0)

    def whole_quotient(self, dividend: Sql, divisor: Sql) -> Sql:
        return terms.function("DIV", dividend, divisor)

    def ordered_text(self, value: Sql) -> Sql:
        return exp.Collate(this=terms.wrapped(value), expression=exp.Identifier(this="C", quoted=True))

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
        return terms.cast(terms.function("TO_JSON", value), "VARCHAR")

    def settings(self) -> tuple[str, ...]:
        return ("SET LOCAL jit = off", "SET LOCAL enable_hashagg = off", "SET LOCAL TIME ZONE 'UTC'")


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

    def settings(self) -> tuple[str, ...]:
        return ()
