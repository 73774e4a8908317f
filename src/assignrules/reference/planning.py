"""What a plan is: for each written target and member, in order, what every subject gets, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import assert_never

from assignrules.diagnostics import Span
from assignrules.ir.changes import AlertRows, Change, Conflict, DataProblem, GuardVerdict, Held, Printed, Proposed, action_of
from assignrules.ir.ruleset import Assignment, Distribution, Others, Otherwise, Ruleset, SetBody, ValueBody
from assignrules.ir.types import Money
from assignrules.ir.values import Value, number_text, printed
from assignrules.reference.data_checks import data_errors, data_warnings
from assignrules.reference.distribution import shared
from assignrules.reference.evaluation import Evaluation, Unit
from assignrules.reference.memory import is_cooling, is_manual, restored
from assignrules.reference.proposals import proposed
from assignrules.reference.reports import alert_rows, report_lines
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import Schema, Shape
from assignrules.schema.records import Record, Rows


@dataclass(frozen=True, slots=True)
class Outcome:
    """A plan's content. Changes, held and conflicts by target, member (None first) and subject; guards by name. ``requirements``: those
    that fail, warnings too, with the keys of their rows. ``alerts`` and ``reports``: by name, what is in them, in their order."""

    changes: tuple[Change, ...]
    held: tuple[Held, ...]
    conflicts: tuple[Conflict, ...]
    guards: tuple[GuardVerdict, ...]
    data_errors: tuple[DataProblem, ...]
    data_warnings: tuple[DataProblem, ...]
    applicable: bool
    requirements: dict[str, tuple[str, ...]]
    alerts: dict[str, AlertRows]
    reports: dict[str, list[tuple[Printed, ...]]]
    proposals: tuple[Proposed, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a block makes of a subject: ``after`` (None: nothing), or ``keep``. ``unfit``: the value or amount cannot be written."""

    block: Assignment
    after: Value
    span: Span
    line: int | str | None = None
    keep: bool = False
    unfit: bool = False
    both_sides: bool = False


@dataclass(slots=True)
class _Findings:
    changes: list[Change] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    guards: list[GuardVerdict] = field(default_factory=list)


def begin(schema: Schema, ruleset: Ruleset, dataset: Dataset, as_of: date) -> Evaluation:
    """An evaluation with nothing planned yet; ``plan`` comes next, before expressions that read planned states."""
    return Evaluation(schema, ruleset, dataset, as_of, Rows(schema, dataset), as_of)


def plan(evaluation: Evaluation, share: Decimal | None = None) -> Outcome:
    """Decides every written target and member in the ruleset's order, and leaves the planned states in the evaluation. ``share``: the
    project's own guard, per target; None is off."""
    findings = _Findings()
    totals: Counter[str] = Counter()
    for unit in evaluation.ruleset.order:
        blocks = evaluation.ruleset.writers(*unit, evaluation.as_of)
        if blocks:
            _plan_unit(evaluation, unit, blocks, findings)
            subjects = evaluation.rows.records[blocks[0].entity]
            totals[unit[0]] += sum(any(_counts(evaluation, block, subject) for block in blocks) for subject in subjects)
            for block in blocks:
                if block.guard is not None:
                    total = sum(_counts(evaluation, block, subject) for subject in subjects)
                    changed = [change for change in findings.changes if change.rule == block.rule]
                    findings.guards.append(_verdict(block.rule, changed, total, block.guard.share, block.guard.changes))
    if share is not None:
        for target, total in totals.items():
            findings.guards.append(_verdict(target, [change for change in findings.changes if change.target == target], total, share, None))
    requirements = evaluation.ruleset.requirements
    records, holds = evaluation.rows.records, evaluation.holds
    found = {item.name: sorted(row.key for row in records[item.entity] if holds(item.condition, row)) for item in requirements}
    failing = {name: tuple(keys) for name, keys in found.items() if keys}
    broken = any(item.name in failing and not item.warning for item in requirements)
    alerts = {alert.name: alert_rows(evaluation, alert) for alert in evaluation.ruleset.alerts}
    reports = {report.name: report_lines(evaluation, report) for report in evaluation.ruleset.reports}
    proposals = proposed(evaluation)
    errors = data_errors(evaluation)
    applicable = not errors and not broken and all(guard.passed for guard in findings.guards)
    guards = tuple(sorted(findings.guards, key=lambda guard: guard.name))
    changes, held = tuple(sorted(findings.changes, key=_place)), tuple(sorted(findings.held, key=_place))
    conflicts, warnings = tuple(sorted(findings.conflicts, key=_place)), data_warnings(evaluation)
    return Outcome(changes, held, conflicts, guards, errors, warnings, applicable, failing, alerts, reports, proposals)


