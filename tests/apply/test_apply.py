"""An apply does what the plan says, or nothing; and says why (P1, P2, P7, P10)."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.apply.building import MAPPING, NOW, ONE_OF_EACH, SCHEMA, apply, change, codes, plan_of, postgres_store, state, store

from assignrules.apply import Outcome
from assignrules.apply.executor import refused
from assignrules.apply.stages import stages
from assignrules.databases import Database, DatabaseFailure, NoDataYet
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.embedded import create_store
from assignrules.databases.postgres import Postgres
from assignrules.diagnostics import has_errors
from assignrules.ir.changes import DataProblem, GuardVerdict
from assignrules.journal import chain, history

pytestmark = pytest.mark.slow

Make = Callable[..., Database]


@pytest.fixture(params=["duckdb", "postgres"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes the store of `building`, on either database."""
    return postgres_store if request.param == "postgres" else lambda customers=4: store(tmp_path, customers)


def test_every_action_is_written_as_planned(made: Make) -> None:
    database = made()
    result = apply(database, plan_of(database, ONE_OF_EACH), reason="monthly", approved_by="Bea")
    assert (result.outcome, result.run, result.changes) == (Outcome.APPLIED, 1, len(ONE_OF_EACH))
    after = state(database)
    assert after["assignrules_target_scenario"] == [("C1", 'Very late: it\'s "bad"\n'), ("C2", "No reminder")]
    assert after["assignrules_target_group"] == [("C2", "Risky")]
    assert after["assignrules_target_cover"] == [("C1", "ND", Decimal("7.5"), "USD"), ("C2", "ND", Decimal("20000"), "EUR")]
    assert after["assignrules_target_order_block"] == [("C1", False)]
    assert after["assignrules_target_proposed_credit_limit"] == [("C1", Decimal("0.125"), "EUR")]
    with database.reading() as session:
        assert session.fetch("SELECT code, payment_terms_days FROM customer ORDER BY code") == [
            ("C1", 30),
            ("C2", 30),
            ("C3", 60),
            ("C4", 30),
        ]
        assert session.fetch("SELECT number, status FROM document ORDER BY number") == [("F1", None), ("F2", "promise")]
        assert history.changes(session, 1) == ONE_OF_EACH
        run = history.run(session, 1)
        assert run is not None
        assert (run.user, run.reason, run.approved_by, run.mode, run.changes) == ("anna", "monthly", "Bea", "apply", len(ONE_OF_EACH))
        assert run.started == NOW.replace(tzinfo=None)
        assert run.hash == result.head == chain.head(session)
        assert not has_errors(chain.verify(session))
        assert [item.target for _, item in history.history(session, "C2")] == ["cover", "group", "scenario"]


def test_what_is_not_planned_is_not_touched(made: Make) -> None:
    database = made()
    before = state(database)
    apply(database, plan_of(database, [change("scenario", "C2", None, "new", "set")]))
    after = state(database)
    assert {name for name in before if before[name] != after[name]} == {
        "assignrules_target_scenario",
        "assignrules_run",
        "assignrules_change",
    }


def test_a_plan_is_applied_once(made: Make) -> None:  # F7
    database = made()
    plan = plan_of(database, ONE_OF_EACH)
    apply(database, plan)
    before = state(database)
    again = apply(database, plan)
    assert (again.outcome, again.already, again.run) == (Outcome.APPLIED, True, 1)
    assert state(database) == before


