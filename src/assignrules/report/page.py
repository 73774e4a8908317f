"""A page of text: its width and colours, and tables that keep to them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assignrules.diagnostics.render import display_width

RED, GREEN, YELLOW, BLUE, BOLD, DIM = "31", "32", "33", "34", "1", "2"
ELLIPSIS = "…"
GAP = "  "


@dataclass(frozen=True, slots=True)
class Page:
    """``width`` None: lines are as long as they need to be (a file, a pipe). Without ``color`` no escape sequence is written."""

    width: int | None = None
    color: bool = False

    def paint(self, text: str, *codes: str) -> str:
        """A text in a colour."""
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self.color and text and codes else text

    def heading(self, text: str) -> str:
        """The line above a section."""
        return self.paint(text, BOLD)

    def cut(self, text: str, used: int = 0) -> str:
        """A text that must fit in what ``used`` columns leave of a line."""
        return text if self.width is None else shortened(text, max(8, self.width - used))

    def table(self, rows: Sequence[Sequence[str]], *, right: Iterable[int] = (), header: bool = False, indent: str = "") -> list[str]:
        """Rows in columns, those of ``right`` set to the right; with ``header``, the first row names them. Lines are cut to the width."""
        if not rows:
            return []
        numbers = set(right)
        widths = [max(display_width(row[at]) for row in rows) for at in range(len(rows[0]))]
        lines = []
        for number, row in enumerate(rows):
            cells = []
            for at, cell in enumerate(row):
                pad = " " * (widths[at] - display_width(cell))
                cells.append(pad + cell if at in numbers else cell if at == len(row) - 1 else cell + pad)
            line = self.cut((indent + GAP.join(cells)).rstrip())
            lines.append(self.paint(line, BOLD) if header and number == 0 else line)
        return lines


def plain(text: str) -> str:
    """A text from the data on one line, without what would move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(
        " "
        if character in "\t\r\n"
        else "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) in ("Cc", "Cs", "Cf", "Zl", "Zp")
        else character
        for character in text
    )


def shortened(text: str, width: int) -> str:
    """At most ``width`` columns; what is cut off is marked."""
    if display_width(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += display_width(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept).rstrip() + ELLIPSIS


def count(number: int, singular: str, plural: str | None = None) -> str:
    """``1 change``, ``1,234 changes``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
