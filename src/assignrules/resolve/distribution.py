"""`distribute`: a line whose value is one of several, chosen so that totals come near to equal."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from assignrules.diagnostics import Related, diagnostic
from assignrules.ir.expressions import Branch, Case, Expression, Field, Link, Literal, Memory, Operation, Via
from assignrules.ir.ruleset import Distribution, Guard, Line
from assignrules.ir.types import BOOLEAN, INTEGER, TEXT, Kind, Money
from assignrules.resolve.lower import Lowering
from assignrules.schema.logical import Target
from assignrules.syntax import tree

CAPACITY = "capacity"
# Each clause reads the block's own target as it was before the run.
Own = Callable[[Expression], Expression]


def resolve_distribution(
    clause: tree.Distribute,
    number: int,
    target: Target,
    rule: str,
    lowering: Lowering,
    value: Callable[[tree.Expression], Expression | None],
    own: Own,
) -> tuple[Line, Distribution] | None:
    """The line that stands for the clause, and how it shares; None with what is wrong reported."""
    before = len(lowering.problems)
    condition = lowering.condition(clause.condition)
    among = _among(clause, target, lowering, value)
    by = [_measure(node, lowering) for node in clause.by]
    together = None if clause.keeping_together is None else _together(clause.keeping_together, lowering)
    if clause.within_capacity and not _has_capacity(target, lowering):
        help = "leave `within capacity` out, or distribute a target that refers to users"
        lowering.report("E0404", f"the values of `{target.name}` have no field `{CAPACITY}`", clause.span, help=help)
    moving = _moving(clause, lowering)
    tolerance = _share(clause.within, "within", lowering)
    if len(lowering.problems) > before or condition is None:
        return None
    place = Memory(target.entity, target.name, None, "share", rule, INTEGER)
    branches = [Branch(Operation("eq", (place, Literal(index, INTEGER)), BOOLEAN), literal) for index, literal in enumerate(among)]
    line = Line(number, Case(tuple(branches), None, target.type), own(condition), clause.span)
    per = None if clause.moving_per is None else clause.moving_per.value
    measures = tuple(own(measure) for measure in by if measure is not None)
    shared = None if together is None else own(together)
    return line, Distribution(number, tuple(among), measures, shared, clause.within_capacity, moving, tolerance, per)


def _among(
    clause: tree.Distribute, target: Target, lowering: Lowering, value: Callable[[tree.Expression], Expression | None]
) -> list[Literal]:
    found: dict[Literal, tree.Expression] = {}
    if not clause.among:
        lowering.report("E0405", "`distribute` needs values to choose from", clause.span, help='as in `among ("alice", "bruno")`')
    for node in clause.among:
        literal = value(node)
        if literal is None:
            continue
        if not isinstance(literal, Literal):
            lowering.report("E0312", "the values of `distribute` are literals or params in parentheses", node.span)
        elif literal in found:
            related = [Related(found[literal].span, "first given here")]
            lowering.problems.append(diagnostic("E0204", "this value is given twice", node.span, related=related))
        else:
            found[literal] = node
    return list(found)


def _measure(node: tree.Expression, lowering: Lowering) -> Expression | None:
    measure = lowering.expression(node)
    if measure is None:
        return None
    if not (measure.type.is_number or measure.type.kind is Kind.MONEY):
        lowering.report(
            "E0302", f"`by` needs numbers or amounts, and this is of type {measure.type}", node.span, help="`1` counts subjects"
        )
        return None
    if isinstance(measure, Literal):
        amount = measure.value.amount if isinstance(measure.value, Money) else measure.value
        assert isinstance(amount, int | Decimal)
        if amount <= 0:
            lowering.report("E0312", "a measure is above 0", node.span, help="`1` counts subjects")
            return None
    return measure


def _together(path: tree.Path, lowering: Lowering) -> Expression | None:
    """The key of the row at the end of a path of links."""
    if path.this:
        lowering.report("E0208", "`this` stands for the row that an aggregate is on, and there is none here", path.span)
        return None
    links: list[Link] = []
    scope = lowering
    for name in path.names:
        link = scope.link(name)
        if link is None:
            return None
        if link.many:
            lowering.report("E0207", f"`{name.text}` leads to many rows", name.span, help="subjects stay together by a link to one row")
            return None
        links.append(link)
        scope = scope.on(link.to, None)
    end = lowering.names.schema.entities[links[-1].to]
    assert end.key is not None
    found: Expression = Field(end.name, end.key, end.fields[end.key])
    for link in reversed(links):
        found = Via(link, found, TEXT)
    return found


def _has_capacity(target: Target, lowering: Lowering) -> bool:
    return target.refers_to is not None and CAPACITY in lowering.names.schema.entities[target.refers_to].fields


def _moving(clause: tree.Distribute, lowering: Lowering) -> Guard | None:
    node = clause.moving_at_most
    if node is None:
        return None
    bound = lowering.expression(node)
    if isinstance(bound, Literal) and bound.type.kind is Kind.INTEGER and isinstance(bound.value, int) and bound.value >= 0:
        return Guard(None, bound.value)
    share = None if bound is None else _share(node, "moving at most", lowering)
    return None if share is None else Guard(share, None)


def _share(node: tree.Expression | None, word: str, lowering: Lowering) -> Decimal | None:
    value = None if node is None else lowering.expression(node)
    if node is None or value is None:
        return None
    if not isinstance(value, Literal) or value.type.kind is not Kind.PERCENT or not isinstance(value.value, Decimal):
        lowering.report("E0312", f"`{word}` needs a percentage", node.span, help=f"as in `{word} 5%`")
        return None
    if value.value < 0:
        lowering.report("E0312", f"`{word}` is not negative", node.span)
        return None
    return value.value
