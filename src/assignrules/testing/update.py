"""Writes what came into a rule test: only the entries that came otherwise are touched, so comments, order and layout stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from assignrules.diagnostics import SourceFile
from assignrules.ir.changes import Proposed
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.values import printed, shown
from assignrules.schema.logical import Schema
from assignrules.syntax import yaml_reader as yaml
from assignrules.syntax.yaml_reader import read_yaml
from assignrules.testing.case import Case
from assignrules.testing.matching import alike, matched
from assignrules.testing.planner import Planned, Planner, Session
from assignrules.testing.proposals import SHOWN
from assignrules.testing.reports import line_fits, line_types
from assignrules.testing.run import as_entry, diagnostics_that_count, fits, opened, part
from assignrules.testing.typed import same

# The keys of a new entry, where the entries beside it do not say which are wanted.
KEYS = {
    "changes": ("subject", "target", "member", "before", "after"),
    "held": ("subject", "target", "member", "before", "after", "held_by"),
    "conflicts": ("subject", "target", "member", "before", "after"),
    "proposals": ("proposal", "subject", "action"),
}
PLAIN = re.compile(r"[^\W_][\w.%/+€ ()@-]*", re.UNICODE)
BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


def updated(source: SourceFile, case: Case, planner: Planner, schema: Schema, *, rules: Sequence[SourceFile] = ()) -> str:
    """The text of a rule test that expects what comes of it; of the keys of `expect` that it has, or where it has none the changes and what
    is held. Searches and values that are not there stay."""
    node, _ = read_yaml(source)
    assert isinstance(node, yaml.Mapping), "the case was read from it"
    expect = node.get("expect")
    writer = _Writer(source.text)
    ruleset, found = planner.check((case.rules,) if case.rules is not None else rules, case.params, case.project)
    keys = dict(expect.items()) if isinstance(expect, yaml.Mapping) else {}
    patterns = list(case.expect.diagnostics or ())
    codes = list(dict.fromkeys(problem.code for problem in diagnostics_that_count(case, found)))
    if "diagnostics" in keys or codes:
        kept = [pattern for pattern in patterns if any(fnmatchcase(code, pattern) for code in codes)]
        new = [code for code in codes if not any(fnmatchcase(code, pattern) for pattern in kept)]
        if "diagnostics" in keys:
            writer.texts(keys["diagnostics"], [*kept, *new])
        else:
            writer.keys(node, expect, {"diagnostics": f"[{', '.join(new)}]"})
    if ruleset is not None:
        with opened(case, planner, ruleset) as session:
            _Update(writer, case, schema, ruleset, session).keys(keys)
            if not keys and not codes:
                _fresh(writer, node, expect, session)
    return writer.text()


def _fresh(writer: _Writer, top: yaml.Mapping, expect: yaml.Node | None, session: Session) -> None:
    """The first expectations of a test that has none."""
    outcome = session.plan()
    values: dict[str, str] = {}
    for key, items in (("changes", outcome.changes), ("held", outcome.held), ("proposals", outcome.proposals)):
        if items or key == "changes":
            values[key] = "".join(f"\n    - {_flow(_new(item, KEYS[key]))}" for item in items) or "[]"
    writer.keys(top, expect, values)


@dataclass(slots=True)
class _Update:
    """Goes through the keys of `expect` and notes what has to be written."""

    writer: _Writer
    case: Case
    schema: Schema
    ruleset: Ruleset
    session: Session
    plan: Planned | None = None

    def outcome(self) -> Planned:
        """The plan, made when it is first looked at."""
        if self.plan is None:
            self.plan = self.session.plan()
        return self.plan

    def keys(self, keys: Mapping[str, yaml.Node]) -> None:
        """Every key that this knows of."""
        expect = self.case.expect
        for key, node in keys.items():
            match key:
                case "searches":
                    self._searches(node)
                case "values":
                    self._values(node)
                case "changes":
                    self._entries(key, node, expect.changes or (), self.outcome().changes)
                case "held":
                    self._entries(key, node, expect.held or (), self.outcome().held)
                case "conflicts":
                    self._entries(key, node, expect.conflicts or (), self.outcome().conflicts)
                case "proposals":
                    self._entries(key, node, expect.proposals or (), self.outcome().proposals)
                case "applicable" if expect.applicable is not self.outcome().applicable:
                    self.writer.replace(node, shown(self.outcome().applicable))
                case "requirements":
                    self._requirements(node)
                case "alerts":
                    self._alerts(node)
                case "reports":
                    self._reports(node)
                case "data_errors":
                    self.writer.texts(node, sorted({problem.code for problem in self.outcome().data_errors}))
                case "data_warnings":
                    self.writer.texts(node, sorted({problem.code for problem in self.outcome().data_warnings}))

    def _searches(self, node: yaml.Node) -> None:
        for name, keys in node.items() if isinstance(node, yaml.Mapping) else ():
            try:
                self.writer.texts(keys, list(self.session.search(name)))
            except KeyError:
                continue  # there is no such search: that is for a person to mend

    def _values(self, node: yaml.Node) -> None:
        for entity, rows in (self.case.expect.values or {}).items():
            names = sorted({name for entry in rows.values() for name in entry})
            try:
                actual = self.session.values(entity, names)
            except KeyError:
                continue
            for key, entry in rows.items():
                place = self._row(node, entity, key)
                for name, written in entry.items():
                    if place is not None and key in actual and not same(written, actual[key][name], self.case.project.currency):
                        at = place.get(name)
                        assert at is not None
                        self.writer.replace(at, _scalar(printed(actual[key][name])))

    def _row(self, node: yaml.Node, entity: str, key: str) -> yaml.Mapping | None:
        """The mapping of a row: customers' stand at the top too."""
        for name, below in node.items() if isinstance(node, yaml.Mapping) else ():
            named = self.schema.entity(name)
            if named is not None and named.name == entity and isinstance(below, yaml.Mapping):
                found = below.get(key)
                if isinstance(found, yaml.Mapping):
                    return found
            if name == key and entity == "customer" and isinstance(below, yaml.Mapping):
                return below
        return None

    def _entries(self, key: str, node: yaml.Node, expected: Sequence[Mapping[str, Any]], actual: Sequence[Any]) -> None:
        currency = self.case.project.currency
        partner = matched([[fits(entry, item, self.schema, currency) for item in actual] for entry in expected])
        asked = {name for entry in expected for name in entry}
        missing = {number: entry for number, entry in enumerate(expected) if number not in partner}
        extra = {number: as_entry(item, asked) for number, item in enumerate(actual) if number not in partner.values()}
        together = alike(missing, extra)
        items = node.items if isinstance(node, yaml.Sequence) else ()
        for number, other in together.items():
            place = items[number]
            assert isinstance(place, yaml.Mapping)
            for name, value in _parts(place):
                if name.startswith(SHOWN) and name.removeprefix(SHOWN) not in actual[other].show:
                    continue  # it shows no such thing: that is for a person to mend
                if not fits({name: expected[number][name]}, actual[other], self.schema, currency):
                    self.writer.replace(value, _scalar(part(actual[other], name)))
        keys = tuple(dict.fromkeys(name for entry in expected for name in entry)) or KEYS[key]
        added = [_new(actual[number], keys) for number in extra if number not in together.values()]
        self.writer.list_(node, {number for number in missing if number not in together}, added)

    def _alerts(self, node: yaml.Node) -> None:
        for name, body in node.items() if isinstance(node, yaml.Mapping) else ():
            rows = self.outcome().alerts.get(name)
            if rows is None:
                continue
            if not isinstance(body, yaml.Mapping):
                self.writer.texts(body, [*rows.entered, *rows.stay])
                continue
            for word, keys in body.items():
                self.writer.texts(keys, {"entered": rows.entered, "stay": rows.stay, "left": rows.left}.get(word, ()))

    def _reports(self, node: yaml.Node) -> None:
        reports = {report.name: report for report in self.ruleset.reports}
        for name, body in node.items() if isinstance(node, yaml.Mapping) else ():
            lines = self.session.report(name) if name in reports else None
            if lines is None:
                continue
            types = line_types(reports[name])
            expected = (self.case.expect.reports or {}).get(name, ())
            currency = self.case.project.currency
            partner = matched([[line_fits(line, came, types, currency) for came in lines] for line in expected])
            added = [f"[{', '.join(map(_scalar, came))}]" for number, came in enumerate(lines) if number not in partner.values()]
            self.writer.change(body, {number for number in range(len(expected)) if number not in partner}, added)

    def _requirements(self, node: yaml.Node) -> None:
        failing = self.outcome().requirements
        expected = self.case.expect.requirements or {}
        if set(expected) == set(failing) and isinstance(node, yaml.Mapping):
            for name, rows in node.items():
                self.writer.texts(rows, list(failing[name]))
        elif expected != failing:
            rows_of = ", ".join(f"{_scalar(name)}: {_list(rows)}" for name, rows in sorted(failing.items()))
            self.writer.replace(node, f"{{{rows_of}}}")


