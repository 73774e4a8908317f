"""What a caller can mend, as an exception of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assignrules.diagnostics import Diagnostic, SourceFile

Sources = Mapping[str, SourceFile]


class Problems(Exception):
    """Something is wrong that the caller can mend. ``sources`` are the texts that the diagnostics are about."""

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Sources | None = None) -> None:
        self.diagnostics = tuple(diagnostics)
        self.sources = dict(sources or {})
        super().__init__("; ".join(item.message for item in self.diagnostics))
