"""Adds a run to the journal, with its changes, inside the transaction that writes the targets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from assignrules.databases.base import DatabaseFailure, Session, quoted
from assignrules.ir.changes import Printed
from assignrules.journal.chain import HASHED, changes_hash, head, row_hash, run_hash
from assignrules.journal.tables import CHANGES, RUN, RUN_COLUMNS, Kept


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


def append(session: Session, entry: Entry, sources: Mapping[Kept, str]) -> tuple[int, str]:
    """Adds the run and the rows that it keeps, from the tables ``sources`` (columns ``Kept.source``, ``sequence`` from 1 without gaps):
    the run's number and the journal's new head. The journal's tables exist, and nobody else writes to them meanwhile."""
    previous = head(session)
    if previous is None:
        raise DatabaseFailure("the database has no lineage: it was not made by assignrules", help="load data with `assignrules load`")
    run = int(session.fetch(f"SELECT coalesce(max(id), 0) + 1 FROM {RUN}")[0][0])
    counts = {kept: _keep(session, kept, source, run) for kept, source in sources.items()}
    row: dict[str, object] = {name: getattr(entry, name) for name in Entry.__slots__}
    row |= {
        "id": run,
        "started": _utc(entry.started),
        "finished": _utc(entry.finished),
        "parameters": _json(entry.parameters),
        "counts": _json(entry.counts),
        "overrides": _json(entry.overrides),
        "changes": counts[CHANGES],
        "changes_hash": changes_hash(session, run),
        "previous": previous,
    }
    row["hash"] = run_hash([row[name] for name in HASHED])
    columns, marks = ", ".join(quoted(name) for name in RUN_COLUMNS), ", ".join("?" for _ in RUN_COLUMNS)
    session.execute(f"INSERT INTO {RUN} ({columns}) VALUES ({marks})", [row[name] for name in RUN_COLUMNS])
    return run, str(row["hash"])


def _keep(session: Session, kept: Kept, source: str, run: int) -> int:
    names, columns = (", ".join(quoted(name) for name in found) for found in (kept.source, kept.columns))
    given = f"SELECT CAST($run AS BIGINT) AS run, {names} FROM {quoted(source)}"
    rows = f"SELECT {_in_order(kept, session.dialect)} FROM ({given}) AS given ORDER BY sequence"
    return session.execute(f"INSERT INTO {kept.table} ({columns}) {rows}", {"run": run})


def _in_order(kept: Kept, dialect: str) -> str:
    """The columns of a kept row, its hash among them, in the order of the table."""
    return ", ".join(row_hash(kept, dialect) if name == "hash" else quoted(name) for name in kept.columns)


def _utc(time: datetime) -> datetime:
    """To the second, without a zone: what the column gives back."""
    return time.astimezone(UTC).replace(microsecond=0, tzinfo=None)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
