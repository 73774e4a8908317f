"""Puts earlier runs of a data set into the journal of a store, as applies would have left them: for rule tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from itertools import groupby

from assignrules.databases.base import Session
from assignrules.databases.embedded import declared
from assignrules.ir.changes import Printed, action_of
from assignrules.ir.types import Kind
from assignrules.ir.values import Value, printed
from assignrules.journal.append import Entry, append
from assignrules.journal.outbox import fill_outbox
from assignrules.journal.tables import ALERT_ROWS, CHANGES, RUN, VERSION, create_journal, has_journal, kept_tables
from assignrules.schema.dataset import Dataset, JournalEntry
from assignrules.schema.logical import Schema, Shape, Target

SOURCE = "assignrules_replayed"
ALERTS = "assignrules_replayed_alerts"


def replay(session: Session, schema: Schema, dataset: Dataset, as_of: date) -> None:
    """Puts the data set's runs in place of all that the journal has: one for each as-of date, in the order given. Without any, a journal
    that is there is emptied. The rows of alerts are those of the last run; one of ``as_of`` is made for them where there is none.
    The proposals take the place of all that the outbox has."""
    runs = [(day, list(group)) for day, group in groupby(dataset.journal, key=lambda entry: entry.as_of)]
    if dataset.alerts and not runs:
        runs = [(as_of, [])]
    if has_journal(session):
        for table in (RUN, *(kept.table for kept in kept_tables(session))):
            session.execute(f"DELETE FROM {table}")
    elif runs:
        create_journal(session)
    if runs:
        _append(session, schema, dataset, runs)
    fill_outbox(session, dataset.outbox)


def _append(session: Session, schema: Schema, dataset: Dataset, runs: Sequence[tuple[date, Sequence[JournalEntry]]]) -> None:
    session.execute(f"CREATE TEMP TABLE {ALERTS} (sequence BIGINT, {declared(session, {'alert': 'VARCHAR', 'subject': 'VARCHAR'})})")
    rows = [(alert, subject) for alert, subjects in dataset.alerts.items() for subject in subjects]
    for sequence, (alert, subject) in enumerate(rows, start=1):
        session.execute(f"INSERT INTO {ALERTS} VALUES (?, ?, ?)", [sequence, alert, subject])
    for number, (day, group) in enumerate(runs, start=1):
        types = {name: CHANGES.columns[name] for name in CHANGES.source}
        session.execute(f"CREATE TEMP TABLE {SOURCE} ({declared(session, types)})")
        found = [_row(entry, schema.targets[entry.target]) | {"sequence": str(number)} for number, entry in enumerate(group, start=1)]
        session.insert(SOURCE, types, {name: [row.get(name) for row in found] for name in types})
        moment = datetime.combine(day, time(), UTC)
        append(
            session,
            Entry(
                moment, moment, "test", "test", day, "apply", "test", "", "", None, None, {}, {}, None, None, (), None, "applied", VERSION
            ),
            {CHANGES: SOURCE, ALERT_ROWS: ALERTS} if number == len(runs) else {CHANGES: SOURCE},
        )
        session.execute(f"DROP TABLE {SOURCE}")
    session.execute(f"DROP TABLE {ALERTS}")


def _row(entry: JournalEntry, target: Target) -> dict[str, str | None]:
    before, after = _state(entry.before, target), _state(entry.after, target)
    kinds = {Kind.BOOLEAN: "boolean", Kind.INTEGER: "integer"}
    return {
        "subject": entry.subject,
        "target": entry.target,
        "member": entry.member,
        "before": _text(before),
        "after": _text(after),
        "kind": kinds.get(target.type.kind, "text"),
        "action": action_of(target.shape.value, before, after),
        "rule": entry.rule,
        "at": "",
        "manual": "false",
    }


def _state(value: Value, target: Target) -> Printed:
    return value is not None if target.shape is Shape.SET else printed(value)


def _text(value: Printed) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
