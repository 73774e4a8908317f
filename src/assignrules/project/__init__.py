"""A project: its file, the rule files that it names, and what its environments give."""

from assignrules.project.environments import database_of, schema_of
from assignrules.project.file import find_project_file, open_project
from assignrules.project.model import FILE_NAME, Environment, Project
from assignrules.project.sources import (
    git_revision,
    given_rule_sources,
    pack_folders,
    read_own_source,
    read_source,
    rule_sources,
    shown_name,
    with_last_line_ended,
)

__all__ = [
    "FILE_NAME",
    "Environment",
    "Project",
    "database_of",
    "find_project_file",
    "git_revision",
    "given_rule_sources",
    "open_project",
    "pack_folders",
    "read_own_source",
    "read_source",
    "rule_sources",
    "schema_of",
    "shown_name",
    "with_last_line_ended",
]
