"""A place in a source text."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code points, ``start`` to ``end``, of one source file.

    ``line`` and ``column`` (both counted from 1, in code points) are those of ``start``.
    """

    file: str
    start: int
    end: int
    line: int
    column: int

    @property
    def length(self) -> int:
        """How many code points the span covers."""
        return self.end - self.start

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of ``other``."""
        return Span(self.file, self.start, max(self.end, other.end), self.line, self.column)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A text and the name it is shown by (relative to the project, with forward slashes)."""

    name: str
    text: str
    _line_starts: tuple[int, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        starts = [0]
        while (end := self.text.find("\n", starts[-1])) >= 0:
            starts.append(end + 1)
        object.__setattr__(self, "_line_starts", tuple(starts))

    def span(self, start: int, end: int) -> Span:
        """The span of the code points ``start`` to ``end`` (exclusive)."""
        line = bisect_right(self._line_starts, start)
        return Span(self.name, start, end, line, start - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its line break."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] - 1 if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def position(self, line: int, column: int) -> int:
        """The code point at a line and a column, both counted from 1."""
        return self._line_starts[line - 1] + column - 1