def test_a_reverted_plan_is_not_applied_again(made: Make) -> None:
    database = made()
    plan = plan_of(database, [change("scenario", "C2", None, "new", "set")])
    apply(database, plan)
    back = plan_of(database, [change("scenario", "C2", "new", None, "clear")], reverts=1)
    assert apply(database, back).run == 2
    again = apply(database, plan)
    assert again.outcome is Outcome.STALE
    assert again.diagnostics[0].message == "the plan was applied as run 1 and reverted by run 2"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "UPDATE assignrules_target_scenario SET value = 'mine' WHERE subject = 'C1'",
            "`scenario` of `C1` is `mine` now, and was `old` when the plan was made",
        ),
        (
            "DELETE FROM assignrules_target_scenario WHERE subject = 'C1'",
            "`scenario` of `C1` is `–` now, and was `old` when the plan was made",
        ),
        ("DELETE FROM assignrules_target_group", "`group` `Risky` of `C1` is `false` now, and was `true` when the plan was made"),
        (
            "UPDATE assignrules_target_cover SET currency = 'USD'",
            "`cover` `ND` of `C1` is `5.00 USD` now, and was `5.00 EUR` when the plan was made",
        ),
        ("UPDATE customer SET payment_terms_days = 45", "`payment_terms_days` of `C3` is `45` now, and was `30` when the plan was made"),
        ("UPDATE document SET status = NULL", "`document_status` of `F1` is `–` now, and was `dispute` when the plan was made"),
        ("DELETE FROM customer WHERE code = 'C3'", "`C3` is no longer in the data"),
        ("INSERT INTO assignrules_target_scenario VALUES ('C2', 'x')", "`scenario` of `C2` is `x` now, and was `–` when the plan was made"),
    ],
)
def test_a_row_that_changed_since_stops_everything(made: Make, sql: str, message: str) -> None:  # F5
    database = made()
    plan = plan_of(database, ONE_OF_EACH)
    with database.writing() as session:
        session.execute(sql)
        session.commit()
    before = state(database)
    result = apply(database, plan)
    assert result.outcome is Outcome.STALE
    assert result.exit_code == 4
    assert message in [item.message for item in result.diagnostics]
    assert state(database) == before


def test_rows_that_the_plan_does_not_touch_never_make_it_stale(made: Make) -> None:
    database = made()
    plan = plan_of(database, [change("scenario", "C2", None, "new", "set")])
    with database.writing() as session:
        session.execute("UPDATE assignrules_target_scenario SET value = 'mine' WHERE subject = 'C1'")
        session.execute("DELETE FROM customer WHERE code = 'C4'")
        session.commit()
    apply(database, plan_of(database, []))
    assert apply(database, plan).outcome is Outcome.APPLIED


def test_a_stale_plan_names_the_run_that_came_first(made: Make) -> None:  # F4
    database = made()
    one = plan_of(database, [change("scenario", "C2", None, "one", "set")])
    other = plan_of(database, [change("scenario", "C2", None, "other", "set")])
    apply(database, one)
    result = apply(database, other, user="bea")
    assert [item.message for item in result.diagnostics] == ["`scenario` of `C2` is `one` now, and was `–` when the plan was made"]
    assert result.diagnostics[0].help == "run 1 by `anna` was applied since: make the plan again"


def test_many_stale_rows_are_counted(made: Make) -> None:
    database = made(customers=100)
    plan = plan_of(database, [change("scenario", f"C{n}", None, "new", "set") for n in range(1, 101)])
    messages = [item.message for item in apply(database, plan).diagnostics]
    assert len(messages) == 21
    assert messages[-1] == "50 rows of `scenario` changed since the plan was made, 20 of them are listed"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"ruleset_digest": "sha256:other"}, "E0702"),
        ({"schema_digest": "sha256:other"}, "E0703"),
        ({"environment": "production"}, "E0710"),
        ({"now": NOW + timedelta(days=8)}, "E0705"),
    ],
)
def test_a_foreign_or_old_plan_is_refused(made: Make, options: dict[str, Any], code: str) -> None:  # F6, F7
    database = made()
    plan = plan_of(database, ONE_OF_EACH, expires=(NOW + timedelta(days=7)).isoformat())
    before = state(database)
    result = apply(database, plan, **options)
    assert (result.outcome, codes(result)) == (Outcome.STALE, [code])
    assert state(database) == before
    assert apply(database, plan).outcome is Outcome.APPLIED


def test_a_plan_of_another_database_is_refused(tmp_path: Path) -> None:  # F7
    one = store(tmp_path)
    server = postgres_store()
    for empty in (DuckDB(tmp_path / "empty.duckdb"), Postgres(f"{server.address}&schema=empty")):
        with empty.writing(create=True) as session:
            create_store(session, SCHEMA)
            session.commit()
        assert codes(apply(empty, plan_of(one, ONE_OF_EACH))) == ["E0704"]
        assert codes(apply(empty, plan_of(server, ONE_OF_EACH))) == ["E0704"]
    for none in (DuckDB(tmp_path / "none.duckdb"), Postgres(f"{server.address}&schema=none")):
        with pytest.raises(NoDataYet):
            apply(none, plan_of(one, ONE_OF_EACH))
    assert not (tmp_path / "none.duckdb").exists()


