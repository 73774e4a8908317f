"""The relations of a mapping: of a company's tables a query whose columns are those of the embedded store, else the table itself.

Everything above reads relations and knows no mapping. A relation has the columns that are asked for: ``#key`` (the row key), fields by
their names, a money field's ``…_currency``, links (the other row's key). Of composite keys, ``#key`` is one text of all parts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property

from sqlglot import exp

from assignrules.ir.types import TEXT, VALUE_SCALE, Kind
from assignrules.schema.fragments import parsed
from assignrules.schema.logical import Schema
from assignrules.schema.mapping import CUSTOMER, LEGAL_ENTITY, OWN_ROW_KEY, RATES_COLUMNS, ROW_KEY, SchemaMapping, managed_columns
from assignrules.schema.physical import (
    AS_OF,
    EntitySource,
    FieldSource,
    Fragment,
    Lookup,
    Parameter,
    Physical,
    Source,
    Stored,
    TableName,
)
from assignrules.sql import terms
from assignrules.sql.dialects import Dialect
from assignrules.sql.division import divided
from assignrules.sql.readings import DIGITS, Readings
from assignrules.sql.terms import Sql

SELF, RAW = "self", "raw"
SEPARATOR, ESCAPE = "/", "\\"
NOBODY = "\u0001"  # starts what no business key is
TYPES: dict[Kind, tuple[str, ...]] = {
    Kind.INTEGER: ("BIGINT",),
    Kind.DECIMAL: ("DECIMAL", str(DIGITS), str(VALUE_SCALE)),
    Kind.PERCENT: ("DECIMAL", str(DIGITS), str(VALUE_SCALE)),
    Kind.MONEY: ("DECIMAL", str(DIGITS), str(VALUE_SCALE)),
    Kind.DATE: ("DATE",),
    Kind.BOOLEAN: ("BOOLEAN",),
}


CODE = "^[A-Z]{3}$"  # of a currency, by its form
# Relations that are there whether or not something is mapped.
IMPLIED = ("rates", "holidays", LEGAL_ENTITY)


def exact(name: str) -> exp.Identifier:
    """A name of a company's own: always quoted, whatever it looks like."""
    return exp.Identifier(this=name, quoted=True)


def exact_column(name: str, table: str | None = SELF) -> Sql:
    """A column of a company's own table."""
    return exp.Column(this=exact(name), table=None if table is None else terms.identifier(table))


def nothing(kind: Kind) -> Sql:
    """A missing value of a kind."""
    name, *sizes = TYPES.get(kind, ("VARCHAR",))
    return terms.cast(terms.null(), name, *(int(size) for size in sizes))


