"""`require` and `warn`: what must not be in the planned state."""

from __future__ import annotations

from assignrules.databases.base import Session
from assignrules.plan.model import Requirement
from assignrules.sql.queries import Compiler


def failing_requirements(session: Session, compiler: Compiler) -> tuple[Requirement, ...]:
    """The requirements that fail, by name, with the business keys of their rows."""
    failing: list[Requirement] = []
    for requirement in compiler.ruleset.requirements:
        query = compiler.select(requirement.entity, [], where=requirement.condition)
        rows = tuple(str(row[0]) for row in session.fetch(compiler.text(query)))
        if rows:
            at = f"{requirement.span.file}:{requirement.span.line}"
            failing.append(Requirement(requirement.name, rows, at, requirement.warning))
    return tuple(failing)
