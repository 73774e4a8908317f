"""The packs that ship: their rule tests on every backend, and what each folder must hold."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from tests.conftest import BACKENDS

from assignrules.check import check_files
from assignrules.check.packs import PackFolders, shipped_folder
from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit
from assignrules.syntax.formatter import format_file
from assignrules.syntax.text import parse
from assignrules.testing import Planner, read_case, run_case

pytestmark = pytest.mark.slow

FOLDER = shipped_folder()
PACKS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
CASES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/tests/*.yml"))


@cache
def backend(name: str) -> Planner:
    return BACKENDS[name]()


def test_the_first_packs_are_here() -> None:
    assert {"startup_strategy", "nd_cover", "anti_foreclosure"} <= set(PACKS)
    assert PackFolders().names() == PACKS


@pytest.mark.parametrize("backend_name", sorted(BACKENDS))
@pytest.mark.parametrize("file", CASES)
def test_rule_tests(file: str, backend_name: str) -> None:
    case, problems = read_case(SourceFile(f"rulesets/{file}", (FOLDER / file).read_text(encoding="utf-8")), credit())
    assert case is not None, problems
    assert not run_case(case, backend(backend_name), credit())


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_is_whole(pack: str) -> None:
    assert len([case for case in CASES if case.startswith(f"{pack}/")]) >= 5
    page = (FOLDER / pack / "README.md").read_text(encoding="utf-8")
    checked = check_files([SourceFile("main.rules", f'use "{pack}"')], credit(), packs=PackFolders())
    assert checked.ruleset is not None and not checked.diagnostics
    for name in checked.ruleset.params:
        assert f"`{name}`" in page, f"the page does not speak of parameter {name}"
    for search in checked.ruleset.searches():
        assert f"`{search.name}`" in page, f"the page does not speak of search {search.name}"


@pytest.mark.parametrize("pack", PACKS)
def test_every_parameter_is_set_by_a_rule_test(pack: str) -> None:
    checked = check_files([SourceFile("main.rules", f'use "{pack}"')], credit(), packs=PackFolders())
    assert checked.ruleset is not None
    text = "\n".join((FOLDER / file).read_text(encoding="utf-8") for file in CASES if file.startswith(f"{pack}/"))
    uses = "\n".join(re.findall(rf'use "{pack}".*', text))
    assert [name for name in checked.ruleset.params if not re.search(rf"\b{name} = ", uses)] == []


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_works_under_an_alias_and_twice(pack: str) -> None:
    """Blocks of the same target clash, as they must; nothing else does."""
    once = check_files([SourceFile("main.rules", f'use "{pack}" as a')], credit(), packs=PackFolders())
    assert once.ruleset is not None and not once.diagnostics
    twice = check_files([SourceFile("main.rules", f'use "{pack}" as a\nuse "{pack}" as b')], credit(), packs=PackFolders())
    assert {item.code for item in twice.diagnostics} == {"E0403"}


def test_all_packs_together() -> None:
    rules = "\n".join(f'use "{pack}"' for pack in PACKS)
    assert check_files([SourceFile("main.rules", rules)], credit(), packs=PackFolders()).ruleset is not None


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*/*.rules")), ids=lambda path: path.parent.name)
def test_the_layout_is_the_canonical_one(path: Path) -> None:
    source = SourceFile(path.name, path.read_text(encoding="utf-8"))
    tree, problems = parse(source)
    assert not problems
    assert format_file(tree, source) == source.text
