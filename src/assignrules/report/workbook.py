"""A workbook that spreadsheets open (Office Open XML): sheets of texts and whole numbers. A text is never a formula there."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from assignrules.ir.changes import Printed
from assignrules.plan.model import Plan
from assignrules.report.plan import total_rows

Sheet = tuple[str, Sequence[str], Iterable[Sequence[Printed]]]  # name, header, rows
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
LONGEST = 32_767  # characters of a cell
MOST_ROWS = 1_048_576  # of a sheet, with its header
EXACT = 10**15  # a spreadsheet counts in binary floating point
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # in XML
IN_NAMES = re.compile(r"[\[\]:*?/\\']")


def workbook(sheets: Iterable[Sheet]) -> bytes:
    """The file's bytes; the same sheets give the same bytes. A sheet that would be too long goes on in another one."""
    made: list[tuple[str, str]] = []
    for name, header, rows in sheets:
        left = iter(rows)
        while True:
            lines = [_line(header)]
            for row in left:
                lines.append(_line(row))
                if len(lines) == MOST_ROWS:
                    break
            full = len(lines) == MOST_ROWS
            body = "".join(f'<row r="{number}">{line}</row>' for number, line in enumerate(lines, start=1))
            made.append((_free(name, made), f'{XML}<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'))
            if not full:
                break
    return _packed(made)


def plan_workbook(plan: Plan) -> bytes:
    """A plan: its totals, every change, and what else it lists."""
    changes = ("subject", "label", "target", "member", "before", "after", "action", "rule", "line", "at", "because", "manual")
    held = ("subject", "target", "member", "before", "after", "held_by")
    conflicts = ("subject", "target", "member", "before", "after", "at")
    proposals = ("proposal", "subject", "label", "action", "before", "after", "amount", "approver", "because", "at")
    problems = ("code", "message", "entity", "count")
    alerts = ("alert", "subject", "label", "state")
    totals = total_rows(plan) or [["Summary"]]
    lines = map(json.loads, plan.changes)
    sheets: list[Sheet] = [
        ("Summary", totals[0], totals[1:]),
        ("Changes", changes, _parts(changes, lines)),
    ]
    for title, names, items in (
        ("Held", held, plan.held),
        ("Conflicts", conflicts, plan.conflicts),
        ("Proposals", proposals, plan.proposals),
        ("Data problems", problems, (*plan.data_errors, *plan.data_warnings)),
    ):
        if items:
            sheets.append((title, names, _parts(names, map(asdict, items))))
    if plan.requirements:
        failing = ((item.name, item.warning, key) for item in plan.requirements for key in item.rows)
        sheets.append(("Requirements", ("requirement", "only warns", "key"), failing))
    if plan.alert_rows:
        rows = ([row[name] for name in alerts] + row["show"] for row in map(json.loads, plan.alert_rows))
        sheets.append(("Alerts", alerts, rows))
    return workbook(sheets)


def _parts(names: Sequence[str], items: Iterable[Mapping[str, Any]]) -> Iterator[list[Printed]]:
    return ([item[name] for name in names] for item in items)


def _line(cells: Sequence[Printed]) -> str:
    return "".join(map(_cell, cells))


def _cell(value: Printed) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int) and abs(value) < EXACT:
        return f"<c><v>{value}</v></c>"
    text = escape(FORBIDDEN.sub("\ufffd", str(value)[:LONGEST]))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _free(name: str, made: Sequence[tuple[str, str]]) -> str:
    """A sheet's name as spreadsheets allow it, and as no other has it."""
    plain = FORBIDDEN.sub("_", IN_NAMES.sub("_", name)) or "_"
    taken = {other.lower() for other, _ in made}
    found, number = plain[:31], 1
    while found.lower() in taken:
        number += 1
        found = f"{plain[: 31 - len(str(number)) - 1]} {number}"
    return found


def _packed(sheets: Sequence[tuple[str, str]]) -> bytes:
    numbers = range(1, len(sheets) + 1)
    parts = "".join(f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{TYPE}.worksheet+xml"/>' for number in numbers)
    names = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>' for number, (name, _) in enumerate(sheets, start=1)
    )
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>' for number in numbers
    )
    files = {
        "[Content_Types].xml": f'{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>{parts}</Types>',
        "_rels/.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        **{f"xl/worksheets/sheet{number}.xml": text for number, (_, text) in enumerate(sheets, start=1)},
    }
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for path, text in files.items():
            info = ZipInfo(path, (1980, 1, 1, 0, 0, 0))  # the time of writing takes no part
            info.compress_type = ZIP_DEFLATED
            archive.writestr(info, text.encode())
    return stream.getvalue()
