"""The canonical text of an expression: on one line, or broken at its chains, calls and cases where it is too long."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import assert_never

from assignrules.syntax import tree
from assignrules.syntax.names import quoted

WIDTH = 120

# how tightly an expression binds, loosest first
_OR, _AND, _NOT, _COMPARISON, _SUM, _LENGTH, _PRODUCT, _NEGATE, _PRIMARY = range(1, 10)
_CASE = 0
_SUMS = (tree.BinaryOperator.ADD, tree.BinaryOperator.SUBTRACT)
_PRODUCTS = (tree.BinaryOperator.MULTIPLY, tree.BinaryOperator.DIVIDE)


def format_expression(expression: tree.Expression) -> str:
    """The canonical text on one line; reading it gives an equal expression.

    Parentheses are put where the tree needs them and has none.
    """
    match expression:
        case tree.Text(value=value):
            return format_text(value)
        case tree.Number(source=source) | tree.Percent(source=source):
            return source
        case tree.Money(source=source, currency=currency):
            return f"{source} {currency}"
        case tree.Date(value=value):
            return value.isoformat()
        case tree.Duration(count=count, unit=unit):
            return f"{count} {unit.value}" + ("" if count == 1 else "s")
        case tree.Boolean(value=value):
            return "true" if value else "false"
        case tree.Today():
            return "today"
        case tree.Path():
            return _path(expression)
        case tree.Call():
            return f"{expression.function.text}({' '.join(_call_parts(expression))})"
        case tree.Unary(operator=tree.UnaryOperator.NOT, operand=operand):
            return f"not {_at(operand, _NOT)}"
        case tree.Unary(operand=operand):
            return f"-{_at(operand, _NEGATE)}"
        case tree.Binary(operator=operator, left=left, right=right):
            if operator in _SUMS:
                # `as of` takes the sum after it as its date
                first = f"({format_expression(left)})" if _ends_in_as_of(left) else _at(left, _SUM)
                return f"{first} {operator.value} {_at(right, _LENGTH)}"
            if operator in _PRODUCTS:
                return f"{_at(left, _PRODUCT)} {operator.value} {_at(right, _NEGATE)}"
            return f"{_at(left, _SUM)} {operator.value} {_at(right, _SUM)}"
        case tree.And(operands=operands):
            return " and ".join(_at(operand, _NOT) for operand in operands)
        case tree.Or(operands=operands):
            return " or ".join(_at(operand, _AND) for operand in operands)
        case tree.Between(operand=operand, low=low, high=high):
            return f"{_at(operand, _SUM)} between {_at(low, _SUM)} and {_at(high, _SUM)}"
        case tree.InList(operand=operand, items=items, negated=negated):
            return f"{_at(operand, _SUM)} {'not in' if negated else 'in'} ({format_list(items)})"
        case tree.IsMissing(operand=operand, negated=negated):
            return f"{_at(operand, _SUM)} is {'present' if negated else 'missing'}"
        case tree.InDuration(test=test, operand=operand, duration=duration):
            return f"{_at(operand, _SUM)} {test.value} {_length(duration)}"
        case tree.InPeriod(operand=operand, previous=previous, period=period):
            return f"{_at(operand, _SUM)} in {'previous' if previous else 'current'} {period.value}"
        case tree.HasMember(verb=verb, target=target, member=member, current=current):
            return f"{'currently ' if current else ''}{verb} {quoted(target.text)} {format_value(member, texts_only=True)}"
        case tree.CurrentValue(path=path):
            return f"current {_path(path)}"
        case tree.Case():
            return " ".join(["case", *_case_parts(expression)])
        case tree.AsOf(operand=operand, date=date):
            inside = operand if isinstance(operand, tree.Parenthesised) else None
            first = format_expression(inside) if inside else f"({format_expression(operand)})"
            return f"{first} as of {_moved_date(date)}"
        case tree.OfCalendar(length=length, calendar=calendar):
            first = f"({format_expression(length)})" if _ends_in_as_of(length) else _at(length, _PRODUCT)
            return f"{first} of {_calendar(calendar)}"
        case tree.Parenthesised(operand=operand):
            return f"({format_expression(operand)})"
        case _:
            assert_never(expression)


def _ends_in_as_of(expression: tree.Expression) -> bool:
    match expression:
        case tree.AsOf():
            return True
        case tree.Unary(operator=tree.UnaryOperator.NEGATE, operand=last) | tree.Binary(right=last):
            return _ends_in_as_of(last)
        case _:
            return False


def format_list(items: Sequence[tree.Expression]) -> str:
    """Expressions with commas between them."""
    return ", ".join(_at(item, _OR) for item in items)


def format_inner(expression: tree.Expression) -> str:
    """The text where an expression stands inside a statement: a `case` only in parentheses, save as a whole `define`."""
    return _at(expression, _OR)


def format_arithmetic(expression: tree.Expression) -> str:
    """The text where the language takes no condition: a number, a date, an amount of a clause."""
    return _at(expression, _SUM)


def format_moving(most: tree.Expression, per: tree.Rhythm | None) -> str:
    """The bound on the moves of `distribute`."""
    return f"moving at most {format_arithmetic(most)}" + ("" if per is None else f" per {per.value}")


def format_value(expression: tree.Expression, texts_only: bool = False) -> str:
    """The text of the value of a line or the member of a set: a literal, or in parentheses."""
    literals = tree.Text if texts_only else tree.Literal
    if isinstance(expression, literals | tree.Parenthesised):
        return format_expression(expression)
    return f"({format_expression(expression)})"


def format_text(value: str) -> str:
    """A text in quotes, with its escapes."""
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character == "\n":
        return "\\n"
    if character == "\t":
        return "\\t"
    if character == "\ufeff" or unicodedata.category(character) in ("Cc", "Zl", "Zp"):
        return f"\\u{ord(character):04x}"
    return character


def layout(expression: tree.Expression, indent: int, used: int) -> list[str]:
    """The lines of an expression that starts ``used`` columns into a line; the further lines carry ``indent`` blanks before them."""
    flat = format_expression(expression)
    if used + len(flat) <= WIDTH:
        return [flat]
    pad = " " * indent
    match expression:
        case tree.And(operands=operands) | tree.Or(operands=operands):
            word, level = ("and", _NOT) if isinstance(expression, tree.And) else ("or", _AND)
            lines: list[str] = []
            for number, operand in enumerate(operands):
                start = "" if number == 0 else f"{pad}{word} "
                inner = _layout_at(operand, level, indent + 2, used if number == 0 else len(start))
                lines += [start + inner[0], *inner[1:]]
            return lines
        case tree.Parenthesised(operand=operand):
            lines = layout(operand, indent, used + 1)
            return ["(" + lines[0], *lines[1:-1], lines[-1] + ")"] if len(lines) > 1 else [f"({lines[0]})"]
        case tree.Unary(operator=tree.UnaryOperator.NOT, operand=operand):
            lines = _layout_at(operand, _NOT, indent, used + 4)
            return ["not " + lines[0], *lines[1:]]
        case tree.Call():
            parts = _call_parts(expression)
            lines = [expression.function.text + "(" + parts[0] if parts else flat]
            lines += [f"{pad}  {part}" for part in parts[1:]]
            return [*lines[:-1], lines[-1] + ")"] if parts else lines
        case tree.Case():
            return ["case", *_case_lines(expression, indent + 2)]
        case tree.InList(operand=operand, items=items, negated=negated):
            start = f"{_at(operand, _SUM)} {'not in' if negated else 'in'} ("
            wrapped = wrap([_at(item, _OR) for item in items], indent + 2)
            return [start, *wrapped[:-1], wrapped[-1] + ")"]
        case _:
            return [flat]


def wrap(items: Sequence[str], indent: int) -> list[str]:
    """Items with commas between them, filled into lines."""
    pad = " " * indent
    lines: list[str] = []
    line = ""
    for number, item in enumerate(items):
        piece = item + ("," if number + 1 < len(items) else "")
        if line and len(pad) + len(line) + 1 + len(piece) > WIDTH:
            lines.append(pad + line)
            line = piece
        else:
            line = f"{line} {piece}" if line else piece
    return [*lines, pad + line]


def _layout_at(expression: tree.Expression, level: int, indent: int, used: int) -> list[str]:
    if _level(expression) >= level:
        return layout(expression, indent, used)
    return [_at(expression, level)]


def _path(path: tree.Path) -> str:
    if path.this:
        return ".".join(["this", *(name.text for name in path.names)])
    return ".".join([quoted(path.names[0].text), *(name.text for name in path.names[1:])])


def _call_parts(call: tree.Call) -> list[str]:
    parts = []
    if call.arguments:
        parts.append(("distinct " if call.distinct else "") + format_list(call.arguments))
    if call.over is not None:
        over = f"over {_path(call.over)}"
        parts = [f"{parts[0]} {over}"] if parts else [over]
    for word, value in (("weighted by", call.weighted_by), ("by", call.by), ("where", call.where), ("satisfies", call.satisfies)):
        if value is not None:
            parts.append(f"{word} {_at(value, _OR)}")
    return parts


def _case_parts(case: tree.Case) -> list[str]:
    parts = [f"when {_at(branch.condition, _OR)} then {_at(branch.value, _OR)}" for branch in case.branches]
    if case.otherwise is not None:
        parts.append(f"otherwise {_at(case.otherwise, _OR)}")
    return parts


def _case_lines(case: tree.Case, indent: int) -> list[str]:
    pad = " " * indent
    values = [*(branch.value for branch in case.branches), *([case.otherwise] if case.otherwise is not None else [])]
    lines: list[str] = []
    for part, value in zip(_case_parts(case), values, strict=True):
        if len(pad) + len(part) <= WIDTH:
            lines.append(pad + part)
            continue
        # the value of a branch that is too long stands on lines of its own
        text = _at(value, _OR)
        inner = _layout_at(value, _OR, indent + 4, indent + 4)
        lines += [pad + part.removesuffix(text).rstrip(), f"{pad}    {inner[0]}", *inner[1:]]
    return lines


def _moved_date(date: tree.Expression) -> str:
    """The date after `as of`: a primary, or a sum of primaries."""
    if isinstance(date, tree.Binary) and date.operator in _SUMS and _level(date.right) in (_PRIMARY, _LENGTH):
        return f"{_moved_date(date.left)} {date.operator.value} {_length(date.right)}"
    return _at(date, _PRIMARY)


def _length(length: tree.Expression) -> str:
    """A duration where only a primary may stand, or one of a calendar."""
    if isinstance(length, tree.OfCalendar):
        return f"{_at(length.length, _PRIMARY)} of {_calendar(length.calendar)}"
    return _at(length, _PRIMARY)


def _calendar(calendar: tree.Expression) -> str:
    """A calendar after `of`: a text, a name, a call, or in parentheses."""
    text = format_expression(calendar)
    plain = isinstance(calendar, tree.Text | tree.Path | tree.Call | tree.CurrentValue | tree.Parenthesised)
    return text if plain else f"({text})"


def _at(expression: tree.Expression, level: int) -> str:
    """The text where at least this level of binding is needed: in parentheses where it binds more loosely."""
    text = format_expression(expression)
    return text if _level(expression) >= level else f"({text})"


def _level(expression: tree.Expression) -> int:
    match expression:
        case tree.Case():
            return _CASE
        case tree.Or():
            return _OR
        case tree.And():
            return _AND
        case tree.HasMember() | tree.Unary(operator=tree.UnaryOperator.NOT):
            return _NOT
        case tree.Unary():
            return _NEGATE
        case tree.Binary(operator=operator):
            return _SUM if operator in _SUMS else _PRODUCT if operator in _PRODUCTS else _COMPARISON
        case tree.OfCalendar():
            return _LENGTH
        case tree.Between() | tree.InList() | tree.IsMissing() | tree.InDuration() | tree.InPeriod():
            return _COMPARISON
        case tree.AsOf():
            return _NEGATE
        case _:
            return _PRIMARY
