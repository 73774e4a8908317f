"""What holds a change, in full."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.ir.expressions import Literal
from assignrules.ir.types import Kind, Type
from assignrules.plan.explain import explain
from assignrules.plan.explanation import Hold, UnitExplanation
from assignrules.plan.holds import first_day_after
from assignrules.reference.scalars import after_months
from assignrules.schema.logical import credit
from assignrules.testing import read_case
from assignrules.testing.database import DuckDBPlanner

pytestmark = pytest.mark.slow

CASE = """
as_of: 2026-11-22
rules: |
  param few: decimal = 4
  search shaky where insurer_score < few or (payer_profile = "bad" and active)
  define wanted = (case when country = "FR" then segment)
  assign risk_class
    (wanted) to active
    keep manual
  assign scenario
    "Call" to shaky
    "Wait" to not shaky and active
    cooldown 30 days
    except locked or (country = "BE" and insurer_score is missing)
  assign group "Watched"
    add active and insurer_score <= 3
    remove others
    limit 1 changes by insurer_score ascending per country
  assign cover "ND"
    eligibility active  amount turnover_12m * 10%
    removal not active
    cooldown 1 month after removal
given:
  customer:
    - {code: C1, active: true, country: FR, insurer_score: 3, segment: A, turnover_12m: 900 EUR, risk_class: X, scenario: Wait,
       groups: [Watched]}
    - {code: C2, active: true, country: FR, insurer_score: 3}
    - {code: C3, active: true, country: FR, insurer_score: 2, turnover_12m: -5 EUR}
    - {code: C4, active: true, country: BE}
    - {code: C5, active: true, country: BE, insurer_score: 9, locked: true}
  journal:
    - {as_of: 2026-10-01, subject: C1, target: risk_class, before: null, after: A}
    - {as_of: 2026-11-01, subject: C1, target: scenario, before: Call, after: Wait}
    - {as_of: 2026-10-31, subject: C1, target: cover, member: ND, before: 50 EUR, after: null}
"""


@cache
def explained() -> Mapping[str, Mapping[str, UnitExplanation]]:
    case, problems = read_case(SourceFile("case.yml", CASE), credit())
    assert case is not None and case.rules is not None, problems
    planner = DuckDBPlanner(credit())
    ruleset, found = planner.check((case.rules,), case.params, case.project)
    assert ruleset is not None, found
    with planner.session(ruleset, case.given, case.as_of) as session:
        wholes = {key: explain(session.session, ruleset, session.mapping, key, as_of=case.as_of) for key in ("C1", "C2", "C3", "C4", "C5")}
    return {key: {unit.target: unit for unit in whole.subjects[0].units} for key, whole in wholes.items()}


def hold(subject: str, target: str) -> Hold:
    found = explained()[subject][target].hold
    assert found is not None
    return found


def test_changed_by_hand() -> None:
    found = hold("C1", "risk_class")
    assert (found.by, found.text, found.last_on, found.left) == ("manual", "keep manual", date(2026, 10, 1), "A")


def test_cooldowns() -> None:
    found = hold("C1", "scenario")
    assert (found.by, found.text, found.last_on, found.until) == ("cooldown", "cooldown 30 days", date(2026, 11, 1), date(2026, 12, 1))
    found = hold("C1", "cover")
    assert (found.text, found.last_on, found.until) == ("cooldown 1 month after removal", date(2026, 10, 31), date(2026, 12, 1))


def test_limit() -> None:
    found = hold("C2", "group")
    assert (found.by, found.text) == ("limit", "limit 1 changes by insurer_score ascending per country")
    assert [(node.text, node.value) for node in found.reason] == [("insurer_score", "3"), ("country", "FR")]
    assert explained()["C3"]["group"].action == "add"


def test_missing_value() -> None:
    found = hold("C4", "risk_class")
    (wanted,) = found.reason
    assert (found.by, wanted.text, wanted.value) == ("missing value", "wanted", None)
    (case,) = wanted.parts
    assert [(part.text, part.value) for part in case.parts] == [('country = "FR"', False)]
    (amount,) = hold("C3", "cover").reason
    assert (amount.text, amount.value) == ("turnover_12m * 10%", "-0.50 EUR")
    assert [(part.text, part.value) for part in amount.parts] == [("turnover_12m", "-5.00 EUR")]


def test_except() -> None:
    assert [node.text for node in hold("C4", "scenario").reason] == ['country = "BE"', "insurer_score is missing"]
    found = hold("C5", "scenario")
    assert (found.by, [node.text for node in found.reason]) == ("except", ["locked"])


def test_why_not() -> None:
    (block,) = explained()["C5"]["scenario"].blocks
    call, wait = block.sides
    assert [(node.text, node.value, [(part.text, part.value) for part in node.parts]) for node in call.reason] == [
        ("insurer_score < 4", False, [("insurer_score", "9")]),
        ('payer_profile = "bad"', False, [("payer_profile", None)]),
    ]
    assert [node.text for node in wait.reason] == ["active", "insurer_score < 4", 'payer_profile = "bad"']
    assert [node.text for node in explained()["C3"]["scenario"].blocks[0].sides[1].reason] == ["insurer_score < 4"]


@pytest.mark.parametrize("months", [1, 2, 12])
def test_the_first_day_after_a_cooldown(months: int) -> None:
    cooldown = Literal(months, Type(Kind.DURATION, months=True))
    for days in range(0, 800, 3):
        last = date(2023, 12, 20) + timedelta(days=days)
        day = last
        while (back := after_months(day, -months)) is not None and back < last:
            day += timedelta(days=1)
        assert first_day_after(last, cooldown) == day


def test_a_cooldown_that_never_ends() -> None:
    days = Literal(4_000_000, Type(Kind.DURATION))
    months = Literal(120_000, Type(Kind.DURATION, months=True))
    assert [first_day_after(date(2026, 1, 1), item) for item in (days, months)] == [None, None]
