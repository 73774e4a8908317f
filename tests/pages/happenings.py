"""What happens between the commands of a page's console example: each line behind `#`, done for real in the project's folder."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assignrules.databases.duckdb import DuckDB
from assignrules.plan.file import read_plan, write_plan

Happening = Callable[[Path, pytest.MonkeyPatch], None]
PLAN = "monday.plan"


def happens(what: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Makes it happen; a line that nothing here knows is a mistake of the page."""
    rule = re.match(r"the rules get: (.*)", what)
    if rule is not None:
        with (folder / "rules" / "more.rules").open("a", encoding="utf-8") as stream:
            stream.write(f"{rule[1]}\n")
        return
    database = re.match(r"the project file says: (database: .*)", what)
    if database is not None:
        _edit(folder / "assignrules.yml", r'database: "[^"]*"', lambda _: database[1])
        return
    HAPPENINGS[what](folder, patch)


def _edit(path: Path, pattern: str, change: Callable[[re.Match[str]], str]) -> None:
    text, count = re.subn(pattern, change, path.read_text(encoding="utf-8"), count=1)
    assert count == 1, f"{path.name} has no {pattern}"
    path.write_text(text, encoding="utf-8")


def _sql(*statements: str) -> Happening:
    def run(folder: Path, _: pytest.MonkeyPatch) -> None:
        with DuckDB(folder / "local.duckdb").writing() as session:
            for statement in statements:
                session.execute(statement)
            session.commit()

    return run


def _header(**change: Any) -> Happening:
    def run(folder: Path, _: pytest.MonkeyPatch) -> None:
        plan, problems = read_plan(folder / PLAN)
        assert plan is not None, problems
        values = {key: value(plan.header) if callable(value) else value for key, value in change.items()}
        write_plan(replace(plan, header=replace(plan.header, **values)), folder / PLAN)

    return run


def _earlier(moment: str) -> str:
    return (datetime.fromisoformat(moment) - timedelta(days=8)).isoformat()


def _without_c001(folder: Path, _: pytest.MonkeyPatch) -> None:
    for path in (folder / "data").glob("*.csv"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if "C001" not in line), encoding="utf-8")


def _another_file(folder: Path, _: pytest.MonkeyPatch) -> None:
    (folder / "local.duckdb").write_bytes(b"not a database" * 999)


def _packs(*rules: tuple[str, str]) -> Happening:
    def run(folder: Path, _: pytest.MonkeyPatch) -> None:
        for name, text in rules:
            (folder / "packs" / name).mkdir(parents=True)
            (folder / "packs" / name / "pack.rules").write_text(text, encoding="utf-8")
        (folder / "rules" / "more.rules").write_text('use "first"\n', encoding="utf-8")
        with (folder / "assignrules.yml").open("a", encoding="utf-8") as stream:
            stream.write("rulesets: [packs]\n")

    return run


def _committed(folder: Path, _: pytest.MonkeyPatch) -> None:
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=jane", "-c", "user.email=jane@example.org", "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def _bug(folder: Path, patch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise AssertionError("what cannot be")

    patch.setattr(sys.modules["assignrules.api"], "check", broken)


HAPPENINGS: dict[str, Happening] = {
    "somebody edits monday.plan": lambda folder, _: _edit(folder / PLAN, "Call first", lambda _: "Never mind"),
    "somebody gives C001 a scenario by hand": _sql("INSERT INTO assignrules_target_scenario VALUES ('C001', 'By hand')"),
    "monday.plan comes from a program with another schema": _header(schema="sha256:" + "0" * 64),
    "the database is deleted": lambda folder, _: (folder / "local.duckdb").unlink(),
    "eight days pass": _header(created=lambda header: _earlier(header.created), expires=lambda header: _earlier(header.expires)),
    "a trigger of the database gives C004 a scenario, whenever a group changes": _sql(
        "CREATE TRIGGER more AFTER INSERT ON assignrules_target_group FOR EACH STATEMENT "
        "INSERT INTO assignrules_target_scenario VALUES ('C004', 'Slipped in')"
    ),
    "somebody deletes the table of documents": _sql("DROP TABLE document"),
    "local.duckdb is overwritten by another file": _another_file,
    "the project file gets a second environment `production` on the same database": lambda folder, _: _edit(
        folder / "assignrules.yml", r'( +)local: (\{database: "[^"]*"\})', lambda found: f"{found[0]}\n{found[1]}production: {found[2]}"
    ),
    "somebody alters a row of the journal": _sql("UPDATE assignrules_change SET after = '\"Never mind\"' WHERE sequence = 1"),
    "a later version of the program writes the journal": _sql("UPDATE assignrules_meta SET value = '99' WHERE key = 'journal'"),
    "the next delivery of data lacks C001, with its documents": _without_c001,
    "the folder packs/ holds two packs that use each other": _packs(("first", 'use "second"\n'), ("second", 'use "first"\n')),
    "the folder packs/ holds two packs, one of which uses the other": _packs(
        ("first", 'use "second"\n'), ("second", "define owed = outstanding\n")
    ),
    "the project is committed to git": _committed,
    "the program has a bug": _bug,
}
