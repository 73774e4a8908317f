"""Whatever the text, there is a tree or a diagnostic: never an exception."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from assignrules.diagnostics import SourceFile
from assignrules.diagnostics.render import render
from assignrules.syntax.formatter import format_file
from assignrules.syntax.lexer import tokens
from assignrules.syntax.tables import load
from assignrules.syntax.text import decode, parse, parse_expression

_HERE = Path(__file__).parent
_VALID = (_HERE / "examples.rules").read_text(encoding="utf-8") + (_HERE / "definitions.rules").read_text(encoding="utf-8")
_TOKENS = tokens(_VALID, 0, len(_VALID))
_FUZZ = settings(deadline=2000)

_words = st.sampled_from(
    [*load().words, "NOT", "name", "`where`", '"text"', "12", "5 EUR", "3 days", "2026-01-01", "20%", "sum(", "# c\n", "\n", ".x"]
)
_odd = st.sampled_from(
    ['"', "`", "'", "\\", "1__0", "2026-02-30", "==", "\x00", "\ud800", "\ufeff", "é", "€", "[", "5 XYZ", "1.", "'x'", "“", "\r", "\x85"]
)


def _read(text: str) -> None:
    source = SourceFile("a.rules", text)
    file, problems = parse(source)
    for problem in problems:
        assert problem.span is not None
        assert 0 <= problem.span.start <= problem.span.end <= len(text)
        assert problem.message
    render(problems, {"a.rules": source})
    if not problems:
        again, more = parse(SourceFile("a.rules", format_file(file, source)))
        assert not more
        assert again == file
    parse_expression(source)


@_FUZZ
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    _read(text)


@_FUZZ
@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    source, problems = decode("a.rules", data)
    assert (source is None) == bool(problems)
    if source is not None:
        _read(source.text)


@_FUZZ
@given(st.lists(st.one_of(_words, _words, _words, _odd), max_size=25))
def test_any_tokens(words: list[str]) -> None:
    _read(" ".join(words))


@_FUZZ
@given(st.lists(st.one_of(_words, _odd), max_size=12))
def test_any_tokens_without_blanks(words: list[str]) -> None:
    _read("".join(words))


@_FUZZ
@given(st.data())
def test_mutations_of_a_valid_file(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(_TOKENS) - 1))
    piece = list(_TOKENS[start : start + data.draw(st.integers(1, 60))])
    texts = [token.text for token in piece]
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(texts)))
        match data.draw(st.sampled_from(["drop", "double", "swap", "insert"])):
            case "drop":
                del texts[place : place + 1]
            case "double":
                texts[place:place] = texts[place : place + 1]
            case "swap":
                texts[place : place + 2] = texts[place : place + 2][::-1]
            case _:
                texts.insert(place, data.draw(st.one_of(_words, _odd)))
    _read(data.draw(st.sampled_from([" ", "\n"])).join(texts))


@_FUZZ
@given(st.integers(0, len(_VALID)), st.integers(0, 200))
def test_pieces_of_a_valid_file(start: int, length: int) -> None:
    _read(_VALID[start : start + length])
