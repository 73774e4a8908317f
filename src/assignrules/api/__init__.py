"""assignrules as a library: open a project, check its rules, plan, apply, and read the journal.

    project = load_project("strategy")
    plan = plan_changes(project)
    if plan.header.applicable:
        apply(project, plan, reason="daily run")

Functions return frozen values and print nothing. They raise ``Problems`` where the rules, the project or the input are wrong, with a
diagnostic for each; and ``databases.DatabaseProblem``, with one, where the database cannot be opened or fails.
"""

from assignrules.api.documentation import docs, write_docs
from assignrules.api.journal import (
    applied_as,
    changed_by_hand,
    history,
    journal_head,
    log,
    run,
    run_alerts,
    run_exports,
    run_proposals,
    verify,
)
from assignrules.api.loading import load
from assignrules.api.planning import LIFETIME, apply, freshness, plan_changes, plan_is_of, plan_revert, read_plan, save_plan
from assignrules.api.problems import Problems, Sources
from assignrules.api.revisions import Revision, RulesDiff, diff
from assignrules.api.rules import CheckReport, FormatReport, check, compile_sql, convert_rules, format_rules, load_project
from assignrules.api.schema import SchemaCheck, check_schema, draft_schema, grants, schema_of
from assignrules.api.searching import explain, report, search, search_counts
from assignrules.api.tests import TestReport, TestResult, run_tests

__all__ = [
    "LIFETIME",
    "CheckReport",
    "FormatReport",
    "Problems",
    "Revision",
    "RulesDiff",
    "SchemaCheck",
    "Sources",
    "TestReport",
    "TestResult",
    "applied_as",
    "apply",
    "changed_by_hand",
    "check",
    "check_schema",
    "compile_sql",
    "convert_rules",
    "diff",
    "docs",
    "draft_schema",
    "explain",
    "format_rules",
    "freshness",
    "grants",
    "history",
    "journal_head",
    "load",
    "load_project",
    "log",
    "plan_changes",
    "plan_is_of",
    "plan_revert",
    "read_plan",
    "report",
    "run",
    "run_alerts",
    "run_exports",
    "run_proposals",
    "run_tests",
    "save_plan",
    "schema_of",
    "search",
    "search_counts",
    "verify",
    "write_docs",
]
