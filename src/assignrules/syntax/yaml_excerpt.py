"""Text inside a YAML scalar, read by the parser of the language, with every place told as one of the YAML file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from assignrules.diagnostics import Diagnostic, SourceFile, Span
from assignrules.syntax.yaml_reader import Scalar

_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[^\r\n])")
_CONTINUED = re.compile(r"\\\r?\n[ \t]*")
_HEADER = re.compile(r"[|>][-+0-9]*[ \t]*(?:#[^\r\n]*)?\r?\n?")
_SIMPLE_ESCAPES = {"t": "\t", "\t": "\t", "n": "\n", "r": "\r", "_": "\xa0", "N": "\x85", "L": "\u2028", "P": "\u2029"}
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text with the range of the file that each of its characters stands for.

    ``lead`` is how much of the text was put before the scalar's own (the keywords of a clause); it stands for the scalar's start.
    """

    source: SourceFile
    text: str
    lead: int
    ranges: tuple[tuple[int, int], ...] | None
    first: int
    last: int

    def span(self, start: int, end: int) -> Span:
        """The place in the file of a range of the text."""
        size = len(self.text) - self.lead
        begin, stop = (min(max(position - self.lead, 0), size) for position in (start, end))
        if self.ranges is None:
            return self.source.span(self.first + begin, self.first + stop)
        opened = self.ranges[begin][0] if begin < size else self.last
        closed = opened if stop <= begin else self.ranges[stop - 1][1]
        return self.source.span(opened, max(opened, closed))

    def moved(self, node: Any) -> Any:
        """A tree or a part of one that was read from the text, with its spans moved into the file."""
        if isinstance(node, Span):
            return self.span(node.start, node.end)
        if isinstance(node, tuple):
            items = []
            for item in node:
                items.append(self.moved(item))
            return tuple(items)
        names = _names_of(type(node))
        if not names:
            return node
        given: dict[str, Any] = {}
        for name in names:
            given[name] = self.moved(getattr(node, name))
        return type(node)(**given)

    def moved_problem(self, problem: Diagnostic) -> Diagnostic:
        """A problem that was found in the text, told of the file."""
        span = None if problem.span is None else self.span(problem.span.start, problem.span.end)
        related = tuple(replace(item, span=self.span(item.span.start, item.span.end)) for item in problem.related)
        return replace(problem, span=span, related=related)


_names: dict[type[Any], tuple[str, ...]] = {}


def _names_of(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a kind of node; none of what is no node."""
    names = _names.get(kind)
    if names is None:
        names = _names[kind] = tuple(item.name for item in fields(kind)) if is_dataclass(kind) else ()
    return names


def excerpt(source: SourceFile, scalar: Scalar, prefix: str = "", suffix: str = "") -> Excerpt:
    """The text of a scalar, between keywords that make a whole statement of it."""
    own = written(scalar)
    first, last = scalar.span.start, scalar.span.end
    raw = source.text[first:last]
    text = prefix + own + suffix
    if raw == own:
        return Excerpt(source, text, len(prefix), None, first, last) if not suffix else _with_ranges(source, text, prefix, own, raw, first)
    return _with_ranges(source, text, prefix, own, raw, first)


def written(scalar: Scalar) -> str:
    """The text of a scalar, whether or not YAML gives it a meaning of its own; nothing where it is missing."""
    if isinstance(scalar.value, bool):
        return "true" if scalar.value else "false"
    return scalar.value or ""


def _with_ranges(source: SourceFile, text: str, prefix: str, own: str, raw: str, first: int) -> Excerpt:
    ranges = [(first + start, first + end) for start, end in _aligned(own, raw)]
    stop = ranges[-1][1] if ranges else first
    ranges += [(stop, stop)] * (len(text) - len(prefix) - len(ranges))
    return Excerpt(source, text, len(prefix), tuple(ranges), first, stop)


def _aligned(own: str, raw: str) -> Iterator[tuple[int, int]]:
    """For each character of a scalar's text, its range in what is written.

    Folding changes only blanks: the other characters and the escapes come in the same order, and a blank stands behind what is before it.
    """
    characters = list(_characters(raw))
    position, behind = 0, 1 if raw[:1] in ("'", '"') else 0
    for character in own:
        if position < len(characters) and characters[position][0] == character:
            _, start, behind = characters[position]
            position += 1
            yield start, behind
        else:
            yield behind, min(behind + 1, len(raw))
            behind = min(behind + 1, len(raw))


def _characters(raw: str) -> Iterator[tuple[str, int, int]]:
    """The characters that are not blanks, and the escapes, of a scalar as written."""
    style = raw[:1]
    header = _HEADER.match(raw) if style in ("|", ">") else None
    position, end = (header.end(), len(raw)) if header else (1, len(raw) - 1) if style in ("'", '"') else (0, len(raw))
    while position < end:
        stop = position + 1
        character = raw[position]
        if style == '"' and character == "\\":
            continued = _CONTINUED.match(raw, position)
            escape = _ESCAPE.match(raw, position)
            if continued is not None:
                position = continued.end()
                continue
            if escape is not None:
                stop = escape.end()
                character = _unescaped(escape.group()[1:])
        elif style == "'" and raw[position : position + 2] == "''":
            stop = position + 2
        elif character in _BLANKS:
            position = stop
            continue
        yield character, position, stop
        position = stop


def _unescaped(code: str) -> str:
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _SIMPLE_ESCAPES.get(code, code)
