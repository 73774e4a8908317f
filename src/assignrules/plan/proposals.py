"""What becomes of the proposals: made, standing, withdrawn or closed (language.md, section 8)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from assignrules.databases.base import Session
from assignrules.ir.changes import Proposed
from assignrules.schema.mapping import OUTBOX
from assignrules.sql.proposals import ACCEPTED, OPEN, WITHDRAWN, ProposalRows, proposal_rows
from assignrules.sql.queries import Compiler

AFTER = {"make": OPEN, "withdraw": WITHDRAWN, "close": ACCEPTED}


def proposal_statements(session: Session, compiler: Compiler) -> tuple[ProposalRows, ...]:
    """The statements of all proposals."""
    return proposal_rows(compiler, outbox=session.has_table(OUTBOX)) if compiler.ruleset.proposals else ()


def proposed(session: Session, compiler: Compiler, statements: Sequence[ProposalRows]) -> tuple[Proposed, ...]:
    """All that becomes of the proposals, by name and subject."""
    found: list[Proposed] = []
    for part in statements:
        proposal = part.proposal
        at = f"{proposal.span.file}:{proposal.span.line}"
        for subject, label, action, before, outbox, amount, because, *show in session.fetch(compiler.text(part.query)):
            item = Proposed(proposal.name, proposal.entity, subject, label, action, before, AFTER.get(action) or before, outbox, at)
            if action == "make":
                shown = {column.name: json.loads(text) for column, text in zip(proposal.show, show, strict=True)}
                said = (json.loads(amount), proposal.approver, shown, json.loads(because))
                item = Proposed(proposal.name, proposal.entity, subject, label, action, before, OPEN, outbox, at, *said)
            found.append(item)
    return tuple(found)
