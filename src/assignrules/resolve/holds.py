"""`hold`: an `except` that every block of an entity has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from assignrules.diagnostics import Diagnostic, Related, diagnostic
from assignrules.ir.expressions import Or
from assignrules.ir.ruleset import Assignment, Hold
from assignrules.resolve.lower import Definitions, Lowering
from assignrules.resolve.names import Names, entity_of
from assignrules.syntax import tree


def resolve_holds(
    statements: Iterable[tree.Statement], names: Names, definitions: Definitions, problems: list[Diagnostic]
) -> tuple[Hold, ...]:
    """By name; a name given twice is reported."""
    found: dict[str, Hold] = {}
    for statement in statements:
        if not isinstance(statement, tree.Hold):
            continue
        name = statement.name.value
        if name in found:
            related = [Related(found[name].span, "first given here")]
            problems.append(diagnostic("E0204", f'hold "{name}" is given twice', statement.name.span, related=related))
        entity = entity_of(names.schema, statement.entity, problems)
        if entity is None:
            continue
        condition = Lowering(names, definitions, entity.name, problems).condition(statement.where)
        if condition is not None:
            found[name] = Hold(name, entity.name, condition, statement.span)
    return tuple(found[name] for name in sorted(found))


def with_holds(block: Assignment, holds: Iterable[Hold]) -> Assignment:
    """The block with the conditions of its entity's holds beside its own `except`."""
    held = [hold.condition for hold in holds if hold.entity == block.entity]
    if block.except_ is not None:
        held.insert(0, block.except_)
    return replace(block, except_=None if not held else held[0] if len(held) == 1 else Or(tuple(held)))
