"""`load`, `search`, `plan`, `show-plan`, `apply`, `explain`, and the journal."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from tests.cli.conftest import on_postgres

from assignrules import api
from assignrules.cli import apply as apply_command
from assignrules.cli import revert as revert_command
from assignrules.databases import Database, quoted
from assignrules.databases.embedded import tables
from assignrules.project import database_of
from assignrules.schema.logical import credit

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, params=["duckdb", "postgres"])
def database(request: pytest.FixtureRequest, project: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Everything here runs on either database."""
    if request.param == "postgres":
        on_postgres(project, monkeypatch)
    return str(request.param)


def rules(project: Path, old: str, new: str) -> None:
    path = project / "rules" / "strategy.rules"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def lock_off(project: Path) -> None:
    """C004 is no longer locked: a fact that makes a change."""
    path = project / "data" / "customers.csv"
    path.write_text(path.read_text().replace("true,true", "true,false"))


def test_load_reports_rows(run, project: Path) -> None:
    done = run("load", "data")
    assert done.exit_code == 0
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["entity", "file", "before", "rows", "rejected"],
        ["customer", "customers.csv", "4", "4", "."],
        ["document", "documents.csv", "5", "5", "."],
        ["contact", "contacts.csv", "2", "2", "."],
    ]
    assert "loaded 11 rows from 3 files" in done.stderr
    assert run("load", "data", "-q").stderr == ""


def test_load_rejects_with_reasons(run, project: Path) -> None:
    path = project / "data" / "documents.csv"
    path.write_text(path.read_text() + "F9,C001,invoice,2025-13-01,,1.00,1.00,EUR\n")
    done = run("load", "data")
    assert done.exit_code == 1
    assert "`documents.csv` line 7" in done.stderr
    assert "nothing was loaded: 1 row rejected" in done.stderr
    document = json.loads(run("load", "data", "--format", "json").stdout)
    assert (document["loaded"], document["entities"][1]["rejected"]) == (False, 1)
    assert run("search", "very_late").exit_code == 0, "the rows of before are still there"


def test_search_as_table_csv_and_json(run, project: Path) -> None:
    assert run("search", "very_late").stdout.splitlines()[-1] == "3 customers"
    limited = run("search", "very_late", "--limit", "1")
    assert limited.stdout.splitlines() == ["key   label", "C001  Alpha Tools", "3 customers, 1 shown"]
    assert json.loads(run("search", "very_late", "--format", "json", "--limit", "2").stdout) == {
        "schema_version": 1,
        "search": "very_late",
        "count": 3,
        "rows": [{"key": "C001", "label": "Alpha Tools"}, {"key": "C002", "label": "Bakery Bruno"}],
    }
    assert list(csv.reader(io.StringIO(run("search", "major", "--format", "csv").stdout))) == [
        ["key", "label"],
        ["C001", "Alpha Tools"],
        ["C003", "Cycle Works"],
    ]


def test_search_csv_has_no_formulas(run, project: Path) -> None:  # S4
    path = project / "data" / "customers.csv"
    path.write_text(path.read_text().replace("Alpha Tools", '"=HYPERLINK(""x"")"'))
    run("load", "data")
    assert "C001,\"'=HYPERLINK(" in run("search", "major", "--format", "csv").stdout


def test_search_count(run, project: Path) -> None:
    assert run("search", "--count", "--format", "csv").stdout == (
        "search,entity,count,label\nmajor,customer,2,Major customers\nvery_late,customer,3,Old arrears\n"
    )
    assert [row["count"] for row in json.loads(run("search", "--count", "--format", "json").stdout)["searches"]] == [2, 3]
    assert "Old arrears" in run("search", "--count").stdout


def test_a_search_without_its_rate_says_so(run, project: Path) -> None:
    (project / "rules" / "dollars.rules").write_text("search dollars where outstanding > 1 USD\nsearch euros where outstanding > 1 EUR\n")
    every = run("search", "--count", "--as-of", "2026-11-22")
    assert every.exit_code == 0
    assert every.stderr.count("warning[W0508]: search `dollars` leaves amounts out") == 1
    assert "`euros`" not in every.stderr
    assert "W0508" in run("search", "dollars", "--as-of", "2026-11-22").stderr
    assert run("search", "euros", "--as-of", "2026-11-22").stderr == ""


def test_search_that_does_not_exist(run, project: Path) -> None:
    done = run("search", "very_lat")
    assert done.exit_code == 1
    assert "did you mean `very_late`?" in done.stderr
    assert run("search").exit_code == 64
    assert run("search", "very_late", "--count").exit_code == 64


