"""Expressions on one row: a table of operators first, a method second.

INVARIANT: a condition's SQL may be NULL for false, except where ``truth`` made it: that is the only place for missing-value guards,
below `not` and where a condition becomes a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from sqlglot import exp

from assignrules.ir.expressions import (
    Aggregate,
    And,
    Case,
    Expression,
    Field,
    InList,
    IsMissing,
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
    is_condition,
)
from assignrules.ir.folding import fold
from assignrules.ir.types import VALUE_SCALE, Kind, Money
from assignrules.resolve.patterns import pieces
from assignrules.sql import terms
from assignrules.sql.calendars import business_day
from assignrules.sql.constant_days import shifted
from assignrules.sql.days import NEAR_DAYS, NEAR_MONTHS, days_later, in_calendar, months_later
from assignrules.sql.dialects import Dialect
from assignrules.sql.division import divided
from assignrules.sql.money import MoneyCompiler
from assignrules.sql.rows import Column, Rows, is_decided, memory_column, moved_key
from assignrules.sql.terms import Sql

ORDER: dict[str, type[exp.Binary]] = {"eq": exp.EQ, "lt": exp.LT, "le": exp.LTE, "gt": exp.GT, "ge": exp.GTE}
LONG_LIST = 64  # constants; a longer list becomes a relation


class Scalars:
    """Compiles expressions in normal form (``facts``) for one dialect and one as-of date."""

    def __init__(self, dialect: Dialect, today: date, money: MoneyCompiler, keys: Mapping[str, str]) -> None:
        self.keys = keys  # the business key of each entity
        self.dialect = dialect
        self.today = today
        self.money = money
        money.value = self.value
        money.condition = self.condition

    # --- conditions ---

    def condition(self, expression: Expression, rows: Rows) -> Sql:
        """As a filter: NULL counts as false."""
        match expression:
            case And(operands=operands):
                return terms.all_of(self.condition(part, rows) for part in operands)
            case Or(operands=operands):
                return terms.any_of(self.condition(part, rows) for part in operands)
            case Not(operand=operand):
                return terms.negated(self.truth(operand, rows))
            case Truth(operand=operand):
                return self.value(operand, rows)
            case IsMissing(operand=operand):
                return terms.is_null(self.value(operand, rows))
            case InList(operand=operand, items=items):
                return self._in_list(self.value(operand, rows), [self.value(item, rows) for item in items])
            case Operation(operator=operator, arguments=arguments) if operator in ORDER:
                return self._comparison(operator, arguments, rows)
            case Operation(operator="matches", arguments=arguments):
                pattern = arguments[1]
                assert isinstance(pattern, Literal) and isinstance(pattern.value, str)
                return self.dialect.matches(self.value(arguments[0], rows), pieces(pattern.value))
            case Operation(operator="contains" | "starts_with" | "ends_with" as operator, arguments=arguments):
                test = {"contains": self.dialect.contains, "starts_with": self.dialect.starts_with, "ends_with": self.dialect.ends_with}[
                    operator
                ]
                return test(self._folded(arguments[0], rows), self._folded(arguments[1], rows))
            case Top():
                return self._top(expression, rows)
            case _:
                return self.value(expression, rows)

    def _top(self, top: Top, rows: Rows) -> Sql:
        """Rows are numbered among those for which the condition holds, in their group."""
        kept = self.truth(top.where, rows)
        groups = [kept]
        day = rows.today()
        if day is not None:
            groups.append(day)
        if top.per is not None:
            groups.append(self.value(top.per, rows))
            if top.per.type.kind is Kind.MONEY:
                groups.append(self.money.code(top.per, rows))
        by = self.money.at_home(top.by, rows) if top.by.type.kind is Kind.MONEY else self.value(top.by, rows)
        missing = terms.case([(terms.is_null(by.copy()), terms.number(1))], terms.number(0))
        if top.by.type.is_text:
            by = self.dialect.ordered_text(by)
        key = self.dialect.ordered_text(rows.column(Column("field", self.keys[rows.entity])))
        order = [terms.ordered(missing), terms.ordered(by, descending=not top.ascending), terms.ordered(key)]
        number = exp.Window(this=exp.Anonymous(this="ROW_NUMBER"), partition_by=groups, order=exp.Order(expressions=order))
        return terms.all_of([kept.copy(), terms.binary(exp.LTE, number, terms.number(top.count))])

    def truth(self, expression: Expression, rows: Rows) -> Sql:
        """As a value: never NULL."""
        compiled = self.condition(expression, rows)
        return terms.coalesce(compiled, terms.boolean(False)) if may_be_null(expression) else compiled

    def _in_list(self, value: Sql, items: list[Sql]) -> Sql:
        if len(items) <= LONG_LIST:
            return terms.one_of(value, items)
        listed = exp.Values(
            expressions=[exp.Tuple(expressions=[item]) for item in items],
            alias=exp.TableAlias(this=terms.identifier("listed"), columns=[terms.identifier("item")]),
        )
        return exp.In(this=terms.wrapped(value), query=terms.scalar(terms.select([terms.column("item", "listed")], listed)))

    def _comparison(self, operator: str, arguments: tuple[Expression, ...], rows: Rows) -> Sql:
        left, right = arguments
        if left.type.kind is Kind.MONEY:
            return self.money.compared(ORDER[operator], left, right, rows)
        one, other = self.value(left, rows), self.value(right, rows)
        if left.type.is_text and operator != "eq":
            one = self.dialect.ordered_text(one)
        return terms.binary(ORDER[operator], one, other)

    def _folded(self, expression: Expression, rows: Rows) -> Sql:
        if isinstance(expression, Literal) and isinstance(expression.value, str):
            return terms.text(fold(expression.value))
        return self.dialect.folded(self.value(expression, rows))

    # --- values ---

    def value(self, expression: Expression, rows: Rows) -> Sql:
        """As a value; of money the amount alone. NULL is missing."""
        if is_condition(expression) and not isinstance(expression, Reference | TargetMember | Literal | This | Case):
            return self.truth(expression, rows)
        match expression:
            case Literal():
                return literal(expression)
            case Today():
                return rows.today() or terms.day(self.money.day or self.today)
            case Field(name=name):
                return rows.column(Column("field", name))
            case Reference(name=name):
                return rows.column(Column("fact", name))
            case TargetValue(target=target, member=member):
                return rows.column(Column("value", target, member or ""))
            case TargetMember(target=target, member=name):
                return rows.column(Column("member", target, name))
            case Memory():
                return rows.decided(expression) if is_decided(expression) else rows.column(memory_column(expression))
            case Via(link=link, of=of):
                return self.value(of, rows.via(link))
            case This(of=of):
                assert rows.outer is not None
                return self.value(of, rows.outer)
            case Case(branches=branches, otherwise=otherwise):
                return terms.case(
                    [(self.condition(branch.condition, rows), self._scaled(branch.value, expression, rows)) for branch in branches],
                    None if otherwise is None else self._scaled(otherwise, expression, rows),
                )
            case Operation():
                return self._operation(expression, rows)
            case _:
                raise AssertionError(expression)  # aggregates are facts in normal form

    def _scaled(self, part: Expression, whole: Expression, rows: Rows) -> Sql:
        """One of several values that stand for each other, at the scale of all: databases do not agree on the common type of decimals, and
        DuckDB's may lose places."""
        value = self.value(part, rows)
        if (whole.type.is_number or whole.type.kind is Kind.MONEY) and part.type.scale != whole.type.scale:
            return self.dialect.decimal(value, whole.type.scale)
        return value

    def _operation(self, operation: Operation, rows: Rows) -> Sql:
        name, arguments = operation.operator, operation.arguments
        if operation.type.kind is Kind.MONEY or (arguments and arguments[0].type.kind is Kind.MONEY):
            return self.money.amount(operation, rows)
        values = [self.value(argument, rows) for argument in arguments]
        match name:
            case "add" | "subtract" | "multiply":
                kind = {"add": exp.Add, "subtract": exp.Sub, "multiply": exp.Mul}[name]
                if operation.type.kind in (Kind.INTEGER, Kind.DURATION):
                    values[0] = self.dialect.decimal(values[0], 0)
                return self.dialect.bounded(terms.binary(kind, values[0], values[1]), operation.type.scale)
            case "divide":
                return divided(self.dialect, values[0], arguments[0].type.scale, values[1])
            case "negate":
                return exp.Neg(this=terms.wrapped(values[0]))
            case "add_duration":
                if len(arguments) == 3:
                    return business_day(rows.source, *values)
                if arguments[1].type.business:
                    return rows.source.business_day(values[0], values[1])
                return self._shifted(values[0], arguments[1], values[1])
            case "date_difference":
                return self.dialect.days_between(values[0], values[1])
            case "start_of_month" | "start_of_quarter" | "start_of_year":
                return self.dialect.start_of(name.removeprefix("start_of_"), values[0])
            case "round":
                places = arguments[1]
                assert isinstance(places, Literal) and isinstance(places.value, int)
                return rounded(self.dialect, values[0], operation.arguments[0].type.scale, places.value)
            case "abs":
                return terms.function("ABS", values[0])
            case "floor" | "ceil":
                return self.dialect.decimal(terms.function("FLOOR" if name == "floor" else "CEIL", values[0]), 0)
            case "least" | "greatest":
                missing = terms.any_of(terms.is_null(value.copy()) for value in values)
                values = [self._scaled(argument, operation, rows) for argument in arguments]
                if operation.type.is_text:
                    values = [self.dialect.ordered_text(value) for value in values]
                return terms.case([(missing, terms.null())], self.dialect.extreme(name, values))
            case "coalesce":
                return terms.coalesce(*(self._scaled(argument, operation, rows) for argument in arguments))
            case "lower":
                return self.dialect.lower(values[0])
            case "upper":
                return self.dialect.upper(values[0])
            case "trim":
                return terms.trimmed(values[0])
            case "length":
                return terms.cast(terms.function("LENGTH", values[0]), "BIGINT")
            case "concat":
                joined = values[0]
                for value in values[1:]:
                    joined = exp.DPipe(this=terms.wrapped(joined), expression=terms.wrapped(value))
                return joined
            case "days":
                return values[0]
            case "year" | "month" | "weekday":
                return self.dialect.day_part({"year": "YEAR", "month": "MONTH", "weekday": "ISODOW"}[name], values[0])
            case "date":
                return terms.cast(values[0], "DATE")
            case "moved_key":
                return moved_key(values[0], values[1])
            case _:
                raise AssertionError(name)

    def _shifted(self, day: Sql, length: Expression, amount: Sql) -> Sql:
        """A date and a duration; missing outside the years 1 to 9999, where databases disagree."""
        months = length.type.months
        add = self.dialect.add_months if months else self.dialect.add_days
        if isinstance(length, Literal):
            assert isinstance(length.value, int)
            if isinstance(day, exp.Cast) and isinstance(day.this, exp.Literal):  # one day for all rows
                inside = shifted(date.fromisoformat(day.this.this), length.value, months=months) is not None
                return add(day, terms.number(length.value)) if inside else terms.cast(terms.null(), "DATE")
            if abs(length.value) <= (NEAR_MONTHS if months else NEAR_DAYS):
                return in_calendar(add(day, terms.number(length.value)))
        return (months_later if months else days_later)(self.dialect, day, amount)


