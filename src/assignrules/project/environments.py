"""What an environment gives to a project: its database, and the values of the schema file's parameters."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assignrules.diagnostics import Diagnostic, SourceFile, diagnostic
from assignrules.project.model import CODE, Environment, Project
from assignrules.project.sources import place_of, read_own_source, with_last_line_ended

if TYPE_CHECKING:
    from assignrules.databases import Database
    from assignrules.schema.file import SchemaFile

LATER_DATABASES = ("spark", "sqlite")
ADDRESSES = "`duckdb:///file.duckdb`, relative to the project file, or like `postgresql://user@host/database`"

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def database_of(project: Project, variables: Mapping[str, str] | None = None) -> tuple[Database | None, tuple[Diagnostic, ...]]:
    """The database of the project's environment. ``variables`` are the process's own unless given; their values never reach a message."""
    from assignrules.databases.duckdb import DuckDB
    from assignrules.databases.postgres import SCHEMES, Postgres

    if project.environment is None:
        names = ", ".join(f"`{name}`" for name in project.environments)
        help = f"choose one with `-e`, or name it as `default_environment`: {names}"
        return None, (diagnostic("E0903", "no environment is chosen", help=help),)
    environment = project.environments[project.environment]
    known = os.environ if variables is None else variables
    missing = [name for name in dict.fromkeys(_VARIABLE.findall(environment.database)) if not known.get(name)]
    if missing:
        return None, tuple(
            diagnostic(
                "E0904", f"environment variable `{name}` is not set", environment.span, help=f"environment `{environment.name}` needs it"
            )
            for name in missing
        )
    address = _VARIABLE.sub(lambda match: known[match[1]], environment.database)
    scheme, mark, rest = address.partition("://")
    if mark and scheme == "duckdb" and rest.startswith("/") and rest != "/":
        return DuckDB(project.root / rest[1:]), ()
    if mark and scheme.split("+")[0] in SCHEMES:
        try:
            return Postgres(address), ()
        except ValueError:
            message = f"environment `{environment.name}`: the address of its PostgreSQL database cannot be read"
            help = "write it like `postgresql://user:password@host/database`; in a password, `@` is written `%40`, `/` `%2F` and `?` `%3F`"
            return None, (diagnostic(CODE, message, environment.span, help=help),)
    if mark and scheme.split("+")[0] in LATER_DATABASES:
        message = f"environment `{environment.name}`: databases of `{scheme.split('+')[0]}` are not supported yet"
        return None, (diagnostic("E0199", message, environment.span, help=f"write it like {ADDRESSES}"),)
    # The address is not shown: it may hold a password.
    message = f"environment `{environment.name}`: the database has no address that can be opened"
    return None, (diagnostic(CODE, message, environment.span, help=f"write it like {ADDRESSES}"),)


def schema_of(project: Project) -> tuple[SchemaFile | None, tuple[SourceFile, ...], tuple[Diagnostic, ...]]:
    """The project's own schema file, read for its environment; the texts that diagnostics may point into; what is wrong with them."""
    from assignrules.schema.file import Settings, read_schema

    assert project.schema is not None
    source, problems = _schema_source(project, project.schema)
    if source is None:
        at = place_of(project.source, project.schema)
        return None, (project.source,), tuple(replace(item, span=item.span or at) for item in problems)
    environment = project.environments.get(project.environment or "")
    settings = Settings(
        _dialect_of(environment),
        None if environment is None else _known_variables(environment.schema_params),
        project.currency,
        project.time_zone or "UTC",
        project.calendar,
    )

    def find(name: str, parent: str) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
        place = (Path(name).parent / parent).as_posix()
        if Path(parent).is_absolute() or ".." in Path(os.path.normpath(place)).parts:
            return None, (diagnostic("E0220", f"`{parent}` lies outside the project"),)
        return _schema_source(project, Path(os.path.normpath(place)).as_posix())

    found, sources, problems = read_schema(source, settings, find)
    return found, (project.source, *sources), problems


def _schema_source(project: Project, name: str) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
    source, problems = read_own_source(project, project.root / name, name)
    return None if source is None else with_last_line_ended(source), problems


def _dialect_of(environment: Environment | None) -> str:
    """sqlglot's name of the SQL of an environment's database, by its address."""
    # The whole address may be a variable; where that is not set, nothing is read of the database, and its own dialect does not matter.
    address = {} if environment is None else _known_variables({"database": environment.database})
    scheme = address.get("database", "duckdb").partition("://")[0].partition("+")[0]
    return {"postgresql": "postgres", "postgres": "postgres"}.get(scheme, "duckdb")


def _known_variables(params: Mapping[str, str]) -> dict[str, str]:
    """Values with the environment variables that they name; one that is not set leaves its parameter out."""
    found: dict[str, str] = {}
    for name, text in params.items():
        if all(os.environ.get(variable) for variable in _VARIABLE.findall(text)):
            found[name] = _VARIABLE.sub(lambda match: os.environ[match[1]], text)
    return found
