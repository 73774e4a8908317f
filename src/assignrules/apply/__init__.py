"""A plan made true: checked, written, journalled and verified in one transaction, or not at all."""

from assignrules.apply.executor import ApplyResult, Outcome, apply_plan

__all__ = ["ApplyResult", "Outcome", "apply_plan"]
