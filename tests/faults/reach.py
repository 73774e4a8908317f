"""A pytest plugin for mutmut's runs: of the tests that call a changed function, only those that reach the changed statement are run.
mutmut itself knows functions alone, and a function that is one long `match` is called by every test."""

from __future__ import annotations

import ast
import gc
import json
import os
from collections.abc import Generator
from pathlib import Path

import coverage
import pytest
import sqlglot.dialects.duckdb  # noqa: F401  # what each mutant's process would load again

REACHED = "reached.json"  # beside the mutants: by mutant, the tests that reach it


class Watch:
    """While mutmut gathers which tests call which function: which statements they reach."""

    def __init__(self, module: Path, reached: Path) -> None:
        self.module, self.reached = module, reached
        self.coverage = coverage.Coverage(data_file=None, include=[str(self.module)])

    def pytest_sessionstart(self) -> None:
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        tests = self.coverage.get_data().contexts_by_lineno(str(self.module))
        known = json.loads(self.reached.read_text()) if self.reached.exists() else {}
        for mutant, lines in changed(self.module.read_text()).items():
            known[mutant] = sorted({*known.get(mutant, ()), *(test for line in lines for test in tests.get(line, ()) if test)})
        self.reached.write_text(json.dumps(known))


def changed(source: str) -> dict[str, range]:
    """By mutant, the lines of the statement that it changes, in the function as it was; all of the function's where it changes its head."""
    written = source.splitlines()
    functions = {node.name: node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name}
    statements: dict[str, list[range]] = {}
    found = {}
    for name, mutant in functions.items():
        was = name.partition("__mutmut_")[0] + "__mutmut_orig"
        original = functions[was]
        if was not in statements:
            inside = [part for part in ast.walk(original) if isinstance(part, ast.stmt)]
            statements[was] = [range(part.lineno, (part.end_lineno or part.lineno) + 1) for part in inside]
        before = written[original.lineno : original.end_lineno]
        after = written[mutant.lineno : mutant.end_lineno]
        same = next((number for number, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), len(before) - 1)
        line = original.lineno + 1 + same
        found[name] = min((lines for lines in statements[was] if line in lines), key=len)
    return found


def pytest_configure(config: pytest.Config) -> None:
    gc.freeze()  # pytest looks for garbage at its end, and what was there before it is none
    if os.environ.get("MUTANT_UNDER_TEST") == "stats":
        config.pluginmanager.register(Watch(config.rootpath / os.environ["ASSIGNRULES_MUTATED"], config.rootpath / REACHED))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    mutant = os.environ.get("MUTANT_UNDER_TEST", "").rpartition(".")[2]
    if "__mutmut_" not in mutant:
        return
    reaching = set(json.loads((config.rootpath / REACHED).read_text()).get(mutant, [item.nodeid for item in items]))
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in reaching])
    items[:] = [item for item in items if item.nodeid in reaching]
