"""A rule test fails exactly where something came otherwise."""

# ruff: noqa: E501 (one case, one line)

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit
from assignrules.testing import ReferencePlanner, read_case, run_case
from assignrules.testing.database import DuckDBPlanner

CASE = """
as_of: 2026-11-22
rules: |
  search late where overdue > 0
  search open_items on documents where open_amount > 0
  assign scenario "No reminder" to late  "Kept" to name = "Beta"
  assign cover "ND" eligibility late  amount 20_000 EUR
  assign group "Risky" add late  remove name = "Alpha"  except name = "Gamma"
given:
  customer: [{code: C1, name: Alpha, scenario: Standard, groups: [Risky]}, {code: C2, name: Beta}, {code: C3, name: Gamma}]
  document:
    - {number: F1, customer: C1, due_date: 2026-08-01, open_amount: 1200 EUR}
    - {number: F2, customer: C3, due_date: 2026-08-01, open_amount: 0.50 CHF}
  rates: [{currency: CHF, on: 2026-11-01, rate: 2}]
expect:
"""


def differences(expect: str) -> list[str]:
    case, problems = read_case(SourceFile("case.yml", CASE + "  " + expect + "\n"), credit())
    assert case is not None, problems
    return [str(difference) for difference in run_case(case, ReferencePlanner(credit()), credit())]


@pytest.mark.parametrize(
    "expect",
    [
        "searches: {late: [C3, C1], open_items: [F1, F2]}",
        "values: {C1: {overdue: 1_200 EUR, scenario: No reminder, insurer_score: null}, document: {F2: {days_overdue: 113, ignored: null}}}",
        "held: [{subject: C3, held_by: except}]",
        "conflicts: [{subject: C1, after: false}]",
        "conflicts: [{}]",
        "applicable: true",
        "data_errors: []",
        "diagnostics: []",
        "changes: [{target: scenario}, {target: scenario}, {target: scenario, subject: C1}, {target: cover}, {before: null, after: 20000 EUR}, {target: group, after: false}]",
    ],
)
def test_what_came_as_expected(expect: str) -> None:
    assert differences(expect) == []


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("searches: {late: [C1]}", "searches late: came, but was not expected: C3"),
        ("searches: {late: [C1, C2, C3]}", "searches late: expected, but did not come: C2"),
        ("searches: {lat: []}", "searches lat: there is no such search"),
        ("values: {C1: {overdue: 1200.01 EUR}}", "values C1.overdue: expected 1200.01 EUR; came 1200.00 EUR"),
        ("values: {C1: {overdue: 1200 USD}}", "values C1.overdue: expected 1200 USD; came 1200.00 EUR"),
        ("values: {C1: {insurer_score: 0}}", "values C1.insurer_score: expected 0; came null"),
        ("values: {C1: {overdue: null}}", "values C1.overdue: expected null; came 1200.00 EUR"),
        ('values: {C1: {late: "true"}}', 'values C1.late: expected "true"; came true'),
        ("values: {C9: {overdue: null}}", "values C9: there is no such customer"),
        ("values: {C1: {overdu: null}}", "values customer: there is no `overdu`"),
        (
            "held: []",
            "held C3 group Risky: came, but was not expected: before false, after true, held_by except",
        ),
        ("held: [{subject: C3}, {subject: C3}]", "held C3: expected, but did not come"),
        ("held: [{subject: C3, held_by: limit, before: false}]", "held C3 group Risky: expected held_by limit; came held_by except"),
        ("held: [{target: group, held_by: limit}]", "held: expected, but did not come: {target: group, held_by: limit}"),
        ("conflicts: [{subject: C1, before: false}]", "conflicts C1 group Risky: expected before false; came before true"),
        ("applicable: false", "applicable: expected false; came true"),
        ("data_errors: [E0502]", "data_errors: expected, but did not come: E0502"),
        ("diagnostics: [E0301]", "diagnostics: expected, but did not come: E0301"),
        ("diagnostics: ['E03*']", "diagnostics: expected, but did not come: E03*"),
    ],
)
def test_what_came_otherwise(expect: str, message: str) -> None:
    assert differences(expect)[0] == message


