"""Reports: rows as they are, or groups of them with totals.

The groups are made into a table, and its rows are then rows of an entity like any other, with the values of the groups and the totals as
fields: what a column makes of them (``sum(net_amount) / count()``) is compiled as everything else is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from assignrules.ir.expressions import Aggregate, Expression, Field, Literal, Operation, is_condition, rebuilt
from assignrules.ir.reports import Column, Ordering, Report, group_entity, group_field, total_field
from assignrules.ir.types import TEXT, Kind, Type
from assignrules.resolve.typing import converted_scale
from assignrules.schema.logical import Entity
from assignrules.schema.mapping import EntityMapping, FieldMapping, SchemaMapping
from assignrules.sql import terms
from assignrules.sql.aggregates import Operands
from assignrules.sql.averages import average
from assignrules.sql.listings import Listing, listing
from assignrules.sql.printing import Printer, joined
from assignrules.sql.queries import Compiler, names_of
from assignrules.sql.rows import Rows
from assignrules.sql.stages import Statement
from assignrules.sql.terms import Sql

KEY = "key"
TABLE = "report_groups"


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of a report. ``rows`` makes their table ``table``; ``compiler`` and ``report`` take it for an entity. ``unrated``: the
    keys (column ``key``) of rows whose amounts are summed with those of another currency and have no rate; None where that cannot be."""

    statement: Statement
    table: str
    rows: exp.Query
    unrated: exp.Query | None
    compiler: Compiler
    report: Report

    def listing(self) -> Listing:
        """The lines of the report, from the table."""
        columns = (*self.report.group_columns(), *self.report.show)
        return listing(self.compiler, group_entity(self.report.name), columns, self.report.all_orders(), None)


def row_listing(compiler: Compiler, report: Report) -> Listing:
    """The lines of a report without groups and totals."""
    return listing(compiler, report.entity, report.show, report.order_by, report.where)


def groups(compiler: Compiler, report: Report) -> Groups:
    """The groups of a report that has groups or totals."""
    report = _without_averages(report, compiler.ruleset.currency)
    facts, entity = compiler.decisions().facts, report.entity
    values = [facts.normal(column.value, entity) for column in report.groups]

    def part(expression: Expression | None) -> Expression | None:
        return None if expression is None else facts.column(expression, entity)

    totals = [
        replace(total, of=part(total.of), by=part(total.by), where=None if total.where is None else facts.normal(total.where, entity))
        for total in report.totals
    ]
    where = None if report.where is None else facts.normal(report.where, entity)
    statement = Statement(facts, compiler.mapping, compiler.dialect, compiler.today)
    rows = statement.rows(entity)
    writer = _Totals(compiler, statement, rows, len(report.groups))
    for place, (column, value) in enumerate(zip(report.groups, values, strict=True)):
        writer.group(place, value, condition=is_condition(column.value))
    for place, total in enumerate(totals):
        writer.total(place, total)
    kept = None if where is None else statement.scalars.condition(where, rows)
    source = terms.table(statement.stage(entity, statement.top), "s")
    inner = terms.select(writer.inner, source, rows.source.joins, where=kept)
    mapped = _mapping(compiler.mapping, report)
    unrated = writer.unrated(inner)
    made = statement.finish(writer.grouped(inner))
    if unrated is not None:
        unrated.set("with_", made.args["with_"].copy())
    return Groups(
        statement,
        TABLE,
        made,
        unrated,
        Compiler(compiler.ruleset, mapped, compiler.dialect, compiler.today, journal=compiler.journal, reverts=compiler.reverts),
        report,
    )


