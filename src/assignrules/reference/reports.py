"""What alerts and reports show: rows on the planned state, in their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, localcontext

from assignrules.ir.changes import AlertRows, Printed
from assignrules.ir.expressions import Aggregate
from assignrules.ir.reports import Alert, Column, Ordering, Report, group_entity, group_field, total_field
from assignrules.ir.types import Kind, Money
from assignrules.ir.values import Value, printed, shown
from assignrules.reference.evaluation import Evaluation
from assignrules.reference.scalars import EXACT
from assignrules.schema.records import Record


def alert_rows(evaluation: Evaluation, alert: Alert) -> AlertRows:
    """The rows of an alert; those that left by key."""
    rows = [row for row in evaluation.rows.records[alert.entity] if evaluation.holds(alert.condition, row)]
    rows = _sorted(evaluation, rows, alert.order_by)
    keys, before = [row.key for row in rows], evaluation.dataset.alerts.get(alert.name, ())
    entered, stay = (tuple(key for key in keys if (key in before) is known) for known in (False, True))
    shown = [_values(evaluation, alert.show, row) for row in rows]
    return AlertRows(entered, stay, tuple(sorted(set(before) - set(keys))), tuple(shown))


def report_lines(evaluation: Evaluation, report: Report) -> list[tuple[Printed, ...]]:
    """The lines of a report."""
    rows = [row for row in evaluation.rows.records[report.entity] if evaluation.holds(report.where, row)]
    if report.grouped:
        groups: dict[tuple[Value, ...], list[Record]] = defaultdict(list) if report.groups else {(): rows}
        for row in rows if report.groups else ():
            groups[tuple(evaluation.value(item.value, row) for item in report.groups)].append(row)
        rows = [_group(evaluation, report, values, members) for values, members in groups.items()]
    return [_values(evaluation, (*report.group_columns(), *report.show), row) for row in _sorted(evaluation, rows, report.all_orders())]


def _group(evaluation: Evaluation, report: Report, values: tuple[Value, ...], rows: list[Record]) -> Record:
    fields = {group_field(place): value for place, value in enumerate(values)}
    fields |= {total_field(place): _total(evaluation, total, rows) for place, total in enumerate(report.totals)}
    return Record(group_entity(report.name), ", ".join(map(shown, values)), fields)


def _total(evaluation: Evaluation, total: Aggregate, rows: list[Record]) -> Value:
    """A sum of money is in the currency that all its amounts share (those of 0 only among themselves), if they share one."""
    home = evaluation.ruleset.currency
    with localcontext(EXACT):
        if total.function == "sum" and total.of is not None and total.type.kind is Kind.MONEY:
            values = [evaluation.value(total.of, row) for row in rows if evaluation.holds(total.where, row)]
            amounts = [value for value in values if isinstance(value, Money)]
            shared = {amount.currency for amount in amounts if amount.amount} or {amount.currency or home for amount in amounts}
            if len(shared) == 1:
                return Money(sum((amount.amount for amount in amounts), Decimal(0)), shared.pop())
        return evaluation.aggregate(total, rows)


def _values(evaluation: Evaluation, columns: Iterable[Column], row: Record) -> tuple[Printed, ...]:
    return tuple(printed(evaluation.written(evaluation.value(column.value, row))) for column in columns)


def _sorted(evaluation: Evaluation, rows: list[Record], order: Iterable[Ordering]) -> list[Record]:
    """Stable sorts, the last term first, over rows by key."""
    rows = sorted(rows, key=lambda row: row.key)
    for term in reversed(tuple(order)):
        rows = evaluation.ordered(rows, term.value, not term.descending)
    return rows
