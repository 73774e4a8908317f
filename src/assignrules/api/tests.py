"""Rule tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assignrules import project as projects
from assignrules.api.opened import logical_schema, sources_by_name
from assignrules.api.problems import Problems, Sources
from assignrules.api.rules import ruleset_of
from assignrules.diagnostics import Diagnostic, SourceFile, diagnostic, has_errors
from assignrules.plan.whole import write_text
from assignrules.project import Project

if TYPE_CHECKING:
    from assignrules.report.coverage import Coverage
    from assignrules.testing import Case


@dataclass(frozen=True, slots=True)
class TestResult:
    """One rule test. ``diagnostics``: what is wrong with its file, or where its outcome differs; empty where it passed. ``updated``: what
    came was written into its file."""

    __test__ = False  # not one of pytest's

    file: str
    name: str
    diagnostics: tuple[Diagnostic, ...]
    seconds: float = field(compare=False, default=0.0)
    updated: bool = False

    @property
    def passed(self) -> bool:
        """Whether everything came as expected."""
        return not self.diagnostics


@dataclass(frozen=True, slots=True)
class TestReport:
    """All rule tests that ran, by file name. ``coverage``: where it was asked for, what they chose of the project's rules."""

    __test__ = False

    results: tuple[TestResult, ...]
    sources: Sources = field(repr=False)
    coverage: Coverage | None = None

    @property
    def ok(self) -> bool:
        """Whether every test passed."""
        return all(result.passed for result in self.results)


def run_tests(
    project: Project, paths: Sequence[str | os.PathLike[str]] = (), *, update: bool = False, coverage: bool = False
) -> TestReport:
    """Runs the rule tests of the project's folder ``tests``, or of the given files and folders. The project's database is not touched.

    ``update``: a test that fails gets what came written into its file, and runs again. ``coverage``: also reports what no test chose.
    """
    import time

    from assignrules.report.coverage import Coverage
    from assignrules.testing import run_case
    from assignrules.testing.coverage import CoveringPlanner, spots
    from assignrules.testing.update import updated

    rules, problems = projects.rule_sources(project)
    if has_errors(problems):
        raise Problems(problems, sources_by_name(project, rules))
    sources = {source.name: source for source in rules}
    results = []
    packs = projects.pack_folders(project)
    planner = CoveringPlanner(logical_schema(project), packs)
    for path in _test_files(project, paths):
        name = projects.shown_name(project, path)
        start = time.perf_counter()
        if paths:
            source, found = projects.read_source(path, name)
        else:
            source, found = projects.read_own_source(project, path, path.relative_to(project.root).as_posix())
        if source is None:
            results.append(TestResult(name, name, found))
            continue
        source = projects.with_last_line_ended(source)
        sources[name] = source
        case, found = _case(project, source)
        if case is None:
            results.append(TestResult(name, name, found))
            continue
        if case.rules is not None:
            sources[case.rules.name] = case.rules
        planner.counts = coverage and case.rules is None
        differences = run_case(case, planner, logical_schema(project), rules=rules)
        changed = False
        if update and (differences or case.expect.is_empty):
            text = updated(source, case, planner, logical_schema(project), rules=rules)
            changed = text != source.text
            if changed:
                write_text(path, text)
                source = SourceFile(name, text)
                sources[name] = source
                again, found = _case(project, source)
                if again is None:
                    results.append(TestResult(name, case.name, found, updated=True))
                    continue
                differences = run_case(again, planner, logical_schema(project), rules=rules)
        found = tuple(difference.diagnostic() for difference in differences)
        results.append(TestResult(name, case.name, found, time.perf_counter() - start, changed))
    covered = None
    if coverage:
        files = {source.name for source in rules}
        covered = Coverage(spots(ruleset_of(project), logical_schema(project), files), frozenset(planner.chosen))
    return TestReport(tuple(results), {**packs.sources, **sources}, covered)


def _test_files(project: Project, paths: Sequence[str | os.PathLike[str]]) -> list[Path]:
    files: dict[Path, None] = {}
    for path in [Path(given) for given in paths] or [project.root / "tests"]:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix in (".yml", ".yaml") and not file.name.startswith("."))
            files.update(dict.fromkeys(found))
        elif path.exists():
            files[path] = None
        else:
            help = None if paths else "rule tests are YAML files in the project's folder `tests`"
            raise Problems([diagnostic("E0906", f"`{path.name if not paths else path}` does not exist", help=help)])
    return list(files)


def _case(project: Project, source: SourceFile) -> tuple[Case | None, tuple[Diagnostic, ...]]:
    """A rule test; what it leaves out comes from the project: its settings, and for the project's own rules its parameters."""
    from assignrules.syntax.yaml_reader import Mapping as Entries
    from assignrules.syntax.yaml_reader import read_yaml
    from assignrules.testing import ProjectSettings, read_case

    case, problems = read_case(source, logical_schema(project))
    if case is None:
        return None, problems
    node, _ = read_yaml(source)
    if not (isinstance(node, Entries) and node.get("project") is not None):
        case = replace(case, project=ProjectSettings(project.currency, project.calendar, project.ignored_currencies))
    if case.rules is None:
        case = replace(case, params={**project.params, **case.params})
    return case, ()
