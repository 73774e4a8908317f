"""A small proof that two blocks never look at the same subject on the same day.

It compares the conditions that must hold in each `where`, one by one: opposite conditions, and bounds or constants for the same value that
exclude each other. What it cannot prove may still be true; it never proves what is false.
"""

from __future__ import annotations

from collections.abc import Iterator

from assignrules.check.ranges import tested_value, value_and_constants, value_and_range
from assignrules.ir.expressions import And, Expression, IsMissing, Not
from assignrules.ir.ruleset import Assignment


def disjoint(first: Assignment, second: Assignment) -> bool:
    """Whether the blocks provably never meet, by their days or by their `where`."""
    if _before(first, second) or _before(second, first):
        return True
    if first.where is None or second.where is None:
        return False
    ours, theirs = list(_conjuncts(first.where)), list(_conjuncts(second.where))
    return any(exclude(one, other) for one in ours for other in theirs)


def _before(first: Assignment, second: Assignment) -> bool:
    return first.until is not None and second.from_ is not None and first.until < second.from_


def _conjuncts(condition: Expression) -> Iterator[Expression]:
    if isinstance(condition, And):
        for part in condition.operands:
            yield from _conjuncts(part)
    else:
        yield condition


def exclude(one: Expression, other: Expression) -> bool:
    """Whether two conditions, none of them an `and`, provably never hold together."""
    if one == Not(other) or other == Not(one):
        return True
    for positive, negative in ((one, other), (other, one)):
        if isinstance(negative, IsMissing) and tested_value(positive) == negative.operand:
            return True
    ours, theirs = value_and_constants(one), value_and_constants(other)
    if ours is not None and theirs is not None and ours[0] == theirs[0]:
        return not ours[1] & theirs[1]
    here, there = value_and_range(one), value_and_range(other)
    return here is not None and there is not None and here[0] == there[0] and here[1].excludes(there[1])
