"""The pass `build_plan`: the rules' difference to what is there, from one snapshot of a database. Nothing is written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import assignrules
from assignrules.databases.base import NumberTooLarge, Session
from assignrules.ir.changes import Conflict, DataProblem, GuardVerdict, Held, Printed, Proposed
from assignrules.ir.digest import ruleset_digest
from assignrules.ir.parameters import printed_parameter
from assignrules.ir.ruleset import Ruleset
from assignrules.plan.alerts import alert_heads, alert_queries, find_alerts
from assignrules.plan.compiling import compiler_for
from assignrules.plan.data_checks import checked, data_problems
from assignrules.plan.distribution import Shared, balance, distribute, sharing_warnings
from assignrules.plan.guards import guard_verdicts
from assignrules.plan.model import Alert, Header, Plan, Requirement
from assignrules.plan.nouns import own_nouns
from assignrules.plan.proposals import proposal_statements, proposed
from assignrules.plan.reports import report_queries
from assignrules.plan.requirements import failing_requirements, requirement_queries
from assignrules.plan.unwritable import unwritable
from assignrules.resolve.names import SUBJECT
from assignrules.schema.digest import schema_digest
from assignrules.schema.logical import Shape
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql import terms
from assignrules.sql.decisions import STEP
from assignrules.sql.differences import Difference, at, differences
from assignrules.sql.queries import Compiler
from assignrules.sql.stages import Statement

UNKEYED = ("E0501", "E0524")
ACTIONS = {Shape.VALUE: ("set", "change", "clear"), Shape.SET: ("add", "remove"), Shape.COVER: ("grant", "amend", "withdraw")}


def build_plan(
    session: Session,
    ruleset: Ruleset,
    mapping: SchemaMapping,
    *,
    as_of: date,
    environment: str,
    lineage: str | None = None,
    anchor: str | None = None,
    project_guard: Decimal | None = None,
    overrides: Collection[str] = (),
    only: str | None = None,
    created: datetime | None = None,
    expires: datetime | None = None,
    git: str | None = None,
) -> Plan:
    """The plan of a ruleset on a day.

    ``project_guard`` is the project's bound on changes per target (0.3 is 30 %; None: no bound). ``overrides``: guards, by name, that may
    trip. ``only``: the one target to plan; the others stay at their current state, for their readers too. The times and ``git`` stand in
    the header as given.
    """
    whole = ruleset_digest(ruleset)  # with `only` too, so that the plan can be applied under the same rules
    if only is not None:
        ruleset = _restricted(ruleset, only)
    compiler = compiler_for(session, ruleset, mapping, as_of)
    shared: tuple[Shared, ...] = ()
    found: list[_Found] = []
    guards: tuple[GuardVerdict, ...] = ()
    errors: tuple[DataProblem, ...] = ()
    warnings: tuple[DataProblem, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    alerts: tuple[Alert, ...] = ()
    alert_rows: tuple[str, ...] = ()
    proposals: tuple[Proposed, ...] = ()
    parts = differences(compiler, read=True)
    try:
        shared = distribute(session, compiler)
        found = [_found(session, compiler, part) for part in parts]
        read = [*(part.statement for part in parts), *(item.statement for item in shared)]
        after = compiler.after({unit: place for part in parts for unit, place in part.decided().items()})
        following = _Following(session, after)
        errors, warnings = data_problems(session, after, [*read, *following.statements()], following.reports)
        if any(problem.code in UNKEYED for problem in errors):  # then no key leads to a row's own decisions: they are made anew
            after = compiler
            following = _Following(session, after)
            errors, warnings = data_problems(session, after, [*read, *following.statements()], following.reports)
        errors = tuple(sorted((*errors, *checked(session, [*unwritable(compiler, parts)])), key=_order))
        guards = guard_verdicts(session, after, [(item.part, item.existing) for item in found], project_guard, overrides)
        requirements = failing_requirements(session, after, following.requirements)
        alerts, alert_rows = find_alerts(session, after, following.alerts)
        warnings = tuple(sorted((*warnings, *sharing_warnings(compiler, shared)), key=_order))
        proposals = proposed(session, after, following.proposals)
        subjects = _subjects(session, compiler, found)
    except NumberTooLarge:
        # the statement that met it cannot go on, and neither can its snapshot: the plan says so and holds nothing else
        found, subjects, guards, warnings, requirements, alerts, alert_rows, proposals = [], {}, (), (), (), (), (), ()
        entity = next(iter([*(part.entity for part in parts), *(rule.entity for rule in ruleset.alerts), SUBJECT]))
        errors = (DataProblem("E0504", "a number grew beyond 38 digits", entity, 1, ()),)
    ordered = sorted(found, key=lambda item: item.part.entity)
    lines = [line for item in ordered for line in item.lines]
    repeated = any(problem.code == "E0501" for problem in errors)  # then a key has several lines, which the database gives in any order
    nouns = own_nouns(mapping.schema, {block.target for block in ruleset.assignments}, {rule.entity for rule in ruleset.alerts})
    header = Header(
        as_of=as_of,
        ruleset=whole,
        schema=schema_digest(mapping),
        applicable=not errors
        and all(guard.passed or guard.overridden for guard in guards)
        and all(requirement.warning for requirement in requirements),
        summary=_summary(ruleset, mapping, as_of, found),
        parameters=parameters_of(ruleset),
        environment=environment,
        currency=ruleset.currency,
        guards=guards,
        subjects=subjects,
        lineage=lineage,
        anchor=anchor,
        git=git,
        created=None if created is None else created.isoformat(timespec="seconds"),
        expires=None if expires is None else expires.isoformat(timespec="seconds"),
        version=assignrules.__version__,
        alerts=alert_heads(compiler),
        balances=tuple(balance(item, (held for one in found for held in one.held), ruleset.currency, mapping.schema) for item in shared),
        targets=nouns.entities,
        plurals=nouns.plurals,
    )
    return Plan(
        header,
        tuple(line for _, line in sorted(lines, key=lambda item: item if repeated else item[0])),
        tuple(sorted((held for item in found for held in item.held), key=_place)),
        tuple(sorted((conflict for item in found for conflict in item.conflicts), key=_place)),
        requirements=requirements,
        alerts=alerts,
        data_errors=errors,
        data_warnings=warnings,
        alert_rows=tuple(sorted(alert_rows)) if repeated else alert_rows,
        proposals=tuple(sorted(proposals, key=repr)) if repeated else proposals,
    )


class _Following:
    """The statements that read what is decided."""

    def __init__(self, session: Session, compiler: Compiler) -> None:
        self.requirements = requirement_queries(compiler)
        self.alerts = alert_queries(compiler)
        self.reports = report_queries(compiler, compiler.ruleset.reports)
        self.proposals = proposal_statements(session, compiler)

    def statements(self) -> list[Statement]:
        """All of them."""
        listed = [query.listing.statement for query in self.alerts]
        return [part.statement for part in (*self.requirements, *self.reports, *self.proposals)] + listed


class _Found:
    """What one entity's statements found. ``lines`` with their unit's place in the whole order; ``existing``: by unit and decision, how
    many changes there are of something that existed."""

    def __init__(self, part: Difference) -> None:
        self.part = part
        self.lines: list[tuple[tuple[str, str], str]] = []
        self.actions: dict[int, dict[str, int]] = {}
        self.existing: dict[tuple[int, int], int] = {}
        self.held: list[Held] = []
        self.conflicts: list[Conflict] = []


def _found(session: Session, compiler: Compiler, part: Difference) -> _Found:
    found = _Found(part)
    session.keep(part.table, compiler.text(part.rows))
    for table, query in part.parts:
        session.keep(table, compiler.text(query))
    units = [(decision.target.name, decision.member or "") for decision in part.decisions]
    ordered = compiler.text(terms.ordered(compiler.dialect.ordered_text(terms.column("subject"))))
    columns = f"unit, action, decided, {compiler.dialect.json_line('line')}"
    changing, holding, conflicting = _finding(session, compiler, part)
    for query in part.changes(changing):
        counted: Counter[tuple[int, str, int]] = Counter()
        for unit, action, decided, line in session.fetch(
            f"SELECT {columns} FROM ({compiler.text(query)}) AS found ORDER BY unit, {ordered}"
        ):
            found.lines.append((units[unit], line))
            counted[unit, action, decided] += 1
        for (unit, action, decided), count in counted.items():
            actions = found.actions.setdefault(unit, {})
            actions[action] = actions.get(action, 0) + count
            if action != ACTIONS[part.decisions[unit].target.shape][0]:  # there was something before
                place = (unit, decided // STEP)
                found.existing[place] = found.existing.get(place, 0) + count
    for query in part.held(holding):
        for unit, subject, before, after, by in session.fetch(compiler.text(query)):
            decision = part.decisions[unit]
            found.held.append(Held(subject, decision.target.name, decision.member, json.loads(before), json.loads(after), by))
    for query in part.conflicts(conflicting):
        for unit, subject, before, after, decided in session.fetch(compiler.text(query)):
            decision = part.decisions[unit]
            block = at(decision.blocks[decided // STEP])
            found.conflicts.append(Conflict(subject, decision.target.name, decision.member, json.loads(before), json.loads(after), block))
    return found


def _finding(session: Session, compiler: Compiler, part: Difference) -> tuple[set[int], set[int], set[int]]:
    """The decisions that change something, hold something and contradict themselves: on most days few do, and only those are asked for
    their rows."""
    found: tuple[set[int], set[int], set[int]] = (set(), set(), set())
    for numbers, query in part.counts():
        counts = iter(session.fetch(compiler.text(query))[0])
        for number in numbers:
            for units in found:
                if next(counts):
                    units.add(number)
    return found


def parameters_of(ruleset: Ruleset) -> dict[str, Printed]:
    """The parameters' values as they stand in a plan."""
    return {name: printed_parameter(value) for name, value in sorted(ruleset.params.items())}


