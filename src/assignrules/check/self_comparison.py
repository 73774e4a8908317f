"""W0407: a comparison of a value with itself, which always has the same answer."""

from __future__ import annotations

from collections.abc import Iterator

from assignrules.check.subject import Subject
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.ir.expressions import CONDITIONS, And, Expression, Literal, Not, Operation
from assignrules.resolve.written import written

HOLDS = frozenset({"eq", "le", "ge", "contains", "starts_with", "ends_with"})


def self_comparisons(subject: Subject) -> Iterator[Diagnostic]:
    """One warning for each comparison, a `between` with one of its ends being one."""
    for expression, span in subject.written():
        for compared in _comparisons(expression):
            match compared:
                case Operation(operator=operator, arguments=(left, right)) if left == right and not isinstance(left, Literal):
                    value = written(left, subject.schema)
                    shown = f"`{value}`" if len(value) <= 60 else "a value"
                    answer = "holds wherever it is present" if operator in HOLDS else "never holds"
                    if isinstance(expression, Not):
                        answer = "holds only where it is missing"
                    help = "compare it with another value, or test it with `is present` or `is missing`"
                    yield diagnostic("W0407", f"{shown} is compared with itself, which {answer}", span, help=help)
                    break


def _comparisons(expression: Expression) -> tuple[Expression, ...]:
    """The comparisons that a text of its own stands for: `!=` is the opposite of one, `between` two."""
    match expression:
        case Operation(operator=operator) if operator in CONDITIONS:
            return (expression,)
        case Not(operand=Operation(operator="eq") as compared):
            return (compared,)
        case And(operands=(Operation("ge"), Operation("le")) as pair):
            return pair
        case _:
            return ()
