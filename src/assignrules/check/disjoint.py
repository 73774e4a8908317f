"""A small proof that two blocks never look at the same subject on the same day.

It compares the conditions that must hold in each `where`, one by one: opposite conditions, and bounds or constants for the same value that
exclude each other. What it cannot prove may still be true; it never proves what is false.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from assignrules.ir.expressions import And, Expression, InList, IsMissing, Literal, Not, Operation, Truth
from assignrules.ir.ruleset import Assignment
from assignrules.ir.types import Money

Bound = int | Decimal | date | str
Range = tuple[Bound | None, bool, Bound | None, bool]  # from, inclusive, to, inclusive


def disjoint(first: Assignment, second: Assignment) -> bool:
    """Whether the blocks provably never meet, by their days or by their `where`."""
    if _before(first, second) or _before(second, first):
        return True
    if first.where is None or second.where is None:
        return False
    ours, theirs = list(_conjuncts(first.where)), list(_conjuncts(second.where))
    return any(_exclude(one, other) for one in ours for other in theirs)


def _before(first: Assignment, second: Assignment) -> bool:
    return first.until is not None and second.from_ is not None and first.until < second.from_


def _conjuncts(condition: Expression) -> Iterator[Expression]:
    if isinstance(condition, And):
        for part in condition.operands:
            yield from _conjuncts(part)
    else:
        yield condition


def _exclude(one: Expression, other: Expression) -> bool:
    if one == Not(other) or other == Not(one):
        return True
    for positive, negative in ((one, other), (other, one)):
        if isinstance(negative, IsMissing) and _tested(positive) == negative.operand:
            return True
    ours, theirs = _constants(one), _constants(other)
    if ours is not None and theirs is not None and ours[0] == theirs[0]:
        return not ours[1] & theirs[1]
    return _ranges_exclude(_range(one), _range(other))


def _tested(condition: Expression) -> Expression | None:
    """The value that a condition needs present."""
    match condition:
        case Operation(operator="eq" | "lt" | "le" | "gt" | "ge", arguments=(value, Literal())):
            return value
        case InList(operand=value) | Truth(operand=value):
            return value
        case _:
            return None


def _constants(condition: Expression) -> tuple[Expression, frozenset[object]] | None:
    """A value with the constants that it must be one of."""
    match condition:
        case Operation(operator="eq", arguments=(value, Literal(value=constant))) if constant is not None:
            return value, frozenset({constant})
        case InList(operand=value, items=items):
            return value, frozenset(item.value for item in items)
        case _:
            return None


def _range(condition: Expression) -> tuple[Expression, str, Range] | None:
    """A value with the range that it must lie in, and the currency of the range's money."""
    match condition:
        case Operation(operator=operator, arguments=(value, Literal(value=constant))) if operator in ("eq", "lt", "le", "gt", "ge"):
            currency = ""
            if isinstance(constant, Money):
                currency, constant = constant.currency, constant.amount
            if constant is None or isinstance(constant, bool):
                return None
            bounds: dict[str, Range] = {
                "eq": (constant, True, constant, True),
                "lt": (None, False, constant, False),
                "le": (None, False, constant, True),
                "gt": (constant, False, None, False),
                "ge": (constant, True, None, False),
            }
            return value, currency, bounds[operator]
        case _:
            return None


def _ranges_exclude(one: tuple[Expression, str, Range] | None, other: tuple[Expression, str, Range] | None) -> bool:
    if one is None or other is None or one[:2] != other[:2]:
        return False
    return _ends_before(one[2], other[2]) or _ends_before(other[2], one[2])


def _ends_before(one: Range, other: Range) -> bool:
    end, end_in = one[2], one[3]
    start, start_in = other[0], other[1]
    if end is None or start is None or isinstance(end, str) != isinstance(start, str) or isinstance(end, date) != isinstance(start, date):
        return False
    return bool(end < start or (end == start and not (end_in and start_in)))  # type: ignore[operator]  # of one kind, by the line above
