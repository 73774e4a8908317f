"""assignrules as a library: open a project, check its rules, plan, apply, and read the journal.

    project = load_project("strategy")
    plan = plan_changes(project)
    if plan.header.applicable:
        apply(project, plan, reason="daily run")

Functions return frozen values and print nothing. They raise ``Problems`` where the rules, the project or the input are wrong, with a
diagnostic for each; and ``databases.DatabaseProblem``, with one, where the database cannot be opened or fails.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from assignrules import project as projects
from assignrules.diagnostics import Diagnostic, SourceFile, diagnostic, has_errors, in_file_order
from assignrules.diagnostics.model import did_you_mean
from assignrules.project import FILE_NAME, Project

if TYPE_CHECKING:
    from assignrules.apply import ApplyResult
    from assignrules.check import Checked
    from assignrules.databases import Database, Session
    from assignrules.ir.changes import Change, DataProblem, Drifted, Proposed
    from assignrules.ir.ruleset import Ruleset
    from assignrules.journal.tables import Run
    from assignrules.load import LoadReport
    from assignrules.plan.explanation import Explanation
    from assignrules.plan.freshness import Freshness
    from assignrules.plan.mapping_check import MappingCheck
    from assignrules.plan.model import Plan
    from assignrules.plan.reports import ReportLines
    from assignrules.plan.searches import SearchCount, SearchResult
    from assignrules.report.coverage import Coverage
    from assignrules.schema.file import SchemaFile
    from assignrules.schema.logical import Schema
    from assignrules.schema.mapping import SchemaMapping
    from assignrules.testing import Case

LIFETIME = timedelta(days=7)

Sources = Mapping[str, SourceFile]


class Problems(Exception):
    """Something is wrong that the caller can mend. ``sources`` are the texts that the diagnostics are about."""

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Sources | None = None) -> None:
        self.diagnostics = tuple(diagnostics)
        self.sources = dict(sources or {})
        super().__init__("; ".join(item.message for item in self.diagnostics))


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Every diagnostic of checking rules, in file order. ``files``: the names of the files checked. ``ruleset``: None where there is an
    error."""

    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    ruleset: Ruleset | None = field(repr=False)
    sources: Sources = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings may be."""
        return not has_errors(self.diagnostics)


@dataclass(frozen=True, slots=True)
class FormatReport:
    """Rule files whose layout is not (or was not) the canonical one, those that already have it, and those that cannot be read."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    sources: Sources = field(repr=False)


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


def load_project(
    folder: str | os.PathLike[str] | None = None,
    *,
    environment: str | None = None,
    as_of: date | None = None,
    params: Mapping[str, str] | None = None,
) -> Project:
    """The project of a folder or of the nearest folder above it; of the current one unless given. ``folder`` may be the file itself.

    ``environment``: by name, instead of the project's default. ``as_of``: the day that the rules take for today. ``params``: values of
    parameters in the rule language (``{"large": "400_000 EUR"}``), before those of the project file.
    """
    place = Path(folder) if folder is not None else Path.cwd()
    if not place.exists():
        raise Problems([diagnostic("E0901", f"folder `{place}` does not exist")])
    path = place if place.is_file() else projects.find_project_file(place)
    if path is None:
        message = f"there is no project file `{FILE_NAME}` in `{place.name or place}` or above it"
        help = "`assignrules init DIR` makes a project, `assignrules demo` an example; `--project DIR` names one elsewhere"
        raise Problems([diagnostic("E0901", message, help=help)])
    project, source, problems = projects.open_project(path.absolute(), environment=environment, as_of=as_of, params=params)
    if project is None:
        raise Problems(problems, {} if source is None else {source.name: source})
    return project


def check(project: Project, paths: Sequence[str | os.PathLike[str]] = ()) -> CheckReport:
    """Checks the project's rules: syntax, names, types, meaning. Raises nothing for what it finds.

    ``paths``: only the diagnostics of these rule files or folders; where they are not among the project's rules, they are checked alone,
    with the project's parameters and currency.
    """
    sources, problems = projects.rule_sources(project)
    if not paths:
        return _check(project, sources, problems)
    given, faults = projects.given_rule_sources(project, paths)
    names = {source.name for source in given}
    if names <= {source.name for source in sources}:
        report = _check(project, sources, problems)
        kept = (item for item in report.diagnostics if item.span is None or item.span.file in names or item.span.file not in report.sources)
        return replace(report, files=tuple(sorted(names)), diagnostics=(*faults, *kept))
    return _check(project, given, faults, whole_project=False)


