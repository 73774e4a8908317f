"""`init` and `demo`: the first five minutes."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from assignrules import api

pytestmark = pytest.mark.slow


def test_a_new_project_is_right_from_the_start(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run("init", tmp_path / "My Strategy")
    assert made.exit_code == 0
    assert "created" in made.stdout
    assert "assignrules check" in made.stderr
    monkeypatch.chdir(tmp_path / "My Strategy")
    assert "name: my-strategy" in Path("assignrules.yml").read_text()
    for name in (".gitignore", ".github/workflows/rules.yml", "rules/strategy.rules", "tests/strategy.yml", "README.md"):
        assert Path(name).is_file()
        assert "PROJECT_NAME" not in Path(name).read_text()
    assert run("check").exit_code == 0
    assert "no problems" in run("check").stdout
    assert run("fmt", "--check").exit_code == 0
    tested = run("test")
    assert tested.exit_code == 0
    assert "1 test passed" in tested.stdout
    assert run("load", "data").exit_code == 0
    assert run("plan", "--detailed-exitcode").exit_code == 2


def test_nothing_of_anybodys_is_overwritten(run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for command in ("init", "demo"):
        refused = run(command, tmp_path)
        assert refused.exit_code == 1
        assert "error[E0907]" in refused.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert run("init", tmp_path / "notes.txt").exit_code == 1


def test_a_repository_that_was_just_made_is_free(run, tmp_path: Path) -> None:
    (tmp_path / "rules" / ".git").mkdir(parents=True)
    assert run("init", tmp_path / "rules").exit_code == 0
    assert (tmp_path / "rules" / "assignrules.yml").exists()
    assert run("init", tmp_path / "rules").exit_code == 1


def test_the_demo_shows_everything(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    start = time.monotonic()
    done = run("demo")
    assert done.exit_code == 0, done.stderr
    assert time.monotonic() - start < 20
    for command in ("load data", "check", "search --count", "plan", "apply", "log", "explain", "plan --summary"):
        assert f"$ assignrules {command}" in done.stdout
    assert "(none) -> No reminder: 46 customers" in done.stdout
    assert "applied as run 1" in done.stdout
    assert "No change" in done.stdout
    assert [found.id for found in api.log(api.load_project(tmp_path / "my_company_sas"))] == [1]
    assert not list((tmp_path / "my_company_sas").rglob("__pycache__"))


def test_docs(run, project: Path) -> None:
    done = run("docs")
    assert done.exit_code == 0 and "open" in done.stderr and done.stdout == ""
    assert "very_late" in (project / "site" / "index.html").read_text()
    again = json.loads(run("docs", "-o", "pages", "--format", "json").stdout)
    assert again["folder"] == "pages" and "index.html" in again["pages"]
    assert {path.name for path in (project / "pages").iterdir()} == {path.name for path in (project / "site").iterdir()}
    refused = run("docs", "-o", "data")
    assert refused.exit_code == 1 and "error[E0907]: folder `data` is not empty" in refused.stderr
    assert run("docs", "-o", "no/where").exit_code == 64
