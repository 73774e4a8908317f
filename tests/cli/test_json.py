"""Every command that reports answers in JSON too: one document, stamped, also where it fails."""

import json
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Run

from assignrules.cli import application

# These write a file or a text, and report nothing; `demo` is a show.
PROSE = {"convert", "demo"}


def test_every_command_that_reports_has_json() -> None:
    without = [
        name
        for name, command in application.commands.items()
        if not any(isinstance(part, click.Option) and part.name == "format" for part in command.params)
    ]
    assert set(without) == PROSE


def test_init(run: Run, tmp_path: Path) -> None:
    done = run("init", tmp_path / "mine", "--format", "json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 0 and answer["schema_version"] == 1
    assert answer["folder"] == str(tmp_path / "mine")
    assert sorted(answer["created"]) == sorted(
        path.relative_to(tmp_path / "mine").as_posix() for path in (tmp_path / "mine").rglob("*") if path.is_file()
    )
    again = run("init", tmp_path / "mine", "--format", "json")
    assert (again.exit_code, json.loads(again.stdout)["diagnostics"][0]["code"]) == (1, "E0907")


def test_schema_draft(run: Run, project: Path) -> None:
    text = run("schema", "draft").stdout
    shown = json.loads(run("schema", "draft", "--format", "json").stdout)
    assert shown == {"schema_version": 1, "draft": text, "file": None}
    kept = json.loads(run("schema", "draft", "--format", "json", "-o", "draft.yml").stdout)
    assert (kept["file"], kept["draft"], (project / "draft.yml").read_text(encoding="utf-8")) == ("draft.yml", text, text)


def test_compile(run: Run, project: Path) -> None:
    done = run("compile", "very_late", "--dialect", "postgres", "--format", "json")
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["search"], answer["dialect"]) == (0, "very_late", "postgres")
    assert answer["sql"] == run("compile", "very_late", "--dialect", "postgres").stdout
    wrong = run("compile", "very_lat", "--format", "json")
    assert (wrong.exit_code, json.loads(wrong.stdout)["diagnostics"][0]["code"]) == (1, "E0905")


@pytest.mark.parametrize("format", ["text", "github", "sarif"])
def test_a_parameters_value_is_no_file(run: Run, project: Path, format: str) -> None:
    done = run("check", "--param", "large=5 EURO", "--format", format)
    assert done.exit_code == 1
    if format == "text":
        assert " --> <parameter large>:1:3" in done.stdout
    elif format == "github":
        assert done.stdout.startswith("::error title=E0107 ")
    else:
        assert json.loads(done.stdout)["runs"][0]["results"][0]["locations"] == []


def test_no_file_is_not_counted(run: Run, project: Path) -> None:
    assert run("check", "nothing.rules").stdout == "error[E0906]: `nothing.rules` does not exist\n\n1 error\n"
