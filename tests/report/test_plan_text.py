"""The text of plans and of the journal, against golden files (UPDATE_GOLDEN=1 writes them anew: look at the difference)."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path

import pytest

from assignrules.ir.changes import Change, Conflict, DataProblem, GuardVerdict, Held
from assignrules.journal.tables import Run
from assignrules.plan.model import Header, Plan, change_line
from assignrules.report.journal import history_text, run_text, runs_text
from assignrules.report.page import Page
from assignrules.report.plan import plan_text

GOLDEN = Path(__file__).resolve().parents[1] / "messages" / "cli"


def change(number: int, target: str, member: str | None, before: object, after: object, action: str, **more: object) -> Change:
    fields: dict[str, object] = {
        "subject": f"C{number:03}",
        "label": f"Customer {number}",
        "target": target,
        "member": member,
        "before": before,
        "after": after,
        "action": action,
        "rule": target if member is None else f"{target}:{member}",
        "line": None,
        "at": "rules/go_live.rules:30",
        "because": None,
        "manual": False,
    }
    return Change(**fields | more)


CHANGES = (
    *(change(number, "cover", "ND", None, "20000.00 EUR", "grant", because="score 8") for number in range(1, 3)),
    change(3, "cover", "ND", "10000.00 EUR", "20000.00 EUR", "amend"),
    change(4, "cover", "ND", "10000.00 EUR", None, "withdraw"),
    change(5, "group", "Risky", False, True, "add", because="owes 5000.00 EUR\nsince March"),
    change(6, "group", "Risky", True, False, "remove"),
    change(7, "portfolio", "Marie", False, True, "add", label=None),
    *(change(number, "scenario", None, "Automatic", "Standard", "change", line=2, at="rules/s.rules:8") for number in range(10, 15)),
    change(15, "scenario", None, None, "Standard", "set", line="otherwise", at="rules/s.rules:9", label="\x1b[31mRed\x1b[0m GmbH"),
    change(16, "scenario", None, "By hand", None, "clear", line=1, at="rules/s.rules:7", manual=True),
)
HEADER = Header(
    as_of=date(2026, 11, 22),
    ruleset="sha256:aa",
    schema="sha256:bb",
    applicable=True,
    summary={
        "cover": {"grant": 2, "amend": 1, "withdraw": 1, "held": 0},
        "group": {"add": 1, "remove": 1, "held": 0},
        "portfolio": {"add": 1, "remove": 0, "held": 0},
        "risk_class": {"set": 0, "change": 0, "clear": 0, "held": 0},
        "scenario": {"set": 1, "change": 5, "clear": 1, "held": 4},
    },
    parameters={"large": "400000.00 EUR", "old_days": 60},
    environment="production",
    currency="EUR",
    guards=(GuardVerdict("cover:ND", "20%", 2, 40, True), GuardVerdict("scenario", "30%", 6, 1200, True)),
    subjects={"customer": 2000},
)
PLAN = Plan(
    HEADER,
    tuple(change_line(item) for item in CHANGES),
    tuple(Held(f"C{number:03}", "scenario", None, "Automatic", "Standard", "except") for number in range(20, 24)),
    (Conflict("C006", "group", "Risky", True, False, "rules/go_live.rules:30"),),
    data_warnings=(DataProblem("W0501", "a link to a row that does not exist", "document", 7, ("F1", "F2")),),
)
TRIPPED = replace(
    PLAN,
    header=replace(
        HEADER,
        applicable=False,
        guards=(
            GuardVerdict("group:Risky", "20%", 9, 10, False, True),
            GuardVerdict("scenario", "20%", 6, 10, False),
            GuardVerdict("scenario", "30%", 6, 10, False),
        ),
    ),
)
WRONG = replace(
    PLAN,
    header=replace(HEADER, applicable=False),
    data_errors=(DataProblem("E0502", "no rate of `USD` on or before 2026-11-22", "document", 1, ("F9",)),),
)
NOTHING = Plan(replace(HEADER, summary={"scenario": {"set": 0, "change": 0, "clear": 0, "held": 0}}, guards=()), ())
MANY = Plan(
    replace(HEADER, summary={"proposed_credit_limit": {"set": 12, "change": 0, "clear": 0, "held": 0}}),
    tuple(change_line(change(number, "proposed_credit_limit", None, None, f"{number}000.00 EUR", "set")) for number in range(1, 13)),
)
RUN = Run(
    id=2,
    started=datetime(2026, 11, 22, 8, 0, 0),
    finished=datetime(2026, 11, 22, 8, 0, 1),
    user="ana",
    login="batch",
    as_of=date(2026, 11, 22),
    mode="apply",
    environment="production",
    ruleset="sha256:aa",
    schema="sha256:bb",
    git=None,
    plan="sha256:cc",
    parameters={"old_days": 60},
    counts=HEADER.summary,
    changes=len(CHANGES),
    reason="go live",
    approved_by="Bruno",
    overrides=("scenario",),
    reverts=None,
    status="applied",
    version="0.1.0",
    changes_hash="sha256:dd",
    previous="sha256:ee",
    hash="sha256:ff",
)

TEXTS = {
    "plan": plan_text(PLAN, Page(), next_step="assignrules apply"),
    "plan_narrow": plan_text(PLAN, Page(width=60), next_step="assignrules apply"),
    "plan_summary": plan_text(PLAN, Page(), summary=True, next_step="assignrules apply today.plan"),
    "plan_full": plan_text(PLAN, Page(), full=True),
    "plan_guard_tripped": plan_text(TRIPPED, Page(), summary=True, next_step="assignrules apply"),
    "plan_data_errors": plan_text(WRONG, Page(), summary=True),
    "plan_no_change": plan_text(NOTHING, Page()),
    "plan_many_differences": plan_text(MANY, Page()),
    "log": runs_text([RUN, replace(RUN, id=1, counts={}, reason=None, changes=0)], Page()),
    "log_empty": runs_text([], Page()),
    "show": run_text(RUN, CHANGES, Page()),
    "history": history_text("C005", [(RUN, CHANGES[4]), (RUN, replace(CHANGES[0], subject="C005"))], Page()),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text(name: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(TEXTS[name], encoding="utf-8")
    assert TEXTS[name] == path.read_text(encoding="utf-8")


def test_every_golden_file_is_used() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(TEXTS)


def test_lines_fit_the_width() -> None:
    examples = [line for line in plan_text(PLAN, Page(width=50)).splitlines() if line.startswith("    ")]
    assert examples
    assert max(map(len, examples)) <= 50


def test_nothing_of_the_data_moves_the_cursor() -> None:
    assert "\x1b" not in "".join(TEXTS.values())
    assert "\x1b[1m" in plan_text(PLAN, Page(color=True))
    assert "\x1b[31mRed" not in plan_text(PLAN, Page(color=True))


def test_full_names_every_change() -> None:
    text = TEXTS["plan_full"]
    assert all(item.subject in text for item in CHANGES)
    assert asdict(CHANGES[0])["because"] in text
