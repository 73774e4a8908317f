"""Runs a rule test and says where what came differs from what was expected."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from assignrules.databases.base import NumberTooLarge
from assignrules.diagnostics import Diagnostic, SourceFile, Span, diagnostic
from assignrules.ir.calendars import Calendars, calendars_of
from assignrules.ir.changes import Change, Conflict, Held, Proposed
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.types import BOOLEAN
from assignrules.ir.values import Value, printed, shown
from assignrules.schema.calendars import known_calendar, public_holidays
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import Schema, Shape
from assignrules.testing.case import Case, Entry, Expectations, Line
from assignrules.testing.matching import IDENTITY, alike, matched, set_differences
from assignrules.testing.planner import Planner, Session
from assignrules.testing.proposals import said, same_said
from assignrules.testing.reports import alert_differences, line_differences
from assignrules.testing.typed import Written, same, typed

STATES = ("before", "after")
Item = Change | Held | Conflict | Proposed


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that came otherwise. ``where``: the key of ``expect``, as ``values C1.overdue``."""

    where: str
    message: str
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"

    def diagnostic(self) -> Diagnostic:
        """As a diagnostic of the case file."""
        return diagnostic("E0908", str(self), self.span)


def run_case(case: Case, planner: Planner, schema: Schema, *, rules: Sequence[SourceFile] = ()) -> list[Difference]:
    """Every difference between what a case expects and what the planner gives. ``rules``: the project's, for a case without its own."""
    ruleset, found = planner.check((case.rules,) if case.rules is not None else rules, case.params, case.project)
    differences = _compare_diagnostics(case, found)
    expect = case.expect
    if expect.searches is None and expect.values is None and expect.reports is None and not _plans(expect):
        return differences
    if ruleset is None:
        return [*differences, Difference("expect", "the rules have errors, so nothing was planned")]
    with opened(case, planner, ruleset) as session:
        return differences + _compare_session(case, schema, session, ruleset)


@contextmanager
def opened(case: Case, planner: Planner, ruleset: Ruleset) -> Iterator[Session]:
    """The rows of a case, ready to be asked."""
    _fill_holidays(case.given, calendars_of(ruleset))
    with planner.session(ruleset, case.given, case.as_of) as session:
        yield session


def _plans(expect: Expectations) -> bool:
    """Whether a case expects something of the plan."""
    parts = (
        expect.changes,
        expect.held,
        expect.conflicts,
        expect.applicable,
        expect.requirements,
        expect.proposals,
        expect.alerts,
        expect.data_errors,
        expect.data_warnings,
    )
    return any(part is not None for part in parts)


def _fill_holidays(given: Dataset, calendars: Calendars) -> None:
    """The holidays of the calendars that the rules count by, unless the case gives its own."""
    if "holidays" in given.rows:
        return
    found = {value for entity, name in calendars.fields for row in given.rows.get(entity, ()) if isinstance(value := row.get(name), str)}
    known = [calendar for calendar in sorted(found | calendars.names) if known_calendar(calendar)]
    if known:
        given.rows["holidays"] = [{"calendar": calendar, "on": day} for calendar in known for day in public_holidays(calendar)]


