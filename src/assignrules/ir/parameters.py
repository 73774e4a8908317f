"""How the value of a parameter is printed."""

from __future__ import annotations

from assignrules.ir.changes import Printed
from assignrules.ir.expressions import Literal
from assignrules.ir.types import Kind
from assignrules.ir.values import printed


def printed_parameter(value: Literal) -> Printed:
    """A parameter as it stands in a plan; a duration with its unit."""
    if value.type.kind is Kind.DURATION and isinstance(value.value, int):
        unit = "month" if value.type.months else "business day" if value.type.business else "day"
        return f"{value.value} {unit}" if value.value == 1 else f"{value.value} {unit}s"
    return printed(value.value)
