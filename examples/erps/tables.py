"""An ERP's tables as one SQL script that DuckDB and PostgreSQL both run: its own CREATE TABLEs, and rows."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

Value = str | int | float | Decimal | date | None


class Tables:
    """Rows for the tables of a script of CREATE TABLEs."""

    def __init__(self, ddl: str) -> None:
        self.ddl = ddl
        self.rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}

    def add(self, table: str, **values: Value) -> None:
        """One row; columns that are not given have their default."""
        self.rows.setdefault((table, tuple(values)), []).append(f"({', '.join(map(_literal, values.values()))})")

    def script(self) -> str:
        """The whole script."""
        parts = [self.ddl.strip() + "\n"]
        for (table, columns), rows in self.rows.items():
            parts.append(f"INSERT INTO {_name(table)} ({', '.join(map(_name, columns))}) VALUES")
            parts.append("  " + ",\n  ".join(rows) + ";")
        return "\n".join(parts) + "\n"


def _name(name: str) -> str:
    return f'"{name}"'


def _literal(value: Value) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int | float | Decimal) else "'" + str(value).replace("'", "''") + "'"


def main(script: Callable[[], str], file: Path) -> None:
    """The command line of a generator: makes the DuckDB file beside it, or prints the script for another database."""
    parser = argparse.ArgumentParser(description="Makes the example's database.")
    parser.add_argument("--sql", action="store_true", help="print the SQL script, for PostgreSQL: … --sql | psql DATABASE")
    if parser.parse_args().sql:
        print(script(), end="")
        return
    import duckdb

    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute(script())
    print(f"made {file.name}")
