"""Reads the journal: its runs, one run's changes, what happened to a subject."""

from __future__ import annotations

import json
from typing import Any

from assignrules.databases.base import Row, Session, quoted
from assignrules.ir.changes import Change, Printed, Proposed
from assignrules.journal.tables import ALERT, CHANGE, PROPOSAL, PROPOSALS, RUN, RUN_COLUMNS, Run, has_alerts, has_journal, kept_tables

_RUN = ", ".join(quoted(name) for name in RUN_COLUMNS)
_CHANGE = ("subject", "label", "target", "member", "before", "after", "kind", "action", "rule", "line", "at", "because", "manual")
_CHANGES = ", ".join(quoted(name) for name in _CHANGE)


def runs(session: Session) -> tuple[Run, ...]:
    """All runs, the first one first."""
    return _runs(session, "")


def run(session: Session, number: int) -> Run | None:
    """One run."""
    return next(iter(_runs(session, "WHERE id = $number", {"number": number})), None)


def last_run(session: Session) -> Run | None:
    """The run that was made last."""
    return next(iter(_runs(session, f"WHERE id = (SELECT max(id) FROM {RUN})")), None)


def run_of_plan(session: Session, plan: str) -> Run | None:
    """The last run that applied the plan of this digest."""
    return next(reversed(_runs(session, "WHERE plan = $plan", {"plan": plan})), None)


def revert_of(session: Session, number: int) -> Run | None:
    """The last run that reverted this one."""
    return next(reversed(_runs(session, "WHERE reverts = $number", {"number": number})), None)


def changes(session: Session, number: int) -> tuple[Change, ...]:
    """A run's changes, in the plan's order."""
    if not has_journal(session):
        return ()
    rows = session.fetch(f"SELECT {_CHANGES} FROM {CHANGE} WHERE run = $number ORDER BY sequence", {"number": number})
    return tuple(_change(row) for row in rows)


def alerts(session: Session, number: int) -> dict[str, tuple[str, ...]]:
    """By alert, in order of names, the keys of the rows that it had when a run was applied, in the alert's order."""
    if not has_alerts(session):
        return {}
    found: dict[str, list[str]] = {}
    for alert, subject in session.fetch(f"SELECT alert, subject FROM {ALERT} WHERE run = $number ORDER BY sequence", {"number": number}):
        found.setdefault(alert, []).append(subject)
    return {name: tuple(found[name]) for name in sorted(found)}


def proposals(session: Session, number: int) -> tuple[Proposed, ...]:
    """What a run did with proposals, in the plan's order."""
    if PROPOSALS not in kept_tables(session):
        return ()
    names = tuple(Proposed.__slots__)
    columns = ", ".join(quoted(name) for name in names)
    rows = session.fetch(f"SELECT {columns} FROM {PROPOSAL} WHERE run = $number ORDER BY sequence", {"number": number})
    found = (dict(zip(names, row, strict=True)) for row in rows)
    return tuple(Proposed(**values | {"show": json.loads(values["show"])}) for values in found)


def history(session: Session, subject: str) -> tuple[tuple[Run, Change], ...]:
    """Every change of a subject with its run, the first one first."""
    if not has_journal(session):
        return ()
    sql = f"SELECT run, {_CHANGES} FROM {CHANGE} WHERE subject = $subject ORDER BY run, sequence"
    rows = session.fetch(sql, {"subject": subject})
    by_id = {found.id: found for found in runs(session)} if rows else {}
    return tuple((by_id[number], _change(row)) for number, *row in rows if number in by_id)


def _runs(session: Session, where: str, parameters: dict[str, object] | None = None) -> tuple[Run, ...]:
    if not has_journal(session):
        return ()
    return tuple(_run(row) for row in session.fetch(f"SELECT {_RUN} FROM {RUN} {where} ORDER BY id", parameters or {}))


def _run(row: Row) -> Run:
    values: dict[str, Any] = dict(zip(RUN_COLUMNS, row, strict=True))
    for name in ("parameters", "counts", "overrides"):
        values[name] = json.loads(values[name])
    return Run(**values | {"overrides": tuple(values["overrides"])})


def _change(row: Row | list[Any]) -> Change:
    values: dict[str, Any] = dict(zip(_CHANGE, row, strict=True))
    kind, line = values.pop("kind"), values["line"]
    values |= {"before": _printed(values["before"], kind), "after": _printed(values["after"], kind)}
    return Change(**values | {"line": int(line) if line is not None and line.isdecimal() else line})


def _printed(text: str | None, kind: str) -> Printed:
    if text is None or kind == "text":
        return text
    return text == "true" if kind == "boolean" else int(text)