def format_rules(project: Project, paths: Sequence[str | os.PathLike[str]] = (), *, write: bool = True) -> FormatReport:
    """Puts rule files into the canonical layout, comments kept; with ``write`` off, only says which it would change.

    A file with a syntax problem is left as it is, and reported.
    """
    from assignrules.syntax.formatter import format_file
    from assignrules.syntax.yaml_form import format_yaml_rules, is_yaml, read_rules

    holds_text = _schema(project).holds_text()
    sources, problems = projects.given_rule_sources(project, paths) if paths else projects.rule_sources(project)
    found = list(problems)
    changed, unchanged = [], []
    for source in sources:
        tree, faults = read_rules(source, holds_text)
        found.extend(faults)
        if has_errors(faults):
            continue
        text = format_yaml_rules(source, holds_text) if is_yaml(source.name) else format_file(tree, source)
        if text == source.text:
            unchanged.append(source.name)
            continue
        changed.append(source.name)
        if write:
            _write(project.root / source.name, text)
    return FormatReport(tuple(changed), tuple(unchanged), in_file_order(found), _by_name(project, sources))


def convert_rules(source: SourceFile, to: str) -> str:
    """The text of a rule file in the other form: ``to`` is ``yaml`` or ``rules``. In its own form, the canonical layout.

    Comments are kept. Raises ``Problems`` where the file cannot be read as rules.
    """
    from assignrules.schema.logical import credit
    from assignrules.syntax.formatter import format_file
    from assignrules.syntax.yaml_form import format_yaml_rules, is_yaml, read_rules
    from assignrules.syntax.yaml_write import write_yaml_rules

    holds_text = credit().holds_text()
    file, problems = read_rules(source, holds_text)
    if has_errors(problems):
        raise Problems(problems, {source.name: source})
    if to == "rules":
        return format_file(file, source)
    return format_yaml_rules(source, holds_text) if is_yaml(source.name) else write_yaml_rules(file, source)


def compile_sql(project: Project, search: str | None = None, *, dialect: str | None = None) -> str:
    """The SQL of one search, or of all searches, the plan, the alerts and the reports, formatted and commented. ``dialect`` is sqlglot's
    name of one; the database's unless given. No database is opened."""
    from assignrules.databases.binding import at
    from assignrules.sql import NotCompiled, compile_alerts, compile_plan_sql, compile_reports, compile_searches

    ruleset = _ruleset(project)
    wanted = dialect or _database(project).dialect
    _check_dialect(wanted)
    mapping = at(_mapping(project), project.as_of)
    try:
        if search is not None:
            _, name = _known_search(ruleset, search)
            return compile_searches(ruleset, mapping, wanted, project.as_of, [name])
        names = [item.name for item in ruleset.searches()]
        parts = (
            compile_searches(ruleset, mapping, wanted, project.as_of, names),
            compile_plan_sql(ruleset, mapping, wanted, project.as_of),
            compile_alerts(ruleset, mapping, wanted, project.as_of),
            compile_reports(ruleset, mapping, wanted, project.as_of),
        )
        return "\n".join(part for part in parts if part)
    except NotCompiled as problem:
        help = "compile one search by name, or for another dialect: every rule runs on DuckDB and PostgreSQL"
        raise Problems([diagnostic("E0199", str(problem), help=help)]) from problem


def load(project: Project, paths: Sequence[str | os.PathLike[str]]) -> LoadReport:
    """Replaces the rows of each entity that has a file, in one transaction; with anything rejected, nothing is (``LoadReport.loaded``)."""
    from assignrules.load import load as load_files

    if project.schema is not None:
        message = f"`load` fills the embedded store, and the rows of this project are where `{project.schema}` says"
        raise Problems([diagnostic("E0510", message, help="leave `schema` out of the project file to use the embedded store")])
    return load_files([Path(path) for path in paths], _database(project), _schema(project), project.currency, project.calendar)


