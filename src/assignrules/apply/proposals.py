"""Writes a plan's proposals to the outbox, set-based: new rows, and the end of those whose condition no longer holds.

As with targets, every row must still be as the plan found it, and what was written is read again. All texts are made of fixed phrases;
every value comes from the table of planned proposals or is bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from assignrules.databases.base import Session, quoted
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.ir.changes import Proposed
from assignrules.journal.outbox import OUTBOX_COLUMNS
from assignrules.journal.tables import PROPOSAL_COLUMNS
from assignrules.plan.model import compact
from assignrules.schema.mapping import OUTBOX, SchemaMapping
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.relations import Relations

PLANNED_PROPOSALS = "assignrules_planned_proposals"  # the temporary table of the proposals that are written
GIVEN = "assignrules_given_proposals"
LISTED = 20
AGAIN = "make the plan again"
# What each action makes of the last row of the outbox: the states that it may have before (None: there is no row), and the one after.
FORMS: dict[str, tuple[tuple[str | None, ...], str]] = {
    "make": ((None, "accepted", "refused", "withdrawn"), "open"),
    "withdraw": (("open",), "withdrawn"),
    "close": (("accepted",), "accepted"),
}


def load_proposals(session: Session, mapping: SchemaMapping, items: Sequence[Proposed]) -> Diagnostic | None:
    """Makes the table of planned proposals, each with the ``number`` of its row in the outbox; or says which has not the form of one, as a
    plan file can be made by hand."""
    seen: set[tuple[str, str]] = set()
    for item in items:
        before, after = FORMS.get(item.action, ((), ""))
        known = item.before in before and item.after == after and (item.outbox is None) is (item.before is None)
        if not known or item.entity not in mapping.entities or not item.proposal:
            return diagnostic("E0601", f"proposal `{item.proposal}` of `{item.subject}` does not have the form of one", help=AGAIN)
        if (item.proposal, item.subject) in seen:
            return diagnostic("E0601", f"the plan has proposal `{item.proposal}` of `{item.subject}` twice", help=AGAIN)
        seen.add((item.proposal, item.subject))
    columns = {name: type for name, type in PROPOSAL_COLUMNS.items() if name not in ("run", "sequence", "hash", "outbox")}
    session.stage(GIVEN, {**columns, "outbox": "BIGINT"}, [compact(asdict(item) | {"show": compact(dict(item.show))}) for item in items])
    names = ", ".join(quoted(name) for name in columns)
    new = f"(SELECT coalesce(max(id), 0) FROM {OUTBOX}) + row_number() OVER (PARTITION BY action ORDER BY sequence)"
    number = f"CASE WHEN action = 'make' THEN {new} ELSE outbox END AS outbox"
    session.keep(PLANNED_PROPOSALS, f"SELECT sequence, {names}, outbox AS last, {number} FROM {GIVEN}")
    session.execute(f"DROP TABLE {GIVEN}")
    return None


def stale_proposals(session: Session, mapping: SchemaMapping) -> tuple[Diagnostic, ...]:
    """The proposals whose last row in the outbox, or whose subject, is no longer as the plan found it."""
    last = f"SELECT proposal, subject, max(id) AS id FROM {OUTBOX} GROUP BY proposal, subject"
    sql = (
        "SELECT planned.proposal, planned.subject, planned.before, state.state "
        f"FROM {PLANNED_PROPOSALS} AS planned LEFT JOIN ({last}) AS newest USING (proposal, subject) "
        f"LEFT JOIN {OUTBOX} AS state ON state.id = newest.id AND state.proposal = planned.proposal AND state.subject = planned.subject "
        "WHERE newest.id IS DISTINCT FROM planned.last OR state.state IS DISTINCT FROM planned.before "
        "OR (planned.action = 'close' AND state.ended_on IS NOT NULL) "
        "OR (planned.action = 'make' AND planned.before = 'accepted' AND state.ended_on IS NULL) "
        f"ORDER BY planned.sequence LIMIT {LISTED}"
    )
    problems: list[Diagnostic] = []
    for name, subject, before, state in session.fetch(sql):
        now, then = state or "not there", before or "not there"
        problems.append(diagnostic("E0701", f"proposal `{name}` of `{subject}` is {now} now, and was {then} when the plan was made"))
    for (entity,) in session.fetch(f"SELECT DISTINCT entity FROM {PLANNED_PROPOSALS} WHERE action = 'make' ORDER BY 1"):
        there = _there(session, mapping, entity)
        if entity == "legal_entity":  # a customer without one is its own
            there += f" OR {_there(session, mapping, 'customer')}"
        sql = (
            f"SELECT planned.subject FROM {PLANNED_PROPOSALS} AS planned WHERE planned.action = 'make' AND planned.entity = $entity "
            f"AND NOT ({there}) ORDER BY planned.sequence LIMIT {LISTED}"
        )
        for (subject,) in session.fetch(sql, {"entity": entity}):
            problems.append(diagnostic("E0701", f"`{subject}` is no longer in the data"))
    return tuple(problems)


def _there(session: Session, mapping: SchemaMapping, entity: str) -> str:
    """Whether the subject of the proposal `planned` is in the data, as an entity's row."""
    key = mapping.entities[entity].fields[mapping.schema.entities[entity].key or ""].column
    rows = Relations(mapping, DIALECTS[session.dialect]).text(entity, "existing", [key])
    return f"EXISTS (SELECT 1 FROM {rows} WHERE CAST(existing.{quoted(key)} AS VARCHAR) = planned.subject)"


