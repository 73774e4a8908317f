"""The mapping changes nothing: random rules over random rows give the same plan in an ugly layout as in the embedded store.

`ASSIGNRULES_SOAK=500` takes so many fresh worlds instead, and `ASSIGNRULES_SEED` names the first.
"""

from __future__ import annotations

import os
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.differential.rulesets import World, worlds
from tests.differential.test_memory import DAY
from tests.differential.test_memory import world as remembered_world
from tests.mapping.ugly import COLUMN_TARGETS, MEMBER_TARGETS, UglyPlanner

from assignrules.diagnostics import SourceFile
from assignrules.ir.changes import DataProblem
from assignrules.schema.logical import credit
from assignrules.testing.case import ProjectSettings
from assignrules.testing.database import DuckDBPlanner, PlannedRows

pytestmark = pytest.mark.slow

SOAK = int(os.environ.get("ASSIGNRULES_SOAK", "0"))
SEED = int(os.environ.get("ASSIGNRULES_SEED", "1"))


@cache
def plain() -> DuckDBPlanner:
    return DuckDBPlanner(credit())


@cache
def ugly() -> UglyPlanner:
    return UglyPlanner()


def in_own_table(problem: DataProblem) -> bool:
    """Rows of others in a company's own table are none of ours; in the engine's own they are forgotten states."""
    return problem.code == "W0503" and any(f"`{name}`" in problem.message for name in (*COLUMN_TARGETS, *MEMBER_TARGETS))


def same(one: PlannedRows, other: PlannedRows, told: str) -> None:
    assert list(one.changes) == list(other.changes), told
    assert list(one.held) == list(other.held), told
    assert list(one.conflicts) == list(other.conflicts), told
    assert one.data_errors == other.data_errors, told
    warnings = ([item for item in plan.data_warnings if not in_own_table(item)] for plan in (one, other))
    assert next(warnings) == next(warnings), told
    assert one.applicable == other.applicable, told
    assert one.requirements == other.requirements, told


@pytest.mark.parametrize("number", range(SEED, SEED + (SOAK or 3)))
def test_what_the_journal_remembers(number: int) -> None:
    text, dataset = remembered_world(number)
    outcomes = []
    for planner in (plain(), ugly()):
        ruleset, problems = planner.check([SourceFile("a.rules", text)], {}, ProjectSettings())
        if ruleset is None:
            assert {problem.code for problem in problems if problem.code.startswith("E")} == {"E0402"}
            return
        with planner.session(ruleset, dataset, DAY) as session:
            outcomes.append(session.plan())
    same(outcomes[0], outcomes[1], f"{text}\n{dataset}")


def test_random_rules() -> None:
    check = given(worlds())(same_plan)
    settings(
        max_examples=SOAK or 3, deadline=None, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
    )(seed(SEED)(check))()  # fmt: skip


def same_plan(world: World) -> None:
    """Plans, searches and the values of definitions."""
    ruleset, _ = plain().check(world.rules, {}, world.project)
    assert ruleset is not None
    with plain().session(ruleset, world.data, world.today) as session:
        first = session.plan()
        names = {entity: known for entity, known in world.names.items() if world.data.rows.get(entity)}
        too_large = any(problem.code == "E0504" for problem in first.data_errors)
        values = {} if too_large else {entity: session.values(entity, known) for entity, known in names.items()}
        found = {} if too_large else {name: list(session.search(name)) for name in world.searches}
    with ugly().session(ruleset, world.data, world.today) as session:
        same(first, session.plan(), f"{world.text}\n{world.data}")
        for entity, known in values.items():
            assert session.values(entity, names[entity]) == known, entity
        for name, keys in found.items():
            assert list(session.search(name)) == keys, name
