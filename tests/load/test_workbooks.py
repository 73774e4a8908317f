"""Excel workbooks in, rows out, as of CSV files: all of them, exactly; or nothing, and every rejected row with its sheet and reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import Workbook
from tests.conftest import empty_postgres

from assignrules.databases.duckdb import DuckDB
from assignrules.load import LoadReport, load
from assignrules.report.workbook import workbook
from assignrules.schema.logical import credit

pytestmark = pytest.mark.slow

Sheets = Mapping[str, Sequence[Sequence[Any]]]


@pytest.fixture
def database(tmp_path: Path) -> DuckDB:
    return DuckDB(tmp_path / "my.duckdb")


def write(path: Path, sheets: Sheets, *, shapes: Mapping[str, str] | None = None, hidden: Sequence[str] = ()) -> Path:
    """A workbook of openpyxl's. ``shapes``: number formats, by cell of any sheet."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for cell, shape in (shapes or {}).items():
            sheet[cell].number_format = shape
        if name in hidden:
            sheet.sheet_state = "hidden"
    book.save(path)
    return path


def reload(database: DuckDB, path: Path) -> LoadReport:
    return load([path], database, credit(), "EUR")


def rows(database: DuckDB, sql: str) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        return session.fetch(sql)


def rewritten(path: Path, part: str, *changes: tuple[str, str]) -> Path:
    """The workbook with other text in one of its parts."""
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts[part].decode()
    for old, new in changes:
        assert re.search(old, text), old
        text = re.sub(old, new, text)
    parts[part] = text.encode()
    with ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def refused(report: LoadReport) -> list[tuple[str, str]]:
    assert not report.loaded
    return [(item.code, item.message) for item in report.diagnostics]


def test_each_sheet_named_like_an_entity(database: DuckDB, tmp_path: Path) -> None:
    path = write(
        tmp_path / "ledger.xlsx",
        {
            "Notes": [["what was sold"]],
            "documents": [["number", "customer", "due_date", "open_amount"], ["F1", "C1", date(2026, 3, 31), 100]],
            "Customer": [["code", "name"], ["C1", "Alpha"], ["C2", "Beta"]],
            "policies": [["code"], ["P1"]],
        },
        hidden=["policies"],
    )
    report = reload(database, path)
    assert report.loaded, report
    assert [(item.entity, item.file, item.after) for item in report.entities] == [
        ("customer", "ledger.xlsx (Customer)", 2),
        ("document", "ledger.xlsx (documents)", 1),
    ]
    assert report.left_out == ("ledger.xlsx (Notes)",)
    assert rows(database, "SELECT due_date, open_amount, open_amount_currency FROM document") == [
        (date(2026, 3, 31), Decimal(100), "EUR"),
    ]  # fmt: skip


def test_the_first_sheet_of_a_workbook_named_like_an_entity(database: DuckDB, tmp_path: Path) -> None:
    report = reload(database, write(tmp_path / "Customers.XLSX", {"Feuil1": [["name", "code"], ["Alpha", "C1"]], "Feuil2": [["x"]]}))
    assert report.loaded and [item.file for item in report.entities] == ["Customers.XLSX (Feuil1)"]
    assert report.left_out == ()
    assert rows(database, "SELECT code, name FROM customer") == [("C1", "Alpha")]


def test_a_folder_with_a_workbook_that_is_open(database: DuckDB, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / "customers.xlsx", {"customers": [["code"], ["C1"]]})
    (folder / "~$customers.xlsx").write_bytes(b"jane")
    assert [item.file for item in reload(database, folder).entities] == ["customers.xlsx (customers)"]