def test_as_of_and_params_change_the_answer(run, project: Path) -> None:
    assert "0 customers" in run("search", "very_late", "--as-of", "2025-01-31").stdout
    assert "1 customer" in run("search", "major", "--param", "large=35_000 EUR").stdout
    assert run("search", "major", "--param", "larg=35_000 EUR").exit_code == 1
    assert run("search", "major", "--param", "large").exit_code == 64
    assert run("search", "major", "--as-of", "22.11.2026").exit_code == 64


def contents(project: Path) -> list[object]:
    """Every table of the project's database."""
    with opened(project).reading() as session:
        return [(table, sorted(map(str, session.fetch(f"SELECT * FROM {quoted(table)}")))) for table in tables(credit())]


def opened(project: Path) -> Database:
    database, problems = database_of(api.load_project(project))
    assert database is not None, problems
    return database


def test_plan_writes_nothing(run, project: Path) -> None:
    before = contents(project)
    planned = run("plan")
    assert planned.exit_code == 0
    assert "(none) -> Call first: 2 customers" in planned.stdout
    assert "scenario, held by except: 1 customer" in planned.stdout
    assert planned.stdout.endswith("Apply with: assignrules apply\n")
    assert contents(project) == before
    assert run("plan", "--detailed-exitcode").exit_code == 2
    assert "Alpha Tools" not in run("plan", "--summary").stdout
    assert "C003  Cycle Works: (none) -> Standard phone  because 40000.00 EUR" in run("plan", "--full").stdout
    assert run("plan", "--full", "--summary").exit_code == 64


def test_plan_to_nowhere(run, project: Path) -> None:
    assert run("plan", "-o", "none/today.plan").exit_code == 64


def test_plan_only_one_target(run, project: Path) -> None:
    plan = json.loads(run("plan", "--only", "group", "--format", "json").stdout)
    assert {change["target"] for change in plan["changes"]} == {"group"}
    assert plan["schema_version"] == 1
    wrong = run("plan", "--only", "groups")
    assert wrong.exit_code == 1
    assert "did you mean `group`?" in wrong.stderr


def test_a_plan_of_one_target_is_applied(run, project: Path) -> None:
    whole = json.loads(run("plan", "--format", "json", "--as-of", "2026-11-22").stdout)["plan"]["ruleset"]
    run("plan", "--only", "group", "-o", "group.plan", "--as-of", "2026-11-22")
    applied = run("apply", "group.plan", "--yes")
    assert (applied.exit_code, "applied as run 1: 1 change" in applied.stdout) == (0, True)
    assert api.read_plan("group.plan").header.ruleset == whole
    left = json.loads(run("plan", "--format", "json", "--as-of", "2026-11-22").stdout)
    assert {change["target"] for change in left["changes"]} == {"scenario"}


def test_a_kept_plan_is_applied_once(run, project: Path) -> None:
    kept = run("plan", "-o", "today.plan", "--as-of", "2026-11-22")
    assert kept.stdout.endswith("Apply with: assignrules apply today.plan --as-of 2026-11-22\n")
    shown = run("show-plan", "today.plan")
    assert shown.exit_code == 0
    assert "(none) -> Call first: 2 customers" in shown.stdout
    applied = run("apply", "today.plan", "--yes", "--reason", "go live", "--approved-by", "Ana", "--as", "batch")
    assert applied.exit_code == 0
    assert "applied as run 1: 4 changes" in applied.stdout
    again = run("apply", "today.plan", "--yes")
    assert again.exit_code == 0
    assert again.stdout.startswith("already applied as run 1\njournal head sha256:"), "without the preview"
    shown = run("show", "1")
    for text in ("go live", "Ana", "batch", "(none) -> Call first: 2 customers"):
        assert text in shown.stdout


