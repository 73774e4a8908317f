"""A plan as text: what would change, grouped, with examples and reasons; then what stands in its way, the totals, and what to do next.

The totals come last: on a terminal that is what stays in sight.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assignrules.ir.changes import Conflict, DataProblem, GuardVerdict, Printed
from assignrules.ir.values import shown
from assignrules.plan.model import Alert, AlertHead, Balance, Plan
from assignrules.plan.nouns import Nouns, planned_nouns
from assignrules.report.lines import alert_table
from assignrules.report.page import BOLD, DIM, GREEN, RED, YELLOW, Page, count, plain
from assignrules.report.proposals import proposals_text

GROUPS = 8  # differences of a target that are listed; the others are counted
EXAMPLES = 3  # customers of a difference that are named
NONE = "(none)"  # a state that is missing; a dash before an arrow reads badly
LISTED = 5  # held changes, conflicts and keys that are named
NEW, CHANGED, ENDED = ("set", "add", "grant"), ("change", "amend"), ("clear", "remove", "withdraw")


@dataclass(slots=True)
class _Group:
    """Changes from one state to another."""

    action: str
    before: Printed
    after: Printed
    count: int = 0
    examples: list[Mapping[str, Any]] = field(default_factory=list)
    places: dict[str, None] = field(default_factory=dict)


def plan_text(plan: Plan, page: Page, *, summary: bool = False, full: bool = False, next_step: str | None = None) -> str:
    """The plan for a person. ``summary``: without the difference. ``full``: every change, and the parameters. ``next_step``: the command
    that applies it."""
    lines = [*_head(plan, page, full), ""]
    if not summary:
        lines += _all_changes(plan, page) if full else _difference(plan, page)
        lines += _held(plan, page, full)
        lines += _conflicts(plan, page, full)
        lines += proposals_text(plan.proposals, page, full=full)
    lines += _alerts(plan, page, summary=summary, full=full)
    for title, problems, color in (("Data errors", plan.data_errors, RED), ("Data warnings", plan.data_warnings, YELLOW)):
        lines += _data_problems(title, problems, page, color)
    lines += _balances(plan, page)
    lines += _guards(plan, page)
    if summary:
        lines += proposals_text(plan.proposals, page, named=0)
    lines += _totals(plan, page)
    lines += verdict_lines(plan, page, next_step)
    return "\n".join(lines) + "\n"


def state(value: Printed) -> str:
    """A state as people read it."""
    return NONE if value is None else plain(shown(value))


def unit_name(target: str, member: str | None) -> str:
    """``scenario``, ``group "Risky"``."""
    return target if member is None else f'{target} "{plain(member)}"'


def subjects(target: str, number: int, nouns: Nouns) -> str:
    """How many subjects of a target: ``1 customer``, ``1,234 documents``."""
    entity = nouns.entities.get(target, "subject")
    return count(number, entity, nouns.plurals.get(entity))


def _head(plan: Plan, page: Page, full: bool) -> list[str]:
    header = plan.header
    what = "Plan" if header.reverts is None else f"Plan to revert run {header.reverts}"
    lines = [page.heading(f"{what} for {header.as_of.isoformat()}, environment {header.environment}")]
    if full and header.parameters:
        lines.append("  " + ", ".join(f"{name} = {state(value)}" for name, value in header.parameters.items()))
    return lines


def _groups(plan: Plan) -> Iterator[tuple[str, str | None, list[_Group]]]:
    """The changes of each target and member, the most frequent difference first, then in the plan's order. One pass over the changes."""
    units: dict[tuple[str, str | None], dict[tuple[str, Printed, Printed], _Group]] = {}
    for line in plan.changes:
        change = json.loads(line)
        key = (change["action"], change["before"], change["after"])
        groups = units.setdefault((change["target"], change["member"]), {})
        group = groups.get(key)
        if group is None:
            group = groups[key] = _Group(*key)
        group.count += 1
        if len(group.examples) < EXAMPLES:
            group.examples.append(change)
        if len(group.places) < EXAMPLES and plan.header.reverts is None:
            group.places[place_of(change)] = None
    for (target, member), groups in units.items():
        yield target, member, sorted(groups.values(), key=lambda item: -item.count)


def place_of(change: Mapping[str, Any]) -> str:
    """Where the rule of a change stands."""
    line = change["line"]
    if line is None:
        return str(change["at"])
    return f"{change['at']} ({'otherwise' if line == 'otherwise' else f'line {line}'})"


