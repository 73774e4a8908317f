"""Short constructors of SQL trees. Nothing here parses text: values become typed literals, names become quoted identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from sqlglot import exp

Sql = exp.Expr
PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
QUOTED = frozenset({
    "all", "and", "any", "as", "at", "between", "by", "case", "cast", "check", "collate", "column", "count", "current",
    "date", "desc", "end", "from", "group", "having", "in", "interval", "is", "join", "key", "left", "like", "limit",
    "name", "not", "null", "number", "on", "or", "order", "policy", "rank", "right", "role", "rows", "score", "select",
    "set", "show", "table", "then", "time", "timestamp", "to", "type", "union", "user", "using", "value", "values", "view",
    "when", "where", "window", "with",
})  # fmt: skip


def identifier(name: str) -> exp.Identifier:
    """A name, quoted unless it is plain and no keyword anywhere."""
    return exp.Identifier(this=name, quoted=not PLAIN.match(name) or name in QUOTED)


def column(name: str, table: str | None = None) -> Sql:
    return exp.Column(this=identifier(name), table=None if table is None else identifier(table))


def text(value: str) -> Sql:
    return exp.Literal.string(value)


def number(value: int | Decimal) -> Sql:
    if value < 0:
        return exp.Paren(this=exp.Neg(this=number(-value)))
    return exp.Literal.number(f"{value:f}" if isinstance(value, Decimal) else str(value))


def day(value: date) -> Sql:
    return exp.Cast(this=text(value.isoformat()), to=exp.DataType(this=exp.DataType.Type.DATE))


def boolean(value: bool) -> Sql:
    return exp.Boolean(this=value)


def null() -> Sql:
    return exp.Null()


def type_of(name: str, *parameters: int) -> exp.DataType:
    """A data type by its sqlglot name: ``DECIMAL``, ``VARCHAR``, ``BIGINT``."""
    sizes = [exp.DataTypeParam(this=exp.Literal.number(str(size))) for size in parameters]
    return exp.DataType(this=exp.DataType.Type[name], expressions=sizes)


def cast(value: Sql, name: str, *parameters: int) -> Sql:
    return exp.Cast(this=value, to=type_of(name, *parameters))


def function(name: str, *arguments: Sql) -> Sql:
    """A function by its own name, printed as it is on every dialect."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def trimmed(value: Sql, *, end_only: bool = False) -> Sql:
    """Without the blanks at both ends, or at its end. They are named: DuckDB's bare `TRIM` takes no-break spaces and their like too."""
    return exp.Trim(this=value, expression=text(" "), position="TRAILING" if end_only else None)


def wrapped(value: Sql) -> Sql:
    """In parentheses, where the tree alone would not keep its shape in print."""
    if isinstance(value, exp.Binary | exp.Connector | exp.Not | exp.Between | exp.In | exp.Is | exp.Neg):
        return exp.Paren(this=value)
    return value


def all_of(conditions: Iterable[Sql]) -> Sql:
    """`AND` of any number, kept shallow: a balanced tree."""
    return _connected(exp.And, list(conditions), True)


def any_of(conditions: Iterable[Sql]) -> Sql:
    """`OR` of any number, kept shallow: a balanced tree."""
    return _connected(exp.Or, list(conditions), False)


def _connected(kind: type[exp.Connector], conditions: list[Sql], empty: bool) -> Sql:
    if not conditions:
        return boolean(empty)
    operands = [exp.Paren(this=part) if isinstance(part, exp.Connector) else part for part in conditions]
    while len(operands) > 1:
        pairs = [kind(this=operands[index], expression=operands[index + 1]) for index in range(0, len(operands) - 1, 2)]
        operands = [*pairs, *operands[len(pairs) * 2 :]]
        if len(operands) > 8:
            operands = [exp.Paren(this=part) if isinstance(part, exp.Connector) else part for part in operands]
    return operands[0]


def negated(condition: Sql) -> Sql:
    return exp.Not(this=wrapped(condition))


def is_null(value: Sql) -> Sql:
    return exp.Is(this=wrapped(value), expression=exp.Null())


def not_null(value: Sql) -> Sql:
    return exp.Not(this=is_null(value))


def binary(kind: type[exp.Binary], left: Sql, right: Sql) -> Sql:
    return kind(this=wrapped(left), expression=wrapped(right))


def equal(left: Sql, right: Sql) -> Sql:
    return binary(exp.EQ, left, right)


def distinct(left: Sql, right: Sql) -> Sql:
    """`IS DISTINCT FROM`: missing equals missing."""
    return binary(exp.NullSafeNEQ, left, right)


def one_of(value: Sql, items: Sequence[Sql]) -> Sql:
    return equal(value, items[0]) if len(items) == 1 else exp.In(this=wrapped(value), expressions=list(items))


def coalesce(*values: Sql) -> Sql:
    return exp.Coalesce(this=values[0], expressions=list(values[1:]))


def case(branches: Iterable[tuple[Sql, Sql]], otherwise: Sql | None = None) -> Sql:
    """`CASE WHEN … THEN … ELSE … END`; without branches it is ``otherwise``."""
    ifs = [exp.If(this=condition, true=value) for condition, value in branches]
    if not ifs:
        return otherwise if otherwise is not None else null()
    return exp.Case(ifs=ifs, default=otherwise)


def alias(value: Sql, name: str) -> Sql:
    return exp.Alias(this=value, alias=identifier(name))


def table(name: str, as_name: str | None = None) -> Sql:
    return exp.Table(this=identifier(name), alias=None if as_name is None else exp.TableAlias(this=identifier(as_name)))


def subquery(select: Sql, as_name: str) -> Sql:
    return exp.Subquery(this=select, alias=exp.TableAlias(this=identifier(as_name)))


def scalar(select: Sql) -> Sql:
    """A query of one row and column as a value."""
    return exp.Subquery(this=select)


def left_join(relation: Sql, on: Sql) -> exp.Join:
    return exp.Join(this=relation, side="LEFT", on=on)


def full_join(relation: Sql, on: Sql) -> exp.Join:
    return exp.Join(this=relation, side="FULL", kind="OUTER", on=on)


def inner_join(relation: Sql, on: Sql) -> exp.Join:
    return exp.Join(this=relation, on=on)


def select(
    columns: Sequence[Sql],
    source: Sql | None,
    joins: Sequence[exp.Join] = (),
    where: Sql | None = None,
    group_by: Sequence[Sql] = (),
    having: Sql | None = None,
    order_by: Sequence[Sql] = (),
    unique: bool = False,
    limit: int | None = None,
) -> exp.Select:
    statement = exp.Select(expressions=list(columns))
    if source is not None:
        statement.set("from_", exp.From(this=source))
    if joins:
        statement.set("joins", list(joins))
    if where is not None:
        statement.set("where", exp.Where(this=where))
    if group_by:
        statement.set("group", exp.Group(expressions=list(group_by)))
    if having is not None:
        statement.set("having", exp.Having(this=having))
    if order_by:
        statement.set("order", exp.Order(expressions=list(order_by)))
    if unique:
        statement.set("distinct", exp.Distinct())
    if limit is not None:
        statement.set("limit", exp.Limit(expression=number(limit)))
    return statement


def ordered(value: Sql, descending: bool = False) -> Sql:
    """A term of `ORDER BY`; missing values never reach one, so no place is named for them."""
    return exp.Ordered(this=value, desc=descending, nulls_first=not descending)


def union_all(parts: Sequence[exp.Query]) -> exp.Query:
    statement = parts[0]
    for part in parts[1:]:
        statement = exp.Union(this=statement, expression=part, distinct=False)
    return statement
