"""A company's own texts on PostgreSQL have collations, each column its own: keys compare, join and sort by code point all the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.conftest import postgres
from tests.postgres_server import programs, version

from assignrules.apply import Outcome, apply_plan
from assignrules.check import check_files
from assignrules.check.availability import available
from assignrules.databases import Database
from assignrules.databases.binding import bind
from assignrules.databases.duckdb import DuckDB
from assignrules.diagnostics import SourceFile
from assignrules.ir.digest import ruleset_digest
from assignrules.plan.build import build_plan
from assignrules.plan.file import write_plan
from assignrules.plan.mapping_check import check_mapping
from assignrules.plan.model import Plan
from assignrules.schema.digest import schema_digest
from assignrules.schema.file import Settings, read_schema

DAY = date(2026, 11, 22)
# By code point: B Z _x a É é. An alphabet's order is another, and to one that ignores case or accents some are even the same.
KEYS = ("a", "B", "É", "é", "Z", "_x", "b", "1-2", "12")
SCHEMA = """
extends: credit
dialect: duckdb
entities:
  customer:
    from: customers
    key: code
    fields:
      code: code
      name: name
      is_business: {column: business, type: boolean, true: [y], false: [n]}
      turnover_12m: {column: turnover, currency: EUR}
  document:
    from: invoices
    key: number
    fields:
      number: number
      type: {column: kind, values: {I: invoice, C: credit_note}}
      open_amount: {column: amount, currency: {column: currency}}
      status: state
    links: {customer: customer}
  user: {from: sellers, key: id, fields: {login: login}}
targets:
  scenario: {store: column, table: customers, key: code, column: scenario}
  collector: {store: column, table: customers, key: code, column: seller, lookup: {table: sellers, key: id, name: login}}
  portfolio: {store: members, table: tagged, subject: customer, member: tag}
"""
RULES = """
search odd where name < "b" and any(documents where status = "é")
search large where total >= 10 EUR
define total = sum(open_amount over documents)
assign scenario "é" to large and name > "Z" otherwise "É"
assign collector "É" to odd otherwise keep
assign group "odd" add odd or large remove name = "É"
assign portfolio "p" add large remove odd
require "Nobody is odd" no customers where odd and is_business is missing
warn "Few are large" no customers where large
alert loud on customers where large
"""


SERVERS = programs()


def tables(first: str, second: str, *, broken: bool) -> list[str]:
    """The statements that make the company; ``first`` and ``second``: what is said of the collation of its texts. ``broken``: rows that
    are data errors, of which a plan names the first."""
    one, two = f"VARCHAR {first}", f"VARCHAR {second}"
    customers = [(key, key if place % 2 else key * 2, "?" if broken else "y", str(place * 7)) for place, key in enumerate(KEYS)]
    invoices = [
        (
            f"{key}{number}",
            "?" if broken and number else "I",
            str(number * 10),
            "é" if broken and place % 2 else "EUR",
            "éÉ"[place < 5],
            key,
        )
        for place, key in enumerate((*KEYS, "ä", "Ä", "_", "0"))
        for number in range(2)
    ]
    if broken:
        customers += [(key, "twice", "n", "1") for key in reversed(KEYS)]

    def listed(rows: Sequence[Sequence[str]]) -> str:
        return ", ".join(str(tuple(row)) for row in rows)

    return [
        *(f"DROP TABLE IF EXISTS {name}" for name in ("customers", "invoices", "sellers", "tagged")),
        f"CREATE TABLE customers (code {one}, name {two}, business {two}, turnover {two}, scenario {two}, seller {two})",
        f"CREATE TABLE invoices (number {two}, kind {one}, amount {two}, currency {one}, state {one}, customer {two})",
        f"CREATE TABLE sellers (id {one}, login {one})",
        f"CREATE TABLE tagged (customer {two}, tag {one})",
        f"INSERT INTO customers (code, name, business, turnover) VALUES {listed(customers)}",
        f"INSERT INTO invoices VALUES {listed(invoices)}",
        f"INSERT INTO sellers VALUES {listed([('é', 'É'), ('É', 'é'), ('a', 'é' if broken else 'x'), ('b', 'É' if broken else 'y')])}",
        f"INSERT INTO tagged VALUES {listed([('É', 'p'), ('é', 'q'), ('a', 'p')])}",
    ]


def shown(database: Database, statements: Sequence[str], path: Path) -> tuple[bytes, object, list[list[str]]]:
    """The bytes of the plan, what checking the mapping counts, and what is planned once the plan is applied, if it can be."""
    with database.writing(create=True) as session:
        for sql in statements:
            session.execute(sql)
        session.commit()
    found, _, problems = read_schema(SourceFile("s.yml", SCHEMA), Settings(database.dialect, {}), lambda name, parent: (None, ()))
    assert found is not None, problems
    checked = check_files([SourceFile("a.rules", RULES)], found.schema)
    assert checked.ruleset is not None, checked.diagnostics
    ruleset, _ = available(checked.ruleset, found.mapping)

    def plan() -> Plan:
        with database.reading() as session:
            mapping, diagnostics = bind(session, found.mapping, DAY)
            assert not diagnostics
            return build_plan(session, ruleset, mapping, as_of=DAY, environment="test")

    planned = plan()
    write_plan(planned, path)
    counted = check_mapping(database, found.mapping, ruleset, DAY)
    assert not counted.diagnostics
    if not planned.header.applicable:
        return path.read_bytes(), (counted.rows, counted.problems), []
    digests = {"ruleset_digest": ruleset_digest(ruleset), "schema_digest": schema_digest(found.mapping)}
    result = apply_plan(database, found.mapping, planned, **digests, environment="test", now=datetime.now(UTC))
    assert result.outcome is Outcome.APPLIED, result.diagnostics
    return path.read_bytes(), (counted.rows, counted.problems), [list(item.changes) for item in (planned, plan())]


@pytest.mark.slow
@pytest.mark.parametrize("bin", SERVERS, ids=version)
def test_texts_of_any_collation(tmp_path: Path, bin: Path) -> None:  # P3, D3
    database = postgres("collations", bin)
    with database.connected() as connection:
        rows = connection.execute("SELECT collname FROM pg_collation WHERE collname IN ('en-x-icu', 'fr-x-icu')").fetchall()
        connection.execute(f"DROP SCHEMA IF EXISTS {database.schema} CASCADE")
    # a build without alphabets has other collations, of code points, which may no more meet in a comparison
    first, second = ('COLLATE "en-x-icu"', 'COLLATE "fr-x-icu"') if len(rows) == 2 else ('COLLATE "ucs_basic"', 'COLLATE "POSIX"')
    for broken in (True, False):
        own = DuckDB(tmp_path / f"{broken}.duckdb")
        one = shown(own, tables("", "", broken=broken), tmp_path / "one.json")
        two = shown(database, tables(first, second, broken=broken), tmp_path / "two.json")
        assert one == two
        assert bool(one[2]) is not broken
        if not broken:
            assert len(one[2][0]) > 10 and not one[2][1]
