"""Sharp corners of the meaning, by hand-built expressions; the case files say the rest in the language itself."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from assignrules.diagnostics import Span
from assignrules.ir import expressions as ir
from assignrules.ir.operators import OPERATORS
from assignrules.ir.ruleset import Assignment, Definition, Guard, Line, Others, Otherwise, Ruleset, SetBody, TemplatePart, ValueBody
from assignrules.ir.types import BOOLEAN, DATE, DAYS, DECIMAL, INTEGER, MONEY, MONTHS, TEXT, Money, Type
from assignrules.ir.values import Value
from assignrules.reference import Evaluation, begin, plan
from assignrules.reference.operations import OPERATIONS, SPECIAL
from assignrules.reference.scalars import found, rounded
from assignrules.schema.dataset import Dataset, Row
from assignrules.schema.logical import credit

AS_OF = date(2026, 11, 22)
SPAN = Span("a.rules", 0, 1, 7, 1)
DOCUMENTS = ir.Link("customer", "documents", "document", many=True)
LEGAL_ENTITY = ir.Link("customer", "legal_entity", "legal_entity")
POLICY = ir.Link("customer", "policy", "policy")
OPEN = ir.Field("document", "open_amount", MONEY)
NUMBER = ir.Field("document", "number", TEXT)
CODE = ir.Field("customer", "code", TEXT)
NAME = ir.Field("customer", "name", TEXT)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def constant(value: Any) -> ir.Literal:
    types: dict[type, Type] = {str: TEXT, int: INTEGER, Decimal: DECIMAL, Money: MONEY, date: DATE, bool: BOOLEAN}
    return ir.Literal(value, types[type(value)])


def apply(operator: str, *arguments: Any, type: Type = DECIMAL) -> ir.Operation:
    parts = tuple(part if hasattr(part, "type") else constant(part) for part in arguments)
    return ir.Operation(operator, parts, BOOLEAN if operator in ir.CONDITIONS else type)


def ruleset(*blocks: Assignment, definitions: Mapping[str, ir.Expression] | None = None, ignored: frozenset[str] = frozenset()) -> Ruleset:
    known = {
        ("customer", name): Definition("customer", name, body, body.type, ir.is_condition(body), False, None, None)
        for name, body in (definitions or {}).items()
    }
    order = tuple(dict.fromkeys((block.target, block.member) for block in blocks))
    return Ruleset({}, known, blocks, order, "EUR", ignored)


def over(given: dict[str, list[Row]], **options: Any) -> Evaluation:
    evaluation = begin(credit(), ruleset(**options), Dataset(rows=given), AS_OF)
    plan(evaluation)
    return evaluation


def on_customer(expression: ir.Expression, given: dict[str, list[Row]] | None = None, **options: Any) -> Value:
    evaluation = over(given or {"customer": [{"code": "C1"}]}, **options)
    return evaluation.value(expression, evaluation.rows.records["customer"][0])


def aggregate(function: ir.AggregateFunction, of: ir.Expression | None, type: Type, **parts: Any) -> ir.Aggregate:
    path = parts.pop("path", (DOCUMENTS,))
    return ir.Aggregate(function, path, of, parts.get("where"), parts.get("by"), parts.get("weight"), type)


def block(target: str, body: ValueBody | SetBody, member: str | None = None, **clauses: Any) -> Assignment:
    given: dict[str, Any] = dict.fromkeys(("where", "except_", "guard", "because", "from_", "until", "priority"))
    rule = clauses.pop("rule", target if member is None else f"{target}:{member}")
    return Assignment(
        rule=rule, target=target, member=member, entity="customer", label=None, body=body, disabled=False, span=SPAN, **given | clauses
    )


def lines(*pairs: tuple[Any, ir.Expression], otherwise: Otherwise = Otherwise.KEEP, explicit: bool = True) -> ValueBody:
    numbered = tuple(
        Line(number, value if hasattr(value, "type") else constant(value), condition, SPAN)
        for number, (value, condition) in enumerate(pairs, 1)
    )
    return ValueBody(numbered, otherwise, None, explicit)


def is_code(*codes: str) -> ir.Expression:
    return ir.InList(CODE, tuple(ir.Literal(code, TEXT) for code in codes))


def test_every_operator_has_a_meaning() -> None:
    assert OPERATIONS.keys() | SPECIAL == OPERATORS.keys()
    assert not OPERATIONS.keys() & SPECIAL


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (apply("divide", Decimal(2), Decimal(3)), Decimal("0.6666666667")),
        (apply("divide", Decimal("-0.00000000005"), Decimal(1)), Decimal("-0.0000000001")),
        (apply("divide", Decimal(1), Decimal(0)), None),
        (apply("round", Decimal("-2.5"), 0), Decimal(-3)),
        (apply("round", Decimal("2.345"), 2), Decimal("2.35")),
        (apply("floor", Decimal("-2.5"), type=INTEGER), -3),
        (apply("ceil", Decimal("-2.5"), type=INTEGER), -2),
        (apply("add_duration", date(2026, 1, 31), ir.Literal(1, MONTHS), type=DATE), date(2026, 2, 28)),
        (apply("add_duration", date(2024, 3, 31), ir.Literal(-1, MONTHS), type=DATE), date(2024, 2, 29)),
        (apply("add_duration", date(9999, 12, 31), ir.Literal(1, DAYS), type=DATE), None),
        (apply("start_of_quarter", date(2026, 12, 31), type=DATE), date(2026, 10, 1)),
        (apply("weekday", date(2026, 11, 22), type=INTEGER), 7),
        (apply("eq", ir.Literal(None, TEXT), ir.Literal(None, TEXT)), False),
        (ir.Not(apply("eq", ir.Literal(None, TEXT), "a")), True),
        (apply("least", Decimal(1), ir.Literal(None, DECIMAL)), None),
        (apply("coalesce", ir.Literal(None, TEXT), "", type=TEXT), ""),
        (apply("contains", "Hôtel ÉLITE", "elite"), True),
        (apply("starts_with", "œuvre", "oe"), False),
        (apply("concat", "a", ir.Literal(None, TEXT), type=TEXT), None),
        (ir.Case((ir.Branch(constant(False), constant("a")),), None, TEXT), None),
    ],
)
def test_a_constant_expression(expression: ir.Expression, value: Value) -> None:
    assert on_customer(expression) == value


def test_rounding_is_of_the_exact_value() -> None:
    assert rounded(Decimal("0.00000000004999999999999999999999999")) == 0
    assert str(rounded(Decimal("-0.4"), 0)) == "0"


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [("b$", "ab", True), ("b$", "ab\n", False), (r"a\$", "a$", True), ("[$]", "$", True), (r"[\]$]", "$", True), (r"^\d+$", "٣", False)],
)
def test_patterns(pattern: str, text: str, matches: bool) -> None:
    assert found(pattern, text) is matches


RATES: list[Row] = [
    {"currency": "USD", "on": date(2026, 11, 1), "rate": Decimal("0.9")},
    {"currency": "USD", "on": date(2026, 12, 1), "rate": Decimal("0.5")},
    {"currency": "GBP", "on": AS_OF, "rate": Decimal("3")},
]


def test_money_converts_only_where_currencies_differ() -> None:
    given: dict[str, list[Row]] = {"customer": [{"code": "C1"}], "rates": RATES}
    dollars, pounds, francs = (Money(Decimal(10), currency) for currency in ("USD", "GBP", "CHF"))
    assert on_customer(apply("add", dollars, pounds, type=MONEY), given) == eur("39")
    assert on_customer(apply("add", francs, francs, type=MONEY), given) == Money(Decimal(20), "CHF")
    assert on_customer(apply("greatest", francs, Money(Decimal(0), ""), type=MONEY), given) == francs
    assert on_customer(apply("add", Money(Decimal(0), "CHF"), dollars, type=MONEY), given) == eur("9")
    assert on_customer(apply("divide", dollars, eur("4")), given) == Decimal("2.25")
    assert on_customer(apply("convert", dollars, "GBP", type=MONEY), given) == Money(Decimal(3), "GBP")
    evaluation = over(given)
    customer = evaluation.rows.records["customer"][0]
    assert evaluation.holds(apply("lt", eur("1"), francs), customer) is False
    assert [code for code, _, _ in evaluation.noted] == ["E0502"]


def test_a_row_counts_once_whatever_ways_lead_there() -> None:
    given: dict[str, list[Row]] = {
        "legal_entity": [{"code": "L"}],
        "customer": [{"code": "C1", "legal_entity": "L"}, {"code": "C2", "legal_entity": "L"}],
        "document": [
            {"number": "F1", "customer": "C1", "open_amount": eur("5")},
            {"number": "F2", "customer": "C2", "open_amount": eur("7")},
        ],
    }
    siblings = ir.Link("legal_entity", "customers", "customer", many=True)
    there_and_back = (LEGAL_ENTITY, siblings, LEGAL_ENTITY, siblings, DOCUMENTS)
    assert on_customer(aggregate("sum", OPEN, MONEY, path=there_and_back), given) == eur("12")
    same = apply("eq", ir.This(CODE, TEXT), ir.Via(ir.Link("document", "customer", "customer"), CODE, TEXT))
    assert on_customer(aggregate("count", None, INTEGER, path=there_and_back, where=same), given) == 1


def test_aggregates_over_nothing_and_with_missing_inputs() -> None:
    assert on_customer(aggregate("sum", OPEN, MONEY)) == eur("0")
    assert on_customer(aggregate("max", OPEN, MONEY)) is None
    due = ir.Field("document", "due_date", DATE)
    given: dict[str, list[Row]] = {
        "customer": [{"code": "C1"}],
        "document": [
            {"number": "F1", "customer": "C1", "due_date": AS_OF, "open_amount": eur("1"), "comment": "x"},
            {"number": "F2", "customer": "C1", "due_date": AS_OF, "open_amount": eur("4")},
            {"number": "F3", "customer": "C1", "open_amount": eur("5")},
        ],
    }
    comment = ir.Field("document", "comment", TEXT)
    assert on_customer(aggregate("latest", comment, TEXT, by=due), given) is None  # F2 by its key, though its comment is missing
    assert on_customer(aggregate("earliest", comment, TEXT, by=due), given) == "x"
    assert on_customer(aggregate("median", OPEN, MONEY), given) == eur("4")
    weight = ir.Case(
        (ir.Branch(apply("eq", NUMBER, "F1"), constant(Decimal(2))), ir.Branch(apply("eq", NUMBER, "F3"), constant(Decimal(1)))),
        None,
        DECIMAL,
    )
    assert on_customer(aggregate("avg", OPEN, MONEY, weight=weight), given) == eur("2.3333333333")


def test_implied_links() -> None:
    given: dict[str, list[Row]] = {
        "customer": [{"code": "C1", "name": "Alpha"}],
        "legal_entity": [{"code": "C1", "name": "another"}],
        "guarantee": [{"id": "1", "customer": "C1", "amount": eur("8")}],
        "policy": [{"code": "P"}],
    }
    guarantees = (LEGAL_ENTITY, ir.Link("legal_entity", "guarantees", "guarantee", many=True))
    assert on_customer(ir.Via(LEGAL_ENTITY, ir.Field("legal_entity", "name", TEXT), TEXT), given) == "Alpha"
    assert on_customer(aggregate("sum", ir.Field("guarantee", "amount", MONEY), MONEY, path=guarantees), given) == eur("8")
    assert on_customer(ir.Via(POLICY, ir.Field("policy", "code", TEXT), TEXT), given) == "P"
    given["customer"].append({"code": "C2", "policy": "P"})
    assert on_customer(ir.Via(POLICY, ir.Field("policy", "code", TEXT), TEXT), given) is None


def customers(*codes: str) -> dict[str, list[Row]]:
    return {"customer": [{"code": code, "name": f"name of {code}"} for code in codes]}


def test_a_value_target() -> None:
    missing = ir.Literal(None, TEXT)
    body = lines(("New", is_code("C1", "C2")), (missing, is_code("C3")), ("Kept", is_code("C4")), otherwise=Otherwise.CLEAR)
    because = (TemplatePart("for ", None), TemplatePart(None, NAME))
    rules = ruleset(block("scenario", body, except_=is_code("C2", "C4"), because=because))
    data = Dataset(
        customers("C6", "C5", "C4", "C3", "C2", "C1"), values={"scenario": {"C2": "Old", "C3": "Old", "C4": "Kept", "C5": "Old"}}
    )
    outcome = plan(begin(credit(), rules, data, AS_OF))
    seen = [(change.subject, change.before, change.after, change.action, change.line) for change in outcome.changes]
    assert seen == [("C1", None, "New", "set", 1), ("C5", "Old", None, "clear", "otherwise")]
    assert (outcome.changes[0].label, outcome.changes[0].because, outcome.changes[0].at) == ("name of C1", "for name of C1", "a.rules:7")
    held = [(item.subject, item.before, item.after, item.held_by) for item in outcome.held]
    assert held == [("C2", "Old", "New", "except"), ("C3", "Old", None, "missing value")]
    assert outcome.applicable


def test_a_set_and_its_reader() -> None:
    risky = block("group", SetBody(is_code("C1", "C3"), is_code("C3", "C4"), None), "Risky", guard=Guard(None, 0))
    reader = block("scenario", lines(("Watch", ir.TargetMember("customer", "group", "Risky", current=False)), explicit=False))
    data = Dataset(customers("C1", "C2", "C3", "C4", "C5"), members={("group", "Risky"): {"C2": True, "C4": True}})
    outcome = plan(begin(credit(), ruleset(risky, reader), data, AS_OF))
    seen = [(change.subject, change.target, change.before, change.after) for change in outcome.changes]
    assert seen == [
        ("C1", "group", False, True),
        ("C4", "group", True, False),
        ("C1", "scenario", None, "Watch"),
        ("C2", "scenario", None, "Watch"),
    ]
    assert [(item.subject, item.before, item.after) for item in outcome.conflicts] == [("C3", False, False)]
    (guard,) = outcome.guards
    assert (guard.name, guard.bound, guard.changes, guard.total, guard.passed) == ("group:Risky", "0", 1, 2, False)
    assert not outcome.applicable


def test_a_cover_and_priorities() -> None:
    first = block("cover", SetBody(is_code("C1", "C2"), Others(), constant(eur("20"))), "ND", where=is_code("C1", "C2", "C3"), priority=2)
    second = block("cover", SetBody(is_code("C2", "C4", "C5"), None, constant(Money(Decimal(0), ""))), "ND", priority=1)
    data = Dataset(customers("C1", "C2", "C3", "C4"), members={("cover", "ND"): {"C1": eur("20.00"), "C2": eur("5"), "C3": eur("1")}})
    outcome = plan(begin(credit(), ruleset(first, second), data, AS_OF))
    seen = [(change.subject, change.before, change.after, change.action) for change in outcome.changes]
    assert seen == [("C2", "5.00 EUR", "20.00 EUR", "amend"), ("C3", "1.00 EUR", None, "withdraw")]
    assert [(item.subject, item.after, item.held_by) for item in outcome.held] == [("C4", None, "missing value")]


def test_data_problems_of_what_the_plan_needs() -> None:
    outstanding = aggregate("sum", OPEN, MONEY)
    condition = apply("gt", outstanding, Money(Decimal(0), ""))
    given = customers("C1", "C1")
    given["document"] = [
        {"number": "F1", "customer": "C1", "open_amount": Money(Decimal(1), "CHF")},
        {"number": "F2", "customer": "C9", "open_amount": Money(Decimal(1), "CHF")},
        {"number": "F3", "customer": "C1", "open_amount": Money(Decimal(1), "XOF")},
        {"number": "F4", "customer": "C1", "open_amount": Money(Decimal(1), "USD")},
    ]
    given["rates"] = [RATES[0], RATES[0]]
    rules = ruleset(block("scenario", lines(("A", condition))), ignored=frozenset({"XOF"}))
    outcome = plan(begin(credit(), rules, Dataset(given), AS_OF))
    problems = [(problem.code, problem.entity, problem.count, problem.examples) for problem in outcome.data_errors]
    assert problems == [("E0501", "customer", 2, ("C1",)), ("E0502", "document", 1, ("F1",)), ("E0503", "rates", 1, ("USD 2026-11-01",))]
    warnings = [(problem.code, problem.entity, problem.count, problem.examples) for problem in outcome.data_warnings]
    assert warnings == [("W0501", "document", 1, ("F2",)), ("W0502", "document", 1, ("F3",))]
    assert not outcome.applicable
    unused = plan(begin(credit(), ruleset(block("scenario", lines(("A", is_code("C1"))))), Dataset(given), AS_OF))
    assert [problem.code for problem in unused.data_errors] == ["E0501"]


def test_a_number_too_large_is_missing() -> None:
    huge = Decimal(10) ** 18
    evaluation = over(customers("C1"))
    customer = evaluation.rows.records["customer"][0]
    product = apply("multiply", apply("multiply", huge, huge, type=INTEGER), huge, type=INTEGER)
    assert evaluation.value(product, customer) is None
    assert [code for code, _, _ in evaluation.noted] == ["E0504"]
