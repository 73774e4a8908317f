"""Reports over a company's own tables see what plans see: the columns that are there, the day, the state of targets nobody wrote yet."""

from __future__ import annotations

from pathlib import Path

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
