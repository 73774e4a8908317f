"""Reason texts: ``"{outstanding} outstanding"``. Names in braces only; ``{{`` and ``}}`` are braces."""

from __future__ import annotations

import re
from dataclasses import replace

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.ir.proposals import TemplatePart
from assignrules.resolve.lower import Lowering
from assignrules.syntax import tree

PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\Z")


def lower_template(text: tree.Text, lowering: Lowering) -> tuple[TemplatePart, ...]:
    """The pieces of a reason text with the values in braces; one that is unknown is reported, and left out."""
    parts: list[TemplatePart] = []
    problems = lowering.problems
    for piece in parse_template(text, problems):
        if isinstance(piece, str):
            parts.append(TemplatePart(piece, None))
            continue
        known = len(problems)
        value = lowering.expression(piece)
        if value is None:
            problems[known:] = [replace(problem, code="E0409") if problem.code == "E0201" else problem for problem in problems[known:]]
        else:
            parts.append(TemplatePart(None, value))
    return tuple(parts)


def parse_template(text: tree.Text, problems: list[Diagnostic]) -> list[str | tree.Path]:
    """The pieces of a reason text: literal texts, and the paths in braces with the span of the whole text."""
    pieces: list[str | tree.Path] = []
    literal = ""
    position, value = 0, text.value
    while position < len(value):
        if value.startswith(("{{", "}}"), position):
            literal += value[position]
            position += 2
        elif value[position] == "{":
            end = value.find("}", position)
            inside = value[position + 1 : end].strip() if end >= 0 else ""
            if end < 0 or not PATH.match(inside):
                message = "a brace is not closed" if end < 0 else f"`{{{inside}}}` is not a name"
                problems.append(diagnostic("E0409", message, text.span, help="write a name, as in `{outstanding}`, or `{{` for a brace"))
                position = len(value) if end < 0 else end + 1
                continue
            if literal:
                pieces.append(literal)
                literal = ""
            span = _inside(text, inside)
            names = inside.split(".")
            this = names[0] == "this"
            pieces.append(tree.Path(tuple(tree.Name(name, span) for name in names[1 if this else 0 :]), this, span))
            position = end + 1
        else:
            literal += value[position]
            position += 1
    if literal:
        pieces.append(literal)
    return pieces


def _inside(text: tree.Text, word: str) -> Span:
    """The span of a name inside the text, in quotes or (in YAML) without, where it has no escapes; else that of the whole text."""
    quotes = text.span.length - len(text.value)
    if quotes not in (0, 2):
        return text.span
    start = text.value.index("{" + word + "}") if "{" + word + "}" in text.value else -1
    if start < 0:
        return text.span
    first = start + 1 + quotes // 2
    return Span(text.span.file, text.span.start + first, text.span.start + first + len(word), text.span.line, text.span.column + first)
