"""Alerts and reports: their conditions, columns and orders, lowered (language.md, section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass

from assignrules.diagnostics import Diagnostic, Related, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.expressions import Aggregate, Expression, Field, Literal
from assignrules.ir.reports import Alert, Column, Ordering, Report, group_entity, group_field, total_field
from assignrules.ir.types import Kind
from assignrules.resolve.aggregates import aggregate
from assignrules.resolve.functions import AGGREGATES
from assignrules.resolve.lower import Definitions, Lowering
from assignrules.resolve.names import Names, entity_of
from assignrules.resolve.typing import has_order
from assignrules.syntax import tree
from assignrules.syntax.expression_format import format_expression

LEVELS = ("low", "medium", "high")
AUDIENCES = ("risk", "collection")


def resolve_alerts(
    statements: Iterable[tree.Statement], names: Names, definitions: Definitions, problems: list[Diagnostic]
) -> tuple[Alert, ...]:
    """The alerts, by name; a name given twice is reported."""
    found: dict[str, Alert] = {}
    first: dict[str, tree.Name] = {}
    for statement in statements:
        if isinstance(statement, tree.Alert):
            _once("alert", statement.name, first, problems)
            alert = _alert(statement, names, definitions, problems)
            if alert is not None:
                found[alert.name] = alert
    return tuple(found[name] for name in sorted(found))


def resolve_reports(
    statements: Iterable[tree.Statement], names: Names, definitions: Definitions, problems: list[Diagnostic]
) -> tuple[Report, ...]:
    """The reports, by name; a name given twice is reported."""
    found: dict[str, Report] = {}
    first: dict[str, tree.Name] = {}
    for statement in statements:
        if isinstance(statement, tree.Report):
            _once("report", statement.name, first, problems)
            report = _report(statement, names, definitions, problems)
            if report is not None:
                found[report.name] = report
    return tuple(found[name] for name in sorted(found))


def _once(what: str, name: tree.Name, first: dict[str, tree.Name], problems: list[Diagnostic]) -> None:
    before = first.setdefault(name.text, name)
    if before is not name:
        related = [Related(before.span, "first given here")]
        problems.append(diagnostic("E0204", f"{what} `{name.text}` is given twice", name.span, help="choose another name", related=related))


def _alert(node: tree.Alert, names: Names, definitions: Definitions, problems: list[Diagnostic]) -> Alert | None:
    before = len(problems)
    for word, known, clause in ((node.level, LEVELS, "level"), (node.audience, AUDIENCES, "for")):
        if word is not None and word.text not in known:
            help = did_you_mean(word.text, known) or f"write {', '.join(f'`{item}`' for item in known[:-1])} or `{known[-1]}`"
            problems.append(diagnostic("E0305", f"`{word.text}` is no `{clause}` of an alert", word.span, help=help))
    entity = entity_of(names.schema, node.entity, problems)
    if entity is None:
        return None
    row = Lowering(names, definitions, entity.name, problems)
    condition = row.condition(node.where)
    show = _columns(node.show, row)
    order_by = _order(node.order_by, node.show, show, row)
    if condition is None or len(problems) > before or len(show) < len(node.show) or len(order_by) < len(node.order_by):
        return None
    level, audience = (None if word is None else word.text for word in (node.level, node.audience))
    label = None if node.label is None else node.label.value
    return Alert(node.name.text, label, entity.name, level, audience, condition, tuple(show.values()), order_by, node.span)


def _report(node: tree.Report, names: Names, definitions: Definitions, problems: list[Diagnostic]) -> Report | None:
    before = len(problems)
    entity = entity_of(names.schema, node.entity, problems)
    if entity is None:
        return None
    row = Lowering(names, definitions, entity.name, problems)
    where = None if node.where is None else row.condition(node.where)
    values = [row.expression(part) for part in node.group_by]
    groups = tuple(Column(format_expression(part), value) for part, value in zip(node.group_by, values, strict=True) if value is not None)
    if len(groups) < len(node.group_by):
        return None  # its columns cannot be told from wrong ones
    shown = [*(column.value for column in node.show), *(term.value for term in node.order_by)]
    grouped = bool(groups) or any(map(_has_total, shown))
    group = _Group(row, group_entity(node.name.text), groups)
    standing = group if grouped else row
    show = _columns(node.show, standing)
    order_by = _order(node.order_by, node.show, show, standing)
    lost = node.where is not None and where is None
    if lost or len(problems) > before or len(show) < len(node.show) or len(order_by) < len(node.order_by):
        return None
    label = None if node.label is None else node.label.value
    return Report(
        node.name.text, label, entity.name, where, grouped, groups, tuple(group.totals), tuple(show.values()), order_by, node.span
    )


def _columns(nodes: tuple[tree.Column, ...], standing: Lowering) -> dict[int, Column]:
    """The columns by their places; a name given twice by `as` is reported."""
    found: dict[int, Column] = {}
    first: dict[str, tree.Name] = {}
    for place, node in enumerate(nodes):
        if node.alias is not None:
            _once("column", node.alias, first, standing.problems)
        value = standing.expression(node.value)
        if value is not None:
            found[place] = Column(format_expression(node.value) if node.alias is None else node.alias.text, value)
    return found


def _order(
    nodes: tuple[tree.OrderBy, ...], shown: tuple[tree.Column, ...], columns: dict[int, Column], standing: Lowering
) -> tuple[Ordering, ...]:
    """The terms of `order by`: the name that a column has by `as`, or an expression."""
    named = {node.alias.text: place for place, node in enumerate(shown) if node.alias is not None}
    found: list[Ordering] = []
    for node in nodes:
        place = named.get(node.value.names[0].text) if isinstance(node.value, tree.Path) and _is_plain(node.value) else None
        if place is not None and place not in columns:
            continue  # the column is wrong, which is reported
        value = standing.expression(node.value) if place is None else columns[place].value
        if value is None:
            continue
        if has_order(value.type):
            found.append(Ordering(value, node.descending))
        else:
            standing.report("E0302", "`order by` needs values that have an order", node.value.span)
    return tuple(found)


def _is_plain(path: tree.Path) -> bool:
    return len(path.names) == 1 and not path.this


class _Group(Lowering):
    """Lowers what stands on a group of a report's rows: values of its groups, totals over its rows, and what is made of them."""

    def __init__(self, row: Lowering, entity: str, groups: tuple[Column, ...]) -> None:
        super().__init__(row.names, row.definitions, entity, row.problems)
        self.row = row
        self.groups = groups
        self.totals: list[Aggregate] = []

    def expression(self, node: tree.Expression) -> Expression | None:
        """The node as a value of the group."""
        if isinstance(node, tree.Parenthesised):
            return self.expression(node.operand)
        if isinstance(node, tree.Call) and _is_total(node):
            return self._total(node)
        value = Lowering(self.names, self.definitions, self.row.entity, []).expression(node)
        for place, group in enumerate(self.groups):
            if group.value == value:
                return Field(self.entity, group_field(place), group.value.type)
        if isinstance(node, tree.AsOf) and _has_total(node):
            help = "move its values instead, as in `sum((exposure) as of today - 1 year)`"
            self.report("E0110", "`as of` does not stand around a total", node.span, help=help)
            return None
        if isinstance(node, tree.Path | tree.CurrentValue | tree.HasMember | tree.AsOf) or _is_aggregate(node):
            return self._constant(node)
        return super().expression(node)

    def _presence(self, node: tree.Expression) -> Expression | None:
        return self.expression(node)

    def _total(self, node: tree.Call) -> Expression | None:
        inside = next((part for part in _parts(node) if _has_total(part)), None)
        if inside is not None:
            self.report("E0110", "a total does not stand inside another", inside.span, help="`over` a link makes it a value of the row")
            return None
        total = aggregate(self.row, node, (), self.row, node.arguments[0] if node.arguments else None)
        if total is None:
            return None
        if total not in self.totals:
            self.totals.append(total)
        return Field(self.entity, total_field(self.totals.index(total)), total.type)

    def _constant(self, node: tree.Expression) -> Expression | None:
        value = self.row.expression(node)
        if value is None or isinstance(value, Literal):
            return value
        text = format_expression(node)
        help = "put it into `group by`"
        if has_order(value.type):
            summed = value.type.is_number or value.type.kind is Kind.MONEY
            help += f", or take one value of the rows, as in `{'sum' if summed else 'max'}({text})`"
        self.report("E0420", f"`{text}` is neither a group of the report nor a total of its rows", node.span, help=help)
        return None


def _is_aggregate(node: tree.Expression) -> bool:
    return isinstance(node, tree.Call) and node.function.text in AGGREGATES


def _is_total(call: tree.Call) -> bool:
    """Whether an aggregate goes over the rows of the report: it names no link of a row."""
    name = call.function.text
    if name not in AGGREGATES or call.over is not None or name in ("any", "none", "every"):
        return False
    return name != "count" or call.distinct or not call.arguments


def _has_total(node: tree.Expression) -> bool:
    stack: list[tree.Expression] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, tree.Call) and _is_total(part):
            return True
        stack.extend(_parts(part))
    return False


def _parts(node: object) -> Iterator[tree.Expression]:
    """The direct sub-expressions."""
    if not is_dataclass(node):
        return
    for item in fields(node):
        value = getattr(node, item.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, tree.When):
                yield from _parts(part)
            elif isinstance(part, tree.Expression):
                yield part
