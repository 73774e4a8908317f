"""Results to standard output, everything else to standard error; quiet when nobody reads any more."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from assignrules.diagnostics import Diagnostic, SourceFile
    from assignrules.report.page import Page

MOST_COLUMNS = 160


class OutputFailed(Exception):
    """A result cannot be shown."""


def emit(text: str) -> None:
    """Writes a result to standard output."""
    _write(sys.stdout, text)


def say(text: str = "") -> None:
    """Writes a line of prose to standard error."""
    _write(sys.stderr, f"{text}\n")


def page() -> Page:
    """How standard output is to be written to: as wide as the terminal and in colour, or plain."""
    from assignrules.report.page import Page

    terminal = sys.stdout.isatty()
    width = min(MOST_COLUMNS, shutil.get_terminal_size((100, 24)).columns) if terminal else None
    return Page(width, colored(sys.stdout))


def colored(stream: TextIO) -> bool:
    """Whether colours may be written: to a terminal, without NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def complain(diagnostics: Sequence[Diagnostic], sources: Mapping[str, SourceFile] | None = None) -> None:
    """Diagnostics to standard error."""
    if diagnostics:
        from assignrules.report.diagnostics import as_text

        _write(sys.stderr, as_text(diagnostics, sources or {}, color=colored(sys.stderr)))


def silence(streams: Iterable[TextIO]) -> None:
    """Lets what is still buffered go nowhere, so that closing these streams does not fail."""
    for stream in streams:
        try:
            target = stream.fileno()
        except (OSError, ValueError):
            continue  # a stream in memory has nothing to close
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, target)
        os.close(nowhere)


def _write(stream: TextIO, text: str) -> None:
    """The reader may have left (``assignrules log | head``): the work goes on, and its exit code stays what it is."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        silence([stream])
    except OSError as error:  # a full disk
        silence([stream])
        if stream is sys.stdout:
            raise OutputFailed(f"standard output cannot be written to: {(error.strerror or 'unknown reason').lower()}") from error
