"""Opening, locking and walls of a DuckDB file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assignrules.databases import DatabaseFailure, DatabaseUnavailable, NoDataYet
from assignrules.databases.duckdb import DuckDB, DuckDBMemory

pytestmark = pytest.mark.slow

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'r'); print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def database(tmp_path: Path) -> DuckDB:
    found = DuckDB(tmp_path / "my.duckdb", wait=0.1)
    with found.writing(create=True) as session:
        session.execute("CREATE TABLE t (a INTEGER)")
        session.execute("INSERT INTO t VALUES (1), (2)")
        session.commit()
    return found


def held(database: DuckDB, mode: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database.path), mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_writer_elsewhere_is_named(database: DuckDB) -> None:  # F9
    with held(database, "w") as holder:
        for opened in (database.reading(), database.writing()):
            with pytest.raises(DatabaseUnavailable) as raised, opened:
                pass
            assert raised.value.diagnostic.code == "E0708"
            assert f"`my.duckdb` is in use by process {holder.pid}" in raised.value.diagnostic.message
        holder.communicate("")
    with database.reading() as session:
        assert session.fetch("SELECT count(*) FROM t") == [(2,)]


def test_readers_do_not_disturb_each_other_and_shut_writers_out(database: DuckDB) -> None:
    with held(database, "r") as holder, database.reading() as one, database.reading() as other:
        assert one.fetch("SELECT count(*) FROM t") == other.fetch("SELECT count(*) FROM t") == [(2,)]
        holder.communicate("")
    with held(database, "r") as holder:
        with pytest.raises(DatabaseUnavailable), database.writing():
            pass
        holder.communicate("")


def test_a_short_lock_is_waited_for(database: DuckDB) -> None:
    patient = DuckDB(database.path, wait=20)
    with held(database, "w") as holder:
        subprocess.Popen([sys.executable, "-c", f"import os, signal, time; time.sleep(0.3); os.kill({holder.pid}, signal.SIGKILL)"])
        with patient.reading() as session:
            assert session.fetch("SELECT count(*) FROM t") == [(2,)]


def test_what_is_not_committed_is_gone(database: DuckDB) -> None:
    with database.writing() as session:
        assert session.execute("INSERT INTO t VALUES (3)") == 1
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        session.execute("DELETE FROM t")
        raise ZeroDivisionError
    with database.reading() as session:
        assert session.fetch("SELECT a FROM t ORDER BY a") == [(1,), (2,)]


@pytest.mark.parametrize("sql", ["INSERT INTO t VALUES (3)", "DROP TABLE t", "CREATE TABLE u (a INTEGER)", "SET TimeZone = 'Asia/Tokyo'"])
def test_a_reader_cannot_write(database: DuckDB, sql: str) -> None:
    with database.reading() as session:
        with pytest.raises(DatabaseFailure) as raised:
            session.execute(sql)
        assert raised.value.diagnostic.code == "E0707"


@pytest.mark.parametrize("mode", ["reading", "writing", "memory"])
@pytest.mark.parametrize(
    "sql",
    [
        "FROM read_csv('{file}')",
        "FROM read_text('{file}')",
        "ATTACH '{file}.db'",
        "COPY t TO '{file}.csv'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "FROM glob('/*')",
    ],
)
def test_no_statement_reaches_other_files(database: DuckDB, tmp_path: Path, mode: str, sql: str) -> None:  # S2
    (tmp_path / "secret.txt").write_text("secret\n1\n")
    memory = DuckDBMemory()
    opened = {"reading": database.reading, "writing": database.writing, "memory": memory.writing}[mode]()
    with opened as session, pytest.raises(DatabaseFailure):
        session.fetch(sql.format(file=tmp_path / "secret.txt"))
    memory.close()


def test_only_the_files_named_can_be_read(database: DuckDB, tmp_path: Path) -> None:
    allowed, other = tmp_path / "a[1]*.csv", tmp_path / "b.csv"
    for path in (allowed, other):
        path.write_text("x\n1\n")
    with database.writing([allowed]) as session:
        assert session.fetch("SELECT count(*) FROM read_csv($path)", {"path": str(allowed)}) == [(1,)]
    with database.writing([allowed]) as session, pytest.raises(DatabaseFailure):
        session.fetch("SELECT count(*) FROM read_csv($path)", {"path": str(other)})


def test_a_file_that_is_not_there_or_no_database(tmp_path: Path) -> None:
    with pytest.raises(NoDataYet) as missing, DuckDB(tmp_path / "none.duckdb").reading():
        pass
    assert missing.value.diagnostic.code == "E0510"
    assert not (tmp_path / "none.duckdb").exists()
    (tmp_path / "bad.duckdb").write_text("hello " * 1000)
    with pytest.raises(DatabaseUnavailable) as bad, DuckDB(tmp_path / "bad.duckdb").reading():
        pass
    assert bad.value.diagnostic.message == "`bad.duckdb` is not a DuckDB database"
    with pytest.raises(DatabaseUnavailable), DuckDB(tmp_path / "no" / "folder.duckdb").writing(create=True):
        pass


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_query_and_writes_nothing(database: DuckDB, name: str) -> None:  # G2
    code = """
