"""What the journal remembers of a subject: changes made by hand, cooldowns, and the value to restore."""

from __future__ import annotations

from datetime import date

from assignrules.ir.expressions import Literal, Operation, Today
from assignrules.ir.ruleset import Assignment, Cooldown
from assignrules.ir.types import DATE
from assignrules.ir.values import Value
from assignrules.reference.evaluation import Evaluation
from assignrules.schema.dataset import JournalEntry
from assignrules.schema.records import Record


def is_manual(evaluation: Evaluation, target: str, member: str | None, subject: Record) -> bool:
    """Whether the current state is not the one that the last journalled change left."""
    known = _changes(evaluation, target, member, subject)
    return bool(known) and known[-1].after != evaluation.current(target, member, subject)


def is_cooling(evaluation: Evaluation, block: Assignment, cooldown: Cooldown, subject: Record, after: Value) -> bool:
    """Whether a change to ``after`` comes too soon after the rule's last one."""
    own = [entry for entry in _changes(evaluation, block.target, block.member, subject) if entry.rule == block.rule]
    if cooldown.after_removal:
        if evaluation.current(block.target, block.member, subject) is not None or after is None:
            return False
        own = [entry for entry in own if entry.before is not None and entry.after is None]
    return bool(own) and is_recent(evaluation, max(entry.as_of for entry in own), cooldown.duration, subject)


def is_recent(evaluation: Evaluation, day: date, length: Literal | None, subject: Record) -> bool:
    """Whether a day is less than a duration ago."""
    assert length is not None and isinstance(length.value, int)
    over = evaluation.value(Operation("add_duration", (Today(), Literal(-length.value, length.type)), DATE), subject)
    return not isinstance(over, date) or day > over  # no date: before the calendar begins


def restored(evaluation: Evaluation, block: Assignment, subject: Record) -> tuple[bool, Value]:
    """Whether there is something to restore, and the value (None: none at all).

    A spell is a chain of changes by the rule, each from the value that the one before left. It counts while its last value still stands.
    """
    known = _changes(evaluation, block.target, block.member, subject)
    if not known or known[-1].rule != block.rule or is_manual(evaluation, block.target, block.member, subject):
        return False, None
    first = known.pop()
    while known and known[-1].rule == block.rule and known[-1].after == first.before:
        first = known.pop()
    return True, first.before


def _changes(evaluation: Evaluation, target: str, member: str | None, subject: Record) -> list[JournalEntry]:
    """The journalled changes of a unit of a subject, the first one first."""
    unit = (target, member, subject.key)
    return [entry for entry in evaluation.dataset.journal if (entry.target, entry.member, entry.subject) == unit]
