"""A ruleset and a mapping to SQL: one statement that computes each fact once."""
