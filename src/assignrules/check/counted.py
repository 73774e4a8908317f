"""W0408: `count(…) > 0` asks whether there is one, which `any` says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assignrules.check.ranges import FLIPPED
from assignrules.check.subject import Subject
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.ir.expressions import Aggregate, Expression, Literal, Not, Operation, This
from assignrules.ir.types import BOOLEAN
from assignrules.resolve.written import written

MEANS = {("gt", 0): "any", ("ge", 1): "any", ("eq", 0): "none", ("lt", 1): "none", ("le", 0): "none"}


def counted(subject: Subject) -> Iterator[Diagnostic]:
    """One warning for each such comparison."""
    inside = {id(expression.operand) for expression, _ in subject.written() if isinstance(expression, Not) and _question(expression)}
    for expression, span in subject.written():
        found = _question(expression)
        if found is None or id(expression) in inside:
            continue
        word, aggregate = found
        of = replace(_counted(aggregate), function=word, type=BOOLEAN)  # type: ignore[arg-type]  # any or none
        better = written(of if not isinstance(aggregate, This) else This(of, BOOLEAN), subject.schema)
        help = f"write `{better}`" if len(better) <= 80 else f"write `{word}(…)` with the same rows"
        yield diagnostic("W0408", f"a count is only asked whether it is 0, which `{word}` says", span, help=help)


def _question(expression: Expression) -> tuple[str, Expression] | None:
    """`any` or `none`, with the count that is compared."""
    match expression:
        case Not(operand=Operation(operator="eq") as compared):
            found = _question(compared)
            return None if found is None else ("any", found[1])
        case Operation(operator=operator, arguments=(Literal() as bound, value)) if operator in FLIPPED and not isinstance(value, Literal):
            return _question(replace(expression, operator=FLIPPED[operator], arguments=(value, bound)))
        case Operation(operator=operator, arguments=(value, Literal(value=bound))) if _is_count(value) and isinstance(bound, int):
            word = MEANS.get((operator, bound))
            return None if word is None else (word, value)
        case _:
            return None


def _is_count(value: Expression) -> bool:
    match value:
        case Aggregate(function="count") | This(of=Aggregate(function="count")):
            return True
        case _:
            return False


def _counted(value: Expression) -> Aggregate:
    inner = value.of if isinstance(value, This) else value
    assert isinstance(inner, Aggregate)
    return inner
