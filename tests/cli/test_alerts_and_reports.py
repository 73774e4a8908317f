"""Alerts in `plan`, `apply`, `show` and `log`; `report`; and the guard on old data."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from assignrules import api
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.embedded import note_load

pytestmark = pytest.mark.slow

DAY = "2026-11-22"
RULES = """
alert late "Late invoices" on documents level high for collection
  where type = "invoice" and due_date < today
  show customer.code, open_amount
  order by open_amount descending
report owed "What is owed" on documents where type = "invoice"
  group by customer.country
  show sum(open_amount) as owed, count() as documents, avg(open_amount) as mean
  order by owed descending
report all_documents on documents show number, open_amount
report dollars on documents where open_amount > 0 USD show number
"""
DOCUMENTS = """number,customer,type,due_date,open_amount
F1,C1,invoice,2026-11-01,10.00 EUR
F2,C1,invoice,2026-11-20,30.00 EUR
F3,C2,invoice,2026-11-25,5.50 EUR
F4,C3,invoice,2026-11-30,0.25 EUR
"""


@pytest.fixture
def mine(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with alerts and reports alone, loaded, as the current folder."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "all.rules").write_text(RULES)
    (tmp_path / "assignrules.yml").write_text('environments: {local: {database: "duckdb:///mine.duckdb"}}\n')
    (tmp_path / "customer.csv").write_text('code,name,country\nC1,Alpha,FR\nC2,Beta,BE\nC3,"=Gamma",\n')
    documents(tmp_path, DOCUMENTS)
    monkeypatch.chdir(tmp_path)
    assert run("load", "customer.csv", "document.csv").exit_code == 0
    return tmp_path


def documents(folder: Path, text: str) -> None:
    (folder / "document.csv").write_text(text)


def plan(run, *more: str) -> dict[str, object]:
    done = run("plan", "--as-of", DAY, "--format", "json", *more)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def apply(run, number: int) -> None:
    done = run("apply", "--as-of", DAY, "--yes")
    assert done.exit_code == 0, done.output
    assert f"applied as run {number}: 0 changes" in done.stdout


def test_rows_enter_stay_and_leave_from_run_to_run(run, mine: Path) -> None:
    assert plan(run)["alerts"] == [{"name": "late", "entered": ["F2", "F1"], "stay": [], "left": []}]
    assert plan(run)["alerts"][0]["entered"] == ["F2", "F1"], "planning alone keeps nothing"
    apply(run, 1)
    assert plan(run)["alerts"] == [{"name": "late", "entered": [], "stay": ["F2", "F1"], "left": []}]
    documents(mine, DOCUMENTS.replace("2026-11-20", "2026-12-20").replace("2026-11-25", "2026-11-21"))
    assert run("load", "document.csv").exit_code == 0
    assert plan(run)["alerts"] == [{"name": "late", "entered": ["F3"], "stay": ["F1"], "left": ["F2"]}]
    apply(run, 2)
    assert plan(run)["alerts"] == [{"name": "late", "entered": [], "stay": ["F1", "F3"], "left": []}]
    assert "1 run" not in run("log", "--verify").stdout
    assert run("log", "--verify").exit_code == 0


def test_what_an_alert_shows_is_in_the_plan_and_its_file(run, mine: Path) -> None:
    document = plan(run)
    assert document["plan"]["alerts"] == [
        {"name": "late", "label": "Late invoices", "entity": "document", "level": "high", "audience": "collection",
         "columns": ["customer.code", "open_amount"]}
    ]  # fmt: skip
    assert document["alert_rows"] == [
        {"alert": "late", "subject": "F2", "label": "F2", "state": "entered", "show": ["C1", "30.00 EUR"]},
        {"alert": "late", "subject": "F1", "label": "F1", "state": "entered", "show": ["C1", "10.00 EUR"]},
    ]
    text = run("plan", "--as-of", DAY, "-o", "kept.plan").stdout
    assert 'late "Late invoices" (level high, for collection): 2 documents, 2 new, 0 left' in text
    assert run("show-plan", "kept.plan").stdout.splitlines()[:8] == text.splitlines()[:8]
    assert api.read_plan("kept.plan").alert_rows == tuple(
        json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in document["alert_rows"]
    )
    assert run("apply", "kept.plan", "--yes").exit_code == 0
    assert "already applied as run 1" in run("apply", "kept.plan", "--yes").stdout


def test_the_text_lists_the_first_rows_and_all_with_full(run, mine: Path) -> None:
    rows = "".join(f"G{number},C1,invoice,2026-11-01,{number}.00 EUR\n" for number in range(1, 10))
    documents(mine, DOCUMENTS + rows)
    assert run("load", "document.csv").exit_code == 0
    text = run("plan", "--as-of", DAY).stdout
    assert "late" in text and "… and 6 more" in text and "G1 " not in text
    assert "G1 " in run("plan", "--as-of", DAY, "--full").stdout
    summary = run("plan", "--as-of", DAY, "--summary").stdout
    assert "11 documents, 11 new, 0 left" in summary and "F2" not in summary


def test_show_names_the_rows_of_a_run(run, mine: Path) -> None:
    apply(run, 1)
    assert run("show", "1").stdout.endswith("Alerts\n  late: 2 rows: F2, F1\n")
    assert json.loads(run("show", "1", "--format", "json").stdout)["alerts"] == {"late": ["F2", "F1"]}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE assignrules_alert SET subject = 'F9' WHERE subject = 'F2'", "alert row 1 of run 1 (`F9`, `late`) was altered or moved"),
        ("DELETE FROM assignrules_alert WHERE sequence = 2", "the changes, alert rows or proposals of run 1 are not those that it stored"),
        ("DELETE FROM assignrules_alert", "the changes, alert rows or proposals of run 1 are not those that it stored"),
        ("UPDATE assignrules_alert SET run = 7", "alert row 1 of run 7 (`F2`, `late`) was altered or moved"),
    ],
)
def test_alert_rows_are_in_the_chain(run, mine: Path, statement: str, said: str) -> None:
    apply(run, 1)
    with DuckDB(mine / "mine.duckdb").writing() as session:
        session.execute(statement)
        session.commit()
    done = run("log", "--verify")
    assert done.exit_code == 1
    assert said in done.stderr


def test_a_journal_from_before_alerts_goes_on(run, mine: Path) -> None:
    apply(run, 1)
    with DuckDB(mine / "mine.duckdb").writing() as session:
        for statement in ("DROP TABLE assignrules_alert", "DELETE FROM assignrules_run", "DELETE FROM assignrules_change"):
            session.execute(statement)
        session.commit()
    assert plan(run)["alerts"] == [{"name": "late", "entered": ["F2", "F1"], "stay": [], "left": []}]
    apply(run, 1)
    assert plan(run)["alerts"] == [{"name": "late", "entered": [], "stay": ["F2", "F1"], "left": []}]


def test_report_as_table_csv_json_and_file(run, mine: Path) -> None:
    done = run("report", "owed", "--as-of", DAY)
    assert done.exit_code == 0
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["What", "is", "owed"],
        ["customer.country", "owed", "documents", "mean"],
        ["FR", "40.00", "EUR", "2", "20.00", "EUR"],
        ["BE", "5.50", "EUR", "1", "5.50", "EUR"],
        ["–", "0.25", "EUR", "1", "0.25", "EUR"],
        ["3", "lines"],
    ]
    assert json.loads(run("report", "owed", "--as-of", DAY, "--format", "json").stdout) == {
        "schema_version": 1,
        "report": "owed",
        "columns": ["customer.country", "owed", "documents", "mean"],
        "rows": [["FR", "40.00 EUR", 2, "20.00 EUR"], ["BE", "5.50 EUR", 1, "5.50 EUR"], [None, "0.25 EUR", 1, "0.25 EUR"]],
    }
    csv = "customer.country,owed,documents,mean\nFR,40.00 EUR,2,20.00 EUR\nBE,5.50 EUR,1,5.50 EUR\n,0.25 EUR,1,0.25 EUR\n"
    assert run("report", "owed", "--as-of", DAY, "--format", "csv").stdout == csv
    done = run("report", "owed", "--as-of", DAY, "-o", "owed.csv")
    assert (done.exit_code, done.stdout) == (0, "")
    assert (mine / "owed.csv").read_text() == csv
    assert "3 lines written to owed.csv" in done.stderr
    assert run("report", "owed", "-o", "owed.doc").exit_code == 64
    assert run("report", "all_documents", "--format", "csv").stdout.splitlines()[1:] == [
        "F1,10.00 EUR", "F2,30.00 EUR", "F3,5.50 EUR", "F4,0.25 EUR",
    ]  # fmt: skip


def test_a_report_that_is_not_there_or_has_no_right_figures(run, mine: Path) -> None:
    done = run("report", "owd")
    assert done.exit_code == 1
    assert "error[E0905]: there is no report `owd`" in done.stderr and "did you mean `owed`?" in done.stderr
    documents(mine, DOCUMENTS + "F5,C1,invoice,2026-11-01,7 GBP\n")
    assert run("load", "document.csv").exit_code == 0
    done = run("report", "owed", "--as-of", DAY)
    assert (done.exit_code, done.stdout) == (1, "")
    # FR has two currencies, so its euros need no rate, and F5 does.
    assert "error[E0502]: no exchange rate of `GBP` on or before 2026-11-22 (1 row of document: F5)" in done.stderr
    assert json.loads(run("report", "owed", "--as-of", DAY, "--format", "json").stdout)["diagnostics"][0]["code"] == "E0502"
    assert run("report", "all_documents").exit_code == 0, "it converts nothing"
    assert run("plan", "--as-of", DAY).exit_code == 1, "what a report needs is needed"


def test_old_data_stops_a_plan_and_an_apply(run, mine: Path) -> None:
    (mine / "assignrules.yml").write_text(
        'guards: {freshness: {documents: 26 hours, customer: 2 weeks}}\nenvironments: {local: {database: "duckdb:///mine.duckdb"}}\n'
    )
    fresh = run("plan", "--as-of", DAY, "--format", "json")
    assert fresh.exit_code == 0
    assert run("plan", "--as-of", DAY, "-o", "kept.plan").exit_code == 0
    loaded(mine, timedelta(hours=27, minutes=5))
    old = run("plan", "--as-of", DAY, "--format", "json")
    assert (old.exit_code, old.stdout) == (3, fresh.stdout), "it is no part of the plan's bytes"
    said = "error[E0603]: guard `freshness:document`: the data of `document` is 1 day 3 hours old, and may be 1 day 2 hours old"
    assert said in old.stderr and "--override-guard freshness:document" in old.stderr
    assert run("plan", "--as-of", DAY, "--override-guard", "freshness:document").exit_code == 0
    assert run("plan", "--override-guard", "freshness:order").exit_code == 1
    for arguments in (("--as-of", DAY), ("kept.plan",)):
        done = run("apply", "--yes", *arguments)
        assert done.exit_code == 3
        assert said in done.stderr
    refused = run("apply", "--yes", "--as-of", DAY, "--format", "json")
    assert (refused.exit_code, json.loads(refused.stdout)["diagnostics"][0]["code"]) == (3, "E0603")
    assert run("log").stdout.startswith("The journal is empty")
    done = run("apply", "kept.plan", "--yes", "--override-guard", "freshness:document")
    assert done.exit_code == 0, done.output
    assert json.loads(run("show", "1", "--format", "json").stdout)["run"]["overrides"] == ["freshness:document"]
    assert run("apply", "kept.plan", "--yes").exit_code == 0, "already applied, whatever the data's age"


def test_data_of_an_unknown_age_is_not_fresh(run, mine: Path) -> None:
    (mine / "assignrules.yml").write_text(
        'guards: {freshness: {order: 1 day}}\nenvironments: {local: {database: "duckdb:///mine.duckdb"}}\n'
    )
    done = run("plan", "--as-of", DAY)
    assert done.exit_code == 3
    assert "guard `freshness:order`: nothing says when the data of `order` was loaded" in done.stderr


def loaded(folder: Path, ago: timedelta) -> None:
    with DuckDB(folder / "mine.duckdb").writing() as session:
        note_load(session, "document", datetime.now(UTC) - ago)
        session.commit()


def test_a_report_as_a_workbook(run, mine: Path) -> None:
    assert run("report", "owed", "--as-of", DAY, "-o", "owed.xlsx").exit_code == 0
    text = ZipFile("owed.xlsx").read("xl/worksheets/sheet1.xml").decode()
    assert "40.00 EUR" in text and "<c><v>2</v></c>" in text and "owed" in ZipFile("owed.xlsx").read("xl/workbook.xml").decode()
    assert run("report", "owed", "--format", "xlsx").exit_code == 64
