"""The logical schema: entities with typed fields and links, and the targets that rules write (schema.md, section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from assignrules.diagnostics import SourceFile
from assignrules.ir.types import BOOLEAN, DATE, DECIMAL, INTEGER, MONEY, PERCENT, TEXT, Kind, Type
from assignrules.syntax.yaml_reader import plain, read_yaml

TYPES: dict[str, Type] = {
    "text": TEXT,
    "integer": INTEGER,
    "decimal": DECIMAL,
    "percent": PERCENT,
    "money": MONEY,
    "date": DATE,
    "boolean": BOOLEAN,
}


@dataclass(frozen=True, slots=True)
class LinkDeclaration:
    """A link as the schema declares it: to-one, or with ``many`` the inverse of the to-one link ``inverse`` of the entity ``to``."""

    entity: str
    name: str
    to: str
    many: bool
    inverse: str | None


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity. ``key`` None: it has no rows of its own to speak of (rates, holidays). ``label`` is the field that names a row to
    people."""

    name: str
    plural: str
    key: str | None
    label: str | None
    fields: Mapping[str, Type]
    links: Mapping[str, LinkDeclaration]


class Shape(Enum):
    """What a target holds for a subject: one value, any number of members, or members with an amount."""

    VALUE = "value"
    SET = "set"
    COVER = "cover"


@dataclass(frozen=True, slots=True)
class Target:
    """Something that rules write. ``type`` is that of a value target (money for a cover's amount, boolean for a set's membership).

    ``refers_to``: the entity whose business key the value is. ``field``: the target *is* this field of its entity.
    """

    name: str
    entity: str
    shape: Shape
    type: Type
    refers_to: str | None
    field: str | None


@dataclass(frozen=True, slots=True)
class Schema:
    """A logical schema. ``definitions`` are its built-in definitions, as rule text. ``own_legal_entity``: the fields that a customer
    without a legal entity lends to the one made of it; empty where the schema has no such rule."""

    name: str
    entities: Mapping[str, Entity]
    targets: Mapping[str, Target]
    own_legal_entity: tuple[str, ...]
    definitions: SourceFile

    def entity(self, word: str) -> Entity | None:
        """The entity of a name or plural, or None."""
        found = self.entities.get(word)
        return found or next((entity for entity in self.entities.values() if entity.plural == word), None)

    def targets_of(self, entity: str) -> tuple[Target, ...]:
        """The targets whose subjects are rows of an entity."""
        return tuple(target for target in self.targets.values() if target.entity == entity)

    def target_of_field(self, entity: str, field: str) -> Target | None:
        """The value target that is this field, or None."""
        return next((target for target in self.targets.values() if target.entity == entity and target.field == field), None)

    def holds_text(self) -> Mapping[str, bool]:
        """By value target, whether its values are texts."""
        return {target.name: target.type.is_text for target in self.targets.values() if target.shape is Shape.VALUE}

    def inverse_of(self, link: LinkDeclaration) -> LinkDeclaration:
        """The to-one link that a to-many link turns round."""
        assert link.many and link.inverse is not None
        return self.entities[link.to].links[link.inverse]


@cache
def credit() -> Schema:
    """The built-in schema ``credit``."""
    folder = files("assignrules.schema") / "credit"
    text = (folder / "schema.yml").read_text(encoding="utf-8")
    node, problems = read_yaml(SourceFile("credit/schema.yml", text))
    assert node is not None, problems
    rules = SourceFile("credit.rules", (folder / "credit.rules").read_text(encoding="utf-8"))
    return build_schema("credit", plain(node), rules)


def build_schema(name: str, data: Mapping[str, Any], definitions: SourceFile) -> Schema:
    """A schema from the plain form of its file; the form of ``credit/schema.yml``, trusted."""
    types: Mapping[str, list[str]] = data["types"]
    fields = {entity: _fields(body["fields"], types) for entity, body in data["entities"].items()}
    links: dict[str, dict[str, LinkDeclaration]] = {entity: {} for entity in data["entities"]}
    for entity, body in data["entities"].items():
        for link, target in (body.get("links") or {}).items():
            to, _, inverse = target.partition(".")
            links[entity][link] = LinkDeclaration(entity, link, to, many=False, inverse=inverse or None)
            if inverse:
                links[to][inverse] = LinkDeclaration(to, inverse, entity, many=True, inverse=link)
    entities = {
        entity: Entity(entity, body.get("plural", entity + "s"), body.get("key"), body.get("label"), fields[entity], links[entity])
        for entity, body in data["entities"].items()
    }
    targets = {target: _target(target, body) for target, body in data["targets"].items()}
    return Schema(name, entities, targets, tuple(data.get("own_legal_entity", ())), definitions)


def _fields(declared: list[Any], types: Mapping[str, list[str]]) -> dict[str, Type]:
    fields: dict[str, Type] = {}
    for item in declared:
        if isinstance(item, dict):
            ((field, values),) = item.items()
            fields[field] = Type(Kind.ENUM, values=tuple(values))
        else:
            word = next((word for word, patterns in types.items() if any(fnmatchcase(item, pattern) for pattern in patterns)), "text")
            fields[item] = TYPES[word]
    return fields


def _target(name: str, body: Mapping[str, Any]) -> Target:
    shape = Shape(body["shape"])
    by_shape = {Shape.SET: BOOLEAN, Shape.COVER: MONEY}
    type = by_shape[shape] if shape in by_shape else TYPES[body["type"]]
    return Target(name, body["on"], shape, type, body.get("refers_to"), body.get("field"))
