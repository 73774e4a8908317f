"""`require` and `warn`: what must not be in the planned state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from assignrules.databases.base import Session
from assignrules.ir.ruleset import Requirement as Rule
from assignrules.plan.model import Requirement
from assignrules.sql.queries import Compiler
from assignrules.sql.stages import Statement


@dataclass(frozen=True, slots=True)
class RequirementQuery:
    """A requirement with the statement that gives the rows that offend it."""

    rule: Rule
    statement: Statement
    query: exp.Query


def requirement_queries(compiler: Compiler) -> tuple[RequirementQuery, ...]:
    """The statements of all requirements."""
    rules = compiler.ruleset.requirements
    return tuple(RequirementQuery(rule, *compiler.selection(rule.entity, [], where=rule.condition)) for rule in rules)


def failing_requirements(session: Session, compiler: Compiler, queries: Sequence[RequirementQuery]) -> tuple[Requirement, ...]:
    """The requirements that fail, by name, with the business keys of their rows."""
    failing: list[Requirement] = []
    for query in queries:
        rows = tuple(str(row[0]) for row in session.fetch(compiler.text(query.query)))
        if rows:
            at = f"{query.rule.span.file}:{query.rule.span.line}"
            failing.append(Requirement(query.rule.name, rows, at, query.rule.warning))
    return tuple(failing)
