"""W0301: `not (score < 4)` holds for a missing score too, which is rarely meant (language.md, section 2).

Only where nobody has thought of it: `score is missing or not (score < 4)` and `score is present and not (score < 4)` say what is meant.
Through a name (`not low_score`) only fields count, not aggregates: a customer without any overdue document *is* not very late.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assignrules.check.subject import Subject
from assignrules.diagnostics import Diagnostic, Related, Span, diagnostic
from assignrules.ir.expressions import (
    Aggregate,
    And,
    AsOf,
    Case,
    Expression,
    Field,
    InList,
    IsMissing,
    Literal,
    Not,
    Operation,
    Or,
    Reference,
    TargetValue,
    This,
    Today,
    Truth,
    Via,
    children,
    is_condition,
)
from assignrules.resolve.written import written

ORDERINGS = frozenset({"lt", "le", "gt", "ge"})
OPPOSITE = {"lt": ">=", "le": ">", "gt": "<=", "ge": "<"}
NEVER_MISSING = frozenset({"count", "sum", "count_distinct", "any", "none"})
# What passes on that an operand is missing, and adds nothing to it.
PASSING = frozenset({"add", "subtract", "multiply", "negate", "abs", "round", "floor", "ceil", "days", "amount", "date_difference"})
DEEPEST = 40  # names inside names


def negated_orderings(subject: Subject) -> Iterator[Diagnostic]:
    """One warning for each comparison, or name, below a `not`."""
    for expression, span in subject.whole():
        if _negates(expression):
            yield from _Search(subject).below(expression, False, frozenset(), span)


def _negates(expression: Expression) -> bool:
    """Whether there is a `not` in it: most conditions have none, and need no more looking at."""
    waiting = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Not):
            return True
        waiting.extend(children(part))
    return False


@dataclass(frozen=True, slots=True)
class _Search:
    """Goes down a condition. ``negative``: below an odd number of `not`. ``noticed``: values that somebody has thought of as missing."""

    subject: Subject

    def below(self, node: Expression, negative: bool, noticed: frozenset[Expression], span: Span) -> Iterator[Diagnostic]:
        span = self.subject.ruleset.origins.span(node) or span
        match node:
            case Not(operand=operand):
                yield from self.below(operand, not negative, noticed, span)
            case And(operands=operands) | Or(operands=operands):
                if _is_date_window(node):
                    return
                noticed = noticed.union(*(_noticed(part, negative, isinstance(node, And) is not negative) for part in operands))
                between = self._between(node) if negative else None
                if between is not None and self.may_be_missing(between, noticed):
                    yield self._direct(None, between, span)
                    return
                for part in operands:
                    yield from self.below(part, negative, noticed, span)
            case Operation(operator=operator, arguments=arguments) if operator in ORDERINGS:
                missing = next((part for part in arguments if self.may_be_missing(part, noticed)), None) if negative else None
                if missing is not None:
                    yield self._direct(operator, missing, span, date_test=any(_moves(part) for part in arguments))
                else:
                    yield from self._inside(node, span)
            case Reference(condition=True) if negative:
                found = self.ordering_in(node, True, noticed, DEEPEST)
                if found is not None:
                    yield self._through(node, *found, span)
            case _:
                yield from self._inside(node, span)

    def _inside(self, node: Expression, span: Span) -> Iterator[Diagnostic]:
        for part in children(node):
            yield from self.below(part, False, frozenset(), span)

    def _between(self, node: And | Or) -> Expression | None:
        """The value of a `between`: two comparisons that were written as one."""
        match node:
            case And(operands=(Operation("ge", (one, _)) as first, Operation("le", (other, _)))) if one == other:
                return one if self.subject.ruleset.origins.span(first) is None else None
            case _:
                return None

    def _direct(self, operator: str | None, missing: Expression, span: Span, date_test: bool = False) -> Diagnostic:
        message = f"a negated comparison also holds where `{self._shown(missing)}` is missing"
        instead = "`… < … or … > …`" if operator is None else f"`{OPPOSITE[operator]}`"
        way = f"add `and {self._shown(missing)} is present`" if date_test else f"compare with {instead} instead"
        help = f"{way}, or say `… is missing or …` where that is meant"
        return diagnostic("W0301", message, span, help=help)

    def _through(self, name: Reference, missing: Expression, at: Span | None, span: Span) -> Diagnostic:
        shown = self._shown(missing)
        message = f"`not {name.name}` also holds where `{shown}` is missing"
        related = [] if at is None else [Related(at, "the comparison")]
        help = f"add `and {shown} is present`, or say `{shown} is missing or …` where that is meant"
        return diagnostic("W0301", message, span, help=help, related=related)

    def _shown(self, value: Expression) -> str:
        text = written(value, self.subject.schema)
        return text if len(text) <= 60 else "the value"

    def ordering_in(
        self, node: Expression, negative: bool, noticed: frozenset[Expression], depth: int
    ) -> tuple[Expression, Span | None] | None:
        """The field that a comparison in a name's condition needs, with the place of the comparison."""
        if depth == 0:
            return None
        match node:
            case Not(operand=operand):
                return self.ordering_in(operand, not negative, noticed, depth - 1)
            case And(operands=operands) | Or(operands=operands):
                if _is_date_window(node):
                    return None
                noticed = noticed.union(*(_noticed(part, negative, isinstance(node, And) is not negative) for part in operands))
                found = (self.ordering_in(part, negative, noticed, depth - 1) for part in operands)
                return next((item for item in found if item is not None), None)
            case Operation(operator=operator, arguments=arguments) if negative and operator in ORDERINGS:
                fields = (_field(part, noticed) for part in arguments)
                field = next((item for item in fields if item is not None), None)
                return None if field is None else (field, self.subject.ruleset.origins.span(node))
            case Reference(entity=entity, name=name, condition=True):
                definition = self.subject.ruleset.definitions.get((entity, name))
                return None if definition is None else self.ordering_in(definition.expression, negative, noticed, depth - 1)
            case _:
                return None

    def may_be_missing(self, part: Expression, noticed: frozenset[Expression], depth: int = DEEPEST) -> bool:
        """Whether a value may be missing where nobody has thought of it."""
        if part in noticed or is_condition(part):
            return False
        match part:
            case Literal() | Today():
                return False
            case Reference(entity=entity, name=name):
                definition = self.subject.ruleset.definitions.get((entity, name))
                return definition is None or depth == 0 or self.may_be_missing(definition.expression, noticed, depth - 1)
            case Operation(operator="coalesce", arguments=arguments):
                return all(self.may_be_missing(argument, noticed, depth) for argument in arguments)
            case Operation(operator="divide", arguments=(value, divisor)):
                return not isinstance(divisor, Literal) or self.may_be_missing(value, noticed, depth)
            case Operation(arguments=arguments):
                return any(self.may_be_missing(argument, noticed, depth) for argument in arguments)
            case Aggregate(function=function):
                return function not in NEVER_MISSING
            case Case(branches=branches, otherwise=otherwise):
                values = [branch.value for branch in branches]
                return otherwise is None or any(self.may_be_missing(value, noticed, depth) for value in (*values, otherwise))
            case This(of=of) | AsOf(of=of):
                return self.may_be_missing(of, noticed, depth)
            case _:
                return True


