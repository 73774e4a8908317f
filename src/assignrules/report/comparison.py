"""What two revisions of the rules come to over the same data, as text and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from assignrules.ir.changes import Conflict, DataProblem, GuardVerdict, Held, Printed
from assignrules.plan.comparison import Comparison, Difference, Outcome, Sides
from assignrules.plan.model import Header
from assignrules.plan.nouns import planned_nouns
from assignrules.report.diagnostics import document
from assignrules.report.page import BOLD, DIM, GREEN, RED, Page, count, plain
from assignrules.report.plan import EXAMPLES, GROUPS, LISTED, state, subjects, unit_name, verdict_word

T = TypeVar("T")
Names = tuple[str, str]  # of the two revisions
Named = tuple[str, str | None]  # a revision and its commit; None: the working tree
Group = tuple[Printed, Printed, str, str]  # the states of both, and the places of the rules that decide them
STAYS = "stays as it is"


def comparison_text(first: Named, second: Named, found: Comparison, page: Page, *, full: bool = False) -> str:
    """For a person: groups of outcomes that differ, with examples; with ``full`` every subject and the reasons. The totals come last."""
    names = plain(first[0]), plain(second[0])
    shown = [name if commit is None else f"{name} ({commit[:10]})" for name, (_, commit) in zip(names, (first, second), strict=True)]
    header = found.second
    when = f"for {header.as_of.isoformat()}, environment {header.environment}"
    lines = [page.heading(f"Rules: {shown[0]} -> {shown[1]}, {when}")]
    lines += [f"  {name}: {state(before)} -> {state(after)}" for name, (before, after) in found.parameters.items()]
    lines += ["", *_differences(found, page, full)]
    most = None if full else LISTED
    parts: list[tuple[str, Sides[str]]] = [("Held", _texts(found.held, _held)), ("Conflicts", _texts(found.conflicts, _conflict))]
    parts += [(f"Requirement `{plain(name)}` fails", _texts(rows, plain)) for name, rows in found.requirements.items()]
    parts += [(f"Alert {plain(name)}", _texts(rows, plain)) for name, rows in found.alerts.items()]
    parts += [
        ("Proposals", _texts(found.proposals, lambda item: plain(f"{item[1]} {item[0]}: {item[2]}"))),
        ("Data errors", _texts(found.data_errors, _problem)),
        ("Data warnings", _texts(found.data_warnings, _problem)),
    ]
    for title, sides in parts:
        lines += _listed(title, names, sides, page, most)
    lines += _guards(found, page)
    lines += _totals(found, names, page)
    if found.differs:
        lines.append(page.paint(f"{count(len(found.differences), 'outcome')} would differ. Nothing was written.", BOLD))
    else:
        lines.append(page.paint("No difference: both come to the same for everybody.", BOLD, GREEN))
    for name, side in zip(names, (found.first, found.second), strict=True):
        if not side.applicable:
            lines.append(page.paint(f"The plan of {name} could not be applied.", BOLD, RED))
    return "\n".join(lines) + "\n"


def comparison_json(first: Named, second: Named, found: Comparison) -> str:
    """The whole comparison as one document."""
    counted = {target: {"differ": differ, "first": one, "second": other} for target, differ, one, other in _counts(found)}
    return document(
        {
            "diff": {
                "as_of": found.second.as_of.isoformat(),
                "environment": found.second.environment,
                "first": _side(first, found.first),
                "second": _side(second, found.second),
                "differs": found.differs,
                "summary": counted,
                "parameters": {name: {"first": one, "second": other} for name, (one, other) in found.parameters.items()},
            },
            "differences": [asdict(item) for item in found.differences],
            "held": _both(found.held, asdict),
            "conflicts": _both(found.conflicts, asdict),
            "guards": [{"name": name, "first": _verdict(one), "second": _verdict(other)} for name, (one, other) in found.guards.items()],
            "requirements": {name: _both(rows, str) for name, rows in found.requirements.items()},
            "alerts": {name: _both(rows, str) for name, rows in found.alerts.items()},
            "proposals": _both(found.proposals, lambda item: dict(zip(("proposal", "action", "subject"), item, strict=True))),
            "data_errors": _both(found.data_errors, asdict),
            "data_warnings": _both(found.data_warnings, asdict),
        }
    )


def _side(named: Named, header: Header) -> dict[str, object]:
    name, commit = named
    return {"revision": name, "commit": commit, "ruleset": header.ruleset, "schema": header.schema, "applicable": header.applicable}


def _both(sides: Sides[T], form: Callable[[T], object]) -> dict[str, list[object]]:
    return {"first": [form(item) for item in sides.first], "second": [form(item) for item in sides.second]}


def _verdict(guard: GuardVerdict | None) -> dict[str, Any] | None:
    return None if guard is None else asdict(guard)


def _differences(found: Comparison, page: Page, full: bool) -> list[str]:
    units: dict[tuple[str, str | None], dict[Group, list[Difference]]] = {}
    for item in found.differences:
        group = (item.first.after, item.second.after, _place(item.first), _place(item.second))
        units.setdefault((item.target, item.member), {}).setdefault(group, []).append(item)
    lines: list[str] = []
    nouns = planned_nouns(found.first, found.second)
    for (target, member), groups in units.items():
        lines.append(page.heading(unit_name(target, member)))
        ordered = sorted(groups.items(), key=lambda entry: -len(entry[1]))
        shown = ordered if full else ordered[:GROUPS]
        for (before, after, place, other), items in shown:
            words = f"  {_state(before)} -> {_state(after)}: {page.paint(subjects(target, len(items), nouns), BOLD)}"
            lines.append(f"{words}  {page.paint(f'{place} -> {other}' if place != other else place, DIM)}")
            lines += _examples(items, page, full)
        rest = sum(len(items) for _, items in ordered[len(shown) :])
        if rest:
            lines.append(f"  {count(len(ordered) - len(shown), 'other difference')}: {subjects(target, rest, nouns)}")
        lines.append("")
    return lines


def _examples(items: list[Difference], page: Page, full: bool) -> list[str]:
    named = items if full else items[:EXAMPLES]
    keys = max(len(plain(item.subject)) for item in named)
    lines = []
    for item in named:
        who = f"    {plain(item.subject).ljust(keys)}" + (f"  {plain(item.label)}" if item.label else "")
        reasons = item.first.because, item.second.because
        if full and any(reasons):
            who += ": " + " -> ".join(dict.fromkeys(plain(reason) if reason else "." for reason in reasons))
        lines.append(who.rstrip() if full else page.cut(who.rstrip()))
    if len(items) > len(named):
        lines.append(page.paint(f"    … and {len(items) - len(named):,} more", DIM))
    return lines


def _place(outcome: Outcome) -> str:
    """Where the rule stands that decides an outcome."""
    if outcome.rule is None:
        return STAYS if outcome.held_by is None else f"held by {outcome.held_by}"
    line = "" if outcome.line is None else " (otherwise)" if outcome.line == "otherwise" else f" (line {outcome.line})"
    return plain(f"{outcome.at}{line}")


def _state(value: Printed) -> str:
    if isinstance(value, bool):
        return "in" if value else "not in"
    return state(value)


def _held(item: Held) -> str:
    words = f"{_state(item.before)} -> {_state(item.after)}"
    return f"{plain(item.subject)}: {unit_name(item.target, item.member)}, {words}, by {item.held_by}"


def _conflict(item: Conflict) -> str:
    return f"{plain(item.subject)}: {unit_name(item.target, item.member)}"


def _problem(item: DataProblem) -> str:
    return f"{item.code} {plain(item.message)} ({count(item.count, 'row')} of {item.entity})"


def _texts(sides: Sides[T], form: Callable[[T], str]) -> Sides[str]:
    return Sides(tuple(map(form, sides.first)), tuple(map(form, sides.second)))


def _listed(title: str, names: Names, sides: Sides[str], page: Page, most: int | None) -> list[str]:
    """What one of the two has alone; the first few, or all."""
    if not sides:
        return []
    lines = [page.heading(title)]
    for name, items in zip(names, (sides.first, sides.second), strict=True):
        if items:
            lines.append(f"  only with {name}: {len(items):,}")
            named = items[:most]
            lines += [page.cut(f"    {item}") for item in named]
            if len(items) > len(named):
                lines.append(page.paint(f"    … and {len(items) - len(named):,} more", DIM))
    return [*lines, ""]


def _guards(found: Comparison, page: Page) -> list[str]:
    if not found.guards:
        return []
    rows = [[plain(name), f"{_said(one)} -> {_said(other)}"] for name, (one, other) in found.guards.items()]
    return [page.heading("Guards"), *page.table(rows, indent="  "), ""]


def _said(guard: GuardVerdict | None) -> str:
    if guard is None:
        return "(none)"
    return f"{verdict_word(guard)}, {guard.changes:,} of {guard.total:,}, at most {guard.bound}"


def _totals(found: Comparison, names: Names, page: Page) -> list[str]:
    counts = [row for row in _counts(found) if any(row[1:])]
    if not counts:
        return []
    rows = [["Summary", "differ", f"changes of {names[0]}", f"changes of {names[1]}"]]
    rows += [[target, *(f"{number:,}" if number else "." for number in numbers)] for target, *numbers in counts]
    return [*page.table(rows, right=(1, 2, 3), header=True), ""]


def _counts(found: Comparison) -> Iterator[tuple[str, int, int, int]]:
    """By target, how many outcomes differ, and how many changes either plan has."""
    differ: dict[str, int] = {}
    for item in found.differences:
        differ[item.target] = differ.get(item.target, 0) + 1
    summaries = found.first.summary, found.second.summary
    for target in sorted({*summaries[0], *summaries[1], *differ}):
        if found.target not in (None, target):
            continue
        one, other = (_changes(summary.get(target, {})) for summary in summaries)
        yield target, differ.get(target, 0), one, other


def _changes(actions: Mapping[str, int]) -> int:
    return sum(number for action, number in actions.items() if action != "held")
