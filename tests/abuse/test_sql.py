"""S1: whatever stands in literals, names and data, the statements are the same ones, and nothing of it runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp
from tests.abuse.company import DATABASES, MAPPING, SCHEMA, Company

from assignrules.check import check_files
from assignrules.diagnostics import SourceFile
from assignrules.sql import compile_plan_sql, compile_searches
from assignrules.syntax.expression_format import format_text

pytestmark = pytest.mark.slow

HOSTILE = [
    "'; DROP TABLE customer; --",
    "' OR '1'='1",
    '"; DROP TABLE customer; --',
    "\\'; DROP TABLE customer; --",
    "$$; DROP TABLE customer; $$",
    "'||(SELECT 1)||'",
    "*/ DROP TABLE customer; /*",
    "-- x\n; DROP TABLE customer;",
    "%s %(x)s ? $1 :name {0}",
    "\u02bc; DROP TABLE customer; --",
    "E'\\x27; DROP TABLE customer'",
    "a\\",
    "{customer}",
]
RULES = """
search s LABEL where name = TEXT or name starts with TEXT or TEXT in (code, name)
assign risk_class TEXT to name contains TEXT because TEXT
assign group TEXT LABEL add s remove others
assign cover TEXT eligibility s amount 5 EUR
"""


def rules(text: str) -> str:
    written = format_text(text)
    because = format_text(text.replace("{", "{{"))
    return RULES.replace("because TEXT", f"because {because}").replace("TEXT", written).replace("LABEL", written)


def statements(text: str, dialect: str) -> str:
    checked = check_files([SourceFile("a.rules", rules(text))], SCHEMA)
    assert checked.ruleset is not None, (text, checked.diagnostics)
    day = date(2026, 11, 22)
    sql = compile_searches(checked.ruleset, MAPPING, dialect, day, ["s"]) + compile_plan_sql(checked.ruleset, MAPPING, dialect, day)
    shape = []
    for tree in sqlglot.parse(sql, dialect=dialect):
        assert tree is not None
        for literal in tree.find_all(exp.Literal):
            if literal.is_string:
                literal.set("this", "t")
        names: dict[str, str] = {}
        for name in tree.find_all(exp.Identifier):  # those of columns are made of the members'
            name.set("this", names.setdefault(name.name, f"n{len(names)}"))
            name.set("quoted", True)
        shape.append(tree.sql(dialect=dialect, comments=False))
    return "\n".join(shape)


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
@pytest.mark.parametrize("text", HOSTILE)
def test_the_shape_is_that_of_harmless_text(text: str, dialect: str) -> None:  # S1
    assert statements(text, dialect) == statements("a", dialect)


@pytest.mark.parametrize("name", DATABASES)
def test_nothing_of_it_runs(name: str, tmp_path: Path) -> None:  # S1, P6
    hostile = [text for text in HOSTILE if "\n" not in text]
    rows = [{"code": text, "name": text, "active": True} for text in hostile]
    text = "".join(
        f'assign group {format_text(item)} add name = {format_text(item)} remove others because "{{name}}"\n' for item in hostile
    )
    company = Company(DATABASES[name](tmp_path), text, {"customer": rows})
    plan = company.plan()
    assert {change.subject for change in plan.change_rows()} == set(hostile)
    assert not company.apply(plan).diagnostics
    tables = company.tables()
    assert company.plan().changes == ()
    assert company.fetch("SELECT count(*) FROM customer") == [(len(hostile),)]
    assert sorted(row[0] for row in company.fetch("SELECT subject FROM assignrules_target_group WHERE subject = member")) == sorted(hostile)
    assert company.tables() == tables
