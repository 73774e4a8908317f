"""A mapping meets a database: which of its tables and columns are there, and what is stored in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from assignrules.databases.base import DatabaseFailure, Session
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.schema.mapping import SchemaMapping
from assignrules.schema.physical import EntitySource, FieldSource, Fragment, Lookup, Physical, Shape, Source, Stored, TableName
from assignrules.sql import terms
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.relations import SELF, Relations
from assignrules.sql.terms import Sql

CODE = "E0222"
Diagnostics = tuple[Diagnostic, ...]
STORED: tuple[tuple[tuple[str, ...], Stored], ...] = (
    (("bool", "boolean"), Stored.BOOLEAN),
    (("timestamp with time zone", "timestamptz"), Stored.ZONED),
    (("timestamp", "datetime", "timestamp_s", "timestamp_ms", "timestamp_ns"), Stored.TIMESTAMP),
    (("date",), Stored.DATE),
    (("decimal", "numeric"), Stored.DECIMAL),
    (("float", "double", "real"), Stored.FLOAT),
    (("tinyint", "smallint", "integer", "bigint", "int"), Stored.INTEGER),
    (("utinyint", "usmallint", "uinteger"), Stored.INTEGER),
    (("hugeint", "ubigint", "uhugeint"), Stored.HUGE),
    (("character varying", "varchar", "text", "string", "name"), Stored.TEXT),
    (("character", "char", "bpchar"), Stored.PADDED),
)  # fmt: skip


def stored_as(type: str) -> Stored:
    """What a database's name of a type means for reading."""
    word = type.lower().split("(")[0].strip()
    if type.endswith("]"):
        return Stored.OTHER
    for names, stored in STORED:
        if word in names or (stored is not Stored.DATE and len(names[0]) > 3 and any(word.startswith(f"{name} ") for name in names)):
            return stored
    return Stored.OTHER


@dataclass(frozen=True, slots=True)
class Place:
    """Something that the mapping reads of a relation, by the name under which its type is kept."""

    name: str
    source: Source


@dataclass(frozen=True, slots=True)
class Relation:
    """A table that the mapping reads: the rows of an entity, of a target's state, or of a lookup."""

    name: str
    table: TableName
    places: tuple[Place, ...]
    joins: tuple[Fragment, ...] = ()
    conditions: tuple[Fragment, ...] = ()
    tenant: bool = True


def bind(session: Session, mapping: SchemaMapping, as_of: date) -> tuple[SchemaMapping, Diagnostics]:
    """The mapping with what a database was found to have, and what it lacks. The embedded store's is returned as it is."""
    if mapping.physical is None:
        return mapping, ()
    problems: list[Diagnostic] = []
    listed = relations(mapping.physical)
    tables = _columns(session, listed)
    shapes: dict[str, Shape] = {}
    for relation in listed:
        shape, found = _shape(relation, tables)
        problems.extend(found)
        shapes[relation.name] = shape
    physical = replace(mapping.physical, as_of=as_of, shapes=shapes, present=_present(session, mapping))
    bound = replace(mapping, physical=physical)
    if not problems:
        for relation in listed:
            if asks(relation):
                shapes[relation.name], found = _probed(session, bound, relation)
                problems.extend(found)
                if found:
                    break  # a failed statement ends the session's transaction
        problems.extend(_untenanted(physical, listed))
    return bound, tuple(problems)


def at(mapping: SchemaMapping, as_of: date) -> SchemaMapping:
    """The mapping on a day, before a database is asked."""
    return mapping if mapping.physical is None else replace(mapping, physical=replace(mapping.physical, as_of=as_of))


def relations(physical: Physical) -> tuple[Relation, ...]:
    """Every relation that a mapping reads."""
    found = [_entity(name, source) for name, source in physical.entities.items()]
    for name, target in physical.targets.items():
        if target.table is not None and target.value is not None:
            places = [Place(f"subject {at}", Source(column, span=target.span)) for at, column in enumerate(target.subject)]
            places += _of_field(target.value, "value")
            inserted = [Place(f"insert {item.column}", Source(item.column, span=target.span)) for item in target.insert]
            found.append(Relation(f"target {name}", target.table, (*places, *inserted), tenant=target.tenant))
        if target.lookup is not None:
            found.append(_lookup(name, target.lookup))
    return tuple(found)


