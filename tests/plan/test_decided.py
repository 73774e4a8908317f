"""What follows the decisions of a plan reads them where the plan keeps them: the same as deciding anew, on every row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.ir.expressions import TargetMember
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.types import Money
from assignrules.plan.build import build_plan
from assignrules.plan.compiling import compiler_for
from assignrules.plan.decide import decide
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import credit
from assignrules.schema.mapping import identity
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.differences import WIDE, differences
from assignrules.sql.queries import Compiler
from assignrules.testing import ReferencePlanner
from assignrules.testing.case import ProjectSettings
from assignrules.testing.database import DuckDBPlanner, PlannedRows

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 23)
RULES = """
assign scenario
  "Firm" to risk_class = "D"
  otherwise clear
assign proposed_credit_limit
  where risk_class is present
  except locked
  (case when risk_class = "A" then 100 USD otherwise 0 EUR) to active
assign group "Firm"
  add    scenario = "Firm"
  remove others
assign cover "ND"
  eligibility in group "Firm"  amount 5 EUR
  removal     risk_class = "A"
assign risk_class
  "A" to turnover_12m > 10 EUR
  limit 1 changes by turnover_12m

alert firm      where in group "Firm"                      show code, scenario, proposed_credit_limit
alert rest      where scenario is missing                  show code, risk_class, proposed_credit_limit
alert covered   where has cover "ND" or risk_class = "A"   show code, current scenario, has cover "ND" as nd
alert papers on documents where customer.scenario = "Firm"  show number, customer.proposed_credit_limit
alert houses on legal_entities where any(customers where in group "Firm") show code
alert moved where (in group "Firm") as of due_again        show code
define due_again = latest(due_date over documents by due_date)
warn "No large limit" no customers where proposed_credit_limit > 50 EUR
propose "Look" to risk_class = "A" and not in group "Firm" amount proposed_credit_limit
"""


def rows() -> Dataset:
    """Customers that change in one target and not in another, in all and in none; the two without a legal entity are their own."""
    rest: dict[str, object] = {"active": True}
    return Dataset(
        rows={
            "legal_entity": [{"code": "L"}],
            "customer": [
                {"code": "C0", "legal_entity": "L", "turnover_12m": Money(Decimal(20), "EUR"), **rest},
                {"code": "C1", "legal_entity": "L", "turnover_12m": Money(Decimal(30), "USD"), **rest},
                {"code": "C2", "turnover_12m": Money(Decimal(1), "EUR"), **rest},
                {"code": "C3", "locked": True, **rest},
                {"code": "C4"},
            ],
            "document": [{"number": f"F{number}", "customer": f"C{number}", "due_date": DAY} for number in range(4)],
            "rates": [{"currency": "USD", "on": date(2026, 1, 1), "rate": Decimal("0.5")}],
        },
        values={
            "scenario": {"C1": "Old", "C2": "Firm", "C4": "Old"},
            "risk_class": {"C2": "D", "C3": "D"},
            "proposed_credit_limit": {"C2": Money(Decimal(0), "EUR"), "C4": Money(Decimal(200), "USD")},
        },
        members={("group", "Firm"): {"C0": True, "C2": True}, ("cover", "ND"): {"C1": Money(Decimal(1), "EUR")}},
    )


def checked(rules: str) -> Ruleset:
    ruleset, problems = DuckDBPlanner(credit()).check([SourceFile("a.rules", rules)], {}, ProjectSettings())
    assert ruleset is not None, problems
    return ruleset


def seen(plan: PlannedRows) -> list[object]:
    shown = {name: (found.entered, sorted(map(str, found.shown))) for name, found in plan.alerts.items()}
    return [shown, plan.requirements, sorted(map(str, plan.proposals))]


def test_alerts_requirements_and_proposals_are_those_of_the_reference() -> None:
    ruleset = checked(RULES)
    found = []
    for planner in (ReferencePlanner(credit()), DuckDBPlanner(credit())):
        with planner.session(ruleset, rows(), DAY) as session:
            found.append(seen(session.plan()))  # type: ignore[arg-type]
    assert found[0] == found[1]


def test_nothing_is_decided_twice() -> None:
    ruleset = checked(RULES)
    compiler = Compiler(ruleset, identity(credit()), DIALECTS["duckdb"], DAY, journal=False)
    decided = {unit: place for part in differences(compiler, read=True) for unit, place in part.decided().items()}
    assert set(decided) == set(ruleset.order)
    for alert in ruleset.alerts:
        anew, _ = compiler.selection(alert.entity, [], alert.condition)
        read, _ = compiler.after(decided).selection(alert.entity, [], alert.condition)
        assert any(name.startswith("#decided ") for _, name in anew.facts.bodies)
        assert not any(name.startswith("#decided ") for _, name in read.facts.bodies)


@pytest.mark.slow
def test_the_tables_of_many_decisions_are_read_too() -> None:
    blocks = "\n".join(f'assign group "G{number}" add code = "C{number}"' for number in range(WIDE + 1))
    ruleset = checked(f'{blocks}\nalert first where in group "G3" or in group "G{WIDE}" show code')
    data = Dataset(rows={"customer": [{"code": f"C{number}"} for number in range(WIDE + 1)]})
    with DuckDBPlanner(credit()).session(ruleset, data, DAY) as session:
        assert session.plan().alerts["first"].entered == (f"C{WIDE}", "C3")
    compiler = Compiler(ruleset, identity(credit()), DIALECTS["duckdb"], DAY, journal=False)
    (part,) = differences(compiler, read=True)
    assert part.decided()["group", "G99"].table != part.table


@pytest.mark.parametrize("active", [[True, False], [False, True]])
def test_rows_of_one_key_are_not_taken_for_each_other(active: list[bool]) -> None:
    ruleset = checked('assign group "G" add active\nalert in_it where in group "G" show active')
    data = Dataset(rows={"customer": [{"code": "C1", "active": each} for each in active]})
    with DuckDBPlanner(credit()).session(ruleset, data, DAY) as session:
        plan = session.plan()
        assert [problem.code for problem in plan.data_errors] == ["E0501"]
        assert plan.alerts["in_it"].shown == ((True,),)
    assert TargetMember("customer", "group", "G", current=False) == ruleset.alerts[0].condition


STEPS = """
assign group "Asked" add active
assign group "Later" add collector = "ann"
assign collector distribute in group "Asked" among ("ann", "bob") by 1
alert hers where collector = "ann" and in group "Later" and in group "Asked" show code
"""


def test_what_is_shared_out_reads_what_is_decided_before_it() -> None:
    ruleset = checked(STEPS)
    customers = [f"C{number}" for number in range(4)]
    data = Dataset(
        rows={"customer": [{"code": code, "active": code != "C3"} for code in customers]},
        members={("group", name): dict.fromkeys(customers, True) for name in ("Asked", "Later")},
        values={"collector": {"C2": "bob"}},
    )
    planned = []
    for planner in (ReferencePlanner(credit()), DuckDBPlanner(credit())):
        with planner.session(ruleset, data, DAY) as session:
            plan = session.plan()
            planned.append([sorted(map(str, plan.changes)), plan.alerts["hers"].entered])
    assert planned[0] == planned[1]
    assert planned[0][1] == ("C0", "C1")  # bob has C2: ann gets the first two of the others, and bob the third
    planner = DuckDBPlanner(credit())
    with planner.session(ruleset, data, DAY) as session:
        found = decide(session.session, compiler_for(session.session, ruleset, planner.mapping, DAY), in_steps=True)
        assert [item.part.table for item in found.found] == ["decided_1_customer", "decided_customer"]
        assert [[decision.member for decision in item.part.decisions] for item in found.found] == [["Asked"], [None, "Later"]]
        plan = build_plan(session.session, ruleset, planner.mapping, as_of=DAY, environment="test", project_guard=Decimal("0.3"))
        assert [(guard.name, guard.changes, guard.total) for guard in plan.header.guards] == [("collector", 0, 1), ("group", 0, 8)]


@pytest.mark.parametrize("active", [[True, False], [False, True]])
def test_rows_of_one_key_are_shared_out_as_they_were_without_steps(active: list[bool]) -> None:
    ruleset = checked(STEPS)
    data = Dataset(rows={"customer": [{"code": "C1", "active": each} for each in active]})
    with DuckDBPlanner(credit()).session(ruleset, data, DAY) as session:
        plan = session.plan()
        assert [problem.code for problem in plan.data_errors] == ["E0501"]
        assert sum(change.target == "group" and change.member == "Asked" for change in plan.changes) == 1
