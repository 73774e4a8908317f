"""Guards: how much of what exists a plan would change, against the bounds of the blocks and of the project."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal

from assignrules.databases.base import Session
from assignrules.ir.changes import GuardVerdict
from assignrules.ir.expressions import And, Expression, IsMissing, Not, Or
from assignrules.ir.values import number_text
from assignrules.schema.logical import Shape
from assignrules.sql.decisions import Decision, current_state
from assignrules.sql.differences import Difference
from assignrules.sql.queries import Compiler, Output

Existing = Mapping[tuple[int, int], int]  # by unit and block, the changes of something that existed
_Changing = tuple[Decision, Mapping[int, int]]  # a unit's decision, and by block its changes of something that existed


def guard_verdicts(
    session: Session,
    compiler: Compiler,
    parts: Sequence[tuple[Difference, Existing]],
    project_guard: Decimal | None,
    overrides: Collection[str],
) -> tuple[GuardVerdict, ...]:
    """The verdict of every guard, by name. A total is counted only where a bound needs it."""
    verdicts: list[GuardVerdict] = []
    by_entity: dict[str, list[_Changing]] = {}
    for part, existing in parts:
        by_entity.setdefault(part.entity, []).extend(_changing(part, existing))
    for entity, decided in by_entity.items():
        verdicts.extend(_entity_verdicts(session, compiler, entity, decided, project_guard, overrides))
    return tuple(sorted(verdicts, key=lambda verdict: (verdict.name, verdict.bound)))


def _changing(part: Difference, existing: Existing) -> Iterator[_Changing]:
    for unit, decision in enumerate(part.decisions):
        yield decision, {place: count for (of, place), count in existing.items() if of == unit}


def _entity_verdicts(
    session: Session,
    compiler: Compiler,
    entity: str,
    decided: Sequence[_Changing],
    project_guard: Decimal | None,
    overrides: Collection[str],
) -> list[GuardVerdict]:
    wanted: dict[str, Expression] = {}
    blocks = [
        (unit, place, decision, block)
        for unit, (decision, _) in enumerate(decided)
        for place, block in enumerate(decision.blocks)
        if block.guard is not None
    ]
    for unit, place, decision, block in blocks:
        wanted[f"b{unit}_{place}"] = _within([block.where], decision)
    if project_guard is not None:
        for unit, (decision, _) in enumerate(decided):
            wanted[f"p{unit}"] = _within([block.where for block in decision.blocks], decision)
    totals = _counted(session, compiler, entity, wanted)
    verdicts: list[GuardVerdict] = []
    for unit, place, _, block in blocks:
        assert block.guard is not None
        changes, total = decided[unit][1].get(place, 0), totals[f"b{unit}_{place}"]
        if block.guard.share is not None:
            verdicts.append(_verdict(block.rule, block.guard.share, changes, total, overrides))
        else:
            bound = block.guard.changes or 0
            verdicts.append(
                GuardVerdict(block.rule, str(bound), changes, total, changes <= bound, changes > bound and block.rule in overrides)
            )
    if project_guard is not None:
        by_target: dict[str, list[int]] = {}
        for unit, (decision, _) in enumerate(decided):
            by_target.setdefault(decision.target.name, []).append(unit)
        for target, units in by_target.items():
            changes = sum(sum(decided[unit][1].values()) for unit in units)
            verdicts.append(_verdict(target, project_guard, changes, sum(totals[f"p{unit}"] for unit in units), overrides))
    return verdicts


def _verdict(name: str, share: Decimal, changes: int, total: int, overrides: Collection[str]) -> GuardVerdict:
    passed = not changes > share * total
    return GuardVerdict(name, f"{number_text(share * 100)}%", changes, total, passed, not passed and name in overrides)


def _within(wheres: Sequence[Expression | None], decision: Decision) -> Expression:
    """Whether a subject is inside one of the conditions and has something."""
    state = current_state(decision.target, decision.member)
    something = state if decision.target.shape is Shape.SET else Not(IsMissing(state))
    conditions = [where for where in wheres if where is not None]
    if len(conditions) < len(wheres):
        return something
    return And((conditions[0] if len(conditions) == 1 else Or(tuple(conditions)), something))


def _counted(session: Session, compiler: Compiler, entity: str, wanted: Mapping[str, Expression]) -> dict[str, int]:
    if not wanted:
        return {}
    query = compiler.counts(entity, [Output(name, expression) for name, expression in wanted.items()])
    return dict(zip(wanted, session.fetch(compiler.text(query))[0], strict=True))
