"""Averages, which no database is asked for: a quotient of two sums."""

from __future__ import annotations

from dataclasses import replace

from assignrules.ir.expressions import Aggregate, And, Expression, IsMissing, Literal, Not, Operation
from assignrules.ir.types import DECIMAL, INTEGER, TEXT, Kind, Type
from assignrules.resolve.typing import converted_scale


def average(aggregate: Aggregate, currency: str) -> Expression:
    """`avg` as a quotient of two sums over the rows that have what is needed."""
    of, weight = aggregate.of, aggregate.weight
    assert of is not None
    present: list[Expression] = [] if aggregate.where is None else [aggregate.where]
    present.append(Not(IsMissing(of)))
    if weight is None:
        where = present[0] if len(present) == 1 else And(tuple(present))
        total = replace(aggregate, function="sum", type=_total_type(of.type), where=where)
        rows = replace(aggregate, function="count", of=None, where=where, type=INTEGER)
        return Operation("divide", (total, rows), aggregate.type)
    if weight.type.kind is Kind.MONEY:
        converted = Operation("convert", (weight, Literal(currency, TEXT)), weight.type)
        weight = Operation("amount", (converted,), Type(Kind.DECIMAL, weight.type.scale))
    present.append(Not(IsMissing(weight)))
    where = And(tuple(present))
    money = of.type.kind is Kind.MONEY
    product = Operation("multiply", (of, weight), Type(Kind.MONEY if money else Kind.DECIMAL, of.type.scale + weight.type.scale))
    total = replace(aggregate, function="sum", of=product, where=where, weight=None, type=converted_scale(product.type))
    weights = replace(aggregate, function="sum", of=weight, where=where, weight=None, type=weight.type)
    return Operation("divide", (total, weights), aggregate.type)


def _total_type(type: Type) -> Type:
    return converted_scale(type) if type.kind is Kind.MONEY else Type(DECIMAL.kind, type.scale)