def search(project: Project, name: str, *, limit: int | None = None) -> SearchResult:
    """What a search finds today: how many rows, and key and label of the first ``limit`` of them, by key.

    Of searches of one name on several entities, that on customers is meant; ``document.late`` names another.
    """
    from assignrules.plan.searches import search_rows

    ruleset = _ruleset(project)
    entity, name = _known_search(ruleset, name)
    with _reading(project) as session:
        found = search_rows(session, ruleset, _bound(project, session), name, as_of=project.as_of, limit=limit)
    return next(result for result in found if result.entity == entity)


def search_counts(project: Project) -> tuple[SearchCount, ...]:
    """How many rows each search finds today, in one pass over the data."""
    from assignrules.plan.searches import count_searches

    ruleset = _ruleset(project)
    with _reading(project) as session:
        return count_searches(session, ruleset, _bound(project, session), as_of=project.as_of)


def report(project: Project, name: str) -> ReportLines:
    """What a report of the rules shows today: the names of its columns, and its lines as printed values, in order."""
    from assignrules.plan.reports import run_report

    ruleset = _ruleset(project)
    names = [item.name for item in ruleset.reports]
    if name not in names:
        help = did_you_mean(name, names) or (
            "reports are " + ", ".join(f"`{item}`" for item in names) if names else "the rules have no report"
        )
        raise Problems([diagnostic("E0905", f"there is no report `{name}`", help=help)])
    with _reading(project) as session:
        found = run_report(session, ruleset, _mapping(project), name, as_of=project.as_of)
    if found.errors:
        raise Problems(diagnostic(item.code, _said(item), help="mend the data; a report of wrong figures is none") for item in found.errors)
    return found


def _said(problem: DataProblem) -> str:
    examples = f": {', '.join(problem.examples)}" if problem.examples else ""
    more = ", …" if problem.examples and problem.count > len(problem.examples) else ""
    rows = "row" if problem.count == 1 else "rows"
    return f"{problem.message} ({problem.count} {rows} of {problem.entity}{examples}{more})"


def plan_changes(project: Project, *, overrides: Collection[str] = (), only: str | None = None, keep: bool = False) -> Plan:
    """What the rules would change, and why; nothing is written. Look at ``header.applicable`` before anything else.

    ``overrides``: names of guards that shall not stop it. ``only``: a target; the others stay as they are. ``keep``: the plan is going to a
    file (``save_plan``), so it bears the time it was made and expires after seven days.
    """
    from assignrules.plan.build import build_plan

    ruleset = _ruleset(project)
    _known_target(project, only)
    _known_guards(overrides, {*(block.rule for block in ruleset.assignments), *_schema(project).targets, *_freshness_guards(project)})
    created = datetime.now(UTC).replace(microsecond=0) if keep else None
    with _reading(project) as session:
        return build_plan(
            session,
            ruleset,
            _bound(project, session),
            as_of=project.as_of,
            environment=_environment(project),
            lineage=_lineage(session),
            anchor=_head(session),
            project_guard=project.guard,
            overrides=overrides,
            only=only,
            created=created,
            expires=created + LIFETIME if created is not None else None,
            git=projects.git_revision(project.root),
        )


def freshness(project: Project, *, overrides: Collection[str] = (), now: datetime | None = None) -> tuple[Freshness, ...]:
    """The verdicts of the project's `freshness` guard, by entity. They are no part of a plan: ask for them beside it. ``now``: another time
    than the present, with a time zone."""
    from assignrules.plan import freshness as guard

    if not project.freshness:
        return ()
    with _reading(project) as session:
        return guard.freshness(session, _bound(project, session), project.freshness, now or datetime.now(UTC), overrides)


def _freshness_guards(project: Project) -> set[str]:
    from assignrules.plan.freshness import guard_name

    return {guard_name(entity) for entity in project.freshness}


def plan_revert(project: Project, number: int, *, skip_conflicts: bool = False, keep: bool = False) -> Plan:
    """What would set the changes of a run back, for ``apply``; nothing is written.

    What is no longer as the run left it is listed as conflicts and left; with any, the plan is applicable only with ``skip_conflicts``.
    ``keep``: as for ``plan_changes``. The rules have no say in it, and may be other ones meanwhile, or broken.
    """
    from assignrules.apply.revert import build_revert

    created = datetime.now(UTC).replace(microsecond=0) if keep else None
    with _reading(project) as session:
        return build_revert(
            session,
            _bound(project, session),
            _known_run(session, number),
            as_of=project.as_of,
            environment=_environment(project),
            currency=project.currency,
            skip_conflicts=skip_conflicts,
            created=created,
            expires=created + LIFETIME if created is not None else None,
            git=projects.git_revision(project.root),
        )


