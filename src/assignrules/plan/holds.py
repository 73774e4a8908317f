"""What holds a change, in full: the clause with what it looks at."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from assignrules.ir.changes import Printed
from assignrules.ir.expressions import Literal, Memory, MemoryPart
from assignrules.ir.ruleset import Assignment
from assignrules.ir.types import DATE
from assignrules.ir.values import Value, printed
from assignrules.plan.explanation import Hold, Node
from assignrules.plan.trees import Behind, Draft, Questions, Trees, finished
from assignrules.resolve.written import written
from assignrules.schema.logical import Schema
from assignrules.sql.decisions import current_state


@dataclass(frozen=True, slots=True)
class HoldDraft:
    """What the clauses of a block look at beside `except`: slots of dates and of a state, and what a limit orders and groups by."""

    last_on: int | None = None
    left: int | None = None
    by_rule_on: int | None = None
    limit: tuple[Draft, ...] = ()


def hold_draft(block: Assignment, questions: Questions, trees: Trees, schema: Schema, *, journal: bool) -> HoldDraft:
    """Asks for what the clauses of a block look at. ``journal``: there is one to be read."""
    target, member = block.target, block.member
    last_on = left = by_rule_on = None
    if journal and block.keep_manual:
        state = current_state(schema.targets[target], member).type
        last_on = questions.ask(Memory(block.entity, target, member, "last_on", None, DATE))
        left = questions.ask(Memory(block.entity, target, member, "after", None, state))
    if journal and block.cooldown is not None:
        part: MemoryPart = "removed_on" if block.cooldown.after_removal else "changed_on"
        by_rule_on = questions.ask(Memory(block.entity, target, member, part, block.rule, DATE))
    limit = () if block.limit is None else tuple(trees.value(item) for item in (block.limit.by, block.limit.per) if item is not None)
    return HoldDraft(last_on, left, by_rule_on, limit)


def hold(
    by: str,
    block: Assignment,
    draft: HoldDraft,
    schema: Schema,
    values: Sequence[Value],
    texts: Sequence[Printed],
    behind: Behind,
    *,
    except_: tuple[Node, ...],
    wanted: Node | None,
) -> Hold:
    """``by``: the plan's word. ``except_``: by which tests `except` holds; ``wanted``: what the rules would write."""
    if by == "except" and block.except_ is not None:
        return Hold(by, f"except {written(block.except_, schema)}", except_)
    if by == "manual" and draft.last_on is not None and draft.left is not None:
        return Hold(by, "keep manual", last_on=_day(values[draft.last_on]), left=printed(values[draft.left]))
    if by == "cooldown" and draft.by_rule_on is not None and block.cooldown is not None:
        last = _day(values[draft.by_rule_on])
        clause = f"cooldown {written(block.cooldown.duration, schema)}" + (" after removal" if block.cooldown.after_removal else "")
        return Hold(by, clause, last_on=last, until=None if last is None else first_day_after(last, block.cooldown.duration))
    if by == "limit" and block.limit is not None:
        limit = block.limit
        per = "" if limit.per is None else f" per {written(limit.per, schema)}"
        clause = f"limit {limit.count} changes by {written(limit.by, schema)}{' ascending' if limit.ascending else ''}{per}"
        return Hold(by, clause, tuple(finished(item, texts, behind) for item in draft.limit))
    return Hold(by, None, () if wanted is None else (wanted,))


def _day(value: Value) -> date | None:
    return value if isinstance(value, date) else None


def first_day_after(last: date, duration: Literal) -> date | None:
    """The first day on which a cooldown that began on ``last`` is over; None for one in business days, or beyond the calendar."""
    count = duration.value
    if not isinstance(count, int) or duration.type.business:
        return None
    try:
        if not duration.type.months:
            return last + timedelta(days=count)
        day = last + timedelta(days=28 * count)
        while _months_before(day, count) < last:  # a day of which going back the months leads to `last` or later
            day += timedelta(days=1)
        return day
    except (OverflowError, ValueError):
        return None


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
