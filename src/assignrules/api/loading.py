"""Files into the embedded store."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assignrules.api.opened import database_of, logical_schema
from assignrules.api.problems import Problems
from assignrules.api.rules import check
from assignrules.diagnostics import diagnostic
from assignrules.ir.calendars import Calendars, calendars_of
from assignrules.project import Project

if TYPE_CHECKING:
    from assignrules.load import LoadReport


def load(project: Project, paths: Sequence[str | os.PathLike[str]]) -> LoadReport:
    """Replaces the rows of each entity that has a file, in one transaction; with anything rejected, nothing is (``LoadReport.loaded``)."""
    from assignrules.load import load as load_files

    if project.schema is not None:
        message = f"`load` fills the embedded store, and the rows of this project are where `{project.schema}` says"
        raise Problems([diagnostic("E0510", message, help="leave `schema` out of the project file to use the embedded store")])
    return load_files([Path(path) for path in paths], database_of(project), logical_schema(project), project.currency, _calendars(project))


def _calendars(project: Project) -> Calendars:
    """Those that business days are counted by. Rules that have errors name none: then only the project's is known."""
    ruleset = check(project).ruleset
    if ruleset is not None:
        return calendars_of(ruleset)
    return Calendars() if project.calendar is None else Calendars(frozenset({project.calendar}))
