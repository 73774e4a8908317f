"""Aggregates: one pass over the related rows for all that share a path and a level.

The measured form (each distinct filter term is evaluated once, as one bit of a word; each operand once; then one GROUP BY):

    SELECT k, SUM(CASE WHEN (m0 & 5) = 5 THEN x0 END) AS a0, … FROM (SELECT customer AS k, <terms as bits> AS m0, <operand> AS x0 FROM
    document_1) GROUP BY k
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlglot import exp

from assignrules.ir.expressions import Aggregate, And, Expression, Link, This, children
from assignrules.ir.types import Kind
from assignrules.sql import terms
from assignrules.sql.dialects import Dialect
from assignrules.sql.money import MoneyCompiler
from assignrules.sql.rows import KEY, Column, Relations, Rows, Source, link_column
from assignrules.sql.scalars import Scalars
from assignrules.sql.terms import Sql

BITS = 60  # filter terms in a word
FEW = 3  # terms: with no more, words are not worth their while


@dataclass(slots=True)
class Group:
    """The aggregates of one path and level on their way into one relation: ``k`` and a column for each part."""

    path: tuple[Link, ...]
    level: int
    day: date | None = None  # under `as of`
    parts: list[tuple[Aggregate, str]] = field(default_factory=list)  # with the prefix of its columns


class Aggregates:
    """Compiles groups of aggregates, and their results as facts."""

    def __init__(
        self, relations: Relations, scalars: Scalars, money: MoneyCompiler, dialect: Dialect, business_keys: dict[str, str]
    ) -> None:
        self.relations = relations
        self.scalars = scalars
        self.money = money
        self.dialect = dialect
        self.business_keys = business_keys

    # --- the relation ---

    def relation(self, group: Group) -> exp.Select:
        """The grouped relation of the aggregates that need no order."""
        self.money.day = group.day
        source = Source(self.relations)
        rows, origin, base, joins = self.related(group, source)
        words = _Words(self, rows, [aggregate for aggregate, _ in group.parts])
        operands = Operands()
        outputs: list[Sql] = [terms.column("k")]
        for aggregate, prefix in group.parts:
            outputs.extend(self.outputs(aggregate, prefix, rows, words.mask(aggregate), operands))
        inner = [terms.alias(origin, "k"), *words.columns(), *operands.columns()]
        shared = words.shared()  # may join, so before the joins are listed
        selected = terms.select(inner, base, [*joins, *source.joins], where=shared)
        return terms.select(outputs, terms.subquery(selected, "r"), group_by=[terms.column("k")])

    def ranked(self, aggregate: Aggregate, level: int, day: date | None) -> exp.Select:
        """``latest``/``earliest``: the relation ``k``, ``x`` and of money ``c``, one row for each group that has a dated row."""
        self.money.day = day
        source = Source(self.relations)
        rows, origin, base, joins = self.related(Group(aggregate.path, level), source)
        assert aggregate.of is not None and aggregate.by is not None
        descending = aggregate.function == "latest"
        key = rows.column(Column("field", self.business_keys[rows.entity]))
        order = [
            terms.ordered(self.scalars.value(aggregate.by, rows), descending),
            terms.ordered(self.dialect.ordered_text(key), descending),
        ]
        number = exp.Window(this=exp.Anonymous(this="ROW_NUMBER"), partition_by=[origin], order=exp.Order(expressions=order))
        columns = [terms.alias(origin.copy(), "k"), terms.alias(self.scalars.value(aggregate.of, rows), "x"), terms.alias(number, "n")]
        if aggregate.of.type.kind is Kind.MONEY:
            columns.append(terms.alias(self.money.code(aggregate.of, rows), "c"))
        dated = [terms.not_null(self.scalars.value(aggregate.by, rows))]
        if aggregate.where is not None:
            dated.insert(0, self.scalars.condition(aggregate.where, rows))
        inner = terms.select(columns, base, [*joins, *source.joins], where=terms.all_of(dated))
        names = ["k", "x", "c"] if aggregate.of.type.kind is Kind.MONEY else ["k", "x"]
        first = terms.equal(terms.column("n"), terms.number(1))
        return terms.select([terms.column(name) for name in names], terms.subquery(inner, "r"), where=first)

    def related(self, group: Group, source: Source) -> tuple[Rows, Sql, Sql, list[exp.Join]]:
        """The related rows: their context, the key of the row that they belong to, the relation that holds them, and its joins."""
        end = group.path[-1].to
        entity = group.path[0].entity
        needs_this = any(_reads_this(aggregate) for aggregate, _ in group.parts) if group.parts else True
        rows = Rows(source, end, group.level, "e")
        base: Sql = terms.table(self.relations.stage(end, group.level), "e")
        joins: list[exp.Join] = []
        if all(link.many for link in group.path):
            origin = self._climb(group, rows, joins)
        else:
            pairs = self.pairs(group.path, group.level)
            base = terms.subquery(pairs, "p")
            self_key = terms.equal(rows.column(KEY), terms.column("e", "p"))
            joins.append(terms.inner_join(terms.table(self.relations.stage(end, group.level), "e"), self_key))
            origin = terms.column("k", "p")
        if needs_this:
            outer = Rows(source, entity, group.level, "t")
            joins.append(
                terms.inner_join(terms.table(self.relations.stage(entity, group.level), "t"), terms.equal(outer.column(KEY), origin.copy()))
            )
            rows = Rows(source, end, group.level, "e", outer)
        return rows, origin, base, joins

    def _climb(self, group: Group, rows: Rows, joins: list[exp.Join]) -> Sql:
        """From the rows at the end up the to-one links: each row has one way, so each counts once."""
        alias = "e"
        for number, link in enumerate(reversed(group.path)):
            up = Column("link", self.relations.inverse(link))
            here = Rows(rows.source, link.to, group.level if number == 0 else 0, alias)
            key = here.column(up)
            if number == len(group.path) - 1:
                return key
            alias = f"u{number + 1}"
            above = Rows(rows.source, link.entity, 0, alias)
            joins.append(terms.inner_join(terms.table(self.relations.stage(link.entity, 0), alias), terms.equal(above.column(KEY), key)))
        raise AssertionError(group.path)

    def pairs(self, path: tuple[Link, ...], level: int) -> exp.Select:
        """Each row of the path's start with each row at its end, once: where ways may meet again, they are counted as one."""
        source = Source(self.relations)
        here = Rows(source, path[0].entity, level, "o")
        base = terms.table(self.relations.stage(here.entity, level), "o")
        start = here.column(KEY)
        joins: list[exp.Join] = []
        for number, link in enumerate(path):
            here = Rows(source, here.entity, level if link.name.startswith("#") or number == 0 else 0, here.alias)
            there = Rows(source, link.to, 0, f"s{number + 1}")
            if link.many:
                on = terms.equal(there.column(Column("link", self.relations.inverse(link))), here.column(KEY))
            else:
                self.relations.walked(link)
                on = terms.equal(there.column(KEY), here.column(link_column(link)))
            joins.append(terms.inner_join(terms.table(self.relations.stage(link.to, 0), there.alias), on))
            here = there
        return terms.select([terms.alias(start, "k"), terms.alias(here.column(KEY), "e")], base, joins, unique=True)

    # --- the parts of one aggregate ---

    def outputs(self, aggregate: Aggregate, prefix: str, rows: Rows, matches: Sql | None, operands: Operands) -> list[Sql]:
        """The columns of an aggregate's part, for ``result``, in a SELECT over the relation ``r`` that has the operands. ``matches``: the
        test of its condition there."""
        of = aggregate.of
        if of is None:
            return [terms.alias(self._count(matches), f"{prefix}n")]
        if of.type.kind is Kind.MONEY and aggregate.function != "count_distinct":
            value = operands.column(("home", of), self.money.at_home(of, rows))
        else:
            value = operands.column(("value", of), self.scalars.value(of, rows))
        match aggregate.function:
            case "sum":
                total = self.over("SUM", value, matches)
                return [
                    terms.alias(
                        self.dialect.decimal(total, of.type.scale if of.type.kind is not Kind.MONEY else aggregate.type.scale), f"{prefix}s"
                    )
                ]
            case "min" | "max":
                if of.type.is_text:
                    value = self.dialect.ordered_text(value)
                return [terms.alias(self.over(aggregate.function.upper(), value, matches), f"{prefix}x")]
            case "median":
                chosen = value if matches is None else terms.case([(matches, value)])
                low, high = self.dialect.median(chosen)
                return [terms.alias(low, f"{prefix}l"), terms.alias(high, f"{prefix}h")]
            case "count_distinct":
                if of.type.kind is Kind.MONEY:
                    code = operands.column(("code", of), self.money.code(of, rows))
                    value = exp.DPipe(this=terms.cast(value, "VARCHAR"), expression=code)
                chosen = value if matches is None else terms.case([(matches, value)])
                return [terms.alias(exp.Count(this=exp.Distinct(expressions=[chosen])), f"{prefix}n")]
            case _:
                raise AssertionError(aggregate.function)

    def _count(self, matches: Sql | None) -> Sql:
        if matches is None:
            return exp.Count(this=exp.Star())
        if self.dialect.aggregates_by_case:
            return exp.Count(this=terms.case([(matches, terms.number(1))]))
        return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=matches))

    def over(self, function: str, value: Sql, matches: Sql | None) -> Sql:
        """An aggregate function over the rows that match (None: all)."""
        if matches is None:
            return terms.function(function, value)
        if self.dialect.aggregates_by_case:
            return terms.function(function, terms.case([(matches, value)]))
        return exp.Filter(this=terms.function(function, value), expression=exp.Where(this=matches))

    # --- the result, where the relation is joined ---

    def result(self, aggregate: Aggregate, prefix: str, table: str) -> Sql:
        """The aggregate's value on the row that it stands on; ``table`` is the joined relation."""

        def part(letter: str) -> Sql:
            return terms.column(f"{prefix}{letter}", table)

        match aggregate.function:
            case "count" | "count_distinct":
                return terms.coalesce(part("n"), terms.number(0))
            case "any":
                return terms.binary(exp.GT, terms.coalesce(part("n"), terms.number(0)), terms.number(0))
            case "none":
                return terms.equal(terms.coalesce(part("n"), terms.number(0)), terms.number(0))
            case "sum":
                return terms.coalesce(part("s"), terms.number(0))
            case "min" | "max":
                return part("x")
            case "median":
                of = aggregate.of
                assert of is not None
                scale = max(of.type.scale, 10)
                both = terms.binary(exp.Add, self.dialect.decimal(part("l"), scale), self.dialect.decimal(part("h"), scale))
                half = terms.binary(exp.Mul, terms.wrapped(both), exp.Literal.number("0.5"))
                return self.dialect.decimal(terms.function("ROUND", half, terms.number(10)), 10)
            case _:
                return terms.column("x", table)


