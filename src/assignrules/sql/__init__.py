"""A ruleset and a mapping to SQL: one statement that computes each fact once."""

from assignrules.sql.script import compile_plan_sql, compile_searches, known_dialects

__all__ = ["compile_plan_sql", "compile_searches", "known_dialects"]
