"""Reading a target of a schema file: what it is, and where its state is kept."""

from __future__ import annotations

from collections.abc import Mapping

from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.types import BOOLEAN, MONEY, TEXT, Type
from assignrules.schema.fields import field_source, source_of_body
from assignrules.schema.logical import TYPES, Schema, Shape, Target
from assignrules.schema.nodes import Nodes
from assignrules.schema.physical import EntitySource, FieldSource, Inserted, Lookup, Store, TargetSource
from assignrules.syntax import yaml_reader as yaml

DECLARING = ("on", "shape", "type", "refers_to", "field")
READING = ("values", "true", "false", "format", "missing", "trim", "currency", "scale")
PLACE = ("table", "tenant", "insert", "lookup")
KEYS: Mapping[Store, tuple[str, ...]] = {
    Store.COLUMN: (*PLACE, "key", "column", *READING),
    Store.MEMBERS: ("table", "tenant", "insert", "subject", "member"),
    Store.MANAGED: (),
    Store.EXPORT: ("current",),
}
ALL_KEYS = ("store", *DECLARING, *dict.fromkeys(key for keys in KEYS.values() for key in keys))


def declared_target(nodes: Nodes, name: str, node: yaml.Node, schema: Schema) -> Target | None:
    """The target of a name: the schema's, or one of one's own."""
    entries = nodes.entries(node, f"target `{name}`", ALL_KEYS)
    known = schema.targets.get(name)
    if known is not None:
        for key in DECLARING:
            if key in entries:
                nodes.report(f"the target `{name}` is built in: it has its own `{key}`", entries[key].span, help=f"leave `{key}` out")
        return known
    if "on" not in entries:
        help = did_you_mean(name, tuple(schema.targets)) or "a target of one's own says `on`, `shape` and `type`"
        nodes.report(f"there is no target `{name}`", node.span, help=help, code="E0203")
        return None
    entity = schema.entities.get(nodes.text(entries["on"], "on") or "")
    if entity is None or entity.key is None:
        near = did_you_mean(nodes.text(entries["on"], "on") or "", tuple(schema.entities))
        nodes.report(f"the target `{name}` is on no entity", entries["on"].span, help=near, code="E0202")
        return None
    word = nodes.text(entries.get("shape"), "shape") or "value"
    if word not in {shape.value for shape in Shape}:
        nodes.report(f"there is no shape `{word}`", entries["shape"].span, help="shapes are `value`, `set` and `cover`")
        return None
    shape = Shape(word)
    field = nodes.text(entries.get("field"), "field")
    if field is not None and (field not in entity.fields or shape is not Shape.VALUE):
        nodes.report(f"`{entity.name}` has no field `{field}`", entries["field"].span, help=did_you_mean(field, tuple(entity.fields)))
        return None
    if field is None and name in entity.fields and shape is Shape.VALUE:
        field = name
    if name in entity.links or (name in entity.fields and field != name):
        nodes.report(f"`{entity.name}` has `{name}` already", node.span, code="E0204")
        return None
    refers_to = nodes.text(entries.get("refers_to"), "refers_to")
    if refers_to is not None and (refers_to not in schema.entities or schema.entities[refers_to].key is None):
        nodes.report(f"there is no entity `{refers_to}`", entries["refers_to"].span, code="E0202")
        return None
    return Target(name, entity.name, shape, _type(nodes, entries, shape, None if field is None else entity.fields[field]), refers_to, field)


def _type(nodes: Nodes, entries: Mapping[str, yaml.Node], shape: Shape, of_field: Type | None) -> Type:
    if shape is Shape.SET:
        return BOOLEAN
    if shape is Shape.COVER:
        return MONEY
    word = nodes.text(entries.get("type"), "type")
    if word is None:
        return of_field or TEXT
    if word not in TYPES:
        nodes.report(f"there is no type `{word}`", entries["type"].span, help=did_you_mean(word, tuple(TYPES)))
        return TEXT
    if of_field is not None and of_field.kind is not TYPES[word].kind:
        nodes.report(f"the target is a field of type `{of_field}`, and not `{word}`", entries["type"].span, help="leave `type` out")
    return of_field or TYPES[word]


def target_source(nodes: Nodes, target: Target, node: yaml.Node, entity: EntitySource | None) -> TargetSource | None:
    """Where a target's state is."""
    entries = nodes.entries(node, f"target `{target.name}`", ALL_KEYS)
    word = nodes.text(entries.get("store"), "store") or "managed"
    if word not in {store.value for store in Store}:
        help = did_you_mean(word, [store.value for store in Store]) or "stores are `column`, `members`, `managed` and `export`"
        nodes.report(f"there is no store `{word}`", entries["store"].span, help=help)
        return None
    store = Store(word)
    for key in entries:
        if key not in ("store", *DECLARING, *KEYS[store]):
            nodes.report(f"a target that is stored as `{word}` has no `{key}`", entries[key].span, help="leave it out")
    if store in (Store.COLUMN, Store.EXPORT) and target.shape is not Shape.VALUE:
        nodes.report(
            f"the target `{target.name}` holds members, and `{word}` keeps one value", node.span, help="use `members` or `managed`"
        )
        return None
    if store is Store.MEMBERS and target.shape is not Shape.SET:
        nodes.report(f"the target `{target.name}` is no set, and `members` keeps only names", node.span, help="use `column` or `managed`")
        return None
    match store:
        case Store.MANAGED:
            return TargetSource(store, span=node.span)
        case Store.EXPORT:
            return TargetSource(store, current=_current(nodes, target, entries, entity), span=node.span)
        case Store.COLUMN:
            return _column(nodes, target, entries, node)
        case Store.MEMBERS:
            return _members(nodes, target, entries, node)


