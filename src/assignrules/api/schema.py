"""The project's schema file and its database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assignrules import project as projects
from assignrules.api.opened import database_of, mapping_of, schema_file
from assignrules.api.problems import Problems, Sources
from assignrules.api.rules import check
from assignrules.diagnostics import Diagnostic, Severity, diagnostic
from assignrules.project import Project

if TYPE_CHECKING:
    from assignrules.ir.changes import DataProblem
    from assignrules.ir.ruleset import Ruleset
    from assignrules.schema.mapping import SchemaMapping


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """What checking a schema file found. ``rules``: the errors of the rules; with any, the names that rules give are not looked up.
    ``rows``: by entity, how many it has. The data problems are counted over all that the mapping reads."""

    diagnostics: tuple[Diagnostic, ...]
    rules: tuple[Diagnostic, ...]
    rows: Mapping[str, int]
    problems: tuple[DataProblem, ...]
    sources: Sources = field(repr=False)


def check_schema(project: Project) -> SchemaCheck:
    """The project's schema file against its database: tables, columns, types, fragments, and the data that they give; whatever the rules
    are like."""
    from assignrules.plan.mapping_check import check_mapping

    mapping = schema_file(project).mapping
    rules = check(project)
    found = check_mapping(database_of(project), mapping, rules.ruleset or _no_rules(project), project.as_of)
    errors = () if rules.ruleset is not None else tuple(item for item in rules.diagnostics if item.severity is Severity.ERROR)
    sources = {**rules.sources, **{source.name: source for source in projects.schema_of(project)[1]}}
    return SchemaCheck(found.diagnostics, errors, found.rows, found.problems, sources)


def _no_rules(project: Project) -> Ruleset:
    """A ruleset without a rule, in the project's currency."""
    from assignrules.check import check_files

    found = check_files(
        (), mapping_of(project).schema, currency=project.currency, ignored_currencies=project.ignored_currencies, calendar=project.calendar
    )
    assert found.ruleset is not None
    return found.ruleset


def schema_of(project: Project) -> SchemaMapping:
    """What the project's rules speak of, and where it lives."""
    return mapping_of(project)


def draft_schema(project: Project) -> str:
    """A first schema file for the project's database, from its catalogue: guesses, marked as such, to be looked at one by one."""
    from assignrules.databases.catalogue import read_catalogue
    from assignrules.schema.draft import draft

    with database_of(project).reading() as session:
        return draft(read_catalogue(session))


def grants(project: Project, *, reader: str, writer: str) -> str:
    """SQL with which an owner of the project's database gives two roles exactly what they need: one that reads and plans, one that applies
    too. The database is read, and not changed."""
    from assignrules.apply.rights import DIALECT, script

    database = database_of(project)
    if database.dialect != DIALECT:
        message = f"database `{database.name}` is a file, and has no roles"
        raise Problems([diagnostic("E0906", message, help="choose an environment on PostgreSQL with `-e`")])
    with database.reading() as session:
        return script(session, mapping_of(project), reader, writer)
