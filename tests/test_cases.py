"""Every case file on every backend."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from tests.conftest import BACKENDS

from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit
from assignrules.testing import Planner, read_case, run_case

FOLDER = Path(__file__).parent / "cases"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yml"))


# Before every commit each file runs on the reference, every tenth on DuckDB, which takes five times as long, and none on a server.
EVERY = {"reference": 1, "duckdb": 10}


def runs() -> list[ParameterSet]:
    """Every file on every backend."""
    found = []
    for name in sorted(BACKENDS):
        for number, file in enumerate(FILES):
            quick = name in EVERY and number % EVERY[name] == 0
            found.append(pytest.param(file, name, marks=[] if quick else [pytest.mark.slow]))
    return found


@cache
def backend(name: str) -> Planner:
    return BACKENDS[name]()


@pytest.mark.parametrize(("file", "backend_name"), runs())
def test_case(file: str, backend_name: str) -> None:
    case, problems = read_case(SourceFile(file, (FOLDER / file).read_text(encoding="utf-8")), credit())
    assert case is not None, "\n".join(f"{problem.code} {problem.message} {problem.span}" for problem in problems)
    differences = run_case(case, backend(backend_name), credit())
    assert not differences, "\n".join(map(str, differences))
