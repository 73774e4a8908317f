"""Rows as people and files get them: the columns that an alert or a report shows, printed as JSON, in their order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from assignrules.ir.expressions import Expression, is_condition
from assignrules.ir.reports import Alert, Column, Ordering
from assignrules.ir.types import Kind
from assignrules.schema.mapping import JOURNAL_ALERT, JOURNAL_RUN
from assignrules.sql import terms
from assignrules.sql.conversions import comparable
from assignrules.sql.printing import Printer, joined
from assignrules.sql.queries import Compiler, names_of
from assignrules.sql.stages import Statement
from assignrules.sql.terms import Sql


@dataclass(frozen=True, slots=True)
class Listing:
    """``query`` gives the rows in order: ``place`` from 1, ``key``, ``label``, and for each column its JSON text as ``c0``, ``c1``, …"""

    statement: Statement
    query: exp.Query


def listing(compiler: Compiler, entity: str, columns: Sequence[Column], order_by: Sequence[Ordering], where: Expression | None) -> Listing:
    """The rows of an entity for which ``where`` holds; missing values come last, ties go by key."""
    facts = compiler.decisions().facts
    values = [facts.normal(column.value, entity) for column in columns]
    orders = [facts.normal(comparable(term.value, compiler.ruleset.currency), entity) for term in order_by]
    condition = None if where is None else facts.normal(where, entity)
    statement = Statement(facts, compiler.mapping, compiler.dialect, compiler.today)
    rows = statement.rows(entity)
    key, label = names_of(rows, compiler.mapping)
    inner: list[Sql] = [terms.alias(key, "key"), terms.alias(label, "label")]
    for place, (column, value) in enumerate(zip(columns, values, strict=True)):
        compiled = statement.scalars.truth if is_condition(column.value) else statement.scalars.value
        inner.append(terms.alias(compiled(value, rows), f"v{place}"))
        if value.type.kind is Kind.MONEY:
            inner.append(terms.alias(statement.money.code(value, rows), f"v{place}_currency"))
    inner.extend(terms.alias(statement.scalars.value(value, rows), f"o{place}") for place, value in enumerate(orders))
    kept = None if condition is None else statement.scalars.condition(condition, rows)
    selected = terms.select(inner, terms.table(statement.stage(entity, statement.top), "s"), rows.source.joins, where=kept)
    printer = Printer(compiler.dialect)
    place_ = exp.Window(this=exp.Anonymous(this="ROW_NUMBER"), order=exp.Order(expressions=_order(compiler, order_by)))
    outer: list[Sql] = [terms.alias(place_, "place"), terms.column("key"), terms.column("label")]
    for place, column in enumerate(columns):
        type = column.value.type
        currency = terms.column(f"v{place}_currency") if type.kind is Kind.MONEY else None
        outer.append(terms.alias(printer.json(terms.column(f"v{place}"), type, currency), f"c{place}"))
    query = terms.select(outer, terms.subquery(selected, "d"), order_by=[terms.ordered(terms.column("place"))])
    return Listing(statement, statement.finish(query))


def _order(compiler: Compiler, order_by: Sequence[Ordering]) -> list[Sql]:
    terms_: list[Sql] = []
    for place, term in enumerate(order_by):
        value = terms.column(f"o{place}")
        if term.value.type.is_text:
            value = compiler.dialect.ordered_text(value)
        terms_.append(exp.Ordered(this=value, desc=term.descending, nulls_first=False))
    return [*terms_, terms.ordered(compiler.dialect.ordered_text(terms.column("key")))]


def alert_listing(compiler: Compiler, alert: Alert) -> Listing:
    """The rows of an alert."""
    return listing(compiler, alert.entity, alert.show, alert.order_by, alert.condition)


def alert_lines(compiler: Compiler, alert: Alert, table: str, *, journal: bool) -> exp.Select:
    """From a table with the alert's rows, in order: ``place``, ``key``, whether the last applied run had it (``known``), and the row as a
    JSON ``line``. Without a ``journal`` of alert rows, no row is known."""
    dialect = compiler.dialect
    key, label = terms.column("key", "a"), terms.column("label", "a")
    known: Sql = terms.not_null(terms.column("subject", "l")) if journal else terms.boolean(False)
    parts: list[Sql] = [
        terms.text(f'{{"alert":{json.dumps(alert.name, ensure_ascii=False)},"subject":'),
        dialect.json_text(key),
        terms.text(',"label":'),
        terms.case([(terms.is_null(label), terms.text("null"))], dialect.json_text(label.copy())),
        terms.text(',"state":'),
        terms.case([(known, terms.text('"stay"'))], terms.text('"entered"')),
        terms.text(',"show":['),
    ]
    for place in range(len(alert.show)):
        parts.extend([terms.text("," if place else ""), terms.column(f"c{place}", "a")])
    parts.append(terms.text("]}"))
    columns = [terms.column("place", "a"), key.copy(), terms.alias(known.copy(), "known"), terms.alias(joined(parts), "line")]
    joins: list[exp.Join] = []
    if journal:
        before = terms.subquery(_last_rows(alert.name), "l")
        joins.append(terms.left_join(before, terms.equal(terms.column("subject", "l"), key.copy())))
    return terms.select(columns, terms.table(table, "a"), joins)


def alert_left(compiler: Compiler, alert: Alert, table: str) -> exp.Select:
    """The keys that the last applied run had in the alert, and that its table has no more, by key."""
    there = exp.Exists(
        this=terms.select(
            [terms.number(1)], terms.table(table, "a"), where=terms.equal(terms.column("key", "a"), terms.column("subject", "l"))
        )
    )
    key = compiler.dialect.ordered_text(terms.column("subject", "l"))
    return terms.select(
        [terms.column("subject", "l")],
        terms.subquery(_last_rows(alert.name), "l"),
        where=terms.negated(there),
        order_by=[terms.ordered(key)],
    )


def was_in_alert(alert: str, key: str) -> exp.Select:
    """A row where the last applied run had a key in the alert."""
    return _last_rows(alert).where(terms.equal(terms.column("subject"), terms.text(key)))


def _last_rows(alert: str) -> exp.Select:
    """The keys of an alert's rows in the last run that was no revert: a revert looks at no alert."""
    last = terms.select([exp.Max(this=terms.column("id"))], terms.table(JOURNAL_RUN), where=terms.is_null(terms.column("reverts")))
    named = terms.equal(terms.column("alert"), terms.text(alert))
    of_last = terms.equal(terms.column("run"), terms.scalar(last))
    return terms.select([terms.column("subject")], terms.table(JOURNAL_ALERT), where=terms.all_of([named, of_last]), unique=True)
