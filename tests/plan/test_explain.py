"""An explanation says what the plan does, and its trees add up."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

from assignrules.check import check_files
from assignrules.check.packs import PackFolders
from assignrules.databases.duckdb import DuckDB
from assignrules.diagnostics import SourceFile
from assignrules.ir.changes import Change, Conflict, Held
from assignrules.load import load
from assignrules.plan.explain import explain
from assignrules.plan.explanation import BlockState, Explanation, Node, NodeKind, UnitExplanation
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import credit
from assignrules.schema.mapping import identity
from assignrules.testing import Case, read_case
from assignrules.testing.case import ProjectSettings
from assignrules.testing.database import DatabaseTestSession, DuckDBPlanner

pytestmark = pytest.mark.slow

CASES = Path(__file__).resolve().parents[1] / "cases"
FOLDERS = (
    "as_of", "clashes", "clauses", "covers", "distribute", "holds", "limit", "memory", "order", "priority",
    "set_targets", "top", "value_targets",
)  # fmt: skip
MORE = (
    "aggregates/latest_and_earliest.yml",
    "aggregates/many_ways_to_one_row.yml",
    "aggregates/this_is_the_standing_row.yml",
    "boundaries/mixed_currencies.yml",
    "boundaries/own_legal_entity.yml",
    "boundaries/risky_hysteresis_to_portfolio.yml",
)
FILES = sorted({*MORE, *(path.relative_to(CASES).as_posix() for folder in FOLDERS for path in (CASES / folder).glob("*.yml"))})
DAY = date(2026, 11, 22)


@cache
def planner() -> DuckDBPlanner:
    return DuckDBPlanner(credit())


def explained(session: DatabaseTestSession, subject: str, target: str | None = None) -> Explanation:
    return explain(session.session, session.ruleset, session.mapping, subject, as_of=session.as_of, target=target)


def units(found: Explanation, entity: str = "customer") -> dict[tuple[str, str | None], UnitExplanation]:
    return {(unit.target, unit.member): unit for subject in found.subjects if subject.entity == entity for unit in subject.units}


# --- that it agrees with the plan, on the conformance cases ---


def keys(case: Case, entity: str, name: str) -> list[str]:
    return [str(row[name]) for row in case.given.rows.get(entity, ())]


@pytest.mark.parametrize("file", FILES)
def test_agrees_with_the_plan(file: str) -> None:
    case, _ = read_case(SourceFile(file, (CASES / file).read_text(encoding="utf-8")), credit())
    assert case is not None and case.rules is not None
    ruleset, _ = planner().check((case.rules,), case.params, case.project)
    if ruleset is None:
        return  # a case of rules that are refused
    with planner().session(ruleset, case.given, case.as_of) as session:
        plan = session.plan()
        written = {block.entity for block in ruleset.assignments}
        for entity, name in (("customer", "code"), ("document", "number")):
            if entity not in written:
                continue
            found = {key: units(explained(session, key), entity) for key in keys(case, entity, name)}
            targets = {target.name for target in credit().targets_of(entity)}
            named = [hold.name for hold in ruleset.holds if hold.entity == entity]
            check_changes(found, [change for change in plan.changes if change.target in targets])
            check_held(found, [held for held in plan.held if held.target in targets])
            check_conflicts(found, [conflict for conflict in plan.conflicts if conflict.target in targets])
            for of_subject in found.values():
                for unit in of_subject.values():
                    check_decision(unit)
                    check_trees(unit)
                    assert all(block.holds == tuple(named) and (block.except_ is not None or not named) for block in unit.blocks)


Found = dict[str, dict[tuple[str, str | None], UnitExplanation]]


def check_changes(found: Found, changes: list[Change]) -> None:
    assert {(key, *unit) for key, of_subject in found.items() for unit, item in of_subject.items() if item.action is not None} == {
        (change.subject, change.target, change.member) for change in changes
    }
    for change in changes:
        unit = found[change.subject][change.target, change.member]
        told = (unit.before, unit.planned, unit.action, unit.rule, unit.line, unit.at, unit.because)
        assert told == (change.before, change.after, change.action, change.rule, change.line, change.at, change.because)


def check_held(found: Found, held: list[Held]) -> None:
    listed = [
        Held(key, *unit, item.before, item.asked, item.held_by)
        for key, of_subject in found.items()
        for unit, item in of_subject.items()
        if item.held_by is not None
    ]
    assert sorted(map(repr, listed)) == sorted(map(repr, held))


def check_conflicts(found: Found, conflicts: list[Conflict]) -> None:
    listed = [
        Conflict(key, *unit, item.before, item.planned, item.at or "")
        for key, of_subject in found.items()
        for unit, item in of_subject.items()
        if item.conflict
    ]
    assert sorted(map(repr, listed)) == sorted(map(repr, conflicts))


def check_decision(unit: UnitExplanation) -> None:
    """The truths of the conditions, which were asked for apart from the decision, lead to it."""
    decided: tuple[str, int | str | None] | None = None
    for block in unit.blocks:
        if decided is None and block.state is BlockState.RUNS and (block.where is None or block.where.value is True):
            side = next((side for side in block.sides if side.holds), None)
            if side is not None:
                decided = (block.rule, "otherwise" if side.word == "otherwise" else side.number)
    assert decided == (None if unit.rule is None else (unit.rule, unit.line))
    deciding = [(block.rule, side) for block in unit.blocks for side in block.sides if side.decides]
    assert len(deciding) == (unit.rule is not None)
    assert all(rule == unit.rule and side.holds for rule, side in deciding)


def check_trees(unit: UnitExplanation) -> None:
    assert (unit.hold is None) is (unit.held_by is None) and (unit.hold is None or unit.hold.by == unit.held_by)
    for block in unit.blocks:
        for condition, reason in (
            (block.where, block.where_reason),
            (block.except_, block.except_reason),
            *((side.condition, side.reason) for side in block.sides),
        ):
            if condition is not None:
                check_reason(condition, reason)
        for node in (block.where, block.except_, *(side.condition for side in block.sides)):
            for part in () if node is None else walk(node):
                check_node(part)


def leaves(node: Node) -> Iterator[Node]:
    inner = [part for part in node.parts if part.condition]
    if node.kind in (NodeKind.ALL, NodeKind.ANY, NodeKind.NOT) or (node.kind is NodeKind.NAME and inner and inner[0].value is not None):
        for part in inner:
            yield from leaves(part)
    elif inner and " top " in node.text and inner[0].value is False:
        yield from leaves(inner[0])
    else:
        yield node


def truth(node: Node, known: dict[str, bool]) -> bool:
    if node.text in known and next(leaves(node)) is node:
        return known[node.text]
    parts = [truth(part, known) for part in node.parts if part.condition]
    match node.kind:
        case NodeKind.ALL:
            return all(parts)
        case NodeKind.ANY:
            return any(parts)
        case NodeKind.NOT:
            return not parts[0]
        case _:
            return parts[0]


def check_reason(condition: Node, reason: tuple[Node, ...]) -> None:
    """No smaller set of tests decides, whatever the others say; tried where all of them are in the tree, and not too many."""
    tests = list(leaves(condition))
    known = {test.text: test.value is True for test in tests}
    if any(part.repeated for part in walk(condition)) or any((test.value is True) is not known[test.text] for test in tests):
        return
    texts = [node.text for node in reason]
    assert all(node.value is True if known[node.text] else node.value is not True for node in reason)
    if len(known) > 7:
        return
    for size in range(len(known) + 1):
        for chosen in sorted(sorted(some) for some in combinations(known, size)):
            left = [text for text in known if text not in chosen]
            ways = (known | dict(zip(left, way, strict=True)) for way in product((False, True), repeat=len(left)))
            if all(truth(condition, way) is (condition.value is True) for way in ways):
                assert texts == chosen
                return
    raise AssertionError(condition)


def walk(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts:
        yield from walk(part)


def check_node(node: Node) -> None:
    truths = [part.value for part in node.parts if part.condition]
    if node.condition and node.value is None:  # the link to its row leads nowhere
        assert not any(truths)
        return
    match node.kind:
        case NodeKind.ALL:
            assert node.value is all(truths)
        case NodeKind.ANY:
            assert node.value is any(truths)
        case NodeKind.NOT:
            assert node.value is (truths == [False])
        case NodeKind.NAME if node.parts and not node.condition:
            assert node.value == node.parts[0].value
        case NodeKind.AGGREGATE if node.rows is not None:
            check_aggregate(node, node.text.partition("(")[0])


def check_aggregate(node: Node, function: str) -> None:
    rows = node.rows
    assert rows is not None and len(rows.first) == min(rows.count, 5)
    if node.value is None and not rows.count:
        return  # nothing to take, or no row behind the link that it stands on
    match function:
        case "any" | "none":
            assert node.value is ((rows.count > 0) is (function == "any"))
        case "count" if "distinct" not in node.text:
            assert node.value == rows.count
        case "latest" | "earliest" | "min" | "max" if function in ("latest", "earliest") or not all_money(rows.first):
            first = rows.first[0].value if rows.first else None
            assert node.value == (first is True if node.condition else first)
        case "sum" if rows.count <= 5 and all(str(value).endswith(" EUR") for value in (node.value, *(row.value for row in rows.first))):
            assert Decimal(str(node.value).removesuffix(" EUR")) == sum(Decimal(str(row.value).removesuffix(" EUR")) for row in rows.first)


def all_money(rows: tuple[Any, ...]) -> bool:
    return all(str(row.value)[-4:-3] == " " for row in rows)


# --- what it says ---

RULES = """
param large: money = 5_000 EUR
define recent = sum(open_amount over documents where issue_date in last 30 days)
search major "Major customers" where outstanding >= large
search covered where legal_entity.total_guarantee > 0 EUR and legal_entity.country is present
assign scenario "Scenarios"
  except locked
  where active
  "Key"   to major and not covered
  "Small" to outstanding < 100 EUR or recent = 0
  because "{outstanding} outstanding"
