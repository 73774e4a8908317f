"""Ends of YAML values that YAML takes for a comment: behind a blank and `#`, in a value without quotes, everything is one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import yaml as events

from assignrules.diagnostics import Diagnostic, SourceFile, diagnostic
from assignrules.syntax import yaml_reader as yaml
from assignrules.syntax.yaml_form import is_yaml

# A comment that goes on like a condition, or has no blank behind its `#`, as people's comments have.
_LIKE_A_PART = re.compile(r"[ \t]+(#+[ \t]*(?:and|or)\b[^\r\n]*|#[^\s#][^\r\n]*)")


def swallowed(sources: Iterable[SourceFile]) -> Iterator[Diagnostic]:
    """W0101 for each."""
    for source in sources:
        if not is_yaml(source.name) or _LIKE_A_PART.search(source.text) is None:
            continue
        try:
            for event in events.parse(source.text, Loader=yaml.Loader):
                if isinstance(event, events.ScalarEvent) and not event.style and event.value:
                    yield from _behind(source, yaml.span_of(source, event).end)
        except (events.YAMLError, ValueError):  # reported where the file is read
            continue


def _behind(source: SourceFile, end: int) -> Iterator[Diagnostic]:
    match = _LIKE_A_PART.match(source.text, end)
    if match is not None:
        text = match.group(1).rstrip()
        help = "put the whole value in quotes if this is a part of it; otherwise start the comment with a blank and another word"
        yield diagnostic("W0101", f"YAML takes `{text}` for a comment", source.span(match.start(1), match.start(1) + len(text)), help=help)
