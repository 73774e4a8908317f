"""The reference evaluator and DuckDB remember alike: random journals under random `keep manual`, `cooldown`, `limit` and `restore`.

The quick run is the same every time. `ASSIGNRULES_SOAK=500` takes so many fresh worlds instead, and `ASSIGNRULES_SEED` names the first.
"""

from __future__ import annotations

import os
import random
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.ir.types import Money
from assignrules.schema.dataset import Dataset, JournalEntry, Row, Value
from assignrules.schema.logical import Shape, credit
from assignrules.testing import ReferencePlanner
from assignrules.testing.case import ProjectSettings
from assignrules.testing.database import DuckDBPlanner

pytestmark = pytest.mark.slow

SOAK = int(os.environ.get("ASSIGNRULES_SOAK", "0"))
FIRST = int(os.environ.get("ASSIGNRULES_SEED", "1"))
SCHEMA = credit()
DAY = date(2026, 3, 31)
MONEY = [Money(Decimal(amount), currency) for amount in ("10", "20.5") for currency in ("EUR", "USD")]
# Few values each, so that states, what the rules want and what the journal knows often agree. A set's only value is True.
UNITS: dict[tuple[str, str | None], list[Value]] = {
    ("scenario", None): ["A", "B", "C"],
    ("order_block", None): [True, False],
    ("payment_terms_days", None): [10, 20],
    ("proposed_credit_limit", None): list(MONEY),
    ("group", "Late"): [True],
    ("cover", "ND"): list(MONEY),
}
CONDITIONS = ["active", "locked", 'country = "FR"', "insurer_score > 2", 'currently in group "Late"', "active and not locked"]
MEASURES = ["insurer_score", "turnover_12m", "country", "current scenario", "proposed_credit_limit"]
LENGTHS = ["1 month", "3 days", "30 days", "2 business days", "0 days"]


@cache
def planners() -> tuple[ReferencePlanner, DuckDBPlanner]:
    return ReferencePlanner(SCHEMA), DuckDBPlanner(SCHEMA)


def block(pick: random.Random, target: str, member: str | None, priority: int | None) -> tuple[str, str]:
    """A random block, and the name of its rule."""

    def condition() -> str:
        return pick.choice(CONDITIONS)

    if target == "group":
        body = f"add {condition()}" + pick.choice(["", " remove others", f" remove {condition()}"])
    elif target == "cover":
        body = f"eligibility {condition()} amount {pick.choice(['10 EUR', '20.5 USD', 'turnover_12m'])} removal {condition()}"
    else:
        values = {"scenario": ['"A"', '"B"', "(country)"], "order_block": ["true", "false"], "payment_terms_days": ["10", "20"]}

        def value() -> str:
            return pick.choice(values.get(target, ["10 EUR", "20.5 USD", "(turnover_12m)"]))

        body = f"{value()} to {condition()} {value()} to {condition()}"
        body += pick.choice(["", " otherwise restore", " otherwise restore", " otherwise clear", f" otherwise {value()}"])
    clauses = [f"where {condition()}", f"except {condition()}", "keep manual"]
    clauses.append(f"cooldown {pick.choice(LENGTHS)}{pick.choice(['', ' after removal'])}")
    per = pick.choice(["", " per country", " per collector", " per insurer_score"])
    measure = pick.choice([item for item in MEASURES if item != target])
    clauses.append(f"limit {pick.randrange(3)} changes by {measure}{pick.choice(['', ' ascending'])}{per}")
    clauses.append("guard at most 30%")
    chosen = " ".join(clause for clause in clauses if pick.random() < 0.45)
    if priority is not None:
        chosen += f" priority {priority}"
    named = target if member is None else f"{target}:{member}"
    head = target if member is None else f'{target} "{member}"'
    return f"assign {head} {body} {chosen}", named if priority is None else f"{named}#{priority}"


def world(seed: int) -> tuple[str, Dataset]:
    pick = random.Random(seed)
    texts: list[str] = []
    rate: Row = {"currency": "USD", "on": date(2026, 1, 1), "rate": Decimal("0.5")}
    dataset = Dataset(rows={"customer": [], "rates": [rate] if pick.random() < 0.7 else []})
    keys = [f"C{number}" for number in range(pick.randrange(1, 7))]
    for key in keys:
        row: Row = {"code": key, "active": pick.choice([True, False, None]), "locked": pick.choice([True, False])}
        row |= {"country": pick.choice(["FR", "A", None]), "insurer_score": pick.choice([Decimal(1), Decimal(3), None])}
        row |= {"turnover_12m": pick.choice([*MONEY, None]), "payment_terms_days": pick.choice([10, 20, None])}
        dataset.rows["customer"].append(row)
    for (target, member), values in pick.sample(sorted(UNITS.items(), key=str), pick.randrange(1, 4)):
        rules: list[str] = []
        priorities: list[int | None] = [20, 10] if pick.random() < 0.3 else [None]
        for priority in priorities:
            text, rule = block(pick, target, member, priority)
            texts.append(text)
            rules.append(rule)
        for key in keys:
            last: Value = None
            for _ in range(pick.choice([0, 1, 1, 2, 3, 4])):
                before = last if pick.random() < 0.7 else pick.choice([*values, None])
                after = pick.choice([value for value in [*values, None] if value != before])
                day = DAY - timedelta(days=pick.choice([0, 2, 3, 4, 5, 28, 29, 30, 31, 31, 32, 60]))
                rule = pick.choice([*rules, rules[0], "another"])
                dataset.journal.append(JournalEntry(day, key, target, member, before, after, rule))
                last = after
            state = last if pick.random() < 0.7 else pick.choice([*values, None])
            if SCHEMA.targets[target].field is not None:
                next(row for row in dataset.rows["customer"] if row["code"] == key)[target] = state
            elif state is not None and SCHEMA.targets[target].shape is Shape.VALUE:
                dataset.values.setdefault(target, {})[key] = state
            elif isinstance(state, Money | bool) and member is not None:
                dataset.members.setdefault((target, member), {})[key] = state
    dataset.journal.sort(key=lambda entry: entry.as_of)
    return "\n".join(texts), dataset


@pytest.mark.parametrize("seed", range(FIRST, FIRST + (SOAK or 16)))
def test_memory_is_the_same(seed: int) -> None:
    text, dataset = world(seed)
    outcomes = []
    for planner in planners():
        ruleset, problems = planner.check([SourceFile("a.rules", text)], {}, ProjectSettings())
        errors = [problem for problem in problems if problem.code.startswith("E")]
        assert all(problem.code == "E0402" for problem in errors), (text, errors)  # blocks that read each other in a circle
        if ruleset is None:
            return
        with planner.session(ruleset, dataset, DAY) as session:
            outcomes.append(session.plan())
    first, second = outcomes
    told = f"{text}\n{dataset}"
    assert list(first.changes) == list(second.changes), told
    assert list(first.held) == list(second.held), told
    assert list(first.conflicts) == list(second.conflicts), told
    assert first.data_errors == second.data_errors, told
    assert first.applicable == second.applicable, told
