"""DuckDB: a file, or memory for rule tests. One process writes, or several read; a writer shuts readers out, and they it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, NoReturn, TypeVar

from assignrules.databases.base import DatabaseFailure, DatabaseUnavailable, NoDataYet, NumberTooLarge, Parameters, Row, quoted

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")

# The in_clause rewrite turns every `x IN (five or more constants)` into a join: 10 to 100 times slower with hundreds of rules.
# Statistics of a table whose rows were replaced have been seen to call a filter over a sum always false: rows were lost.
# Global, as connections of one process to one file share an instance, and the second finds its configuration locked.
SETTINGS = (
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL disabled_optimizers = 'in_clause,statistics_propagation'",
    "SET GLOBAL enable_external_access = false",
    "SET GLOBAL lock_configuration = true",
)
WAIT_SECONDS = 5.0
PAUSE_SECONDS = 0.05
_MAKES = re.compile(r"(CREATE|DROP|ALTER) (?!(OR REPLACE )?TEMP )")
NO_FILE = "load data with `assignrules load`, or correct the address of the environment"
HOLDER = re.compile(r"Conflicting lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


class DuckDBSession:
    """A connection inside one transaction (see ``base.Session`` and ``base.Writing``)."""

    dialect = "duckdb"
    home = "main"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._open = False
        self._worker: ThreadPoolExecutor | None = None
        self.tables: set[str] | None = None  # of this transaction's snapshot, while it makes none itself
        self.made_tables = False

    def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        return self._guarded(lambda: self._interruptible(lambda: self._run(sql, parameters).fetchall()))

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        if _MAKES.match(sql):
            self.tables, self.made_tables = None, True
        rows = self.fetch(sql, parameters)
        return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 and type(rows[0][0]) is int else 0

    def keep(self, table: str, sql: str) -> None:
        self.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(table)} AS {sql}")

    def stage(self, table: str, columns: Mapping[str, str], lines: Sequence[str]) -> None:
        # One bound list of texts: ten times faster than rows, and no value ever meets the SQL text. A value is read as text and then
        # cast, as `from_json` itself would refuse the whole statement for one value that does not fit.
        form = json.dumps(dict.fromkeys(columns, "VARCHAR"))
        typed = ", ".join(f"TRY_CAST(row.{quoted(name)} AS {type}) AS {quoted(name)}" for name, type in columns.items())
        self.execute(
            f"CREATE OR REPLACE TEMP TABLE {quoted(table)} AS SELECT sequence, {typed}, item FROM ("
            f"SELECT sequence, item, from_json(CASE WHEN json_valid(item) THEN item END, '{form}') AS row "
            "FROM unnest($lines::VARCHAR[]) WITH ORDINALITY AS given(item, sequence))",
            {"lines": list(lines)},
        )

    def has_table(self, table: str) -> bool:
        if self.tables is None:
            sql = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND NOT temporary"
            self.tables = {row[0] for row in self.fetch(sql)}
        return table in self.tables

    def insert(self, table: str, types: Mapping[str, str], columns: Mapping[str, Sequence[str | None]]) -> None:
        # One statement: a list of texts per column is bound and cast. Hundreds of times faster than row by row, and exact.
        names = ", ".join(quoted(name) for name in columns)
        values = ", ".join(f"unnest(CAST(CAST($c{at} AS VARCHAR[]) AS {types[name]}[]))" for at, name in enumerate(columns))
        given = {f"c{at}": list(texts) for at, texts in enumerate(columns.values())}
        self.execute(f"INSERT INTO {quoted(table)} ({names}) SELECT {values}", given)

    def filled(self, tables: Sequence[str]) -> list[str]:
        # one question to the catalogue instead of one to each table
        rows = self.fetch("SELECT table_name FROM duckdb_tables() WHERE NOT temporary AND estimated_size > 0")
        return sorted({row[0] for row in rows} & set(tables))

    def begin(self, *, read_only: bool) -> None:
        """Starts the transaction."""
        self._guarded(lambda: self._connection.execute("BEGIN TRANSACTION READ ONLY" if read_only else "BEGIN TRANSACTION"))
        self._open = True

    def commit(self) -> None:
        self._guarded(lambda: self._connection.execute("COMMIT"))
        self._open = False

    def roll_back(self) -> None:
        """Drops what was not committed; without effect after a commit, or where the database has rolled back by itself."""
        import duckdb

        if self._open:
            self._open = False
            try:
                self._connection.execute("ROLLBACK")
            except duckdb.Error:
                return  # a failed COMMIT, or a fatal error, has ended the transaction; what was its cause must not be hidden by this one

    def _run(self, sql: str, parameters: Parameters) -> duckdb.DuckDBPyConnection:
        if not parameters:
            return self._connection.execute(sql)
        return self._connection.execute(sql, dict(parameters) if isinstance(parameters, Mapping) else list(parameters))

    def _guarded(self, work: Callable[[], T]) -> T:
        import duckdb

        try:
            return work()
        except duckdb.Error as error:
            _failed(error)

    def _interruptible(self, work: Callable[[], T]) -> T:
        """Works in another thread, so that a signal finds its handler at once: a database that works in the main thread looks for signals
        now and then only, and for minutes not at all. What the handler raises goes on when the database has stopped."""
        if current_thread() is not main_thread():
            return work()
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1)
        future = self._worker.submit(work)
        try:
            return future.result()
        finally:
            while not future.done():
                self._connection.interrupt()  # without effect before the statement has begun
                with suppress(BaseException):  # pressing Ctrl-C again does not make it stop sooner
                    wait([future], PAUSE_SECONDS)

    def close(self) -> None:
        """Ends the session's thread."""
        if self._worker is not None:
            self._worker.shutdown()


