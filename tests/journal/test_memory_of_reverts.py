"""After a revert, the rules remember what they did before the run that it set back: neither the one nor the other counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.journal.test_memory import DAY, MAPPING, World, changed, held

from assignrules.apply import apply_plan
from assignrules.apply.revert import build_revert
from assignrules.journal import history
from assignrules.journal.chain import verify
from assignrules.schema.digest import schema_digest
from assignrules.schema.mapping import managed_table

pytestmark = pytest.mark.slow


def revert(world: World, number: int, day: date) -> None:
    with world.database.reading() as session:
        run = history.run(session, number)
        assert run is not None
        plan = build_revert(session, MAPPING, run, as_of=day, environment="test", currency="EUR")
    done = apply_plan(
        world.database,
        MAPPING,
        plan,
        ruleset_digest="",
        schema_digest=schema_digest(MAPPING),
        environment="test",
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )
    assert not done.diagnostics, done
    with world.database.reading() as session:
        assert verify(session, done.head) == ()


def planned(world: World, day: date) -> tuple[object, ...]:
    plan = world.plan(day)
    return plan.changes, plan.held


CASES = [
    ("cooldown", "assign risk_class (country) to active cooldown 30 days", "UPDATE customer SET country = 'BE'"),
    ("restore", 'assign scenario "Firm" to country = "FR" otherwise restore', "UPDATE customer SET country = 'BE'"),
    (
        "manual",
        "assign scenario (country) to active keep manual",
        f"UPDATE {managed_table('scenario')} SET value = 'By hand'; UPDATE customer SET country = 'BE'",
    ),
    (
        "changed by hand",
        "assign scenario (country) to active",
        f"UPDATE {managed_table('scenario')} SET value = 'By hand'; UPDATE customer SET country = 'BE'",
    ),
]


@pytest.mark.parametrize(("text", "sql"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_plan_after_a_revert_is_the_one_of_before(tmp_path: Path, text: str, sql: str) -> None:
    world = World(tmp_path, text, [{"code": "C1", "active": True, "country": "FR"}, {"code": "C2", "active": True, "country": "FR"}])
    world.execute(f"INSERT INTO {managed_table('scenario')} (subject, value) VALUES ('C1', 'Personal')")
    world.apply(DAY)
    for statement in sql.split(";"):
        world.execute(statement)
    later = DAY + timedelta(days=40)
    before = planned(world, later)
    world.apply(later)
    after = planned(world, later + timedelta(days=1))
    revert(world, 2, later + timedelta(days=1))
    assert planned(world, later) == before
    revert(world, 3, later + timedelta(days=1))
    assert planned(world, later + timedelta(days=1)) == after, "a revert that is reverted has never been"
    revert(world, 4, later + timedelta(days=2))
    assert planned(world, later) == before


def test_a_cooldown_does_not_count_from_what_was_set_back(tmp_path: Path) -> None:
    world = World(tmp_path, "assign risk_class (country) to active cooldown 30 days", [{"code": "C1", "active": True, "country": "FR"}])
    world.apply(DAY)
    revert(world, 1, DAY)
    assert changed(world.plan(DAY + timedelta(days=1))) == [("C1", None, "FR", False)]
    assert held(world.plan(DAY + timedelta(days=1))) == []


def test_a_revert_of_an_older_run_is_a_change_like_any_other(tmp_path: Path) -> None:
    world = World(tmp_path, "assign risk_class (country) to active keep manual", [{"code": "C1", "active": True, "country": "FR"}])
    world.apply(DAY)  # run 1: none -> FR
    for country in ("BE", "FR"):
        world.execute(f"UPDATE customer SET country = '{country}'")
        world.apply(DAY)  # run 2: FR -> BE, run 3: BE -> FR
    revert(world, 1, DAY)  # FR stands again: it becomes none, and runs 2 and 3 have been all the same
    assert changed(world.plan(DAY)) == [("C1", None, "FR", False)], "the state is the journalled one: nobody changed it by hand"
    with world.database.reading() as session:
        pointers = session.fetch("SELECT of_run, of_sequence, undoes_run, undoes_sequence FROM assignrules_revert")
    assert pointers == [(1, 1, None, None)]
    assert replace(world.plan(DAY).change_rows().__next__(), because=None).rule == "risk_class"
