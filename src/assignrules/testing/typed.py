"""Values as case files and load files write them: text, typed by where it goes."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import assert_never

from assignrules.ir.types import MAX_INTEGER_DIGITS, VALUE_SCALE, Kind, Money, Type
from assignrules.ir.values import Value
from assignrules.syntax.currencies import CURRENCIES

NUMBER = re.compile(r"[+-]?[0-9][0-9_]*(\.[0-9_]+)?", re.ASCII)
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
NO_CHARACTER = re.compile("[\\0\ud800-\udfff]")
Written = str | bool | None


def number(text: str) -> Decimal | None:
    """``1_200.50``; None where it is no number."""
    return Decimal(text.replace("_", "")) if NUMBER.fullmatch(text) else None


def amount(text: str, currency: str) -> Money | None:
    """``1200 EUR``, or a bare number of ``currency``; None where it is neither."""
    figures, _, code = text.strip().partition(" ")
    value, code = number(figures), code.strip() or currency
    return None if value is None or code not in CURRENCIES else Money(value, code)


def day(text: str) -> date | None:
    """``2026-11-22``; None where there is no such day."""
    try:
        return date.fromisoformat(text) if ISO_DATE.fullmatch(text) else None
    except ValueError:
        return None


def typed(written: Written, type: Type, currency: str) -> Value:
    """The value of a scalar as one of a type, None for missing; ``ValueError`` with what would fit where it does not."""
    if written is None:
        return None
    text = ("true" if written else "false") if isinstance(written, bool) else written
    value: Value
    match type.kind:
        case Kind.TEXT:
            if NO_CHARACTER.search(text):
                raise ValueError("a text without NUL characters and halves of surrogate pairs")
            return text
        case Kind.ENUM:
            if text not in type.values:
                raise ValueError("one of " + ", ".join(f"`{word}`" for word in type.values))
            return text
        case Kind.BOOLEAN:
            value = written if isinstance(written, bool) else None
            form = "`true` or `false`"
        case Kind.INTEGER:
            figure = number(text)
            value = int(figure) if figure is not None and figure == int(figure) else None
            form = "a whole number like `60`"
        case Kind.DECIMAL:
            value = number(text)
            form = "a number like `12.5`"
        case Kind.PERCENT:
            figure = number(text.removesuffix("%").rstrip())
            value = figure.scaleb(-2) if figure is not None and text.endswith("%") else figure
            form = "a percentage like `90%` or `0.9`"
        case Kind.MONEY:
            value = amount(text, currency)
            form = "an amount like `1200 EUR`"
        case Kind.DATE | Kind.TIMESTAMP:
            value = day(text)
            form = "a date like `2026-11-22`"
        case Kind.DURATION:
            figure = number(text.removesuffix("s").removesuffix("day").rstrip())
            value = int(figure) if figure is not None and figure == int(figure) else None
            form = "a number of days like `60 days`"
        case _:
            assert_never(type.kind)
    if value is None:
        raise ValueError(form)
    return value


def is_storable(value: Value) -> bool:
    """Whether a number or an amount has no more digits than data may have."""
    figure = value.amount if isinstance(value, Money) else value
    if isinstance(figure, bool) or not isinstance(figure, int | Decimal):
        return True
    places = Decimal(figure).normalize().as_tuple().exponent
    return abs(figure) < 10**MAX_INTEGER_DIGITS and isinstance(places, int) and -places <= VALUE_SCALE


def same(written: Written, value: Value, currency: str) -> bool:
    """Whether a scalar says a value, by the value's own kind: `1200 EUR` is 1200.00 EUR, `90%` is 0.9."""
    if written is None or value is None:
        return written is None and value is None
    if isinstance(value, bool) or isinstance(written, bool):
        return written is value
    match value:
        case Money():
            return amount(written, currency) == value
        case Decimal() | int():
            if written.endswith("%"):
                figure = number(written[:-1].rstrip())
                return figure is not None and figure == Decimal(value) * 100
            return number(written.removesuffix(" days").removesuffix(" day")) == value
        case date():
            return day(written) == value
        case str():
            return written == value
        case _:
            assert_never(value)
