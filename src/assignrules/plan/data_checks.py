"""What is wrong with the data that a plan needs: errors make it not applicable, warnings are counted (schema.md, section 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assignrules.databases.base import Session, quoted
from assignrules.ir.changes import DataProblem
from assignrules.plan.rate_checks import missing_rates
from assignrules.schema.logical import Shape
from assignrules.schema.mapping import OUTBOX, EntityMapping
from assignrules.sql.listings import Listing
from assignrules.sql.queries import Compiler
from assignrules.sql.reports import Groups
from assignrules.sql.stages import Statement

EXAMPLES = 5
Problems = tuple[DataProblem, ...]


@dataclass(frozen=True, slots=True)
class _Check:
    """What is wrong with the rows whose keys a query gives (column ``key``); nothing where it gives none."""

    code: str
    message: str
    entity: str
    keys: str


def data_problems(
    session: Session, compiler: Compiler, statements: Sequence[Statement], reports: Sequence[Groups | Listing] = ()
) -> tuple[Problems, Problems]:
    """Errors and warnings of all that the statements read, each sorted by code, entity and message. ``reports`` are those of the
    ruleset."""
    checks = [
        *_repeated_keys(compiler, statements),
        *_dangling_links(compiler, statements),
        *_ignored_amounts(compiler, statements),
        *_forgotten_states(compiler),
        *(_forgotten_proposals(compiler) if session.has_table(OUTBOX) else ()),
    ]
    found = list(_checked(session, checks))
    errors = [
        *(problem for problem in found if problem.code.startswith("E")),
        *_repeated_rates(session, compiler, statements),
        *missing_rates(session, compiler, statements, reports),
        *_missing_holidays(session, compiler, statements),
    ]
    warnings = [problem for problem in found if problem.code.startswith("W")]
    return _sorted(errors), _sorted(warnings)


def _sorted(problems: Iterable[DataProblem]) -> Problems:
    return tuple(sorted(problems, key=lambda problem: (problem.code, problem.entity, problem.message)))


def _checked(session: Session, checks: Sequence[_Check]) -> Iterator[DataProblem]:
    """The problems that there are. One statement counts for all checks, as most find nothing."""
    if not checks:
        return
    branches = " UNION ALL ".join(
        f"SELECT {place} AS place, COUNT(*) AS n FROM ({check.keys}) AS found" for place, check in enumerate(checks)
    )
    for place, count in session.fetch(f"SELECT place, n FROM ({branches}) AS counted WHERE n > 0 ORDER BY place"):
        check = checks[place]
        examples = session.fetch(f"SELECT DISTINCT key FROM ({check.keys}) AS found WHERE key IS NOT NULL ORDER BY key LIMIT {EXAMPLES}")
        yield DataProblem(check.code, check.message, check.entity, count, tuple(str(row[0]) for row in examples))


def _repeated_keys(compiler: Compiler, statements: Sequence[Statement]) -> Iterator[_Check]:
    for entity in sorted({entity for statement in statements for entity in statement.entities()}):
        body = compiler.mapping.entities[entity]
        name = compiler.mapping.schema.entities[entity].key
        table, key = quoted(body.table), quoted(body.fields[name or ""].column)
        keys = f"SELECT {key} AS key FROM {table} WHERE {key} IN (SELECT {key} FROM {table} GROUP BY {key} HAVING COUNT(*) > 1)"
        yield _Check("E0501", f"key `{name}` of `{entity}` is repeated", entity, keys)


def _missing_holidays(session: Session, compiler: Compiler, statements: Sequence[Statement]) -> Iterator[DataProblem]:
    """Business days of a calendar that the data has no holiday of would silently skip weekends only."""
    calendar = compiler.ruleset.calendar
    if calendar is None or not any(statement.uses_business_days for statement in statements):
        return
    table = quoted(compiler.mapping.entities["holidays"].table)
    if not session.fetch(f"SELECT 1 FROM {table} WHERE calendar = {_text(calendar)} LIMIT 1"):
        yield DataProblem("E0511", f"the data has no holidays of the calendar `{calendar}`", "holidays", 1, (calendar,))


def _repeated_rates(session: Session, compiler: Compiler, statements: Sequence[Statement]) -> Iterator[DataProblem]:
    if not any(statement.reads_rates for statement in statements):
        return
    table = quoted(compiler.mapping.entities["rates"].table)
    sql = f'SELECT currency, "on" FROM {table} GROUP BY currency, "on" HAVING COUNT(*) > 1 ORDER BY currency, "on"'
    by_currency: dict[str, list[str]] = {}
    for currency, day in session.fetch(sql):
        by_currency.setdefault(currency, []).append(f"{currency} {day.isoformat()}")
    for currency, days in by_currency.items():
        yield DataProblem("E0503", f"two rates for `{currency}` on one day", "rates", len(days), tuple(days[:EXAMPLES]))


def _dangling_links(compiler: Compiler, statements: Sequence[Statement]) -> Iterator[_Check]:
    schema, mapping = compiler.mapping.schema, compiler.mapping
    for entity, name in sorted({link for statement in statements for link in statement.links}):
        body, other = mapping.entities[entity], mapping.entities[schema.entities[entity].links[name].to]
        key = schema.entities[entity].key
        shown = quoted(body.fields[key or ""].column)
        link = f"self.{quoted(body.links[name])}"
        dangling = _leads_nowhere(link, other)
        if body.customer is not None and name == "legal_entity":
            dangling = f"{dangling} OR {link} IS NULL AND {_leads_nowhere(f'self.{quoted(body.customer)}', mapping.entities['customer'])}"
        keys = f"SELECT {shown} AS key FROM {quoted(body.table)} AS self WHERE {dangling}"
        yield _Check("W0501", f"link `{name}` of `{entity}` leads to a row that does not exist", entity, keys)


def _leads_nowhere(link: str, other: EntityMapping) -> str:
    return f"({link} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {quoted(other.table)} AS other WHERE other.{quoted(other.key)} = {link}))"


def _ignored_amounts(compiler: Compiler, statements: Sequence[Statement]) -> Iterator[_Check]:
    ignored = ", ".join(f"'{code}'" for code in sorted(compiler.ruleset.ignored_currencies))
    if not ignored:
        return
    for entity, name in sorted({field for statement in statements for field in statement.amounts()}):
        body = compiler.mapping.entities[entity]
        field = body.fields[name]
        if field.currency is None:
            continue
        key = quoted(body.fields[compiler.mapping.schema.entities[entity].key or ""].column)
        amount, currency = quoted(field.column), quoted(field.currency)
        keys = f"SELECT {key} AS key FROM {quoted(body.table)} WHERE {amount} IS NOT NULL AND {currency} IN ({ignored})"
        yield _Check("W0502", f"`{name}` of `{entity}` is in an ignored currency", entity, keys)


def _forgotten_states(compiler: Compiler) -> Iterator[_Check]:
    """States of subjects that are gone, and of members that no block names, for the targets that the rules write."""
    schema, mapping, blocks = compiler.mapping.schema, compiler.mapping, compiler.ruleset.assignments
    for name in sorted({block.target for block in blocks}):
        target, place = schema.targets[name], mapping.targets[name]
        if place.column is not None:
            continue
        body = mapping.entities[target.entity]
        key = quoted(body.fields[schema.entities[target.entity].key or ""].column)
        there = f"EXISTS (SELECT 1 FROM {quoted(body.table)} AS row WHERE row.{key} = state.subject)"
        states = f"SELECT DISTINCT state.subject AS key FROM {quoted(place.table)} AS state"
        message = f"`{name}` has a state for subjects that are no longer in the data"
        yield _Check("W0503", message, target.entity, f"{states} WHERE NOT {there}")
        if target.shape is not Shape.VALUE:
            members = ", ".join(sorted({_text(block.member or "") for block in blocks if block.target == name}))
            left = f"{states} WHERE state.member NOT IN ({members}) AND {there}"
            yield _Check("W0504", f"`{name}` has members that no rule writes", target.entity, left)


def _forgotten_proposals(compiler: Compiler) -> Iterator[_Check]:
    """Open proposals that no rule makes any more: they stay as they are."""
    names = ", ".join(_text(proposal.name) for proposal in compiler.ruleset.proposals)
    of_no_rule = f" AND proposal NOT IN ({names})" if names else ""
    keys = f"SELECT subject AS key FROM {quoted(OUTBOX)} WHERE state = 'open'{of_no_rule}"
    yield _Check("W0505", "proposals are open that no rule makes", "outbox", keys)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
