"""The types of operators: what may stand together, and what comes out (language.md, section 2).

Each function takes lowered operands and gives the lowered operation, or reports and gives None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.ir.expressions import Expression, Literal, Not, Operation, Truth, is_condition
from assignrules.ir.types import (
    BOOLEAN,
    DATE,
    DAYS,
    DECIMAL,
    MAX_SCALE,
    TEXT,
    VALUE_SCALE,
    Kind,
    Money,
    Type,
)

BARE_ZERO = Literal(Money(Decimal(0), ""), Type(Kind.MONEY))  # a bare 0 beside money: it has no currency and needs no rate
COMPARISONS = {"=": "eq", "!=": "eq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


def condition(expression: Expression, span: Span, problems: list[Diagnostic]) -> Expression | None:
    """The expression as a condition: a boolean that may be missing counts as false then."""
    if expression.type.kind is not Kind.BOOLEAN:
        help = (
            "compare it, as in `… > 0`"
            if expression.type.is_number or expression.type.kind is Kind.MONEY
            else "compare it with a value, or test it with `is present`"
        )
        problems.append(diagnostic("E0303", f"a condition is needed here, and this is of type {expression.type}", span, help=help))
        return None
    return expression if is_condition(expression) else Truth(expression)


def has_order(type: Type) -> bool:
    """Whether values of a type can be ranked."""
    return type.kind is not Kind.BOOLEAN and (type.kind is not Kind.DURATION or type.is_plain_duration)


def is_zero(expression: Expression) -> bool:
    """Whether it is a literal 0."""
    return (
        isinstance(expression, Literal)
        and isinstance(expression.value, int | Decimal)
        and expression.type.is_number
        and expression.value == 0
    )


def aligned(operands: Sequence[Expression]) -> list[Expression]:
    """The operands, with a bare 0 beside money turned into money of no currency."""
    if any(operand.type.kind is Kind.MONEY for operand in operands):
        return [BARE_ZERO if is_zero(operand) else operand for operand in operands]
    return list(operands)


def common_type(types: Sequence[Type]) -> Type | None:
    """One type for values that stand for each other (branches, `coalesce`), or None where they do not fit."""
    first = types[0]
    if all(type == first for type in types):
        return first
    if all(type.is_number for type in types):
        kinds = {type.kind for type in types}
        kind = kinds.pop() if len(kinds) == 1 else Kind.DECIMAL
        return Type(kind, max(type.scale for type in types))
    if all(type.kind is Kind.MONEY for type in types):
        return Type(Kind.MONEY, max(type.scale for type in types))
    if all(type.is_text for type in types):
        return TEXT
    return None


def comparison(operator: str, left: Expression, right: Expression, span: Span, problems: list[Diagnostic]) -> Expression | None:
    """``left operator right``; `!=` is the opposite of `=`."""
    left, right = aligned((left, right))
    if not comparable(left, right, span, problems):
        return None
    if left.type.kind is Kind.BOOLEAN and operator not in ("=", "!="):
        problems.append(diagnostic("E0301", "truth values have no order", span, help="use `=`, or the value itself as a condition"))
        return None
    compared = Operation(COMPARISONS[operator], (left, right), BOOLEAN)
    return Not(compared) if operator == "!=" else compared


def comparable(left: Expression, right: Expression, span: Span, problems: list[Diagnostic]) -> bool:
    """Whether two values may be compared; otherwise it is reported."""
    one, other = left.type, right.type
    if Kind.MONEY in (one.kind, other.kind) and (one.is_number or other.is_number):
        problems.append(
            diagnostic("E0304", "money is compared with a bare number", span, help="give the number a currency, as in `500_000 EUR`")
        )
        return False
    for value, type in ((left, other), (right, one)):
        if type.kind is Kind.ENUM and isinstance(value, Literal) and isinstance(value.value, str) and value.value not in type.values:
            words = ", ".join(f'"{word}"' for word in type.values)
            problems.append(diagnostic("E0305", f'`"{value.value}"` is not one of the values here', span, help=f"the values are {words}"))
            return False
    if one.kind is Kind.DURATION and other.kind is Kind.DURATION:
        if one.is_plain_duration and other.is_plain_duration:
            return True
        what = "months and years" if one.months or other.months else "business days"
        advice = "add them to a date, or count in days"
        problems.append(diagnostic("E0313", f"{what} have no fixed length and do not compare", span, help=advice))
        return False
    if one.kind is other.kind or (one.is_number and other.is_number) or (one.is_text and other.is_text):
        return True
    help = None
    kinds = {one.kind, other.kind}
    if Kind.DURATION in kinds and (one.is_number or other.is_number):
        help = "`days(…)` makes a number of a duration, and `60 days` is a duration"
    elif kinds == {Kind.DATE, Kind.TIMESTAMP}:
        help = "`date(…)` gives the day of a point in time"
    elif kinds == {Kind.DATE, Kind.TEXT}:
        help = "dates are written without quotes, as in `2026-11-22`"
    elif kinds == {Kind.BOOLEAN, Kind.TEXT}:
        help = "truth values are `true` and `false`, without quotes"
    problems.append(diagnostic("E0301", f"values of type {one} and {other} are compared", span, help=help))
    return False


def arithmetic(
    operator: str, left: Expression, right: Expression, span: Span, problems: list[Diagnostic], calendar: Expression | None = None
) -> Expression | None:
    """``left + right`` and its like. ``calendar``: that of the business days which are one of them."""
    named = () if calendar is None else (calendar,)
    one, other = left.type.kind, right.type.kind
    if operator in "+-":
        if one is Kind.DATE and other is Kind.DURATION:
            shift: Expression = right if operator == "+" else Operation("negate", (right,), right.type)
            return Operation("add_duration", (left, shift, *named), DATE)
        if one is Kind.DURATION and other is Kind.DATE and operator == "+":
            return Operation("add_duration", (right, left, *named), DATE)
        if one is Kind.DATE and other is Kind.DATE and operator == "-":
            return Operation("date_difference", (left, right), DAYS)
        left, right = aligned((left, right))
        type = _sum_type(left, right)
        if type is not None and calendar is None:
            return Operation(ARITHMETIC[operator], (left, right), type)
    elif operator == "*":
        if other is Kind.MONEY or (other is Kind.DURATION and left.type.is_number):
            left, right = right, left
        product = _product(left, right)
        if product is not None:
            return _scaled(product, span, problems)
    else:
        quotient = _quotient_type(left.type, right.type)
        if quotient is not None:
            if right.type.scale > VALUE_SCALE:
                problems.append(_too_many_digits(span))
                return None
            return Operation("divide", (left, right), quotient)
    problems.append(_wrong_operands(operator, left.type, right.type, span))
    return None


def _sum_type(left: Expression, right: Expression) -> Type | None:
    one, other = left.type, right.type
    if one.is_number and other.is_number:
        return Type(one.kind if one.kind is other.kind else Kind.DECIMAL, max(one.scale, other.scale))
    if one.kind is Kind.MONEY and other.kind is Kind.MONEY:
        type = Type(Kind.MONEY, max(one.scale, other.scale))
        return converted_scale(type) if _may_be_converted(left, right) else type
    if one.kind is Kind.DURATION and one == other:
        return one
    return None


def _may_be_converted(left: Expression, right: Expression) -> bool:
    """Whether two amounts may be of different currencies: not beside a bare 0, and not constants of the same one."""
    one, other = _currencies(left), _currencies(right)
    return bool(one and other) and (None in one | other or len(one | other) > 1)


def _currencies(amount: Expression) -> set[str | None]:
    """Of an amount made of constants, their currencies; None among them where rows decide."""
    match amount:
        case Literal(value=Money(currency=currency)):
            return {currency}
        case Literal():
            return set()
        case Operation(operator=operator, arguments=arguments) if operator != "convert":
            return {currency for part in arguments for currency in _currencies(part)}
        case _:
            return {None}


def _product(left: Expression, right: Expression) -> Operation | None:
    one, other = left.type, right.type
    if one.is_number and other.is_number:
        kind = Kind.INTEGER if one.kind is other.kind is Kind.INTEGER else Kind.DECIMAL
        return Operation("multiply", (left, right), Type(kind, one.scale + other.scale))
    if one.kind is Kind.MONEY and other.is_number:
        return Operation("multiply", (left, right), Type(Kind.MONEY, one.scale + other.scale))
    if one.kind is Kind.DURATION and other.kind is Kind.INTEGER:
        return Operation("multiply", (right, left), one)
    return None


def _quotient_type(one: Type, other: Type) -> Type | None:
    if (one.is_number and other.is_number) or one.kind is other.kind is Kind.MONEY:
        return DECIMAL
    if one.kind is Kind.MONEY and other.is_number:
        return Type(Kind.MONEY, VALUE_SCALE)
    return None


def _scaled(operation: Operation, span: Span, problems: list[Diagnostic]) -> Operation | None:
    if operation.type.scale > MAX_SCALE:
        problems.append(_too_many_digits(span))
        return None
    return operation


def _too_many_digits(span: Span) -> Diagnostic:
    return diagnostic("E0307", "this could need more than 38 digits", span, help="round a part of it first, as in `round(…, 2)`")


def _wrong_operands(operator: str, one: Type, other: Type, span: Span) -> Diagnostic:
    if Kind.MONEY in (one.kind, other.kind) and operator in "+-" and (one.is_number or other.is_number):
        return diagnostic("E0304", "money and a bare number cannot be added", span, help="give the number a currency, as in `500 EUR`")
    help = None
    if one.kind is other.kind is Kind.DATE:
        help = "`-` gives the days between two dates; what is added to a date is a duration, as in `… + 10 days`"
    elif Kind.DATE in (one.kind, other.kind) and (one.is_number or other.is_number):
        help = "give the number a unit, as in `10 days`, or multiply it by `1 day`"
    elif Kind.DURATION in (one.kind, other.kind) and operator == "*":
        help = "a duration is multiplied by a whole number; `round`, `floor` and `ceil` give one"
    elif Kind.DURATION in (one.kind, other.kind) and operator in "+-":
        help = "durations in days, business days and months do not add up; add each to a date"
    elif one.is_text and other.is_text and operator == "+":
        help = "`concat(…)` puts texts together"
    return diagnostic("E0302", f"`{operator}` does not take values of type {one} and {other}", span, help=help)


def negation(operand: Expression, span: Span, problems: list[Diagnostic]) -> Expression | None:
    """``-operand``."""
    if operand.type.is_number or operand.type.kind in (Kind.MONEY, Kind.DURATION):
        match operand:
            case Literal(value=int() | Decimal() as number, type=type):
                return Literal(-number, type)
            case Literal(value=Money(amount=amount, currency=currency), type=type):
                return Literal(Money(-amount, currency), type)
        return Operation("negate", (operand,), operand.type)
    problems.append(diagnostic("E0302", f"`-` does not take a value of type {operand.type}", span))
    return None


def converted_scale(type: Type) -> Type:
    """The type of money that may have been converted to the project's currency."""
    return replace(type, scale=max(type.scale, VALUE_SCALE)) if type.kind is Kind.MONEY else type