class _Words:
    """Filter terms as bits. Terms that every aggregate of the group has are the WHERE of them all."""

    def __init__(self, compiler: Aggregates, rows: Rows, aggregates: Sequence[Aggregate]) -> None:
        self.compiler = compiler
        self.rows = rows
        self.conditions = {id(aggregate): _terms(aggregate.where) for aggregate in aggregates}
        lists = list(self.conditions.values())
        self.common = [term for term in lists[0] if all(term in other for other in lists[1:])] if lists else []
        kept = [term for terms_ in lists for term in terms_ if term not in self.common]
        self.bits: dict[Expression, int] = {term: number for number, term in enumerate(dict.fromkeys(kept))}
        self.by_words = len(self.bits) > FEW

    def shared(self) -> Sql | None:
        return terms.all_of(self.compiler.scalars.condition(term, self.rows) for term in self.common) if self.common else None

    def columns(self) -> list[Sql]:
        found: list[Sql] = []
        listed = list(self.bits)
        if not self.by_words:
            return [terms.alias(self.compiler.scalars.condition(term, self.rows), f"b{number}") for number, term in enumerate(listed)]
        for start in range(0, len(listed), BITS):
            word: Sql | None = None
            for offset, term in enumerate(listed[start : start + BITS]):
                unit = terms.cast(terms.number(1 << offset), "BIGINT")
                bit = terms.case([(self.compiler.scalars.condition(term, self.rows), unit)], terms.number(0))
                word = bit if word is None else exp.Add(this=word, expression=bit)
            assert word is not None
            found.append(terms.alias(word, f"m{start // BITS}"))
        return found

    def mask(self, aggregate: Aggregate) -> Sql | None:
        """The test of an aggregate's own terms over the columns."""
        own = [self.bits[term] for term in self.conditions[id(aggregate)] if term in self.bits]
        if not own:
            return None
        if not self.by_words:
            return terms.all_of(terms.column(f"b{bit}", "r") for bit in own)
        words: dict[int, int] = {}
        for bit in own:
            words[bit // BITS] = words.get(bit // BITS, 0) | 1 << bit % BITS
        return terms.all_of(
            terms.equal(
                exp.Paren(this=exp.BitwiseAnd(this=terms.column(f"m{word}", "r"), expression=terms.number(mask))), terms.number(mask)
            )
            for word, mask in sorted(words.items())
        )


class Operands:
    """The operands of the aggregates, each computed once."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, Expression], tuple[str, Sql]] = {}

    def column(self, key: tuple[str, Expression], value: Sql) -> Sql:
        if key not in self.made:
            self.made[key] = (f"x{len(self.made)}", value)
        return terms.column(self.made[key][0], "r")

    def columns(self) -> list[Sql]:
        return [terms.alias(value, name) for name, value in self.made.values()]


def _terms(condition: Expression | None) -> tuple[Expression, ...]:
    """The terms that must all hold, nested `and` taken apart, each once."""
    if condition is None:
        return ()
    if isinstance(condition, And):
        return tuple(dict.fromkeys(term for part in condition.operands for term in _terms(part)))
    return (condition,)


def _reads_this(aggregate: Aggregate) -> bool:
    return any(_below_reads_this(part) for part in children(aggregate))


def _below_reads_this(expression: Expression) -> bool:
    return isinstance(expression, This) or (
        not isinstance(expression, Aggregate) and any(_below_reads_this(part) for part in children(expression))
    )
