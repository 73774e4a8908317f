"""Proposals on the command line, beside those of a plan: what a run did with them."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.slow

DAY = "2026-11-22"
RULES = """
propose "Stop deliveries" to turnover_12m > 100 EUR amount turnover_12m approver sales_manager
  show country because "{turnover_12m} in a year"
alert small "Small ones" where turnover_12m < 50 EUR
assign scenario "Standard" to turnover_12m > 500 EUR
"""


@pytest.fixture
def mine(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a proposal, loaded, as the current folder."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "all.rules").write_text(RULES)
    (tmp_path / "assignrules.yml").write_text('environments: {local: {database: "duckdb:///mine.duckdb"}}\n')
    monkeypatch.chdir(tmp_path)
    customers(run, "C1,Alpha,FR,200 EUR\nC2,Beta,BE,600 EUR\nC3,Gamma,FR,10 EUR\n")
    return tmp_path


def customers(run, rows: str) -> None:
    Path("customer.csv").write_text(f"code,name,country,turnover_12m\n{rows}")
    assert run("load", "customer.csv").exit_code == 0


def apply(run) -> None:
    done = run("apply", "--as-of", DAY, "--yes")
    assert done.exit_code == 0, done.output


def test_show_lists_the_proposals_of_a_run(run, mine: Path) -> None:
    apply(run)
    shown = run("show", "1").stdout
    assert shown.split("\nscenario\n")[1].splitlines() == [
        "  (none) -> Standard: 1 customer",
        "    C2  Beta",
        "",
        'Proposal "Stop deliveries"  rules/all.rules:2',
        "  to decide: 2 subjects",
        "    C1  Alpha  200.00 EUR  for sales_manager: 200.00 EUR in a year; country FR",
        "    C2  Beta  600.00 EUR  for sales_manager: 600.00 EUR in a year; country BE",
        "",
        "Alerts",
        "  small: 1 row: C3",
    ]
    found = json.loads(run("show", "1", "--format", "json").stdout)["proposals"]
    assert [(item["subject"], item["action"], item["outbox"], item["show"]) for item in found] == [
        ("C1", "make", 1, {"country": "FR"}),
        ("C2", "make", 2, {"country": "BE"}),
    ]
    customers(run, "C1,Alpha,FR,20 EUR\nC2,Beta,BE,600 EUR\n")
    apply(run)
    assert [(item["subject"], item["action"]) for item in json.loads(run("show", "2", "--format", "json").stdout)["proposals"]] == [
        ("C1", "withdraw")
    ]
    written = json.loads(run("export", "1", "--format", "json").stdout)["export"]
    assert written == {"run": 1, "folder": "export_1", "files": [{"file": "proposals.csv", "rows": 2}]}
    assert Path("export_1", "proposals.csv").read_text().splitlines() == [
        "outbox,proposal,entity,subject,label,action,before,after,amount,approver,because,show",
        '1,Stop deliveries,customer,C1,Alpha,make,,open,200.00 EUR,sales_manager,200.00 EUR in a year,"{""country"": ""FR""}"',
        '2,Stop deliveries,customer,C2,Beta,make,,open,600.00 EUR,sales_manager,600.00 EUR in a year,"{""country"": ""BE""}"',
    ]
    assert run("export", "2", "-o", "files").stdout == "files/proposals.csv: 1 row\n"
    assert Path("files", "proposals.csv").read_text().splitlines()[1] == "1,Stop deliveries,customer,C1,,withdraw,open,withdrawn,,,,"
    assert run("export", "9").exit_code == 1
    assert run("export", "1", "-o", "customer.csv").exit_code == 64
    assert "withdrawn, no longer called for: 1 subject\n    C1\n" in run("show", "2").stdout
    assert json.loads(run("show", "1", "--format", "json").stdout)["proposals"] == found, "a run stays as it was"


def test_a_plan_as_pages(run, mine: Path) -> None:
    done = run("plan", "--as-of", DAY, "--summary", "--html", "plan.html", "--markdown", "plan.md", "--xlsx", "plan.xlsx")
    assert done.exit_code == 0, done.output
    html, markdown = Path("plan.html").read_text(encoding="utf-8"), Path("plan.md").read_text(encoding="utf-8")
    assert "<td>200.00 EUR in a year</td>" in html and "Stop deliveries: make: 2 subjects" in html
    assert "### Stop deliveries: make: 2 subjects" in markdown and "| C3 | entered |" in markdown
    assert b"200.00 EUR in a year" in ZipFile("plan.xlsx").read("xl/worksheets/sheet3.xml")
    assert run("plan", "--html", "nowhere/plan.html").exit_code == 64
