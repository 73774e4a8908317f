"""What `distribute` looks at, as one statement: the rows that count, each with its place in the team, what it goes with and its weights."""

from __future__ import annotations

from datetime import date

from sqlglot import exp

from assignrules.ir.expressions import Expression
from assignrules.ir.ruleset import Assignment, Distribution
from assignrules.ir.sharing import first_day
from assignrules.ir.types import Kind, Money
from assignrules.ir.values import Value, printed
from assignrules.schema.mapping import JOURNAL_CHANGE, JOURNAL_RUN
from assignrules.sql import terms
from assignrules.sql.queries import Compiler, names_of
from assignrules.sql.stages import Statement
from assignrules.sql.terms import Sql


def moves_made(block: Assignment, how: Distribution, today: date, currency: str) -> exp.Query | None:
    """How many moves from one of the values to another the journal has of the rule since the period began; None where none counts."""
    if how.per is None:
        return None
    texts = [terms.text(_journalled(literal.value, currency)) for literal in how.among]
    ends = exp.Between(this=terms.column("as_of", "r"), low=terms.day(first_day(how.per, today)), high=terms.day(today))
    conditions = [
        terms.equal(terms.column("target", "c"), terms.text(block.target)),
        terms.equal(terms.column("rule", "c"), terms.text(block.rule)),
        terms.one_of(terms.column("before", "c"), texts),
        terms.one_of(terms.column("after", "c"), [text.copy() for text in texts]),
        ends,
    ]
    run = terms.inner_join(terms.table(JOURNAL_RUN, "r"), terms.equal(terms.column("id", "r"), terms.column("run", "c")))
    count = terms.alias(exp.Count(this=exp.Star()), "made")
    return terms.select([count], terms.table(JOURNAL_CHANGE, "c"), [run], where=terms.all_of(conditions))


def _journalled(value: Value, currency: str) -> str:
    """A value as the journal has it."""
    if isinstance(value, Money) and not value.currency:
        value = Money(value.amount, currency)
    shown = printed(value)
    return ("true" if shown else "false") if isinstance(shown, bool) else str(shown)


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
