"""The pass `build_plan`: the rules' difference to what is there, from one snapshot of a database. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
from assignrules.plan.decide import ACTIONS, Found, decide
from assignrules.plan.distribution import Shared, balance, sharing_warnings
from assignrules.plan.guards import guard_verdicts
from assignrules.plan.model import Alert, Header, Plan, Requirement
from assignrules.plan.nouns import own_nouns
from assignrules.plan.proposals import proposal_statements, proposed
from assignrules.plan.reports import report_queries
from assignrules.plan.requirements import failing_requirements, requirement_queries
from assignrules.plan.unwritable import unwritable
from assignrules.resolve.names import SUBJECT
from assignrules.schema.digest import schema_digest
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql.queries import Compiler
from assignrules.sql.stages import Statement

UNKEYED = ("E0501", "E0524")


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
    found: tuple[Found, ...] = ()
    guards: tuple[GuardVerdict, ...] = ()
    errors: tuple[DataProblem, ...] = ()
    warnings: tuple[DataProblem, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    alerts: tuple[Alert, ...] = ()
    alert_rows: tuple[str, ...] = ()
    proposals: tuple[Proposed, ...] = ()
    try:
        decided = decide(session, compiler, in_steps=True)
        following = _Following(session, decided.after)
        errors, warnings = data_problems(session, decided.after, [*decided.statements(), *following.statements()], following.reports)
        if any(problem.code in UNKEYED for problem in errors):  # then no key leads to a row's own decisions: each is made anew
            decided = replace(decide(session, compiler, in_steps=False), after=compiler)
            following = _Following(session, compiler)
            errors, warnings = data_problems(session, compiler, [*decided.statements(), *following.statements()], following.reports)
        after, shared, found = decided.after, decided.shared, decided.found
        errors = tuple(sorted((*errors, *checked(session, [*unwritable(compiler, [item.part for item in found])])), key=_order))
        guards = guard_verdicts(session, after, [(item.part, item.existing) for item in found], project_guard, overrides)
        requirements = failing_requirements(session, after, following.requirements)
        alerts, alert_rows = find_alerts(session, after, following.alerts)
        warnings = tuple(sorted((*warnings, *sharing_warnings(compiler, shared)), key=_order))
        proposals = proposed(session, after, following.proposals)
        subjects = _subjects(session, compiler, found)
    except NumberTooLarge:
        # the statement that met it cannot go on, and neither can its snapshot: the plan says so and holds nothing else
        found, subjects, guards, warnings, requirements, alerts, alert_rows, proposals = (), {}, (), (), (), (), (), ()
        entity = next(iter([*_decided_entities(ruleset, mapping, as_of), *(rule.entity for rule in ruleset.alerts), SUBJECT]))
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


def parameters_of(ruleset: Ruleset) -> dict[str, Printed]:
    """The parameters' values as they stand in a plan."""
    return {name: printed_parameter(value) for name, value in sorted(ruleset.params.items())}


def _restricted(ruleset: Ruleset, only: str) -> Ruleset:
    """The ruleset with one target alone. It makes no proposals, and withdraws none: they would speak of states that are not to come."""
    blocks = tuple(block for block in ruleset.assignments if block.target == only)
    return replace(ruleset, assignments=blocks, order=tuple(unit for unit in ruleset.order if unit[0] == only), proposals=())


def _summary(ruleset: Ruleset, mapping: SchemaMapping, as_of: date, found: Sequence[Found]) -> Mapping[str, Mapping[str, int]]:
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


def _decided_entities(ruleset: Ruleset, mapping: SchemaMapping, as_of: date) -> list[str]:
    return sorted({mapping.schema.targets[target].entity for target, member in ruleset.order if ruleset.writers(target, member, as_of)})


def _subjects(session: Session, compiler: Compiler, found: Sequence[Found]) -> Mapping[str, int]:
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
