"""Syntax trees and a schema to a typed ruleset, or to diagnostics."""

from assignrules.resolve.resolve import resolve, resolve_expression

__all__ = ["resolve", "resolve_expression"]
