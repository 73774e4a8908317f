"""PostgreSQL 15 and later: the engine's own tables stand in a schema of their own, a session is one transaction on one connection.

Whatever the server's, the database's and the role's settings are, a session has those of ``PINNED``: two servers then give the same bytes.
Passwords never leave the connection string: names and messages are made of its other parts, and the driver's texts are searched for it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import parse_qsl, quote

from assignrules.databases.base import DatabaseFailure, DatabaseUnavailable, NoDataYet, NumberTooLarge, Parameters, Row, quoted

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

SCHEMES = ("postgresql", "postgres")
SCHEMA = "assignrules"  # unless the address says `?schema=…`
OLDEST = 15
WAIT_SECONDS = 5.0
STATEMENT_LIMIT = "4h"  # of a statement that nobody waits for any more
IDLE_LIMIT = "1h"  # of a process that stopped in the middle of a transaction, and keeps what it locked
# `jit` and `enable_hashagg` are for speed and memory: compiling takes longer than running, and wide groups are hashed into gigabytes.
PINNED = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "client_min_messages": "warning",
    "xmlbinary": "base64",
    "lc_messages": "C",
    "jit": "off",
    "enable_hashagg": "off",
    "statement_timeout": STATEMENT_LIMIT,
    "idle_in_transaction_session_timeout": IDLE_LIMIT,
}
PRIVILEGED = ("lc_messages",)  # for a superuser to set; of no meaning, but of the language of messages
# A parameter that a statement without parameters is sent with: the server then takes one statement and no second one behind a `;`.
UNREAD = (True,)
FILES = re.compile(r"could not (extend|write)|No space left")
WAY_OUT = "wait until it has finished, or end it, and try again"
HOLDERS = (
    "SELECT pid, usename, application_name, coalesce(host(client_addr), 'this machine') FROM pg_stat_activity "
    "WHERE pid = ANY(pg_blocking_pids({})) ORDER BY xact_start LIMIT 1"
)

# Texts and names in quotes, which are left alone, and the marks of parameters.
_MARKS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<name>[a-z_]\w*)|(?P<place>\?)""")
_READERS: Mapping[str, Callable[[str], str | None]] = {
    "VARCHAR": lambda text: text,
    "BOOLEAN": lambda text: text if text in ("true", "false") else None,
    "BIGINT": lambda text: text if re.fullmatch(r"-?[0-9]{1,18}", text) else None,
}


