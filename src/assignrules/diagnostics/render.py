"""Diagnostics as text for a person: the message, the line it is about, and the way out."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from assignrules.diagnostics.model import Diagnostic, Severity
from assignrules.diagnostics.span import SourceFile, Span

_TAB = 4
# a longer line is shown from near the problem on, so that a file of one line can be shown too
_LONGEST_LINE = 160
_LEAD = 40

_RED, _YELLOW, _BLUE, _BOLD, _RESET = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"


def display_width(text: str) -> int:
    """How many columns a terminal gives a text: two for a wide character, none for a combining mark."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, SourceFile], *, color: bool = False) -> str:
    """Each diagnostic with its source line, in the order given, a blank line between two; empty where there are none.

    ``sources`` are by the names that the spans bear; a span of an unknown file is shown by its place alone.
    """
    blocks = [_block(item, sources, color) for item in diagnostics]
    return "\n\n".join(blocks) + "\n" if blocks else ""


def summary_line(diagnostics: Iterable[Diagnostic], files: int) -> str:
    """``2 errors, 1 warning in 3 files``; ``no problems in 3 files``. Where no file was read, only the problems."""
    found = list(diagnostics)
    errors = sum(item.severity is Severity.ERROR for item in found)
    warnings = len(found) - errors
    parts = [_count(errors, "error")] if errors else []
    parts += [_count(warnings, "warning")] if warnings else []
    if parts and not files:
        return ", ".join(parts)
    return f"{', '.join(parts) or 'no problems'} in {_count(files, 'file')}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def _block(item: Diagnostic, sources: Mapping[str, SourceFile], color: bool) -> str:
    tint = _RED if item.severity is Severity.ERROR else _YELLOW
    head = _paint(f"{item.severity.value}[{item.code}]", tint + _BOLD, color)
    lines = [f"{head}{_paint(f': {_visible(item.message)}', _BOLD, color)}"]
    spans = [span for span in (item.span, *(related.span for related in item.related)) if span is not None]
    gutter = max((len(str(span.line)) for span in spans), default=1) + 1
    if item.span is not None:
        lines += _place(item.span, sources, gutter, "^", tint, "", color)
    for related in item.related:
        lines += _place(related.span, sources, gutter, "-", _BLUE, related.text, color)
    if item.help is not None:
        lines.append(f"{' ' * gutter}{_paint('=', _BLUE, color)} help: {_visible(item.help)}")
    return "\n".join(lines)


def _place(span: Span, sources: Mapping[str, SourceFile], gutter: int, mark: str, tint: str, note: str, color: bool) -> list[str]:
    pad = " " * gutter
    bar = _paint("|", _BLUE, color)
    suffix = f" {_visible(note)}" if note else ""
    arrow = _paint("-->", _BLUE, color)
    place = f"{' ' * (gutter - 1)}{arrow} {_visible(span.file)}:{span.line}:{span.column}"
    source = sources.get(span.file)
    if source is None or not source.text:
        return [place + (f":{suffix}" if note else "")]
    text = source.line(span.line)
    start = min(span.column - 1, len(text))
    length = max(1, min(span.length, len(text) - start))
    text, start = _window(text, start)
    length = min(length, max(1, len(text) - start))
    before, under = _shown(text[:start]), _shown(text[start : start + length])
    shown = before + under + _shown(text[start + length :])
    marks = " " * display_width(before) + _paint(mark * max(1, display_width(under)), tint, color)
    number = _paint(str(span.line).rjust(gutter - 1), _BLUE, color)
    return [place, f"{pad}{bar}", f"{number} {bar} {shown}".rstrip(), f"{pad}{bar} {marks}{suffix}"]


def _window(text: str, start: int) -> tuple[str, int]:
    """The part of a long line around a place, and the place in it."""
    if len(text) <= _LONGEST_LINE:
        return text, start
    first = max(0, min(start - _LEAD, len(text) - _LONGEST_LINE))
    cut = text[first : first + _LONGEST_LINE]
    lead, trail = ("…" if first else ""), ("…" if first + _LONGEST_LINE < len(text) else "")
    return lead + cut + trail, start - first + len(lead)


def _shown(text: str) -> str:
    """A piece of a line as it can be shown: tabs as blanks, control characters by a stand-in."""
    return _visible(text.replace("\t", " " * _TAB))


def _visible(text: str) -> str:
    """A text without what would move a terminal's cursor, or could not be encoded."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character) in ("Cc", "Cs", "Cf", "Zl", "Zp") else character
        for character in text
    )


def _paint(text: str, code: str, color: bool) -> str:
    return f"{code}{text}{_RESET}" if color else text
