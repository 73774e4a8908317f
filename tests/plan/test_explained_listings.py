"""Proposals, alerts and shares in an explanation: they say what the plan does."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.plan.explain import explain
from assignrules.plan.explanation import Explanation, SubjectExplanation
from assignrules.report.explanation import as_json, as_text
from assignrules.report.page import Page
from assignrules.schema.logical import credit
from assignrules.testing import read_case
from assignrules.testing.database import DatabaseTestSession, DuckDBPlanner

pytestmark = pytest.mark.slow

CASES = Path(__file__).resolve().parents[1] / "cases"
FILES = sorted(
    path.relative_to(CASES).as_posix() for name in ("alerts", "proposals", "distribute") for path in (CASES / name).glob("*.yml")
)
RULES = """
rules: |
  propose "Stop deliveries" to locked or country = "BE" and active
    amount turnover_12m  approver sales_manager  cooldown 30 days
    show name  because "{turnover_12m} in a year"
  alert away "Abroad" level high for risk
    where country != "FR"  show name, turnover_12m
  assign collector "Cleo" to locked
  assign scenario "A" to collector is present
"""


@cache
def planner() -> DuckDBPlanner:
    return DuckDBPlanner(credit())


def explained(session: DatabaseTestSession, subject: str, target: str | None = None) -> Explanation:
    return explain(session.session, session.ruleset, session.mapping, subject, as_of=session.as_of, target=target)


@pytest.mark.parametrize("file", FILES)
def test_agrees_with_the_plan(file: str) -> None:
    case, _ = read_case(SourceFile(file, (CASES / file).read_text(encoding="utf-8")), credit())
    assert case is not None and case.rules is not None
    ruleset, _ = planner().check((case.rules,), case.params, case.project)
    if ruleset is None:
        return  # a case of rules that are refused
    with planner().session(ruleset, case.given, case.as_of) as session:
        plan = session.plan()
        if any(problem.code == "E0501" for problem in plan.data_errors):
            return  # what a key stands for is not known
        entities = {item.entity for item in (*ruleset.proposals, *ruleset.alerts)} | {block.entity for block in ruleset.assignments}
        found: dict[tuple[str, str], SubjectExplanation] = {}
        for entity in entities:
            for row in case.given.rows.get(entity, ()):
                key = str(row[credit().entities[entity].key or ""])
                found |= {(item.entity, key): item for item in explained(session, key).subjects}
        proposals = {(key, item.name): item for (_, key), subject in found.items() for item in subject.proposals if item.action}
        rows = {key for _, key in found}
        listed = [item for item in plan.proposals if item.subject in rows]
        assert set(proposals) == {(item.subject, item.proposal) for item in listed}
        for item in listed:
            told = proposals[item.subject, item.proposal]
            if item.action == "make":
                assert told.condition.value is True
                assert (told.amount, told.approver, told.show, told.because) == (item.amount, item.approver, item.show, item.because)
            assert (told.action, told.standing and told.standing.state) == (item.action, item.before)
        for name, alert in plan.alerts.items():
            for word, keys in (("entered", alert.entered), ("stay", alert.stay), ("left", alert.left)):
                told_of = {key for (_, key), subject in found.items() for one in subject.alerts if (one.name, one.state) == (name, word)}
                assert told_of == set(keys) & rows
        for (_, key), subject in found.items():
            planned = {(unit.target, unit.member): unit.planned for unit in subject.units}
            for change in plan.changes:
                if change.subject == key:
                    assert planned[change.target, change.member] == change.after


def session_of(given: str) -> tuple[object, object]:
    case, problems = read_case(SourceFile("case.yml", f"as_of: 2026-11-22{RULES}given:\n{given}"), credit())
    assert case is not None and case.rules is not None, problems
    ruleset, found = planner().check((case.rules,), case.params, case.project)
    assert ruleset is not None, found
    return case, ruleset


GIVEN = """
  customer:
    - {code: C1, name: Alpha, country: BE, active: true, turnover_12m: 100 EUR}
    - {code: C2, name: Beta, country: BE, active: true, turnover_12m: 5 EUR}
    - {code: C3, name: Gamma, country: FR, active: true}
    - {code: C4, name: Delta, country: FR, locked: true}
  proposals:
    - {proposal: Stop deliveries, subject: C2, made_on: 2026-11-01, state: refused, decided_on: 2026-11-10}
    - {proposal: Stop deliveries, subject: C3, made_on: 2026-11-01}
    - {proposal: Stop deliveries, subject: C4, made_on: 2026-11-01, state: accepted, decided_on: 2026-11-02}
  alerts: {away: [C2, C4]}
