"""The rules of My Company SAS come from two packs, raise no remark, and each search and block has a rule test that names it."""

from pathlib import Path

import pytest
import yaml

from assignrules.check import check_files
from assignrules.check.packs import PackFolders
from assignrules.diagnostics.span import SourceFile
from assignrules.schema.logical import credit
from assignrules.syntax.formatter import format_file
from assignrules.syntax.text import parse
from assignrules.syntax.tree import Use

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "my_company_sas"
RULES = sorted((EXAMPLE / "rules").glob("*.rules"))
SEARCHES = ("strategic", "standard", "small", "risky", "very_late", "nd.eligible", "nd.not_eligible")


def source(path: Path) -> SourceFile:
    return SourceFile(f"rules/{path.name}", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_the_layout_is_canonical(path: Path) -> None:
    file, problems = parse(source(path))
    assert problems == ()
    assert format_file(file, source(path)) == path.read_text(encoding="utf-8"), "run `assignrules fmt`"


def test_the_rules_are_those_of_two_packs() -> None:
    statements = [statement for path in RULES for statement in parse(source(path))[0].statements]
    assert all(isinstance(statement, Use) for statement in statements)
    assert {statement.pack.value for statement in statements if isinstance(statement, Use)} == {"startup_strategy", "nd_cover"}


def test_the_rules_resolve_without_a_remark() -> None:
    checked = check_files([source(path) for path in RULES], credit(), packs=PackFolders())
    assert checked.diagnostics == ()
    ruleset = checked.ruleset
    assert ruleset is not None
    assert {search.name for search in ruleset.searches() if search.span is not None} == set(SEARCHES)
    assert {(block.target, block.member) for block in ruleset.assignments} == {
        ("scenario", None),
        ("group", "Very late customers"),
        ("group", "Risky customers"),
        ("portfolio", "Marie"),
        ("cover", "ND"),
    }
    # The portfolio reads the groups, so they are decided first.
    assert ruleset.order.index(("portfolio", "Marie")) > max(
        ruleset.order.index(("group", "Very late customers")), ruleset.order.index(("group", "Risky customers"))
    )


def test_every_search_and_block_has_a_rule_test() -> None:
    cases = [yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader) for path in sorted((EXAMPLE / "tests").glob("*.yml"))]
    assert len({case["name"] for case in cases}) == len(cases) >= 6
    found = {(name, bool(keys)) for case in cases for name, keys in case["expect"].get("searches", {}).items()}
    assert {(name, True) for name in SEARCHES} <= found
    changed = {(change["target"], change["after"]) for case in cases for change in case["expect"].get("changes", [])}
    assert {("scenario", value) for value in ("No reminder", "Automatic", "Standard e-mail", "Standard phone")} <= changed
    assert {("group", "true"), ("group", "false"), ("portfolio", "true"), ("portfolio", "false"), ("cover", "null")} <= changed
