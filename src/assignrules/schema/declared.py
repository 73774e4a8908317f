"""What a schema file says of the logical schema: the entities and fields that it adds, and which of its nodes maps which entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.types import TEXT, Type
from assignrules.schema.fields import NEW, declared_type
from assignrules.schema.logical import Entity, LinkDeclaration, Schema
from assignrules.schema.mapping import CUSTOMER_INSTEAD
from assignrules.schema.nodes import Nodes
from assignrules.syntax import yaml_reader as yaml

ENTITY_KEYS = (
    "from", "join", "where", "key", "fields", "links", "new", "plural", "label", "missing", "tenant", "loaded_at", "direction",
)  # fmt: skip
LINK_KEYS = ("to", "column", "sql", "when", "inverse", "missing")
OWN_KEY = "key"  # the business key of an entity of one's own that maps no field on its row key


@dataclass(slots=True)
class EntityNode:
    """An entity's node in the file. ``own``: it is not the built-in schema's. ``key`` of an own one: the field that is its business key,
    None where none is and the row key stands for it."""

    name: str
    span: yaml.Node
    entries: Mapping[str, yaml.Node]
    own: bool
    key: str | None = None


@dataclass(slots=True)
class Declared:
    """Grows the schema from the nodes of the file's entities."""

    nodes: Nodes
    base: Schema
    built_in: bool
    found: dict[str, Entity] = field(default_factory=dict)

    def entities(self, node: yaml.Node | None) -> dict[str, EntityNode]:
        """The nodes by entity; the schema then has their fields and links."""
        bodies: dict[str, EntityNode] = {}
        self.found = dict(self.base.entities)
        for name, body in self.nodes.entries(node, "`entities`").items():
            entries = self.nodes.entries(body, f"entity `{name}`", ENTITY_KEYS)
            new = self.nodes.flag(entries.get("new"), "new")
            known = name in self.base.entities
            if new and known:
                self.nodes.report(f"the entity `{name}` is built in, and cannot be new", entries["new"].span, help="choose another name")
                continue
            if not known and not new and self.built_in:
                names = tuple(self.base.entities)
                help = did_you_mean(name, names) or "an entity of one's own says `new: true`"
                self.nodes.report(f"there is no entity `{name}`", body.span, help=help, code="E0202")
                continue
            if not name.isidentifier():
                self.nodes.report(f"`{name}` is no name of an entity", body.span, help="use letters, digits and _")
                continue
            bodies[name] = EntityNode(name, body, entries, own=not known)
        for entity in bodies.values():
            self._declare(entity)
        for entity in bodies.values():
            self._links(entity)
        return bodies

    def schema(self) -> Schema:
        """The schema with all that was added."""
        return replace(self.base, entities=self.found)

    def _declare(self, body: EntityNode) -> None:
        nodes, known = self.nodes, self.base.entities.get(body.name)
        fields: dict[str, Type] = dict(known.fields) if known is not None else {}
        for name, node in nodes.entries(body.entries.get("fields"), f"`fields` of `{body.name}`").items():
            what = f"field `{name}` of `{body.name}`"
            entries = dict(node.items()) if isinstance(node, yaml.Mapping) else {}
            type = declared_type(nodes, entries, fields.get(name), TEXT if body.own else None, what)
            if type is not None:
                fields[name] = type
            elif not any(problem.span == node.span for problem in nodes.problems) and "type" not in entries:
                help = did_you_mean(name, tuple(fields)) or f"{NEW}: `{name}: {{column: …, type: text}}`"
                nodes.report(f"`{body.name}` has no field `{name}`", node.span, help=help, code="E0201")
        if known is not None:
            self.found[body.name] = replace(known, fields=fields)
            return
        body.key = self._own_key(body, fields)
        key = body.key or OWN_KEY
        if body.key is None:
            if OWN_KEY in fields:
                help = f"map it on the row key's column, or give it another name than `{OWN_KEY}`"
                nodes.report(f"the field `{OWN_KEY}` of `{body.name}` is not its key", body.span.span, help=help)
            fields = {OWN_KEY: TEXT, **fields}
        label = nodes.text(body.entries.get("label"), "label")
        if label is not None and label not in fields:
            near = did_you_mean(label, tuple(fields))
            nodes.report(f"`{body.name}` has no field `{label}`", body.entries["label"].span, help=near, code="E0201")
        plural = nodes.text(body.entries.get("plural"), "plural") or f"{body.name}s"
        self.found[body.name] = Entity(body.name, plural, key, label or key, fields, {})

    def _own_key(self, body: EntityNode, fields: Mapping[str, Type]) -> str | None:
        """The text field that is mapped on the row key's only column."""
        key = body.entries.get("key")
        column = key.value if isinstance(key, yaml.Scalar) else None
        for name, node in self.nodes.entries(body.entries.get("fields"), "`fields`").items():
            mapped = node.get("column") if isinstance(node, yaml.Mapping) else node
            plain = isinstance(mapped, yaml.Scalar) and mapped.value == column
            if plain and column is not None and fields.get(name) == TEXT and not (isinstance(node, yaml.Mapping) and node.get("values")):
                return name
        return None

    def _links(self, body: EntityNode) -> None:
        nodes = self.nodes
        for name, node in nodes.entries(body.entries.get("links"), f"`links` of `{body.name}`").items():
            declared = self.found[body.name].links.get(name)
            entries = dict(node.items()) if isinstance(node, yaml.Mapping) else {}
            to = nodes.text(entries.get("to"), "to")
            if declared is not None:
                if declared.many:
                    nodes.report(f"`{name}` of `{body.name}` is a link to many, and follows from its inverse", node.span)
                elif to is not None and to != declared.to:
                    nodes.report(f"the link `{name}` of `{body.name}` leads to `{declared.to}`", entries["to"].span, help="leave `to` out")
                continue
            if name == "customer" and body.name in CUSTOMER_INSTEAD and not body.own:
                continue
            if to is None:
                known = tuple(link for link, item in self.found[body.name].links.items() if not item.many)
                help = did_you_mean(name, known) or f"a new link says where it leads: `{name}: {{to: customer, column: …}}`"
                nodes.report(f"`{body.name}` has no link `{name}`", node.span, help=help, code="E0207")
                continue
            self._new_link(body, name, to, entries, node)

    def _new_link(self, body: EntityNode, name: str, to: str, entries: Mapping[str, yaml.Node], node: yaml.Node) -> None:
        nodes, entity = self.nodes, self.found[body.name]
        other = self.found.get(to)
        if other is None or other.key is None:
            known = tuple(self.found)
            nodes.report(f"there is no entity `{to}`", entries["to"].span, help=did_you_mean(to, known), code="E0202")
            return
        if name in entity.fields:
            nodes.report(f"`{body.name}` has a field `{name}` already", node.span, code="E0204")
            return
        inverse = nodes.text(entries.get("inverse"), "inverse")
        link = LinkDeclaration(body.name, name, to, many=False, inverse=inverse)
        self.found[body.name] = replace(entity, links={**entity.links, name: link})
        if inverse is not None:
            other = self.found[to]
            if inverse in other.fields or inverse in other.links:
                nodes.report(f"`{to}` has `{inverse}` already", entries["inverse"].span, code="E0204")
                return
            back = LinkDeclaration(to, inverse, body.name, many=True, inverse=name)
            self.found[to] = replace(other, links={**other.links, inverse: back})