assign group "Big"
  disabled
  add major
assign portfolio "First"
  add first
search first where outstanding > 0 top 1 by outstanding
define later on legal_entity = (total_guarantee) as of today + 15 days
define soon = legal_entity.later
assign proposed_credit_limit
  priority 2
  where code = "C2"
  1 EUR to active
assign proposed_credit_limit
  priority 1
  (coalesce(soon, 7 USD)) to first or not active
  otherwise clear
assign risk_class
  until 2026-01-31
  "A" to major
assign document_status
  "dispute" to open_amount > 1_000 EUR
"""


def dataset() -> Dataset:
    def document(number: str, amount: str, day: date) -> dict[str, Any]:
        from assignrules.ir.types import Money

        return {"number": number, "customer": "C1", "type": "invoice", "open_amount": Money(Decimal(amount), "EUR"), "issue_date": day}

    documents = [document(f"F{n}", f"{n}00", date(2026, 11, n)) for n in range(1, 8)]
    return Dataset(
        rows={
            "customer": [
                {"code": "C1", "name": "Alpha", "active": True, "locked": False, "legal_entity": "L1"},
                {"code": "C2", "name": "Beta", "active": False},
                {"code": "F1", "active": True, "locked": True},
            ],
            "legal_entity": [{"code": "L1", "country": "FR"}],
            "document": [*documents, document("F9", "3000", date(2026, 1, 9))],
        }
    )


@pytest.fixture(scope="module")
def session() -> Iterator[DatabaseTestSession]:
    ruleset, problems = planner().check((SourceFile("a.rules", RULES),), {}, ProjectSettings())
    assert ruleset is not None, problems
    with DuckDBPlanner(credit()).session(ruleset, dataset(), DAY) as opened:
        yield opened


def test_line_that_decides(session: DatabaseTestSession) -> None:
    unit = units(explained(session, "C1"))["scenario", None]
    assert (unit.action, unit.planned, unit.line, unit.because) == ("set", "Key", 1, "5800.00 EUR outstanding")
    block = unit.blocks[0]
    assert (block.decided, block.label) == (True, "Scenarios")
    assert [(side.text, side.holds, side.decides, side.gives) for side in block.sides] == [
        ("major and not covered", True, True, '"Key"'),
        ("outstanding < 100.00 EUR or recent = 0", False, False, '"Small"'),
    ]


def test_tree_of_values(session: DatabaseTestSession) -> None:
    condition = units(explained(session, "C1", "scenario"))["scenario", None].blocks[0].sides[0].condition
    assert condition is not None and condition.kind is NodeKind.ALL
    major, not_covered = condition.parts
    assert (major.text, major.label, major.value) == ("major", "Major customers", True)
    (test,) = major.parts
    assert (test.text, test.parts[0].text, test.parts[0].value) == ("outstanding >= 5000.00 EUR", "outstanding", "5800.00 EUR")
    (total,) = test.parts[0].parts
    assert total.text == 'sum(open_amount over documents where type != "down_payment_request")'
    assert total.rows is not None and total.rows.count == 8
    assert [(row.key, row.value) for row in total.rows.first] == [
        ("F9", "3000.00 EUR"),
        ("F7", "700.00 EUR"),
        ("F6", "600.00 EUR"),
        ("F5", "500.00 EUR"),
        ("F4", "400.00 EUR"),
    ]
    (covered,) = not_covered.parts
    assert [part.text for part in walk(covered)] == [
        "covered",
        "legal_entity.total_guarantee > 0 and legal_entity.country is present".replace("> 0", "> 0.00 EUR"),
        "legal_entity.total_guarantee > 0.00 EUR",
        "legal_entity.total_guarantee",
        "sum(amount over guarantees where in_force)",
        "legal_entity.country is present",
        "legal_entity.country",
    ]


def test_shared_names_once(session: DatabaseTestSession) -> None:
    sides = units(explained(session, "C1"))["scenario", None].blocks[0].sides
    assert sides[1].condition is not None
    again = sides[1].condition.parts[0].parts[0]
    assert (again.text, again.value, again.repeated, again.parts) == ("outstanding", "5800.00 EUR", True, ())


def test_outside_where(session: DatabaseTestSession) -> None:
    unit = units(explained(session, "C2"))["scenario", None]
    assert (unit.action, unit.rule, unit.because) == (None, None, None)
    assert unit.blocks[0].where is not None and unit.blocks[0].where.value is False
    assert [side.holds for side in unit.blocks[0].sides] == [False, True]


def test_held(session: DatabaseTestSession) -> None:
    unit = units(explained(session, "F1"))["scenario", None]
    assert (unit.action, unit.planned, unit.held_by, unit.asked, unit.line) == (None, None, "except", "Small", 2)


def test_blocks_that_do_not_run(session: DatabaseTestSession) -> None:
    found = units(explained(session, "C1"))
    assert [unit.blocks[0].state for unit in (found["group", "Big"], found["risk_class", None])] == [BlockState.DISABLED, BlockState.OVER]
    group = found["group", "Big"]
    assert (group.before, group.planned, group.action, group.blocks[0].sides[0].holds) == (False, False, None, True)


def test_the_first_of_a_search(session: DatabaseTestSession) -> None:
    """`top`, priorities, and an expression as of another day."""
    found = units(explained(session, "C1"))
    assert found["portfolio", "First"].action == "add"
    condition = found["portfolio", "First"].blocks[0].sides[0].condition
    assert condition is not None
    (top,) = condition.parts
    assert (top.text, top.value) == ("outstanding > 0 top 1 by outstanding", True)
    assert [(part.text, part.value) for part in top.parts] == [("outstanding > 0", True), ("outstanding", "5800.00 EUR")]
    limit = units(explained(session, "C2"))["proposed_credit_limit", None]
    assert (limit.rule, limit.line, limit.planned) == ("proposed_credit_limit#1", 1, "0.00 EUR")
    assert [(block.decided, block.where is not None and block.where.value) for block in limit.blocks] == [(False, True), (True, False)]
    side = limit.blocks[1].sides[0]
    assert (side.gives, side.result, side.text) == ("(coalesce(soon, 7.00 USD))", "0.00 EUR", "first or not active")


def test_one_key_in_two_entities(session: DatabaseTestSession) -> None:
    found = explained(session, "F1")
    assert [(subject.entity, [unit.target for unit in subject.units]) for subject in found.subjects] == [
        ("customer", ["group", "portfolio", "proposed_credit_limit", "risk_class", "scenario"]),
        ("document", ["document_status"]),
    ]
    assert units(explained(session, "F9"), "document")["document_status", None].planned == "dispute"


def test_one_target(session: DatabaseTestSession) -> None:
    assert set(units(explained(session, "C1", "group"))) == {("group", "Big")}
    assert [subject.entity for subject in explained(session, "F1", "document_status").subjects] == ["document"]


def test_nobody(session: DatabaseTestSession) -> None:
    assert explained(session, "C9").subjects == ()
    assert explained(session, "C1'; --").subjects == ()


def test_one_of_two_thousand_customers_is_quick(tmp_path: Path) -> None:
    example = CASES.parents[1] / "examples" / "my_company_sas"
    spec = importlib.util.spec_from_file_location("generate", example / "generate.py")
    assert spec is not None and spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    generator.generate(tmp_path / "data", as_of=generator.AS_OF)
    assert load([tmp_path / "data"], DuckDB(tmp_path / "store.duckdb"), credit(), "EUR").loaded
    files = [SourceFile(path.name, path.read_text(encoding="utf-8")) for path in sorted((example / "rules").glob("*.rules"))]
    ruleset = check_files(files, credit(), packs=PackFolders()).ruleset
    assert ruleset is not None
    seconds = []
    with DuckDB(tmp_path / "store.duckdb").reading() as session:
        for key in ("C00006", "C00007", "C00008"):
            start = time.process_time()  # others may be at work on the machine
            found = explain(session, ruleset, identity(credit()), key, as_of=generator.AS_OF)
            seconds.append(time.process_time() - start)
            assert {unit.target for unit in found.subjects[0].units} == {"scenario", "group", "portfolio", "cover"}
    assert min(seconds) < 2
