"""J1, P8: whatever is done to the journal behind the engine's back is found and named."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.apply.building import apply, change, plan_of, store

from assignrules.databases import DatabaseFailure
from assignrules.databases.duckdb import DuckDB
from assignrules.diagnostics import Diagnostic
from assignrules.journal import chain, history
from assignrules.journal.chain import HASHED, changes_hash, head, row_hash, run_hash, verify
from assignrules.journal.tables import CHANGES, create_journal

pytestmark = pytest.mark.slow

STATES = (None, "one", "two", "three")


def journalled(folder: Path) -> DuckDB:
    """Three runs of four changes each."""
    database = DuckDB(folder / "store.duckdb")
    database.path.write_bytes(_journalled())
    return database


@cache
def _journalled() -> bytes:
    with TemporaryDirectory() as folder:
        database = store(Path(folder))
        with database.writing() as session:
            session.execute("DELETE FROM assignrules_target_scenario")
            session.commit()
        for before, after in pairwise(STATES):
            action = "set" if before is None else "change"
            assert apply(database, plan_of(database, [change("scenario", f"C{n}", before, after, action) for n in range(1, 5)])).run
        return database.path.read_bytes()


def tampered(database: DuckDB, *statements: str) -> None:
    with database.writing() as session:
        for statement in statements:
            session.execute(statement)
        session.commit()


def found(database: DuckDB, anchor: str | None = None) -> list[str]:
    with database.reading() as session:
        return [item.message for item in verify(session, anchor) if item.code == "E0801"]


def test_an_honest_journal_is_clean(tmp_path: Path) -> None:
    database = journalled(tmp_path)
    with database.reading() as session:
        runs = history.runs(session)
        assert [run.previous for run in runs[1:]] == [run.hash for run in runs[:-1]]
        assert runs[0].previous == chain.root(session)
        for anchor in (head(session), runs[0].hash, chain.root(session)):
            assert verify(session, anchor) == ()


def test_without_an_anchor_it_says_what_cannot_be_seen(tmp_path: Path) -> None:
    database = journalled(tmp_path)
    with database.reading() as session:
        warnings: tuple[Diagnostic, ...] = verify(session)
    assert [item.code for item in warnings] == ["W0801"]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "UPDATE assignrules_change SET after = 'forged' WHERE run = 2 AND sequence = 3",
            "change 3 of run 2 (`C3`, `scenario`) was altered or moved",
        ),
        (
            "UPDATE assignrules_change SET because = NULL WHERE run = 1 AND sequence = 1",
            "change 1 of run 1 (`C1`, `scenario`) was altered or moved",
        ),
        (
            "UPDATE assignrules_change SET hash = NULL WHERE run = 1 AND sequence = 2",
            "change 2 of run 1 (`C2`, `scenario`) was altered or moved",
        ),
        (
            "UPDATE assignrules_change SET sequence = 5 - sequence WHERE run = 2",
            "change 1 of run 2 (`C4`, `scenario`) was altered or moved",
        ),
        ("DELETE FROM assignrules_change WHERE run = 2 AND sequence = 2", "change 2 of run 2 is lost"),
        ("DELETE FROM assignrules_change WHERE run = 3 AND sequence = 4", "change 4 of run 3 is lost"),
        ("INSERT INTO assignrules_change FROM assignrules_change WHERE run = 1 AND sequence = 4", "change 4 of run 1 was inserted"),
        ("UPDATE assignrules_run SET \"user\" = 'nobody' WHERE id = 2", "the row of run 2 was altered"),
        ("UPDATE assignrules_run SET reason = '' WHERE id = 1", "the row of run 1 was altered"),
        ("UPDATE assignrules_run SET started = started + INTERVAL 1 DAY WHERE id = 3", "the row of run 3 was altered"),
        ("DELETE FROM assignrules_run WHERE id = 2", "run 2 is lost"),
        ("INSERT INTO assignrules_run FROM assignrules_run WHERE id = 2", "run 2 stands in the journal twice"),
        ("UPDATE assignrules_run SET id = 7 - id WHERE id > 2", "run 3 is lost"),
        ("UPDATE assignrules_run SET id = 5 - id WHERE id IN (2, 3)", "the row of run 2 was altered"),
    ],
)
def test_a_bad_row_is_named_first(tmp_path: Path, sql: str, message: str) -> None:  # J1
    database = journalled(tmp_path)
    tampered(database, sql)
    assert found(database)[:1] == [message]


def test_changes_of_no_run_are_found(tmp_path: Path) -> None:
    database = journalled(tmp_path)
    moved = "SELECT * REPLACE (9 AS run) FROM assignrules_change WHERE run = 1"
    insert = f"INSERT INTO assignrules_change SELECT * REPLACE ({row_hash(CHANGES, 'duckdb')} AS hash) FROM ({moved})"
    tampered(database, insert)
    assert found(database) == ["there are changes of run 9, and no such run"]


def test_who_recomputes_the_changes_hash_is_found_by_the_runs(tmp_path: Path) -> None:
    database = journalled(tmp_path)
    tampered(
        database,
        "UPDATE assignrules_change SET after = 'forged' WHERE run = 2 AND sequence = 3",
        f"UPDATE assignrules_change SET hash = {row_hash(CHANGES, 'duckdb')}",
    )
    assert found(database) == ["the changes, alert rows or proposals of run 2 are not those that it stored"]


def test_who_recomputes_a_runs_hash_is_found_by_the_next_one_and_the_last_by_the_anchor(tmp_path: Path) -> None:
    database = journalled(tmp_path)
    with database.reading() as session:
        anchor = head(session)
    for run in (2, 3):
        tampered(
            database,
            f"UPDATE assignrules_change SET after = 'forged' WHERE run = {run}",
            f"UPDATE assignrules_change SET hash = {row_hash(CHANGES, 'duckdb')}",
        )
        with database.writing() as session:
            forged = changes_hash(session, run)
            session.execute("UPDATE assignrules_run SET changes_hash = $forged WHERE id = $run", {"forged": forged, "run": run})
            columns = ", ".join(f'"{name}"' for name in HASHED)
            values = session.fetch(f"SELECT {columns} FROM assignrules_run WHERE id = $run", {"run": run})[0]
            session.execute("UPDATE assignrules_run SET hash = $hash WHERE id = $run", {"hash": run_hash(values), "run": run})
            session.commit()
        if run == 2:
            assert found(database) == [
                "run 3 does not follow the run before it: one of the two was replaced, or runs between them are lost"
            ]
    assert any("anchor" in message for message in found(database, anchor))


def test_a_tail_cut_off_is_seen_with_an_anchor_only(tmp_path: Path) -> None:  # J1
    database = journalled(tmp_path)
    with database.reading() as session:
        anchor = head(session)
    tampered(database, "DELETE FROM assignrules_run WHERE id = 3", "DELETE FROM assignrules_change WHERE run = 3")
    assert found(database) == []
    assert len(found(database, anchor)) == 1
    tampered(database, "DELETE FROM assignrules_run", "DELETE FROM assignrules_change")
    assert len(found(database, anchor)) == 1


def test_two_empty_journals_have_different_roots(tmp_path: Path) -> None:
    database = store(tmp_path)
    with database.reading() as session:
        one = head(session)
    tampered(database, "UPDATE assignrules_meta SET value = 'another' WHERE key = 'lineage'")
    with database.reading() as session:
        assert head(session) != one


def test_another_versions_journal_is_refused(tmp_path: Path) -> None:
    database = journalled(tmp_path)
    tampered(database, "UPDATE assignrules_meta SET value = '99' WHERE key = 'journal'")
    with database.writing() as session, pytest.raises(DatabaseFailure) as raised:
        create_journal(session)
    assert raised.value.diagnostic.code == "E0804"


def test_history_before_the_first_run(tmp_path: Path) -> None:
    with store(tmp_path).reading() as session:
        assert history.runs(session) == ()
        assert history.run(session, 1) is None
        assert history.changes(session, 1) == ()
        assert history.history(session, "C1") == ()
        assert [item.code for item in verify(session)] == ["W0801"]
