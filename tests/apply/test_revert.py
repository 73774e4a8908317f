"""J2, P5: a run is set back where its result still stands; the rest is listed and left."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.apply.building import MAPPING, ONE_OF_EACH, apply, change, codes, plan_of, postgres_store, state, store

from assignrules.apply import Outcome
from assignrules.apply.revert import build_revert
from assignrules.databases import Database
from assignrules.databases.embedded import META
from assignrules.diagnostics import has_errors
from assignrules.journal import chain, history
from assignrules.plan.file import read_plan, write_plan
from assignrules.plan.model import Plan
from assignrules.schema.mapping import SchemaMapping

pytestmark = pytest.mark.slow

TARGETS = ("scenario", "group", "cover", "order_block", "proposed_credit_limit")
STATES = ("customer", "document", *(f"assignrules_target_{name}" for name in TARGETS))


@pytest.fixture(params=["duckdb", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    return postgres_store() if request.param == "postgres" else store(tmp_path)


def states(database: Database) -> dict[str, Any]:
    """What targets can change; the rows of the engine's own tables in any order."""
    found = state(database)
    return {name: sorted(found[name], key=str) for name in STATES}


def revert_plan(database: Database, number: int, mapping: SchemaMapping = MAPPING, *, skip: bool = False) -> Plan:
    with database.reading() as session:
        run = history.run(session, number)
        assert run is not None
        plan = build_revert(session, mapping, run, as_of=date(2026, 11, 23), environment="local", currency="EUR", skip_conflicts=skip)
    # the digest that `building.apply` takes for the schema's
    return replace(plan, header=replace(plan.header, schema="sha256:schema"))


def by_hand(database: Database, *statements: str) -> None:
    with database.writing() as session:
        for sql in statements:
            session.execute(sql)
        session.commit()


def test_right_after_an_apply_it_gives_back_the_old_state(database: Database, tmp_path: Path) -> None:  # J2, P5
    before = states(database)
    apply(database, plan_of(database, ONE_OF_EACH))
    after = states(database)
    plan = revert_plan(database, 1)
    assert (plan.header.reverts, plan.header.applicable, plan.conflicts) == (1, True, ())
    write_plan(plan, tmp_path / "back.plan")
    assert read_plan(tmp_path / "back.plan")[0] == plan, "it can be kept, as any plan"
    # The rules of now have no say in it: their digest is another one.
    result = apply(database, plan, reason="by mistake", ruleset_digest="sha256:other")
    assert (result.outcome, result.run, result.changes) == (Outcome.APPLIED, 2, len(ONE_OF_EACH))
    assert states(database) == before
    with database.reading() as session:
        run = history.run(session, 2)
        assert run is not None
        assert (run.mode, run.reverts, run.reason) == ("revert", 1, "by mistake")
        assert not has_errors(chain.verify(session, result.head))
        back = history.changes(session, 2)
        assert [(item.subject, item.target, item.before, item.after) for item in back] == [
            (item.subject, item.target, item.after, item.before) for item in ONE_OF_EACH
        ]
        assert back[0].at == "run 1, change 1"
    # A revert is a run, and can be reverted: as often as one likes.
    for run_number, there in ((2, after), (3, before), (4, after)):
        assert apply(database, revert_plan(database, run_number)).run == run_number + 1
        assert states(database) == there
    assert codes(apply(database, plan)) == ["E0701"], "the plan of the first revert was itself reverted"


