"""`diff` over a company's own tables: each revision maps them by its own schema file, and its own params of the environment."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.mapping.test_apply import project_in

from assignrules import api

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")]


def commit(folder: Path) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "schema.yml", "assignrules.yml", "rules"], [*who, "commit", "-qm", "rules"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_each_revision_has_its_own_schema(tmp_path: Path) -> None:
    # C1 owes 100.1, C2 nothing, C3 5000.25: "Mild", cleared, "Hard". A tenth of that: C3 owes 500.025, which is "Mild" too.
    project = project_in(tmp_path)
    commit(tmp_path)
    edit(tmp_path / "schema.yml", "{column: owing, currency: EUR}", "{sql: 'owing / 10', currency: EUR}")
    found = api.diff(api.load_project(tmp_path, as_of=project.as_of), "HEAD", target="scenario").comparison
    assert [(item.subject, item.now, item.first.after, item.second.after) for item in found.differences] == [("C3", None, "Hard", "Mild")]
    assert found.first.schema != found.second.schema


def test_each_revision_has_its_own_params_of_the_environment(tmp_path: Path) -> None:
    # The other client has one customer, C1, who owes 9999.
    project = project_in(tmp_path)
    commit(tmp_path)
    edit(tmp_path / "assignrules.yml", "client: '1'", "client: '2'")
    found = api.diff(api.load_project(tmp_path, as_of=project.as_of), "HEAD", target="collector").comparison
    assert (found.first.subjects["customer"], found.second.subjects["customer"]) == (3, 1)


def test_what_does_not_fit_the_tables_is_of_the_revision(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    edit(tmp_path / "schema.yml", "name: name\n      turnover", "name: nome\n      turnover")
    commit(tmp_path)
    edit(tmp_path / "schema.yml", "name: nome", "name: name")
    with pytest.raises(api.Problems) as raised:
        api.diff(project, "HEAD")
    (problem,) = raised.value.diagnostics
    assert problem.span is not None and problem.span.file == "HEAD:schema.yml", problem
    assert problem.span.file in raised.value.sources
