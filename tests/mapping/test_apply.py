"""Targets in a company's own tables: planned, written by column, lookup, members and export, and read back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from assignrules import api
from assignrules.apply import ApplyResult, Outcome
from assignrules.plan.model import Plan
from assignrules.project import Project
from assignrules.report.export import run_files

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TABLES = """
CREATE TABLE "Cust ""omers" (
  MANDT VARCHAR, id INTEGER, sub INTEGER, code VARCHAR, name VARCHAR, owing DOUBLE, "Sperre" VARCHAR, seller INTEGER);
INSERT INTO "Cust ""omers" VALUES
  ('1', 1, 1, 'C1', 'Alpha', 100.1, '', NULL), ('1', 1, 2, 'C2', 'Beta', 0, 'X', 8), ('1', 2, 1, 'C3', 'O''Hara', 5000.25, '', 7),
  ('2', 1, 1, 'C1', 'Other', 9999, '', 7);
CREATE TABLE sellers (id INTEGER, login VARCHAR, name VARCHAR);
INSERT INTO sellers VALUES (7, 'ann', 'Ann'), (8, 'bob', 'Bob');
CREATE TABLE extra (MANDT VARCHAR, cust INTEGER, sub INTEGER, scenario INTEGER, made VARCHAR);
INSERT INTO extra VALUES ('1', 1, 1, 3, 'old'), ('2', 1, 1, 3, 'old');
CREATE TABLE words (id INTEGER, word VARCHAR, kind INTEGER);
INSERT INTO words VALUES (3, 'Mild', 1), (4, 'Hard', 1), (5, 'Late', 2), (6, 'Good', 2), (9, 'Late', 3);
CREATE TABLE tagged (MANDT VARCHAR, cust INTEGER, sub INTEGER, tag INTEGER, source VARCHAR);
INSERT INTO tagged VALUES ('1', 1, 2, 5, 'x'), ('1', 1, 1, 9, 'x'), ('1', 2, 1, 6, 'x'), ('2', 1, 2, 5, 'x');
"""
SCHEMA = """
extends: credit
params: {client: {type: text, required: true}}
tenant: {columns: [MANDT], values: [":client"]}
entities:
  customer:
    from: 'Cust "omers'
    key: [id, sub]
    fields:
      code: code
      name: name
      turnover_12m: {column: owing, currency: EUR}
      blocked: {column: Sperre, type: boolean, true: [X], false: [""]}
  user:
    from: sellers
    tenant: none
    key: id
    fields: {login: login, name: name}
targets:
  scenario:
    store: column
    table: extra
    key: [cust, sub]
    column: scenario
    lookup: {table: words, key: id, name: word, where: kind = 1, tenant: none}
    insert: {made: by rules}
  collector:
    {store: column, table: 'Cust "omers', key: [id, sub], column: seller, lookup: {table: sellers, key: id, name: login, tenant: none}}
  group:
    store: members
    table: tagged
    subject: [cust, sub]
    member: {column: tag, lookup: {table: words, key: id, name: word, where: kind = 2, tenant: none}}
    insert: {source: rules}
  order_block: {store: export, current: blocked}
"""
RULES = """
assign scenario
  "Hard" to turnover_12m > 1000 EUR
  "Mild" to turnover_12m > 0 EUR
  otherwise clear
