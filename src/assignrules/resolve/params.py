"""Parameters: typed constants, given in the rules and set from outside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from assignrules.diagnostics import Diagnostic, SourceFile, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.expressions import Literal
from assignrules.ir.types import BOOLEAN, BUSINESS_DAYS, DATE, DAYS, DECIMAL, INTEGER, MONEY, MONTHS, PERCENT, TEXT, Kind, Money, Type
from assignrules.syntax import tree
from assignrules.syntax.text import parse_expression

PARAM_TYPES = {
    "text": TEXT,
    "integer": INTEGER,
    "decimal": DECIMAL,
    "percent": PERCENT,
    "money": MONEY,
    "date": DATE,
    "duration": DAYS,
    "boolean": BOOLEAN,
}
_NO_CHARACTER = re.compile("[\\0\ud800-\udfff]")
MAX_DIGITS = 18
MAX_PLACES = 10


def resolve_params(
    params: Iterable[tree.Param], overrides: Mapping[str, str | tree.Expression], currency: str, problems: list[Diagnostic]
) -> dict[str, Literal | None]:
    """The value of each parameter: that of the rules, or the override's, which may name another parameter. None where it is broken,
    which is reported."""
    values: dict[str, Literal | None] = {}
    references: dict[str, tuple[tree.Path, Type]] = {}
    for param in params:
        word = param.name.text
        if word in values:
            continue  # given twice: reported with the names
        type = PARAM_TYPES.get(param.type.text)
        if type is None:
            help = did_you_mean(param.type.text, list(PARAM_TYPES)) or "types are " + ", ".join(PARAM_TYPES)
            problems.append(diagnostic("E0310", f"unknown type `{param.type.text}`", param.type.span, help=help))
            values[word] = None
            continue
        value = _param_value(param.value, word, type, currency, problems)
        if word in overrides:
            given = overrides[word]
            expression = _given(word, given, type, problems) if isinstance(given, str) else given
            if isinstance(expression, tree.Path) and not isinstance(given, str):
                references[word] = (expression, type)
                value = None
            else:
                value = None if expression is None else _param_value(expression, word, type, currency, problems)
        values[word] = value
    _take_over(references, values, currency, problems)
    for word in overrides:
        if word not in values:
            help = did_you_mean(word, list(values)) or (
                "parameters are " + ", ".join(f"`{name}`" for name in values) if values else "the rules declare none"
            )
            problems.append(diagnostic("E0206", f"unknown parameter `{word}`", help=help))
    return values


def _take_over(
    references: Mapping[str, tuple[tree.Path, Type]], values: dict[str, Literal | None], currency: str, problems: list[Diagnostic]
) -> None:
    """Gives the parameters whose value is another parameter's name that one's value: `use "pack" with large = our_large`."""
    circular: set[str] = set()
    for word, (path, type) in references.items():
        chain = [word]
        while chain[-1] in references and _text(references[chain[-1]][0]) not in chain:
            chain.append(_text(references[chain[-1]][0]))
        if chain[-1] in references:
            if circular.isdisjoint(chain):
                circle = " → ".join(f"`{name}`" for name in [*chain, _text(references[chain[-1]][0])])
                problems.append(diagnostic("E0401", f"parameters go round in a circle: {circle}", path.span))
            circular.update(chain)
        elif chain[-1] not in values:
            known = [name for name in values if "." not in name]
            help = did_you_mean(chain[-1], known) or _example(type)
            problems.append(diagnostic("E0312", f"parameter `{word}` needs a constant or a parameter", path.span, help=help))
        else:
            found = values[chain[-1]]
            fitted = None if found is None else fit_constant(found, type, currency)
            if found is not None and fitted is None:
                message = f"parameter `{word}` is of type {type} and `{chain[-1]}` of type {found.type}"
                problems.append(diagnostic("E0310", message, path.span, help=_example(type)))
            values[word] = fitted


def _text(path: tree.Path) -> str:
    return ".".join(name.text for name in path.names)


def given_name(word: str) -> str:
    """What stands in place of a file's name for a parameter's value that is given as text. The brackets say that it is none."""
    return f"<parameter {word}>"


def _given(word: str, text: str, type: Type, problems: list[Diagnostic]) -> tree.Expression | None:
    """The expression of a value given as text; bare words stand for a text parameter's value."""
    source = SourceFile(given_name(word), text)
    if type.kind is Kind.TEXT and not text.lstrip().startswith('"'):
        if _NO_CHARACTER.search(text):
            message = f"the value of parameter `{word}` holds a NUL character or half of a surrogate pair"
            problems.append(diagnostic("E0310", message, help="leave it out"))
            return None
        return tree.Text(text, source.span(0, len(text)))
    expression, found = parse_expression(source)
    problems.extend(found)
    return expression