def rounded(dialect: Dialect, value: Sql, scale: int, places: int) -> Sql:
    """At a number of places, half away from zero: what ROUND does to exact decimals on every database here."""
    if places >= scale:
        return value
    return dialect.decimal(terms.function("ROUND", value, terms.number(places)), places)


def literal(expression: Literal) -> Sql:
    """A constant as a typed literal; of money the amount."""
    match expression.value:
        case None:
            return terms.null()
        case bool() as truth:
            return terms.boolean(truth)
        case int() | Decimal() as value:
            return terms.number(value)
        case Money(amount=amount):
            return terms.number(amount)
        case date() as value:
            return terms.day(value)
        case str() as value:
            return terms.text(value)


def may_be_null(expression: Expression) -> bool:
    """Whether a condition's SQL can be NULL. Keys and facts that are conditions never are."""
    match expression:
        case And(operands=operands) | Or(operands=operands):
            return any(may_be_null(part) for part in operands)
        case Not() | IsMissing() | Aggregate():
            return False
        case Reference(condition=condition):
            return not condition
        case TargetMember() | Today() | Top():
            return False
        case Literal(value=value):
            return value is None
        case This(of=of):
            return may_be_null(of)
        case InList(operand=operand):
            return may_be_null(operand)
        case Operation(operator=operator, arguments=arguments) if operator in ORDER:
            currencies = {part.value.currency for part in arguments if isinstance(part, Literal) and isinstance(part.value, Money)}
            return len(currencies) > 1 or any(may_be_null(part) for part in arguments)  # two currencies: a rate may be missing
        case _:
            return True


__all__ = ["VALUE_SCALE", "Scalars", "literal", "may_be_null", "rounded"]
