"""The plan that sets a run's changes back, where the state is still the one that the run left (running.md, section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

import assignrules
from assignrules.apply.planned import PLANNED, PLANNED_COLUMNS
from assignrules.apply.targets import target_sql
from assignrules.databases.base import Session, quoted
from assignrules.databases.embedded import lineage
from assignrules.ir.changes import Change, Conflict, DataProblem, Drifted, Printed, action_of
from assignrules.ir.types import Money
from assignrules.ir.values import Value, printed
from assignrules.journal.chain import head
from assignrules.journal.history import changes
from assignrules.journal.tables import CHANGE, REVERT, Run, has_reverts
from assignrules.plan.model import Header, Plan, change_line
from assignrules.plan.nouns import own_nouns
from assignrules.schema.digest import schema_digest
from assignrules.schema.logical import Shape
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.journal import hidden_changes

RULE = "revert"
REVERTED = "assignrules_reverted"  # the temporary table of what each change of a revert points at
SAME_UNIT = "{0}.subject = {1}.subject AND {0}.target = {1}.target AND {0}.member IS NOT DISTINCT FROM {1}.member"


def build_revert(
    session: Session,
    mapping: SchemaMapping,
    run: Run,
    *,
    as_of: date,
    environment: str,
    currency: str,
    skip_conflicts: bool = False,
    created: datetime | None = None,
    expires: datetime | None = None,
    git: str | None = None,
) -> Plan:
    """The opposite of a run's changes. Those whose state was changed since, that are undone already, or whose subject or target is gone are
    its conflicts (``before`` the state now, ``after`` what would be set back); with any, it is applicable only with ``skip_conflicts``."""
    made = changes(session, run.id)
    known = [change for change in made if change.target in mapping.targets]
    elsewhere = {(item.target, item.member, item.subject): item for item in differing(session, mapping, known)}
    undone = _undone(session, run.id)
    lines: list[str] = []
    conflicts: list[Conflict] = []
    gone: dict[str, list[str]] = {}
    summary: dict[str, dict[str, int]] = {}
    for sequence, change in enumerate(made, start=1):
        at = f"run {run.id}, change {sequence}"
        there = elsewhere.get((change.target, change.member, change.subject))
        if change.target not in mapping.targets or sequence in undone or there is not None:
            now = there.now if there is not None else change.after if sequence in undone else None
            conflicts.append(Conflict(change.subject, change.target, change.member, now, change.before, at))
            if there is not None and not there.there:
                gone.setdefault(mapping.schema.targets[change.target].entity, []).append(change.subject)
            continue
        shape = mapping.schema.targets[change.target].shape.value
        action = action_of(shape, change.after, change.before)
        words = summary.setdefault(change.target, {})
        words[action] = words.get(action, 0) + 1
        back = Change(
            change.subject, change.label, change.target, change.member, change.after, change.before, action, RULE, None, at, None, False
        )
        lines.append(change_line(back))
    nouns = own_nouns(mapping.schema, {change.target for change in made})
    header = Header(
        as_of=as_of,
        ruleset=run.ruleset,
        schema=schema_digest(mapping),
        applicable=skip_conflicts or not conflicts,
        summary=dict(sorted(summary.items())),
        parameters={},
        environment=environment,
        currency=currency,
        guards=(),
        subjects={},
        lineage=lineage(session),
        anchor=head(session),
        git=git,
        created=None if created is None else created.isoformat(timespec="seconds"),
        expires=None if expires is None else expires.isoformat(timespec="seconds"),
        version=assignrules.__version__,
        reverts=run.id,
        targets=nouns.entities,
        plurals=nouns.plurals,
    )
    warnings = tuple(
        DataProblem(
            "W0503", f"changes of run {run.id} whose subject is no longer in the data", entity, len(keys), tuple(sorted(set(keys))[:5])
        )
        for entity, keys in sorted(gone.items())
    )
    return Plan(header, tuple(lines), conflicts=tuple(conflicts), data_warnings=warnings)


def differing(session: Session, mapping: SchemaMapping, expected: Sequence[Change]) -> tuple[Drifted, ...]:
    """Those changes whose ``after`` is not the state now. Their targets are the mapping's."""
    if not expected:
        return ()
    rows = [_expecting(change) for change in expected]
    session.stage("assignrules_given", PLANNED_COLUMNS, rows)
    columns = ", ".join(quoted(name) for name in PLANNED_COLUMNS)
    session.keep(PLANNED, f"SELECT sequence, {columns} FROM assignrules_given")
    found: list[Drifted] = []
    for target in sorted({change.target for change in expected}):
        shape = mapping.schema.targets[target].shape
        sql = target_sql(mapping, target, session.dialect)
        for subject, member, _, there, value, code, _ in session.fetch(sql.stale, {"target": target}):
            found.append(Drifted(subject, target, member, _state(value, code, shape), there))
    return tuple(found)


