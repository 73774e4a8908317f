"""What every test may ask for: the backends that the case files run on, and how many random examples make a law believable."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from assignrules.schema.logical import credit
from assignrules.testing import Planner, ReferencePlanner
from assignrules.testing.database import DuckDBPlanner

# By name, how to make one. A new database adds a line here, and runs every case.
BACKENDS: dict[str, Callable[[], Planner]] = {
    "duckdb": lambda: DuckDBPlanner(credit()),
    "reference": lambda: ReferencePlanner(credit()),
}

# Random examples of a law: a sample for every commit, all of them where the slow tests run too. The same ones every time.
QUICK, WHOLE = 40, 300


def pytest_configure(config: pytest.Config) -> None:
    """Before any test module is read, as its decorators take the profile of that moment."""
    examples = QUICK if "not slow" in config.option.markexpr else WHOLE
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings.register_profile("laws", max_examples=examples, derandomize=True, deadline=None, database=None, suppress_health_check=slow)
    settings.load_profile("laws")
