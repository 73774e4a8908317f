"""The operators of ``Operation``, as data: identifier, what it takes and gives, and its words in the language.

``docs/language.md``'s table of functions is made from this list; the resolver types calls by ``resolve.types``, ``reference`` and ``sql``
each give the meaning by identifier, and a test checks that both know every one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: how it is written, and what it means in one line."""

    identifier: str
    form: str
    meaning: str


OPERATORS: dict[str, Operator] = {
    operator.identifier: operator
    for operator in (
        # comparisons: false when a side is missing. Text by code point; money converts where the currencies differ
        Operator("eq", "a = b", "equal"),
        Operator("lt", "a < b", "less"),
        Operator("le", "a <= b", "less or equal"),
        Operator("gt", "a > b", "greater"),
        Operator("ge", "a >= b", "greater or equal"),
        Operator("contains", "a contains b", "b is part of a, case and accents ignored"),
        Operator("starts_with", "a starts with b", "a begins with b, case and accents ignored"),
        Operator("ends_with", "a ends with b", "a ends in b, case and accents ignored"),
        Operator("matches", "a matches b", "the regular expression b (a literal) is found in a"),
        # arithmetic: exact; missing when an operand is
        Operator("add", "a + b", "sum of two numbers or two amounts"),
        Operator("subtract", "a - b", "difference of two numbers, two amounts or two durations"),
        Operator("multiply", "a * b", "product of two numbers, of an amount and a number, or of a whole number and a duration"),
        Operator("divide", "a / b", "quotient at 10 places, half away from zero; missing when b is 0"),
        Operator("negate", "-a", "the opposite number, amount or duration"),
        Operator("add_duration", "date + duration", "days, or months clamped to the month's last day; missing outside the years 1 to 9999"),
        Operator("date_difference", "date - date", "the days between"),
        Operator("start_of_month", "", "the first day of the date's month (of `in previous month`)"),
        Operator("start_of_quarter", "", "the first day of the date's quarter"),
        Operator("start_of_year", "", "the first day of the date's year"),
        # functions
        Operator("abs", "abs(x)", "the value without its sign"),
        Operator("round", "round(x, n)", "x at n decimal places (a literal from 0 to 10; left out: 0), half away from zero"),
        Operator("floor", "floor(x)", "the greatest whole number not above x"),
        Operator("ceil", "ceil(x)", "the least whole number not below x"),
        Operator("least", "least(a, b, …)", "the smallest; missing when one is"),
        Operator("greatest", "greatest(a, b, …)", "the largest; missing when one is"),
        Operator("coalesce", "coalesce(a, b, …)", "the first that is not missing"),
        Operator("lower", "lower(text)", "in lower case, by the package's table"),
        Operator("upper", "upper(text)", "in upper case, by the package's table"),
        Operator("trim", "trim(text)", "without blanks at both ends"),
        Operator("length", "length(text)", "the number of code points"),
        Operator("concat", "concat(a, b, …)", "the texts in a row"),
        Operator("days", "days(duration)", "a duration's days as a whole number"),
        Operator("year", "year(date)", "the year"),
        Operator("month", "month(date)", "the month, 1 to 12"),
        Operator("weekday", "weekday(date)", "the day of the week, Monday = 1"),
        Operator("date", "date(timestamp)", "the day of a point in time, in the project's time zone"),
        Operator("convert", "convert(money, \"USD\", date)", "the amount in another currency, at the rates of a date (left out: today)"),
        Operator("amount", "amount(money)", "the bare number"),
        Operator("currency", "currency(money)", "the currency's code"),
    )
}  # fmt: skip