def _param_value(expression: tree.Expression, word: str, type: Type, currency: str, problems: list[Diagnostic]) -> Literal | None:
    before = len(problems)
    literal = constant(expression, problems)
    if literal is None:
        if len(problems) == before:
            problems.append(diagnostic("E0312", f"parameter `{word}` needs a constant", expression.span, help=_example(type)))
        return None
    fitted = fit_constant(literal, type, currency)
    if fitted is None:
        problems.append(
            diagnostic(
                "E0310",
                f"parameter `{word}` is of type {type} and its value is of type {literal.type}",
                expression.span,
                help=_example(type),
            )
        )
    return fitted


def _example(type: Type) -> str:
    examples = {
        Kind.TEXT: '"text"',
        Kind.INTEGER: "60",
        Kind.DECIMAL: "12.5",
        Kind.PERCENT: "23%",
        Kind.MONEY: "500_000 EUR",
        Kind.DATE: "2026-11-22",
        Kind.DURATION: "60 days",
        Kind.BOOLEAN: "true",
    }
    return f"a value of type {type} is written like `{examples[type.kind]}`"


def fit_constant(literal: Literal, type: Type, currency: str) -> Literal | None:
    """A constant as a value of a type, or None where it does not fit. A bare 0 fits money, in the project's currency."""
    kind, value = literal.type.kind, literal.value
    if kind is type.kind:
        return literal
    if type.kind in (Kind.DECIMAL, Kind.PERCENT) and isinstance(value, int | Decimal) and literal.type.is_number:
        return Literal(Decimal(value), replace(type, scale=literal.type.scale))
    if type.kind is Kind.MONEY and literal.type.is_number and value == 0:
        return Literal(Money(Decimal(0), currency), Type(Kind.MONEY))
    return None


def constant(expression: tree.Expression, problems: list[Diagnostic]) -> Literal | None:
    """A literal, in parentheses or negative as may be; None for anything else. Too many digits are reported."""
    match expression:
        case tree.Parenthesised(operand=operand):
            return constant(operand, problems)
        case tree.Unary(operator=tree.UnaryOperator.NEGATE, operand=operand):
            return _negated(constant(operand, problems))
        case tree.Text(value=value):
            return Literal(value, TEXT)
        case tree.Number(value=value):
            return _number(value, Kind.DECIMAL, expression, problems)
        case tree.Percent(value=value):
            return _number(value, Kind.PERCENT, expression, problems)
        case tree.Money(amount=amount, currency=currency):
            number = _number(amount, Kind.DECIMAL, expression, problems)
            return number and Literal(Money(amount, currency), Type(Kind.MONEY, number.type.scale))
        case tree.Date(value=day):
            return Literal(day, DATE)
        case tree.Boolean(value=truth):
            return Literal(truth, BOOLEAN)
        case tree.Duration(count=count, unit=unit):
            if unit is tree.Unit.BUSINESS_DAY:
                return Literal(count, BUSINESS_DAYS)
            days = {tree.Unit.DAY: 1, tree.Unit.WEEK: 7}.get(unit)
            if days is not None:
                return Literal(count * days, DAYS)
            return Literal(count * (12 if unit is tree.Unit.YEAR else 1), MONTHS)
        case _:
            return None


def _negated(literal: Literal | None) -> Literal | None:
    if literal is None:
        return None
    match literal.value:
        case bool() | str() | None:
            return None
        case int() | Decimal():
            return Literal(-literal.value, literal.type)
        case Money(amount=amount, currency=currency):
            return Literal(Money(-amount, currency), literal.type)
        case _:
            return None


def _number(value: Decimal, kind: Kind, expression: tree.Expression, problems: list[Diagnostic]) -> Literal | None:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    places = max(0, -exponent)
    if places > MAX_PLACES or abs(value) >= 10**MAX_DIGITS:
        problems.append(
            diagnostic("E0307", f"a number has at most {MAX_DIGITS} digits before the point and {MAX_PLACES} after it", expression.span)
        )
        return None
    if kind is Kind.DECIMAL and places == 0:
        return Literal(int(value), INTEGER)
    return Literal(value, Type(kind, places))