assign collector "ann" to turnover_12m > 0 EUR otherwise keep
assign group "Late" add turnover_12m > 0 EUR remove others
assign order_block true to turnover_12m > 1000 EUR otherwise false
assign risk_class "A" to turnover_12m > 0 EUR
assign cover "ND" eligibility turnover_12m > 0 EUR amount 20_000 EUR removal others
propose "Call" to turnover_12m > 1000 EUR
"""


def project_in(folder: Path, *, schema: str = SCHEMA, rules: str = RULES, tables: str = TABLES) -> Project:
    (folder / "rules").mkdir()
    (folder / "rules" / "all.rules").write_text(rules, encoding="utf-8")
    (folder / "schema.yml").write_text(schema, encoding="utf-8")
    environment = "{database: 'duckdb:///company.duckdb', schema_params: {client: '1'}}"
    text = f"schema: schema.yml\nguards: {{changes: at most 100%}}\nenvironments: {{local: {environment}}}\n"
    (folder / "assignrules.yml").write_text(text, encoding="utf-8")
    with duckdb.connect(str(folder / "company.duckdb")) as connection:
        connection.execute(tables)
    return api.load_project(folder, as_of=date(2026, 11, 22))


def planned(project: Project) -> tuple[Plan, dict[tuple[str, str, str | None], tuple[object, object]]]:
    plan = api.plan_changes(project)
    assert plan.header.applicable, plan.data_errors
    return plan, {(row.target, row.subject, row.member): (row.before, row.after) for row in plan.change_rows()}


def run(project: Project, plan: Plan) -> ApplyResult:
    return api.apply(project, plan, reason="test")


def rows(project: Project, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(project.root / "company.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_targets_are_written_where_the_schema_says(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    plan, changes = planned(project)
    assert changes[("scenario", "C3", None)] == (None, "Hard")
    assert ("scenario", "C1", None) not in changes  # Mild it is, and Mild it stays
    assert changes[("collector", "C1", None)] == (None, "ann")
    assert {key for key in changes if key[0] == "group"} == {("group", "C1", "Late"), ("group", "C2", "Late"), ("group", "C3", "Late")}
    assert changes[("order_block", "C3", None)] == (False, True)
    result = run(project, plan)
    assert result.outcome is Outcome.APPLIED, result.diagnostics
    # Only the tenant's rows, by the keys of the lookups, and a new row where there was none.
    assert rows(project, "SELECT * FROM extra ORDER BY ALL") == [
        ("1", 1, 1, 3, "old"), ("1", 2, 1, 4, "by rules"), ("2", 1, 1, 3, "old")
    ]  # fmt: skip
    assert rows(project, 'SELECT MANDT, code, seller FROM "Cust ""omers" ORDER BY ALL') == [
        ("1", "C1", 7), ("1", "C2", 8), ("1", "C3", 7), ("2", "C1", 7)
    ]  # fmt: skip
    assert rows(project, "SELECT * FROM tagged ORDER BY ALL") == [
        ("1", 1, 1, 5, "rules"), ("1", 1, 1, 9, "x"), ("1", 2, 1, 5, "rules"), ("1", 2, 1, 6, "x"), ("2", 1, 2, 5, "x")
    ]  # fmt: skip
    assert rows(project, "SELECT subject, state FROM assignrules_outbox") == [("C3", "open")]
    # What is exported is never written to the company's table, and reads as exported until the company's field moves.
    assert rows(project, 'SELECT "Sperre" FROM "Cust ""omers" WHERE code = \'C3\'') == [("",)]
    assert planned(project)[1] == {}
    targets, proposals = api.run_exports(project, 1)
    assert {name: [(row.subject, row.before, row.after) for row in found] for name, found in targets.items()} == {
        "order_block": [(subject, *changes["order_block", subject, None]) for name, subject, _ in changes if name == "order_block"]
    }
    text, number = run_files(targets, proposals)["order_block.csv"]
    assert number == len(text.splitlines()) - 1 == len(targets["order_block"])
    assert [line for line in text.splitlines() if line.startswith("C3,")] == ["C3,O'Hara,change,false,true,"]
    again = run(project, plan)
    assert again.already and again.run == 1


def test_an_export_is_over_when_the_company_has_spoken(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    run(project, planned(project)[0])
    with duckdb.connect(str(project.root / "company.duckdb")) as connection:
        connection.execute("UPDATE \"Cust \"\"omers\" SET \"Sperre\" = 'X' WHERE code IN ('C1', 'C3') AND MANDT = '1'")
    _, changes = planned(project)
    # C3 has what was exported; C1 was blocked by hand, and the rules say otherwise.
    assert changes == {("order_block", "C1", None): (True, False)}


def test_a_row_that_changed_meanwhile_makes_the_plan_stale(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    plan, _ = planned(project)
    with duckdb.connect(str(project.root / "company.duckdb")) as connection:
        connection.execute("UPDATE extra SET scenario = 4 WHERE MANDT = '1'")
        connection.execute("INSERT INTO extra VALUES ('1', 2, 1, 3, 'new')")
    result = run(project, plan)
    assert result.outcome is Outcome.STALE
    assert "`scenario` of `C3` is `Mild` now" in result.diagnostics[0].message
    assert rows(project, "SELECT count(*) FROM tagged") == [(4,)]


WITHOUT_INSERT = SCHEMA.replace("    insert: {made: by rules}\n", "")


@pytest.mark.parametrize(
    ("schema", "rules", "code", "subjects"),
    [
        # C1 has a row and keeps what is there, C3 has none and would become "Hard"; C2 owes nothing, and nothing is cleared.
        (WITHOUT_INSERT, RULES, "E0525", ("C3",)),
        # C1 would become "Alpha", which is no word of the lookup.
        (SCHEMA, RULES.replace('"Mild" to', "(name) to"), "E0523", ("C1",)),
    ],
    ids=["no row", "no name"],
)
def test_what_cannot_be_written_makes_the_plan_not_applicable(
    tmp_path: Path, schema: str, rules: str, code: str, subjects: tuple[str, ...]
) -> None:
    project = project_in(tmp_path, schema=schema, rules=rules)
    plan = api.plan_changes(project)
    assert not plan.header.applicable
    assert [(item.code, item.entity, item.count, item.examples) for item in plan.data_errors] == [(code, "customer", 1, subjects)]
    result = run(project, plan)
    assert result.outcome is Outcome.REFUSED
    assert {item.code for item in result.diagnostics} == {"E0604"}
    assert api.plan_changes(project, only="collector").header.applicable, "the other targets can be planned alone"


@pytest.mark.parametrize(
    ("schema", "meanwhile", "code", "why"),
    [
        (
            WITHOUT_INSERT,
            "DELETE FROM extra WHERE made = 'empty'",
            "E0706",
            "there is no row to write to, and the schema does not say how one is made (`insert`)",
        ),
        (SCHEMA, "UPDATE words SET word = 'Harder' WHERE id = 4", "E0523", "the lookup has no row for what is planned"),
    ],
    ids=["no row", "no name"],
)
def test_what_cannot_be_written_any_more_is_refused_before_anything_is(
    tmp_path: Path, schema: str, meanwhile: str, code: str, why: str
) -> None:
    project = project_in(tmp_path, schema=schema, tables=f"{TABLES}INSERT INTO extra VALUES ('1', 2, 1, NULL, 'empty');")
    plan, changes = planned(project)
    assert changes["scenario", "C3", None] == (None, "Hard")
    with duckdb.connect(str(project.root / "company.duckdb")) as connection:
        connection.execute(meanwhile)
    result = run(project, plan)
    assert result.outcome is Outcome.REFUSED
    assert [(item.code, item.message) for item in result.diagnostics] == [(code, f"`scenario` of `C3` cannot become `Hard`: {why}")]
    assert rows(project, "SELECT count(*) FROM tagged") == [(4,)]
    assert not rows(project, "SELECT 1 FROM duckdb_tables() WHERE table_name LIKE 'assignrules%'")


def test_a_column_that_is_gone_since_the_plan_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    plan, _ = planned(project)
    with duckdb.connect(str(tmp_path / "company.duckdb")) as connection:
        connection.execute("ALTER TABLE sellers DROP COLUMN name")
    result = run(project, plan)
    assert (result.outcome, [item.code for item in result.diagnostics]) == (Outcome.FAILED, ["E0222"])
    assert "has no column `name`" in result.diagnostics[0].message
    assert rows(project, "SELECT scenario FROM extra ORDER BY ALL") == [(3,), (3,)]
