"""The 25 rules that a credit manager asks for: their rule tests on every backend, no remark, each with a test and a row of the page."""

from __future__ import annotations

import importlib.util
import re
import shutil
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from tests.conftest import BACKENDS

from assignrules import api
from assignrules.diagnostics.span import SourceFile
from assignrules.schema.logical import credit
from assignrules.syntax.formatter import format_file
from assignrules.syntax.text import parse
from assignrules.testing import Planner, read_case, run_case

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "twenty_five_rules"
RULES = sorted((EXAMPLE / "rules").glob("*.rules"))
CASES = sorted(path.stem for path in (EXAMPLE / "tests").glob("*.yml"))
NUMBERS = range(1, 26)


def source(path: Path) -> SourceFile:
    return SourceFile(f"{path.parent.name}/{path.name}", path.read_text(encoding="utf-8"))


@cache
def backend(name: str) -> Planner:
    return BACKENDS[name]()


def runs() -> list[object]:
    """Every test on every backend; of a server a fourth, as a plan of the whole project takes seconds."""
    return [
        pytest.param(file, name) for number, file in enumerate(CASES) for name in sorted(BACKENDS) if name != "postgres" or number % 4 == 0
    ]


@pytest.mark.parametrize(("file", "backend_name"), runs())
def test_rule_tests(file: str, backend_name: str) -> None:
    case, problems = read_case(source(EXAMPLE / "tests" / f"{file}.yml"), credit())
    assert case is not None, problems
    assert problems == ()
    assert not run_case(case, backend(backend_name), credit(), rules=[source(path) for path in RULES])


def test_applied_to_two_thousand_customers_there_is_nothing_left_to_do(tmp_path: Path) -> None:
    """Rules that read what they wrote, collectors above all, must not go on for ever. On a Monday, when the classes are given."""
    company = EXAMPLE.parent / "my_company_sas" / "generate.py"
    spec = importlib.util.spec_from_file_location("generate", company)
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    generator.generate(tmp_path / "data", as_of=date(2026, 11, 22))
    shutil.copytree(EXAMPLE, tmp_path / "project", ignore=shutil.ignore_patterns("*.duckdb*"))
    project = api.load_project(tmp_path / "project", as_of=date(2026, 11, 23))
    assert api.load(project, [tmp_path / "data"]).loaded
    first = api.plan_changes(project)
    assert {change.target for change in first.change_rows()} >= {
        "scenario",
        "collector",
        "group",
        "portfolio",
        "risk_class",
        "proposed_credit_limit",
    }
    assert api.apply(project, first).exit_code == 0
    assert list(api.plan_changes(project).change_rows()) == []


def test_the_rules_raise_no_remark() -> None:
    report = api.check(api.load_project(EXAMPLE))
    assert report.diagnostics == ()
    assert report.ruleset is not None


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_the_layout_is_canonical(path: Path) -> None:
    file, problems = parse(source(path))
    assert problems == ()
    assert format_file(file, source(path)) == path.read_text(encoding="utf-8"), "run `assignrules fmt`"


def test_every_number_has_a_rule_test_with_its_arithmetic() -> None:
    assert {int(name.partition("_")[0]) for name in CASES} == set(NUMBERS)
    for name in CASES:
        text = (EXAMPLE / "tests" / f"{name}.yml").read_text(encoding="utf-8")
        assert text.startswith("# "), f"{name} does not show how its values were worked out"
        assert f"\nname: {int(name.partition('_')[0])}. " in text


def test_every_number_stands_in_a_file_and_on_the_page() -> None:
    headings = [int(number) for path in RULES for number in re.findall(r"^# --- (\d+)\. ", path.read_text(encoding="utf-8"), re.MULTILINE)]
    headings += [int(number) for path in RULES for number in re.findall(r"^# Rule (\d+):", path.read_text(encoding="utf-8"), re.MULTILINE)]
    assert set(headings) == set(NUMBERS)
    page = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    assert [int(row[0]) for row in rows] == list(NUMBERS)
    for _, _, files, _, _ in rows:
        assert {f"rules/{name}" for name in re.findall(r"`(\w+\.rules)`", files)} <= {f"rules/{path.name}" for path in RULES}
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row[4])} == set(CASES)


def test_the_lock_is_of_every_block() -> None:
    """Rule 18."""
    ruleset = api.check(api.load_project(EXAMPLE)).ruleset
    assert ruleset is not None
    (lock,) = ruleset.holds
    assert len(ruleset.assignments) > 15
    assert {block.except_ for block in ruleset.assignments} == {lock.condition}
