"""A missing rate is told with the currencies and the day that it lacks."""

from __future__ import annotations

import pytest
from tests.conftest import BACKENDS

from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit
from assignrules.testing import read_case
from assignrules.testing.run import opened

pytestmark = pytest.mark.slow

GIVEN = """
as_of: 2026-11-22
given:
  customer: [{code: C1}, {code: C2}]
  document:
    - {number: F1, customer: C1, open_amount: 100 USD, issue_date: 2026-10-05}
    - {number: F2, customer: C1, open_amount: 7 GBP, issue_date: 2026-09-01}
    - {number: F3, customer: C2, open_amount: 100 USD, issue_date: 2026-11-10}
    - {number: F4, customer: C2, open_amount: 5 EUR, issue_date: 2026-01-01}
    - {number: F5, customer: C2, open_amount: 1 CHF, issue_date: 2026-11-20}
  rates: [{currency: CHF, on: 2026-11-01, rate: 1}, {currency: USD, on: 2026-12-01, rate: 0.9}]
"""
CASES = {
    # USD has a rate of December alone, GBP none.
    'assign scenario "x" to sum(open_amount over documents) > 10 EUR': [
        ("document", 3, "no exchange rate of `GBP`, `USD` on or before 2026-11-22")
    ],
    # Of 2026-09-01, 2026-10-05 and 2026-11-10; CHF has one on 2026-11-20.
    'assign scenario "x" to sum(convert(open_amount, "EUR", issue_date) over documents) > 10 EUR': [
        ("document", 3, "no exchange rate of `GBP`, `USD` on its day (2026-09-01 to 2026-11-10)")
    ],
    'assign scenario "x" to (sum(open_amount over documents where number = "F5") > 0 EUR) as of 2026-10-31': [
        ("document", 1, "no exchange rate of `CHF` on its day (2026-10-31)")
    ],
    # Into dollars: what is in dollars needs none, francs have theirs, the rate that is lacking is that of the dollar; and of the pound.
    'assign scenario "x" to any(documents where convert(open_amount, "USD") > 1 USD)': [
        ("document", 3, "no exchange rate of `GBP`, `USD` on or before 2026-11-22")
    ],
    # A group of two currencies is summed in the project's.
    "report r on documents group by customer.code show sum(open_amount) as open": [
        ("document", 3, "no exchange rate of `GBP`, `USD` on or before 2026-11-22")
    ],
}


@pytest.mark.parametrize("backend", ["duckdb", "postgres"])
@pytest.mark.parametrize("rules", CASES)
def test_what_is_lacking_is_named(rules: str, backend: str) -> None:
    source = SourceFile("case.yml", f"name: rates\nrules: |\n  {rules}\n{GIVEN}expect: {{}}\n")
    case, problems = read_case(source, credit())
    assert case is not None and case.rules is not None, problems
    planner = BACKENDS[backend]()
    ruleset, found = planner.check((case.rules,), case.params, case.project)
    assert ruleset is not None, found
    with opened(case, planner, ruleset) as session:
        problems = session.plan().data_errors
    assert [(item.entity, item.count, item.message) for item in problems] == CASES[rules]
