"""The naive meaning of rules, row by row: what every database's answers are compared with.

``begin`` an evaluation, ``plan`` it, then ask it for the ``value`` of any expression on any row.
"""

from assignrules.reference.evaluation import Evaluation
from assignrules.reference.planning import Outcome, begin, plan
from assignrules.schema.records import Record

__all__ = ["Evaluation", "Outcome", "Record", "begin", "plan"]
