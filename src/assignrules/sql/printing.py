"""Values as texts, in SQL: the same as ``ir.values`` prints (language.md, section 11)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from assignrules.ir.types import Kind, Type
from assignrules.ir.values import MISSING
from assignrules.sql import terms
from assignrules.sql.dialects import Dialect
from assignrules.sql.terms import Sql

CENTS = 2


def joined(parts: Sequence[Sql]) -> Sql:
    """Texts in a row; adjacent constants are one."""
    merged: list[Sql] = []
    for part in parts:
        previous = merged[-1] if merged else None
        if isinstance(part, exp.Literal) and isinstance(previous, exp.Literal) and part.is_string and previous.is_string:
            merged[-1] = terms.text(previous.name + part.name)
        else:
            merged.append(part)
    whole = merged[0]
    for part in merged[1:]:
        whole = exp.DPipe(this=whole, expression=terms.wrapped(part))
    return whole


class Printer:
    """Prints SQL values for one dialect. Currencies are passed as SQL, for money alone."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def json(self, value: Sql, type: Type, currency: Sql | None = None) -> Sql:
        """As JSON; missing is ``null``."""
        match type.kind:
            case Kind.BOOLEAN:
                shown = self._truth(value)
            case Kind.INTEGER | Kind.DURATION:
                shown = terms.cast(value, "VARCHAR")
            case Kind.TEXT | Kind.ENUM:
                shown = self.dialect.json_text(value)
            case _:
                shown = joined([terms.text('"'), self._plain(value, type, currency), terms.text('"')])
        return terms.coalesce(shown, terms.text("null"))

    def shown(self, value: Sql, type: Type, currency: Sql | None = None) -> Sql:
        """As people read it; missing is a dash."""
        shown = self._truth(value) if type.kind is Kind.BOOLEAN else self._plain(value, type, currency)
        return terms.coalesce(shown, terms.text(MISSING))

    def _truth(self, value: Sql) -> Sql:
        return terms.case([(value, terms.text("true")), (terms.negated(value.copy()), terms.text("false"))])

    def _plain(self, value: Sql, type: Type, currency: Sql | None) -> Sql:
        match type.kind:
            case Kind.MONEY:
                assert currency is not None
                digits = terms.cast(self.dialect.decimal(value, max(type.scale, CENTS)), "VARCHAR")
                amount = terms.function("REGEXP_REPLACE", digits, terms.text(r"(\.\d\d\d*?)0+$"), terms.text(r"\1"))
                return joined([amount, terms.text(" "), currency])
            case Kind.DECIMAL | Kind.PERCENT if type.scale:
                digits = terms.cast(self.dialect.decimal(value, type.scale), "VARCHAR")
                shorter = terms.function("REGEXP_REPLACE", digits, terms.text(r"(\.\d*?)0+$"), terms.text(r"\1"))
                return terms.function("REGEXP_REPLACE", shorter, terms.text(r"\.$"), terms.text(""))
            case Kind.DECIMAL | Kind.PERCENT | Kind.INTEGER | Kind.DURATION:
                return terms.cast(self.dialect.decimal(value, 0), "VARCHAR")
            case Kind.TEXT | Kind.ENUM:
                return value
            case _:
                return terms.cast(value, "VARCHAR")
