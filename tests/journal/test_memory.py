"""What rules remember of what was really applied: held, restored and limited changes over several days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from assignrules.apply import apply_plan
from assignrules.check import check_files
from assignrules.databases.duckdb import DuckDB, DuckDBMemory
from assignrules.databases.embedded import create_store, fill, lineage
from assignrules.diagnostics import SourceFile
from assignrules.ir.digest import ruleset_digest
from assignrules.ir.ruleset import Ruleset
from assignrules.journal.chain import head, verify
from assignrules.journal.replay import replay
from assignrules.journal.tables import has_journal
from assignrules.plan.build import build_plan
from assignrules.plan.model import Plan
from assignrules.schema.dataset import Dataset, JournalEntry
from assignrules.schema.digest import schema_digest
from assignrules.schema.logical import credit
from assignrules.schema.mapping import identity, managed_table

pytestmark = pytest.mark.slow

SCHEMA = credit()
MAPPING = identity(SCHEMA)
DAY = date(2026, 11, 22)


def rules(text: str) -> Ruleset:
    checked = check_files([SourceFile("a.rules", text)], SCHEMA)
    assert checked.ruleset is not None, checked.diagnostics
    return checked.ruleset


class World:
    """A store, and the days on which its rules are planned and applied."""

    def __init__(self, folder: Path, text: str, customers: list[dict[str, object]]) -> None:
        self.ruleset = rules(text)
        self.database = DuckDB(folder / "store.duckdb")
        with self.database.writing(create=True) as session:
            create_store(session, SCHEMA)
            fill(session, SCHEMA, Dataset(rows={"customer": customers}))
            session.commit()

    def plan(self, day: date) -> Plan:
        with self.database.reading() as session:
            return build_plan(session, self.ruleset, MAPPING, as_of=day, environment="test", lineage=lineage(session), anchor=head(session))

    def apply(self, day: date) -> Plan:
        """The plan of a day, once it is applied."""
        plan = self.plan(day)
        done = apply_plan(
            self.database,
            MAPPING,
            plan,
            ruleset_digest=ruleset_digest(self.ruleset),
            schema_digest=schema_digest(MAPPING),
            environment="test",
            now=datetime(2026, 11, 22, tzinfo=UTC),
        )
        assert not done.diagnostics, done
        return plan

    def execute(self, sql: str) -> None:
        with self.database.writing() as session:
            session.execute(sql)
            session.commit()


def changed(plan: Plan) -> list[tuple[str, object, object, bool]]:
    return [(change.subject, change.before, change.after, change.manual) for change in plan.change_rows()]


def held(plan: Plan) -> list[tuple[str, str]]:
    return [(item.subject, item.held_by) for item in plan.held]


def test_a_limit_lets_the_rest_through_on_later_days(tmp_path: Path) -> None:
    customers: list[dict[str, object]] = [{"code": f"C{number}", "insurer_score": number} for number in range(1, 6)]
    world = World(tmp_path, 'assign scenario "Firm" to insurer_score > 0 limit 2 changes by insurer_score', customers)
    assert [item[0] for item in changed(world.apply(DAY))] == ["C4", "C5"]
    assert [item[0] for item in changed(world.apply(DAY))] == ["C2", "C3"]
    last = world.apply(DAY)
    assert [item[0] for item in changed(last)] == ["C1"] and held(last) == []
    assert changed(world.plan(DAY)) == []


def test_a_cooldown_counts_from_what_was_applied(tmp_path: Path) -> None:
    world = World(tmp_path, "assign risk_class (country) to active cooldown 30 days", [{"code": "C1", "active": True, "country": "FR"}])
    assert changed(world.apply(DAY)) == [("C1", None, "FR", False)]
    world.execute("UPDATE customer SET country = 'BE'")
    assert held(world.apply(DAY + timedelta(days=29))) == [("C1", "cooldown")]
    assert changed(world.apply(DAY + timedelta(days=30))) == [("C1", "FR", "BE", False)]
    assert changed(world.plan(DAY + timedelta(days=30))) == []


def test_restoring_is_done_once_and_again_after_the_next_spell(tmp_path: Path) -> None:
    world = World(tmp_path, 'assign scenario "Firm" to locked otherwise restore', [{"code": "C1", "locked": True}])
    world.execute(f"INSERT INTO {managed_table('scenario')} (subject, value) VALUES ('C1', 'Personal')")
    assert changed(world.apply(DAY)) == [("C1", "Personal", "Firm", False)]
    world.execute("UPDATE customer SET locked = false")
    assert changed(world.apply(DAY)) == [("C1", "Firm", "Personal", False)]
    assert changed(world.plan(DAY)) == []
    world.execute("UPDATE customer SET locked = true")
    assert changed(world.apply(DAY)) == [("C1", "Personal", "Firm", False)]
    world.execute("UPDATE customer SET locked = false")
    assert changed(world.apply(DAY)) == [("C1", "Firm", "Personal", False)]
    world.execute(f"UPDATE {managed_table('scenario')} SET value = 'By hand'")
    assert changed(world.plan(DAY)) == []
    world.execute("UPDATE customer SET locked = true")
    assert changed(world.apply(DAY)) == [("C1", "By hand", "Firm", True)]
    world.execute("UPDATE customer SET locked = false")
    assert changed(world.plan(DAY)) == [("C1", "Firm", "By hand", False)]


def test_a_change_by_hand_is_kept(tmp_path: Path) -> None:
    world = World(tmp_path, 'assign group "Late" add active remove others keep manual', [{"code": "C1", "active": True}])
    assert changed(world.apply(DAY)) == [("C1", False, True, False)]
    world.execute(f"DELETE FROM {managed_table('group')}")
    assert held(world.plan(DAY)) == [("C1", "manual")] and changed(world.plan(DAY)) == []
    world.execute(f"INSERT INTO {managed_table('group')} (subject, member) VALUES ('C1', 'Late')")
    assert held(world.plan(DAY)) == []


@pytest.mark.parametrize("times", [1, 2])
def test_runs_that_are_given_make_a_journal_that_holds(times: int) -> None:
    entries = [
        JournalEntry(date(2026, 10, 1), "C1", "scenario", None, None, "Soft", "scenario"),
        JournalEntry(date(2026, 10, 1), "C1", "group", "Late", None, True, "group:Late"),
        JournalEntry(date(2026, 10, 2), "C1", "scenario", None, "Soft", None, "scenario"),
    ]
    database = DuckDBMemory()
    with database.writing(create=True) as session:
        create_store(session, SCHEMA)
        session.commit()
    for _ in range(times):
        with database.writing() as session:
            replay(session, SCHEMA, Dataset(journal=entries), DAY)
            session.commit()
    with database.reading() as session:
        assert verify(session, head(session)) == ()
        actions = session.fetch("SELECT run, sequence, action FROM assignrules_change ORDER BY run, sequence")
        assert actions == [(1, 1, "set"), (1, 2, "add"), (2, 1, "clear")]


def test_without_runs_no_journal_is_made() -> None:
    database = DuckDBMemory()
    with database.writing(create=True) as session:
        create_store(session, SCHEMA)
        replay(session, SCHEMA, Dataset(), DAY)
        session.commit()
    with database.reading() as session:
        assert not has_journal(session)
