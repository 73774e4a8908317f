"""What the functions need of an open project: its schema, its database, and a session that reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assignrules import project as projects
from assignrules.api.problems import Problems, Sources
from assignrules.diagnostics import SourceFile, has_errors
from assignrules.project import Project

if TYPE_CHECKING:
    from assignrules.databases import Database, Session
    from assignrules.schema.file import SchemaFile
    from assignrules.schema.logical import Schema
    from assignrules.schema.mapping import SchemaMapping


def logical_schema(project: Project) -> Schema:
    """What the project's rules speak of."""
    return mapping_of(project).schema


def mapping_of(project: Project) -> SchemaMapping:
    """Where it lives: the embedded store, or what the project's schema file says."""
    if project.schema is None:
        from assignrules.schema.logical import credit
        from assignrules.schema.mapping import identity

        return identity(credit())
    return schema_file(project).mapping


def schema_file(project: Project) -> SchemaFile:
    """The project's own schema file, which it must have."""
    found, sources, problems = projects.schema_of(project)
    if found is None:
        raise Problems(problems, {source.name: source for source in sources})
    return found


def bound_mapping(project: Project, session: Session) -> SchemaMapping:
    """The mapping as the session's database has it."""
    from assignrules.databases.binding import bind

    mapping, problems = bind(session, mapping_of(project), project.as_of)
    if has_errors(problems):
        raise Problems(problems, {source.name: source for source in schema_file(project).sources})
    return mapping


def database_of(project: Project) -> Database:
    """The database of the project's environment; it is not opened here."""
    database, problems = projects.database_of(project)
    if database is None:
        raise Problems(problems, {project.source.name: project.source})
    return database


def environment_of(project: Project) -> str:
    """The name of the environment whose database was opened."""
    assert project.environment is not None, "the database was opened by it"
    return project.environment


@contextmanager
def reading(project: Project) -> Iterator[Session]:
    """A session on one snapshot of the project's database, which must hold data."""
    from assignrules.apply.rights import need
    from assignrules.databases import NoDataYet

    database = database_of(project)
    with database.reading() as session:
        need(session, mapping_of(project), write=False)
        if project.schema is None and lineage_of(session) is None:
            raise NoDataYet(f"database `{database.name}` holds no data of assignrules yet", help="load data with `assignrules load`")
        yield session


def lineage_of(session: Session) -> str | None:
    """Which database this is, for a plan to be applied to no other."""
    from assignrules.databases.embedded import lineage

    return lineage(session)


def head_of(session: Session) -> str | None:
    """The hash of the journal's last run."""
    from assignrules.journal.chain import head

    return head(session)


def sources_by_name(project: Project, sources: Iterable[SourceFile]) -> Sources:
    """The texts that a diagnostic may point into; a parameter's value is one too."""
    from assignrules.resolve.params import given_name

    given = {given_name(name): SourceFile(given_name(name), text) for name, text in project.params.items()}
    return {project.source.name: project.source, **given, **{source.name: source for source in sources}}
