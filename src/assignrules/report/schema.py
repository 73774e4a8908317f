"""A schema with its mapping, and what its data is like, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from assignrules.ir.changes import DataProblem
from assignrules.plan.model import SCHEMA_VERSION
from assignrules.schema.mapping import SchemaMapping
from assignrules.schema.physical import FieldSource


def as_json(mapping: SchemaMapping) -> str:
    """One document: entities with fields and links, whether each can be used, and targets with their stores."""
    answer = {"schema_version": SCHEMA_VERSION, "schema": mapping.schema.name, "entities": _entities(mapping), "targets": _targets(mapping)}
    return json.dumps(answer, ensure_ascii=False, indent=2) + "\n"


def as_text(mapping: SchemaMapping) -> str:
    """A paragraph for each entity; what is not mapped is marked."""
    lines: list[str] = []
    for name, entity in _entities(mapping).items():
        place = f" from {entity['from']}" if entity["from"] else ""
        lines.append(f"{name}{place}" if entity["mapped"] else f"{name} (not mapped)")
        if entity["mapped"]:
            for field, body in entity["fields"].items():
                shown = f" = {body['from']}" if body["from"] else ""
                lines.append(f"  {field} {body['type']}{shown}" if body["mapped"] else f"  {field} (not mapped)")
            lines.extend(f"  {link} → {body['to']}{'' if body['mapped'] else ' (not mapped)'}" for link, body in entity["links"].items())
    lines.append("targets")
    lines.extend(
        f"  {name} on {body['on']}, {body['shape']} of {body['type']}, {body['store']}" for name, body in _targets(mapping).items()
    )
    return "\n".join(lines) + "\n"


def problem_rows(problems: Iterable[DataProblem]) -> list[dict[str, Any]]:
    """Data problems as a plan's JSON has them."""
    return [
        {"code": item.code, "message": item.message, "entity": item.entity, "count": item.count, "examples": list(item.examples)}
        for item in problems
    ]


def problems_text(problems: Iterable[DataProblem]) -> str:
    """A line each."""
    return "".join(
        f"{item.code}: {item.message} ({item.count}){': ' + ', '.join(item.examples) if item.examples else ''}\n" for item in problems
    )


def _entities(mapping: SchemaMapping) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for entity in mapping.schema.entities.values():
        source = None if mapping.physical is None else mapping.physical.entities.get(entity.name)
        fields = {
            name: {
                "type": str(type),
                "mapped": mapping.has_field(entity.name, name),
                "from": None if source is None or name not in source.fields else _source(source.fields[name]),
            }
            for name, type in entity.fields.items()
        }
        links = {link.name: {"to": link.to, "many": link.many, "mapped": mapping.has_link(link)} for link in entity.links.values()}
        place = None if source is None else str(source.table)
        found[entity.name] = {"mapped": entity.name in mapping.entities, "from": place, "fields": fields, "links": links}
    return found


def _source(field: FieldSource) -> str:
    if field.source is None:
        return "missing"
    return field.source.column if field.source.column is not None else str(field.source.fragment and field.source.fragment.text)


def _targets(mapping: SchemaMapping) -> dict[str, dict[str, Any]]:
    found = {}
    for target in mapping.schema.targets.values():
        kept = None if mapping.physical is None else mapping.physical.targets.get(target.name)
        store = "managed" if kept is None else kept.store.value
        mapped = target.name in mapping.targets
        found[target.name] = {
            "on": target.entity, "shape": target.shape.value, "type": str(target.type), "store": store if mapped else "not mapped",
        }  # fmt: skip
    return found
