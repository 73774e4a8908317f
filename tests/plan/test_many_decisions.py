"""More decisions than one statement takes together, and more members of a set than a word has bits."""

from __future__ import annotations

from datetime import date

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import credit
from assignrules.sql.differences import WIDE
from assignrules.testing import ReferencePlanner
from assignrules.testing.case import ProjectSettings
from assignrules.testing.database import DuckDBPlanner

COUNT = WIDE + 2
CUSTOMERS = range(3)


def wanted(customer: int, group: int) -> bool:
    """Each is to be in the groups whose number its own number divides, counted from 1."""
    return group % (customer + 1) == 0


def rules() -> str:
    """A block for each group; one more is held."""
    blocks = []
    for group in range(COUNT):
        codes = " or ".join(f'code = "C{customer}"' for customer in CUSTOMERS if wanted(customer, group))
        blocks.append(f'assign group "G{group}" add {codes}')
    return "\n".join([*blocks, 'assign group "held" add code = "C0" except code = "C0"'])


@pytest.mark.slow
def test_hundreds_of_groups_change_as_the_reference_says() -> None:
    data = Dataset(
        rows={"customer": [{"code": f"C{customer}"} for customer in CUSTOMERS]},
        members={("group", f"G{group}"): {f"C{group % 3}": True} for group in range(COUNT)},
    )
    found = []
    for planner in (ReferencePlanner(credit()), DuckDBPlanner(credit())):
        ruleset, problems = planner.check([SourceFile("a.rules", rules())], {}, ProjectSettings())
        assert ruleset is not None, problems
        with planner.session(ruleset, data, date(2026, 11, 22)) as session:
            plan = session.plan()
            found.append((sorted(map(str, plan.changes)), plan.held))
    assert found[0] == found[1]
    expected = sum(wanted(customer, group) and group % 3 != customer for group in range(COUNT) for customer in CUSTOMERS)
    assert len(found[0][0]) == expected
