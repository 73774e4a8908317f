"""`test --update`: what came is written into the test, and nothing else is touched."""

# ruff: noqa: E501 (one row, one line)

from __future__ import annotations

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit
from assignrules.testing import ReferencePlanner, read_case, run_case
from assignrules.testing.update import updated

HEAD = """# Who is late
name: late ones   # a remark
as_of: 2026-11-22
rules: |
  search late where overdue > 0
  assign scenario "No reminder" to late  "Kept: always" to name = "Beta"
  assign cover "ND" eligibility late  amount 20_000 EUR
  assign group "Risky" add late  remove name = "Alpha"  except name = "Gamma"
  require "Nobody late" no customers where late
given:
  customer: [{code: C1, name: Alpha, scenario: Standard, groups: [Risky]}, {code: C2, name: Beta}, {code: C3, name: Gamma}]
  document:
    - {number: F1, customer: C1, due_date: 2026-08-01, open_amount: 1200 EUR}
    - {number: F2, customer: C3, due_date: 2026-08-01, open_amount: 0.50 EUR}
"""


def run(text: str) -> tuple[str, list[str]]:
    """The updated text, and what differs from it."""
    planner = ReferencePlanner(credit())
    source = SourceFile("case.yml", text)
    case, problems = read_case(source, credit())
    assert case is not None, problems
    new = updated(source, case, planner, credit())
    again, problems = read_case(SourceFile("case.yml", new), credit())
    assert again is not None, (problems, new)
    return new, [str(difference) for difference in run_case(again, planner, credit())]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("expect:\n  searches: {late: [C3, C2]}  # who\n", "expect:\n  searches: {late: [C3, C1]}  # who\n"),
        ("expect:\n  searches:\n    late:\n    - C2 # no\n    - C3 # yes\n  applicable: true # it is\n", "expect:\n  searches:\n    late:\n    - C3 # yes\n    - C1\n  applicable: false # it is\n"),
        ("expect: {searches: {late: []}, applicable: true}", "expect: {searches: {late: [C1, C3]}, applicable: false}"),
        ("expect:\n  values:\n    C1: {overdue: 1 EUR, late: false} # one\n    document: {F1: {days_overdue: 113}, F2: {days_overdue: null}}\n",
         "expect:\n  values:\n    C1: {overdue: 1200.00 EUR, late: true} # one\n    document: {F1: {days_overdue: 113}, F2: {days_overdue: 113}}\n"),
        # an entry that speaks of the same is mended, one that does not come goes, one that is new comes last
        (
            "expect:\n  held: []\n  changes:\n    # first\n    - {subject: C1, target: scenario, after: Automatic} # why\n    - {subject: C9, target: scenario, after: X}\n\n    # the cover\n    - {subject: C3, target: cover, after: 20_000 EUR}\n\n# the end\n",
            "expect:\n  held: [{subject: C3, target: group, member: Risky, before: false, after: true, held_by: except}]\n  changes:\n    # first\n    - {subject: C1, target: scenario, after: No reminder} # why\n\n    # the cover\n    - {subject: C3, target: cover, after: 20_000 EUR}\n    - {subject: C1, target: cover, member: ND, after: 20000.00 EUR}\n    - {subject: C1, target: group, member: Risky, after: false}\n    - {subject: C2, target: scenario, after: \"Kept: always\"}\n    - {subject: C3, target: scenario, after: No reminder}\n\n# the end\n",
        ),
        ("expect:\n  conflicts:\n    - subject: C1\n      after: true\n    - subject: C2\n      after: true\n  held: [{}]", "expect:\n  conflicts:\n    - subject: C1\n      after: false\n  held: [{}]"),
        ("expect:\n  held:\n  - subject: C1\n  - subject: C2\n", "expect:\n  held:\n  - subject: C3\n    target: group\n    member: Risky\n"),
        ("expect:\n  conflicts:\n  # none\n  held:\n    [ {subject: C4},\n      {subject: C3} ]\n", "expect:\n  conflicts: [{subject: C1, target: group, member: Risky, before: true, after: false}]\n  # none\n  held:\n    [ {subject: C3} ]\n"),
        ("expect:\n  requirements: {Somebody: [C1]} # x\n", "expect:\n  requirements: {Nobody late: [C1, C3]} # x\n"),
        ("expect:\n  requirements:\n    Nobody late:\n      - C1\n  data_errors: [E0501]\n  diagnostics: [E0301, E02*]\n", "expect:\n  requirements:\n    Nobody late:\n      - C1\n      - C3\n  data_errors: []\n  diagnostics: []\n"),
        ("expect:\n  data_errors:\n  - E0501\n  data_warnings:\n", "expect:\n  data_errors:\n    []\n  data_warnings:\n"),
    ],
)  # fmt: skip
def test_only_what_came_otherwise_is_touched(before: str, after: str) -> None:
    new, left = run(HEAD + before)
    if not before.endswith("\n") and "\n" in before:
        after = after.removesuffix("\n")
    assert new == HEAD + after
    assert left == []


