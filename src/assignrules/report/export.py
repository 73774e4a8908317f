"""The files that `export` writes of a run: CSV for other systems to read, one file for each export target and one of the proposals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from assignrules.ir.changes import Change, Printed, Proposed
from assignrules.ir.values import shown
from assignrules.report.diagnostics import document
from assignrules.report.rows import csv_text

TARGET = ("subject", "label", "action", "before", "after", "because")
PROPOSAL = ("outbox", "proposal", "entity", "subject", "label", "action", "before", "after", "amount", "approver", "because", "show")
PROPOSALS = "proposals.csv"


def run_files(targets: Mapping[str, Sequence[Change]], proposals: Sequence[Proposed]) -> dict[str, tuple[str, int]]:
    """By name of the file, its text and how many rows it has. A target that the run did not change has a file without rows, so that who
    reads the files need not ask which there are."""
    files = {f"{name}.csv": (csv_text(TARGET, [_cells(change, TARGET) for change in rows]), len(rows)) for name, rows in targets.items()}
    written = [item for item in proposals if item.action != "stay"]
    return {**files, PROPOSALS: (csv_text(PROPOSAL, [_cells(item, PROPOSAL) for item in written]), len(written))}


def files_json(run: int, folder: str, rows: Mapping[str, int]) -> str:
    """What was written, as one document."""
    return document({"export": {"run": run, "folder": folder, "files": [{"file": name, "rows": count} for name, count in rows.items()]}})


def _cells(item: Change | Proposed, names: Sequence[str]) -> list[str]:
    return [_cell(getattr(item, name)) for name in names]


def _cell(value: Printed | Mapping[str, Printed]) -> str:
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False) if value else ""
    return "" if value is None else shown(value)
