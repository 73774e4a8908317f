"""What ships with the package gives no warning: people learn from it."""

from pathlib import Path

import pytest

from assignrules import api
from assignrules.check import check_files
from assignrules.check.packs import PackFolders
from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit

ROOT = Path(__file__).parents[2]
PROJECTS = sorted(path.parent for path in (ROOT / "examples").glob("*/assignrules.yml"))
FILES = sorted([*(ROOT / "rulesets").glob("*/*.rules"), *(ROOT / "src" / "assignrules" / "cli" / "templates" / "rules").glob("*.rules")])


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda path: path.name)
def test_example_projects(folder: Path) -> None:
    assert api.check(api.load_project(folder)).diagnostics == ()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_rule_packs_and_the_template(path: Path) -> None:
    source = SourceFile(path.name, path.read_text(encoding="utf-8"))
    checked = check_files([source], credit(), packs=PackFolders(), whole_project=path.parent.name == "rules")
    assert checked.diagnostics == ()
