"""What is said of rules that do not mean anything: each file's whole output, as people see it.

`ASSIGNRULES_GOLDEN=write pytest tests/check/test_messages.py` writes them anew.
"""

import os
from pathlib import Path

import pytest

from assignrules.check import check_files
from assignrules.check.packs import PackFolders
from assignrules.diagnostics import SourceFile
from assignrules.diagnostics.render import render
from assignrules.schema.logical import credit

FOLDER = Path(__file__).parents[1] / "messages" / "check"


@pytest.mark.parametrize("path", sorted([*FOLDER.glob("*.rules"), *FOLDER.glob("*.yml")]), ids=lambda path: path.stem)
def test_message(path: Path) -> None:
    source = SourceFile(path.name, path.read_text(encoding="utf-8"))
    packs = PackFolders()
    checked = check_files([source], credit(), packs=packs)
    shown = render(checked.diagnostics, {**packs.sources, source.name: source})
    golden = path.with_suffix(".txt")
    if os.environ.get("ASSIGNRULES_GOLDEN") == "write":
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")
