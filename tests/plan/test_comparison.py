"""Two plans over the same data: who would get something else, and what only one of them lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from assignrules.ir.changes import Change, Conflict, DataProblem, GuardVerdict, Held, Printed, Proposed
from assignrules.plan.comparison import Difference, Outcome, Sides, compare
from assignrules.plan.model import Alert, Header, Plan, Requirement, change_line

HEADER = Header(date(2026, 11, 22), "sha256:0", "sha256:0", True, {}, {}, "local", "EUR", (), {})


def change(subject: str, after: Printed, *, before: Printed = None, target: str = "scenario", line: int = 1) -> Change:
    action = "set" if before is None else "change"
    return Change(subject, subject.lower(), target, None, before, after, action, target, line, f"a.rules:{line}", None, False)


def member(subject: str, name: str, after: bool) -> Change:
    return Change(
        subject, None, "group", name, not after, after, "add" if after else "remove", f"group:{name}", None, "a.rules:9", None, False
    )


def plan(*changes: Change, header: dict[str, Any] | None = None, **more: Any) -> Plan:
    return Plan(replace(HEADER, **(header or {})), tuple(map(change_line, changes)), **more)


def test_outcomes() -> None:
    first = plan(
        change("C1", "Call"),
        change("C2", "Call"),
        change("C3", "Call", before="Mail"),
        change("C5", None, before="Mail"),
        member("C1", "Risky", True),
        member("C2", "Risky", True),
    )
    second = plan(
        change("C2", "Call", line=2),  # by another line, but the same
        change("C3", "Letter", before="Mail", line=3),
        change("C4", "Letter", before="Mail"),
        member("C1", "Major", True),
        member("C2", "Risky", True),
        held=(Held("C1", "scenario", None, None, "Letter", "except"), Held("C9", "scenario", None, None, "Letter", "limit")),
    )
    found = compare(first, second)
    call, letter = Outcome("Call", "scenario", 1, "a.rules:1"), Outcome("Letter", "scenario", 1, "a.rules:1")
    assert found.differences == (
        Difference("C1", None, "group", "Major", False, Outcome(False), Outcome(True, "group:Major", None, "a.rules:9")),
        Difference("C1", None, "group", "Risky", False, Outcome(True, "group:Risky", None, "a.rules:9"), Outcome(False)),
        Difference("C1", "c1", "scenario", None, None, call, Outcome(None, held_by="except")),
        Difference("C3", "c3", "scenario", None, "Mail", call, Outcome("Letter", "scenario", 3, "a.rules:3")),
        Difference("C4", "c4", "scenario", None, "Mail", Outcome("Mail"), letter),
        Difference("C5", "c5", "scenario", None, "Mail", Outcome(None, "scenario", 1, "a.rules:1"), Outcome("Mail")),
    )
    assert found.held == Sides(second=second.held) and found.differs
    only = compare(first, second, "group")
    assert [item.member for item in only.differences] == ["Major", "Risky"] and not only.held


def test_what_else_differs() -> None:
    tripped = GuardVerdict("scenario", "30%", 4, 10, False)
    passed = replace(tripped, changes=1, passed=True)
    proposal = Proposed("more cover", "customer", "C1", None, "make", None, "open", None, "a.rules:7")
    problem = DataProblem("E0502", "no rate of `USD`", "document", 1, ("F1",))
    first = plan(
        header={"guards": (passed, replace(passed, name="gone")), "parameters": {"large": "5 EUR", "same": 1, "old": True}},
        conflicts=(
            Conflict("C1", "group", "Risky", False, False, "a.rules:1"),
            Conflict("C2", "group", "Risky", False, False, "a.rules:1"),
        ),
        requirements=(Requirement("covered", ("C1", "C2"), "a.rules:3"), Requirement("known", ("C1",), "a.rules:4")),
        alerts=(Alert("late", ("F1",), ("F2",), ("F3",)), Alert("same", ("F1",), (), ())),
        data_errors=(problem,),
    )
    second = plan(
        header={"guards": (tripped,), "parameters": {"large": "6 EUR", "same": 1}, "applicable": False},
        conflicts=(Conflict("C2", "group", "Risky", False, False, "a.rules:2"),),  # only the rule has moved
        requirements=(Requirement("covered", ("C2", "C3"), "a.rules:3"), Requirement("known", ("C1",), "a.rules:4")),
        alerts=(Alert("late", ("F2", "F4"), (), ("F3",)), Alert("same", (), ("F1",), ())),
        proposals=(proposal, replace(proposal, subject="C2", action="stay", before="open")),
        data_warnings=(problem,),
    )
    found = compare(first, second)
    assert found.guards == {"gone": (replace(passed, name="gone"), None), "scenario": (passed, tripped)}
    assert found.parameters == {"large": ("5 EUR", "6 EUR"), "old": (True, None)}
    assert [item.subject for item in found.conflicts.first] == ["C1"] and not found.conflicts.second
    assert found.requirements == {"covered": Sides(("C1",), ("C3",))}
    assert found.alerts == {"late": Sides(("F1",), ("F4",))}
    assert found.proposals == Sides((), (("more cover", "make", "C1"),))
    assert (found.data_errors, found.data_warnings) == (Sides((problem,)), Sides((), (problem,)))
    assert not found.differences and found.differs


def test_the_same_plans() -> None:
    one = plan(change("C1", "Call"), held=(Held("C2", "scenario", None, None, "Call", "except"),))
    found = compare(one, replace(one, header=replace(one.header, parameters={"large": 1}, ruleset="sha256:1")))
    assert not found.differs and found.parameters == {"large": (None, 1)}
