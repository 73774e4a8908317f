"""Rows that are no entity's own: an entity's rows once for each day on which they are looked at, for `as of` a date of the row.

`(total_guarantee) as of next_review_on` asks of each customer what is true on a day of its own, and what it asks is spread over other
rows: the guarantees of its legal entity, each on that customer's day. So everything below such an `as of` is computed on *moved rows*:
pairs of a row and a day, each pair once, reached from the rows that ask by the links that the expression follows. To the rest of the
compiler they are entities like any other. Their row key is the row's own with the day behind it, and so are their links: a link from a
moved row leads to a row of the same day.

``PAIRED`` rows serve an aggregate whose `as of` reads `this`: the related rows, once for each row that the aggregate stands on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlglot import exp

from assignrules.ir.expressions import Expression, Link, Reference
from assignrules.sql import terms
from assignrules.sql.rows import DAY, KEY, OWN_KEY, Column, Rows, Source, moved_key
from assignrules.sql.terms import Sql

if TYPE_CHECKING:
    from assignrules.sql.stages import Statement


class Kind(Enum):
    """How rows come to be: on a day that their source has; by a link from moved rows; all rows of the entity on the days of moved rows;
    each related row with the row that an aggregate stands on."""

    MOVED = "moved"
    REACHED = "reached"
    WHOLE = "whole"
    PAIRED = "paired"


@dataclass(frozen=True, slots=True)
class Derived:
    """Rows under a ``name`` of their own, made of those of ``entity``, reached from ``source`` (both may be derived again).

    ``day``: of moved ones, the source's fact that is their day. ``way``: of reached ones the link, and where it is a target's ``value``,
    its state on the source. ``path``: of paired ones that of the aggregate.
    """

    name: str
    kind: Kind
    entity: str
    source: str
    day: Reference | None = None
    way: Link | None = None
    value: Expression | None = None
    path: tuple[Link, ...] = ()


def base_query(statement: Statement, derived: Derived, level: int, needs: Mapping[Column, str]) -> exp.Query:
    """The relation of derived rows with the columns asked for."""
    if derived.kind is Kind.PAIRED:
        return _paired(statement, derived, level, needs)
    source = Source(statement)
    rows = Rows(source, derived.source, level - 1, "s")
    base = terms.table(statement.stage(derived.source, level - 1), "s")
    if derived.kind is Kind.MOVED and derived.entity == derived.source:
        assert derived.day is not None
        day = rows.column(Column("fact", derived.day.name))
        columns = [terms.alias(_column(rows, column, day), name) for column, name in needs.items()]
        return terms.select(columns, base, source.joins, where=terms.not_null(day.copy()))
    own = Rows(Source(statement), derived.entity, 0, "r")
    columns = [terms.alias(_column(own, column, terms.column("day", "p")), name) for column, name in needs.items()]
    whole = terms.table(statement.stage(derived.entity, 0), "r")
    pairs, on = _pairs(statement, derived, rows, base, own)
    return terms.select(
        columns, terms.subquery(pairs, "p"), [exp.Join(this=whole, kind="CROSS") if on is None else terms.inner_join(whole, on)]
    )


def _pairs(statement: Statement, derived: Derived, rows: Rows, base: Sql, own: Rows) -> tuple[exp.Select, Sql | None]:
    """Keys ``k`` and days ``day``, each pair once, and how the entity's own rows meet them (None: all rows, all days)."""
    day = rows.column(DAY)
    way = derived.way
    if derived.kind is Kind.WHOLE:
        return terms.select([terms.alias(day, "day")], base, unique=True), None
    if way is None:  # another day on moved rows
        assert derived.day is not None
        key, day = rows.column(OWN_KEY), rows.column(Column("fact", derived.day.name))
    elif way.many:
        back = statement.inverse(way)
        pairs = terms.select([terms.alias(rows.column(OWN_KEY), "k"), terms.alias(day, "day")], base, unique=True)
        return pairs, terms.equal(own.column(Column("link", back)), terms.column("k", "p"))
    elif derived.value is not None:
        key = statement.scalars.value(derived.value, rows)
    else:
        key = rows.column(Column("own link", way.name))
    there = terms.all_of([terms.not_null(key.copy()), terms.not_null(day.copy())])
    pairs = terms.select([terms.alias(key, "k"), terms.alias(day, "day")], base, rows.source.joins, where=there, unique=True)
    return pairs, terms.equal(own.column(KEY), terms.column("k", "p"))


def _column(rows: Rows, column: Column, day: Sql) -> Sql:
    """A column of moved rows over the rows that they are made of."""
    match column.kind:
        case "key":
            return moved_key(rows.column(KEY), day)
        case "own key":
            return rows.column(KEY)
        case "day":
            return day.copy()
        case "link":
            return moved_key(rows.column(_own_link(rows, column.name)), day)
        case "own link":
            return rows.column(_own_link(rows, column.name))
        case _:
            return rows.column(column)


def _own_link(rows: Rows, name: str) -> Column:
    return Column("own link" if rows.source.relations.is_derived(rows.entity) else "link", name)


def _paired(statement: Statement, derived: Derived, level: int, needs: Mapping[Column, str]) -> exp.Query:
    pairs = statement.aggregates.pairs(derived.path, level - 1)
    ends = {
        "outer": Rows(Source(statement), derived.source, level - 1, "t"),
        "inner": Rows(Source(statement), derived.entity, level - 1, "e"),
    }
    joins = [
        terms.inner_join(
            terms.table(statement.stage(end.entity, level - 1), end.alias), terms.equal(end.column(KEY), terms.column(key, "p"))
        )
        for end, key in ((ends["outer"], "k"), (ends["inner"], "e"))
    ]

    def value(column: Column) -> Sql:
        match column.kind:
            case "key" | "own key":
                return moved_key(terms.column("k", "p"), terms.column("e", "p"))
            case "link":
                return ends[column.name].column(KEY)
            case "own link":
                end = ends[column.name]
                return end.column(OWN_KEY if statement.is_derived(end.entity) else KEY)
            case _:
                return ends["inner"].column(column)

    return terms.select([terms.alias(value(column), name) for column, name in needs.items()], terms.subquery(pairs, "p"), joins)