def _restricted(ruleset: Ruleset, only: str) -> Ruleset:
    """The ruleset with one target alone. It makes no proposals, and withdraws none: they would speak of states that are not to come."""
    blocks = tuple(block for block in ruleset.assignments if block.target == only)
    return replace(ruleset, assignments=blocks, order=tuple(unit for unit in ruleset.order if unit[0] == only), proposals=())


def _summary(ruleset: Ruleset, mapping: SchemaMapping, as_of: date, found: list[_Found]) -> Mapping[str, Mapping[str, int]]:
    """By target, in order of name, every word of its shape, and how many are held."""
    written = sorted({block.target for block in ruleset.assignments if block.runs_on(as_of)})
    summary = {name: dict.fromkeys((*ACTIONS[mapping.schema.targets[name].shape], "held"), 0) for name in written}
    for item in found:
        for unit, actions in item.actions.items():
            for action, count in actions.items():
                summary[item.part.decisions[unit].target.name][action] += count
        for held in item.held:
            summary[held.target]["held"] += 1
    return summary


def _subjects(session: Session, compiler: Compiler, found: list[_Found]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for item in found:
        entity = item.part.entity
        rows = compiler.relations.text(entity, "row", [compiler.mapping.entities[entity].key])
        counts[entity] = session.fetch(f"SELECT COUNT(*) FROM {rows}")[0][0]
    return counts


def _place(item: Held | Conflict) -> tuple[str, str, str]:
    return (item.target, item.member or "", item.subject)


def _order(item: DataProblem) -> tuple[str, str, str]:
    return (item.code, item.entity, item.message)
