"""A rule test: some rows, some rules, and what must come of them (running.md, section 5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from assignrules.diagnostics import Diagnostic, SourceFile, Span
from assignrules.diagnostics.model import has_errors
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import Schema
from assignrules.syntax import yaml_reader as yaml
from assignrules.syntax.yaml_reader import read_yaml
from assignrules.testing.given import read_given
from assignrules.testing.proposals import PROPOSAL, read_entry
from assignrules.testing.reading import Reading
from assignrules.testing.typed import Written

TOP = ("name", "as_of", "rules", "params", "project", "given", "expect")
PROJECT = ("currency", "calendar", "time_zone", "ignored_currencies")
EXPECT = (
    "searches", "values", "changes", "held", "conflicts", "applicable", "requirements", "alerts", "proposals", "reports", "data_errors",
    "data_warnings", "diagnostics",
)  # fmt: skip
ALERT = ("entered", "stay", "left")
ENTRIES = {
    "changes": ("subject", "label", "target", "member", "before", "after", "action", "rule", "line", "at", "because", "manual"),
    "held": ("subject", "target", "member", "before", "after", "held_by"),
    "conflicts": ("subject", "target", "member", "before", "after", "at"),
    "proposals": PROPOSAL,
}
Entry = Mapping[str, Written]
Line = tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What a project file would say."""

    currency: str = "EUR"
    calendar: str | None = None
    ignored_currencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectations:
    """What must come of it; None: not asked. ``values`` by entity, business key and name. ``alerts``: by name, keys of what entered, stays
    and left, or under ``rows`` of all that is there. Lists are sets. ``spans`` by key, and of its
    parts by key and name or number, as `searches late` and `changes 0`."""

    searches: Mapping[str, tuple[str, ...]] | None = None
    values: Mapping[str, Mapping[str, Entry]] | None = None
    changes: tuple[Entry, ...] | None = None
    held: tuple[Entry, ...] | None = None
    conflicts: tuple[Entry, ...] | None = None
    applicable: bool | None = None
    requirements: Mapping[str, tuple[str, ...]] | None = None
    proposals: tuple[Entry, ...] | None = None
    alerts: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None
    reports: Mapping[str, tuple[Line, ...]] | None = None
    data_errors: tuple[str, ...] | None = None
    data_warnings: tuple[str, ...] | None = None
    diagnostics: tuple[str, ...] | None = None
    spans: Mapping[str, Span] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is expected."""
        return not self.spans


@dataclass(frozen=True, slots=True)
class Case:
    """One case file. ``rules`` None: those of the project. ``params`` by name, as text in the rule language."""

    file: str
    name: str
    as_of: date
    rules: SourceFile | None
    params: Mapping[str, str]
    project: ProjectSettings
    given: Dataset
    expect: Expectations


def read_case(source: SourceFile, schema: Schema) -> tuple[Case | None, tuple[Diagnostic, ...]]:
    """The case of a file, typed by the schema; None, and diagnostics, where it is malformed or uses what is not supported yet."""
    node, problems = read_yaml(source, "E0909")
    if node is None:
        return None, problems
    reading = Reading([])
    top = reading.mapping(node, "a case", TOP)
    if top is None:
        return None, tuple(reading.problems)
    as_of = reading.day(top["as_of"], "as_of") if "as_of" in top else None
    if "as_of" not in top:
        reading.report("`as_of` is missing", node.span, help="write `as_of: 2026-11-22`")
    settings = _project(reading, top.get("project"))
    case = Case(
        source.name,
        (reading.text(top["name"], "name") if "name" in top else None) or source.name,
        as_of or date.min,
        _rules(reading, source, top.get("rules")),
        _params(reading, top.get("params")),
        settings,
        read_given(reading, top.get("given"), schema, settings.currency),
        _expect(reading, top.get("expect"), schema),
    )
    return (None if has_errors(reading.problems) else case), tuple(reading.problems)


def _rules(reading: Reading, source: SourceFile, node: yaml.Node | None) -> SourceFile | None:
    if node is None:
        return None
    if isinstance(node, yaml.Mapping):
        return _only(source, node.span)
    return SourceFile(f"{source.name}#rules", reading.text(node, "rules") or "")


def _only(source: SourceFile, span: Span) -> SourceFile:
    """A part of a file as a file of its own, with everything where it was: the rest of the text is blank."""
    before, after = (re.sub(r"[^\r\n]", " ", part) for part in (source.text[: span.start], source.text[span.end :]))
    return SourceFile(f"{source.name}#rules.yml", before + source.text[span.start : span.end] + after)


def _params(reading: Reading, node: yaml.Node | None) -> Mapping[str, str]:
    entries = {} if node is None else reading.mapping(node, "`params`") or {}
    texts = {name: reading.written(value, f"params.{name}") for name, value in entries.items()}
    return {name: ("true" if text else "false") if isinstance(text, bool) else text for name, text in texts.items() if text is not None}


def _project(reading: Reading, node: yaml.Node | None) -> ProjectSettings:
    entries = {} if node is None else reading.mapping(node, "`project`", PROJECT) or {}
    currency = reading.text(entries["currency"], "currency") if "currency" in entries else None
    calendar = reading.text(entries["calendar"], "calendar") if "calendar" in entries else None
    ignored = reading.texts(entries["ignored_currencies"], "ignored_currencies") if "ignored_currencies" in entries else ()
    return ProjectSettings(currency or "EUR", calendar, ignored)


def _expect(reading: Reading, node: yaml.Node | None, schema: Schema) -> Expectations:
    entries = {} if node is None else reading.mapping(node, "`expect`", EXPECT) or {}

    def lists(key: str) -> tuple[str, ...] | None:
        return reading.texts(entries[key], key) if key in entries else None

    searches = values = None
    applicable: bool | None = None
    if "searches" in entries:
        searches = {name: reading.texts(keys, name) for name, keys in (reading.mapping(entries["searches"], "`searches`") or {}).items()}
    requirements = None
    if "requirements" in entries:
        named = reading.mapping(entries["requirements"], "`requirements`") or {}
        requirements = {name: reading.texts(keys, name) for name, keys in named.items()}
    if "values" in entries:
        values = _values(reading, entries["values"], schema)
    if "applicable" in entries:
        written = reading.written(entries["applicable"], "applicable")
        if isinstance(written, bool):
            applicable = written
        else:
            reading.report("`applicable` must be `true` or `false`", entries["applicable"].span)
    changes, held, conflicts, proposals = (_entries(reading, entries[key], key) if key in entries else None for key in ENTRIES)
    spans = {place: span for key, value in entries.items() for place, span in ((key, value.span), *_parts(key, value))}
    return Expectations(
        searches,
        values,
        changes,
        held,
        conflicts,
        applicable,
        requirements,
        proposals,
        _alerts(reading, entries["alerts"]) if "alerts" in entries else None,
        _reports(reading, entries["reports"]) if "reports" in entries else None,
        lists("data_errors"),
        lists("data_warnings"),
        lists("diagnostics"),
        spans,
    )


def _parts(key: str, node: yaml.Node) -> Iterator[tuple[str, Span]]:
    """The places of the parts of an expectation, so that a difference is shown at the very line that it is about."""
    match node:
        case yaml.Mapping(entries=entries):
            yield from ((f"{key} {name.value}", name.span) for name, _ in entries)
        case yaml.Sequence(items=items):
            yield from ((f"{key} {number}", item.span) for number, item in enumerate(items))
        case yaml.Scalar():
            pass


def _alerts(reading: Reading, node: yaml.Node) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """`{foreclosure: {entered: [F1], stay: [], left: []}}`, or the list of all its rows."""
    found: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for name, body in (reading.mapping(node, "`alerts`") or {}).items():
        if isinstance(body, yaml.Sequence):
            found[name] = {"rows": reading.texts(body, name)}
        else:
            parts = reading.mapping(body, f"alert `{name}`", ALERT) or {}
            found[name] = {part: reading.texts(keys, part) for part, keys in parts.items()}
    return found


def _reports(reading: Reading, node: yaml.Node) -> Mapping[str, tuple[Line, ...]]:
    """`{turnover: [[FR, EUR, 1000.00 EUR, 1]]}`."""
    found: dict[str, tuple[Line, ...]] = {}
    for name, body in (reading.mapping(node, "`reports`") or {}).items():
        lines = [reading.items(line, f"a line of `{name}`") for line in reading.items(body, name)]
        found[name] = tuple(tuple(reading.written(cell, name) for cell in line) for line in lines)
    return found


def _entries(reading: Reading, node: yaml.Node, key: str) -> tuple[Entry, ...]:
    found = []
    for item in reading.items(node, key):
        entry = reading.mapping(item, f"an entry of `{key}`", ENTRIES[key])
        found.append(read_entry(reading, entry or {}))
    return tuple(found)


def _values(reading: Reading, node: yaml.Node, schema: Schema) -> Mapping[str, Mapping[str, Entry]]:
    """Customers' by their keys; those of another entity below its name."""
    by_entity: dict[str, dict[str, Entry]] = {}
    for key, value in (reading.mapping(node, "`values`") or {}).items():
        entity = schema.entity(key)
        nested = isinstance(value, yaml.Mapping) and all(isinstance(inner, yaml.Mapping) for _, inner in value.items())
        rows = reading.mapping(value, f"`{key}`") or {} if entity is not None and nested else {key: value}
        found = by_entity.setdefault(entity.name if entity is not None and nested else "customer", {})
        for row, names in rows.items():
            found[row] = {name: reading.written(item, name) for name, item in (reading.mapping(names, f"`{row}`") or {}).items()}
    return by_entity
