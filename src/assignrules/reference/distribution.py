"""`distribute`: who is shared out among which values, and what counts for it. The rule itself is in ``ir.sharing``."""

from __future__ import annotations

from collections.abc import Mapping

from assignrules.ir.ruleset import Assignment, Distribution
from assignrules.ir.sharing import Sharing, first_day, share, weight_of
from assignrules.ir.values import Value, printed
from assignrules.reference.evaluation import Evaluation
from assignrules.schema.records import Record


def shared(
    evaluation: Evaluation, block: Assignment, how: Distribution, states: Mapping[Record, Value], mine: Mapping[Record, bool]
) -> dict[Record, Value]:
    """The value of each subject of ``mine`` (by whether it is fixed); None: no room. ``states``: the current ones of these, and what the
    rest will have."""
    team = [literal.value for literal in how.among]
    rows = []
    for row, value in states.items():
        if row in mine or {value, evaluation.current(block.target, None, row)} & set(team):
            end = None if how.together is None else evaluation.value(how.together, row)
            weights = tuple(_weight(evaluation, how, number, row) for number in range(len(how.by)))
            held = team.index(value) if value in team else None
            rows.append(Sharing(row.key, held, row in mine, mine.get(row, False), None if end is None else str(end), weights))
    moves = [entry for entry in evaluation.dataset.journal if entry.rule == block.rule and {entry.before, entry.after} <= set(team)]
    period = None if how.per is None else first_day(how.per, evaluation.as_of)
    made = 0 if period is None else sum(period <= entry.as_of <= evaluation.as_of for entry in moves)
    given = share(rows, [_capacity(evaluation, block, how, value) for value in team], how.moving, how.tolerance, made)
    return {row: None if (place := given[row.key].value) is None else team[place] for row in mine}


def _weight(evaluation: Evaluation, how: Distribution, number: int, row: Record) -> int:
    weight = weight_of(evaluation.plain(evaluation.value(how.by[number], row), row), how.by[number].type)
    if weight is None:
        evaluation.noted["W0506", row.entity, "a measure of `distribute` is missing or below 0, and counts as 0"].add(row.key)
    return weight or 0


def _capacity(evaluation: Evaluation, block: Assignment, how: Distribution, value: Value) -> int | None:
    refers_to = evaluation.schema.targets[block.target].refers_to
    if refers_to is None:
        return None
    row = evaluation.rows.find(refers_to, value)
    if row is None:
        evaluation.noted["W0507", refers_to, f"`distribute` of `{block.rule}` names values that have no row"].add(str(printed(value)))
        return None
    return row.row.get("capacity") if how.capacity else None  # type: ignore[return-value]  # a whole number
