"""The SQL of small rulesets, for DuckDB and for PostgreSQL, as files beside each other: a change of the SQL is a change that is seen.

`ASSIGNRULES_GOLDEN=write pytest tests/sql/test_golden.py` writes them anew.
"""

import os
from datetime import date
from pathlib import Path

import pytest
from tests.conftest import postgres

from assignrules.check import check_files
from assignrules.databases import Database
from assignrules.databases.duckdb import DuckDBMemory
from assignrules.databases.embedded import create_store
from assignrules.diagnostics import SourceFile
from assignrules.journal.tables import create_journal
from assignrules.schema.logical import credit
from assignrules.schema.mapping import identity
from assignrules.sql import NotCompiled, compile_alerts, compile_plan_sql, compile_reports, compile_searches

FOLDER = Path(__file__).parent / "golden"
AS_OF = date(2026, 11, 22)
RULES = sorted(path.stem for path in FOLDER.glob("*.rules"))


def compiled(name: str, dialect: str) -> str:
    source = SourceFile(f"{name}.rules", (FOLDER / f"{name}.rules").read_text(encoding="utf-8"))
    checked = check_files([source], credit())
    assert checked.ruleset is not None, checked.diagnostics
    own = [search.name for search in checked.ruleset.searches()]
    mapping = identity(credit())
    parts = (
        compile_searches(checked.ruleset, mapping, dialect, AS_OF, own),
        compile_plan_sql(checked.ruleset, mapping, dialect, AS_OF),
        compile_alerts(checked.ruleset, mapping, dialect, AS_OF),
        compile_reports(checked.ruleset, mapping, dialect, AS_OF),
    )
    return "\n".join(part for part in parts if part)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
@pytest.mark.parametrize("name", RULES)
def test_golden(name: str, dialect: str) -> None:
    path = FOLDER / f"{name}.{dialect}.sql"
    sql = compiled(name, dialect)
    if os.environ.get("ASSIGNRULES_GOLDEN") == "write":
        path.write_text(sql, encoding="utf-8")
    assert sql == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("dialect", ["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def test_databases_run_the_golden_files(name: str, dialect: str) -> None:
    database: Database = DuckDBMemory() if dialect == "duckdb" else postgres("golden")
    with database.writing(create=True) as session:
        create_store(session, credit())
        create_journal(session)
        session.commit()
    with database.writing() as session:  # never committed: the groups of a report are a temporary table
        for statement in (FOLDER / f"{name}.{dialect}.sql").read_text(encoding="utf-8").split(";\n"):
            if "TEMPORARY TABLE" in statement or statement.startswith("DROP"):
                session.execute(statement)
            elif statement.strip():
                assert session.fetch(statement) == []


def test_no_clock_of_the_database_is_read() -> None:  # T1
    words = ("now(", "current_date", "current_timestamp", "today(", "localtime")
    for path in FOLDER.glob("*.sql"):
        text = path.read_text(encoding="utf-8").lower()
        assert not [word for word in words if word in text], path.name


@pytest.mark.parametrize("name", RULES)
def test_golden_of_a_dialect_that_is_only_printed(name: str) -> None:
    """For MySQL, what it cannot say is said instead."""
    path = FOLDER / f"{name}.mysql.sql"
    try:
        sql = compiled(name, "mysql")
    except NotCompiled as problem:
        sql = f"-- refused: {problem}\n"
    if os.environ.get("ASSIGNRULES_GOLDEN") == "write":
        path.write_text(sql, encoding="utf-8")
    assert sql == path.read_text(encoding="utf-8")
    assert "MATERIALIZED" not in sql and "COLLATE `C`" not in sql
