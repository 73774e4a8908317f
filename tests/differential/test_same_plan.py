"""The reference evaluator and DuckDB give the same answers to random rules over random rows, and the laws of plans hold on them.

The quick run is the same every time, so that it never fails by chance. `ASSIGNRULES_SOAK=5000` runs so many fresh examples of each law
instead; their seed is printed, and `ASSIGNRULES_SEED` sets it. A failing example is printed as rule text and rows; `ASSIGNRULES_SHRINK=1`
makes it small first, which takes minutes. Keep it as a case file.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st
from tests.differential.expressions import SCHEMA
from tests.differential.naive_sharing import NaiveReference
from tests.differential.rulesets import World, conditions, many, worlds
from tests.resolve.test_packs import InMemory

from assignrules.databases.embedded import lineage
from assignrules.ir.changes import DataProblem
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.values import Value, printed
from assignrules.plan.build import build_plan
from assignrules.plan.model import Plan, to_json
from assignrules.reference.planning import Outcome
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import Shape
from assignrules.testing import ReferencePlanner, check_rules
from assignrules.testing.database import DatabasePlanner, DatabaseTestSession, DuckDBPlanner, planned_rows
from assignrules.testing.planner import ReferenceSession, Session

SOAK = int(os.environ.get("ASSIGNRULES_SOAK", "0"))
SHRINK = os.environ.get("ASSIGNRULES_SHRINK", "") == "1"
SEED = int(os.environ.get("ASSIGNRULES_SEED", "0")) or (random.SystemRandom().randrange(1, 2**31) if SOAK else 1)
# Examples in batches, so that several processes share them: for every commit 300 rulesets of a definition and a search (and 8 of all
# statements in `test_worlds`), for the whole run as many more, and 30 large worlds. A large world is a plan of some hundred statements and
# takes seconds.
LARGE = [(number, 10) for number in range(3)]
# Batches with the depth of their expressions
ANSWERS = [*((number, 2) for number in range(4)), *(pytest.param(number, 3, marks=pytest.mark.slow) for number in range(4, 8))]
TOGETHER = 25  # rulesets over the same rows
OVERFLOW = "E0504"
# What leads to rows from which no link leads back. There the engine may also name rows without a rate that no subject reaches, or the
# subject itself; it never names too few.
NAMED = re.compile(r" of `[A-Z`, ]+`(?= on )| \([^)]*\)$")
NO_WAY_BACK = re.compile(r"\b(this|collector)\.")

Check = Callable[..., None]
Then = Callable[[World, DatabaseTestSession, Plan, ReferenceSession], None]


@cache
def reference() -> ReferencePlanner:
    """Which shares out by a rule of its own."""
    return NaiveReference(SCHEMA)


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
        phases=(Phase.generate, Phase.shrink) if SHRINK else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    seed(number)(profile(given(*strategies)(check)))()


def resolved(world: World) -> Ruleset:
    """The ruleset; an example whose rules are refused is none, but it must be refused for a reason that the writer cannot foresee."""
    ruleset, problems = check_rules(SCHEMA, world.rules, world.params, world.project, InMemory(world.packs))
    errors = {problem.code for problem in problems if problem.code.startswith("E")}
    assert not errors, f"{[(problem.code, problem.message, problem.span.file) for problem in problems if problem.code in errors]}"
    assert ruleset is not None
    return ruleset


# --- the same plan ---


@pytest.mark.slow
@pytest.mark.parametrize(("batch", "examples"), LARGE)
def test_same_plan(batch: int, examples: int) -> None:
    run(same_plan, [worlds()], examples, batch)


def same_plan(world: World) -> None:
    """On DuckDB."""
    same_plan_on(duckdb(), world)


def same_plan_on(database: DatabasePlanner, world: World, then: Then | None = None) -> None:
    """The whole plan, the lines of reports, the values of every definition and the rows of every search are equal. ``then`` goes on with
    the two."""
    ruleset = resolved(world)
    with reference().session(ruleset, world.data, world.today) as asked:
        outcome = asked.plan()
        names = {entity: known for entity, known in world.names.items() if world.data.rows.get(entity)}
        values = {entity: asked.values(entity, known) for entity, known in names.items()}
        found = {name: list(asked.search(name)) for name in world.searches}
    with database.session(ruleset, world.data, world.today) as session:
        plan = planned(session, world.today)
        codes = {problem.code for problem in plan.data_errors}
        if not world.reports:  # what is too large in a report is met when it is run
            assert (OVERFLOW in codes) == (OVERFLOW in {problem.code for problem in outcome.data_errors})
        if OVERFLOW in codes or too_large(asked):
            return
        compare_plans(outcome, plan, exact=is_exact(world))
        compare_answers(session, found, values)
        compare_shown(session, plan, outcome)
        if then is not None:
            then(world, session, plan, asked)


def planned(session: DatabaseTestSession, day: date) -> Plan:
    """The engine's plan for a day, as it can be applied."""
    made_in = lineage(session.session)
    return build_plan(session.session, session.ruleset, session.mapping, as_of=day, environment="test", lineage=made_in)


