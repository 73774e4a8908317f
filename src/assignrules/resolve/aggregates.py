"""Aggregates over links to many rows: from the syntax tree to typed IR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assignrules.ir.expressions import Aggregate, And, Expression, Link, Not, This
from assignrules.ir.types import BOOLEAN, MAX_SCALE
from assignrules.resolve.functions import aggregate_type, weight_fits
from assignrules.syntax import tree

if TYPE_CHECKING:
    from assignrules.resolve.lower import Lowering


def aggregate_call(lowering: Lowering, node: tree.Call) -> Expression | None:
    """An aggregate as it is called: over links to many rows, of the row itself or of `this`."""
    over = node.over if node.over is not None else node.arguments[0] if node.arguments else None
    if not isinstance(over, tree.Path):
        lowering.report("E0110", f"`{node.function.text}` needs a link to many rows, as in `{node.function.text}(documents)`", node.span)
        return None
    if over.this:
        if lowering.outer is None:
            lowering.report("E0208", "`this` stands for the row that an aggregate is on, and there is none here", over.span)
            return None
        inner = _rows(lowering.outer, node, over)
        return None if inner is None else This(inner, inner.type)
    return _rows(lowering, node, over)


def _rows(lowering: Lowering, node: tree.Call, over: tree.Path) -> Expression | None:
    path = _links(lowering, over)
    if path is None:
        return None
    return aggregate(lowering, node, path, lowering.on(path[-1].to, lowering), node.arguments[0] if node.over is not None else None)


def aggregate(
    lowering: Lowering, node: tree.Call, path: tuple[Link, ...], rows: Lowering, value: tree.Expression | None
) -> Aggregate | None:
    """The aggregate over the rows at the end of a path (those of a report where it is empty) of a value that stands on them."""
    problems = len(lowering.problems)
    of = None if value is None else rows.expression(value)
    where = None if node.where is None else rows.condition(node.where)
    by = None if node.by is None else rows.date(node.by, "by")
    weight = None if node.weighted_by is None else rows.expression(node.weighted_by)
    satisfies = None if node.satisfies is None else rows.condition(node.satisfies)
    if len(lowering.problems) > problems or (value is not None and of is None):
        return None
    wanted = ((node.where, where), (node.by, by), (node.weighted_by, weight), (node.satisfies, satisfies))
    if any(written is not None and lowered is None for written, lowered in wanted):
        return None
    function = node.function.text
    if function == "every":
        assert satisfies is not None
        fails = Not(satisfies)
        where = fails if where is None else And((where, fails))
        return Aggregate("none", path, None, where, None, None, BOOLEAN)
    if function == "count" and node.distinct:
        function = "count_distinct"
    type = aggregate_type(function, of, node.span, lowering.problems)
    if type is None:
        return None
    if weight is not None:
        assert of is not None and node.weighted_by is not None
        if not weight_fits(weight, node.weighted_by.span, lowering.problems):
            return None
        if of.type.scale + weight.type.scale > MAX_SCALE:
            lowering.report("E0307", "this could need more than 38 digits", node.span, help="round the expression or the weight first")
            return None
    return Aggregate(function, path, of, where, by, weight, type)  # type: ignore[arg-type]  # every other name is one of AGGREGATES


def _links(lowering: Lowering, over: tree.Path) -> tuple[Link, ...] | None:
    scope, links = lowering, list[Link]()
    for name in over.names:
        link = scope.link(name)
        if link is None:
            return None
        links.append(link)
        scope = scope.on(link.to, None)
    if not any(link.many for link in links):
        many = [link.name for link in lowering.names.schema.entities[lowering.entity].links.values() if link.many]
        help = f"links to many rows are {', '.join(f'`{name}`' for name in many)}" if many else None
        lowering.report("E0207", "this leads to one row, and an aggregate needs many", over.span, help=help)
        return None
    return tuple(links)
