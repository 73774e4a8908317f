"""Messages about rules in YAML, whole, against golden files: an improved message is a visible difference.

After a wanted change, write the new text with ``ASSIGNRULES_GOLDEN=write pytest tests/yaml_form/test_messages.py`` and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assignrules.diagnostics import Severity, SourceFile
from assignrules.diagnostics.render import render, summary_line
from assignrules.syntax.yaml_form import read_yaml_rules

_FOLDER = Path(__file__).parents[1] / "messages" / "yaml"
_SAMPLES = sorted(_FOLDER.glob("*.yml"))


def test_there_are_samples() -> None:
    assert len(_SAMPLES) >= 8


@pytest.mark.parametrize("path", _SAMPLES, ids=lambda path: path.stem)
def test_message(path: Path) -> None:
    source = SourceFile(path.name, path.read_text(encoding="utf-8"))
    _, problems = read_yaml_rules(source)
    rendered = render(problems, {source.name: source}) + "\n" + summary_line(problems, 1) + "\n"
    golden = path.with_suffix(".txt")
    if os.environ.get("ASSIGNRULES_GOLDEN") == "write":
        golden.write_text(rendered, encoding="utf-8", newline="\n")
    assert rendered == golden.read_text(encoding="utf-8")
    for problem in problems:
        assert problem.severity is Severity.ERROR
        assert problem.span is not None, "every mistake has its place"
        assert not problem.message.endswith(".")
