"""The embedded store holds what a dataset says, exactly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from assignrules.databases.duckdb import DuckDBMemory
from assignrules.databases.embedded import create_store, fill, known, lineage, tables
from assignrules.ir.types import Money
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import credit

SCHEMA = credit()
DATASET = Dataset(
    rows={
        "customer": [
            {"code": "C1", "name": "Ünal \"&\" 'Söhne'", "active": True, "insurer_score": Decimal("123456789012345678.0123456789")},
            {
                "code": "C2",
                "payer": "C1",
                "turnover_12m": Money(Decimal("-0.5"), "USD"),
                "customer_since": date(2020, 2, 29),
                "payment_terms_days": 30,
            },
        ],
        "order": [{"number": "O1", "customer": "C2", "binding": False}],
        "guarantee": [{"id": "1", "customer": "C1", "insured_percentage": Decimal("0.9"), "amount": None}],
        "holidays": [],
    },
    values={"scenario": {"C1": "Standard"}, "order_block": {"C2": True}, "proposed_credit_limit": {"C2": Money(Decimal("1"), "EUR")}},
    members={("group", "Risky"): {"C1": True, "C2": False}, ("cover", "ND"): {"C2": Money(Decimal("20000"), "EUR")}},
)


@pytest.fixture
def database() -> DuckDBMemory:
    found = DuckDBMemory()
    with found.writing() as session:
        create_store(session, SCHEMA)
        session.commit()
    return found


def put(database: DuckDBMemory, dataset: Dataset) -> None:
    with database.writing() as session:
        fill(session, SCHEMA, dataset)
        session.commit()


def test_values_are_stored_exactly(database: DuckDBMemory) -> None:
    put(database, DATASET)
    with database.reading() as session:
        assert session.fetch("SELECT code, name, active, insurer_score, payer FROM customer ORDER BY code") == [
            ("C1", "Ünal \"&\" 'Söhne'", True, Decimal("123456789012345678.0123456789"), None),
            ("C2", None, None, None, "C1"),
        ]
        sql = "SELECT turnover_12m, turnover_12m_currency, customer_since, payment_terms_days FROM customer WHERE code = 'C2'"
        assert session.fetch(sql) == [(Decimal("-0.5"), "USD", date(2020, 2, 29), 30)]
        assert session.fetch('SELECT number, customer, binding FROM "order"') == [("O1", "C2", False)]
        assert session.fetch("SELECT customer, legal_entity, insured_percentage, amount FROM guarantee") == [
            ("C1", None, Decimal("0.9"), None)
        ]
        assert session.fetch("FROM assignrules_target_scenario") == [("C1", "Standard")]
        assert session.fetch("FROM assignrules_target_order_block") == [("C2", True)]
        assert session.fetch("FROM assignrules_target_proposed_credit_limit") == [("C2", Decimal("1"), "EUR")]
        assert session.fetch("FROM assignrules_target_group") == [("C1", "Risky")]
        assert session.fetch("FROM assignrules_target_cover") == [("C2", "ND", Decimal("20000"), "EUR")]


def test_filling_again_replaces_everything(database: DuckDBMemory) -> None:
    put(database, DATASET)
    put(database, Dataset(rows={"document": [{"number": "F1"}]}))
    with database.reading() as session:
        full = {table for table in tables(SCHEMA) if session.fetch(f'SELECT 1 FROM "{table}" LIMIT 1')}
        assert full == {"document"}


def test_a_store_is_made_once(database: DuckDBMemory) -> None:
    put(database, DATASET)
    with database.writing() as session:
        first = lineage(session)
        create_store(session, SCHEMA)
        assert lineage(session) == first
        assert session.fetch("SELECT count(*) FROM customer") == [(2,)]
        assert session.fetch("SELECT key, count(*) FROM assignrules_meta GROUP BY key HAVING count(*) > 1") == []
    other = DuckDBMemory()
    with other.writing() as session:
        assert lineage(session) is None
        create_store(session, SCHEMA)
        assert lineage(session) != first
        assert known(session, "format") == "1"


def test_every_target_has_a_place() -> None:
    for target in SCHEMA.targets.values():
        table = target.entity if target.field is not None else f"assignrules_target_{target.name}"
        assert table in tables(SCHEMA)
