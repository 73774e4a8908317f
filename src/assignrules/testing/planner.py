"""Who answers a rule test: the reference evaluator here, a database through the same protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import Protocol

from assignrules.check import check_files
from assignrules.check.packs import PackFolders
from assignrules.diagnostics import Diagnostic, SourceFile
from assignrules.ir.changes import AlertRows, Change, Conflict, DataProblem, Held, Printed, Proposed
from assignrules.ir.expressions import Expression, Field, Reference, TargetValue
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.values import Value
from assignrules.reference import Evaluation, Outcome, begin, plan
from assignrules.resolve.packs import PackFinder
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import Schema, Shape
from assignrules.testing.case import ProjectSettings


class Planned(Protocol):
    """What a rule test looks at in a plan."""

    @property
    def changes(self) -> Sequence[Change]: ...
    @property
    def held(self) -> Sequence[Held]: ...
    @property
    def conflicts(self) -> Sequence[Conflict]: ...
    @property
    def data_errors(self) -> Sequence[DataProblem]: ...
    @property
    def data_warnings(self) -> Sequence[DataProblem]: ...
    @property
    def applicable(self) -> bool: ...
    @property
    def requirements(self) -> Mapping[str, Sequence[str]]: ...
    @property
    def proposals(self) -> Sequence[Proposed]: ...
    @property
    def alerts(self) -> Mapping[str, AlertRows]: ...


class Session(Protocol):
    """Rules over rows on a day; planned states are those of ``plan``, whether it is asked for or not."""

    def plan(self) -> Planned:
        """The plan, without the project's own guard."""
        ...

    def search(self, name: str) -> Sequence[str]:
        """The business keys that a search finds; ``KeyError`` where there is no such search."""
        ...

    def report(self, name: str) -> Sequence[Sequence[Printed]] | None:
        """The lines of a report, None where errors in the data forbid it; ``KeyError`` where there is no such report."""
        ...

    def values(self, entity: str, names: Sequence[str]) -> Mapping[str, Mapping[str, Value]]:
        """By business key, the values of fields, definitions and value targets (as planned); ``KeyError`` for an unknown name."""
        ...


class Planner(Protocol):
    """A way to run rules."""

    def check(
        self, rules: Sequence[SourceFile], params: Mapping[str, str], project: ProjectSettings
    ) -> tuple[Ruleset | None, tuple[Diagnostic, ...]]:
        """The ruleset, or None, and all diagnostics of checking it."""
        ...

    def session(self, ruleset: Ruleset, given: Dataset, as_of: date) -> AbstractContextManager[Session]:
        """The rows made ready to be asked."""
        ...


def check_rules(
    schema: Schema,
    rules: Sequence[SourceFile],
    params: Mapping[str, str],
    project: ProjectSettings,
    packs: PackFinder | None = None,
) -> tuple[Ruleset | None, tuple[Diagnostic, ...]]:
    """Parses, resolves and checks rule files. ``packs`` finds what they `use`: without it, the packs that ship with the package."""
    checked = check_files(
        rules,
        schema,
        params=params,
        currency=project.currency,
        ignored_currencies=project.ignored_currencies,
        calendar=project.calendar,
        packs=PackFolders() if packs is None else packs,
    )
    return checked.ruleset, checked.diagnostics


def expression_of(schema: Schema, ruleset: Ruleset, entity: str, name: str) -> Expression:
    """The expression that a name of an entity stands for: a definition, a value target as planned, a field; ``KeyError`` for another."""
    definition = ruleset.definitions.get((entity, name))
    if definition is not None:
        return Reference(entity, name, definition.type, definition.condition)
    target = schema.target_of_field(entity, name) or schema.targets.get(name)
    if target is not None and target.entity == entity and target.shape is Shape.VALUE:
        return TargetValue(entity, target.name, False, target.type)
    return Field(entity, name, schema.entities[entity].fields[name])


class ReferencePlanner:
    """Runs rules by the reference evaluator. ``packs`` finds the rule packs that they use, by default those that ship."""

    def __init__(self, schema: Schema, packs: PackFinder | None = None) -> None:
        self.schema = schema
        self.packs = packs

    def check(
        self, rules: Sequence[SourceFile], params: Mapping[str, str], project: ProjectSettings
    ) -> tuple[Ruleset | None, tuple[Diagnostic, ...]]:
        """Parses and resolves the rules."""
        return check_rules(self.schema, rules, params, project, self.packs)

    @contextmanager
    def session(self, ruleset: Ruleset, given: Dataset, as_of: date) -> Iterator[ReferenceSession]:
        """The rows with the plan made."""
        yield ReferenceSession(begin(self.schema, ruleset, given, as_of))


class ReferenceSession:
    """An evaluation, planned at once."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.outcome = plan(evaluation)

    def plan(self) -> Outcome:
        """The plan."""
        return self.outcome

    def search(self, name: str) -> Sequence[str]:
        """The keys of a search's rows, sorted."""
        found = next((item for item in self.evaluation.ruleset.searches() if item.name == name), None)
        if found is None:
            raise KeyError(name)
        rows = self.evaluation.rows.records[found.entity]
        return sorted(row.key for row in rows if self.evaluation.holds(found.expression, row))

    def report(self, name: str) -> Sequence[Sequence[Printed]]:
        """The lines of a report."""
        return self.outcome.reports[name]

    def values(self, entity: str, names: Sequence[str]) -> Mapping[str, Mapping[str, Value]]:
        """Values by key; where an implied legal entity shares a key with a real one, those of the real one."""
        evaluation = self.evaluation
        expressions = {name: expression_of(evaluation.schema, evaluation.ruleset, entity, name) for name in names}
        rows = sorted(evaluation.rows.records[entity], key=lambda row: not row.implied)
        return {row.key: {name: evaluation.value(expression, row) for name, expression in expressions.items()} for row in rows}
