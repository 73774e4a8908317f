"""Sheets of Excel workbooks, as rows of the texts that a CSV file would hold.

openpyxl reads them: it tells a cell that holds an error (``#N/A``) from an empty one, which the quicker readers do not.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile
from zlib import error as InflateError

from assignrules.ir.types import VALUE_SCALE

if TYPE_CHECKING:
    from openpyxl import Workbook

# No cell holds a NUL character, so that a text which starts with one is none of a cell: no field takes it.
NUL = "\0"
ERROR = f"{NUL}#"
NOT_CALCULATED = f"{NUL}="
SHOWN_DIGITS = Context(prec=15, rounding=ROUND_HALF_UP)  # a spreadsheet counts in binary floating point, and shows this many digits of it
UNIT = Decimal(1).scaleb(-VALUE_SCALE)
MOST_ROWS = 1_048_576  # of a sheet
PIECE = 1 << 20  # bytes
# What openpyxl, and the readers below it, raise at a file that is not what it should be; our own code raises none of these on purpose.
BROKEN = (BadZipFile, InflateError, ParseError, KeyError, IndexError, ValueError, TypeError, AttributeError, EOFError, NotImplementedError)

Row = tuple[int, list[str | None]]  # the number that the spreadsheet shows, and the cells as texts


class NoWorkbook(Exception):
    """A file that is no workbook, or a broken one; the text says why."""


def sheet_names(path: Path) -> tuple[str, ...]:
    """The names of the sheets that people see, in order. Raises ``NoWorkbook``."""
    with _reading(), _opened(path) as book:
        return tuple(sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible")


def sheet_rows(path: Path, name: str) -> Iterator[Row]:
    """The rows of a sheet that are not empty. Raises ``NoWorkbook``.

    Dates are ISO texts, numbers plain ones of as many digits as a spreadsheet shows, of a formula its result as it was kept. An error
    starts with ``ERROR``; a formula of which no result was kept is ``NOT_CALCULATED``.
    """
    with _reading(), ExitStack() as open_books:
        book = open_books.enter_context(_opened(path))
        written: Iterable[Any] = repeat(())
        if _has_formulas(path):
            written = _rows(open_books.enter_context(_opened(path, formulas=True)), name)
        for number, (cells, formulas) in enumerate(zip(_rows(book, name), written, strict=False), start=1):
            if number > MOST_ROWS:
                raise NoWorkbook(f"sheet `{name}` has more rows than a sheet can have")
            texts = [_text(cell) for cell in cells]
            for at, formula in enumerate(formulas):
                # Of a formula whose result is an empty text, that is kept as one of type `str`.
                if formula.data_type == "f" and texts[at] is None and cells[at].data_type != "str":
                    texts[at] = NOT_CALCULATED
            if any(text is not None for text in texts):
                yield number, texts


@contextmanager
def _reading() -> Iterator[None]:
    """What breaks on the way is the file's fault; what openpyxl leaves out of it (colours, lists of choices) matters to nobody here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except BadZipFile as error:
        raise NoWorkbook("it is no Excel workbook, or one with a password") from error
    except BROKEN as error:
        raise NoWorkbook("it is a broken Excel workbook") from error


@contextmanager
def _opened(path: Path, *, formulas: bool = False) -> Iterator[Workbook]:
    from openpyxl import load_workbook

    with path.open("rb") as stream:
        book = load_workbook(stream, read_only=True, data_only=not formulas, keep_links=False)
        try:
            yield book
        finally:
            book.close()


def _rows(book: Workbook, name: str) -> Iterator[Any]:
    sheet: Any = book[name]
    sheet.reset_dimensions()  # some programs write a wrong size, and the rows beyond it would be left out
    return iter(sheet.iter_rows())


def _has_formulas(path: Path) -> bool:
    with ZipFile(path) as archive:
        for name in archive.namelist():
            if "worksheets/" in name and name.endswith(".xml"):
                with archive.open(name) as part:
                    end = b""
                    while piece := part.read(PIECE):
                        if any(mark in end + piece for mark in (b"<f>", b"<f ", b":f>", b":f ")):
                            return True
                        end = piece[-2:]
    return False


def _text(cell: Any) -> str | None:
    value = cell.value
    if value is None or value == "":
        return None
    if cell.data_type == "e":
        return ERROR + str(value).removeprefix("#")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "seconds")
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def _number(value: float) -> str:
    number = Decimal(repr(value))
    if not number.is_finite():
        return str(value)
    number = SHOWN_DIGITS.plus(number)
    if number != 0 and number.normalize().as_tuple().exponent < -VALUE_SCALE:  # type: ignore[operator]  # it is finite
        number = number.quantize(UNIT, ROUND_HALF_UP)
    return format(number.normalize(), "f") if number else "0"
