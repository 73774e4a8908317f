"""How values are printed: the same text everywhere (language.md, section 11)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from assignrules.ir.types import Money, Type

Value = str | int | Decimal | Money | date | bool | None
MISSING = "–"


def amount_text(amount: Decimal) -> str:
    """At least two decimals, trailing zeros beyond them dropped: ``1200.00``, ``0.125``."""
    text = f"{amount:f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"


def number_text(number: Decimal | int) -> str:
    """Without trailing zeros: ``7.5``, ``100``."""
    text = f"{number:f}" if isinstance(number, Decimal) else str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text


def printed(value: Value) -> str | int | bool | None:
    """A value as it stands in JSON: money ``"20000.00 EUR"``, dates ISO text, decimals as exact text; booleans, whole numbers and missing
    as they are."""
    match value:
        case Money(amount=amount, currency=currency):
            return f"{amount_text(amount)} {currency}"
        case Decimal():
            return number_text(value)
        case bool() | int() | str() | None:
            return value
        case date():
            return value.isoformat()


def shown(value: Value, type: Type | None = None) -> str:
    """A value as people read it, in a reason text or a table: missing is a dash, truth is ``true``/``false``."""
    text = printed(value)
    if text is None:
        return MISSING
    if isinstance(text, bool):
        return "true" if text else "false"
    return str(text)
