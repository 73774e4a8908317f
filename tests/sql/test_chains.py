"""Long chains: references do not count as depth, and a plan grows with the rules, not with their powers."""

import time
from datetime import date

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import credit
from assignrules.testing.case import ProjectSettings
from assignrules.testing.database import DuckDBPlanner

pytestmark = pytest.mark.slow

AS_OF = date(2026, 11, 22)


def planned(text: str) -> int:
    planner = DuckDBPlanner(credit())
    ruleset, problems = planner.check((SourceFile("chain.rules", text),), {}, ProjectSettings())
    assert ruleset is not None, problems
    rows = Dataset(rows={"customer": [{"code": "C1", "locked": True, "insurer_score": 5}, {"code": "C2"}]})
    with planner.session(ruleset, rows, AS_OF) as session:
        return len(session.plan().changes)


def test_twenty_groups_that_feed_each_other() -> None:
    started = time.process_time()
    links = [f'assign group "G{number}" add in group "G{number - 1}" remove others' for number in range(1, 20)]
    assert planned("\n".join(['assign group "G0" add locked remove others', *links])) == 20
    assert time.process_time() - started < 20


def test_two_hundred_definitions_on_one_another() -> None:
    links = [f"define x{number} = x{number - 1} + 1" for number in range(1, 200)]
    assert planned("\n".join(["define x0 = insurer_score", *links, 'assign risk_class "x" to x199 > 1'])) == 1