class Relations:
    """Makes the relations of one mapping for one dialect."""

    def __init__(self, mapping: SchemaMapping, dialect: Dialect) -> None:
        self.mapping = mapping
        self.schema: Schema = mapping.schema
        self.dialect = dialect

    def of(self, entity: str, alias: str | None = None, columns: Collection[str] | None = None) -> Sql:
        """An entity's relation for a FROM; ``columns``: those that are read (None: all)."""
        body = self.mapping.entities[entity]
        physical = self.mapping.physical
        if physical is None or (entity not in physical.entities and entity not in IMPLIED):
            return terms.table(body.table, alias)
        return terms.subquery(self.query(entity, columns), alias or "r")

    def text(self, entity: str, alias: str, columns: Collection[str] | None = None) -> str:
        """The same as SQL."""
        return self.of(entity, alias, columns).sql(dialect=self.dialect.name, comments=False)

    def query(self, entity: str, columns: Collection[str] | None = None) -> exp.Select:
        """The query that makes the relation of a mapped entity."""
        assert self.mapping.physical is not None
        source = self.mapping.physical.entities.get(entity)
        if source is None:
            return self._absent(entity, columns)
        made = _Rows(self, entity, source)
        wanted = made.names() if columns is None else [name for name in made.names() if name in set(columns)]
        return made.select(wanted or made.names()[:1])

    def loaded_at(self, entity: str) -> exp.Select | None:
        """The query of when an entity's rows came: the latest that any of them says. None where nothing says so."""
        source = self.physical.entities.get(entity)
        return None if source is None or source.loaded_at is None else _Rows(self, entity, source).latest(source.loaded_at)

    def _absent(self, entity: str, columns: Collection[str] | None) -> exp.Select:
        """No rows: of rates and legal entities that nothing maps. Of holidays, those of the project's calendar, as the embedded store."""
        physical = self.mapping.physical
        assert physical is not None
        if entity == "holidays" and physical.calendar is not None:
            return self._public_holidays(physical.calendar)
        body = self.mapping.entities[entity]
        declared = self.schema.entities[entity]
        kinds = {name: declared.fields[name].kind for name in body.fields} | {ROW_KEY: Kind.TEXT}
        names = [name for name in kinds if columns is None or name in columns] or [ROW_KEY]
        return terms.select([terms.alias(nothing(kinds[name]), name) for name in names], None, where=terms.boolean(False))

    @staticmethod
    def _public_holidays(calendar: str) -> exp.Select:
        from assignrules.schema.calendars import known_calendar, public_holidays

        days = public_holidays(calendar) if known_calendar(calendar) else ()
        first, *others = [terms.select([terms.alias(terms.day(day), "on")], None) for day in days] or [
            terms.select([terms.alias(nothing(Kind.DATE), "on")], None, where=terms.boolean(False))
        ]
        every = terms.subquery(terms.union_all([first, *others]), "h")
        return terms.select([terms.alias(terms.text(calendar), "calendar"), terms.column("on", "h")], every)

    # --- what rows of all kinds are made with ---

    @property
    def physical(self) -> Physical:
        """The company's own tables."""
        assert self.mapping.physical is not None
        return self.mapping.physical

    @cached_property
    def readings(self) -> Readings:
        """How values are read."""
        return Readings(self.dialect, self.physical.time_zone)

    def fragment(self, fragment: Fragment, kind: str, table: TableName | None = None, columns: Collection[str] = ()) -> Sql:
        """A fragment's tree, with its parameters as literals. ``self`` may be called by the name of ``table``, and its ``columns`` may
        stand alone."""
        written = self.physical.dialect or self.dialect.name
        tree: Sql = parsed(fragment.text, kind, written).copy()
        if written != self.dialect.name:
            tree = self.dialect.translated(tree)
        if isinstance(tree, exp.Placeholder):
            return self._parameter(str(tree.this))
        for node in list(tree.find_all(exp.Placeholder)):
            node.replace(self._parameter(str(node.this)))
        if kind != "query":
            _of_self(tree, table, frozenset(columns))
        return tree

    def table(self, table: TableName, alias: str = SELF) -> Sql:
        """A company's table, or a query in its place."""
        if table.sql is not None:
            return terms.subquery(self.fragment(table.sql, "query"), alias)
        assert table.table is not None
        schema = None if table.schema is None else exact(table.schema)
        return exp.Table(this=exact(table.table), db=schema, alias=exp.TableAlias(this=terms.identifier(alias)))

    def source(self, source: Source, table: TableName, columns: Collection[str] = ()) -> Sql:
        """A value of the row ``self``."""
        if source.column is not None:
            return exact_column(source.column)
        assert source.fragment is not None
        tree = self.fragment(source.fragment, "value", table, columns)
        return tree if isinstance(tree, exp.Column | exp.Literal | exp.Func | exp.Subquery) else exp.Paren(this=tree)

    def of_tenant(self, table: TableName, relation: str, alias: str = SELF) -> list[Sql]:
        """The conditions that leave the tenant's rows."""
        return [terms.equal(exact_column(column, alias), value) for column, value in self.tenant_values(table, relation)]

    def tenant_values(self, table: TableName, relation: str) -> list[tuple[str, Sql]]:
        """The tenant's columns that a table has, with their values as the columns' types."""
        tenant = self.physical.tenant
        if tenant is None:
            return []
        shape = self.physical.shapes.get(relation)
        known = None if shape is None else shape.columns
        if known is None and table.sql is not None:
            return []
        found = []
        for column, text in zip(tenant.columns, tenant.values, strict=True):
            if known is None or column in known:
                stored = Stored.UNKNOWN if known is None else known[column]
                found.append((column, self._tenant_value(text, stored)))
        return found

    def _tenant_value(self, text: str, stored: Stored) -> Sql:
        if text.startswith(":"):
            parameter = AS_OF if text[1:] == AS_OF else text[1:]
            known = self.physical.parameters.get(parameter)
            text = "" if known is None or known.value is None else str(known.value)
        return literal_of(text, stored)

    def _parameter(self, name: str) -> Sql:
        if name == AS_OF:
            return terms.cast(terms.null(), "DATE") if self.physical.as_of is None else terms.day(self.physical.as_of)
        return parameter_literal(self.physical.parameters[name])

    def lookup(self, lookup: Lookup, relation: str) -> exp.Select:
        """A lookup's rows: ``key`` and ``name``, a text."""
        columns = self.physical.shapes.get(relation)
        known = () if columns is None or columns.columns is None else tuple(columns.columns)
        key, name = self.source(lookup.key, lookup.table, known), self.source(lookup.name, lookup.table, known)
        conditions = self.of_tenant(lookup.table, relation) if lookup.tenant else []
        if lookup.where is not None:
            conditions.append(self.fragment(lookup.where, "value", lookup.table, known))
        stored = self.physical.stored(relation, "name")
        read = self.readings.present(FieldSource(lookup.name, TEXT), name, stored)
        values = [terms.alias(self.readings.key(key, self.physical.stored(relation, "key")), "key")]
        values.append(terms.alias(self.readings.text(read, stored), "name"))
        where = terms.all_of(conditions) if conditions else None
        return terms.select(values, self.table(lookup.table), where=where)


