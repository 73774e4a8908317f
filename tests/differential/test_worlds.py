"""The reference evaluator and DuckDB agree on small random rulesets over all statements: plans, what holds them, searches, definitions,
alerts, reports, proposals, requirements, errors in the data; and once more after the plan was applied and people did their part.

The run is the same every time. `ASSIGNRULES_SOAK=500` takes so many fresh worlds instead, and `ASSIGNRULES_SEED` names the first. A world
that fails is made smaller and printed as rule text and rows, with its number; keep it as a case file.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from tests.differential.afterwards import the_same_afterwards
from tests.differential.expressions import SCHEMA
from tests.differential.occurring import occurring, possible
from tests.differential.rulesets import World, random_world
from tests.differential.smaller import how_it_fails, smaller
from tests.differential.test_same_plan import duckdb, reference, resolved, same_plan_on

from assignrules.reference.planning import Outcome

SOAK = int(os.environ.get("ASSIGNRULES_SOAK", "0"))
FIRST = int(os.environ.get("ASSIGNRULES_SEED", "1"))
WORLDS = SOAK or 600
BATCH = 15
QUICK = range(601, 605)  # for every commit, without what comes after the plan
# What rules can hold by their grammar and random ones cannot: an `eligibility` needs an amount, which the resolver asks for; and no field
# of the credit schema is a point in time.
IMPOSSIBLE = {"Eligibility.amount none", "date()"}
ANSWERS = (
    "set", "change", "clear", "add", "remove", "grant", "amend", "withdraw", "manual", "conflict", "requirement", "report",
    "held by except", "held by missing value", "held by manual", "held by cooldown", "held by limit", "guard passed", "guard failed",
    "proposal make", "proposal stay", "proposal withdraw", "proposal close", "alert entered", "alert stay", "alert left",
    "E0502", "W0501", "W0502", "W0503", "W0504", "W0505", "W0506", "W0507",
)  # fmt: skip


def whole(world: World) -> None:
    """A plan, and what comes after it."""
    same_plan_on(duckdb(), world, the_same_afterwards)


def agree(number: int, check: Callable[[World], None]) -> None:
    """The law on the world of a number. One that fails is told small."""
    world = random_world(number)
    try:
        check(world)
    except Exception as error:
        raise AssertionError(f"ASSIGNRULES_SEED={number} ASSIGNRULES_SOAK=1: {error}\n{smaller(world, check)}") from error


@pytest.mark.parametrize("batch", range(0, len(QUICK), 4))
def test_a_plan(batch: int) -> None:
    for number in QUICK[batch : batch + 4]:
        agree(number, lambda world: same_plan_on(duckdb(), world))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FIRST, FIRST + WORLDS, BATCH))
def test_all_statements(first: int) -> None:
    for number in range(first, min(first + BATCH, FIRST + WORLDS)):
        agree(number, whole)


def texts() -> Iterator[str]:
    for number in range(FIRST, FIRST + WORLDS):
        world = random_world(number)
        yield from (source.text for source in world.rules)
        yield from world.packs.values()


@pytest.mark.slow
def test_every_kind_of_statement_and_clause_is_there() -> None:
    """In the worlds of `test_all_statements`."""
    found = occurring(texts())
    assert possible() - IMPOSSIBLE <= found.keys(), possible() - IMPOSSIBLE - found.keys()
    assert not IMPOSSIBLE & found.keys()


def said(outcome: Outcome) -> Iterator[str]:
    """What kinds of answers a plan holds."""
    for change in outcome.changes:
        yield from (change.target, change.action, *(["manual"] if change.manual else []))
    yield from (f"held by {item.held_by}" for item in outcome.held)
    yield from (problem.code for problem in (*outcome.data_errors, *outcome.data_warnings))
    yield from (f"proposal {item.action}" for item in outcome.proposals)
    yield from (f"alert {word}" for rows in outcome.alerts.values() for word in ("entered", "stay", "left") if getattr(rows, word))
    yield from ("report" for lines in outcome.reports.values() if lines)
    yield from ("guard passed" if guard.passed else "guard failed" for guard in outcome.guards)
    yield from ("requirement" for _ in outcome.requirements)
    yield from ("conflict" for _ in outcome.conflicts)


@pytest.mark.slow
def test_every_kind_of_answer_is_there() -> None:
    """What plans say of the same worlds: else they would agree on nothing."""
    found: Counter[str] = Counter()
    for number in range(FIRST, FIRST + WORLDS, 3):
        world = random_world(number)
        with reference().session(resolved(world), world.data, world.today) as session:
            outcome = session.plan()
        found.update(said(outcome))
    assert set(SCHEMA.targets) | set(ANSWERS) <= found.keys(), (set(SCHEMA.targets) | set(ANSWERS)) - found.keys()


@pytest.mark.slow
def test_a_failing_world_is_made_smaller() -> None:
    """Down to what the failure needs: here a `clear` among the clauses, and a customer."""

    def check(world: World) -> None:
        resolved(world)
        assert not ("otherwise clear" in world.text and world.data.rows["customer"]), "still there"

    number = next(number for number in range(1, 1000) if how_it_fails(check, random_world(number)))
    world = smaller(random_world(number), check)
    assert how_it_fails(check, world) == "AssertionError still there"
    assert len(world.rules) == 1 and len(world.text.split()) < 10
    assert [len(rows) for rows in world.data.rows.values() if rows] == [1]
    assert not (world.data.values or world.data.members or world.data.journal or world.data.outbox)
