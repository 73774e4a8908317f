"""Values at the ends of what a column can hold: read alike on both databases, or counted as not fitting; none fails a statement."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests import postgres_server

from assignrules import api

pytestmark = pytest.mark.slow

TABLE = """
CREATE TABLE ends (k VARCHAR(9), i BIGINT, h {huge}, d DATE, t TIMESTAMP, plus VARCHAR(30));
INSERT INTO ends VALUES
  ('least', -9223372036854775808, -99999999999999999999, '{before}', '{before}', '-99999999999999999999'),
  ('most', 9223372036854775807, 99999999999999999999, '12000-01-01', '12000-01-01', '999999999999'),
  ('fits', 999999999999999999, -999999999999999999, '0001-01-01', '9999-12-31 23:59:59', '3652058'),
  ('far', -1000000000000000000, 1000000000000000000, '9999-12-31', '0001-01-01', '1'),
  ('none', NULL, NULL, '-infinity', 'infinity', NULL);
"""
SCHEMA = """
extends: credit
entities:
  customer:
    from: ends
    key: k
    fields:
      score: {column: i, type: decimal}
      huge: {column: h, type: decimal}
      whole: {column: h, type: integer}
      turnover_12m: {column: i, scale: 2}
      day: {column: d, type: date}
      moment: {column: t, type: timestamp}
      later: {column: d, type: date, plus_days: plus}
"""
RULES = """
assign scenario "x" to score < huge or whole > 0 or turnover_12m > 0 EUR or day < today or moment < today
  because "{score} {huge} {whole} {day} {moment} {later}"
"""
FITS = "999999999999999999 -999999999999999999 -999999999999999999 0001-01-01 9999-12-31 9999-12-31"


@pytest.mark.parametrize("name", ["duckdb", "postgres"])
def test_the_ends(name: str, tmp_path: Path) -> None:  # D4, P3
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "all.rules").write_text(RULES, encoding="utf-8")
    (tmp_path / "schema.yml").write_text(SCHEMA, encoding="utf-8")
    if name == "postgres":
        import psycopg

        address = postgres_server.own_address("ends")
        with psycopg.connect(address) as server:
            server.execute("DROP TABLE IF EXISTS ends")
            server.execute(TABLE.format(huge="NUMERIC(30)", before="0044-03-15 BC"))
    else:
        import duckdb

        address = "duckdb:///ends.duckdb"
        with duckdb.connect(str(tmp_path / "ends.duckdb")) as connection:
            connection.execute(TABLE.format(huge="HUGEINT", before="0044-03-15 (BC)"))
    (tmp_path / "assignrules.yml").write_text(f"schema: schema.yml\nenvironments: {{local: {{database: '{address}'}}}}\n", encoding="utf-8")
    project = api.load_project(tmp_path, as_of=date(2026, 11, 22))
    plan = api.plan_changes(project)
    rows = {row.subject: row.because for row in plan.change_rows()}
    assert rows == {"fits": FITS, "far": "– – – 9999-12-31 0001-01-01 –"}
    counted = {item.message.split("`")[1]: item.examples for item in plan.data_errors}
    assert {item.code for item in plan.data_errors} == {"E0505"}
    assert counted == {
        "score": ("far", "least", "most"), "huge": ("far", "least", "most"), "whole": ("far", "least", "most"),
        "turnover_12m": ("far", "least", "most"), "day": ("least", "most"), "moment": ("least", "most"), "later": ("far", "least", "most"),
    }  # fmt: skip
    assert {(item.code, item.message) for item in api.check_schema(project).problems} == {
        (item.code, item.message) for item in plan.data_errors
    }
    assert api.explain(project, "least").subjects