class _Rows:
    """The rows of one mapped entity."""

    def __init__(self, relations: Relations, entity: str, source: EntitySource) -> None:
        self.relations = relations
        self.mapping = relations.mapping
        self.physical = relations.physical
        self.readings = relations.readings
        self.entity = entity
        self.declared = relations.schema.entities[entity]
        self.body = self.mapping.entities[entity]
        self.source = source
        shape = self.physical.shapes.get(entity)
        self.columns: tuple[str, ...] = () if shape is None or shape.columns is None else tuple(shape.columns)
        self.raw: dict[tuple[str, ...], str] = {}
        self.inner: list[Sql] = []
        self.joins: list[exp.Join] = []

    def names(self) -> list[str]:
        """Every column that the relation can have."""
        found = [ROW_KEY, OWN_ROW_KEY] if self.source.key else []
        for field in self.body.fields.values():
            found.append(field.column)
            if field.currency is not None:
                found.append(field.currency)
        found.extend(self.body.links.values())
        if self.body.customer is not None:
            found.append(self.body.customer)
        found.extend(f"{OWN_ROW_KEY}{place}" for place in range(len(self.source.key)))
        found.extend(map(unfit_name, self.source.links))
        found.extend(make(field) for field in self.source.fields for make in (misfit_name, stored_name))
        found.extend(current_name(target) for target, place in self.physical.targets.items() if self._reads(target) and place.current)
        return found

    def _reads(self, target: str) -> bool:
        return self.relations.schema.targets[target].entity == self.entity

    def select(self, names: Iterable[str]) -> exp.Select:
        """The rows with some of their columns."""
        wanted = tuple(names)
        values = [terms.alias(self._value(name), name) for name in wanted]
        whole = self._whole_rates() if not any(name.startswith("#misfit ") for name in wanted) else []
        conditions = self.relations.of_tenant(self.source.table, self.entity) if self.source.tenant else []
        if self.source.where is not None:
            conditions.append(terms.wrapped(self._fragment(self.source.where, "value")))
        joins = [join for fragment in self.source.joins for join in self._fragment(fragment, "join").args["joins"]]
        where = terms.all_of(conditions) if conditions else None
        inner = terms.select(
            self.inner or [terms.alias(terms.number(1), "one")], self.relations.table(self.source.table), joins, where=where
        )
        return terms.select(values, terms.subquery(inner, RAW), self.joins, where=terms.all_of(whole) if whole else None)

    def _whole_rates(self) -> list[Sql]:
        """A rate that lacks its currency, its day or its number is none: the one before it holds."""
        if self.entity != "rates":
            return []
        return [terms.not_null(self._value(name)) for name in RATES_COLUMNS if name in self.body.fields]

    def latest(self, source: Source) -> exp.Select:
        """The largest value of a source, as a text."""
        value, _ = self._column(source, "loaded_at")
        rows = self.select(())
        rows.set("expressions", [terms.alias(terms.cast(exp.Max(this=value), "VARCHAR"), "latest")])
        return rows

    def _fragment(self, fragment: Fragment, kind: str) -> Sql:
        return self.relations.fragment(fragment, kind, self.source.table, self.columns)

    def _column(self, source: Source, place: str) -> tuple[Sql, Stored]:
        """A source as a column of the raw rows, with what is stored there. ``place`` names it in the database's shape."""
        key = (str(source.column), "" if source.fragment is None else source.fragment.text)
        if key not in self.raw:
            name = f"c{len(self.raw) + 1}"
            self.raw[key] = name
            self.inner.append(terms.alias(self.relations.source(source, self.source.table, self.columns), name))
        return terms.column(self.raw[key], RAW), self.physical.stored(self.entity, place)

    def _value(self, name: str) -> Sql:
        if name == ROW_KEY and self.mapping.is_referred_to(self.entity):
            return self._business_key()
        if name in (ROW_KEY, OWN_ROW_KEY):
            return self._key()
        if name.startswith(OWN_ROW_KEY):
            place = int(name.removeprefix(OWN_ROW_KEY))
            return self.readings.key(*self._column(self.source.key[place], f"key {place}"))
        if name.startswith("#stored "):
            return self._stored(name.removeprefix("#stored "))
        if name.startswith("#misfit "):
            return self._misfit(name.removeprefix("#misfit "))
        if name.startswith("#unfit "):
            return self._unfit(name.removeprefix("#unfit "))
        if name.startswith("#current "):
            target = name.removeprefix("#current ").removesuffix(" currency")
            current = self.physical.targets[target].current
            assert current is not None
            return self._read(current, name)
        for field, mapped in self.body.fields.items():
            if name == mapped.column:
                return self._field(field)
            if name == mapped.currency:
                return self._currency(field)
        return self._link(name)

    def _key(self) -> Sql:
        parts = [self.readings.key(*self._column(part, f"key {place}")) for place, part in enumerate(self.source.key)]
        return joined_key(parts)

    def _field(self, field: str) -> Sql:
        target = self.relations.schema.target_of_field(self.entity, field)
        if target is not None and (target.name in self.physical.targets or field not in self.source.fields):
            return self._state(target.name, "value")
        source = self.source.fields.get(field)
        if source is None:  # a business key that is not mapped is the row key
            return terms.cast(self._key(), "VARCHAR")
        if self.entity == "rates" and field == "rate" and self.source.inverted:
            rate = self._read(source, f"field {field}")
            return terms.case([(terms.binary(exp.GT, rate, terms.number(0)), divided_one(self.relations.dialect, rate.copy()))])
        return self._read(source, f"field {field}")

    def _read(self, source: FieldSource, place: str) -> Sql:
        if source.source is None:
            return nothing(source.type.kind)
        column, stored = self._column(source.source, place)
        plus: Sql | None = None
        if source.plus_days is not None:
            more, more_stored = self._column(source.plus_days, f"{place} plus_days")
            plus = self.readings.whole(more, more_stored)
        value = self.readings.field(source, column, stored, plus)
        if source.type.kind is not Kind.MONEY:
            return value
        # An amount without a currency is a data error, and nothing to compute with.
        code = self.currency_of(source, place)
        return value if isinstance(code, exp.Literal) else terms.case([(self.relations.dialect.fits(code, CODE), value)])

    def _stored(self, field: str) -> Sql:
        """Whether something is stored that does not mean missing."""
        source = self.source.fields[field]
        if source.source is None:
            return terms.boolean(False)
        return terms.not_null(self.readings.present(source, *self._column(source.source, f"field {field}")))

    def _misfit(self, field: str) -> Sql:
        """Whether something is stored that is no value of the field."""
        source = self.source.fields[field]
        if source.source is None:
            return terms.boolean(False)
        column, stored = self._column(source.source, f"field {field}")
        value = self.readings.field(source, column, stored)
        misfit = terms.all_of([self._stored(field), terms.is_null(value)])
        if source.plus_days is None:
            return misfit
        more, _ = self._column(source.plus_days, f"field {field} plus_days")
        later = self._read(source, f"field {field}")
        return terms.any_of([misfit, terms.all_of([self._stored(field), terms.not_null(more), terms.is_null(later)])])

    def _currency(self, field: str) -> Sql:
        target = self.relations.schema.target_of_field(self.entity, field)
        if target is not None and (target.name in self.physical.targets or field not in self.source.fields):
            return self._state(target.name, "currency")
        source = self.source.fields[field]
        if source.source is None:
            return nothing(Kind.TEXT)
        return self.currency_of(source, f"field {field}")

    def currency_of(self, source: FieldSource, place: str) -> Sql:
        """Whose money a field is: what it says, else the entity's currency, else the project's."""
        if isinstance(source.currency, str):
            return terms.text(source.currency)
        if isinstance(source.currency, Source):
            column, stored = self._column(source.currency, f"{place} currency")
            return terms.trimmed(self.readings.text(column, stored))
        if "currency" in self.source.fields and "currency" in self.declared.fields:
            return self._field("currency")
        return terms.text(self.physical.currency)

    def _state(self, target: str, column: str) -> Sql:
        """A target that is a field is read where it is written."""
        from assignrules.sql.states import States

        alias = f"state_{target}"
        if not any(join.alias_or_name == alias for join in self.joins):
            states = States(self.relations)
            query = states.rows(target)
            subject = self._key() if states.by_row_key(target) else self._business_key()
            self.joins.append(terms.left_join(terms.subquery(query, alias), terms.equal(terms.column("subject", alias), subject)))
        return terms.column(column, alias)

    def _business_key(self) -> Sql:
        return terms.cast(self._field(self.declared.key or ""), "VARCHAR")

    def _unfit(self, name: str) -> Sql:
        """Whether a link names something that no key of the other row's type can be."""
        link = self.declared.links.get(name)
        if (CUSTOMER if link is None else link.to) not in self.physical.entities:
            return terms.boolean(False)
        plain, whole = self._parts(name)
        return terms.all_of([*map(terms.not_null, plain), terms.is_null(whole)])

    def _link(self, name: str) -> Sql:
        to = CUSTOMER if self.declared.links.get(name) is None else self.declared.links[name].to
        _, whole = self._parts(name)
        known = to in self.physical.entities
        return self._named(name, to, whole) if known and self.mapping.is_referred_to(to) else whole

    def _parts(self, name: str) -> tuple[list[Sql], Sql]:
        """The columns of a link as they are stored, where they do not mean missing, and the key that they make."""
        source = self.source.links[name]
        link = self.declared.links.get(name)
        to = CUSTOMER if link is None else link.to
        other = self.physical.entities.get(to)
        stored_parts: list[Sql] = []
        parts: list[Sql] = []
        for place, part in enumerate(source.parts):
            column, stored = self._column(part, f"link {name} {place}")
            plain = self.readings.unmarked(column, stored, source.missing)
            if source.missing and stored is Stored.PADDED:
                plain = self.readings.unmarked(terms.trimmed(column, end_only=True), stored, source.missing)
            stored_parts.append(plain)
            key = self.physical.stored(to, f"key {place}")
            if other is not None and len(other.key) > len(source.parts):  # one fragment that makes a whole key
                key = Stored.TEXT
            parts.append(self.readings.as_key(plain.copy(), stored, key))
        whole = nothing(Kind.TEXT) if other is None else joined_key(parts)
        if source.when is not None:
            column, _ = self._column(Source(None, source.when), f"link {name} when")
            whole = terms.case([(column, whole)])
            stored_parts = [terms.case([(column.copy(), part)]) for part in stored_parts]
        return stored_parts, whole

    def _named(self, link: str, to: str, row_key: Sql) -> Sql:
        """The business key of the row that a row key names; of a row that does not exist, a text that is none."""
        alias, column = f"to_{link}", self.mapping.entities[to].fields[self.relations.schema.entities[to].key or ""].column
        rows = self.relations.of(to, alias, [OWN_ROW_KEY, column])
        self.joins.append(terms.left_join(rows, terms.equal(terms.column(OWN_ROW_KEY, alias), row_key)))
        gone = exp.DPipe(this=terms.text(NOBODY), expression=terms.cast(row_key.copy(), "VARCHAR"))
        return terms.coalesce(terms.cast(terms.column(column, alias), "VARCHAR"), gone)


