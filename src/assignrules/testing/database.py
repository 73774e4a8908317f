"""Rule tests on a real database: the store filled with a case's rows, and the engine itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date

from assignrules.databases.base import Database, NumberTooLarge
from assignrules.databases.base import Session as DatabaseSession
from assignrules.databases.duckdb import DuckDBMemory
from assignrules.databases.embedded import create_store, fill, fill_empty
from assignrules.diagnostics import Diagnostic, SourceFile
from assignrules.ir.changes import AlertRows, Change, Conflict, DataProblem, Held, Printed, Proposed
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.values import Value
from assignrules.journal.replay import replay
from assignrules.plan.build import build_plan
from assignrules.plan.model import Plan
from assignrules.plan.reports import run_report
from assignrules.plan.searches import read_values, search_rows
from assignrules.resolve.packs import PackFinder
from assignrules.schema.dataset import Dataset
from assignrules.schema.digest import schema_digest
from assignrules.schema.logical import Schema
from assignrules.schema.mapping import SchemaMapping, identity
from assignrules.testing.case import ProjectSettings
from assignrules.testing.planner import check_rules, expression_of


@dataclass(frozen=True, slots=True)
class PlannedRows:
    """A plan's rows, as a rule test looks at them."""

    changes: tuple[Change, ...]
    held: tuple[Held, ...]
    conflicts: tuple[Conflict, ...]
    data_errors: tuple[DataProblem, ...]
    data_warnings: tuple[DataProblem, ...]
    applicable: bool
    requirements: Mapping[str, tuple[str, ...]]
    alerts: Mapping[str, AlertRows]
    proposals: tuple[Proposed, ...]


def planned_rows(plan: Plan) -> PlannedRows:
    """The rows of a plan."""
    return PlannedRows(
        tuple(plan.change_rows()),
        plan.held,
        plan.conflicts,
        plan.data_errors,
        plan.data_warnings,
        plan.header.applicable,
        {item.name: item.rows for item in plan.requirements},
        {item.name: AlertRows(item.entered, item.stay, item.left, _shown(plan, item.name)) for item in plan.alerts},
        plan.proposals,
    )


class DatabasePlanner:
    """Runs rules on a database; one store in it serves all cases, one after the other. A case's rows are never committed: the next one
    finds the store empty. ``packs`` finds the rule packs that they use, by default those that ship."""

    def __init__(self, schema: Schema, database: Database, packs: PackFinder | None = None) -> None:
        self.schema = schema
        stored = identity(schema)
        self.mapping = replace(stored, digest=schema_digest(stored))  # once for all cases
        self.packs = packs
        self.database = database
        with self.database.writing(create=True) as session:
            create_store(session, schema)
            fill(session, schema, Dataset())
            session.commit()

    def check(
        self, rules: Sequence[SourceFile], params: Mapping[str, str], project: ProjectSettings
    ) -> tuple[Ruleset | None, tuple[Diagnostic, ...]]:
        """Parses, resolves and checks the rules."""
        return check_rules(self.schema, rules, params, project, self.packs)

    @contextmanager
    def session(self, ruleset: Ruleset, given: Dataset, as_of: date) -> Iterator[DatabaseTestSession]:
        """The store filled with the rows."""
        with ExitStack() as stack:

            def opened() -> DatabaseSession:
                stack.close()
                session = stack.enter_context(self.database.writing())
                fill_empty(session, self.schema, given)
                if given.journal or given.alerts or given.outbox:
                    replay(session, self.schema, given, as_of)
                return session

            yield DatabaseTestSession(opened(), self.mapping, ruleset, as_of, opened)


class DuckDBPlanner(DatabasePlanner):
    """Runs rules on DuckDB in memory."""

    def __init__(self, schema: Schema, packs: PackFinder | None = None) -> None:
        super().__init__(schema, DuckDBMemory(), packs)


class DatabaseTestSession:
    """Asks the engine. ``again`` opens a new session on the same rows: a number too large ends the transaction that met it."""

    def __init__(
        self,
        session: DatabaseSession,
        mapping: SchemaMapping,
        ruleset: Ruleset,
        as_of: date,
        again: Callable[[], DatabaseSession] | None = None,
    ) -> None:
        self.session = session
        self.again = again
        self.mapping = mapping
        self.ruleset = ruleset
        self.as_of = as_of

    def plan(self) -> PlannedRows:
        """The plan, without the project's guard."""
        plan: Plan = build_plan(self.session, self.ruleset, self.mapping, as_of=self.as_of, environment="test")
        if any(problem.code == "E0504" for problem in plan.data_errors):
            self._begin_again()
        return planned_rows(plan)

    def report(self, name: str) -> Sequence[Sequence[Printed]] | None:
        """The lines of a report."""
        with self._or_again():
            found = run_report(self.session, self.ruleset, self.mapping, name, as_of=self.as_of)
        return None if found.errors else found.lines

    def search(self, name: str) -> Sequence[str]:
        """The keys of a search's rows."""
        with self._or_again():
            results = search_rows(self.session, self.ruleset, self.mapping, name, as_of=self.as_of)
        if not results:
            raise KeyError(name)
        return [key for key, _ in results[0].rows]

    def values(self, entity: str, names: Sequence[str]) -> Mapping[str, Mapping[str, Value]]:
        """Values by key."""
        expressions = {name: expression_of(self.mapping.schema, self.ruleset, entity, name) for name in names}
        with self._or_again():
            return read_values(self.session, self.ruleset, self.mapping, entity, expressions, as_of=self.as_of)

    @contextmanager
    def _or_again(self) -> Iterator[None]:
        """What follows a number too large is asked in a new session."""
        try:
            yield
        except NumberTooLarge:
            self._begin_again()
            raise

    def _begin_again(self) -> None:
        if self.again is not None:
            self.session = self.again()


def _shown(plan: Plan, alert: str) -> tuple[tuple[Printed, ...], ...]:
    rows = (json.loads(line) for line in plan.alert_rows)
    return tuple(tuple(row["show"]) for row in rows if row["alert"] == alert)
