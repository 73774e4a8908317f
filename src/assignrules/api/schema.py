"""The project's schema file and its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assignrules import project as projects
from assignrules.api.opened import database_of, mapping_of, schema_file
from assignrules.api.problems import Problems, Sources
from assignrules.api.rules import ruleset_of
from assignrules.diagnostics import diagnostic
from assignrules.project import Project

if TYPE_CHECKING:
    from assignrules.plan.mapping_check import MappingCheck
    from assignrules.schema.mapping import SchemaMapping


def check_schema(project: Project) -> MappingCheck:
    """The project's schema file against its database: tables, columns, types, fragments, and the data that they give."""
    from assignrules.plan.mapping_check import check_mapping

    found = schema_file(project)
    return check_mapping(database_of(project), found.mapping, ruleset_of(project), project.as_of)


def schema_sources(project: Project) -> Sources:
    """The texts that diagnostics of the schema may point into."""
    return {} if project.schema is None else {source.name: source for source in projects.schema_of(project)[1]}


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
