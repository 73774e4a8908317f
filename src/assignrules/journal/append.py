"""Adds a run to the journal, with its changes, inside the transaction that writes the targets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from assignrules.databases.base import DatabaseFailure, Session, quoted
from assignrules.ir.changes import Printed
from assignrules.journal.chain import ALERT_HASH, CHANGE_HASH, HASHED, changes_hash, head, run_hash
from assignrules.journal.tables import ALERT, ALERT_COLUMNS, CHANGE, CHANGE_COLUMNS, RUN, RUN_COLUMNS

# The columns of the table that the changes of a run come from.
SOURCE_COLUMNS = tuple(name for name in CHANGE_COLUMNS if name not in ("run", "hash"))


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be noted of a run; its number, its hashes and the count of its changes come from the journal."""

    started: datetime
    finished: datetime
    user: str
    login: str
    as_of: date
    mode: str
    environment: str
    ruleset: str
    schema: str
    git: str | None
    plan: str | None
    parameters: Mapping[str, Printed]
    counts: Mapping[str, Mapping[str, int]]
    reason: str | None
    approved_by: str | None
    overrides: tuple[str, ...]
    reverts: int | None
    status: str
    version: str


def append(session: Session, entry: Entry, source: str, alerts: str | None = None) -> tuple[int, str]:
    """Adds the run, the changes of the table ``source`` (columns ``SOURCE_COLUMNS``, ``sequence`` from 1 without gaps) and the alert rows
    of the table ``alerts`` (``sequence``, ``alert``, ``subject``): the run's number and the journal's new head. The journal's tables exist,
    and nobody else writes to them meanwhile."""
    previous = head(session)
    if previous is None:
        raise DatabaseFailure("the database has no lineage: it was not made by assignrules", help="load data with `assignrules load`")
    run = int(session.fetch(f"SELECT coalesce(max(id), 0) + 1 FROM {RUN}")[0][0])
    names = ", ".join(quoted(name) for name in SOURCE_COLUMNS)
    columns = ", ".join(quoted(name) for name in CHANGE_COLUMNS)
    given = f"SELECT CAST($run AS BIGINT) AS run, {names} FROM {quoted(source)}"
    count = session.execute(
        f"INSERT INTO {CHANGE} ({columns}) SELECT run, {names}, {CHANGE_HASH[session.dialect]} FROM ({given}) AS given ORDER BY sequence",
        {"run": run},
    )
    if alerts is not None:
        given = f"SELECT CAST($run AS BIGINT) AS run, sequence, alert, subject FROM {quoted(alerts)}"
        names = ", ".join(quoted(name) for name in ALERT_COLUMNS)
        rows = f"SELECT run, sequence, alert, subject, {ALERT_HASH[session.dialect]} FROM ({given}) AS given ORDER BY sequence"
        session.execute(f"INSERT INTO {ALERT} ({names}) {rows}", {"run": run})
    row: dict[str, object] = {name: getattr(entry, name) for name in Entry.__slots__}
    row |= {
        "id": run,
        "started": _utc(entry.started),
        "finished": _utc(entry.finished),
        "parameters": _json(entry.parameters),
        "counts": _json(entry.counts),
        "overrides": _json(entry.overrides),
        "changes": count,
        "changes_hash": changes_hash(session, run),
        "previous": previous,
    }
    row["hash"] = run_hash([row[name] for name in HASHED])
    columns, marks = ", ".join(quoted(name) for name in RUN_COLUMNS), ", ".join("?" for _ in RUN_COLUMNS)
    session.execute(f"INSERT INTO {RUN} ({columns}) VALUES ({marks})", [row[name] for name in RUN_COLUMNS])
    return run, str(row["hash"])


def _utc(time: datetime) -> datetime:
    """To the second, without a zone: what the column gives back."""
    return time.astimezone(UTC).replace(microsecond=0, tzinfo=None)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