def _difference(plan: Plan, page: Page) -> list[str]:
    lines: list[str] = []
    nouns = planned_nouns(plan.header)
    for target, member, groups in _groups(plan):
        lines.append(page.heading(unit_name(target, member)))
        for group in groups[:GROUPS]:
            places = ", ".join(group.places)
            text = f"  {change_words(group.action, group.before, group.after)}: {page.paint(subjects(target, group.count, nouns), BOLD)}"
            lines.append(f"{text}  {page.paint(plain(places), DIM)}" if places else text)
            lines += _examples(group, page)
        rest = groups[GROUPS:]
        if rest:
            total = sum(group.count for group in rest)
            lines.append(f"  {count(len(rest), 'other difference')}: {subjects(target, total, nouns)}")
        lines.append("")
    return lines


def change_words(action: str, before: Printed, after: Printed) -> str:
    """What happens to a state: ``added``, ``granted 20000.00 EUR``, ``Automatic -> Standard``."""
    match action:
        case "add":
            return "added"
        case "remove":
            return "removed"
        case "grant":
            return f"granted {state(after)}"
        case "withdraw":
            return f"withdrawn (was {state(before)})"
        case _:
            return f"{state(before)} -> {state(after)}"


def _examples(group: _Group, page: Page) -> list[str]:
    keys = max(len(plain(change["subject"])) for change in group.examples)
    lines = []
    for change in group.examples:
        who = plain(change["subject"]).ljust(keys)
        if change["label"]:
            who += f"  {plain(change['label'])}"
        why = f": {plain(change['because'])}" if change["because"] else ""
        manual = " (changed by hand)" if change["manual"] else ""
        lines.append(page.cut(f"    {who}{manual}{why}"))
    if group.count > len(group.examples):
        lines.append(page.paint(f"    … and {group.count - len(group.examples):,} more", DIM))
    return lines


def _all_changes(plan: Plan, page: Page) -> list[str]:
    lines: list[str] = []
    unit: tuple[str, str | None] | None = None
    for text in plan.changes:
        change = json.loads(text)
        if unit != (change["target"], change["member"]):
            if unit is not None:
                lines.append("")
            unit = (change["target"], change["member"])
            lines.append(page.heading(unit_name(*unit)))
        words = change_words(change["action"], change["before"], change["after"])
        label = f"  {plain(change['label'])}" if change["label"] else ""
        because = f"  because {plain(change['because'])}" if change["because"] else ""
        manual = " (changed by hand)" if change["manual"] else ""
        lines.append(f"  {plain(change['subject'])}{label}{manual}: {words}{because}  {page.paint(plain(place_of(change)), DIM)}")
    return [*lines, ""] if lines else []


def _held(plan: Plan, page: Page, full: bool) -> list[str]:
    if not plan.held:
        return []
    lines = [page.heading(f"Held: {count(len(plan.held), 'change')} that the rules want, and that will not be made")]
    nouns = planned_nouns(plan.header)
    by_unit: dict[tuple[str, str | None, str], list[Any]] = {}
    for item in plan.held:
        by_unit.setdefault((item.target, item.member, item.held_by), []).append(item)
    for (target, member, held_by), items in by_unit.items():
        lines.append(f"  {unit_name(target, member)}, held by {held_by}: {subjects(target, len(items), nouns)}")
        named = items if full else items[:EXAMPLES]
        lines += [page.cut(f"    {plain(item.subject)}: {state(item.before)} -> {state(item.after)}") for item in named]
        if len(items) > len(named):
            lines.append(page.paint(f"    … and {len(items) - len(named):,} more", DIM))
    return [*lines, ""]


def _conflicts(plan: Plan, page: Page, full: bool) -> list[str]:
    if not plan.conflicts:
        return []
    named = plan.conflicts if full else plan.conflicts[:LISTED]
    if plan.header.reverts is not None:
        return _left(plan, named, page)
    lines = [page.heading(f"Conflicts: {count(len(plan.conflicts), 'subject')} on both sides of a rule; removal wins")]
    lines += [f"  {plain(item.subject)}: {unit_name(item.target, item.member)}  {page.paint(item.at, DIM)}" for item in named]
    if len(plan.conflicts) > len(named):
        lines.append(page.paint(f"  … and {len(plan.conflicts) - len(named):,} more", DIM))
    return [*lines, ""]


