"""Random trees of the language, for the laws of reading and formatting."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from assignrules.diagnostics import Span
from assignrules.syntax import tree
from assignrules.syntax.functions import FUNCTIONS
from assignrules.syntax.names import RESERVED

NOWHERE = Span("tree", 0, 0, 1, 1)

_free = st.sampled_from(
    ["a", "outstanding", "retard_élevé", "_x", "amount", "group", "report", "score", "order", "last", "sum", "class", "day"]
)
_reserved = st.sampled_from(sorted(RESERVED))
names = st.one_of(_free, _free, _reserved).map(lambda text: tree.Name(text, NOWHERE))
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=8).map(
    lambda value: tree.Text(value, NOWHERE)
)
_sources = st.sampled_from(["0", "12", "12.5", "1_000", "1_000_000.25", "007"])


def _decimal(source: str) -> Decimal:
    return Decimal(source.replace("_", ""))


numbers = _sources.map(lambda source: tree.Number(_decimal(source), source, NOWHERE))
literals = st.one_of(
    texts,
    numbers,
    _sources.map(lambda source: tree.Percent(_decimal(source) / 100, source + "%", NOWHERE)),
    st.tuples(_sources, st.sampled_from(["EUR", "TOP", "ALL"])).map(lambda pair: tree.Money(_decimal(pair[0]), pair[1], pair[0], NOWHERE)),
    st.dates(min_value=date(1, 1, 1)).map(lambda value: tree.Date(value, NOWHERE)),
    st.builds(tree.Duration, st.integers(0, 999), st.sampled_from(tree.Unit), st.just(NOWHERE)),
    st.booleans().map(lambda value: tree.Boolean(value, NOWHERE)),
)
named_paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: tree.Path(tuple(parts), False, NOWHERE))
paths = st.one_of(
    named_paths, named_paths, st.lists(names, min_size=1, max_size=2).map(lambda parts: tree.Path(tuple(parts), True, NOWHERE))
)


def _call(name: str, arguments: list[Any], distinct: bool = False, **parts: Any) -> tree.Call:
    empty = dict.fromkeys(("over", "weighted_by", "by", "where", "satisfies"))
    return tree.Call(tree.Name(name, NOWHERE), tuple(arguments), distinct, **{**empty, **parts}, span=NOWHERE)


def _compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    two = st.lists(inner, min_size=2, max_size=3).map(tuple)
    maybe = st.none() | inner
    nowhere = st.just(NOWHERE)
    return st.one_of(
        st.builds(tree.Unary, st.sampled_from(tree.UnaryOperator), inner, nowhere),
        st.builds(tree.Binary, st.sampled_from(tree.BinaryOperator), inner, inner, nowhere),
        st.builds(tree.And, two, nowhere),
        st.builds(tree.Or, two, nowhere),
        st.builds(tree.Between, inner, inner, inner, nowhere),
        st.builds(tree.InList, inner, two, st.booleans(), nowhere),
        st.builds(tree.IsMissing, inner, st.booleans(), nowhere),
        st.builds(tree.InDuration, st.sampled_from(tree.DateTest), inner, inner, nowhere),
        st.builds(tree.InPeriod, inner, st.booleans(), st.sampled_from(tree.Period), nowhere),
        st.builds(tree.HasMember, st.sampled_from(["in", "has"]), names, inner, st.booleans(), nowhere),
        st.builds(tree.CurrentValue, named_paths, nowhere),
        st.builds(tree.Case, st.lists(st.builds(tree.When, inner, inner, nowhere), min_size=1, max_size=2).map(tuple), maybe, nowhere),
        st.builds(tree.AsOf, inner, inner, nowhere),
        st.builds(tree.OfCalendar, inner, inner, nowhere),
        st.builds(tree.Parenthesised, inner, nowhere),
        st.builds(lambda name, arguments: _call(name, arguments), st.sampled_from(FUNCTIONS), st.lists(inner, max_size=3)),
        st.builds(lambda link, where: _call("count", [link], where=where), paths, maybe),
        st.builds(lambda link, where, also: _call("every", [link], where=where, satisfies=also), paths, maybe, inner),
        st.builds(lambda value, link, where: _call("sum", [value], over=link, where=where), inner, paths, maybe),
        st.builds(lambda value, link, by: _call("latest", [value], over=link, by=by), inner, paths, inner),
        st.builds(lambda value, link, by: _call("avg", [value], over=link, weighted_by=by), inner, paths, inner),
        st.builds(lambda value, link: _call("count", [value], True, over=link), inner, paths),
    )


atoms = st.one_of(literals, paths, st.just(tree.Today(NOWHERE)))
expressions: st.SearchStrategy[Any] = st.recursive(atoms, _compound, max_leaves=8)

_nowhere = st.just(NOWHERE)
_label = st.none() | texts
_entity = st.none() | names
_some = st.none() | expressions
_columns = st.lists(st.builds(tree.Column, expressions, _entity, _nowhere), min_size=1, max_size=3).map(tuple)
_orders = st.lists(st.builds(tree.OrderBy, expressions, st.booleans(), _nowhere), max_size=2).map(tuple)
_values = st.one_of(literals, st.builds(tree.Parenthesised, expressions, _nowhere))

_moving = st.just((None, None)) | st.tuples(expressions, st.none() | st.sampled_from(tree.Rhythm))
_lines = st.lists(st.builds(tree.Line, _values, expressions, _nowhere), max_size=3)
_kinds = [kind for kind in tree.OtherwiseKind if kind is not tree.OtherwiseKind.VALUE]
_clauses = st.one_of(
    st.builds(tree.Otherwise, st.sampled_from(_kinds), st.none(), _nowhere),
    st.builds(tree.Otherwise, st.just(tree.OtherwiseKind.VALUE), _values, _nowhere),
    st.builds(tree.Add, expressions, _nowhere),
    st.builds(tree.Remove, _some, _nowhere),
    st.builds(tree.Eligibility, expressions, _some, _nowhere),
    st.builds(tree.Removal, _some, _nowhere),
    st.builds(tree.Where, expressions, _nowhere),
    st.builds(tree.Except, expressions, _nowhere),
    st.builds(tree.KeepManual, _nowhere),
    st.builds(tree.Cooldown, expressions, st.booleans(), _nowhere),
    st.builds(tree.Limit, expressions, expressions, st.booleans(), _some, _nowhere),
    st.builds(tree.Guard, expressions, st.booleans(), _nowhere),
    st.builds(tree.From, expressions, _nowhere),
    st.builds(tree.Until, expressions, _nowhere),
    st.builds(tree.Because, texts, _nowhere),
    st.builds(tree.Priority, expressions, _nowhere),
    st.builds(tree.Disabled, _nowhere),
    st.builds(
        lambda condition, among, by, together, capacity, within, moving: tree.Distribute(
            condition, among, by, together, capacity, within, *moving, NOWHERE
        ),
        expressions,
        st.lists(expressions, min_size=1, max_size=3).map(tuple),
        st.lists(expressions, min_size=1, max_size=2).map(tuple),
        st.none() | paths,
        st.booleans(),
        _some,
        _moving,
    ),
)
_assigns = st.builds(
    lambda target, heads, lines, clauses: tree.Assign(target, tuple(heads), (*lines, *clauses), NOWHERE),
    names,
    st.lists(_values, max_size=2),
    _lines,
    st.lists(_clauses, max_size=4, unique_by=type),
)
_bands = st.lists(
    st.one_of(
        st.builds(tree.Band, expressions, st.just(False), expressions, _nowhere),
        st.builds(tree.Band, st.none(), st.booleans(), expressions, _nowhere),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
_score_parts = st.lists(
    st.one_of(
        st.builds(tree.PointsWhen, expressions, expressions, _nowhere),
        st.builds(tree.PointsBy, expressions, _bands, _nowhere),
    ),
    max_size=3,
)
_steps = st.lists(st.builds(tree.Step, expressions, st.booleans(), names, _label, st.booleans(), _nowhere), max_size=3)
_tops = st.none() | st.builds(tree.Top, expressions, expressions, st.booleans(), _some, _nowhere)
_arguments = st.lists(st.builds(tree.UseArgument, names, expressions, _nowhere), max_size=3, unique_by=lambda a: a.name.text).map(tuple)

statements: st.SearchStrategy[Any] = st.one_of(
    st.builds(tree.Param, names, names, expressions, _nowhere),
    st.builds(tree.Define, names, _entity, expressions, _nowhere),
    st.builds(tree.Search, names, _label, _entity, expressions, _tops, _nowhere),
    st.builds(tree.Use, texts, _entity, _arguments, _nowhere),
    _assigns,
    _assigns,
    st.builds(
        lambda name, label, entity, base, parts, threshold: tree.Score(
            name,
            label,
            entity,
            (tree.Base(base, NOWHERE), *parts, tree.ScoreClass(tree.Text("A", NOWHERE), threshold, NOWHERE)),
            NOWHERE,
        ),
        names,
        _label,
        _entity,
        expressions,
        _score_parts,
        _some,
    ),
    st.builds(lambda name, steps: tree.Scenario(name, not steps, tuple(steps), NOWHERE), texts, _steps),
    st.builds(tree.Propose, texts, _entity, expressions, _some, _entity, _some, st.just(()) | _columns, _label, _nowhere),
    st.builds(tree.Alert, names, _label, _entity, _entity, _entity, expressions, st.just(()) | _columns, _orders, _nowhere),
    st.builds(
        tree.Report, names, _label, _entity, _some, st.lists(expressions, max_size=2).map(tuple), _columns, _orders, _nowhere
    ),
    st.builds(tree.Require, texts, names, expressions, st.booleans(), _nowhere),
    st.builds(tree.Hold, texts, _entity, expressions, _nowhere),
)  # fmt: skip


def without_parentheses(node: Any) -> Any:
    """The tree without ``Parenthesised``: what must stay the same when the formatter puts parentheses where they are needed."""
    if isinstance(node, tree.Parenthesised):
        return without_parentheses(node.operand)
    if isinstance(node, tuple):
        return tuple(without_parentheses(item) for item in node)
    if is_dataclass(node) and not isinstance(node, type) and not isinstance(node, Span):
        changed = {item.name: without_parentheses(getattr(node, item.name)) for item in fields(node) if item.name != "span"}
        return replace(node, **changed)
    return node
