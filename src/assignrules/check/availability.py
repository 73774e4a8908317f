"""What a mapping does not map cannot be used: every rule that needs it, directly or through definitions, is told by what chain."""

from __future__ import annotations

from dataclasses import replace

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.ir.expressions import Aggregate, Expression, Field, Link, Reference, TargetMember, TargetValue, Top, Via, children
from assignrules.ir.readers import Reader, readers
from assignrules.ir.ruleset import TWIN, Ruleset
from assignrules.schema.mapping import SchemaMapping

CODE = "E0210"
Chain = tuple[str, ...]


def available(ruleset: Ruleset, mapping: SchemaMapping) -> tuple[Ruleset, tuple[Diagnostic, ...]]:
    """The ruleset without the built-in definitions that nothing can compute, and what the others need and do not have."""
    if mapping.physical is None:
        return ruleset, ()
    finder = _Finder(ruleset, mapping)
    problems: list[Diagnostic] = []
    written = (Reader(item.name, item.entity, item.span, (item.expression,)) for item in ruleset.definitions.values() if item.span)
    for reader in (*written, *readers(ruleset)):
        lacking = finder.entity(reader.entity) or next((chain for part in reader.expressions if (chain := finder.lacking(part))), None)
        if lacking is not None:
            problems.append(_problem(reader.name, lacking, reader.span))
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
            self.known[key] = None if chain is None else (f"`{name.partition(TWIN)[0]}`", *chain)
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
