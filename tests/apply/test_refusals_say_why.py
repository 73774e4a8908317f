"""Every reason not to apply a plan, with the words and the way out that people see; and what an apply keeps of itself (P7, P10)."""

from __future__ import annotations

import getpass
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.apply.building import NOW, ONE_OF_EACH, RULES, SHAPE, apply, change, new_proposal, plan_of, state, store

from assignrules.apply import ApplyResult, Outcome
from assignrules.apply.executor import let_pass, refused
from assignrules.databases import Database
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.embedded import create_store
from assignrules.diagnostics import diagnostic
from assignrules.ir.changes import DataProblem, GuardVerdict
from assignrules.journal import history
from assignrules.plan.model import Header, Plan, Requirement, plan_id
from assignrules.schema.logical import credit

pytestmark = pytest.mark.slow

AGAIN = "make the plan again"
NEW = change("scenario", "C2", None, "new", "set")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return store(tmp_path)


def execute(database: Database, *statements: str) -> None:
    with database.writing() as session:
        for sql in statements:
            session.execute(sql)
        session.commit()


def said(result: ApplyResult) -> list[tuple[str, str, str | None]]:
    return [(item.code, item.message, item.help) for item in result.diagnostics]


def is_refused(database: Database, plan: Plan, outcome: Outcome, *expected: tuple[str, str, str | None], **options: Any) -> None:
    """With these words, and nothing is written."""
    before = state(database)
    result = apply(database, plan, **options)
    assert (result.outcome, said(result)) == (outcome, list(expected))
    assert (result.run, result.head, result.already, result.changes, result.proposals) == (None, None, False, 0, 0)
    assert state(database) == before


def with_header(plan: Plan, **fields: Any) -> Plan:
    return replace(plan, header=replace(plan.header, **fields))


