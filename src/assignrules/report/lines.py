"""The lines of a report as a table, CSV or JSON; values are printed forms."""

from __future__ import annotations

from collections.abc import Sequence

from assignrules.ir.changes import Printed
from assignrules.ir.values import shown
from assignrules.report.diagnostics import document
from assignrules.report.page import DIM, Page, count, plain
from assignrules.report.rows import csv_text

PLAIN = Page()
Lines = Sequence[Sequence[Printed]]


def as_table(name: str, label: str | None, columns: Sequence[str], lines: Lines, page: Page) -> str:
    """With the names of the columns; numbers and amounts stand to the right."""
    title = [page.heading(plain(label or name))]
    rows = [[plain(column) for column in columns], *([plain(shown(cell)) for cell in line] for line in lines)]
    right = [place for place in range(len(columns)) if lines and all(_is_number(line[place]) for line in lines)]
    body = page.table(rows, right=right, header=True)
    return "\n".join([*title, *body, page.paint(count(len(lines), "line"), DIM)]) + "\n"


def _is_number(cell: Printed) -> bool:
    """Whether a cell is a number or an amount, or is missing beside such."""
    if isinstance(cell, bool):
        return False
    if cell is None or isinstance(cell, int):
        return True
    figures, _, currency = cell.partition(" ")
    return figures.replace(".", "", 1).removeprefix("-").isdecimal() and (not currency or (len(currency) == 3 and currency.isupper()))


def as_csv(columns: Sequence[str], lines: Lines) -> str:
    """With a header; a missing value is an empty cell. An amount is one cell, `1000.00 EUR`."""
    return csv_text(list(columns), [["" if cell is None else shown(cell) for cell in line] for line in lines])


def as_json(name: str, columns: Sequence[str], lines: Lines) -> str:
    """The document of one report."""
    return document({"report": name, "columns": list(columns), "rows": [list(line) for line in lines]})


def alert_table(columns: Sequence[str], rows: Lines, page: Page, indent: str) -> list[str]:
    """Rows of an alert below their columns, the first of which are state and key."""
    cells = [list(columns), *([plain(shown(cell)) for cell in row] for row in rows)]
    return page.table(cells, header=True, indent=indent)
