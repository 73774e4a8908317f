"""The laws of the formatter: reading what it writes gives the same tree, writing that again the same text, and no comment is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.syntax import trees

from assignrules.diagnostics import SourceFile
from assignrules.syntax import tree
from assignrules.syntax.formatter import format_expression, format_file
from assignrules.syntax.lexer import tokens
from assignrules.syntax.text import parse, parse_expression

_HERE = Path(__file__).parent


def _read(text: str) -> tuple[tree.File, SourceFile]:
    source = SourceFile("a.rules", text)
    file, problems = parse(source)
    assert not problems, (text, problems)
    return file, source


@given(trees.expressions)
def test_an_expression_is_read_as_it_was_written(expression: tree.Expression) -> None:
    text = format_expression(expression)
    read, problems = parse_expression(SourceFile("e", text))
    assert not problems, (text, problems)
    assert read is not None
    assert trees.without_parentheses(read) == trees.without_parentheses(expression)
    assert format_expression(read) == text


@given(st.lists(trees.statements, min_size=1, max_size=3))
def test_a_file_is_read_as_it_was_written(statements: list[tree.Statement]) -> None:
    text = format_file(tree.File("a.rules", tuple(statements), ()), SourceFile("a.rules", ""))
    read, source = _read(text)
    assert trees.without_parentheses(read.statements) == trees.without_parentheses(tuple(statements))
    again = format_file(read, source)
    assert _read(again)[0] == read
    assert format_file(*_read(again)) == again


_EXAMPLES = (_HERE / "examples.rules").read_text(encoding="utf-8")
_DEFINITIONS = (_HERE / "definitions.rules").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", [_EXAMPLES, _DEFINITIONS], ids=["examples", "definitions"])
def test_the_examples_keep_their_meaning_and_comments(text: str) -> None:
    file, source = _read(text)
    written = format_file(file, source)
    again, again_source = _read(written)
    assert again == file
    assert [comment.text for comment in again.comments] == [comment.text for comment in file.comments]
    assert format_file(again, again_source) == written


@given(st.data())
def test_comments_anywhere_are_kept(data: st.DataObject) -> None:
    """Comments and line breaks are put between the tokens of the examples, wherever."""
    statements = data.draw(st.lists(st.sampled_from(_STATEMENTS), min_size=1, max_size=3))
    plain = "\n".join(statements)
    pieces = []
    end = 0
    for token in tokens(plain, 0, len(plain)):
        pieces.append(plain[end : token.start])
        if token.type not in ("DOT_NAME",) and (end < token.start or not pieces[:-1]):
            pieces.append(data.draw(st.sampled_from(["", "", "", " # one\n", "\n# own\n", "\n\n  # far\n\n", "\n"])))
        pieces.append(plain[token.start : token.end])
        end = token.end
    pieces.append(data.draw(st.sampled_from(["", "\n", " # end", "\n\n# after\n"])))
    text = "".join(pieces)
    file, source = _read(text)
    written = format_file(file, source)
    again, again_source = _read(written)
    assert again == file
    assert sorted(comment.text for comment in again.comments) == sorted(comment.text for comment in file.comments)
    assert format_file(again, again_source) == written


_STATEMENTS = [
    'search a "A" where x > 1 and y',
    "define b on document = (case when x then 1 otherwise 2)",
    'assign scenario "Dunning" "A" to small "Longer" to x or y otherwise keep where active guard at most 20%',
    'assign cover "ND" eligibility a and b amount 20 EUR removal others disabled',
    'alert late "Late" on documents where x show a, b as c order by a descending level high',
    "report r show sum(a) as b, count() group by c where x",
    'propose "Stop" show a to b amount c because "x"',
    'score s "S" base 50 points +20 when a points by b: up to 0 is 20, above is -5 class "A" from 80 class otherwise "C"',
    'scenario "E" step 5 days before due: email "Note" automatic step 1 day after due: call',
    'use "pack" as p with a = 1, b = 2 EUR',
    'require "No" no customers where has cover "ND"',
]


def test_layout() -> None:
    text = (
        'search   a "A"   where x>1   # why\n\n\n\n# about b\nparam b:duration=1 day\n'
        'assign scenario "Dunning scenarios" "No reminder" to very_late "A" to `where`.where where active # all\n'
    )
    assert format_file(*_read(text)) == (
        'search a "A" where x > 1  # why\n\n# about b\nparam b: duration = 1 day\n\n'
        'assign scenario "Dunning scenarios"\n  "No reminder" to very_late\n  "A"           to `where`.where\n  where active  # all\n'
    )


def test_a_long_condition_is_broken_at_its_operators() -> None:
    condition = " and ".join(f"(condition_number_{number} or not other_{number})" for number in range(5))
    written = format_file(*_read(f"search a where {condition}\n"))
    lines = written.splitlines()
    assert lines[0] == "search a"
    assert lines[1] == "  where (condition_number_0 or not other_0)"
    assert all(line.startswith("      and (condition_number_") for line in lines[2:])
    assert max(map(len, lines)) <= 120