def save_plan(plan: Plan, path: str | os.PathLike[str]) -> None:
    """Writes a plan to a file, whole or not at all (``OSError``)."""
    from assignrules.plan.file import write_plan

    write_plan(plan, Path(path).absolute())


def read_plan(path: str | os.PathLike[str]) -> Plan:
    """The plan of a file that ``save_plan`` wrote and nobody changed since."""
    from assignrules.plan.file import read_plan as read

    plan, problems = read(Path(path))
    if plan is None:
        raise Problems(problems)
    return plan


def plan_is_of(plan: Plan, project: Project) -> bool:
    """Whether the project's rules are still those of a plan; a plan that sets a run back is made without them."""
    from assignrules.ir.digest import ruleset_digest

    return plan.header.reverts is not None or plan.header.ruleset == ruleset_digest(_ruleset(project))


def apply(
    project: Project,
    plan: Plan,
    *,
    user: str | None = None,
    reason: str | None = None,
    approved_by: str | None = None,
    overrides: Collection[str] = (),
) -> ApplyResult:
    """Applies a plan and journals it, or leaves the database as it is: ``ApplyResult.outcome`` says which, its diagnostics say why."""
    from assignrules.apply import apply_plan
    from assignrules.ir.digest import ruleset_digest
    from assignrules.schema.digest import schema_digest

    back = plan.header.reverts is not None
    digest = plan.header.ruleset if back else ruleset_digest(_ruleset(project))
    _known_guards(overrides, {*(guard.name for guard in plan.header.guards), *_freshness_guards(project)})
    verdicts = () if back else freshness(project, overrides=overrides)  # what was done can be undone, however old the data is
    old = [verdict.problem() for verdict in verdicts if not (verdict.passed or verdict.overridden)]
    return apply_plan(
        _database(project),
        _mapping(project),
        plan,
        ruleset_digest=digest,
        schema_digest=schema_digest(_mapping(project)),
        environment=_environment(project),
        now=datetime.now(UTC),
        user=user,
        reason=reason,
        approved_by=approved_by,
        overrides=frozenset(overrides) | {guard.name for guard in plan.header.guards if guard.overridden},
        refusals=old,
    )


def log(project: Project) -> tuple[Run, ...]:
    """Every run in the journal, the latest first."""
    from assignrules.journal.history import runs

    with _reading(project) as session:
        return tuple(reversed(runs(session)))


def run(project: Project, number: int) -> tuple[Run, tuple[Change, ...]]:
    """One run with its changes, in the plan's order."""
    from assignrules.journal import history

    with _reading(project) as session:
        return _known_run(session, number), history.changes(session, number)


def run_alerts(project: Project, number: int) -> Mapping[str, tuple[str, ...]]:
    """By alert, the keys of the rows that it had when a run was applied."""
    from assignrules.journal import history

    with _reading(project) as session:
        return history.alerts(session, number)


def run_proposals(project: Project, number: int) -> tuple[Proposed, ...]:
    """What a run did with proposals, in the plan's order."""
    from assignrules.journal import history

    with _reading(project) as session:
        return history.proposals(session, number)


def run_exports(project: Project, number: int) -> tuple[Mapping[str, tuple[Change, ...]], tuple[Proposed, ...]]:
    """What other systems take from a run: by target kept for export, sorted, its changes; and what it did with proposals."""
    from assignrules.journal import history
    from assignrules.schema.physical import Store

    physical = _mapping(project).physical
    places = {} if physical is None else physical.targets
    names = sorted(name for name, place in places.items() if place.store is Store.EXPORT)
    with _reading(project) as session:
        _known_run(session, number)
        changes = history.changes(session, number)
        targets = {name: tuple(change for change in changes if change.target == name) for name in names}
        return targets, history.proposals(session, number)


