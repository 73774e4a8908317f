"""Rows that a search found, as a table, CSV or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from assignrules.report.diagnostics import document
from assignrules.report.page import DIM, Page, count, plain

# A cell that starts like this is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Found = Sequence[tuple[str, str | None]]
Counts = Sequence[tuple[str, str, str | None, int]]


def as_table(noun: tuple[str, str], total: int, rows: Found, page: Page) -> str:
    """Keys and labels, then how many there are in all."""
    lines = page.table([["key", "label"], *([plain(key), plain(label or "")] for key, label in rows)], header=True) if rows else []
    more = "" if len(rows) == total else f", {len(rows):,} shown"
    return "\n".join([*lines, page.paint(count(total, *noun) + more, DIM)]) + "\n"


def as_csv(rows: Found) -> str:
    """CSV with a header; a cell that a spreadsheet would take for a formula gets an apostrophe in front."""
    return csv_text(["key", "label"], [[key, label or ""] for key, label in rows])


def as_json(name: str, total: int, rows: Found) -> str:
    """The document of one search."""
    return document({"search": name, "count": total, "rows": [{"key": key, "label": label} for key, label in rows]})


def counts_as_table(counts: Counts, page: Page) -> str:
    """All searches with how many rows they find."""
    body = [[name, entity, f"{number:,}", plain(label or "")] for name, entity, label, number in counts]
    return "".join(f"{line}\n" for line in page.table([["search", "on", "rows", "label"], *body], right=(2,), header=True))


def counts_as_csv(counts: Counts) -> str:
    """All searches as CSV."""
    return csv_text(
        ["search", "entity", "count", "label"], [[name, entity, str(number), label or ""] for name, entity, label, number in counts]
    )


def counts_as_json(counts: Counts) -> str:
    """All searches as one document."""
    return document(
        {"searches": [{"search": name, "entity": entity, "label": label, "count": number} for name, entity, label, number in counts]}
    )


def csv_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """RFC 4180 with plain line ends, also inside a cell, and no formulas."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[neutral(cell).replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in rows])
    return stream.getvalue()


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
