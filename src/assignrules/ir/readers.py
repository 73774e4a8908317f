"""Which expressions the statements of a ruleset read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assignrules.diagnostics import Span
from assignrules.ir.expressions import Expression
from assignrules.ir.reports import Alert, Report
from assignrules.ir.ruleset import Assignment, Others, Ruleset, SetBody, ValueBody


@dataclass(frozen=True, slots=True)
class Reader:
    """A statement other than a definition, with all its expressions, which stand on rows of ``entity``."""

    name: str
    entity: str
    span: Span
    expressions: tuple[Expression, ...]
    block: Assignment | None = None


def readers(ruleset: Ruleset) -> Iterator[Reader]:
    """All that look at rows."""
    for block in ruleset.assignments:
        reasons = [part.expression for part in block.because or () if part.expression is not None]
        yield Reader(block.rule, block.entity, block.span, (*deciding(block), *reasons), block)
    for requirement in ruleset.requirements:
        yield Reader(requirement.name, requirement.entity, requirement.span, (requirement.condition,))
    for proposal in ruleset.proposals:
        yield Reader(proposal.name, proposal.entity, proposal.span, (proposal.to, *proposal.said()))
    tables: tuple[Alert | Report, ...] = (*ruleset.alerts, *ruleset.reports)
    for shown in tables:
        yield Reader(shown.name, shown.entity, shown.span, shown.on_rows())


def deciding(block: Assignment) -> list[Expression]:
    """What must be known to decide the block's changes. (Its reason texts are made afterwards.)"""
    parts: list[Expression | None] = [block.where, block.except_]
    if block.limit is not None:
        parts.extend((block.limit.by, block.limit.per))
    match block.body:
        case ValueBody(lines=lines, value=value):
            parts.extend(part for line in lines for part in (line.condition, line.value))
            parts.append(value)
            if block.body.distribution is not None:
                parts.extend((*block.body.distribution.by, block.body.distribution.together))
        case SetBody(add=add, remove=remove, amount=amount):
            parts.extend((add, None if isinstance(remove, Others) else remove, amount))
    return [part for part in parts if part is not None]
