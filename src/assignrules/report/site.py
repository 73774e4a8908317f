"""A ruleset as a site of static pages: what each statement says, what it reads and what reads it, and the order of decisions.

Pages need no network, no script and no other file than each other; the same rules give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from typing import TYPE_CHECKING

from assignrules import __version__
from assignrules.diagnostics import Diagnostic, SourceFile, Span
from assignrules.ir.digest import ruleset_digest
from assignrules.ir.parameters import printed_parameter
from assignrules.ir.ruleset import Assignment, Ruleset
from assignrules.ir.values import shown
from assignrules.report.page import count, plain
from assignrules.resolve.order import Unit, unit_needs, unit_text
from assignrules.resolve.uses import Kind, Written, used_by, written_statements
from assignrules.schema.logical import Schema
from assignrules.syntax import tree
from assignrules.syntax.formatter import format_statement
from assignrules.syntax.yaml_form import is_yaml

if TYPE_CHECKING:
    from jinja2 import Environment

BUILT_IN = "built-in.html"
GROUPS = (
    ("Blocks", Kind.ASSIGNMENT),
    ("Searches", Kind.SEARCH),
    ("Definitions", Kind.DEFINITION),
    ("Scores", Kind.SCORE),
    ("Scenarios", Kind.SCENARIO),
    ("Proposals", Kind.PROPOSAL),
    ("Alerts", Kind.ALERT),
    ("Reports", Kind.REPORT),
    ("Requirements", Kind.REQUIREMENT),
    ("Holds", Kind.HOLD),
    ("Rule packs", Kind.PACK),
)


@dataclass(frozen=True, slots=True)
class Described:
    """What a site tells of. ``files`` are those that the rules were resolved from, with those of the packs; ``sources`` their texts by
    name; ``diagnostics`` is what checking says of them."""

    project: str
    ruleset: Ruleset
    files: tuple[tree.File, ...]
    sources: Mapping[str, SourceFile]
    schema: Schema
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """A link to a statement, or to a line of a table."""

    href: str
    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A statement on a page."""

    ref: Ref
    anchor: str
    label: str | None
    entity: str | None
    description: tuple[str, ...]
    notes: tuple[str, ...]
    text: str
    uses: tuple[Ref, ...]
    used_by: tuple[Ref, ...]
    data: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class FilePage:
    """A file with its statements, in order."""

    href: str
    name: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class ParamRow:
    """A parameter with its value in this project."""

    card: Card
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """A target (of sets and covers, a member) in the order of decisions."""

    anchor: str
    name: str
    blocks: tuple[Ref, ...]
    after: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field or link of the data that rules read."""

    anchor: str
    name: str
    readers: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class LintRow:
    """A warning."""

    code: str
    place: str
    href: str | None
    message: str
    help: str | None


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages show."""

    project: str
    about: str
    ruleset: str
    version: str
    files: tuple[FilePage, ...]
    built_in: FilePage | None
    params: tuple[ParamRow, ...]
    groups: tuple[tuple[str, tuple[Card, ...]], ...]
    order: tuple[StepRow, ...]
    data: tuple[FieldRow, ...]
    lints: tuple[LintRow, ...]


def site_pages(described: Described) -> dict[str, str]:
    """The pages by the names of their files."""
    site = _Maker(described).site()
    environment = _environment()
    titles = {"index.html": "Overview", "order.html": "Order of decisions", "data.html": "Data read", "lints.html": "Warnings"}
    pages = {name: environment.get_template(name).render(site=site, title=title) for name, title in titles.items()}
    for file in (*site.files, *(() if site.built_in is None else (site.built_in,))):
        pages[file.href] = environment.get_template("file.html").render(site=site, title=file.name, file=file)
    return pages


def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = resources("assignrules.report") / "templates" / "site"
    return Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


