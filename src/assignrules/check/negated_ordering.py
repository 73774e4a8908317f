"""W0301: `not (score < 4)` holds for a missing score too, which is rarely meant (language.md, section 2)."""

from __future__ import annotations

from collections.abc import Iterator

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.ir.expressions import Aggregate, Expression, Field, Literal, Not, Operation, Reference, Today, children
from assignrules.ir.ruleset import Ruleset
from assignrules.resolve.order import deciding_expressions

OPPOSITE = {"lt": ">=", "le": ">", "gt": "<=", "ge": "<"}


def negated_orderings(ruleset: Ruleset) -> Iterator[Diagnostic]:
    """One warning for each definition or block that has such a condition."""
    for definition in ruleset.definitions.values():
        if definition.span is not None:
            yield from _in(definition.expression, definition.span, ruleset)
    for block in ruleset.assignments:
        seen = False
        for expression in deciding_expressions(block):
            for problem in _in(expression, block.span, ruleset):
                if not seen:
                    seen = True
                    yield problem


def _in(expression: Expression, span: Span, ruleset: Ruleset) -> Iterator[Diagnostic]:
    stack = [expression]
    while stack:
        node = stack.pop()
        match node:
            case Not(operand=Operation(operator=operator, arguments=arguments)) if operator in OPPOSITE:
                missing = next((part for part in arguments if _may_be_missing(part, ruleset)), None)
                if missing is not None:
                    shown = f"`{missing.name}`" if isinstance(missing, Field | Reference) else "a value"
                    message = f"a negated comparison also holds where {shown} is missing"
                    help = f"compare with `{OPPOSITE[operator]}` instead, or say `… is missing or …` where that is meant"
                    yield diagnostic("W0301", message, span, help=help)
                    return
            case _:
                pass
        stack.extend(children(node))


def _may_be_missing(part: Expression, ruleset: Ruleset) -> bool:
    match part:
        case Literal() | Today():
            return False
        case Reference(entity=entity, name=name):
            definition = ruleset.definitions.get((entity, name))
            return definition is None or _may_be_missing(definition.expression, ruleset)
        case Operation(operator="coalesce", arguments=arguments):
            return all(_may_be_missing(argument, ruleset) for argument in arguments)
        case Aggregate(function=function):
            return function not in ("count", "sum", "count_distinct", "any", "none")
        case Operation(arguments=arguments):
            return any(_may_be_missing(argument, ruleset) for argument in arguments)
        case _:
            return True
