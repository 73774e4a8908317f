"""A project as it is opened: for an environment and a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from assignrules.diagnostics import SourceFile, Span

FILE_NAME = "assignrules.yml"
CODE = "E0902"


@dataclass(frozen=True, slots=True)
class Environment:
    """A database by name. ``database`` is as written: its variables are looked up only when it is opened, and never printed."""

    name: str
    database: str
    span: Span | None = field(compare=False, repr=False)
    schema_params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Project:
    """A project, opened for an environment and a day.

    ``schema`` is the company's own schema file, relative to ``root``; None: the built-in schema on the embedded store. ``rules`` are files
    and folders relative to ``root``, ``rulesets`` folders of rule packs, which may lie outside it. ``params`` are texts in the rule
    language. ``guard`` is the share of a target's subjects that a run may change, ``freshness`` how old the data of an entity may be.
    ``environment`` None: none was chosen, and the file names no default. ``source`` is the project file.
    """

    root: Path
    name: str
    schema: str | None
    rules: tuple[str, ...]
    rulesets: tuple[str, ...]
    currency: str
    time_zone: str | None
    calendar: str | None
    params: Mapping[str, str]
    ignored_currencies: tuple[str, ...]
    guard: Decimal
    freshness: Mapping[str, timedelta]
    environments: Mapping[str, Environment]
    environment: str | None
    as_of: date
    source: SourceFile = field(compare=False, repr=False)
