"""A company's own tables on PostgreSQL: the same plan, the same writing, the same readings as on DuckDB."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from tests.conftest import postgres
from tests.mapping.test_apply import RULES, SCHEMA, TABLES, WITHOUT_INSERT

from assignrules.apply import Outcome, apply_plan
from assignrules.check import check_files
from assignrules.check.availability import available
from assignrules.databases import Database, Session
from assignrules.databases.binding import bind
from assignrules.diagnostics import SourceFile
from assignrules.ir.digest import ruleset_digest
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.types import DATE
from assignrules.plan.build import build_plan
from assignrules.plan.model import Plan
from assignrules.schema.digest import schema_digest
from assignrules.schema.file import Settings, read_schema
from assignrules.schema.mapping import SchemaMapping
from assignrules.schema.physical import FieldSource, Source, Stored
from assignrules.sql import terms
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.readings import Readings

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 22)


def _filled() -> Database:
    database = postgres("mapping")
    with database.writing(create=True) as session:
        for table in ('"Cust ""omers"', "sellers", "extra", "words", "tagged"):
            session.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in filter(str.strip, TABLES.replace("DOUBLE", "DOUBLE PRECISION").split(";")):
            session.execute(statement.replace("MANDT", '"MANDT"'))
        session.commit()
    return database


def _mapped(schema: str, rules: str) -> tuple[SchemaMapping, Ruleset]:
    found, _, problems = read_schema(SourceFile("s.yml", schema), Settings("postgres", {"client": "1"}), lambda name, parent: (None, ()))
    assert found is not None, problems
    ruleset = check_files([SourceFile("a.rules", rules)], found.schema).ruleset
    assert ruleset is not None
    ruleset, lacking = available(ruleset, found.mapping)
    assert not lacking
    return found.mapping, ruleset


def _plan(session: Session, mapping: SchemaMapping, ruleset: Ruleset) -> Plan:
    bound, problems = bind(session, mapping, DAY)
    assert not problems
    return build_plan(session, ruleset, bound, as_of=DAY, environment="test")


def test_what_cannot_be_written_makes_the_plan_not_applicable() -> None:
    """As on DuckDB: C3 has no row in `extra`, and "Alpha" is no word of the lookup."""
    with _filled().reading() as session:
        rowless = _plan(session, *_mapped(WITHOUT_INSERT, RULES))
        nameless = _plan(session, *_mapped(SCHEMA, RULES.replace('"Mild" to', "(name) to")))
    for plan, code, subject in ((rowless, "E0525", "C3"), (nameless, "E0523", "C1")):
        assert not plan.header.applicable
        assert [(item.code, item.count, item.examples) for item in plan.data_errors] == [(code, 1, (subject,))]


def test_planned_and_written() -> None:
    database = _filled()
    mapping, ruleset = _mapped(SCHEMA, RULES)
    with database.reading() as session:
        plan = _plan(session, mapping, ruleset)
    assert plan.header.applicable and len(plan.changes) == 11
    digests = {"ruleset_digest": ruleset_digest(ruleset), "schema_digest": schema_digest(mapping)}
    result = apply_plan(database, mapping, plan, **digests, environment="test", now=datetime.now(UTC))
    assert result.outcome is Outcome.APPLIED, result.diagnostics
    with database.reading() as session:
        assert session.fetch("SELECT * FROM extra ORDER BY 1, 2, 3") == [
            ("1", 1, 1, 3, "old"), ("1", 2, 1, 4, "by rules"), ("2", 1, 1, 3, "old")
        ]  # fmt: skip
        assert not _plan(session, mapping, ruleset).changes


def test_dates_are_read_alike() -> None:
    cases = [
        ("%Y%m%d", Stored.INTEGER, "20260228", date(2026, 2, 28)),
        ("%Y%m%d", Stored.TEXT, "'20260229'", None),
        ("%d.%m.%Y", Stored.TEXT, "'1.2.2024'", date(2024, 2, 1)),
        ("%d-%b-%Y", Stored.TEXT, "'03-Mar-2024'", date(2024, 3, 3)),
        ("julian_cyyddd", Stored.INTEGER, "99365", date(1999, 12, 31)),
        (None, Stored.DATE, "CAST('infinity' AS DATE)", None),
        (None, Stored.ZONED, "TIMESTAMPTZ '2024-01-01 23:30:00+00'", date(2024, 1, 2)),
    ]
    readings = Readings(DIALECTS["postgres"], "Europe/Paris")
    with postgres("mapping").writing(create=True) as session:
        for format, stored, sql, expected in cases:
            value = readings.field(FieldSource(Source("v"), DATE, format=format), terms.column("v"), stored)
            assert session.fetch(f"SELECT {value.sql(dialect='postgres')} FROM (SELECT {sql} AS v) AS t") == [(expected,)], sql
