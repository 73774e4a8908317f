"""The embedded store: one table per entity with the logical names, the engine's own tables for managed targets, and what it knows of
itself.

No table has a key or an index: the loader refuses repeated keys, the planner checks them again, and a key would make writing several
times slower.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from assignrules.databases.base import Session, quoted
from assignrules.ir.types import Kind, Money
from assignrules.schema.dataset import Dataset, Row, Value
from assignrules.schema.logical import Schema, Shape
from assignrules.schema.mapping import RATES_COLUMNS, SEEN, EntityMapping, SchemaMapping, identity, managed_columns, managed_table
from assignrules.schema.physical import Store

FORMAT = "1"  # of the store; a later version migrates from it
META = "assignrules_meta"
META_COLUMNS: Mapping[str, str] = {"key": "VARCHAR", "value": "VARCHAR"}

COLUMN_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "VARCHAR",
    Kind.ENUM: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.DECIMAL: "DECIMAL(28, 10)",
    Kind.PERCENT: "DECIMAL(28, 10)",
    Kind.MONEY: "DECIMAL(28, 10)",
    Kind.DATE: "DATE",
    Kind.BOOLEAN: "BOOLEAN",
}


def entity_columns(schema: Schema, mapping: EntityMapping) -> dict[str, str]:
    """The columns of an entity's table, with their SQL types: fields, the currencies of money, links."""
    columns: dict[str, str] = {}
    for name, type in schema.entities[mapping.entity].fields.items():
        field = mapping.fields[name]
        columns[field.column] = COLUMN_TYPES[type.kind]
        if field.currency is not None:
            columns[field.currency] = "VARCHAR"
    columns |= dict.fromkeys(mapping.links.values(), "VARCHAR")
    if mapping.customer is not None:
        columns[mapping.customer] = "VARCHAR"
    return columns


def tables(schema: Schema) -> dict[str, dict[str, str]]:
    """Every table of the store that holds data or targets, with its columns and their SQL types."""
    found = {mapping.table: entity_columns(schema, mapping) for mapping in identity(schema).entities.values()}
    for target in schema.targets.values():
        if target.field is None:
            columns = managed_columns(schema, target.name)
            found[managed_table(target.name)] = {name: COLUMN_TYPES[Kind(kind)] for name, kind in columns}
    return found


def declared(session: Session, columns: Mapping[str, str]) -> str:
    """The columns of a table to be made. Texts compare by code point, whatever the database's own order is."""
    text = 'VARCHAR COLLATE "C"' if session.dialect == "postgres" else "VARCHAR"
    return ", ".join(f"{quoted(name)} {text if type == 'VARCHAR' else type}" for name, type in columns.items())


def create_table(session: Session, table: str, columns: Mapping[str, str]) -> None:
    """Makes a table where it is not there yet. Of one that is there nothing is asked: a role may lack the right to make any."""
    if not session.has_table(table):
        session.execute(f"CREATE TABLE IF NOT EXISTS {quoted(table)} ({declared(session, columns)})")


def create_store(session: Session, schema: Schema) -> None:
    """Makes what is not there yet, and a lineage: a random word that no other store has, made once. Existing tables stay as they are."""
    for table, columns in tables(schema).items():
        create_table(session, table, columns)
    _create_meta(session)


def engine_tables(mapping: SchemaMapping) -> dict[str, dict[str, str]]:
    """In a company's own database: the tables of targets that the engine keeps itself, with their columns and their SQL types."""
    assert mapping.physical is not None
    found: dict[str, dict[str, str]] = {}
    for name, place in mapping.targets.items():
        kept = mapping.physical.targets.get(name)
        if kept is not None and kept.store not in (Store.MANAGED, Store.EXPORT):
            continue
        columns = {column: COLUMN_TYPES[Kind(kind)] for column, kind in managed_columns(mapping.schema, name)}
        if kept is not None and kept.store is Store.EXPORT:
            columns[SEEN] = COLUMN_TYPES[Kind.TEXT]
        found[place.table] = columns
    return found


def create_engine_tables(session: Session, mapping: SchemaMapping) -> None:
    """Makes them where they are not there yet, and what the engine knows of itself. Other tables are not touched."""
    for table, columns in engine_tables(mapping).items():
        create_table(session, table, columns)
    _create_meta(session)


