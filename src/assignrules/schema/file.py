"""The pass `read_schema`: a company's schema file, with those that it extends, as a logical schema and its mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from assignrules.diagnostics import Diagnostic, SourceFile, diagnostic, has_errors
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.digest import digest
from assignrules.ir.types import Kind
from assignrules.schema.declared import Declared, EntityNode
from assignrules.schema.entities import entity_source
from assignrules.schema.fitting import links_fit, targets_fit
from assignrules.schema.logical import TYPES, Schema, credit
from assignrules.schema.mapping import SchemaMapping, mapped
from assignrules.schema.nodes import CODE, Nodes
from assignrules.schema.physical import AS_OF, EntitySource, Parameter, Physical, TargetSource, Tenant
from assignrules.schema.targets import declared_target, target_source
from assignrules.syntax import yaml_reader as yaml

BUILT_IN = "credit"
TOP_KEYS = ("extends", "dialect", "params", "tenant", "entities", "targets")
MERGED_KEYS = ("fields", "links")
MOST_FILES = 20
# How a schema file finds another one by the name that `extends` gives: the file, or what is wrong.
FileFinder = Callable[[str, str], "tuple[SourceFile | None, tuple[Diagnostic, ...]]"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a schema file needs to know of the project and the environment. ``parameters``: texts by name; None: they are not known yet, and
    a required one may be missing. ``dialect``: of the environment's database."""

    dialect: str
    parameters: Mapping[str, str] | None = None
    currency: str = "EUR"
    time_zone: str = "UTC"
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """A schema file that has been read: its schema, the mapping, and every file that it is made of."""

    mapping: SchemaMapping
    sources: tuple[SourceFile, ...]

    @property
    def schema(self) -> Schema:
        """What the rules see."""
        return self.mapping.schema


def read_schema(
    source: SourceFile, settings: Settings, find: FileFinder
) -> tuple[SchemaFile | None, tuple[SourceFile, ...], tuple[Diagnostic, ...]]:
    """The schema of a file; the texts that diagnostics may point into; what is wrong. ``find`` gives the files that `extends` names."""
    chain, problems = _chain(source, find)
    sources = tuple(file for file, _ in chain)
    if has_errors(problems):
        return None, sources, problems
    nodes = Nodes(settings.dialect, settings.dialect)
    built_in = nodes.text(chain[-1][1].get("extends"), "extends") == BUILT_IN
    top: dict[str, yaml.Node] = {}
    for _, node in reversed(chain):
        top = _merged(top, nodes.entries(node, "a schema file", TOP_KEYS))
    _one_dialect(nodes, chain)
    dialect = _dialect(nodes, top)
    nodes.dialect = dialect or settings.dialect
    parameters = _parameters(nodes, top.get("params"), settings.parameters)
    nodes.parameters = (*parameters, AS_OF)
    schema = credit() if built_in else _bare()
    declared = Declared(nodes, schema, built_in=built_in)
    bodies = declared.entities(top.get("entities"))
    schema = declared.schema()
    entities: dict[str, EntitySource] = {}
    for name, body in bodies.items():
        found = entity_source(nodes, body, schema)
        if found is not None:
            entities[name] = found
    targets, schema = _targets(nodes, top.get("targets"), schema, entities)
    links_fit(nodes, schema, entities)
    targets_fit(nodes, schema, entities, targets)
    physical = Physical(
        entities, targets, parameters, _tenant(nodes, top.get("tenant")), dialect, settings.time_zone, settings.currency, settings.calendar
    )
    found_problems = tuple(nodes.problems)
    if has_errors(found_problems):
        return None, sources, found_problems
    fingerprint = digest((
        schema.name, [(item.name, item.key, item.label, item.fields, item.links) for item in schema.entities.values()],
        schema.targets, schema.own_legal_entity, physical,
    ))  # fmt: skip
    return SchemaFile(replace(mapped(schema, physical), digest=fingerprint), sources), sources, found_problems


def _chain(source: SourceFile, find: FileFinder) -> tuple[list[tuple[SourceFile, yaml.Mapping]], tuple[Diagnostic, ...]]:
    """The file and those that it extends, itself first."""
    chain: list[tuple[SourceFile, yaml.Mapping]] = []
    while True:
        node, problems = yaml.read_yaml(source, CODE)
        if node is None or not isinstance(node, yaml.Mapping):
            what = problems or (diagnostic(CODE, "a schema file has keys with values", help="start with `extends: credit`"),)
            return [*chain, (source, _empty(source))], what
        chain.append((source, node))
        parent = node.get("extends")
        if parent is None or (isinstance(parent, yaml.Scalar) and parent.value == BUILT_IN):
            return chain, ()
        if not isinstance(parent, yaml.Scalar) or not isinstance(parent.value, str):
            return chain, (diagnostic(CODE, "`extends` names one schema", parent.span, help="write `extends: credit`, or another file"),)
        found, problems = find(source.name, parent.value)
        if found is None:
            help = did_you_mean(parent.value, (BUILT_IN,)) or "write `extends: credit`, or the path of another file from this one"
            told = tuple(replace(item, span=parent.span, help=item.help or help) for item in problems)
            return chain, told
        if found.name in {file.name for file, _ in chain} or len(chain) > MOST_FILES:
            return chain, (diagnostic(CODE, f"`{found.name}` extends itself", parent.span),)
        source = found


def _empty(source: SourceFile) -> yaml.Mapping:
    return yaml.Mapping((), source.span(0, 0))


