"""A database that alters, refuses or locks what an apply writes: everything stays as it was, and it is said."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.apply.building import ONE_OF_EACH, apply, codes, plan_of, postgres_store, state
from tests.conftest import postgres

from assignrules.apply import Outcome
from assignrules.databases import DatabaseFailure, DatabaseUnavailable
from assignrules.databases.postgres import Postgres

pytestmark = pytest.mark.slow

TRIGGERS = {
    "alters": ("BEFORE INSERT", "FOR EACH ROW", "NEW.value := NEW.value || ' altered'; RETURN NEW;"),
    "drops": ("BEFORE INSERT", "FOR EACH ROW", "IF NEW.subject = 'C2' THEN RETURN NULL; END IF; RETURN NEW;"),
    "keeps": ("BEFORE DELETE", "FOR EACH ROW", "RETURN NULL;"),
    "takes away": ("AFTER INSERT", "FOR EACH STATEMENT", "DELETE FROM assignrules_target_scenario; RETURN NULL;"),
    "doubles": (
        "AFTER INSERT",
        "FOR EACH ROW",
        "IF pg_trigger_depth() = 1 THEN INSERT INTO assignrules_target_scenario VALUES (NEW.subject, NEW.value); END IF; RETURN NULL;",
    ),
}


def with_trigger(database: Postgres, when: str, each: str, body: str) -> None:
    with database.writing() as session:
        session.execute(f"CREATE FUNCTION meddle() RETURNS TRIGGER LANGUAGE plpgsql AS $f$BEGIN {body} END$f$")
        session.execute(f"CREATE TRIGGER meddle {when} ON assignrules_target_scenario {each} EXECUTE FUNCTION meddle()")
        session.commit()


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_trigger_that_meddles_is_found(name: str) -> None:  # F11, P2
    database = postgres_store()
    with_trigger(database, *TRIGGERS[name])
    before = state(database)
    result = apply(database, plan_of(database, ONE_OF_EACH))
    assert (result.outcome, set(codes(result))) == (Outcome.FAILED, {"E0706"})
    assert state(database) == before


REFUSALS = {
    "trigger": "CREATE FUNCTION no() RETURNS TRIGGER LANGUAGE plpgsql AS $f$BEGIN RAISE EXCEPTION 'not on Sundays'; END$f$;"
    "CREATE TRIGGER no BEFORE INSERT ON assignrules_target_scenario EXECUTE FUNCTION no()",
    "late trigger": "CREATE FUNCTION no() RETURNS TRIGGER LANGUAGE plpgsql AS $f$BEGIN RAISE EXCEPTION 'not on Sundays'; END$f$;"
    "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON assignrules_target_scenario DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION no()",
    "constraint": "ALTER TABLE assignrules_target_scenario ADD CHECK (value <> 'No reminder')",
    "unique": "CREATE UNIQUE INDEX one_each ON assignrules_target_scenario (value) WHERE value <> 'old'; "
    "INSERT INTO assignrules_target_scenario VALUES ('C4', 'No reminder')",
    "serialization": "CREATE FUNCTION no() RETURNS TRIGGER LANGUAGE plpgsql AS $f$BEGIN RAISE serialization_failure; END$f$;"
    "CREATE TRIGGER no BEFORE INSERT ON assignrules_target_scenario EXECUTE FUNCTION no()",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_leaves_everything(name: str) -> None:  # F10
    database = postgres_store()
    with database.connected() as connection:
        connection.execute(f"SET search_path TO {database.schema}")
        for statement in REFUSALS[name].split(";CREATE") if name != "unique" else REFUSALS[name].split("; "):
            connection.execute(statement if statement.startswith(("CREATE", "ALTER", "INSERT")) else f"CREATE{statement}")
    before = state(database)
    with pytest.raises(DatabaseFailure) as raised:
        apply(database, plan_of(database, ONE_OF_EACH))
    assert raised.value.diagnostic.code == "E0707"
    assert state(database) == before


def test_a_lock_that_somebody_keeps_is_waited_for_and_named(tmp_path: Path) -> None:  # F10
    database = postgres_store()
    impatient = Postgres(database.address, wait=0.5)
    plan = plan_of(database, ONE_OF_EACH)
    before = state(database)
    locked, done = threading.Event(), threading.Event()

    def keep() -> None:
        with database.connected() as connection:
            connection.execute(f"BEGIN; LOCK TABLE {database.schema}.assignrules_target_scenario")
            locked.set()
            done.wait(30)

    keeper = threading.Thread(target=keep)
    keeper.start()
    locked.wait(30)
    try:
        with pytest.raises(DatabaseUnavailable, match="keeps what is to be written locked"):
            apply(impatient, plan)
    finally:
        done.set()
        keeper.join()
    assert state(database) == before
    assert apply(impatient, plan).outcome is Outcome.APPLIED


def test_a_reader_plans_and_cannot_apply() -> None:  # S6, P10
    database = postgres_store()
    assert database.schema == postgres("apply").schema
    role = "only_reader"
    with database.connected() as connection:
        connection.execute(f"DROP ROLE IF EXISTS {role}")
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"GRANT USAGE ON SCHEMA {database.schema} TO {role}")
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {database.schema} TO {role}")
    try:
        reader = Postgres(database.address.replace("user=tester", f"user={role}"))
        plan = plan_of(reader, ONE_OF_EACH)
        before = state(database)
        with pytest.raises(DatabaseFailure, match=f"the user `{role}` of the database lacks the rights"):
            apply(reader, plan)
        assert state(database) == before == state(reader)
    finally:
        with database.connected() as connection:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
