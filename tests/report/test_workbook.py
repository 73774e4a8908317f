"""Workbooks: well-formed parts that refer to each other, every change in them, and texts that stay texts."""

from __future__ import annotations

import io
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from tests.report.test_plan_text import CHANGES, PLAN

from assignrules.report import workbook as module
from assignrules.report.workbook import Sheet, plan_workbook, workbook

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
PACKAGE = "{http://schemas.openxmlformats.org/package/2006/"


def read(data: bytes) -> dict[str, list[list[str | None]]]:
    """The sheets by name, found as a spreadsheet finds them: from part to part."""
    with ZipFile(io.BytesIO(data)) as archive:
        parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
    typed = {item.get("PartName") for item in parts["[Content_Types].xml"].iter(f"{PACKAGE}content-types}}Override")}
    links = {item.get("Id"): item.get("Target") for item in parts["xl/_rels/workbook.xml.rels"]}
    assert [item.get("Target") for item in parts["_rels/.rels"]] == ["xl/workbook.xml"]
    found: dict[str, list[list[str | None]]] = {}
    for sheet in parts["xl/workbook.xml"].iter(f"{MAIN}sheet"):
        path = f"xl/{links[sheet.get(f'{OFFICE}id')]}"
        assert f"/{path}" in typed
        rows = []
        for row in parts[path].iter(f"{MAIN}row"):
            cells = [next((part for part in cell.iter() if part.tag in (f"{MAIN}t", f"{MAIN}v")), None) for cell in row]
            rows.append([None if cell is None else cell.text for cell in cells])
        found[str(sheet.get("name"))] = rows
    return found


def test_a_plan() -> None:
    sheets = read(plan_workbook(PLAN))
    assert list(sheets) == ["Summary", "Changes", "Held", "Conflicts", "Data problems"]
    assert [row[0] for row in sheets["Changes"][1:]] == [change.subject for change in CHANGES]
    assert sheets["Changes"][0][:3] == ["subject", "label", "target"]
    assert sheets["Changes"][1][4:7] == [None, "20000.00 EUR", "grant"]
    assert plan_workbook(PLAN) == plan_workbook(PLAN)


def test_texts_stay_texts_and_numbers_numbers() -> None:
    hostile = '=1+1 <b> & "x" \x00\x1b\ud800 end'
    data = workbook([("a/b:c" * 9, ("one", "two"), [(hostile, 7), (None, True), ("x" * 40_000, 10**18)]), ("A_b_c" * 9, ("z",), [])])
    (name, rows), (other, _) = read(data).items()
    assert len(name) <= 31 and len(other) <= 31 and name.lower() != other.lower() and "/" not in name
    assert rows[1:3] == [['=1+1 <b> & "x" \ufffd\ufffd\ufffd end', "7"], [None, "1"]]
    assert len(rows[3][0] or "") == 32_767 and rows[3][1] == str(10**18)
    text = ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in text and '<c t="inlineStr"><is><t xml:space="preserve">=1+1' in text


@pytest.mark.parametrize(("rows", "parts"), [(0, [1]), (2, [3]), (3, [4, 1]), (5, [4, 3])])
def test_a_long_sheet_goes_on_in_another(rows: int, parts: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 4)
    sheet: Sheet = ("Rows", ("n",), [(number,) for number in range(rows)])
    found = read(workbook([sheet]))
    assert [len(lines) for lines in found.values()] == parts
    assert [line[0] for lines in found.values() for line in lines if line[0] != "n"] == [str(number) for number in range(rows)]