def _plan_unit(evaluation: Evaluation, unit: Unit, blocks: tuple[Assignment, ...], findings: _Findings) -> None:
    target, member = unit
    declared = evaluation.schema.targets[target]
    label = evaluation.schema.entities[declared.entity].label
    planned = evaluation.planned[unit] = {}

    def state(value: Value) -> Printed:
        return value is not None if declared.shape is Shape.SET else printed(value)

    decisions: dict[Record, Decision | None] = {}
    for subject in evaluation.rows.records[blocks[0].entity]:
        current = planned[subject] = evaluation.current(target, member, subject)
        found = (_decide(evaluation, block, subject, current) for block in blocks)
        decisions[subject] = next((decision for decision in found if decision is not None), None)
    for block in blocks:
        if isinstance(block.body, ValueBody) and block.body.distribution is not None:
            _share(evaluation, block, block.body.distribution, decisions)
    decided = {subject: found for subject, found in decisions.items() if found is not None}
    changed = {one: found for one, found in decided.items() if not found.keep and (found.unfit or found.after != planned[one])}
    held = {one: _held_by(evaluation, found, one, one in changed) for one, found in decided.items()}
    for block in blocks:
        waiting = [one for one, found in changed.items() if found.block is block and held[one] is None]
        held |= dict.fromkeys(_beyond_limit(evaluation, block, waiting), "limit")
    for subject, decision in decided.items():
        block, why = decision.block, held[subject]
        before, after = state(planned[subject]), state(decision.after)
        if subject in changed and why is not None:
            findings.held.append(Held(subject.key, target, member, before, after, why))
        elif subject in changed:
            planned[subject] = decision.after
            name = subject.row.get(label) if label is not None else None
            findings.changes.append(Change(
                subject.key, None if name is None else str(printed(name)), target, member, before, after,
                action_of(declared.shape.value, before, after), block.rule, decision.line, f"{decision.span.file}:{decision.span.line}",
                evaluation.reason(block.because, subject), is_manual(evaluation, target, member, subject),
            ))  # fmt: skip
        if decision.both_sides:
            at = f"{block.span.file}:{block.span.line}"
            findings.conflicts.append(Conflict(subject.key, target, member, before, state(planned[subject]), at))


def _share(evaluation: Evaluation, block: Assignment, how: Distribution, decisions: dict[Record, Decision | None]) -> None:
    """Makes the decisions that `distribute` takes. What other lines give counts as they ask for it, unless `except` holds it."""

    def asked(subject: Record, found: Decision | None) -> Value:
        if found is None or found.keep or found.unfit or _held_by(evaluation, found, subject, False) == "except":
            return evaluation.current(block.target, None, subject)
        return found.after

    own = {one: found for one, found in decisions.items() if found is not None and found.block is block and found.line is None}
    states = {subject: asked(subject, found) for subject, found in decisions.items()}  # of its own: the current one, until it is shared
    fixed = {one: bool(_held_by(evaluation, replace(found, after=states[one], unfit=False), one, True)) for one, found in own.items()}
    given = shared(evaluation, block, how, states, fixed)
    decisions.update((one, replace(found, after=given[one], unfit=given[one] is None)) for one, found in own.items())


