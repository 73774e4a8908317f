"""A store with rules over it, on either database, for tests that abuse it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tests.conftest import empty_postgres

from assignrules.apply import ApplyResult, apply_plan
from assignrules.check import check_files
from assignrules.databases import Database
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.embedded import create_store, fill, lineage
from assignrules.diagnostics import SourceFile
from assignrules.ir.digest import ruleset_digest
from assignrules.journal.chain import head
from assignrules.plan.build import build_plan
from assignrules.plan.model import Plan
from assignrules.schema.dataset import Dataset
from assignrules.schema.digest import schema_digest
from assignrules.schema.logical import credit
from assignrules.schema.mapping import identity

SCHEMA = credit()
MAPPING = identity(SCHEMA)
DAY = date(2026, 11, 22)
DATABASES: Mapping[str, Callable[[Path], Database]] = {
    "duckdb": lambda folder: DuckDB(folder / "abused.duckdb"),
    "postgres": lambda folder: empty_postgres("abuse"),
}


class Company:
    """A database with rows, and rules that are planned and applied on it."""

    def __init__(self, database: Database, text: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        checked = check_files([SourceFile("a.rules", text)], SCHEMA)
        assert checked.ruleset is not None, checked.diagnostics
        self.ruleset = checked.ruleset
        self.database = database
        with database.writing(create=True) as session:
            create_store(session, SCHEMA)
            fill(session, SCHEMA, Dataset(rows={name: [dict(row) for row in found] for name, found in rows.items()}))
            session.commit()

    def plan(self) -> Plan:
        with self.database.reading() as session:
            return build_plan(session, self.ruleset, MAPPING, as_of=DAY, environment="test", lineage=lineage(session), anchor=head(session))

    def apply(self, plan: Plan) -> ApplyResult:
        return apply_plan(
            self.database,
            MAPPING,
            plan,
            ruleset_digest=ruleset_digest(self.ruleset),
            schema_digest=schema_digest(MAPPING),
            environment="test",
            now=datetime(2026, 11, 22, tzinfo=UTC),
            user="anna",
        )

    def execute(self, *statements: str) -> None:
        with self.database.writing() as session:
            for sql in statements:
                session.execute(sql)
            session.commit()

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.reading() as session:
            return session.fetch(sql)

    def tables(self) -> list[str]:
        own = "current_schema()" if self.database.dialect == "duckdb" else "'assignrules'"
        return [row[0] for row in self.fetch(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {own} ORDER BY 1")]