def is_exact(world: World) -> bool:
    """Whether the engine's data errors name the same rows."""
    return not NO_WAY_BACK.search(world.text)


@pytest.mark.parametrize(("batch", "depth"), ANSWERS)
def test_same_answers(batch: int, depth: int) -> None:
    for number in range(3):
        same_answers(many(1000 * SEED + 3 * batch + number, TOGETHER, depth))


def same_answers(group: list[World]) -> None:
    """On DuckDB."""
    same_answers_on(duckdb(), group)


def same_answers_on(database: DatabasePlanner, group: list[World]) -> None:
    """The values of every definition and the rows of every search are equal, for rulesets over the same rows."""
    rulesets = [resolved(world) for world in group]
    data, today = group[0].data, group[0].today
    with database.session(rulesets[0], data, today) as session:
        for world, ruleset in zip(group, rulesets, strict=True):
            with reference().session(ruleset, data, today) as asked:
                values = {entity: asked.values(entity, names) for entity, names in world.names.items() if data.rows.get(entity)}
                found = {name: list(asked.search(name)) for name in world.searches}
                if not too_large(asked):
                    compare_answers(DatabaseTestSession(session.session, session.mapping, ruleset, today), found, values)


def compare_answers(session: Session, found: Mapping[str, Sequence[str]], values: Mapping[str, Mapping[str, Mapping[str, Value]]]) -> None:
    """What searches and definitions give; ``values`` by entity, key and name."""
    for name, keys in found.items():
        assert list(session.search(name)) == keys, name
    for entity, expected in values.items():
        names = sorted({name for row in expected.values() for name in row})
        for key, row in session.values(entity, names).items():
            for name, value in row.items():
                assert printed(value) == printed(expected[key][name]), f"{entity} {key} {name}"


def too_large(session: ReferenceSession) -> bool:
    """Whether a value, needed by a target or not, was too large: databases then refuse the whole statement."""
    return any(code == OVERFLOW for code, _, _ in session.evaluation.noted)


def unnamed(problem: DataProblem) -> DataProblem:
    """A missing rate without the currencies and days that the engine names beside what the reference says."""
    return replace(problem, message=NAMED.sub("", problem.message)) if problem.code == "E0502" else problem


def compare_plans(outcome: Outcome, plan: Plan, *, exact: bool) -> None:
    """Each part of the two plans; a difference is said by what only one of them has."""
    _same("changes", outcome.changes, tuple(plan.change_rows()))
    _same("held", outcome.held, plan.held)
    _same("conflicts", outcome.conflicts, plan.conflicts)
    _same("guards", outcome.guards, plan.header.guards)
    # Without a rate the plan cannot be applied, and what its proposals say of amounts is no matter.
    said = all(problem.code != "E0502" for problem in outcome.data_errors)
    kept = [
        [item if said else (item.proposal, item.subject, item.action) for item in items] for items in (outcome.proposals, plan.proposals)
    ]
    _same("proposals", *kept)
    assert {item.name: item.rows for item in plan.requirements} == outcome.requirements
    _same("data warnings", outcome.data_warnings, plan.data_warnings)
    if exact:
        _same("data errors", outcome.data_errors, tuple(map(unnamed, plan.data_errors)))
        assert plan.header.applicable == outcome.applicable
    else:
        assert {problem.code for problem in outcome.data_errors} <= {problem.code for problem in plan.data_errors}


def compare_shown(session: Session, plan: Plan, outcome: Outcome) -> None:
    """Alerts, and the lines of reports that the data allows, in order."""
    assert planned_rows(plan).alerts == outcome.alerts
    for name, lines in outcome.reports.items():
        found = session.report(name)
        if found is not None:
            _same(f"lines of {name}", lines, [tuple(line) for line in found])


