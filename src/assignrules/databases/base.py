"""What the engine asks of a database: two ways to open it, and four things to do there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from assignrules.diagnostics import Diagnostic, diagnostic

Parameters = Mapping[str, object] | Sequence[object]
Row = tuple[Any, ...]


class DatabaseProblem(Exception):
    """The database said no. ``diagnostic`` is what to tell the user; it never holds a password."""

    code = "E0707"

    def __init__(self, message: str, *, help: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.diagnostic: Diagnostic = diagnostic(code or self.code, message, help=help)


class DatabaseUnavailable(DatabaseProblem):
    """It cannot be opened: not there, locked by another process, not a database (exit 5)."""

    code = "E0708"


class NoDataYet(DatabaseUnavailable):
    """It is opened for reading, but nobody has made it yet."""

    code = "E0510"


class DatabaseFailure(DatabaseProblem):
    """It is open, and a statement failed; the transaction is gone, and nothing of it was written (exit 5)."""

    code = "E0707"


class NumberTooLarge(DatabaseFailure):
    """A number in the data or on the way to a value has more digits than an exact decimal holds: wrong data, not a failing database."""

    code = "E0504"


class Session(Protocol):
    """An open connection inside one transaction. Parameters are bound: by name (``$name``) from a mapping, by place (``?``) from a
    sequence."""

    @property
    def dialect(self) -> str:
        """sqlglot's name of the database's SQL."""

    @property
    def home(self) -> str:
        """The schema of the database in which the engine's own tables are."""

    def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """The rows of one statement."""

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Runs one statement; how many rows it inserted, updated or deleted (0 where it does none of these)."""

    def keep(self, table: str, sql: str) -> None:
        """Makes (or remakes) the temporary table ``table`` of the rows of a query without parameters."""

    def stage(self, table: str, columns: Mapping[str, str], lines: Sequence[str]) -> None:
        """Makes (or remakes) the temporary table ``table`` from JSON objects, one text each: ``sequence`` BIGINT from 1, the given
        columns with their SQL types, and the object itself as ``item``. A key that is absent, or whose value does not fit its type, reads
        as missing."""

    def has_table(self, table: str) -> bool:
        """Whether a permanent table of exactly this name exists."""

    def insert(self, table: str, types: Mapping[str, str], columns: Mapping[str, Sequence[str | None]]) -> None:
        """Adds rows to a table, given as columns of texts, of one length, that are exact in the types of the columns."""

    def filled(self, tables: Sequence[str]) -> list[str]:
        """Those of the tables that hold a row, or held one since the last clean-up."""


class Writing(Session, Protocol):
    """A session that may write. What is not committed is rolled back when the session ends."""

    def commit(self) -> None:
        """Makes everything since the session began permanent. To be called once, at the end."""


class Database(Protocol):
    """A database that holds the data, the targets and the journal."""

    @property
    def name(self) -> str:
        """How it is shown to people; never a password."""

    @property
    def dialect(self) -> str:
        """sqlglot's name of its SQL."""

    def reading(self) -> AbstractContextManager[Session]:
        """One consistent snapshot; temporary tables may be made, nothing permanent can be written. Several readers may work at once."""

    def writing(self, files: Sequence[Path] = (), *, create: bool = False) -> AbstractContextManager[Writing]:
        """One transaction that nobody else's is interleaved with. ``files`` are the only files that its statements can read. With
        ``create``, a database that is not there yet is made."""


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'
