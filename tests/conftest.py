"""What every test may ask for: the backends that the case files run on, and how many random examples make a law believable."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.postgres_server import own_address

from assignrules.databases.postgres import Postgres
from assignrules.schema.logical import credit
from assignrules.testing import Planner, ReferencePlanner
from assignrules.testing.database import DatabasePlanner, DuckDBPlanner


def postgres(purpose: str, bin: Path | None = None) -> Postgres:
    """A database on the test run's PostgreSQL server that no other process of the run uses."""
    return Postgres(own_address(purpose, bin))


def empty_postgres(purpose: str) -> Postgres:
    """The same, with nothing of ours in it."""
    database = postgres(purpose)
    with database.connected() as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {database.schema} CASCADE")
    return database


# By name, how to make one. A new database adds a line here, and runs every case.
BACKENDS: dict[str, Callable[[], Planner]] = {
    "duckdb": lambda: DuckDBPlanner(credit()),
    "postgres": lambda: DatabasePlanner(credit(), postgres("cases")),
    "reference": lambda: ReferencePlanner(credit()),
}

SLOW_MODULE = re.compile(r"^pytestmark = \[?pytest\.mark\.slow\b", re.MULTILINE)

# Random examples of a law: a sample for every commit, all of them where the slow tests run too. The same ones every time.
QUICK, WHOLE = 25, 300


def quick(config: pytest.Config) -> bool:
    """Whether this run leaves out what is slow."""
    return "not slow" in config.option.markexpr


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is read, as its decorators take the profile of that moment."""
    examples = QUICK if quick(config) else WHOLE
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings.register_profile("laws", max_examples=examples, derandomize=True, deadline=None, database=None, suppress_health_check=slow)
    settings.load_profile("laws")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A module that is slow as a whole is not even read by a quick run: reading all of them would cost it some seconds in each process."""
    if quick(config) and collection_path.name.startswith("test_") and SLOW_MODULE.search(collection_path.read_text(encoding="utf-8")):
        return True
    return None
