"""assignrules as a library: from an empty folder to a journal, without the command."""

from __future__ import annotations

import dataclasses
import inspect
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from assignrules import api
from assignrules.databases import DatabaseProblem
from assignrules.project import Project

DAY = date(2026, 11, 22)
RULES = """\
param large: money = 1_000 EUR

search owing "Owing" where outstanding >= large

search open on documents where open_amount > 0

assign scenario
  "Call" to owing

assign group "Owing"
  add    owing
  remove others
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two customers, one of whom owes much; loaded."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "assignrules.yml").write_text("name: mine\n")
    (tmp_path / "rules" / "a.rules").write_text(RULES)
    (tmp_path / "data" / "customers.csv").write_text("code,name\nC1,Alpha\nC2,Beta\n")
    (tmp_path / "data" / "documents.csv").write_text("number,customer,type,open_amount\nF1,C1,invoice,5000 EUR\nF2,C2,invoice,5 EUR\n")
    opened = api.load_project(tmp_path, as_of=DAY)
    assert api.load(opened, [tmp_path / "data"]).loaded
    return opened


def test_every_function_is_documented_and_typed() -> None:
    functions = [item for name in api.__all__ if inspect.isfunction(item := getattr(api, name))]
    assert len(functions) >= 12
    for function in functions:
        assert function.__doc__, function.__name__
        assert inspect.signature(function).return_annotation is not inspect.Signature.empty


def test_a_run_from_check_to_journal(project: Project) -> None:
    assert api.check(project).ok
    assert api.search(project, "owing").rows == (("C1", "Alpha"),)
    assert [(item.name, item.entity, item.count) for item in api.search_counts(project)] == [
        ("open", "document", 2),
        ("owing", "customer", 1),
    ]
    plan = api.plan_changes(project)
    assert plan.header.applicable
    assert [(change.target, change.subject, change.after) for change in plan.change_rows()] == [
        ("group", "C1", True),
        ("scenario", "C1", "Call"),
    ]
    result = api.apply(project, plan, user="ana", reason="first")
    assert (result.exit_code, result.run, result.changes) == (0, 1, 2)
    assert api.journal_head(project) == result.head
    assert not api.plan_changes(project).changes
    (run,) = api.log(project)
    assert (run.user, run.reason) == ("ana", "first")
    assert api.run(project, 1) == (run, tuple(plan.change_rows()))
    assert [change.target for _, change in api.history(project, "C1")] == ["group", "scenario"]
    assert api.history(project, "C2") == ()
    assert api.verify(project, result.head) == ()
    assert [item.code for item in api.verify(project)] == ["W0801"]


def test_results_are_frozen(project: Project) -> None:
    for value in (project, api.check(project), api.plan_changes(project), api.run_tests(project)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, dataclasses.fields(value)[0].name, None)


def test_problems_carry_their_diagnostics(project: Project) -> None:
    (project.root / "rules" / "b.rules").write_text("search bad where nobody_knows\n")
    with pytest.raises(api.Problems) as raised:
        api.plan_changes(project)
    (found,) = raised.value.diagnostics
    assert (found.code, found.span and found.span.file) == ("E0201", "rules/b.rules")
    assert "rules/b.rules" in raised.value.sources
    assert not api.check(project).ok


def test_what_is_not_there(project: Project, tmp_path: Path) -> None:
    for call, code in (
        (lambda: api.load_project(tmp_path.parent), "E0901"),
        (lambda: api.load_project(tmp_path, environment="x"), "E0903"),
        (lambda: api.search(project, "owin"), "E0905"),
        (lambda: api.run(project, 7), "E0802"),
        (lambda: api.history(project, "C9"), "E0803"),
        (lambda: api.plan_changes(project, only="grup"), "E0203"),
        (lambda: api.plan_changes(project, overrides=["grup"]), "E0906"),
        (lambda: api.compile_sql(project, dialect="duckbd"), "E0906"),
        (lambda: api.read_plan(tmp_path / "none"), "E0601"),
        (lambda: api.run_tests(project, ["none.yml"]), "E0906"),
    ):
        with pytest.raises(api.Problems) as raised:
            call()
        assert [item.code for item in raised.value.diagnostics] == [code]


def test_no_data_yet(project: Project) -> None:
    (project.root / "assignrules.duckdb").unlink()
    with pytest.raises(DatabaseProblem) as raised:
        api.plan_changes(project)
    assert raised.value.diagnostic.code == "E0510"


def test_a_database_of_somebody_else_holds_no_data(project: Project) -> None:
    import duckdb

    path = project.root / "assignrules.duckdb"
    path.unlink()
    duckdb.connect(str(path)).close()
    with pytest.raises(DatabaseProblem) as raised:
        api.search(project, "owing")
    assert raised.value.diagnostic.code == "E0510"


def test_a_search_of_another_entity(project: Project) -> None:
    (project.root / "rules" / "b.rules").write_text("search open where outstanding > 0\n")
    assert api.search(project, "open").entity == "customer"
    assert api.search(project, "document.open").entity == "document"
    assert api.search(project, "document.open", limit=1).rows == (("F1", "F1"),)


def test_a_plan_in_a_file(project: Project, tmp_path: Path) -> None:
    plan = api.plan_changes(project, keep=True)
    assert plan.header.created is not None and plan.header.expires is not None
    api.save_plan(plan, tmp_path / "a.plan")
    kept = api.read_plan(tmp_path / "a.plan")
    assert kept == plan
    assert api.plan_is_of(kept, project)
    (project.root / "rules" / "a.rules").write_text(RULES.replace("1_000", "1_001"))
    assert not api.plan_is_of(kept, project)
    assert api.apply(project, kept).exit_code == 4


@pytest.mark.slow
def test_parameters_and_guards_come_from_the_project(project: Project) -> None:
    assert api.search(dataclasses.replace(project, params={"large": "1 EUR"}), "owing").count == 2
    assert api.search(api.load_project(project.root, params={"large": "1 EUR"}), "owing").count == 2
    api.apply(project, api.plan_changes(project))
    (project.root / "rules" / "a.rules").write_text(RULES.replace('"Call"', '"Write"'))
    plan = api.plan_changes(project)
    assert not plan.header.applicable
    assert api.plan_changes(dataclasses.replace(project, guard=Decimal(1))).header.applicable
    assert api.plan_changes(project, overrides=["scenario"]).header.applicable
    assert api.apply(project, plan).exit_code == 3
    assert api.apply(project, plan, overrides=["scenario"]).exit_code == 0


def test_format_rules(project: Project) -> None:
    path = project.root / "rules" / "a.rules"
    path.write_text(RULES.replace("  add    owing", "add owing"))
    path.chmod(0o640)
    found = api.format_rules(project, write=False)
    assert (found.changed, found.unchanged, found.diagnostics) == (("rules/a.rules",), (), ())
    assert "add owing" in path.read_text()
    api.format_rules(project)
    assert path.read_text() == RULES
    assert path.stat().st_mode & 0o777 == 0o640
    assert api.format_rules(project, ["rules/a.rules"] if Path.cwd() == project.root else [path]).unchanged == ("rules/a.rules",)


def test_rule_tests_without_a_last_line_break_and_without_data(project: Project) -> None:
    text = "as_of: 2026-11-22\ngiven: {customer: [{code: X}]}\nexpect: {searches: {owing: []}}"
    (project.root / "tests" / "a.yml").write_text(text)
    (project.root / "assignrules.duckdb").unlink()
    report = api.run_tests(project)
    assert report.ok, report.results
    assert [result.file for result in report.results] == ["tests/a.yml"]
    assert not (project.root / "assignrules.duckdb").exists()
