"""How the parts of the language are written in the scalars of the YAML form."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from assignrules.syntax import tree
from assignrules.syntax.currencies import CURRENCIES
from assignrules.syntax.expression_format import (
    format_arithmetic,
    format_expression,
    format_inner,
    format_list,
    format_moving,
    format_text,
    layout,
)
from assignrules.syntax.names import quoted
from assignrules.syntax.tables import load
from assignrules.syntax.yaml_layout import Leaf

_LITERALS = ("DATE", "DURATION", "PERCENT", "MONEY", "NUMBER")
_WORDS = ("keep", "clear", "restore")


def is_literal(text: str) -> bool:
    """Whether a text could be a number, a percentage, an amount, a date, a duration, or a truth value of the language."""
    if text in ("true", "false"):
        return True
    match = _literals().fullmatch(text.removeprefix("-"))
    return match is not None and (match.lastgroup != "MONEY" or text[-3:] in CURRENCIES)


@cache
def _literals() -> re.Pattern[str]:
    patterns = load().patterns
    return re.compile("|".join(f"(?P<{name}>{patterns[name]})" for name in _LITERALS))


def is_quoted_text(text: str) -> bool:
    """Whether a text is itself a text of the language, in double quotes."""
    return text.startswith('"') and re.fullmatch(load().patterns["TEXT"], text) is not None


def expression_leaf(expression: tree.Expression, form: Callable[[tree.Expression], str] = format_inner) -> Leaf:
    """An expression as text; a long one is broken where a rule file would break it."""
    text = form(expression)
    plain = text == format_expression(expression)
    return Leaf(text, code=True, lines=(lambda column: layout(expression, 0, column)) if plain else None)


def amount_leaf(expression: tree.Expression) -> Leaf:
    """An expression where no condition may stand."""
    return expression_leaf(expression, format_arithmetic)


def value_leaf(value: tree.Expression, *, marked: bool = False) -> Leaf:
    """A text as it stands where nothing else could be meant, a literal, or an expression in parentheses.

    ``marked``: the parentheses are not part of the expression.
    """
    match value:
        case tree.Text(value=text):
            return Leaf(format_text(text), code=True) if _means_something_else(text) else Leaf(text)
        case tree.Number() | tree.Percent() | tree.Money() | tree.Date() | tree.Duration() | tree.Boolean():
            return Leaf(format_expression(value), code=True)
        case tree.Parenthesised() if not marked:
            return Leaf(format_expression(value), code=True)
        case _:
            return Leaf(f"({format_expression(value)})", code=True)


def _means_something_else(text: str) -> bool:
    return is_quoted_text(text) or (text.startswith("(") and text.endswith(")")) or is_literal(text) or text in _WORDS


def top_text(top: tree.Top) -> str:
    """The clause behind `top`."""
    return f"{format_arithmetic(top.count)} by {format_inner(top.by)}{_order(top.ascending, top.per)}"


def limit_text(limit: tree.Limit) -> str:
    """The clause behind `limit`."""
    return f"{format_arithmetic(limit.count)} changes by {format_inner(limit.by)}{_order(limit.ascending, limit.per)}"


def cooldown_text(cooldown: tree.Cooldown) -> str:
    """The clause behind `cooldown`."""
    return format_arithmetic(cooldown.duration) + (" after removal" if cooldown.after_removal else "")


def guard_text(guard: tree.Guard) -> str:
    """The clause behind `guard`."""
    return f"at most {format_arithmetic(guard.bound)}" + (" changes" if guard.changes else "")


def order_text(order: tree.OrderBy) -> str:
    """An item of `order by`."""
    return format_inner(order.value) + (" descending" if order.descending else "")


def column_text(column: tree.Column) -> str:
    """An item of `show`."""
    return format_inner(column.value) + (f" as {quoted(column.alias.text)}" if column.alias else "")


def when_text(step: tree.Step) -> str:
    """When a step is due."""
    return f"{format_arithmetic(step.duration)} {'before' if step.before else 'after'} due"


def _order(ascending: bool, per: tree.Expression | None) -> str:
    return (" ascending" if ascending else "") + (f" per {format_inner(per)}" if per is not None else "")


def distribute_text(clause: tree.Distribute) -> str:
    """The clause behind `distribute`."""
    words = [f"{format_inner(clause.condition)} among ({format_list(clause.among)}) by {format_list(clause.by)}"]
    if clause.keeping_together is not None:
        words.append(f"keeping together {format_inner(clause.keeping_together)}")
    if clause.within_capacity:
        words.append("within capacity")
    if clause.within is not None:
        words.append(f"within {format_arithmetic(clause.within)}")
    if clause.moving_at_most is not None:
        words.append(format_moving(clause.moving_at_most, clause.moving_per))
    return " ".join(words)
