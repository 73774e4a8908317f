"""Values as a database gives them, as values of ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from assignrules.ir.types import Kind, Money, Type
from assignrules.ir.values import Value


def fetched_value(columns: Iterator[object], type: Type) -> Value:
    """The next value of a row; of money the next two columns, an amount and its currency."""
    value = next(columns)
    currency = next(columns) if type.kind is Kind.MONEY else None
    match value:
        case None:
            return None
        case bool() | str() | date():
            return value
        case int() | Decimal():
            if type.kind is Kind.MONEY:
                return Money(Decimal(value), str(currency))
            return Decimal(value) if type.kind in (Kind.DECIMAL, Kind.PERCENT) else int(value)
        case _:
            raise AssertionError(value)
