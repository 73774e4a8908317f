"""A plan as headed tables: what its page (HTML) and its Markdown have in common."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assignrules.ir.changes import DataProblem, Printed
from assignrules.ir.values import shown
from assignrules.plan.model import Plan
from assignrules.plan.nouns import planned_nouns
from assignrules.report.page import Page, count, plain
from assignrules.report.plan import GROUPS, change_words, place_of, state, subjects, total_rows, unit_name, verdict_lines, verdict_word


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts below a title. ``total``: how many rows there are in all, the first of which are here."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the plan with its tables."""

    title: str
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class PlanTables:
    """The whole: ``verdict`` are the lines that say what the plan comes to, ``totals`` its numbers by target, the header first."""

    title: str
    verdict: tuple[str, ...]
    totals: tuple[tuple[str, ...], ...]
    sections: tuple[Section, ...]


def plan_tables(plan: Plan, most: int) -> PlanTables:
    """A plan with at most ``most`` rows of each kind; of others it is said how many there are."""
    header = plan.header
    what = "Plan" if header.reverts is None else f"Plan to revert run {header.reverts}"
    found = (_changes(plan, most), _held(plan, most), _conflicts(plan, most), _requirements(plan, most), _proposals(plan, most))
    others = (_alerts(plan, most), *_problems(plan), _balances(plan), _guards(plan))
    return PlanTables(
        f"{what} for {header.as_of.isoformat()}, environment {header.environment}",
        tuple(line for line in verdict_lines(plan, Page(), None) if line),
        tuple(tuple(row) for row in total_rows(plan)),
        tuple(section for section in (*found, *others) if section.tables),
    )


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Printed]], total: int | None = None) -> Table:
    texts = tuple(tuple("" if cell is None else plain(shown(cell)) for cell in row) for row in rows)
    return Table(title, tuple(columns), texts, len(rows) if total is None else total)


def _changes(plan: Plan, most: int) -> Section:
    """By target and member, and by what happens to the state, in the plan's order. A unit with many different changes has one table."""
    words: dict[tuple[str, str | None], dict[str, None]] = {}
    rows: dict[tuple[str, str | None, str | None], list[Any]] = {}
    counts: dict[tuple[str, str | None, str | None], int] = {}
    for change in map(json.loads, plan.changes):
        of_unit = words.setdefault((change["target"], change["member"]), {})
        if len(of_unit) <= GROUPS:
            of_unit[_words(change)] = None
    for change in map(json.loads, plan.changes):
        unit = (change["target"], change["member"])
        key = (*unit, None if len(words[unit]) > GROUPS else _words(change))
        counts[key] = counts.get(key, 0) + 1
        if counts[key] <= most:
            own = [_words(change)] if key[2] is None else []
            by_hand = "by hand before" if change["manual"] else None
            place = place_of(change) if plan.header.reverts is None else None
            rows.setdefault(key, []).append((change["subject"], change["label"], *own, change["because"], by_hand, place))
    tables = []
    nouns = planned_nouns(plan.header)
    for key, found in rows.items():
        target, member, said = key
        columns = ("key", "label", *(["change"] if said is None else []), "because", "changed", "rule")
        what = "" if said is None else f"{said}: "
        tables.append(_table(f"{unit_name(target, member)}: {what}{subjects(target, counts[key], nouns)}", columns, found, counts[key]))
    return Section("Changes", tuple(tables))


def _words(change: Mapping[str, Any]) -> str:
    return change_words(change["action"], change["before"], change["after"])


def _held(plan: Plan, most: int) -> Section:
    groups: dict[str, list[Any]] = {}
    nouns = planned_nouns(plan.header)
    for item in plan.held:
        groups.setdefault(f"{unit_name(item.target, item.member)}, held by {item.held_by}", []).append(item)
    tables = (
        _table(
            f"{title}: {subjects(items[0].target, len(items), nouns)}",
            ("key", "is", "the rules want"),
            [(item.subject, state(item.before), state(item.after)) for item in items[:most]],
            len(items),
        )
        for title, items in groups.items()
    )
    return Section("Held", tuple(tables))