def joined_key(parts: list[Sql]) -> Sql:
    """A row key of several parts as one text; missing where a part is. A part's own separators are escaped, so that no two keys run
    together."""
    if len(parts) == 1:
        return parts[0]
    texts: list[Sql] = []
    for place, part in enumerate(parts):
        plain = terms.cast(part, "VARCHAR")
        for character in (ESCAPE, SEPARATOR):
            plain = terms.function("REPLACE", plain, terms.text(character), terms.text(ESCAPE + character))
        texts.extend([terms.text(SEPARATOR), plain] if place else [plain])
    whole = texts[0]
    for text in texts[1:]:
        whole = exp.DPipe(this=whole, expression=text)
    return exp.Paren(this=whole)


def current_name(target: str) -> str:
    """The column of a relation with what an exported target reads as."""
    return f"#current {target}"


def unfit_name(link: str) -> str:
    """The column of a mapped relation with whether a link names something that is no key."""
    return f"#unfit {link}"


def misfit_name(field: str) -> str:
    """The column of a relation that says whether a field's stored value does not fit."""
    return f"#misfit {field}"


def stored_name(field: str) -> str:
    """The column of a relation that says whether a field has a stored value, whatever it is."""
    return f"#stored {field}"


def divided_one(dialect: Dialect, rate: Sql) -> Sql:
    """One divided by a rate, at the scale of values."""
    return terms.cast(
        divided(dialect, terms.cast(terms.number(1), "DECIMAL", DIGITS, VALUE_SCALE), VALUE_SCALE, rate), "DECIMAL", DIGITS, VALUE_SCALE
    )


