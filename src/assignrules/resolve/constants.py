"""E0307: a constant expression whose value needs more than 38 digits.

What could need them by its decimals alone is refused where it is typed (``resolve.typing``); what grows by the data is a data error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.ir.expressions import Expression, Literal, Operation, Reference
from assignrules.ir.ruleset import Definition
from assignrules.ir.types import Kind, Money

DIGITS = 38
Places = Iterable[tuple[Expression, Span]]
Definitions = Mapping[tuple[str, str], Definition]


def constants_too_large(places: Places, definitions: Definitions) -> Iterator[Diagnostic]:
    """One error for each, at the smallest part that is too large; also where definitions stand between the factors."""
    constants = _Constants(definitions)
    for expression, span in places:
        if isinstance(expression, Operation) and constants.is_too_large(expression):
            message = f"this is a constant of more than {DIGITS} digits"
            yield diagnostic("E0307", message, span, help="make it smaller, or round its parts")


class _Constants:
    """The values of constant expressions, by identity: exact, or None for what is no constant, and for what holds one too large."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.known: dict[int, tuple[Expression, Fraction | None]] = {}

    def is_too_large(self, operation: Operation) -> bool:
        """Whether the value of the operation is, while those of its operands are not."""
        value = self._worked_out(operation)
        return value is not None and not _fits(value, operation)

    def value(self, expression: Expression) -> Fraction | None:
        if id(expression) not in self.known:
            self.known[id(expression)] = (expression, None)  # a circle would have been reported
            found = self._worked_out(expression)
            self.known[id(expression)] = (expression, found if found is not None and _fits(found, expression) else None)
        return self.known[id(expression)][1]

    def _worked_out(self, expression: Expression) -> Fraction | None:
        match expression:
            case Literal(value=bool() | str() | None):
                return None
            case Literal(value=Money(amount=amount)):
                return Fraction(amount)
            case Literal(value=number, type=type) if type.is_number:
                return Fraction(number)  # type: ignore[arg-type]  # a number, by its type
            case Reference(entity=entity, name=name):
                definition = self.definitions.get((entity, name))
                return None if definition is None else self.value(definition.expression)
            case Operation(operator="negate" | "abs" as operator, arguments=(operand,)):
                value = self.value(operand)
                return None if value is None else abs(value) if operator == "abs" else -value
            case Operation(operator="add" | "subtract" | "multiply" as operator, arguments=(left, right)):
                one, other = self.value(left), self.value(right)
                if one is None or other is None or Kind.DURATION in (left.type.kind, right.type.kind):
                    return None
                return one * other if operator == "multiply" else one + other if operator == "add" else one - other
            case _:
                return None


def _fits(value: Fraction, expression: Expression) -> bool:
    scale: int = expression.type.scale
    return bool(abs(value) < 10 ** (DIGITS - scale))
