"""Reads YAML nodes into plain forms, and reports what does not fit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.syntax import yaml_reader as yaml
from assignrules.testing.typed import Written, day

CODE = "E0909"


@dataclass(slots=True)
class Reading:
    """Collects the problems of one file; each method gives what it could read."""

    problems: list[Diagnostic]

    def report(self, message: str, span: Span, *, help: str | None = None) -> None:
        """A problem of the case file."""
        self.problems.append(diagnostic(CODE, message, span, help=help))

    def unknown(self, word: str, span: Span, known: Iterable[str], where: str) -> None:
        """A key that nobody knows, with the nearest that is known."""
        words = sorted(known)
        self.report(f"unknown key `{word}` in {where}", span, help=did_you_mean(word, words) or "known are " + ", ".join(words))

    def mapping(self, node: yaml.Node, what: str, known: Collection[str] | None = None) -> Mapping[str, yaml.Node] | None:
        """The entries of a mapping; with ``known``, others are reported and left out. An empty scalar is an empty mapping."""
        if isinstance(node, yaml.Scalar) and node.value is None:
            return {}
        if not isinstance(node, yaml.Mapping):
            self.report(f"{what} must have keys with values", node.span)
            return None
        if known is None:
            return dict(node.items())
        for key, _ in node.entries:
            if str(key.value) not in known:
                self.unknown(str(key.value), key.span, known, what)
        return {key: value for key, value in node.items() if key in known}

    def items(self, node: yaml.Node, what: str) -> tuple[yaml.Node, ...]:
        """The items of a list; an empty scalar is an empty list."""
        if isinstance(node, yaml.Sequence):
            return node.items
        if not (isinstance(node, yaml.Scalar) and node.value is None):
            self.report(f"`{what}` must be a list", node.span)
        return ()

    def written(self, node: yaml.Node, what: str) -> Written:
        """A scalar as written: text, true, false, or missing."""
        if isinstance(node, yaml.Scalar):
            return node.value
        self.report(f"`{what}` must be a single value", node.span)
        return None

    def text(self, node: yaml.Node, what: str) -> str | None:
        """A scalar as text."""
        value = self.written(node, what)
        return ("true" if value else "false") if isinstance(value, bool) else value

    def texts(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        """A list of texts."""
        found = (self.text(item, what) for item in self.items(node, what))
        return tuple(text for text in found if text is not None)

    def day(self, node: yaml.Node, what: str) -> date | None:
        """A date."""
        text = self.text(node, what)
        found = None if text is None else day(text)
        if found is None:
            self.report(f"`{what}` must be a date", node.span, help="write it like `2026-11-22`")
        return found
