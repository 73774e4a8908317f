"""Explanations of random rules over random rows agree with the plan, for every subject.

As in `test_same_plan`, `ASSIGNRULES_SOAK=5000` runs so many fresh examples.
"""

from __future__ import annotations

import pytest
from tests.differential.rulesets import World, worlds
from tests.differential.test_same_plan import OVERFLOW, duckdb, resolved, run
from tests.plan.test_explain import check_changes, check_conflicts, check_decision, check_held, check_trees, explained, units

BATCHES = [(0, 8), *(pytest.param(number, 20, marks=pytest.mark.slow) for number in range(1, 4))]


@pytest.mark.parametrize(("batch", "examples"), BATCHES)
def test_explanations_agree_with_the_plan(batch: int, examples: int) -> None:
    run(agrees, [worlds()], examples, 1000 + batch)


def agrees(world: World) -> None:
    """What changes, what is held and by what, conflicts, what decided; and that the trees and their reasons add up."""
    ruleset = resolved(world)
    with duckdb().session(ruleset, world.data, world.today) as session:
        plan = session.plan()
        if OVERFLOW in {problem.code for problem in plan.data_errors}:
            return
        for entity in {block.entity for block in ruleset.assignments}:
            key = session.schema.entities[entity].key
            keys = [str(row[key]) for row in world.data.rows.get(entity, ()) if key is not None]
            found = {subject: units(explained(session, subject), entity) for subject in dict.fromkeys(keys)}
            targets = {target.name for target in session.schema.targets_of(entity)}
            check_changes(found, [change for change in plan.changes if change.target in targets])
            check_held(found, [held for held in plan.held if held.target in targets])
            check_conflicts(found, [conflict for conflict in plan.conflicts if conflict.target in targets])
            for of_subject in found.values():
                for unit in of_subject.values():
                    check_decision(unit)
                    check_trees(unit)
