"""P3: the same rules, rows and day give the same plan on DuckDB and on PostgreSQL, byte for byte.

Random rules over random rows, as in `test_same_plan`, whose `ASSIGNRULES_SOAK` and `ASSIGNRULES_SEED` work here too; and by hand what
databases are known to spell differently. Every PostgreSQL of the machine takes part: that of the development dependencies, and those of
the system.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import note
from tests.conftest import postgres
from tests.differential.expressions import SCHEMA
from tests.differential.rulesets import World, worlds
from tests.differential.test_same_plan import resolved, run
from tests.postgres_server import programs, version

from assignrules.diagnostics import SourceFile
from assignrules.ir.types import Money
from assignrules.plan.build import build_plan
from assignrules.plan.model import to_json
from assignrules.schema.dataset import Dataset, JournalEntry
from assignrules.testing.case import ProjectSettings
from assignrules.testing.database import DatabasePlanner, DuckDBPlanner

pytestmark = pytest.mark.slow

SERVERS = programs()
NAMES = [f"postgres-{version(folder)}" for folder in SERVERS]
BATCHES = [(0, 6), (1, 6), (2, 10), (3, 10)]
DAY = date(2026, 11, 22)
# Every character that JSON escapes, what a terminal or a spreadsheet could take for a command, both spellings of an accent, what a locale
# orders otherwise than code points, a surrogate pair.
TEXTS = [
    "".join(map(chr, range(1, 32))),
    '"\\/\x7f\u2028\\u000b \\\\u001f\x0b\x1f\\',
    "=HYPERLINK('x')",
    "é e\u0301 É ß ẞ İ ı 가 😀 \u202eabc",
    "a B A b _ - a-b ab aB",
    "  blanks  ",
    "%s $1 ? {x} '; DROP TABLE customer; --",
    "",
    "ﷺ" * 300,
]


@cache
def planners() -> dict[str, DatabasePlanner]:
    """DuckDB and every PostgreSQL, by name."""
    servers = {name: DatabasePlanner(SCHEMA, postgres("bytes", bin)) for name, bin in zip(NAMES, SERVERS, strict=True)}
    return {"duckdb": DuckDBPlanner(SCHEMA), **servers}


def plan_text(planner: DatabasePlanner, world: World) -> str:
    """The plan's bytes."""
    ruleset = resolved(world)
    with planner.session(ruleset, world.data, world.today) as session:
        return to_json(build_plan(session.session, ruleset, session.mapping, as_of=world.today, environment="test"))


@pytest.mark.parametrize(("batch", "examples"), BATCHES)
@pytest.mark.parametrize("server", NAMES)
def test_random_plans(server: str, batch: int, examples: int) -> None:
    def same(world: World) -> None:
        note(world.text)
        assert plan_text(planners()[server], world) == plan_text(planners()["duckdb"], world)

    run(same, [worlds()], examples, 1000 + batch)


RULES = """
search by_name where name > "B" or name contains "a-b"
search plain where name matches "[a-z]$"
assign scenario
  (name) to by_name
  "é" to plain
  otherwise restore
  because "{name} has {turnover_12m} and {insurer_score}, {customer_since}"
assign group "Risky" add insurer_score / 3 > 0.1 remove others keep manual
assign cover "ND" eligibility turnover_12m > 1 EUR amount turnover_12m removal turnover_12m < 1 EUR
assign payment_terms_days (current payment_terms_days + 1) to current payment_terms_days < 40
assign order_block true to active false to not active
"""


def dataset() -> Dataset:
    customers: list[dict[str, Any]] = []
    for number, text in enumerate(TEXTS):
        customers.append({
            "code": f"{text or 'C'}{number}",
            "name": text,
            "active": (True, False, None)[number % 3],
            "payment_terms_days": (30, None, 0, 45)[number % 4],
            "insurer_score": (Decimal("1"), Decimal("0.3333333333"), Decimal("-5E-10"), None, Decimal("123456789012345678"))[number % 5],
            "turnover_12m": (Money(Decimal("1.005"), "EUR"), Money(Decimal("7"), "USD"), None, Money(Decimal("-0.1"), "EUR"))[number % 4],
            "customer_since": (date(1900, 2, 28), date(2024, 2, 29), None)[number % 3],
        })  # fmt: skip
    journal = [
        JournalEntry(date(2026, 11, 1), row["code"], "scenario", None, None, text, "scenario")
        for row, text in zip(customers, TEXTS, strict=True)
    ]
    return Dataset(
        rows={"customer": customers, "rates": [{"currency": "USD", "on": date(2026, 1, 1), "rate": Decimal("0.8765432109")}]},
        values={"scenario": {row["code"]: text for row, text in zip(customers[::2], TEXTS[1::2], strict=False)}},
        members={("group", "Risky"): {row["code"]: True for row in customers[::3]}},
        journal=journal,
    )


@pytest.mark.parametrize("server", NAMES)
def test_what_databases_spell_differently(server: str) -> None:
    ruleset, problems = planners()["duckdb"].check([SourceFile("a.rules", RULES)], {}, ProjectSettings())
    assert ruleset is not None, problems
    plans = []
    for name in ("duckdb", server):
        with planners()[name].session(ruleset, dataset(), DAY) as session:
            plan = build_plan(session.session, ruleset, session.mapping, as_of=DAY, environment="test")
            assert len(plan.changes) > len(TEXTS)
            plans.append(to_json(plan))
    assert plans[1] == plans[0]


def test_the_servers_are_there() -> None:
    assert SERVERS and all((Path(folder) / "postgres").exists() for folder in SERVERS)
