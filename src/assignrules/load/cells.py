"""What a cell must look like, by the type of its field: checked and read by the database, explained here.

No form is guessed: ``1,200.50`` and ``12/03/2026`` are rejected, as half the world reads them otherwise. Of a field that is not text,
blanks around the value are dropped, and an empty cell is missing even in quotes; booleans are true/false, yes/no, 1/0 in any case of
letters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assignrules.databases.base import quoted
from assignrules.databases.embedded import COLUMN_TYPES
from assignrules.ir.types import MAX_INTEGER_DIGITS, VALUE_SCALE, Kind, Type
from assignrules.load.workbooks import ERROR, NOT_CALCULATED, NUL

WHOLE = rf"[+-]?0*[0-9]{{1,{MAX_INTEGER_DIGITS}}}"
NUMBER = rf"{WHOLE}(\.[0-9]{{1,{VALUE_SCALE}}}0*)?"
SHARE = rf"{WHOLE}(\.[0-9]{{1,{VALUE_SCALE - 2}}}0*)? ?%"
LOOSE_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?( ?%| [A-Z]{3})?")
TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")

CURRENCY_TABLE = "stage_currencies"  # the ISO 4217 codes, one column `code`
SHOWN = 40  # characters of a rejected value


@dataclass(frozen=True, slots=True)
class Cell:
    """A column of a staged file: texts, and of all but ``text`` columns without blanks around them, empty ones missing. ``bad`` is SQL
    that is true where the cell must be rejected, never missing; ``values`` are the columns of the entity's table that it fills, with the
    SQL that reads them."""

    name: str
    type: Type | None
    bad: str
    values: tuple[tuple[str, str], ...]
    must: bool = False
    text: bool = False

    @property
    def staged(self) -> str:
        """SQL of what the stage holds of the file's column."""
        return quoted(self.name) if self.text else f"nullif(trim({quoted(self.name)}), '')"


def text_cell(name: str, *, must: bool) -> Cell:
    """A link, or a text field: any text but NUL; a key may be neither missing nor empty."""
    column = quoted(name)
    bad = f"contains({column}, chr(0))"
    if must:
        bad = f"({column} IS NULL OR {column} = '' OR {bad})"
    return Cell(name, None, f"coalesce({bad}, false)", ((name, column),), must, text=True)


def currency_cell(name: str, *, must: bool) -> Cell:
    """A field that holds an ISO 4217 code."""
    value = quoted(name)
    bad = f"coalesce({value} NOT IN (SELECT code FROM {CURRENCY_TABLE}), {'true' if must else 'false'})"
    return Cell(name, None, bad, ((name, value),), must)


def money_cell(name: str, currency_column: str, beside: bool) -> Cell:
    """An amount with its code, or a number beside the row's currency (``beside``), else in the currency bound as ``$currency``."""
    value = quoted(name)
    own = f"contains({value}, ' ')"
    amount = f"CASE WHEN {own} THEN split_part({value}, ' ', 1) ELSE {value} END"
    other = quoted("currency") if beside else "$currency"
    currency = f"CASE WHEN {value} IS NOT NULL THEN CASE WHEN {own} THEN split_part({value}, ' ', 2) ELSE {other} END END"
    unknown = f"coalesce({currency} NOT IN (SELECT code FROM {CURRENCY_TABLE}), true)"
    bad = f"({value} IS NOT NULL AND (NOT regexp_full_match({value}, '{NUMBER}( [A-Z]{{3}})?') OR {unknown}))"
    return Cell(name, Type(Kind.MONEY), bad, ((name, f"CAST({amount} AS {COLUMN_TYPES[Kind.MONEY]})"), (currency_column, currency)))


def typed_cell(name: str, type: Type, *, must: bool) -> Cell:
    """A field of any other type."""
    value = quoted(name)
    bad, read = _forms(value, type)
    if must and type.kind is Kind.DECIMAL:
        bad = f"({bad} OR {value} LIKE '-%' OR TRY_CAST({value} AS DOUBLE) = 0)"  # the only one is the rate of a currency
    return Cell(name, type, f"coalesce({bad}, {'true' if must else 'false'})", ((name, read),), must)


