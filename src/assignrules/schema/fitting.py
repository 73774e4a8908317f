"""What parts of a schema file must have in common: links and stored targets name rows by as many columns as those rows' key has, and what
is written to a column can be read back."""

from __future__ import annotations

from collections.abc import Mapping

from assignrules.ir.types import Kind
from assignrules.schema.fields import JULIAN
from assignrules.schema.logical import Schema, Target
from assignrules.schema.mapping import CUSTOMER
from assignrules.schema.nodes import Nodes
from assignrules.schema.physical import REST, EntitySource, FieldSource, Source, TargetSource

WRITTEN = "Ymd"  # the format codes that a date is written by


def links_fit(nodes: Nodes, schema: Schema, entities: Mapping[str, EntitySource]) -> None:
    """Reports links with another number of columns than the key that they name. One fragment may make a whole key."""
    for entity, source in entities.items():
        for name, link in source.links.items():
            declared = schema.entities[entity].links.get(name)
            to = CUSTOMER if declared is None else declared.to
            whole = len(link.parts) == 1 and link.parts[0].column is None
            if to in entities and link.parts and not whole:
                _same(nodes, f"the link `{name}` of `{entity}`", len(link.parts), to, entities[to], link)


def targets_fit(nodes: Nodes, schema: Schema, entities: Mapping[str, EntitySource], targets: Mapping[str, TargetSource]) -> None:
    """The same of stored targets, and reports what could be read but not written back."""
    for name, target in targets.items():
        declared = schema.targets[name]
        if target.subject and declared.entity in entities:
            _same(nodes, f"the target `{name}`", len(target.subject), declared.entity, entities[declared.entity], target)
        if target.value is not None and target.lookup is None:
            _written(nodes, declared, target.value)


def _same(nodes: Nodes, what: str, columns: int, to: str, entity: EntitySource, place: object) -> None:
    wanted = len(entity.key)
    if wanted and columns != wanted:
        message = f"{what} has {_counted(columns)}, and the row key of `{to}` {_counted(wanted)}"
        nodes.report(message, getattr(place, "span", None), help="name a column for each part of the key, in its order")


def _counted(number: int) -> str:
    return f"{number} column{'' if number == 1 else 's'}"


def _written(nodes: Nodes, target: Target, value: FieldSource) -> None:
    if target.type.kind is Kind.DATE and value.format is not None:
        codes = {value.format[at + 1] for at in range(len(value.format) - 1) if value.format[at] == "%"}
        if value.format == JULIAN or not codes <= {*WRITTEN, "%"}:
            message = f"the target `{target.name}` cannot be written in the format `{value.format}`"
            nodes.report(message, value.span, help="formats that are written have %Y, %m and %d; export the target, or let it be managed")
    if isinstance(value.currency, Source) and value.currency.column is None:
        message = f"the target `{target.name}` takes its currency from a fragment, which cannot be written"
        nodes.report(message, value.span, help="name the currency's column, or a code like `EUR`")
    own = {word for code, word in value.codes if code != REST}
    for word in dict.fromkeys(word for _, word in value.codes if word not in own):
        nodes.report(f"the target `{target.name}` has no code to write `{word}` by", value.span, help="give it a code of its own")
