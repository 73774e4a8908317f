"""`test`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assignrules.cli import exits
from assignrules.cli.options import PATH, Options, common, formats
from assignrules.cli.output import colored, emit

if TYPE_CHECKING:
    from assignrules.api import TestReport


@click.command()
@click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]...")
@formats("text", "json", "junit")
@click.option("--update", is_flag=True, help="Write what came into the tests that fail, or that expect nothing yet.")
@click.option("--coverage", is_flag=True, help="Also show the lines, sides and searches that no test chose.")
@common
def test(paths: tuple[Path, ...], format: str, update: bool, coverage: bool, options: Options) -> int:
    """Run the rule tests: some customers, the rules, and what must come of them.

    Without PATH, all YAML files in the project's folder `tests`. A test brings its own rows; the project's database is not touched.
    """
    from assignrules import api

    report = api.run_tests(options.open(), paths, update=update, coverage=coverage)
    if format == "json":
        _json(report)
    elif format == "junit":
        from assignrules.report.junit import as_junit

        emit(as_junit([(item.file, item.name, item.seconds, [problem.message for problem in item.diagnostics]) for item in report.results]))
    else:
        _text(report, options)
    return exits.DONE if report.ok else exits.WRONG


def _text(report: TestReport, options: Options) -> None:
    from assignrules.report.diagnostics import as_text
    from assignrules.report.page import count

    failed = [item for item in report.results if not item.passed]
    for item in report.results:
        if item.passed and (item.updated or not options.quiet):
            emit(f"{'updated' if item.updated else 'passed '} {item.file}  {item.name}\n")
        elif not item.passed:
            emit(f"FAILED  {item.file}  {item.name}\n")
    for item in failed:
        emit(f"\n{as_text(item.diagnostics, report.sources, color=colored(sys.stdout))}")
    if not report.results:
        emit("there are no rule tests\n")
    else:
        passed = len(report.results) - len(failed)
        emit(f"\n{count(passed, 'test')} passed" + (f", {len(failed):,} failed" if failed else "") + "\n")
    if report.coverage is not None:
        from assignrules.report.coverage import as_text as coverage_text

        emit(f"\n{coverage_text(report.coverage)}")


def _json(report: TestReport) -> None:
    from assignrules.report.diagnostics import document, rows

    tests = [
        {"file": item.file, "name": item.name, "passed": item.passed, "updated": item.updated, "diagnostics": rows(item.diagnostics)}
        for item in report.results
    ]
    found: dict[str, object] = {"ok": report.ok, "tests": tests}
    if report.coverage is not None:
        from assignrules.report.coverage import as_object

        found["coverage"] = as_object(report.coverage)
    emit(document(found))


COMMANDS = (test,)
