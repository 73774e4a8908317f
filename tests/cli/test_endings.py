"""How a command ends: exit codes, one JSON document, and streams."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from assignrules import api
from assignrules.cli import application
from assignrules.cli.application import SECTIONS
from assignrules.cli.options import ALONE, WITH_VALUE

pytestmark = pytest.mark.slow

SOURCES = str(Path(__file__).resolve().parents[2] / "src")


def process(*arguments: str, **more: object) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": SOURCES}
    command = [sys.executable, "-m", "assignrules", *arguments]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


@pytest.mark.parametrize("name", [name for names in SECTIONS.values() for name in names])
def test_every_command_is_documented(run, name: str) -> None:
    done = run(name, "--help")
    assert done.exit_code == 0
    command = application.commands[name]
    assert command.help and len(command.help.split()) >= 6
    words = {option for parameter in command.params for option in parameter.opts}
    assert {"--project", "-e", "--as-of", "--param", "-q", "-v"} <= words
    for parameter in command.params:
        assert parameter.param_type_name == "argument" or parameter.help, f"{name} {parameter.opts} has no help"


def test_every_command_has_its_section() -> None:
    assert sorted(application.commands) == sorted(name for names in SECTIONS.values() for name in names)


def test_usage(run) -> None:
    for words in ((), ("plna",), ("plan", "--overide-guard", "x"), ("check", "--format", "xml")):
        assert run(*words).exit_code == 64
    assert "Did you mean 'plan'?" in run("plna").stderr
    assert "Did you mean '--override-guard'?" in run("plan", "--overide-guard", "x").stderr
    assert json.loads(run("plan", "--overide-guard", "x", "--format", "json").stdout)["ok"] is False
    assert run("--help").exit_code == 0
    assert run("--version").stdout.startswith("assignrules ")


def test_common_options_before_the_command(run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"--count", "--limit", "--format"}
    options = [option for option in application.commands["search"].params if isinstance(option, click.Option)]
    common = {word: option.is_flag for option in options for word in option.opts if word not in own}
    assert common == {**dict.fromkeys(WITH_VALUE, False), **dict.fromkeys(ALONE, True)}
    expected = run("search", "major", "--param", "large=30_000 EUR", "--format", "csv").stdout
    monkeypatch.chdir(project.parent)
    for words in (
        ("--project", project, "-q"),
        (f"--project={project}", "-elocal"),
        ("-v", "--environment", "local", "--project", project),
    ):
        done = run(*words, "--param", "large=30_000 EUR", "search", "major", "--format", "csv")
        assert (done.exit_code, done.stdout) == (0, expected)
    assert json.loads(run("--format", "json", "--project", project, "search", "--count").stdout)["schema_version"] == 1
    assert run("--format=json", "--project", project, "search", "nope").stdout.startswith("{")
    assert run("--project", project).exit_code == 64
    assert run("--project").exit_code == 64


def test_no_project(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("check", "--format", "json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["diagnostics"][0]["code"] == "E0901"
    assert "assignrules init" in done.stderr
    assert "does not exist" in run("check", "--project", "nowhere").stderr


def test_no_environment(run, project: Path) -> None:
    done = run("plan", "-e", "locl")
    assert done.exit_code == 1
    assert "did you mean `local`?" in done.stderr


def test_no_data(run, project: Path) -> None:
    (project / "local.duckdb").unlink()
    for words in (("plan",), ("search", "major"), ("log",), ("apply", "--yes"), ("explain", "C001")):
        done = run(*words)
        assert done.exit_code == 5
        assert "assignrules load" in done.stderr
    document = json.loads(run("plan", "--format", "json").stdout)
    assert document["diagnostics"][0]["code"] == "E0510"


def test_no_database(run, project: Path) -> None:
    (project / "local.duckdb").write_text("this is no database " * 500)
    done = run("plan")
    assert done.exit_code == 5
    assert "Traceback" not in done.stderr


def test_broken_rules_stop_every_command(run, project: Path) -> None:
    (project / "rules" / "bad.rules").write_text("search x where unknown_name\n")
    for words in (("plan",), ("search", "major"), ("apply", "--yes"), ("compile",)):
        done = run(*words)
        assert done.exit_code == 1
        assert "error[E0201]" in done.stderr
        assert "bad.rules:1:16" in done.stderr
    assert json.loads(run("plan", "--format", "json").stdout)["ok"] is False
    assert run("log").exit_code == 0, "the journal can be read with broken rules"


def test_our_own_bug(run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **more: object) -> None:
        raise RuntimeError("it broke")

    monkeypatch.setattr(api, "check", fail)
    done = run("check")
    assert done.exit_code == 70
    assert "internal error: RuntimeError: it broke" in done.stderr
    assert "report this" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in run("check", "-v").stderr
    assert json.loads(run("check", "--format", "json").stdout)["diagnostics"][0]["code"] == "E9901"


def test_ctrl_c(run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # G2
    def stop(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "check", stop)
    done = run("check")
    assert done.exit_code == 130
    assert "interrupted" in done.stderr


def test_sigterm(run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # G2
    monkeypatch.setattr(api, "check", lambda *arguments: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    done = run("check")
    assert done.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_nobody_reads(project: Path) -> None:  # G2
    """The work is done and its exit code kept, and nothing is complained of."""
    running = process("apply", "--yes", cwd=project)
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    errors = running.stderr.read()
    assert running.wait() == 0
    assert "Traceback" not in errors
    assert "Broken" not in errors
    assert len(api.log(api.load_project(project))) == 1


def test_no_colour_without_a_terminal(run, project: Path) -> None:  # G2
    (project / "rules" / "bad.rules").write_text("search x where unknown_name\n")
    assert "\x1b" not in run("check").output + run("plan").output


def test_a_terminal_that_cannot_show_a_letter(project: Path) -> None:
    path = project / "data" / "customers.csv"
    path.write_text(path.read_text().replace("Alpha Tools", "Ωmega"), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": SOURCES, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "assignrules"]
    subprocess.run([*command, "load", "data"], cwd=project, env=environment, check=True, capture_output=True)
    done = subprocess.run([*command, "search", "major"], cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "mega" in done.stdout
