"""Reading a field of a schema file: its source, and how what is stored becomes a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.types import Kind, Type
from assignrules.schema.fragments import is_inexact
from assignrules.schema.logical import TYPES
from assignrules.schema.nodes import Nodes
from assignrules.schema.physical import FieldSource, Source
from assignrules.syntax import yaml_reader as yaml
from assignrules.syntax.currencies import CURRENCIES

KEYS = (
    "column", "sql", "field", "type", "values", "true", "false", "format", "missing", "trim", "plus_days", "currency", "scale",
)  # fmt: skip
FORMAT_CODES = "YymdbBjHMSf%"
JULIAN = "julian_cyyddd"
LARGEST_SCALE = 10
# a point in time is read as its day, in the project's time zone
FIELD_TYPES = {**TYPES, "timestamp": TYPES["date"]}
WORDS = (*FIELD_TYPES, "enum")
NEW = "a new field needs its `type`"


def declared_type(nodes: Nodes, body: Mapping[str, yaml.Node], known: Type | None, default: Type | None, what: str) -> Type | None:
    """The type of a field: what the schema knows, what `type` says, or the default of a field of one's own."""
    word = nodes.text(body.get("type"), "type")
    if word is None:
        if known is None and default is None and "type" not in body:
            return None
        return known or default
    node = body["type"]
    if word not in WORDS:
        nodes.report(f"there is no type `{word}`", node.span, help=did_you_mean(word, WORDS) or f"types are {_listed(WORDS)}")
        return known
    if word == "enum" and (known is None or known.kind is not Kind.ENUM):
        values = tuple(dict.fromkeys(_values(nodes, body)))
        if not values:
            nodes.report(f"{what} is an enum without values", node.span, help="write `values: {code: word, …}`")
        type = Type(Kind.ENUM, values=values)
    else:
        type = known if word == "enum" and known is not None else FIELD_TYPES[word]
    if known is not None and known.kind is not type.kind:
        nodes.report(f"{what} is of type `{known}`, and not `{word}`", node.span, help="leave `type` out")
        return known
    return type


def field_source(nodes: Nodes, node: yaml.Node, type: Type, missing: tuple[str, ...], what: str) -> FieldSource | None:
    """A field: a column's name, or a mapping. ``missing``: the markers that it has unless it gives its own."""
    if not isinstance(node, yaml.Mapping):
        column = nodes.text(node, what.strip("`"))
        source = None if column is None else Source(column, span=node.span)
        return None if source is None else FieldSource(source, type, _own_words(type), missing, span=node.span)
    return source_of_body(nodes, nodes.entries(node, what, KEYS), node, type, missing, what)


def source_of_body(
    nodes: Nodes, body: Mapping[str, yaml.Node], node: yaml.Node, type: Type, missing: tuple[str, ...], what: str
) -> FieldSource | None:
    """The same of a mapping's entries, of which only the keys of a field are looked at."""
    if "field" in body:
        if nodes.text(body["field"], "field") != "missing" or "column" in body or "sql" in body:
            nodes.report(f"{what}: `field` can only be `missing`, alone", body["field"].span)
        return FieldSource(None, type, span=node.span)
    source = nodes.source_of(body, node.span, what.strip("`"))
    if source is None:
        return None
    found = FieldSource(
        source,
        type,
        codes=_codes(nodes, body, type, what),
        missing=nodes.texts(body["missing"], "missing") if "missing" in body else missing,
        trim=nodes.flag(body.get("trim"), "trim"),
        format=_format(nodes, body, type, what),
        plus_days=_plus_days(nodes, body, type, what),
        currency=_currency(nodes, body, type, what),
        scale=nodes.whole(body.get("scale"), "scale", LARGEST_SCALE),
        span=node.span,
    )
    if found.scale is not None and type.kind not in (Kind.MONEY, Kind.DECIMAL, Kind.PERCENT):
        nodes.report(f"`scale` does not fit {what}, which is of type `{type}`", body["scale"].span)
    if type.kind is Kind.MONEY and source.fragment is not None and is_inexact(source.fragment.text, nodes.dialect):
        help = "multiply by a decimal, or give the column and a `scale`"
        nodes.report(f"{what} is money, and comes from a division or a floating-point number", source.span, help=help, code="W0220")
    return found


