"""What a change of the rules in git does to the same data."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assignrules import project as projects
from assignrules.api.git import CODE, commit_of, repository, write_files
from assignrules.api.named import known_among
from assignrules.api.opened import bound_mapping, database_of, environment_of, head_of, lineage_of, mapping_of, reading
from assignrules.api.problems import Problems, Sources
from assignrules.api.rules import check
from assignrules.diagnostics import Diagnostic, SourceFile, Span, diagnostic
from assignrules.project import Project

if TYPE_CHECKING:
    from assignrules.databases import Session
    from assignrules.ir.ruleset import Ruleset
    from assignrules.plan.comparison import Comparison
    from assignrules.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Revision:
    """Rules that take part in a comparison. ``commit`` None: those of the working tree, committed or not."""

    name: str
    commit: str | None


@dataclass(frozen=True, slots=True)
class RulesDiff:
    """What two revisions of the rules come to over the same data."""

    first: Revision
    second: Revision
    plans: tuple[Plan, Plan] = field(repr=False)
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class _Side:
    revision: Revision
    project: Project
    ruleset: Ruleset


def diff(
    project: Project, first: str, second: str | None = None, *, target: str | None = None, params: Mapping[str, str] | None = None
) -> RulesDiff:
    """Plans the rules of two revisions over the project's data, on its day, and compares what they come to. Nothing is written.

    ``first`` and ``second`` are names of revisions, as git knows them; without ``second``, the first is compared with the working tree.
    Each revision has its own project file, schema and rule packs; the database is that of ``project``, and so is the day. ``params`` are
    values of parameters for both, before those of their project files. ``target``: of outcomes, held changes and conflicts, only its own.
    """
    from assignrules.plan.comparison import compare

    database_of(project)  # first of all: no revision has to be read where there is nothing to compare over
    place = repository(project.root)
    names = [first] if second is None else [first, second]
    with tempfile.TemporaryDirectory(prefix="assignrules-") as folder:
        revisions = [Revision(name, commit_of(place, name)) for name in names]
        sides = []
        for number, revision in enumerate(revisions):
            assert revision.commit is not None
            root = write_files(place, revision.commit, Path(folder) / str(number))
            sides.append(_side(revision, _opened(revision, root, project, params or {})))
        if second is None:
            sides.append(_side(Revision("working tree", None), project))
        one, other = sides
        if target is not None:
            known_among(target, {**mapping_of(one.project).schema.targets, **mapping_of(other.project).schema.targets})
        plans = _plans(project, one, other)
    return RulesDiff(one.revision, other.revision, plans, compare(*plans, target))


def _opened(revision: Revision, root: Path, project: Project, params: Mapping[str, str]) -> Project:
    """The project of a revision, over the database that is asked here."""
    path = root / project.source.name
    if not path.is_file():
        message = f"revision `{revision.name}` has no project file `{project.source.name}` where this project has it"
        raise Problems([diagnostic(CODE, message, help="name a revision in which the project is where it is now")])
    found, source, problems = projects.open_project(path, as_of=project.as_of, params=params)
    if found is None:
        raise _at(revision, problems, {} if source is None else {source.name: source})
    name = environment_of(project)
    here, there = project.environments[name], found.environments.get(name)
    environment = replace(here, schema_params=(there or here).schema_params)
    return replace(found, environments={**found.environments, name: environment}, environment=name)


def _side(revision: Revision, project: Project) -> _Side:
    report = check(project)
    if report.ruleset is None:
        raise _at(revision, report.diagnostics, report.sources)
    return _Side(revision, project, report.ruleset)


def _plans(project: Project, first: _Side, second: _Side) -> tuple[Plan, Plan]:
    with reading(project) as session:
        one = _planned(session, first)
        if not any(problem.code == "E0504" for problem in one.data_errors):
            return one, _planned(session, second)
    with reading(project) as session:  # a number that grew too large has ended the snapshot
        return one, _planned(session, second)


def _planned(session: Session, side: _Side) -> Plan:
    from assignrules.apply.rights import need
    from assignrules.plan.build import build_plan

    project = side.project
    need(session, mapping_of(project), write=False)
    try:
        mapping = bound_mapping(project, session)
    except Problems as error:
        raise _at(side.revision, error.diagnostics, error.sources) from error
    return build_plan(
        session,
        side.ruleset,
        mapping,
        as_of=project.as_of,
        environment=environment_of(project),
        lineage=lineage_of(session),
        anchor=head_of(session),
        project_guard=project.guard,
        git=side.revision.commit,
    )


def _at(revision: Revision, problems: Iterable[Diagnostic], sources: Sources) -> Problems:
    """What is wrong with a revision, with its name before the names of its files, as git writes them."""
    if revision.commit is None:
        return Problems(problems, sources)

    def there(span: Span) -> Span:
        return replace(span, file=f"{revision.name}:{span.file}")

    return Problems(
        (
            replace(
                item,
                message=item.message if item.span is not None else f"revision `{revision.name}`: {item.message}",
                span=None if item.span is None else there(item.span),
                related=tuple(replace(related, span=there(related.span)) for related in item.related),
            )
            for item in problems
        ),
        {f"{revision.name}:{name}": SourceFile(f"{revision.name}:{name}", source.text) for name, source in sources.items()},
    )
