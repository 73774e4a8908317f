"""Rules as text: open a project, check, lay out, convert and compile its rules."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from assignrules import project as projects
from assignrules.api.named import check_dialect, known_search
from assignrules.api.opened import database_of, logical_schema, mapping_of, sources_by_name
from assignrules.api.problems import Problems, Sources
from assignrules.diagnostics import Diagnostic, SourceFile, diagnostic, has_errors, in_file_order
from assignrules.plan.whole import write_text
from assignrules.project import FILE_NAME, Project

if TYPE_CHECKING:
    from assignrules.check import Checked
    from assignrules.ir.ruleset import Ruleset


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

    holds_text = logical_schema(project).holds_text()
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
            write_text(project.root / source.name, text)
    return FormatReport(tuple(changed), tuple(unchanged), in_file_order(found), sources_by_name(project, sources))


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

    ruleset = ruleset_of(project)
    wanted = dialect or database_of(project).dialect
    check_dialect(wanted)
    mapping = at(mapping_of(project), project.as_of)
    try:
        if search is not None:
            _, name = known_search(ruleset, search)
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
        raise Problems([diagnostic("E0199", str(problem), help=problem.help or help)]) from problem


def _check(project: Project, sources: tuple[SourceFile, ...], problems: Sequence[Diagnostic], whole_project: bool = True) -> CheckReport:
    from assignrules.check import check_files
    from assignrules.check.availability import available

    packs = projects.pack_folders(project)
    try:
        mapping = mapping_of(project)
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
        whole_project=whole_project and not has_errors(problems),  # a file that cannot be read may use anything
    )
    ruleset, lacking = (None, ()) if checked.ruleset is None else available(checked.ruleset, mapping)
    found = in_file_order((*problems, *own, *checked.diagnostics, *lacking))
    ruleset = None if has_errors(found) else ruleset
    texts = sources_by_name(project, (*packs.sources.values(), *sources))
    return CheckReport(tuple(source.name for source in sources), found, ruleset, texts)


def ruleset_of(project: Project) -> Ruleset:
    """The project's rules, which must be free of errors."""
    report = check(project)
    if report.ruleset is None:
        raise Problems(report.diagnostics, report.sources)
    return report.ruleset
