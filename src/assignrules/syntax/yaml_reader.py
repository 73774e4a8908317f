"""YAML read as 1.2 core, strictly, with a span for every node.

Only ``true``/``false`` and ``null``, ``~`` and the empty scalar have a meaning of their own when unquoted; every other scalar stays text.
Duplicate keys, aliases, anchors, merges and tags are errors; so is nesting deeper than 100.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from assignrules.diagnostics import Diagnostic, Related, SourceFile, Span, diagnostic

MAX_DEPTH = 100
_MARKS = re.compile(r"(?:[&!][^\s,\[\]{}]*\s*)+")  # the anchor and the tag before a scalar
Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's parser where the wheel has it: five times faster


@dataclass(frozen=True, slots=True)
class Scalar:
    """``value`` is text, or bool or None by the core rules; ``quoted`` scalars are always text."""

    value: str | bool | None
    quoted: bool
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Mapping:
    """``entries`` in the order written; a key is always text."""

    entries: tuple[tuple[Scalar, Node], ...]
    span: Span = field(compare=False, repr=False)

    def get(self, key: str) -> Node | None:
        """The value of a key, or None."""
        return next((value for name, value in self.entries if name.value == key), None)

    def items(self) -> Iterator[tuple[str, Node]]:
        """Keys as text, with their values."""
        for name, value in self.entries:
            yield str(name.value), value


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> Any:
    """The node as dicts, lists and scalars."""
    match node:
        case Scalar(value=value):
            return value
        case Sequence(items=items):
            return [plain(item) for item in items]
        case Mapping():
            return {key: plain(value) for key, value in node.items()}


def read_yaml(source: SourceFile, code: str = "E0902") -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """The document of a file, or diagnostics of ``code``. An empty document is a ``Scalar`` of None."""
    node, problems = read_all(source, code)
    return (None if problems else node), problems


def read_all(source: SourceFile, code: str, both: int = 0) -> tuple[Node | None, tuple[Diagnostic, ...]]:
    """As ``read_yaml``, but with the document beside the problems wherever its outline can be seen in spite of them: what is not allowed
    in one statement must not hide what is wrong in another.

    An alias is read as a word there. Of a key given twice the first counts; in the mappings of the outermost ``both`` levels both do.
    """
    problems: list[Diagnostic] = []
    text = source.text
    depth = 0
    try:
        for event in yaml.parse(source.text, Loader=Loader):
            span = span_of(source, event)
            if isinstance(event, yaml.AliasEvent):
                problems.append(diagnostic(code, f"alias `*{event.anchor}` is not allowed", span, help="write the value out"))
                text = f"{text[: span.start]}x{text[span.start + 1 :]}"
            elif isinstance(event, yaml.NodeEvent) and event.anchor is not None:
                problems.append(
                    diagnostic(code, f"anchor `&{event.anchor}` is not allowed", span, help="write the value out where it is used")
                )
            elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag not in (None, "!"):
                problems.append(diagnostic(code, f"tag `{event.tag}` is not allowed", span, help="leave the tag out"))
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    return None, (*problems, diagnostic(code, f"nested deeper than {MAX_DEPTH} levels", span))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
        root = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = None if mark is None else _place(source, mark)
        return None, (*problems, diagnostic(code, f"not YAML: {error.problem or error.context}", place))
    except (yaml.YAMLError, ValueError) as error:
        return None, (*problems, diagnostic(code, f"not YAML: {str(error).splitlines()[0]}"))
    if root is None:
        return Scalar(None, False, source.span(0, 0)), tuple(problems)
    node = _node(root, source, code, problems, both)
    return node, tuple(problems)


def _node(node: yaml.Node, source: SourceFile, code: str, problems: list[Diagnostic], both: int) -> Node:
    span = span_of(source, node)
    if isinstance(node, yaml.ScalarNode):
        marks = _MARKS.match(source.text, span.start, span.end)  # reported: what stands behind them is read
        return _scalar(node, source.span(marks.end(), span.end) if marks else span)
    if isinstance(node, yaml.SequenceNode):
        return Sequence(tuple(_node(item, source, code, problems, both - 1) for item in node.value), span)
    assert isinstance(node, yaml.MappingNode)
    entries: list[tuple[Scalar, Node]] = []
    first: dict[str, Span] = {}
    for key, value in node.value:
        place = span_of(source, key)
        if not isinstance(key, yaml.ScalarNode):
            problems.append(diagnostic(code, "a key must be a plain word", place))
            continue
        if key.value == "<<" and not key.style:
            problems.append(diagnostic(code, "merge keys are not allowed", place, help="write the keys out"))
            continue
        if key.value in first:
            related = [Related(first[key.value], "first given here")]
            problems.append(diagnostic(code, f"key `{key.value}` is given twice", place, related=related))
            if both <= 0:
                continue
        first.setdefault(key.value, place)
        entries.append((Scalar(key.value, bool(key.style), place), _node(value, source, code, problems, both - 1)))
    return Mapping(tuple(entries), span)


def _scalar(node: yaml.ScalarNode, span: Span) -> Scalar:
    if not node.style:
        if node.value in ("", "~", "null"):
            return Scalar(None, False, span)
        if node.value in ("true", "false"):
            return Scalar(node.value == "true", False, span)
    return Scalar(node.value, bool(node.style), span)


def _place(source: SourceFile, mark: Any) -> Span:
    start = _position(source, mark)
    return source.span(start, min(start + 1, len(source.text)))


def span_of(source: SourceFile, marked: Any) -> Span:
    """The span of a node or an event of the parser."""
    start, end = (_position(source, mark) for mark in (marked.start_mark, marked.end_mark))
    return source.span(start, max(start, end))


def _position(source: SourceFile, mark: Any) -> int:
    """A mark of the parser as a position in the text: its lines are not ours (it takes more characters for line breaks), its index is.

    The parser of the C library does not count a byte order mark.
    """
    unseen = 1 if source.text.startswith("\ufeff") and Loader is not yaml.BaseLoader else 0
    return min(int(mark.index) + unseen, len(source.text))