class _Totals:
    """Writes the columns of three SELECTs, one over the other: ``inner`` over the rows, as ``r``; ``outer`` over groups of it, as ``t``;
    and ``final``, whose names are the fields of a group."""

    def __init__(self, compiler: Compiler, statement: Statement, rows: Rows, groups: int) -> None:
        self.home = compiler.ruleset.currency
        self.dialect = compiler.dialect
        self.printer = Printer(compiler.dialect)
        self.statement = statement
        self.rows = rows
        key, _ = names_of(rows, statement.mapping)
        self.operands = Operands()
        self._inner: list[Sql] = [terms.alias(key, KEY)]
        self.windows: list[Sql] = []
        self.by: list[Sql] = []
        self.outer: list[Sql] = []
        self.final: list[Sql] = []
        self.keys: list[Sql] = []
        self.sums: list[tuple[int, Sql | None]] = []

    @property
    def inner(self) -> list[Sql]:
        """The columns over the rows."""
        return [*self._inner, *self.operands.columns()]

    def group(self, place: int, value: Expression, *, condition: bool) -> None:
        """A value of the groups."""
        scalars = self.statement.scalars
        names = [f"g{place}"]
        self._inner.append(terms.alias((scalars.truth if condition else scalars.value)(value, self.rows), names[0]))
        currency: Sql | None = None
        if value.type.kind is Kind.MONEY:
            names.append(f"g{place}_currency")
            present = terms.not_null(scalars.value(value, self.rows))
            code = terms.case([(present, self.statement.money.code(value, self.rows))])
            self._inner.append(terms.alias(code, names[1]))
            currency = terms.column(names[1], "t")
        self.by.extend(terms.column(name, "r") for name in names)
        self.outer.extend(terms.column(name, "r") for name in names)
        self.keys.append(self.printer.shown(terms.column(names[0], "t"), value.type, currency))
        self._finally(group_field(place), terms.column(names[0], "t"), None if currency is None else currency.copy())

    def _finally(self, field: str, value: Sql, currency: Sql | None) -> None:
        self.final.append(terms.alias(value, field))
        if currency is not None:
            self.final.append(terms.alias(currency, f"{field}_currency"))

    def total(self, place: int, total: Aggregate) -> None:
        """A total of the groups' rows."""
        matches: Sql | None = None
        if total.where is not None:
            self._inner.append(terms.alias(self.statement.scalars.condition(total.where, self.rows), f"w{place}"))
            matches = terms.column(f"w{place}", "r")
        money = total.type.kind is Kind.MONEY
        if total.function in ("latest", "earliest"):
            self._ranked(place, total, matches)
        elif total.function == "sum" and money and self.statement.facts.currency(_of(total)) not in ("", self.home):
            self._sum(place, _of(total), matches)
        else:
            prefix = f"a{place}"
            aggregates = self.statement.aggregates
            self.outer.extend(aggregates.outputs(total, prefix, self.rows, matches, self.operands))
            self._finally(total_field(place), aggregates.result(total, prefix, "t"), terms.text(self.home) if money else None)

    def _sum(self, place: int, of: Expression, matches: Sql | None) -> None:
        """A sum of money, in the currency that all amounts but those of 0 share; where all are 0, in that which these share; else in the
        project's. ``x`` the amounts, ``h`` in the project's currency, ``c`` and ``z`` the codes of amounts above and of 0."""
        value, code = self.statement.scalars.value(of, self.rows), self.statement.money.code(of, self.rows)
        nothing = terms.equal(value.copy(), terms.number(0))
        self._inner += [
            terms.alias(value, f"x{place}_"),
            terms.alias(self.statement.money.at_home(of, self.rows), f"h{place}"),
            terms.alias(terms.case([(terms.negated(nothing), code)]), f"c{place}"),
            terms.alias(terms.case([(nothing.copy(), code.copy())]), f"z{place}"),
        ]
        self.sums.append((place, matches))

        def over(function: str, column: str) -> Sql:
            return self.statement.aggregates.over(function, terms.column(column, "r"), None if matches is None else matches.copy())

        codes = [(f"{name}{place}", function) for function in ("MIN", "MAX") for name in ("c", "z")]
        self.outer += [terms.alias(over(function, name), f"{function.lower()}_{name}") for name, function in codes]
        scale = max(of.type.scale, 10)
        for name in (f"x{place}_", f"h{place}"):
            self.outer.append(terms.alias(self.dialect.decimal(over("SUM", name), scale), f"s_{name}"))
        low, high = (
            terms.coalesce(terms.column(f"{word}_c{place}", "t"), terms.column(f"{word}_z{place}", "t")) for word in ("min", "max")
        )
        same = terms.equal(low, high)
        summed = terms.case([(same, terms.column(f"s_x{place}_", "t"))], terms.column(f"s_h{place}", "t"))
        currency = terms.case([(same.copy(), low.copy())], terms.text(self.home))
        self._finally(total_field(place), terms.coalesce(summed, terms.number(0)), currency)

    def _ranked(self, place: int, total: Aggregate, matches: Sql | None) -> None:
        """``latest``/``earliest``: the dated rows of each group get numbers, and the first one's value is taken."""
        assert total.by is not None
        of, scalars = _of(total), self.statement.scalars
        self._inner.append(terms.alias(scalars.value(of, self.rows), f"x{place}_"))
        self._inner.append(terms.alias(scalars.value(total.by, self.rows), f"d{place}"))
        day = terms.column(f"d{place}", "r")
        dated = terms.all_of([terms.not_null(day), *([] if matches is None else [matches])])
        descending = total.function == "latest"
        order = [
            terms.ordered(terms.case([(dated, terms.number(0))], terms.number(1))),
            exp.Ordered(this=day.copy(), desc=descending, nulls_first=False),
            terms.ordered(self.dialect.ordered_text(terms.column(KEY, "r")), descending),
        ]
        number = exp.Window(
            this=exp.Anonymous(this="ROW_NUMBER"),
            partition_by=[column.copy() for column in self.by] or None,
            order=exp.Order(expressions=order),
        )
        self.windows.append(terms.alias(number, f"n{place}"))
        first = terms.all_of([terms.equal(terms.column(f"n{place}", "r"), terms.number(1)), dated.copy()])
        function = "BOOL_OR" if of.type.kind is Kind.BOOLEAN else "MAX"
        self.outer.append(terms.alias(terms.function(function, terms.case([(first, terms.column(f"x{place}_", "r"))])), f"a{place}"))
        currency: Sql | None = None
        if of.type.kind is Kind.MONEY:
            self._inner.append(terms.alias(self.statement.money.code(of, self.rows), f"c{place}"))
            self.outer.append(
                terms.alias(terms.function("MAX", terms.case([(first.copy(), terms.column(f"c{place}", "r"))])), f"a{place}_currency")
            )
            currency = terms.column(f"a{place}_currency", "t")
        self._finally(total_field(place), terms.column(f"a{place}", "t"), currency)

    def grouped(self, inner: exp.Select) -> exp.Select:
        """One row for each group; without groups, one row."""
        source = inner
        if self.windows:
            source = terms.select([exp.Star(), *self.windows], terms.subquery(inner, "r"))
        outer = terms.select(self.outer or [terms.number(1)], terms.subquery(source, "r"), group_by=[column.copy() for column in self.by])
        separated = [part for key in self.keys for part in (terms.text(", "), key)][1:]
        key = terms.alias(joined(separated) if separated else terms.text(""), KEY)
        return terms.select([key, *self.final], terms.subquery(outer, "t"))

    def unrated(self, inner: exp.Select) -> exp.Select | None:
        """The rows that a sum needs a rate of, and that have none, each with the currencies of the sums that lack it."""
        if not self.sums:
            return None
        windows: list[Sql] = [exp.Star()]
        found: list[Sql] = []
        for place, matches in self.sums:
            code = terms.column(f"c{place}", "r")
            counted = code if matches is None else terms.case([(matches.copy(), code)])
            for function in (exp.Min, exp.Max):
                over = exp.Window(this=function(this=counted.copy()), partition_by=[column.copy() for column in self.by] or None)
                windows.append(terms.alias(over, f"{function.__name__.lower()}_c{place}"))
            differ = terms.binary(exp.NEQ, terms.column(f"min_c{place}", "m"), terms.column(f"max_c{place}", "m"))
            lost = [differ, terms.not_null(terms.column(f"c{place}", "m")), terms.is_null(terms.column(f"h{place}", "m"))]
            found.append(terms.all_of([*lost, *([] if matches is None else [terms.column(f"w{place}", "m")])]))
        middle = terms.select(windows, terms.subquery(inner.copy(), "r"))
        lacking: list[Sql] = [
            terms.alias(terms.case([(lost.copy(), terms.column(f"c{place}", "m"))]), f"lacking_{place}")
            for (place, _), lost in zip(self.sums, found, strict=True)
        ]
        return terms.select([terms.column(KEY, "m"), *lacking], terms.subquery(middle, "m"), where=terms.any_of(found), unique=True)


