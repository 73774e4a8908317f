"""Data that is hard to keep or wrong: the same on both databases, or named."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.abuse.company import DATABASES, Company

from assignrules.databases import Database, duckdb
from assignrules.ir.types import DECIMAL, Money
from assignrules.plan.model import to_json
from assignrules.schema.physical import FieldSource, Source, Stored
from assignrules.sql import terms
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.readings import Readings

pytestmark = pytest.mark.slow

TEXTS = {
    "newline": "one\ntwo\r\n\tthree",
    "quotes": 'it\'s "so" \\n `x` $1 ? %s {name}',
    "right to left": "שלום \u202eabc\u202c مرحبا",
    "combining": "e\u0301 \u00e9 ﬃ \U0001f9d1\u200d\U0001f33e",
    "trailing blanks": "name   ",
    "long": "x" * (1 << 20),
    "odd": "\u2028\u0085\ufeff\x7f\x01",
    "json": '{"a": null}',
}


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    return DATABASES[request.param](tmp_path)


def customers(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"code": f"C{number}", "active": True, **row} for number, row in enumerate(rows, start=1)]


def test_texts_are_kept_to_the_letter(tmp_path: Path) -> None:  # D3, D5
    rules = 'assign risk_class (name) to active because "{name}"\nsearch same where name = risk_class\n'
    found = []
    for make in DATABASES.values():
        company = Company(make(tmp_path), rules, {"customer": customers(*({"name": text} for text in TEXTS.values()))})
        plan = company.plan()
        found.append((plan.changes, plan.header.summary))
        assert [change.after for change in plan.change_rows()] == list(TEXTS.values())
        assert not company.apply(plan).diagnostics
        assert [row[0] for row in company.fetch("SELECT value FROM assignrules_target_risk_class ORDER BY subject")] == list(TEXTS.values())
        assert [row[0] for row in company.fetch("SELECT because FROM assignrules_change ORDER BY sequence")] == list(TEXTS.values())
        assert company.plan().changes == ()
    assert found[0] == found[1]


def test_wrong_data_is_named_and_counted_once(database: Database) -> None:  # D2
    documents = [
        {"number": "F1", "customer": "C1", "open_amount": Money(Decimal(100), "EUR"), "type": "invoice"},
        {"number": "F2", "customer": "C1", "open_amount": Money(Decimal(50), "EUR"), "type": "invoice"},
        {"number": "F3", "customer": "nobody", "open_amount": Money(Decimal(7), "EUR"), "type": "invoice"},
    ]
    contacts = [{"id": f"K{number}", "customer": "C1", "name": "x"} for number in range(3)]
    rules = (
        "define owed = sum(open_amount over documents)\ndefine people = count(contacts)\n"
        'assign risk_class "{}" to owed > 149 EUR and owed < 151 EUR and people = 3 because "{owed} {people}"\n'
    )
    company = Company(database, rules, {"customer": customers({}, {}), "document": documents, "contact": contacts})
    plan = company.plan()
    # 100 + 50, though three contacts stand beside the two documents; the one of nobody is named, and belongs to nobody
    assert [(change.subject, change.because) for change in plan.change_rows()] == [("C1", "150.00 EUR 3")]
    assert [(item.code, item.count, item.examples) for item in plan.data_warnings] == [("W0501", 1, ("F3",))]
    company.execute("INSERT INTO customer (code, active) VALUES ('C1', true)")
    plan = company.plan()
    assert [(item.code, item.count, item.examples) for item in plan.data_errors] == [("E0501", 2, ("C1",))]
    assert not plan.header.applicable
    assert company.apply(plan).exit_code == 3


def test_numbers_are_exact_or_said(database: Database) -> None:  # D4
    most = Decimal("999999999999999999.9999999999")  # 18 digits before the point, 10 behind it
    rows = customers({"insurer_score": 0}, {"insurer_score": 3})
    documents = [{"number": f"F{n}", "customer": "C2", "open_amount": Money(most, "EUR"), "type": "invoice"} for n in (1, 2, 3)]
    rules = (
        "define owed = sum(open_amount over documents)\ndefine share = 10 / insurer_score\n"
        'assign risk_class "x" to owed > 0 EUR because "{owed}"\nassign scenario "y" to share > 3 because "{share}"\n'
        'assign collector "z" to share is missing\n'
    )
    company = Company(database, rules, {"customer": rows, "document": documents})
    found = {(change.target, change.subject): change.because for change in company.plan().change_rows()}
    exact = Decimal("2999999999999999999.9999999997")
    assert found["risk_class", "C2"] == f"{exact:f} EUR"
    assert ("scenario", "C2") in found and ("scenario", "C1") not in found
    assert ("collector", "C1") in found, "a division by zero is missing"
    # Three currencies, and a rate for one of the two others: the amount without one is an error, and named.
    company.execute(
        "UPDATE document SET open_amount_currency = CASE number WHEN 'F1' THEN 'USD' WHEN 'F2' THEN 'GBP' ELSE 'EUR' END, open_amount = 10",
        "INSERT INTO rates (currency, \"on\", rate) VALUES ('USD', DATE '2026-11-01', 0.9)",
    )
    plan = company.plan()
    assert [item.code for item in plan.data_errors] == ["E0502"]
    assert not plan.header.applicable


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("name", DATABASES)
def test_a_number_that_is_none_reads_as_missing(name: str, value: str, tmp_path: Path) -> None:  # D4
    source = FieldSource(Source("v"), DECIMAL)
    dialect = DIALECTS[name]
    read = Readings(dialect, "UTC").field(source, terms.column("v"), Stored.FLOAT).sql(dialect=dialect.name)
    company = Company(DATABASES[name](tmp_path), "search a where active\n", {"customer": customers({})})
    assert company.fetch(f"SELECT {read} FROM (SELECT CAST('{value}' AS DOUBLE PRECISION) AS v) AS r") == [(None,)]


def test_threads_and_places_of_rows_mean_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # D5
    """More rows than one of DuckDB's threads takes at a time, in two orders, by one thread and by four."""
    rules = (
        "define owed = sum(open_amount over documents)\nsearch late where owed > 0 EUR top 3 by owed\n"
        'assign scenario "x" to late otherwise clear because "{owed}"\nassign group "y" add name = "n 7" remove others\n'
    )
    found = set()
    for threads in (1, 4):
        monkeypatch.setattr(duckdb, "SETTINGS", (f"SET GLOBAL threads = {threads}", *duckdb.SETTINGS))
        for place, order in enumerate(("n", "hash(n)")):
            company = Company(duckdb.DuckDB(tmp_path / f"{threads}{place}.duckdb"), rules, {})
            rows = f"(SELECT n FROM range(150000) AS numbers(n) ORDER BY {order}) AS rows"
            company.execute(
                f"INSERT INTO customer (code, name) SELECT 'C' || n, 'n ' || n % 50000 FROM {rows}",
                "INSERT INTO document (number, customer, open_amount, open_amount_currency) "
                f"SELECT 'F' || n, 'C' || n % 70000, n % 1000 + 0.01, 'EUR' FROM {rows}",
            )
            plan = company.plan()
            assert len(plan.changes) == 6
            found.add(to_json(replace(plan, header=replace(plan.header, lineage=None, anchor=None))))
    assert len(found) == 1
