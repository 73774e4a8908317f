"""From a tree to its YAML form, in the canonical layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, assert_never

from assignrules.diagnostics import SourceFile, Span
from assignrules.syntax import tree
from assignrules.syntax.expression_format import format_expression
from assignrules.syntax.yaml_form import may_flow
from assignrules.syntax.yaml_keys import ASSIGN, CLASS, SECTIONS, Section
from assignrules.syntax.yaml_layout import Entry, Leaf, Node, attach, lay_out, written_key_is_too_long
from assignrules.syntax.yaml_values import (
    amount_leaf,
    column_text,
    cooldown_text,
    expression_leaf,
    guard_text,
    limit_text,
    order_text,
    top_text,
    value_leaf,
    when_text,
)

_SECTION = {section.statement: section for section in SECTIONS}


def write_yaml_rules(file: tree.File, source: SourceFile | None = None) -> str:
    """The YAML form of a file that was read without a problem, in the canonical layout.

    Statements are put into sections, in the order in which the file first has one of each; inside, they keep their order. Reading the
    result gives an equal tree but for that. Comments go with the statement or the clause before or behind which they stand. With
    ``source``, the text that the file was read from, blank lines between statements are kept.
    """
    grouped: dict[str, list[tree.Statement]] = {}
    for statement in file.statements:
        grouped.setdefault(_kind(statement), []).append(statement)
    root = Node([_section(_SECTION[kind], statements) for kind, statements in grouped.items()], True, False)
    rest = attach(root, file.comments, source)
    for section in root.entries:
        assert isinstance(section.value, Node)
        first = section.value.entries[0]
        if section is root.entries[0]:
            _move_head(section, first)
        first.gap = False
    return lay_out(root, rest)


def _move_head(section: Entry, first: Entry) -> None:
    """Comments at the top of the file, with a blank line behind them, stay at the top and do not go below the first section's key."""
    last = max((number for number, (_, gap) in enumerate(first.before) if gap and number > 0), default=0)
    last = len(first.before) if first.gap else last
    section.before = first.before[:last]
    first.before = first.before[last:]
    section.gap = bool(section.before)


def _kind(statement: tree.Statement) -> str:
    match statement:
        case tree.Require(warning=warning):
            return "warn" if warning else "require"
        case _:
            return type(statement).__name__.lower()


def _section(section: Section, statements: Sequence[tree.Statement]) -> Entry:
    listed = section.named_by is None
    if section.named_by is not None:
        names = [_name(statement) for statement in statements]
        listed = len(set(names)) < len(names) or any(map(written_key_is_too_long, names))
    entries = []
    for statement in statements:
        body = _body(statement)
        flow = may_flow(section.name, 2)
        if section.named_by is None:
            entries.append(Entry(None, Node(body, True, flow), statement.span))
        elif listed:
            name = Entry("name", Leaf(_name(statement)))
            entries.append(Entry(None, Node([name, *body], True, flow), statement.span))
        else:
            entries.append(Entry(_name(statement), _short(section, body, flow), statement.span))
    return Entry(section.name, Node(entries, not listed, False))


def _name(statement: tree.Statement) -> str:
    match statement:
        case tree.Scenario(name=name) | tree.Propose(name=name) | tree.Require(name=name) | tree.Hold(name=name):
            return name.value
        case tree.Param(name=word) | tree.Define(name=word) | tree.Search(name=word) | tree.Score(name=word):
            return word.text
        case tree.Alert(name=word) | tree.Report(name=word):
            return word.text
        case tree.Use() | tree.Assign():
            raise AssertionError("it has no name")
        case _:
            assert_never(statement)


def _short(section: Section, body: list[Entry], flow: bool) -> Leaf | Node:
    """A body of the one key that may be left out is its value alone."""
    if len(body) == 1 and body[0].key == section.shape.short and isinstance(body[0].value, Leaf):
        return body[0].value
    return Node(body, True, flow)


# --- bodies -------------------------------------------------------------------------------------------------------


def _entry(key: str, value: Leaf | Node, span: Span | None = None) -> list[Entry]:
    return [Entry(key, value, span)]


def _maybe(key: str, item: Any, leaf: Callable[[Any], Leaf]) -> list[Entry]:
    return [] if item is None else _entry(key, leaf(item), item.span)


def _condition(key: str, condition: tree.Expression, span: Span | None = None) -> list[Entry]:
    return _entry(key, expression_leaf(condition), span or condition.span)


def _text(text: tree.Text) -> Leaf:
    return Leaf(text.value)


def _word(name: tree.Name) -> Leaf:
    return Leaf(name.text)


