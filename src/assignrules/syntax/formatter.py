"""The canonical layout of a rule file: one clause a line, two blanks of indent, `to` in one column, comments kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from assignrules.diagnostics import SourceFile, Span
from assignrules.diagnostics.render import display_width
from assignrules.syntax import tree
from assignrules.syntax.expression_format import (
    WIDTH,
    format_arithmetic,
    format_expression,
    format_inner,
    format_list,
    format_moving,
    format_text,
    format_value,
    layout,
)
from assignrules.syntax.names import quoted

__all__ = ["format_expression", "format_file", "format_statement"]

_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that stands on lines of its own: the head of a statement, or a clause.

    ``start`` and ``end`` are its place in the source.
    """

    start: int
    end: int
    indent: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Commented:
    """A unit with its comments."""

    unit: Unit
    before: list[tree.Comment]
    behind: list[tree.Comment]


def format_file(file: tree.File, source: SourceFile) -> str:
    """The canonical text of a file that was read from ``source`` without a problem.

    Every comment is kept: one on its own line before what it precedes, another at the end of its line. Blank lines between statements
    are kept, one at a time. Formatting the result changes nothing, and reading it gives an equal tree.
    """
    comments = sorted(file.comments, key=lambda comment: comment.span.start)
    blocks, rest = _attach([_units(statement) for statement in file.statements], comments)
    output: list[str] = []
    last_end = 0
    was_long = False
    for block in blocks:
        block = _joined(block)
        is_long = sum(len(item.unit.lines) for item in block) > 1 or any(item.before for item in block[1:])
        first = True
        for comment in block[0].before:
            blank = _gap(source, last_end, comment.span.start) or (first and (was_long or is_long))
            if output and blank:
                output.append("")
            output.append(comment.text)
            last_end = max(last_end, comment.span.end)
            first = False
        blank = _gap(source, last_end, block[0].unit.start) or (first and (was_long or is_long))
        if output and blank:
            output.append("")
        for number, item in enumerate(block):
            output += _lines(item, with_comments_before=number > 0)
        last_end = max([last_end, block[-1].unit.end, *(comment.span.end for item in block for comment in (*item.before, *item.behind))])
        was_long = is_long
    for comment in rest:
        if output and _gap(source, last_end, comment.span.start):
            output.append("")
        output.append(comment.text)
        last_end = comment.span.end
    return "\n".join(output) + "\n" if output else ""


def format_statement(statement: tree.Statement) -> str:
    """The canonical text of one statement, without a line break at its end."""
    block = _joined([_Commented(unit, [], []) for unit in _units(statement)])
    return "\n".join(line for item in block for line in _lines(item, with_comments_before=True))


def _lines(item: _Commented, with_comments_before: bool) -> list[str]:
    pad = " " * item.unit.indent
    lines = [pad + comment.text for comment in item.before] if with_comments_before else []
    lines += [pad + item.unit.lines[0], *item.unit.lines[1:]]
    if item.behind:
        lines[-1] += "  " + item.behind[0].text
    return lines


def _gap(source: SourceFile, start: int, end: int) -> bool:
    """Whether a blank line stands in the source between two places."""
    return _BLANK_LINE.search(source.text, start, end) is not None


def _attach(blocks: list[list[Unit]], comments: Sequence[tree.Comment]) -> tuple[list[list[_Commented]], list[tree.Comment]]:
    """The units with their comments, and the comments behind the last unit."""
    commented = [[_Commented(unit, [], []) for unit in block] for block in blocks]
    items = [item for block in commented for item in block]
    rest: list[tree.Comment] = []
    position = 0
    for comment in comments:
        place = comment.span.start
        while position < len(items) and items[position].unit.end <= place:
            position += 1
        if comment.own_line:
            (items[position].before if position < len(items) else rest).append(comment)
            continue
        # the last unit that starts before the comment has the line
        owner = position if position < len(items) and items[position].unit.start < place else position - 1
        if owner < 0:
            (items[0].before if items else rest).append(comment)
            continue
        item = items[owner]
        if item.behind:
            # one comment fits behind a line: the earlier ones move before it
            item.before.append(item.behind.pop())
        item.behind.append(comment)
    return commented, rest


