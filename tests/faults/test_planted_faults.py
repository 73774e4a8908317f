"""The case files notice it when one rule of meaning goes wrong: each planted fault must make one of a few cases come otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from tests.faults.planted import FAULTS, Fault

from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit
from assignrules.testing import read_case, run_case
from assignrules.testing.database import DuckDBPlanner
from assignrules.testing.run import Difference

pytestmark = pytest.mark.slow

CASES = Path(__file__).parent.parent / "cases"


@cache
def planner() -> DuckDBPlanner:
    return DuckDBPlanner(credit())


def came_otherwise(file: Path) -> Sequence[Difference]:
    case, problems = read_case(SourceFile(file.name, file.read_text(encoding="utf-8")), credit())
    assert case is not None, problems
    return run_case(case, planner(), credit())


def slice_of(fault: Fault) -> list[Path]:
    return [file for glob in fault.cases for file in sorted(CASES.glob(f"{glob}.yml"))]


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.sentence.replace("`", "")) for fault in FAULTS])
def test_a_planted_fault_is_noticed(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    files = slice_of(fault)
    assert files, f"no case files are named {fault.cases}"
    planner()  # the store is made before the fault
    fault.plant(monkeypatch)
    for file in files:
        if came_otherwise(file):
            return
    pytest.fail(f"no case noticed that {fault.sentence}: {', '.join(file.stem for file in files)}")


def test_there_are_twenty_and_more() -> None:
    assert len({fault.sentence for fault in FAULTS}) == len(FAULTS) >= 20
