"""The journal of what was applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from assignrules.api.named import is_subject, known_run, no_customer
from assignrules.api.opened import bound_mapping, head_of, mapping_of, reading
from assignrules.api.problems import Problems
from assignrules.diagnostics import Diagnostic
from assignrules.project import Project

if TYPE_CHECKING:
    from assignrules.ir.changes import Change, Drifted, Proposed
    from assignrules.journal.tables import Run
    from assignrules.plan.model import Plan


def log(project: Project) -> tuple[Run, ...]:
    """Every run in the journal, the latest first."""
    from assignrules.journal.history import runs

    with reading(project) as session:
        return tuple(reversed(runs(session)))


def run(project: Project, number: int) -> tuple[Run, tuple[Change, ...]]:
    """One run with its changes, in the plan's order."""
    from assignrules.journal import history

    with reading(project) as session:
        return known_run(session, number), history.changes(session, number)


def applied_as(project: Project, plan: Plan) -> Run | None:
    """The last run that applied a plan; None where none did."""
    from assignrules.journal.history import run_of_plan
    from assignrules.plan.model import plan_id

    with reading(project) as session:
        return run_of_plan(session, plan_id(plan))


def run_alerts(project: Project, number: int) -> Mapping[str, tuple[str, ...]]:
    """By alert, the keys of the rows that it had when a run was applied."""
    from assignrules.journal import history

    with reading(project) as session:
        return history.alerts(session, number)


def run_proposals(project: Project, number: int) -> tuple[Proposed, ...]:
    """What a run did with proposals, in the plan's order."""
    from assignrules.journal import history

    with reading(project) as session:
        return history.proposals(session, number)


def run_exports(project: Project, number: int) -> tuple[Mapping[str, tuple[Change, ...]], tuple[Proposed, ...]]:
    """What other systems take from a run: by target kept for export, sorted, its changes; and what it did with proposals."""
    from assignrules.journal import history
    from assignrules.schema.physical import Store

    physical = mapping_of(project).physical
    places = {} if physical is None else physical.targets
    names = sorted(name for name, place in places.items() if place.store is Store.EXPORT)
    with reading(project) as session:
        known_run(session, number)
        changes = history.changes(session, number)
        targets = {name: tuple(change for change in changes if change.target == name) for name in names}
        return targets, history.proposals(session, number)


def history(project: Project, customer: str) -> tuple[tuple[Run, Change], ...]:
    """Every journalled change of a customer (or of another subject, by its business key), the first one first."""
    from assignrules.journal import history as journal

    with reading(project) as session:
        found = journal.history(session, customer)
        if not found and not is_subject(project, session, customer):
            raise Problems([no_customer(project, session, customer)])
        return found


def changed_by_hand(project: Project, customer: str) -> tuple[Drifted, ...]:
    """The states of a customer that are not those that the journal's last change left: somebody changed them outside the rules."""
    from assignrules.apply.revert import differing, left_as
    from assignrules.journal import history as journal

    with reading(project) as session:
        mapping = bound_mapping(project, session)
        changes = (change for _, change in journal.history(session, customer) if change.target in mapping.targets)
        return tuple(found for found in differing(session, mapping, left_as(changes)) if found.there)


def verify(project: Project, anchor: str | None = None) -> tuple[Diagnostic, ...]:
    """What is wrong with the journal. ``anchor``: a head that was seen earlier; without one a cut tail cannot be seen (W0801)."""
    from assignrules.journal import chain

    with reading(project) as session:
        return chain.verify(session, anchor)


def journal_head(project: Project) -> str | None:
    """The hash of the journal's last run: an anchor for ``verify``."""
    with reading(project) as session:
        return head_of(session)
