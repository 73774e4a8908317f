"""The types of function calls (language.md, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.expressions import Expression, Literal, Operation
from assignrules.ir.types import DECIMAL, INTEGER, TEXT, VALUE_SCALE, Kind, Type
from assignrules.resolve.typing import aligned, common_type, converted_scale
from assignrules.syntax.currencies import CURRENCIES

Typing = Callable[["Call"], "Expression | None"]


@dataclass(frozen=True, slots=True)
class Call:
    """A call with its lowered arguments and the spans of the whole and of each."""

    name: str
    arguments: tuple[Expression, ...]
    spans: tuple[Span, ...]
    span: Span
    problems: list[Diagnostic]

    def wrong(self, index: int, needed: str, help: str | None = None) -> Expression | None:
        """Reports an argument of the wrong type; the operation is None then."""
        message = f"`{self.name}` needs {needed}, and this is of type {self.arguments[index].type}"
        self.problems.append(diagnostic("E0302", message, self.spans[index], help=help))
        return None

    def operation(self, type: Type, arguments: Sequence[Expression] | None = None) -> Operation:
        return Operation(self.name, tuple(self.arguments if arguments is None else arguments), type)


def call_type(call: Call) -> Expression | None:
    """The operation of a call, or None with what is wrong reported."""
    low, high, typing = FUNCTIONS[call.name]
    if not low <= len(call.arguments) <= high:
        number = str(low) if low == high else f"{low} or more" if high == MANY else f"{low} to {high}"
        plural = "argument" if (low, high) == (1, 1) else "arguments"
        call.problems.append(diagnostic("E0308", f"`{call.name}` takes {number} {plural}, not {len(call.arguments)}", call.span))
        return None
    return typing(call)


def _number_or_money(call: Call) -> Expression | None:
    type = call.arguments[0].type
    if type.is_number or type.kind is Kind.MONEY:
        return call.operation(type)
    return call.wrong(0, "a number or an amount")


def _round(call: Call) -> Expression | None:
    type = call.arguments[0].type
    if not (type.is_number or type.kind is Kind.MONEY):
        return call.wrong(0, "a number or an amount")
    places = call.arguments[1] if len(call.arguments) == 2 else Literal(0, INTEGER)
    if not isinstance(places, Literal) or not isinstance(places.value, int) or not 0 <= places.value <= VALUE_SCALE:
        message = f"`round` needs a whole number of places from 0 to {VALUE_SCALE}"
        call.problems.append(diagnostic("E0312", message, call.spans[1], help="write the number itself, as in `round(x, 2)`"))
        return None
    if type.kind is Kind.MONEY:
        result = Type(Kind.MONEY, min(type.scale, places.value))
    else:
        result = INTEGER if places.value == 0 else Type(Kind.DECIMAL, min(type.scale, places.value))
    return call.operation(result, (call.arguments[0], places))


def _whole(call: Call) -> Expression | None:
    return (
        call.operation(INTEGER)
        if call.arguments[0].type.is_number
        else call.wrong(0, "a number", "`amount(…)` is the bare number of money")
    )


def _choice(call: Call) -> Expression | None:
    arguments = aligned(call.arguments)
    type = common_type([argument.type for argument in arguments])
    if type is None:
        types = ", ".join(dict.fromkeys(str(argument.type) for argument in arguments))
        call.problems.append(diagnostic("E0311", f"`{call.name}` needs values of one type, and these are of type {types}", call.span))
        return None
    if call.name != "coalesce":
        if type.kind is Kind.BOOLEAN or (type.kind is Kind.DURATION and not type.is_plain_duration):
            call.problems.append(diagnostic("E0302", f"`{call.name}` needs values that have an order", call.span))
            return None
        type = converted_scale(type)
    return call.operation(type, arguments)


def _text(result: Type) -> Typing:
    def typing(call: Call) -> Expression | None:
        for index, argument in enumerate(call.arguments):
            if not argument.type.is_text:
                return call.wrong(index, "a text")
        return call.operation(result)

    return typing


def _of(kind: Kind, needed: str, result: Callable[[Type], Type], help: str | None = None) -> Typing:
    def typing(call: Call) -> Expression | None:
        type = call.arguments[0].type
        if type.kind is not kind:
            return call.wrong(0, needed, help)
        return call.operation(result(type))

    return typing


def _date(call: Call) -> Expression | None:
    match call.arguments[0].type.kind:
        case Kind.DATE:
            return call.arguments[0]  # a field that holds points in time in the data is read as their days
        case Kind.TIMESTAMP:
            return call.operation(Type(Kind.DATE))
        case _:
            return call.wrong(0, "a date or a point in time")


def _days(call: Call) -> Expression | None:
    type = call.arguments[0].type
    if type.kind is not Kind.DURATION:
        return call.wrong(0, "a duration", "as in `days(today - due_date)`")
    if not type.is_plain_duration:
        what = "months and years" if type.months else "business days"
        call.problems.append(diagnostic("E0313", f"{what} have no fixed number of days", call.spans[0]))
        return None
    return call.operation(INTEGER)


def _convert(call: Call) -> Expression | None:
    money, code = call.arguments[0], call.arguments[1]
    if money.type.kind is not Kind.MONEY:
        return call.wrong(0, "an amount")
    if not isinstance(code, Literal) or not isinstance(code.value, str):
        call.problems.append(
            diagnostic("E0312", "`convert` needs a currency code in quotes", call.spans[1], help='as in `convert(amount, "USD")`')
        )
        return None
    if code.value not in CURRENCIES:
        help = did_you_mean(code.value, sorted(CURRENCIES))
        call.problems.append(diagnostic("E0107", f"unknown currency `{code.value}`", call.spans[1], help=help))
        return None
    if len(call.arguments) == 3 and call.arguments[2].type.kind is not Kind.DATE:
        return call.wrong(2, "a date")
    return call.operation(converted_scale(money.type))


MANY = 1000
FUNCTIONS: dict[str, tuple[int, int, Typing]] = {
    "abs": (1, 1, _number_or_money),
    "round": (1, 2, _round),
    "floor": (1, 1, _whole),
    "ceil": (1, 1, _whole),
    "least": (1, MANY, _choice),
    "greatest": (1, MANY, _choice),
    "coalesce": (1, MANY, _choice),
    "lower": (1, 1, _text(TEXT)),
    "upper": (1, 1, _text(TEXT)),
    "trim": (1, 1, _text(TEXT)),
    "length": (1, 1, _text(INTEGER)),
    "concat": (1, MANY, _text(TEXT)),
    "days": (1, 1, _days),
    "year": (1, 1, _of(Kind.DATE, "a date", lambda _: INTEGER)),
    "month": (1, 1, _of(Kind.DATE, "a date", lambda _: INTEGER)),
    "weekday": (1, 1, _of(Kind.DATE, "a date", lambda _: INTEGER)),
    "date": (1, 1, _date),
    "convert": (2, 3, _convert),
    "amount": (1, 1, _of(Kind.MONEY, "an amount", lambda type: Type(Kind.DECIMAL, type.scale))),
    "currency": (1, 1, _of(Kind.MONEY, "an amount", lambda _: TEXT)),
}
AGGREGATES = frozenset({"count", "any", "none", "every", "sum", "min", "max", "avg", "median", "latest", "earliest"})


def aggregate_type(function: str, of: Expression | None, span: Span, problems: list[Diagnostic]) -> Type | None:
    """The type that an aggregate gives of the type of its expression; what does not fit is reported."""
    if of is None or function == "count_distinct":
        return INTEGER if function in ("count", "count_distinct") else Type(Kind.BOOLEAN)
    type = of.type
    if function in ("sum", "avg", "median"):
        if type.is_number:
            return Type(Kind.INTEGER if type.kind is Kind.INTEGER else Kind.DECIMAL, type.scale) if function == "sum" else DECIMAL
        if type.kind is Kind.MONEY:
            return converted_scale(type) if function == "sum" else Type(Kind.MONEY, VALUE_SCALE)
        if type.is_plain_duration and function == "sum":
            return type
        problems.append(diagnostic("E0302", f"`{function}` needs numbers or amounts, and this is of type {type}", span))
        return None
    if function in ("min", "max"):
        if type.kind is Kind.BOOLEAN or (type.kind is Kind.DURATION and not type.is_plain_duration):
            problems.append(
                diagnostic(
                    "E0302", f"`{function}` needs values that have an order", span, help="`any(…)` and `every(…)` are for conditions"
                )
            )
            return None
        return converted_scale(type)
    return type


def weight_fits(weight: Expression, span: Span, problems: list[Diagnostic]) -> bool:
    """Whether a weight is a number or an amount."""
    if weight.type.is_number or weight.type.kind is Kind.MONEY:
        return True
    problems.append(diagnostic("E0302", f"a weight is a number or an amount, and this is of type {weight.type}", span))
    return False
