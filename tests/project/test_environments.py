"""Environments of a project with a schema file of its own: variables in the address and in `schema_params`."""

from __future__ import annotations

from pathlib import Path

import pytest

from assignrules import api
from assignrules.diagnostics import Diagnostic
from assignrules.project import schema_of

SECRET = "s3cr3t-of-nobody"
SCHEMA = """
extends: credit
params: {company: {type: text, required: true}}
entities: {customer: {from: c, key: id, where: "self.company = :company", fields: {code: {sql: "self.code::text"}}}}
"""
PROJECT = """
schema: schema.yml
environments:
  local: {database: "duckdb:///x.duckdb", schema_params: {company: "1"}}
  production: {database: "${OUR_ADDRESS}", schema_params: {company: "${OUR_COMPANY}"}}
default_environment: local
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "schema.yml").write_text(SCHEMA, encoding="utf-8")
    (tmp_path / "assignrules.yml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.rules").write_text("search all_of_them where code is present\n", encoding="utf-8")
    return tmp_path


def _refused(folder: Path, environment: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(api.Problems) as caught:
        api.compile_sql(api.load_project(folder, environment=environment))
    return caught.value.diagnostics


def test_an_address_that_is_one_variable_says_the_dialect(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_COMPANY", "1000")
    for address, dialect in ((f"postgresql://u:{SECRET}@h/d", "postgres"), ("duckdb:///x.duckdb", "duckdb")):
        monkeypatch.setenv("OUR_ADDRESS", address)
        project = api.load_project(folder, environment="production")
        found, _, problems = schema_of(project)
        assert found is not None and not problems
        sql = api.compile_sql(project)
        assert SECRET not in sql + repr(project)
        assert "'1000'" in sql
        from assignrules.project import database_of

        database, _ = database_of(project)
        assert database is not None and database.dialect == dialect and SECRET not in database.name


def test_a_variable_of_schema_params_that_is_not_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_ADDRESS", "duckdb:///x.duckdb")
    monkeypatch.delenv("OUR_COMPANY", raising=False)
    assert any("company" in item.message and item.help is not None for item in _refused(folder, "production"))


def test_an_address_whose_variable_is_not_set_is_named_and_others_need_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_COMPANY", "1000")
    monkeypatch.delenv("OUR_ADDRESS", raising=False)
    assert [(item.code, item.message) for item in _refused(folder, "production")] == [
        ("E0904", "environment variable `OUR_ADDRESS` is not set")
    ]
    assert api.compile_sql(api.load_project(folder))


def test_an_environment_that_is_not_there(folder: Path) -> None:
    (found,) = _refused(folder, "producton")
    assert (found.code, found.help) == ("E0903", "did you mean `production`?")
