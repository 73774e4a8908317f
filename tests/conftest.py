"""What every test may ask for: the backends that the case files run on."""

from __future__ import annotations

from collections.abc import Callable

from assignrules.schema.logical import credit
from assignrules.testing import Planner, ReferencePlanner
from assignrules.testing.database import DuckDBPlanner

# By name, how to make one. A new database adds a line here, and runs every case.
BACKENDS: dict[str, Callable[[], Planner]] = {
    "duckdb": lambda: DuckDBPlanner(credit()),
    "reference": lambda: ReferencePlanner(credit()),
}
