"""Proposals in SQL: the rows that satisfy each, with what it says of them, beside the last row of the outbox for the same subject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from assignrules.ir.expressions import Expression, Field, Literal, Operation, Reference, TargetMember, TargetValue, Today, is_condition
from assignrules.ir.proposals import Proposal
from assignrules.ir.types import DATE, Kind
from assignrules.schema.dataset import OUTBOX_STATES
from assignrules.schema.mapping import OUTBOX
from assignrules.sql import terms
from assignrules.sql.facts import Facts
from assignrules.sql.printing import Printer, joined
from assignrules.sql.queries import Compiler, names_of
from assignrules.sql.rows import Rows
from assignrules.sql.stages import Statement
from assignrules.sql.terms import Sql

OPEN, ACCEPTED, REFUSED, WITHDRAWN = OUTBOX_STATES


@dataclass(frozen=True, slots=True)
class ProposalRows:
    """The statement of one proposal: ``(subject, label, action, before, outbox, amount, because, show…)``, sorted by subject. What is
    said (the last ones) is JSON, one column for each that is shown, and NULL of those that are not made."""

    proposal: Proposal
    statement: Statement
    query: exp.Query


def proposal_rows(compiler: Compiler, *, outbox: bool) -> tuple[ProposalRows, ...]:
    """The statements of all proposals. ``outbox``: there is one."""
    return tuple(_rows(compiler, proposal, outbox) for proposal in compiler.ruleset.proposals)


def of_subject(rows: ProposalRows, subject: str) -> ProposalRows:
    """The same statement for one subject alone."""
    return replace(rows, query=rows.query.where(terms.equal(terms.column("subject"), terms.text(subject))))


def _rows(compiler: Compiler, proposal: Proposal, outbox: bool) -> ProposalRows:
    facts = compiler.decisions().facts
    entity = proposal.entity
    to = facts.normal(proposal.to, entity)
    amount = None if proposal.amount is None else _column(facts, proposal.amount, entity)
    show = [_column(facts, column.value, entity) for column in proposal.show]
    because = None
    if proposal.because is not None:
        because = [part.text or "" if part.expression is None else _column(facts, part.expression, entity) for part in proposal.because]
    over = None if proposal.cooldown is None else facts.normal(_days_back(proposal.cooldown), entity)
    statement = Statement(facts, compiler.mapping, compiler.dialect, compiler.today, compiler.kept)
    rows = statement.rows(entity)
    sayer = _Sayer(compiler, statement, rows)
    key, label = names_of(rows, compiler.mapping)
    columns = [terms.alias(key, "subject"), terms.alias(label, "label"), terms.alias(terms.boolean(True), "wanted")]
    columns.append(terms.alias(_null() if over is None else statement.scalars.value(over, rows), "over"))
    columns.append(terms.alias(terms.text("null") if amount is None else sayer.json(amount), "amount"))
    columns.append(terms.alias(terms.text("null") if because is None else sayer.reason(because), "because"))
    columns.extend(terms.alias(sayer.json(value), f"show_{place}") for place, value in enumerate(show))
    where = statement.scalars.condition(to, rows)
    source = terms.table(statement.stage(entity, statement.top), "s")
    wanted = terms.select(columns, source, rows.source.joins, where=where)
    query = _beside(wanted, _last(proposal.name), proposal, len(show)) if outbox else _alone(wanted, len(show))
    query.set("order", exp.Order(expressions=[terms.ordered(compiler.dialect.ordered_text(terms.column("subject")))]))
    return ProposalRows(proposal, statement, statement.finish(query))


def _column(facts: Facts, expression: Expression, entity: str) -> Expression:
    """As something that may be printed several times."""
    normal = facts.normal(expression, entity)
    return normal if isinstance(normal, Literal | Field | Reference | TargetValue | TargetMember) else facts.fact(normal, entity)


def _days_back(length: Literal) -> Expression:
    assert isinstance(length.value, int)
    return Operation("add_duration", (Today(), Literal(-length.value, length.type)), DATE)


@dataclass(frozen=True, slots=True)
class _Sayer:
    """Prints values of rows."""

    compiler: Compiler
    statement: Statement
    rows: Rows

    def json(self, value: Expression) -> Sql:
        printer, scalars = Printer(self.compiler.dialect), self.statement.scalars
        shown = scalars.truth(value, self.rows) if is_condition(value) else scalars.value(value, self.rows)
        return printer.json(shown, value.type, self._currency(value))

    def reason(self, parts: Sequence[str | Expression]) -> Sql:
        texts = [terms.text(part) if isinstance(part, str) else self._shown(part) for part in parts] or [terms.text("")]
        return self.compiler.dialect.json_text(joined(texts))

    def _shown(self, value: Expression) -> Sql:
        return Printer(self.compiler.dialect).shown(self.statement.scalars.value(value, self.rows), value.type, self._currency(value))

    def _currency(self, value: Expression) -> Sql | None:
        return self.statement.money.code(value, self.rows) if value.type.kind is Kind.MONEY else None


def _null(type: str = "DATE") -> Sql:
    return terms.cast(terms.null(), type)


def _said(shown: int) -> Iterator[str]:
    yield from ("amount", "because")
    yield from (f"show_{place}" for place in range(shown))


def _alone(wanted: exp.Select, shown: int) -> exp.Select:
    """All are new where there is no outbox yet."""
    made = [terms.alias(terms.text("make"), "action"), terms.alias(_null("VARCHAR"), "before"), terms.alias(_null("BIGINT"), "outbox")]
    columns = [terms.column("subject"), terms.column("label"), *made, *(terms.column(name) for name in _said(shown))]
    return terms.select(columns, terms.subquery(wanted, "w"))


def _last(name: str) -> exp.Select:
    """The last row of the outbox of each subject."""
    number = exp.Window(
        this=exp.Anonymous(this="ROW_NUMBER"),
        partition_by=[terms.column("subject")],
        order=exp.Order(expressions=[terms.ordered(terms.column("id"), descending=True)]),
    )
    of_name = terms.equal(terms.column("proposal"), terms.text(name))
    numbered = terms.select([exp.Star(), terms.alias(number, "number")], terms.table(OUTBOX), where=of_name)
    return terms.select([exp.Star()], terms.subquery(numbered, "n"), where=terms.equal(terms.column("number"), terms.number(1)))


def _beside(wanted: exp.Select, last: exp.Select, proposal: Proposal, shown: int) -> exp.Select:
    state, subject = terms.column("state", "o"), terms.column("subject", "w")
    is_open, accepted = terms.equal(state, terms.text(OPEN)), terms.equal(state.copy(), terms.text(ACCEPTED))
    accepted = terms.all_of([accepted, terms.is_null(terms.column("ended_on", "o"))])
    holds_back = [is_open, accepted]
    if proposal.cooldown is not None:
        over = terms.column("over", "w")
        decided = terms.coalesce(terms.column("decided_on", "o"), terms.column("made_on", "o"))
        young = terms.any_of([terms.is_null(over), terms.binary(exp.GT, decided, over.copy())])
        holds_back.append(terms.all_of([terms.equal(state.copy(), terms.text(REFUSED)), young]))
    is_wanted = terms.not_null(subject)
    action = terms.case(
        [
            (terms.all_of([is_wanted, terms.any_of(holds_back)]), terms.text("stay")),
            (is_wanted.copy(), terms.text("make")),
            (is_open.copy(), terms.text("withdraw")),
            (accepted.copy(), terms.text("close")),
        ]
    )
    columns = [
        terms.alias(terms.coalesce(subject.copy(), terms.column("subject", "o")), "subject"),
        terms.alias(terms.column("label", "w"), "label"),
        terms.alias(action, "action"),
        terms.alias(state.copy(), "before"),
        terms.alias(terms.column("id", "o"), "outbox"),
        *(terms.alias(terms.column(name, "w"), name) for name in _said(shown)),
    ]
    on = terms.equal(terms.column("subject", "o"), subject.copy())
    both = terms.select(columns, terms.subquery(wanted, "w"), [terms.full_join(terms.subquery(last, "o"), on)])
    return terms.select([exp.Star()], terms.subquery(both, "p"), where=terms.not_null(terms.column("action")))
