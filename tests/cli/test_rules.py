"""`check`, `fmt`, `test`, `compile`, `help`: the rules, without a database."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytestmark = pytest.mark.slow

BROKEN = 'search late where outstandin > 5 EUR\nassign group "A"\n  add late\n'


@pytest.fixture
def broken(project: Path) -> Path:
    (project / "rules" / "broken.rules").write_text(BROKEN)
    return project


def test_check_says_where_and_what_to_do(run, broken: Path) -> None:
    checked = run("check")
    assert checked.exit_code == 1
    assert "error[E0201]" in checked.stdout
    assert "--> rules/broken.rules:1:19" in checked.stdout
    assert "help: did you mean `outstanding`?" in checked.stdout
    assert "error in 2 files" in checked.stdout
    assert run("check", "-q").stdout.endswith("?\n\n")


def test_check_of_a_path_shows_its_problems_alone(run, broken: Path) -> None:
    assert run("check", "rules/strategy.rules").exit_code == 0
    assert run("check", "rules/broken.rules").exit_code == 1
    assert run("check", "rules").exit_code == 1
    missing = run("check", "rules/none.rules")
    assert missing.exit_code == 1
    assert "does not exist" in missing.stdout


def test_a_file_outside_the_rules_is_checked_alone(run, project: Path, tmp_path: Path) -> None:
    (tmp_path / "draft.rules").write_text("search very_late where overdue > 1 EUR\n")
    assert run("check", tmp_path / "draft.rules").exit_code == 0, "`very_late` would clash with the project's"


def test_check_as_json(run, broken: Path) -> None:
    checked = run("check", "--format", "json")
    document = json.loads(checked.stdout)
    assert checked.exit_code == 1
    assert (document["schema_version"], document["ok"]) == (1, False)
    (found,) = document["diagnostics"]
    assert (found["code"], found["file"], found["line"], found["column"], found["length"]) == ("E0201", "rules/broken.rules", 1, 19, 10)
    (broken / "rules" / "broken.rules").unlink()
    assert json.loads(run("check", "--format", "json").stdout)["diagnostics"] == []


def test_check_as_sarif_and_github(run, broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(broken.parent)
    log = json.loads(run("check", "--project", broken, "--format", "sarif").stdout)
    (result,) = log["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert log["version"] == "2.1.0"
    assert (result["ruleId"], result["level"]) == ("E0201", "error")
    assert place["artifactLocation"]["uri"] == "mine/rules/broken.rules"
    annotated = run("check", "--project", broken, "--format", "github")
    assert annotated.exit_code == 1
    assert annotated.stdout.startswith(
        "::error file=mine/rules/broken.rules,line=1,col=19,endColumn=29,title=E0201 unknown name::unknown name"
    )
    assert "%0Ahelp: did you mean" in annotated.stdout


def test_fmt(run, project: Path) -> None:
    path = project / "rules" / "strategy.rules"
    nice = path.read_text()
    path.write_text(nice.replace('  "Call first"      to very_late', '      "Call first" to very_late   # old'))
    would = run("fmt", "--check")
    assert would.exit_code == 1
    assert would.stdout == "would change rules/strategy.rules\n"
    assert json.loads(run("fmt", "--check", "--format", "json").stdout)["changed"] == ["rules/strategy.rules"]
    done = run("fmt")
    assert done.exit_code == 0
    assert done.stdout == "formatted rules/strategy.rules\n"
    assert [" ".join(line.split()) for line in path.read_text().splitlines()] == [
        " ".join(line.split()) + (" # old" if "Call first" in line else "") for line in nice.splitlines()
    ]
    assert run("fmt", "--check").exit_code == 0
    assert not list(project.rglob(".strategy*")), "no temporary file stays"


def test_fmt_leaves_what_it_cannot_read(run, project: Path) -> None:
    path = project / "rules" / "bad.rules"
    path.write_text("search   late where (\n")
    done = run("fmt")
    assert done.exit_code == 1
    assert "bad.rules" in done.stderr
    assert path.read_text() == "search   late where (\n"


def test_a_rule_test_that_fails(run, project: Path) -> None:
    path = project / "tests" / "strategy.yml"
    path.write_text(path.read_text().replace("after: Standard phone", "after: Standard fax"))
    failed = run("test")
    assert failed.exit_code == 1
    assert "FAILED  tests/strategy.yml" in failed.stdout
    assert "error[E0908]" in failed.stdout
    assert "Standard fax" in failed.stdout
    assert "1 failed" in failed.stdout
    document = json.loads(run("test", "--format", "json").stdout)
    assert (document["ok"], document["tests"][0]["passed"], document["schema_version"]) == (False, False, 1)
    suite = ElementTree.fromstring(run("test", "--format", "junit").stdout)
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")


def test_rule_tests_that_cannot_be_run(run, project: Path) -> None:
    (project / "tests" / "odd.yml").write_text("as_of: 2026-01-01\nexpects: {}\n")
    failed = run("test", "tests/odd.yml")
    assert failed.exit_code == 1
    assert "did you mean `expect`?" in failed.stdout
    assert run("test", "tests/none.yml").exit_code == 1
    (project / "tests" / "odd.yml").unlink()
    assert run("test", "tests").exit_code == 0


def test_a_rule_test_takes_the_projects_settings(run, project: Path) -> None:
    file = project / "assignrules.yml"
    file.write_text(file.read_text() + "params: {large: 500_000 EUR}\n")
    assert "major" in run("test").stdout, "C1 and C3 are no longer major"
    assert run("test").exit_code == 1


def test_compile(run, project: Path) -> None:
    for words in (("compile", "very_late"), ("compile",), ("compile", "very_late", "--dialect", "postgres")):
        done = run(*words)
        assert done.exit_code == 0, done.stderr
        assert "SELECT" in done.stdout
        assert "very_late" in done.stdout
    unknown = run("compile", "--dialect", "postgre")
    assert unknown.exit_code == 1
    assert "did you mean `postgres`?" in unknown.stderr
    assert run("compile", "very_lat").exit_code == 1


def test_help_explains_codes_and_commands(run) -> None:
    assert "unknown name" in run("help", "e0201").stdout
    assert "Usage: assignrules plan" in run("help", "plan").stdout
    assert "Start:" in run("help").stdout
    unknown = run("help", "E0999")
    assert unknown.exit_code == 64
