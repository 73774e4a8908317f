"""S5: rules that would keep a naive engine busy for ever: answered within a minute and a gigabyte of memory, on both databases."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import empty_postgres

from assignrules import api

pytestmark = pytest.mark.slow

SOURCES = str(Path(api.__file__).parents[2])
SECONDS, BYTES = 60, 1 << 30
MANY = ", ".join(f'"C{number}"' for number in range(1, 50_001))
RULES = {
    "parentheses": ("(" * (1 << 20), 1, "E0116"),
    "brackets": ("define a = code in " + "[" * (1 << 19), 1, "E01"),
    "in": (f"search x where code in ({MANY})\n", 0, r"x +customer +2\n"),
    "matches": ('search x where name matches "(a+)+$"\n', 0, r"x +customer +0\n"),
    "matches more": ('search x where name matches "^(([a-z])+.)+[A-Z]([a-z])+$"\n', 0, r"x +customer +0\n"),
}


def ended(folder: Path, *words: str) -> tuple[int, str]:
    """How a command ends, and what it said; within its bounds."""
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    began = time.monotonic()
    with (folder / "said").open("w+") as said:
        child = subprocess.Popen([sys.executable, "-m", "assignrules", *words], cwd=folder, env=environment, stdout=said, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert time.monotonic() - began < SECONDS
        assert used.ru_maxrss * 1024 < BYTES
        said.seek(0)
        return child.returncode, said.read()


@pytest.mark.parametrize("database", ["duckdb", "postgres"])
def test_giants_are_answered(tmp_path: Path, database: str) -> None:  # S5
    address = "duckdb:///local.duckdb" if database == "duckdb" else empty_postgres("giants").address
    (tmp_path / "assignrules.yml").write_text(f"default_environment: local\nenvironments: {{local: {{database: '{address}'}}}}\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "data").mkdir()
    long = "a" * (1 << 18)
    (tmp_path / "data" / "customers.csv").write_text(f"code,name,active\nC1,{'a' * 40}!,true\nC50000,{long}!,true\nD1,x,true\n")
    assert ended(tmp_path, "load", "data")[0] == 0
    for name, (text, code, words) in RULES.items():
        (tmp_path / "rules" / "a.rules").write_text(text)
        given, said = ended(tmp_path, *(("check",) if code else ("search", "--count")))
        assert given == code, (name, said[:300])
        assert re.search(words, said) and "Traceback" not in said, (name, said[:300])
