"""Guards: how much of what exists a plan would change, against the bounds of the blocks and of the project."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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


def guard_verdicts(
    session: Session,
    compiler: Compiler,
    parts: Sequence[tuple[Difference, Existing]],
    project_guard: Decimal | None,
    overrides: Collection[str],
) -> tuple[GuardVerdict, ...]:
    """The verdict of every guard, by name. A total is counted only where a bound needs it."""
    verdicts: list[GuardVerdict] = []
    for part, existing in parts:
        verdicts.extend(_entity_verdicts(session, compiler, part, existing, project_guard, overrides))
    return tuple(sorted(verdicts, key=lambda verdict: (verdict.name, verdict.bound)))


def _entity_verdicts(
    session: Session, compiler: Compiler, part: Difference, existing: Existing, project_guard: Decimal | None, overrides: Collection[str]
) -> list[GuardVerdict]:
    wanted: dict[str, Expression] = {}
    blocks = [
        (unit, place, decision, block)
        for unit, decision in enumerate(part.decisions)
        for place, block in enumerate(decision.blocks)
        if block.guard is not None
    ]
    for unit, place, decision, block in blocks:
        wanted[f"b{unit}_{place}"] = _within([block.where], decision)
    if project_guard is not None:
        for unit, decision in enumerate(part.decisions):
            wanted[f"p{unit}"] = _within([block.where for block in decision.blocks], decision)
    totals = _counted(session, compiler, part.entity, wanted)
    verdicts: list[GuardVerdict] = []
    for unit, place, _, block in blocks:
        assert block.guard is not None
        changes, total = existing.get((unit, place), 0), totals[f"b{unit}_{place}"]
        if block.guard.share is not None:
            verdicts.append(_verdict(block.rule, block.guard.share, changes, total, overrides))
        else:
            bound = block.guard.changes or 0
            verdicts.append(
                GuardVerdict(block.rule, str(bound), changes, total, changes <= bound, changes > bound and block.rule in overrides)
            )
    if project_guard is not None:
        by_target: dict[str, list[int]] = {}
        for unit, decision in enumerate(part.decisions):
            by_target.setdefault(decision.target.name, []).append(unit)
        for target, units in by_target.items():
            changes = sum(count for (unit, _), count in existing.items() if unit in units)
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