def test_an_entry_matches_one_other_only() -> None:
    found = differences(
        "changes: [{subject: C1}, {subject: C1}, {subject: C1}, {subject: C1}, {subject: C2}, {subject: C3, target: scenario}]"
    )
    assert found == [
        "changes C1: expected, but did not come",
        "changes C3 cover ND: came, but was not expected: before null, after 20000.00 EUR, rule cover:ND, line null",
    ]


def test_what_speaks_of_the_same_stands_together() -> None:
    found = differences(
        "changes: [{subject: C1, target: scenario, after: Kept, line: 2}, {subject: C1, target: group, after: false}, {subject: C1, target: cover},"
        " {subject: C2, target: collector}, {subject: C3, target: scenario}, {subject: C3, target: cover, after: 1 EUR, label: Gamma}]"
    )
    assert found == [
        "changes C1 scenario: expected after Kept, line 2; came after No reminder, line 1",
        "changes C2 collector: expected, but did not come",
        "changes C2 scenario: came, but was not expected: before null, after Kept, rule scenario, line 2",
        "changes C3 cover ND: expected after 1 EUR; came after 20000.00 EUR",
    ]


def test_errors_in_the_rules_are_said_and_matched() -> None:
    text = "as_of: 2026-11-22\nrules: |\n  search a where nme = 1\nexpect: {searches: {a: []}, diagnostics: [%s]}\n"
    planner = ReferencePlanner(credit())
    for codes, expected in (("E02*", ["expect"]), ("E0301", ["diagnostics", "diagnostics", "expect"])):
        case, _ = read_case(SourceFile("case.yml", text % codes), credit())
        assert case is not None
        found = run_case(case, planner, credit())
        assert [difference.where for difference in found] == expected
        assert found[0].diagnostic().code == "E0908"


TOO_LARGE = """
as_of: 2026-11-22
rules: |
  define huge = insurer_score * average_days_late
  define small = insurer_score - 1
  search huge_ones where huge > 1
  assign scenario "Huge" to huge > 1
given:
  customer: [{code: C1, insurer_score: 999999999999999999, average_days_late: 900000000000000000}]
expect:
  searches: {huge_ones: []}
  values: {C1: {huge: null, small: 999999999999999998}}
  data_errors: [E0504]
"""


def test_a_number_too_large_is_said_where_it_was_asked_for_and_hides_nothing() -> None:
    case, problems = read_case(SourceFile("case.yml", TOO_LARGE), credit())
    assert case is not None, problems
    found = [str(difference) for difference in run_case(case, DuckDBPlanner(credit()), credit())]
    assert found == [
        "searches huge_ones: a number grew beyond 38 digits",
        "values huge: a number grew beyond 38 digits",
    ]


@pytest.mark.parametrize(
    ("expect", "places"),
    [
        (
            "changes: [{target: group, after: false}, {subject: C1, target: scenario, after: Standard}]",
            ["{subject: C1, target: scenario, after: Standard}"],
        ),
        ("searches: {late: [C1, C3], open_items: [F1]}", ["open_items"]),
        ("values: {C1: {overdue: 1200 EUR}, C2: {overdue: 1 EUR}}", ["C2"]),
        ("values: {C1: {overdue: 1200 EUR}, document: {F2: {days_overdue: 1}}}", ["document"]),
    ],
)
def test_a_difference_is_shown_at_what_it_is_about(expect: str, places: list[str]) -> None:
    source = SourceFile("case.yml", CASE + "  " + expect + "\n")
    case, problems = read_case(source, credit())
    assert case is not None, problems
    spans = [
        difference.span
        for difference in run_case(case, ReferencePlanner(credit()), credit())
        if "came, but" not in difference.message or "searches" in expect
    ]
    assert [source.text[span.start : span.end] for span in spans if span is not None] == places
