"""The proofs of the lints are sound: what they say of two conditions is so on every row, by the reference evaluator."""

from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignrules.check import check_files
from assignrules.check.implication import Implication
from assignrules.diagnostics import SourceFile
from assignrules.schema.dataset import Dataset, Row
from assignrules.schema.logical import credit
from assignrules.testing.planner import ReferencePlanner

ATOMS = st.one_of(
    st.builds(
        "{} {} {}".format,
        st.sampled_from(["insurer_score", "average_days_late"]),
        st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
        st.integers(0, 4),
    ),
    st.builds("{} {} insurer_score".format, st.integers(0, 4), st.sampled_from(["<", "<=", ">", ">=", "="])),
    st.builds("insurer_score between {} and {}".format, st.integers(0, 3), st.integers(1, 4)),
    st.builds("insurer_score {} ({}, {})".format, st.sampled_from(["in", "not in"]), st.integers(0, 4), st.integers(0, 4)),
    st.builds("{} is {}".format, st.sampled_from(["insurer_score", "name", "active"]), st.sampled_from(["missing", "present"])),
    st.builds("insurer_score {} average_days_late".format, st.sampled_from(["<", "<=", "=", "!=", ">"])),
    st.builds("average_days_late {} insurer_score".format, st.sampled_from(["<", "<=", "=", "!=", ">"])),
    st.builds(
        'name {} "{}"'.format,
        st.sampled_from(["contains", "starts with", "ends with", "=", "!="]),
        st.sampled_from(["a", "A", "Ab", "b", "Abb", ""]),
    ),
    st.sampled_from(["active", "active = true", "active = false", "true", "false"]),
    st.sampled_from(
        ["count(contacts) > 0", "any(contacts where bounced)", "none(contacts where bounced)", "none(contacts)", "any(contacts)"]
    ),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
        st.sampled_from(["s0", "not s0"]),
    ),
    max_leaves=5,
)
NUMBERS = (None, 0, 1, 2, 3, 4)


def rows() -> Dataset:
    customers: list[Row] = []
    contacts: list[Row] = []
    for number, (score, days, name, active) in enumerate(product(NUMBERS, NUMBERS[::2], (None, "", "Ab", "bbA"), (None, True, False))):
        customers.append({"code": f"C{number:04}", "insurer_score": score, "average_days_late": days, "name": name, "active": active})
        if number % 3:
            contacts.append({"id": f"K{number:04}", "customer": f"C{number:04}", "bounced": number % 3 == 1})
    return Dataset(rows={"customer": customers, "contact": contacts})


DATA = rows()


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(st.lists(CONDITIONS, min_size=6, max_size=6))
def test_what_is_proved_is_so(conditions: list[str]) -> None:
    conditions[0] = conditions[0].replace("s0", "active")
    names = [f"s{number}" for number in range(len(conditions))]
    text = "".join(f"search {name} where {condition}\n" for name, condition in zip(names, conditions, strict=True))
    ruleset = check_files([SourceFile("a.rules", text)], credit()).ruleset
    assert ruleset is not None, text
    with ReferencePlanner(credit()).session(ruleset, DATA, date(2026, 11, 22)) as session:
        found = {name: set(session.search(name)) for name in names}
    proofs = Implication(ruleset.definitions)
    of = {name: ruleset.definitions["customer", name].expression for name in names}
    for one, other in product(names, names):
        if proofs.holds(of[one], of[other]):
            assert found[one] <= found[other], (one, other, text)
    for name in names:
        if proofs.impossible(of[name]):
            assert not found[name], (name, text)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("insurer_score < 3", "insurer_score < 4"),
        ("insurer_score = 3", "insurer_score in (2, 3)"),
        ("insurer_score in (1, 2)", "insurer_score <= 2"),
        ("3 > insurer_score", "insurer_score < 3.5"),
        ("insurer_score between 2 and 3", "insurer_score >= 1"),
        ("insurer_score > 3 and active", "active or locked"),
        ("insurer_score > 3 or insurer_score < 1", "insurer_score is present"),
        ("insurer_score > 3", "insurer_score != 2"),
        ("not (insurer_score < 4)", "not (insurer_score < 3)"),
        ("not (active or locked)", "not active"),
        ("insurer_score < average_days_late", "average_days_late >= insurer_score"),
        ('name starts with "Élan"', 'name contains "ela"'),
        ("outstanding > 5 EUR", "outstanding > 0"),
        ("outstanding > 5 EUR", "outstanding > 5.00 EUR"),
        ("any(documents where ignored and open_amount > 5 EUR)", "any(documents where ignored)"),
        ("none(documents where ignored)", "not any(documents where ignored and status = \"dispute\")"),
        ("last_dunned_on < 2026-01-01", "last_dunned_on < 2026-02-01"),
        ("last_dunned_on older than 60 days", "last_dunned_on is present"),
        ("last_dunned_on older than 60 days", "last_dunned_on older than 1 week"),
        ("last_dunned_on in last 10 days", "last_dunned_on in last 20 days"),
        ("last_dunned_on older than 2 months", "last_dunned_on older than 1 month"),
        ("last_dunned_on = today", "last_dunned_on <= today + 1 day"),
        ("active = true", "active"),
        ("false", "active"),
    ],
)  # fmt: skip
def test_proofs_that_must_be_found(narrow: str, wide: str) -> None:
    assert proved(narrow, wide)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("insurer_score < 4", "insurer_score < 3"),
        ("not (insurer_score < 4)", "insurer_score >= 4"),
        ("outstanding > 5 EUR", "outstanding > 1 USD"),
        ("insurer_score is present", "insurer_score > 0"),
        ("last_dunned_on older than 2 months", "last_dunned_on older than 59 days"),
        ("last_dunned_on < today", "last_dunned_on < 2026-11-22"),
        ("any(documents)", "any(documents where ignored)"),
        ("country = \"fr\"", "country = \"FR\""),
        ("insurer_score < 4", "legal_entity.parent.insolvency_state is present"),
    ],
)  # fmt: skip
def test_nothing_is_proved_where_nothing_follows(narrow: str, wide: str) -> None:
    assert not proved(narrow, wide)


def test_a_long_chain_of_definitions_ends() -> None:
    text = "define d0 = insurer_score < 4\n" + "".join(f"define d{n} = d{n - 1}\n" for n in range(1, 900))
    text += 'assign scenario "A" to d0 "B" to d899 "C" to not d899 "D" to not d898\n'
    checked = check_files([SourceFile("a.rules", text)], credit())
    assert checked.ruleset is not None


def proved(narrow: str, wide: str) -> bool:
    ruleset = check_files([SourceFile("a.rules", f"search a where {narrow}\nsearch b where {wide}\n")], credit()).ruleset
    assert ruleset is not None
    of: dict[str, Any] = {name: ruleset.definitions["customer", name].expression for name in ("a", "b")}
    return Implication(ruleset.definitions).holds(of["a"], of["b"])
