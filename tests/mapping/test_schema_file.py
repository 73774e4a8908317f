"""What a schema file may say: hostile fragments are refused, and stored values are read as the specification says."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from assignrules.diagnostics import SourceFile
from assignrules.ir.types import BOOLEAN, DATE, DECIMAL, INTEGER, Type
from assignrules.schema.file import Settings, read_schema
from assignrules.schema.fragments import check_fragment, check_translation
from assignrules.schema.physical import FieldSource, Fragment, Source, Stored
from assignrules.sql import terms
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.readings import Readings


def test_what_reads_is_let_through() -> None:
    for text in (
        "TRIM(self.nom)",
        "CASE WHEN a = 1 THEN 'x' END",
        "(SELECT MAX(x) FROM t WHERE t.id = self.id)",
        "a || :company",
        "a::date",
    ):
        assert not check_fragment(Fragment(text), "value", "postgres", ("company",)), text
    assert [item.code for item in check_fragment(Fragment(":who"), "value", "duckdb", ("as_of",))] == ["E0206"]


@pytest.mark.parametrize(
    ("text", "written", "database", "lost"),
    [
        ("TRY_CAST(self.a AS INTEGER)", "duckdb", "duckdb", None),
        ("TRY_CAST(self.a AS INTEGER)", "duckdb", "postgres", "TRY_CAST(self.a AS INT)"),
        ("COALESCE(CAST(self.a AS INT), TRY_CAST(self.b AS DATE))", "duckdb", "postgres", "TRY_CAST(self.b AS DATE)"),
        ("TRY_CAST(self.a AS VARCHAR)", "duckdb", "postgres", None),  # everything fits a text
        ("CAST(self.a AS INTEGER)", "duckdb", "postgres", None),  # fails on both
        ("SAFE_CAST(self.a AS INT64)", "bigquery", "duckdb", None),
        ("SAFE_CAST(self.a AS INT64)", "bigquery", "postgres", "SAFE_CAST(self.a AS INT64)"),
        ("CAST(self.a AS INT)", "spark", "postgres", "CAST(self.a AS INT)"),  # Spark's gives NULL
        ("CONCAT(self.a, LPAD(self.b, 3, '0')) || STRFTIME(self.c, '%Y')", "duckdb", "postgres", None),
    ],
)
def test_what_would_fail_in_another_dialect_is_refused(text: str, written: str, database: str, lost: str | None) -> None:
    assert not check_fragment(Fragment(text), "value", written, ())
    found = check_translation(Fragment(text), "value", written, database)
    assert [(item.code, item.message.split("`")[1]) for item in found] == ([] if lost is None else [("E0221", lost)])
    assert all(item.help for item in found)


def test_a_schema_file_for_another_database_says_so_at_the_fragment() -> None:
    text = "extends: credit\ndialect: duckdb\nentities:\n  customer: {from: c, key: id, fields: {country: {sql: TRY_CAST(x AS INT)}}}\n"
    source = SourceFile("schema.yml", text)
    assert read_schema(source, Settings("duckdb"), lambda name, parent: (None, ()))[2] == ()
    (found,) = read_schema(source, Settings("postgres"), lambda name, parent: (None, ()))[2]
    assert (found.code, found.span.line, found.span.column) == ("E0221", 4, text.splitlines()[3].index("TRY_CAST") + 1)
    assert found.message == "`TRY_CAST(x AS INT)` gives NULL where a value does not fit, and in the SQL of `postgres` it would fail"


def read(type: Type, stored: Stored, sql: str, **how: object) -> object:
    source = FieldSource(Source("v"), type, **how)
    value = Readings(DIALECTS["duckdb"], "Europe/Paris").field(source, terms.column("v"), stored)
    return duckdb.sql(f"SELECT {value.sql(dialect='duckdb')} FROM (SELECT {sql} AS v)").fetchall()[0][0]


@pytest.mark.parametrize(
    ("format", "stored", "sql", "expected"),
    [
        ("%Y%m%d", Stored.INTEGER, "20260228", date(2026, 2, 28)),
        ("%Y%m%d", Stored.INTEGER, "20260229", None),
        ("%Y%m%d", Stored.TEXT, "'20240229'", date(2024, 2, 29)),
        ("%Y%m%d", Stored.TEXT, "'00000000'", None),
        ("%d.%m.%Y", Stored.TEXT, "'1.2.2024'", date(2024, 2, 1)),
        ("%d%m%y", Stored.INTEGER, "10269", date(1969, 2, 1)),  # 010269: numbers have no leading zero
        ("%d%m%y", Stored.TEXT, "'010268'", date(2068, 2, 1)),
        ("%d-%b-%Y", Stored.TEXT, "'03-Mar-2024'", date(2024, 3, 3)),
        ("%Y-%m-%dT%H:%M:%S", Stored.TEXT, "'2024-03-03T23:59:59'", date(2024, 3, 3)),
        ("%Y%j", Stored.INTEGER, "2024366", date(2024, 12, 31)),
        ("%Y%j", Stored.INTEGER, "2023366", None),
        ("julian_cyyddd", Stored.INTEGER, "124060", date(2024, 2, 29)),
        ("julian_cyyddd", Stored.INTEGER, "99365", date(1999, 12, 31)),
        ("julian_cyyddd", Stored.INTEGER, "0", None),
        (None, Stored.TEXT, "'2024-02-29'", date(2024, 2, 29)),
        (None, Stored.TEXT, "'yesterday'", None),
        (None, Stored.DATE, "DATE 'infinity'", None),
        (None, Stored.ZONED, "TIMESTAMPTZ '2024-01-01 23:30:00+00'", date(2024, 1, 2)),  # in Paris it is half past midnight
    ],
)
def test_dates(format: str | None, stored: Stored, sql: str, expected: date | None) -> None:
    assert read(DATE, stored, sql, format=format) == expected


@pytest.mark.parametrize(
    ("stored", "sql", "scale", "expected"),
    [
        (Stored.FLOAT, "CAST(0.1 AS DOUBLE)", None, "0.1000000000"),
        (Stored.FLOAT, "CAST(1e-7 AS DOUBLE)", None, "0.0000001000"),
        (Stored.FLOAT, "CAST(1.005 AS DOUBLE)", 2, "1.0100000000"),  # half away from zero, of the text
        (Stored.FLOAT, "CAST(-2.5 AS DOUBLE)", 0, "-3.0000000000"),
        (Stored.FLOAT, "CAST('nan' AS DOUBLE)", None, "None"),
        (Stored.FLOAT, "CAST(1e300 AS DOUBLE)", None, "None"),
        (Stored.TEXT, "' 0012.50 '", None, "12.5000000000"),
        (Stored.TEXT, "'1,5'", None, "None"),
    ],
)
def test_numbers(stored: Stored, sql: str, scale: int | None, expected: str) -> None:
    found = read(DECIMAL, stored, sql, scale=scale)
    assert ("None" if found is None else f"{found:f}") == expected


def test_codes_and_markers() -> None:
    yes = {"codes": (("X", "true"), ("", "false"))}
    assert [read(BOOLEAN, Stored.TEXT, sql, **yes) for sql in ("'X'", "''", "'?'", "NULL")] == [True, False, None, None]
    assert [read(INTEGER, Stored.TEXT, sql, missing=("n/a",)) for sql in ("'007'", "'n/a'", "'7.5'")] == [7, None, None]
    assert [read(DATE, Stored.DATE, sql, missing=("1900-01-01",)) for sql in ("DATE '1900-01-01'", "DATE '1900-01-02'")] == [
        None,
        date(1900, 1, 2),
    ]


CUSTOMER = "extends: credit\nentities:\n  customer:\n    from: a\n    key: id\n"


def problems(text: str) -> list[tuple[str, int]]:
    files = {"base.yml": SourceFile("base.yml", "extends: credit\nentities: {customer: {from: a, key: id, fields: {code: c}}}\n")}
    found = read_schema(SourceFile("schema.yml", text), Settings("duckdb"), lambda name, parent: (files.get(parent), ()))
    return [(item.code, item.span.line if item.span else 0) for item in found[2]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("extends: base.yml\nentities: {customer: {fields: {name: n}}}\n", []),
        ("extends: credit\nentities:\n  custommer: {from: a, key: id}\n", [("E0202", 3)]),
        ("extends: credit\nentities:\n  customer: {key: id}\n", [("E0220", 3)]),
        ("extends: credit\nentities:\n  customer:\n    from: a\n    key: id\n    fields: {nam: n}\n", [("E0201", 6)]),
        (
            f"{CUSTOMER}    fields: {{active: {{column: a, true: [1], false: [1]}}}}\n",
            [("E0220", 6)],
        ),
        (
            f"{CUSTOMER}    fields: {{locked_until: {{column: d, format: '%Y'}}}}\n",
            [("E0220", 6)],
        ),
        ("extends: credit\ntargets:\n  scenari: {store: managed}\n", [("E0203", 3)]),
        ("extends: credit\ndialect: oracel\n", [("E0220", 2)]),
        ("extends: credit\ntenant: {columns: [A], values: [a, b]}\n", [("E0220", 2)]),
        ("extends: credit\nextends: credit\n", [("E0220", 2)]),
    ],
)
def test_problems_stand_where_they_are(text: str, expected: list[tuple[str, int]]) -> None:
    assert problems(text) == expected


def test_a_point_in_time_is_a_date() -> None:
    text = f"{CUSTOMER}    fields: {{seen: {{column: s, type: timestamp}}, customer_since: {{column: c, type: timestamp}}}}\n"
    schema, _, found = read_schema(SourceFile("schema.yml", text), Settings("duckdb"), lambda name, parent: (None, ()))
    assert not found and schema is not None
    assert schema.schema.entities["customer"].fields["seen"] == schema.schema.entities["customer"].fields["customer_since"] == DATE


PAIR = "extends: credit\nentities:\n  customer: {from: a, key: [id, sub], fields: {code: c}}\n"
OWN = "{on: customer, shape: value, store: column, table: t, key: [id, sub], column: v"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{PAIR}  document: {{from: d, key: n, links: {{customer: [id, sub]}}}}\n", []),
        (f"{PAIR}  document: {{from: d, key: n, links: {{customer: {{sql: \"x || '/' || y\"}}}}}}\n", []),  # a whole key
        (f"{PAIR}  document: {{from: d, key: n, links: {{customer: id}}}}\n", ["the link `customer` of `document` has 1 column"]),
        (f"{PAIR}  guarantee: {{from: g, key: n, links: {{customer: [a, b, c]}}}}\n", ["the link `customer` of `guarantee` has 3 columns"]),
        (f"{PAIR}targets: {{scenario: {{store: column, table: t, key: id, column: v}}}}\n", ["the target `scenario` has 1 column"]),
        (f"{PAIR}targets: {{group: {{store: members, table: t, subject: id, member: m}}}}\n", ["the target `group` has 1 column"]),
        (f"{PAIR}targets: {{seen: {OWN}, type: date, format: '%d.%m.%Y'}}}}\n", []),
        (f"{PAIR}targets: {{seen: {OWN}, type: date, format: '%d %b %Y'}}}}\n", ["the target `seen` cannot be written"]),
        (f"{PAIR}targets: {{seen: {OWN}, type: date, format: julian_cyyddd}}}}\n", ["the target `seen` cannot be written"]),
        (f"{PAIR}targets: {{most: {OWN}, type: money, currency: cur}}}}\n", []),
        (f"{PAIR}targets: {{most: {OWN}, type: money, currency: {{sql: upper(cur)}}}}}}\n", ["the target `most` takes its currency"]),
        (
            f"{PAIR}targets: {{mark: {OWN}, type: text, values: {{1: low, '*': other}}}}}}\n",
            ["the target `mark` has no code to write `other`"],
        ),
        (f"{PAIR}targets: {{mark: {OWN}, type: text, values: {{1: low, '*': low}}}}}}\n", []),
    ],
)
def test_what_is_named_and_written_fits(text: str, expected: list[str]) -> None:
    found = read_schema(SourceFile("schema.yml", text), Settings("duckdb"), lambda name, parent: (None, ()))[2]
    assert [item.message[: len(start)] for item, start in zip(found, expected, strict=True)] == expected
    assert all(item.span is not None and item.help for item in found)
