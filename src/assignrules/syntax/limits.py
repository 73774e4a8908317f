"""The hard limits of a rule file, checked before anything that could be slow or deep; and its comments, found on the same way."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from assignrules.diagnostics import Diagnostic, SourceFile, Span, diagnostic
from assignrules.syntax import tree

MAX_BYTES = 1024 * 1024
MAX_PARENTHESES = 200
MAX_STATEMENTS = 10_000
MAX_LIST = 50_000
MAX_DEPTH = 64

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_MARKS = re.compile(r'"(?:[^"\\\r\n]|\\[^\r\n])*"?|`[^`\r\n]*`?|#[^\r\n]*|[(),]')


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over the text found. ``readable`` is False where the file cannot be looked into at all; ``beyond`` are the places, in
    order, where a limit forbids to read the statement: there may be several in one."""

    comments: tuple[tree.Comment, ...]
    problems: tuple[Diagnostic, ...]
    readable: bool
    beyond: tuple[Diagnostic, ...] = ()


def too_many(span: Span) -> Diagnostic:
    """E0117 at the first statement beyond the limit: it and those behind it are not read further."""
    return diagnostic("E0117", f"this file has more than {MAX_STATEMENTS} statements", span, help="split it into several files")


def too_large(name: str) -> Diagnostic:
    """E0115, at the start of the file."""
    return diagnostic("E0115", "this file is larger than 1 MiB", Span(name, 0, 0, 1, 1), help="split it: the order of files has no meaning")


def scan(source: SourceFile) -> Scan:
    """Size, characters, parentheses and lists of a file, and its comments."""
    text = source.text
    if len(text) > MAX_BYTES or (4 * len(text) > MAX_BYTES and len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES):
        return Scan((), (too_large(source.name),), False)
    problems = [
        diagnostic(
            "E0113",
            "a NUL character may not stand in a rule file" if match.group() == "\x00" else "half of a surrogate pair is not a character",
            source.span(match.start(), match.end()),
        )
        for match, _ in zip(_FORBIDDEN.finditer(text), range(20), strict=False)
    ]
    comments: list[tree.Comment] = []
    beyond: list[Diagnostic] = []
    open_at: list[int] = []
    commas: list[int] = []
    for match in _MARKS.finditer(text):
        mark = match.group()
        first = mark[0]
        if first == "#":
            start = match.start()
            own_line = not text[text.rfind("\n", 0, start) + 1 : start].strip(" \t\r\ufeff")
            comments.append(tree.Comment(mark.rstrip(), own_line, source.span(start, start + len(mark.rstrip()))))
        elif first == "(":
            open_at.append(match.start())
            commas.append(0)
            if len(open_at) > MAX_PARENTHESES:
                place = source.span(match.start(), match.end())
                message = f"parentheses are nested more than {MAX_PARENTHESES} deep"
                beyond.append(diagnostic("E0116", message, place))
                open_at, commas = [], []  # what follows may be another statement
        elif first == ")" and open_at:
            open_at.pop()
            commas.pop()
        elif first == "," and open_at:
            commas[-1] += 1
            if commas[-1] == MAX_LIST:
                place = source.span(open_at[-1], open_at[-1] + 1)
                help = "put the values into a table, and follow a link to it"
                beyond.append(diagnostic("E0118", f"this list has more than {MAX_LIST} values", place, help=help))
    return Scan(tuple(comments), tuple(problems), True, tuple(beyond))


_fields_of: dict[type[Any], tuple[str, ...]] = {}
_PLAIN = frozenset({str, int, bool, type(None)})


def _child_fields(kind: type[Any]) -> tuple[str, ...]:
    names = _fields_of.get(kind)
    if names is None:
        names = _fields_of[kind] = tuple(item.name for item in fields(kind) if item.name not in ("span", "source"))
    return names


def _children(node: Any) -> list[Any]:
    found: list[Any] = []
    for name in _child_fields(type(node)):
        value = getattr(node, name)
        if type(value) is tuple:
            found.extend(value)
        elif type(value) not in _PLAIN and is_dataclass(value):
            found.append(value)
    return found


_FLAT = frozenset({
    tree.Name, tree.Path, tree.Text, tree.Number, tree.Percent, tree.Money, tree.Date, tree.Duration, tree.Boolean, tree.Today,
})  # fmt: skip
_LEVELS = frozenset({
    tree.Call, tree.Unary, tree.Binary, tree.And, tree.Or, tree.Between, tree.InList, tree.IsMissing, tree.InDuration, tree.InPeriod,
    tree.HasMember, tree.Case, tree.AsOf, tree.OfCalendar,
})  # fmt: skip


def too_deep_at(root: Any) -> Span | None:
    """The span of the outermost expression that is nested deeper than the limit; without recursion.

    Every operator, call, case and chain is a level; parentheses, names and literals are none.
    """
    if root.span.length <= MAX_DEPTH:
        return None  # every level takes a character at least
    waiting: list[tuple[Any, int, Any]] = [(root, 0, None)]
    while waiting:
        node, depth, outermost = waiting.pop()
        if type(node) in _LEVELS:
            depth += 1
            if outermost is None:
                outermost = node
            if depth > MAX_DEPTH:
                span: Span = outermost.span
                return span
        waiting.extend((child, depth, outermost) for child in _children(node) if type(child) not in _FLAT)
    return None