def test_cells_of_every_type(database: DuckDB, tmp_path: Path) -> None:
    header = ["code", "name", "payment_terms_days", "customer_since", "active", "insurer_score", "turnover_12m", "currency"]
    path = write(
        tmp_path / "customers.xlsx",
        {
            "customers": [
                [None, None],  # what stands above the header is nothing
                [" code ", *header[1:], None],
                ["00042", 7, 30, date(2020, 2, 29), True, 7.5, 0.1 + 0.2, "USD"],
                [411000, " x ", "060", datetime(2020, 3, 1), "no", "-0.5", "1200.50 GBP", None],
                [None] * 8,
                [1e15, date(2026, 1, 5), 30.0, "2020-02-29", None, 1 / 3, 1234567.89 * 3, "USD"],
                ["C4", "", None, None, False, 1e-10, 45_000, "USD"],
            ]
        },
        shapes={"D3": "dd/mm/yyyy", "G7": '[Red]#,##0.00 "days"'},
    )
    # 0.1 + 0.2 is kept as 0.30000000000000004 by some programs.
    rewritten(path, "xl/worksheets/sheet1.xml", ("<v>0.3</v>", "<v>0.30000000000000004</v>"))
    report = reload(database, path)
    assert report.loaded, report
    columns = "code, name, payment_terms_days, customer_since, active, insurer_score, turnover_12m, turnover_12m_currency"
    assert rows(database, f"SELECT {columns} FROM customer ORDER BY payment_terms_days, code") == [
        ("00042", "7", 30, date(2020, 2, 29), True, Decimal("7.5"), Decimal("0.3"), "USD"),
        ("1000000000000000", "2026-01-05", 30, date(2020, 2, 29), None, Decimal("0.3333333333"), Decimal("3703703.67"), "USD"),
        ("411000", " x ", 60, date(2020, 3, 1), False, Decimal("-0.5"), Decimal("1200.5"), "GBP"),
        ("C4", None, None, None, False, Decimal("0.0000000001"), Decimal(45000), "USD"),
    ]


def test_percents_and_the_other_calendar_of_spreadsheets(database: DuckDB, tmp_path: Path) -> None:
    path = write(tmp_path / "policy.xlsx", {"policies": [["code", "insured_percentage"], ["P1", 0.9], ["P2", "85%"]]}, shapes={"B2": "0%"})
    assert reload(database, path).loaded
    assert rows(database, "SELECT insured_percentage FROM policy ORDER BY code") == [(Decimal("0.9"),), (Decimal("0.85"),)]
    path = write(tmp_path / "customers.xlsx", {"customers": [["code", "customer_since"], ["C1", date(2026, 3, 1)]]})
    # Days are counted from 1904 there, 1,462 days later.
    rewritten(path, "xl/workbook.xml", ("<workbookPr ?/>", '<workbookPr date1904="1"/>'))
    assert reload(database, path).loaded
    assert rows(database, "SELECT customer_since FROM customer") == [(date(2030, 3, 2),)]


def test_rejected_rows(database: DuckDB, tmp_path: Path) -> None:
    path = write(
        tmp_path / "ledger.xlsx",
        {
            "documents": [
                ["number", "customer", "due_date", "open_amount"],
                ["F1", "C1", date(2026, 3, 31), 100],
                [],
                ["#N/A", "#REF!", "#VALUE!", "#DIV/0!"],
                ["F1", "C2", "31.3.2026", 10],
                ["F3", "C1", 46112, 1],
                ["F4", "C1", datetime(2026, 3, 31, 13, 0), 1],
                ["F5", "C1", time(13, 0), "1.200,50"],
                [None, "C1"],
            ]
        },
    )
    name = "`ledger.xlsx (documents)` row"
    assert refused(reload(database, path)) == [
        (
            "E0506",
            f"{name} 4: `number` is `#N/A`, an error of the spreadsheet; `customer` is `#REF!`, an error of the spreadsheet; "
            "`due_date` is `#VALUE!`, an error of the spreadsheet; `open_amount` is `#DIV/0!`, an error of the spreadsheet",
        ),
        ("E0506", f"{name} 5: `due_date` is `31.3.2026`, which is not a date like `2026-11-22`; `number` repeats that of row 2"),
        ("E0506", f"{name} 6: `due_date` is `46112`, which is not a date like `2026-11-22`"),
        ("E0506", f"{name} 7: `due_date` is `2026-03-31 13:00:00`, which is not a date like `2026-11-22`"),
        (
            "E0506",
            f"{name} 8: `due_date` is `13:00:00`, which is not a date like `2026-11-22`; "
            "`open_amount` is `1.200,50`, which is not an amount like `1200.50 EUR` or `1200.50`",
        ),
        ("E0506", f"{name} 9: `number` is missing"),
    ]