def _field(part: Expression, noticed: frozenset[Expression]) -> Expression | None:
    """The field whose being missing makes the value missing."""
    if part in noticed:
        return None
    match part:
        case Field() | TargetValue():
            return part
        case Via(of=Field() | TargetValue()):
            return part
        case Operation(operator=operator, arguments=arguments) if operator in PASSING:
            return next((field for field in (_field(argument, noticed) for argument in arguments) if field is not None), None)
        case _:
            return None


def _noticed(part: Expression, negative: bool, together: bool) -> frozenset[Expression]:
    """The values of which a part says that they are missing or present; and where it holds ``together`` with the others, those that it
    needs present."""
    match part:
        case Not(operand=operand):
            return _noticed(operand, not negative, together)
        case IsMissing(operand=operand):
            return frozenset({operand})
        case Operation(operator=operator, arguments=arguments) if together and not negative and (operator in ORDERINGS or operator == "eq"):
            return frozenset(arguments)
        case InList(operand=operand) | Truth(operand=operand) if together and not negative:
            return frozenset({operand})
        case And(operands=operands) if together and not negative:
            return frozenset().union(*(_noticed(inner, negative, together) for inner in operands))
        case _:
            return frozenset()


def _is_date_window(node: And | Or) -> bool:
    """`d in last 10 days` and its like: that a date which is missing is in no such span is what people expect."""
    match node:
        case And(operands=(Operation("ge", (one, start)), Operation("le" | "lt", (other, end)))):
            return one == other and (_moves(start) or _moves(end))
        case _:
            return False


def _moves(day: Expression) -> bool:
    return isinstance(day, Today) or any(_moves(part) for part in children(day))
