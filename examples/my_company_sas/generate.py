"""My Company SAS, a made-up company: writes its customers, documents, guarantees … as CSV files that `assignrules load` reads.

The figures are met by construction: every open item is drawn with a relative size and an age, then each of three classes (not late,
1 to 60 days late, older) is scaled to its total. The same seed and date give the same bytes on every platform and Python version: only
`Random.random`, whole numbers and sorted output are used. Standard library only; nothing is read but this file.

    python generate.py DIRECTORY      writes the CSV files, for the demo's date
    python measure.py DIRECTORY       prints the table of figures that stands in README.md
"""

import csv
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

AS_OF = date(2026, 11, 22)
"""The date of the demo, and of README's figures."""
SEED = 20261122
CUSTOMERS = 2_000

# Targets, in cents of a euro.
TURNOVER = 700_000_000_00
OUTSTANDING = 75_000_000_00
LATE = OUTSTANDING * 23 // 100
OVER_60 = OUTSTANDING * 2 // 100

RATE_UNIT = 10_000  # rates are kept as whole ten-thousandths of a euro
RATES = {"EUR": 10_000, "USD": 8_640, "GBP": 11_420}

# country: (per mille of customers, currency, language, insurer's zone, unnamed-buyer cover allowed, legal form)
COUNTRIES: dict[str, tuple[int, str, str, int, bool, str]] = {
    "FR": (560, "EUR", "fr", 1, True, "SAS"),
    "BE": (70, "EUR", "fr", 1, True, "SA"),
    "DE": (75, "EUR", "de", 1, True, "GmbH"),
    "NL": (30, "EUR", "en", 1, True, "BV"),
    "ES": (55, "EUR", "es", 2, True, "SL"),
    "IT": (50, "EUR", "it", 2, True, "SRL"),
    "PT": (20, "EUR", "pt", 2, True, "Lda"),
    "PL": (20, "EUR", "en", 3, False, "Sp. z o.o."),
    "GB": (55, "GBP", "en", 1, True, "Ltd"),
    "US": (40, "USD", "en", 1, True, "Inc"),
    "MA": (15, "EUR", "fr", 3, False, "SARL"),
    "AE": (10, "USD", "en", 4, False, "LLC"),
}

# Payment behaviour: (per mille of customers, per mille of items not late, 1-30, 31-60, over 60 days late,
# average days late, insurer's score × 10)
BEHAVIOURS: dict[str, tuple[int, tuple[int, int, int, int], tuple[int, int], tuple[int, int]]] = {
    "prompt": (350, (930, 65, 5, 0), (0, 4), (65, 100)),
    "fair": (350, (820, 150, 27, 3), (2, 11), (50, 90)),
    "slow": (200, (650, 250, 80, 20), (9, 24), (40, 70)),
    "poor": (100, (380, 320, 180, 120), (21, 60), (10, 50)),
}

# What people have noted on items of an age, per mille; "comment" is a comment without a status; the rest is unqualified.
NOTES: dict[str, list[tuple[str, int]]] = {
    "not late": [("dispute", 8), ("", 992)],
    "1-30": [("promise", 80), ("dispute", 40), ("comment", 20), ("", 860)],
    "31-60": [("promise", 150), ("dispute", 100), ("dispute_resolved", 20), ("comment", 50), ("", 680)],
    "over 60": [("promise", 120), ("dispute", 160), ("litigation", 80), ("declared", 60), ("comment", 60), ("", 520)],
}
COMMENTS = {
    "promise": ("Payment announced by the accountant", "Transfer promised by phone", "Instalments agreed"),
    "dispute": ("Price differs from the order", "Goods damaged on arrival", "Delivery note missing"),
    "dispute_resolved": ("Credit note issued, balance due",),
    "litigation": ("File handed to the lawyer",),
    "declared": ("Declared to the insurer",),
    "comment": ("Invoice sent again, waiting for an answer", "New accountant, called back next week"),
}

