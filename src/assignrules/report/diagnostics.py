"""Diagnostics as text, JSON, SARIF and GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, TypeGuard
from urllib.parse import quote

from assignrules import __version__
from assignrules.diagnostics import Diagnostic, Severity, SourceFile, Span, has_errors
from assignrules.diagnostics.codes import CODES
from assignrules.diagnostics.render import render, summary_line
from assignrules.plan.model import SCHEMA_VERSION

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(diagnostics: Sequence[Diagnostic], sources: Mapping[str, SourceFile], *, color: bool = False) -> str:
    """Each with its source line; empty where there are none."""
    return render(diagnostics, sources, color=color)


def summary(diagnostics: Sequence[Diagnostic], files: int) -> str:
    """``2 errors, 1 warning in 3 files``."""
    return summary_line(diagnostics, files)


def rows(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """The diagnostics as JSON objects."""
    return [
        {
            "code": item.code,
            "severity": item.severity.value,
            "message": item.message,
            **_place(item.span),
            "help": item.help,
            "related": [{**_place(related.span), "text": related.text} for related in item.related],
        }
        for item in diagnostics
    ]


def as_json(diagnostics: Sequence[Diagnostic], **more: object) -> str:
    """One JSON document."""
    return document({"ok": not has_errors(diagnostics), **more, "diagnostics": rows(diagnostics)})


def as_github(diagnostics: Iterable[Diagnostic], folder: str = "") -> str:
    """Workflow commands, which GitHub shows beside the changed lines. ``folder``: where the project is in the repository."""
    lines = []
    for item in diagnostics:
        level = "error" if item.severity is Severity.ERROR else "warning"
        place = {"title": f"{item.code} {CODES[item.code]}"}
        if _in_a_file(item.span):
            end = item.span.column + max(1, item.span.length)
            path = _path(item.span, folder)
            place = {"file": path, "line": str(item.span.line), "col": str(item.span.column), "endColumn": str(end), **place}
        properties = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in place.items())
        text = item.message if item.help is None else f"{item.message}\nhelp: {item.help}"
        lines.append(f"::{level} {properties}::{_escaped(text)}\n")
    return "".join(lines)


def as_sarif(diagnostics: Sequence[Diagnostic], folder: str = "") -> str:
    """A SARIF 2.1.0 log. ``folder``: where the project is in the repository."""
    codes = sorted({item.code for item in diagnostics})
    run = {
        "tool": {
            "driver": {
                "name": "assignrules",
                "version": __version__,
                "rules": [{"id": code, "shortDescription": {"text": CODES[code]}} for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, codes, folder) for item in diagnostics],
    }
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def document(content: Mapping[str, object]) -> str:
    """A JSON document of ours, stamped with its version. Ends with a line break."""
    return json.dumps({"schema_version": SCHEMA_VERSION, **content}, ensure_ascii=False, indent=2) + "\n"


def _place(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"file": None, "line": None, "column": None, "length": None}
    return {"file": span.file, "line": span.line, "column": span.column, "length": span.length}


def _result(item: Diagnostic, codes: list[str], folder: str) -> dict[str, Any]:
    text = item.message if item.help is None else f"{item.message} (help: {item.help})"
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": codes.index(item.code),
        "level": item.severity.value,
        "message": {"text": text},
        "locations": [_location(item.span, folder)] if _in_a_file(item.span) else [],
    }
    if item.related:
        result["relatedLocations"] = [{**_location(related.span, folder), "message": {"text": related.text}} for related in item.related]
    return result


def _in_a_file(span: Span | None) -> TypeGuard[Span]:
    """Whether a place is in a file. The value of a parameter on the command line is in none, whatever name it is shown by."""
    return span is not None and not span.file.startswith("<")


def _location(span: Span, folder: str) -> dict[str, Any]:
    region = {"startLine": span.line, "startColumn": span.column, "charOffset": span.start, "charLength": span.length}
    artifact = {"uri": quote(_path(span, folder)), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _path(span: Span, folder: str) -> str:
    return str(PurePosixPath(folder) / span.file)


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
