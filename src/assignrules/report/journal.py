"""The journal as text and JSON: its runs, one run, what happened to one customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from assignrules.ir.changes import Change, Drifted, Printed, Proposed
from assignrules.journal.tables import Run
from assignrules.plan.nouns import nouns_of
from assignrules.report.diagnostics import document
from assignrules.report.page import DIM, Page, count, plain
from assignrules.report.plan import EXAMPLES, GROUPS, change_words, state, subjects, unit_name
from assignrules.report.proposals import proposals_text
from assignrules.schema.logical import Schema, credit

Unit = tuple[str, str | None]

Alerts = Mapping[str, Sequence[str]]  # by name, the keys of the rows
KEYS = 10  # of an alert that are named


def runs_text(runs: Sequence[Run], page: Page) -> str:
    """One line a run."""
    if not runs:
        return "The journal is empty: nothing has been applied yet.\n"
    rows = [["run", "finished (UTC)", "as of", "mode", "user", "changes", "what"]]
    rows += [
        [str(run.id), _time(run.finished), run.as_of.isoformat(), run.mode, plain(run.user), f"{run.changes:,}", _what(run)] for run in runs
    ]
    return "".join(f"{line}\n" for line in page.table(rows, right=(0, 5), header=True))


def runs_json(runs: Sequence[Run]) -> str:
    """All runs as one document."""
    return document({"runs": [run_object(run) for run in runs]})


def run_text(
    run: Run,
    changes: Sequence[Change],
    page: Page,
    alerts: Alerts = MappingProxyType({}),
    proposals: Sequence[Proposed] = (),
    *,
    schema: Schema | None = None,
    full: bool = False,
) -> str:
    """One run: who, when, why, its changes, what became of proposals, and the rows that the alerts had then. ``schema``: the project's, the
    built-in one unless given."""
    nouns = nouns_of(schema or credit())
    rows = [
        ["as of", run.as_of.isoformat()],
        ["applied", f"{_time(run.finished)} UTC by {plain(run.user)}" + (f" (login {plain(run.login)})" if run.login != run.user else "")],
        ["environment", run.environment],
    ]
    rows += [
        [name, plain(str(value))]
        for name, value in (
            ("reason", run.reason),
            ("approved by", run.approved_by),
            ("overridden", ", ".join(run.overrides)),
            ("reverts", run.reverts),
            ("parameters", ", ".join(f"{key} = {value}" for key, value in run.parameters.items())),
            ("rules", run.ruleset),
            ("git", run.git),
            ("hash", run.hash),
        )
        if value not in (None, "")
    ]
    lines = [page.heading(f"Run {run.id}: {count(run.changes, 'change')}"), *page.table(rows, indent="  "), ""]
    units: dict[tuple[str, str | None], dict[str, list[Change]]] = {}
    for change in changes:
        units.setdefault((change.target, change.member), {}).setdefault(_words(change), []).append(change)
    for (target, member), groups in units.items():
        lines.append(page.heading(unit_name(target, member)))
        ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
        for words, members in ordered if full else ordered[:GROUPS]:
            lines.append(f"  {words}: {subjects(target, len(members), nouns)}")
            named = members if full else members[:EXAMPLES]
            lines += [page.cut(f"    {plain(item.subject)}{_label(item)}{_by_hand(item)}{_because(item)}") for item in named]
            if len(members) > len(named):
                lines.append(page.paint(f"    … and {len(members) - len(named):,} more", DIM))
        rest = [] if full else ordered[GROUPS:]
        if rest:
            lines.append(f"  {count(len(rest), 'other difference')}: {subjects(target, sum(len(members) for _, members in rest), nouns)}")
    if proposals:
        lines += ["", *proposals_text(proposals, page, full=full)] if units else proposals_text(proposals, page, full=full)
    if alerts:
        lines += ["", page.heading("Alerts")] if units and not proposals else [page.heading("Alerts")]
    for name, keys in alerts.items():
        shown = keys if full else keys[:KEYS]
        more = f", … and {len(keys) - len(shown):,} more" if len(keys) > len(shown) else ""
        lines.append(page.cut(f"  {plain(name)}: {count(len(keys), 'row')}: {', '.join(map(plain, shown))}{more}"))
    return "\n".join(lines).rstrip() + "\n"


def run_json(run: Run, changes: Sequence[Change], alerts: Alerts = MappingProxyType({}), proposals: Sequence[Proposed] = ()) -> str:
    """One run with all its changes, the rows of the alerts, by name, and what became of proposals."""
    rows = {name: list(keys) for name, keys in alerts.items()}
    parts = {"changes": [asdict(change) for change in changes], "alerts": rows, "proposals": [asdict(item) for item in proposals]}
    return document({"run": run_object(run), **parts})


def history_text(customer: str, entries: Sequence[tuple[Run, Change]], page: Page, since: Sequence[Drifted] = ()) -> str:
    """What happened to a customer, run by run; between them, and ``since`` the last, what was changed by hand."""
    if not entries:
        return f"Nothing was ever changed for {plain(customer)}.\n"
    label = next((change.label for _, change in reversed(entries) if change.label), None)
    lines = [page.heading(plain(customer) + (f"  {plain(label)}" if label else ""))]
    left: dict[tuple[str, str | None], Printed] = {}
    last: int | None = None
    for run, change in entries:
        if run.id != last:
            by_hand = [item for other, item in entries if other.id == run.id and item.manual]
            lines += _hand_lines("by hand", [((item.target, item.member), item.before) for item in by_hand], left)
            what = run.mode if run.reverts is None else f"{run.mode} of run {run.reverts}"
            lines.append(f"run {run.id}, as of {run.as_of.isoformat()}, {what} by {plain(run.user)}")
            last = run.id
        left[change.target, change.member] = change.after
        lines.append(page.cut(f"    {unit_name(change.target, change.member)}  {_words(change)}{_because(change)}"))
    lines += _hand_lines("since then, by hand", [((item.target, item.member), item.now) for item in since], left)
    return "\n".join(lines) + "\n"


def history_json(customer: str, entries: Sequence[tuple[Run, Change]], since: Sequence[Drifted] = ()) -> str:
    """The same as one document. ``by_hand``: the states now that are not those that the last change left."""
    left = {(change.target, change.member): change.after for _, change in entries}
    by_hand = [
        {"target": item.target, "member": item.member, "before": left.get((item.target, item.member)), "after": item.now} for item in since
    ]
    changes = [{"run": run.id, "as_of": run.as_of.isoformat(), **asdict(change)} for run, change in entries]
    return document({"subject": customer, "changes": changes, "by_hand": by_hand})


def run_object(run: Run) -> dict[str, Any]:
    """A run as a JSON object; times are UTC."""
    return {name: _jsonable(getattr(run, name)) for name in Run.__slots__}


def _words(change: Change) -> str:
    return change_words(change.action, change.before, change.after)


def _what(run: Run) -> str:
    parts = []
    for target, words in run.counts.items():
        number = sum(value for word, value in words.items() if word != "held")
        if number:
            parts.append(f"{target} {number:,}")
    text = ", ".join(parts) or "no change"
    if run.reverts is not None:
        text = f"reverts run {run.reverts}: {text}"
    return f"{text}; {plain(run.reason)}" if run.reason else text


def _by_hand(change: Change) -> str:
    return " (changed by hand before)" if change.manual else ""


def _hand_lines(title: str, states: Sequence[tuple[Unit, Printed]], left: Mapping[Unit, Printed]) -> list[str]:
    """What became of the states that the changes before had left."""
    lines = []
    for unit, after in states:
        of_set = unit[1] is not None and isinstance(after, bool)
        words = ("added" if after else "removed") if of_set else f"{state(left.get(unit))} -> {state(after)}"
        lines.append(f"    {unit_name(*unit)}  {words}")
    return [title, *lines] if lines else []


def _label(change: Change) -> str:
    return f"  {plain(change.label)}" if change.label else ""


def _because(change: Change) -> str:
    return f": {plain(change.because)}" if change.because else ""


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S")


def _jsonable(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value
