"""The statements of the YAML form, each to the tree that its text in a rule file has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from assignrules.diagnostics import Span
from assignrules.syntax import tree
from assignrules.syntax import yaml_reader as yaml
from assignrules.syntax import yaml_values as forms
from assignrules.syntax.yaml_assign import read_assign
from assignrules.syntax.yaml_excerpt import written
from assignrules.syntax.yaml_keys import BAND, CLASS, POINTS, STEP, Shape
from assignrules.syntax.yaml_reading import Entry, Reading, end_of

_Read = TypeVar("_Read")
Given = Mapping[str, Entry]


def _maybe(given: Given, key: str, read: Callable[[yaml.Node, str], _Read]) -> _Read | None:
    return read(given[key].node, key) if key in given else None


def _condition(reading: Reading, given: Given, span: Span, key: str = "where") -> tree.Expression:
    return reading.condition(given[key].node, key) if key in given else tree.Boolean(False, span)


def _name(reading: Reading, given: Given, key: str, span: Span) -> tree.Name:
    return reading.name(given[key].node, key) if key in given else tree.Name("", span)


# --- named statements ---------------------------------------------------------------------------------------------


def read_param(reading: Reading, name: tree.Name, given: Given, span: Span) -> tree.Param:
    """`params: {large: {type: money, value: 500_000 EUR}}`."""
    type = _name(reading, given, "type", span)
    value: tree.Expression = tree.Boolean(False, span)
    if "value" in given and type.text == "text":
        value = reading.value(given["value"].node, "value", texts=True, marked=True)
    elif "value" in given:
        value = reading.expression(given["value"].node, "value")
    return tree.Param(name, type, value, span)


def read_define(reading: Reading, name: tree.Name, given: Given, span: Span) -> tree.Define:
    """`defines: {late_share: overdue / outstanding}`."""
    value: tree.Expression = tree.Boolean(False, span)
    if "is" in given:
        node = given["is"].node
        value = reading.condition(node, "is") if isinstance(node, yaml.Mapping) else reading.expression(node, "is", whole=True)
    return tree.Define(name, _maybe(given, "on", reading.name), value, span)


def read_search(reading: Reading, name: tree.Name, given: Given, span: Span) -> tree.Search:
    """`searches: {strategic: {label: …, where: …}}`."""
    top = None
    if "top" in given:
        node = given["top"].node
        top = reading.clause(node, "top", "search x where true top ", lambda part: part.top if isinstance(part, tree.Search) else None)
        if top is not None:
            reading.keep_clause(node, forms.top_text(top))
    where = _condition(reading, given, span)
    return tree.Search(name, _maybe(given, "label", reading.text), _maybe(given, "on", reading.name), where, top, span)


def read_score(reading: Reading, name: tree.Name, given: Given, span: Span) -> tree.Score:
    """`scores: {credit_points: {base: 50, points: […], classes: […]}}`; the parts in the order of the keys."""
    parts: list[tree.Base | tree.PointsWhen | tree.PointsBy | tree.ScoreClass] = []
    for key, entry in given.items():
        if key == "base":
            parts.append(tree.Base(reading.amount(entry.node, key), entry.span))
        elif key == "points":
            parts += [_points(reading, node) for node in reading.items(entry.node, key)]
        elif key == "classes":
            parts += _classes(reading, entry)
    return tree.Score(name, _maybe(given, "label", reading.text), _maybe(given, "on", reading.name), tuple(parts), span)


def _points(reading: Reading, node: yaml.Node) -> tree.PointsWhen | tree.PointsBy:
    given = reading.keys(node, POINTS)
    span = node.span.to(end_of(node))
    pairs = (("add", "when"), ("by", "bands"))
    chosen = next((pair for pair in pairs if any(key in given for key in pair)), pairs[0])
    if isinstance(node, yaml.Mapping) and (set(given) != set(chosen)):
        reading.report("an entry of `points` has `add` and `when`, or `by` and `bands`", node.span, code="E0102")
    if chosen == pairs[0]:
        value = reading.amount(given["add"].node, "add", signed=True) if "add" in given else tree.Boolean(False, span)
        return tree.PointsWhen(value, _condition(reading, given, span, "when"), span)
    by = reading.expression(given["by"].node, "by") if "by" in given else tree.Boolean(False, span)
    bands = tuple(_band(reading, item) for item in reading.items(given["bands"].node, "bands")) if "bands" in given else ()
    if "bands" in given and not bands:
        reading.report("`bands` needs a band", given["bands"].key.span, code="E0102")
    return tree.PointsBy(by, bands, span)


def _band(reading: Reading, node: yaml.Node) -> tree.Band:
    given = reading.keys(node, BAND)
    span = node.span.to(end_of(node))
    if set(given) == {"up to", "is"}:
        bound, value = (reading.amount(given[key].node, key) for key in ("up to", "is"))
        return tree.Band(bound, False, value, span)
    for key in ("above", "missing"):
        if set(given) == {key}:
            return tree.Band(None, key == "missing", reading.amount(given[key].node, key), span)
    if isinstance(node, yaml.Mapping):
        help = "write it as `{up to: 10, is: 5}`, `{above: -20}` or `{missing: -5}`"
        reading.report("a band has `up to` and `is`, or `above`, or `missing`", node.span, help=help, code="E0102")
    return tree.Band(None, False, tree.Boolean(False, span), span)


def _classes(reading: Reading, entry: Entry) -> list[tree.ScoreClass]:
    found: list[tree.ScoreClass] = []
    first: dict[str, Span] = {}
    for node in reading.items(entry.node, "classes"):
        part = _class(reading, node)
        if part is None:
            continue
        word = "otherwise" if part.threshold is None else f"class `{part.label.value}`"
        if word in first:
            reading.twice(word, part.span, first[word])
        first.setdefault(word, part.span)
        found.append(part)
    return found


def _class(reading: Reading, node: yaml.Node) -> tree.ScoreClass | None:
    entries = node.entries if isinstance(node, yaml.Mapping) else ()
    alone = len(entries) == 1
    given = reading.keys(node, CLASS, lambda key: True)
    named = [pair for pair in entries if CLASS.key(written(pair[0])) is None]
    span = node.span.to(end_of(node))
    if set(given) == {"label", "from"}:
        return tree.ScoreClass(reading.text(given["label"].node, "label"), reading.amount(given["from"].node, "from"), span)
    if set(given) == {"otherwise"} and alone:
        return tree.ScoreClass(reading.text(given["otherwise"].node, "otherwise"), None, span)
    if alone and named:
        key, threshold = named[0]
        return tree.ScoreClass(reading.checked_text(key), reading.amount(threshold, written(key)), span)
    if isinstance(node, yaml.Mapping):
        help = "write it as `{A: 80}`, `{label: A, from: 80}` or `{otherwise: C}`"
        reading.report("a class has a threshold, or is that of `otherwise`", node.span, help=help, code="E0102")
    return None


def read_scenario(reading: Reading, name: tree.Text, given: Given, span: Span) -> tree.Scenario:
    """`scenarios: {Standard: {steps: […]}, No reminder: no steps}`."""
    if "steps" not in given:
        reading.report("a scenario needs `steps`, or `no steps` in place of the keys", span, code="E0102")
        return tree.Scenario(name, True, (), span)
    node = given["steps"].node
    if isinstance(node, yaml.Scalar) and node.value == "no steps":
        return tree.Scenario(name, True, (), span)
    steps = tuple(_step(reading, item) for item in reading.items(node, "steps"))
    return tree.Scenario(name, not steps, steps, span)


def _step(reading: Reading, node: yaml.Node) -> tree.Step:
    given = reading.keys(node, STEP)
    span = node.span.to(end_of(node))
    when = None
    if "when" in given:
        when = reading.clause(given["when"].node, "when", 'scenario "x" step ', _only_step, suffix=": x")
        if when is not None:
            reading.keep_clause(given["when"].node, forms.when_text(when))
    duration = when.duration if when is not None else tree.Boolean(False, span)
    channel = _name(reading, given, "channel", span)
    automatic = "automatic" in given and reading.flag(given["automatic"].node, "automatic")
    return tree.Step(duration, when is not None and when.before, channel, _maybe(given, "label", reading.text), automatic, span)


def _only_step(statement: tree.Statement) -> tree.Step | None:
    if isinstance(statement, tree.Scenario) and len(statement.steps) == 1:
        step = statement.steps[0]
        return step if step.channel.text == "x" and step.label is None and not step.automatic else None
    return None


def read_propose(reading: Reading, name: tree.Text, given: Given, span: Span) -> tree.Propose:
    """`propose: {Stop deliveries: {to: …, amount: …, approver: …}}`."""
    return tree.Propose(
        name,
        _maybe(given, "on", reading.name),
        _condition(reading, given, span, "to"),
        _maybe(given, "amount", reading.amount),
        _maybe(given, "approver", reading.name),
        _maybe(given, "cooldown", reading.amount),
        _columns(reading, given, 'propose "x" to true show '),
        _maybe(given, "because", reading.text),
        span,
    )


def read_alert(reading: Reading, name: tree.Name, given: Given, span: Span) -> tree.Alert:
    """`alerts: {foreclosure: {on: document, level: high, for: risk, where: …, show: […]}}`."""
    return tree.Alert(
        name,
        _maybe(given, "label", reading.text),
        _maybe(given, "on", reading.name),
        _maybe(given, "level", reading.name),
        _maybe(given, "for", reading.name),
        _condition(reading, given, span),
        _columns(reading, given, "alert x where true show "),
        _orders(reading, given, "alert x where true order by "),
        span,
    )


def read_report(reading: Reading, name: tree.Name, given: Given, span: Span) -> tree.Report:
    """`reports: {turnover: {on: document, where: …, group by: […], show: {…}}}`."""
    groups: tuple[tree.Expression, ...] = ()
    if "group by" in given:
        groups = reading.expressions(given["group by"].node, "group by")
    return tree.Report(
        name,
        _maybe(given, "label", reading.text),
        _maybe(given, "on", reading.name),
        _maybe(given, "where", reading.condition),
        groups,
        _columns(reading, given, "report x show "),
        _orders(reading, given, "report x show y order by "),
        span,
    )


def read_requirement(warning: bool) -> Callable[[Reading, tree.Text, Given, Span], tree.Require]:
    """`require: {No ND after a refusal: {no: customer, where: …}}`, or the same of `warn`."""

    def read(reading: Reading, name: tree.Text, given: Given, span: Span) -> tree.Require:
        return tree.Require(name, _name(reading, given, "no", span), _condition(reading, given, span), warning, span)

    return read


# --- lists --------------------------------------------------------------------------------------------------------


def _columns(reading: Reading, given: Given, prefix: str) -> tuple[tree.Column, ...]:
    if "show" not in given:
        return ()
    node = given["show"].node
    columns: list[tree.Column] = []
    if isinstance(node, yaml.Mapping):
        for key, value in node.entries:
            alias = reading.name(key, "show")
            found = reading.clause(value, written(key), prefix, _shown)
            if found is not None and (len(found) != 1 or found[0].alias is not None):
                reading.report(f"column `{written(key)}` is one expression", key.span, help="write it as `turnover: sum(net_amount)`")
            elif found:
                reading.keep(value, partial(forms.expression_leaf, found[0].value))
                columns.append(tree.Column(found[0].value, alias, key.span.to(value.span)))
        return tuple(columns)
    for item in (node,) if isinstance(node, yaml.Scalar) else reading.items(node, "show"):
        found = reading.clause(item, "show", prefix, _shown)
        if found:
            reading.keep_clause(item, ", ".join(map(forms.column_text, found)))
        columns += found or ()
    return tuple(columns)


def _orders(reading: Reading, given: Given, prefix: str) -> tuple[tree.OrderBy, ...]:
    if "order by" not in given:
        return ()
    node = given["order by"].node
    orders: list[tree.OrderBy] = []
    for item in (node,) if isinstance(node, yaml.Scalar) else reading.items(node, "order by"):
        found = reading.clause(item, "order by", prefix, _ordered)
        if found:
            reading.keep_clause(item, ", ".join(map(forms.order_text, found)))
        orders += found or ()
    return tuple(orders)


def _shown(statement: tree.Statement) -> tuple[tree.Column, ...] | None:
    if isinstance(statement, tree.Report | tree.Alert | tree.Propose) and _only(statement, "show"):
        return statement.show
    return None


def _ordered(statement: tree.Statement) -> tuple[tree.OrderBy, ...] | None:
    return statement.order_by if isinstance(statement, tree.Report | tree.Alert) and _only(statement, "order_by") else None


_OPTIONAL = ("label", "entity", "level", "audience", "amount", "approver", "cooldown", "because", "group_by", "order_by")


def _only(statement: tree.Statement, part: str) -> bool:
    """Whether a statement has nothing but the part that was read, and what was put before it."""
    others = [name for name in _OPTIONAL if name != part]
    if isinstance(statement, tree.Report) and statement.where is not None:
        return False
    return not any(getattr(statement, name, None) for name in others)


# --- statements without a name ------------------------------------------------------------------------------------


def read_use(reading: Reading, given: Given, span: Span) -> tree.Use:
    """`use: [{pack: startup_strategy, as: start, with: {large: 250_000 EUR}}]`."""
    arguments: list[tree.UseArgument] = []
    if "with" in given:
        node = given["with"].node
        if isinstance(node, yaml.Mapping):
            for key, value in node.entries:
                argument = reading.value(value, written(key), marked=True)
                arguments.append(tree.UseArgument(reading.name(key, "with"), argument, key.span.to(value.span)))
        else:
            reading.report("`with` must have parameters with values", node.span, help="write it as `with: {large: 250_000 EUR}`")
    pack = reading.text(given["pack"].node, "pack") if "pack" in given else tree.Text("", span)
    return tree.Use(pack, _maybe(given, "as", reading.name), tuple(arguments), span)


def read_unnamed(reading: Reading, statement: str, shape: Shape, node: yaml.Node, span: Span) -> tree.Statement:
    """An item of a section whose statements have no name."""
    if statement == "use":
        return read_use(reading, reading.keys(node, shape), span)
    return read_assign(reading, node, span)


def read_hold(reading: Reading, name: tree.Text, given: Given, span: Span) -> tree.Hold:
    """`hold: {Locked by a user: {on: customer, where: …}}`, or the condition alone."""
    return tree.Hold(name, _maybe(given, "on", reading.name), _condition(reading, given, span), span)


BY_NAME: dict[str, Callable[[Reading, tree.Name, Given, Span], tree.Statement]] = {
    "param": read_param,
    "define": read_define,
    "search": read_search,
    "score": read_score,
    "alert": read_alert,
    "report": read_report,
}
BY_TEXT: dict[str, Callable[[Reading, tree.Text, Given, Span], tree.Statement]] = {
    "scenario": read_scenario,
    "propose": read_propose,
    "require": read_requirement(warning=False),
    "warn": read_requirement(warning=True),
    "hold": read_hold,
}