class _Maker:
    def __init__(self, described: Described) -> None:
        self.described = described
        self.ruleset = described.ruleset
        self.written = written_statements(described.files, described.ruleset, described.schema)
        self.readers = used_by(self.written)
        self.hrefs = _hrefs([file.name for file in described.files])
        self.refs = [self._ref(place, item) for place, item in enumerate(self.written)]
        self.comments = [{item.span.line: item.text for item in file.comments if item.own_line} for file in described.files]
        self.fields = sorted({field for item in self.written for field in item.data})
        self.field_refs = {field: Ref(f"data.html#f{at}", plain(".".join(field))) for at, field in enumerate(self.fields, start=1)}

    def site(self) -> Site:
        cards = [self._card(place, item) for place, item in enumerate(self.written)]
        own = [(item, card) for item, card in zip(self.written, cards, strict=True) if item.file is not None]
        by_file = [tuple(card for item, card in own if item.file == number) for number in range(len(self.hrefs))]
        names = [plain(file.name) for file in self.described.files]
        built_in = tuple(card for item, card in zip(self.written, cards, strict=True) if item.file is None)
        groups = ((title, tuple(card for item, card in own if item.kind is kind)) for title, kind in GROUPS)
        return Site(
            plain(self.described.project),
            self._about(own),
            ruleset_digest(self.ruleset),
            __version__,
            tuple(map(FilePage, self.hrefs, names, by_file)),
            FilePage(BUILT_IN, "Built-in definitions", built_in) if built_in else None,
            tuple(self._param(item, card) for item, card in own if item.kind is Kind.PARAM),
            tuple(group for group in groups if group[1]),
            self._order(),
            tuple(self._field(field) for field in self.fields),
            tuple(map(self._lint, self.described.diagnostics)),
        )

    def _ref(self, place: int, item: Written) -> Ref:
        page = BUILT_IN if item.file is None else self.hrefs[item.file]
        priority = "" if item.block is None or item.block.priority is None else f"#{item.block.priority}"
        return Ref(f"{page}#s{place + 1}", plain(item.name) + priority, "built-in" if item.file is None else item.kind.value)

    def _card(self, place: int, item: Written) -> Card:
        ref = self.refs[place]
        return Card(
            ref,
            ref.href.partition("#")[2],
            None if item.label is None else plain(item.label),
            None if item.entity is None else plain(item.entity),
            self._description(item),
            tuple(_notes(item.block)),
            self._text(item),
            (*(self.refs[other] for other in item.uses), *self._files_of(item)),
            tuple(self.refs[other] for other in self.readers[place]),
            tuple(self.field_refs[field] for field in item.data),
        )

    def _files_of(self, item: Written) -> Iterator[Ref]:
        """The files of a pack that is used."""
        for href, file in zip(self.hrefs, self.described.files, strict=True):
            if isinstance(item.statement, tree.Use) and file.name.split("/")[-2:-1] == [item.statement.pack.value]:
                yield Ref(href, plain(file.name), "file")

    def _about(self, own: Sequence[tuple[Written, Card]]) -> str:
        kinds = [item.kind for item, _ in own]
        words = [
            count(kinds.count(kind), one, more)
            for kind, one, more in (
                (Kind.ASSIGNMENT, "block", None),
                (Kind.SEARCH, "search", "searches"),
                (Kind.DEFINITION, "definition", None),
                (Kind.REQUIREMENT, "requirement", None),
                (Kind.HOLD, "hold", None),
                (Kind.REPORT, "report", None),
                (Kind.ALERT, "alert", None),
                (Kind.PROPOSAL, "proposal", None),
            )
            if kind in kinds
        ]
        calendar = f", business days by the calendar {plain(self.ruleset.calendar)}" if self.ruleset.calendar else ""
        inside = f"{', '.join(words)} in " if words else ""
        return f"{inside}{count(len(self.hrefs), 'file')}; amounts in {self.ruleset.currency}{calendar}."

    def _description(self, item: Written) -> tuple[str, ...]:
        """The comment that stands on the lines above a statement."""
        if item.file is None:
            return ()
        comments, above = self.comments[item.file], item.statement.span.line - 1
        lines: list[str] = []
        while above in comments:
            lines.append(plain(comments[above].lstrip("#").strip()))
            above -= 1
        return tuple(reversed(lines))

    def _text(self, item: Written) -> str:
        span = item.statement.span
        if item.file is None or is_yaml(span.file):
            text = format_statement(item.statement)
        else:
            text = self.described.sources[span.file].text[span.start : span.end]
        return "\n".join(plain(line.rstrip()) for line in text.splitlines())

    def _param(self, item: Written, card: Card) -> ParamRow:
        assert isinstance(item.statement, tree.Param)
        return ParamRow(card, plain(item.statement.type.text), plain(shown(printed_parameter(self.ruleset.params[item.name]))))

    def _order(self) -> tuple[StepRow, ...]:
        needs = unit_needs((block for block in self.ruleset.assignments if not block.disabled), self.ruleset.definitions)
        anchors = {unit: f"t{at}" for at, unit in enumerate(self.ruleset.order, start=1)}
        blocks: dict[Unit, list[tuple[int, Ref]]] = {}
        for ref, item in zip(self.refs, self.written, strict=True):
            if item.block is not None and not item.block.disabled:
                blocks.setdefault((item.block.target, item.block.member), []).append((-(item.block.priority or 0), ref))
        return tuple(
            StepRow(
                anchors[unit],
                plain(unit_text(unit)),
                tuple(ref for _, ref in sorted(blocks.get(unit, ()), key=lambda entry: entry[0])),
                tuple(Ref(f"#{anchors[other]}", plain(unit_text(other))) for other in self.ruleset.order if other in needs.get(unit, ())),
            )
            for unit in self.ruleset.order
        )

    def _field(self, field: tuple[str, str]) -> FieldRow:
        ref = self.field_refs[field]
        readers = tuple(other for other, item in zip(self.refs, self.written, strict=True) if field in item.data)
        return FieldRow(ref.href.partition("#")[2], ref.name, readers)

    def _lint(self, item: Diagnostic) -> LintRow:
        place = "" if item.span is None else f"{item.span.file}:{item.span.line}"
        return LintRow(item.code, plain(place), self._at(item.span), plain(item.message), None if item.help is None else plain(item.help))

    def _at(self, span: Span | None) -> str | None:
        """The statement in which a place lies."""
        for ref, item in zip(self.refs, self.written, strict=True):
            own = item.statement.span
            if span is not None and item.file is not None and own.file == span.file and own.start <= span.start < own.end:
                return ref.href
        return None


def _notes(block: Assignment | None) -> list[str]:
    if block is None:
        return []
    notes = ["Disabled: it decides nothing."] if block.disabled else []
    if block.from_ is not None:
        notes.append(f"From {block.from_.isoformat()} on.")
    if block.until is not None:
        notes.append(f"Until {block.until.isoformat()}.")
    if block.priority is not None:
        notes.append(f"Priority {block.priority}.")
    return notes


def _hrefs(names: Sequence[str]) -> list[str]:
    """A page's name for each file: no other one's, whatever the files are called."""
    found: list[str] = []
    for name in names:
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "file"
        href, number = f"file-{slug}.html", 1
        while href in found:
            number += 1
            href = f"file-{slug}--{number}.html"
        found.append(href)
    return found