def literal_of(text: str, stored: Stored) -> Sql:
    """A text of a schema file as a literal that compares with a column."""
    if stored in (Stored.INTEGER, Stored.HUGE, Stored.DECIMAL, Stored.FLOAT):
        try:
            return terms.number(int(text))
        except ValueError:
            return terms.cast(terms.text(text), "DECIMAL", DIGITS, VALUE_SCALE)
    if stored is Stored.DATE:
        return terms.cast(terms.text(text), "DATE")
    if stored is Stored.BOOLEAN:
        return terms.boolean(text in ("true", "1"))
    return terms.text(text)


def parameter_literal(parameter: Parameter) -> Sql:
    """A parameter's value as a typed literal."""
    if parameter.value is None:
        return nothing(parameter.type.kind)
    match parameter.type.kind:
        case Kind.INTEGER:
            return terms.number(int(str(parameter.value)))
        case Kind.DECIMAL | Kind.PERCENT:
            return terms.cast(terms.text(str(parameter.value)), "DECIMAL", DIGITS, VALUE_SCALE)
        case Kind.DATE:
            return terms.cast(terms.text(str(parameter.value)), "DATE")
        case Kind.BOOLEAN:
            return terms.boolean(bool(parameter.value))
        case _:
            return terms.text(str(parameter.value))