ENVIRONMENT = ("E0710", "the plan was made for environment `local`, and this is `production`", AGAIN)
RULESET = ("E0702", "the rules changed since the plan was made: it has `sha256:rules`, they are `sha256:other`", AGAIN)
SCHEMA = ("E0703", "the schema changed since the plan was made: it has `sha256:schema`, it is `sha256:other`", AGAIN)
PARAMETER = (
    "E0702",
    "parameter `large` is `1.00 EUR` now, and was `400000.00 EUR` when the plan was made",
    "make the plan again, or apply it with `--param large=…` as it was made",
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"environment": "production"}, [ENVIRONMENT]),
        ({"ruleset_digest": "sha256:other"}, [RULESET]),
        ({"schema_digest": "sha256:other"}, [SCHEMA]),
        ({"environment": "production", "ruleset_digest": "sha256:other", "schema_digest": "sha256:other"}, [ENVIRONMENT, RULESET, SCHEMA]),
        ({"ruleset_digest": "sha256:other", "parameters": {"a": 1, "large": "1.00 EUR", "z": 3}}, [PARAMETER]),
        ({"ruleset_digest": "sha256:other", "parameters": {"a": 1, "large": "400000.00 EUR", "z": 2}}, [RULESET]),
        ({"ruleset_digest": "sha256:other", "parameters": {"large": "1.00 EUR"}}, [RULESET]),
    ],
)
def test_what_the_plan_was_made_from(database: Database, options: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:  # F6
    plan = plan_of(database, [NEW], parameters={"a": 1, "large": "400000.00 EUR", "z": 2})
    is_refused(database, plan, Outcome.STALE, *expected, **options)


def test_a_revert_asks_for_no_rules(database: Database) -> None:
    plan = plan_of(database, [NEW])
    apply(database, plan)
    back = plan_of(database, [change("scenario", "C2", "new", None, "clear")], reverts=1)
    other = plan_of(database, [change("scenario", "C2", "new", "newer", "change")], reverts=1)
    problem = ("E0601", "change 1 of the plan does not set back a change of run 1", AGAIN)
    is_refused(database, other, Outcome.STALE, problem, ruleset_digest="sha256:other")
    assert apply(database, back, ruleset_digest="sha256:other").outcome is Outcome.APPLIED
    with database.reading() as session:
        assert [(run.mode, run.reverts) for run in history.runs(session)] == [("apply", None), ("revert", 1)]
    reverted = ("E0701", "the plan was applied as run 1 and reverted by run 2", AGAIN)
    is_refused(database, plan, Outcome.STALE, reverted)


@pytest.mark.parametrize("written", ["2026-11-22T12:00:00+00:00", "2026-11-22T12:00:00", "2026-11-22T13:00:00+01:00"])
def test_the_last_moment_of_a_plan(database: Database, written: str) -> None:  # F6
    plan = plan_of(database, [NEW], expires=written)
    problem = ("E0705", f"the plan could be applied until {written}", AGAIN)
    is_refused(database, plan, Outcome.STALE, problem, now=NOW + timedelta(microseconds=1))
    assert apply(database, plan, now=NOW).outcome is Outcome.APPLIED


def test_no_moment_is_in_time_for_what_is_none(database: Database) -> None:
    plan = plan_of(database, [NEW], expires="soon")
    is_refused(database, plan, Outcome.STALE, ("E0705", "the plan could be applied until soon", AGAIN))


def test_the_plans_database(database: Database, tmp_path: Path) -> None:  # F7
    other = DuckDB(tmp_path / "other.duckdb")
    with other.writing(create=True) as session:
        create_store(session, credit())
        session.commit()
    is_refused(other, plan_of(database, [NEW]), Outcome.STALE, ("E0704", "the plan was made from another database", AGAIN))
    is_refused(database, plan_of(database, [NEW], lineage=None), Outcome.STALE, ("E0704", "the plan was made from another database", AGAIN))
    apply(database, plan_of(database, []))
    anchored = plan_of(database, [NEW])
    execute(database, "DELETE FROM assignrules_run")
    text = f"the journal does not hold the run that the plan follows (`{anchored.header.anchor}`): it was altered or cut off"
    is_refused(database, anchored, Outcome.STALE, ("E0704", text, "`assignrules log --verify` says what is wrong with the journal"))


def test_a_database_without_lineage(database: Database) -> None:
    plan = plan_of(database, [NEW])
    execute(database, "DELETE FROM assignrules_meta WHERE key = 'lineage'")
    is_refused(database, plan, Outcome.STALE, ("E0704", "the database has no lineage: the plan was made from another one", AGAIN))


def form(number: int) -> tuple[str, str, str]:
    return "E0601", f"change {number} of the plan does not have the form of a change", AGAIN


@pytest.mark.parametrize("lost", ["subject", "target", "rule", "at", "manual"])
def test_a_change_without_one_of_its_parts(database: Database, lost: str) -> None:  # F7
    good = [change("scenario", "C4", None, "new", "set"), replace(NEW, **{lost: None})]
    plan = replace(plan_of(database, good), header=plan_of(database, [NEW, NEW]).header)
    is_refused(database, plan, Outcome.STALE, form(2))


def test_changes_that_the_plan_does_not_count(database: Database) -> None:  # P2
    plan = plan_of(database, [NEW])
    counted = ("E0601", "the plan's changes are not those that its summary counts", AGAIN)
    one_more = plan_of(database, [NEW, change("scenario", "C4", None, "new", "set")])
    is_refused(database, replace(plan, changes=one_more.changes), Outcome.STALE, counted)
    is_refused(database, with_header(plan, summary={"scenario": {"set": 2, "held": 1}}), Outcome.STALE, counted)
    is_refused(database, with_header(plan, summary={"scenario": {"set": 1}, "group": {"add": 1}}), Outcome.STALE, counted)
    is_refused(database, with_header(plan, summary={}), Outcome.STALE, form(1))  # of a target that no summary names, no form is known
    nobodys = with_header(plan, summary={"scenario": {"set": 1}, "mood": {"set": 1}, "weather": {"held": 3}})
    text = "the plan changes target `mood`, which the schema does not have"
    is_refused(database, nobodys, Outcome.STALE, ("E0601", text, AGAIN))
    twice = plan_of(database, [change("group", "C2", False, True, "add", member) for member in ("A", "B", "B")])
    is_refused(database, twice, Outcome.STALE, ("E0601", "the plan changes `group` of `C2` twice", AGAIN))
    both = plan_of(database, [change("group", "C2", False, True, "add", member) for member in ("A", "B")])
    assert apply(database, both).changes == 2


def test_the_rows_of_alerts(database: Database) -> None:
    plan = plan_of(database, [])
    row = '{"alert":"late","subject":"C1","label":null,"state":"entered","show":{}}'
    for bad in ('{"alert":null,"subject":"C1"}', '{"alert":"late"}'):
        problem = ("E0601", "alert row 2 of the plan does not have the form of one", AGAIN)
        is_refused(database, replace(plan, alert_rows=(row, bad)), Outcome.STALE, problem)
    assert apply(database, replace(plan, alert_rows=(row,))).outcome is Outcome.APPLIED
    with database.reading() as session:
        assert history.alerts(session, 1) == {"late": ("C1",)}


def test_as_many_stale_rows_as_are_listed(tmp_path: Path) -> None:  # F5
    database = store(tmp_path, 42)
    changes = [change("scenario", f"C{number}", None, "new", "set") for number in range(1, 41)]
    plan = plan_of(database, changes)  # every odd customer has a scenario: 20 rows
    result = apply(database, plan)
    assert [item.message for item in result.diagnostics] == [
        f"`scenario` of `{subject}` is `old` now, and was `–` when the plan was made"
        for subject in (f"C{number}" for number in range(1, 41, 2))
    ]
    assert {item.help for item in result.diagnostics} == {AGAIN}
    more = apply(database, plan_of(database, [*changes, change("scenario", "C41", None, "new", "set")]))
    assert len(more.diagnostics) == 21
    counted = more.diagnostics[-1]
    text = "21 rows of `scenario` changed since the plan was made, 20 of them are listed"
    assert (counted.code, counted.message, counted.help) == ("E0701", text, None)


def test_who_came_first(database: Database) -> None:  # F4
    plan = plan_of(database, [change("group", "C2", False, True, "add", "Risky"), change("scenario", "C9", None, "new", "set")])
    is_refused(database, plan, Outcome.STALE, ("E0701", "`C9` is no longer in the data", AGAIN))
    apply(database, plan_of(database, [change("group", "C2", False, True, "add", "Risky")]))
    since = f"run 1 by `anna` was applied since: {AGAIN}"
    text = "`group` `Risky` of `C2` is `true` now, and was `false` when the plan was made"
    is_refused(database, plan, Outcome.STALE, ("E0701", text, since))
    # the plan that follows that run is stale for another reason
    follows = plan_of(database, [change("scenario", "C9", None, "new", "set")])
    is_refused(database, follows, Outcome.STALE, ("E0701", "`C9` is no longer in the data", AGAIN))


GUARDS = (GuardVerdict("a", "20%", 3, 4, False), GuardVerdict("b", "9", 10, 12, True), GuardVerdict("c", "1", 2, 4, False, overridden=True))
TRIPPED = (
    "E0603",
    "guard `a` allows 20%, and the plan changes 3 of 4",
    "look at the changes; `--override-guard a` lets them pass",
)


def test_why_a_plan_is_not_applicable(database: Database) -> None:
    plan = plan_of(database, [NEW], applicable=False, guards=GUARDS)
    is_refused(database, plan, Outcome.REFUSED, TRIPPED)
    stopped = diagnostic("E0604", "the data is old", help="load it again")
    is_refused(database, plan, Outcome.REFUSED, TRIPPED, ("E0604", "the data is old", "load it again"), refusals=[stopped])
    full = replace(
        plan,
        data_errors=(DataProblem("E0501", "`code` is repeated", "customer", 2, ("C1",)),),
        requirements=(Requirement("none lost", ("C1",), "a.rules:3"), Requirement("few", ("C1",), "a.rules:4", warning=True)),
    )
    broken = ("E0604", "`code` is repeated (2 rows of `customer`)", None)
    required = ("E0604", "requirement `none lost` fails", "see a.rules:3")
    is_refused(database, full, Outcome.REFUSED, broken, required, TRIPPED)
    is_refused(database, full, Outcome.REFUSED, broken, required, overrides=["a"])
    for nothing_said in (GUARDS[1:], ()):
        is_refused(database, with_header(plan, guards=nothing_said), Outcome.REFUSED, ("E0604", "the plan is not applicable", AGAIN))
    assert not refused(with_header(full, applicable=True))
    assert apply(database, plan, overrides=["c", "a"]).outcome is Outcome.APPLIED


def test_a_plan_with_its_guards_let_pass() -> None:
    plan = Plan(replace(_bare_header(), guards=GUARDS), ())
    passed = let_pass(plan, ["a", "b"])
    assert [guard.overridden for guard in passed.header.guards] == [True, False, True]
    assert passed.header.applicable
    kept = let_pass(plan, ["b"])
    assert ([guard.overridden for guard in kept.header.guards], kept.header.applicable) == ([False, False, True], False)


def _bare_header() -> Header:
    return Header(date(2026, 11, 22), RULES, SHAPE, False, {}, {}, "local", "EUR", (), {})


def test_the_rows_of_a_target_are_counted_again(database: Database) -> None:  # F11
    insert = "INSERT INTO assignrules_target_scenario VALUES ('C4', 'slipped in')"
    execute(database, f"CREATE TRIGGER more AFTER INSERT ON assignrules_target_group FOR EACH STATEMENT {insert}")
    text = "the state of `scenario` has 3 rows after the writing, and should have 2"
    is_refused(database, plan_of(database, ONE_OF_EACH), Outcome.FAILED, ("E0706", text, "look for a trigger that writes to it"))


def test_what_was_not_written_as_planned_is_named(database: Database) -> None:  # F11
    delete = "DELETE FROM assignrules_target_group WHERE subject = 'C2'"
    execute(database, f"CREATE TRIGGER less AFTER INSERT ON assignrules_target_scenario FOR EACH STATEMENT {delete}")
    plan = plan_of(database, [change("group", "C2", False, True, "add", "Risky"), NEW])
    is_refused(database, plan, Outcome.FAILED, ("E0706", "`group` `Risky` of `C2` was not written as planned", None))


def test_a_value_that_came_otherwise_is_named(database: Database) -> None:  # F11
    meddle = "UPDATE assignrules_target_order_block SET value = true"
    execute(database, f"CREATE TRIGGER meddle AFTER INSERT ON assignrules_target_scenario FOR EACH STATEMENT {meddle}")
    plan = plan_of(database, [change("order_block", "C1", None, False, "set"), NEW])
    is_refused(database, plan, Outcome.FAILED, ("E0706", "`order_block` of `C1` was not written as planned", None))


def test_an_amount_that_is_gone(database: Database) -> None:  # F5
    plan = plan_of(database, [change("cover", "C1", "5.00 EUR", "7.50 USD", "amend", "ND")])
    execute(database, "UPDATE assignrules_target_cover SET value = NULL")
    is_refused(
        database, plan, Outcome.STALE, ("E0701", "`cover` `ND` of `C1` is `–` now, and was `5.00 EUR` when the plan was made", AGAIN)
    )


def test_what_is_kept_of_an_apply(database: Database) -> None:  # J1
    plan = plan_of(database, [NEW, change("group", "C2", False, True, "add", "Risky")], [new_proposal("C1")], git="abc", guards=GUARDS[1:])
    told: list[str] = []
    result = apply(
        database, plan, reason="monthly", approved_by="bea", overrides=["c", "b"], on_stage=told.append, environment="local"
    )  # fmt: skip
    assert (result.outcome, result.exit_code, result.run, result.already) == (Outcome.APPLIED, 0, 1, False)
    assert (result.changes, result.proposals, result.diagnostics) == (2, 1, ())
    assert told[:4] == ["before lock", "after lock", "before check identity", "after check identity"]
    assert (told[-2:], len(told) % 2) == (["before commit", "after commit"], 0)
    with database.reading() as session:
        run = history.run(session, 1)
    assert run is not None
    assert (run.hash, run.plan) == (result.head, plan_id(plan))
    assert (run.user, run.login, run.reason, run.approved_by, run.overrides) == ("anna", getpass.getuser(), "monthly", "bea", ("b", "c"))
    assert (run.as_of, run.mode, run.environment, run.status, run.reverts) == (date(2026, 11, 22), "apply", "local", "applied", None)
    assert (run.ruleset, run.schema, run.git, run.version) == ("sha256:rules", "sha256:schema", "abc", "0.1")
    assert (run.parameters, run.counts) == ({"large": "400000.00 EUR"}, plan.header.summary)
    assert NOW.replace(tzinfo=None) == run.started <= run.finished < run.started + timedelta(minutes=5)
    again = apply(database, plan)
    assert (again.outcome, again.run, again.head, again.already, again.changes) == (Outcome.APPLIED, 1, result.head, True, 0)


def test_an_apply_by_nobody_named_is_the_logins(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("no such user")

    apply(database, plan_of(database, []), user=None)
    monkeypatch.setattr(getpass, "getuser", nobody)
    apply(database, plan_of(database, []), user=None)
    with database.reading() as session:
        found = [(run.user, run.login) for run in history.runs(session)]
    assert found[1] == ("unknown", "unknown")
    assert found[0][0] == found[0][1] != "unknown"
