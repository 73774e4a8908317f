"""The proposals and alerts on one subject, for its explanation: whether they hold, why, and what stands from earlier runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from assignrules.databases.base import Session
from assignrules.ir.changes import Printed, Proposed
from assignrules.ir.expressions import Expression
from assignrules.ir.proposals import Proposal
from assignrules.ir.reports import Alert
from assignrules.ir.ruleset import Ruleset
from assignrules.journal.tables import has_alerts
from assignrules.plan.explanation import AlertExplanation, ProposalExplanation, Standing
from assignrules.plan.holds import first_day_after
from assignrules.plan.proposals import proposed
from assignrules.plan.trees import Behind, Draft, Questions, Trees, finished, reason
from assignrules.schema.mapping import OUTBOX
from assignrules.sql.listings import was_in_alert
from assignrules.sql.proposals import REFUSED, of_subject, proposal_rows
from assignrules.sql.queries import Compiler

_STANDING = "id, state, made_on, decided_on, decided_by, note, ended_on"


@dataclass(frozen=True, slots=True)
class ListingDrafts:
    """The proposals and alerts on rows of an entity, with the trees of their conditions; of alerts also the slots of what they show."""

    proposals: tuple[tuple[Proposal, Draft], ...] = ()
    alerts: tuple[tuple[Alert, Draft, tuple[int, ...]], ...] = ()


def listing_drafts(ruleset: Ruleset, entity: str, questions: Questions, trees: Trees) -> ListingDrafts:
    """Asks for the conditions of all proposals and alerts on rows of an entity."""
    proposals = tuple((item, trees.condition(item.to)) for item in ruleset.proposals if item.entity == entity)
    alerts = tuple(
        (item, trees.condition(item.condition), tuple(questions.ask(column.value) for column in item.show))
        for item in ruleset.alerts
        if item.entity == entity
    )
    return ListingDrafts(proposals, alerts)


def listing_expressions(ruleset: Ruleset, entity: str) -> tuple[Expression, ...]:
    """All that they read on rows of the entity."""
    proposals = (part for item in ruleset.proposals if item.entity == entity for part in (item.to, *item.said()))
    return (*proposals, *(part for item in ruleset.alerts if item.entity == entity for part in item.on_rows()))


def explained_proposals(
    session: Session, compiler: Compiler, subject: str, drafts: ListingDrafts, values: Sequence[Printed], behind: Behind
) -> tuple[ProposalExplanation, ...]:
    """What becomes of each proposal on the subject, from the plan's own statements, and the last one that stands in the outbox."""
    outbox = session.has_table(OUTBOX)
    names = {item.name for item, _ in drafts.proposals}
    statements = [of_subject(part, subject) for part in proposal_rows(compiler, outbox=outbox) if part.proposal.name in names]
    fates = {item.proposal: item for item in proposed(session, compiler, statements)}
    return tuple(
        _proposal(item, draft, fates.get(item.name), _standing(session, item.name, subject) if outbox else None, values, behind)
        for item, draft in drafts.proposals
    )


def _proposal(
    item: Proposal, draft: Draft, fate: Proposed | None, standing: Standing | None, values: Sequence[Printed], behind: Behind
) -> ProposalExplanation:
    until: date | None = None
    if fate is not None and fate.action == "stay" and standing is not None and standing.state == REFUSED and item.cooldown is not None:
        until = first_day_after(standing.decided_on or standing.made_on, item.cooldown)
    made = fate if fate is not None and fate.action == "make" else None
    return ProposalExplanation(
        item.name,
        f"{item.span.file}:{item.span.line}",
        None if fate is None else fate.action,
        None if made is None else made.amount,
        None if made is None else made.approver,
        {} if made is None else made.show,
        None if made is None else made.because,
        standing,
        until,
        finished(draft, values, behind),
        reason(draft, values, behind),
    )


def _standing(session: Session, name: str, subject: str) -> Standing | None:
    sql = f"SELECT {_STANDING} FROM {OUTBOX} WHERE proposal = $name AND subject = $subject ORDER BY id DESC LIMIT 1"
    rows = session.fetch(sql, {"name": name, "subject": subject})
    return Standing(*rows[0]) if rows else None


def explained_alerts(
    session: Session, compiler: Compiler, subject: str, drafts: ListingDrafts, values: Sequence[Printed], behind: Behind
) -> tuple[AlertExplanation, ...]:
    """Whether each alert has the subject, and had it in the last applied run."""
    known: set[str] = set()
    if drafts.alerts and has_alerts(session):
        known = {item.name for item, *_ in drafts.alerts if session.fetch(compiler.text(was_in_alert(item.name, subject)))}
    return tuple(_alert(*drafted, drafted[0].name in known, values, behind) for drafted in drafts.alerts)


def _alert(item: Alert, draft: Draft, slots: Iterable[int], known: bool, values: Sequence[Printed], behind: Behind) -> AlertExplanation:
    holds = values[draft.slot] is True
    state = ("stay" if known else "entered") if holds else ("left" if known else None)
    show = {column.name: values[slot] for column, slot in zip(item.show, slots, strict=True)} if holds else {}
    return AlertExplanation(
        item.name,
        item.label,
        item.level,
        item.audience,
        f"{item.span.file}:{item.span.line}",
        state,
        show,
        finished(draft, values, behind),
        reason(draft, values, behind),
    )
