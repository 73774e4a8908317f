"""Plans: made, kept in files, applied, and set back."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from assignrules import project as projects
from assignrules.api.named import known_guards, known_run, known_target
from assignrules.api.opened import bound_mapping, database_of, environment_of, head_of, lineage_of, logical_schema, mapping_of, reading
from assignrules.api.problems import Problems
from assignrules.api.rules import ruleset_of
from assignrules.project import Project

if TYPE_CHECKING:
    from assignrules.apply import ApplyResult
    from assignrules.plan.freshness import Freshness
    from assignrules.plan.model import Plan

LIFETIME = timedelta(days=7)


def plan_changes(project: Project, *, overrides: Collection[str] = (), only: str | None = None, keep: bool = False) -> Plan:
    """What the rules would change, and why; nothing is written. Look at ``header.applicable`` before anything else.

    ``overrides``: names of guards that shall not stop it. ``only``: a target; the others stay as they are. ``keep``: the plan is going to a
    file (``save_plan``), so it bears the time it was made and expires after seven days.
    """
    from assignrules.plan.build import build_plan

    ruleset = ruleset_of(project)
    known_target(project, only)
    known_guards(overrides, {*(block.rule for block in ruleset.assignments), *logical_schema(project).targets, *freshness_guards(project)})
    created = datetime.now(UTC).replace(microsecond=0) if keep else None
    with reading(project) as session:
        return build_plan(
            session,
            ruleset,
            bound_mapping(project, session),
            as_of=project.as_of,
            environment=environment_of(project),
            lineage=lineage_of(session),
            anchor=head_of(session),
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
    with reading(project) as session:
        return guard.freshness(session, bound_mapping(project, session), project.freshness, now or datetime.now(UTC), overrides)


def freshness_guards(project: Project) -> set[str]:
    from assignrules.plan.freshness import guard_name

    return {guard_name(entity) for entity in project.freshness}


def plan_revert(project: Project, number: int, *, skip_conflicts: bool = False, keep: bool = False) -> Plan:
    """What would set the changes of a run back, for ``apply``; nothing is written.

    What is no longer as the run left it is listed as conflicts and left; with any, the plan is applicable only with ``skip_conflicts``.
    ``keep``: as for ``plan_changes``. The rules have no say in it, and may be other ones meanwhile, or broken.
    """
    from assignrules.apply.revert import build_revert

    created = datetime.now(UTC).replace(microsecond=0) if keep else None
    with reading(project) as session:
        return build_revert(
            session,
            bound_mapping(project, session),
            known_run(session, number),
            as_of=project.as_of,
            environment=environment_of(project),
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

    return plan.header.reverts is not None or plan.header.ruleset == ruleset_digest(ruleset_of(project))


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
    from assignrules.plan.build import parameters_of
    from assignrules.schema.digest import schema_digest

    back = plan.header.reverts is not None
    ruleset = None if back else ruleset_of(project)
    digest = plan.header.ruleset if ruleset is None else ruleset_digest(ruleset)
    known_guards(overrides, {*(guard.name for guard in plan.header.guards), *freshness_guards(project)})
    verdicts = () if back else freshness(project, overrides=overrides)  # what was done can be undone, however old the data is
    old = [verdict.problem() for verdict in verdicts if not (verdict.passed or verdict.overridden)]
    return apply_plan(
        database_of(project),
        mapping_of(project),
        plan,
        ruleset_digest=digest,
        schema_digest=schema_digest(mapping_of(project)),
        environment=environment_of(project),
        now=datetime.now(UTC),
        user=user,
        reason=reason,
        approved_by=approved_by,
        overrides=frozenset(overrides) | {guard.name for guard in plan.header.guards if guard.overridden},
        refusals=old,
        parameters=None if ruleset is None else parameters_of(ruleset),
    )
