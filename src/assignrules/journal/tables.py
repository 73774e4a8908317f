"""The journal's tables (running.md, section 4), and a run as a value.

``assignrules_run`` has one row per run, ``assignrules_change`` one per change of it, ``assignrules_alert`` one per row of an alert,
``assignrules_proposal`` one per proposal that it made, withdrew or closed, ``assignrules_revert`` one per change that undoes another.
Nothing here is ever updated or deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from assignrules.databases.base import DatabaseFailure, Session
from assignrules.databases.embedded import META, create_table, known, remember
from assignrules.ir.changes import Printed
from assignrules.journal.outbox import create_outbox
from assignrules.schema.mapping import JOURNAL_ALERT, JOURNAL_CHANGE, JOURNAL_PROPOSAL, JOURNAL_REVERT, JOURNAL_RUN

VERSION = "2"
RUN = JOURNAL_RUN
CHANGE = JOURNAL_CHANGE
ALERT = JOURNAL_ALERT
PROPOSAL = JOURNAL_PROPOSAL
REVERT = JOURNAL_REVERT

# `user` is who it is said to be, `login` the operating system's or the database's user. `plan` is the plan's digest, `reverts` the run
# that a revert undoes. `changes_hash` is over the hashes of the run's changes in order, of its alert rows and its proposals, `hash` over
# the whole row with `previous`, the last run's hash.
RUN_COLUMNS: Mapping[str, str] = {
    "id": "BIGINT",
    "started": "TIMESTAMP",
    "finished": "TIMESTAMP",
    "user": "VARCHAR",
    "login": "VARCHAR",
    "as_of": "DATE",
    "mode": "VARCHAR",
    "environment": "VARCHAR",
    "ruleset": "VARCHAR",
    "schema": "VARCHAR",
    "git": "VARCHAR",
    "plan": "VARCHAR",
    "parameters": "VARCHAR",
    "counts": "VARCHAR",
    "changes": "BIGINT",
    "reason": "VARCHAR",
    "approved_by": "VARCHAR",
    "overrides": "VARCHAR",
    "reverts": "BIGINT",
    "status": "VARCHAR",
    "version": "VARCHAR",
    "changes_hash": "VARCHAR",
    "previous": "VARCHAR",
    "hash": "VARCHAR",
}
# `before` and `after` are printed values; `kind` (`text`, `integer`, `boolean`) says what JSON makes of them.
CHANGE_COLUMNS: Mapping[str, str] = {
    "run": "BIGINT",
    "sequence": "BIGINT",
    "subject": "VARCHAR",
    "label": "VARCHAR",
    "target": "VARCHAR",
    "member": "VARCHAR",
    "before": "VARCHAR",
    "after": "VARCHAR",
    "kind": "VARCHAR",
    "action": "VARCHAR",
    "rule": "VARCHAR",
    "line": "VARCHAR",
    "at": "VARCHAR",
    "because": "VARCHAR",
    "manual": "BOOLEAN",
    "hash": "VARCHAR",
}
# What the run did with proposals. `outbox` is the row there; `amount` is printed, `show` a JSON object.
PROPOSAL_COLUMNS: Mapping[str, str] = {
    "run": "BIGINT",
    "sequence": "BIGINT",
    "proposal": "VARCHAR",
    "entity": "VARCHAR",
    "subject": "VARCHAR",
    "label": "VARCHAR",
    "action": "VARCHAR",
    "before": "VARCHAR",
    "after": "VARCHAR",
    "outbox": "BIGINT",
    "at": "VARCHAR",
    "amount": "VARCHAR",
    "approver": "VARCHAR",
    "show": "VARCHAR",
    "because": "VARCHAR",
    "hash": "VARCHAR",
}
# The rows that an alert had when the run was applied.
ALERT_COLUMNS: Mapping[str, str] = {
    "run": "BIGINT",
    "sequence": "BIGINT",
    "alert": "VARCHAR",
    "subject": "VARCHAR",
    "hash": "VARCHAR",
}
# Of a change of a revert, the change that it sets back: of run `of_run`, there number `of_sequence`. Where nothing came between the two,
# `undoes_run` and `undoes_sequence` name the change that now counts as never made, or again as made where it is a revert that is reverted.
REVERT_COLUMNS: Mapping[str, str] = {
    "run": "BIGINT",
    "sequence": "BIGINT",
    "subject": "VARCHAR",
    "target": "VARCHAR",
    "member": "VARCHAR",
    "of_run": "BIGINT",
    "of_sequence": "BIGINT",
    "undoes_run": "BIGINT",
    "undoes_sequence": "BIGINT",
    "hash": "VARCHAR",
}


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Rows that a run keeps, numbered from 1 by ``sequence``, each with a hash of its own. ``word`` is what one is called, ``named`` the
    column that says with the subject which it is."""

    word: str
    table: str
    columns: Mapping[str, str]
    named: str

    @property
    def source(self) -> tuple[str, ...]:
        """The columns of the table that a run's rows come from."""
        return tuple(name for name in self.columns if name not in ("run", "hash"))