def _joined(block: list[_Commented]) -> list[_Commented]:
    """A statement on one line, where it is of the kind that may be, fits, and has no comment inside."""
    joined_text = " ".join(line.strip() for item in block for line in item.unit.lines)
    inside = any(item.behind for item in block[:-1]) or any(item.before for item in block[1:])
    one_line = joined_text.startswith(_ONE_LINE) or (joined_text.startswith("scenario") and joined_text.endswith("no steps"))
    if len(block) == 1 or inside or not one_line or len(joined_text) > WIDTH or any(len(item.unit.lines) > 1 for item in block):
        return block
    unit = Unit(block[0].unit.start, block[-1].unit.end, 0, (joined_text,))
    return [_Commented(unit, block[0].before, block[-1].behind)]


_ONE_LINE = ("search ", "use ", "require ", "warn ")


# --- units --------------------------------------------------------------------------------------------------------


def _head(statement: tree.Statement, end: int, *words: str | None) -> Unit:
    return Unit(statement.span.start, end, 0, (" ".join(word for word in words if word),))


def _unit(start: int, span: Span, *lines: str, indent: int = 2) -> Unit:
    return Unit(max(start, 0), span.end, indent, lines)


def _clause(word: str, expression: tree.Expression, used: int = 0) -> tuple[str, ...]:
    """A keyword and an expression: broken where it is too long."""
    if isinstance(expression, tree.Case):
        expression = tree.Parenthesised(expression, expression.span)
    lines = layout(expression, 6, 3 + len(word) + used)
    return (f"{word} {lines[0]}", *lines[1:])


def _on(entity: tree.Name | None) -> str:
    return f"on {quoted(entity.text)}" if entity is not None else ""


def _label(label: tree.Text | None) -> str:
    return format_text(label.value) if label is not None else ""


def _units(statement: tree.Statement) -> list[Unit]:
    """The lines of a statement, by what a comment may stand before or behind."""
    end = statement.span.end
    match statement:
        case tree.Param(name=name, type=type, value=value):
            text = f"param {quoted(name.text)}: {quoted(type.text)} = {format_inner(value)}"
            return [_head(statement, end, text)]
        case tree.Define():
            return [_define(statement)]
        case tree.Search():
            return _search(statement)
        case tree.Use():
            return _use(statement)
        case tree.Assign():
            return _assign(statement)
        case tree.Score(name=name, label=label, entity=entity, parts=parts):
            head_end = (entity or label or name).span.end
            return [_head(statement, head_end, "score", quoted(name.text), _label(label), _on(entity)), *map(_score_part, parts)]
        case tree.Scenario(name=scenario, steps=steps):
            head_end = scenario.span.end if steps else end
            head = _head(statement, head_end, "scenario", format_text(scenario.value), "" if steps else "no steps")
            return [head, *(_unit(step.span.start, step.span, _step(step)) for step in steps)]
        case tree.Propose():
            return _propose(statement)
        case tree.Alert():
            return _alert(statement)
        case tree.Report():
            return _report(statement)
        case tree.Require(name=requirement, entity=entity, where=where, warning=warning):
            words = f"{'warn' if warning else 'require'} {format_text(requirement.value)} no {quoted(entity.text)}"
            return [_head(statement, entity.span.end, words), _unit(where.span.start, where.span, *_clause("where", where))]
        case tree.Hold(name=held, entity=on, where=where):
            head = _head(statement, (on or held).span.end, "hold", format_text(held.value), _on(on))
            return [head, _unit(where.span.start, where.span, *_clause("where", where))]
        case _:
            assert_never(statement)


def _define(define: tree.Define) -> Unit:
    words = " ".join(word for word in ("define", quoted(define.name.text), _on(define.entity), "=") if word)
    flat = f"{words} {format_expression(define.value)}"
    if len(flat) <= WIDTH:
        return _head(define, define.span.end, flat)
    lines = layout(define.value, 4, 2)
    return Unit(define.span.start, define.span.end, 0, (words, "  " + lines[0], *lines[1:]))


def _search(search: tree.Search) -> list[Unit]:
    head_end = (search.entity or search.label or search.name).span.end
    units = [
        _head(search, head_end, "search", quoted(search.name.text), _label(search.label), _on(search.entity)),
        _unit(search.where.span.start, search.where.span, *_clause("where", search.where)),
    ]
    if search.top is not None:
        top = search.top
        text = f"top {format_arithmetic(top.count)} by {format_inner(top.by)}{_order(top.ascending, top.per)}"
        units.append(_unit(top.span.start, top.span, text))
    return units


def _order(ascending: bool, per: tree.Expression | None) -> str:
    return (" ascending" if ascending else "") + (f" per {format_inner(per)}" if per is not None else "")