def _expecting(change: Change) -> str:
    """A row for the statement that compares what is there with a change's ``before``."""
    return change_line(
        Change(
            change.subject, None, change.target, change.member, change.after, None, change.action, change.rule, None, change.at, None, False
        )
    )


def _state(value: object, currency: str | None, shape: Shape) -> Printed:
    if shape is Shape.SET:
        return bool(value)
    if isinstance(value, Decimal) and currency is not None:
        return printed(Money(value, currency))
    found: Value = value  # type: ignore[assignment]  # a column of a target holds nothing else
    return printed(found)


def _undone(session: Session, run: int) -> frozenset[int]:
    """The numbers of a run's changes that do not stand any more: one of a revert, too, once it is reverted itself."""
    if not has_reverts(session):
        return frozenset()
    hidden = hidden_changes().sql(dialect=DIALECTS[session.dialect].name)
    # What a change is of a revert, stands in its own pointer; a later pointer to it, or to what it undid, is its end.
    again = "later.undoes_run = own.undoes_run AND later.undoes_sequence = own.undoes_sequence AND later.run > own.run"
    plain = "later.of_run = made.run AND later.of_sequence = made.sequence AND later.undoes_run IS NULL"
    sql = (
        f"WITH hidden AS ({hidden}) SELECT made.sequence FROM {CHANGE} AS made LEFT JOIN {REVERT} AS own "
        "ON own.run = made.run AND own.sequence = made.sequence AND own.undoes_run IS NOT NULL "
        "LEFT JOIN hidden ON hidden.run = made.run AND hidden.sequence = made.sequence "
        "WHERE made.run = $run AND ((own.run IS NULL AND hidden.run IS NOT NULL) "
        f"OR EXISTS (SELECT 1 FROM {REVERT} AS later WHERE ({again}) OR ({plain} AND NOT EXISTS "
        "(SELECT 1 FROM hidden AS gone WHERE gone.run = later.run AND gone.sequence = later.sequence))))"
    )
    return frozenset(row[0] for row in session.fetch(sql, {"run": run}))


def not_opposite(session: Session, run: int) -> int | None:
    """The first planned change that does not set back a change of the run: a plan file can be made by hand."""
    same = SAME_UNIT.format("made", "change") + " AND made.run = $run"
    opposite = "made.before IS NOT DISTINCT FROM change.after AND made.after IS NOT DISTINCT FROM change.before"
    sql = f"SELECT min(sequence) FROM {PLANNED} AS change WHERE NOT EXISTS (SELECT 1 FROM {CHANGE} AS made WHERE {same} AND {opposite})"
    found = session.fetch(sql, {"run": run})[0][0]
    return None if found is None else int(found)


def point_back(session: Session, run: int) -> None:
    """Makes the table of what each planned change points at (``journal.tables.REVERTS``): it undoes a change where nothing that counts was
    journalled of the same subject and target since."""
    hidden = hidden_changes().sql(dialect=DIALECTS[session.dialect].name)
    units = (
        "SELECT change.sequence, change.subject, change.target, change.member, made.run AS of_run, made.sequence AS of_sequence, "
        "coalesce(own.undoes_run, made.run) AS root_run, coalesce(own.undoes_sequence, made.sequence) AS root_sequence "
        f"FROM {PLANNED} AS change JOIN {CHANGE} AS made ON {SAME_UNIT.format('made', 'change')} AND made.run = {int(run)} "
        f"LEFT JOIN {REVERT} AS own ON own.run = made.run AND own.sequence = made.sequence"
    )
    later = (
        f"SELECT DISTINCT unit.sequence AS place FROM unit JOIN {CHANGE} AS made "
        f"ON {SAME_UNIT.format('made', 'unit')} AND made.run > unit.root_run "
        "LEFT JOIN hidden ON hidden.run = made.run AND hidden.sequence = made.sequence WHERE hidden.run IS NULL"
    )
    shown = ", ".join(f"CASE WHEN later.place IS NULL THEN unit.root_{name} END AS undoes_{name}" for name in ("run", "sequence"))
    session.keep(
        REVERTED,
        f"WITH hidden AS ({hidden}), unit AS ({units}), later AS ({later}) "
        f"SELECT unit.sequence, unit.subject, unit.target, unit.member, unit.of_run, unit.of_sequence, {shown} "
        "FROM unit LEFT JOIN later ON later.place = unit.sequence",
    )


def left_as(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Of each subject and target the last of its changes."""
    last: dict[tuple[str, str | None, str], Change] = {}
    for change in changes:
        last[change.target, change.member, change.subject] = change
    return tuple(last.values())
