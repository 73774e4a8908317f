"""The reference evaluator and DuckDB give the same answers to random rules over random rows, and the laws of plans hold on them.

The quick run is the same every time, so that it never fails by chance. `ASSIGNRULES_SOAK=5000` runs so many fresh examples of each law instead;
their seed is printed, and `ASSIGNRULES_SEED` sets it. A failing example is shrunk and printed as rule text and rows: keep it as a case file.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st
from tests.differential.expressions import SCHEMA
from tests.differential.rulesets import World, worlds

from assignrules.databases.base import DatabaseFailure
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.values import printed
from assignrules.plan.build import build_plan
from assignrules.plan.model import Plan, to_json
from assignrules.reference.planning import Outcome
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import Shape
from assignrules.schema.mapping import identity
from assignrules.testing import ReferencePlanner
from assignrules.testing.database import DuckDBPlanner
from assignrules.testing.planner import ReferenceSession

SOAK = int(os.environ.get("ASSIGNRULES_SOAK", "0"))
SEED = int(os.environ.get("ASSIGNRULES_SEED", "0")) or (random.SystemRandom().randrange(1, 2**31) if SOAK else 1)
BATCHES = 6  # of the examples of the first law, so that several processes share them
OVERFLOW = "E0504"
# What leads to rows from which no link leads back. There the engine may also name rows without a rate that no subject reaches; it never names too few.
NO_WAY_BACK = re.compile(r"\b(this|payer|policy|document|collector)\.|_deadline")

Check = Callable[..., None]


@cache
def reference() -> ReferencePlanner:
    return ReferencePlanner(SCHEMA)


@cache
def duckdb() -> DuckDBPlanner:
    return DuckDBPlanner(SCHEMA)


def run(check: Check, strategies: Iterable[st.SearchStrategy[Any]], examples: int, offset: int = 0) -> None:
    """Runs a law on random examples."""
    number = SEED + offset
    print(f"ASSIGNRULES_SEED={SEED}")
    profile = settings(
        max_examples=SOAK or examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    seed(number)(profile(given(*strategies)(check)))()


def resolved(world: World) -> Ruleset:
    """The ruleset; an example whose rules are refused is none, but it must be refused for a reason that the writer cannot foresee."""
    ruleset, problems = reference().check(world.rules, {}, world.project)
    errors = {problem.code for problem in problems if problem.code.startswith("E")}
    assert not errors, f"{[(problem.code, problem.message, problem.span.file) for problem in problems if problem.code in errors]}"
    assert ruleset is not None
    return ruleset


# --- the same plan ---


@pytest.mark.parametrize("batch", range(BATCHES))
def test_same_plan(batch: int) -> None:
    run(same_plan, [worlds()], 50, batch)


def same_plan(world: World) -> None:
    """The whole plan, the values of every definition and the rows of every search are equal."""
    ruleset = resolved(world)
    with reference().session(ruleset, world.data, world.today) as asked:
        outcome = asked.plan()
        names = {entity: known for entity, known in world.names.items() if world.data.rows.get(entity)}
        values = {entity: asked.values(entity, known) for entity, known in names.items()}
        found = {name: list(asked.search(name)) for name in world.searches}
        too_large = _too_large(asked)
    with duckdb().session(ruleset, world.data, world.today) as session:
        plan = build_plan(session.session, ruleset, session.mapping, as_of=world.today, environment="test")
    codes = {problem.code for problem in plan.data_errors}
    assert (OVERFLOW in codes) == (OVERFLOW in {problem.code for problem in outcome.data_errors})
    if OVERFLOW in codes or too_large:
        return
    compare_plans(outcome, plan, exact=not NO_WAY_BACK.search(world.text))
    with duckdb().session(ruleset, world.data, world.today) as session:
        for name, keys in found.items():
            assert list(session.search(name)) == keys, name
        for entity, expected in values.items():
            for key, row in session.values(entity, names[entity]).items():
                for name, value in row.items():
                    assert printed(value) == printed(expected[key][name]), f"{entity} {key} {name}"


def _too_large(session: ReferenceSession) -> bool:
    """Whether a value, needed by a target or not, was too large: databases then refuse the whole statement."""
    return any(code == OVERFLOW for code, _, _ in session.evaluation.failures)


def compare_plans(outcome: Outcome, plan: Plan, *, exact: bool) -> None:
    """Each part of the two plans; a difference is said by what only one of them has."""
    _same("changes", outcome.changes, tuple(plan.change_rows()))
    _same("held", outcome.held, plan.held)
    _same("conflicts", outcome.conflicts, plan.conflicts)
    _same("guards", outcome.guards, plan.header.guards)
    _same("data warnings", outcome.data_warnings, plan.data_warnings)
    if exact:
        _same("data errors", outcome.data_errors, plan.data_errors)
        assert plan.header.applicable == outcome.applicable
    else:
        assert {problem.code for problem in outcome.data_errors} <= {problem.code for problem in plan.data_errors}


def _same(part: str, expected: Sequence[Any], found: Sequence[Any]) -> None:
    if found != expected:
        missing = "\n  ".join(str(item) for item in expected if item not in found)
        extra = "\n  ".join(str(item) for item in found if item not in expected)
        raise AssertionError(f"{part} differ. Only the reference has:\n  {missing}\nOnly DuckDB has:\n  {extra}")
