"""Running the rules' reports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from assignrules.databases.base import Session
from assignrules.ir.changes import DataProblem, Printed
from assignrules.ir.reports import Report
from assignrules.ir.ruleset import Ruleset
from assignrules.plan.compiling import compiler_for
from assignrules.plan.data_checks import data_problems
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql.listings import Listing
from assignrules.sql.queries import Compiler
from assignrules.sql.reports import Groups, groups, row_listing
from assignrules.sql.stages import Statement


@dataclass(frozen=True, slots=True)
class ReportLines:
    """A report's columns and lines; values are printed forms. ``errors``: the data errors that it met; then it has no lines."""

    name: str
    label: str | None
    columns: tuple[str, ...]
    lines: tuple[tuple[Printed, ...], ...]
    errors: tuple[DataProblem, ...] = ()


def report_queries(compiler: Compiler, reports: Sequence[Report]) -> tuple[Groups | Listing, ...]:
    """The statements over the rows of reports."""
    return tuple(groups(compiler, report) if report.grouped else row_listing(compiler, report) for report in reports)


def run_report(session: Session, ruleset: Ruleset, mapping: SchemaMapping, name: str, *, as_of: date) -> ReportLines:
    """The lines of a report (``KeyError`` where there is none of the name), unless the data that it reads has errors."""
    report = next((item for item in ruleset.reports if item.name == name), None)
    if report is None:
        raise KeyError(name)
    alone = replace(ruleset, requirements=(), alerts=(), reports=(report,))
    compiler = compiler_for(session, alone, mapping, as_of)
    (query,) = report_queries(compiler, [report])
    if not _reads_decisions(query.statement):
        compiler = compiler.of(replace(alone, assignments=(), order=()))
    errors, _ = data_problems(session, compiler, [query.statement], [query])
    if errors:
        return ReportLines(name, report.label, report.columns, (), errors)
    if isinstance(query, Groups):
        session.keep(query.table, compiler.text(query.rows))
        listing = query.listing()
    else:
        listing = query
    rows = session.fetch(compiler.text(listing.query))
    return ReportLines(name, report.label, report.columns, tuple(tuple(map(json.loads, row[3:])) for row in rows))


def _reads_decisions(statement: Statement) -> bool:
    """Whether a planned state is read, so that what decides it matters too."""
    return any(name.startswith("#decided ") for _, name in statement.facts.bodies)