def _compare_session(case: Case, schema: Schema, session: Session, ruleset: Ruleset) -> list[Difference]:
    expect = case.expect
    found: list[Difference] = []

    def differ(key: str, message: str, detail: str = "", part: str | int | None = None) -> None:
        span = expect.spans.get(f"{key} {detail if part is None else part}", expect.spans.get(key))
        found.append(Difference(f"{key} {detail}".rstrip(), message, span))

    for name, keys in (expect.searches or {}).items():
        try:
            messages = set_differences(keys, session.search(name))
        except KeyError:
            differ("searches", "there is no such search", name)
        except NumberTooLarge as error:
            differ("searches", str(error), name)
        else:
            for message in messages:
                differ("searches", message, name)
    for entity, rows in (expect.values or {}).items():
        for where, message in _value_differences(session, entity, rows, case.project.currency):
            differ("values", message, where, entity if f"values {entity}" in expect.spans else where.rsplit(".", 1)[0])
    for name, lines in (expect.reports or {}).items():
        for message in _report_differences(session, ruleset, name, lines, case.project.currency):
            differ("reports", message, name)
    if not _plans(expect):
        return found
    outcome = session.plan()
    for key, expected, actual in (
        ("changes", expect.changes, outcome.changes),
        ("held", expect.held, outcome.held),
        ("conflicts", expect.conflicts, outcome.conflicts),
        ("proposals", expect.proposals, outcome.proposals),
    ):
        if expected is not None:
            for subject, message, number in _entry_differences(expected, actual, schema, case.project.currency):
                differ(key, message, subject, number)
    if expect.applicable is not None and expect.applicable is not outcome.applicable:
        differ("applicable", f"expected {shown(expect.applicable)}; came {shown(outcome.applicable)}")
    if expect.requirements is not None:
        for message in set_differences(expect.requirements, outcome.requirements):
            differ("requirements", message)
        for name in sorted(expect.requirements.keys() & outcome.requirements.keys()):
            for message in set_differences(expect.requirements[name], outcome.requirements[name]):
                differ("requirements", message, name)
    for where, message in alert_differences(expect.alerts, outcome.alerts) if expect.alerts is not None else ():
        differ("alerts", message, where, where.partition(" ")[0].partition(".")[0])
    for key, codes, problems in (
        ("data_errors", expect.data_errors, outcome.data_errors),
        ("data_warnings", expect.data_warnings, outcome.data_warnings),
    ):
        if codes is not None:
            for message in set_differences(codes, [problem.code for problem in problems]):
                differ(key, message)
    return found


def _report_differences(session: Session, ruleset: Ruleset, name: str, lines: Sequence[Line], currency: str) -> Iterator[str]:
    report = next((item for item in ruleset.reports if item.name == name), None)
    if report is None:
        yield "there is no such report"
        return
    try:
        came = session.report(name)
    except NumberTooLarge as error:
        yield str(error)
        return
    if came is None:
        yield "it has no lines, as the data has errors"
        return
    yield from line_differences(lines, came, report, currency)


def _compare_diagnostics(case: Case, found: Sequence[Diagnostic]) -> list[Difference]:
    """Codes against patterns; warnings count only where one is listed."""
    patterns = case.expect.diagnostics or ()
    counted = diagnostics_that_count(case, found)
    span = case.expect.spans.get("diagnostics")
    unmet = [pattern for pattern in patterns if not any(fnmatchcase(problem.code, pattern) for problem in counted)]
    differences = [Difference("diagnostics", f"expected, but did not come: {pattern}", span) for pattern in unmet]
    for problem in counted:
        if not any(fnmatchcase(problem.code, pattern) for pattern in patterns):
            differences.append(Difference("diagnostics", f"came, but was not expected: {problem.code} {problem.message}", problem.span))
    return differences


