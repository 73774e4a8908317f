"""What each operator of ``ir.operators`` does with values that are all there."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from assignrules.ir.folding import fold, lower, upper
from assignrules.reference.scalars import found, quotient, rounded

# By identifier. Money stands here as its amount. Left out, since they look at missing values, currencies or types:
SPECIAL = frozenset({"coalesce", "convert", "currency", "add_duration"})

OPERATIONS: dict[str, Callable[..., Any]] = {
    "eq": lambda a, b: a == b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "contains": lambda a, b: fold(b) in fold(a),
    "starts_with": lambda a, b: fold(a).startswith(fold(b)),
    "ends_with": lambda a, b: fold(a).endswith(fold(b)),
    "matches": lambda a, b: found(b, a),
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": quotient,
    "negate": lambda a: -a,
    "date_difference": lambda a, b: (a - b).days,
    "start_of_month": lambda a: date(a.year, a.month, 1),
    "start_of_quarter": lambda a: date(a.year, a.month - (a.month - 1) % 3, 1),
    "start_of_year": lambda a: date(a.year, 1, 1),
    "abs": abs,
    "round": lambda a, places=0: rounded(a, int(places)),
    "floor": math.floor,
    "ceil": math.ceil,
    "least": min,
    "greatest": max,
    "lower": lower,
    "upper": upper,
    "trim": lambda a: a.strip(" "),
    "length": len,
    "concat": lambda *texts: "".join(texts),
    "days": lambda a: a,
    "year": lambda a: a.year,
    "month": lambda a: a.month,
    "weekday": lambda a: a.isoweekday(),
    "date": lambda a: a.date() if isinstance(a, datetime) else a,
    "amount": lambda a: a,
}
