"""The meaning of a ruleset: typed expressions and rules, with every name resolved. No syntax, no SQL."""