def _of_self(tree: Sql, table: TableName | None, columns: frozenset[str]) -> None:
    """Makes the columns of ``self`` say so: those with the table's own name, and those that stand alone."""
    folded = {column.lower() for column in columns}
    for column in list(tree.find_all(exp.Column)):
        inside = [select for select in _selects(column) if select is not tree]
        owner = column.args.get("table")
        if owner is not None:
            named = table is not None and table.table is not None and _same(owner, table.table)
            if named and not any(_has(select, owner.this) for select in inside):
                column.set("table", terms.identifier(SELF))
                column.set("db", None)
        elif not inside and (column.name in columns or (not column.this.quoted and column.name.lower() in folded)):
            column.set("table", terms.identifier(SELF))


def _selects(node: Sql) -> list[exp.Select]:
    found: list[exp.Select] = []
    parent = node.parent
    while parent is not None:
        if isinstance(parent, exp.Select):
            found.append(parent)
        parent = parent.parent
    return found


def _same(identifier: exp.Identifier, name: str) -> bool:
    return identifier.this == name or (not identifier.quoted and str(identifier.this).lower() == name.lower())


def _has(select: exp.Select, name: str) -> bool:
    """Whether a query inside has a relation of its own of the name."""
    sources = [select.args.get("from_"), *(select.args.get("joins") or [])]
    return any(source is not None and source.this.alias_or_name.lower() == name.lower() for source in sources)


def managed_kinds(schema: Schema, target: str) -> dict[str, Kind]:
    """The columns of the engine's own table of a target, by kind."""
    return {name: Kind(kind) for name, kind in managed_columns(schema, target)}
