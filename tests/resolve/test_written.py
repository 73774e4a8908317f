"""What is written of an expression reads as the same expression, and as people write it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from assignrules.check import check_files
from assignrules.diagnostics import SourceFile
from assignrules.ir.expressions import Expression, Literal, Top, Truth
from assignrules.ir.ruleset import Others, Ruleset, SetBody, ValueBody
from assignrules.resolve.written import written
from assignrules.schema.logical import credit
from assignrules.testing import read_case

pytestmark = pytest.mark.slow

CASES = Path(__file__).resolve().parents[1] / "cases"
FOLDERS = (
    "aggregates",
    "business_days",
    "clauses",
    "covers",
    "dates",
    "definitions",
    "missing",
    "money",
    "numbers",
    "order",
    "text",
    "value_targets",
)


def expressions(ruleset: Ruleset) -> Iterator[tuple[str, Expression]]:
    """Every whole expression of a ruleset with its entity."""
    for definition in ruleset.definitions.values():
        if definition.span is not None:
            yield definition.entity, definition.expression
    for block in ruleset.assignments:
        found: list[Any] = [block.where, block.except_]
        match block.body:
            case ValueBody(lines=lines, value=value, distribution=None):
                found += [part for line in lines for part in (line.condition, line.value)] + [value]
            case ValueBody():
                pass  # what is shared out is no expression of the language
            case SetBody(add=add, remove=remove, amount=amount):
                found += [add, remove, amount]
        for expression in found:
            if expression is not None and not isinstance(expression, Others | Literal):
                yield block.entity, expression


def meaning(value: Any) -> Any:
    """An expression without its types, whose scales come from how a literal was written."""
    if isinstance(value, Truth):
        return meaning(value.operand)
    if is_dataclass(value) and not isinstance(value, type):
        return (type(value).__name__, *(meaning(getattr(value, item.name)) for item in fields(value) if item.name != "type"))
    return tuple(meaning(item) for item in value) if isinstance(value, tuple) else value


def check_round_trip(rules: SourceFile, ruleset: Ruleset, params: dict[str, str], currency: str) -> None:
    whole = [(entity, expression) for entity, expression in expressions(ruleset) if not isinstance(expression, Top)]
    texts = [written(expression, credit()) for _, expression in whole]
    lines = [f"define again_{number} on {entity} = {texts[number]}\n" for number, (entity, _) in enumerate(whole)]
    again = check_files([rules, SourceFile("again.rules", "".join(lines))], credit(), params=params, currency=currency)
    assert again.ruleset is not None, (texts, [item.message for item in again.diagnostics])
    for number, (entity, expression) in enumerate(whole):
        read = again.ruleset.definitions[entity, f"again_{number}"].expression
        assert meaning(read) == meaning(expression), texts[number]


@pytest.mark.parametrize("folder", FOLDERS)
def test_reads_as_the_same(folder: str) -> None:
    checked = 0
    for path in sorted((CASES / folder).glob("*.yml")):
        case, _ = read_case(SourceFile(path.name, path.read_text(encoding="utf-8")), credit())
        assert case is not None and case.rules is not None
        settings = case.project
        params = dict(case.params)
        ruleset = check_files([case.rules], credit(), params=params, currency=settings.currency).ruleset
        if ruleset is not None:
            check_round_trip(case.rules, ruleset, params, settings.currency)
            checked += 1
    assert checked


def test_built_in_definitions_read_as_the_same() -> None:
    text = credit().definitions.text.replace("legal_entity.total_guarantee > 1 ", "legal_entity.total_guarantee > 1 EUR ")
    rules = SourceFile("a.rules", text)
    ruleset = check_files([rules], credit()).ruleset
    assert ruleset is not None
    check_round_trip(rules, ruleset, {}, "EUR")


@cache
def lowered(text: str) -> Expression:
    rules = "param large: money = 5_000 EUR\nparam old: duration = 60 days\nparam rate: percent = 20%\n"
    checked = check_files([SourceFile("a.rules", f"{rules}search late where overdue > 0\ndefine x = {text}\n")], credit())
    assert checked.ruleset is not None, [item.message for item in checked.diagnostics]
    return checked.ruleset.definitions["customer", "x"].expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("outstanding >= large", "outstanding >= 5000.00 EUR"),
        ("outstanding != 0", "outstanding != 0"),
        ("not (outstanding < 5 EUR or late)", "not (outstanding < 5.00 EUR or late)"),
        ("not late and active", "not late and active"),
        ("overdue_rate > rate and insurer_score between 1 and 2.50", "overdue_rate > 20% and insurer_score between 1 and 2.5"),
        ('country not in ("FR", "B\\"E")', 'country not in ("FR", "B\\"E")'),
        ("name is present and not (code is missing)", "name is present and code is present"),
        ("last_dunned_on in last 10 days", "last_dunned_on in last 10 days"),
        ("not (last_dunned_on in last 1 year)", "not last_dunned_on in last 1 year"),
        ("last_dunned_on in next 2 weeks", "last_dunned_on in next 14 days"),
        ("last_dunned_on older than old", "last_dunned_on older than 60 days"),
        ("last_dunned_on + 5 business days < today", None),
        ("last_dunned_on in last 5 business days", None),
        ("last_dunned_on - 5 business days of country < today", None),
        ("last_dunned_on older than 1 business day of country", None),
        ('last_dunned_on + payment_terms_days * 1 business day of coalesce(country, "FR") < today', None),
        ("last_dunned_on in previous quarter or last_dunned_on in current year", None),
        ("days(today - last_dunned_on) > days(old)", "days(today - last_dunned_on) > days(60 days)"),
        ("last_dunned_on + 1 day - 2 months", None),
        ('in group "Risky" or currently has cover "ND"', None),
        ('current scenario = "A" and scenario = "B"', None),
        ("current collector.absent_from <= today", None),
        ("sum(open_amount over documents where customer.country = this.country and due_date < today)", None),
        ("latest(status over documents by due_date where open_amount > 0)", None),
        ("count(distinct type over documents) - count(documents)", None),
        ("every(documents satisfies open_amount = 0)", "none(documents where open_amount != 0)"),
        ("case when late then outstanding * 2 otherwise -(overdue + outstanding) / 3", None),
        ("(legal_entity.total_guarantee) as of today + 15 days", None),
    ],
)  # fmt: skip
def test_as_people_write_it(text: str, expected: str | None) -> None:
    assert written(lowered(text), credit()) == (text if expected is None else expected)