def _parts(entry: yaml.Mapping) -> Iterator[tuple[str, yaml.Node]]:
    """The values of an entry, by the names under which the case has them: those of what a proposal shows beside the rest."""
    for name, value in entry.items():
        if name == "show" and isinstance(value, yaml.Mapping):
            yield from ((f"{SHOWN}{column}", shown) for column, shown in value.items())
        else:
            yield name, value


def _new_proposal(item: Proposed, keys: Sequence[str]) -> dict[str, Any]:
    """An entry of what became of a proposal; of what it shows only the columns that it has."""
    wanted = dict.fromkeys((*KEYS["proposals"], *keys))
    found = {name: part(item, name) for name in wanted if not name.startswith(SHOWN)}
    columns = [name.removeprefix(SHOWN) for name in wanted if name.startswith(SHOWN)]
    show = {name: item.show[name] for name in columns if name in item.show}
    return found | ({"show": show} if show else {})


def _new(item: Any, keys: Sequence[str]) -> dict[str, Any]:
    """An entry of what came. A member is left out where there is none."""
    if isinstance(item, Proposed):
        return _new_proposal(item, keys)
    wanted = list(keys)
    for place, name in enumerate(("subject", "target", "member")):
        if name not in wanted:
            wanted.insert(place, name)
    found = {name: getattr(item, name) for name in wanted}
    return {name: value for name, value in found.items() if name != "member" or value is not None}