def history(project: Project, customer: str) -> tuple[tuple[Run, Change], ...]:
    """Every journalled change of a customer (or of another subject, by its business key), the first one first."""
    from assignrules.journal import history as journal

    with _reading(project) as session:
        found = journal.history(session, customer)
        if not found and not _is_subject(project, session, customer):
            raise Problems([_no_customer(project, session, customer)])
        return found


def changed_by_hand(project: Project, customer: str) -> tuple[Drifted, ...]:
    """The states of a customer that are not those that the journal's last change left: somebody changed them outside the rules."""
    from assignrules.apply.revert import differing, left_as
    from assignrules.journal import history as journal

    with _reading(project) as session:
        mapping = _bound(project, session)
        changes = (change for _, change in journal.history(session, customer) if change.target in mapping.targets)
        return tuple(found for found in differing(session, mapping, left_as(changes)) if found.there)


def verify(project: Project, anchor: str | None = None) -> tuple[Diagnostic, ...]:
    """What is wrong with the journal. ``anchor``: a head that was seen earlier; without one a cut tail cannot be seen (W0801)."""
    from assignrules.journal import chain

    with _reading(project) as session:
        return chain.verify(session, anchor)


def journal_head(project: Project) -> str | None:
    """The hash of the journal's last run: an anchor for ``verify``."""
    with _reading(project) as session:
        return _head(session)


def explain(project: Project, customer: str, target: str | None = None) -> Explanation:
    """Why a customer gets what it gets, and why not the other lines."""
    from assignrules.plan.explain import explain as explain_subject

    ruleset = _ruleset(project)
    _known_target(project, target)
    with _reading(project) as session:
        found = explain_subject(session, ruleset, _bound(project, session), customer, as_of=project.as_of, target=target)
        if not found.subjects:
            raise Problems([_no_customer(project, session, customer)])
        return found


def check_schema(project: Project) -> MappingCheck:
    """The project's schema file against its database: tables, columns, types, fragments, and the data that they give."""
    from assignrules.plan.mapping_check import check_mapping

    found = _schema_file(project)
    return check_mapping(_database(project), found.mapping, _ruleset(project), project.as_of)


def schema_sources(project: Project) -> Sources:
    """The texts that diagnostics of the schema may point into."""
    return {} if project.schema is None else {source.name: source for source in projects.schema_of(project)[1]}


def schema_of(project: Project) -> SchemaMapping:
    """What the project's rules speak of, and where it lives."""
    return _mapping(project)


def draft_schema(project: Project) -> str:
    """A first schema file for the project's database, from its catalogue: guesses, marked as such, to be looked at one by one."""
    from assignrules.databases.catalogue import read_catalogue
    from assignrules.schema.draft import draft

    with _database(project).reading() as session:
        return draft(read_catalogue(session))


def grants(project: Project, *, reader: str, writer: str) -> str:
    """SQL with which an owner of the project's database gives two roles exactly what they need: one that reads and plans, one that applies
    too. The database is read, and not changed."""
    from assignrules.apply.rights import DIALECT, script

    database = _database(project)
    if database.dialect != DIALECT:
        message = f"database `{database.name}` is a file, and has no roles"
        raise Problems([diagnostic("E0906", message, help="choose an environment on PostgreSQL with `-e`")])
    with database.reading() as session:
        return script(session, _mapping(project), reader, writer)


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
        raise Problems(problems, _by_name(project, rules))
    sources = {source.name: source for source in rules}
    results = []
    packs = projects.pack_folders(project)
    planner = CoveringPlanner(_schema(project), packs)
    for path in _test_files(project, paths):
        name = projects.shown_name(project, path)
        start = time.perf_counter()
        source, found = projects.read_source(path, name)
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
        differences = run_case(case, planner, _schema(project), rules=rules)
        changed = False
        if update and (differences or case.expect.is_empty):
            text = updated(source, case, planner, _schema(project), rules=rules)
            changed = text != source.text
            if changed:
                _write(path, text)
                source = SourceFile(name, text)
                sources[name] = source
                again, found = _case(project, source)
                if again is None:
                    results.append(TestResult(name, case.name, found, updated=True))
                    continue
                differences = run_case(again, planner, _schema(project), rules=rules)
        found = tuple(difference.diagnostic() for difference in differences)
        results.append(TestResult(name, case.name, found, time.perf_counter() - start, changed))
    covered = None
    if coverage:
        files = {source.name for source in rules}
        covered = Coverage(spots(_ruleset(project), _schema(project), files), frozenset(planner.chosen))
    return TestReport(tuple(results), {**packs.sources, **sources}, covered)


