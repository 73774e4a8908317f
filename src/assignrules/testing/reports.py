"""What a rule test expects of alerts and reports, against what came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assignrules.ir.changes import AlertRows, Printed
from assignrules.ir.reports import Report
from assignrules.ir.types import Type
from assignrules.ir.values import shown
from assignrules.testing.case import Line
from assignrules.testing.matching import set_differences
from assignrules.testing.typed import Written, typed


def alert_differences(expected: Mapping[str, Mapping[str, Sequence[str]]], actual: Mapping[str, AlertRows]) -> Iterator[tuple[str, str]]:
    """The name and what is wrong of each alert that came otherwise. One that has rows must be expected."""
    for name in sorted(expected.keys() - actual.keys()):
        yield name, "there is no such alert"
    for name, rows in actual.items():
        parts = {"entered": rows.entered, "stay": rows.stay, "left": rows.left}
        if name not in expected:
            for part, keys in parts.items():
                if keys:
                    yield name, f"came, but was not expected: {part} {', '.join(keys)}"
            continue
        for part, wanted in expected[name].items():
            came = (*rows.entered, *rows.stay) if part == "rows" else parts[part]
            where = name if part == "rows" else f"{name} {part}"
            for message in set_differences(wanted, came):
                yield where, message


def line_differences(expected: Sequence[Line], actual: Sequence[Sequence[Printed]], report: Report, currency: str) -> Iterator[str]:
    """The lines that find no partner; their order does not count."""
    types = line_types(report)
    left = list(actual)
    for line in expected:
        partner = next((found for found in left if line_fits(line, found, types, currency)), None)
        if partner is None:
            yield f"expected, but did not come: {_text(line)}"
        else:
            left.remove(partner)
    for found in left:
        yield f"came, but was not expected: {_text(found)}"


def line_types(report: Report) -> list[Type]:
    """The types of a line's cells."""
    return [column.value.type for column in (*report.group_columns(), *report.show)]


def line_fits(line: Line, found: Sequence[Printed], types: Sequence[Type], currency: str) -> bool:
    """Whether a line that came is as one is expected."""
    return len(line) == len(found) and all(_same(*cell, currency) for cell in zip(line, found, types, strict=True))


def _same(written: Written, value: Printed, type: Type, currency: str) -> bool:
    """Whether a scalar says a printed value: as it stands, or as another way to write a value of the type."""
    if written is None or value is None:
        return written is None and value is None
    try:
        return written == value or typed(written, type, currency) == typed(value if isinstance(value, bool) else str(value), type, currency)
    except ValueError:
        return False


def _text(line: Sequence[Printed]) -> str:
    return "[" + ", ".join("null" if cell is None else shown(cell) for cell in line) + "]"
