"""Plans made by hand over a small store, for the tests of apply and journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conftest import empty_postgres

from assignrules.apply import ApplyResult, apply_plan
from assignrules.databases import Database
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.embedded import create_store, fill, lineage
from assignrules.databases.postgres import Postgres
from assignrules.ir.changes import Change, Printed, Proposed
from assignrules.ir.types import Money
from assignrules.journal.chain import head
from assignrules.plan.model import Header, Plan, change_line
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import credit
from assignrules.schema.mapping import identity

SCHEMA = credit()
MAPPING = identity(SCHEMA)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RULES, SHAPE = "sha256:rules", "sha256:schema"


def store(folder: Path, customers: int = 4) -> DuckDB:
    """A DuckDB file with customers C1, C2, …: the odd ones with scenario `old`; C1 in group Risky and covered by ND with 5 EUR; document F1
    disputed. All stores of one size are copies: they have the same lineage."""
    database = DuckDB(folder / "store.duckdb", wait=10)
    database.path.write_bytes(_made(customers))
    return database


def postgres_store(customers: int = 4) -> Postgres:
    """The same on PostgreSQL."""
    database = empty_postgres("apply")
    _fill(database, customers)
    return database


@cache
def _made(customers: int) -> bytes:
    with TemporaryDirectory() as folder:
        database = DuckDB(Path(folder) / "store.duckdb")
        _fill(database, customers)
        return database.path.read_bytes()


def _fill(database: Database, customers: int) -> None:
    rows: list[dict[str, Any]] = [{"code": f"C{n}", "name": f"Name {n}", "payment_terms_days": 30} for n in range(1, customers + 1)]
    dataset = Dataset(
        rows={"customer": rows, "document": [{"number": "F1", "customer": "C1", "status": "dispute"}, {"number": "F2", "customer": "C1"}]},
        values={"scenario": {f"C{n}": "old" for n in range(1, customers + 1, 2)}},
        members={("group", "Risky"): {"C1": True}, ("cover", "ND"): {"C1": Money(Decimal("5"), "EUR")}},
    )
    with database.writing(create=True) as session:
        create_store(session, SCHEMA)
        fill(session, SCHEMA, dataset)
        session.commit()


def change(target: str, subject: str, before: Printed, after: Printed, action: str, member: str | None = None) -> Change:
    return Change(
        subject, f"Name of {subject}", target, member, before, after, action, "strategy", 3, "rules/a.rules:14", "owes “much”", False
    )


ONE_OF_EACH = (
    change("cover", "C1", "5.00 EUR", "7.50 USD", "amend", "ND"),
    change("cover", "C2", None, "20000.00 EUR", "grant", "ND"),
    change("document_status", "F1", "dispute", None, "clear"),
    change("document_status", "F2", None, "promise", "set"),
    change("group", "C1", True, False, "remove", "Risky"),
    change("group", "C2", False, True, "add", "Risky"),
    change("order_block", "C1", None, False, "set"),
    change("payment_terms_days", "C3", 30, 60, "change"),
    change("proposed_credit_limit", "C1", None, "0.125 EUR", "set"),
    change("scenario", "C1", "old", 'Very late: it\'s "bad"\n', "change"),
    change("scenario", "C2", None, "No reminder", "set"),
    change("scenario", "C3", "old", None, "clear"),
)


def new_proposal(subject: str, **parts: Any) -> Proposed:
    """A proposal that is made for the first time."""
    said = {"amount": "1200.00 EUR", "approver": "sales_manager", "show": {"code": subject, "days": 61}, "because": "61 days “late”\n"}
    made = ("Stop deliveries", "customer", subject, f"Name of {subject}", "make", None, "open", None, "rules/a.rules:20")
    return replace(Proposed(*made), **{**said, **parts})


def plan_of(database: Database, changes: Iterable[Change], proposals: Iterable[Proposed] = (), **header: Any) -> Plan:
    """A plan of these changes and proposals, made on the database as it is."""
    changes = tuple(changes)
    summary: dict[str, dict[str, int]] = {}
    for item in changes:
        words = summary.setdefault(item.target, {"held": 0})
        words[item.action] = words.get(item.action, 0) + 1
    with database.reading() as session:
        found, anchor = lineage(session), head(session)
    fields: dict[str, Any] = {
        "as_of": date(2026, 11, 22),
        "ruleset": RULES,
        "schema": SHAPE,
        "applicable": True,
        "summary": summary,
        "parameters": {"large": "400000.00 EUR"},
        "environment": "local",
        "currency": "EUR",
        "guards": (),
        "subjects": {"customer": 4},
        "lineage": found,
        "anchor": anchor,
        "version": "0.1",
    }
    return Plan(Header(**fields | header), tuple(change_line(item) for item in changes), proposals=tuple(proposals))


def apply(database: Database, plan: Plan, **options: Any) -> ApplyResult:
    given: dict[str, Any] = {"ruleset_digest": RULES, "schema_digest": SHAPE, "environment": "local", "now": NOW, "user": "anna"}
    return apply_plan(database, MAPPING, plan, **given | options)


def state(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a plan may write, and the journal's size."""
    targets = [f"assignrules_target_{name}" for name in ("scenario", "group", "cover", "order_block", "proposed_credit_limit")]
    with database.reading() as session:
        found = {table: sorted(session.fetch(f"SELECT * FROM {table}")) for table in targets}
        found["customer"] = session.fetch("SELECT * FROM customer ORDER BY code")
        found["document"] = session.fetch("SELECT * FROM document ORDER BY number")
        for table in ("assignrules_run", "assignrules_change", "assignrules_proposal"):
            found[table] = session.fetch(f"SELECT count(*) FROM {table}") if session.has_table(table) else [(0,)]
        found["assignrules_outbox"] = (
            session.fetch("SELECT * FROM assignrules_outbox ORDER BY id") if session.has_table("assignrules_outbox") else []
        )
    return found


def codes(result: ApplyResult) -> list[str]:
    return [item.code for item in result.diagnostics]