def _check(project: Project, sources: tuple[SourceFile, ...], problems: Sequence[Diagnostic], whole_project: bool = True) -> CheckReport:
    from assignrules.check import check_files
    from assignrules.check.availability import available

    packs = projects.pack_folders(project)
    try:
        mapping = _mapping(project)
    except Problems as refusal:
        names = tuple(source.name for source in sources)
        return CheckReport(names, in_file_order((*problems, *refusal.diagnostics)), None, refusal.sources)
    own: tuple[Diagnostic, ...] = ()
    if project.schema is not None:
        _, own_sources, own = projects.schema_of(project)
        packs.sources.update({source.name: source for source in own_sources})
    checked: Checked = check_files(
        sources,
        mapping.schema,
        params=project.params,
        currency=project.currency,
        ignored_currencies=project.ignored_currencies,
        calendar=project.calendar,
        packs=packs,
        whole_project=whole_project,
    )
    ruleset, lacking = (None, ()) if checked.ruleset is None else available(checked.ruleset, mapping)
    found = in_file_order((*problems, *own, *checked.diagnostics, *lacking))
    ruleset = None if has_errors(found) else ruleset
    return CheckReport(tuple(source.name for source in sources), found, ruleset, _by_name(project, (*packs.sources.values(), *sources)))


def _by_name(project: Project, sources: Iterable[SourceFile]) -> Sources:
    """The texts that a diagnostic may point into; a parameter's value is one too."""
    from assignrules.resolve.params import given_name

    given = {given_name(name): SourceFile(given_name(name), text) for name, text in project.params.items()}
    return {project.source.name: project.source, **given, **{source.name: source for source in sources}}


def _ruleset(project: Project) -> Ruleset:
    report = check(project)
    if report.ruleset is None:
        raise Problems(report.diagnostics, report.sources)
    return report.ruleset


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

    case, problems = read_case(source, _schema(project))
    if case is None:
        return None, problems
    node, _ = read_yaml(source)
    if not (isinstance(node, Entries) and node.get("project") is not None):
        case = replace(case, project=ProjectSettings(project.currency, project.calendar, project.ignored_currencies))
    if case.rules is None:
        case = replace(case, params={**project.params, **case.params})
    return case, ()


def _write(path: Path, text: str) -> None:
    """Replaces a file whole or not at all, and keeps its mode."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        os.chmod(temporary, path.stat().st_mode & 0o7777)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _schema(project: Project) -> Schema:
    """What the project's rules speak of."""
    return _mapping(project).schema


def _mapping(project: Project) -> SchemaMapping:
    """Where it lives: the embedded store, or what the project's schema file says."""
    if project.schema is None:
        from assignrules.schema.logical import credit
        from assignrules.schema.mapping import identity

        return identity(credit())
    return _schema_file(project).mapping


def _schema_file(project: Project) -> SchemaFile:
    found, sources, problems = projects.schema_of(project)
    if found is None:
        raise Problems(problems, {source.name: source for source in sources})
    return found


def _bound(project: Project, session: Session) -> SchemaMapping:
    """The mapping as the session's database has it."""
    from assignrules.databases.binding import bind

    mapping, problems = bind(session, _mapping(project), project.as_of)
    if has_errors(problems):
        raise Problems(problems, {source.name: source for source in _schema_file(project).sources})
    return mapping


def _database(project: Project) -> Database:
    database, problems = projects.database_of(project)
    if database is None:
        raise Problems(problems, {project.source.name: project.source})
    return database


def _environment(project: Project) -> str:
    assert project.environment is not None, "the database was opened by it"
    return project.environment


@contextmanager
def _reading(project: Project) -> Iterator[Session]:
    from assignrules.apply.rights import need
    from assignrules.databases import NoDataYet

    database = _database(project)
    with database.reading() as session:
        need(session, _mapping(project), write=False)
        if project.schema is None and _lineage(session) is None:
            raise NoDataYet(f"database `{database.name}` holds no data of assignrules yet", help="load data with `assignrules load`")
        yield session


