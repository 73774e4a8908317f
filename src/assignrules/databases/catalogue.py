"""The tables of a database as its catalogue tells them."""

from __future__ import annotations

from assignrules.databases.base import Session
from assignrules.databases.binding import stored_as
from assignrules.schema.draft import Table

OWN = "assignrules_"


def read_catalogue(session: Session) -> tuple[Table, ...]:
    """The tables of the current schema with their columns in order and their primary keys, without the engine's own."""
    # On a server the engine has a schema of its own, which comes first once it is there.
    here = "ANY (current_schemas(false))" if session.dialect == "postgres" else "current_schema()"
    columns = session.fetch(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = {here} AND table_catalog = current_database() ORDER BY table_name, ordinal_position"
    )
    keys = session.fetch(
        "SELECT used.table_name, used.column_name FROM information_schema.table_constraints AS known "
        "JOIN information_schema.key_column_usage AS used ON used.constraint_name = known.constraint_name "
        "AND used.table_name = known.table_name AND used.table_schema = known.table_schema "
        f"WHERE known.constraint_type = 'PRIMARY KEY' AND known.table_schema = {here} "
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
