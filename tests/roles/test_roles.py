"""S6: roles of a real server with what `schema grants` prints and nothing else: a reader cannot write, a writer writes targets alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from tests.conftest import empty_postgres
from tests.mapping.test_apply import RULES, SCHEMA, TABLES

from assignrules import api
from assignrules.apply import Outcome
from assignrules.cli import application
from assignrules.databases.postgres import Postgres

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 22)
READER, WRITER = "roles reader", 'roles "writer"'
OURS = "assignrules"
JOURNAL = ("assignrules_run", "assignrules_change", "assignrules_alert", "assignrules_proposal", "assignrules_revert")
LATE = "search owing where turnover_12m > 0 EUR\nalert owes on customers where owing\n"


def _address(owner: Postgres, user: str) -> str:
    from urllib.parse import quote

    return owner.address.replace("user=tester", f"user={quote(user)}")


class World:
    """A company's database, its owner's project, and connections of three users."""

    def __init__(self, folder: Path, owner: Postgres, *, own: bool) -> None:
        self.folder, self.owner = folder, owner
        (folder / "rules").mkdir()
        (folder / "rules" / "all.rules").write_text(RULES + LATE if own else STORED_RULES, encoding="utf-8")
        (folder / "schema.yml").write_text(
            SCHEMA.replace("from: 'Cust", "where: sub > 0\n    join: JOIN notes AS n ON n.id = self.id\n    from: 'Cust") if own else "",
            encoding="utf-8",
        )
        names = {"owner": "tester", "reader": READER, "writer": WRITER}
        lines = ["schema: schema.yml"] if own else []
        lines += ["guards: {changes: at most 100%}", "default_environment: shared", "environments:"]
        # One environment for three users: who connects is not the plan's business.
        lines.append(f"  shared: {{database: '${{DATABASE_URL}}'{', schema_params: {client: 1}' if own else ''}}}")
        (folder / "assignrules.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.addresses = {who: _address(owner, name) for who, name in names.items()}

    def sql(self, who: str, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.addresses[who], autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


STORED_RULES = """
search big where name = "Alpha"
assign scenario "Hard" to big otherwise clear
assign payment_terms_days 30 to big otherwise keep
propose "Call" to big
alert named on customers where big
"""


@pytest.fixture
def roles() -> Iterator[Postgres]:
    owner = empty_postgres("roles")

    def forget() -> None:
        with owner.connected() as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {OURS} CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
            for role in (READER, WRITER):
                if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]).fetchone():
                    connection.execute(f'DROP OWNED BY "{role.replace(chr(34), chr(34) * 2)}"')
                    connection.execute(f'DROP ROLE "{role.replace(chr(34), chr(34) * 2)}"')

    forget()
    with owner.connected() as connection:
        for role in (READER, WRITER):
            connection.execute(f'CREATE ROLE "{role.replace(chr(34), chr(34) * 2)}" LOGIN')
    yield owner
    forget()


@pytest.fixture
def company(roles: Postgres, tmp_path: Path) -> World:
    world = World(tmp_path, roles, own=True)
    for statement in filter(str.strip, TABLES.replace("DOUBLE", "DOUBLE PRECISION").replace("MANDT", '"MANDT"').split(";")):
        world.sql("owner", statement)
    world.sql("owner", "CREATE TABLE notes (id INTEGER, secret VARCHAR)")
    world.sql("owner", "INSERT INTO notes VALUES (1, 'x'), (2, 'y')")
    world.sql("owner", "CREATE TABLE salaries (id INTEGER)")
    return world


def project(world: World, who: str, patch: pytest.MonkeyPatch) -> api.Project:
    patch.setenv("DATABASE_URL", world.addresses[who])
    return api.load_project(world.folder, as_of=DAY)


def granted(world: World, patch: pytest.MonkeyPatch) -> str:
    script = api.grants(project(world, "owner", patch), reader=READER, writer=WRITER)
    world.sql("owner", script)
    return script


def refused(world: World, who: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.sql(who, statement)


def _all_reading(opened: api.Project) -> None:
    assert api.check(opened).ok
    plan = api.plan_changes(opened)
    assert plan.changes and plan.header.applicable
    assert api.search_counts(opened)[0].count > 0
    first = next(iter(plan.change_rows())).subject
    assert api.explain(opened, first).subjects
    api.search(opened, api.search_counts(opened)[0].name)
    api.log(opened)
    api.history(opened, first)
    assert not [item for item in api.verify(opened) if item.code[0] == "E"]


def test_a_reader_plans_and_cannot_write(company: World, monkeypatch: pytest.MonkeyPatch) -> None:  # S6, P10
    granted(company, monkeypatch)
    opened = project(company, "reader", monkeypatch)
    _all_reading(opened)
    before = company.sql("owner", "SELECT * FROM extra ORDER BY 1, 2, 3")
    done = CliRunner().invoke(application, ["apply", "--yes", "--reason", "no", "--project", str(company.folder), "--as-of", "2026-11-22"])
    assert done.exit_code == 5
    assert f"the user `{READER}` of the database lacks the rights" in done.output
    assert "`INSERT` on table `assignrules.assignrules_run`" in done.output
    assert "`UPDATE` of columns `scenario` on table `public.extra`" in done.output
    assert "assignrules schema grants" in done.output
    assert company.sql("owner", "SELECT * FROM extra ORDER BY 1, 2, 3") == before
    assert not company.sql("owner", "SELECT * FROM assignrules.assignrules_run")
    for table in ("extra", "tagged", "notes", *(f"{OURS}.{name}" for name in JOURNAL)):
        refused(company, "reader", f"DELETE FROM {table}")
    refused(company, "reader", "SELECT * FROM salaries")


def test_a_writer_writes_targets_alone(company: World, monkeypatch: pytest.MonkeyPatch) -> None:  # S6, P10
    granted(company, monkeypatch)
    opened = project(company, "writer", monkeypatch)
    _all_reading(opened)
    plan = api.plan_changes(opened)
    result = api.apply(opened, plan, reason="daily")
    assert result.outcome is Outcome.APPLIED, result.diagnostics
    assert not api.plan_changes(opened).changes
    assert company.sql("owner", "SELECT scenario, made FROM extra WHERE cust = 2 AND \"MANDT\" = '1'") == [(4, "by rules")]
    # What the engine wrote it cannot take back, and what is no target it cannot touch.
    for table in JOURNAL:
        for statement in ("DELETE FROM {}", "UPDATE {} SET run = 7", "TRUNCATE {}", "DROP TABLE {}"):
            refused(
                company, "writer", statement.format(f"{OURS}.{table}").replace("SET run", "SET id" if table == JOURNAL[0] else "SET run")
            )
    refused(company, "writer", 'UPDATE "Cust ""omers" SET name = \'x\'')
    refused(company, "writer", 'DELETE FROM "Cust ""omers"')
    refused(company, "writer", "UPDATE sellers SET name = 'x'")
    refused(company, "writer", "UPDATE extra SET made = 'x'")
    refused(company, "writer", "UPDATE assignrules.assignrules_outbox SET decided_by = 'me'")
    refused(company, "writer", "SELECT * FROM salaries")
    refused(company, "writer", "CREATE TABLE assignrules.mine (id INT)")


def test_each_missing_right_is_named(company: World, monkeypatch: pytest.MonkeyPatch) -> None:  # S6
    """Of what the script grants the writer, no line is too much: without any of them, the program says which."""
    script = granted(company, monkeypatch)
    plan = api.plan_changes(project(company, "owner", monkeypatch))
    lines = [line for line in script.splitlines() if line.startswith("GRANT") and line.endswith('TO "roles ""writer""";')]
    assert len(lines) > 20
    for line in lines:
        company.sql("owner", line.replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM "))
        if 'SCHEMA "public"' in line:
            company.sql("owner", line)  # everybody has it
            continue
        with pytest.raises(api_failure()) as caught:
            api.apply(project(company, "writer", monkeypatch), plan, reason="x")
        verb = line.split()[1]
        table = line.split(" ON ")[1].split(" TO ")[0].replace("SCHEMA ", "").split(".")[-1][1:-1].replace('""', '"')
        assert f"`{verb}`" in str(caught.value) and table in str(caught.value), line
        company.sql("owner", line)
    assert api.apply(project(company, "writer", monkeypatch), plan, reason="x").outcome is Outcome.APPLIED


def api_failure() -> type[Exception]:
    from assignrules.databases.base import DatabaseFailure

    return DatabaseFailure


def test_a_role_without_any_right(company: World, monkeypatch: pytest.MonkeyPatch) -> None:  # S6
    monkeypatch.setenv("DATABASE_URL", company.addresses["reader"])
    done = CliRunner().invoke(application, ["plan", "--format", "json", "--project", str(company.folder), "--as-of", "2026-11-22"])
    assert done.exit_code == 5
    found = json.loads(done.stdout)["diagnostics"][0]
    assert "`SELECT` of columns" in found["message"] and "`extra`" not in found["message"] and "`public.extra`" in found["message"]


def test_nobody_made_the_tables_yet(company: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that may read and write everything, and make nothing."""
    company.sql("owner", f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{WRITER.replace(chr(34), chr(34) * 2)}"')
    opened = project(company, "writer", monkeypatch)
    plan = api.plan_changes(opened)
    with pytest.raises(api_failure(), match="lacks the right `CREATE` on it, to make schema `assignrules`"):
        api.apply(opened, plan, reason="x")
    # Its owner needs no script: the first run makes everything.
    assert api.apply(project(company, "owner", monkeypatch), plan, reason="x").outcome is Outcome.APPLIED
    assert not api.plan_changes(project(company, "owner", monkeypatch)).changes


def test_roles_of_the_embedded_store(roles: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path, roles, own=False)
    (tmp_path / "customer.csv").write_text("code,name,payment_terms_days\nC1,Alpha,60\nC2,Beta,60\n", encoding="utf-8")
    assert api.load(project(world, "owner", monkeypatch), [tmp_path / "customer.csv"]).loaded
    granted(world, monkeypatch)
    _all_reading(project(world, "reader", monkeypatch))
    opened = project(world, "writer", monkeypatch)
    result = api.apply(opened, api.plan_changes(opened), reason="daily")
    assert result.outcome is Outcome.APPLIED, result.diagnostics
    assert world.sql("owner", "SELECT payment_terms_days FROM assignrules.customer ORDER BY code") == [(30,), (60,)]
    refused(world, "writer", "UPDATE assignrules.customer SET name = 'x'")
    refused(world, "writer", "DELETE FROM assignrules.assignrules_change")


def test_a_file_has_no_roles(tmp_path: Path) -> None:
    (tmp_path / "assignrules.yml").write_text("name: x\n", encoding="utf-8")
    with pytest.raises(api.Problems, match="is a file, and has no roles"):
        api.grants(api.load_project(tmp_path), reader="a", writer="b")


def test_the_documents_show_lines_of_the_script(company: World, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[2] / "docs" / "running.md").read_text(encoding="utf-8")
    shown = [line for line in text.splitlines() if line.startswith("GRANT") and line.endswith('TO "assignrules_writer";')]
    done = CliRunner().invoke(
        application, ["schema", "grants", "--project", str(company.folder)], env={"DATABASE_URL": company.addresses["owner"]}
    )
    lines = done.output.splitlines()
    assert len(shown) >= 10 and not [line for line in shown if line not in lines]
    journal = [line for line in lines if "assignrules_run" in line and "GRANT" in line]
    assert all(line.split()[1] in ("SELECT", "INSERT") for line in journal) and len(journal) == 3