def _create_meta(session: Session) -> None:
    create_table(session, META, META_COLUMNS)
    remember(session, "format", FORMAT)
    remember(session, "lineage", secrets.token_hex(16))
    remember(session, "lock", "0")


def lock(session: Session) -> None:
    """Keeps every other writer out until the session ends: two that change the same row cannot both commit, whatever else they write."""
    session.execute(f"UPDATE {META} SET value = CAST(CAST(value AS BIGINT) + 1 AS VARCHAR) WHERE key = 'lock'")


def remember(session: Session, key: str, value: str) -> None:
    """Notes what the store knows of itself, unless it knows it already."""
    known = f"SELECT 1 FROM {META} AS known WHERE known.key = $key"
    session.execute(f"INSERT INTO {META} SELECT $key, $value WHERE NOT EXISTS ({known})", {"key": key, "value": value})


def note_load(session: Session, entity: str, time: datetime) -> None:
    """Notes when an entity's rows came, in place of what was noted before."""
    key = f"loaded {entity}"
    session.execute(f"DELETE FROM {META} WHERE key = $key", {"key": key})
    remember(session, key, time.astimezone(UTC).isoformat(timespec="seconds"))


def loaded_at(session: Session, entity: str) -> datetime | None:
    """When an entity's rows came; None where nothing says so."""
    text = known(session, f"loaded {entity}")
    return None if text is None else datetime.fromisoformat(text)


def known(session: Session, key: str) -> str | None:
    """What the store knows of itself under a key; None also where there is no store."""
    if not session.has_table(META):
        return None
    rows = session.fetch(f"SELECT value FROM {META} WHERE key = $key", {"key": key})
    return str(rows[0][0]) if rows else None


def lineage(session: Session) -> str | None:
    """The store's lineage; None where there is no store."""
    return known(session, "lineage")


def fill(session: Session, schema: Schema, dataset: Dataset) -> None:
    """Puts a dataset in place of all rows and target states of an existing store; once in a session, as rows that are not committed yet are
    not seen. Fields that a row does not have are missing."""
    for table in session.filled(list(tables(schema))):
        session.execute(f"DELETE FROM {quoted(table)}")
    fill_empty(session, schema, dataset)


def fill_empty(session: Session, schema: Schema, dataset: Dataset) -> None:
    """The same in a store without rows."""
    mapping = identity(schema)
    for entity, rows in dataset.rows.items():
        if entity == "rates":  # one that lacks a part is none; files to load must have them all
            rows = [row for row in rows if all(row.get(name) is not None for name in RATES_COLUMNS)]
        if rows:
            session.insert(mapping.entities[entity].table, entity_columns(schema, mapping.entities[entity]), _columns(rows))
    all_tables = tables(schema)
    for target, states in dataset.values.items():
        table = managed_table(target)
        if states:
            session.insert(table, all_tables[table], _columns({"subject": key, "value": value} for key, value in states.items()))
    for target, rows in _memberships(schema, dataset).items():
        table = managed_table(target)
        session.insert(table, all_tables[table], _columns(rows))


def _memberships(schema: Schema, dataset: Dataset) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for (target, member), states in dataset.members.items():
        cover = schema.targets[target].shape is Shape.COVER
        for subject, state in states.items():
            if state is not False:
                row: Row = {"subject": subject, "member": member}
                rows.setdefault(target, []).append(row | {"value": state} if cover else row)
    return rows


def _columns(rows: Iterable[Row]) -> dict[str, list[str | None]]:
    """The rows as columns of exact texts, a currency beside each amount."""
    columns: dict[str, list[str | None]] = {}
    count = 0
    for row in rows:
        for name, value in row.items():
            parts = (
                {name: str(value.amount), f"{name}_currency" if name != "value" else "currency": value.currency}
                if isinstance(value, Money)
                else {name: _text(value)}
            )
            for column, text in parts.items():
                columns.setdefault(column, []).extend([None] * (count - len(columns[column])) + [text])
        count += 1
    for texts in columns.values():
        texts.extend([None] * (count - len(texts)))
    return columns


def _text(value: Value) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case Money():
            raise AssertionError("money has two columns")
        case int():
            return str(value)
