"""The JSON Schema that ships is that of the table of keys, and holds for what the reader takes."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from tests.yaml_form.samples import SPEC_EXAMPLE

from assignrules.diagnostics import SourceFile
from assignrules.syntax.text import parse
from assignrules.syntax.yaml_form import read_yaml_rules
from assignrules.syntax.yaml_reader import plain, read_yaml
from assignrules.syntax.yaml_schema import FILE_NAME, schema, schema_text
from assignrules.syntax.yaml_write import write_yaml_rules

_ROOT = Path(__file__).parents[2]
_TYPES = {"object": dict, "array": list, "boolean": bool, "string": str, "number": (int, float), "null": type(None)}


def faults(value: Any, rule: dict[str, Any], where: str = "$") -> list[str]:
    """What is wrong with a value by a schema: the keywords of JSON Schema that ours uses."""
    known = {"$ref", "anyOf", "type", "enum", "pattern", "properties", "additionalProperties", "required", "items", "minItems"}
    known |= {"minProperties", "maxProperties", "description", "$schema", "title", "$defs"}
    assert set(rule) <= known, f"keywords that this test does not know: {set(rule) - known}"
    if "$ref" in rule:
        return faults(value, schema()["$defs"][rule["$ref"].removeprefix("#/$defs/")], where)
    if "anyOf" in rule:
        found = [faults(value, one, where) for one in rule["anyOf"]]
        return [] if any(not one for one in found) else min(found, key=len)
    kinds = rule.get("type", list(_TYPES))
    if not any(isinstance(value, _TYPES[kind]) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return [f"{where}: not {kinds}"]
    if "enum" in rule and value not in rule["enum"]:
        return [f"{where}: not one of {rule['enum']}"]
    if isinstance(value, str) and "pattern" in rule and not re.search(rule["pattern"], value):
        return [f"{where}: not {rule['pattern']}"]
    if isinstance(value, list):
        short = [f"{where}: too short"] if len(value) < rule.get("minItems", 0) else []
        return short + [fault for number, item in enumerate(value) for fault in faults(item, rule.get("items", {}), f"{where}[{number}]")]
    if not isinstance(value, dict):
        return []
    found_in = [f"{where}: no {key}" for key in rule.get("required", []) if key not in value]
    if not rule.get("minProperties", 0) <= len(value) <= rule.get("maxProperties", len(value)):
        found_in.append(f"{where}: {len(value)} keys")
    for key, item in value.items():
        inner = rule.get("properties", {}).get(key, rule.get("additionalProperties", {}))
        found_in += [f"{where}: unknown {key}"] if inner is False else faults(item, inner, f"{where}.{key}")
    return found_in


def _value(text: str) -> Any:
    node, problems = read_yaml(SourceFile("a.yml", text))
    assert node is not None, problems
    return plain(node)


def test_the_schema_file_is_that_of_the_keys() -> None:
    shipped = resources.files("assignrules.syntax").joinpath(FILE_NAME).read_text(encoding="utf-8")
    assert shipped == schema_text(), "run `python -m assignrules.syntax.yaml_schema`"
    assert json.loads(shipped) == schema()


def test_the_example_fits() -> None:
    assert faults(_value(SPEC_EXAMPLE), schema()) == []


@pytest.mark.parametrize(
    "path", [*sorted(_ROOT.glob("examples/**/*.rules")), _ROOT / "tests/syntax/examples.rules"], ids=lambda path: path.stem
)
def test_what_is_written_fits(path: Path) -> None:
    file, _ = parse(SourceFile(path.name, path.read_text(encoding="utf-8")))
    assert faults(_value(write_yaml_rules(file)), schema()) == []


@pytest.mark.parametrize(
    "text",
    [
        "search: {}",
        "searches: {a: {wher: b}}",
        "searches: {a: {label: x}}",
        "searches: {a: {where: {some: [b]}}}",
        "searches: {a: {where: {any: []}}}",
        "searches: {a: {where: {any: [b], all: [c]}}}",
        "assign: {scenario: x}",
        "assign: [{scenario: x, disabled: maybe}]",
        "assign: [{scenario: x, lines: [{value: a}]}]",
        "params: {a: {type: amount, value: b}}",
        "alerts: {a: {where: b, level: urgent}}",
        "use: [{as: x}]",
        "require: {a: {no: 1st, where: b}}",
        "scores: {a: {points: [{add: 1, whn: b}]}}",
    ],
)
def test_what_does_not_fit_the_reader_refuses_too(text: str) -> None:
    assert faults(_value(text), schema())
    _, problems = read_yaml_rules(SourceFile("a.yml", text))
    # which types, levels and audiences there are, a later pass knows
    assert problems or "amount" in text or "urgent" in text
