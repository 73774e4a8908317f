"""The JSON Schema of the YAML form (`rules.schema.json` beside this file, for editors), and the tables of its document.

Both are made from the table of keys.

`python -m assignrules.syntax.yaml_schema` writes the schema file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assignrules.syntax.yaml_keys import DISTRIBUTE, ENTRIES, SECTIONS, STRUCTURED, Key, Kind, Section, Shape

FILE_NAME = "rules.schema.json"
_NAME = r"^(?:[^\W\d]\w*|`[^\W\d]\w*`)$"
_WORDS = {
    Kind.LEVEL: ["low", "medium", "high"],
    Kind.AUDIENCE: ["risk", "collection"],
    Kind.RHYTHM: ["week", "month", "quarter", "year"],
}
_TYPES = ["text", "integer", "decimal", "percent", "money", "date", "duration", "boolean"]


def schema() -> dict[str, Any]:
    """The JSON Schema of a rule file in the YAML form."""
    top = {name: {"$ref": f"#/$defs/{section.name}"} for section in SECTIONS for name in (section.name, *section.aliases)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rules of assignrules in YAML",
        "type": ["object", "null"],
        "properties": top,
        "additionalProperties": False,
        "$defs": {**_parts(), **{section.name: _section(section) for section in SECTIONS}},
    }


def schema_text() -> str:
    """The schema as it is stored."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _parts() -> dict[str, Any]:
    scalar = {"type": ["string", "number", "boolean"]}
    conditions: dict[str, Any] = {"type": "array", "items": {"$ref": "#/$defs/condition"}, "minItems": 1}
    structured = {
        "type": "object",
        "properties": {key: {"anyOf": [{"$ref": "#/$defs/condition"}, conditions]} if key == "not" else conditions for key in STRUCTURED},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {
        "name": {"type": ["string", "boolean"], "pattern": _NAME},
        "text": {"type": ["string", "number"]},
        "scalar": scalar,
        "condition": {"anyOf": [{"type": ["string", "boolean"]}, structured]},
    }


def _section(section: Section) -> dict[str, Any]:
    bodies = _shape(section.shape, section.name)
    if section.named_by is None:
        return {"description": section.meaning, "type": ["array", "null"], "items": bodies}
    key = Key("name", section.named_by, "the name", required=True)
    listed = _shape(Shape(section.shape.what, (key, *section.shape.keys)), section.name)
    return {
        "description": section.meaning,
        "anyOf": [
            {"type": ["object", "null"], "additionalProperties": bodies},
            {"type": "array", "items": listed},
        ],
    }


def _shape(shape: Shape, section: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "object",
        "properties": {key.name: {"description": key.meaning, **_kind(key.kind, section)} for key in shape.keys},
        "additionalProperties": {"type": ["string", "number", "boolean", "null"], "description": shape.free} if shape.free else False,
    }
    required = [key.name for key in shape.keys if key.required]
    if required:
        found["required"] = required
    return found if shape.short is None else {"anyOf": [{"$ref": "#/$defs/scalar"}, found]}


def _kind(kind: Kind, section: str) -> dict[str, Any]:
    """What may stand behind a key of the kind."""
    match kind:
        case Kind.TEXT:
            return {"$ref": "#/$defs/text"}
        case Kind.NAME:
            return {"$ref": "#/$defs/name"}
        case Kind.TYPE:
            return {"type": "string", "enum": _TYPES}
        case Kind.LEVEL | Kind.AUDIENCE | Kind.RHYTHM:
            return {"type": "string", "enum": _WORDS[kind]}
        case Kind.FLAG:
            return {"type": "boolean"}
        case Kind.MANUAL:
            return {"type": "string", "enum": ["manual"]}
        case Kind.CONDITION | Kind.OTHERS:
            return {"$ref": "#/$defs/condition"}
        case Kind.EXPRESSION if section == "defines":
            return {"anyOf": [{"$ref": "#/$defs/scalar"}, {"$ref": "#/$defs/condition"}]}
        case Kind.EXPRESSION | Kind.AMOUNT | Kind.VALUE | Kind.OTHERWISE | Kind.TOP | Kind.COOLDOWN | Kind.LIMIT | Kind.GUARD:
            return {"$ref": "#/$defs/scalar"}
        case Kind.EXPRESSIONS | Kind.ORDERS:
            return {"anyOf": [{"$ref": "#/$defs/scalar"}, _list({"$ref": "#/$defs/scalar"})]}
        case Kind.VALUES:
            return _list({"$ref": "#/$defs/scalar"})
        case Kind.COLUMNS:
            named = {"type": "object", "additionalProperties": {"$ref": "#/$defs/scalar"}}
            return {"anyOf": [{"$ref": "#/$defs/scalar"}, _list({"$ref": "#/$defs/scalar"}), named]}
        case Kind.ARGUMENTS:
            return {"type": "object", "additionalProperties": {"$ref": "#/$defs/scalar"}}
        case Kind.DISTRIBUTE:
            return {"anyOf": [{"type": "string"}, _shape(DISTRIBUTE, section)]}
        case Kind.LINES | Kind.POINTS | Kind.BANDS | Kind.CLASSES | Kind.STEPS:
            return _list(_shape(ENTRIES[kind], section))


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


# --- the tables of the document -----------------------------------------------------------------------------------


def sections_table() -> str:
    """The sections: what they hold, and how their statements are named."""
    rows = []
    for section in SECTIONS:
        named = {None: "a list", Kind.NAME: "by their names", Kind.TEXT: "by their texts"}[section.named_by]
        rows.append((f"`{section.name}`", f"`{section.statement}`", section.meaning, named))
    return _table(("section", "statement", "holds", "its statements"), rows)


def keys_table() -> str:
    """Every statement and part of one, with its keys."""
    shapes: list[tuple[str, Shape]] = [(f"`{section.name}`", section.shape) for section in SECTIONS if section.name != "warn"]
    shapes += [(shape.what, shape) for shape in (*ENTRIES.values(), DISTRIBUTE)]
    rows = []
    for called, shape in shapes:
        called = "`require`, `warn`" if called == "`require`" else called
        if shape.free is not None:
            rows.append((called, "any other name", "a text, a value, or nothing" if called == "`assign`" else "a number", shape.free))
            called = ""
        for key in shape.keys:
            needed = "; needed" if key.required else ""
            rows.append((called, f"`{key.name}`", key.kind.value, key.meaning + needed))
            called = ""
    return _table(("in", "key", "holds", "means"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def main() -> None:
    """Writes the schema file."""
    Path(__file__).with_name(FILE_NAME).write_text(schema_text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
