"""What may happen to an apply on PostgreSQL: its process dies, the server dies, somebody stops it. Before or after, never between."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
from click.testing import CliRunner, Result
from tests.apply.building import ONE_OF_EACH, SCHEMA, apply, change, plan_of, postgres_store, state
from tests.apply.forks import apply_until, fork
from tests.conftest import postgres
from tests.postgres_server import Cluster, programs

from assignrules.apply import Outcome
from assignrules.cli import application
from assignrules.databases import DatabaseFailure
from assignrules.databases.embedded import create_store, fill
from assignrules.databases.postgres import Postgres
from assignrules.diagnostics import has_errors
from assignrules.journal import chain, history
from assignrules.plan.file import write_plan
from assignrules.schema.dataset import Dataset

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RANDOM_KILLS = int(os.environ.get("ASSIGNRULES_KILLS", "5"))
# Whoever runs the tests in the background has them ignore Ctrl-C, and so would the child.
WAITING = """
import signal, sys
from assignrules import api
from assignrules.cli import main
from assignrules.databases.postgres import Postgres
def endless(*arguments):
    with Postgres(sys.argv[1]).reading() as session:
        session.fetch("SELECT pg_sleep(600)")
api.check = endless
signal.signal(signal.SIGINT, signal.default_int_handler)
main(["check", "--project", sys.argv[2]])
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}


@pytest.mark.parametrize("point", ["after lock", "after check scenario", "after write cover", "before commit", "after commit"])
def test_killed_at_a_named_point(tmp_path: Path, point: str) -> None:  # F1
    database = postgres_store()
    plan = plan_of(database, ONE_OF_EACH)
    before = state(database)
    write_plan(plan, tmp_path / "plan.json")
    process, _ = fork(apply_until, database.address, tmp_path / "plan.json", point)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    applied = point == "after commit"
    if not applied:
        assert state(database) == before
    result = apply(database, plan)
    assert (result.outcome, result.run, result.already) == (Outcome.APPLIED, 1, applied)
    with database.reading() as session:
        assert len(history.runs(session)) == 1
        assert not has_errors(chain.verify(session, result.head))


def test_killed_with_half_the_rows_written(tmp_path: Path) -> None:  # F1
    """The server waits in the middle of a statement, for a lock of ours, and the process dies meanwhile."""
    database = postgres_store(40)
    rows = [change("scenario", f"C{n}", "old" if n % 2 else None, "new", "change" if n % 2 else "set") for n in range(1, 41)]
    plan = plan_of(database, sorted(rows, key=lambda item: item.subject))
    before = state(database)
    write_plan(plan, tmp_path / "plan.json")
    with database.connected() as holder:
        holder.execute(f"SET search_path TO {database.schema}")
        waiting = "IF NEW.subject = 'C27' THEN PERFORM pg_advisory_xact_lock(27); END IF; RETURN NEW;"
        holder.execute(f"CREATE FUNCTION wait() RETURNS TRIGGER LANGUAGE plpgsql AS $f$BEGIN {waiting} END$f$")
        holder.execute("CREATE TRIGGER wait BEFORE INSERT ON assignrules_target_scenario FOR EACH ROW EXECUTE FUNCTION wait()")
        holder.execute("SELECT pg_advisory_lock(27)")
        process, _ = fork(apply_until, database.address, tmp_path / "plan.json", "never")
        ours = "FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        _until(holder, f"SELECT count(*) > 0 {ours} AND objid = 27 AND NOT granted")
        process.kill()
        process.join(60)
        assert state(database) == before
        holder.execute("SELECT pg_advisory_unlock(27)")
        _until(holder, f"SELECT count(*) = 0 {ours}")
        assert state(database) == before
        holder.execute("DROP TRIGGER wait ON assignrules_target_scenario")
    result = apply(database, plan)
    assert (result.outcome, result.run, result.already) == (Outcome.APPLIED, 1, False)
    assert {row[1] for row in state(database)["assignrules_target_scenario"]} == {"new"}


def _until(connection: psycopg.Connection[tuple[object, ...]], question: str) -> None:
    until = time.monotonic() + 30
    while connection.execute(question).fetchone() != (True,):
        assert time.monotonic() < until, question
        time.sleep(0.02)


def test_killed_at_random_moments(tmp_path: Path) -> None:  # F1
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    pick = random.Random(seed)
    for _ in range(RANDOM_KILLS):
        database = postgres_store()
        plan = plan_of(database, ONE_OF_EACH)
        before = state(database)
        write_plan(plan, tmp_path / "plan.json")
        process, _ = fork(apply_until, database.address, tmp_path / "plan.json", "never")
        time.sleep(pick.uniform(0, 0.3))
        process.kill()
        process.join(60)
        with database.reading() as session:
            applied = len(history.runs(session)) == 1
        assert applied or state(database) == before
        result = apply(database, plan)
        assert (result.outcome, result.run, result.already) == (Outcome.APPLIED, 1, applied)
        with database.reading() as session:
            assert not has_errors(chain.verify(session, result.head))


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server of one's own, to be crashed."""
    folder = Path(mkdtemp(prefix="arc"))
    folder.chmod(0o755)
    found = Cluster(programs()[0], folder)
    found.start(synchronous_commit="on")  # what it called committed is written, and survives the server, though not the machine
    yield found
    found.stop()
    subprocess.run(["rm", "-rf", str(folder)], check=True)


