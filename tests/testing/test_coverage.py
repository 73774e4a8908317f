"""What rule tests chose of a project's rules; and taking over what came, from the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from assignrules import api
from assignrules.cli import application

pytestmark = pytest.mark.slow

RULES = """search late "Late ones" where overdue > 0
search big where outstanding > 1_000 EUR
assign scenario
  priority 2
  where active
  "Call" to late
  "Wait" to big
assign scenario
  priority 1
  "Mail" to active
  otherwise keep
assign group "Both" add active remove locked
assign group "Others" add locked remove others
assign cover "ND" eligibility late amount 5 EUR removal not active
assign risk_class disabled "A" to late
"""
LATE = """as_of: 2026-11-22
given:
  customer: [{code: C1, active: true, locked: true}, {code: C2, groups: [Others]}]
  document: [{number: F1, customer: C1, due_date: 2026-10-01, open_amount: 5 EUR}]
expect:
  searches: {late: [C1]}
"""
OWN = """as_of: 2026-11-22
rules: search big where active
given: {customer: [{code: C1, active: true}]}
expect: {searches: {big: [C1]}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "assignrules.yml").write_text("name: p\n", encoding="utf-8")
    (tmp_path / "rules" / "a.rules").write_text(RULES, encoding="utf-8")
    (tmp_path / "tests" / "late.yml").write_text(LATE, encoding="utf-8")
    (tmp_path / "tests" / "own.yml").write_text(OWN, encoding="utf-8")
    return tmp_path


def left(project: Path) -> list[tuple[str, str, int | None]]:
    coverage = api.run_tests(api.load_project(project), coverage=True).coverage
    assert coverage is not None
    return [(spot.rule, spot.word, spot.number) for spot in coverage.left]


def test_what_no_test_chose(project: Path) -> None:
    assert left(project) == [
        ("big", "search", None),  # the other test has rules of its own
        ("scenario#2", "line", 2),
        ("scenario#1", "line", 1),
    ]
    more = "as_of: 2026-11-22\ngiven: {customer: [{code: C3, active: true}]}\nexpect: {held: []}\n"
    (project / "tests" / "more.yml").write_text(more, encoding="utf-8")
    assert left(project) == [("big", "search", None), ("scenario#2", "line", 2)]


def invoke(project: Path, *words: str) -> tuple[int, str]:
    found = CliRunner().invoke(application, ["test", "--project", str(project), *words])
    return found.exit_code, found.stdout


def test_coverage_as_text_and_json(project: Path) -> None:
    code, text = invoke(project, "--coverage")
    assert code == 0
    assert (
        text.partition("tests chose")[2]
        == """ 8 of 10 lines and sides and found something with 1 of 2 searches

never chosen:
  rules/a.rules:7   scenario#2, line 2: big
  rules/a.rules:10  scenario#1, line 1: active

never finding anything:
  rules/a.rules:2  big
"""
    )
    found = json.loads(invoke(project, "--coverage", "--format", "json")[1])["coverage"]
    assert (found["lines"], found["searches"]) == ({"all": 10, "chosen": 8}, {"all": 2, "chosen": 1})
    assert found["never"][0] == {"word": "search", "rule": "big", "number": None, "at": "rules/a.rules:2", "text": ""}
    assert "coverage" not in json.loads(invoke(project, "--format", "json")[1])


def test_update(project: Path) -> None:
    late, own = project / "tests" / "late.yml", project / "tests" / "own.yml"
    late.write_text(LATE.replace("[C1]}", "[C2]} # who"), encoding="utf-8")
    code, text = invoke(project)
    assert code == 1 and "searches late: expected, but did not come: C2" in text
    code, text = invoke(project, "--update")
    assert (code, text.splitlines()[0].split()[0]) == (0, "updated")
    assert late.read_text(encoding="utf-8") == LATE.replace("[C1]}", "[C1]} # who")
    assert own.read_text(encoding="utf-8") == OWN
    code, text = invoke(project, "--update")
    assert code == 0 and "updated" not in text


def test_update_fills_a_test_that_expects_nothing(project: Path) -> None:
    late = project / "tests" / "late.yml"
    late.write_text(LATE.partition("expect")[0], encoding="utf-8")
    assert invoke(project, "--update", "-q")[0] == 0
    assert "  changes:\n    - {subject: C1, target: cover, member: ND, before: null, after: 5.00 EUR}\n" in late.read_text(encoding="utf-8")


def test_update_leaves_a_malformed_test(project: Path) -> None:
    text = "as_of: yesterday\n"
    (project / "tests" / "late.yml").write_text(text, encoding="utf-8")
    assert invoke(project, "--update")[0] == 1
    assert (project / "tests" / "late.yml").read_text(encoding="utf-8") == text
