"""Exchange rates that a plan needs and that do not exist: data errors, never silently zero or one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from assignrules.databases.base import Session, quoted
from assignrules.ir.changes import DataProblem
from assignrules.ir.ruleset import Definition
from assignrules.ir.types import Kind
from assignrules.plan.distribution import distribute
from assignrules.schema.logical import Shape
from assignrules.sql.conversions import Conversion, Conversions
from assignrules.sql.listings import Listing
from assignrules.sql.queries import Compiler
from assignrules.sql.reports import Groups
from assignrules.sql.stages import Statement

EXAMPLES = 5


@dataclass(slots=True)
class _Lacking:
    """Rows that lack a rate: their keys, and as far as it is known, of which currencies and on which days."""

    rows: set[str] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)
    days: set[date] = field(default_factory=set)


Missing = dict[tuple[str, bool], _Lacking]  # by entity, and whether the rate is of a day of the row's own


def missing_rates(
    session: Session, compiler: Compiler, statements: Sequence[Statement], reports: Sequence[Groups | Listing] = ()
) -> Iterator[DataProblem]:
    """One error for each entity and day of its rows whose amounts are converted without a rate."""
    missing: Missing = {}
    if any(statement.reads_rates for statement in statements):
        finder = Conversions(compiler.ruleset, compiler.mapping.schema, compiler.today)
        _look(session, compiler, list(conversions_of(compiler, finder)), missing)
    for report in reports:
        if isinstance(report, Groups):
            _look_at_groups(session, compiler, report, missing)
    for (entity, dated), lacking in missing.items():
        yield DataProblem("E0502", _message(compiler, lacking, dated), entity, len(lacking.rows), tuple(sorted(lacking.rows)[:EXAMPLES]))


def unrated_searches(session: Session, compiler: Compiler, searches: Sequence[Definition]) -> dict[tuple[str, str], list[DataProblem]]:
    """By entity and name, a warning for the searches that convert amounts for which there is no rate: sums leave those out, so the rows may
    be too few or too many. A search alone makes no plan inapplicable, so it is no error."""
    finder = Conversions(compiler.ruleset, compiler.mapping.schema, compiler.today)
    needed = {
        (search.entity, search.name): list(
            dict.fromkeys(found for found in finder.of_condition(search.expression, search.entity) if found.calendar is None)
        )
        for search in searches
    }
    every = [conversion for conversions in needed.values() for conversion in conversions]
    if not every or not (any(map(_is_dated, every)) or _without_rate_today(session, compiler, every)):
        return {}
    distribute(session, compiler)
    found: dict[tuple[str, str], list[DataProblem]] = {}
    for search, conversions in needed.items():
        missing: Missing = {}
        _look(session, compiler, conversions, missing)
        for (entity, dated), lacking in missing.items():
            text = f"search `{search[1]}` leaves amounts out: {_message(compiler, lacking, dated)}"
            keys = tuple(sorted(lacking.rows)[:EXAMPLES])
            found.setdefault(search, []).append(DataProblem("W0508", text, entity, len(lacking.rows), keys))
    return found


def conversions_of(compiler: Compiler, finder: Conversions) -> Iterator[Conversion]:
    """Those that the ruleset needs on the day, but for those on the groups of reports."""
    ruleset = compiler.ruleset
    for block in ruleset.assignments:
        if block.runs_on(compiler.today):
            yield from finder.of_block(block)
    for requirement in ruleset.requirements:
        yield from finder.of_condition(requirement.condition, requirement.entity)
    for alert in ruleset.alerts:
        yield from finder.of_alert(alert)
    for report in ruleset.reports:
        yield from finder.of_report(report)
    for proposal in ruleset.proposals:
        yield from finder.of_proposal(proposal)


def _look(session: Session, compiler: Compiler, conversions: Sequence[Conversion], missing: Missing) -> None:
    """Adds the rows of conversions that have no rate.

    Mostly every currency in the data has a rate today, and one look at the currencies says so; only else is each conversion looked at, row
    by row, and equal ones once (which takes long to find out, as each has all the conditions on the way to it).
    """
    unrated = _without_rate_today(session, compiler, conversions)

    def doubtful(conversion: Conversion) -> bool:
        if _is_dated(conversion):
            return True
        return bool(unrated) if conversion.currency is None else conversion.currency in unrated

    for conversion in dict.fromkeys(conversion for conversion in conversions if conversion.calendar is None and doubtful(conversion)):
        for key, currency, day in session.fetch(compiler.text(compiler.without_rate(conversion))):
            lacking = missing.setdefault((conversion.entity, _is_dated(conversion)), _Lacking())
            lacking.rows.add(str(key))
            lacking.currencies |= {currency} - {None}
            lacking.days |= {day} - {None}


def _is_dated(conversion: Conversion) -> bool:
    return conversion.day is not None or bool(conversion.frames)


def _look_at_groups(session: Session, compiler: Compiler, report: Groups, missing: Missing) -> None:
    """The same for the sums of a report's groups, and for what its columns make of them."""
    if report.unrated is not None:
        for key, *currencies in session.fetch(compiler.text(report.unrated)):
            lacking = missing.setdefault((report.report.entity, False), _Lacking())
            lacking.rows.add(str(key))
            lacking.currencies.update(code for code in currencies if code is not None)
    finder = Conversions(compiler.ruleset, report.compiler.mapping.schema, compiler.today)
    found = list(finder.of_groups(report.report))
    if found:
        session.keep(report.table, compiler.text(report.rows))
        _look(session, report.compiler, found, missing)