CHANGES = Kept("change", CHANGE, CHANGE_COLUMNS, "target")
ALERT_ROWS = Kept("alert row", ALERT, ALERT_COLUMNS, "alert")
PROPOSALS = Kept("proposal", PROPOSAL, PROPOSAL_COLUMNS, "proposal")
REVERTS = Kept("pointer of a revert", REVERT, REVERT_COLUMNS, "target")
KEPT = (CHANGES, ALERT_ROWS, PROPOSALS, REVERTS)


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it stands in the journal. Times are UTC. ``counts``: by target, how many changes there were of each action, and how many
    held."""

    id: int
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
    changes: int
    reason: str | None
    approved_by: str | None
    overrides: tuple[str, ...]
    reverts: int | None
    status: str
    version: str
    changes_hash: str
    previous: str
    hash: str


def create_journal(session: Session) -> None:
    """Makes the journal's tables where they are not there yet, and brings an older journal to this version's format. ``DatabaseFailure``
    (E0804) where a newer version made them."""
    version = _version(session)
    create_table(session, RUN, RUN_COLUMNS)
    for kept in KEPT[:3]:
        _create(session, kept)
    create_outbox(session)
    for number in range(version or int(VERSION), int(VERSION)):
        MIGRATIONS[number](session)
        session.execute(f"UPDATE {META} SET value = $version WHERE key = 'journal'", {"version": str(number + 1)})
    if version is None:
        _create(session, REVERTS)
    remember(session, "journal", VERSION)


def _create(session: Session, kept: Kept) -> None:
    create_table(session, kept.table, kept.columns)


# From each format to the next one. Rows that are there are never rewritten: their hashes would not fit.
MIGRATIONS: Mapping[int, Callable[[Session], None]] = {
    1: lambda session: _create(session, REVERTS),
}


def has_journal(session: Session) -> bool:
    """Whether there is a journal. ``DatabaseFailure`` (E0804) where it is a newer version's."""
    return _version(session) is not None and session.has_table(RUN)


def kept_tables(session: Session) -> tuple[Kept, ...]:
    """What the journal's runs keep: a journal that was begun before there were alerts, proposals or reverts gets their tables with the next
    run."""
    return tuple(kept for kept in KEPT if session.has_table(kept.table)) if has_journal(session) else ()


def has_alerts(session: Session) -> bool:
    """Whether the journal has a table of alert rows."""
    return ALERT_ROWS in kept_tables(session)


def has_reverts(session: Session) -> bool:
    """Whether some change of the journal undoes another."""
    return REVERTS in kept_tables(session) and bool(session.fetch(f"SELECT 1 FROM {REVERT} LIMIT 1"))


def check_version(session: Session) -> None:
    """Refuses a journal that a newer version of the program writes (E0804)."""
    _version(session)


def _version(session: Session) -> int | None:
    """The number of the journal's format; None where there is no journal yet."""
    version = known(session, "journal")
    if version is None:
        return None
    if not (version.isdecimal() and 1 <= int(version) <= int(VERSION)):
        message = f"the journal has format {version}, and this program writes format {VERSION}"
        raise DatabaseFailure(message, help="use the version of assignrules that wrote it last", code="E0804")
    return int(version)
