"""J1: no column of the journal's tables can be altered without being found."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from tests.apply.building import ONE_OF_EACH, apply, new_proposal, plan_of, store
from tests.apply.test_revert import revert_plan

from assignrules.databases.duckdb import DuckDB
from assignrules.journal.chain import head, verify
from assignrules.journal.tables import KEPT, RUN, RUN_COLUMNS

pytestmark = pytest.mark.slow

TABLES = {RUN: RUN_COLUMNS, **{kept.table: kept.columns for kept in KEPT}}
OTHER = {
    "BIGINT": "coalesce({0}, 0) + 7",
    "VARCHAR": "coalesce({0}, '') || 'x'",
    "TIMESTAMP": "{0} + INTERVAL 1 SECOND",
    "DATE": "{0} + 1",
    "BOOLEAN": "(NOT {0})",
}


@cache
def bytes_of_a_full_journal(folder: Path) -> bytes:
    """Two runs and a revert, with rows in every table."""
    database = store(folder)
    plan = plan_of(database, ONE_OF_EACH, [new_proposal("C1")])
    assert apply(database, replace(plan, alert_rows=('{"alert":"late","subject":"F1"}',)), reason="because", approved_by="Bea").run == 1
    assert apply(database, revert_plan(database, 1)).run == 2
    assert apply(database, plan_of(database, [])).run == 3
    return database.path.read_bytes()


@pytest.fixture
def journal(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> DuckDB:
    made = bytes_of_a_full_journal(tmp_path_factory.getbasetemp())
    database = DuckDB(tmp_path / "store.duckdb")
    database.path.write_bytes(made)
    return database


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_every_table_is_covered(journal: DuckDB, table: str) -> None:  # J1, P8
    with journal.reading() as session:
        anchor = head(session)
        assert verify(session, anchor) == ()
        assert session.fetch(f"SELECT count(*) > 0 FROM {table}") == [(True,)], "there is something to alter"
    key = "id" if table == RUN else "run"
    for column, type in TABLES[table].items():
        for value in (OTHER[type].format(f'"{column}"'), "NULL"):
            with journal.writing() as session:  # what is not committed is gone afterwards
                first = f"(SELECT min({key}) FROM {table})"
                which = f"{key} = {first}" + ("" if table == RUN else " AND sequence = 1")
                altered = session.execute(
                    f'UPDATE {table} SET "{column}" = {value} WHERE {which} AND "{column}" IS DISTINCT FROM ({value})'
                )
                if not altered:
                    continue  # missing already
                found = [item.code for item in verify(session, anchor)]
                assert "E0801" in found, f"{table}.{column} = {value}"


@pytest.mark.parametrize("table", TABLES)
def test_every_row_is_missed(journal: DuckDB, table: str) -> None:  # J1, P8
    with journal.reading() as session:
        anchor = head(session)
        rows = session.fetch(f"SELECT rowid FROM {table}")
    for (row,) in rows:
        for sql in (f"DELETE FROM {table} WHERE rowid = {row}", f"INSERT INTO {table} SELECT * FROM {table} WHERE rowid = {row}"):
            with journal.writing() as session:
                assert session.execute(sql) == 1
                assert "E0801" in [item.code for item in verify(session, anchor)], sql
