"""Syntax messages, whole, against golden files: an improved message is a visible difference.

After a wanted change, write the new text with ``ASSIGNRULES_GOLDEN=write pytest tests/syntax/test_messages.py`` and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assignrules.diagnostics import Severity, SourceFile, diagnostic
from assignrules.diagnostics.model import Related
from assignrules.diagnostics.render import display_width, render, summary_line
from assignrules.syntax.lexer import token_pattern
from assignrules.syntax.tables import load
from assignrules.syntax.text import parse

_FOLDER = Path(__file__).parents[1] / "messages" / "syntax"
_SAMPLES = sorted(_FOLDER.glob("*.rules"))


def _rendered(path: Path) -> str:
    source = SourceFile(path.name, path.read_bytes().decode("utf-8"))
    _, problems = parse(source)
    return render(problems, {source.name: source}) + "\n" + summary_line(problems, 1) + "\n"


def test_there_are_samples() -> None:
    assert len(_SAMPLES) >= 25


@pytest.mark.parametrize("path", _SAMPLES, ids=lambda path: path.stem)
def test_message(path: Path) -> None:
    rendered = _rendered(path)
    golden = path.with_suffix(".txt")
    if os.environ.get("ASSIGNRULES_GOLDEN") == "write":
        golden.write_text(rendered, encoding="utf-8", newline="\n")
    assert rendered == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", _SAMPLES, ids=lambda path: path.stem)
def test_message_is_in_the_house_style(path: Path) -> None:
    source = SourceFile(path.name, path.read_bytes().decode("utf-8"))
    _, problems = parse(source)
    assert problems, "a sample without a problem shows nothing"
    terminals = {*load().patterns, *load().words.values(), *token_pattern().groupindex} - {"AND", "NOT", "SEARCH", "WHERE"}
    for problem in problems:
        assert problem.severity is Severity.ERROR
        assert not problem.message.endswith(".")
        assert problem.message[0] == problem.message[0].lower() or problem.message[0] == "`"
        assert not terminals & set(problem.message.replace("`", " ").split()), "the name of a terminal is none of a reader's business"


def test_every_statement_with_a_problem_is_told() -> None:
    text = "define a = 1 2\ndefine b = 1\ndefine c = == 1\nsearch d wher x\nsearch e where a\ndefine f = 2026-02-30\n"
    file, problems = parse(SourceFile("a.rules", text))
    assert [problem.span.line for problem in problems if problem.span] == [1, 3, 4, 6]
    assert [statement.span.line for statement in file.statements] == [2, 5]
    assert [name.text for name in file.broken] == ["a", "c", "d", "f"]


def test_render_marks_the_exact_place_behind_tabs_and_wide_characters() -> None:
    source = SourceFile("a.rules", "\t顧客 x\n")
    place = source.span(4, 5)
    text = render([diagnostic("E0201", "unknown name `x`", place)], {"a.rules": source})
    assert text.splitlines()[3:5] == ["1 |     顧客 x", "  |" + " " * (1 + 4 + 4 + 1) + "^"]
    assert display_width("e\u0301") == 1


def test_render_shows_related_places_help_and_colour() -> None:
    source = SourceFile("a.rules", "one\ntwo\n")
    problem = diagnostic("E0204", "twice", source.span(4, 7), help="rename one", related=[Related(source.span(0, 3), "first here")])
    plain = render([problem], {"a.rules": source})
    assert plain == (
        "error[E0204]: twice\n --> a.rules:2:1\n  |\n2 | two\n  | ^^^\n"
        " --> a.rules:1:1\n  |\n1 | one\n  | --- first here\n  = help: rename one\n"
    )
    coloured = render([problem], {"a.rules": source}, color=True)
    assert "\x1b[31m" in coloured
    assert "\x1b" not in plain


def test_render_without_a_place_or_its_source() -> None:
    elsewhere = SourceFile("b.rules", "x").span(0, 1)
    text = render([diagnostic("E0510", "no data"), diagnostic("W0501", "odd", elsewhere)], {})
    assert text == "error[E0510]: no data\n\nwarning[W0501]: odd\n --> b.rules:1:1\n"
    assert render([], {}) == ""


def test_render_shows_a_long_line_around_its_problem_and_no_control_characters() -> None:
    source = SourceFile("a.rules", "x" * 5000 + "\x1b[31m!" + "y" * 5000)
    text = render([diagnostic("E0101", "odd", source.span(5005, 5006))], {"a.rules": source})
    assert "\x1b" not in text
    shown, marks = text.splitlines()[3:5]
    assert len(shown) < 200
    assert shown[marks.index("^")] == "!"


def test_summary_line() -> None:
    error, warning = diagnostic("E0101", "x"), diagnostic("W0301", "y")
    assert summary_line([error, error, warning], 3) == "2 errors, 1 warning in 3 files"
    assert summary_line([error], 1) == "1 error in 1 file"
    assert summary_line([], 2) == "no problems in 2 files"
