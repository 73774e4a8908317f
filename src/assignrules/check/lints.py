"""The pass `check`: everything that is wrong or doubtful in a ruleset whose names and types are right."""

from __future__ import annotations

from assignrules.check.counted import counted
from assignrules.check.dead_lines import dead_lines
from assignrules.check.labels import repeated_labels
from assignrules.check.negated_ordering import negated_orderings
from assignrules.check.self_comparison import self_comparisons
from assignrules.check.subject import Subject
from assignrules.check.two_sides import two_sides
from assignrules.check.unknown_scenarios import unknown_scenarios
from assignrules.check.unused import unused
from assignrules.diagnostics import Diagnostic

LINTS = (negated_orderings, dead_lines, two_sides, unused, self_comparisons, counted, repeated_labels, unknown_scenarios)


def check(subject: Subject) -> tuple[Diagnostic, ...]:
    """The diagnostics of all lints."""
    return tuple(problem for lint in LINTS for problem in lint(subject))
