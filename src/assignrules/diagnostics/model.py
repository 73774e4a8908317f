"""The diagnostic: one problem, said once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from assignrules.diagnostics.codes import CODES
from assignrules.diagnostics.span import Span


class Severity(Enum):
    """How bad a problem is; the first letter of its code says it."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Related:
    """A further place that explains a problem."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: a stable ``code``, what is wrong, where, and the way out.

    ``message`` is lower case, one sentence, no full stop, with names in back-quotes; only ``help`` proposes.
    """

    code: str
    message: str
    span: Span | None = None
    help: str | None = None
    related: tuple[Related, ...] = ()

    @property
    def severity(self) -> Severity:
        """An ``E`` code is an error, a ``W`` code a warning."""
        return Severity.ERROR if self.code[0] == "E" else Severity.WARNING


def diagnostic(
    code: str,
    message: str,
    span: Span | None = None,
    *,
    help: str | None = None,
    related: Iterable[Related] = (),
) -> Diagnostic:
    """A diagnostic of a registered code; an unregistered code is our own bug (``KeyError``)."""
    CODES[code]
    return Diagnostic(code, message, span, help, tuple(related))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether one of them is an error."""
    return any(item.severity is Severity.ERROR for item in diagnostics)


def in_file_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each once, by file and position; those without a place first."""
    unique = dict.fromkeys(diagnostics)
    return tuple(sorted(unique, key=lambda item: (("", -1) if item.span is None else (item.span.file, item.span.start), item.code)))


def did_you_mean(word: str, known: Sequence[str]) -> str | None:
    """A help line naming the nearest known word, or None where none is near."""
    folded = {name.casefold(): name for name in known}
    if word.casefold() in folded:
        return f"did you mean `{folded[word.casefold()]}`?"
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    return f"did you mean `{near[0]}`?" if near else None