def _lookup(target: str, lookup: Lookup) -> Relation:
    where = () if lookup.where is None else (lookup.where,)
    return Relation(f"lookup {target}", lookup.table, (Place("key", lookup.key), Place("name", lookup.name)), (), where, lookup.tenant)


def _entity(name: str, source: EntitySource) -> Relation:
    places = [Place(f"key {at}", part) for at, part in enumerate(source.key)]
    for field_name, body in source.fields.items():
        places += _of_field(body, f"field {field_name}")
    for link, found in source.links.items():
        places += [Place(f"link {link} {at}", part) for at, part in enumerate(found.parts)]
        if found.when is not None:
            places.append(Place(f"link {link} when", Source(None, found.when, found.when.span)))
    if source.loaded_at is not None:
        places.append(Place("loaded_at", source.loaded_at))
    where = () if source.where is None else (source.where,)
    return Relation(name, source.table, tuple(places), source.joins, where, source.tenant)


def _of_field(body: FieldSource, name: str) -> list[Place]:
    found = [] if body.source is None else [Place(name, body.source)]
    if body.plus_days is not None:
        found.append(Place(f"{name} plus_days", body.plus_days))
    if isinstance(body.currency, Source):
        found.append(Place(f"{name} currency", body.currency))
    return found


def asks(relation: Relation) -> bool:
    """Whether the catalogue alone does not say what is stored."""
    return (
        bool(relation.joins or relation.conditions)
        or relation.table.sql is not None
        or any(place.source.column is None for place in relation.places)
    )