def test_formulas_give_the_result_that_was_kept(database: DuckDB, tmp_path: Path) -> None:
    path = write(
        tmp_path / "customers.xlsx",
        {"customers": [["code", "name", "insurer_score"], ["C1", "=A", "=B"], ["C2", "=C", "=D"], ["C3", "=E", "=F"]]},
    )
    kept = (
        ('<c r="B2"><f>A</f><v ?/>', '<c r="B2" t="str"><f>A</f><v>Alpha</v>'),
        ('<c r="C2"><f>B</f><v ?/>', '<c r="C2"><f>B</f><v>7.5</v>'),
        ('<c r="B3"><f>C</f><v ?/>', '<c r="B3" t="str"><f>C</f><v></v>'),  # an empty text: missing
        ('<c r="C3"><f>D</f><v ?/>', '<c r="C3"><f>D</f><v>1</v>'),
        ('<c r="B4"><f>E</f><v ?/>', '<c r="B4" t="e"><f>E</f><v>#NAME?</v>'),
    )
    rewritten(path, "xl/worksheets/sheet1.xml", *kept)
    assert refused(reload(database, path)) == [
        (
            "E0506",
            "`customers.xlsx (customers)` row 4: `name` is `#NAME?`, an error of the spreadsheet; "
            "`insurer_score` is a formula without its result: open the workbook in a spreadsheet program, and save it",
        )
    ]
    last = ('<c r="B4" t="e"><f>E</f><v>#NAME\\?</v>', '<c r="B4"><v>4</v>'), ('<c r="C4"><f>F</f><v ?/>', '<c r="C4"><f>F</f><v>-1</v>')
    assert reload(database, rewritten(path, "xl/worksheets/sheet1.xml", *last)).loaded
    assert rows(database, "SELECT code, name, insurer_score FROM customer ORDER BY code") == [
        ("C1", "Alpha", Decimal("7.5")),
        ("C2", None, Decimal(1)),
        ("C3", "4", Decimal(-1)),
    ]


def test_a_wrong_size_of_a_sheet_hides_no_row(database: DuckDB, tmp_path: Path) -> None:
    path = write(tmp_path / "customers.xlsx", {"customers": [["code", "name"], *([f"C{at}", "x"] for at in range(5))]})
    rewritten(path, "xl/worksheets/sheet1.xml", ('ref="A1:B6"', 'ref="A1"'))
    assert reload(database, path).entities[0].after == 5


def test_texts_that_look_like_something_else(database: DuckDB, tmp_path: Path) -> None:
    names = ['a, "b"\nc', "a\rb", "\r\n", '"', "=1+1", "#N/A", "", " ", "é–€\u2028", "C1"]
    path = tmp_path / "customers.xlsx"  # of our own writer, which writes texts as texts
    path.write_bytes(workbook([("customers", ("code", "name"), [(f"C{at}", name) for at, name in enumerate(names)])]))
    assert reload(database, path).loaded
    lines = [name.replace("\r\n", "\n").replace("\r", "\n") for name in names]  # as XML reads the ends of lines
    expected = [(f"C{at}", name or None) for at, name in enumerate(lines)]
    assert rows(database, "SELECT code, name FROM customer ORDER BY code") == expected


def test_the_same_rows_on_postgresql(tmp_path: Path) -> None:
    database = empty_postgres("workbooks")
    header = ["number", "customer", "due_date", "open_amount"]
    path = write(tmp_path / "documents.xlsx", {"Sheet": [header, ["01", "C1", date(2026, 3, 31), 0.1], ["02", "C1", None, "5 USD"]]})
    assert load([path], database, credit(), "EUR").loaded
    with database.reading() as session:
        assert session.fetch("SELECT number, customer, due_date, open_amount, open_amount_currency FROM document ORDER BY number") == [
            ("01", "C1", date(2026, 3, 31), Decimal("0.1"), "EUR"),
            ("02", "C1", None, Decimal(5), "USD"),
        ]
    write(path, {"Sheet": [header, ["01", "C1", "#N/A", 0.1]]})
    report = load([path], database, credit(), "EUR")
    assert refused(report) == [("E0506", "`documents.xlsx (Sheet)` row 2: `due_date` is `#N/A`, an error of the spreadsheet")]
    assert (report.entities[0].before, report.entities[0].rejected) == (2, 1)


