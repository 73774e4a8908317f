"""Reading an entity of a schema file: its rows, its row key, its fields and links."""

from __future__ import annotations

from assignrules.schema.declared import LINK_KEYS, EntityNode
from assignrules.schema.fields import field_source
from assignrules.schema.logical import Schema
from assignrules.schema.nodes import Nodes
from assignrules.schema.physical import EntitySource, FieldSource, LinkSource, Source
from assignrules.syntax import yaml_reader as yaml

DIRECTIONS = ("home_per_foreign", "foreign_per_home")


def entity_source(nodes: Nodes, body: EntityNode, schema: Schema) -> EntitySource | None:
    """An entity's place; None where it has no table."""
    entries, what = body.entries, f"entity `{body.name}`"
    table = nodes.table(entries.get("from"), "from")
    if table is None:
        if "from" not in entries:
            nodes.report(f"{what} does not say where its rows are", body.span.span, help="write `from: table`")
        return None
    keyed = schema.entities[body.name].key is not None
    if "key" not in entries and keyed:
        help = "name the column (or columns) that no two rows share: `key: id`"
        nodes.report(f"{what} has no row key", body.span.span, help=help)
    missing = nodes.texts(entries.get("missing"), "missing")
    fields = _fields(nodes, body, schema, missing)
    joins = [nodes.fragment(item, "join", "join") for item in nodes.listed(entries.get("join"))]
    return EntitySource(
        table,
        nodes.sources(entries["key"], "key") if "key" in entries else (),
        fields,
        _links(nodes, body, schema, missing),
        tuple(join for join in joins if join is not None),
        nodes.fragment(entries.get("where"), "where"),
        _tenant(nodes, entries.get("tenant")),
        _inverted(nodes, body),
        _loaded_at(nodes, entries.get("loaded_at")),
        body.span.span,
    )


def _fields(nodes: Nodes, body: EntityNode, schema: Schema, missing: tuple[str, ...]) -> dict[str, FieldSource]:
    types = schema.entities[body.name].fields
    found: dict[str, FieldSource] = {}
    for name, node in nodes.entries(body.entries.get("fields"), f"`fields` of `{body.name}`").items():
        if name in types:
            source = field_source(nodes, node, types[name], missing, f"field `{name}` of `{body.name}`")
            if source is not None:
                found[name] = source
    return found


def _links(nodes: Nodes, body: EntityNode, schema: Schema, missing: tuple[str, ...]) -> dict[str, LinkSource]:
    found: dict[str, LinkSource] = {}
    known = schema.entities[body.name].links
    for name, node in nodes.entries(body.entries.get("links"), f"`links` of `{body.name}`").items():
        if (name not in known or known[name].many) and name != "customer":
            continue
        source = _link(nodes, node, name, missing)
        if source is not None:
            found[name] = source
    return found


def _link(nodes: Nodes, node: yaml.Node, name: str, missing: tuple[str, ...]) -> LinkSource | None:
    if not isinstance(node, yaml.Mapping):
        return LinkSource(nodes.sources(node, name), missing=missing, span=node.span)
    entries = nodes.entries(node, f"link `{name}`", LINK_KEYS)
    if ("column" in entries) == ("sql" in entries):
        nodes.report(f"the link `{name}` needs either `column` or `sql`", node.span)
        return None
    if "sql" in entries:
        fragment = nodes.fragment(entries["sql"], "sql")
        parts: tuple[Source, ...] = () if fragment is None else (Source(None, fragment, entries["sql"].span),)
    else:
        parts = nodes.sources(entries["column"], "column")
    when = nodes.fragment(entries.get("when"), "when")
    markers = nodes.texts(entries["missing"], "missing") if "missing" in entries else missing
    return LinkSource(parts, when, markers, node.span)


def _tenant(nodes: Nodes, node: yaml.Node | None) -> bool:
    word = nodes.text(node, "tenant")
    if node is not None and word is not None and word != "none":
        nodes.report("`tenant` of a table can only be `none`", node.span, help="leave it out: the tenant's columns are found by name")
    return word is None


def _inverted(nodes: Nodes, body: EntityNode) -> bool:
    node = body.entries.get("direction")
    word = nodes.text(node, "direction")
    if node is None or word is None:
        return False
    if body.name != "rates":
        nodes.report("only `rates` have a `direction`", node.span)
    if word not in DIRECTIONS:
        nodes.report(f"`{word}` is no direction of rates", node.span, help="write `home_per_foreign` or `foreign_per_home`")
    return word == "foreign_per_home"


def _loaded_at(nodes: Nodes, node: yaml.Node | None) -> Source | None:
    return None if node is None else nodes.source(node, "loaded_at")
