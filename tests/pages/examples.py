"""Runs the examples of a page, and gives what comes of them: the codes, and the diagnostics as people see them."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.pages.happenings import happens

from assignrules.check import check_files
from assignrules.check.packs import PackFolders
from assignrules.cli import application
from assignrules.diagnostics import SourceFile
from assignrules.diagnostics.pages import Example
from assignrules.diagnostics.render import render
from assignrules.schema.logical import credit
from assignrules.syntax.text import decode
from assignrules.testing import read_case, run_case
from assignrules.testing.database import DuckDBPlanner

# What the wrong examples of kind `text` stand for.
TOO_MUCH: dict[str, bytes] = {
    "E0114": "search élevé where overdue > 0".encode("latin-1"),
    "E0115": b"# " + b"x" * 2**20,
    "E0116": b"define deep = " + b"(" * 201 + b"outstanding" + b")" * 201,
    "E0117": b"".join(b"define a%d = 1\n" % number for number in range(10_001)),
    "E0118": b"search listed where payment_terms_days in (" + b", ".join(b"%d" % number for number in range(50_001)) + b")",
}
# What the examples of kind `yaml schema.yml` are over.
PROJECT = "name: company\nschema: schema.yml\nenvironments: {local: {database: 'duckdb:///company.duckdb'}}\n"
RULES = """assign scenario "Owing" to any(documents where type = "invoice" and open_amount > 0 EUR and due_date < today)
assign group "Late" add any(documents where open_amount > 0 EUR)
"""
TABLES = """
CREATE TABLE customers (id INTEGER, code VARCHAR, name VARCHAR);
INSERT INTO customers VALUES (1, 'C1', 'Alpha'), (2, 'C2', 'Beta'), (3, NULL, 'Gamma');
CREATE TABLE invoices (id INTEGER, customer_id INTEGER, number VARCHAR, kind INTEGER, due VARCHAR, amount DOUBLE, currency VARCHAR);
INSERT INTO invoices VALUES (1, 1, 'F1', 1, '20261001', 100.5, 'EUR'), (2, 2, 'F2', 7, '', 20.25, '');
CREATE TABLE labels (id INTEGER, label VARCHAR, kind INTEGER);
INSERT INTO labels VALUES (1, 'Late', 1), (2, 'Late', 2), (3, 'Good', 1);
CREATE TABLE customer_labels (customer_id INTEGER, label_id INTEGER);
CREATE TABLE customer_extras (customer_id INTEGER, scenario VARCHAR, made_by VARCHAR, class INTEGER);
INSERT INTO customer_extras VALUES (2, NULL, 'import', 9);
"""
# What only `schema check` tells.
OF_SCHEMA_CHECK = ("W0509",)
_CODE = re.compile(r"\b([EW]\d{4})\b")
# What differs from run to run.
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+]*\d")


@dataclass(frozen=True, slots=True)
class Came:
    """``codes`` in the order in which they came. ``text``: everything that was said of them. ``failed``: a command did."""

    codes: tuple[str, ...]
    text: str
    failed: bool


def run_example(code: str, example: Example, folder: Path, patch: pytest.MonkeyPatch) -> Came:
    """Runs one in an empty folder."""
    match example.kind.split():
        case ["rules"] | ["yaml"]:
            return _check(f"example.{'rules' if example.kind == 'rules' else 'yml'}", example.text.encode())
        case ["text"]:
            return _check("example.rules", TOO_MUCH[code])
        case ["yaml", "test"]:
            return _data(example.text)
        case ["console"]:
            return _console(example.text, folder, patch)
        case ["yaml", "schema.yml"]:
            return _over_tables(code, example.text, folder, patch)
        case [_, path]:
            commands = {"csv": f"load {path}", "yaml": "check" if path == "assignrules.yml" else f"test {path}"}
            return _console(f"$ assignrules {commands[example.kind.split()[0]]}\n", folder, patch, {path: example.text})
        case _:
            raise AssertionError(f"no example is of kind {example.kind}")


def _check(name: str, data: bytes) -> Came:
    source, problems = decode(name, data)
    packs = PackFolders()
    if source is not None:
        problems = check_files([source], credit(), packs=packs).diagnostics
    known = {} if source is None else {source.name: source}
    codes = tuple(problem.code for problem in problems)
    return Came(codes, render(problems, {**packs.sources, **known}), any(found[0] == "E" for found in codes))


def _data(text: str) -> Came:
    """A rule test that expects its data errors and warnings, and nothing of the rest."""
    case, problems = read_case(SourceFile("test.yml", text), credit())
    assert case is not None and not problems, problems
    planner = DuckDBPlanner(credit())
    assert not run_case(case, planner, credit())
    assert case.rules is not None
    ruleset, _ = planner.check((case.rules,), case.params, case.project)
    assert ruleset is not None
    with planner.session(ruleset, case.given, case.as_of) as session:
        outcome = session.plan()
    found = (*outcome.data_errors, *outcome.data_warnings)
    lines = [f"{item.code}: {item.message}, {item.count} of `{item.entity}`: {', '.join(item.examples)}\n" for item in found]
    return Came(tuple(item.code for item in found), "".join(lines), bool(outcome.data_errors))


def _console(text: str, folder: Path, patch: pytest.MonkeyPatch, written: dict[str, str] | None = None) -> Came:
    patch.setenv("COLUMNS", "100")
    patch.setenv("LOGNAME", "jane")
    patch.delenv("GITHUB_WORKSPACE", raising=False)
    place = folder / "strategy"
    assert CliRunner().invoke(application, ["init", str(place)]).exit_code == 0
    for path, content in (written or {}).items():
        (place / path).parent.mkdir(exist_ok=True)
        (place / path).write_text(content, encoding="utf-8")
    patch.chdir(place)
    codes: list[str] = []
    told: list[str] = []
    failed = False
    for line in text.splitlines():
        if line.startswith("# "):
            happens(line[2:], place, patch)
            continue
        assert line.startswith("$ assignrules "), line
        failed, codes, told = _command(shlex.split(line[2:])[1:])
    return Came(tuple(codes), "".join(told), failed)


def _over_tables(code: str, schema: str, folder: Path, patch: pytest.MonkeyPatch) -> Came:
    """A schema file over a company's own tables: the rules are checked, and planned if they may be, or the schema is checked."""
    import duckdb

    place = folder / "company"
    (place / "rules").mkdir(parents=True)
    (place / "assignrules.yml").write_text(PROJECT, encoding="utf-8")
    (place / "schema.yml").write_text(schema, encoding="utf-8")
    (place / "rules" / "company.rules").write_text(RULES, encoding="utf-8")
    with duckdb.connect(str(place / "company.duckdb")) as connection:
        connection.execute(TABLES)
    patch.setenv("COLUMNS", "100")
    patch.chdir(place)
    if code in OF_SCHEMA_CHECK:
        failed, codes, told = _command(["schema", "check", "--format", "json"])
        return Came(tuple(codes), "".join(told), failed)
    failed, codes, told = _command(["check", "--format", "json"])
    if not failed:
        failed, more, planned = _command(["plan", "--format", "json", "--as-of", "2026-11-22"])
        codes, told = list(dict.fromkeys((*codes, *more))), [*told, *planned]
    return Came(tuple(codes), "".join(told), failed)


def _command(words: list[str]) -> tuple[bool, list[str], list[str]]:
    """The last command is what an example is about. What it answers in JSON names its codes, its text shows them."""
    done = CliRunner().invoke(application, words, prog_name="assignrules")
    told = done.stderr
    if "json" in words:
        answer = json.loads(done.stdout)
        found = [*answer.get("diagnostics", ()), *answer.get("data_errors", ()), *answer.get("data_warnings", ())]
        told = "".join(f"{item['code']}: {item['message']}\n" for item in found)
    elif done.exit_code and not _CODE.search(told):
        told = done.stdout
    return done.exit_code != 0, list(dict.fromkeys(_CODE.findall(told))), [_MOMENT.sub("…", _HASH.sub("sha256:…", told))]
