"""F1: a process that dies at any moment of an apply leaves the state before it or after it, and the next command works."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.apply.building import ONE_OF_EACH, apply, change, new_proposal, plan_of, state, store

from assignrules.apply import Outcome
from assignrules.apply.stages import stages
from assignrules.databases.duckdb import DuckDB
from assignrules.diagnostics import has_errors
from assignrules.journal import chain, history
from assignrules.plan.file import read_plan, write_plan

pytestmark = pytest.mark.slow

CUSTOMERS = 2000
PARTS = 3  # so that several processes share them
RANDOM_KILLS = int(os.environ.get("ASSIGNRULES_KILLS", "12"))  # of a part: with the named points sixty
# The child says that it is ready, and dies by its own hand at the named point where one is given: no other process could hit it.
CHILD = """
import os, signal, sys
from pathlib import Path
from assignrules.databases.duckdb import DuckDB
from assignrules.plan.file import read_plan
from tests.apply.building import apply
path, plan, point = Path(sys.argv[1]), read_plan(Path(sys.argv[2]))[0], sys.argv[3]
def die(name):
    if name == point:
        os.kill(os.getpid(), signal.SIGKILL)
import duckdb
print("ready", flush=True)
apply(DuckDB(path), plan, on_stage=die)
print("done", flush=True)
"""
CHANGES = tuple(item for item in ONE_OF_EACH if item.target != "scenario") + tuple(
    change("scenario", f"C{n}", "old" if n % 2 else None, "new", "change" if n % 2 else "set") for n in range(1, CUSTOMERS + 1)
)
PROPOSALS = tuple(new_proposal(f"C{n}") for n in range(1, CUSTOMERS + 1))


def child(folder: Path, database: DuckDB, point: str) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    paths = os.pathsep.join((str(root / "src"), str(root)))
    command = [sys.executable, "-c", CHILD, str(database.path), str(folder / "plan.json"), point]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths})


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
    process = child(tmp_path, database, point)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, output
    assert check_before_or_after(tmp_path, database, before) == (point == "after commit")


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_random_moments(tmp_path: Path, part: int) -> None:  # F1
    seed = random.SystemRandom().randrange(2**32)
    print(json.dumps({"seed": seed}))
    pick = random.Random(seed)
    killed = 0
    for number in range(RANDOM_KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        database, before = prepared(folder)
        process = child(folder, database, "never")
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(pick.uniform(0, 0.4))
        process.kill()
        process.communicate(timeout=60)
        killed += process.returncode == -signal.SIGKILL
        check_before_or_after(folder, database, before)
    assert killed >= RANDOM_KILLS // 3, f"only {killed} of {RANDOM_KILLS} children were killed before they had finished"


def test_the_named_points_are_stages(tmp_path: Path) -> None:
    names = {stage.name for stage in stages(plan_of(store(tmp_path, CUSTOMERS), CHANGES, PROPOSALS))}
    assert {point.partition(" ")[2] for point in points()} <= names


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from assignrules.databases import DatabaseProblem
from assignrules.databases.duckdb import DuckDB
from assignrules.plan.file import read_plan
from tests.apply.building import apply
path, plan = Path(sys.argv[1]), read_plan(Path(sys.argv[2]))[0]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    apply(DuckDB(path), plan)
except DatabaseProblem as problem:
    print(problem.diagnostic.code, flush=True)
"""


@pytest.mark.parametrize("room", [0, 5_000, 100_000])
def test_a_full_disk_leaves_before_or_after(tmp_path: Path, room: int) -> None:  # F8
    database, before = prepared(tmp_path)
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(root / "src"), str(root)))}
    command = [sys.executable, "-c", FULL_DISK, str(database.path), str(tmp_path / "plan.json"), str(room)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.stdout in ("E0707\n", "E0708\n"), done
    assert not check_before_or_after(tmp_path, database, before)
