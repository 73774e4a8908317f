"""The types of the language (language.md, section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

MAX_INTEGER_DIGITS = 18  # before the point
MAX_SCALE = 20  # after the point, of an intermediate result: 18 + 20 = 38 digits
VALUE_SCALE = 10  # after the point, of a stored value, a quotient, an average or a conversion


class Kind(Enum):
    """The kinds of value; the name is the word of the language."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    PERCENT = "percent"
    MONEY = "money"
    DATE = "date"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    BOOLEAN = "boolean"
    ENUM = "enum"


NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.PERCENT})
TEXTS = frozenset({Kind.TEXT, Kind.ENUM})


@dataclass(frozen=True, slots=True)
class Type:
    """A kind with what else decides the value's form.

    ``scale``: for numbers and money, how many digits may stand after the point. ``values``: of an enum, its words.
    ``months``: a duration that counts months (``6 months``, ``1 year``), ``business``: one that counts business days; these may only be
    added to a date. The others count days.
    """

    kind: Kind
    scale: int = 0
    values: tuple[str, ...] = ()
    months: bool = False
    business: bool = False

    def __str__(self) -> str:
        return self.kind.value

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS

    @property
    def is_plain_duration(self) -> bool:
        """A duration of a fixed number of days."""
        return self.kind is Kind.DURATION and not self.months and not self.business

    @property
    def is_text(self) -> bool:
        """Text or an enum: the two compare with each other."""
        return self.kind in TEXTS


TEXT = Type(Kind.TEXT)
INTEGER = Type(Kind.INTEGER)
DECIMAL = Type(Kind.DECIMAL, VALUE_SCALE)
PERCENT = Type(Kind.PERCENT, VALUE_SCALE)
MONEY = Type(Kind.MONEY, VALUE_SCALE)
DATE = Type(Kind.DATE)
TIMESTAMP = Type(Kind.TIMESTAMP)
DAYS = Type(Kind.DURATION)
MONTHS = Type(Kind.DURATION, months=True)
BUSINESS_DAYS = Type(Kind.DURATION, business=True)
BOOLEAN = Type(Kind.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its ISO 4217 currency."""

    amount: Decimal
    currency: str
