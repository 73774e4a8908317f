"""Reports over a company's own tables see what plans see: the columns that are there, the day, the state of targets nobody wrote yet."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from tests.mapping.test_apply import SCHEMA, TABLES, project_in

from assignrules import api

pytestmark = pytest.mark.slow

COMPANY = "tenant: {columns: [MANDT, BUKRS], values: [':client', '1000']}"  # the customers' table has the first alone


def test_a_report_reads_what_a_plan_reads(tmp_path: Path) -> None:
    schema = SCHEMA.replace('tenant: {columns: [MANDT], values: [":client"]}', COMPANY).replace(
        "      name: name\n", "      name: name\n      day: {sql: ':as_of', type: date}\n      seen: {column: seen, type: date}\n", 1
    )
    tables = TABLES + 'ALTER TABLE "Cust ""omers" ADD COLUMN seen TIMESTAMP; UPDATE "Cust ""omers" SET seen = \'2026-02-03 04:05\';'
    rules = """
assign cover "ND" eligibility turnover_12m > 0 EUR amount 20_000 EUR removal others
report owing show code, day, seen, turnover_12m, has cover "ND", scenario
"""
    project = project_in(tmp_path, schema=schema, tables=tables, rules=rules)
    assert api.report(project, "owing").lines == (
        ("C1", "2026-11-22", "2026-02-03", "100.10 EUR", True, "Mild"),
        ("C2", "2026-11-22", "2026-02-03", "0.00 EUR", False, None),
        ("C3", "2026-11-22", "2026-02-03", "5000.25 EUR", True, None),
    )


RATES = """
CREATE TABLE rate (code VARCHAR, day VARCHAR, rate VARCHAR);
INSERT INTO rate VALUES ('USD', '20260101', '1.25'), ('USD', '20261301', '2'), ('USD', '20261401', '2'), ('USD', '20261101', 'x'),
  ('USD', NULL, '3'), ('USD', NULL, '3'), (NULL, '20260101', '3'), (NULL, '20260101', '3'), ('USD', '20261102', '0'),
  ('GBP', '20260101', NULL);
"""


def test_rates_that_are_none(tmp_path: Path) -> None:  # D4
    mapped = """  rates:
    {from: rate, tenant: none, direction: foreign_per_home, fields: {currency: code, on: {column: day, format: "%Y%m%d"}, rate: rate}}
targets:"""
    schema = SCHEMA.replace("targets:", mapped, 1).replace(
        "currency: EUR}", "currency: {sql: \"CASE id WHEN 1 THEN 'USD' ELSE 'GBP' END\"}}"
    )
    project = project_in(
        tmp_path, schema=schema, tables=TABLES + RATES, rules='report owing show code, convert(turnover_12m, "EUR") as eur'
    )
    with pytest.raises(api.Problems) as found:
        api.report(project, "owing")
    unfit = (
        "`on` of `rates` has a value that does not fit (2 rows of rates: USD, …)",
        "`rate` of `rates` has a value that does not fit (1 row of rates: USD)",
    )
    assert [(item.code, item.message) for item in found.value.diagnostics] == [
        ("E0502", "no exchange rate of `GBP` on or before 2026-11-22 (1 row of customer: C3)"), *(("E0505", message) for message in unfit)
    ]  # fmt: skip
    assert [(item.code, item.entity, item.count) for item in api.check_schema(project).problems] == [
        ("E0505", "rates", 2),
        ("E0505", "rates", 1),
    ]
    with duckdb.connect(str(tmp_path / "company.duckdb")) as connection:
        connection.execute(
            "DELETE FROM rate WHERE day IN ('20261301', '20261401') OR rate = 'x'; INSERT INTO rate VALUES ('GBP', '20260101', '0.5')"
        )
    assert api.report(project, "owing").lines == (("C1", "80.08 EUR"), ("C2", "0.00 EUR"), ("C3", "10000.50 EUR"))
    assert api.check_schema(project).problems == ()
