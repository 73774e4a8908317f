"""Where the parts of a logical schema live in a company's own tables: what a schema file says, as data (schema.md, section 2).

SQL fragments stay texts here: they have been parsed and confined when the file was read (``schema.fragments``), and are translated when a
statement is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

from assignrules.diagnostics import Span
from assignrules.ir.types import Type

REST = "*"  # the code that catches all others
AS_OF = "as_of"  # the parameter that every fragment may use


class Stored(Enum):
    """What a database keeps in a column, as far as reading it differs. ``UNKNOWN``: no database has been asked."""

    UNKNOWN = "unknown"
    TEXT = "text"
    PADDED = "padded text"
    INTEGER = "integer"
    HUGE = "integer of more than 64 bits"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    ZONED = "timestamp with time zone"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of SQL that a person wrote."""

    text: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: a column of ``self``, or a fragment (exactly one is given). ``type``: of a stored value of a target's own
    table, what is kept there."""

    column: str | None
    fragment: Fragment | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"`{self.column}`" if self.column is not None else "the fragment"


@dataclass(frozen=True, slots=True)
class TableName:
    """A table by its exact name, or a query. ``span`` is that of what is written."""

    table: str | None
    schema: str | None = None
    sql: Fragment | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        if self.table is None:
            return "query"
        return self.table if self.schema is None else f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class FieldSource:
    """How a field is read. ``source`` None: deliberately always missing.

    ``codes``: pairs of a code and the value that it stands for (a code None is SQL's NULL, ``*`` the rest). ``missing``: texts that mean
    missing. ``trim`` None: where the column is padded. ``currency``: of money, a source, or a code as text; None is the entity's currency.
    ``plus_days``: added to a date. ``scale``: digits that are kept.
    """

    source: Source | None
    type: Type
    codes: tuple[tuple[str | None, str], ...] = ()
    missing: tuple[str, ...] = ()
    trim: bool | None = None
    format: str | None = None
    plus_days: Source | None = None
    currency: Source | str | None = None
    scale: int | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LinkSource:
    """How a row names another: the other row's key, part by part. ``when``: only on these rows."""

    parts: tuple[Source, ...]
    when: Fragment | None = None
    missing: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EntitySource:
    """The rows of an entity. ``key``: the parts of the row key. ``tenant``: whether the tenant's columns restrict the table.
    ``inverted``: of rates, units of the foreign currency for one of the project's."""

    table: TableName
    key: tuple[Source, ...]
    fields: Mapping[str, FieldSource]
    links: Mapping[str, LinkSource]
    joins: tuple[Fragment, ...] = ()
    where: Fragment | None = None
    tenant: bool = True
    inverted: bool = False
    loaded_at: Source | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table that says which name stands for a key: of the rows where ``where`` holds."""

    table: TableName
    key: Source
    name: Source
    where: Fragment | None = None
    tenant: bool = True
    span: Span | None = field(default=None, compare=False, repr=False)


class Store(Enum):
    """How a target's state is kept."""

    COLUMN = "column"
    MEMBERS = "members"
    MANAGED = "managed"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Inserted:
    """What a new row has in a column: the subject's row key (``key``), a parameter, or a text as the column's type reads it."""

    column: str
    key: bool = False
    parameter: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class TargetSource:
    """The table of a target's state. ``subject``: the columns with the subject's row key, part by part. ``value``: of ``column`` stores,
    the column with its reading, of ``members`` the member's. ``current``: of ``export``, the field of the entity that it reads as."""

    store: Store
    table: TableName | None = None
    subject: tuple[str, ...] = ()
    value: FieldSource | None = None
    lookup: Lookup | None = None
    insert: tuple[Inserted, ...] = ()
    current: FieldSource | None = None
    tenant: bool = True
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of fragments, with its value in the environment: None where it has none."""

    name: str
    type: Type
    value: str | int | Decimal | date | bool | None


@dataclass(frozen=True, slots=True)
class Tenant:
    """Columns that every table of the database may have, each with the one value that counts: a text, or with ``:name`` a parameter."""

    columns: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a database says of one relation: its columns (None: not asked), and what is stored in each place that the mapping reads, by the
    place's name."""

    columns: Mapping[str, Stored] | None = None
    stored: Mapping[str, Stored] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Physical:
    """All that reading and writing a company's tables takes. ``dialect``: of the fragments, None the database's own. ``shapes``: by
    relation, what a database was found to have; empty before one is asked. ``present``: the engine's own tables that are there."""

    entities: Mapping[str, EntitySource]
    targets: Mapping[str, TargetSource]
    parameters: Mapping[str, Parameter]
    tenant: Tenant | None
    dialect: str | None
    time_zone: str
    currency: str
    calendar: str | None = None
    as_of: date | None = None
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    present: frozenset[str] | None = None

    def stored(self, relation: str, place: str) -> Stored:
        """What is stored in a place of a relation."""
        shape = self.shapes.get(relation)
        return Stored.UNKNOWN if shape is None else shape.stored.get(place, Stored.UNKNOWN)


def table_names(physical: Physical) -> frozenset[str]:
    """The names of every table that is named apart; those in fragments are not among them."""
    tables = [source.table for source in physical.entities.values()]
    tables += [target.table for target in physical.targets.values() if target.table is not None]
    tables += [target.lookup.table for target in physical.targets.values() if target.lookup is not None]
    return frozenset(table.table for table in tables if table.table is not None)