def _message(compiler: Compiler, lacking: _Lacking, dated: bool) -> str:
    """`no exchange rate of `USD` on or before 2026-11-22`; of rows that have days of their own, the first and the last."""
    names = ", ".join(f"`{code}`" for code in sorted(lacking.currencies))
    of = f" of {names}" if names else ""
    if not dated:
        return f"no exchange rate{of} on or before {compiler.today.isoformat()}"
    days = sorted(lacking.days)
    first, last = (days[0].isoformat(), days[-1].isoformat()) if days else ("", "")
    shown = f" ({first})" if first == last else f" ({first} to {last})"
    return f"no exchange rate{of} on its day{shown if days else ''}"


def _without_rate_today(session: Session, compiler: Compiler, conversions: Sequence[Conversion]) -> set[str]:
    """The currencies in the data and the rules that have no rate on or before today."""
    currencies = {conversion.currency for conversion in conversions if conversion.currency is not None}
    currencies |= {code for conversion in conversions for code in _literal_currencies(conversion)}
    mapping, schema = compiler.mapping, compiler.mapping.schema
    columns = [
        (compiler.relations.text(entity, "r", [field.currency]), field.currency)
        for entity, body in mapping.entities.items()
        for field in body.fields.values()
        if field.currency is not None
    ]
    columns += [
        (compiler.states.text(place.target, "r"), "currency")
        for place in mapping.targets.values()
        if place.column is None
        and (schema.targets[place.target].shape is Shape.COVER or schema.targets[place.target].type.kind is Kind.MONEY)
    ]
    codes = [f"SELECT {quoted(column)} AS code FROM {table}" for table, column in dict.fromkeys(columns)]
    if codes:
        currencies |= {
            row[0] for row in session.fetch(f"SELECT DISTINCT code FROM ({' UNION ALL '.join(codes)}) AS found WHERE code IS NOT NULL")
        }
    rates = compiler.relations.text("rates", "r", ["currency", "on"])
    known = session.fetch(f"SELECT DISTINCT currency FROM {rates} WHERE \"on\" <= DATE '{compiler.today.isoformat()}'")
    return currencies - {row[0] for row in known} - {compiler.ruleset.currency} - compiler.ruleset.ignored_currencies


def _literal_currencies(conversion: Conversion) -> Iterator[str]:
    code = getattr(getattr(conversion.money, "value", None), "currency", "")
    if code:
        yield code
