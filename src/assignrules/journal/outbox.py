"""The outbox: the proposals that runs made, one row each, for people and their systems to decide on.

A person sets ``state`` from ``open`` to ``accepted`` or ``refused``, with ``decided_on``, ``decided_by`` and ``note``; the engine makes
rows, withdraws open ones, and notes in ``ended_on`` when the condition of an accepted one held no more. What it did stands in the
journal too (``assignrules_proposal``), where nothing is ever changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assignrules.databases.base import Session
from assignrules.databases.embedded import create_table
from assignrules.schema.dataset import OutboxEntry
from assignrules.schema.mapping import OUTBOX

# `id` counts from 1. `amount` is as a plan prints it, `shown` a JSON object. `made_on`, `ended_on` and `decided_on` are as-of dates.
OUTBOX_COLUMNS: Mapping[str, str] = {
    "id": "BIGINT",
    "run": "BIGINT",
    "proposal": "VARCHAR",
    "entity": "VARCHAR",
    "subject": "VARCHAR",
    "label": "VARCHAR",
    "state": "VARCHAR",
    "made_on": "DATE",
    "amount": "VARCHAR",
    "approver": "VARCHAR",
    "shown": "VARCHAR",
    "because": "VARCHAR",
    "decided_on": "DATE",
    "decided_by": "VARCHAR",
    "note": "VARCHAR",
    "ended_on": "DATE",
}


def create_outbox(session: Session) -> None:
    """Makes the table where it is not there yet."""
    create_table(session, OUTBOX, OUTBOX_COLUMNS)


def fill_outbox(session: Session, entries: Sequence[OutboxEntry]) -> None:
    """Puts the entries in place of all that stands there, numbered from 1: for rule tests. Without any, an outbox that is there is
    emptied."""
    if session.has_table(OUTBOX):
        session.execute(f"DELETE FROM {OUTBOX}")
    elif entries:
        create_outbox(session)
    names = ("proposal", "subject", "state", "made_on", "decided_on", "ended_on")
    for number, entry in enumerate(entries, start=1):
        values = [getattr(entry, name) for name in names]
        session.execute(f"INSERT INTO {OUTBOX} (id, {', '.join(names)}) VALUES (?, {', '.join('?' for _ in names)})", [number, *values])