def _alerts(plan: Plan, page: Page, *, summary: bool, full: bool) -> list[str]:
    """Each alert with what came, stays and left, and the first of its rows with what it shows: the new ones first."""
    if not any(alert.entered or alert.stay or alert.left for alert in plan.alerts):
        return []
    heads = {head.name: head for head in plan.header.alerts}
    nouns = planned_nouns(plan.header)
    rows: dict[str, list[Mapping[str, Any]]] = {}
    for line in plan.alert_rows:
        row = json.loads(line)
        rows.setdefault(row["alert"], []).append(row)
    lines = [page.heading("Alerts")]
    for alert in plan.alerts:
        if not (alert.entered or alert.stay or alert.left):
            continue
        head = heads.get(alert.name)
        lines.append(f"  {_alert_title(alert, head)}: {_alert_counts(alert, head, nouns)}")
        if summary:
            continue
        ordered = sorted(rows.get(alert.name, ()), key=lambda row: row["state"] != "entered")
        named = ordered if full else ordered[:LISTED]
        columns = ("", "key", *(plain(column) for column in (head.columns if head is not None else ())))
        cells = [["new" if row["state"] == "entered" else "", row["subject"], *row["show"]] for row in named]
        if cells:
            lines += alert_table(columns, cells, page, "    ")
        if len(ordered) > len(named):
            lines.append(page.paint(f"    … and {len(ordered) - len(named):,} more", DIM))
        gone = alert.left if full else alert.left[:LISTED]
        if gone:
            more = f" … and {len(alert.left) - len(gone):,} more" if len(alert.left) > len(gone) else ""
            lines.append(page.cut(f"    left: {', '.join(map(plain, gone))}{more}"))
    return [*lines, ""]


def _alert_title(alert: Alert, head: AlertHead | None) -> str:
    if head is None:
        return plain(alert.name)
    words = ([f"level {head.level}"] if head.level else []) + ([f"for {head.audience}"] if head.audience else [])
    label = f' "{plain(head.label)}"' if head.label else ""
    return f"{plain(alert.name)}{label}" + (f" ({', '.join(words)})" if words else "")


def _alert_counts(alert: Alert, head: AlertHead | None, nouns: Nouns) -> str:
    plural = None if head is None else nouns.plurals.get(head.entity)
    total = len(alert.entered) + len(alert.stay)
    rows = count(total, "row") if head is None or plural is None else count(total, head.entity.replace("_", " "), plural.replace("_", " "))
    return f"{rows}, {len(alert.entered):,} new, {len(alert.left):,} left"


def _left(plan: Plan, named: Sequence[Conflict], page: Page) -> list[str]:
    """What a revert leaves as it is."""
    lines = [page.heading(f"Conflicts: {count(len(plan.conflicts), 'change')} of run {plan.header.reverts} whose result no longer stands")]
    for item in named:
        words = f"{state(item.before)} now, not set back to {state(item.after)}"
        lines.append(page.cut(f"  {plain(item.subject)}: {unit_name(item.target, item.member)} is {words}  {page.paint(item.at, DIM)}"))
    if len(plan.conflicts) > len(named):
        lines.append(page.paint(f"  … and {len(plan.conflicts) - len(named):,} more", DIM))
    return [*lines, ""]


def _data_problems(title: str, problems: Sequence[DataProblem], page: Page, color: str) -> list[str]:
    if not problems:
        return []
    lines = [page.paint(title, BOLD, color)]
    for item in problems:
        rows = f"{count(item.count, 'row')} of {item.entity}"
        examples = f": {', '.join(plain(key) for key in item.examples)}" if item.examples else ""
        more = ", …" if item.examples and item.count > len(item.examples) else ""
        lines.append(f"  {item.code} {plain(item.message)} ({rows}{examples}{more})")
    return [*lines, ""]


def _balances(plan: Plan, page: Page) -> list[str]:
    """What each `distribute` reached: before -> as planned."""
    return [line for balance in plan.header.balances for line in (*balance_lines(balance, page), "")]


def balance_lines(balance: Balance, page: Page) -> list[str]:
    """What each value of a `distribute` has, by its measures."""
    bounded = any(member.capacity is not None for member in balance.members)
    rows = [[plain(balance.rule), *(plain(measure) for measure in balance.measures), *(["capacity"] if bounded else [])]]
    for member in balance.members:
        totals = [f"{before} -> {after}" for before, after in zip(member.before, member.after, strict=True)]
        rows.append([plain(member.member), *totals, *(["." if member.capacity is None else str(member.capacity)] if bounded else [])])
    title = page.heading("Balance, before -> as planned") + page.paint(f"  ({balance.moved:,} moved)", DIM)
    return [title, *page.table(rows, indent="  ", right=tuple(range(1, len(rows[0]))))]


