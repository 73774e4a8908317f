"""The SQL that reads and writes a target's state, set-based, from the table of planned changes.

All texts are made of names of the schema and of fixed phrases; every value comes from the table.
"""

from __future__ import annotations

from dataclasses import dataclass

from assignrules.apply.mapped_targets import mapped_target_sql
from assignrules.apply.planned import PLANNED, PLANNED_COLUMNS, TargetSQL, json_kind, malformed, read_printed
from assignrules.databases.base import quoted
from assignrules.ir.types import Kind
from assignrules.schema.logical import Shape, Target
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql.dialects import DIALECTS, Dialect

__all__ = ["PLANNED", "PLANNED_COLUMNS", "TargetSQL", "target_sql"]


def target_sql(mapping: SchemaMapping, name: str, dialect: str) -> TargetSQL:
    """The statements of a target of the mapping, in a dialect of ``DIALECTS``."""
    if mapping.physical is not None:
        return mapped_target_sql(mapping, name, dialect)
    target = mapping.schema.targets[name]
    state = _state(mapping, target, DIALECTS[dialect])
    return TargetSQL(
        kind=json_kind(target),
        malformed=malformed(target, state.dialect),
        locks=_locks(target, state) if dialect == "postgres" else (),
        stale=_stale(mapping, target, state),
        count=f"SELECT count(*) FROM {state.table}",
        writes=_writes(target, state),
        wrong=_wrong(target, state),
    )


@dataclass(frozen=True, slots=True)
class _State:
    """Where a target's state is: the table, the column that holds the subject, those of the value (none of a set: its rows are the value).
    ``own``: it is the engine's own table, in which a subject without a value has no row."""

    table: str
    subject: str
    columns: tuple[str, ...]
    own: bool
    dialect: Dialect

    def join(self, target: Target) -> str:
        """The change's row of the state."""
        of_member = "" if target.shape is Shape.VALUE else " AND state.member = change.member"
        return f"{self.table} AS state ON state.{self.subject} = change.subject{of_member}"

    @property
    def current(self) -> tuple[str, ...]:
        """SQL of the value that a change meets; of a set, whether there is a row."""
        return tuple(f"state.{column}" for column in self.columns) or (f"state.{self.subject} IS NOT NULL",)


def _state(mapping: SchemaMapping, target: Target, dialect: Dialect) -> _State:
    place, entity = mapping.targets[target.name], mapping.entities[target.entity]
    table = quoted(place.table)
    if place.column is not None:
        field = entity.fields[place.column]
        columns = (quoted(field.column), *(() if field.currency is None else (quoted(field.currency),)))
        return _State(table, quoted(entity.key), columns, own=False, dialect=dialect)
    columns = () if target.shape is Shape.SET else ("value", "currency") if target.type.kind is Kind.MONEY else ("value",)
    return _State(table, "subject", columns, own=True, dialect=dialect)


def _stale(mapping: SchemaMapping, target: Target, state: _State) -> str:
    entity = mapping.entities[target.entity]
    key = f"existing.{quoted(entity.key)}"
    differs = " OR ".join(
        f"{now} IS DISTINCT FROM {was}"
        for now, was in zip(state.current, read_printed("change.before", target, state.dialect), strict=True)
    )
    value, currency = (*state.current, "NULL")[:2]
    return (
        f"SELECT change.subject, change.member, change.before, {key} IS NOT NULL, {value}, {currency}, count(*) OVER () AS total "
        f"FROM {PLANNED} AS change LEFT JOIN {quoted(entity.table)} AS existing ON {key} = change.subject LEFT JOIN {state.join(target)} "
        f"WHERE change.target = $target AND ({differs} OR {key} IS NULL) ORDER BY change.sequence"
    )


def _locks(target: Target, state: _State) -> tuple[str, ...]:
    """In the engine's own table rows may be added as well: it is closed to other writers. Of another, the rows are, in a fixed order."""
    if state.own:
        return (f"LOCK TABLE {state.table} IN SHARE ROW EXCLUSIVE MODE",)
    rows = f"SELECT 1 FROM {PLANNED} AS change JOIN {state.join(target)} WHERE change.target = $target"
    return (f"SELECT count(*) FROM ({rows} ORDER BY state.{state.subject} FOR NO KEY UPDATE OF state) AS locked",)


def _kept(target: Target) -> str:
    """Whether the planned state is one that has a row in the engine's own table."""
    return "change.after = 'true'" if target.shape is Shape.SET else "change.after IS NOT NULL"


def _writes(target: Target, state: _State) -> tuple[tuple[str, int], ...]:
    after = read_printed("change.after", target, state.dialect)
    planned = f"{PLANNED} AS change WHERE change.target = $target"
    if not state.own:
        sets = ", ".join(f"{column} = {value}" for column, value in zip(state.columns, after, strict=True))
        return ((f"UPDATE {state.table} AS state SET {sets} FROM {planned} AND state.{state.subject} = change.subject", 0),)
    # Deleting and inserting is as fast as updating where no key is kept, and also mends a subject that has two rows.
    table, _, condition = state.join(target).partition(" ON ")
    member = () if target.shape is Shape.VALUE else ("member",)
    names = ", ".join(("subject", *member, *state.columns))
    values = ", ".join(("change.subject", *(f"change.{name}" for name in member), *(after if state.columns else ())))
    return (
        (f"DELETE FROM {table} USING {planned} AND {condition}", -1),
        (f"INSERT INTO {state.table} ({names}) SELECT {values} FROM {planned} AND {_kept(target)} ORDER BY sequence", 1),
    )


def _wrong(target: Target, state: _State) -> str:
    rows = f"count(state.{state.subject})"
    if not state.columns:
        true = "true"
    else:
        pairs = zip(state.current, read_printed("change.after", target, state.dialect), strict=True)
        true = " AND ".join(f"{now} IS NOT DISTINCT FROM {then}" for now, then in pairs)
    if state.own:
        fits = f"{rows} = CASE WHEN {_kept(target)} THEN 1 ELSE 0 END AND bool_and(NOT ({_kept(target)}) OR ({true}))"
    else:
        fits = f"{rows} = 1 AND bool_and({true})"
    return (
        f"SELECT change.subject, change.member FROM {PLANNED} AS change LEFT JOIN {state.join(target)} WHERE change.target = $target "
        f"GROUP BY change.sequence, change.subject, change.member, change.after HAVING NOT ({fits}) ORDER BY change.sequence"
    )
