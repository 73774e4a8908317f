"""The command starts fast: `--help` and the bare import load none of the heavy libraries."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("duckdb", "sqlglot", "pydantic", "jinja2", "rich", "lark")

IMPORT = "import assignrules.cli"
HELP = "from assignrules.cli import main; main(['--help'], prog_name='assignrules')"
BASELINE = "import click"

# With compiled modules kept, as an installed command has them.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
    "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "src")
}


def run(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr
    return done


def imported(import_log: str) -> set[str]:
    """Top-level packages named by `-X importtime`, whose lines read `import time: self | cumulative | name`."""
    lines = (line.rsplit("|", 1)[-1].strip() for line in import_log.splitlines() if line.startswith("import time:"))
    return {name.partition(".")[0] for name in lines}


def processor_seconds(code: str) -> float:
    """Processor time of one run: unlike the clock on the wall, it does not grow because other tests run beside this one."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


@pytest.mark.parametrize("code", [IMPORT, HELP], ids=["import", "help"])
def test_no_heavy_library_is_imported(code: str) -> None:
    names = imported(run(code, "-X", "importtime").stderr)
    assert {"assignrules", "click"} <= names, "the import log was not understood"
    assert names.isdisjoint(HEAVY)


def test_help_costs_little_more_than_click() -> None:
    run(HELP)  # compiles what is not compiled yet
    pairs = [(processor_seconds(BASELINE), processor_seconds(HELP)) for _ in range(5)]
    click_alone, with_help = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    # lark, the lightest of the heavy ones, costs as much again as click itself.
    assert with_help < 2 * click_alone + 0.03, f"--help {with_help:.3f} s, click alone {click_alone:.3f} s"
