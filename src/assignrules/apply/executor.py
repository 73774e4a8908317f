"""Performs the stages of an apply in one transaction."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import assert_never

from assignrules.apply.proposals import (
    PLANNED_PROPOSALS,
    load_proposals,
    outbox_size,
    stale_proposals,
    write_proposals,
    wrong_proposals,
)
from assignrules.apply.revert import REVERTED, not_opposite, point_back
from assignrules.apply.rights import DIALECT, need
from assignrules.apply.stages import (
    AppendJournal,
    CheckBefore,
    CheckIdentity,
    CheckProposals,
    Commit,
    LoadChanges,
    Lock,
    Stage,
    VerifyProposals,
    VerifyWritten,
    WriteProposals,
    WriteTarget,
    counts_of_changes,
    stages,
)
from assignrules.apply.targets import PLANNED, PLANNED_COLUMNS, TargetSQL, target_sql
from assignrules.databases.base import Database, Writing, quoted
from assignrules.databases.binding import bind
from assignrules.databases.embedded import create_engine_tables, lineage, lock
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.ir.changes import Printed
from assignrules.ir.types import Money
from assignrules.ir.values import Value, shown
from assignrules.journal.append import Entry, append
from assignrules.journal.chain import holds
from assignrules.journal.history import last_run, revert_of, run_of_plan
from assignrules.journal.tables import ALERT_ROWS, CHANGES, PROPOSALS, REVERTS, create_journal
from assignrules.plan.model import Header, Plan, plan_id
from assignrules.schema.mapping import OUTBOX, SchemaMapping

LISTED = 20  # stale rows that are named
AGAIN = "make the plan again"
ALERTS = "assignrules_watched"  # the temporary table of the alerts' rows


class Outcome(Enum):
    """How an apply ended; the value is the exit code."""

    APPLIED = 0
    REFUSED = 3
    STALE = 4
    FAILED = 5


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """``run`` and ``head``: the number of the run and the journal's head. ``already``: the plan had been applied before, as ``run``;
    nothing was written. Of any outcome but ``APPLIED`` nothing was written either, and ``diagnostics`` say why."""

    outcome: Outcome
    run: int | None = None
    head: str | None = None
    already: bool = False
    changes: int = 0
    proposals: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def exit_code(self) -> int:
        """Of the command."""
        return self.outcome.value


@dataclass(frozen=True, slots=True)
class Request:
    """Who applies, where, and what the rules and the schema are now (digests, as in the plan's header)."""

    ruleset_digest: str
    schema_digest: str
    environment: str
    user: str
    login: str
    reason: str | None
    approved_by: str | None
    now: datetime
    overrides: frozenset[str]
    refusals: tuple[Diagnostic, ...] = ()
    parameters: Mapping[str, Printed] | None = None


@dataclass(slots=True)
class _Work:
    """What the stages of one apply hand on to each other."""

    session: Writing
    mapping: SchemaMapping
    plan: Plan
    id: str
    request: Request
    began: float = field(default_factory=time.monotonic)
    statements: dict[str, TargetSQL] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    run: int | None = None
    head: str | None = None
    first: bool = False  # nothing was ever applied in the database

    def sql(self, target: str) -> TargetSQL:
        """The target's statements."""
        if target not in self.statements:
            self.statements[target] = target_sql(self.mapping, target, self.session.dialect)
        return self.statements[target]


def apply_plan(
    database: Database,
    mapping: SchemaMapping,
    plan: Plan,
    *,
    ruleset_digest: str,
    schema_digest: str,
    environment: str,
    now: datetime,
    user: str | None = None,
    reason: str | None = None,
    approved_by: str | None = None,
    overrides: Collection[str] = (),
    refusals: Sequence[Diagnostic] = (),
    parameters: Mapping[str, Printed] | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> ApplyResult:
    """Applies a plan whole, with its journal rows, or leaves the database as it is.

    ``now`` is the caller's clock, with a time zone. ``user`` is who does it, the operating system's user unless given; both are kept.
    ``overrides`` name guards that shall not stop it, ``refusals`` are what else stops it. ``parameters``: those of the rules now, to say
    which changed. ``on_stage`` is told ``before NAME`` and ``after
    NAME`` of each stage.
    Raises ``DatabaseUnavailable`` where the database cannot be opened, ``DatabaseFailure`` where a statement fails; nothing is written
    then.
    """
    login = _login()
    request = Request(
        ruleset_digest,
        schema_digest,
        environment,
        user or login,
        login,
        reason,
        approved_by,
        now,
        frozenset(overrides),
        tuple(refusals),
        parameters,
    )
    unknown = tuple(
        diagnostic("E0601", f"the plan changes target `{target}`, which the schema does not have", help=AGAIN)
        for target in counts_of_changes(plan.header.summary)
        if target not in mapping.targets
    )
    if unknown:
        return ApplyResult(Outcome.STALE, diagnostics=unknown)
    tell = on_stage or (lambda name: None)
    # In a company's server the first run makes the engine's schema; a file that is not there is no company's database.
    with database.writing(create=mapping.physical is not None and database.dialect == DIALECT) as session:
        work = _Work(session, mapping, plan, plan_id(plan), request)
        for stage in stages(plan):
            tell(f"before {stage.name}")
            result = _perform(stage, work)
            if result is not None:
                return result
            tell(f"after {stage.name}")
    proposals = len(plan.proposes)
    return ApplyResult(Outcome.APPLIED, work.run, work.head, changes=len(plan.changes), proposals=proposals)


def _perform(stage: Stage, work: _Work) -> ApplyResult | None:
    """One stage; a result where the apply ends here."""
    match stage:
        case Lock():
            need(work.session, work.mapping, write=True)
            if work.mapping.physical is not None:
                refusal = _open_mapped(work)
                if refusal is not None:
                    return refusal
            if lineage(work.session) is None:
                return _stale(diagnostic("E0704", "the database has no lineage: the plan was made from another one", help=AGAIN))
            create_journal(work.session)
            lock(work.session)
            return None
        case CheckIdentity():
            return _check_identity(work)
        case LoadChanges():
            return _load_changes(work)
        case CheckBefore(target=target):
            return _check_before(work, target)
        case WriteTarget(target=target):
            return _write(work, target)
        case AppendJournal():
            sources = {CHANGES: PLANNED, ALERT_ROWS: ALERTS}
            if work.plan.proposes:
                sources[PROPOSALS] = PLANNED_PROPOSALS
            if work.plan.header.reverts is not None:
                point_back(work.session, work.plan.header.reverts)
                sources[REVERTS] = REVERTED
            work.run, work.head = append(work.session, _entry(work), sources)
            return None
        case CheckProposals():
            return _check_proposals(work)
        case WriteProposals():
            assert work.run is not None
            work.sizes[OUTBOX] += write_proposals(work.session, work.run, work.plan.header.as_of)
            return None
        case VerifyProposals():
            problems = wrong_proposals(work.session, work.plan.header.as_of, work.sizes[OUTBOX])
            return ApplyResult(Outcome.FAILED, diagnostics=problems) if problems else None
        case VerifyWritten(target=target):
            return _verify(work, target)
        case Commit():
            work.session.commit()
            return None
        case _:
            assert_never(stage)


def _open_mapped(work: _Work) -> ApplyResult | None:
    """Makes the engine's own tables in a company's database where they are not there yet, and asks it for what the mapping reads."""
    work.first = lineage(work.session) is None
    create_engine_tables(work.session, work.mapping)
    work.mapping, problems = bind(work.session, work.mapping, date.fromisoformat(str(work.plan.header.as_of)))
    return ApplyResult(Outcome.FAILED, diagnostics=problems) if problems else None


def _of_this_database(work: _Work) -> bool:
    """A plan of a company's database in which nothing was applied yet has no lineage: it is the first run's, or the database's next."""
    made_in = work.plan.header.lineage
    if made_in is None and work.mapping.physical is not None:
        return work.first or run_of_plan(work.session, work.id) is not None
    return made_in == lineage(work.session)


def _check_identity(work: _Work) -> ApplyResult | None:
    header, request = work.plan.header, work.request
    if not _of_this_database(work):
        return _stale(diagnostic("E0704", "the plan was made from another database", help=AGAIN))
    run = run_of_plan(work.session, work.id)
    if run is not None:
        revert = revert_of(work.session, run.id)
        if revert is None:
            return ApplyResult(Outcome.APPLIED, run.id, run.hash, already=True)
        return _stale(diagnostic("E0701", f"the plan was applied as run {run.id} and reverted by run {revert.id}", help=AGAIN))
    problems: list[Diagnostic] = []
    if header.environment != request.environment:
        text = f"the plan was made for environment `{header.environment}`, and this is `{request.environment}`"
        problems.append(diagnostic("E0710", text, help=AGAIN))
    if header.reverts is None and header.ruleset != request.ruleset_digest:  # what was done can be undone, whatever the rules are now
        problems.append(_other_rules(header, request))
    if header.schema != request.schema_digest:
        text = f"the schema changed since the plan was made: it has `{header.schema}`, it is `{request.schema_digest}`"
        problems.append(diagnostic("E0703", text, help=AGAIN))
    if header.expires is not None and not _in_time(header.expires, request.now):
        problems.append(diagnostic("E0705", f"the plan could be applied until {header.expires}", help=AGAIN))
    if header.anchor is not None and not holds(work.session, header.anchor):
        text = f"the journal does not hold the run that the plan follows (`{header.anchor}`): it was altered or cut off"
        problems.append(diagnostic("E0704", text, help="`assignrules log --verify` says what is wrong with the journal"))
    if problems:
        return _stale(*problems)
    refusals = (*refused(work.plan, request.overrides), *request.refusals)
    return ApplyResult(Outcome.REFUSED, diagnostics=refusals) if refusals else None


def _other_rules(header: Header, request: Request) -> Diagnostic:
    """What differs: a parameter, or else the rules themselves."""
    now = header.parameters if request.parameters is None else request.parameters
    if header.parameters.keys() == now.keys():
        for name, value in header.parameters.items():
            if now[name] != value:
                text = f"parameter `{name}` is `{now[name]}` now, and was `{value}` when the plan was made"
                return diagnostic("E0702", text, help=f"make the plan again, or apply it with `--param {name}=…` as it was made")
    text = f"the rules changed since the plan was made: it has `{header.ruleset}`, they are `{request.ruleset_digest}`"
    return diagnostic("E0702", text, help=AGAIN)


def refused(plan: Plan, overrides: Collection[str] = ()) -> tuple[Diagnostic, ...]:
    """Why a plan must not be applied, if guards named in ``overrides`` are let pass; empty where it may be."""
    if plan.header.applicable:
        return ()
    problems = [diagnostic("E0604", f"{problem.message} ({problem.count} rows of `{problem.entity}`)") for problem in plan.data_errors]
    problems += [
        diagnostic("E0604", f"requirement `{item.name}` fails", help=f"see {item.at}") for item in plan.requirements if not item.warning
    ]
    tripped = [guard for guard in plan.header.guards if not (guard.passed or guard.overridden)]
    for guard in tripped:
        if guard.name not in overrides:
            text = f"guard `{guard.name}` allows {guard.bound}, and the plan changes {guard.changes} of {guard.total}"
            problems.append(diagnostic("E0603", text, help=f"look at the changes; `--override-guard {guard.name}` lets them pass"))
    if plan.header.reverts is not None and plan.conflicts:
        text = f"the state that run {plan.header.reverts} left stands no more for {len(plan.conflicts)} of its changes"
        problems.append(diagnostic("E0604", text, help="look at the conflicts; `--skip-conflicts` leaves them, and sets the others back"))
    if not problems and not tripped:
        problems.append(diagnostic("E0604", "the plan is not applicable", help=AGAIN))
    return tuple(problems)


def let_pass(plan: Plan, overrides: Collection[str]) -> Plan:
    """The plan as it reads once guards named in ``overrides`` do not stop it: for showing a kept plan that is applied with them."""
    guards = tuple(
        replace(guard, overridden=guard.overridden or (not guard.passed and guard.name in overrides)) for guard in plan.header.guards
    )
    return replace(plan, header=replace(plan.header, guards=guards, applicable=not refused(plan, overrides)))


def _load_changes(work: _Work) -> ApplyResult | None:
    """Stages the changes; a plan file that passed its digest can still be made by hand, so their form is checked before they are
    believed."""
    session, counts = work.session, counts_of_changes(work.plan.header.summary)
    session.stage("assignrules_given", PLANNED_COLUMNS, work.plan.changes)
    kinds = " ".join(f"WHEN '{target}' THEN '{work.sql(target).kind}'" for target in counts)
    kind = f"CASE target {kinds} END" if kinds else "CAST(NULL AS VARCHAR)"
    columns = ", ".join(quoted(name) for name in PLANNED_COLUMNS)
    session.keep(PLANNED, f"SELECT sequence, {columns}, {kind} AS kind FROM assignrules_given")
    session.execute("DROP TABLE assignrules_given")
    forms = " ".join(f"WHEN '{target}' THEN {work.sql(target).malformed}" for target in counts)
    form = f"CASE target {forms} ELSE true END" if forms else "true"
    incomplete = " OR ".join(f"{quoted(name)} IS NULL" for name in ("subject", "target", "rule", "at", "manual"))
    bad = session.fetch(f"SELECT min(sequence) FROM {PLANNED} WHERE coalesce({incomplete} OR {form}, true)")[0][0]
    if bad is not None:
        return _stale(diagnostic("E0601", f"change {bad} of the plan does not have the form of a change", help=AGAIN))
    session.stage(ALERTS, {"alert": "VARCHAR", "subject": "VARCHAR"}, work.plan.alert_rows)
    bad = session.fetch(f"SELECT min(sequence) FROM {ALERTS} WHERE alert IS NULL OR subject IS NULL")[0][0]
    if bad is not None:
        return _stale(diagnostic("E0601", f"alert row {bad} of the plan does not have the form of one", help=AGAIN))
    found: dict[str, dict[str, int]] = {}
    for target, action, count in session.fetch(f"SELECT target, action, count(*) FROM {PLANNED} GROUP BY target, action"):
        found.setdefault(target, {})[action] = count
    if found != counts:
        return _stale(diagnostic("E0601", "the plan's changes are not those that its summary counts", help=AGAIN))
    if work.plan.header.reverts is not None:
        other = not_opposite(session, work.plan.header.reverts)
        if other is not None:
            text = f"change {other} of the plan does not set back a change of run {work.plan.header.reverts}"
            return _stale(diagnostic("E0601", text, help=AGAIN))
    sql = f"SELECT subject, target FROM {PLANNED} GROUP BY target, member, subject HAVING count(*) > 1 ORDER BY 2, 1 LIMIT 1"
    for subject, target in session.fetch(sql):
        return _stale(diagnostic("E0601", f"the plan changes `{target}` of `{subject}` twice", help=AGAIN))
    return None


def _check_proposals(work: _Work) -> ApplyResult | None:
    malformed = load_proposals(work.session, work.mapping, work.plan.proposes)
    if malformed is not None:
        return _stale(malformed)
    problems = stale_proposals(work.session, work.mapping)
    work.sizes[OUTBOX] = outbox_size(work.session)
    help = _since(work) if problems else None
    return _stale(*(replace(problem, help=problem.help or help) for problem in problems)) if problems else None


def _check_before(work: _Work, target: str) -> ApplyResult | None:
    sql = work.sql(target)
    for statement in sql.locks:
        work.session.fetch(statement, {"target": target})
    rows = work.session.fetch(f"{sql.stale} LIMIT {LISTED}", {"target": target})
    if not rows:
        for code, message, query in sql.unwritable:
            lacking = work.session.fetch(f"{query} LIMIT {LISTED}", {"target": target})
            if lacking:
                texts = (f"`{target}` of `{subject}` cannot become `{shown(after)}`: {message}" for subject, after in lacking)
                return ApplyResult(Outcome.REFUSED, diagnostics=tuple(diagnostic(code, text) for text in texts))
    work.sizes[target] = work.session.fetch(sql.count)[0][0]
    if not rows:
        return None
    problems: list[Diagnostic] = []
    help = _since(work)
    for subject, member, before, exists, value, currency, _ in rows:
        what = f"`{target}`" if member is None else f"`{target}` `{member}`"
        if exists:
            text = f"{what} of `{subject}` is `{shown(_value(value, currency))}` now, and was `{shown(before)}` when the plan was made"
        else:
            text = f"`{subject}` is no longer in the data"
        problems.append(diagnostic("E0701", text, help=help))
    total = rows[0][-1]
    if total > len(rows):
        problems.append(diagnostic("E0701", f"{total} rows of `{target}` changed since the plan was made, {len(rows)} of them are listed"))
    return _stale(*problems)


def _since(work: _Work) -> str:
    """The way out of a stale plan, with the last run that was made after the plan."""
    last = last_run(work.session)
    if last is None or last.hash == work.plan.header.anchor:
        return AGAIN
    return f"run {last.id} by `{last.user}` was applied since: {AGAIN}"


def _write(work: _Work, target: str) -> ApplyResult | None:
    for statement, sign in work.sql(target).writes:
        work.sizes[target] += sign * work.session.execute(statement, {"target": target})
    return None


def _verify(work: _Work, target: str) -> ApplyResult | None:
    sql = work.sql(target)
    wrong = work.session.fetch(f"{sql.wrong} LIMIT {LISTED}", {"target": target})
    problems = [
        diagnostic("E0706", f"`{target}`{'' if member is None else f' `{member}`'} of `{subject}` was not written as planned")
        for subject, member in wrong
    ]
    size = work.session.fetch(sql.count)[0][0]
    if not wrong and size != work.sizes[target]:
        text = f"the state of `{target}` has {size} rows after the writing, and should have {work.sizes[target]}"
        problems.append(diagnostic("E0706", text, help="look for a trigger that writes to it"))
    return ApplyResult(Outcome.FAILED, diagnostics=tuple(problems)) if problems else None


def _entry(work: _Work) -> Entry:
    header, request = work.plan.header, work.request
    return Entry(
        started=request.now,
        finished=request.now + timedelta(seconds=time.monotonic() - work.began),
        user=request.user,
        login=request.login,
        as_of=header.as_of,
        mode="apply" if header.reverts is None else "revert",
        environment=request.environment,
        ruleset=header.ruleset,
        schema=header.schema,
        git=header.git,
        plan=work.id,
        parameters=header.parameters,
        counts=header.summary,
        reason=request.reason,
        approved_by=request.approved_by,
        overrides=tuple(sorted(request.overrides)),
        reverts=header.reverts,
        status="applied",
        version=header.version,
    )


def _in_time(expires: str, now: datetime) -> bool:
    try:
        end = datetime.fromisoformat(expires)
    except ValueError:
        return False
    return now <= (end if end.tzinfo is not None else end.replace(tzinfo=UTC))


def _value(value: object, currency: str | None) -> Value:
    if isinstance(value, Decimal) and currency is not None:
        return Money(value, currency)
    return value  # type: ignore[return-value]  # a column of a target holds nothing else


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a container's user without a name


def _stale(*problems: Diagnostic) -> ApplyResult:
    return ApplyResult(Outcome.STALE, diagnostics=problems)
