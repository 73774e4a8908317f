"""A ruleset and a mapping to SQL: one statement that computes each fact once."""

from assignrules.sql.script import NotCompiled, compile_alerts, compile_plan_sql, compile_reports, compile_searches, known_dialects

__all__ = ["NotCompiled", "compile_alerts", "compile_plan_sql", "compile_reports", "compile_searches", "known_dialects"]
