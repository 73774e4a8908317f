"""What becomes of proposals: which are made, which stand, and which end since their condition no longer holds."""

from __future__ import annotations

from assignrules.ir.changes import Proposed
from assignrules.ir.values import printed
from assignrules.reference.evaluation import Evaluation
from assignrules.reference.memory import is_recent


def proposed(evaluation: Evaluation) -> tuple[Proposed, ...]:
    """All that becomes of them, by name and subject."""
    found: list[Proposed] = []
    for proposal in evaluation.ruleset.proposals:
        name, entity, at = proposal.name, proposal.entity, f"{proposal.span.file}:{proposal.span.line}"
        last = {entry.subject: (number, entry) for number, entry in enumerate(evaluation.dataset.outbox, 1) if entry.proposal == name}
        for row in evaluation.rows.records[entity]:
            if evaluation.holds(proposal.to, row):
                text = row.row.get(evaluation.schema.entities[entity].label or "")
                label = row.key if evaluation.schema.entities[entity].label is None else None if text is None else str(text)
                number, entry = last.pop(row.key, (None, None))
                state = None if entry is None else entry.state
                amount = None if proposal.amount is None else printed(evaluation.written(evaluation.value(proposal.amount, row)))
                show = {column.name: printed(evaluation.written(evaluation.value(column.value, row))) for column in proposal.show}
                said = (amount, proposal.approver, show, evaluation.reason(proposal.because, row))
                refused = entry is not None and entry.state == "refused" and proposal.cooldown is not None
                if entry is not None and (entry.stands or (refused and is_recent(evaluation, entry.day, proposal.cooldown, row))):
                    found.append(Proposed(name, entity, row.key, label, "stay", state, entry.state, number, at))
                else:
                    found.append(Proposed(name, entity, row.key, label, "make", state, "open", number, at, *said))
        for subject, (number, entry) in last.items():
            if entry.stands:
                action, state = ("withdraw", "withdrawn") if entry.state == "open" else ("close", entry.state)
                found.append(Proposed(name, entity, subject, None, action, entry.state, state, number, at))
    return tuple(sorted(found, key=lambda item: (item.proposal, item.subject)))