def _merged(base: Mapping[str, yaml.Node], over: Mapping[str, yaml.Node]) -> dict[str, yaml.Node]:
    """The keys of a file over those of the one that it extends: entities key by key, with fields and links name by name; the others whole,
    targets and params each by its name."""
    found = dict(base)
    for key, node in over.items():
        found[key] = _over(base.get(key), node, depth={"entities": 3, "targets": 1, "params": 1}.get(key, 0))
    return found


def _over(base: yaml.Node | None, over: yaml.Node, depth: int) -> yaml.Node:
    if depth == 0 or not isinstance(base, yaml.Mapping) or not isinstance(over, yaml.Mapping):
        return over
    entries = {str(key.value): (key, value) for key, value in base.entries}
    for key, value in over.entries:
        name = str(key.value)
        before = entries[name][1] if name in entries else None
        deeper = depth - 1 if depth != 2 or name in MERGED_KEYS else 0
        entries[name] = (key, _over(before, value, deeper))
    return yaml.Mapping(tuple(entries.values()), over.span)


def _one_dialect(nodes: Nodes, chain: list[tuple[SourceFile, yaml.Mapping]]) -> None:
    found = {str(node.value): node for _, top in chain if isinstance(node := top.get("dialect"), yaml.Scalar)}
    if len(found) > 1:
        first = next(iter(found.values()))
        nodes.report("this file and one that it extends are of two dialects", first.span, help="write both in one dialect")


def _dialect(nodes: Nodes, top: Mapping[str, yaml.Node]) -> str | None:
    name = nodes.text(top.get("dialect"), "dialect")
    if name is None:
        return None
    from sqlglot.dialects.dialect import Dialect

    known = sorted(word for word in Dialect.classes if word)
    if name in known:
        return name
    nodes.report(
        f"there is no SQL dialect `{name}`", top["dialect"].span, help=did_you_mean(name, known) or f"known are {', '.join(known)}"
    )
    return None


def _bare() -> Schema:
    """Of a schema of one's own: only what the engine itself knows of, rates and holidays."""
    whole = credit()
    entities = {name: whole.entities[name] for name in ("rates", "holidays")}
    return Schema("own", entities, {}, (), SourceFile("own.rules", ""))


def _parameters(nodes: Nodes, node: yaml.Node | None, given: Mapping[str, str] | None) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    declared = nodes.entries(node, "`params`")
    for name, body in declared.items():
        if name == AS_OF:
            nodes.report(f"`:{AS_OF}` is the day that the rules take for today, on every schema", body.span, help="choose another name")
            continue
        entries = nodes.entries(body, f"parameter `{name}`", ("type", "required", "default"))
        word = nodes.text(entries.get("type"), "type") or "text"
        if word not in TYPES or word == "money":
            nodes.report(
                f"a parameter cannot be of type `{word}`", entries["type"].span, help="write text, integer, decimal, date or boolean"
            )
            continue
        type = TYPES[word]
        required = nodes.flag(entries.get("required"), "required") or False
        text = given.get(name) if given is not None else None
        if text is None:
            text = nodes.text(entries.get("default"), "default")
        if text is None and required and given is not None:
            help = "set it in the environment's `schema_params`"
            nodes.report(f"the schema's parameter `{name}` has no value", body.span, help=help)
        value = None if text is None else _read(text, type.kind)
        if text is not None and value is None:
            nodes.report(f"`{text}` does not fit the parameter `{name}` of type `{word}`", body.span)
        found[name] = Parameter(name, type, value)
    for name in given or {}:
        if name not in found:
            help = did_you_mean(name, tuple(found)) or "declare it in the schema file's `params`"
            nodes.report(f"the schema has no parameter `{name}`", None, help=help)
    return found


def _read(text: str, kind: Kind) -> str | int | Decimal | date | bool | None:
    try:
        match kind:
            case Kind.INTEGER:
                return int(text)
            case Kind.DECIMAL | Kind.PERCENT:
                number = Decimal(text)
                return number if number.is_finite() else None
            case Kind.DATE:
                return date.fromisoformat(text)
            case Kind.BOOLEAN:
                return {"true": True, "false": False}.get(text)
            case _:
                return text
    except (ValueError, InvalidOperation):
        return None


def _tenant(nodes: Nodes, node: yaml.Node | None) -> Tenant | None:
    if node is None:
        return None
    body = nodes.entries(node, "`tenant`", ("columns", "values"))
    columns, values = nodes.texts(body.get("columns"), "columns"), nodes.texts(body.get("values"), "values")
    if not columns or len(columns) != len(values):
        nodes.report("`tenant` has as many values as columns", node.span, help='write `tenant: {columns: [MANDT], values: ["800"]}`')
        return None
    for value in values:
        if value.startswith(":") and value[1:] not in nodes.parameters:
            nodes.report(f"`tenant` reads the unknown parameter `{value}`", body["values"].span, code="E0206")
    return Tenant(columns, values)


def _targets(
    nodes: Nodes, node: yaml.Node | None, schema: Schema, entities: Mapping[str, EntitySource]
) -> tuple[dict[str, TargetSource], Schema]:
    found: dict[str, TargetSource] = {}
    targets = dict(schema.targets)
    for name, body in nodes.entries(node, "`targets`").items():
        declared = declared_target(nodes, name, body, schema)
        if declared is None:
            continue
        targets[name] = declared
        source = target_source(nodes, declared, body, entities.get(declared.entity))
        if source is not None:
            found[name] = source
    return found, replace(schema, targets=targets)


__all__ = ["BUILT_IN", "EntityNode", "FileFinder", "SchemaFile", "Settings", "read_schema"]