def _of(total: Aggregate) -> Expression:
    assert total.of is not None
    return total.of


def _without_averages(report: Report, home: str) -> Report:
    """The report with `avg` as a quotient of two other totals, both in the project's currency."""
    if not any(total.function == "avg" for total in report.totals):
        return report
    totals: list[Aggregate] = []
    instead: dict[str, Expression] = {}

    def field(total: Aggregate) -> Field:
        if total not in totals:
            totals.append(total)
        return Field(group_entity(report.name), total_field(totals.index(total)), total.type)

    for place, total in enumerate(report.totals):
        if total.function != "avg":
            instead[total_field(place)] = field(total)
            continue
        if _of(total).type.kind is Kind.MONEY:
            of = _of(total)
            total = replace(total, of=Operation("convert", (of, Literal(home, TEXT)), converted_scale(of.type)))
        quotient = average(total, home)
        assert isinstance(quotient, Operation)
        parts = tuple(field(part) for part in quotient.arguments if isinstance(part, Aggregate))
        instead[total_field(place)] = replace(quotient, arguments=parts)
    show = tuple(Column(column.name, _with(column.value, instead)) for column in report.show)
    order = tuple(Ordering(_with(term.value, instead), term.descending) for term in report.order_by)
    return replace(report, totals=tuple(totals), show=show, order_by=order)


def _with(expression: Expression, instead: Mapping[str, Expression]) -> Expression:
    """The expression with others in the place of some fields of the group."""
    if isinstance(expression, Field):
        return instead.get(expression.name, expression)
    return rebuilt(expression, lambda part: _with(part, instead))


def _mapping(mapping: SchemaMapping, report: Report) -> SchemaMapping:
    """The mapping with the groups' table as an entity."""
    name = group_entity(report.name)
    fields: dict[str, Type] = {KEY: TEXT}
    fields |= {group_field(place): column.value.type for place, column in enumerate(report.groups)}
    fields |= {total_field(place): total.type for place, total in enumerate(report.totals)}
    columns = {field: FieldMapping(field, f"{field}_currency" if type.kind is Kind.MONEY else None) for field, type in fields.items()}
    schema = replace(mapping.schema, entities={**mapping.schema.entities, name: Entity(name, name, KEY, None, fields, {})})
    return replace(mapping, schema=schema, entities={**mapping.entities, name: EntityMapping(name, TABLE, KEY, columns, {})})
