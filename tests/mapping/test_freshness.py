"""The `freshness` guard over a company's own tables: when they say that their rows came."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.conftest import postgres

from assignrules.databases.binding import bind
from assignrules.databases.duckdb import DuckDB
from assignrules.diagnostics import SourceFile
from assignrules.plan.freshness import freshness
from assignrules.schema.file import Settings, read_schema

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
# In Paris it is an hour later than in UTC on these days.
CASES = [
    ("TIMESTAMP", ["2026-11-20 08:00:00", "2026-11-22 10:00:00"], datetime(2026, 11, 22, 9, tzinfo=UTC)),
    ("TIMESTAMPTZ", ["2026-11-22 10:00:00+00", "2026-11-22 10:30:00+02"], datetime(2026, 11, 22, 10, tzinfo=UTC)),
    ("DATE", ["2026-11-21", "2026-11-20"], datetime(2026, 11, 20, 23, tzinfo=UTC)),
    ("VARCHAR(40)", ["2026-11-22T11:00:00Z"], datetime(2026, 11, 22, 11, tzinfo=UTC)),
    ("VARCHAR(40)", ["yesterday"], None),
    ("DATE", [], None),
]


@pytest.mark.parametrize("database", ["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("type", "values", "expected"), CASES)
def test_the_latest_row_says_when(database: str, type: str, values: list[str], expected: datetime | None, tmp_path: object) -> None:
    text = (
        "extends: credit\ntenant: {columns: [co], values: ['1']}\nentities:\n"
        "  customer: {from: c, key: id, where: id > 0, loaded_at: {sql: self.came}, fields: {code: id}}\n"
        "  document: {from: c, key: id, fields: {number: id}}\n"
    )
    found, _, problems = read_schema(
        SourceFile("s.yml", text), Settings(database, {}, time_zone="Europe/Paris"), lambda name, parent: (None, ())
    )
    assert found is not None, problems
    opened = postgres("freshness") if database == "postgres" else DuckDB(tmp_path / "company.duckdb")
    with opened.writing(create=True) as session:
        session.execute("DROP TABLE IF EXISTS c")
        session.execute(f"CREATE TABLE c (co INTEGER, id INTEGER, came {type})")
        for number, value in enumerate(values, start=1):
            session.execute(f"INSERT INTO c VALUES (1, {number}, '{value}')")
        # Rows that are not the company's, or no customers, say nothing.
        session.execute("INSERT INTO c VALUES (2, 8, '2030-01-01'), (1, -1, '2030-01-01')")
        session.commit()
    with opened.reading() as session:
        mapping, problems = bind(session, found.mapping, date(2026, 11, 22))
        assert not problems
        bounds = {"customer": timedelta(hours=2), "document": timedelta(hours=2)}
        customer, document = freshness(session, mapping, bounds, NOW)
    assert customer.loaded == expected
    assert customer.passed == (expected is not None and NOW - expected <= timedelta(hours=2))
    assert document.loaded is None and not document.passed, "nothing says when"