def _same(part: str, expected: Sequence[Any], found: Sequence[Any]) -> None:
    if found != expected:
        missing = "\n  ".join(str(item) for item in expected if item not in found)
        extra = "\n  ".join(str(item) for item in found if item not in expected)
        raise AssertionError(f"{part} differ. Only the reference has:\n  {missing}\nOnly the database has:\n  {extra}")


# --- the laws ---


@pytest.mark.slow
def test_a_condition_and_its_negation_part_all_rows() -> None:  # D1
    """D1: rows(c) + rows(not c) = all rows, each once."""
    run(parted, [conditions()], 6)


def parted(world: World) -> None:
    """Each pair of searches of a world of ``conditions``."""
    ruleset = resolved(world)
    with reference().session(ruleset, world.data, world.today) as asked:
        for names in world.names.values():
            for name in names:
                asked.search(name)
        assume(not too_large(asked))
        everything = {entity: sorted(row.key for row in asked.evaluation.rows.records[entity]) for entity in world.names}
        expected = {name: list(asked.search(name)) for names in world.names.values() for name in names}
    with duckdb().session(ruleset, world.data, world.today) as session:
        for entity, names in world.names.items():
            for yes, no in zip(names[::2], names[1::2], strict=True):
                holds, fails = list(session.search(yes)), list(session.search(no))
                assert holds == expected[yes], yes
                assert sorted([*holds, *fails]) == everything[entity], yes
            rows = session.values(entity, names)
            for name in names:
                assert sorted(key for key, row in rows.items() if row[name]) == sorted(set(expected[name])), name


@pytest.mark.slow
def test_order_has_no_meaning() -> None:  # D5
    """D5: shuffled statements and rows in another physical order give the same plan, byte for byte."""
    run(ordered, [worlds(small=True), st.randoms(use_true_random=False)], 5)


def ordered(world: World, shuffle: random.Random) -> None:
    """Once with everything in its place, once with statements, rows and states shuffled."""
    before = plan_text(world)
    rules = list(world.rules)
    shuffle.shuffle(rules)
    rows = {entity: shuffle.sample(rows, len(rows)) for entity, rows in world.data.rows.items()}
    values = {target: dict(shuffle.sample(list(states.items()), len(states))) for target, states in world.data.values.items()}
    members = {unit: dict(shuffle.sample(list(states.items()), len(states))) for unit, states in world.data.members.items()}
    members = dict(shuffle.sample(list(members.items()), len(members)))
    assert plan_text(replace(world, rules=tuple(rules), data=replace(world.data, rows=rows, values=values, members=members))) == before


def plan_text(world: World) -> str:
    """The plan's bytes."""
    ruleset = resolved(world)
    with duckdb().session(ruleset, world.data, world.today) as session:
        return to_json(build_plan(session.session, ruleset, session.mapping, as_of=world.today, environment="test"))


@pytest.mark.slow
def test_a_plan_after_an_apply_is_empty() -> None:
    """P4, for rules that do not look at states before the run."""
    run(settled, [worlds(current=False, small=True)], 6)


def settled(world: World) -> None:
    """Plans, writes the planned states into the rows, and plans again."""
    ruleset = resolved(world)
    with duckdb().session(ruleset, world.data, world.today) as session:
        first = session.plan()
    if OVERFLOW in {problem.code for problem in first.data_errors}:
        return
    with reference().session(ruleset, world.data, world.today) as asked:
        after = applied(world, asked)
    with duckdb().session(ruleset, after, world.today) as session:
        second = session.plan()
    assert second.changes == ()
    assert {problem.code for problem in second.data_errors} == {problem.code for problem in first.data_errors}


def applied(world: World, session: ReferenceSession) -> Dataset:
    """The data with the planned states in place of the current ones."""
    evaluation = session.evaluation
    data = Dataset(
        {entity: [dict(row) for row in rows] for entity, rows in world.data.rows.items()},
        {target: dict(states) for target, states in world.data.values.items()},
        {unit: dict(states) for unit, states in world.data.members.items()},
    )
    for (name, member), states in evaluation.planned.items():
        target = SCHEMA.targets[name]
        planned = {record.key: value for record, value in states.items()}
        if target.shape is not Shape.VALUE:
            held: dict[str, Any] = data.members.setdefault((name, member or ""), {})
        elif target.field is None:
            held = data.values.setdefault(name, {})
        else:
            key = SCHEMA.entities[target.entity].key or ""
            for row in data.rows[target.entity]:
                row[target.field] = planned[str(row[key])]
            continue
        for subject, value in planned.items():
            held.pop(subject, None)
            if value is not None:
                held[subject] = value
    return data
