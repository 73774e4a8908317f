"""From the text of a rule file to its tree."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from assignrules.diagnostics import Diagnostic, SourceFile, diagnostic, in_file_order
from assignrules.syntax import limits, messages, tree
from assignrules.syntax.build import Builder
from assignrules.syntax.build_expressions import Refused, too_deep
from assignrules.syntax.lexer import token_pattern
from assignrules.syntax.machine import TooDeep, Unexpected, run
from assignrules.syntax.names import CONTEXTUAL_STATEMENT_WORDS, RESERVED, STATEMENT_WORDS


def decode(name: str, data: bytes) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
    """The source file of some bytes; E0114 where they are not UTF-8, E0115 where there are too many."""
    if len(data) > limits.MAX_BYTES:
        return None, (limits.too_large(name),)
    try:
        return SourceFile(name, data.decode("utf-8")), ()
    except UnicodeDecodeError as error:
        before = SourceFile(name, data[: error.start].decode("utf-8"))
        place = before.span(len(before.text), len(before.text))
        help = "save it as UTF-8: an editor calls that the encoding of the file"
        return None, (diagnostic("E0114", f"this file is not UTF-8: byte {data[error.start]:#04x}", place, help=help),)


def parse(source: SourceFile) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """The tree of a rule file, and every syntax problem in it, in file order.

    There is always a ``File``: it holds the statements without a problem; its ``broken`` are the names that the others would have
    defined, as far as they could be read. No text makes this raise or take long.
    """
    scan = limits.scan(source)
    if not scan.readable:
        return tree.File(source.name, (), scan.comments), in_file_order(scan.problems)
    builder = Builder(source)
    start, end = _start(source), len(source.text)
    statements, failure = ([], scan.beyond[0]) if scan.beyond else _statements(source, start, end, builder)
    problems = builder.all_problems()
    broken: list[tree.Name] = []
    if failure is not None:
        statements, problems, broken = _read_pieces(source, start, end, failure, scan.beyond)
    statements, beyond = statements[: limits.MAX_STATEMENTS], statements[limits.MAX_STATEMENTS :]
    if beyond:
        problems.append(limits.too_many(beyond[0].span))
    problems += [too_deep(span) for span in map(limits.too_deep_at, statements) if span is not None]
    forbidden = {problem.span.start for problem in scan.problems if problem.span is not None}
    problems = [problem for problem in problems if problem.span is None or problem.span.start not in forbidden] + list(scan.problems)
    kept, dropped = without_problems(statements, problems)
    broken += [name for name in map(_defined, (*dropped, *beyond)) if name is not None]
    return tree.File(source.name, tuple(kept), scan.comments, tuple(broken)), in_file_order(problems)


def parse_expression(source: SourceFile) -> tuple[tree.Expression | None, tuple[Diagnostic, ...]]:
    """The tree of one expression; None where there is a problem."""
    scan = limits.scan(source)
    if not scan.readable or scan.problems or scan.beyond:
        return None, in_file_order([*scan.problems, *scan.beyond[:1]])
    builder = Builder(source)
    value, problem = _attempt("only_expression", source, _start(source), len(source.text), builder)
    problems = builder.all_problems()
    if problem is not None:
        problems.append(problem)
    elif (span := limits.too_deep_at(value)) is not None:
        problems.append(too_deep(span))
    return (None if problems else value), in_file_order(problems)


def _start(source: SourceFile) -> int:
    """Where the text starts: after the byte order mark that some editors write."""
    return 1 if source.text.startswith("\ufeff") else 0


def _attempt(rule: str, source: SourceFile, start: int, end: int, builder: Builder) -> tuple[Any, Diagnostic | None]:
    """What the builder makes of a range read as ``rule``, or the problem that ended the reading."""
    try:
        return run(rule, source.text, start, end, builder), None
    except Unexpected as error:
        return None, messages.explain(error, source, start)
    except TooDeep as error:
        return None, too_deep(source.span(error.token.start, error.token.end))
    except Refused as error:
        return None, error.problem


def _statements(source: SourceFile, start: int, end: int, builder: Builder) -> tuple[list[tree.Statement], Diagnostic | None]:
    value, failure = _attempt("file", source, start, end, builder)
    return ([] if value is None else value), failure


def _read_pieces(
    source: SourceFile, start: int, end: int, whole: Diagnostic, beyond: Sequence[Diagnostic]
) -> tuple[list[tree.Statement], list[Diagnostic], list[tree.Name]]:
    """The statements of a file that cannot be read as a whole: each piece is read by itself, and those that fail are told.

    Also the names that the failed pieces would have defined. ``whole`` is why the whole could not be read: the answer for its only piece.
    ``beyond``: where a limit forbids to read a piece at all.
    """
    statements: list[tree.Statement] = []
    problems: list[Diagnostic] = []
    broken: list[tree.Name] = []
    starts = [start, *(place for place in _statement_starts(source, start, end) if place > start)]
    if len(starts) == 1:
        return [], [whole], _name_at(source, start, end)
    places = [problem.span.start for problem in beyond if problem.span is not None]
    skip = False
    for number, first in enumerate(starts):
        if skip:
            skip = False
            continue
        last = starts[number + 1] if number + 1 < len(starts) else end
        stop = bisect_left(places, first)
        if stop < len(places) and places[stop] < last:
            problems.append(beyond[stop])
            broken += _name_at(source, first, last)
            continue
        builder = Builder(source)
        found, failure = _statements(source, first, last, builder)
        statements += found
        if failure is None:
            problems += builder.all_problems()
            continue
        if last < end and _taken_for_name(source, last, starts[number + 2] if number + 2 < len(starts) else end):
            word = _STARTS.match(source.text, last)
            failure = messages.reserved_as_name(source, last, last if word is None else word.end())
            skip = True
        problems.append(failure)
        broken += _name_at(source, first, last)
    return statements, problems, broken


# texts, names in back-quotes and comments are stepped over; words at the start of a line may be mistyped statement words
_STARTS = re.compile(
    r'"(?:[^"\\\r\n]|\\[^\r\n])*"?|`[^`\r\n]*`?|#[^\r\n]*'
    rf"|(?P<word>(?<![\w.])(?:{'|'.join((*STATEMENT_WORDS, *CONTEXTUAL_STATEMENT_WORDS))})(?!\w)|(?:^|(?<=\ufeff))[^\W\d]\w*)",
    re.MULTILINE,
)
_NOT_BEFORE = re.compile(r"(?<![\w.])(?:assign|in|has|current)\s+\Z")


def _statement_starts(source: SourceFile, start: int, end: int) -> list[int]:
    """Where a statement starts, or seems to be meant to."""
    return [
        match.start()
        for match in _STARTS.finditer(source.text, start, end)
        if match.group("word") is not None and _starts_statement(source, match.group("word"), match.start(), match.end(), end)
    ]


def _starts_statement(source: SourceFile, word: str, start: int, stop: int, end: int) -> bool:
    if word in STATEMENT_WORDS:
        return True
    if source.text[stop : stop + 1] not in (" ", "\t", "\r", "\n"):
        return False
    match = token_pattern().match(source.text, stop, end)
    kind = match.lastgroup if match is not None else None
    is_name = kind == "QUOTED_NAME" or (kind == "WORD" and match is not None and match.group(kind) not in RESERVED)
    if not is_name and kind != "TEXT":
        return False
    if word in CONTEXTUAL_STATEMENT_WORDS:
        return _NOT_BEFORE.search(source.text, max(0, start - 40), start) is None
    return word not in RESERVED and bool(get_close_matches(word.lower(), STATEMENT_WORDS, n=1, cutoff=0.75))


def _taken_for_name(source: SourceFile, start: int, end: int) -> bool:
    """Whether the statement word at ``start``, at which a piece broke, was meant as a name: inside a line, and it starts no statement."""
    text = source.text
    if not text[text.rfind("\n", 0, start) + 1 : start].strip():
        return False
    _, failure = _statements(source, start, end, Builder(source))
    return failure is not None


def _name_at(source: SourceFile, start: int, end: int) -> list[tree.Name]:
    """The name that a broken statement would have defined."""
    pattern = token_pattern()
    keyword = pattern.match(source.text, start, end)
    name = pattern.match(source.text, keyword.end(), end) if keyword is not None and keyword.lastgroup == "WORD" else None
    if keyword is None or name is None or keyword.group("WORD") not in _DEFINING or name.lastgroup not in ("WORD", "QUOTED_NAME"):
        return []
    first, last = name.span(name.lastgroup)
    return [tree.Name(source.text[first:last].strip("`"), source.span(first, last))]


_DEFINING = ("param", "define", "search", "score", "alert", "report")


def _defined(statement: tree.Statement) -> tree.Name | None:
    match statement:
        case tree.Param() | tree.Define() | tree.Search() | tree.Score() | tree.Alert() | tree.Report():
            return statement.name
        case _:
            return None


def without_problems(statements: list[tree.Statement], problems: list[Diagnostic]) -> tuple[list[tree.Statement], list[tree.Statement]]:
    """The statements in which no problem lies, nor at their end, and the others. ``statements`` are in the order of their places."""
    if not problems:
        return statements, []
    places = sorted(problem.span.start for problem in problems if problem.span is not None)
    kept: list[tree.Statement] = []
    dropped: list[tree.Statement] = []
    for statement in statements:
        nearest = bisect_left(places, statement.span.start)
        hit = nearest < len(places) and places[nearest] <= statement.span.end
        (dropped if hit else kept).append(statement)
    return kept, dropped