def _held_by(evaluation: Evaluation, decision: Decision, subject: Record, changed: bool) -> str | None:
    """What holds a change, all but the limit."""
    block = decision.block
    if block.except_ is not None and evaluation.holds(block.except_, subject):
        return "except"
    if decision.unfit:
        return "missing value"
    if not changed:
        return None
    if block.keep_manual and is_manual(evaluation, block.target, block.member, subject):
        return "manual"
    if block.cooldown is not None and is_cooling(evaluation, block, block.cooldown, subject, decision.after):
        return "cooldown"
    return None


def _beyond_limit(evaluation: Evaluation, block: Assignment, waiting: list[Record]) -> set[Record]:
    """What comes after the first of each group."""
    limit = block.limit
    return set(waiting) - set(evaluation.first(waiting, limit.count, limit.by, limit.ascending, limit.per)) if limit else set()


def _decide(evaluation: Evaluation, block: Assignment, subject: Record, current: Value) -> Decision | None:
    """None where the block leaves the subject to the next one."""
    if not evaluation.holds(block.where, subject):
        return None
    if isinstance(block.body, ValueBody):
        return _decide_value(evaluation, block, block.body, subject)
    return _decide_member(evaluation, block, block.body, subject, current)


def _decide_value(evaluation: Evaluation, block: Assignment, body: ValueBody, subject: Record) -> Decision | None:
    for line in body.lines:
        if evaluation.holds(line.condition, subject):
            if body.shown(line.number) is None:  # nothing, until it is shared
                return Decision(block, None, line.span, unfit=True)
            after = evaluation.written(evaluation.value(line.value, subject))
            return Decision(block, after, line.span, line.number, unfit=after is None)
    if not body.explicit:
        return None
    match body.otherwise:
        case Otherwise.KEEP:
            return Decision(block, None, block.span, "otherwise", keep=True)
        case Otherwise.CLEAR:
            return Decision(block, None, block.span, "otherwise")
        case Otherwise.RESTORE:
            there, former = restored(evaluation, block, subject)
            return Decision(block, former, block.span, "otherwise", keep=not there)
        case Otherwise.VALUE:
            assert body.value is not None
            after = evaluation.written(evaluation.value(body.value, subject))
            return Decision(block, after, block.span, "otherwise", unfit=after is None)
        case _:
            assert_never(body.otherwise)


def _decide_member(evaluation: Evaluation, block: Assignment, body: SetBody, subject: Record, current: Value) -> Decision | None:
    added = body.add is not None and evaluation.holds(body.add, subject)
    if isinstance(body.remove, Others):
        removed = current is not None and not added
    else:
        removed = body.remove is not None and evaluation.holds(body.remove, subject)
    if removed or not added:  # removal wins
        return Decision(block, None, block.span, both_sides=added) if removed else None
    amount = None if body.amount is None else evaluation.value(body.amount, subject)
    if isinstance(amount, Money) and amount.amount > 0:
        return Decision(block, amount, block.span)
    return Decision(block, True if body.amount is None else None, block.span, unfit=body.amount is not None)


def _counts(evaluation: Evaluation, block: Assignment, subject: Record) -> bool:
    """Whether a guard counts the subject: it is looked at, and has something."""
    return evaluation.current(block.target, block.member, subject) is not None and evaluation.holds(block.where, subject)


def _verdict(name: str, changes: Iterable[Change], total: int, share: Decimal | None, most: int | None) -> GuardVerdict:
    # what had something before, `false` of a value included
    count = sum(change.action not in ("set", "add", "grant") for change in changes)
    bound, allowed = (f"{number_text(share * 100)}%", share * total) if share is not None else (str(most), most or 0)
    return GuardVerdict(name, bound, count, total, count <= allowed)


def _place(found: Change | Held | Conflict) -> tuple[str, str, str]:
    return found.target, found.member or "", found.subject  # a member's name is never empty text alone: None comes first either way
