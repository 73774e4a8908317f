"""Where DuckDB's own functions stand in for the package's table, they equal it on every character."""

import sys

import duckdb
import pytest

from assignrules.ir import folding
from assignrules.sql import terms
from assignrules.sql.dialects import DIALECTS

CODES = [code for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


# All letters of the planes that have any case at all are few; the rest is sampled for every commit.
SAMPLE = [code for code in CODES if code < 0x3000 or 0xA640 <= code < 0xAC00 or 0xF900 <= code < 0x11000 or code % 97 == 0]


@pytest.mark.parametrize("codes", [SAMPLE, pytest.param(CODES, marks=pytest.mark.slow)], ids=["sample", "every"])
def test_duckdb_agrees_on_every_character(codes: list[int]) -> None:
    dialect = DIALECTS["duckdb"]
    letter = terms.column("letter")
    forms = {"fold": dialect.folded(letter), "lower": dialect.lower(letter.copy()), "upper": dialect.upper(letter.copy())}
    columns = ", ".join(f"{form.sql(dialect='duckdb')} AS {name}" for name, form in forms.items())
    connection = duckdb.connect()
    rows = connection.execute(
        f"SELECT letter, {columns} FROM (SELECT chr(code) AS letter FROM unnest($1::INTEGER[]) AS t(code))", [codes]
    ).fetchall()
    assert len(rows) == len(codes)
    own = (folding.fold, folding.lower, folding.upper)
    wrong = [(letter, found) for letter, *found in rows if found != [form(letter) for form in own]]
    assert wrong == []


def test_duckdb_agrees_on_texts() -> None:
    texts = ["É\u0301cole", "각 가\u11a8", "a\u0301\u0327b", "STRAßE œuvre", ""]
    form = DIALECTS["duckdb"].folded(terms.column("x")).sql(dialect="duckdb")
    rows = duckdb.connect().execute(f"SELECT x, {form} FROM unnest($1) AS t(x)", [texts]).fetchall()
    assert [(text, folding.fold(text)) for text in texts] == rows