def _known_run(session: Session, number: int) -> Run:
    from assignrules.journal import history

    found = history.run(session, number)
    if found is None:
        last = max((item.id for item in history.runs(session)), default=0)
        help = f"runs go from 1 to {last}" if last else "nothing has been applied yet"
        raise Problems([diagnostic("E0802", f"the journal has no run {number}", help=help)])
    return found


def _lineage(session: Session) -> str | None:
    from assignrules.databases.embedded import lineage

    return lineage(session)


def _head(session: Session) -> str | None:
    from assignrules.journal.chain import head

    return head(session)


def _is_subject(project: Project, session: Session, key: str) -> bool:
    """Whether an entity with targets has a row of this business key."""
    mapping = _bound(project, session)
    entities = dict.fromkeys(target.entity for target in mapping.schema.targets.values() if target.entity in mapping.entities)
    return any(
        session.fetch(f"SELECT 1 FROM {rows} WHERE {column} = $key LIMIT 1", {"key": key})
        for rows, column in (_keys(session, mapping, entity) for entity in entities)
    )


def _keys(session: Session, mapping: SchemaMapping, entity: str) -> tuple[str, str]:
    """An entity's rows for a FROM, and the column of their business key."""
    from assignrules.databases import quoted
    from assignrules.sql.dialects import DIALECTS
    from assignrules.sql.relations import Relations

    column = mapping.entities[entity].fields[mapping.schema.entities[entity].key or ""].column
    return Relations(mapping, DIALECTS[session.dialect]).text(entity, "row", [column]), quoted(column)


def _no_customer(project: Project, session: Session, key: str) -> Diagnostic:
    mapping = _bound(project, session)
    if "customer" not in mapping.entities:
        return diagnostic("E0803", f"there is no `{key}`")
    rows, column = _keys(session, mapping, "customer")
    # Mostly a digit too many or too few, or the wrong one: keys of about the same length that begin alike, or end alike.
    alike = f"left({column}, 2) = left($key, 2) OR right({column}, 3) = right($key, 3) OR lower({column}) = lower($key)"
    near = session.fetch(
        f"SELECT DISTINCT {column} FROM {rows} WHERE abs(length({column}) - length($key)) <= 1 AND ({alike}) LIMIT 5000",
        {"key": key},
    )
    return diagnostic("E0803", f"there is no customer `{key}`", help=did_you_mean(key, sorted(row[0] for row in near)))


def _known_search(ruleset: Ruleset, name: str) -> tuple[str, str]:
    """Entity and name of the search that is meant."""
    searches = [(item.entity, item.name) for item in ruleset.searches()]
    # A search of a rule pack has a point in its own name: `policy_a.eligible`.
    found = [item for item in searches if name in (item[1], f"{item[0]}.{item[1]}")]
    if found:
        return next((item for item in found if item[0] == "customer"), found[0])
    names = [word for _, word in searches]
    help = did_you_mean(name, names) or (
        "searches are " + ", ".join(f"`{item}`" for item in names) if names else "the rules have no search"
    )
    raise Problems([diagnostic("E0905", f"there is no search `{name}`", help=help)])


def _known_target(project: Project, target: str | None) -> None:
    targets = list(_schema(project).targets)
    if target is not None and target not in targets:
        help = did_you_mean(target, targets) or "targets are " + ", ".join(f"`{name}`" for name in targets)
        raise Problems([diagnostic("E0203", f"there is no target `{target}`", help=help)])


def _known_guards(names: Collection[str], known: Collection[str]) -> None:
    listed = sorted(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Problems(
            diagnostic(
                "E0906",
                f"there is no guard `{name}`",
                help=did_you_mean(name, listed) or ("guards are " + ", ".join(f"`{item}`" for item in listed) if listed else None),
            )
            for name in unknown
        )


def _check_dialect(dialect: str) -> None:
    from assignrules.sql import known_dialects

    names = known_dialects()
    if dialect not in names:
        help = did_you_mean(dialect, names) or "dialects are " + ", ".join(f"`{name}`" for name in names)
        raise Problems([diagnostic("E0906", f"there is no SQL dialect `{dialect}`", help=help)])
