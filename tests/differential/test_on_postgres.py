"""The reference evaluator and PostgreSQL give the same answers to random rules over random rows: without DuckDB between them, which could
err with either. See `test_same_plan`, whose laws these are."""

from __future__ import annotations

from functools import cache

import pytest
from tests.conftest import postgres
from tests.differential.expressions import SCHEMA
from tests.differential.rulesets import World, many, worlds
from tests.differential.test_same_plan import run, same_answers_on, same_plan_on

from assignrules.testing.database import DatabasePlanner

pytestmark = pytest.mark.slow


@cache
def planner() -> DatabasePlanner:
    return DatabasePlanner(SCHEMA, postgres("differential"))


def same_plan(world: World) -> None:
    same_plan_on(planner(), world)


@pytest.mark.parametrize(("batch", "together", "examples"), [(0, 3, 1), (1, 15, 4), (2, 15, 4), (3, 15, 4)])
def test_same_answers(batch: int, together: int, examples: int) -> None:
    for number in range(examples):
        same_answers_on(planner(), many(1000 * (2000 + batch) + number, together))


@pytest.mark.parametrize(("batch", "examples"), [(0, 6), (1, 6)])
def test_same_plan(batch: int, examples: int) -> None:
    run(same_plan, [worlds(small=not batch)], examples, 2100 + batch)
