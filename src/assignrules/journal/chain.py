"""The chain of hashes: each run's hash is over its own row, its changes, alert rows and proposals in order and the hash of the
run before.

Each of them bears a hash of its own, so that a bad one can be named; who recomputes it is found by the run's hash, and who
recomputes that by the next run's, or by the anchor that a plan or a printed report holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from assignrules.databases.base import Row, Session, quoted
from assignrules.databases.embedded import lineage
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.journal.tables import CHANGE, RUN, RUN_COLUMNS, Kept, has_journal, kept_tables

PREFIX = "sha256:"
HASHED = tuple(name for name in RUN_COLUMNS if name != "hash")


def row_hash(kept: Kept, dialect: str) -> str:
    """SQL of the hash of a kept row: over a JSON list of texts. No two different rows have the same, and it is the quickest form that a
    database can make."""
    fields = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in kept.columns if name != "hash")
    if dialect == "postgres":
        return f"encode(sha256(convert_to(CAST(to_json(ARRAY[{fields}]) AS VARCHAR), 'UTF8')), 'hex')"
    return f"sha256(CAST(to_json([{fields}]) AS VARCHAR))"


def run_hash(values: Sequence[Any]) -> str:
    """The hash of a run's row: the values of the columns ``HASHED``, in order."""
    texts = [value.isoformat() if isinstance(value, date) else value for value in values]
    return PREFIX + hashlib.sha256(json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def changes_hash(session: Session, run: int) -> str:
    """The hash over the hashes of a run's changes, in order, and then of what else it keeps, where there is any."""
    first, *others = (_hashes(session, kept, run) for kept in kept_tables(session))
    return PREFIX + hashlib.sha256(" ".join((first, *filter(None, others))).encode()).hexdigest()


def _hashes(session: Session, kept: Kept, run: int) -> str:
    rows = session.fetch(f"SELECT string_agg(hash, '' ORDER BY sequence) FROM {kept.table} WHERE run = $run", {"run": run})
    return rows[0][0] or ""


def root(session: Session) -> str | None:
    """The hash that the first run follows: the store's lineage, so that no two journals begin alike. None where there is no store."""
    word = lineage(session)
    return None if word is None else PREFIX + hashlib.sha256(f"journal of {word}".encode()).hexdigest()


def head(session: Session) -> str | None:
    """The hash of the last run, the root where there is none yet; None where there is no store. A plan carries it as its anchor."""
    if has_journal(session):
        rows = session.fetch(f"SELECT hash FROM {RUN} ORDER BY id DESC LIMIT 1")
        if rows:
            return str(rows[0][0])
    return root(session)


def holds(session: Session, anchor: str) -> bool:
    """Whether a hash is the root or that of a run."""
    if anchor == root(session):
        return True
    return has_journal(session) and bool(session.fetch(f"SELECT 1 FROM {RUN} WHERE hash = $anchor", {"anchor": anchor}))


def verify(session: Session, anchor: str | None = None) -> tuple[Diagnostic, ...]:
    """What is wrong with the journal, the first bad row of each bad run, in order; nothing but a warning without an anchor where all is
    well.

    ``anchor`` is a head that was seen earlier: rows cut off at the tail since cannot be found without one (W0801).
    """
    found = tuple(_findings(session)) if has_journal(session) else ()
    if anchor is None:
        help = "keep the head that `apply` prints, or a plan, and pass it as the anchor"
        return (
            *found,
            diagnostic("W0801", "without an anchor, runs that were cut off at the end of the journal cannot be seen", help=help),
        )
    if not holds(session, anchor):
        text = f"no run has the anchor's hash `{anchor}`: runs were cut off or altered, or it is the anchor of another journal"
        return (*found, diagnostic("E0801", text))
    return found


def _findings(session: Session) -> Iterator[Diagnostic]:
    names = ", ".join(quoted(name) for name in RUN_COLUMNS)
    rows = session.fetch(f"SELECT {names} FROM {RUN} ORDER BY id, started, hash")
    wrong = _wrong_rows(session)
    previous, expected = root(session), 1
    for values in rows:
        row = dict(zip(RUN_COLUMNS, values, strict=True))
        if row["id"] is None:
            yield _bad("a run stands in the journal without its number")
            continue
        run: int = row["id"]
        while expected < run:
            yield _bad(f"run {expected} is lost")
            wrong.pop(expected, None)  # that its changes are lost or left over says nothing more
            expected += 1
        if run < expected:
            yield _bad(f"run {run} stands in the journal twice")
            continue
        expected = run + 1
        if run_hash(values[: len(HASHED)]) != row["hash"]:
            yield _bad(f"the row of run {run} was altered")
        elif row["previous"] != previous:
            yield _bad(f"run {run} does not follow the run before it: one of the two was replaced, or runs between them are lost")
        elif run in wrong:
            yield _bad(wrong.pop(run))
        elif (fault := _wrong_count(session, run, row["changes"])) is not None:
            yield _bad(fault)
        elif changes_hash(session, run) != row["changes_hash"]:
            yield _bad(f"the changes, alert rows or proposals of run {run} are not those that it stored")
        wrong.pop(run, None)
        previous = row["hash"]
    for text in wrong.values():
        yield _bad(text)
    for kept in kept_tables(session):
        left = f"SELECT DISTINCT run FROM {kept.table} WHERE run NOT IN (SELECT id FROM {RUN}) OR run IS NULL ORDER BY run"
        for (run,) in session.fetch(left):
            if run not in wrong:
                yield _bad(f"there are {kept.word}s of run {run}, and no such run")


def _wrong_rows(session: Session) -> dict[int, str]:
    """By run, what is said of the first row that it keeps whose hash is not that of its content; of its changes before the others."""
    wrong: dict[int, str] = {}
    for kept in kept_tables(session):
        for run, sequence, subject, named in _first_wrong(session, kept):
            wrong.setdefault(run, f"{kept.word} {sequence} of run {run} (`{subject}`, `{named}`) was altered or moved")
    return wrong


def _first_wrong(session: Session, kept: Kept) -> list[Row]:
    """Of each run the first row whose hash is not that of its content: run, sequence, subject and what names it."""
    first = "row_number() OVER (PARTITION BY run ORDER BY sequence) AS place"
    other = f"hash IS DISTINCT FROM {row_hash(kept, session.dialect)}"
    wrong = f"SELECT run, sequence, subject, {kept.named} AS named, {first} FROM {kept.table} WHERE {other}"
    return session.fetch(f"SELECT run, sequence, subject, named FROM ({wrong}) AS wrong WHERE place = 1 ORDER BY run")


def _wrong_count(session: Session, run: int, count: int) -> str | None:
    """The first change of a run that is lost, or that should not be there."""
    sql = f"SELECT count(*), count(DISTINCT sequence), min(sequence), max(sequence) FROM {CHANGE} WHERE run = $run"
    rows, distinct, first, last = session.fetch(sql, {"run": run})[0]
    if rows == distinct == count and (count == 0 or (first == 1 and last == count)):
        return None
    sql = f"SELECT min(n) FROM generate_series(1, $count) AS numbers(n) WHERE n NOT IN (SELECT sequence FROM {CHANGE} WHERE run = $run)"
    lost = session.fetch(sql, {"run": run, "count": count})[0][0]
    if lost is not None:
        return f"change {lost} of run {run} is lost"
    extra = "count(*) > 1 OR sequence NOT BETWEEN 1 AND $count"
    sql = f"SELECT sequence FROM {CHANGE} WHERE run = $run GROUP BY sequence HAVING {extra} ORDER BY 1"
    return f"change {session.fetch(sql, {'run': run, 'count': count})[0][0]} of run {run} was inserted"


def _bad(text: str) -> Diagnostic:
    return diagnostic("E0801", text)
