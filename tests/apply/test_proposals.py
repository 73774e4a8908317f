"""Proposals reach the outbox with the run that makes them, or not at all; and what people decide there is respected."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.apply.building import MAPPING, SCHEMA, apply, change, codes, new_proposal, plan_of, state, store

from assignrules.apply import Outcome, apply_plan
from assignrules.apply.proposals import load_proposals, write_proposals, wrong_proposals
from assignrules.check import check_files
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.embedded import create_store, fill, lineage
from assignrules.diagnostics import SourceFile, has_errors
from assignrules.ir.changes import Proposed
from assignrules.ir.digest import ruleset_digest
from assignrules.journal import chain, history
from assignrules.plan.build import build_plan
from assignrules.plan.file import read_plan, write_plan
from assignrules.plan.model import Plan
from assignrules.schema.dataset import Dataset
from assignrules.schema.digest import schema_digest

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 22)
OUTBOX = "SELECT id, run, subject, state, made_on, amount, approver, shown, because, ended_on FROM assignrules_outbox ORDER BY id"


def outbox(database: DuckDB) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        return session.fetch(OUTBOX)


def execute(database: DuckDB, *statements: str) -> None:
    with database.writing() as session:
        for sql in statements:
            session.execute(sql)
        session.commit()


def refuse(database: DuckDB, id: int, state: str = "refused") -> None:
    execute(database, f"UPDATE assignrules_outbox SET state = '{state}', decided_on = DATE '2026-11-22' WHERE id = {id}")


def ended(item: Proposed, action: str, before: str, after: str, row: int) -> Proposed:
    return replace(item, action=action, before=before, after=after, outbox=row, amount=None, approver=None, show={}, because=None)


def test_what_is_made_stands_in_the_outbox_and_in_the_journal(tmp_path: Path) -> None:
    database = store(tmp_path)
    made = (new_proposal("C1"), new_proposal("C2", amount=None, approver=None, show={}, because=None))
    result = apply(database, plan_of(database, [change("scenario", "C2", None, "new", "set")], made))
    assert (result.outcome, result.changes, result.proposals) == (Outcome.APPLIED, 1, 2)
    assert outbox(database) == [
        (1, 1, "C1", "open", DAY, "1200.00 EUR", "sales_manager", '{"code":"C1","days":61}', "61 days “late”\n", None),
        (2, 1, "C2", "open", DAY, None, None, "{}", None, None),
    ]
    with database.reading() as session:
        assert history.proposals(session, 1) == tuple(replace(item, outbox=row) for row, item in enumerate(made, start=1))
        run = history.run(session, 1)
        assert run is not None and run.changes == 1
        assert not has_errors(chain.verify(session))


def test_a_plan_of_proposals_alone_is_applied_once(tmp_path: Path) -> None:
    database = store(tmp_path)
    write_plan(plan_of(database, [], [new_proposal("C1")]), tmp_path / "plan.json")
    plan, problems = read_plan(tmp_path / "plan.json")
    assert plan is not None, problems
    assert apply(database, plan).proposals == 1
    before = state(database)
    again = apply(database, plan)
    assert (again.outcome, again.already) == (Outcome.APPLIED, True)
    assert state(database) == before


def test_withdrawn_and_closed(tmp_path: Path) -> None:
    database = store(tmp_path)
    apply(database, plan_of(database, [], [new_proposal("C1"), new_proposal("C2"), new_proposal("C3")]))
    refuse(database, 2, "accepted")
    first, second = new_proposal("C1"), new_proposal("C2")
    ends = [ended(first, "withdraw", "open", "withdrawn", 1), ended(second, "close", "accepted", "accepted", 2)]
    result = apply(database, plan_of(database, [], ends, as_of=DAY + timedelta(days=3)))
    assert result.outcome is Outcome.APPLIED, result
    rows = [(row[0], row[3], row[9]) for row in outbox(database)]
    assert rows == [(1, "withdrawn", date(2026, 11, 25)), (2, "accepted", date(2026, 11, 25)), (3, "open", None)]


STALE = {
    "refused meanwhile": (["UPDATE assignrules_outbox SET state = 'refused' WHERE id = 1"], "withdraw", "is refused now, and was open"),
    "withdrawn by another run": (["UPDATE assignrules_outbox SET state = 'withdrawn' WHERE id = 1"], "withdraw", "is withdrawn now"),
    "gone from the outbox": (["DELETE FROM assignrules_outbox WHERE id = 1"], "withdraw", "is not there now, and was open"),
    "made by another run": (["INSERT INTO assignrules_outbox (id, proposal, subject, state) VALUES (9, 'Stop deliveries', 'C2', 'open')"],
                            "make", "is open now, and was not there"),
    "subject gone": (["DELETE FROM customer WHERE code = 'C2'"], "make", "`C2` is no longer in the data"),
}  # fmt: skip


@pytest.mark.parametrize("name", STALE)
def test_a_stale_outbox_writes_nothing_and_names_the_row(tmp_path: Path, name: str) -> None:  # F5
    statements, action, text = STALE[name]
    database = store(tmp_path)
    apply(database, plan_of(database, [], [new_proposal("C1")]))
    item = new_proposal("C2") if action == "make" else ended(new_proposal("C1"), "withdraw", "open", "withdrawn", 1)
    plan = plan_of(database, [change("scenario", "C4", None, "new", "set")], [item])
    execute(database, *statements)
    before = state(database)
    result = apply(database, plan)
    assert (result.outcome, codes(result)) == (Outcome.STALE, ["E0701"])
    assert text in result.diagnostics[0].message
    assert result.diagnostics[0].help == "make the plan again"
    assert state(database) == before


def test_what_stays_makes_no_plan_stale(tmp_path: Path) -> None:
    database = store(tmp_path)
    apply(database, plan_of(database, [], [new_proposal("C1")]))
    stays = ended(new_proposal("C1"), "stay", "open", "open", 1)
    plan = plan_of(database, [], [stays, new_proposal("C2")])
    refuse(database, 1)
    assert apply(database, plan).proposals == 1
    assert [row[3] for row in outbox(database)] == ["refused", "open"]


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ((new_proposal("C1", after="accepted"),), "does not have the form"),
        ((new_proposal("C1", action="delete"),), "does not have the form"),
        ((new_proposal("C1", before="open", outbox=1),), "does not have the form"),
        ((new_proposal("C1", entity="nobody"),), "does not have the form"),
        ((new_proposal("C1", outbox=7),), "does not have the form"),
        ((new_proposal("C1"), new_proposal("C1")), "twice"),
    ],
)
def test_a_plan_made_by_hand_is_refused(tmp_path: Path, items: tuple[Proposed, ...], text: str) -> None:  # F7
    database = store(tmp_path)
    result = apply(database, plan_of(database, [], items))
    assert (result.outcome, codes(result)) == (Outcome.STALE, ["E0601"])
    assert text in result.diagnostics[0].message
    assert not state(database)["assignrules_outbox"]


@pytest.mark.parametrize("point", ["after write proposals", "before verify proposals", "before commit"])
def test_a_failure_on_the_way_leaves_nothing(tmp_path: Path, point: str) -> None:
    database = store(tmp_path)
    before = state(database)
    plan = plan_of(database, [change("scenario", "C2", None, "new", "set")], [new_proposal("C1")])

    def fail(name: str) -> None:
        if name == point:
            raise RuntimeError(point)

    with pytest.raises(RuntimeError):
        apply(database, plan, on_stage=fail)
    assert state(database) == before


def test_rows_that_appear_while_writing_roll_everything_back(tmp_path: Path) -> None:  # F11
    database = store(tmp_path)
    apply(database, plan_of(database, []))  # makes the outbox
    more = "INSERT INTO assignrules_outbox (id, subject) VALUES (99, 'C9')"
    execute(database, f"CREATE TRIGGER more AFTER INSERT ON assignrules_proposal FOR EACH STATEMENT {more}")
    before = state(database)
    result = apply(database, plan_of(database, [change("scenario", "C2", None, "new", "set")], [new_proposal("C1")]))
    assert (result.outcome, codes(result)) == (Outcome.FAILED, ["E0706"])
    assert state(database) == before


SPOILT = ("amount = '1.00 EUR'", "amount = NULL", "state = 'accepted'", "shown = '{}'", "because = 'x'", "made_on = NULL", "subject = 'C2'")


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_row_that_is_not_as_planned_is_found(tmp_path: Path, spoilt: str) -> None:  # F11
    database = store(tmp_path)
    apply(database, plan_of(database, []))
    with database.writing() as session:
        assert load_proposals(session, MAPPING, [new_proposal("C1")]) is None
        assert write_proposals(session, 2, DAY) == 1
        assert not wrong_proposals(session, DAY, 1)
        session.execute(f"UPDATE assignrules_outbox SET {spoilt}")
        assert [item.code for item in wrong_proposals(session, DAY, 1)] == ["E0706"]


TWICE = "INSERT INTO assignrules_proposal SELECT * REPLACE (4 AS sequence) FROM assignrules_proposal WHERE sequence = 1"
ALTERED = {
    "UPDATE assignrules_proposal SET amount = '9.00 EUR' WHERE subject = 'C2'": "proposal 2 of run 1 (`C2`, `Stop deliveries`) was altered",
    "DELETE FROM assignrules_proposal WHERE subject = 'C2'": "the changes, alert rows or proposals of run 1 are not those",
    TWICE: "proposal 4 of run 1 (`C1`",
}


@pytest.mark.parametrize("sql", ALTERED)
def test_an_altered_proposal_of_the_journal_is_found(tmp_path: Path, sql: str) -> None:  # J1
    database = store(tmp_path)
    apply(database, plan_of(database, [], [new_proposal("C1"), new_proposal("C2"), new_proposal("C3")]))
    execute(database, sql)
    with database.reading() as session:
        assert ALTERED[sql] in next(item for item in chain.verify(session) if item.code == "E0801").message


RULES = """
propose "Stop" to insurer_score < 4  amount turnover_12m  cooldown 30 days  show name  because "score {insurer_score}"
assign scenario "Firm" to insurer_score < 4 otherwise clear
"""


class World:
    """A store, and the days on which its rules are planned and applied."""

    def __init__(self, folder: Path) -> None:
        checked = check_files([SourceFile("a.rules", RULES)], SCHEMA)
        assert checked.ruleset is not None, checked.diagnostics
        self.ruleset = checked.ruleset
        self.database = DuckDB(folder / "store.duckdb")
        with self.database.writing(create=True) as session:
            create_store(session, SCHEMA)
            fill(session, SCHEMA, Dataset(rows={"customer": [{"code": "C1", "name": "Alpha", "insurer_score": 3}]}))
            session.commit()

    def plan(self, day: date) -> Plan:
        with self.database.reading() as session:
            return build_plan(
                session, self.ruleset, MAPPING, as_of=day, environment="test", lineage=lineage(session), anchor=chain.head(session)
            )

    def apply(self, day: date) -> list[tuple[str, str | None, str]]:
        """What became of the proposals; a plan right after it writes nothing (P4)."""
        plan = self.plan(day)
        digests = {"ruleset_digest": ruleset_digest(self.ruleset), "schema_digest": schema_digest(MAPPING)}
        now = datetime(2026, 11, 22, tzinfo=UTC)
        done = apply_plan(self.database, MAPPING, plan, **digests, environment="test", now=now)
        assert not done.diagnostics, done
        after = self.plan(day)
        assert not after.changes
        assert not after.proposes
        return [(item.action, item.before, item.after) for item in plan.proposals]

    def score(self, value: int) -> None:
        execute(self.database, f"UPDATE customer SET insurer_score = {value}")


def test_a_life_of_proposals(tmp_path: Path) -> None:
    world = World(tmp_path)
    day = DAY
    assert world.apply(day) == [("make", None, "open")]
    assert world.apply(day + timedelta(days=1)) == [("stay", "open", "open")]
    refuse(world.database, 1)  # on the first day: the refusal holds for less than 30 days
    assert world.apply(day + timedelta(days=29)) == [("stay", "refused", "refused")]
    assert world.apply(day + timedelta(days=30)) == [("make", "refused", "open")]
    world.score(5)
    assert world.apply(day + timedelta(days=31)) == [("withdraw", "open", "withdrawn")]
    assert world.apply(day + timedelta(days=32)) == []
    world.score(2)
    assert world.apply(day + timedelta(days=33)) == [("make", "withdrawn", "open")]
    refuse(world.database, 3, "accepted")
    assert world.apply(day + timedelta(days=400)) == [("stay", "accepted", "accepted")]
    world.score(5)
    assert world.apply(day + timedelta(days=401)) == [("close", "accepted", "accepted")]
    world.score(1)
    assert world.apply(day + timedelta(days=402)) == [("make", "accepted", "open")]
    assert [(row[0], row[3]) for row in outbox(world.database)] == [(1, "refused"), (2, "withdrawn"), (3, "accepted"), (4, "open")]
    with world.database.reading() as session:
        assert not has_errors(chain.verify(session))


def test_a_plan_of_one_target_leaves_the_outbox_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.database.reading() as session:
        plan = build_plan(session, world.ruleset, MAPPING, as_of=DAY, environment="test", only="scenario")
    assert len(plan.changes) == 1
    assert not plan.proposals
