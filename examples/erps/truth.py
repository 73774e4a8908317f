"""What is so, whatever ERP holds it: customers, what they owe, and what the shared rules must make of it, in plain Python.

Each ERP's generator writes these same customers and documents into its own tables; the rules, run over any of them, must come to what
`expected` says here without the engine.
"""

from __future__ import annotations

import calendar
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

T = TypeVar("T")

TODAY = date(2026, 11, 22)
# Worth of one unit in EUR. These have an exact inverse, as webERP keeps rates the other way round.
RATES = {"EUR": Decimal(1), "USD": Decimal("0.8"), "GBP": Decimal("1.25")}
COUNTRIES = {"EUR": ("FR", "DE", "IT"), "USD": ("US",), "GBP": ("GB",)}
# When an invoice is due: so many days after its date, or on a day of the following month (its last one, where it has no such day).
TERMS = {"7D": (7, 0), "30D": (30, 0), "60D": (60, 0), "EOFM": (0, 31), "22FM": (0, 22)}
SCENARIOS = ("No reminder", "Friendly", "Firm", "Legal")
GROUPS = ("Over the limit", "Seriously late")
FIRST = ("Ateliers", "Brasserie", "Comptoir", "Société", "Grüne", "O'Hara", "Søren", "Casa", "Northern", "Blue")
LAST = ("du Nord", "& Fils", "Werke", "Foods", "Trading", "Bros.", "Métal", "Logistics", "Papier", '"Étoile"')


@dataclass(frozen=True, slots=True)
class Insurance:
    """What the insurer decided for a customer; `approved` is False while it has not."""

    amount: Decimal
    approved: bool
    decided: date | None


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with its state before the run. Its limit is in its own currency, its insurance in EUR."""

    number: int
    name: str
    country: str
    currency: str
    terms: str
    payer: int
    blocked: bool
    limit: Decimal | None
    insurance: Insurance | None
    scenario: str | None
    groups: frozenset[str]

    @property
    def code(self) -> str:
        """What people call it."""
        return f"C{self.number:04}"


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice, a credit note or a payment on account, in the currency of the customer that pays it. `settled` is of its amount."""

    number: int
    kind: str
    customer: int  # who pays
    ordered_by: int
    issued: date
    due: date | None
    amount: Decimal
    settled: Decimal

    @property
    def open(self) -> Decimal:
        """What is left of it."""
        return self.amount - self.settled


@dataclass(frozen=True, slots=True)
class Company:
    """All of it."""

    customers: tuple[Customer, ...]
    documents: tuple[Document, ...]


@dataclass(slots=True)
class State:
    """What a customer has, or shall have."""

    scenario: str | None = None
    groups: frozenset[str] = frozenset()
    cover: Decimal | None = None
    blocked: bool = False


@dataclass(slots=True)
class Figures:
    """What a customer owes, in EUR."""

    outstanding: Decimal = Decimal(0)
    overdue: Decimal = Decimal(0)
    over_30: Decimal = Decimal(0)
    over_60: Decimal = Decimal(0)
    insured: Decimal = Decimal(0)
    limit: Decimal | None = None
    state: State = field(default_factory=State)