def _use(use: tree.Use) -> list[Unit]:
    alias = f"as {quoted(use.alias.text)}" if use.alias is not None else ""
    arguments = [f"{quoted(argument.name.text)} = {format_inner(argument.value)}" for argument in use.arguments]
    head = _head(use, (use.alias or use.pack).span.end, "use", format_text(use.pack.value), alias)
    if not arguments:
        return [replace(head, end=use.span.end)]
    units = [head]
    for number, (argument, text) in enumerate(zip(use.arguments, arguments, strict=True)):
        text = ("with " if number == 0 else "     ") + text + ("," if number + 1 < len(arguments) else "")
        units.append(_unit(argument.span.start, argument.span, text))
    return units


# --- assign ---


def _assign(assign: tree.Assign) -> list[Unit]:
    head_end = assign.heads[-1].span.end if assign.heads else assign.target.span.end
    heads = [format_value(head) for head in assign.heads]
    values = [format_value(clause.value) for clause in assign.clauses if isinstance(clause, tree.Line)]
    widest = max(map(display_width, values), default=0)
    kinds = {type(clause) for clause in assign.clauses}
    units = [_head(assign, head_end, "assign", quoted(assign.target.text), *heads)]
    for clause in assign.clauses:
        units.append(_unit(clause.span.start, clause.span, *_clause_lines(clause, widest, kinds)))
    return units


def _clause_lines(clause: tree.Clause, widest: int, kinds: set[type]) -> tuple[str, ...]:
    match clause:
        case tree.Line(value=value, condition=condition):
            text = format_value(value)
            return _clause(f"{text}{' ' * (widest - display_width(text))} to", condition)
        case tree.Otherwise(kind=kind, value=value):
            return (f"otherwise {kind.value if value is None else format_value(value)}",)
        case tree.Add(condition=condition):
            return _clause("add   " if tree.Remove in kinds else "add", condition)
        case tree.Remove(condition=condition):
            return ("remove others",) if condition is None else _clause("remove", condition)
        case tree.Eligibility(condition=condition, amount=amount):
            lines = _clause("eligibility", condition)
            return lines if amount is None else (*lines[:-1], f"{lines[-1]}  amount {format_arithmetic(amount)}")
        case tree.Removal(condition=condition):
            word = "removal    " if tree.Eligibility in kinds else "removal"
            return (f"{word} others",) if condition is None else _clause(word, condition)
        case tree.Where(condition=condition):
            return _clause("where", condition)
        case tree.Except(condition=condition):
            return _clause("except", condition)
        case tree.KeepManual():
            return ("keep manual",)
        case tree.Cooldown(duration=duration, after_removal=after_removal):
            return (f"cooldown {format_arithmetic(duration)}" + (" after removal" if after_removal else ""),)
        case tree.Limit(count=count, by=by, ascending=ascending, per=per):
            return (f"limit {format_arithmetic(count)} changes by {format_inner(by)}{_order(ascending, per)}",)
        case tree.Guard(bound=bound, changes=changes):
            return (f"guard at most {format_arithmetic(bound)}" + (" changes" if changes else ""),)
        case tree.From(date=date):
            return (f"from {format_arithmetic(date)}",)
        case tree.Until(date=date):
            return (f"until {format_arithmetic(date)}",)
        case tree.Because(text=reason):
            return (f"because {format_text(reason.value)}",)
        case tree.Priority(value=number):
            return (f"priority {format_arithmetic(number)}",)
        case tree.Disabled():
            return ("disabled",)
        case tree.Distribute():
            return _distribute(clause)
        case _:
            assert_never(clause)


def _distribute(clause: tree.Distribute) -> tuple[str, ...]:
    condition = _clause("distribute", clause.condition)
    among = f"among ({format_list(clause.among)}) by {format_list(clause.by)}"
    options = []
    if clause.keeping_together is not None:
        options.append(f"keeping together {format_inner(clause.keeping_together)}")
    if clause.within_capacity:
        options.append("within capacity")
    if clause.within is not None:
        options.append(f"within {format_arithmetic(clause.within)}")
    if clause.moving_at_most is not None:
        options.append(format_moving(clause.moving_at_most, clause.moving_per))
    if len(condition) == 1 and len(condition[0]) + len(among) + 3 <= WIDTH:
        lines = [f"{condition[0]} {among}"]
    else:
        lines = [*condition, f"    {among}"]
    return (*lines, *(["    " + " ".join(options)] if options else []))


# --- scores, catalogues, proposals, alerts, reports ---


