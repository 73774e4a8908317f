"""The naive meaning of rules, row by row: what every database's answers are compared with.

``begin`` an evaluation, ``plan`` it, then ask it for the ``value`` of any expression on any row; or take the ``reference_plan`` at once.
"""

from assignrules.reference.evaluation import Evaluation
from assignrules.reference.planning import Outcome, begin, plan, reference_plan
from assignrules.schema.records import Record

__all__ = ["Evaluation", "Outcome", "Record", "begin", "plan", "reference_plan"]