def test_a_journal_that_lost_the_plans_anchor_is_refused(made: Make) -> None:
    database = made()
    apply(database, plan_of(database, []))
    plan = plan_of(database, ONE_OF_EACH)
    with database.writing() as session:
        session.execute("DELETE FROM assignrules_run")
        session.commit()
    assert codes(apply(database, plan)) == ["E0704"]


def test_an_apply_without_changes_writes_one_run_row_only(made: Make) -> None:
    database = made()
    before = state(database)
    result = apply(database, plan_of(database, []))
    assert (result.outcome, result.run, result.changes) == (Outcome.APPLIED, 1, 0)
    after = state(database)
    assert after.pop("assignrules_run") == [(1,)]
    assert after.items() <= before.items()


def guarded(database: Database) -> Any:
    guards = (
        GuardVerdict("strategy", "20%", 3, 4, False),
        GuardVerdict("changes", "30%", 3, 4, False),
        GuardVerdict("fine", "9", 3, 4, True),
    )
    return plan_of(database, [change("scenario", "C2", None, "new", "set")], applicable=False, guards=guards)


def test_a_tripped_guard_refuses_unless_overridden_by_name(made: Make) -> None:
    database = made()
    plan = guarded(database)
    result = apply(database, plan, overrides=["strategy"])
    assert (result.exit_code, [item.message for item in result.diagnostics]) == (
        3,
        ["guard `changes` allows 30%, and the plan changes 3 of 4"],
    )
    assert codes(apply(database, plan, overrides=["fine"])) == ["E0603", "E0603"]
    assert apply(database, plan, overrides=["strategy", "changes"]).outcome is Outcome.APPLIED
    with database.reading() as session:
        run = history.run(session, 1)
        assert run is not None
        assert run.overrides == ("changes", "strategy")


def test_no_override_lets_data_errors_pass(made: Make) -> None:
    plan = replace(guarded(made()), data_errors=(DataProblem("E0501", "`code` is repeated", "customer", 2, ("C1",)),))
    assert [item.code for item in refused(plan, ["strategy", "changes"])] == ["E0604"]
    bare = replace(plan, data_errors=(), header=replace(plan.header, guards=()))
    assert [item.code for item in refused(bare)] == ["E0604"]


@pytest.mark.parametrize(
    "bad",
    [
        "not json",
        "{}",
        "[1]",
        '{"subject":"C2","label":"L","target":"nonsense","member":null,"before":null,"after":"x","action":"set","rule":"r","line":1,"at":"a:1","because":null,"manual":false}',
        '{"subject":"C2","label":"L","target":"scenario","member":null,"before":null,"after":"x","action":"clear","rule":"r","line":1,"at":"a:1","because":null,"manual":false}',
        '{"subject":"C2","label":"L","target":"scenario","member":"m","before":null,"after":"x","action":"set","rule":"r","line":1,"at":"a:1","because":null,"manual":false}',
        '{"subject":null,"label":"L","target":"scenario","member":null,"before":null,"after":"x","action":"set","rule":"r","line":1,"at":"a:1","because":null,"manual":false}',
    ],
)
def test_a_change_without_the_form_of_one_is_refused(made: Make, bad: str) -> None:  # F7
    database = made()
    good = plan_of(database, [change("scenario", "C2", None, "new", "set")])
    before = state(database)
    assert codes(apply(database, replace(good, changes=(bad,)))) == ["E0601"]
    assert state(database) == before


def test_changes_that_the_summary_does_not_count_are_refused(made: Make) -> None:  # P2
    database = made()
    plan = plan_of(database, [change("scenario", "C2", None, "new", "set")])
    more = plan_of(database, [change("scenario", "C2", None, "new", "set"), change("scenario", "C4", None, "new", "set")])
    assert codes(apply(database, replace(plan, changes=more.changes))) == ["E0601"]
    assert codes(apply(database, replace(plan, changes=()))) == ["E0601"]
    twice = plan_of(database, [change("scenario", "C2", None, "new", "set"), change("scenario", "C2", None, "newer", "set")])
    assert apply(database, twice).diagnostics[0].message == "the plan changes `scenario` of `C2` twice"


