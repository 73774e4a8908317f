"""What the subjects of targets are called: those of the built-in schema, and those of a schema of the project's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assignrules.plan.model import Header
from assignrules.schema.logical import Schema, credit


@dataclass(frozen=True, slots=True)
class Nouns:
    """``entities``: by target, of what its subjects are. ``plurals``: by entity."""

    entities: Mapping[str, str]
    plurals: Mapping[str, str]


def nouns_of(schema: Schema) -> Nouns:
    """All that a schema has."""
    return Nouns(
        {name: target.entity for name, target in schema.targets.items()}, {name: item.plural for name, item in schema.entities.items()}
    )


def own_nouns(schema: Schema, targets: Iterable[str], entities: Iterable[str] = ()) -> Nouns:
    """Of some targets and entities, what the built-in schema does not say or says otherwise: a plan bears it, so that it can be shown
    without its project."""
    known, all_ = nouns_of(credit()), nouns_of(schema)
    own = {name: all_.entities[name] for name in sorted(targets) if name in all_.entities}
    wanted = sorted({*own.values(), *entities})
    return Nouns(
        {name: entity for name, entity in own.items() if known.entities.get(name) != entity},
        {name: all_.plurals[name] for name in wanted if name in all_.plurals and known.plurals.get(name) != all_.plurals[name]},
    )


def planned_nouns(*headers: Header) -> Nouns:
    """Of plans: those of the built-in schema, and what the plans bear."""
    known = nouns_of(credit())
    entities, plurals = dict(known.entities), dict(known.plurals)
    for header in headers:
        entities |= header.targets
        plurals |= header.plurals
    return Nouns(entities, plurals)