def _list(items: Iterable[tuple[Leaf | Node, Span | None]]) -> Node:
    return Node([Entry(None, value, span) for value, span in items], False, True)


def _map(*parts: list[Entry]) -> Node:
    return Node([entry for part in parts for entry in part], True, True)


def _body(statement: tree.Statement) -> list[Entry]:
    match statement:
        case tree.Param(type=type, value=value):
            leaf = value_leaf(value, marked=True) if type.text == "text" else expression_leaf(value)
            return _entry("type", _word(type)) + _entry("value", leaf)
        case tree.Define(entity=entity, value=value):
            return _maybe("on", entity, _word) + _entry("is", expression_leaf(value, format_expression))
        case tree.Search(label=label, entity=entity, where=where, top=top):
            parts = _maybe("label", label, _text) + _maybe("on", entity, _word) + _condition("where", where)
            return parts + _maybe("top", top, lambda item: Leaf(top_text(item), code=True))
        case tree.Use(pack=pack, alias=alias, arguments=arguments):
            values = [Entry(item.name.text, value_leaf(item.value, marked=True), item.span) for item in arguments]
            given = _entry("with", Node(values, True, True)) if values else []
            return _entry("pack", _text(pack)) + _maybe("as", alias, _word) + given
        case tree.Assign():
            return _assign(statement)
        case tree.Score():
            return _score(statement)
        case tree.Scenario(steps=steps):
            if not steps:
                return _entry("steps", Leaf("no steps"))
            return _entry("steps", _list((_step(step), step.span) for step in steps))
        case tree.Propose():
            return [
                *_maybe("on", statement.entity, _word),
                *_condition("to", statement.to),
                *_maybe("amount", statement.amount, amount_leaf),
                *_maybe("approver", statement.approver, _word),
                *_maybe("cooldown", statement.cooldown, amount_leaf),
                *_show(statement.show),
                *_maybe("because", statement.because, _text),
            ]
        case tree.Alert():
            return [
                *_maybe("label", statement.label, _text),
                *_maybe("on", statement.entity, _word),
                *_maybe("level", statement.level, _word),
                *_maybe("for", statement.audience, _word),
                *_condition("where", statement.where),
                *_show(statement.show),
                *_order_by(statement.order_by),
            ]
        case tree.Report():
            groups = statement.group_by
            return [
                *_maybe("label", statement.label, _text),
                *_maybe("on", statement.entity, _word),
                *_maybe("where", statement.where, expression_leaf),
                *(_entry("group by", _list((expression_leaf(item), item.span) for item in groups), _from_to(groups)) if groups else []),
                *_show(statement.show),
                *_order_by(statement.order_by),
            ]
        case tree.Require(entity=entity, where=where):
            return _entry("no", _word(entity), entity.span) + _condition("where", where)
        case tree.Hold(entity=on, where=where):
            return _maybe("on", on, _word) + _condition("where", where)
        case _:
            assert_never(statement)


def _from_to(items: Sequence[tree.Expression | tree.Column | tree.OrderBy]) -> Span:
    return items[0].span.to(items[-1].span)


def _show(columns: tuple[tree.Column, ...]) -> list[Entry]:
    if not columns:
        return []
    names = [column.alias.text for column in columns if column.alias is not None]
    if len(names) == len(columns) == len(set(names)):
        named = [Entry(name, expression_leaf(column.value), column.span) for name, column in zip(names, columns, strict=True)]
        return _entry("show", Node(named, True, True), _from_to(columns))
    return _entry("show", _list((Leaf(column_text(column), code=True), column.span) for column in columns), _from_to(columns))


def _order_by(orders: tuple[tree.OrderBy, ...]) -> list[Entry]:
    if not orders:
        return []
    return _entry("order by", _list((Leaf(order_text(order), code=True), order.span) for order in orders), _from_to(orders))


def _step(step: tree.Step) -> Node:
    return _map(
        _entry("when", Leaf(when_text(step), code=True)),
        _entry("channel", _word(step.channel)),
        _maybe("label", step.label, _text),
        _entry("automatic", Leaf("true", code=True)) if step.automatic else [],
    )


# --- assign -------------------------------------------------------------------------------------------------------


def _assign(assign: tree.Assign) -> list[Entry]:
    head, label = (*assign.heads, None, None)[:2]
    name = assign.target.text
    if any(key.name == name for key in ASSIGN.keys):
        entries = _entry("target", _word(assign.target), assign.target.span)
        entries += _maybe("member", head, value_leaf)
    else:
        entries = _entry(name, Leaf(None) if head is None else value_leaf(head), assign.target.span.to((head or assign.target).span))
    entries += _maybe("label", label, value_leaf)
    lines = [clause for clause in assign.clauses if isinstance(clause, tree.Line)]
    for clause in assign.clauses:
        if not isinstance(clause, tree.Line):
            entries += _clause(clause)
        elif clause is lines[0]:
            entries += _entry("lines", _list((_line(line), line.span) for line in lines))
    return entries


