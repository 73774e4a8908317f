"""The SQL of searches, of a plan, of alerts and of reports, laid out for people, with the names of the rules in comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from sqlglot import Dialect as Generator

from assignrules.ir.expressions import Reference
from assignrules.ir.reports import Alert, Report
from assignrules.ir.ruleset import Assignment, Definition, Ruleset
from assignrules.schema.fragments import WITHOUT_LENIENCY, lost_leniency
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql import terms
from assignrules.sql.decisions import distribution_of
from assignrules.sql.dialects import DIALECTS, CannotPrint, Dialect, MySQL, Printed, fitted
from assignrules.sql.differences import at, differences
from assignrules.sql.distribution import shared_rows
from assignrules.sql.listings import alert_listing
from assignrules.sql.queries import Compiler
from assignrules.sql.reports import groups, row_listing
from assignrules.sql.rows import share_table
from assignrules.sql.terms import Sql


def known_dialects() -> tuple[str, ...]:
    """The dialects that `compile` can print, by name."""
    return tuple(sorted(name for name in Generator.classes if name))


def dialect_named(name: str) -> Dialect:
    """A dialect for printing; ``KeyError`` for an unknown one. Only those of ``DIALECTS`` are ever run."""
    if name not in known_dialects():
        raise KeyError(name)
    return DIALECTS.get(name) or (MySQL() if name == "mysql" else Printed(name))


class NotCompiled(Exception):
    """What the dialect cannot say, and the heading of the statement that takes it. ``help`` proposes a way out."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


def _text(compiler: Compiler, query: Sql, heading: str) -> str:
    lost = lost_leniency(query, compiler.dialect.name)
    if lost is not None:
        message = f"{heading}: `{compiler.dialect.name}` has no `{lost.sql(dialect='duckdb')}`, which gives NULL where a value does not fit"
        raise NotCompiled(message, WITHOUT_LENIENCY)
    if not isinstance(compiler.dialect, MySQL):
        return compiler.text(query, pretty=True)
    try:
        return compiler.text(fitted(query), pretty=True)
    except CannotPrint as problem:
        raise NotCompiled(f"{heading}: {problem}") from problem


def compile_searches(ruleset: Ruleset, mapping: SchemaMapping, dialect: str, as_of: date, names: Iterable[str]) -> str:
    """The statements of searches: one for each entity that has a search of the name. An unknown name is left out."""
    wanted = set(names)
    compiler = Compiler(ruleset, mapping, dialect_named(dialect), as_of, journal=True)
    parts = [_search(compiler, search) for search in ruleset.searches() if search.name in wanted]
    return "\n".join(parts)


def compile_plan_sql(ruleset: Ruleset, mapping: SchemaMapping, dialect: str, as_of: date) -> str:
    """The statements that decide a plan: for each entity with targets, the rows on which something changes, is held or conflicts."""
    compiler = Compiler(ruleset, mapping, dialect_named(dialect), as_of, journal=True)
    parts: list[str] = []
    for target, member in ruleset.order:
        for block in ruleset.writers(target, member, as_of):
            if distribution_of(block) is not None:
                heading = [f"the rows that count for `distribute`; what each gets is then kept in {share_table(block.rule)}", _named(block)]
                parts.append(_commented(heading) + _text(compiler, shared_rows(compiler, block)[0], heading[1].strip()) + ";\n")
    for part in differences(compiler):
        blocks = [block for decision in part.decisions for block in decision.blocks]
        heading = [f"the rows of {part.entity} on which the rules change, hold or contradict something, as of {as_of.isoformat()}"]
        heading.extend(_named(block) for block in blocks)
        parts.append(_commented(heading) + _text(compiler, part.rows, f"the plan of {part.entity}") + ";\n")
    return "\n".join(parts)


def compile_alerts(ruleset: Ruleset, mapping: SchemaMapping, dialect: str, as_of: date) -> str:
    """The statements of alerts: their rows on the planned state, before they are compared with those of the last applied run."""
    compiler = Compiler(ruleset, mapping, dialect_named(dialect), as_of, journal=True)
    parts = (
        _commented([_headed("alert", alert)]) + _text(compiler, alert_listing(compiler, alert).query, _headed("alert", alert)) + ";\n"
        for alert in ruleset.alerts
    )
    return "\n".join(parts)


def compile_reports(ruleset: Ruleset, mapping: SchemaMapping, dialect: str, as_of: date) -> str:
    """The statements of reports. One with groups has two: the second shows what the first one keeps."""
    compiler = Compiler(ruleset, mapping, dialect_named(dialect), as_of, journal=True)
    parts: list[str] = []
    for report in ruleset.reports:
        heading, table = _headed("report", report), None
        if report.grouped:
            found = groups(compiler, report)
            table = compiler.text(terms.identifier(found.table))
            kept = f"CREATE TEMPORARY TABLE {table} AS\n{_text(compiler, found.rows, heading)};\n"
            parts.append(_commented([f"{heading}: its groups"]) + kept)
            heading, listing = f"{heading}: its lines", found.listing()
        else:
            listing = row_listing(compiler, report)
        parts.append(_commented([heading]) + _text(compiler, listing.query, heading) + ";\n")
        if table is not None:
            parts.append(f"DROP TABLE {table};\n")
    return "\n".join(parts)


def _headed(word: str, rule: Alert | Report) -> str:
    label = "" if rule.label is None else f' "{rule.label}"'
    return f"{word} {rule.name}{label} on {rule.entity} ({rule.span.file}:{rule.span.line})"


def _search(compiler: Compiler, search: Definition) -> str:
    label = "" if search.label is None else f' "{search.label}"'
    place = "" if search.span is None else f" ({search.span.file}:{search.span.line})"
    query = compiler.select(search.entity, [], where=Reference(search.entity, search.name, search.type, True))
    heading = f"search {search.name}{label} on {search.entity}{place}"
    return _commented([heading]) + _text(compiler, query, heading) + ";\n"


def _named(block: Assignment) -> str:
    label = "" if block.label is None else f' "{block.label}"'
    return f"  {block.rule}{label} ({at(block)})"


def _commented(lines: Iterable[str]) -> str:
    return "".join(f"-- {part}\n" for line in lines for part in _without_breaks(line))


def _without_breaks(line: str) -> Iterator[str]:
    """A name may hold anything; a comment ends with its line."""
    yield " ".join(line.split("\n")).replace("\r", " ")