"""


def told(subject: str, target: str | None = None) -> Explanation:
    case, ruleset = session_of(GIVEN)
    with planner().session(ruleset, case.given, case.as_of) as session:
        return explained(session, subject, target)


def text(subject: str) -> list[str]:
    lines = as_text(told(subject), Page()).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("proposal"))
    return lines[start:]


def test_text_of_what_is_made() -> None:
    assert text("C1")[:8] == [
        'proposal "Stop deliveries": is made, for a person to decide on  case.yml#rules:1',
        "  amount 100.00 EUR",
        "  for sales_manager",
        "  because 100.00 EUR in a year",
        "  shows name = Alpha",
        '    ✓ to locked or country = "BE" and active',
        '      holds by ✓ active and ✓ country = "BE" (country = BE)',
        "      ✗ locked",
    ]


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("C1", 'proposal "Stop deliveries": is made, for a person to decide on  case.yml#rules:1'),
        (
            "C2",
            'proposal "Stop deliveries": is not made again yet: it was refused, and may be made again from 2026-12-10 on  case.yml#rules:1',
        ),
        ("C2", "  in the outbox: number 1, made on 2026-11-01, refused on 2026-11-10"),
        ("C3", 'proposal "Stop deliveries": is withdrawn: it is open, and no longer called for  case.yml#rules:1'),
        ("C3", 'alert away "Abroad" (level high, for risk): is not in  case.yml#rules:4'),
        ("C4", 'proposal "Stop deliveries": is not made again: it was accepted, and is still called for  case.yml#rules:1'),
        ("C1", 'alert away "Abroad" (level high, for risk): is in, and was not before  case.yml#rules:4'),
        ("C1", "  shows name = Alpha, turnover_12m = 100.00 EUR"),
        ("C2", 'alert away "Abroad" (level high, for risk): is in, as before  case.yml#rules:4'),
        ("C4", 'alert away "Abroad" (level high, for risk): is in no more  case.yml#rules:4'),
        ("C4", '    ✗ where country != "FR"  (country = FR)'),
    ],
)
def test_text(subject: str, said: str) -> None:
    assert said in text(subject), "\n".join(text(subject))


def test_json() -> None:
    [subject] = json.loads(as_json(told("C2")))["explanation"]["subjects"]
    [proposal], [alert] = subject["proposals"], subject["alerts"]
    assert (proposal["name"], proposal["action"], proposal["until"]) == ("Stop deliveries", "stay", "2026-12-10")
    assert (proposal["standing"]["id"], proposal["standing"]["decided_on"]) == (1, "2026-11-10")
    assert [node["text"] for node in proposal["reason"]] == ["active", 'country = "BE"']
    assert (alert["state"], alert["show"]) == ("stay", {"name": "Beta", "turnover_12m": "5.00 EUR"})


def test_of_one_target_no_proposals_are_told() -> None:
    [subject] = told("C1", "scenario").subjects
    assert (subject.proposals, subject.alerts) == ((), ())


def test_share_and_balance() -> None:
    # by turnover, the largest first: C1 (9) to Ann, C2 (8) to Bob, C3 (2) to Bob, so that Ann has 9 and Bob has 10; with `limit 2` by
    # turnover the change of C3 is held, and the plan reaches 9 and 8
    head = 'as_of: 2026-11-22\nrules: |\n  assign collector distribute active among ("Ann", "Bob") by turnover_12m'
    rows = ", ".join(f"{{code: C{number}, active: true, turnover_12m: {sum} EUR}}" for number, sum in ((1, 9), (2, 8), (3, 2)))
    for clause, bob in (("", "10.00 EUR"), (" limit 2 changes by turnover_12m", "8.00 EUR")):
        case, problems = read_case(SourceFile("case.yml", f"{head}{clause}\ngiven:\n  customer: [{rows}]\n"), credit())
        assert case is not None and case.rules is not None, problems
        ruleset, found = planner().check((case.rules,), case.params, case.project)
        assert ruleset is not None, found
        with planner().session(ruleset, case.given, case.as_of) as session:
            one = explained(session, "C1")
        [unit] = one.subjects[0].units
        assert unit.balance is not None and unit.shared is not None
        assert [(member.member, member.before, member.after) for member in unit.balance.members] == [
            ("Ann", ("0.00 EUR",), ("9.00 EUR",)),
            ("Bob", ("0.00 EUR",), (bob,)),
        ]
        assert f"Bob 0.00 EUR -> {bob}" in " ".join(as_text(one, Page()).split())
        assert json.loads(as_json(one))["explanation"]["subjects"][0]["units"][0]["balance"]["members"][1]["after"] == [bob]
