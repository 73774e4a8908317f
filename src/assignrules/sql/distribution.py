"""What `distribute` looks at, as one statement: the rows that count, each with its place in the team, what it goes with and its weights."""

from __future__ import annotations

from sqlglot import exp

from assignrules.ir.expressions import Expression
from assignrules.ir.ruleset import Assignment
from assignrules.ir.types import Kind
from assignrules.sql import terms
from assignrules.sql.queries import Compiler, names_of
from assignrules.sql.stages import Statement
from assignrules.sql.terms import Sql


def shared_rows(compiler: Compiler, block: Assignment) -> tuple[exp.Query, Statement]:
    """Columns ``key``, ``mine``, ``fixed``, ``held``, ``now`` (``Shares``), ``party`` and ``weight_0``, ``weight_1``, … (amounts in the
    project's currency); in no order. With the statement that it is."""
    decisions = compiler.decisions()
    shares = decisions.sharing(block)
    facts, entity, how = decisions.facts, block.entity, shares.how

    def normal(expression: Expression) -> Expression:
        return facts.normal(expression, entity)

    conditions = {"mine": normal(shares.mine), "fixed": normal(shares.fixed)}
    values = {"held": shares.held, "now": shares.now}
    party = None if how.together is None else normal(how.together)
    measures = [normal(measure) for measure in how.by]
    statement = Statement(facts, compiler.mapping, compiler.dialect, compiler.today, compiler.kept)
    rows = statement.rows(entity)
    key, _ = names_of(rows, compiler.mapping)
    columns: list[Sql] = [terms.alias(key, "key")]
    columns += [terms.alias(statement.scalars.truth(part, rows), name) for name, part in conditions.items()]
    columns += [terms.alias(statement.scalars.value(part, rows), name) for name, part in values.items()]
    columns.append(terms.alias(terms.cast(terms.null() if party is None else statement.scalars.value(party, rows), "VARCHAR"), "party"))
    for number, measure in enumerate(measures):
        is_money = measure.type.kind is Kind.MONEY
        weight = statement.money.at_home(measure, rows) if is_money else statement.scalars.value(measure, rows)
        columns.append(terms.alias(weight, f"weight_{number}"))
    counted = statement.scalars.condition(shares.counted, rows)
    source = terms.table(statement.stage(entity, statement.top), "s")
    return statement.finish(terms.select(columns, source, rows.source.joins, where=counted)), statement
