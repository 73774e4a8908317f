"""Reading case files: rows typed by the schema, and every mistake named at its place."""

from datetime import date
from decimal import Decimal

import pytest

from assignrules.diagnostics import Diagnostic, SourceFile
from assignrules.ir.types import Money
from assignrules.schema.logical import credit
from assignrules.testing import Case, read_case

GIVEN = """
as_of: 2026-11-22
params: {large: 400_000 EUR, on: true}
project: {currency: CHF, ignored_currencies: [XOF]}
given:
  customers:
    - {code: C1, name: true, active: true, scenario: Standard, groups: [Risky, Late], covers: {ND: 20_000 EUR}, payment_terms_days: 30}
    - {code: 0100, name: null, turnover_12m: 5, order_block: false}
  document:
    - {number: F1, customer: C1, type: invoice, due_date: 2026-08-01, open_amount: 1_200 USD, amount: 7, document_status: promise}
    - {number: F2, amount: 7}
  guarantee: [{customer: C1, kind: cap}, {id: 1, insured_percentage: 90%}, {insured_percentage: 0.9}]
  rates: [{currency: USD, on: 2026-11-01, rate: 0.9}]
"""


def read(text: str) -> tuple[Case | None, tuple[Diagnostic, ...]]:
    return read_case(SourceFile("case.yml", text), credit())


def test_rows_are_typed_by_the_schema() -> None:
    case, problems = read(GIVEN)
    assert case is not None, problems
    given = case.given
    assert (case.as_of, case.params) == (date(2026, 11, 22), {"large": "400_000 EUR", "on": "true"})
    assert given.rows["customer"] == [
        {"code": "C1", "name": "true", "active": True, "payment_terms_days": 30},
        {"code": "0100", "name": None, "turnover_12m": Money(Decimal(5), "CHF"), "currency": "CHF"},
    ]
    dollars = {name: Money(Decimal(figure), "USD") for name, figure in (("open_amount", 1200), ("amount", 7))}
    assert given.rows["document"][0] == {
        "number": "F1",
        "customer": "C1",
        "type": "invoice",
        "due_date": date(2026, 8, 1),
        "status": "promise",
        "currency": "USD",
        **dollars,
    }
    assert given.rows["document"][1] == {"number": "F2", "amount": Money(Decimal(7), "CHF"), "currency": "CHF"}
    assert [row["id"] for row in given.rows["guarantee"]] == ["2", "1", "3"]
    assert given.rows["guarantee"][1]["insured_percentage"] == given.rows["guarantee"][2]["insured_percentage"] == Decimal("0.9")
    assert given.values == {"scenario": {"C1": "Standard"}, "order_block": {"0100": False}}
    twenty = Money(Decimal(20000), "EUR")
    assert given.members == {("group", "Risky"): {"C1": True}, ("group", "Late"): {"C1": True}, ("cover", "ND"): {"C1": twenty}}


@pytest.mark.parametrize(
    ("line", "code", "message", "help"),
    [
        ("gven: {}", "E0909", "unknown key `gven` in a case", "did you mean `given`?"),
        ("given: {custmer: []}", "E0909", "unknown key `custmer` in `given`", "did you mean `customer`?"),
        ("given: {customer: [{code: C1, nmae: x}]}", "E0909", "unknown key `nmae` in a row of `customer`", "did you mean `name`?"),
        ("given: {customer: [{name: x}]}", "E0909", "a row of `customer` needs its key `code`", None),
        (
            "given: {document: [{number: F1, due_date: 2026-02-30}]}",
            "E0909",
            "`2026-02-30` does not fit `due_date`",
            "write a date like `2026-11-22`",
        ),
        (
            "given: {document: [{number: F1, amount: 12 EURO}]}",
            "E0909",
            "`12 EURO` does not fit `amount`",
            "write an amount like `1200 EUR`",
        ),
        (
            "given: {document: [{number: F1, type: bill}]}",
            "E0909",
            "`bill` does not fit `type`",
            "write one of `invoice`, `credit_note`, `payment`, `misc`, `draft`, `down_payment_request`",
        ),
        ("given: {customer: [{code: C1, active: 1}]}", "E0909", "`1` does not fit `active`", "write `true` or `false`"),
        (
            "given: {customer: [{code: C1, insurer_score: NaN}]}",
            "E0909",
            "`NaN` does not fit `insurer_score`",
            "write a number like `12.5`",
        ),
        ("expect: {changes: [{subjct: C1}]}", "E0909", "unknown key `subjct` in an entry of `changes`", "did you mean `subject`?"),
        ("expect: {applicable: maybe}", "E0909", "`applicable` must be `true` or `false`", None),
        ("expect: {alerts: {late: {enterd: [C1]}}}", "E0909", "unknown key `enterd` in alert `late`", "did you mean `entered`?"),
        ("expect: {reports: {owed: [FR]}}", "E0909", "`a line of `owed`` must be a list", None),
        ("given: {alerts: [C1]}", "E0909", None, None),
        ("given: {journal: [{subject: C1, target: scenario}]}", "E0909", "an entry of `journal` needs `as_of`", None),
        (
            "given: {journal: [{as_of: 2026-11-01, subject: C1, target: scenarios}]}",
            "E0909",
            "unknown target `scenarios`",
            "did you mean `scenario`?",
        ),
        ("given: {journal: [{as_of: 2026-11-01, subject: C1, target: group}]}", "E0909", "`group` needs a `member`", None),
        (
            "given: {journal: [{as_of: 2026-11-01, subject: C1, target: scenario, member: A}]}",
            "E0909",
            "`scenario` has no members",
            None,
        ),
        (
            "given: {journal: [{as_of: 2026-11-01, subject: C1, target: cover, member: ND, after: 12 EURO}]}",
            "E0909",
            "`12 EURO` does not fit `cover`",
            "write an amount like `1200 EUR`",
        ),
        ("name: [", "E0909", None, None),
    ],
)
def test_mistakes(line: str, code: str, message: str | None, help: str | None) -> None:
    case, problems = read(f"as_of: 2026-11-22\n{line}\n")
    assert case is None
    (problem,) = problems
    assert problem.code == code
    assert problem.span is not None
    if message is not None:
        assert (problem.message, problem.help) == (message, help)
        assert problem.span.line == 2


def test_the_day_must_be_given() -> None:
    case, problems = read("name: x\n")
    assert case is None
    assert [problem.message for problem in problems] == ["`as_of` is missing"]
