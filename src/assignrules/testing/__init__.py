"""Rule tests: case files in, differences out. The same cases hold for the reference evaluator and for every database."""

from assignrules.testing.case import Case, Expectations, ProjectSettings, read_case
from assignrules.testing.planner import Planned, Planner, ReferencePlanner, Session, check_rules, expression_of
from assignrules.testing.run import Difference, run_case

__all__ = [
    "Case",
    "Difference",
    "Expectations",
    "Planned",
    "Planner",
    "ProjectSettings",
    "ReferencePlanner",
    "Session",
    "check_rules",
    "expression_of",
    "read_case",
    "run_case",
]