def _score_part(part: tree.Base | tree.PointsWhen | tree.PointsBy | tree.ScoreClass) -> Unit:
    match part:
        case tree.Base(value=value):
            lines: tuple[str, ...] = (f"base {format_arithmetic(value)}",)
        case tree.PointsWhen(value=value, condition=condition):
            number = format_arithmetic(value)
            lines = _clause(f"points {number if number.startswith('-') else '+' + number} when", condition)
        case tree.PointsBy(by=by, bands=bands):
            lines = (f"points by {format_inner(by)}: " + ", ".join(map(_band, bands)),)
        case tree.ScoreClass(label=label, threshold=None):
            lines = (f"class otherwise {format_text(label.value)}",)
        case tree.ScoreClass(label=label, threshold=threshold) if threshold is not None:
            lines = (f"class {format_text(label.value)} from {format_arithmetic(threshold)}",)
        case _:
            raise AssertionError(part)
    return _unit(part.span.start, part.span, *lines)


def _band(band: tree.Band) -> str:
    value = format_arithmetic(band.value)
    if band.bound is not None:
        return f"up to {format_arithmetic(band.bound)} is {value}"
    return f"{'missing' if band.missing else 'above'} is {value}"


def _step(step: tree.Step) -> str:
    words = [f"step {format_arithmetic(step.duration)} {'before' if step.before else 'after'} due: {quoted(step.channel.text)}"]
    if step.label is not None:
        words.append(format_text(step.label.value))
    if step.automatic:
        words.append("automatic")
    return " ".join(words)


def _parts(head: str, statement: tree.Propose | tree.Alert | tree.Report, *parts: tuple[Span, tuple[str, ...]] | None) -> list[Unit]:
    """A head and its parts, in their canonical order."""
    given = [part for part in parts if part is not None]
    return [_head(statement, statement.name.span.end, head), *(_unit(span.start, span, *lines) for span, lines in given)]


def _show(columns: tuple[tree.Column, ...]) -> tuple[Span, tuple[str, ...]] | None:
    if not columns:
        return None
    texts = [format_inner(column.value) + (f" as {quoted(column.alias.text)}" if column.alias else "") for column in columns]
    return _list("show", texts, columns[0].span, columns[-1].span)


def _order_by(orders: tuple[tree.OrderBy, ...]) -> tuple[Span, tuple[str, ...]] | None:
    if not orders:
        return None
    texts = [format_inner(order.value) + (" descending" if order.descending else "") for order in orders]
    return _list("order by", texts, orders[0].span, orders[-1].span)


def _list(word: str, texts: Iterable[str], first: Span, last: Span) -> tuple[Span, tuple[str, ...]]:
    texts = list(texts)
    line = f"{word} {', '.join(texts)}"
    if len(line) + 2 <= WIDTH:
        return first.to(last), (line,)
    pieces = [text + ("," if number + 1 < len(texts) else "") for number, text in enumerate(texts)]
    return first.to(last), (f"{word} {pieces[0]}", *(f"    {piece}" for piece in pieces[1:]))


def _propose(propose: tree.Propose) -> list[Unit]:
    to = _clause("to", propose.to)
    extras = []
    end = propose.to.span
    if propose.amount is not None:
        extras.append(f"amount {format_arithmetic(propose.amount)}")
    if propose.approver is not None:
        extras.append(f"approver {quoted(propose.approver.text)}")
    if propose.cooldown is not None:
        extras.append(f"cooldown {format_arithmetic(propose.cooldown)}")
    lines = (*to[:-1], "  ".join([to[-1], *extras]))
    head = " ".join(word for word in ("propose", format_text(propose.name.value), _on(propose.entity)) if word)
    because = (propose.because.span, (f"because {format_text(propose.because.value)}",)) if propose.because is not None else None
    return _parts(head, propose, (end, lines), _show(propose.show), because)


def _alert(alert: tree.Alert) -> list[Unit]:
    words = [f"alert {quoted(alert.name.text)}", _label(alert.label), _on(alert.entity)]
    words += [f" level {quoted(alert.level.text)}" if alert.level else "", f" for {quoted(alert.audience.text)}" if alert.audience else ""]
    head = " ".join(word for word in words if word)
    return _parts(head, alert, (alert.where.span, _clause("where", alert.where)), _show(alert.show), _order_by(alert.order_by))


def _report(report: tree.Report) -> list[Unit]:
    head = " ".join(word for word in (f"report {quoted(report.name.text)}", _label(report.label), _on(report.entity)) if word)
    where = (report.where.span, _clause("where", report.where)) if report.where is not None else None
    groups = None
    if report.group_by:
        groups = (report.group_by[0].span.to(report.group_by[-1].span), (f"group by {format_list(report.group_by)}",))
    return _parts(head, report, where, groups, _show(report.show), _order_by(report.order_by))