def _guards(plan: Plan, page: Page) -> list[str]:
    guards = plan.header.guards
    if not guards:
        return []
    rows = [[guard.name, verdict_word(guard), f"{guard.changes:,} of {guard.total:,} changed, at most {guard.bound}"] for guard in guards]
    # A colour has no width, so the words are set before they are painted.
    lines = page.table(rows, indent="  ")
    return [page.heading("Guards"), *(_painted(line, guard, page) for line, guard in zip(lines, guards, strict=True)), ""]


def verdict_word(guard: GuardVerdict) -> str:
    """What a guard says."""
    return "passed" if guard.passed else "overridden" if guard.overridden else "TRIPPED"


def _painted(line: str, guard: GuardVerdict, page: Page) -> str:
    return line if guard.passed else page.paint(line, YELLOW if guard.overridden else RED, BOLD)


def _totals(plan: Plan, page: Page) -> list[str]:
    rows = total_rows(plan)
    return [*page.table(rows, right=(1, 2, 3, 4), header=True), ""] if rows else []


def total_rows(plan: Plan) -> list[list[str]]:
    """By target how many changes of each kind there are, below a header; nothing where there are none."""
    rows = [["Summary", "new", "changed", "ended", "held", "of"]]
    totals = [0, 0, 0, 0]
    for target, words in plan.header.summary.items():
        numbers = [sum(words.get(action, 0) for action in actions) for actions in (NEW, CHANGED, ENDED, ("held",))]
        if any(numbers):
            totals = [total + number for total, number in zip(totals, numbers, strict=True)]
            rows.append([target, *_numbers(numbers), _population(plan, target)])
    if len(rows) == 1:
        return []
    if len(rows) > 2:
        rows.append(["all", *_numbers(totals), ""])
    return rows


def _numbers(numbers: Sequence[int]) -> list[str]:
    return [f"{number:,}" if number else "." for number in numbers]


def _population(plan: Plan, target: str) -> str:
    nouns = planned_nouns(plan.header)
    number = plan.header.subjects.get(nouns.entities.get(target, ""))
    return "" if number is None else subjects(target, number, nouns)


def verdict_lines(plan: Plan, page: Page, next_step: str | None) -> list[str]:
    """What the plan comes to, whether it can be applied, and how."""
    total = len(plan.changes)
    tripped = [guard for guard in plan.header.guards if not (guard.passed or guard.overridden)]
    if not plan.header.applicable:
        lines = [page.paint(f"{count(total, 'change')}, but this plan cannot be applied:", BOLD, RED)]
        lines += [f"  the data has errors ({item.code}): {plain(item.message)}" for item in plan.data_errors]
        lines += [f"  requirement `{item.name}` fails" for item in plan.requirements if not item.warning]
        for guard in tripped:
            lines.append(f"  guard `{guard.name}` tripped: {guard.changes:,} of {guard.total:,}, at most {guard.bound}")
        if plan.header.reverts is not None and plan.conflicts:
            lines.append(f"  the state that run {plan.header.reverts} left stands no more for {len(plan.conflicts):,} of its changes")
            lines.append("Look at the conflicts; --skip-conflicts leaves them, and sets the others back")
        if tripped and not plan.data_errors:
            # A block's own guard and the project's go by one name, and one option lifts both.
            options = " ".join(f"--override-guard {_argument(name)}" for name in dict.fromkeys(guard.name for guard in tripped))
            lines.append(f"Look at the changes; if they are meant, add {options}")
        return lines
    proposals = len(plan.proposes)
    if not total and not proposals:
        text = "everything already is as the rules want it" if plan.header.reverts is None else "there is nothing to set back"
        return [page.paint(f"No change: {text}.", BOLD, GREEN)]
    units = len(
        {words for words, counts in plan.header.summary.items() if any(number for word, number in counts.items() if word != "held")}
    )
    text = f"{count(total, 'change')} in {count(units, 'target')}" if total else "No change"
    if proposals:
        text += f", {count(proposals, 'proposal')} to write to the outbox"
    if next_step is None:
        return [page.paint(f"{text}.", BOLD)]
    return [page.paint(f"{text}. This is only a plan: nothing was written.", BOLD), f"Apply with: {page.paint(next_step, GREEN)}"]


def _argument(text: str) -> str:
    return text if all(character.isalnum() or character in "_-:.#" for character in text) else f"'{text}'"
