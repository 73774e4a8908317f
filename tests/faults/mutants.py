"""Mutation testing: `python -m tests.faults.mutants [MODULE …]` lets mutmut change one expression at a time in the modules that place
missing-value guards, types and staleness, and says how many changes a test noticed.

Each module has judges of its own, as the tests that touch it are many and mostly dear: whoever runs them all waits for days. Works in
`build/mutants/MODULE`, and goes on where it was stopped, unless the module changed. `ASSIGNRULES_MUTANTS=4` is the number of processes;
`ASSIGNRULES_SAMPLE=147` takes those changes alone whose number ends in one of these digits. Afterwards `mutmut show NAME` in that folder
shows a change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "mutants"
LINKED = ("src", "grammar", "rulesets", "examples", "tests")


@dataclass(frozen=True, slots=True)
class Module:
    """``tests``: pytest's arguments that choose the judges."""

    path: str
    tests: tuple[str, ...]


MODULES = {
    # What an expression means on a database: the cases there. The goldens of SQL would notice any other text, whatever it means.
    "scalars": Module("src/assignrules/sql/scalars.py", ("tests/faults/judges.py", "-k", "duckdb")),
    # When an apply must not go on. One database will do: what differs between them is not in this module.
    "executor": Module(
        "src/assignrules/apply/executor.py",
        (
            *("tests/apply/test_refusals_say_why.py", "tests/apply/test_apply.py", "tests/apply/test_proposals.py"),
            *("tests/apply/test_revert.py", "tests/mapping/test_apply.py"),
            *("-k", "not postgres and not at_once and not another_database"),
        ),
    ),
    # What may stand together and what comes out: what is said of wrong rules, and what right ones mean, which the reference
    # says quickest; of scales only a database knows.
    "typing": Module(
        "src/assignrules/resolve/typing.py",
        ("tests/resolve", "tests/check/test_messages.py", "tests/faults/judges.py", "-k", "not duckdb or money"),
    ),
}


def workplace(name: str) -> Path:
    """A folder for mutmut, which reads its settings where it runs: the same files, and settings for one module."""
    module, folder = MODULES[name], FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    mutated = folder / "mutants" / module.path
    if mutated.exists() and mutated.stat().st_mtime < (ROOT / module.path).stat().st_mtime:
        shutil.rmtree(folder / "mutants")  # what reaches which statement holds of the module as it was
    for linked in LINKED:
        if not (folder / linked).is_symlink():
            (folder / linked).symlink_to(ROOT / linked)
    settings = {
        "source_paths": ["src"],
        "only_mutate": [module.path],
        "also_copy": [*LINKED[1:], "pyproject.toml"],
        "pytest_add_cli_args_test_selection": list(module.tests),
        "pytest_add_cli_args": ["-p", "tests.faults.reach"],
        "process_isolation": "forkserver",  # a test that DuckDB ran in hangs in a process forked from it
    }
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text() + "\n[tool.mutmut]\n" + lines)
    return folder


def mutmut(folder: Path, *arguments: str) -> str:
    """Runs a command of it there; what `run` says is shown as it comes."""
    command = [sys.executable, "-c", "from mutmut.__main__ import cli; cli()", *arguments]
    environment = os.environ | {"ASSIGNRULES_MUTATED": MODULES[folder.name].path}
    done = subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=None if arguments[0] == "run" else subprocess.PIPE, text=True
    )
    return done.stdout or ""


def main(names: list[str]) -> None:
    processes = os.environ.get("ASSIGNRULES_MUTANTS") or str(os.cpu_count() or 1)
    sample = os.environ.get("ASSIGNRULES_SAMPLE")
    summary = []
    for name in names or MODULES:
        folder = workplace(name)
        mutmut(folder, "run", "--max-children", processes, *([f"*[{sample}]"] if sample else []))
        print(mutmut(folder, "results"))
        mutmut(folder, "export-cicd-stats")
        counts = json.loads((folder / "mutants" / "mutmut-cicd-stats.json").read_text())
        noticed = sum(counts[how] for how in ("killed", "timeout", "segfault", "suspicious"))
        judged = noticed + counts["survived"] + counts["no_tests"]
        summary.append(f"{name}: {noticed} of {judged} changes noticed ({noticed / judged:.1%}), of {counts['total']} that there are")
    print("\n".join(summary))


if __name__ == "__main__":
    main(sys.argv[1:])
