"""Calendars that the data has no holidays of: business days would silently skip weekends only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assignrules.databases.base import Session
from assignrules.ir.changes import DataProblem
from assignrules.plan.rate_checks import EXAMPLES, conversions_of
from assignrules.sql.conversions import Conversion, Conversions
from assignrules.sql.listings import Listing
from assignrules.sql.queries import Compiler
from assignrules.sql.reports import Groups
from assignrules.sql.stages import Statement


def missing_holidays(
    session: Session, compiler: Compiler, statements: Sequence[Statement], reports: Sequence[Groups | Listing]
) -> Iterator[DataProblem]:
    """One error for the project's calendar, and one for those that rules read on rows."""
    calendar = compiler.ruleset.calendar
    by_project = calendar is not None and any(statement.uses_business_days for statement in statements)
    read = set(_read(session, compiler, any(statement.uses_closed for statement in statements), reports))
    if not by_project and not read:
        return
    table = compiler.relations.text("holidays", "row", ["calendar"])
    known = {name for (name,) in session.fetch(f"SELECT DISTINCT calendar FROM {table}")}
    if by_project and calendar is not None and calendar not in known:
        yield DataProblem("E0511", f"the data has no holidays of the calendar `{calendar}`", "holidays", 1, (calendar,))
    unknown = sorted(read - known)
    if unknown:
        message = "the data has no holidays of a calendar that a rule names"
        yield DataProblem("E0511", message, "holidays", len(unknown), tuple(unknown[:EXAMPLES]))


def _read(session: Session, compiler: Compiler, on_rows: bool, reports: Sequence[Groups | Listing]) -> Iterator[str]:
    """The calendars that stand on the rows which the rules look at."""
    finder = Conversions(compiler.ruleset, compiler.mapping.schema, compiler.today)
    if on_rows:
        yield from _named(session, compiler, conversions_of(compiler, finder))
    for report in reports:
        if isinstance(report, Groups):
            of_groups = [found for found in finder.of_groups(report.report) if found.calendar is not None]
            if of_groups:
                session.keep(report.table, compiler.text(report.rows))
                yield from _named(session, report.compiler, of_groups)


def _named(session: Session, compiler: Compiler, conversions: Iterator[Conversion] | Sequence[Conversion]) -> Iterator[str]:
    for conversion in dict.fromkeys(found for found in conversions if found.calendar is not None):
        yield from (name for (name,) in session.fetch(compiler.text(compiler.calendars(conversion))))
