"""`demo`."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from assignrules.cli import exits
from assignrules.cli.init import must_be_free
from assignrules.cli.options import PATH, Options, common, shown
from assignrules.cli.output import colored, complain, emit, page

if TYPE_CHECKING:
    from assignrules.apply import ApplyResult
    from assignrules.plan.model import Plan
    from assignrules.project import Project

EXAMPLE = Path("examples") / "my_company_sas"


@click.command()
@click.argument("directory", required=False, type=PATH, metavar="[DIR]", default=Path("my_company_sas"))
@common
def demo(directory: Path, options: Options) -> int:
    """Build the My Company SAS example, plan, preview, apply, look back. Asks nothing.

    2,000 made-up customers in an embedded database, in a new folder (my_company_sas, unless DIR says otherwise). Takes some seconds.
    """
    must_be_free(directory)
    return _Demo(directory, options).run()


class _Demo:
    """The steps of the demo, each headed by the command that does the same."""

    def __init__(self, directory: Path, options: Options) -> None:
        self.directory = directory
        self.options = options
        self.number = 0
        self.page = page()

    def run(self) -> int:
        """All steps; the exit code."""
        from assignrules import api
        from assignrules.report import plan as plan_report

        shutil.copytree(
            example(), self.directory, ignore=shutil.ignore_patterns("data", "__pycache__", "*.duckdb", "*.wal"), dirs_exist_ok=True
        )
        as_of = self._generate()
        project = api.load_project(self.directory, as_of=as_of)
        day = f"--as-of {as_of.isoformat()}"
        self._load(project)
        self._check(project)
        self._search(project, day)
        with self._step("What would the rules change? Nothing is written yet.", f"assignrules plan {day}"):
            plan = api.plan_changes(project)
        emit(plan_report.plan_text(plan, self.page))
        result = self._apply(project, plan, day)
        if result.exit_code:
            complain(result.diagnostics)
            return result.exit_code
        self._look_back(project, plan, day)
        again = self._again(project, day)
        self._next(day)
        return exits.DONE if not again.changes else exits.BUG

    @contextmanager
    def _step(self, title: str, command: str) -> Iterator[None]:
        self.number += 1
        emit(f"\n{self.page.heading(f'{self.number}. {title}')}\n   $ {command}\n\n")
        with _working(title, quiet=self.options.quiet):
            yield

    def _generate(self) -> date:
        with self._step("Make up a company: 2,000 customers who owe 75 million euros.", "python generate.py data"):
            module = _generator(self.directory / "generate.py")
            as_of: date = module.AS_OF
            module.generate(self.directory / "data", as_of=as_of)
        files = list((self.directory / "data").iterdir())
        emit(f"{len(files)} CSV files in {self.directory / 'data'}, one for each entity\n")
        return as_of

    def _load(self, project: Project) -> None:
        from assignrules import api
        from assignrules.report.page import count

        with self._step("Load it into an embedded database.", "assignrules load data"):
            report = api.load(project, [self.directory / "data"])
        if not report.loaded:
            raise api.Problems(report.diagnostics)
        rows = [[item.entity, f"{item.after:,}"] for item in report.entities]
        emit("".join(f"{line}\n" for line in self.page.table(rows, right=(1,))))
        emit(f"{count(sum(item.after for item in report.entities), 'row')}, none rejected\n")

    def _check(self, project: Project) -> None:
        from assignrules import api
        from assignrules.report.diagnostics import summary

        with self._step("Check the rules.", "assignrules check"):
            report = api.check(project)
        if not report.ok:
            raise api.Problems(report.diagnostics, report.sources)
        emit(summary(report.diagnostics, len(report.files)) + f": {', '.join(report.files)}\n")

    def _search(self, project: Project, day: str) -> None:
        from assignrules import api
        from assignrules.report.rows import counts_as_table

        with self._step("How many customers does each search find?", f"assignrules search --count {day}"):
            counts = api.search_counts(project)
        emit(counts_as_table([(item.name, item.entity, item.label, item.count) for item in counts], self.page))

    def _apply(self, project: Project, plan: Plan, day: str) -> ApplyResult:
        from assignrules import api
        from assignrules.report.page import count

        with self._step("Apply it, and keep a journal.", f'assignrules apply {day} --yes --reason "go live"'):
            result = api.apply(project, plan, reason="go live")
        if not result.exit_code:
            emit(f"applied as run {result.run}: {count(result.changes, 'change')}\njournal head {result.head}\n")
        return result

    def _look_back(self, project: Project, plan: Plan, day: str) -> None:
        from assignrules import api
        from assignrules.report.explanation import as_text
        from assignrules.report.journal import runs_text

        with self._step("What was done?", "assignrules log"):
            runs = api.log(project)
        emit(runs_text(runs, self.page))
        change = next((change for change in plan.change_rows() if change.target == "scenario" and change.line == 1), None)
        change = change or next(plan.change_rows())
        words = f"{shown(change.subject)} {change.target}"
        with self._step(f"Why does {change.label or change.subject} get that?", f"assignrules explain {words} {day}"):
            found = api.explain(project, change.subject, change.target)
        emit(as_text(found, self.page))

    def _again(self, project: Project, day: str) -> Plan:
        from assignrules import api
        from assignrules.report.plan import plan_text

        with self._step("Plan again: what is done is done.", f"assignrules plan --summary {day}"):
            plan = api.plan_changes(project)
        emit(plan_text(plan, self.page, summary=True))
        return plan

    def _next(self, day: str) -> None:
        emit(f"\n{self.page.heading('Your turn')}\n")
        emit(
            f"   cd {shown(str(self.directory))}\n"
            f"   # set a parameter in rules/strategy.rules, old_days = 30 days say, then see who is concerned:\n"
            f"   assignrules plan {day}\n"
            f"   assignrules explain CUSTOMER {day}\n"
            f"   assignrules --help\n"
        )


def example() -> Path:
    """The folder of the example: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for place in (package / EXAMPLE, package.parents[1] / EXAMPLE):
        if (place / "assignrules.yml").is_file():
            return place
    raise FileNotFoundError(2, "the example is missing from this installation", str(EXAMPLE))


def _generator(path: Path) -> ModuleType:
    """The example's own generator, as a module; nothing is written beside it."""
    spec = importlib.util.spec_from_file_location("my_company_sas_generator", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
        del sys.modules[spec.name]
    return module


@contextmanager
def _working(title: str, *, quiet: bool) -> Iterator[None]:
    """A moving sign on a terminal while something takes its time."""
    if quiet or not sys.stderr.isatty() or not colored(sys.stderr):
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(title):
        yield


COMMANDS = (demo,)
