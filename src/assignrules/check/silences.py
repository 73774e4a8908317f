"""Comments that silence warnings: `# allow W0301: a missing score is meant here`.

At the end of a line, a comment silences the warnings about what stands on that line; alone on its line, those about the next line of text,
and where a statement, a clause or a line of a block begins there, about all of it. Without a reason it silences nothing (W0410); one
that silences nothing is itself warned about (W0411). Errors cannot be silenced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

from assignrules.diagnostics import Diagnostic, Severity, SourceFile, Span, diagnostic
from assignrules.diagnostics.codes import CODES
from assignrules.diagnostics.model import did_you_mean
from assignrules.syntax import tree

_SILENCE = re.compile(r"#+\s*allow\s+(?P<codes>[A-Za-z]\d+(?:\s*,\s*[A-Za-z]\d+)*)(?P<rest>.*)", re.DOTALL)
_CODE = re.compile(r"[A-Za-z]\d+")


@dataclass(frozen=True, slots=True)
class Silence:
    """One code that a comment silences, on the lines from ``first`` to ``last``. ``span``: of the code in the comment."""

    code: str
    first: int
    last: int
    span: Span


def silenced(
    problems: Iterable[Diagnostic], files: Sequence[tree.File], sources: Sequence[SourceFile], *, complete: bool
) -> list[Diagnostic]:
    """The problems without the silenced warnings, and with those about the silencing. ``complete`` off: an error kept some checks from
    running, so that nobody knows what a comment would silence."""
    texts = {source.name: source for source in sources}
    found: list[Diagnostic] = []
    silences: list[Silence] = []
    for file in files:
        for item in _in_file(file, texts[file.name]):
            (found if isinstance(item, Diagnostic) else silences).append(item)  # type: ignore[arg-type]  # one of the two
    used: set[Silence] = set()
    for problem in problems:
        meant = [item for item in silences if _covers(item, problem, texts)]
        used.update(meant)
        if not meant:
            found.append(problem)
    if complete:
        found.extend(_idle(item) for item in silences if item not in used)
    return found


def _covers(silence: Silence, problem: Diagnostic, texts: dict[str, SourceFile]) -> bool:
    span = problem.span
    if span is None or problem.code != silence.code or span.file != silence.span.file or problem.severity is not Severity.WARNING:
        return False
    return silence.first <= _last_line(span, texts[span.file]) and span.line <= silence.last


def _idle(silence: Silence) -> Diagnostic:
    if silence.code not in CODES:
        help = did_you_mean(silence.code, [code for code in CODES if code[0] == "W"]) or "`assignrules help` knows the codes"
        return diagnostic("W0411", f"there is no warning `{silence.code}`", silence.span, help=help)
    if silence.code[0] != "W":
        return diagnostic("W0411", f"`{silence.code}` is an error, and errors cannot be silenced", silence.span)
    help = "leave the comment out, or put it above the line that the warning is about"
    return diagnostic("W0411", f"there is no warning `{silence.code}` here", silence.span, help=help)


def _in_file(file: tree.File, source: SourceFile) -> Iterator[Silence | Diagnostic]:
    lines = source.text.split("\n")
    alone = {comment.span.line for comment in file.comments if comment.own_line}
    blocks: dict[int, int] | None = None
    for comment in file.comments:
        match = _SILENCE.match(comment.text)
        if match is None:
            continue
        rest = match["rest"].strip()
        reason = rest[1:].strip() if rest.startswith(":") else ""
        codes = [(code.group().upper(), comment.span.start + code.start()) for code in _CODE.finditer(comment.text, 0, match.end("codes"))]
        if not reason:
            help = f"put the reason behind a colon, as in `# allow {codes[0][0]}: agreed with sales`"
            yield diagnostic("W0410", f"`allow {codes[0][0]}` gives no reason, so it silences nothing", comment.span, help=help)
            continue
        first = last = comment.span.line
        if comment.own_line:
            first = next(
                (number for number in range(first + 1, len(lines) + 1) if number not in alone and lines[number - 1].strip()), first
            )
            blocks = _blocks(file, source) if blocks is None else blocks
            last = blocks.get(first, first)
        for code, start in codes:
            yield Silence(code, first, last, source.span(start, start + len(code)))


def _blocks(file: tree.File, source: SourceFile) -> dict[int, int]:
    """By the line on which a statement or a part of one begins, the line on which the largest such ends."""
    found: dict[int, int] = {}
    for statement in file.statements:
        for span in _parts(statement):
            last = _last_line(span, source)
            if last > found.get(span.line, 0):
                found[span.line] = last
    return found


def _parts(node: object) -> Iterator[Span]:
    """The spans of a statement, its clauses and its lines; not of what stands inside their expressions."""
    if isinstance(node, tuple):
        for part in node:
            yield from _parts(part)
    elif isinstance(node, tree.Statement | tree.Clause | tree.ScoreClass | tree.PointsBy | tree.PointsWhen | tree.Base):
        yield node.span
        for part in fields(node):
            value = getattr(node, part.name)
            if isinstance(value, tuple):
                yield from _parts(value)


def _last_line(span: Span, source: SourceFile) -> int:
    return source.span(max(span.start, span.end - 1), span.end).line