class PostgresSession:
    """A connection inside one transaction (see ``base.Session`` and ``base.Writing``).

    A reading one runs every statement in a read-only subtransaction; only the empty temporary tables are made outside it.
    """

    dialect = "postgres"

    def __init__(self, database: Postgres, connection: psycopg.Connection[Any], *, read_only: bool) -> None:
        self.home = database.schema
        self._database = database
        self._connection = connection
        self._read_only = read_only
        self._holder: str | None = None
        self._tables: set[str] = set()  # seen already: another session may make one meanwhile, and nobody drops any

    def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        def work() -> list[Row]:
            cursor = self._run(sql, parameters)
            return cursor.fetchall() if cursor.description is not None else []

        return self._guarded(work)

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        def work() -> int:
            cursor = self._run(sql, parameters)
            written = (cursor.statusmessage or "").startswith(("INSERT", "UPDATE", "DELETE", "MERGE"))
            return max(cursor.rowcount, 0) if written else 0

        return self._guarded(work)

    def keep(self, table: str, sql: str) -> None:
        # A read-only transaction may fill a temporary table, and not make one: without data, making it runs nothing of the query.
        with self._making():
            self.execute(f"DROP TABLE IF EXISTS pg_temp.{quoted(table)}")
            self.execute(f"CREATE TEMP TABLE {quoted(table)} AS {sql} WITH NO DATA")
        self.execute(f"INSERT INTO pg_temp.{quoted(table)} {sql}")

    def stage(self, table: str, columns: Mapping[str, str], lines: Sequence[str]) -> None:
        body = ", ".join(f"{quoted(name)} {type}" for name, type in columns.items())
        readers = {name: _READERS[type] for name, type in columns.items()}
        with self._making():
            self.execute(f"DROP TABLE IF EXISTS pg_temp.{quoted(table)}")
            self.execute(f"CREATE TEMP TABLE {quoted(table)} (sequence BIGINT, {body}, item VARCHAR)")

        def work() -> None:
            with self._connection.cursor().copy(f"COPY pg_temp.{quoted(table)} FROM STDIN") as copy:
                for number, line in enumerate(lines, start=1):
                    item = line.replace("\0", "")
                    copy.write_row((str(number), *_read(line, readers), item))

        self._guarded(work)

    def insert(self, table: str, types: Mapping[str, str], columns: Mapping[str, Sequence[str | None]]) -> None:
        names = ", ".join(quoted(name) for name in columns)

        def work() -> None:
            with self._connection.cursor().copy(f"COPY {quoted(table)} ({names}) FROM STDIN") as copy:
                for row in zip(*columns.values(), strict=True):
                    copy.write_row(row)

        self._guarded(work)

    def copy_csv(self, table: str, columns: Sequence[str], path: Path) -> int:
        """Adds the rows of a CSV file without a header, in which an unquoted empty cell is missing; how many there are."""
        names = ", ".join(quoted(name) for name in columns)

        def work() -> int:
            cursor = self._connection.cursor()
            with cursor.copy(f"COPY {quoted(table)} ({names}) FROM STDIN (FORMAT csv)") as copy, path.open("rb") as file:
                while block := file.read(1 << 18):
                    copy.write(block)
            return cursor.rowcount

        count = self._guarded(work)
        self.execute(f"ANALYZE {quoted(table)}")  # the server's own look at the new rows comes too late for the next plan
        return count

    def has_table(self, table: str) -> bool:
        if table not in self._tables and not (self._read_only and self._tables):
            sql = "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = $schema"
            self._tables = {row[0] for row in self.fetch(sql, {"schema": self._database.schema})}
        return table in self._tables

    def filled(self, tables: Sequence[str]) -> list[str]:
        asked = (f"SELECT {number} WHERE EXISTS (SELECT 1 FROM {quoted(table)})" for number, table in enumerate(tables))
        return [tables[row[0]] for row in self.fetch(" UNION ALL ".join(asked))]

    def begin(self, wait: float) -> None:
        """Starts the transaction, with the settings that everything relies on."""
        level = "REPEATABLE READ" if self._read_only else "READ COMMITTED"
        settings = [f"set_config('{name}', '{value}', true)" for name, value in PINNED.items() if name not in PRIVILEGED]
        settings.append(f"set_config('lock_timeout', '{int(wait * 1000)}', true)")
        # Our schema first, then those that the connection would have looked in.
        path = f"concat_ws(', ', {_literal(quoted(self._database.schema))}, nullif(current_setting('search_path'), ''))"
        settings.append(f"set_config('search_path', {path}, true)")
        start = f"BEGIN ISOLATION LEVEL {level} READ WRITE; SELECT {', '.join(settings)}"
        self._guarded(lambda: self._connection.execute(start))
        self._shut()

    def commit(self) -> None:
        import psycopg

        try:
            self._connection.execute("COMMIT")
        except psycopg.Error as error:
            if self._connection.broken or self._connection.closed:
                message = "the connection was lost while the changes were made permanent: it is not known whether they are"
                help = "apply the same plan again: it says whether it is already applied"
                raise DatabaseFailure(message, help=help) from error
            self._failed(error)

    def keep_out(self, key: int) -> None:
        """Waits for every other writer of the same tables, and lets none in until the session ends."""
        self.fetch(f"SELECT pg_advisory_xact_lock({key})")

    @contextmanager
    def _making(self) -> Iterator[None]:
        """Outside the read-only subtransaction."""
        if self._read_only:
            self._guarded(lambda: self._connection.execute("RELEASE SAVEPOINT looking"))
        yield
        self._shut()

    def _shut(self) -> None:
        if self._read_only:
            self._guarded(lambda: self._connection.execute("SAVEPOINT looking; SET LOCAL transaction_read_only = on"))

    def _run(self, sql: str, parameters: Parameters) -> psycopg.Cursor[Any]:
        if not parameters:
            return self._connection.execute(sql, UNREAD)
        text, values = _numbered(sql, parameters)
        return self._connection.execute(text, values)

    def _guarded(self, work: Callable[[], T]) -> T:
        import psycopg

        watch = None
        if not self._read_only:  # a reader waits for nobody
            watch = threading.Timer(self._database.wait * 0.6, self._look)
            watch.daemon = True
            watch.start()
        try:
            return work()
        except psycopg.Error as error:
            self._failed(error)
        except (KeyboardInterrupt, SystemExit):
            raise  # the driver has cancelled the statement
        except BaseException:
            self._connection.cancel_safe(timeout=5)
            raise
        finally:
            if watch is not None:
                watch.cancel()

    def _look(self) -> None:
        """Asks, on another connection, whom this one waits for: when the wait is over, nobody can tell any more."""
        import psycopg

        try:
            with self._database.connected() as other:
                row = other.execute(HOLDERS.format(self._connection.info.backend_pid)).fetchone()
        except (psycopg.Error, DatabaseUnavailable):
            return  # nothing is said of the holder then
        if row is not None:
            pid, user, program, place = row
            self._holder = f"process {pid} of `{user}` on {place}" + (f" (`{program}`)" if program else "")

    def _failed(self, error: psycopg.Error) -> NoReturn:
        from psycopg import errors

        text = self._database.shown(error)
        match error:
            case errors.NumericValueOutOfRange() | errors.DatetimeFieldOverflow():
                help = "round a part of the expression first, or mend the data"
                raise NumberTooLarge("a number grew beyond 38 digits", help=help) from error
            case errors.LockNotAvailable() if self._holder is not None:
                raise DatabaseUnavailable(f"{self._holder} keeps what is to be written locked", help=WAY_OUT) from error
            case errors.LockNotAvailable():
                raise DatabaseUnavailable("another session keeps what is to be written locked", help=WAY_OUT) from error
            case errors.SerializationFailure() | errors.DeadlockDetected():
                raise DatabaseFailure("another session wrote to the same rows at the same time", help="try again") from error
            case errors.InsufficientPrivilege():
                message = f"the database refused `{self._database.user(self._connection)}`: {text}"
                raise DatabaseFailure(message, help="`assignrules schema grants` prints what an owner of the database runs") from error
            case errors.DiskFull() | errors.IoError() | errors.InternalError_() if FILES.search(text):
                help = "make room on its disk, and try again: nothing was written"
                raise DatabaseFailure(f"the server could not store what was to be written: {text}", help=help) from error
            case errors.QueryCanceled():
                raise DatabaseFailure(f"the database ended a statement: {text}") from error
        if self._connection.broken or self._connection.closed:
            message = f"the connection to {self._database.name} was lost: {text}"
            raise DatabaseFailure(message, help="nothing was written; try again") from error
        raise DatabaseFailure(f"the database failed: {text}") from error