def _flow(entry: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_scalar(value)}" for name, value in entry.items()) + "}"


def _list(texts: Sequence[str]) -> str:
    return "[" + ", ".join(map(_scalar, texts)) + "]"


def _scalar(value: Any) -> str:
    """A value as a YAML scalar that reads as it, inside braces too; values by name as a mapping of them."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(name)}: {_scalar(item)}" for name, item in value.items()) + "}"
    if not isinstance(value, str):
        return shown(value)
    if PLAIN.fullmatch(value) and not value.endswith(" ") and value not in ("true", "false", "null"):
        return value
    return BREAKS.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(value, ensure_ascii=False))


@dataclass(slots=True)
class _Writer:
    """Edits of a text by place, made at once."""

    source: str
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def text(self) -> str:
        """The text with all edits."""
        text = self.source
        for start, end, new in sorted(self.edits, key=lambda edit: edit[:2], reverse=True):
            text = text[:start] + new + text[end:]
        return text

    @property
    def line_break(self) -> str:
        return "\r\n" if "\r\n" in self.source else "\n"

    def edit(self, start: int, end: int, new: str) -> None:
        """One more; those at one place stand in the order in which they came."""
        self.edits.insert(0, (start, end, new.replace("\n", self.line_break)))

    def keys(self, top: yaml.Mapping, expect: yaml.Node | None, values: Mapping[str, str]) -> None:
        """More keys in `expect`, be it empty or not there. A value that is a list of lines begins with a line break."""
        lines = "".join(f"  {key}:{value if value.startswith(chr(10)) else f' {value}'}\n" for key, value in values.items())
        if expect is None:
            self.edit(len(self.source), len(self.source), f"expect:\n{lines}")
        elif isinstance(expect, yaml.Mapping) and expect.entries and self._is_flow(expect):
            end = self._end(expect.entries[-1][1])
            self.edit(end, end, "".join(f", {key}: {value}" for key, value in values.items()))
        elif isinstance(expect, yaml.Mapping) and expect.entries:
            end = self._line_end(self._end(expect))
            self.edit(end, end, lines)
        else:
            name = next(name for name, _ in top.entries if name.value == "expect")
            start = self.source.index(":", name.span.end) + 1
            end = max(start, self._end(expect))
            self.edit(start, end, "")
            self.edit(self._line_end(end), self._line_end(end), lines)

    def replace(self, node: yaml.Node, text: str) -> None:
        """Another value in the place of one."""
        start, end = node.span.start, self._end(node)
        if isinstance(node, yaml.Scalar) and node.value is None and start == end:
            colon = self.source.rindex(":", 0, start)
            start, end, text = colon + 1, colon + 1, f" {text}"
        if isinstance(node, yaml.Sequence | yaml.Mapping) and not self._is_flow(node):
            start, end, text = self._line_start(start), self._line_end(end), f"{self._indent(start)}  {text}\n"
        self.edit(start, end, text)

    def texts(self, node: yaml.Node, wanted: Sequence[str]) -> None:
        """A list of texts: those that stay keep their place."""
        items = node.items if isinstance(node, yaml.Sequence) else ()
        there = [_written(item) for item in items]
        lost = {number for number, text in enumerate(there) if text not in wanted}
        self.change(node, lost, [_scalar(text) for text in wanted if text not in there])

    def list_(self, node: yaml.Node, lost: set[int], added: Sequence[Mapping[str, Any]]) -> None:
        """A list of entries without some and with others."""
        items = node.items if isinstance(node, yaml.Sequence) else ()
        blocks = bool(items) and not any(self._is_flow(item) for item in items)
        inner = "\n" + (self._indent(items[0].span.start, inside=True) if items else "")
        texts = [inner.join(f"{name}: {_scalar(value)}" for name, value in entry.items()) if blocks else _flow(entry) for entry in added]
        self.change(node, lost, texts)

    def change(self, node: yaml.Node, lost: set[int], added: Sequence[str]) -> None:
        """A list without some of its items, by number, and with others."""
        items = node.items if isinstance(node, yaml.Sequence) else ()
        if not lost and not added:
            return
        if not items:
            self.replace(node, f"[{', '.join(added)}]")
        elif self._is_flow(node):
            self._change_flow(node, items, lost, added)
        else:
            self._change_block(items, lost, added)

    def _change_flow(self, node: yaml.Node, items: Sequence[yaml.Node], lost: set[int], added: Sequence[str]) -> None:
        kept = [number for number in range(len(items)) if number not in lost]
        if not kept:
            self.replace(node, f"[{', '.join(added)}]")
            return
        for number in lost:
            if number < kept[0]:
                self.edit(items[number].span.start, items[number + 1].span.start, "")
            else:
                self.edit(self._end(items[number - 1]), self._end(items[number]), "")
        end = self._end(items[-1])
        alone = "\n" in self.source[node.span.start : items[0].span.start]
        between = ",\n" + self._indent(items[0].span.start) if alone else ", "
        self.edit(end, end, "".join(f"{between}{text}" for text in added))

    def _change_block(self, items: Sequence[yaml.Node], lost: set[int], added: Sequence[str]) -> None:
        first = items[0].span.start
        indent = self._indent(first)
        new = "".join(f"{indent}- {text}\n" for text in added)
        if len(lost) == len(items) and not added:
            new = f"{indent}  []\n"
        for number in lost:
            self.edit(self._line_start(items[number].span.start), self._line_end(self._end(items[number])), "")
        end = self._line_end(self._end(items[-1]))
        self.edit(end, end, new)

    def _end(self, node: yaml.Node) -> int:
        """Where a node's last value ends: of a block the parser marks the beginning of what follows."""
        if isinstance(node, yaml.Sequence) and node.items and not self._is_flow(node):
            return self._end(node.items[-1])
        if isinstance(node, yaml.Mapping) and node.entries and not self._is_flow(node):
            name, last = node.entries[-1]
            return name.span.end + 1 if _is_empty(last) else self._end(last)
        return node.span.end

    def _is_flow(self, node: yaml.Node) -> bool:
        return self.source[node.span.start : node.span.start + 1] in ("[", "{")

    def _line_start(self, place: int) -> int:
        return self.source.rfind("\n", 0, place) + 1

    def _line_end(self, place: int) -> int:
        """Behind the line break; of a place at the start of a line, that place."""
        if place and self.source[place - 1] == "\n":
            return place
        found = self.source.find("\n", place)
        return len(self.source) if found < 0 else found + 1

    def _indent(self, place: int, *, inside: bool = False) -> str:
        """The blanks before what a line begins with, or with ``inside`` as many as there is text before a place."""
        start = self._line_start(place)
        before = self.source[start:place]
        return " " * len(before) if inside else before[: len(before) - len(before.lstrip(" "))]


def _written(node: yaml.Node) -> str | None:
    if not isinstance(node, yaml.Scalar) or node.value is None:
        return None
    return node.value if isinstance(node.value, str) else shown(node.value)


def _is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.Scalar) and node.value is None and node.span.start == node.span.end
