"""Explanations of random rules over random rows agree with the plan, for every subject.

As in `test_same_plan`, `ASSIGNRULES_SOAK=5000` runs so many fresh examples.
"""

from __future__ import annotations

from datetime import date

import pytest
from tests.differential.rulesets import World, worlds
from tests.differential.test_memory import DAY
from tests.differential.test_memory import world as remembered
from tests.differential.test_same_plan import OVERFLOW, duckdb, resolved, run
from tests.plan.test_explain import check_changes, check_conflicts, check_decision, check_held, check_trees, explained, units

from assignrules.diagnostics import SourceFile
from assignrules.ir.ruleset import Ruleset
from assignrules.schema.dataset import Dataset
from assignrules.testing.case import ProjectSettings

pytestmark = pytest.mark.slow

BATCHES = [(0, 3, True), (1, 8, False), (2, 8, True)]


@pytest.mark.parametrize(("batch", "examples", "small"), BATCHES)
def test_explanations_agree_with_the_plan(batch: int, examples: int, small: bool) -> None:
    def agree(world: World) -> None:
        agrees(resolved(world), world.data, world.today)

    run(agree, [worlds(small=small)], examples, 1000 + batch)


@pytest.mark.parametrize("seed", range(9))
def test_explanations_of_what_the_journal_remembers_agree_with_the_plan(seed: int) -> None:
    text, data = remembered(seed)
    ruleset, _ = duckdb().check([SourceFile("a.rules", text)], {}, ProjectSettings())
    if ruleset is not None:  # else blocks read each other in a circle
        agrees(ruleset, data, DAY)


def agrees(ruleset: Ruleset, data: Dataset, today: date) -> None:
    """What changes, what is held and by what, conflicts, what decided; and that the trees and their reasons add up."""
    with duckdb().session(ruleset, data, today) as session:
        plan = session.plan()
        if OVERFLOW in {problem.code for problem in plan.data_errors}:
            return
        for entity in {block.entity for block in ruleset.assignments}:
            key = session.mapping.schema.entities[entity].key
            keys = [str(row[key]) for row in data.rows.get(entity, ()) if key is not None]
            found = {subject: units(explained(session, subject), entity) for subject in dict.fromkeys(keys)}
            targets = {target.name for target in session.mapping.schema.targets_of(entity)}
            check_changes(found, [change for change in plan.changes if change.target in targets])
            check_held(found, [held for held in plan.held if held.target in targets])
            check_conflicts(found, [conflict for conflict in plan.conflicts if conflict.target in targets])
            for of_subject in found.values():
                for unit in of_subject.values():
                    check_decision(unit)
                    check_trees(unit)