@dataclass(slots=True)
class _Tables:
    """The columns of tables by exact name, and of the names that were found in another case."""

    exact: dict[tuple[str | None, str], dict[str, str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def _columns(session: Session, listed: Iterable[Relation]) -> _Tables:
    """The catalogue of the tables that are named, whatever their case."""
    wanted = [relation.table for relation in listed if relation.table.table is not None]
    found = _Tables()
    if not wanted:
        return found
    names = sorted({str(table.table).lower() for table in wanted})
    schemas = sorted({table.schema for table in wanted if table.schema is not None})
    column = {name: terms.column(name) for name in ("table_schema", "table_name", "column_name", "data_type")}
    path = _path(session)
    query = terms.select(
        list(column.values()),
        _information("columns"),
        where=terms.all_of([
            terms.equal(terms.column("table_catalog"), terms.function("CURRENT_DATABASE")),
            terms.one_of(terms.function("LOWER", column["table_name"].copy()), [terms.text(name) for name in names]),
            terms.one_of(column["table_schema"].copy(), [terms.text(name) for name in (*path, *schemas)]),
        ]),
        order_by=[terms.ordered(terms.column("ordinal_position"))],
    )  # fmt: skip
    for schema, table, name, type in session.fetch(query.sql(dialect=session.dialect)):
        found.exact.setdefault((schema, table), {})[name] = type
        found.names.append(table)
    for schema in reversed(path):  # the first one that has a table of the name is the one that is read
        found.exact.update({(None, table): columns for (of, table), columns in tuple(found.exact.items()) if of == schema})
    return found


def _path(session: Session) -> list[str]:
    """The schemas in which tables are looked for by their names alone, in that order. On a server the engine's own schema comes first, but
    a company's tables are where its connection looks otherwise."""
    places = "unnest(current_schemas(false))" if session.dialect == "postgres" else "current_schema()"
    return [str(row[0]) for row in session.fetch(f"SELECT {places}")]


def _information(view: str) -> Sql:
    from sqlglot import exp

    return exp.Table(this=terms.identifier(view), db=terms.identifier("information_schema"))


def _shape(relation: Relation, tables: _Tables) -> tuple[Shape, Diagnostics]:
    table = relation.table
    if table.table is None:
        return Shape(), ()
    columns = tables.exact.get((table.schema, table.table))
    if columns is None:
        message = f"the database has no table `{table}` that can be read"
        return Shape(), (diagnostic(CODE, message, table.span, help=did_you_mean(table.table, sorted(set(tables.names)))),)
    problems: list[Diagnostic] = []
    stored: dict[str, Stored] = {}
    for place in relation.places:
        column = place.source.column
        if column is None:
            continue
        if column not in columns:
            help = did_you_mean(column, tuple(columns)) or "columns are " + ", ".join(f"`{name}`" for name in list(columns)[:20])
            problems.append(diagnostic(CODE, f"the table `{table}` has no column `{column}`", place.source.span, help=help))
        else:
            stored[place.name] = stored_as(columns[column])
    return Shape({name: stored_as(type) for name, type in columns.items()}, stored), tuple(dict.fromkeys(problems))


def _probed(session: Session, mapping: SchemaMapping, relation: Relation) -> tuple[Shape, Diagnostics]:
    """The types of a relation's fragments, by one query that gives one row whatever the table holds."""
    try:
        (row,) = session.fetch(probe(session.dialect, mapping, relation, relation.places, relation.conditions))
    except DatabaseFailure as failure:
        reason = str(failure).removeprefix("the database failed: ")
        return Shape(), (diagnostic(CODE, f"the database cannot run the mapping of `{relation.name}`: {reason}", relation.table.span),)
    stored = {place.name: stored_as(str(type)) for place, type in zip(relation.places, row, strict=False)}
    assert mapping.physical is not None
    shape = mapping.physical.shapes[relation.name]
    return Shape(shape.columns, {**stored, **shape.stored}), ()


def probe(
    dialect: str, mapping: SchemaMapping, relation: Relation, places: Iterable[Place], conditions: Iterable[Fragment], *, joins: bool = True
) -> str:
    """A query of the types of some places of a relation; it runs every fragment, over no rows."""
    from sqlglot import exp

    known = Relations(mapping, DIALECTS[dialect])
    shape = known.physical.shapes.get(relation.name)
    columns = () if shape is None or shape.columns is None else tuple(shape.columns)
    joined = [
        join for item in (relation.joins if joins else ()) for join in known.fragment(item, "join", relation.table, columns).args["joins"]
    ]
    values: list[Sql] = [terms.alias(known.source(place.source, relation.table, columns), f"p{at}") for at, place in enumerate(places)]
    where: list[Sql] = [terms.boolean(False)]
    where += [terms.wrapped(known.fragment(item, "value", relation.table, columns)) for item in conditions]
    inner = terms.select(
        values or [terms.alias(terms.number(1), "p0")], known.table(relation.table, SELF), joined, where=terms.all_of(where)
    )
    one = terms.subquery(terms.select([terms.alias(terms.number(1), "one")], None), "one")
    types = [terms.alias(DIALECTS[dialect].stored_type(terms.column(f"p{at}", "found")), f"t{at}") for at in range(len(values) or 1)]
    joining: list[exp.Join] = [terms.left_join(terms.subquery(inner, "found"), terms.boolean(True))]
    return terms.select(types, one, joining).sql(dialect=dialect)


def _present(session: Session, mapping: SchemaMapping) -> frozenset[str]:
    """The engine's own tables that are there."""
    return frozenset(table for table in {place.table for place in mapping.targets.values()} if session.has_table(table))


def _untenanted(physical: Physical, listed: Iterable[Relation]) -> Diagnostics:
    """Tables that have none of the tenant's columns, and do not say so."""
    tenant = physical.tenant
    if tenant is None:
        return ()
    found: list[Diagnostic] = []
    for relation in listed:
        columns = physical.shapes[relation.name].columns
        if relation.tenant and relation.table.sql is None and columns is not None and not set(columns) & set(tenant.columns):
            wanted = ", ".join(f"`{name}`" for name in tenant.columns)
            message = f"the table `{relation.table}` has none of the tenant's columns {wanted}"
            found.append(diagnostic(CODE, message, relation.table.span, help="say `tenant: none` where its rows are everybody's"))
    return tuple(dict.fromkeys(found))