NEW = """  changes:
    - {subject: C1, target: cover, member: ND, before: null, after: 20000.00 EUR}
    - {subject: C3, target: cover, member: ND, before: null, after: 20000.00 EUR}
    - {subject: C1, target: group, member: Risky, before: true, after: false}
    - {subject: C1, target: scenario, before: Standard, after: No reminder}
    - {subject: C2, target: scenario, before: null, after: "Kept: always"}
    - {subject: C3, target: scenario, before: null, after: No reminder}
  held:
    - {subject: C3, target: group, member: Risky, before: false, after: true, held_by: except}
"""


@pytest.mark.parametrize("before", ["", "expect:\n", "expect: {}\n", "expect: # all\n"])
def test_a_test_without_expectations_gets_the_plan(before: str) -> None:
    new, left = run(HEAD + before)
    assert left == []
    assert new == HEAD + (before.replace(" {}", "") or "expect:\n") + NEW


def test_line_breaks_of_the_file() -> None:
    new, left = run((HEAD + "expect:\n  changes: []\n").replace("\n", "\r\n"))
    assert left == [] and "\n" not in new.replace("\r\n", "")


def test_diagnostics_that_came() -> None:
    text = "as_of: 2026-11-22\nrules: |\n  search a where nme = 1\nexpect:\n  diagnostics: [E01*]\n"
    assert run(text) == (text.replace("E01*", "E0201"), [])
    text = "as_of: 2026-11-22\nrules: |\n  search a where nme = 1\nexpect: {applicable: true}\n"
    assert run(text)[0] == text.replace("true}", "true, diagnostics: [E0201]}")


def test_what_nobody_knows_is_left_to_a_person() -> None:
    text = HEAD + "expect:\n  searches: {lte: [C1]}\n  values: {C1: {overdu: 1}, C9: {overdue: 1 EUR}}\n"
    new, left = run(text)
    assert new == text
    assert [difference.split(":")[0] for difference in left] == ["searches lte", "values customer"]


REPORTS = """as_of: 2026-11-22
rules: |
  alert late "Late" on documents where due_date < today
  alert big "Big" on documents where open_amount > 100 EUR
  report open "Open" on documents group by type show count() as documents
given:
  document:
    - {number: F1, type: invoice, due_date: 2026-08-01, open_amount: 1200 EUR}
    - {number: F2, type: misc, due_date: 2026-08-01, open_amount: 5 EUR}
  alerts: {late: [F1, F9]}
expect:
"""


def test_alerts_and_reports() -> None:
    before = "  alerts:\n    late: {entered: [], left: [F9, F3]} # who\n    big: [F2]\n  reports:\n    open:\n      - [misc, 1] # one\n      - [x, 2]\n"
    after = "  alerts:\n    late: {entered: [F2], left: [F9]} # who\n    big: [F1]\n  reports:\n    open:\n      - [misc, 1] # one\n      - [invoice, 1]\n"
    assert run(REPORTS + before) == (REPORTS + after, [])


PROPOSALS = """as_of: 2026-11-22
rules: |
  propose "Call" to active  amount turnover_12m  show code, name
given:
  customer: [{code: C1, name: Alpha, active: true}, {code: C2, name: "Beta: B", active: true}, {code: C3}]
  proposals: [{proposal: Call, subject: C3, made_on: 2026-11-01}]
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # one is mended, also in what it shows; one goes, one is new
        (
            "expect:\n  proposals:\n    - {subject: C1, action: stay, show: {code: C1, name: Gamma}} # who\n    - {subject: C9, show: {name: X}}\n    - {subject: C3, after: open}\n",
            "expect:\n  proposals:\n    - {subject: C1, action: make, show: {code: C1, name: Alpha}} # who\n    - {subject: C3, after: withdrawn}\n    - {proposal: Call, subject: C2, action: make, after: open, show: {code: C2, name: \"Beta: B\"}}\n",
        ),
        ("expect: {proposals: []}\n", "expect: {proposals: [{proposal: Call, subject: C1, action: make}, {proposal: Call, subject: C2, action: make}, {proposal: Call, subject: C3, action: withdraw}]}\n"),
        ("expect:\n", "expect:\n  changes: []\n  proposals:\n    - {proposal: Call, subject: C1, action: make}\n    - {proposal: Call, subject: C2, action: make}\n    - {proposal: Call, subject: C3, action: withdraw}\n"),
    ],
)  # fmt: skip
def test_proposals(before: str, after: str) -> None:
    new, left = run(PROPOSALS + before)
    assert (new, left) == (PROPOSALS + after, [])


def test_what_a_proposal_does_not_show_is_left_to_a_person() -> None:
    text = PROPOSALS + "expect:\n  proposals: [{subject: C1}, {subject: C2}, {subject: C3, show: {code: C3}}]\n"
    new, left = run(text)
    assert new == text
    assert len(left) == 1 and "`code` is not shown" in left[0]