FAMILY_NAMES = """
Arvelle Bréval Castignac Dorimont Esterac Fauvelle Grandpré Hautecour Isambre Jolivane Kermadec Lormoy Mérignol Novalise Orvaux Pradelle
Quintrel Rochebrune Sauvigny Tavernel Ulmière Valcourt Wandrelle Yvremont Zélinor Aldersby Brackmoor Coldhurst Danwick Elmsgate Falkenau
Grünfeld Holmberg Isenrath Kaltenbach Lindholz Marbrück Nordhain Oberwies Rautental Steinhagen Tannwerk Uhlbach Weidenau Almenara
Belcázar Cardoval Durania Fontearsa Girasola Lavorini Montesco Olivarte Pontavero Ravellino Sarmiente Torrealba Valdorno Veramonte
Zafrales
"""
TRADE_NAMES = """
Agencement Automatismes Bâtiment Bois Chimie Conditionnement Distribution Électricité Emballages Énergie Équipements Fluides Fournitures
Hydraulique Industrie Isolation Logistique Maintenance Matériaux Mécanique Menuiserie Négoce Outillage Peinture Plasturgie Services
Toitures Transports Tuyauterie Verre
"""
FAMILIES = FAMILY_NAMES.split()
TRADES = TRADE_NAMES.split()
FIRST_NAMES = ("Alix", "Camille", "Dominique", "Eden", "Jo", "Kim", "Lou", "Noa", "Sacha")
SEGMENTS = ("construction", "industry", "retail", "services", "wholesale")
POLICIES = ("POL-DOM", "POL-EXP")

Row = dict[str, object]
T = TypeVar("T")


