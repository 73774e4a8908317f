"""The pass `check`: everything that is wrong or doubtful in a ruleset whose names and types are right."""

from __future__ import annotations

from assignrules.check.clashes import clashes
from assignrules.check.negated_ordering import negated_orderings
from assignrules.diagnostics import Diagnostic
from assignrules.ir.ruleset import Ruleset


def check(ruleset: Ruleset) -> tuple[Diagnostic, ...]:
    """The diagnostics of all checks."""
    return (*clashes(ruleset), *negated_orderings(ruleset))
