"""The rows behind aggregates: the same rows by the same SQL that the aggregates are made of, for one subject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlglot import exp

from assignrules.databases.base import Row, Session
from assignrules.ir.expressions import Aggregate, AsOf, Expression, Link, This, Today, Via, children
from assignrules.ir.types import DATE, Kind, Money
from assignrules.ir.values import Value, printed
from assignrules.plan.explanation import RowBehind, RowsBehind
from assignrules.plan.fetched import fetched_value
from assignrules.sql import terms
from assignrules.sql.aggregates import Group
from assignrules.sql.queries import Compiler, names_of
from assignrules.sql.rows import Column, Source
from assignrules.sql.stages import Statement
from assignrules.sql.terms import Sql

FIRST = 5
Path = tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    key: str
    label: str | None
    value: Value
    day: Value


def reads_this(aggregate: Aggregate) -> bool:
    """Whether the aggregate reads the row that it stands on."""
    return any(_below_reads_this(part) for part in children(aggregate))


def _below_reads_this(expression: Expression) -> bool:
    return isinstance(expression, This) or (
        not isinstance(expression, Aggregate) and any(_below_reads_this(part) for part in children(expression))
    )


def moves_this(expression: Expression) -> bool:
    """Whether an `as of` inside reads the row that an aggregate stands on: such rows are pairs, which have no key of their own to show."""
    return any((isinstance(part, AsOf) and _has_this(part)) or moves_this(part) for part in children(expression))


def _has_this(expression: Expression) -> bool:
    return isinstance(expression, This) or any(_has_this(part) for part in children(expression))


def rows_behind(session: Session, compiler: Compiler, subject: str, path: Path, aggregates: Sequence[Aggregate]) -> list[RowsBehind]:
    """For each aggregate the rows at the end of the path from the subject that it counts, all in one statement."""
    rows = session.fetch(compiler.text(_query(compiler, subject, path, aggregates)))
    found: list[list[_Found]] = [[] for _ in aggregates]
    for row in rows:
        values = iter(row[2:])
        for number, aggregate in enumerate(aggregates):
            holds = aggregate.where is None or next(values)
            value = None if aggregate.of is None else fetched_value(values, aggregate.of.type)
            day = None if aggregate.by is None else fetched_value(values, aggregate.by.type)
            if holds and _counts(aggregate, value, day):
                found[number].append(_Found(*_names(row), value, day))
    return [_sample(compiler, aggregate, path, items) for aggregate, items in zip(aggregates, found, strict=True)]


def _names(row: Row) -> tuple[str, str | None]:
    key, label = row[:2]
    return str(key), None if label is None or label == key else str(label)


def _counts(aggregate: Aggregate, value: Value, day: Value) -> bool:
    """Whether the aggregate takes a row for which its condition holds: missing inputs are skipped."""
    if aggregate.by is not None:
        return day is not None
    return aggregate.of is None or value is not None


def _sample(compiler: Compiler, aggregate: Aggregate, path: Path, items: list[_Found]) -> RowsBehind:
    items.sort(key=lambda item: item.key)
    match aggregate.function:
        case "sum":
            items.sort(key=lambda item: -abs(_size(item.value)))
        case "max":
            items.sort(key=lambda item: _order(item.value), reverse=True)
        case "min":
            items.sort(key=lambda item: _order(item.value))
        case "latest":
            items.sort(key=lambda item: (_order(item.day), item.key), reverse=True)
        case "earliest":
            items.sort(key=lambda item: _order(item.day))
    first = tuple(RowBehind(item.key, item.label, printed(item.value), printed(item.day)) for item in items[:FIRST])
    return RowsBehind(path[-1].to, first, len(items), compiler.mapping.schema.entities[path[-1].to].plural)


def _size(value: Value) -> Decimal:
    match value:
        case Money(amount=amount):
            return amount
        case int() | Decimal():
            return Decimal(value)
        case _:
            raise AssertionError(value)


def _order(value: Value) -> tuple[Decimal, str]:
    """Something that orders as the values do; amounts of several currencies only roughly."""
    if isinstance(value, Money | int | Decimal):
        return _size(value), ""
    return Decimal(0), value.isoformat() if isinstance(value, date) else str(value)


def _query(compiler: Compiler, subject: str, path: Path, aggregates: Sequence[Aggregate]) -> exp.Query:
    schema = compiler.mapping.schema
    facts = compiler.decisions().facts
    entity, end = path[0].entity, path[-1].to

    def link(part: Link) -> Link:
        via = facts.normal(Via(part, Today(), DATE), part.entity)
        assert isinstance(via, Via)
        return via.link

    def normal(part: Expression | None) -> Expression | None:
        return None if part is None else facts.normal(part, end, entity)

    ways = tuple(link(part) for part in path)
    bodies = [replace(item, path=ways, of=normal(item.of), where=normal(item.where), by=normal(item.by)) for item in aggregates]
    statement = Statement(facts, compiler.mapping, compiler.dialect, compiler.today, compiler.kept)
    source = Source(statement)
    # The context that `latest` is made with: the related rows `e`, joined to the row that they belong to.
    rows, _, base, joins = statement.aggregates.related(Group(ways, statement.top), source)
    assert rows.outer is not None
    key, label = names_of(rows, compiler.mapping)
    columns: list[Sql] = [terms.alias(key, "key"), terms.alias(label, "label")]
    conditions: list[Sql] = []
    for number, body in enumerate(bodies):
        if body.where is not None:
            conditions.append(statement.scalars.condition(body.where, rows))
            columns.append(terms.alias(statement.scalars.truth(body.where, rows), f"c{number}"))
        for name, part in (("v", body.of), ("b", body.by)):
            if part is not None:
                columns.append(terms.alias(statement.scalars.value(part, rows), f"{name}{number}"))
                if part.type.kind is Kind.MONEY:
                    columns.append(terms.alias(statement.money.code(part, rows), f"{name}{number}_currency"))
    own = schema.entities[entity].key
    assert own is not None
    kept = [terms.equal(rows.outer.column(Column("field", own)), terms.text(subject))]
    if len(conditions) == len(bodies):
        kept.append(terms.any_of(conditions))
    return statement.finish(terms.select(columns, base, [*joins, *source.joins], where=terms.all_of(kept)))
