"""The way back from meaning to text: an IR expression as it is written in the rule language.

What `lower` takes apart is put together again (`between`, `in last 10 days`, `!=`, `in (…)`); parameters stand as their values. Reading
the text gives an expression of the same meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import assert_never

from assignrules.diagnostics import Span
from assignrules.ir.expressions import (
    Aggregate,
    And,
    AsOf,
    Case,
    Expression,
    Field,
    InList,
    IsMissing,
    Link,
    Literal,
    Memory,
    Not,
    Operation,
    Or,
    Reference,
    TargetMember,
    TargetValue,
    This,
    Today,
    Top,
    Truth,
    Via,
)
from assignrules.ir.ruleset import TWIN
from assignrules.ir.types import Kind, Money, Type
from assignrules.ir.values import MISSING, amount_text, number_text
from assignrules.schema.logical import Schema, Shape
from assignrules.syntax import tree
from assignrules.syntax.expression_format import format_expression

NOWHERE = Span("", 0, 0, 1, 1)
BINARY = {
    "eq": tree.BinaryOperator.EQUAL,
    "lt": tree.BinaryOperator.LESS,
    "le": tree.BinaryOperator.LESS_OR_EQUAL,
    "gt": tree.BinaryOperator.GREATER,
    "ge": tree.BinaryOperator.GREATER_OR_EQUAL,
    "contains": tree.BinaryOperator.CONTAINS,
    "starts_with": tree.BinaryOperator.STARTS_WITH,
    "ends_with": tree.BinaryOperator.ENDS_WITH,
    "matches": tree.BinaryOperator.MATCHES,
    "add": tree.BinaryOperator.ADD,
    "subtract": tree.BinaryOperator.SUBTRACT,
    "multiply": tree.BinaryOperator.MULTIPLY,
    "divide": tree.BinaryOperator.DIVIDE,
    "date_difference": tree.BinaryOperator.SUBTRACT,
}
Shift = tuple[Expression, ...]  # a duration, and the calendar of its business days where it has one of its own
PERIODS = {"start_of_month": (tree.Period.MONTH, 1), "start_of_quarter": (tree.Period.QUARTER, 3), "start_of_year": (tree.Period.YEAR, 12)}


def written(expression: Expression, schema: Schema) -> str:
    """The expression on one line, as a rule file would have it."""
    if isinstance(expression, Top):
        per = "" if expression.per is None else f" per {written(expression.per, schema)}"
        order = f"{written(expression.by, schema)}{' ascending' if expression.ascending else ''}"
        return f"{written(expression.where, schema)} top {expression.count} by {order}{per}"
    return format_expression(rewritten(expression, schema))


def rewritten(expression: Expression, schema: Schema) -> tree.Expression:
    """The syntax tree of the expression, without places in a text. (`top` is a search's clause, and no expression.)"""
    return _Writer(schema).expression(expression)


class _Writer:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def expression(self, expression: Expression) -> tree.Expression:
        match expression:
            case Literal():
                return _literal(expression)
            case Today():
                return tree.Today(NOWHERE)
            case Field() | Reference() | TargetValue() | Via():
                return self._path(expression, this=False)
            case This(of=of):
                return self._aggregate(of, this=True) if isinstance(of, Aggregate) else self._path(of, this=True)
            case TargetMember(target=target, member=member, current=current):
                verb = "has" if self.schema.targets[target].shape is Shape.COVER else "in"
                return tree.HasMember(verb, _name(target), tree.Text(member, NOWHERE), current, NOWHERE)
            case And(operands=operands):
                return self._date_test(operands) or self._between(operands) or tree.And(self._all(operands), NOWHERE)
            case Or(operands=operands):
                return self._choice(operands, negated=False) or tree.Or(self._all(operands), NOWHERE)
            case Not(operand=operand):
                return self._not(operand)
            case Truth(operand=operand):
                return self.expression(operand)
            case IsMissing(operand=operand):
                return tree.IsMissing(self.expression(operand), False, NOWHERE)
            case InList(operand=operand, items=items):
                return tree.InList(self.expression(operand), self._all(items), False, NOWHERE)
            case Case(branches=branches, otherwise=otherwise):
                whens = tuple(tree.When(self.expression(part.condition), self.expression(part.value), NOWHERE) for part in branches)
                return tree.Case(whens, None if otherwise is None else self.expression(otherwise), NOWHERE)
            case Operation(operator=operator, arguments=arguments):
                return self._operation(operator, arguments)
            case Aggregate():
                return self._aggregate(expression, this=False)
            case AsOf(of=of, day=day):
                return tree.AsOf(self.expression(of), self.expression(day), NOWHERE)
            case Top() | Memory():
                raise AssertionError("`top` stands only around a search's whole condition, and no rule reads the journal")
            case _:
                assert_never(expression)

    def _all(self, expressions: Sequence[Expression]) -> tuple[tree.Expression, ...]:
        return tuple(self.expression(part) for part in expressions)

    def _path(self, expression: Expression, this: bool) -> tree.Expression:
        """A name behind links; `current` stands before the whole."""
        names: list[tree.Name] = []
        current = False
        while isinstance(expression, Via):
            names.append(_name(expression.link.name))
            current = current or expression.link.current
            expression = expression.of
        match expression:
            case Field(name=name):
                names.append(_name(name))
            case Reference(name=name):
                names.append(_name(name.partition(TWIN)[0]))
            case TargetValue(target=target):
                names.append(_name(self.schema.targets[target].field or target))
                current = current or expression.current
            case _:
                return self.expression(expression)
        path = tree.Path(tuple(names), this, NOWHERE)
        return tree.CurrentValue(path, NOWHERE) if current else path

    def _not(self, operand: Expression) -> tree.Expression:
        match operand:
            case Operation(operator="eq", arguments=(left, right)):
                return tree.Binary(tree.BinaryOperator.NOT_EQUAL, self.expression(left), self.expression(right), NOWHERE)
            case IsMissing(operand=tested):
                return tree.IsMissing(self.expression(tested), True, NOWHERE)
            case InList(operand=tested, items=items):
                return tree.InList(self.expression(tested), self._all(items), True, NOWHERE)
            case Or(operands=operands):
                choice = self._choice(operands, negated=True)
                if choice is not None:
                    return choice
        return tree.Unary(tree.UnaryOperator.NOT, self.expression(operand), NOWHERE)

    def _choice(self, operands: Sequence[Expression], negated: bool) -> tree.Expression | None:
        """`x = a or x = b` as `x in (a, b)`."""
        pairs = [part.arguments for part in operands if isinstance(part, Operation) and part.operator == "eq"]
        if len(pairs) != len(operands) or any(left != pairs[0][0] for left, _ in pairs):
            return None
        return tree.InList(self.expression(pairs[0][0]), self._all([right for _, right in pairs]), negated, NOWHERE)

    def _between(self, operands: Sequence[Expression]) -> tree.Expression | None:
        match operands:
            case (Operation("ge", (one, low)), Operation("le", (other, high))) if one == other:
                return tree.Between(self.expression(one), self.expression(low), self.expression(high), NOWHERE)
        return None

    def _date_test(self, operands: Sequence[Expression]) -> tree.Expression | None:
        match operands:
            case (Operation("ge", (one, start)), Operation("le" | "lt" as last, (other, end))) if one == other:
                if last == "le" and end == Today():
                    return self._in_duration(tree.DateTest.IN_LAST, one, _back(start))
                if last == "le" and start == Today():
                    return self._in_duration(tree.DateTest.IN_NEXT, one, _shift(end))
                if last == "lt":
                    return self._in_period(one, start, end)
        return None

    def _in_duration(self, test: tree.DateTest, day: Expression, shift: Shift | None) -> tree.Expression | None:
        return None if shift is None else tree.InDuration(test, self.expression(day), self._length(*shift), NOWHERE)

    def _length(self, length: Expression, *calendar: Expression) -> tree.Expression:
        found = self.expression(length)
        return tree.OfCalendar(found, self.expression(calendar[0]), NOWHERE) if calendar else found

    def _in_period(self, day: Expression, start: Expression, end: Expression) -> tree.Expression | None:
        for base, shifted, sign in ((end, start, -1), (start, end, 1)):
            match base, shifted:
                case Operation(operator, (Today(),)), Operation("add_duration", (moved, Literal(value=months))) if (
                    operator in PERIODS and moved == base
                ):
                    period, length = PERIODS[operator]
                    if months == sign * length:
                        return tree.InPeriod(self.expression(day), sign < 0, period, NOWHERE)
        return None

    def _operation(self, operator: str, arguments: tuple[Expression, ...]) -> tree.Expression:
        if operator == "lt":
            back = _back(arguments[1])
            # `today - D` is written as such where D is a constant; `older than D` has its own form of the same
            if back is not None and isinstance(back[0], Literal):
                return tree.InDuration(tree.DateTest.OLDER_THAN, self.expression(arguments[0]), self._length(*back), NOWHERE)
        if operator in BINARY:
            return tree.Binary(BINARY[operator], self.expression(arguments[0]), self.expression(arguments[1]), NOWHERE)
        if operator == "negate":
            return tree.Unary(tree.UnaryOperator.NEGATE, self.expression(arguments[0]), NOWHERE)
        if operator == "add_duration":
            day, length, *calendar = arguments
            sign, size = (tree.BinaryOperator.SUBTRACT, _opposite(length)) if _falls(length) else (tree.BinaryOperator.ADD, length)
            return tree.Binary(sign, self.expression(day), self._length(size, *calendar), NOWHERE)
        return _call(operator, self._all(arguments))

    def _aggregate(self, aggregate: Aggregate, this: bool) -> tree.Expression:
        path = tree.Path(tuple(_link_name(link) for link in aggregate.path), this, NOWHERE)
        distinct = aggregate.function == "count_distinct"
        parts = [None if part is None else self.expression(part) for part in (aggregate.weight, aggregate.by, aggregate.where)]
        of = None if aggregate.of is None else self.expression(aggregate.of)
        return tree.Call(
            _name("count" if distinct else aggregate.function),
            (path,) if of is None else (of,),
            distinct,
            None if of is None else path,
            parts[0],
            parts[1],
            parts[2],
            None,
            NOWHERE,
        )


def _name(text: str) -> tree.Name:
    return tree.Name(text, NOWHERE)


def _link_name(link: Link) -> tree.Name:
    return _name(link.name)


def _call(function: str, arguments: tuple[tree.Expression, ...]) -> tree.Call:
    return tree.Call(_name(function), arguments, False, None, None, None, None, None, NOWHERE)


def _shift(day: Expression) -> Shift | None:
    """The duration that is added to today, with the calendar of its business days; or None."""
    match day:
        case Operation("add_duration", (Today(), length, *calendar)):
            return length, *calendar
    return None


def _back(day: Expression) -> Shift | None:
    """The same of what is taken off today."""
    shift = _shift(day)
    return (_opposite(shift[0]), *shift[1:]) if shift is not None and _falls(shift[0]) else None


def _falls(length: Expression) -> bool:
    match length:
        case Literal(value=int() as count):
            return count < 0
        case Operation(operator="negate"):
            return True
    return False


def _opposite(length: Expression) -> Expression:
    match length:
        case Literal(value=int() as count, type=type):
            return Literal(-count, type)
        case Operation("negate", (inner,)):
            return inner
    return length


def _literal(literal: Literal) -> tree.Expression:
    match literal.value:
        case None:
            return tree.Path((_name(MISSING),), False, NOWHERE)
        case bool() as truth:
            return tree.Boolean(truth, NOWHERE)
        case str() as text:
            return tree.Text(text, NOWHERE)
        case date() as day:
            return tree.Date(day, NOWHERE)
        case Money(amount=amount, currency=currency):
            size = abs(amount)
            bare = tree.Number(size, number_text(size), NOWHERE)
            return _signed(amount < 0, tree.Money(size, currency, amount_text(size), NOWHERE) if currency else bare)
        case int() as count if literal.type.kind is Kind.DURATION:
            return _signed(count < 0, _duration(abs(count), literal.type))
        case int() | Decimal() as number:
            size = abs(Decimal(number))
            if literal.type.kind is Kind.PERCENT:
                return _signed(number < 0, tree.Percent(size, f"{number_text(size.scaleb(2))}%", NOWHERE))
            return _signed(number < 0, tree.Number(size, number_text(size), NOWHERE))


def _signed(negative: bool, literal: tree.Expression) -> tree.Expression:
    return tree.Unary(tree.UnaryOperator.NEGATE, literal, NOWHERE) if negative else literal


def _duration(count: int, type: Type) -> tree.Duration:
    if type.business:
        return tree.Duration(count, tree.Unit.BUSINESS_DAY, NOWHERE)
    if type.months and count and count % 12 == 0:
        return tree.Duration(count // 12, tree.Unit.YEAR, NOWHERE)
    return tree.Duration(count, tree.Unit.MONTH if type.months else tree.Unit.DAY, NOWHERE)
