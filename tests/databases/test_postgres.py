"""PostgreSQL sessions: one snapshot to read, one transaction to write, pinned settings, clear ends, and no password anywhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import psycopg
import pytest
from tests.conftest import postgres

from assignrules.databases import DatabaseFailure, DatabaseUnavailable, NoDataYet
from assignrules.databases.base import NumberTooLarge
from assignrules.databases.postgres import Postgres
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.terms import column

pytestmark = pytest.mark.slow


@pytest.fixture
def database() -> Iterator[Postgres]:
    found = postgres("sessions")
    with found.connected() as connection:
        connection.execute("DROP SCHEMA IF EXISTS assignrules CASCADE")
    with found.writing(create=True) as session:
        session.execute("CREATE TABLE item (id BIGINT, name VARCHAR)")
        session.execute("INSERT INTO item VALUES (1, 'a'), (2, 'b')")
        session.commit()
    yield found
    with found.connected() as connection:
        connection.execute("DROP SCHEMA assignrules CASCADE")


def names(database: Postgres) -> list[str]:
    with database.reading() as session:
        return [row[0] for row in session.fetch("SELECT name FROM item ORDER BY id")]


def test_parameters_by_name_and_by_place(database: Postgres) -> None:
    with database.reading() as session:
        assert session.fetch("SELECT $b, $a, $b, '$a ?', \"name\" FROM item WHERE id = $a", {"a": 1, "b": "x"}) == [
            ("x", 1, "x", "$a ?", "a")
        ]
        assert session.fetch("SELECT ?, ?, '?'", [date(2026, 1, 2), Decimal("1.50")]) == [(date(2026, 1, 2), Decimal("1.50"), "?")]
        assert session.fetch("SELECT name FROM item WHERE name LIKE 'a%'") == [("a",)]


def test_settings_of_the_server_do_not_count(database: Postgres) -> None:
    with database.reading() as session:
        assert session.fetch("SELECT CAST(DATE '2026-11-22' AS VARCHAR), CAST(CAST(0.1 AS DOUBLE PRECISION) + 0.2 AS VARCHAR)") == [
            ("2026-11-22", "0.30000000000000004")
        ]
        assert session.fetch("SELECT CAST(TIMESTAMPTZ '2026-11-22 00:00:00+01' AS VARCHAR), '\\n'") == [("2026-11-21 23:00:00+00", "\\n")]
        assert session.fetch("SHOW transaction_isolation") == [("repeatable read",)]
    with database.writing() as session:
        assert session.fetch("SHOW transaction_isolation") == [("read committed",)]


def test_reading_is_one_snapshot(database: Postgres) -> None:
    with database.reading() as session:
        assert session.fetch("SELECT count(*) FROM item") == [(2,)]
        with database.writing() as other:
            other.execute("DELETE FROM item")
            other.commit()
        session.keep("kept", "SELECT name FROM item")
        assert session.fetch("SELECT count(*) FROM item") == [(2,)]
        assert session.fetch("SELECT count(*) FROM kept") == [(2,)]
    assert names(database) == []


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM item",
        "CREATE TABLE other (id INT)",
        "DROP TABLE item",
        "SELECT nextval('numbers')",
        "COMMIT AND CHAIN; DELETE FROM item",
    ],
)
def test_reading_writes_nothing(database: Postgres, sql: str) -> None:
    with database.writing() as session:
        session.execute("CREATE SEQUENCE numbers")
        session.commit()
    with pytest.raises(DatabaseFailure), database.reading() as session:
        session.keep("kept", "SELECT * FROM item")
        session.fetch(sql)
    assert names(database) == ["a", "b"]


def test_a_kept_query_writes_nothing(database: Postgres) -> None:
    with database.writing() as session:
        session.execute("CREATE FUNCTION wipe() RETURNS BIGINT LANGUAGE sql AS 'DELETE FROM assignrules.item; SELECT 1::BIGINT'")
        session.commit()
    with pytest.raises(DatabaseFailure, match="read-only"), database.reading() as session:
        session.keep("kept", "SELECT wipe() AS n")
    assert names(database) == ["a", "b"]


def test_what_is_not_committed_is_gone(database: Postgres) -> None:
    with database.writing() as session:
        assert session.execute("UPDATE item SET name = 'x'") == 2
        assert session.execute("CREATE TEMP TABLE t AS SELECT 1 AS n") == 0
    assert names(database) == ["a", "b"]


def test_kept_tables_are_remade(database: Postgres) -> None:
    with database.reading() as session:
        session.keep("kept", "WITH one AS (SELECT 1 AS n) SELECT n FROM one")
        session.keep("kept", "SELECT 'x' AS word, NULL AS nothing")
        assert session.fetch("SELECT * FROM kept") == [("x", None)]


def test_stage_reads_what_fits(database: Postgres) -> None:
    lines = [
        '{"name": "a\\nb\\\\\\t", "flag": true, "size": 3}',
        '{"name": 3, "flag": "yes", "size": "x", "more": 1}',
        "[1]",
        "{broken",
        '{"name": "nul \\u0000", "flag": false, "size": 1e3}',
    ]
    with database.reading() as session:
        session.stage("staged", {"name": "VARCHAR", "flag": "BOOLEAN", "size": "BIGINT"}, lines)
        assert session.fetch("SELECT sequence, name, flag, size FROM staged ORDER BY sequence") == [
            (1, "a\nb\\\t", True, 3),
            (2, "3", None, None),
            (3, None, None, None),
            (4, None, None, None),
            (5, None, False, None),
        ]
        assert session.fetch("SELECT item FROM staged WHERE sequence = 1") == [(lines[0],)]


def test_filled(database: Postgres) -> None:
    with database.writing() as session:
        session.execute("CREATE TABLE empty (id BIGINT)")
        assert session.filled(["empty", "item"]) == ["item"]
        session.insert("empty", {"id": "BIGINT"}, {"id": ["1", None]})
        assert session.fetch("SELECT id FROM empty ORDER BY id") == [(1,), (None,)]
        assert session.has_table("empty") and not session.has_table("EMPTY")


def test_numbers_and_dates_that_grow_too_large(database: Postgres) -> None:
    for sql in ("SELECT CAST(1e37 AS DECIMAL(38, 2))", "SELECT DATE '2026-01-01' + 2147483647"):
        with pytest.raises(NumberTooLarge), database.reading() as session:
            session.fetch(sql)


def test_texts_that_are_tried(database: Postgres) -> None:
    tried = DIALECTS["postgres"].tried

    def read(text: str, type: str, *parameters: int) -> object:
        session.stage("said", {"word": "VARCHAR"}, [json.dumps({"word": text})])
        sql = tried(column("word"), type, *parameters).sql(dialect="postgres")
        return session.fetch(f"SELECT {sql} FROM said")[0][0]

    with database.reading() as session:
        assert read("2024-02-29", "DATE") == date(2024, 2, 29)
        assert [read(text, "DATE") for text in ("2026-02-29", "2026-13-01", "0000-01-01", "x", "2026-1-1", "2026-06-31")] == [None] * 6
        assert read("-12.50", "DECIMAL", 28, 10) == Decimal("-12.5")
        assert [read(text, "DECIMAL", 28, 10) for text in ("", "1e5", "NaN", "1.", "1 EUR", "9" * 19)] == [None] * 6
        assert (read("-7", "BIGINT"), read("7.0", "BIGINT"), read("true", "BOOLEAN"), read("t", "BOOLEAN")) == (-7, None, True, None)


def test_two_writers_wait_for_each_other(database: Postgres) -> None:
    other = Postgres(database.address, wait=0.5)
    with database.writing() as session:
        session.execute("UPDATE item SET name = 'one'")
        with pytest.raises(DatabaseUnavailable, match=r"process \d+ of `tester` on this machine \(`assignrules`\) keeps"), other.writing():
            pass
        waiting = threading.Timer(0.3, session.commit)
        waiting.start()
        with database.writing() as second:
            second.execute("UPDATE item SET name = name || '!'")
            second.commit()
        waiting.join()
    assert names(database) == ["one!", "one!"]


def test_rows_that_another_program_locked(database: Postgres) -> None:
    ours = Postgres(database.address, wait=0.5)
    with psycopg.connect(database.address, application_name="billing") as other:
        other.execute("UPDATE assignrules.item SET name = 'theirs' WHERE id = 1")
        with pytest.raises(DatabaseUnavailable, match="`billing`") as caught, ours.writing() as session:
            session.execute("UPDATE item SET name = 'ours'")
        assert caught.value.diagnostic.code == "E0708"
        other.rollback()
    assert names(database) == ["a", "b"]


def test_a_killed_session_frees_its_locks_and_says_so(database: Postgres) -> None:
    with pytest.raises(DatabaseFailure, match="was lost"), database.writing() as session:
        session.execute("UPDATE item SET name = 'gone'")
        with psycopg.connect(database.address, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [session._connection.info.backend_pid])
        session.fetch("SELECT 1")
    with database.writing() as session:
        session.execute("UPDATE item SET name = 'x'")
    assert names(database) == ["a", "b"]


def test_a_lost_commit_is_said_to_be_unknown(database: Postgres) -> None:
    with pytest.raises(DatabaseFailure, match="not known") as caught, database.writing() as session:
        session.execute("UPDATE item SET name = 'x'")
        with psycopg.connect(database.address, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [session._connection.info.backend_pid])
        session.commit()
    assert caught.value.diagnostic.help == "apply the same plan again: it says whether it is already applied"


def test_nothing_is_there_yet() -> None:
    database = postgres("untouched")
    with pytest.raises(NoDataYet), database.writing():
        pass
    with database.reading() as session:
        assert not session.has_table("assignrules_meta")


def test_a_schema_of_ones_own() -> None:
    plain = postgres("schemas")
    database = Postgres(f"{plain.address}&schema=credit%20rules%22x")
    assert database.schema == 'credit rules"x'
    with database.writing(create=True) as session:
        session.execute("CREATE TABLE item (id BIGINT)")
        session.commit()
    with database.reading() as session:
        assert session.has_table("item")
    with plain.reading() as session:
        assert not session.has_table("item")


def test_a_role_without_rights_is_refused_clearly(database: Postgres) -> None:  # S6
    with database.connected() as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("GRANT USAGE ON SCHEMA assignrules TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA assignrules TO reader")
    reader = Postgres(database.address.replace("user=tester", "user=reader"))
    with reader.reading() as session:
        session.keep("kept", "SELECT name FROM item")
        assert session.fetch("SELECT count(*) FROM kept") == [(2,)]
    with pytest.raises(DatabaseFailure, match="refused `reader`: permission denied for table item"), reader.writing() as session:
        session.execute("UPDATE item SET name = 'x'")
    with database.connected() as connection:
        connection.execute("DROP OWNED BY reader; DROP ROLE reader")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("postgresql://anna:hunter2@db.example.com:5433/crm", "crm on db.example.com"),
        ("postgres://anna@db.example.com", "anna on db.example.com"),
        ("postgresql+psycopg://anna:hunter2@db.example.com/crm?sslmode=require", "crm on db.example.com"),
        ("postgresql:///crm?host=/run/postgresql&password=hunter2", "crm"),
        ("postgresql://anna:hunter2%40%2F@db/crm", "crm on db"),
    ],
)
def test_names_hold_no_password(address: str, name: str) -> None:  # S8
    assert Postgres(address).name == name


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://anna:hun@ter2@db/crm",
        "postgresql://anna:hun/ter2@db/crm",
        "postgresql://anna:hun?ter2@db/crm",
        "postgresql://anna:hunter2@db:port2/crm?nonsense=hunter2",
        "host=db password=hunter2",
        "mysql://anna:hunter2@db/crm",
    ],
)
def test_addresses_that_cannot_be_read_are_not_quoted(address: str) -> None:  # S8
    with pytest.raises(ValueError, match="not an address") as caught:
        Postgres(address)
    assert "hun" not in str(caught.value) and "ter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("host=", "host=/nowhere-"), "is not running there|cannot be opened"),
        (("/sessions_", "/missing_"), 'database "missing_.*" does not exist'),
        (("user=tester", "user=nobody-here&password=hunter2"), 'role "nobody-here" does not exist'),
    ],
)
def test_what_cannot_be_opened(database: Postgres, change: tuple[str, str], message: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=message) as caught, Postgres(database.address.replace(*change)).reading():
        pass
    assert caught.value.diagnostic.code == "E0708"
    assert "hunter2" not in str(caught.value)


def test_another_encoding_is_refused(database: Postgres) -> None:
    with database.connected() as connection:
        connection.execute("DROP DATABASE IF EXISTS latin")
        connection.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    address = database.address.replace("/sessions_", "/latin?x=").replace("?x=", "?application_name=")
    with pytest.raises(DatabaseUnavailable, match="LATIN1"), Postgres(address.replace("?host", "&host")).reading():
        pass


def test_times_come_without_a_zone(database: Postgres) -> None:
    with database.reading() as session:
        assert session.fetch("SELECT TIMESTAMP '2026-11-22 12:00:00'") == [(datetime(2026, 11, 22, 12),)]
