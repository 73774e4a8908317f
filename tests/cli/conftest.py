"""A loaded project to run commands in, and a way to run them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.conftest import empty_postgres

from assignrules.cli import application

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line as the console does: its exit code, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("GITHUB_WORKSPACE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def invoke(*arguments: str | Path, input: str | None = None) -> Result:
        return CliRunner().invoke(application, [str(argument) for argument in arguments], input=input, prog_name="assignrules")

    return invoke


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as `init` makes it, with its sample data loaded; to be copied, not used."""
    folder = tmp_path_factory.mktemp("projects") / "mine"
    for words in (["init", str(folder)], ["load", str(folder / "data"), "--project", str(folder)]):
        done = CliRunner().invoke(application, words)
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def project(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A loaded project of one's own, and the current folder."""
    folder = tmp_path / "mine"
    shutil.copytree(loaded, folder)
    monkeypatch.chdir(folder)
    return folder


def on_postgres(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads the project's data into PostgreSQL instead, whose address comes from the environment, as in production."""
    monkeypatch.setenv("STRATEGY_DATABASE", empty_postgres("cli").address)
    (folder / "local.duckdb").unlink()
    path = folder / "assignrules.yml"
    text = re.sub(r'"duckdb:///[^"]*"', '"${STRATEGY_DATABASE}"', path.read_text(encoding="utf-8"))
    assert "STRATEGY_DATABASE" in text
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(application, ["load", "data"])
    assert done.exit_code == 0, done.output
