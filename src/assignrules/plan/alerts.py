"""Alerts: the rows that they have on the planned state, against those of the last applied run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assignrules.databases.base import Session
from assignrules.ir.reports import Alert as Rule
from assignrules.journal.tables import has_alerts
from assignrules.plan.model import Alert, AlertHead
from assignrules.sql.listings import Listing, alert_left, alert_lines, alert_listing
from assignrules.sql.queries import Compiler


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """An alert with the statement that gives its rows."""

    rule: Rule
    listing: Listing


def alert_queries(compiler: Compiler) -> tuple[AlertQuery, ...]:
    """The statements of all alerts."""
    return tuple(AlertQuery(rule, alert_listing(compiler, rule)) for rule in compiler.ruleset.alerts)


def alert_heads(compiler: Compiler) -> tuple[AlertHead, ...]:
    """What the rules say of their alerts."""
    return tuple(
        AlertHead(rule.name, rule.label, rule.entity, rule.level, rule.audience, tuple(column.name for column in rule.show))
        for rule in compiler.ruleset.alerts
    )


def find_alerts(session: Session, compiler: Compiler, queries: Sequence[AlertQuery]) -> tuple[tuple[Alert, ...], tuple[str, ...]]:
    """The alerts by name, and a JSON line for each of their rows, in the alerts' order."""
    journal = bool(queries) and has_alerts(session)
    found: list[Alert] = []
    lines: list[str] = []
    for number, query in enumerate(queries):
        table, lines_ = f"alert_{number}", f"alert_lines_{number}"
        session.keep(table, compiler.text(query.listing.query))
        session.keep(lines_, compiler.text(alert_lines(compiler, query.rule, table, journal=journal)))
        keys: dict[bool, list[str]] = {False: [], True: []}
        written = compiler.dialect.json_line("line")
        for key, known, line in session.fetch(f"SELECT key, known, {written} FROM {lines_} ORDER BY place"):
            keys[known].append(key)
            lines.append(line)
        left = session.fetch(compiler.text(alert_left(compiler, query.rule, table))) if journal else []
        found.append(Alert(query.rule.name, tuple(keys[False]), tuple(keys[True]), tuple(row[0] for row in left)))
    return tuple(found), tuple(lines)
