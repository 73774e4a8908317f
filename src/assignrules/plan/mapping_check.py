"""The pass `check_mapping`: a schema file against the live database, whole, whatever the rules read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from assignrules.databases.base import Database, DatabaseFailure, Session
from assignrules.databases.binding import CODE, Place, Relation, asks, bind, probe, relations
from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.ir.changes import DataProblem
from assignrules.ir.ruleset import Ruleset
from assignrules.plan.data_checks import checked, dangling_link, repeated_key, repeated_rates
from assignrules.plan.lookup_checks import unlisted_keys
from assignrules.plan.mapped_checks import lookup_problems, mapped_checks, rate_checks, unreadable_currencies
from assignrules.schema.mapping import ROW_KEY, SchemaMapping
from assignrules.schema.physical import Fragment
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.queries import Compiler


@dataclass(frozen=True, slots=True)
class MappingCheck:
    """What checking found. ``rows``: by entity, how many it has. The data problems are counted over all that the mapping reads."""

    diagnostics: tuple[Diagnostic, ...]
    rows: Mapping[str, int]
    problems: tuple[DataProblem, ...]


def check_mapping(database: Database, mapping: SchemaMapping, ruleset: Ruleset, as_of: date) -> MappingCheck:
    """Checks every table, column, type and fragment, and the data. ``ruleset``: its names are looked up in the targets' lookups."""
    with database.reading() as session:
        bound, found = bind(session, mapping, as_of)
        if not found:
            return _data(session, bound, ruleset, as_of)
    return MappingCheck(tuple(_placed(database, bound, found)), {}, ())


def _placed(database: Database, mapping: SchemaMapping, found: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    """What was found; where the database cannot run something, every fragment is tried alone, and those at fault are named."""
    assert mapping.physical is not None
    if not any("cannot run" in item.message for item in found):
        return list(found)
    tried = [item for relation in relations(mapping.physical) if asks(relation) for item in _faults(database, mapping, relation)]
    return list(dict.fromkeys(tried)) or list(found)


def _faults(database: Database, mapping: SchemaMapping, relation: Relation) -> list[Diagnostic]:
    joins = [replace(relation, joins=relation.joins[: count + 1]) for count in range(len(relation.joins))]
    for tried in joins:
        reason = _fails(database, mapping, tried, [], [])
        if reason is not None:
            return [_fault(tried.joins[-1].span, reason)]
    found = []
    for place in relation.places:
        if place.source.fragment is not None and (reason := _fails(database, mapping, relation, [place], [])):
            found.append(_fault(place.source.span, reason))
    for condition in relation.conditions:
        if reason := _fails(database, mapping, relation, [], [condition]):
            found.append(_fault(condition.span, reason))
    return found


def _fails(database: Database, mapping: SchemaMapping, relation: Relation, places: list[Place], conditions: list[Fragment]) -> str | None:
    """Why the database cannot run it; each try is a session of its own, as a failure ends one."""
    with database.reading() as session:
        try:
            session.fetch(probe(session.dialect, mapping, relation, places, conditions))
        except DatabaseFailure as failure:
            return str(failure).removeprefix("the database failed: ")
    return None


def _fault(span: Span | None, reason: str) -> Diagnostic:
    return diagnostic(CODE, f"the database cannot run this: {reason}", span)


def _data(session: Session, mapping: SchemaMapping, ruleset: Ruleset, as_of: date) -> MappingCheck:
    compiler = Compiler(ruleset, mapping, DIALECTS[session.dialect], as_of, journal=False)
    physical, schema = mapping.physical, mapping.schema
    assert physical is not None
    keyed = [name for name in physical.entities if schema.entities[name].key is not None]
    checks = [check for name in keyed for check in mapped_checks(compiler, physical.entities[name].fields, name)]
    checks += [check for name in keyed for check in repeated_key(compiler, name)]
    checks += [
        check
        for name in keyed
        for link in physical.entities[name].links
        if link in schema.entities[name].links and mapping.has_link(schema.entities[name].links[link])
        for check in dangling_link(compiler, name, link)
    ]
    checks += rate_checks(compiler)
    checks += unlisted_keys(compiler)
    amounts = [(name, field) for name in keyed for field, body in mapping.entities[name].fields.items() if body.currency is not None]
    problems = [*checked(session, checks), *unreadable_currencies(session, compiler, amounts)]
    problems += repeated_rates(session, compiler)
    problems += lookup_problems(session, compiler, sorted(physical.targets))
    rows = {name: int(session.fetch(f"SELECT COUNT(*) FROM {compiler.relations.text(name, 'r', [ROW_KEY])}")[0][0]) for name in keyed}
    return MappingCheck((), rows, tuple(sorted(problems, key=lambda item: (item.code, item.entity, item.message))))
