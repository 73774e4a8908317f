"""Measures My Company SAS from its CSV files, in plain Python, apart from both the generator and the engine: each is checked against it.

python measure.py DIRECTORY       prints the table of figures that stands in README.md
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

AS_OF = date(2026, 11, 22)


@dataclass(frozen=True, slots=True)
class Figures:
    """The company at a date, in euros; computed from the files, not from what the generator meant."""

    active_customers: int
    legal_entities: int
    parents: int
    countries: int
    currencies: int
    open_documents: int
    turnover: Decimal
    outstanding: Decimal
    overdue: Decimal
    over_60: Decimal
    over_60_unqualified: Decimal
    with_dunning_email: int
    top_tenth_turnover: Decimal
    searches: dict[str, int]
    """How many customers the five searches of the strategy find, by a second reading of them."""

    @property
    def late_share(self) -> Decimal:
        return self.overdue / self.outstanding

    @property
    def over_60_share(self) -> Decimal:
        return self.over_60 / self.outstanding

    @property
    def days_sales_outstanding(self) -> Decimal:
        return self.outstanding * 365 / self.turnover


def measure(directory: Path, *, as_of: date = AS_OF) -> Figures:
    """The figures of the files in `directory`, by the built-in definitions of the schema `credit`:

    outstanding: all open items but down-payment requests, credits taken off; overdue: the debits among them due before `as_of` (gross);
    over_60: those more than 60 days late; unqualified: without status and comment. Foreign amounts at the latest rate on or before `as_of`.
    """
    latest: dict[str, tuple[str, Decimal]] = {}
    for row in read(directory, "rates"):
        if row["on"] <= as_of.isoformat():
            latest[row["currency"]] = max(latest.get(row["currency"], ("", Decimal(0))), (row["on"], Decimal(row["rate"])))
    rates = {"EUR": Decimal(1)} | {currency: rate for currency, (_, rate) in latest.items()}

    outstanding = overdue = over_60 = unqualified = Decimal(0)
    open_documents = 0
    owed: dict[str, Decimal] = defaultdict(Decimal)
    over_30: dict[str, Decimal] = defaultdict(Decimal)
    very_late: set[str] = set()
    for row in read(directory, "document"):
        amount = Decimal(row["open_amount"]) * rates[row["currency"]]
        if amount == 0 or row["type"] == "down_payment_request":
            continue
        open_documents += 1
        outstanding += amount
        owed[row["customer"]] += amount
        days_late = (as_of - date.fromisoformat(row["due_date"])).days
        if amount > 0 and days_late > 0:
            overdue += amount
            over_30[row["customer"]] += amount if days_late > 30 else 0
            over_60 += amount if days_late > 60 else 0
            if days_late > 60 and not row["status"] and not row["comment"]:
                unqualified += amount
                very_late |= {row["customer"]} if row["ignored"] == "false" else set()

    customers = list(read(directory, "customer"))
    turnovers = sorted((Decimal(row["turnover_12m"]) * rates[row["currency"]] for row in customers), reverse=True)
    entities = list(read(directory, "legal_entity"))
    insolvent = {row["code"] for row in entities if row["insolvency_state"]}

    def risky(row: dict[str, str]) -> bool:
        score = row["insurer_score"]
        poor = (score != "" and Decimal(score) < 4) or row["payer_profile"] == "bad" or row["legal_entity"] in insolvent
        return poor and (owed[row["code"]] >= 25_000 or over_30[row["code"]] > 10_000)

    active = [row for row in customers if row["active"] == "true"]
    searches = {
        "strategic": sum(owed[row["code"]] >= 400_000 for row in active),
        "standard": sum(10_000 <= owed[row["code"]] < 400_000 for row in active),
        "small": sum(owed[row["code"]] < 10_000 for row in active),
        "risky": sum(risky(row) for row in active),
        "very_late": len(very_late),
    }
    reachable = {
        row["customer"]
        for row in read(directory, "contact")
        if row["is_dunning_contact"] == "true" and row["email"] and row["bounced"] == "false"
    }
    return Figures(
        active_customers=len(active),
        legal_entities=len(entities),
        parents=len({row["parent"] for row in entities if row["parent"]}),
        countries=len({row["country"] for row in customers}),
        currencies=len({row["currency"] for row in customers}),
        open_documents=open_documents,
        turnover=sum(turnovers, Decimal(0)),
        outstanding=outstanding,
        overdue=overdue,
        over_60=over_60,
        over_60_unqualified=unqualified,
        with_dunning_email=len(reachable),
        top_tenth_turnover=sum(turnovers[: len(turnovers) // 10], Decimal(0)),
        searches=searches,
    )


def read(directory: Path, name: str) -> Iterable[dict[str, str]]:
    with (directory / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def table(figures: Figures) -> str:
    """The figures as the Markdown table of README.md."""

    def euros(amount: Decimal) -> str:
        return f"EUR {amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"

    def percent(share: Decimal) -> str:
        return f"{(share * 100).quantize(Decimal('0.01'), ROUND_HALF_UP)} %"

    rows = (
        ("Active customers", f"{figures.active_customers:,}"),
        ("Legal entities, of which parents of others", f"{figures.legal_entities:,}, {figures.parents}"),
        ("Countries, currencies", f"{figures.countries}, {figures.currencies}"),
        ("Turnover of 12 months, net of VAT", euros(figures.turnover)),
        ("– share of the largest tenth of the customers", percent(figures.top_tenth_turnover / figures.turnover)),
        ("Open documents", f"{figures.open_documents:,}"),
        ("Outstanding (total receivables)", euros(figures.outstanding)),
        ("Overdue, gross", euros(figures.overdue)),
        ("– share of the outstanding", percent(figures.late_share)),
        ("More than 60 days late", euros(figures.over_60)),
        ("– share of the outstanding", percent(figures.over_60_share)),
        ("– of which unqualified", euros(figures.over_60_unqualified)),
        ("Outstanding in days of turnover", str(figures.days_sales_outstanding.quantize(Decimal("0.1"), ROUND_HALF_UP))),
        ("Customers with a working dunning e-mail", f"{figures.with_dunning_email:,}"),
        *((f"Search `{name}` finds", f"{count:,}") for name, count in figures.searches.items()),
    )
    return "\n".join(["| Figure | Measured |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows)])


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: measure.py DIRECTORY")
    print(table(measure(Path(sys.argv[1]))))