class Dice:
    """Draws made of `Random.random` and whole numbers alone: the sequence that Python promises to keep for a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends in."""
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, per_mille: int) -> bool:
        return self.between(1, 1000) <= per_mille

    def pick(self, values: Sequence[T]) -> T:
        return values[self.between(0, len(values) - 1)]

    def weighted(self, values: Sequence[tuple[T, int]]) -> T:
        """One of the values, by its weight."""
        rest = self.between(1, sum(weight for _, weight in values))
        for value, weight in values:
            rest -= weight
            if rest <= 0:
                return value
        raise AssertionError("weights are positive")

    def skewed(self) -> int:
        """A size by Pareto's law (exponent 1, cut at 300 times the smallest), in thousandths: few large customers, many small ones."""
        return min(300_000, 1_000_000_000 // self.between(1, 1_000_000)) - 900


@dataclass(slots=True)
class Customer:
    code: str
    name: str
    country: str
    size: int
    behaviour: str
    terms: int
    legal_entity: str | None
    payer: str | None
    is_public: bool
    is_related_party: bool
    policy: str | None
    has_open_items: bool
    last_dunned: date | None = None

    @property
    def currency(self) -> str:
        return COUNTRIES[self.country][1]


@dataclass(slots=True)
class Document:
    customer: Customer
    type: str
    age: str  # the key of NOTES
    size: int  # relative, signed
    due_date: date
    issue_date: date
    note: str = ""
    number: str = ""
    open_cents: int = 0  # in the customer's currency
    extras: Row = field(default_factory=dict)

    @property
    def counted(self) -> bool:
        """Whether it is part of the outstanding."""
        return self.type != "down_payment_request" and self.age != "settled"


def generate(directory: Path, *, as_of: date, seed: int = SEED) -> None:
    """Writes the fourteen CSV files into `directory`, which is made where it is missing; files of the same names are replaced.

    Every date is relative to `as_of`, at which the figures of README.md hold. Headers are logical names of the schema `credit`, links are
    business keys, money is a number beside a `currency` column or `1200.00 EUR`, an empty cell is missing.
    """
    directory.mkdir(parents=True, exist_ok=True)
    dice = Dice(seed)
    entities, customers = draw_customers(dice, as_of)
    documents = draw_documents(dice, customers, as_of)
    scale(documents)
    number(documents)
    events = draw_dunning_events(dice, documents, as_of)
    tables = {
        "customer": customer_rows(dice, customers, as_of),
        "legal_entity": entities,
        "document": document_rows(dice, documents, as_of),
        "contact": contact_rows(dice, customers),
        "policy": policy_rows(as_of),
        "policy_country": policy_country_rows(),
        "guarantee": guarantee_rows(dice, customers, as_of),
        "credit_limit": credit_limit_rows(dice, customers, as_of),
        "score": score_rows(dice, customers, as_of),
        "user": user_rows(as_of),
        "order": order_rows(dice, customers, as_of),
        "dunning_event": events,
        "rates": rate_rows(dice, as_of),
        "holidays": holiday_rows(range(as_of.year - 1, as_of.year + 3)),
    }
    for name, rows in tables.items():
        write(directory / f"{name}.csv", rows)


def write(path: Path, rows: Sequence[Row]) -> None:
    """One table. Dates as ISO text, truth values as true and false, missing values as empty cells."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows[0])
        for row in rows:
            writer.writerow("" if cell is None else str(cell).lower() if isinstance(cell, bool) else cell for cell in row.values())


def cents(value: int) -> str:
    """123456 → 1234.56"""
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02}"


def tenths(value: int) -> str:
    return f"{value // 10}.{value % 10}"


def rounded(numerator: int, denominator: int) -> int:
    """The quotient, half away from zero; the denominator is positive."""
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient


# Who the customers are


def draw_customers(dice: Dice, as_of: date) -> tuple[list[Row], list[Customer]]:
    """Legal entities on two levels, and the customers (accounts) below them: some entities have several, a few customers have none."""
    names: set[str] = set()
    parents: list[Row] = []
    entities: list[Row] = []
    customers: list[Customer] = []
    for index in range(90):
        country = dice.weighted([(key, share[0]) for key, share in COUNTRIES.items()])
        name = unique(names, lambda: f"{dice.pick(FAMILIES)} {dice.pick(('Holding', 'Groupe', 'International', 'Participations'))}")
        parents.append(entity_row(dice, f"GP{index + 1:03}", name, country, None, as_of))
    for index in range(CUSTOMERS):
        code = f"C{index + 1:05}"
        size = dice.skewed()
        shares = [(key, share[0]) for key, share in BEHAVIOURS.items()]
        # A large customer that pays poorly would long have been dealt with.
        behaviour = dice.weighted(shares[:3] if size > 40_000 else shares)
        payer: str | None = None
        entity: str | None
        previous = customers[-1] if customers else None
        if previous is not None and previous.legal_entity is not None and dice.chance(60):
            country, entity, payer = previous.country, previous.legal_entity, previous.payer or previous.code
            name = unique(
                names, lambda: f"{entities[-1]['name']} – {dice.pick(('Nord', 'Sud', 'Est', 'Ouest', 'Export', 'Projets', 'Pièces'))}"
            )
        else:
            country = dice.weighted([(key, share[0]) for key, share in COUNTRIES.items()])
            name = unique(names, partial(business_name, dice, country))
            entity = None if dice.chance(10) else f"LE{index + 1:05}"
            if entity is not None:
                entities.append(
                    entity_row(dice, entity, name, country, str(dice.pick(parents)["code"]) if dice.chance(180) else None, as_of)
                )
        is_public = country == "FR" and dice.chance(30)
        is_related_party = dice.chance(6)
        insurable = not is_public and not is_related_party and country != "AE"
        policy = POLICIES[0 if country == "FR" else 1] if insurable else None
        terms = dice.weighted([(30, 450), (45, 250), (60, 300)])
        customers.append(
            Customer(code, name, country, size, behaviour, terms, entity, payer, is_public, is_related_party, policy, not dice.chance(40))
        )
    return sorted(parents + entities, key=lambda row: str(row["code"])), customers


def business_name(dice: Dice, country: str) -> str:
    return f"{dice.pick(FAMILIES)} {dice.pick(TRADES)} {COUNTRIES[country][5]}"


def unique(taken: set[str], draw: Callable[[], str]) -> str:
    """A name that nobody bears yet; drawn again a few times, then numbered."""
    for _ in range(20):
        name = draw()
        if name not in taken:
            break
    else:
        base, count = name, 2
        while name in taken:
            name, count = f"{base} {count}", count + 1
    taken.add(name)
    return name


def entity_row(dice: Dice, code: str, name: str, country: str, parent: str | None, as_of: date) -> Row:
    insolvent = parent is None and dice.chance(9)
    return {
        "code": code,
        "name": name,
        "country": country,
        "legal_form": COUNTRIES[country][5],
        "founded_on": as_of - timedelta(days=dice.between(400, 18_000)),
        "insolvency_state": dice.pick(("safeguard", "receivership", "liquidation")) if insolvent else None,
        "insolvency_on": as_of - timedelta(days=dice.between(10, 300)) if insolvent else None,
        "parent": parent,
    }


# What they owe


def draw_documents(dice: Dice, customers: Sequence[Customer], as_of: date) -> list[Document]:
    """Open items of every kind, and a few settled ones, with relative sizes."""
    documents: list[Document] = []
    for customer in customers:
        for _ in range(dice.between(0, 3)):
            documents.append(draw_settled(dice, customer, as_of))
        if not customer.has_open_items:
            continue
        count = min(45, 1 + customer.size // 4_000) + dice.between(0, 3)
        ages = list(zip(NOTES, BEHAVIOURS[customer.behaviour][1], strict=True))
        for _ in range(count):
            documents.append(draw_item(dice, customer, dice.weighted(ages), count, as_of))
        if dice.chance(80):
            documents.append(draw_credit(dice, customer, "credit_note", count, as_of))
        if dice.chance(50):
            documents.append(draw_credit(dice, customer, "payment", count, as_of))
        if dice.chance(15):
            due = as_of + timedelta(days=dice.between(-10, 20))
            request = Document(customer, "down_payment_request", "not late", customer.size * 33 + 1, due, due - timedelta(days=30))
            documents.append(request)
    return documents


def draw_item(dice: Dice, customer: Customer, age: str, count: int, as_of: date) -> Document:
    """One open debit. Due today is not late yet."""
    late = {
        "not late": lambda: -dice.between(0, customer.terms - 1),
        "1-30": lambda: dice.between(1, 30),
        "31-60": lambda: dice.between(31, 60),
        "over 60": lambda: 60 + dice.weighted([(dice.between(1, 30), 500), (dice.between(31, 120), 350), (dice.between(121, 500), 150)]),
    }[age]()
    due = as_of - timedelta(days=late)
    size = customer.size * dice.between(40, 160) // count + 1
    kind = dice.weighted([("invoice", 930), ("draft", 55 if customer.country == "FR" else 0), ("misc", 15)])
    document = Document(customer, kind, age, size, due, due - timedelta(days=customer.terms), dice.weighted(NOTES[age]))
    if age != "not late" and dice.chance(30):  # an extension was granted: the contract counts from the first due date
        document.extras["original_due_date"] = due - timedelta(days=30)
        document.issue_date -= timedelta(days=30)
    if document.note:
        note = document.note
        document.extras["status"] = None if note == "comment" else note
        document.extras["status_on"] = as_of - timedelta(days=dice.between(1, 1 + max(1, min(45, late))))
        document.extras["comment"] = dice.pick(COMMENTS[note])
        document.extras["promised_on"] = as_of + timedelta(days=dice.between(-5, 20)) if note == "promise" else None
    document.extras["ignored"] = dice.chance(5)
    return document


def draw_credit(dice: Dice, customer: Customer, kind: str, count: int, as_of: date) -> Document:
    """A credit note or a payment that is not allocated yet."""
    due = as_of - timedelta(days=dice.between(0, 75))
    return Document(customer, kind, "not late", -(customer.size * dice.between(10, 60) // count + 1), due, due)


def draw_settled(dice: Dice, customer: Customer, as_of: date) -> Document:
    due = as_of - timedelta(days=dice.between(20, 300))
    return Document(
        customer, "invoice", "settled", customer.size * dice.between(40, 160) // 4 + 1, due, due - timedelta(days=customer.terms)
    )


def scale(documents: Sequence[Document]) -> None:
    """Turns relative sizes into amounts, so that what is outstanding, late and over 60 days late is as wanted, to the cent or nearly."""
    old = [document for document in documents if document.counted and document.age == "over 60"]
    late = [document for document in documents if document.counted and document.age in ("1-30", "31-60")]
    others = [document for document in documents if document.counted and document.age == "not late"]
    uncounted = [document for document in documents if not document.counted]
    for part, target in ((old, OVER_60), (late, LATE - OVER_60), (others, OUTSTANDING - LATE)):
        total = sum(document.size for document in part)
        currencies = [document.customer.currency for document in part]
        amounts = [rounded(document.size * target * RATE_UNIT, total * RATES[document.customer.currency]) for document in part]
        settle(amounts, currencies, target)
        for document, amount in zip(part, amounts, strict=True):
            document.open_cents = amount
    total = sum(document.size for document in others)
    for document in uncounted:
        document.open_cents = rounded(document.size * (OUTSTANDING - LATE), total)


def settle(amounts: list[int], currencies: Sequence[str], target: int) -> None:
    """What rounding to cents has left over goes to the largest euro amount, so that all of them are worth `target` cents of a euro."""
    reached = sum(amount * RATES[currency] for amount, currency in zip(amounts, currencies, strict=True))
    largest = max((index for index, currency in enumerate(currencies) if currency == "EUR"), key=lambda index: amounts[index])
    amounts[largest] += rounded(target * RATE_UNIT - reached, RATE_UNIT)


def number(documents: Sequence[Document]) -> None:
    prefixes = {"invoice": "FA", "credit_note": "AV", "payment": "RG", "misc": "OD", "draft": "TR", "down_payment_request": "AC"}
    for index, document in enumerate(sorted(documents, key=lambda each: each.issue_date)):
        document.number = f"{prefixes[document.type]}{index + 1:06}"


def document_rows(dice: Dice, documents: Sequence[Document], as_of: date) -> list[Row]:
    rows: list[Row] = []
    for document in sorted(documents, key=lambda each: each.number):
        customer = document.customer
        amount = document.open_cents
        if document.counted and document.type == "invoice" and dice.chance(60):  # partly paid
            amount = amount * 100 // dice.between(30, 90)
        taxed = customer.country == "FR" and document.type in ("invoice", "credit_note", "draft", "down_payment_request")
        rows.append(
            {
                "number": document.number,
                "customer": customer.code,
                "policy": customer.policy,
                "type": document.type,
                "issue_date": document.issue_date,
                "due_date": document.due_date,
                "original_due_date": document.extras.get("original_due_date"),
                "currency": customer.currency,
                "amount": cents(amount),
                "open_amount": cents(0 if document.age == "settled" else document.open_cents),
                "net_amount": cents(rounded(amount * 5, 6) if taxed else amount),
                "status": document.extras.get("status"),
                "status_on": document.extras.get("status_on"),
                "comment": document.extras.get("comment"),
                "promised_on": document.extras.get("promised_on"),
                "ignored": document.extras.get("ignored", False),
            }
        )
    return rows


def draw_dunning_events(dice: Dice, documents: Sequence[Document], as_of: date) -> list[Row]:
    """What was done so far about late items; the latest one is also kept on the customer."""
    rows: list[Row] = []
    for document in documents:
        days_late = (as_of - document.due_date).days
        if not document.counted or document.age == "not late" or not dice.chance(550):
            continue
        for _ in range(dice.between(1, 3)):
            done = as_of - timedelta(days=dice.between(0, days_late - 1))
            customer = document.customer
            customer.last_dunned = max(done, customer.last_dunned or done)
            channel = dice.weighted([("email", 600), ("call", 250), ("letter", 150)])
            rows.append(
                {"id": f"E{len(rows) + 1:06}", "customer": customer.code, "document": document.number, "done_on": done, "channel": channel}
            )
    return rows


# What is known of them


def customer_rows(dice: Dice, customers: Sequence[Customer], as_of: date) -> list[Row]:
    """The turnover follows the size with some noise, and adds up to the company's."""
    shares = [customer.size * dice.between(70, 130) for customer in customers]
    total = sum(shares)
    turnovers = [rounded(share * TURNOVER * RATE_UNIT, total * RATES[each.currency]) for each, share in zip(customers, shares, strict=True)]
    settle(turnovers, [each.currency for each in customers], TURNOVER)
    rows: list[Row] = []
    for customer, turnover in zip(customers, turnovers, strict=True):
        _, _, (days_low, days_high), (score_low, score_high) = BEHAVIOURS[customer.behaviour]
        known = not dice.chance(50)
        days_late = dice.between(days_low * 10, days_high * 10)
        locked = dice.chance(6)
        rows.append(
            {
                "code": customer.code,
                "name": customer.name,
                "legal_entity": customer.legal_entity,
                "payer": customer.payer,
                "policy": customer.policy,
                "country": customer.country,
                "language": COUNTRIES[customer.country][2],
                "currency": customer.currency,
                "segment": dice.pick(SEGMENTS),
                "customer_type": "public" if customer.is_public else "company",
                "is_public": customer.is_public,
                "is_related_party": customer.is_related_party,
                "payment_terms_days": customer.terms,
                "payment_method": dice.weighted([("transfer", 700), ("direct_debit", 120), ("draft", 100), ("cheque", 80)]),
                "customer_since": as_of - timedelta(days=dice.between(200, 9_000)),
                "active": True,
                "locked": locked,
                "lock_reason": "Under negotiation by the sales director" if locked else None,
                "locked_until": as_of + timedelta(days=dice.between(5, 90)) if locked and dice.chance(600) else None,
                "insurer_score": None if dice.chance(120) else tenths(dice.between(score_low, score_high)),
                "payer_profile": ("good" if days_late <= 50 else "average" if days_late <= 200 else "bad") if known else None,
                "average_days_late": tenths(days_late) if known else None,
                "last_dunned_on": customer.last_dunned,
                "turnover_12m": cents(turnover),
            }
        )
    return rows


def contact_rows(dice: Dice, customers: Sequence[Customer]) -> list[Row]:
    """Up to three people each: some without e-mail, some whose mailbox refuses, some customers without anybody."""
    rows: list[Row] = []
    for customer in customers:
        for rank in range(dice.weighted([(0, 40), (1, 520), (2, 300), (3, 140)])):
            has_email = dice.chance(820)
            rows.append(
                {
                    "id": f"K{len(rows) + 1:05}",
                    "customer": customer.code,
                    "name": f"{dice.pick(FIRST_NAMES)} {dice.pick(FAMILIES)}",
                    "email": f"accounts{rank + 1}.{customer.code.lower()}@customer.example" if has_email else None,
                    "phone": f"+00 {dice.between(100, 999)} {dice.between(1000, 9999)}" if dice.chance(850) else None,
                    "is_dunning_contact": rank == 0 or dice.chance(200),
                    "bounced": has_email and dice.chance(35),
                }
            )
    return rows


def policy_rows(as_of: date) -> list[Row]:
    terms = (
        # kind, insured, unnamed insured, unnamed amount, its ceiling, basis, declaration, extension, grace, orders in hand
        (POLICIES[0], "Mutuelle du Crédit", "whole_turnover", "90%", "70%", 20_000, 30_000, "due_date", 90, 60, 10, 90),
        (POLICIES[1], "Northern Trade Cover", "whole_turnover", "90%", "60%", 10_000, 15_000, "issue_date", 150, 45, 5, 60),
    )
    start, end = date(as_of.year, 1, 1), date(as_of.year, 12, 31)
    return [
        {
            "code": code,
            "insurer": insurer,
            "kind": kind,
            "currency": "EUR",
            "valid_from": start,
            "valid_to": end,
            "insured_percentage": insured,
            "nd_percentage": nd_insured,
            "nd_amount": cents(nd_amount * 100),
            "nd_max_amount": cents(nd_max * 100),
            "declaration_basis": basis,
            "max_declaration_days": declaration,
            "max_extension_days": extension,
            "grace_days": grace,
            "oal_days": orders,
        }
        for code, insurer, kind, insured, nd_insured, nd_amount, nd_max, basis, declaration, extension, grace, orders in terms
    ]


def policy_country_rows() -> list[Row]:
    return [
        {
            "id": f"{policy}-{country}",
            "policy": policy,
            "country": country,
            "zone": str(zone),
            "nd_allowed": nd_allowed,
            "nd_amount": f"{20_000 if country == 'FR' else 10_000 if zone == 1 else 5_000}.00 EUR" if nd_allowed else None,
        }
        for country, (_, _, _, zone, nd_allowed, _) in sorted(COUNTRIES.items())
        for policy in [POLICIES[0 if country == "FR" else 1]]
        if country != "AE"
    ]


def insured_entities(customers: Iterable[Customer]) -> dict[str, list[Customer]]:
    """The accounts of every legal entity that a policy covers."""
    found: dict[str, list[Customer]] = {}
    for customer in customers:
        if customer.legal_entity is not None and customer.policy is not None:
            found.setdefault(customer.legal_entity, []).append(customer)
    return found


def guarantee_rows(dice: Dice, customers: Sequence[Customer], as_of: date) -> list[Row]:
    """Named decisions of the insurer: nearly all large entities have one, few small ones; some have a temporary one on top."""
    rows: list[Row] = []

    def add(entity: str, kind: str, amount: int, state: str, start: date, end: date | None) -> None:
        score = dice.between(20, 100)
        rows.append(
            {
                "id": f"G{len(rows) + 1:05}",
                "legal_entity": entity,
                "kind": kind,
                "amount": cents(amount * 100),
                "currency": "EUR",
                "valid_from": start,
                "valid_to": end,
                "approval_state": state,
                "decided_on": None if state == "pending" else start,
                "insurer_reference": f"REF-{dice.between(100_000, 999_999)}",
                "insurer_score": tenths(score),
                "insured_percentage": "90%",
            }
        )

    for entity, accounts in insured_entities(customers).items():
        size = sum(account.size for account in accounts)
        if not dice.chance(880 if size > 3_000 else 60):
            continue
        wanted = max(5, size * dice.between(6, 16) // 10_000) * 1_000
        poor = any(account.behaviour == "poor" for account in accounts)
        states = [("approved", 300), ("partial", 150), ("refused", 300), ("reduced", 100), ("cancelled", 100), ("pending", 50)]
        state = dice.weighted(states if poor else [("approved", 780), ("partial", 120), ("refused", 40), ("reduced", 20), ("pending", 40)])
        granted = 0 if state in ("refused", "cancelled") else wanted // 2 if state in ("partial", "reduced") else wanted
        add(entity, "permanent", granted, state, as_of - timedelta(days=dice.between(30, 1_500)), None)
        if granted and dice.chance(90):  # in force, expired or still to come
            start = as_of + timedelta(days=dice.between(-150, 20))
            kind = dice.weighted([("temporary", 700), ("top_up", 200), ("cap", 60), ("cap_plus", 40)])
            add(entity, kind, max(5, wanted // 3_000) * 1_000, "approved", start, start + timedelta(days=90))
    return rows


def credit_limit_rows(dice: Dice, customers: Sequence[Customer], as_of: date) -> list[Row]:
    rows: list[Row] = []
    for entity, accounts in insured_entities(customers).items():
        size = sum(account.size for account in accounts)
        if size < 1_500 or dice.chance(100):
            continue
        start = as_of - timedelta(days=dice.between(20, 420))
        rows.append(
            {
                "id": f"L{len(rows) + 1:05}",
                "legal_entity": entity,
                "amount": cents(max(10, size * dice.between(7, 15) // 10_000) * 1_000_00),
                "currency": "EUR",
                "valid_from": start,
                "valid_to": start + timedelta(days=365),
                "approved_by": dice.pick(("sophie", "marie", "paul")),
                "next_review_on": start + timedelta(days=335),
            }
        )
    return rows


def score_rows(dice: Dice, customers: Sequence[Customer], as_of: date) -> list[Row]:
    rows: list[Row] = []
    for entity, accounts in insured_entities(customers).items():
        if not dice.chance(800):
            continue
        low, high = BEHAVIOURS[accounts[0].behaviour][3]
        value = dice.between(low, high)
        previous = max(0, min(100, value + dice.between(-15, 15)))
        scored = as_of - timedelta(days=dice.between(1, 200))
        rows.append(
            {
                "id": f"S{len(rows) + 1:05}",
                "legal_entity": entity,
                "provider": dice.pick(("bureau", "internal")),
                "value": value,
                "previous_value": previous,
                "scored_on": scored,
            }
        )
    return rows


def user_rows(as_of: date) -> list[Row]:
    """The credit team; one collector is away."""
    people = (
        ("alice", "Alice Lormoy", "collector", 500, 0),
        ("bruno", "Bruno Valcourt", "collector", 500, 0),
        ("chloe", "Chloé Orvaux", "collector", 450, 0),
        ("david", "David Tavernel", "collector", 450, 0),
        ("marie", "Marie Novalise", "specialist", 200, 50_000),
        ("paul", "Paul Esterac", "credit_manager", 50, 250_000),
        ("sophie", "Sophie Jolivane", "finance_director", 0, 5_000_000),
    )
    return [
        {
            "login": login,
            "name": name,
            "role": role,
            "active": True,
            "absent_from": as_of - timedelta(days=3) if login == "chloe" else None,
            "absent_to": as_of + timedelta(days=11) if login == "chloe" else None,
            "capacity": capacity,
            "approval_limit": f"{limit}.00 EUR",
        }
        for login, name, role, capacity, limit in people
    ]


def order_rows(dice: Dice, customers: Sequence[Customer], as_of: date) -> list[Row]:
    rows: list[Row] = []
    for customer in customers:
        for _ in range(dice.weighted([(0, 600), (1, 280), (2, 120)])):
            ordered = as_of - timedelta(days=dice.between(1, 60))
            rows.append(
                {
                    "number": f"O{len(rows) + 1:05}",
                    "customer": customer.code,
                    "ordered_on": ordered,
                    "delivery_due": as_of + timedelta(days=dice.between(2, 75)),
                    "amount": cents(customer.size * dice.between(50, 300) + 10_000),
                    "currency": customer.currency,
                    "binding": dice.chance(850),
                }
            )
    return rows


# The world around


def rate_rows(dice: Dice, as_of: date) -> list[Row]:
    """The rates of the last working day before the date, which the amounts were scaled with, and those of the month ends before."""
    rows: list[Row] = []
    latest = as_of - timedelta(days=max(1, as_of.weekday() - 4))
    for currency in ("GBP", "USD"):
        day, rate = latest, RATES[currency]
        for _ in range(13):
            rows.append({"currency": currency, "on": day, "rate": f"{rate // RATE_UNIT}.{rate % RATE_UNIT:04}", "kind": "closing"})
            day = day.replace(day=1) - timedelta(days=1)
            rate += dice.between(-120, 120)
    return sorted(rows, key=lambda row: (str(row["currency"]), str(row["on"])))


def holiday_rows(years: range) -> list[Row]:
    """The public holidays of France; those that move follow Easter."""
    days: set[date] = set()
    for year in years:
        days |= {date(year, *fixed) for fixed in ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))}
        days |= {easter(year) + timedelta(days=after) for after in (1, 39, 50)}
    return [{"calendar": "FR", "on": day} for day in sorted(days)]


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the anonymous algorithm."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: generate.py DIRECTORY")
    generate(Path(sys.argv[1]), as_of=AS_OF)