def _values(nodes: Nodes, body: Mapping[str, yaml.Node]) -> list[str]:
    found = (nodes.text(value, "values") for value in nodes.entries(body.get("values"), "`values`").values())
    return [value for value in found if value is not None]


def _codes(nodes: Nodes, body: Mapping[str, yaml.Node], type: Type, what: str) -> tuple[tuple[str | None, str], ...]:
    if "values" in body:
        if type.kind in (Kind.MONEY, Kind.BOOLEAN):
            other: str | None = "write `true: [..]` and `false: [..]`" if type.kind is Kind.BOOLEAN else None
            nodes.report(f"`values` does not fit {what}, which is of type `{type}`", body["values"].span, help=other)
            return ()
        pairs: list[tuple[str | None, str]] = []
        for code, node in nodes.entries(body["values"], "`values`").items():
            value = nodes.text(node, "values")
            if value is None:
                continue
            if not _reads_as(value, type):
                known = f"values are {_listed(type.values)}" if type.values else None
                help = did_you_mean(value, type.values) or known
                nodes.report(f"`{value}` is no value of {what}", node.span, help=help, code="E0305" if type.values else "E0220")
            pairs.append((code, value))
        return tuple(pairs)
    if "true" not in body and "false" not in body:
        return _own_words(type)
    if type.kind is not Kind.BOOLEAN:
        place = body["true" if "true" in body else "false"]
        nodes.report(f"`true` and `false` do not fit {what}, which is of type `{type}`", place.span)
        return ()
    both = [(code, word) for word in ("true", "false") for code in nodes.codes(body.get(word), word)]
    for twice in dict.fromkeys(code for code, word in both if word == "false" and (code, "true") in both):
        nodes.report(f"`{twice}` stands for both `true` and `false`", body["false"].span)
    return tuple(both)


def _own_words(type: Type) -> tuple[tuple[str, str], ...]:
    """The codes of an enum that is stored by its own words."""
    return tuple((value, value) for value in type.values) if type.kind is Kind.ENUM else ()


def _reads_as(text: str, type: Type) -> bool:
    match type.kind:
        case Kind.ENUM:
            return text in type.values
        case Kind.INTEGER:
            return re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII) is not None
        case Kind.DECIMAL | Kind.PERCENT:
            try:
                return Decimal(text).is_finite()
            except InvalidOperation:
                return False
        case Kind.DATE:
            return re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) is not None
        case _:
            return True


def _format(nodes: Nodes, body: Mapping[str, yaml.Node], type: Type, what: str) -> str | None:
    text = nodes.text(body.get("format"), "format")
    if text is None:
        return None
    node = body["format"]
    if type.kind is not Kind.DATE:
        nodes.report(f"`format` does not fit {what}, which is of type `{type}`", node.span)
        return None
    if text == JULIAN:
        return text
    codes = re.findall(r"%(.)", text)
    unknown = [code for code in codes if code not in FORMAT_CODES] or (["…"] if text.endswith("%") and not text.endswith("%%") else [])
    if unknown:
        nodes.report(f"the format code `%{unknown[0]}` is unknown", node.span, help="known are %Y %y %m %d %b %B %j %H %M %S %f %%")
        return None
    parts = [code for code in codes if code != "%"]
    year = [code for code in parts if code in "Yy"]
    day = "j" in parts or ({"d"} <= set(parts) and any(code in parts for code in "mbB"))
    if len(year) != 1 or not day or len(set(parts)) != len(parts):
        nodes.report(f"the format `{text}` does not say a day", node.span, help='write it like "%Y%m%d" or "%d.%m.%Y"')
        return None
    return text


def _plus_days(nodes: Nodes, body: Mapping[str, yaml.Node], type: Type, what: str) -> Source | None:
    node = body.get("plus_days")
    if node is None:
        return None
    if type.kind is not Kind.DATE:
        nodes.report(f"`plus_days` does not fit {what}, which is of type `{type}`", node.span)
        return None
    return nodes.source(node, "plus_days")


def _currency(nodes: Nodes, body: Mapping[str, yaml.Node], type: Type, what: str) -> Source | str | None:
    node = body.get("currency")
    if node is None:
        return None
    if type.kind is not Kind.MONEY:
        nodes.report(f"`currency` does not fit {what}, which is of type `{type}`", node.span)
        return None
    if isinstance(node, yaml.Scalar) and isinstance(node.value, str) and node.value in CURRENCIES:
        return node.value
    return nodes.source(node, "currency")


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)