def test_show_plan_warns_of_other_rules_and_needs_no_database(run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("plan", "-o", "today.plan")
    (project / "local.duckdb").unlink(missing_ok=True)
    monkeypatch.setenv("STRATEGY_DATABASE", "postgresql:///nowhere?host=/nowhere")
    rules(project, "25_000 EUR", "26_000 EUR")
    shown = run("show-plan", "today.plan", "--summary")
    assert shown.exit_code == 0
    assert "no longer those of this plan" in shown.stderr
    assert json.loads(run("show-plan", "today.plan", "--format", "json").stdout)["plan"]["applicable"] is True


def test_a_plan_of_other_rules_is_refused(run, project: Path) -> None:
    run("plan", "-o", "today.plan")
    rules(project, "25_000 EUR", "26_000 EUR")
    refused = run("apply", "today.plan", "--yes")
    assert refused.exit_code == 4
    assert "error[E0702]" in refused.stderr
    assert "nothing was written" in refused.stderr
    document = json.loads(run("apply", "today.plan", "--yes", "--format", "json").stdout)
    assert (document["outcome"], document["diagnostics"][0]["code"]) == ("stale", "E0702")


def test_a_stale_plan_names_the_rows(run, project: Path) -> None:
    run("plan", "-o", "today.plan")
    assert run("apply", "--yes", "--param", "very_late_after=10 days", "--as-of", "2025-04-01").exit_code == 0
    stale = run("apply", "today.plan", "--yes")
    assert stale.exit_code == 4
    assert "of `C001` is" in stale.stderr


def test_a_plan_file_that_is_none(run, project: Path) -> None:
    assert run("apply", "none.plan", "--yes").exit_code == 1
    assert run("show-plan", "assignrules.yml").exit_code == 1
    run("plan", "-o", "today.plan")
    path = project / "today.plan"
    path.write_text(path.read_text().replace("Call first", "Call never"))
    tampered = run("apply", "today.plan", "--yes")
    assert tampered.exit_code == 1
    assert "error[E0602]" in tampered.stderr


def test_apply_asks(run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # G2
    refused = run("apply")
    assert refused.exit_code == 64
    assert "--yes" in refused.stderr
    assert json.loads(run("apply", "--format", "json").stdout)["diagnostics"][0]["code"] == "E0709"
    monkeypatch.setattr(apply_command, "interactive", lambda: True)
    no = run("apply", input="n\n")
    assert no.exit_code == 0
    assert "nothing was written" in no.stderr
    declined = json.loads(run("apply", "--format", "json", input="n\n").stdout)
    assert (declined["outcome"], declined["run"], declined["changes"], declined["diagnostics"]) == ("declined", None, 0, [])
    assert "empty" in run("log").stdout
    yes = run("apply", input="y\n")
    assert yes.exit_code == 0
    assert "applied as run 1" in yes.stdout
    interrupted = run("apply", input="")
    assert interrupted.exit_code == 0, "there is nothing to ask about any more"


def test_interrupted_at_the_question(run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply_command, "interactive", lambda: True)
    assert run("apply", input="").exit_code == 130


def test_dry_run_is_plan(run, project: Path) -> None:
    dry = run("apply", "--dry-run")
    assert dry.exit_code == 0
    assert dry.stdout == run("plan").stdout
    run("plan", "-o", "today.plan")
    assert "Call first" in run("apply", "today.plan", "--dry-run").stdout
    assert "empty" in run("log").stdout


def test_planning_again_changes_nothing(run, project: Path) -> None:
    assert run("apply", "--yes", "--as-of", "2026-11-22").exit_code == 0
    again = run("plan", "--detailed-exitcode", "--as-of", "2026-11-22")
    assert again.exit_code == 0
    assert "No change" in again.stdout
    document = json.loads(run("apply", "--yes", "--format", "json", "--as-of", "2026-11-22").stdout)
    assert (document["outcome"], document["changes"], document["run"]) == ("applied", 0, 2)


def test_a_tripped_guard(run, project: Path) -> None:
    assert run("apply", "--yes").exit_code == 0
    rules(project, '"Call first"', '"Call at once"')
    rules(project, "  otherwise keep\n", "  otherwise keep\n  guard at most 1 changes\n")  # bears the name of the project's own guard
    tripped = run("plan", "--detailed-exitcode")
    assert tripped.exit_code == 3
    assert "TRIPPED" in tripped.stdout
    assert "add --override-guard scenario" in tripped.stdout
    assert run("apply", "--yes").exit_code == 3
    document = json.loads(run("apply", "--yes", "--format", "json").stdout)
    assert (document["outcome"], document["diagnostics"][0]["code"]) == ("refused", "E0603")
    run("plan", "-o", "today.plan")
    assert run("apply", "today.plan", "--yes").exit_code == 3
    assert len(json.loads(run("log", "--format", "json").stdout)["runs"]) == 1
    wrong = run("plan", "--override-guard", "scenarios")
    assert wrong.exit_code == 1
    assert "did you mean `scenario`?" in wrong.stderr
    overridden = run("plan", "--override-guard", "scenario", "--detailed-exitcode")
    assert overridden.exit_code == 2
    assert "overridden" in overridden.stdout
    guards = json.loads(run("plan", "--override-guard", "scenario", "--format", "json").stdout)["plan"]["guards"]
    both = [(guard["bound"], guard["changes"], guard["overridden"]) for guard in guards if guard["name"] == "scenario"]
    assert both == [("1", 2, True), ("30%", 2, True)]
    would = run("apply", "today.plan", "--dry-run", "--override-guard", "scenario")
    assert (would.exit_code, "cannot be applied" in would.stdout) == (0, False)
    other_day = run("apply", "today.plan", "--dry-run", "--as-of", "2001-01-01")
    assert "`--as-of 2001-01-01` changes nothing" in other_day.stderr
    assert "changes nothing" not in would.stderr
    done = run("apply", "today.plan", "--yes", "--override-guard", "scenario")
    assert done.exit_code == 0
    assert "overridden" in done.stdout and "TRIPPED" not in done.stdout and "cannot be applied" not in done.stdout
    assert "scenario" in json.loads(run("log", "--format", "json").stdout)["runs"][0]["overrides"]


def test_data_errors(run, project: Path) -> None:
    path = project / "data" / "documents.csv"
    path.write_text(path.read_text() + "F9,C001,invoice,2025-01-01,2025-01-31,10.00,10.00,USD\n")
    assert run("load", "data").exit_code == 0
    planned = run("plan")
    assert planned.exit_code == 1
    assert "E0502" in planned.stdout
    assert "cannot be applied" in planned.stdout
    assert run("apply", "--yes").exit_code == 1
    run("plan", "-o", "today.plan")
    assert run("apply", "today.plan", "--yes").exit_code == 1
    assert "empty" in run("log").stdout


def test_the_journal(run, project: Path) -> None:
    assert "empty" in run("log").stdout
    run("apply", "--yes", "--as-of", "2026-11-22", "--reason", "first")
    lock_off(project)
    run("load", "data")
    run("apply", "--yes", "--as-of", "2026-11-23")
    log = json.loads(run("log", "--format", "json").stdout)
    assert [found["id"] for found in log["runs"]] == [2, 1], "the latest first"
    assert log["runs"][1]["reason"] == "first"
    assert "scenario 1" in run("log", "--limit", "1").stdout
    assert json.loads(run("show", "2", "--format", "json").stdout)["changes"][0]["subject"] == "C004"
    assert "C004  Delta Print" in run("show", "2", "--full").stdout
    assert "scenario  (none) -> Call first" in run("history", "C004").stdout
    assert json.loads(run("history", "C004", "--format", "json").stdout)["changes"][0]["run"] == 2
    missing = run("show", "3")
    assert missing.exit_code == 1
    assert "runs go from 1 to 2" in missing.stderr


def test_revert(run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # J2
    run("apply", "--yes", "--as-of", "2026-11-22")
    assert run("revert", "1").exit_code == 64, "there is nobody to ask"
    assert "runs go from 1 to 1" in run("revert", "2", "--yes").stderr
    looked = run("revert", "1", "--plan-only")
    assert (looked.exit_code, looked.stdout.splitlines()[0][:21]) == (0, "Plan to revert run 1 ")
    assert "Apply with: assignrules revert 1" in looked.stdout
    document = json.loads(run("revert", "1", "--plan-only", "--format", "json").stdout)
    assert (document["plan"]["reverts"], len(document["changes"])) == (1, 4)
    assert run("revert", "1", "-o", "back.plan").exit_code == 0
    assert len(json.loads(run("log", "--format", "json").stdout)["runs"]) == 1, "so far nothing was written"
    assert "Plan to revert run 1" in run("show-plan", "back.plan").stdout
    done = run("apply", "back.plan", "--yes", "--reason", "a mistake")
    assert (done.exit_code, done.stdout.splitlines()[-2]) == (0, "applied as run 2: 4 changes")
    assert "already applied as run 2" in run("apply", "back.plan", "--yes").stdout
    assert "reverts run 1" in run("log").stdout
    assert "revert of run 1" in run("history", "C001").stdout
    # Twice is a conflict; the revert of the revert is not, and asks.
    twice = run("revert", "1", "--yes")
    assert twice.exit_code == 3
    assert "Conflicts: 4 changes of run 1" in twice.stdout
    refused = json.loads(run("revert", "1", "--yes", "--format", "json").stdout)
    assert (refused["outcome"], refused["diagnostics"][0]["code"], len(refused["conflicts"])) == ("refused", "E0604", 4)
    monkeypatch.setattr(revert_command, "interactive", lambda: True)
    assert "nothing was written" in run("revert", "2", input="n\n").stderr
    assert json.loads(run("revert", "2", "--format", "json", input="n\n").stdout)["outcome"] == "declined"
    asked = run("revert", "2", input="y\n")
    assert (asked.exit_code, "applied as run 3" in asked.stdout) == (0, True)
    # Broken rules do not stand in the way of going back.
    (project / "rules" / "strategy.rules").write_text("assign scenario nonsense")
    with opened(project).writing() as session:
        session.execute("UPDATE assignrules_target_scenario SET value = 'Mine' WHERE subject = 'C003'")
        session.commit()
    assert run("revert", "3", "--yes").exit_code == 3
    left = json.loads(run("revert", "3", "--yes", "--skip-conflicts", "--format", "json").stdout)
    assert (left["outcome"], left["run"], left["changes"]) == ("applied", 4, 3)
    assert [(item["subject"], item["target"]) for item in left["conflicts"]] == [("C003", "scenario")]
    assert run("log", "--verify", "--anchor", left["head"]).exit_code == 0


def test_what_is_changed_by_hand_is_shown(run, project: Path) -> None:
    run("apply", "--yes", "--as-of", "2026-11-22")
    with opened(project).writing() as session:
        session.execute("UPDATE assignrules_target_scenario SET value = 'Mine' WHERE subject = 'C003'")
        session.execute("DELETE FROM assignrules_target_group")
        session.commit()
    assert "since then, by hand\n    scenario  Standard phone -> Mine\n" in run("history", "C003").stdout
    by_hand = json.loads(run("history", "C003", "--format", "json").stdout)["by_hand"]
    assert by_hand == [{"target": "scenario", "member": None, "before": "Standard phone", "after": "Mine"}]
    assert "(changed by hand)" in run("plan", "--as-of", "2026-11-23").stdout
    assert "(changed by hand): " in run("plan", "--as-of", "2026-11-23", "--full").stdout
    run("apply", "--yes", "--as-of", "2026-11-23", "--override-guard", "scenario")
    assert "C003  Cycle Works (changed by hand before)" in run("show", "2").stdout
    history = run("history", "C003").stdout
    assert "by hand\n    scenario  Standard phone -> Mine\nrun 2" in history
    assert "since then" not in history
    assert 'by hand\n    group "Watch list"  removed\nrun 2' in run("history", "C001").stdout


def test_history_of_nobody(run, project: Path) -> None:
    assert "Nothing was ever changed for C001" in run("history", "C001").stdout
    nobody = run("history", "C01")
    assert nobody.exit_code == 1
    assert "did you mean `C001`?" in nobody.stderr


def test_verify(run, project: Path) -> None:
    run("apply", "--yes", "--as-of", "2026-11-22")
    fine = run("log", "--verify")
    assert fine.exit_code == 0
    assert "warning[W0801]" in fine.stderr
    head = json.loads(run("log", "--format", "json").stdout)["runs"][0]["hash"]
    anchored = run("log", "--verify", "--anchor", head)
    assert (anchored.exit_code, anchored.stderr) == (0, "")
    run("plan", "-o", "next.plan")
    assert run("log", "--verify", "--anchor", "next.plan").exit_code == 0
    assert run("log", "--verify", "--anchor", "sha256:00").exit_code == 1
    assert run("log", "--verify", "--anchor", head.removeprefix("sha256:")).exit_code == 0
    mistyped = run("log", "--verify", "--anchor", "nxt.plan")
    assert (mistyped.exit_code, "E0601" in mistyped.stderr, "E0801" in mistyped.stderr) == (1, True, False)
    assert run("log", "--anchor", head).exit_code == 64
    with opened(project).writing() as session:
        session.execute("UPDATE assignrules_change SET after = 'X' WHERE subject = 'C003'")
        session.commit()
    altered = run("log", "--verify", "--format", "json")
    assert altered.exit_code == 1
    assert "C003" in altered.stderr
    assert json.loads(altered.stdout)["ok"] is False


def test_explain(run, project: Path) -> None:
    everything = run("explain", "C003")
    assert everything.exit_code == 0, everything.stderr
    assert "Standard phone" in everything.stdout
    assert "group" in everything.stdout
    one = run("explain", "C003", "scenario")
    assert "group" not in one.stdout
    assert "40000.00 EUR" in one.stdout
    assert json.loads(run("explain", "C003", "scenario", "--format", "json").stdout)["schema_version"] == 1
    assert "did you mean `scenario`?" in run("explain", "C003", "scenari").stderr
    assert run("explain", "C0").exit_code == 1
