"""What a role of a database must be granted, to read and to apply: one list, from which the script of grants is printed and a missing right
is named before the database stumbles over it.

Of the journal a writer gets `INSERT` alone, so that not even the engine itself could alter or delete what stands there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assignrules.databases.base import DatabaseFailure, Session, quoted
from assignrules.databases.binding import Relation, relations
from assignrules.databases.embedded import META, META_COLUMNS, declared, engine_tables, tables
from assignrules.journal.outbox import OUTBOX_COLUMNS
from assignrules.journal.tables import KEPT, RUN, RUN_COLUMNS
from assignrules.schema.fragments import parsed
from assignrules.schema.mapping import OUTBOX, SchemaMapping, managed_table
from assignrules.schema.physical import Fragment, Physical, Source, Store, TargetSource

DIALECT = "postgres"  # the only database with roles that the engine runs on

# Which of the rights on tables there are, where the tables are, and whether the connection's role has them; columns that a table has not
# are left out. An unqualified name means the first schema of the path that has it.
_ASKED = """
WITH wanted AS (
  SELECT * FROM jsonb_to_recordset(CAST($rights AS JSONB)) AS r(n INT, verb TEXT, "schema" TEXT, "table" TEXT, "column" TEXT)
), found AS (
  SELECT DISTINCT ON (w.n, w."column") w.n, w.verb, w."column", c.oid, ns.nspname
  FROM wanted AS w JOIN pg_catalog.pg_class AS c ON c.relname = w."table" AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
  JOIN pg_catalog.pg_namespace AS ns ON ns.oid = c.relnamespace
    AND CASE WHEN w."schema" IS NULL THEN ns.nspname = ANY (current_schemas(false)) ELSE ns.nspname = w."schema" END
  ORDER BY w.n, w."column", array_position(current_schemas(false), ns.nspname)
)
SELECT f.n, CAST(f.nspname AS TEXT), f."column", CASE WHEN f."column" IS NULL THEN has_table_privilege(f.oid, f.verb)
  ELSE has_column_privilege(f.oid, a.attnum, f.verb) END
FROM found AS f LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.oid AND a.attname = f."column" AND a.attnum > 0
WHERE f."column" IS NULL OR a.attnum IS NOT NULL ORDER BY f.n, a.attnum
"""


@dataclass(frozen=True, slots=True)
class Right:
    """A verb on a table, or on each of some columns of it. ``schema`` None: where the connection looks."""

    verb: str
    table: str
    schema: str | None = None
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = self.table if self.schema is None else f"{self.schema}.{self.table}"
        of = f" of columns {', '.join(f'`{name}`' for name in self.columns)}" if self.columns else ""
        return f"`{self.verb}`{of} on table `{place}`"

    def granted(self, role: str) -> str:
        """The statement that gives it."""
        place = quoted(self.table) if self.schema is None else f"{quoted(self.schema)}.{quoted(self.table)}"
        of = f" ({', '.join(map(quoted, self.columns))})" if self.columns else ""
        return f"GRANT {self.verb}{of} ON {place} TO {quoted(role)};"


def reading(mapping: SchemaMapping, own: str) -> tuple[Right, ...]:
    """What planning, searching, explaining and the journal take. ``own`` is the schema of the engine's tables."""
    found = [Right("SELECT", table, own) for table in _own_tables(mapping)]
    if mapping.physical is not None:
        for relation in relations(mapping.physical):
            found.extend(_read(relation, mapping.physical))
    return tuple(dict.fromkeys(found))


