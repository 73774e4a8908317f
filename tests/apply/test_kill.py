"""F1: a process that dies at any moment of an apply leaves the state before it or after it, and the next command works."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
from tests.apply.building import ONE_OF_EACH, apply, change, new_proposal, plan_of, state, store
from tests.apply.forks import address_of, apply_until, apply_with_room, fork

from assignrules.apply import Outcome
from assignrules.apply.stages import stages
from assignrules.databases.duckdb import DuckDB
from assignrules.diagnostics import has_errors
from assignrules.journal import chain, history
from assignrules.plan.file import read_plan, write_plan

pytestmark = pytest.mark.slow

CUSTOMERS = 400
PARTS = 3  # so that several processes share them
RANDOM_KILLS = int(os.environ.get("ASSIGNRULES_KILLS", "12"))  # of a part: with the named points sixty
CHANGES = tuple(item for item in ONE_OF_EACH if item.target != "scenario") + tuple(
    change("scenario", f"C{n}", "old" if n % 2 else None, "new", "change" if n % 2 else "set") for n in range(1, CUSTOMERS + 1)
)
PROPOSALS = tuple(new_proposal(f"C{n}") for n in range(1, CUSTOMERS + 1))


def check_before_or_after(folder: Path, database: DuckDB, before: dict[str, object]) -> bool:
    """Whether the child's apply stands; everything else must be as before, and the database must work without any repair."""
    with database.reading() as session:
        assert not has_errors(chain.verify(session))
        applied = len(history.runs(session)) == 1
    if not applied:
        assert state(database) == before
    plan, _ = read_plan(folder / "plan.json")
    assert plan is not None
    result = apply(database, plan)
    assert (result.outcome, result.run, result.already) == (Outcome.APPLIED, 1, applied)
    after = state(database)
    assert after["assignrules_run"] == [(1,)]
    assert after["assignrules_change"] == [(len(CHANGES),)]
    assert after["assignrules_proposal"] == [(len(PROPOSALS),)]
    assert [row[0] for row in after["assignrules_outbox"]] == list(range(1, len(PROPOSALS) + 1))
    assert [value for _, value in after["assignrules_target_scenario"]] == ["new"] * CUSTOMERS
    assert len(after["assignrules_target_cover"]) == 2
    next_run = apply(database, plan_of(database, [change("scenario", "C1", "new", "newer", "change")]))
    assert next_run.run == 2
    with database.reading() as session:
        assert not has_errors(chain.verify(session, next_run.head))
    return applied


def prepared(folder: Path) -> tuple[DuckDB, dict[str, object]]:
    database = store(folder, CUSTOMERS)
    write_plan(plan_of(database, CHANGES, PROPOSALS), folder / "plan.json")
    return database, dict(state(database))


def points() -> list[str]:
    # The same stages as the plan of this test has: one of the checks, writes and verifications is enough of each kind.
    names = (
        "lock",
        "check identity",
        "load changes",
        "check scenario",
        "check proposals",
        "write cover",
        "write scenario",
        "append journal",
        "write proposals",
        "verify scenario",
        "verify proposals",
        "commit",
    )
    return [f"{side} {name}" for name in names for side in ("before", "after")]


@pytest.mark.parametrize("point", points())
def test_killed_at_a_named_point(tmp_path: Path, point: str) -> None:  # F1
    database, before = prepared(tmp_path)
    process, _ = fork(apply_until, address_of(database), tmp_path / "plan.json", point)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert check_before_or_after(tmp_path, database, before) == (point == "after commit")


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_random_moments(tmp_path: Path, part: int) -> None:  # F1
    seed = random.SystemRandom().randrange(2**32)
    print(json.dumps({"seed": seed}))
    pick = random.Random(seed)
    (tmp_path / "whole").mkdir()
    database, _ = prepared(tmp_path / "whole")
    process, line = fork(apply_until, address_of(database), tmp_path / "whole" / "plan.json", "never")
    began = time.perf_counter()
    assert line.recv() == "done"
    whole = time.perf_counter() - began
    killed = 0
    for number in range(RANDOM_KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        database, before = prepared(folder)
        process, _ = fork(apply_until, address_of(database), folder / "plan.json", "never")
        time.sleep(pick.uniform(0, whole))
        process.kill()
        process.join(60)
        killed += process.exitcode == -signal.SIGKILL
        check_before_or_after(folder, database, before)
    assert killed >= RANDOM_KILLS // 3, f"only {killed} of {RANDOM_KILLS} children were killed before they had finished"


def test_the_named_points_are_stages(tmp_path: Path) -> None:
    names = {stage.name for stage in stages(plan_of(store(tmp_path, CUSTOMERS), CHANGES, PROPOSALS))}
    assert {point.partition(" ")[2] for point in points()} <= names


@pytest.mark.parametrize("room", [0, 5_000, 100_000])
def test_a_full_disk_leaves_before_or_after(tmp_path: Path, room: int) -> None:  # F8
    database, before = prepared(tmp_path)
    process, line = fork(apply_with_room, address_of(database), tmp_path / "plan.json", room)
    assert line.recv() in ("E0707", "E0708")
    process.join(60)
    assert not check_before_or_after(tmp_path, database, before)