class Postgres:
    """A database of a PostgreSQL server, by its address. A connection is opened when a session begins and closed when it ends."""

    dialect = "postgres"

    def __init__(self, address: str, *, wait: float = WAIT_SECONDS) -> None:
        """``ValueError`` where the address cannot be read; its text shows nothing of the address."""
        self.address, parts, self.schema = _parted(address)
        self.wait = wait
        self._secrets = tuple(secret for secret in (parts.get("password"), parts.get("sslpassword")) if secret)
        place = ", ".join(host for host in (parts.get("host"), parts.get("hostaddr")) if host)
        database = parts.get("dbname") or parts.get("user") or "postgres"
        self.name = f"{database} on {place}" if place and not place.startswith("/") else database

    @contextmanager
    def reading(self) -> Iterator[PostgresSession]:
        with self.connected() as connection:
            session = PostgresSession(self, connection, read_only=True)
            session.begin(self.wait)
            yield session

    @contextmanager
    def writing(self, files: Sequence[Path] = (), *, create: bool = False) -> Iterator[PostgresSession]:
        if files:
            raise ValueError("a server reads no files of this machine")
        with self.connected() as connection:
            session = PostgresSession(self, connection, read_only=False)
            session.begin(self.wait)
            there = session.fetch("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $schema", {"schema": self.schema})
            if not there and not create:
                raise NoDataYet(f"database `{self.name}` holds no data of assignrules yet", help="load data with `assignrules load`")
            session.keep_out(int.from_bytes(sha256(f"assignrules {self.schema}".encode()).digest()[:8], signed=True))
            if not there:
                user, may = session.fetch("SELECT CAST(current_user AS TEXT), has_database_privilege(current_database(), 'CREATE')")[0]
                if not may:
                    message = f"the user `{user}` of the database lacks the right `CREATE` on it, to make schema `{self.schema}`"
                    raise DatabaseFailure(message, help="`assignrules schema grants` prints what an owner of the database runs")
                session.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(self.schema)}")
            yield session

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection without a transaction; what is open on it ends with it."""
        import psycopg
        from psycopg.types.string import StrDumper

        try:
            connection = psycopg.connect(
                self.address,
                autocommit=True,
                cursor_factory=psycopg.RawCursor,  # `$1`; the other cursors take `%` for a mark, also in texts
                prepare_threshold=None,  # poolers do not know prepared statements
                client_encoding="UTF8",
                fallback_application_name="assignrules",
                connect_timeout=10,
            )
        except psycopg.Error as error:
            raise self._unavailable(error) from error
        try:
            connection.adapters.register_dumper(str, StrDumper)
            self._check(connection)
            yield connection
        finally:
            connection.close()

    def shown(self, error: psycopg.Error) -> str:
        """The driver's message in one line, without the statement and without a password."""
        text = error.diag.message_primary or str(error).strip().split("\nLINE ")[0]
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return " ".join(text.split()).rstrip(".")

    def user(self, connection: psycopg.Connection[Any]) -> str:
        """Who is connected."""
        return connection.info.user

    def _check(self, connection: psycopg.Connection[Any]) -> None:
        if connection.info.server_version < OLDEST * 10000:
            version = connection.info.parameter_status("server_version")
            raise DatabaseUnavailable(f"`{self.name}` is PostgreSQL {version}", help=f"it takes PostgreSQL {OLDEST} or later")
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            message = f"the texts of database `{self.name}` are encoded as {encoding}"
            raise DatabaseUnavailable(message, help="make the database with `ENCODING 'UTF8'`")

    def _unavailable(self, error: psycopg.Error) -> DatabaseUnavailable:
        text = self.shown(error)
        for known, said, help in (
            ("password", "refuses the user or the password", "look at the address of the environment"),
            ("does not exist", text.rpartition("FATAL:")[2].strip(), "create it, or correct the address of the environment"),
            ("too many clients", "has no connection left", "try again later"),
            ("starting up", "is starting up", "try again in a moment"),
            ("timeout expired", "does not answer", "look at the address of the environment, and whether the server runs"),
            ("Connection refused", "is not running there", "look at the address of the environment, and whether the server runs"),
        ):
            if known in text:
                return (
                    DatabaseUnavailable(f"database `{self.name}` cannot be opened: the server {said}", help=help)
                    if known != ("does not exist")
                    else DatabaseUnavailable(f"database `{self.name}` cannot be opened: {said}", help=help)
                )
        return DatabaseUnavailable(f"database `{self.name}` cannot be opened: {text}")