def writing(mapping: SchemaMapping, own: str) -> tuple[Right, ...]:
    """What applying takes beside reading."""
    found = [Right("INSERT", META, own), Right("UPDATE", META, own, ("value",))]
    found += [Right("INSERT", table, own) for table in (RUN, *(kept.table for kept in KEPT), OUTBOX)]
    found.append(Right("UPDATE", OUTBOX, own, ("state", "ended_on")))
    physical = mapping.physical
    for name, place in mapping.targets.items():
        target = None if physical is None else physical.targets.get(name)
        if target is not None and target.store in (Store.COLUMN, Store.MEMBERS):
            assert physical is not None
            found.extend(_written(target, physical))
        elif physical is None and place.column is not None:
            field = mapping.entities[mapping.schema.targets[name].entity].fields[place.column]
            columns = (field.column, *(() if field.currency is None else (field.currency,)))
            found.append(Right("UPDATE", place.table, own, columns))
        else:
            found += [Right("INSERT", managed_table(name), own), Right("DELETE", managed_table(name), own)]
    return tuple(dict.fromkeys(found))


def need(session: Session, mapping: SchemaMapping, *, write: bool) -> None:
    """``DatabaseFailure`` where the role of the connection lacks rights, with all of them by name."""
    if session.dialect != DIALECT:
        return
    missing = [*_lacking_elsewhere(session, mapping, write=write), *_lacking(session, mapping, write=write)]
    if missing:
        user = session.fetch("SELECT CAST(current_user AS TEXT)")[0][0]
        rights = "the right" if len(missing) == 1 else "the rights"
        message = f"the user `{user}` of the database lacks {rights} {'; '.join(missing)}"
        raise DatabaseFailure(message, help="`assignrules schema grants` prints what an owner of the database runs to give them")


