"""Mutation testing: small changes of one expression at a time in the modules that place missing-value guards, types and staleness, each
of which a test must notice (`make mutants`).

Each mutant lives in a process forked for it alone, before any database has threads (a tool that forks later hangs on them), in which the
changed function's code takes the place of the right one. The tests are those that the module answers to, quick ones first.

`ASSIGNRULES_MUTANTS=40` takes a random sample of so many of each module, `ASSIGNRULES_SEED` says which; the survivors are printed with
their lines. A survivor is a missing test, or a change that means the same. The score is for people to judge: the command ends with 1 only
where the tests fail by themselves.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit
from assignrules.testing import ReferencePlanner, read_case, run_case
from assignrules.testing.database import DuckDBPlanner

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 10  # a mutant that takes so many times as long as no change does not end: that is noticed too
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


@dataclass(frozen=True)
class Suite:
    """What a module answers to: case files by folder, on the engine or for the checker alone, or test files."""

    folders: tuple[str, ...] = ()
    engine: bool = False
    files: tuple[str, ...] = ()


SUITES = {
    "assignrules.sql.scalars": Suite(("missing", "numbers", "dates", "text", "top", "value_targets", "as_of", "money"), engine=True),
    "assignrules.resolve.typing": Suite(("check", "numbers", "money", "dates", "definitions", "text", "scores", "aggregates", "missing")),
    "assignrules.apply.executor": Suite(files=("tests/apply/test_apply.py", "tests/apply/test_proposals.py")),
}


@dataclass(frozen=True)
class Mutant:
    """A change at a line of a function."""

    function: str
    line: int
    change: str
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree = ast.parse(source)
    for path, node in _functions(tree):
        for place, inner in enumerate(ast.walk(node)):
            for number, (change, _) in enumerate(_changes(inner)):
                other = copy.deepcopy(tree)
                function = next(found for name, found in _functions(other) if name == path)
                twin = list(ast.walk(function))[place]
                list(_changes(twin))[number][1]()
                yield Mutant(path, getattr(inner, "lineno", node.lineno), change, ast.fix_missing_locations(other))


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{inner.name}", inner) for inner in node.body if isinstance(inner, ast.FunctionDef))


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
    """What may be changed at a node, and how to do it in place."""
    match node:
        case ast.Compare(ops=[operator, *_]) if type(operator) in OPPOSITES:
            other = OPPOSITES[type(operator)]
            yield f"{type(operator).__name__} to {other.__name__}", lambda: node.ops.__setitem__(0, other())
        case ast.BoolOp(op=operator):
            swapped = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield f"{type(operator).__name__} to {type(swapped).__name__}", lambda: setattr(node, "op", swapped)
        case ast.If(test=test) | ast.IfExp(test=test):
            yield "condition negated", lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.match_case(guard=guard) if guard is not None:
            yield "guard of a case left out", lambda: setattr(node, "guard", None)
        case ast.comprehension(ifs=[_, *_]):
            yield "filter left out", lambda: setattr(node, "ifs", [])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not left out", lambda: setattr(node, "operand", ast.UnaryOp(ast.Not(), operand))
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield "returns None", lambda: setattr(node, "value", ast.Constant(None))
        case ast.BinOp(op=ast.Add()):
            yield "+ to -", lambda: setattr(node, "op", ast.Sub())
        case ast.BinOp(op=ast.Sub()):
            yield "- to +", lambda: setattr(node, "op", ast.Add())
        case ast.Constant(value=bool() as value):
            yield f"{value} to {not value}", lambda: setattr(node, "value", not value)
        case ast.Constant(value=int() as number):
            yield f"{number} to {number + 1}", lambda: setattr(node, "value", number + 1)
        case ast.Constant(value=str() as text) if text and " " not in text:  # prose is for the golden files
            yield f'"{text}" to another text', lambda: setattr(node, "value", f"{text}_")


def plant(mutant: Mutant, module: ModuleType) -> None:
    """Gives the right function the changed one's code, wherever it was imported to."""
    other: dict[str, object] = {**vars(module)}
    exec(compile(mutant.tree, str(module.__file__), "exec"), other)
    right, wrong = _at(vars(module), mutant.function), _at(other, mutant.function)
    right.__code__ = wrong.__code__
    right.__defaults__ = wrong.__defaults__


def _at(names: dict[str, object], path: str) -> FunctionType:
    owner, _, method = path.rpartition(".")
    found = vars(names[owner])[method] if owner else names[method]
    found = inspect.unwrap(getattr(found, "__func__", None) or getattr(found, "fget", None) or found)
    assert isinstance(found, FunctionType), path
    return found


def passes(suite: Suite) -> bool:
    """Whether the tests notice nothing."""
    if suite.files:
        options = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-p", "no:randomly", "-m", "not slow", "-k", "not postgres"]
        return pytest.main([*options, *(str(ROOT / file) for file in suite.files)]) == 0
    schema = credit()
    planner = DuckDBPlanner(schema) if suite.engine else ReferencePlanner(schema)
    for folder in suite.folders:
        for file in sorted((ROOT / "tests" / "cases" / folder).glob("*.yml")):
            case, _ = read_case(SourceFile(file.name, file.read_text(encoding="utf-8")), schema)
            assert case is not None
            if run_case(case, planner, schema):
                return False
    return True


def survives(mutant: Mutant, module: ModuleType, suite: Suite, seconds: float = 3600) -> bool:
    """Whether nothing notices a mutant, looked at in a process of its own."""
    child = os.fork()
    if child == 0:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        try:
            plant(mutant, module)
            alive = passes(suite)
        except BaseException:
            alive = False  # it broke: noticed
        os._exit(0 if alive else 1)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def main(names: list[str]) -> int:
    most = int(os.environ.get("ASSIGNRULES_MUTANTS", "0"))
    chance = random.Random(int(os.environ.get("ASSIGNRULES_SEED", "1")))
    for name in names or list(SUITES):
        module, suite = importlib.import_module(name), SUITES[name]
        found = list(mutants(Path(str(module.__file__)).read_text(encoding="utf-8")))
        sample = sorted(chance.sample(range(len(found)), min(most or len(found), len(found))))
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        began = time.monotonic()
        if not survives(Mutant(found[0].function, 1, "none", ast.parse(source)), module, suite):
            print(f"{name}: its tests fail without any change")
            return 1
        seconds = PATIENCE * (time.monotonic() - began) + 30
        print(f"{name}: {len(sample)} of {len(found)} mutants", flush=True)
        alive = 0
        for place in sample:
            if survives(found[place], module, suite, seconds):
                alive += 1
                print(f"  survives: line {found[place].line} {found[place].function}: {found[place].change}", flush=True)
        print(
            f"{name}: {len(sample) - alive} of {len(sample)} noticed, {100 * (len(sample) - alive) / max(1, len(sample)):.0f}%", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
