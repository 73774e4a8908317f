"""What the data says today: searches, reports, and why a customer gets what it gets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from assignrules.api.named import known_search, known_target, no_customer
from assignrules.api.opened import bound_mapping, reading
from assignrules.api.problems import Problems
from assignrules.api.rules import ruleset_of
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.project import Project

if TYPE_CHECKING:
    from assignrules.ir.changes import DataProblem
    from assignrules.plan.explanation import Explanation
    from assignrules.plan.reports import ReportLines
    from assignrules.plan.searches import SearchCount, SearchResult


def search(project: Project, name: str, *, limit: int | None = None) -> SearchResult:
    """What a search finds today: how many rows, and key and label of the first ``limit`` of them, by key.

    Of searches of one name on several entities, that on customers is meant; ``document.late`` names another.
    """
    from assignrules.plan.searches import search_rows, warned

    ruleset = ruleset_of(project)
    entity, name = known_search(ruleset, name)
    with reading(project) as session:
        mapping = bound_mapping(project, session)
        found = search_rows(session, ruleset, mapping, name, as_of=project.as_of, limit=limit)
        wanted = [result for result in found if result.entity == entity]
        return warned(session, ruleset, mapping, wanted, as_of=project.as_of)[0]


def search_counts(project: Project) -> tuple[SearchCount, ...]:
    """How many rows each search finds today, in one pass over the data."""
    from assignrules.plan.searches import count_searches, warned

    ruleset = ruleset_of(project)
    with reading(project) as session:
        mapping = bound_mapping(project, session)
        found = count_searches(session, ruleset, mapping, as_of=project.as_of)
        return warned(session, ruleset, mapping, found, as_of=project.as_of)


def report(project: Project, name: str) -> ReportLines:
    """What a report of the rules shows today: the names of its columns, and its lines as printed values, in order."""
    from assignrules.plan.reports import run_report

    ruleset = ruleset_of(project)
    names = [item.name for item in ruleset.reports]
    if name not in names:
        help = did_you_mean(name, names) or (
            "reports are " + ", ".join(f"`{item}`" for item in names) if names else "the rules have no report"
        )
        raise Problems([diagnostic("E0905", f"there is no report `{name}`", help=help)])
    with reading(project) as session:
        found = run_report(session, ruleset, bound_mapping(project, session), name, as_of=project.as_of)
    if found.errors:
        raise Problems(diagnostic(item.code, _said(item), help="mend the data; a report of wrong figures is none") for item in found.errors)
    return found


def data_warnings(found: Iterable[SearchResult | SearchCount]) -> tuple[Diagnostic, ...]:
    """What the data lacks for searches, as diagnostics."""
    help = "load the rates; until then the rows may be too few or too many"
    return tuple(diagnostic(problem.code, _said(problem), help=help) for item in found for problem in item.warnings)


def _said(problem: DataProblem) -> str:
    examples = f": {', '.join(problem.examples)}" if problem.examples else ""
    more = ", …" if problem.examples and problem.count > len(problem.examples) else ""
    rows = "row" if problem.count == 1 else "rows"
    return f"{problem.message} ({problem.count} {rows} of {problem.entity}{examples}{more})"


def explain(project: Project, customer: str, target: str | None = None) -> Explanation:
    """Why a customer gets what it gets, and why not the other lines."""
    from assignrules.plan.explain import explain as explain_subject

    ruleset = ruleset_of(project)
    known_target(project, target)
    with reading(project) as session:
        found = explain_subject(session, ruleset, bound_mapping(project, session), customer, as_of=project.as_of, target=target)
        if not found.subjects:
            raise Problems([no_customer(project, session, customer)])
        return found
