"""The rows of which a reason needs a rate that is not there: those of changes, on the reference and in SQL alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import BACKENDS

from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit
from assignrules.testing import read_case
from assignrules.testing.run import opened

MONEY = Path(__file__).parents[1] / "cases" / "money"
ROWS = {
    "reason_without_a_rate": [("E0502", "document", 1, ("F1",))],
    "reason_of_sets_and_covers_without_a_rate": [("E0502", "document", 2, ("F1", "F3"))],
    "reason_of_no_change_needs_no_rate": [],
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("backend", [name for name in sorted(BACKENDS) if name != "postgres"])
def test_rows(backend: str, name: str) -> None:
    source = SourceFile(name, (MONEY / f"{name}.yml").read_text(encoding="utf-8"))
    case, _ = read_case(source, credit())
    assert case is not None and case.rules is not None
    planner = BACKENDS[backend]()
    ruleset, found = planner.check((case.rules,), case.params, case.project)
    assert ruleset is not None, found
    with opened(case, planner, ruleset) as session:
        problems = session.plan().data_errors
    assert [(problem.code, problem.entity, problem.count, problem.examples) for problem in problems] == ROWS[name]
