"""Rule tests as JUnit XML, which CI systems show."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from assignrules.report.page import plain

Outcome = tuple[str, str, float, Sequence[str]]


def as_junit(results: Sequence[Outcome]) -> str:
    """``results``: file, name, seconds, and what failed (nothing where it passed)."""
    failures = sum(bool(messages) for _, _, _, messages in results)
    total = sum(seconds for _, _, seconds, _ in results)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="assignrules" tests="{len(results)}" failures="{failures}" time="{total:.3f}">',
    ]
    for file, name, seconds, messages in results:
        head = f'  <testcase classname={_attribute(file)} name={_attribute(name)} file={_attribute(file)} time="{seconds:.3f}"'
        if not messages:
            lines.append(f"{head}/>")
            continue
        lines.append(f"{head}>")
        lines += [f"    <failure message={_attribute(message)}/>" for message in messages]
        lines.append("  </testcase>")
    return "\n".join([*lines, "</testsuite>"]) + "\n"


def _attribute(text: str) -> str:
    return quoteattr(plain(text))