import signal, sys
from pathlib import Path
from assignrules.databases.duckdb import DuckDB

class Stop(BaseException): pass

def stop(number, frame):
    raise Stop(signal.Signals(number).name)

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
signal.alarm(60)
with DuckDB(Path(sys.argv[1])).writing() as session:
    session.execute("DELETE FROM t")
    print("ready", flush=True)
    try:
        session.fetch("SELECT count(*) FROM range(10000000) AS a, range(1000000) AS b WHERE a.range * b.range % 7 = 3")
    except Stop as error:
        print(error, flush=True)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    with subprocess.Popen([sys.executable, "-c", code, str(database.path)], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        process.send_signal(signal.Signals[name])
        assert process.stdout.readline() == f"{name}\n"
        assert process.wait(10) == 0
    with database.reading() as session:
        assert session.fetch("SELECT count(*) FROM t") == [(2,)]


def test_the_clock_is_utc_wherever_the_machine_stands(database: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:  # T1
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    with database.reading() as one, database.reading() as other:
        for session in (one, other):
            assert session.fetch("SELECT current_setting('TimeZone'), current_setting('disabled_optimizers')") == [
                ("UTC", "in_clause,statistics_propagation")
            ]


def test_two_writers_of_one_row_in_one_process_cannot_both_win(database: DuckDB) -> None:  # F4
    with database.writing() as one, database.writing() as other:
        one.execute("UPDATE t SET a = 3 WHERE a = 1")
        with pytest.raises(DatabaseFailure, match="another session"):
            other.execute("UPDATE t SET a = 4 WHERE a = 1")
        one.commit()


def test_stage_reads_json_objects_and_lets_nothing_else_through(database: DuckDB) -> None:
    lines = ['{"n":1,"d":"2026-11-22","t":"é\\n\\"x\\""}', '{"n":"x","t":5,"b":true}', "garbage", "[1]", '{"n":{"m":1}}', "{}"]
    with database.reading() as session:
        session.stage("given", {"n": "BIGINT", "d": "DATE", "t": "VARCHAR", "b": "BOOLEAN"}, lines)
        rows = session.fetch("SELECT sequence, n, CAST(d AS VARCHAR), t, b, item FROM given ORDER BY sequence")
        assert [row[1:5] for row in rows] == [
            (1, "2026-11-22", 'é\n"x"', None), (None, None, "5", True), *[(None, None, None, None)] * 4,
        ]  # fmt: skip
        assert [row[0] for row in rows] == [1, 2, 3, 4, 5, 6]
        assert [row[5] for row in rows] == lines
        assert not session.has_table("given")
        assert session.has_table("t")