def script(session: Session, mapping: SchemaMapping, reader: str, writer: str) -> str:
    """SQL that makes the engine's own tables and grants two roles what they need: to be run by an owner. The roles exist."""
    own = session.home
    lines = [
        "-- what the roles of this project need, and nothing else: for an owner of the database to run, again when the schema file changes",
        f"CREATE SCHEMA IF NOT EXISTS {quoted(own)};",
    ]
    for table, columns in _own_tables(mapping).items():
        lines.append(f"CREATE TABLE IF NOT EXISTS {quoted(own)}.{quoted(table)} ({declared(session, columns)});")
    read, written = _resolved(session, reading(mapping, own), own), _resolved(session, writing(mapping, own), own)
    read = tuple(dict.fromkeys(replace(right, columns=()) for right in read))
    schemas = dict.fromkeys(right.schema for right in read if right.schema is not None)
    for role, rights in ((reader, read), (writer, (*read, *written))):
        what = "checks, searches, plans, explains and reads the journal" if rights is read else "applies too"
        lines += ["", f"-- {role.translate(_ONE_LINE)}: {what}"]
        lines += [f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {quoted(role)};" for schema in schemas]
        lines += [right.granted(role) for right in rights]
    return "\n".join(lines) + "\n"


_ONE_LINE = str.maketrans("\r\n", "  ")


def _own_tables(mapping: SchemaMapping) -> dict[str, dict[str, str]]:
    """The engine's tables, the embedded store's among them where the rows are there."""
    stored = tables(mapping.schema) if mapping.physical is None else engine_tables(mapping)
    journal = {RUN: dict(RUN_COLUMNS), **{kept.table: dict(kept.columns) for kept in KEPT}, OUTBOX: dict(OUTBOX_COLUMNS)}
    return {**stored, META: dict(META_COLUMNS), **journal}


def _read(relation: Relation, physical: Physical) -> Iterator[Right]:
    table = relation.table
    if table.table is not None:
        columns = dict.fromkeys(place.source.column for place in relation.places if place.source.column is not None)
        if relation.tenant and physical.tenant is not None:
            columns |= dict.fromkeys(physical.tenant.columns)
        yield Right("SELECT", table.table, table.schema, tuple(columns))
    fragments = [("join", join) for join in relation.joins] + [("value", condition) for condition in relation.conditions]
    fragments += [("value", place.source.fragment) for place in relation.places if place.source.fragment is not None]
    if table.sql is not None:
        fragments.append(("query", table.sql))
    for kind, fragment in fragments:
        yield from _read_by(fragment, kind, physical.dialect or DIALECT)


def _read_by(fragment: Fragment, kind: str, dialect: str) -> Iterator[Right]:
    """The tables that a fragment names; what it calls by a name of its own is none."""
    from sqlglot import exp

    tree = parsed(fragment.text, kind, dialect)
    named = {item.alias_or_name for item in tree.find_all(exp.CTE)}

    def spelled(name: exp.Expression) -> str:
        return name.name if name.args.get("quoted") or dialect != DIALECT else name.name.lower()

    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and table.name not in named:
            schema = table.args.get("db")
            yield Right("SELECT", spelled(table.this), None if schema is None else spelled(schema))


def _written(target: TargetSource, physical: Physical) -> Iterator[Right]:
    """What writing a target in a company's own table takes. Rows are locked before they are judged, for which a right to update is needed,
    also where only rows are added and removed."""
    assert target.table is not None and target.table.table is not None and target.value is not None
    table, schema = target.table.table, target.table.schema
    values = [source.column for source in (target.value.source, target.value.currency) if isinstance(source, Source)]
    columns = tuple(column for column in values if column is not None)
    yield Right("UPDATE", table, schema, columns)
    tenant = physical.tenant.columns if physical.tenant is not None and target.tenant else ()
    if target.store is Store.MEMBERS or target.insert:
        given = dict.fromkeys((*target.subject, *tenant, *(item.column for item in target.insert), *columns))
        yield Right("INSERT", table, schema, tuple(given))
    if target.store is Store.MEMBERS:
        yield Right("DELETE", table, schema)


def _ask(session: Session, rights: Sequence[Right]) -> list[tuple[Right, str | None, bool]]:
    """Each right where its table is, column by column, and whether the connection's role has it."""
    asked = [
        {"n": number, "verb": right.verb, "schema": right.schema, "table": right.table, "column": column}
        for number, right in enumerate(rights)
        for column in right.columns or (None,)
    ]
    rows = session.fetch(_ASKED, {"rights": json.dumps(asked)})
    return [(replace(rights[number], schema=schema), column, may) for number, schema, column, may in rows]


def _resolved(session: Session, rights: Sequence[Right], own: str) -> tuple[Right, ...]:
    """The rights on tables that are there, with their schemas and the columns that they have; and on the engine's own."""
    found = {right: right for right in rights if right.schema == own}
    columns: dict[Right, list[str]] = {}
    for right, column, _ in _ask(session, [right for right in rights if right not in found]):
        columns.setdefault(right, []).extend([] if column is None else [column])
    return (*found, *(replace(right, columns=tuple(names)) for right, names in columns.items()))


def _lacking(session: Session, mapping: SchemaMapping, *, write: bool) -> Iterable[str]:
    rights = (*reading(mapping, session.home), *(writing(mapping, session.home) if write else ()))
    missing: dict[Right, list[str]] = {}
    for right, column, may in _ask(session, rights):
        if not may:
            missing.setdefault(replace(right, columns=()), []).extend([] if column is None else [column])
    return (str(replace(right, columns=tuple(names))) for right, names in missing.items())


def _lacking_elsewhere(session: Session, mapping: SchemaMapping, *, write: bool) -> Iterator[str]:
    """Rights that are not on tables: on schemas, and on the database."""
    own = session.home
    named = sorted({own, *(right.schema for right in reading(mapping, own) if right.schema is not None)})
    schemas = "SELECT nspname FROM pg_catalog.pg_namespace JOIN unnest(CAST($names AS TEXT[])) AS wanted(name) ON name = nspname"
    for (schema,) in session.fetch(f"{schemas} WHERE NOT has_schema_privilege(oid, 'USAGE') ORDER BY 1", {"names": named}):
        yield f"`USAGE` on schema `{schema}`"
    database, may = session.fetch("SELECT current_database(), has_database_privilege(current_database(), 'TEMP')")[0]
    if not may:
        yield f"`TEMPORARY` on database `{database}`"
    if write and not all(session.has_table(table) for table in _own_tables(mapping) if table.startswith("assignrules_")):
        for (schema,) in session.fetch(f"{schemas} WHERE NOT has_schema_privilege(oid, 'CREATE')", {"names": [own]}):
            yield f"`CREATE` on schema `{schema}`, in which tables are to be made"
