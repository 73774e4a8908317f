"""The tables of a database as its catalogue tells them."""

from __future__ import annotations

from assignrules.databases.base import Session
from assignrules.databases.binding import stored_as
from assignrules.schema.draft import Table

OWN = "assignrules_"


def read_catalogue(session: Session) -> tuple[Table, ...]:
    """The tables of the current schema with their columns in order and their primary keys, without the engine's own."""
    columns = session.fetch(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_catalog = current_database() ORDER BY table_name, ordinal_position"
    )
    keys = session.fetch(
        "SELECT used.table_name, used.column_name FROM information_schema.table_constraints AS known "
        "JOIN information_schema.key_column_usage AS used ON used.constraint_name = known.constraint_name "
        "AND used.table_name = known.table_name AND used.table_schema = known.table_schema "
        "WHERE known.constraint_type = 'PRIMARY KEY' AND known.table_schema = current_schema() "
        "ORDER BY used.table_name, used.ordinal_position"
    )
    found: dict[str, Table] = {}
    for table, column, type in columns:
        if not table.startswith(OWN):
            found.setdefault(table, Table(table, {}, [])).columns[column] = stored_as(type)
    for table, column in keys:
        if table in found and column not in found[table].key:
            found[table].key.append(column)
    return tuple(found.values())