def _forms(value: str, type: Type) -> tuple[str, str]:
    match type.kind:
        case Kind.INTEGER:
            return f"NOT regexp_full_match({value}, '{WHOLE}')", f"CAST({value} AS BIGINT)"
        case Kind.DECIMAL:
            return f"NOT regexp_full_match({value}, '{NUMBER}')", f"CAST({value} AS {COLUMN_TYPES[type.kind]})"
        case Kind.PERCENT:
            column = COLUMN_TYPES[type.kind]
            share = f"CAST(CAST(trim(rtrim({value}, '%')) AS {column}) * 0.01 AS {column})"
            bad = f"NOT regexp_full_match({value}, '{NUMBER}') AND NOT regexp_full_match({value}, '{SHARE}')"
            return bad, f"CASE WHEN ends_with({value}, '%') THEN {share} ELSE CAST({value} AS {column}) END"
        case Kind.DATE:
            # It must read as a date that prints as itself: no other form passes, and no year 0 or infinity.
            wrong = f"length({value}) <> 10 OR CAST(TRY_CAST({value} AS DATE) AS VARCHAR) IS DISTINCT FROM {value}"
            return f"CASE WHEN {value} IS NOT NULL THEN {wrong} END", f"CAST({value} AS DATE)"
        case Kind.BOOLEAN:
            words = ", ".join(f"'{word}'" for word in (*TRUE, *FALSE))
            true = ", ".join(f"'{word}'" for word in TRUE)
            return f"lower({value}) NOT IN ({words})", f"lower({value}) IN ({true})"
        case Kind.ENUM:
            words = ", ".join("'" + word.replace("'", "''") + "'" for word in type.values)
            return f"{value} NOT IN ({words})", value
        case Kind.TEXT | Kind.MONEY | Kind.TIMESTAMP | Kind.DURATION:
            raise AssertionError(f"not a typed cell: {type}")


def why_rejected(cell: Cell, value: str | None, row_currency: str | None) -> str:
    """What is wrong with a rejected cell."""
    if value is None or not value.strip():
        return f"`{cell.name}` is missing"
    if value.startswith(ERROR):
        return f"`{cell.name}` is `{value.removeprefix(NUL)}`, an error of the spreadsheet"
    if value == NOT_CALCULATED:
        return f"`{cell.name}` is a formula without its result: open the workbook in a spreadsheet program, and save it"
    if NUL in value:
        return f"`{cell.name}` holds a NUL character"
    shown = value if len(value) <= SHOWN else value[:SHOWN] + "…"
    start = f"`{cell.name}` is `{shown}`, which "
    if cell.type is None:
        return start + "is no ISO 4217 currency code"
    match cell.type.kind:
        case Kind.MONEY:
            amount, _, code = value.strip().partition(" ")
            if re.fullmatch(NUMBER, amount) and re.fullmatch("[A-Z]{3}|", code):
                if code:
                    return start + f"names no ISO 4217 currency (`{code}`)"
                if not row_currency:
                    return start + "has no currency: neither its own nor one in the column `currency`"
                return start + f"stands beside no ISO 4217 currency (`{row_currency}`)"
            return start + _number_fault(value, "is not an amount like `1200.50 EUR` or `1200.50`")
        case Kind.INTEGER:
            return start + _number_fault(value, "is not a whole number", whole=True)
        case Kind.DECIMAL if cell.must and re.fullmatch(NUMBER, value.strip()):
            return start + "is not above zero"
        case Kind.DECIMAL:
            return start + _number_fault(value, "is not a number like `1200.5`")
        case Kind.PERCENT:
            return start + _number_fault(value, "is not a share like `90%` or `0.9`")
        case Kind.DATE:
            return start + "is not a date like `2026-11-22`"
        case Kind.BOOLEAN:
            return start + "is not one of true, false, yes, no, 1, 0"
        case Kind.ENUM:
            return start + "is not one of " + ", ".join(cell.type.values)
        case Kind.TEXT | Kind.TIMESTAMP | Kind.DURATION:
            raise AssertionError(f"never rejected: {cell.type}")


def _number_fault(value: str, otherwise: str, *, whole: bool = False) -> str:
    text = value.strip()
    if not LOOSE_NUMBER.fullmatch(text) or (whole and not text.lstrip("+-").isdigit()):
        return otherwise
    return f"has more than {MAX_INTEGER_DIGITS} digits before or {VALUE_SCALE} after the point"