def _column(nodes: Nodes, target: Target, entries: Mapping[str, yaml.Node], node: yaml.Node) -> TargetSource | None:
    table, subject = nodes.table(entries.get("table"), "table", query=False), nodes.texts(entries.get("key"), "key")
    if table is None or not subject or "column" not in entries:
        _incomplete(nodes, target, entries, ("table", "key", "column"), node)
        return None
    lookup = _lookup(nodes, entries.get("lookup"))
    body = {key: value for key, value in entries.items() if key == "column" or key in READING}
    value = source_of_body(nodes, body, node, target.type, (), f"target `{target.name}`")
    if value is None:
        return None
    insert = _insert(nodes, entries.get("insert"))
    return TargetSource(Store.COLUMN, table, subject, value, lookup, insert, tenant="tenant" not in entries, span=node.span)


def _members(nodes: Nodes, target: Target, entries: Mapping[str, yaml.Node], node: yaml.Node) -> TargetSource | None:
    table, subject = nodes.table(entries.get("table"), "table", query=False), nodes.texts(entries.get("subject"), "subject")
    if table is None or not subject or "member" not in entries:
        _incomplete(nodes, target, entries, ("table", "subject", "member"), node)
        return None
    member = entries["member"]
    lookup, value = None, None
    if isinstance(member, yaml.Mapping):
        body = nodes.entries(member, "`member`", ("column", "lookup", "trim"))
        lookup = _lookup(nodes, body.get("lookup"))
        plain = {key: part for key, part in body.items() if key != "lookup"}
        value = source_of_body(nodes, plain, member, TEXT, (), "`member`")
    else:
        value = field_source(nodes, member, TEXT, (), "`member`")
    if value is None:
        return None
    insert = _insert(nodes, entries.get("insert"))
    return TargetSource(Store.MEMBERS, table, subject, value, lookup, insert, tenant="tenant" not in entries, span=node.span)


def _incomplete(nodes: Nodes, target: Target, entries: Mapping[str, yaml.Node], wanted: tuple[str, ...], node: yaml.Node) -> None:
    lacking = [word for word in wanted if word not in entries]
    if lacking:
        nodes.report(f"the target `{target.name}` does not say its `{lacking[0]}`", node.span, help=f"it needs {', '.join(wanted)}")


def _lookup(nodes: Nodes, node: yaml.Node | None) -> Lookup | None:
    if node is None:
        return None
    entries = nodes.entries(node, "`lookup`", ("table", "key", "name", "where", "tenant"))
    table = nodes.table(entries.get("table"), "table")
    lacking = [word for word in ("table", "key", "name") if word not in entries]
    if lacking or table is None:
        nodes.report(f"`lookup` does not say its `{(lacking or ['table'])[0]}`", node.span, help="it needs table, key and name")
        return None
    key, name = nodes.source(entries["key"], "key"), nodes.source(entries["name"], "name")
    if key is None or name is None:
        return None
    return Lookup(table, key, name, nodes.fragment(entries.get("where"), "where"), "tenant" not in entries, node.span)


def _insert(nodes: Nodes, node: yaml.Node | None) -> tuple[Inserted, ...]:
    found: list[Inserted] = []
    for column, value in nodes.entries(node, "`insert`").items():
        text = nodes.text(value, column)
        if text is None:
            continue
        quoted = isinstance(value, yaml.Scalar) and value.quoted
        if text == "key" and not quoted:
            found.append(Inserted(column, key=True))
        elif text.startswith(":") and not quoted:
            if text[1:] not in nodes.parameters:
                nodes.report(f"`insert` reads the unknown parameter `{text}`", value.span, code="E0206")
            found.append(Inserted(column, parameter=text[1:]))
        else:
            found.append(Inserted(column, value=text))
    return tuple(found)


def _current(nodes: Nodes, target: Target, entries: Mapping[str, yaml.Node], entity: EntitySource | None) -> FieldSource | None:
    node = entries.get("current")
    if node is None:
        return None
    if isinstance(node, yaml.Mapping):
        return field_source(nodes, node, target.type, (), f"`current` of `{target.name}`")
    name = nodes.text(node, "current")
    found = None if entity is None else entity.fields.get(name or "")
    if found is None:
        known = () if entity is None else tuple(entity.fields)
        help = did_you_mean(name or "", known) or f"map the field on `{target.entity}`, or write `current: {{column: …}}`"
        nodes.report(f"`{target.entity}` maps no field `{name}`", node.span, help=help, code="E0201")
        return None
    if found.type.kind is not target.type.kind and not (found.type.is_text and target.type.is_text):
        nodes.report(f"`{name}` is of type `{found.type}`, and the target `{target.name}` of type `{target.type}`", node.span)
        return None
    return found