def write_proposals(session: Session, run: int, day: date) -> int:
    """Writes them; how many rows the outbox has more."""
    given = {"run": run, "day": day}
    names = ("id", "run", "proposal", "entity", "subject", "label", "state", "made_on", "amount", "approver", "shown", "because")
    values = 'outbox, $run, proposal, entity, subject, label, after, $day, amount, approver, "show", because'
    assert set(names) <= OUTBOX_COLUMNS.keys()
    made = session.execute(
        f"INSERT INTO {OUTBOX} ({', '.join(names)}) SELECT {values} FROM {PLANNED_PROPOSALS} WHERE action = 'make' ORDER BY sequence", given
    )
    session.execute(
        f"UPDATE {OUTBOX} SET state = planned.after, ended_on = $day FROM {PLANNED_PROPOSALS} AS planned "
        f"WHERE {OUTBOX}.id = planned.outbox AND planned.action <> 'make'",
        {"day": day},
    )
    return made


def wrong_proposals(session: Session, day: date, size: int) -> tuple[Diagnostic, ...]:
    """The proposals whose row is not what the plan says; also where the outbox has not ``size`` rows."""
    texts = {"amount": "amount", "approver": "approver", "shown": "show", "because": "because"}
    said = " AND ".join(f"state.{name} IS NOT DISTINCT FROM planned.{quoted(planned)}" for name, planned in texts.items())
    made = f"state.made_on IS NOT DISTINCT FROM $day AND {said}"
    true = f"CASE WHEN planned.action = 'make' THEN {made} ELSE state.ended_on IS NOT DISTINCT FROM $day END"
    sql = (
        f"SELECT planned.proposal, planned.subject FROM {PLANNED_PROPOSALS} AS planned LEFT JOIN {OUTBOX} AS state "
        "ON state.id = planned.outbox AND state.proposal = planned.proposal AND state.subject = planned.subject "
        "GROUP BY planned.sequence, planned.proposal, planned.subject "
        f"HAVING NOT (count(state.id) = 1 AND bool_and(state.state IS NOT DISTINCT FROM planned.after AND {true})) "
        f"ORDER BY planned.sequence LIMIT {LISTED}"
    )
    problems = []
    for name, subject in session.fetch(sql, {"day": day}):
        problems.append(diagnostic("E0706", f"proposal `{name}` of `{subject}` was not written as planned"))
    rows = outbox_size(session)
    if not problems and rows != size:
        text = f"the outbox has {rows} rows after the writing, and should have {size}"
        problems.append(diagnostic("E0706", text, help="look for a trigger that writes to it"))
    return tuple(problems)


def outbox_size(session: Session) -> int:
    """How many rows it has."""
    return int(session.fetch(f"SELECT count(*) FROM {OUTBOX}")[0][0])