def _conflicts(plan: Plan, most: int) -> Section:
    if not plan.conflicts:
        return Section("Conflicts", ())
    rows = [(item.subject, unit_name(item.target, item.member), state(item.before), state(item.after), item.at) for item in plan.conflicts]
    back = plan.header.reverts is not None
    title = "changes whose result no longer stands" if back else "on both sides of a rule; removal wins"
    columns = ("key", "target", "is", "not set back to" if back else "planned", "rule" if not back else "change")
    return Section("Conflicts", (_table(title, columns, rows[:most], len(rows)),))


def _requirements(plan: Plan, most: int) -> Section:
    tables = (
        _table(f"{'warning: ' if item.warning else ''}{plain(item.name)}", ("key",), [(key,) for key in item.rows[:most]], len(item.rows))
        for item in plan.requirements
    )
    return Section("Requirements that fail", tuple(tables))


def _proposals(plan: Plan, most: int) -> Section:
    groups: dict[str, list[Any]] = {}
    for item in plan.proposals:
        groups.setdefault(f"{plain(item.proposal)}: {item.action}", []).append(item)
    columns = ("key", "label", "is", "will be", "amount", "for", "because", "shows")
    tables = (
        _table(
            f"{title}: {count(len(items), 'subject')}",
            columns,
            [
                (item.subject, item.label, item.before, item.after, item.amount, item.approver, item.because, _listed(item.show))
                for item in items[:most]
            ],
            len(items),
        )
        for title, items in groups.items()
    )
    return Section("Proposals", tuple(tables))


def _listed(values: Mapping[str, Printed]) -> str:
    return "; ".join(f"{name} {state(value)}" for name, value in values.items())


def _alerts(plan: Plan, most: int) -> Section:
    heads = {head.name: head for head in plan.header.alerts}
    rows: dict[str, list[tuple[Printed, ...]]] = {}
    for line in plan.alert_rows:
        row = json.loads(line)
        of_alert = rows.setdefault(row["alert"], [])
        if len(of_alert) < most:
            of_alert.append((row["subject"], row["state"], *row["show"]))
    tables = []
    for alert in plan.alerts:
        total = len(alert.entered) + len(alert.stay)
        head = heads.get(alert.name)
        label = f" {head.label}" if head is not None and head.label else ""
        title = f"{alert.name}{label}: {count(total, 'row')}, {len(alert.entered):,} new, {len(alert.left):,} left"
        columns = ("key", "state", *(head.columns if head is not None else ()))
        left = [(key, "left", *("" for _ in columns[2:])) for key in alert.left[: max(0, most - len(rows.get(alert.name, ())))]]
        if total or alert.left:
            tables.append(_table(plain(title), columns, [*rows.get(alert.name, ()), *left], total + len(alert.left)))
    return Section("Alerts", tuple(tables))


def _problems(plan: Plan) -> Iterator[Section]:
    def row(item: DataProblem) -> tuple[str, ...]:
        return (item.code, item.message, item.entity, f"{item.count:,}", ", ".join(item.examples))

    for title, problems in (("Data errors", plan.data_errors), ("Data warnings", plan.data_warnings)):
        columns = ("code", "what", "of", "rows", "the first")
        yield Section(title, (_table("", columns, [row(item) for item in problems]),) if problems else ())


def _balances(plan: Plan) -> Section:
    tables = []
    for found in plan.header.balances:
        rows = [
            (member.member, *(f"{before} -> {after}" for before, after in zip(member.before, member.after, strict=True)), member.capacity)
            for member in found.members
        ]
        tables.append(_table(f"{plain(found.rule)}: {found.moved:,} moved", ("value", *found.measures, "capacity"), rows))
    return Section("Balance, before -> as planned", tuple(tables))


def _guards(plan: Plan) -> Section:
    rows = [
        (guard.name, verdict_word(guard), f"{guard.changes:,} of {guard.total:,}", f"at most {guard.bound}") for guard in plan.header.guards
    ]
    return Section("Guards", (_table("", ("guard", "verdict", "changed", "bound"), rows),) if rows else ())
