"""What is wrong with the data that a plan needs: errors make it not applicable, warnings are counted (schema.md, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from assignrules.databases.base import Session, quoted
from assignrules.ir.changes import DataProblem
from assignrules.plan.calendar_checks import missing_holidays
from assignrules.plan.mapped_checks import (
    EXAMPLES,
    Check,
    by_text,
    lookup_problems,
    mapped_checks,
    rate_checks,
    repeated,
    unreadable_currencies,
)
from assignrules.plan.rate_checks import missing_rates
from assignrules.schema.logical import Shape
from assignrules.schema.mapping import CUSTOMER, LEGAL_ENTITY, OUTBOX, OWN_ROW_KEY
from assignrules.sql.listings import Listing
from assignrules.sql.queries import Compiler
from assignrules.sql.relations import unfit_name
from assignrules.sql.reports import Groups
from assignrules.sql.stages import Statement

Problems = tuple[DataProblem, ...]


def data_problems(
    session: Session, compiler: Compiler, statements: Sequence[Statement], reports: Sequence[Groups | Listing] = ()
) -> tuple[Problems, Problems]:
    """Errors and warnings of all that the statements read, each sorted by code, entity and message. ``reports`` are those of the
    ruleset."""
    checks = [
        *_repeated_keys(compiler, statements),
        *_dangling_links(compiler, statements),
        *_ignored_amounts(compiler, statements),
        *(rate_checks(compiler) if any(statement.reads_rates for statement in statements) else ()),
        *_forgotten_states(compiler),
        *(_forgotten_proposals(compiler) if session.has_table(OUTBOX) else ()),
    ]
    found = list(checked(session, checks))
    errors = [
        *(problem for problem in found if problem.code.startswith("E")),
        *(repeated_rates(session, compiler) if any(statement.reads_rates for statement in statements) else ()),
        *missing_rates(session, compiler, statements, reports),
        *missing_holidays(session, compiler, statements, reports),
        *unreadable_currencies(session, compiler, {field for statement in statements for field in statement.amounts()}),
        *lookup_problems(session, compiler),
    ]
    warnings = [problem for problem in found if problem.code.startswith("W")]
    return _sorted(errors), _sorted(warnings)


def _sorted(problems: Iterable[DataProblem]) -> Problems:
    return tuple(sorted(problems, key=lambda problem: (problem.code, problem.entity, problem.message)))


def checked(session: Session, checks: Sequence[Check]) -> Iterator[DataProblem]:
    """The problems that there are. One statement counts for all checks, as most find nothing."""
    if not checks:
        return
    branches = " UNION ALL ".join(
        f"SELECT {place} AS place, COUNT(*) AS n FROM ({check.keys}) AS found"
        if check.counts is None
        else f"SELECT {place} AS place, CAST(SUM(n) AS BIGINT) AS n FROM ({check.counts}) AS found"
        for place, check in enumerate(checks)
    )
    for place, count in session.fetch(f"SELECT place, n FROM ({branches}) AS counted WHERE n > 0 ORDER BY place"):
        check = checks[place]
        keys = f"SELECT DISTINCT CAST(key AS VARCHAR) AS key FROM ({check.keys}) AS found WHERE key IS NOT NULL"
        examples = session.fetch(f"SELECT key FROM ({keys}) AS found ORDER BY {by_text(session, 'key')} LIMIT {EXAMPLES}")
        yield DataProblem(check.code, check.message, check.entity, count, tuple(str(row[0]) for row in examples))


def _repeated_keys(compiler: Compiler, statements: Sequence[Statement]) -> Iterator[Check]:
    for entity in sorted({entity for statement in statements for entity in statement.entities()}):
        yield from repeated_key(compiler, entity)
        fields = {name for statement in statements for read, name in statement.fields() if read == entity}
        yield from mapped_checks(compiler, fields, entity)


def repeated_key(compiler: Compiler, entity: str) -> Iterator[Check]:
    """The check of an entity's business key."""
    body = compiler.mapping.entities[entity]
    name = compiler.mapping.schema.entities[entity].key
    if name is not None and name in body.fields:
        column = body.fields[name].column
        key, table = quoted(column), compiler.relations.text(entity, "row", [column])
        yield repeated("E0501", f"key `{name}` of `{entity}` is repeated", entity, table, key, key)


def repeated_rates(session: Session, compiler: Compiler) -> Iterator[DataProblem]:
    """Two rates of one currency and day."""
    table = compiler.relations.text("rates", "row", ["currency", "on"])
    there = 'currency IS NOT NULL AND "on" IS NOT NULL'
    sql = f'SELECT currency, "on" FROM {table} WHERE {there} GROUP BY currency, "on" HAVING COUNT(*) > 1'
    unread = {compiler.ruleset.currency, *compiler.ruleset.ignored_currencies}  # their amounts are never converted
    by_currency: dict[str, list[str]] = {}
    for currency, day in sorted(session.fetch(sql)):
        if currency not in unread:
            by_currency.setdefault(currency, []).append(f"{currency} {day.isoformat()}")
    for currency, days in by_currency.items():
        yield DataProblem("E0503", f"two rates for `{currency}` on one day", "rates", len(days), tuple(days[:EXAMPLES]))