def diagnostics_that_count(case: Case, found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Errors, and warnings where the case lists one."""
    warnings = any(pattern.startswith("W") for pattern in case.expect.diagnostics or ())
    return [problem for problem in found if warnings or problem.code.startswith("E")]


def _value_differences(session: Session, entity: str, rows: Mapping[str, Entry], currency: str) -> list[tuple[str, str]]:
    names = sorted({name for entry in rows.values() for name in entry})
    try:
        actual, too_large = _values(session, entity, names)
    except KeyError as error:
        return [(entity, f"there is no `{error.args[0]}`")]
    found = list(too_large.items())
    for key, entry in rows.items():
        if key not in actual:
            found.append((key, f"there is no such {entity}"))
            continue
        for name, written in entry.items():
            if name in too_large:
                continue
            value = actual[key][name]
            if not same(written, value, currency):
                found.append((f"{key}.{name}", f"expected {_text(written)}; came {_text(printed(value))}"))
    return found


def _values(session: Session, entity: str, names: Sequence[str]) -> tuple[Mapping[str, Mapping[str, Value]], dict[str, str]]:
    """By key and name; and by name, what is wrong with those that a number too large keeps from being read at all."""
    try:
        return session.values(entity, names), {}
    except NumberTooLarge:
        rows: dict[str, dict[str, Value]] = {key: {} for key in session.values(entity, ())}
    too_large: dict[str, str] = {}
    for name in names:
        try:
            for key, row in session.values(entity, (name,)).items():
                rows[key].update(row)
        except NumberTooLarge as error:
            too_large[name] = str(error)
    return rows, too_large


def _entry_differences(expected: Sequence[Entry], actual: Sequence[Item], schema: Schema, currency: str) -> list[tuple[str, str, int]]:
    """What is wrong, by subject, with the number of the entry, or -1 for what none speaks of: entries that find no partner, those that
    speak of the same thing beside each other."""
    partner = matched([[fits(entry, item, schema, currency) for item in actual] for entry in expected])
    asked = {name for entry in expected for name in entry}
    missing = {number: entry for number, entry in enumerate(expected) if number not in partner}
    extra = {number: as_entry(item, asked) for number, item in enumerate(actual) if number not in partner.values()}
    found: list[tuple[str, str, int]] = []
    together = alike(missing, extra)
    for number, entry in missing.items():
        if number in together:
            item = extra.pop(together[number])
            one = {name: value for name, value in entry.items() if not fits({name: value}, actual[together[number]], schema, currency)}
            other = {name: part(actual[together[number]], name) for name in one}
            found.append((_about(item), f"expected {_listed(one)}; came {_listed(other)}", number))
        elif "subject" in entry:
            found.append((_about(entry), f"expected, but did not come{_rest(entry)}", number))
        else:
            found.append(("", f"expected, but did not come: {_entry(entry)}", number))
    found.extend((_about(item), f"came, but was not expected{_rest(item)}", -1) for item in extra.values())
    return sorted(found, key=lambda difference: difference[0])


def _about(entry: Entry) -> str:
    """The subject, and of what."""
    return " ".join(_text(entry[name]) for name in IDENTITY if entry.get(name) is not None)


def _rest(entry: Entry) -> str:
    rest = {name: value for name, value in entry.items() if name not in IDENTITY}
    return f": {_listed(rest)}" if rest else ""


def _listed(entry: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_text(value)}" for name, value in entry.items())


def fits(entry: Entry, item: Item, schema: Schema, currency: str) -> bool:
    """Whether what came is as an entry says."""
    if isinstance(item, Proposed):
        return all(same_said(written, said(item, name), currency) for name, written in entry.items())
    for name, written in entry.items():
        value = getattr(item, name)
        if name in STATES and entry.get("target", item.target) == item.target:
            if not _same_state(written, value, item.target, schema, currency):
                return False
        elif not same(written, value, currency):
            return False
    return True


def _same_state(written: Written, value: Any, target: str, schema: Schema, currency: str) -> bool:
    """Whether a scalar says a state as a plan prints it, by the target's type."""
    declared = schema.targets.get(target)
    if declared is None or written is None or value is None:
        return written is None and value is None
    type = BOOLEAN if declared.shape is Shape.SET else declared.type
    try:
        return typed(written, type, currency) == (value if isinstance(value, bool) else typed(str(value), type, currency))
    except ValueError:
        return False


def part(item: Item, name: str) -> Any:
    """A part of what came, by the name that an entry has for it."""
    return said(item, name) if isinstance(item, Proposed) else getattr(item, name)


def as_entry(item: Item, asked: Collection[str]) -> Entry:
    """What names a row, and all that the expected ones speak of."""
    if isinstance(item, Proposed):
        return {name: said(item, name) for name in dict.fromkeys(("proposal", "subject", "action", *sorted(asked)))}
    names = ("subject", "target", "member", "before", "after", "rule", "line", "held_by", "action", "at", "because", "manual")
    return {name: getattr(item, name) for name in names if hasattr(item, name) and (name not in names[8:] or name in asked)}


def _entry(entry: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_text(value)}" for name, value in entry.items()) + "}"


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if value in ("null", "true", "false"):
        return f'"{value}"'  # the text, not the thing
    return shown(value) if isinstance(value, bool) else str(value)
