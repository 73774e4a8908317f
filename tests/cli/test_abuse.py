"""Faults and abuses that are met on the command line."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.conftest import on_postgres

from assignrules import api
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.postgres import Postgres
from assignrules.project import database_of

pytestmark = pytest.mark.slow

SOURCES = str(Path(api.__file__).parents[2])
SECRET = "hunter2-S3cr3t"
FEED = """
assign scenario "Late" to overdue > 0 EUR otherwise clear
assign group "Watch" add overdue > 0 EUR remove others
"""


def feed(project: Path, documents: int) -> None:
    """Forty customers, of whom the first ones have a document that is overdue."""
    (project / "rules" / "strategy.rules").write_text(FEED)
    for path in (project / "data").iterdir():
        path.unlink()
    customers = "code,name,active\n" + "".join(f"C{n},Name {n},true\n" for n in range(40))
    rows = "".join(f"F{n},C{n},invoice,2026-01-01,100.00 EUR,100.00 EUR\n" for n in range(documents))
    (project / "data" / "customers.csv").write_text(customers)
    (project / "data" / "documents.csv").write_text("number,customer,type,due_date,amount,open_amount\n" + rows)


@pytest.mark.parametrize("rows", [0, 4, 20])
def test_a_half_loaded_feed_removes_nothing(run, project: Path, rows: int) -> None:  # G1
    feed(project, 40)
    assert run("load", "data").exit_code == 0
    assert run("apply", "--yes", "--as-of", "2026-11-22").exit_code == 0
    feed(project, rows)
    assert run("load", "data").exit_code == 0
    planned = run("plan", "--as-of", "2026-11-23")
    assert (planned.exit_code, planned.stdout.count("TRIPPED")) == (3, 2)
    assert run("apply", "--yes", "--as-of", "2026-11-23").exit_code == 3
    assert len(json.loads(run("log", "--format", "json").stdout)["runs"]) == 1
    run("plan", "-o", "half.plan", "--as-of", "2026-11-23")
    assert run("apply", "half.plan", "--yes").exit_code == 3
    feed(project, 40)
    run("load", "data")
    assert "No change" in run("plan", "--as-of", "2026-11-23").stdout


def test_customers_that_a_feed_lost_keep_what_they_have(run, project: Path) -> None:  # G1
    feed(project, 40)
    run("load", "data")
    run("apply", "--yes", "--as-of", "2026-11-22")
    (project / "data" / "customers.csv").write_text("code,name,active\nC0,Name 0,true\n")
    assert run("load", "data").exit_code == 0
    planned = json.loads(run("plan", "--as-of", "2026-11-23", "--format", "json").stdout)
    assert planned["changes"] == []
    assert {(item["code"], item["count"]) for item in planned["data_warnings"]} >= {("W0503", 39)}


def test_nul_in_a_file_is_refused(run, project: Path) -> None:  # D3
    path = project / "data" / "customers.csv"
    path.write_bytes(path.read_bytes().replace(b"Alpha Tools", b"Alpha\0Tools"))
    done = run("load", "data")
    assert (done.exit_code, "Traceback" in done.output) == (1, False)
    assert run("search", "very_late").exit_code == 0


def test_the_machines_clock_and_zone_mean_nothing(project: Path) -> None:  # T1, P3
    found = set()
    for zone in ("UTC", "Pacific/Kiritimati", "America/New_York"):
        environment = {**os.environ, "PYTHONPATH": SOURCES, "TZ": zone}
        for day in ("2026-12-31", "2028-02-29"):
            command = [sys.executable, "-m", "assignrules", "plan", "--format", "json", "--as-of", day]
            done = subprocess.run(command, cwd=project, env=environment, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
            found.add(done.stdout)
    assert len(found) == 2


COMMANDS = (
    ("check",),
    ("plan",),
    ("plan", "--format", "json", "-o", "kept.plan"),
    ("show-plan", "kept.plan"),
    ("apply", "kept.plan", "--yes"),
    ("apply", "--yes", "--format", "json"),
    ("log", "--format", "json"),
    ("log", "--verify", "--anchor", "kept.plan"),
    ("show", "1", "--format", "json"),
    ("history", "C001", "--format", "json"),
    ("explain", "C001"),
    ("revert", "1", "--yes"),
    ("compile",),
    ("search", "--count"),
    ("load", "data"),
    ("test",),
    ("export", "1"),
    ("schema", "check"),
    ("schema", "draft"),
    ("schema", "show"),
    ("schema", "grants"),
    ("explain", "C001", "--format", "json"),
)


def test_a_password_is_nowhere(run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # S8
    on_postgres(project, monkeypatch)
    good = os.environ["STRATEGY_DATABASE"]
    said = ""
    for address in (
        f"{good}&password={SECRET}",
        f"postgresql://tester:{SECRET}@127.0.0.1:1/crm",  # nobody is there
        f"postgresql://tester:{SECRET}@[::1/crm?x=y",  # no address at all
        f"postgresql://tester:{SECRET}@host/with@two?password={SECRET}",
        f"{good.replace('user=tester', f'user=nobody_at_all&password={SECRET}')}",
    ):
        monkeypatch.setenv("STRATEGY_DATABASE", address)
        for command in COMMANDS if address.startswith(good) else COMMANDS[::5]:  # where nobody answers, all end in the same way
            done = run(*command, "-v")
            assert done.exit_code in (0, 1, 2, 3, 4, 5, 64), (command, done.output)
            said += done.stdout + done.stderr
    assert SECRET not in said
    monkeypatch.setenv("STRATEGY_DATABASE", f"{good}&password={SECRET}")
    database, _ = database_of(api.load_project(project))
    assert isinstance(database, Postgres)
    with database.reading() as session:
        tables = session.fetch(f"SELECT tablename FROM pg_tables WHERE schemaname = '{database.schema}'")
        stored = "".join(str(session.fetch(f'SELECT * FROM "{name}"')) for (name,) in tables)
    assert "assignrules_run" in {name for (name,) in tables}
    files = "".join(path.read_text(errors="replace") for path in project.rglob("*") if path.is_file())
    assert SECRET not in stored + files


def test_a_database_that_is_open_elsewhere(run, project: Path) -> None:  # F9
    holder = "import sys, duckdb; connection = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    database, _ = database_of(api.load_project(project))
    assert isinstance(database, DuckDB)
    held = subprocess.Popen([sys.executable, "-c", holder, str(database.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert held.stdout is not None
    assert held.stdout.readline() == "open\n"
    try:
        done = run("apply", "--yes")
        assert done.exit_code == 5
        assert f"is in use by process {held.pid}" in done.stderr
    finally:
        held.communicate()
    assert run("apply", "--yes").exit_code == 0


def test_a_full_standard_output(project: Path) -> None:  # G2, F8
    """The device answers as a full disk does. It is not written to by name: it must not be replaced by a file."""
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    for words in (["plan"], ["plan", "--format", "json"], ["apply", "--yes"], ["log", "--format", "json"]):
        with open("/dev/full", "w") as full:
            command = [sys.executable, "-m", "assignrules", *words]
            done = subprocess.run(command, cwd=project, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1, done.stderr
        assert done.stderr.splitlines()[-1] == "error: standard output cannot be written to: no space left on device"
        assert "Traceback" not in done.stderr
    assert api.log(api.load_project(project)) == (), "what could not be shown was not applied"


def test_a_plan_replaces_files_only(run, project: Path) -> None:  # F8
    (project / "folder").mkdir()
    os.mkfifo(project / "pipe")
    for name in ("folder", "pipe"):
        done = run("plan", "-o", name)
        assert done.exit_code == 1
        assert "is not a file that could be written" in done.stderr
    assert (project / "pipe").is_fifo()
    assert not [path for path in project.iterdir() if path.name.startswith((".pipe", ".folder"))], "nothing half-written is left"


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file may become larger, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("plan.html", ("plan", "--html", "plan.html")),
        ("plan.xlsx", ("plan", "--xlsx", "plan.xlsx")),
        ("day.plan", ("plan", "-o", "day.plan")),
        ("rules.yml", ("convert", "rules/strategy.rules", "--to", "yaml", "-o", "rules.yml")),
        ("report.csv", ("report", "late", "-o", "report.csv")),
        ("export_1/proposals.csv", ("export", "1")),
    ],
)
def test_no_file_is_half_written(run, project: Path, name: str, command: tuple[str, ...]) -> None:  # F8
    path = project / "rules" / "strategy.rules"
    path.write_text(
        path.read_text() + 'report late on documents\n  show number, customer.name, open_amount\npropose "Call" to overdue > 0 EUR\n'
    )
    if command[0] == "export":
        assert run("apply", "--yes").exit_code == 0
    done = run(*command)
    assert done.exit_code == 0, done.output
    place = project / name
    whole = place.read_bytes()
    place.write_bytes(b"the old one")
    place.chmod(0o640)
    with room(min(len(whole) - 1, 64)):
        done = run(*command)
    assert (done.exit_code, "Traceback" in done.output) == (1, False), done.output
    assert "file too large" in done.stderr.lower()
    assert place.read_bytes() == b"the old one"
    assert not [item.name for item in place.parent.iterdir() if item.name.startswith(f".{place.name}")]
    assert run(*command).exit_code == 0
    assert len(place.read_bytes()) > len(b"the old one")
    assert place.stat().st_mode & 0o777 == (0o600 if name.endswith(".plan") else 0o640)


def test_what_a_plan_was_made_from_has_changed(run, project: Path) -> None:  # F6
    run("plan", "-o", "day.plan", "--as-of", "2026-11-22")
    refused = run("apply", "day.plan", "--yes", "--param", "large=35_000 EUR")
    assert refused.exit_code == 4
    assert "error[E0702]: parameter `large` is `35000.00 EUR` now, and was `25000.00 EUR` when the plan was made" in refused.stderr
    path = project / "rules" / "strategy.rules"
    text = path.read_text()
    path.write_text(text.replace('"Call first"', '"Call at once"'))
    assert run("apply", "day.plan", "--yes").exit_code == 4
    path.write_text(f"# a comment, and another layout\n\n{text}".replace("\n  ", "\n      "))
    assert run("apply", "day.plan", "--yes").exit_code == 0