@pytest.mark.parametrize(
    "target",
    [
        change("payment_terms_days", "C1", 30, "sixty", "change"),
        change("cover", "C2", None, "many EUR", "grant", "ND"),
        change("order_block", "C1", None, "perhaps", "set"),
    ],
)
def test_a_value_that_does_not_fit_its_target_is_refused(made: Make, target: Any) -> None:
    database = made()
    assert codes(apply(database, plan_of(database, [target]))) == ["E0601"]


def test_rows_that_appear_while_writing_roll_everything_back(made: Make) -> None:  # F11
    database = made()
    insert = "INSERT INTO assignrules_target_scenario VALUES ('C4', 'slipped in')"
    with database.writing() as session:
        action = insert
        if isinstance(database, Postgres):
            session.execute(f"CREATE FUNCTION more() RETURNS TRIGGER LANGUAGE plpgsql AS $$BEGIN {insert}; RETURN NULL; END$$")
            action = "EXECUTE FUNCTION more()"
        session.execute(f"CREATE TRIGGER more AFTER INSERT ON assignrules_target_group FOR EACH STATEMENT {action}")
        session.commit()
    before = state(database)
    result = apply(database, plan_of(database, ONE_OF_EACH))
    assert (result.outcome, codes(result)) == (Outcome.FAILED, ["E0706"])
    assert state(database) == before


def test_a_target_with_two_rows_for_a_subject_is_mended_or_refused_never_doubled(made: Make) -> None:
    database = made()
    with database.writing() as session:
        session.execute("INSERT INTO assignrules_target_scenario VALUES ('C1', 'old')")
        session.execute("INSERT INTO document (number, status) VALUES ('F1', 'dispute')")
        session.commit()
    assert apply(database, plan_of(database, [change("scenario", "C1", "old", "new", "change")])).outcome is Outcome.APPLIED
    assert state(database)["assignrules_target_scenario"] == [("C1", "new"), ("C3", "old")]
    assert codes(apply(database, plan_of(database, [change("document_status", "F1", "dispute", "promise", "change")]))) == ["E0706"]


def test_a_failing_statement_leaves_everything(made: Make) -> None:  # F10
    database = made()
    with database.writing() as session:
        session.execute("DROP TABLE assignrules_target_scenario")
        session.execute("CREATE TABLE assignrules_target_scenario (subject VARCHAR, value VARCHAR CHECK (value <> 'forbidden'))")
        session.commit()
    plan = plan_of(database, [change("group", "C2", False, True, "add", "Risky"), change("scenario", "C2", None, "forbidden", "set")])
    before = state(database)
    with pytest.raises(DatabaseFailure):
        apply(database, plan)
    assert state(database) == before


def test_checks_come_before_the_first_write(made: Make) -> None:
    names = [stage.name for stage in stages(plan_of(made(), ONE_OF_EACH))]
    last_check = max(at for at, name in enumerate(names) if name.startswith("check"))
    assert last_check < min(at for at, name in enumerate(names) if name.startswith("write"))
    assert (names[0], names[-1]) == ("lock", "commit")


def _apply_in_child(address: str, plan: Any, barrier: Any, results: Any) -> None:
    database = Postgres(address, wait=30) if "://" in address else DuckDB(Path(address), wait=30)
    barrier.wait()
    result = apply(database, plan)
    results.put((result.exit_code, result.already, result.run))


def test_of_two_applies_at_once_one_wins(made: Make) -> None:  # F4
    database = made()
    address = database.address if isinstance(database, Postgres) else str(database.path)
    one = plan_of(database, [change("scenario", "C2", None, "one", "set")])
    other = plan_of(database, [change("scenario", "C2", None, "other", "set")])
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    children = [context.Process(target=_apply_in_child, args=(address, plan, barrier, results)) for plan in (one, one, other, other)]
    for child in children:
        child.start()
    found = sorted(results.get(timeout=60) for _ in children)
    for child in children:
        child.join()
    assert found == [(0, False, 1), (0, True, 1), (4, False, None), (4, False, None)]
    with database.reading() as session:
        assert len(history.runs(session)) == 1
        assert not has_errors(chain.verify(session))


def test_the_mapping_names_every_target() -> None:
    assert set(MAPPING.targets) == set(SCHEMA.targets)
