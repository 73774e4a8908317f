"""What comes after a plan: it is applied for real, people decide and change things, and the next plan is compared again."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tests.differential.datasets import Rows
from tests.differential.expressions import SCHEMA
from tests.differential.rulesets import World
from tests.differential.test_same_plan import OVERFLOW, applied, compare_plans, is_exact, planned, reference, too_large

from assignrules.apply.executor import ApplyResult, Outcome, apply_plan
from assignrules.databases.base import Writing, quoted
from assignrules.databases.embedded import fill_empty, tables
from assignrules.plan.model import Plan
from assignrules.schema.dataset import Dataset, JournalEntry, OutboxEntry
from assignrules.schema.mapping import OUTBOX
from assignrules.testing.database import DatabaseTestSession, planned_rows
from assignrules.testing.planner import ReferenceSession

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REMEMBERS = re.compile(r"\b(cooldown|restore|keep manual|limit|moving at most|alert|propose)\b")
LATER = (0, 0, 1, 3, 9, 10, 30, 31, 365)  # days from the first plan to the second


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """A database of one session, whose commits are not made: the next world finds the store empty."""

    session: Writing
    dialect: str = "duckdb"

    @contextmanager
    def writing(self, *, create: bool = False) -> Iterator[Writing]:
        """The session."""
        commit, self.session.commit = self.session.commit, lambda: None  # type: ignore[method-assign]
        try:
            yield self.session
        finally:
            self.session.commit = commit  # type: ignore[method-assign]


def the_same_afterwards(world: World, session: DatabaseTestSession, plan: Plan, asked: ReferenceSession) -> None:
    """Applies the plan, lets people act, plans on a later day or again on the same one, and compares: where rules remember, and of the
    others some. A plan that cannot be applied ends it: its data or requirements must forbid that."""
    pick = random.Random(world.seed)
    if not REMEMBERS.search(world.text) and pick.random() < 0.7:
        return
    result = apply_here(session, plan)
    if result.outcome is not Outcome.APPLIED:
        outcome = asked.plan()
        required = {item.name for item in session.ruleset.requirements if not item.warning}
        assert plan.data_errors or required & outcome.requirements.keys(), result.diagnostics  # both plans were compared before
        return
    later = pick.choice(LATER)
    day = world.today + timedelta(days=later)
    data = remembered(world, asked)
    if later:
        people_act(pick, session.session, data, replace(world, today=day))
    with reference().session(session.ruleset, data, day) as again:
        outcome = again.plan()
        second = planned(session, day)
        if OVERFLOW in {problem.code for problem in second.data_errors} or too_large(again):
            return
    compare_plans(outcome, second, exact=is_exact(world))
    assert planned_rows(second).alerts == outcome.alerts
    if not later and not world.current:
        assert second.changes == (), "planning again after applying changes something"


def apply_here(session: DatabaseTestSession, plan: Plan) -> ApplyResult:
    """Applies a plan in the session, whatever its guards say."""
    header = plan.header
    return apply_plan(
        Uncommitted(session.session),
        session.mapping,
        plan,
        ruleset_digest=header.ruleset,
        schema_digest=header.schema,
        environment=header.environment,
        now=NOW,
        user="anna",
        overrides=[guard.name for guard in header.guards],
    )


def remembered(world: World, session: ReferenceSession) -> Dataset:
    """The rows, states, journal, alerts and outbox that applying the plan must leave."""
    evaluation, outcome, today = session.evaluation, session.plan(), world.today
    data = applied(world, session)
    data.journal = list(world.data.journal)
    for change in outcome.changes:
        unit = (change.target, change.member)
        row = evaluation.rows.find(SCHEMA.targets[change.target].entity, change.subject)
        assert row is not None
        before, after = evaluation.current(*unit, row), evaluation.planned[unit][row]
        data.journal.append(JournalEntry(today, change.subject, *unit, before, after, change.rule))
    data.alerts = {name: (*rows.entered, *rows.stay) for name, rows in outcome.alerts.items()}
    data.outbox = list(world.data.outbox)
    for item in outcome.proposals:
        if item.action == "make":
            data.outbox.append(OutboxEntry(item.proposal, item.subject, "open", today))
        elif item.action != "stay":
            assert item.outbox is not None
            place = item.outbox - 1
            data.outbox[place] = replace(data.outbox[place], state=item.after, ended_on=today)
    return data


def people_act(pick: random.Random, session: Writing, data: Dataset, world: World) -> None:
    """Decides on some open proposals; then, of half of the worlds, changes rows and states by hand."""
    for place, entry in enumerate(data.outbox):
        if entry.state == "open" and pick.random() < 0.5:
            state = pick.choice(("accepted", "refused"))
            decided = pick.choice((None, world.today - timedelta(days=pick.choice((0, 1)))))
            data.outbox[place] = replace(entry, state=state, decided_on=decided)
            session.execute(f"UPDATE {OUTBOX} SET state = ?, decided_on = ? WHERE id = ?", [state, decided, place + 1])
    if pick.random() < 0.5:
        return
    rows = Rows(pick.randint, world.today, world.project.ignored_currencies)
    fresh = rows.dataset()
    for entity, kept in data.rows.items():
        key = SCHEMA.entities[entity].key
        if key is not None and entity != "rates":
            new = {row[key]: row for row in fresh.rows[entity]}
            data.rows[entity] = [new.get(row[key], row) if pick.random() < 0.3 else row for row in kept]
    for target, states in data.values.items():
        for subject in [subject for subject in states if pick.random() < 0.3]:
            states.pop(subject)
        states.update((subject, state) for subject, state in fresh.values.get(target, {}).items() if pick.random() < 0.3)
    for unit, held in data.members.items():
        for subject in [subject for subject in held if pick.random() < 0.3]:
            held.pop(subject)
        held.update((subject, state) for subject, state in fresh.members.get(unit, {}).items() if pick.random() < 0.3)
    for table in tables(SCHEMA):
        session.execute(f"DELETE FROM {quoted(table)}")
    fill_empty(session, SCHEMA, data)
