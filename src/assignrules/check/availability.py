"""What a mapping does not map cannot be used: every rule that needs it, directly or through definitions, is told by what chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.ir.expressions import Aggregate, Expression, Field, Link, Reference, TargetMember, TargetValue, Top, Via, children
from assignrules.ir.proposals import Proposal
from assignrules.ir.reports import Alert, Report
from assignrules.ir.ruleset import Assignment, Others, Ruleset, SetBody, ValueBody
from assignrules.schema.mapping import SchemaMapping

CODE = "E0210"
Chain = tuple[str, ...]


def available(ruleset: Ruleset, mapping: SchemaMapping) -> tuple[Ruleset, tuple[Diagnostic, ...]]:
    """The ruleset without the built-in definitions that nothing can compute, and what the others need and do not have."""
    if mapping.physical is None:
        return ruleset, ()
    finder = _Finder(ruleset, mapping)
    problems: list[Diagnostic] = []
    for name, span, entity, expressions in _roots(ruleset):
        lacking = finder.entity(entity) or next((chain for part in expressions if (chain := finder.lacking(part))), None)
        if lacking is not None:
            problems.append(_problem(name, lacking, span))
    for block in ruleset.assignments:
        field = mapping.schema.targets[block.target].field
        source = mapping.physical.entities.get(block.entity)
        if field is not None and source is not None and field in source.fields and block.target not in mapping.physical.targets:
            message = f"the target `{block.target}` is the field `{block.entity}.{field}`, and the schema does not say where it is written"
            help = f"add `{block.target}: {{store: column, …}}` to the schema's `targets`"
            problems.append(diagnostic(CODE, message, block.span, help=help))
    kept = {
        key: item
        for key, item in ruleset.definitions.items()
        if item.span is not None or (finder.entity(item.entity) or finder.lacking(item.expression)) is None
    }
    return replace(ruleset, definitions=kept), tuple(problems)


def _problem(name: str, chain: Chain, span: Span) -> Diagnostic:
    steps = " → ".join((f"`{name}`", *chain))
    return diagnostic(
        CODE, f"the schema does not map {chain[-1]}, which is needed: {steps}", span, help="map it, or leave it out of the rules"
    )


def _roots(ruleset: Ruleset) -> Iterator[tuple[str, Span, str, tuple[Expression, ...]]]:
    """Whatever somebody wrote, with its expressions."""
    for item in ruleset.definitions.values():
        if item.span is not None:
            yield item.name, item.span, item.entity, (item.expression,)
    for block in ruleset.assignments:
        yield block.rule, block.span, block.entity, tuple(_of_block(block))
    for requirement in ruleset.requirements:
        yield requirement.name, requirement.span, requirement.entity, (requirement.condition,)
    for proposal in ruleset.proposals:
        yield proposal.name, proposal.span, proposal.entity, (proposal.to, *proposal.said(), *_amount(proposal))
    tables: list[Alert | Report] = [*ruleset.alerts, *ruleset.reports]
    for shown in tables:
        yield shown.name, shown.span, shown.entity, shown.on_rows()


def _of_block(block: Assignment) -> Iterator[Expression]:
    match block.body:
        case ValueBody(lines=lines, value=value):
            for line in lines:
                yield from (line.value, line.condition)
            if value is not None:
                yield value
        case SetBody(add=add, remove=remove, amount=amount):
            yield from (part for part in (add, remove, amount) if part is not None and not isinstance(part, Others))
    yield from (part for part in (block.where, block.except_) if part is not None)
    yield from (part.expression for part in block.because or () if part.expression is not None)
    if block.limit is not None:
        yield from (part for part in (block.limit.by, block.limit.per) if part is not None)


def _amount(proposal: Proposal) -> tuple[Expression, ...]:
    return () if proposal.amount is None else (proposal.amount,)


class _Finder:
    """Finds the first thing that an expression needs and the mapping does not have."""

    def __init__(self, ruleset: Ruleset, mapping: SchemaMapping) -> None:
        self.ruleset = ruleset
        self.mapping = mapping
        self.known: dict[tuple[str, str], Chain | None] = {}

    def entity(self, name: str) -> Chain | None:
        return None if name in self.mapping.entities else (f"the entity `{name}`",)

    def lacking(self, expression: Expression) -> Chain | None:
        """The chain from here to what is not there; None where all is."""
        found = self._own(expression)
        if found is not None:
            return found
        return next((chain for part in children(expression) if (chain := self.lacking(part))), None)

    def _own(self, expression: Expression) -> Chain | None:
        match expression:
            case Field(entity=entity, name=name):
                return self.entity(entity) or (None if self.mapping.has_field(entity, name) else (f"the field `{entity}.{name}`",))
            case Reference(entity=entity, name=name):
                return self._definition(entity, name)
            case TargetValue(target=target) | TargetMember(target=target):
                return self._target(target)
            case Via(link=link):
                return self._link(link)
            case Aggregate(path=path):
                return next((chain for link in path if (chain := self._link(link))), None)
            case Top(entity=entity):
                return self.entity(entity)
            case _:
                return None

    def _definition(self, entity: str, name: str) -> Chain | None:
        key = (entity, name)
        if key not in self.known:
            self.known[key] = None  # definitions have no circles
            chain = self.lacking(self.ruleset.definitions[key].expression)
            self.known[key] = None if chain is None else (f"`{name}`", *chain)
        return self.known[key]

    def _target(self, target: str) -> Chain | None:
        return None if target in self.mapping.targets else (f"the target `{target}`",)

    def _link(self, link: Link) -> Chain | None:
        if link.target is not None:
            return self._target(link.target) or self.entity(link.to)
        if link.entity not in self.mapping.entities:
            return self.entity(link.entity)
        if link.to not in self.mapping.entities:
            return (f"the entity `{link.to}`",)
        declared = self.mapping.schema.entities[link.entity].links[link.name]
        return None if self.mapping.has_link(declared) else (f"the link `{link.entity}.{link.name}`",)
