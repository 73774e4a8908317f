"""The rules of the open items example, and its rule tests."""

from pathlib import Path

import pytest
import yaml
from tests.examples.open_items import EXAMPLE, SEARCHES, ruleset, source_of

from assignrules import api
from assignrules.schema.logical import credit
from assignrules.syntax.formatter import format_file
from assignrules.syntax.text import parse
from assignrules.testing import ReferencePlanner, read_case, run_case

pytestmark = pytest.mark.slow

RULES = sorted((EXAMPLE / "rules").glob("*.rules"))
CASES = sorted((EXAMPLE / "tests").glob("*.yml"))


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_the_layout_is_canonical(path: Path) -> None:
    file, problems = parse(source_of(path))
    assert problems == ()
    assert format_file(file, source_of(path)) == path.read_text(encoding="utf-8"), "run `assignrules fmt`"


def test_what_the_rules_are() -> None:
    rules = ruleset()
    assert {search.name for search in rules.searches() if search.span is not None} == set(SEARCHES)
    desk = rules.order.index(("portfolio", "Arrears desk"))
    assert all(rules.order.index(("group", name)) < desk for name in ("Old arrears", "Late payers"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_rule_tests_pass(path: Path) -> None:
    case, problems = read_case(source_of(path), credit())
    assert problems == ()
    assert case is not None
    assert run_case(case, ReferencePlanner(credit()), credit(), rules=[source_of(rules) for rules in RULES]) == []


def test_the_rule_tests_pass_in_the_product() -> None:
    report = api.run_tests(api.load_project(EXAMPLE))
    assert [(result.file, result.diagnostics) for result in report.results] == [(f"tests/{path.name}", ()) for path in CASES]


def test_the_rule_tests_take_the_settings_of_the_project() -> None:
    project = api.load_project(EXAMPLE)
    for path in CASES:
        written = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        assert written["project"] == {"currency": project.currency}
        assert written["params"] == dict(project.params)


def test_every_search_and_block_has_a_rule_test() -> None:
    cases = [yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader) for path in CASES]
    assert set(SEARCHES) <= {name for case in cases for name, keys in case["expect"]["searches"].items() if keys}
    changes = [change for case in cases for change in case["expect"]["changes"]]
    assert {"Manual review", "Automatic", "Phone", "E-mail"} <= {change["after"] for change in changes}
    moved = {(change["member"], change["after"]) for change in changes if "member" in change}
    assert moved == {(name, state) for name in ("Old arrears", "Late payers", "Arrears desk") for state in ("true", "false")}
