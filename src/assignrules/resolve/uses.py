"""What each statement of a ruleset reads: other statements, built-in definitions, params, and the fields and links of the data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, assert_never

from assignrules.diagnostics import Span
from assignrules.ir.expressions import Aggregate, Expression, Field, Literal, Reference, TargetMember, TargetValue, Via, children
from assignrules.ir.readers import readers
from assignrules.ir.ruleset import Assignment, Ruleset, ValueBody
from assignrules.resolve.catalogue import TARGET as CATALOGUE_TARGET
from assignrules.resolve.names import class_name, entity_of
from assignrules.resolve.order import Unit, unit_text
from assignrules.resolve.templates import parse_template
from assignrules.schema.logical import Schema
from assignrules.syntax import tree
from assignrules.syntax.text import parse


class Kind(Enum):
    """What a statement is, in the words of the language."""

    PARAM = "param"
    SEARCH = "search"
    DEFINITION = "define"
    SCORE = "score"
    ASSIGNMENT = "assign"
    SCENARIO = "scenario"
    PROPOSAL = "propose"
    ALERT = "alert"
    REPORT = "report"
    REQUIREMENT = "require"
    HOLD = "hold"
    PACK = "use"


@dataclass(frozen=True, slots=True)
class Written:
    """A statement of a file (``file`` None: a built-in definition) with what it reads.

    ``name`` is what people call it, ``entity`` that of its rows, where it looks at any. ``uses``: the places of others (never its own) in
    the whole list, in order. ``data``: fields and links, by entity and name.
    """

    kind: Kind
    name: str
    label: str | None
    entity: str | None
    file: int | None
    statement: tree.Statement
    uses: tuple[int, ...]
    data: tuple[tuple[str, str], ...]
    block: Assignment | None = None


def written_statements(files: Iterable[tree.File], ruleset: Ruleset, schema: Schema) -> tuple[Written, ...]:
    """Every statement of the files, in order, then the built-in definitions that one of them reads, directly or not.

    ``files`` are those that the ruleset was resolved from, with those of the packs. ``Written.file`` is the place of its file there.
    """
    reading = _Reading(ruleset, schema)
    found = [reading.entry(statement, number) for number, file in enumerate(files) for statement in file.statements]
    places = _Places(found)
    built_in = {
        (entity.name, statement.name.text): statement
        for statement in parse(schema.definitions)[0].statements
        if isinstance(statement, tree.Define | tree.Search) and (entity := entity_of(schema, statement.entity, [])) is not None
    }
    at = 0
    while at < len(found):  # the list grows by what is found to be read
        for key in found[at].names:
            if key not in places.definitions and key in built_in:
                places.add(reading.entry(built_in[key], None))
        at += 1
    return tuple(item.resolved(place, places) for place, item in enumerate(found))


@dataclass(frozen=True, slots=True)
class _Found:
    """A statement with the names that it reads: definitions by entity and name, units of targets, params, and scenarios."""

    kind: Kind
    name: str
    label: str | None
    entity: str | None
    file: int | None
    statement: tree.Statement
    gives: tuple[tuple[str, str], ...]
    block: Assignment | None
    names: frozenset[tuple[str, str]]
    units: frozenset[Unit]
    params: frozenset[str]
    scenarios: frozenset[str]
    data: frozenset[tuple[str, str]]

    def resolved(self, place: int, places: _Places) -> Written:
        uses = {places.definitions[key] for key in self.names if key in places.definitions}
        uses |= {other for unit in self.units for other in places.units.get(unit, ())}
        uses |= {places.params[name] for name in self.params if name in places.params}
        uses |= {places.scenarios[name] for name in self.scenarios if name in places.scenarios}
        return Written(
            self.kind, self.name, self.label, self.entity, self.file, self.statement,
            tuple(sorted(uses - {place})), tuple(sorted(self.data)), self.block,
        )  # fmt: skip


class _Places:
    """Where in the list each name is given."""

    def __init__(self, found: list[_Found]) -> None:
        self.found = found
        self.definitions: dict[tuple[str, str], int] = {}
        self.units: dict[Unit, list[int]] = {}
        self.params: dict[str, int] = {}
        self.scenarios: dict[str, int] = {}
        for place in range(len(found)):
            self._note(place)

    def add(self, item: _Found) -> None:
        self.found.append(item)
        self._note(len(self.found) - 1)

    def _note(self, place: int) -> None:
        item = self.found[place]
        for key in item.gives:
            self.definitions[key] = place
        if item.block is not None:
            self.units.setdefault((item.block.target, item.block.member), []).append(place)
        if item.kind is Kind.PARAM:
            self.params[item.name] = place
        if item.kind is Kind.SCENARIO:
            self.scenarios.setdefault(item.name, place)


class _Reading:
    def __init__(self, ruleset: Ruleset, schema: Schema) -> None:
        self.ruleset = ruleset
        self.schema = schema
        self.blocks: dict[Span, list[Assignment]] = {}
        for block in ruleset.assignments:
            self.blocks.setdefault(block.span, []).append(block)
        every = tuple(readers(ruleset))
        self.of_blocks = {id(reader.block): reader.expressions for reader in every if reader.block is not None}
        self.others = {(reader.name, reader.span): reader.expressions for reader in every if reader.block is None}
        self.others |= {(hold.name, hold.span): (hold.condition,) for hold in ruleset.holds}
        # By the place where it was written; a param has only the first of its places there, being one value.
        self.lowered = {span: expression for expression, span in ruleset.origins.written()}

    def entry(self, statement: tree.Statement, file: int | None) -> _Found:
        kind, name, label, entity_name = self._head(statement)
        entity = entity_of(self.schema, entity_name, [])
        block: Assignment | None = None
        gives: tuple[tuple[str, str], ...] = ()
        match statement:
            case tree.Define() | tree.Search() | tree.Score() if entity is not None:
                class_ = class_name(statement) if isinstance(statement, tree.Score) else None
                gives = tuple((entity.name, word) for word in (name, class_) if word is not None)
                read = tuple(self.ruleset.definitions[key].expression for key in gives if key in self.ruleset.definitions)
            case tree.Assign():
                block = self.blocks[statement.span].pop(0)  # of a pack that is used twice, in the order in which it is used
                name, label = unit_text((block.target, block.member)), block.label
                entity = self.schema.entities[block.entity]
                read = self.of_blocks[id(block)]
            case _:
                read = self.others.get((name, statement.span), ())
        paths = tuple(_paths(statement))
        # What a block's reason says of its own target is lowered anew, without the definitions through which it was written.
        names, units, data = _read((*read, *(self.lowered[path.span] for path in paths if path.span in self.lowered)))
        has_rows = kind not in (Kind.PARAM, Kind.SCENARIO, Kind.PACK)
        return _Found(
            kind, name, label, entity.name if entity is not None and has_rows else None, file, statement, gives, block,
            frozenset(names) - frozenset(gives), frozenset(units), frozenset(self._params(paths)), _scenarios(block), frozenset(data),
        )  # fmt: skip

    @staticmethod
    def _head(statement: tree.Statement) -> tuple[Kind, str, str | None, tree.Name | None]:
        match statement:
            case tree.Param(name=name):
                return Kind.PARAM, name.text, None, None
            case tree.Define(name=name, entity=entity):
                return Kind.DEFINITION, name.text, None, entity
            case tree.Search(name=name, label=label, entity=entity):
                return Kind.SEARCH, name.text, _text(label), entity
            case tree.Score(name=name, label=label, entity=entity):
                return Kind.SCORE, name.text, _text(label), entity
            case tree.Use(pack=pack, alias=alias):
                return Kind.PACK, pack.value if alias is None else f"{pack.value} as {alias.text}", None, None
            case tree.Assign(target=target):
                return Kind.ASSIGNMENT, target.text, None, None
            case tree.Scenario(name=title):
                return Kind.SCENARIO, title.value, None, None
            case tree.Propose(name=title, entity=entity):
                return Kind.PROPOSAL, title.value, None, entity
            case tree.Alert(name=name, label=label, entity=entity):
                return Kind.ALERT, name.text, _text(label), entity
            case tree.Report(name=name, label=label, entity=entity):
                return Kind.REPORT, name.text, _text(label), entity
            case tree.Require(name=title, entity=entity):
                return Kind.REQUIREMENT, title.value, None, entity
            case tree.Hold(name=title, entity=entity):
                return Kind.HOLD, title.value, None, entity
            case _:
                assert_never(statement)

    def _params(self, paths: Iterable[tree.Path]) -> Iterator[str]:
        """The params among the paths of a statement: what means something else was lowered to something else than a constant."""
        for path in paths:
            name = ".".join(part.text for part in path.names)
            lowered = self.lowered.get(path.span)
            if not path.this and name in self.ruleset.params and (lowered is None or not any(_read([lowered]))):
                yield name


def _read(expressions: Iterable[Expression]) -> tuple[set[tuple[str, str]], set[Unit], set[tuple[str, str]]]:
    """The definitions, units, and fields or links that some expressions name, those inside of definitions not included."""
    names: set[tuple[str, str]] = set()
    units: set[Unit] = set()
    data: set[tuple[str, str]] = set()
    stack = list(expressions)
    while stack:
        node = stack.pop()
        match node:
            case Reference(entity=entity, name=name):
                names.add((entity, name))
            case TargetValue(target=target, member=member):
                units.add((target, member))
            case TargetMember(target=target, member=member):
                units.add((target, member))
            case Field(entity=entity, name=name):
                data.add((entity, name))
            case _:
                pass
        for link in (node.link,) if isinstance(node, Via) else node.path if isinstance(node, Aggregate) else ():
            if link.target is None:
                data.add((link.entity, link.name))
            else:
                units.add((link.target, None))
        stack.extend(children(node))
    return names, units, data


def _scenarios(block: Assignment | None) -> frozenset[str]:
    """The scenarios that a block assigns by name."""
    if block is None or block.target != CATALOGUE_TARGET or not isinstance(block.body, ValueBody):
        return frozenset()
    values = [line.value for line in block.body.lines] + ([] if block.body.value is None else [block.body.value])
    return frozenset(value.value for value in values if isinstance(value, Literal) and isinstance(value.value, str))


def _paths(node: Any) -> Iterator[tree.Path]:
    """Every path in a statement, those of its reason text too."""
    match node:
        case tree.Path():
            yield node
        case tree.Because(text=text):
            yield from (part for part in parse_template(text, []) if isinstance(part, tree.Path))
        case tuple():
            for part in node:
                yield from _paths(part)
        case _ if is_dataclass(node) and not isinstance(node, Span):
            for field in fields(node):
                yield from _paths(getattr(node, field.name))
            if isinstance(node, tree.Propose) and node.because is not None:
                yield from (part for part in parse_template(node.because, []) if isinstance(part, tree.Path))
        case _:
            pass


def _text(label: tree.Text | None) -> str | None:
    return None if label is None else label.value


def used_by(statements: tuple[Written, ...]) -> Mapping[int, tuple[int, ...]]:
    """By place in the list, the places of those that read it."""
    found: dict[int, list[int]] = {place: [] for place in range(len(statements))}
    for place, item in enumerate(statements):
        for used in item.uses:
            found[used].append(place)
    return {place: tuple(others) for place, others in found.items()}
