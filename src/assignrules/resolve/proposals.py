"""`propose`: whom a person shall decide on, and what the proposal says (language.md, section 8)."""

from __future__ import annotations

from collections.abc import Iterable

from assignrules.diagnostics import Diagnostic, Related, diagnostic
from assignrules.ir.expressions import Expression, Literal
from assignrules.ir.proposals import Proposal
from assignrules.ir.reports import Column
from assignrules.ir.types import Kind
from assignrules.resolve.lower import Definitions, Lowering
from assignrules.resolve.names import Names, entity_of
from assignrules.resolve.templates import lower_template
from assignrules.syntax import tree
from assignrules.syntax.expression_format import format_expression


def resolve_proposals(
    statements: Iterable[tree.Statement], names: Names, definitions: Definitions, problems: list[Diagnostic]
) -> tuple[Proposal, ...]:
    """Every proposal without a mistake, by name; a name given twice is reported."""
    found: dict[str, Proposal] = {}
    seen: dict[str, tree.Propose] = {}
    for statement in statements:
        if not isinstance(statement, tree.Propose):
            continue
        name = statement.name.value
        if name in seen:
            related = [Related(seen[name].name.span, "first given here")]
            problems.append(diagnostic("E0204", f'proposal "{name}" is given twice', statement.name.span, related=related))
        seen.setdefault(name, statement)
        entity = entity_of(names.schema, statement.entity, problems)
        if entity is not None:
            proposal = _proposal(statement, Lowering(names, definitions, entity.name, problems))
            if proposal is not None:
                found[name] = proposal
    return tuple(found[name] for name in sorted(found))


def _proposal(node: tree.Propose, lowering: Lowering) -> Proposal | None:
    before = len(lowering.problems)
    to = lowering.condition(node.to)
    amount = None if node.amount is None else _amount(node.amount, lowering)
    cooldown = None if node.cooldown is None else _cooldown(node.cooldown, lowering)
    show = _columns(node.show, lowering)
    because = None if node.because is None else lower_template(node.because, lowering)
    if to is None or len(lowering.problems) > before:
        return None
    approver = None if node.approver is None else node.approver.text
    return Proposal(node.name.value, lowering.entity, to, amount, approver, cooldown, show, because, node.span)


def _amount(node: tree.Expression, lowering: Lowering) -> Expression | None:
    amount = lowering.expression(node)
    if amount is not None and amount.type.kind is not Kind.MONEY:
        message = f"the amount of a proposal is money, and this is of type {amount.type}"
        lowering.report("E0302", message, node.span, help="an amount has a currency, as in `500 EUR`")
    return amount


def _cooldown(node: tree.Expression, lowering: Lowering) -> Literal | None:
    value = lowering.expression(node)
    if value is None:
        return None
    if not isinstance(value, Literal) or value.type.kind is not Kind.DURATION or not isinstance(value.value, int):
        lowering.report("E0312", "a duration is needed here", node.span, help="as in `cooldown 90 days`")
        return None
    if value.value < 0:
        lowering.report("E0312", "a cooldown is not negative", node.span)
    return value


def _columns(nodes: Iterable[tree.Column], lowering: Lowering) -> tuple[Column, ...]:
    """What is shown, each under its own name: that of `as`, or its text."""
    found: dict[str, tuple[tree.Column, Column | None]] = {}
    for node in nodes:
        name = format_expression(node.value) if node.alias is None else node.alias.text
        value = lowering.expression(node.value)
        if name in found:
            related = [Related(found[name][0].span, "first shown here")]
            problem = diagnostic("E0204", f"`{name}` is shown twice", node.span, help="name one of them with `as`", related=related)
            lowering.problems.append(problem)
        found.setdefault(name, (node, None if value is None else Column(name, value)))
    return tuple(column for _, column in found.values() if column is not None)