def _line(line: tree.Line) -> Node:
    return _map(_entry("value", value_leaf(line.value)), _condition("to", line.condition))


def _clause(clause: tree.Clause) -> list[Entry]:
    span = clause.span
    match clause:
        case tree.Line():
            raise AssertionError("lines are written together")
        case tree.Otherwise(kind=kind, value=value):
            return _entry("otherwise", Leaf(kind.value) if value is None else value_leaf(value), span)
        case tree.Add(condition=condition):
            return _condition("add", condition, span)
        case tree.Remove(condition=maybe):
            return _entry("remove", Leaf("others") if maybe is None else expression_leaf(maybe), span)
        case tree.Eligibility(condition=condition, amount=amount):
            return _condition("eligibility", condition, span) + _maybe("amount", amount, amount_leaf)
        case tree.Removal(condition=maybe):
            return _entry("removal", Leaf("others") if maybe is None else expression_leaf(maybe), span)
        case tree.Where(condition=condition):
            return _condition("where", condition, span)
        case tree.Except(condition=condition):
            return _condition("except", condition, span)
        case tree.KeepManual():
            return _entry("keep", Leaf("manual"), span)
        case tree.Cooldown():
            return _entry("cooldown", Leaf(cooldown_text(clause), code=True), span)
        case tree.Limit():
            return _entry("limit", Leaf(limit_text(clause), code=True), span)
        case tree.Guard():
            return _entry("guard", Leaf(guard_text(clause), code=True), span)
        case tree.From(date=date):
            return _entry("from", amount_leaf(date), span)
        case tree.Until(date=date):
            return _entry("until", amount_leaf(date), span)
        case tree.Because(text=text):
            return _entry("because", _text(text), span)
        case tree.Priority(value=number):
            return _entry("priority", amount_leaf(number), span)
        case tree.Disabled():
            return _entry("disabled", Leaf("true", code=True), span)
        case tree.Distribute():
            return _entry("distribute", _distribute(clause), span)
        case _:
            assert_never(clause)


def _distribute(clause: tree.Distribute) -> Node:
    node = _map(
        _condition("where", clause.condition),
        _entry("among", _list((value_leaf(item, marked=True), item.span) for item in clause.among)),
        _entry("by", _list((expression_leaf(item), item.span) for item in clause.by)),
        _maybe("keeping together", clause.keeping_together, expression_leaf),
        _entry("within capacity", Leaf("true", code=True)) if clause.within_capacity else [],
        _maybe("within", clause.within, amount_leaf),
        _maybe("moving at most", clause.moving_at_most, amount_leaf),
        [] if clause.moving_per is None else _entry("per", Leaf(clause.moving_per.value)),
    )
    return node


# --- scores -------------------------------------------------------------------------------------------------------


def _score(score: tree.Score) -> list[Entry]:
    entries = _maybe("label", score.label, _text) + _maybe("on", score.entity, _word)
    points: list[tuple[Node, Span | None]] = []
    classes: list[tuple[Node, Span | None]] = []
    for part in score.parts:
        match part:
            case tree.Base(value=value):
                entries += _entry("base", amount_leaf(value), part.span)
            case tree.PointsWhen(value=value, condition=condition):
                points.append((_map(_entry("add", amount_leaf(value)), _condition("when", condition)), part.span))
            case tree.PointsBy(by=by, bands=bands):
                inner = _list((_band(band), band.span) for band in bands)
                points.append((_map(_entry("by", expression_leaf(by)), _entry("bands", inner)), part.span))
            case tree.ScoreClass():
                classes.append((_class(part), part.span))
            case _:
                assert_never(part)
    entries += _entry("points", _list(points)) if points else []
    return entries + (_entry("classes", _list(classes)) if classes else [])


def _band(band: tree.Band) -> Node:
    value = amount_leaf(band.value)
    if band.bound is not None:
        return _map(_entry("up to", amount_leaf(band.bound)), _entry("is", value))
    return _map(_entry("missing" if band.missing else "above", value))


def _class(part: tree.ScoreClass) -> Node:
    word = part.label.value
    if part.threshold is None:
        return _map(_entry("otherwise", _text(part.label)))
    if CLASS.key(word) is not None or written_key_is_too_long(word):
        return _map(_entry("label", _text(part.label)), _entry("from", amount_leaf(part.threshold)))
    return _map(_entry(word, amount_leaf(part.threshold)))
