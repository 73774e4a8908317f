"""Targets and entities of a project's own are called by their names in every report, as the built-in ones are."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from assignrules.cli import application

pytestmark = pytest.mark.slow

TABLES = """
CREATE TABLE branch (id INTEGER, name VARCHAR, sales DOUBLE);
INSERT INTO branch VALUES (1, 'Nord', 10), (2, 'Sud', 20), (3, 'Est', 0);
CREATE TABLE desk (id INTEGER, branch INTEGER);
INSERT INTO desk SELECT range, 1 FROM range(12);
"""
SCHEMA = """
entities:
  branch:
    new: true
    plural: branches
    from: branch
    key: id
    label: name
    fields: {name: {column: name, type: text}, sales: {column: sales, type: decimal}}
  desk:
    new: true
    from: desk
    key: id
    links: {branch: {to: branch, column: branch, inverse: desks}}
targets:
  region: {on: branch, shape: value, type: text, store: managed}
  ring: {on: branch, shape: set, store: managed}
"""
RULES = """
search selling on branches where sales > 0
assign region "North" to sales > 15  "South" to count(desks) > 0
assign ring "A" add sales > 0 except sales > 15
alert idle on branches where sales = 0
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "all.rules").write_text(RULES, encoding="utf-8")
    (tmp_path / "schema.yml").write_text(SCHEMA, encoding="utf-8")
    text = "schema: schema.yml\nenvironments: {local: {database: 'duckdb:///company.duckdb'}}\n"
    (tmp_path / "assignrules.yml").write_text(text, encoding="utf-8")
    with duckdb.connect(str(tmp_path / "company.duckdb")) as connection:
        connection.execute(TABLES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*words: str) -> str:
    done = CliRunner().invoke(application, words, prog_name="assignrules")
    assert done.exit_code == 0, done.output
    return done.output


def test_every_report_calls_them_by_their_names(place: Path) -> None:
    planned = said("plan", "--as-of", "2026-11-22", "-o", "a.plan", "--html", "a.html", "--markdown", "a.md", "--xlsx", "a.xlsx")
    assert "(none) -> North: 1 branch " in planned
    assert 'ring "A", held by except: 1 branch\n' in planned
    assert "idle: 1 branch, 1 new, 0 left" in planned
    assert "region     2        .      .     .  3 branches\n" in planned
    assert "ring       1        .      .     1  3 branches\n" in planned
    for name in ("a.html", "a.md"):
        text = (place / name).read_text(encoding="utf-8")
        assert "3 branches" in text
        assert ": 1 branch" in text
    (place / "a.html").unlink()
    (place / "company.duckdb").rename(place / "away.duckdb")
    assert said("show-plan", "a.plan").splitlines()[:20] == planned.splitlines()[:20], "without a database as well"
    (place / "away.duckdb").rename(place / "company.duckdb")
    assert "2 branches" in said("search", "selling")
    assert "… and 7 more of 12 desks" in said("explain", "1", "region")
    assert "3 branches" in said("apply", "a.plan", "--yes")
    assert "(none) -> South: 1 branch\n" in said("show", "1")
    assert "North -> (none): 1 branch\n" in said("revert", "1", "--plan-only")
