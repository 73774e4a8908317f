"""Links of a company's own tables: what cannot be a key of the other row leads nowhere and is counted; a fragment makes a whole key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests import postgres_server

from assignrules import api

pytestmark = pytest.mark.slow

TABLES = """
DROP TABLE IF EXISTS cust; CREATE TABLE cust (a INTEGER, b VARCHAR(3), code VARCHAR(5));
INSERT INTO cust VALUES (1, 'x', 'C1'), (1, 'y', 'C2'), (2, 'a/b', 'C3');
DROP TABLE IF EXISTS branch; CREATE TABLE branch (id INTEGER, name VARCHAR(5));
INSERT INTO branch VALUES (7, 'Nord');
DROP TABLE IF EXISTS inv; CREATE TABLE inv (id INTEGER, a VARCHAR(5), b VARCHAR(3), part VARCHAR(5), kind VARCHAR(9));
INSERT INTO inv VALUES (1, '01', 'x', '7', 'part'), (2, '1', 'y', ' 7 ', 'part'), (3, 'zz', 'x', 'N', 'part'), (4, NULL, 'x', '', 'part'),
  (5, '2', 'a/b', 'N', 'other'), (6, '2', 'x', '8', 'part');
"""
SCHEMA = r"""
extends: credit
entities:
  customer: {from: cust, key: [a, b], fields: {code: code}}
  branch: {new: true, plural: branches, from: branch, key: id, fields: {name: {column: name, type: text}}}
  document:
    from: inv
    key: id
    links:
      customer: [a, b]
      branch: {to: branch, column: part, when: "kind = 'part'", missing: [""]}
      other: {to: customer, sql: "CASE WHEN a = '1' THEN '1/x' WHEN a = '01' THEN '1/q' WHEN a = '2' THEN '2/a\\/b' END"}
"""
RULES = "report r on documents show number, customer.code, branch.name, other.code order by number\n"


@pytest.mark.parametrize("name", ["duckdb", "postgres"])
def test_what_is_no_key(name: str, tmp_path: Path) -> None:  # D2
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "all.rules").write_text(RULES, encoding="utf-8")
    (tmp_path / "schema.yml").write_text(SCHEMA, encoding="utf-8")
    if name == "postgres":
        import psycopg

        address = postgres_server.own_address("ends")
        with psycopg.connect(address) as server:
            server.execute(TABLES)
    else:
        import duckdb

        address = "duckdb:///links.duckdb"
        with duckdb.connect(str(tmp_path / "links.duckdb")) as connection:
            connection.execute(TABLES)
    (tmp_path / "assignrules.yml").write_text(f"schema: schema.yml\nenvironments: {{local: {{database: '{address}'}}}}\n", encoding="utf-8")
    project = api.load_project(tmp_path, as_of=date(2026, 11, 22))
    assert api.report(project, "r").lines == (
        ("1", "C1", "Nord", None), ("2", "C2", "Nord", "C1"), ("3", None, None, None), ("4", None, None, None),
        ("5", "C3", None, "C3"), ("6", None, None, "C3"),
    )  # fmt: skip
    assert [(item.code, item.message.split("`")[1], item.examples) for item in api.check_schema(project).problems] == [
        ("W0501", "branch", ("3", "6")), ("W0501", "customer", ("3", "6")), ("W0501", "other", ("1",))
    ]  # fmt: skip