@pytest.mark.parametrize(
    ("name", "sheets", "message", "help"),
    [
        (
            "ledger.xlsx",
            {"Feuil1": [["code"]]},
            "neither `ledger.xlsx` nor any of its sheets is named like an entity",
            "name each sheet like its entity: `customers`, `documents`",
        ),
        (
            "ledger.xlsx",
            {"custommers": [["code"]]},
            "neither `ledger.xlsx` nor any of its sheets is named like an entity",
            "did you mean `customers`?",
        ),
        (
            "customers.xlsx",
            {"Feuil1": [["code"]], "documents": [["number"]]},
            "`customers.xlsx` has no sheet `customers`, but `documents`",
            "name the sheet with its rows `customers`, or the file otherwise",
        ),
        (
            "book.xlsx",
            {"customer": [["code"]], "customers": [["code"]]},
            "`book.xlsx (customer)` and `book.xlsx (customers)` are both files of `customer`",
            "load one file per entity",
        ),
    ],
)
def test_which_sheet_is_meant(database: DuckDB, tmp_path: Path, name: str, sheets: Sheets, message: str, help: str) -> None:
    (problem,) = reload(database, write(tmp_path / name, sheets)).diagnostics
    assert (problem.code, problem.message, problem.help) == ("E0507", message, help)


@pytest.mark.parametrize(
    ("lines", "code", "message"),
    [
        ([], "E0509", "`customers.xlsx (customers)` is empty"),
        ([["code", "nam"]], "E0508", "`customers.xlsx (customers)`: `customer` has no field or link `nam`"),
        ([["code", "name", "name"]], "E0508", "`customers.xlsx (customers)`: column `name` stands twice in the header"),
        ([["name"]], "E0508", "`customers.xlsx (customers)`: column `code` is needed, and missing"),
        (
            [["code", None, "name"], ["C1", None, "a"], ["C2", None, "b", "c"]],
            "E0508",
            "`customers.xlsx (customers)`: a cell of row 3 stands in a column that has no name in row 1",
        ),
    ],
)
def test_headers(database: DuckDB, tmp_path: Path, lines: Sequence[Sequence[Any]], code: str, message: str) -> None:
    assert refused(reload(database, write(tmp_path / "customers.xlsx", {"customers": lines}))) == [(code, message)]


def test_files_that_are_no_workbooks(database: DuckDB, tmp_path: Path) -> None:
    path = tmp_path / "customers.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0 a workbook with a password looks like this")
    assert refused(reload(database, path)) == [
        ("E0509", "`customers.xlsx` cannot be read: it is no Excel workbook, or one with a password"),
    ]  # fmt: skip
    write(path, {"customers": [["code"], ["C1"]]})
    rewritten(path, "xl/worksheets/sheet1.xml", ("</row>", ""))
    assert refused(reload(database, path)) == [("E0509", "`customers.xlsx` cannot be read: it is a broken Excel workbook")]
    write(path, {"customers": [["code"], ["C1"]]})
    rewritten(path, "xl/worksheets/sheet1.xml", ('<row r="2">', '<row r="20000000">'), (' r="A2"', ""))
    assert refused(reload(database, path)) == [
        ("E0509", "`customers.xlsx` cannot be read: sheet `customers` has more rows than a sheet can have"),
    ]  # fmt: skip
    write(path, {"customers": [["code"], ["C1"]]})
    rewritten(path, "xl/workbook.xml", ('state="visible"', 'state="veryHidden"'))
    assert refused(reload(database, path)) == [("E0509", "`customers.xlsx` has no sheet that can be seen")]
    (tmp_path / "customers.xls").write_bytes(b"")
    assert refused(reload(database, tmp_path / "customers.xls")) == [("E0507", "`customers.xls` is a workbook of another form")]
