"""Planned changes as rows of a temporary table: their form, and how the values that they print are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from sqlglot import exp

from assignrules.ir.types import VALUE_SCALE, Kind
from assignrules.schema.logical import Shape, Target
from assignrules.sql.dialects import Dialect
from assignrules.sql.journal import DIGITS

PLANNED = "assignrules_planned"  # the temporary table of the changes
PLANNED_COLUMNS = {
    "subject": "VARCHAR",
    "label": "VARCHAR",
    "target": "VARCHAR",
    "member": "VARCHAR",
    "before": "VARCHAR",
    "after": "VARCHAR",
    "action": "VARCHAR",
    "rule": "VARCHAR",
    "line": "VARCHAR",
    "at": "VARCHAR",
    "because": "VARCHAR",
    "manual": "BOOLEAN",
}
WORDS = {Shape.VALUE: ("set", "change", "clear"), Shape.COVER: ("grant", "amend", "withdraw")}


@dataclass(frozen=True, slots=True)
class TargetSQL:
    """The statements of one target. Each binds ``$target``, but ``count``.

    ``locks``: what keeps the rows that the changes meet as they are, where the database does not lock out other writers altogether.
    ``malformed``: a condition on a planned change, true where it cannot be one of this target. ``stale``: the rows that are no longer as
    the plan found them: subject, member, before, whether the subject exists, the current value and its currency. ``count``: how many rows
    the state has. ``writes``: what to run, with the sign that its count has in the state's size. ``wrong``: the changes that did not come
    true. ``unwritable``: what cannot be written, each a code, a message, and a query of the subjects and what was planned.
    """

    kind: str
    malformed: str
    locks: tuple[str, ...]
    stale: str
    count: str
    writes: tuple[tuple[str, int], ...]
    wrong: str
    unwritable: tuple[tuple[str, str, str], ...] = ()


def read_printed(text: str, target: Target, dialect: Dialect) -> tuple[str, ...]:
    """SQL that reads a printed value: the value's columns; missing where it is none, as the database may read rows of other targets
    first."""

    def read(text: str, type: str, *parameters: int) -> str:
        return dialect.tried(exp.Var(this=text), type, *parameters).sql(dialect=dialect.name)

    match target.type.kind:
        case Kind.MONEY:
            amount, currency = (f"split_part({text}, ' ', {place})" for place in (1, 2))
            return read(amount, "DECIMAL", DIGITS, VALUE_SCALE), f"nullif({currency}, '')"
        case Kind.DECIMAL | Kind.PERCENT:
            return (read(text, "DECIMAL", DIGITS, VALUE_SCALE),)
        case Kind.INTEGER | Kind.DURATION:
            return (read(text, "BIGINT"),)
        case Kind.BOOLEAN:
            return (read(text, "BOOLEAN"),)
        case Kind.DATE | Kind.TIMESTAMP:
            return (read(text, "DATE"),)
        case Kind.TEXT | Kind.ENUM:
            return (text,)
        case kind:
            assert_never(kind)


def malformed(target: Target, dialect: Dialect) -> str:
    """A condition on a planned change: it cannot be one of the target."""
    member = "member IS NOT NULL" if target.shape is Shape.VALUE else "member IS NULL"
    if target.shape is Shape.SET:
        action = "CASE WHEN before = 'false' AND after = 'true' THEN 'add' WHEN before = 'true' AND after = 'false' THEN 'remove' END"
    else:
        first, second, third = WORDS[target.shape]
        action = f"CASE WHEN before IS NULL THEN '{first}' WHEN after IS NULL THEN '{third}' ELSE '{second}' END"
    unread = [f"({side} IS NOT NULL AND {part} IS NULL)" for side in ("before", "after") for part in read_printed(side, target, dialect)]
    return " OR ".join((member, f"action IS DISTINCT FROM {action}", "before IS NOT DISTINCT FROM after", *unread))


def json_kind(target: Target) -> str:
    """What a printed value of the target is in JSON."""
    match target.type.kind:
        case Kind.BOOLEAN:
            return "boolean"
        case Kind.INTEGER:
            return "integer"
        case _:
            return "text"