class DuckDB:
    """A DuckDB file. It is opened when a session begins and closed when it ends."""

    dialect = "duckdb"

    def __init__(self, path: Path, *, wait: float = WAIT_SECONDS) -> None:
        self.path = path
        self.name = path.name
        self._wait = wait

    @contextmanager
    def reading(self) -> Iterator[DuckDBSession]:
        self._must_exist()
        with self._session(read_only=True, files=()) as session:
            yield session

    @contextmanager
    def writing(self, files: Sequence[Path] = (), *, create: bool = False) -> Iterator[DuckDBSession]:
        if not create:
            self._must_exist()
        with self._session(read_only=False, files=files) as session:
            yield session

    def _must_exist(self) -> None:
        if not self.path.exists():
            raise NoDataYet(f"database `{self.name}` does not exist yet", help=NO_FILE)

    @contextmanager
    def _session(self, *, read_only: bool, files: Sequence[Path]) -> Iterator[DuckDBSession]:
        connection = self._connect(read_only=read_only)
        try:
            with _transaction(connection, read_only=read_only, files=files) as session:
                yield session
        finally:
            connection.close()

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        import duckdb

        until = time.monotonic() + self._wait
        while True:
            try:
                return duckdb.connect(str(self.path), read_only=read_only)
            except duckdb.Error as error:
                text = str(error)
                # Another connection of this process, or another process: both go away by themselves.
                busy = isinstance(error, duckdb.ConnectionException) or "Could not set lock" in text
                if not busy or time.monotonic() >= until:
                    raise self._unavailable(text, busy=busy) from error
            time.sleep(PAUSE_SECONDS)

    def _unavailable(self, text: str, *, busy: bool) -> DatabaseUnavailable:
        holder = HOLDER.search(text)
        if holder is not None:
            program = Path(holder["program"]).name
            message = f"database `{self.name}` is in use by process {holder['pid']} (`{program}`)"
            return DatabaseUnavailable(message, help="wait until it has finished, or end it, and try again")
        if busy:
            return DatabaseUnavailable(f"database `{self.name}` is in use", help="wait until the other user has finished, and try again")
        if "not a valid DuckDB database" in text:
            return DatabaseUnavailable(f"`{self.name}` is not a DuckDB database")
        return DatabaseUnavailable(f"database `{self.name}` cannot be opened: {_one_line(text)}")


class DuckDBMemory:
    """A DuckDB database in memory, for rule tests: it lives as long as this object, sessions follow one another."""

    name = "memory"
    dialect = "duckdb"

    def __init__(self) -> None:
        import duckdb

        self._tables: set[str] | None = None
        self._connection = duckdb.connect(":memory:")
        for setting in (*SETTINGS[:-1], "SET GLOBAL threads = 1", SETTINGS[-1]):  # a test's few rows are not worth sharing out
            self._connection.execute(setting)

    @contextmanager
    def reading(self) -> Iterator[DuckDBSession]:
        with self._session(read_only=True) as session:
            yield session

    @contextmanager
    def writing(self, files: Sequence[Path] = (), *, create: bool = False) -> Iterator[DuckDBSession]:
        if files:
            raise ValueError("a database in memory reads no files")
        with self._session(read_only=False) as session:
            yield session

    @contextmanager
    def _session(self, *, read_only: bool) -> Iterator[DuckDBSession]:
        """Nobody else makes tables here: what one session knew of them, the next one does, unless it made some itself."""
        with _transaction(self._connection, read_only=read_only, files=None) as session:
            session.tables = self._tables
            try:
                yield session
            finally:
                self._tables = None if session.made_tables else session.tables

    def close(self) -> None:
        """Frees the memory."""
        self._connection.close()


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection, *, read_only: bool, files: Sequence[Path] | None) -> Iterator[DuckDBSession]:
    """One transaction on a connection; ``files`` None: its settings are made already."""
    session = DuckDBSession(connection)
    if files is not None:
        _configure(session, files)
    session.begin(read_only=read_only)
    try:
        yield session
    finally:
        session.roll_back()
        session.close()


def _configure(session: DuckDBSession, files: Sequence[Path]) -> None:
    if session.fetch("SELECT current_setting('lock_configuration')")[0][0] is True:
        if files:
            raise DatabaseUnavailable("the database is in use by this process", help="close the other session first")
        return
    if files:
        session.fetch("SET GLOBAL allowed_paths = $files", {"files": [str(file) for file in files]})
    for setting in SETTINGS:
        session.fetch(setting)


def _failed(error: duckdb.Error) -> NoReturn:
    import duckdb

    text = _one_line(str(error))
    if isinstance(error, duckdb.TransactionException) and "onflict" in text:
        raise DatabaseFailure("another session wrote to the same rows at the same time", help="try again") from error
    if isinstance(error, duckdb.OutOfRangeException | duckdb.ConversionException) and ("verflow" in text or "out of range" in text):
        raise NumberTooLarge("a number grew beyond 38 digits", help="round a part of the expression first, or mend the data") from error
    raise DatabaseFailure(f"the database failed: {text}") from error


def _one_line(text: str) -> str:
    """The driver's message without the statement that it quotes, and without the functions that it would rather have had."""
    return re.split(r"\n\n|\nLINE |\s+Candidate functions:", text.strip())[0].replace("\n", " ")
