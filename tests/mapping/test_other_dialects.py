"""Fragments may be written in any dialect that the SQL library reads: no dialect is less guarded, and none ends in a crash."""

from __future__ import annotations

import pytest
from sqlglot.dialects.dialect import Dialect

from assignrules.schema.fragments import check_fragment
from assignrules.schema.physical import Fragment

DIALECTS = sorted(name for name in Dialect.classes if name and name not in ("dax", "prql"))  # these are no SQL


@pytest.mark.parametrize("dialect", DIALECTS)
def test_tables_of_the_company_and_of_the_system(dialect: str) -> None:  # S2
    assert check_fragment(Fragment("SELECT a FROM t WHERE a > 1", None), "query", dialect, ()) == ()
    for table in ("information_schema.tables", "pg_catalog.pg_authid"):
        assert [item.code for item in check_fragment(Fragment(f"SELECT a FROM {table}", None), "query", dialect, ())] == ["E0221"]