def _parted(address: str) -> tuple[str, dict[str, str], str]:
    """An address as the driver takes it, its parts, and our schema."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    scheme, mark, rest = address.partition("://")
    # A `@`, `/` or `?` of a password that is not written as `%40`, `%2F` or `%3F` would make a part of it the host or the database, which
    # are shown.
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    if not mark or scheme.partition("+")[0] not in SCHEMES or "@" in rest[len(authority) :] or authority.count("@") > 1:
        raise ValueError("not an address of a PostgreSQL database")
    place, _, query = rest.partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    schema = dict(options).get("schema") or SCHEMA
    kept = "&".join(f"{name}={quote(value, safe='')}" for name, value in options if name != "schema")  # `+` is no blank there
    plain = f"postgresql://{place}" + (f"?{kept}" if kept else "")
    try:
        parts = conninfo_to_dict(plain)
    except psycopg.Error:
        raise ValueError("not an address of a PostgreSQL database") from None  # the driver's text quotes what it cannot read
    return plain, {name: str(value) for name, value in parts.items() if value is not None}, schema


def _numbered(sql: str, parameters: Parameters) -> tuple[str, list[object]]:
    """A statement with numbered parameters, and their values in order."""
    named = parameters if isinstance(parameters, Mapping) else None
    places: dict[str, int] = {}
    values: list[object] = [] if named is not None else list(parameters)
    given = iter(range(1, len(values) + 1))

    def number(match: re.Match[str]) -> str:
        if match["place"] is not None and named is None:
            return f"${next(given)}"
        name = match["name"]
        if name is None or named is None:
            return match[0]
        if name not in places:
            values.append(named[name])
            places[name] = len(values)
        return f"${places[name]}"

    return _MARKS.sub(number, sql), values


def _read(line: str, readers: Mapping[str, Callable[[str], str | None]]) -> Iterator[str | None]:
    """The cells of a JSON object, as texts that fit their types."""
    try:
        item = json.loads(line)
    except (ValueError, RecursionError):
        item = None
    for name, reader in readers.items():
        value = item.get(name) if isinstance(item, dict) else None
        text = value if isinstance(value, str | None) else json.dumps(value, ensure_ascii=False)
        yield None if text is None or "\0" in text else reader(text)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
