"""Puts earlier runs of a data set into the journal of a store, as applies would have left them: for rule tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from itertools import groupby

from assignrules.databases.base import Session
from assignrules.databases.embedded import declared
from assignrules.ir.changes import Printed, action_of
from assignrules.ir.types import Kind
from assignrules.ir.values import Value, printed
from assignrules.journal.append import SOURCE_COLUMNS, Entry, append
from assignrules.journal.tables import CHANGE, CHANGE_COLUMNS, RUN, VERSION, create_journal, has_journal
from assignrules.schema.dataset import JournalEntry
from assignrules.schema.logical import Schema, Shape, Target

SOURCE = "assignrules_replayed"


def replay(session: Session, schema: Schema, entries: Sequence[JournalEntry]) -> None:
    """Puts the runs in place of all that the journal has: one for each as-of date, in the order given. Without any, a journal that is
    there is emptied."""
    if has_journal(session):
        session.execute(f"DELETE FROM {CHANGE}")
        session.execute(f"DELETE FROM {RUN}")
    elif entries:
        create_journal(session)
    for day, group in groupby(entries, key=lambda entry: entry.as_of):
        columns = declared(session, {name: CHANGE_COLUMNS[name] for name in SOURCE_COLUMNS})
        session.execute(f"CREATE TEMP TABLE {SOURCE} ({columns})")
        marks = ", ".join("?" for _ in SOURCE_COLUMNS)
        for sequence, entry in enumerate(group, start=1):
            row = _row(entry, schema.targets[entry.target]) | {"sequence": sequence}
            session.execute(f"INSERT INTO {SOURCE} VALUES ({marks})", [row.get(name) for name in SOURCE_COLUMNS])
        moment = datetime.combine(day, time(), UTC)
        append(
            session,
            Entry(
                moment, moment, "test", "test", day, "apply", "test", "", "", None, None, {}, {}, None, None, (), None, "applied", VERSION
            ),
            SOURCE,
        )
        session.execute(f"DROP TABLE {SOURCE}")


def _row(entry: JournalEntry, target: Target) -> dict[str, object]:
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
        "manual": False,
    }


def _state(value: Value, target: Target) -> Printed:
    return value is not None if target.shape is Shape.SET else printed(value)


def _text(value: Printed) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