@pytest.mark.parametrize("point", ["after write scenario", "before commit"])
def test_the_server_crashes(cluster: Cluster, point: str) -> None:  # F2
    database = Postgres(f"postgresql:///postgres?host={cluster.folder}&user=tester")
    with database.writing(create=True) as session:
        create_store(session, SCHEMA)
        rows = [{"code": f"C{number}", "payment_terms_days": 30} for number in range(1, 5)]
        documents = [{"number": "F1", "customer": "C1", "status": "dispute"}, {"number": "F2", "customer": "C1"}]
        fill(session, SCHEMA, Dataset(rows={"customer": rows, "document": documents}, values={"scenario": {"C1": "old", "C3": "old"}}))
        session.commit()
    plan = plan_of(database, [item for item in ONE_OF_EACH if item.target in ("scenario", "payment_terms_days", "document_status")])
    before = state(database)

    def crash(name: str) -> None:
        if name == point:
            cluster.stop()

    with pytest.raises(DatabaseFailure):
        apply(database, plan, on_stage=crash)
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    cluster.start(synchronous_commit="on")
    assert state(database) == before
    assert apply(database, plan).outcome is Outcome.APPLIED


FULL_RULES = """
search every where name = "x"
assign scenario "Late" to every otherwise clear
assign group "Late" add every
"""


@pytest.mark.slow
def test_the_disk_of_the_server_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # F8
    """The server may make no file larger than a table is already that an apply has to add to."""
    folder = Path(mkdtemp(prefix="arc"))
    folder.chmod(0o755)
    cluster = Cluster(programs()[0], folder, "--wal-segsize=1")  # or its own log would be the first file that is too large
    try:
        cluster.start()
        database = Postgres(f"postgresql:///postgres?host={folder}&user=tester")
        _fill_disk(database)
        project = tmp_path / "project"
        (project / "rules").mkdir(parents=True)
        (project / "rules" / "a.rules").write_text(FULL_RULES)
        (project / "assignrules.yml").write_text(
            "guards: {changes: at most 100%}\ndefault_environment: full\nenvironments: {full: {database: '${FULL_DATABASE}'}}\n"
        )
        monkeypatch.setenv("FULL_DATABASE", database.address)
        monkeypatch.chdir(project)

        def run(*arguments: str) -> Result:
            return CliRunner().invoke(application, list(arguments), prog_name="assignrules")

        done = run("plan", "-o", "plan.json")
        assert done.exit_code == 0, done.output
        before = state(database)
        with database.reading() as session:
            size = session.fetch("SELECT pg_relation_size('assignrules_target_group')")[0][0]
        assert size > 1 << 20
        cluster.stop(signal.SIGINT)
        cluster.start(largest_file=size)
        done = run("apply", "plan.json", "--yes")
        assert done.exit_code == 5, done.output
        assert "could not extend file" in done.stderr and "the server could not store what was to be written" in done.stderr, done.stderr
        assert "Traceback" not in done.output
        assert state(database) == before  # read within the limit: the server still answers
        cluster.stop(signal.SIGINT)
        cluster.start()
        done = run("apply", "plan.json", "--yes")
        assert done.exit_code == 0, done.output
        assert len(state(database)["assignrules_target_scenario"]) == 400
        with database.reading() as session:
            assert not has_errors(chain.verify(session, None))
    finally:
        cluster.stop()
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def _fill_disk(database: Postgres) -> None:
    """Customers that are to join a group, whose table is full of others'."""
    with database.writing(create=True) as session:
        create_store(session, SCHEMA)
        fill(session, SCHEMA, Dataset(rows={"customer": [{"code": f"C{number}", "name": "x"} for number in range(400)]}))
        others = "SELECT 'gone ' || n, 'Other' FROM generate_series(1, 25000) AS numbers(n)"
        session.execute(f"INSERT INTO assignrules_target_group (subject, member) {others}")
        session.commit()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_stops_its_statement(tmp_path: Path, number: int, code: int) -> None:  # G2
    (tmp_path / "assignrules.yml").write_text("rules: []\n")
    address = postgres("stopped").address

    def running() -> int:
        with psycopg.connect(address) as connection:
            sql = (
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND state = 'active' AND pid <> pg_backend_pid()"
            )
            row = connection.execute(sql).fetchone()
            return int(row[0]) if row else 0

    command = [sys.executable, "-c", WAITING, address, str(tmp_path)]
    child = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 30
    while not running():
        assert child.poll() is None and time.monotonic() < until, child.communicate()
        time.sleep(0.05)
    child.send_signal(number)
    _, errors = child.communicate(timeout=20)
    assert child.returncode == code, errors
    assert "Traceback" not in errors
    assert not running()
