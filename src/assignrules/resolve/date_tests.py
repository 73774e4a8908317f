"""The tests of dates against today: from the syntax tree to typed IR."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from assignrules.ir.expressions import And, Expression, Literal, Operation, Today
from assignrules.ir.types import BOOLEAN, DATE, MONTHS, Kind
from assignrules.syntax import tree

if TYPE_CHECKING:
    from assignrules.resolve.lower import Lowering

MONTHS_OF = {tree.Period.MONTH: 1, tree.Period.QUARTER: 3, tree.Period.YEAR: 12}


def in_duration(lowering: Lowering, node: tree.InDuration) -> Expression | None:
    """`in last D`, `in next D` and `older than D`."""
    match node.duration:
        case tree.Path(names=(tree.Name(text="month" | "quarter" | "year" as word, span=span),)) if word not in lowering.names.known(
            lowering.entity
        ):
            help = f"write `in previous {word}` or `in current {word}`, or a duration, as in `{node.test.value} 30 days`"
            lowering.report("E0201", f"unknown name `{word}`", span, help=help)
            return None
    day, counted = lowering.date(node.operand, node.test.value), lowering.length(node.duration)
    if day is None or counted is None:
        return None
    length, named = counted.value, () if counted.calendar is None else (counted.calendar,)
    if length.type.kind is not Kind.DURATION:
        lowering.report(
            "E0302",
            f"`{node.test.value}` needs a duration, and this is of type {length.type}",
            node.duration.span,
            help="as in `60 days`",
        )
        return None
    past = Operation("add_duration", (Today(), _opposite(length), *named), DATE)
    match node.test:
        case tree.DateTest.IN_LAST:
            return And((Operation("ge", (day, past), BOOLEAN), Operation("le", (day, Today()), BOOLEAN)))
        case tree.DateTest.IN_NEXT:
            future = Operation("add_duration", (Today(), length, *named), DATE)
            return And((Operation("ge", (day, Today()), BOOLEAN), Operation("le", (day, future), BOOLEAN)))
        case tree.DateTest.OLDER_THAN:
            return Operation("lt", (day, past), BOOLEAN)
        case _:
            assert_never(node.test)


def in_period(lowering: Lowering, node: tree.InPeriod) -> Expression | None:
    """`in previous month`, `in current quarter`, …"""
    day = lowering.date(node.operand, "in previous" if node.previous else "in current")
    if day is None:
        return None
    start: Expression = Operation(f"start_of_{node.period.value}", (Today(),), DATE)
    length = MONTHS_OF[node.period]
    end: Expression = Operation("add_duration", (start, Literal(length, MONTHS)), DATE)
    if node.previous:
        start, end = Operation("add_duration", (start, Literal(-length, MONTHS)), DATE), start
    return And((Operation("ge", (day, start), BOOLEAN), Operation("lt", (day, end), BOOLEAN)))


def _opposite(length: Expression) -> Expression:
    if isinstance(length, Literal) and isinstance(length.value, int):
        return Literal(-length.value, length.type)
    return Operation("negate", (length,), length.type)
