"""Rule files in YAML among a project's rules, and `convert`, `fmt` and `check` of them."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assignrules.cli import application
from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit
from assignrules.syntax.yaml_form import read_yaml_rules
from assignrules.testing import read_case

_DOCUMENT = Path(__file__).parents[2] / "docs" / "yaml.md"
RULES = '# who is late\nsearch late "Late" where overdue > 0 EUR  # really\n\nassign group "Late" add late remove others\n'
YAML = """\
searches:
  # who is late
  late: {label: Late, where: overdue > 0 EUR}  # really

assign:
  - group: Late
    add: late
    remove: others
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(application, [str(argument) for argument in arguments], prog_name="assignrules")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "assignrules.yml").write_text("name: mine\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_convert_goes_both_ways(project: Path) -> None:
    (project / "a.rules").write_text(RULES)
    there = run("convert", "a.rules", "--to", "yaml")
    assert (there.exit_code, there.stdout) == (0, YAML)
    assert run("convert", "a.rules", "--to", "yaml", "-o", "a.yml").exit_code == 0
    assert (project / "a.yml").read_text() == YAML
    back = run("convert", "a.yml", "--to", "rules")
    assert (
        back.stdout
        == '# who is late\nsearch late "Late" where overdue > 0 EUR  # really\n\nassign group "Late"\n  add    late\n  remove others\n'
    )
    assert run("convert", "a.yml", "--to", "yaml").stdout == YAML


def test_convert_prints_the_schema_for_editors() -> None:
    done = run("convert", "--schema")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["properties"]["searches"]
    assert done.stdout == (resources.files("assignrules") / "syntax" / "rules.schema.json").read_text(encoding="utf-8")


def test_convert_says_what_is_wrong(project: Path) -> None:
    (project / "a.yml").write_text("searches: {a: {wher: b}}\n")
    failed = run("convert", "a.yml", "--to", "rules")
    assert failed.exit_code == 1
    assert "error[E0198]" in failed.stderr
    assert "--> a.yml:1:16" in failed.stderr
    assert not failed.stdout
    assert run("convert", "none.yml", "--to", "rules").exit_code == 1
    assert run("convert", "a.yml").exit_code == 64


def test_rules_of_both_forms_make_one_ruleset(project: Path) -> None:
    (project / "rules" / "a.yml").write_text("searches:\n  late: overdue > 0 EUR\n")
    (project / "rules" / "b.rules").write_text('assign group "Late" add late\n')
    (project / "rules" / "c.yaml").write_text('assign:\n  - group: Other\n    add: in group "Late" and not ltae\n')
    checked = run("check")
    assert checked.exit_code == 1
    assert "--> rules/c.yaml:3:34" in checked.stdout
    assert "did you mean `late`?" in checked.stdout
    (project / "rules" / "c.yaml").unlink()
    assert run("check").exit_code == 0
    assert "in 2 files" in run("check", "rules").stdout + run("check").stdout


def test_fmt_lays_out_yaml_too(project: Path) -> None:
    file = project / "rules" / "a.yml"
    file.write_text("# why\nsearches: {late: {where:  overdue>0 EUR, label: 'Late'}}\n")
    assert run("fmt", "--check").exit_code == 1
    assert run("fmt").exit_code == 0
    assert file.read_text() == "# why\nsearches:\n  late: {where: overdue > 0 EUR, label: Late}\n"
    assert run("fmt", "--check").exit_code == 0


def test_the_rules_of_a_test_point_into_its_file() -> None:
    text = "as_of: 2026-11-22\nrules:\n  searches:\n    a: overdue ant b\nexpect: {}\n"
    case, problems = read_case(SourceFile("case.yml", text), credit())
    assert not problems
    assert case is not None
    assert case.rules is not None
    (problem,) = read_yaml_rules(case.rules)[1]
    assert problem.span is not None
    assert (problem.span.line, problem.span.column) == (4, 16)


def test_the_document_shows_what_is_read() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", _DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        assert read_yaml_rules(SourceFile("a.yml", block))[1] == ()