def due_date(issued: date, terms: str) -> date:
    """When an invoice of a day is due."""
    days, day = TERMS[terms]
    if days:
        return issued + timedelta(days=days)
    year, month = (issued.year + issued.month // 12, issued.month % 12 + 1)
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def company(customers: int = 120, seed: int = 7) -> Company:
    """The same company each time. `random.Random.random` gives the same numbers on every Python; its other methods need not."""
    chance = random.Random(seed).random

    def whole(low: int, high: int) -> int:
        return low + int(chance() * (high - low + 1))

    def one_of(items: tuple[T, ...]) -> T:
        return items[whole(0, len(items) - 1)]

    found: list[Customer] = []
    for number in range(1, customers + 1):
        currency = one_of(("EUR", "EUR", "EUR", "USD", "GBP"))
        payers = [other.number for other in found if other.currency == currency and other.payer == other.number]
        payer = payers[whole(0, len(payers) - 1)] if payers and chance() < 0.15 else number
        insurance = None
        if chance() < 0.5:
            approved = chance() < 0.7
            insurance = Insurance(Decimal(whole(1, 12)) * 5000, approved, TODAY - timedelta(days=whole(1, 400)) if approved else None)
        found.append(
            Customer(
                number,
                f"{one_of(FIRST)} {one_of(LAST)}",
                one_of(COUNTRIES[currency]),
                currency,
                one_of(tuple(TERMS)),
                payer,
                chance() < 0.1,
                Decimal(whole(2, 20)) * 5000 if chance() < 0.8 else None,
                insurance,
                one_of((None, *SCENARIOS)),
                frozenset(group for group in GROUPS if chance() < 0.2),
            )
        )
    documents: list[Document] = []
    for customer in found:
        payer_of = found[customer.payer - 1]
        busy = one_of((0, 2, 5, 9))
        for _ in range(busy):
            kind = one_of(("invoice",) * 7 + ("credit_note", "payment"))
            cents = Decimal(whole(1_000, one_of((90_000, 900_000, 2_500_000)))) / 100
            amount = cents if kind == "invoice" else -cents / 4
            amount = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
            share = one_of((0, 0, 0, 1, 2, 4)) if kind != "payment" else 0
            settled = (amount * share / 4).quantize(Decimal("0.01"), ROUND_HALF_UP)
            issued = TODAY - timedelta(days=whole(0, 200))
            due = due_date(issued, payer_of.terms) if kind == "invoice" else None
            documents.append(Document(len(documents) + 1, kind, payer_of.number, customer.number, issued, due, amount, settled))
    return Company(tuple(found), tuple(documents))


def figures(found: Company) -> dict[str, Figures]:
    """By customer, in EUR."""
    result = {customer.code: Figures() for customer in found.customers}
    for customer in found.customers:
        of = result[customer.code]
        of.limit = None if customer.limit is None else customer.limit * RATES[customer.currency]
        if customer.insurance is not None and customer.insurance.approved:
            of.insured = customer.insurance.amount
    for document in found.documents:
        customer = found.customers[document.customer - 1]
        of, worth = result[customer.code], document.open * RATES[customer.currency]
        of.outstanding += worth
        if worth > 0 and document.due is not None and document.due < TODAY:
            late = (TODAY - document.due).days
            of.overdue += worth
            of.over_30 += worth if late > 30 else 0
            of.over_60 += worth if late > 60 else 0
    return result


def before(found: Company) -> dict[str, State]:
    """The state of each customer before the first run; covers are nobody's yet."""
    return {item.code: State(item.scenario, item.groups, None, item.blocked) for item in found.customers}


def expected(found: Company) -> dict[str, State]:
    """The state of each customer after it: the shared rules, said again in Python."""
    result: dict[str, State] = {}
    known = figures(found)
    for customer in found.customers:
        of = known[customer.code]
        late = of.over_30 >= 5_000
        over_limit = of.limit is not None and of.outstanding > of.limit
        groups = {"Over the limit"} if over_limit else set()
        if late:
            groups.add("Seriously late")
        if of.over_60 >= 20_000:
            scenario = "Legal"
        elif late or over_limit:
            scenario = "Firm"
        elif of.overdue > 0:
            scenario = "Friendly"
        else:
            scenario = "No reminder"
        cover = None
        if customer.country in ("FR", "DE", "GB", "US") and customer.insurance is None and 1_000 <= of.outstanding <= 40_000 and not late:
            cover = min(of.outstanding * Decimal("1.2"), Decimal(20_000)).quantize(Decimal(1), ROUND_HALF_UP)
        blocked = scenario == "Legal" or (over_limit and of.outstanding > of.insured)
        result[customer.code] = State(scenario, frozenset(groups), cover, blocked)
    return result
