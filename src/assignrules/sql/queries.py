"""Statements of the engine: rows of an entity with asked-for values."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from assignrules.ir.expressions import And, Branch, Case, Expression
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.types import Kind
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql import terms
from assignrules.sql.conversions import Conversion
from assignrules.sql.decided import Decided
from assignrules.sql.decisions import Decisions
from assignrules.sql.dialects import Dialect
from assignrules.sql.facts import Facts
from assignrules.sql.journal import standing
from assignrules.sql.relations import Relations, nothing
from assignrules.sql.rows import Column, Rows
from assignrules.sql.stages import Statement
from assignrules.sql.states import States
from assignrules.sql.terms import Sql


@dataclass(frozen=True, slots=True)
class Output:
    """A value to select. ``condition``: it is wanted as a truth value."""

    name: str
    expression: Expression
    condition: bool = False


# Definitions that stand on one another, and planned states that are read one after the other, are compiled one inside the other: a chain
# of a thousand of them needs more than Python's usual thousand frames.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 50_000))


class Compiler:
    """Compiles statements for one ruleset, mapping, dialect and as-of date. ``journal``: there is one to be read; ``reverts``: some of
    its changes are undone. ``kept``: by entity the business keys of the only rows that are looked at; those of an entity that is not named
    all are. ``decided``: the units that the plan has decided already, whose planned states are read where it keeps them."""

    def __init__(
        self,
        ruleset: Ruleset,
        mapping: SchemaMapping,
        dialect: Dialect,
        today: date,
        *,
        journal: bool,
        reverts: bool = False,
        kept: Mapping[str, Sequence[str]] | None = None,
        decided: Decided | None = None,
    ) -> None:
        self.ruleset = ruleset
        self.mapping = mapping
        self.dialect = dialect
        self.today = today
        self.journal = journal
        self.reverts = reverts
        self.kept = kept or {}
        self.decided = decided or {}
        self.relations = Relations(mapping, dialect)
        self.states = States(self.relations)

    def of(self, ruleset: Ruleset) -> Compiler:
        """The same for another ruleset."""
        return Compiler(ruleset, self.mapping, self.dialect, self.today, journal=self.journal, reverts=self.reverts, kept=self.kept)

    def keeping(self, kept: Mapping[str, Sequence[str]]) -> Compiler:
        """The same, looking at some rows only."""
        return Compiler(self.ruleset, self.mapping, self.dialect, self.today, journal=self.journal, reverts=self.reverts, kept=kept)

    def after(self, decided: Decided) -> Compiler:
        """The same, when some more units are decided."""
        return Compiler(
            self.ruleset,
            self.mapping,
            self.dialect,
            self.today,
            journal=self.journal,
            reverts=self.reverts,
            kept=self.kept,
            decided={**self.decided, **decided},
        )

    def decisions(self) -> Decisions:
        """What the blocks decide, with the facts of a statement to come."""
        return Decisions(self.ruleset, self.mapping.schema, self.today, journal=self.journal, decided=self.decided)

    def select(self, entity: str, outputs: Sequence[Output], where: Expression | None = None, limit: int | None = None) -> exp.Query:
        """The business key and label of the rows for which ``where`` holds, with the outputs (money as two columns, the second its
        currency), sorted by key. Columns: ``key``, ``label``, then the outputs' names; a currency has ``_currency`` behind the name."""
        return self.selection(entity, outputs, where, limit)[1]

    def selection(
        self, entity: str, outputs: Sequence[Output], where: Expression | None = None, limit: int | None = None
    ) -> tuple[Statement, exp.Query]:
        """The same, with what it was made of."""
        decisions = self.decisions()
        facts = decisions.facts
        normal = [Output(output.name, facts.normal(output.expression, entity), output.condition) for output in outputs]
        condition = None if where is None else facts.normal(where, entity)
        statement = Statement(facts, self.mapping, self.dialect, self.today, self.kept)
        rows = statement.rows(entity)
        key, label = names_of(rows, self.mapping)
        columns: list[Sql] = [terms.alias(key, "key"), terms.alias(label, "label")]
        for output in normal:
            compiled = statement.scalars.truth if output.condition else statement.scalars.value
            columns.append(terms.alias(compiled(output.expression, rows), output.name))
            if output.expression.type.kind is Kind.MONEY:
                columns.append(terms.alias(statement.money.code(output.expression, rows), f"{output.name}_currency"))
        kept = None if condition is None else statement.scalars.condition(condition, rows)
        source = terms.table(statement.stage(entity, statement.top), "s")
        order = [terms.ordered(self.dialect.ordered_text(key.copy()))]
        return statement, statement.finish(terms.select(columns, source, rows.source.joins, where=kept, order_by=order, limit=limit))

    def counts(self, entity: str, conditions: Sequence[Output]) -> exp.Query:
        """One row: for how many rows of the entity each condition holds, all in one pass."""
        decisions = self.decisions()
        normal = [Output(output.name, decisions.facts.normal(output.expression, entity)) for output in conditions]
        statement = Statement(decisions.facts, self.mapping, self.dialect, self.today)
        rows = statement.rows(entity)
        columns = [
            terms.alias(exp.Count(this=terms.case([(statement.scalars.condition(output.expression, rows), terms.number(1))])), output.name)
            for output in normal
        ]
        source = terms.table(statement.stage(entity, statement.top), "s")
        return statement.finish(terms.select(columns, source, rows.source.joins))

    def without_rate(self, conversion: Conversion) -> exp.Query:
        """The business keys (column ``key``) of the rows on which a conversion is reached and has no rate, with the ``currency`` that lacks
        it and the ``day``; both are missing where the guards alone say so."""
        facts, entity = self._reached(conversion)
        guards = [facts.normal(guard, entity) for guard in conversion.guards]
        money = None if conversion.money is None else facts.normal(conversion.money, entity)
        day = None if conversion.money is None or conversion.day is None else facts.normal(conversion.day, entity)
        statement = Statement(facts, self.mapping, self.dialect, self.today)
        rows = statement.rows(entity)
        conditions = [statement.scalars.condition(guard, rows) for guard in guards]
        lacking, on = nothing(Kind.TEXT), nothing(Kind.DATE)
        if money is not None:
            amount, code = statement.scalars.value(money, rows), statement.money.code(money, rows)
            day_sql = rows.today() if day is None else statement.scalars.value(day, rows)
            rate = rows.source.rate(code if conversion.currency is None else conversion.currency, day_sql)
            conditions.append(terms.binary(exp.NEQ, amount, terms.number(0)))
            conditions.append(terms.binary(exp.NEQ, code.copy(), terms.text(conversion.into)))
            if conversion.currency is None:
                conditions.append(terms.binary(exp.NEQ, code.copy(), terms.text(self.ruleset.currency)))
            conditions.append(terms.is_null(rate))
            lacking = code.copy() if conversion.currency is None else terms.text(conversion.currency)
            on = terms.day(self.today) if day_sql is None else day_sql.copy()
        source = terms.table(statement.stage(entity, statement.top), "s")
        key, _ = names_of(rows, self.mapping)
        columns = [terms.alias(key, "key"), terms.alias(lacking, "currency"), terms.alias(on, "day")]
        return statement.finish(terms.select(columns, source, rows.source.joins, where=terms.all_of(conditions)))

    def calendars(self, conversion: Conversion) -> exp.Query:
        """The calendars (column ``calendar``, each once) that are read where a conversion is reached."""
        assert conversion.calendar is not None
        facts, entity = self._reached(conversion)
        guards = [facts.normal(guard, entity) for guard in conversion.guards]
        calendar = facts.normal(conversion.calendar, entity)
        statement = Statement(facts, self.mapping, self.dialect, self.today)
        rows = statement.rows(entity)
        conditions = [statement.scalars.condition(guard, rows) for guard in guards]
        column = terms.alias(statement.scalars.value(calendar, rows), "calendar")
        source = terms.table(statement.stage(entity, statement.top), "s")
        return statement.finish(terms.select([column], source, rows.source.joins, where=terms.all_of(conditions), unique=True))

    def _reached(self, conversion: Conversion) -> tuple[Facts, str]:
        """Facts to come, and the rows on which the conversion stands."""
        decisions = self.decisions()
        facts, entity = decisions.facts, conversion.entity
        decisions.make_asked()  # the guards may say of what their changes wait for, and whether they are made
        before: str | None = None
        for frame in conversion.frames:
            there = Case((Branch(And(frame.guards), frame.day),), None, frame.day.type) if frame.guards else frame.day
            before = entity = facts.moved_rows(before or frame.entity, there, frame.path)
        return facts, entity

    def text(self, query: Sql, *, pretty: bool = False) -> str:
        """The statement in the dialect's SQL: on one line without comments, or for people."""
        if self.reverts:
            query = standing(query)
        return query.sql(dialect=self.dialect.name, pretty=pretty, comments=pretty, copy=False)


def names_of(rows: Rows, mapping: SchemaMapping) -> tuple[Sql, Sql]:
    """The business key and the label of rows."""
    entity = mapping.schema.entities[rows.source.relations.real(rows.entity)]
    assert entity.key is not None
    label = entity.label if entity.label is not None and mapping.has_field(rows.entity, entity.label) else entity.key
    return rows.column(Column("field", entity.key)), rows.column(Column("field", label))
