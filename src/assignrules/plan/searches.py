"""Running saved searches, and reading values by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from assignrules.databases.base import Session
from assignrules.ir.changes import DataProblem
from assignrules.ir.expressions import Expression, Reference, is_condition
from assignrules.ir.ruleset import Definition, Ruleset
from assignrules.ir.values import Value
from assignrules.plan.compiling import compiler_for
from assignrules.plan.distribution import distribute
from assignrules.plan.fetched import fetched_value
from assignrules.plan.rate_checks import unrated_searches
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql.queries import Output


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A search's rows as business key and label, sorted by key. ``count`` is of all, also where ``rows`` are limited."""

    name: str
    entity: str
    count: int
    rows: tuple[tuple[str, str | None], ...]
    warnings: tuple[DataProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchCount:
    """How many rows a search finds."""

    name: str
    entity: str
    label: str | None
    count: int
    warnings: tuple[DataProblem, ...] = ()


def search_rows(
    session: Session, ruleset: Ruleset, mapping: SchemaMapping, name: str, *, as_of: date, limit: int | None = None
) -> tuple[SearchResult, ...]:
    """The rows of a search; of each where several entities have one of the name; none where there is no such search."""
    compiler = compiler_for(session, ruleset, mapping, as_of)
    distribute(session, compiler)
    results: list[SearchResult] = []
    for search in (item for item in ruleset.searches() if item.name == name):
        rows = session.fetch(compiler.text(compiler.select(search.entity, [], where=_reference(search))))
        kept = rows if limit is None else rows[:limit]
        results.append(SearchResult(name, search.entity, len(rows), tuple((row[0], row[1]) for row in kept)))
    return tuple(results)


def count_searches(session: Session, ruleset: Ruleset, mapping: SchemaMapping, *, as_of: date) -> tuple[SearchCount, ...]:
    """The size of every search, all of an entity in one pass; by name."""
    compiler = compiler_for(session, ruleset, mapping, as_of)
    distribute(session, compiler)
    by_entity: dict[str, list[Definition]] = {}
    for search in ruleset.searches():
        by_entity.setdefault(search.entity, []).append(search)
    counts: list[SearchCount] = []
    for entity, searches in by_entity.items():
        outputs = [Output(f"c{number}", _reference(search)) for number, search in enumerate(searches)]
        row = session.fetch(compiler.text(compiler.counts(entity, outputs)))[0]
        counts.extend(SearchCount(search.name, entity, search.label, count) for search, count in zip(searches, row, strict=True))
    return tuple(sorted(counts, key=lambda item: (item.name, item.entity)))


Found = TypeVar("Found", SearchResult, SearchCount)


def warned(session: Session, ruleset: Ruleset, mapping: SchemaMapping, found: Sequence[Found], *, as_of: date) -> tuple[Found, ...]:
    """The same, each with what the data lacks for it."""
    asked = {(item.entity, item.name) for item in found}
    searches = [search for search in ruleset.searches() if (search.entity, search.name) in asked]
    problems = unrated_searches(session, compiler_for(session, ruleset, mapping, as_of), searches)
    return tuple(replace(item, warnings=tuple(problems.get((item.entity, item.name), ()))) for item in found)


def read_values(
    session: Session, ruleset: Ruleset, mapping: SchemaMapping, entity: str, expressions: Mapping[str, Expression], *, as_of: date
) -> dict[str, dict[str, Value]]:
    """By business key, the values of expressions on an entity's rows (planned states as this ruleset plans them)."""
    compiler = compiler_for(session, ruleset, mapping, as_of)
    distribute(session, compiler)
    names = list(expressions)
    outputs = [Output(f"v{number}", expressions[name], is_condition(expressions[name])) for number, name in enumerate(names)]
    found: dict[str, dict[str, Value]] = {}
    for row in session.fetch(compiler.text(compiler.select(entity, outputs))):
        values = iter(row[2:])
        found[row[0]] = {name: fetched_value(values, expressions[name].type) for name in names}
    return found


def _reference(search: Definition) -> Reference:
    return Reference(search.entity, search.name, search.type, True)