def test_what_changed_since_is_a_conflict(database: Database) -> None:  # J2
    apply(database, plan_of(database, ONE_OF_EACH))
    by_hand(
        database,
        "UPDATE assignrules_target_scenario SET value = 'mine' WHERE subject = 'C1'",
        "DELETE FROM assignrules_target_group WHERE subject = 'C2'",
        "UPDATE assignrules_target_cover SET currency = 'EUR' WHERE subject = 'C1'",
        "DELETE FROM customer WHERE code = 'C3'",
    )
    before = state(database)
    plan = revert_plan(database, 1)
    found = [(item.target, item.subject, item.before, item.after) for item in plan.conflicts]
    assert found == [
        ("cover", "C1", "7.50 EUR", "5.00 EUR"),
        ("group", "C2", False, False),
        ("payment_terms_days", "C3", None, 30),
        ("scenario", "C1", "mine", "old"),
        ("scenario", "C3", None, "old"),
    ]
    assert [(item.code, item.count, item.examples) for item in plan.data_warnings] == [("W0503", 2, ("C3",))]
    refused = apply(database, plan)
    assert (refused.exit_code, codes(refused)) == (3, ["E0604"])
    assert refused.diagnostics[0].message == "the state that run 1 left stands no more for 5 of its changes"
    assert state(database) == before
    result = apply(database, revert_plan(database, 1, skip=True))
    assert (result.outcome, result.changes) == (Outcome.APPLIED, len(ONE_OF_EACH) - 5)
    after = state(database)
    assert ("C1", "mine") in after["assignrules_target_scenario"]
    assert "C2" not in [row[0] for row in after["assignrules_target_scenario"]]
    assert after["assignrules_target_group"] == [("C1", "Risky")]


def test_between_plan_and_apply_it_goes_stale_like_any_plan(database: Database) -> None:  # F5, J2
    apply(database, plan_of(database, ONE_OF_EACH))
    plan = revert_plan(database, 1)
    by_hand(database, "UPDATE assignrules_target_scenario SET value = 'mine' WHERE subject = 'C1'")
    before = state(database)
    result = apply(database, plan)
    assert (result.outcome, codes(result)) == (Outcome.STALE, ["E0701"])
    assert state(database) == before


def test_reverted_twice_everything_is_a_conflict(database: Database) -> None:  # J2
    one = plan_of(database, [change("scenario", "C2", None, "new", "set")])
    apply(database, one)
    apply(database, revert_plan(database, 1))
    again = revert_plan(database, 1)
    assert (again.changes, len(again.conflicts), again.header.applicable) == ((), 1, False)
    # Also where another run has made the same change since: that one is not the first run's.
    apply(database, plan_of(database, [change("scenario", "C2", None, "new", "set")]))
    again = revert_plan(database, 1)
    assert [(item.before, item.after) for item in again.conflicts] == [("new", None)]
    assert again.changes == ()
    # The revert itself is none that could be set back now: its result does not stand.
    assert len(revert_plan(database, 2).conflicts) == 1
    assert revert_plan(database, 3).conflicts == ()


def test_a_target_that_is_gone_is_a_conflict(database: Database) -> None:  # J2
    apply(database, plan_of(database, ONE_OF_EACH))
    less = replace(MAPPING, targets={name: place for name, place in MAPPING.targets.items() if name != "cover"})
    plan = revert_plan(database, 1, less, skip=True)
    assert [(item.target, item.subject) for item in plan.conflicts] == [("cover", "C1"), ("cover", "C2")]
    assert len(plan.changes) == len(ONE_OF_EACH) - 2


@pytest.mark.parametrize(
    "made",
    [
        change("scenario", "C4", None, "new", "set"),  # the run did not change it
        change("scenario", "C2", "new", "other", "change"),  # not what was before
    ],
)
def test_a_revert_made_by_hand_is_refused(database: Database, made: Any) -> None:  # F7, J2
    apply(database, plan_of(database, [change("scenario", "C2", None, "new", "set")]))
    before = state(database)
    assert codes(apply(database, plan_of(database, [made], reverts=1))) == ["E0601"]
    assert state(database) == before


def test_a_journal_of_the_first_format_is_read_and_brought_up(database: Database) -> None:
    first = plan_of(database, [change("scenario", "C2", None, "new", "set")])
    apply(database, first)
    by_hand(database, "DROP TABLE assignrules_revert", f"UPDATE {META} SET value = '1' WHERE key = 'journal'")
    with database.reading() as session:
        assert not has_errors(chain.verify(session))
        assert [run.id for run in history.runs(session)] == [1]
        assert not session.has_table("assignrules_revert"), "reading changes nothing"
    result = apply(database, revert_plan(database, 1))
    assert result.run == 2
    with database.reading() as session:
        assert session.fetch(f"SELECT value FROM {META} WHERE key = 'journal'") == [("2",)]
        assert session.fetch("SELECT count(*) FROM assignrules_revert") == [(1,)]
        assert not has_errors(chain.verify(session, result.head))
