"""What a plan has decided already: the statements after it read planned states from the tables that it keeps, in place of deciding them
anew from the rules.

Such a table has the rows on which something was found. On one that is not there every state stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assignrules.ir.expressions import And, Branch, Case, Expression, IsMissing, Literal, Memory, MemoryPart, Not, Operation, Truth
from assignrules.ir.types import BOOLEAN, INTEGER, Type
from assignrules.schema.logical import Shape, Target

Unit = tuple[str, str | None]
ROW_KEY = "row_key"  # the column by which a row is found again
CHANGE, HELD = 1, 2  # what is found on a row


@dataclass(frozen=True, slots=True)
class Place:
    """The table of a unit, the number of its columns there, and the type of its planned state (of a cover its amount)."""

    table: str
    number: int
    type: Type


Decided = Mapping[Unit, Place]


def kept_state(place: Place, target: Target, member: str | None, before: Expression) -> Expression:
    """What rules read of a unit's planned state."""
    there = Truth(_memory(target, member, "kept", BOOLEAN))
    planned: Expression = _memory(target, member, "planned", place.type)
    if target.shape is Shape.SET:
        planned = Truth(planned)
    state = Case((Branch(there, planned),), before, place.type)
    return Not(IsMissing(state)) if target.shape is Shape.COVER else state


def kept_change(target: Target, member: str | None, codes: tuple[int, int]) -> Expression:
    """Whether a change is planned that was decided from one code on up to below another."""
    decided = _memory(target, member, "decided", INTEGER)
    found = Operation("eq", (_memory(target, member, "found", INTEGER), Literal(CHANGE, INTEGER)), BOOLEAN)
    low, high = (Literal(code, INTEGER) for code in codes)
    return And((found, Operation("ge", (decided, low), BOOLEAN), Operation("lt", (decided, high), BOOLEAN)))


def _memory(target: Target, member: str | None, part: MemoryPart, type: Type) -> Memory:
    return Memory(target.entity, target.name, member, part, None, type)