def _dangling_links(compiler: Compiler, statements: Sequence[Statement]) -> Iterator[Check]:
    for entity, name in sorted({link for statement in statements for link in statement.links}):
        yield from dangling_link(compiler, entity, name)


def dangling_link(compiler: Compiler, entity: str, name: str) -> Iterator[Check]:
    """The check of one link."""
    schema, mapping = compiler.mapping.schema, compiler.mapping
    body, to = mapping.entities[entity], schema.entities[entity].links[name].to
    shown = body.fields[schema.entities[entity].key or ""].column
    columns, dangling = [shown], []
    physical = mapping.physical
    source = None if physical is None else physical.entities.get(entity)
    if source is not None and name in source.links:
        columns.append(unfit_name(name))
        dangling.append(f"self.{quoted(unfit_name(name))}")
    if name in body.links:
        columns.append(body.links[name])
        dangling.append(leads_nowhere(compiler, f"self.{quoted(body.links[name])}", to))
    if body.customer is not None and name == LEGAL_ENTITY:
        columns.append(body.customer)
        alone = f"self.{quoted(body.links[name])} IS NULL AND " if name in body.links else ""
        dangling.append(f"{alone}{leads_nowhere(compiler, f'self.{quoted(body.customer)}', CUSTOMER)}")
    if dangling:
        keys = f"SELECT {quoted(shown)} AS key FROM {compiler.relations.text(entity, 'self', columns)} WHERE {' OR '.join(dangling)}"
        yield Check("W0501", f"link `{name}` of `{entity}` leads to a row that does not exist", entity, keys)


def leads_nowhere(compiler: Compiler, link: str, to: str) -> str:
    """SQL of whether a link names a row that does not exist."""
    key = compiler.mapping.entities[to].key
    other = compiler.relations.text(to, "other", [key])
    return f"({link} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {other} WHERE other.{quoted(key)} = {link}))"


def _ignored_amounts(compiler: Compiler, statements: Sequence[Statement]) -> Iterator[Check]:
    ignored = ", ".join(f"'{code}'" for code in sorted(compiler.ruleset.ignored_currencies))
    if not ignored:
        return
    for entity, name in sorted({field for statement in statements for field in statement.amounts()}):
        body = compiler.mapping.entities[entity]
        field = body.fields[name]
        if field.currency is None:
            continue
        key = body.fields[compiler.mapping.schema.entities[entity].key or ""].column
        rows = compiler.relations.text(entity, "row", [key, field.column, field.currency])
        condition = f"{quoted(field.column)} IS NOT NULL AND {quoted(field.currency)} IN ({ignored})"
        keys = f"SELECT {quoted(key)} AS key FROM {rows} WHERE {condition}"
        yield Check("W0502", f"`{name}` of `{entity}` is in an ignored currency", entity, keys)


def _forgotten_states(compiler: Compiler) -> Iterator[Check]:
    """States of subjects that are gone, and of members that no block names, for the targets that the rules write."""
    schema, mapping, blocks = compiler.mapping.schema, compiler.mapping, compiler.ruleset.assignments
    for name in sorted({block.target for block in blocks}):
        target, place = schema.targets[name], mapping.targets[name]
        if place.column is not None:
            continue
        body = mapping.entities[target.entity]
        shown = body.fields[schema.entities[target.entity].key or ""].column
        by_row_key = compiler.states.by_row_key(name)
        key = OWN_ROW_KEY if by_row_key else shown
        rows = compiler.relations.text(target.entity, "row", [key, shown])
        states = compiler.states.text(name, "state")
        there = f"EXISTS (SELECT 1 FROM {rows} WHERE row.{quoted(key)} = state.subject)"
        if not by_row_key:  # a company's own table may serve others than the customers that are mapped
            gone = f"SELECT DISTINCT state.subject AS key FROM {states} WHERE NOT {there}"
            yield Check("W0503", f"`{name}` has a state for subjects that are no longer in the data", target.entity, gone)
        if target.shape is not Shape.VALUE:
            members = ", ".join(sorted({_text(block.member or "") for block in blocks if block.target == name}))
            joined = f"{states} JOIN {rows} ON row.{quoted(key)} = state.subject"
            left = f"SELECT DISTINCT row.{quoted(shown)} AS key FROM {joined} WHERE state.member NOT IN ({members})"
            yield Check("W0504", f"`{name}` has members that no rule writes", target.entity, left)


def _forgotten_proposals(compiler: Compiler) -> Iterator[Check]:
    """Open proposals that no rule makes any more: they stay as they are."""
    names = ", ".join(_text(proposal.name) for proposal in compiler.ruleset.proposals)
    of_no_rule = f" AND proposal NOT IN ({names})" if names else ""
    keys = f"SELECT subject AS key FROM {quoted(OUTBOX)} WHERE state = 'open'{of_no_rule}"
    yield Check("W0505", "proposals are open that no rule makes", "outbox", keys)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
