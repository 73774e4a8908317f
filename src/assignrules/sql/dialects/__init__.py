"""What each database says differently. sqlglot prints; the meaning is pinned here."""

from assignrules.sql.dialects.base import Dialect
from assignrules.sql.dialects.duckdb import DuckDB
from assignrules.sql.dialects.mysql import CannotPrint, MySQL, fitted
from assignrules.sql.dialects.postgres import Postgres, Printed

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (DuckDB(), Postgres())}

__all__ = ["DIALECTS", "CannotPrint", "Dialect", "DuckDB", "MySQL", "Postgres", "Printed", "fitted"]
