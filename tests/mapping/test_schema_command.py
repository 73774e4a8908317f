"""`schema check`, `schema draft` and `schema show` over real DuckDB files."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from tests.mapping.test_apply import SCHEMA, TABLES, project_in

from assignrules import api
from assignrules.cli import application

pytestmark = pytest.mark.slow


def command(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(application, [*words, "--project", str(folder)])


def checked(folder: Path) -> dict[str, object]:
    result = command(folder, "schema", "check", "--format", "json")
    return dict(json.loads(result.stdout))


def test_a_schema_that_fits(tmp_path: Path) -> None:
    project_in(tmp_path)
    answer = checked(tmp_path)
    assert answer["diagnostics"] == [] and answer["data_errors"] == []
    assert answer["rows"] == {"customer": 3, "user": 2}  # the other tenant's are not counted


@pytest.mark.parametrize(
    ("wrong", "message", "line"),
    [
        (("from: sellers", "from: Sellers"), "the database has no table `Sellers` that can be read", "    from: Sellers"),
        (("code: code", "code: Code"), 'the table `Cust "omers` has no column `Code`', "      code: Code"),
        (("name: name\n      turn", "name: {sql: nome || '!'}\n      turn"), "the database cannot run this", "nome"),
        (("tenant: none\n    key: id", "key: id"), "the table `sellers` has none of the tenant's columns `MANDT`", "from: sellers"),
        (
            ("    key: [id, sub]\n    fields", "    key: [id, sub]\n    where: kind = 2\n    fields"),
            "the database cannot run this",
            "kind = 2",
        ),
    ],
)
def test_what_the_database_does_not_have(tmp_path: Path, wrong: tuple[str, str], message: str, line: str) -> None:
    assert wrong[0] in SCHEMA
    project_in(tmp_path, schema=SCHEMA.replace(*wrong))
    (found,) = checked(tmp_path)["diagnostics"]
    assert found["code"] == "E0222" and message in found["message"]
    assert line.strip() in (tmp_path / "schema.yml").read_text(encoding="utf-8").splitlines()[found["line"] - 1]
    assert command(tmp_path, "schema", "check").exit_code == 1


def test_data_errors_are_counted_whatever_the_rules_read(tmp_path: Path) -> None:
    bad = """
    INSERT INTO "Cust ""omers" VALUES ('1', 1, 1, 'C9', 'Twice', 'nan', '?', 7), ('1', 5, 5, NULL, 'No key', 1, '', 7);
    INSERT INTO words VALUES (12, 'Late', 2);
    """
    project_in(tmp_path, tables=TABLES + bad)
    found = {(item["code"], item["count"], tuple(item["examples"])) for item in checked(tmp_path)["data_errors"]}
    assert found == {
        ("E0501", 2, ("C1", "C9")),
        ("E0505", 1, ("C9",)),
        ("E0520", 1, ("C9",)),
        ("E0522", 1, ("Late",)),
        ("E0524", 1, ()),
    }


def test_business_keys_are_unique_mapped_or_not(tmp_path: Path) -> None:
    twice = """INSERT INTO "Cust ""omers" VALUES ('1', 7, 7, 'C1', 'Again', 1, '', 7); INSERT INTO sellers VALUES (8, 'cy', 'Cy');"""
    schema = SCHEMA.replace("fields: {login: login, name: name}", "fields: {name: name}")
    project_in(tmp_path, schema=schema, tables=TABLES + twice)
    found = {(item["code"], item["entity"], item["count"], tuple(item["examples"])) for item in checked(tmp_path)["data_errors"]}
    assert found == {("E0501", "customer", 2, ("C1",)), ("E0501", "user", 2, ("8",))}


def test_a_draft_is_a_schema_that_fits(tmp_path: Path) -> None:
    project = project_in(tmp_path, schema="extends: credit\n", rules="")
    with duckdb.connect(str(project.root / "company.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE customers (id INTEGER PRIMARY KEY, code VARCHAR, name VARCHAR, country_code VARCHAR);"
            'CREATE TABLE "open invoices" (id INTEGER, invoice_no VARCHAR, customer_id INTEGER, due_date INTEGER, amount DOUBLE)'
        )
    (tmp_path / "assignrules.yml").write_text("schema: schema.yml\nenvironments: {local: {database: 'duckdb:///company.duckdb'}}\n")
    drafted = command(tmp_path, "schema", "draft", "-o", str(tmp_path / "schema.yml"))
    assert drafted.exit_code == 0, drafted.output
    text = (tmp_path / "schema.yml").read_text(encoding="utf-8")
    assert "from: customers  # guess" in text and "key: id  # the primary key" in text
    assert 'due_date: {column: due_date, format: "%Y%m%d", missing: [0]}  # guess' in text
    assert "links: {customer: customer_id}  # guess" in text and "#   tagged: MANDT, cust, sub" in text
    assert command(tmp_path, "schema", "check").exit_code == 0


def test_show_says_what_is_mapped(tmp_path: Path) -> None:
    project_in(tmp_path)
    answer = json.loads(command(tmp_path, "schema", "show", "--format", "json").stdout)
    customer = answer["entities"]["customer"]
    assert customer["from"] == 'Cust "omers' and customer["fields"]["turnover_12m"] == {"type": "money", "mapped": True, "from": "owing"}
    assert not customer["fields"]["country"]["mapped"] and not answer["entities"]["contact"]["mapped"]
    assert answer["targets"]["group"]["store"] == "members" and answer["targets"]["document_status"]["store"] == "not mapped"
    assert 'customer from Cust "omers\n  code text = code' in command(tmp_path, "schema", "show").stdout


def test_rules_with_errors_do_not_hide_what_is_wrong_with_the_schema_or_its_data(tmp_path: Path) -> None:
    twice = """INSERT INTO "Cust ""omers" VALUES ('1', 7, 7, 'C1', 'Again', 1, '', 7);"""
    wrong = "search a where nmae = 1\nsearch b where\n"
    project_in(tmp_path, rules=wrong, tables=TABLES + twice)
    answer = checked(tmp_path)
    assert [(item["code"], item["file"]) for item in answer["diagnostics"]] == [("E0201", "rules/all.rules"), ("E0102", "rules/all.rules")]
    assert [(item["code"], item["count"]) for item in answer["data_errors"]] == [("E0501", 2)]
    assert answer["rows"] == {"customer": 4, "user": 2}
    result = command(tmp_path, "schema", "check")
    assert result.exit_code == 1
    assert "search a where nmae = 1\n" in result.output
    assert "E0501: key `code` of `customer` is repeated (2): C1\n" in result.output
    assert "the rules have errors, so the names that they give were not looked up\n" in result.output
    (tmp_path / "schema.yml").write_text(SCHEMA.replace("from: sellers", "from: Sellers"), encoding="utf-8")
    assert [item["code"] for item in checked(tmp_path)["diagnostics"]] == ["E0201", "E0102", "E0222"]


def test_stored_keys_that_a_lookup_does_not_have_are_counted(tmp_path: Path) -> None:
    more = """
    INSERT INTO extra VALUES ('1', 1, 2, 77, 'gone'), ('1', 2, 1, 5, 'another kind'), ('1', 9, 9, 77, 'nobody');
    INSERT INTO extra VALUES ('2', 1, 1, 77, '');
    INSERT INTO tagged VALUES ('1', 1, 1, 78, 'gone'), ('1', 1, 1, 79, 'gone'), ('2', 2, 1, 78, 'x');
    UPDATE "Cust ""omers" SET seller = 99 WHERE code = 'C3';
    """
    project = project_in(tmp_path, tables=TABLES + more)
    answer = checked(tmp_path)
    assert answer["data_errors"] == []
    assert [(item["code"], item["message"].split("`")[1], item["count"], item["examples"]) for item in answer["data_warnings"]] == [
        ("W0509", "collector", 1, ["C3"]),
        ("W0509", "group", 2, ["C1"]),  # not 9, which is a word of another kind; C1 has two that are gone
        ("W0509", "scenario", 2, ["C2", "C3"]),
    ]
    assert command(tmp_path, "schema", "check").exit_code == 0
    assert not [item for item in api.plan_changes(project).data_warnings if item.code == "W0509"]


def test_compile_does_not_make_a_fragment_strict_in_silence(tmp_path: Path) -> None:
    schema = SCHEMA.replace("      name: name\n      turn", "      name: {sql: TRY_CAST(owing AS DATE)}\n      turn")
    assert schema != SCHEMA
    project_in(tmp_path, schema=schema, rules='search a where name = ""\n')
    assert command(tmp_path, "compile").exit_code == 0
    result = command(tmp_path, "compile", "--dialect", "postgres")
    assert result.exit_code == 1
    assert "`postgres` has no `TRY_CAST(owing AS DATE)`, which gives NULL where a value does not fit" in result.output
    assert command(tmp_path, "compile", "--dialect", "trino").exit_code == 0
