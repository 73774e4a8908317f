"""The open items example over the real file, where it is, on two days: against a second, plain reading of the flat file."""

import csv
import os
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from tests.examples.open_items import AS_OF, EXAMPLE, ROOT, Strategy, by_product, by_reference, copied, counts, figures, items, prepare

from assignrules import api

pytestmark = pytest.mark.slow

REAL = "open_items_us_ca.csv"
EARLIER = date(2020, 3, 31)
RATES = {"USD": Decimal(1), "CAD": Decimal("0.7189")}


def shared_file() -> Path | None:
    folders = [ROOT.parent / "shared"]
    if os.environ.get("ASSIGNRULES_SHARED"):
        folders.insert(0, Path(os.environ["ASSIGNRULES_SHARED"]))
    return next((found for folder in folders if (found := folder / "data" / REAL).is_file()), None)


@pytest.fixture(scope="module")
def source() -> Path:
    found = shared_file()
    if found is None:
        where = "in ../shared beside the repository, nor in the folder that ASSIGNRULES_SHARED names"
        pytest.skip(f"THE REAL FILE WAS NOT TESTED: there is no data/{REAL} {where}")
    return found


@pytest.fixture(scope="module")
def database(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's, prepared once for all days."""
    made = copied(tmp_path_factory.mktemp("real") / "project")
    summary = prepare.prepare(source, made)
    assert (summary.rows, summary.items, counts(summary.dropped)) == (9_700, 9_700, {})
    return made


@dataclass
class Book:
    """What the flat file itself says of a day, by currency; and what the strategy makes of it."""

    strategy: Strategy
    posted: dict[str, list[Decimal]] = field(default_factory=lambda: defaultdict(list))
    past_due: dict[str, list[Decimal]] = field(default_factory=lambda: defaultdict(list))
    customers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def figures(self) -> dict[str, dict[str, tuple[object, ...]]]:
        """As the example's reports print them."""

        def totals(amounts: dict[str, list[Decimal]]) -> dict[str, tuple[object, ...]]:
            return {currency: (len(of), f"{sum(of):.2f} {currency}") for currency, of in amounts.items()}

        counted = {currency: (len(of),) for currency, of in self.customers.items()}
        return {"posted": totals(self.posted), "past_due": totals(self.past_due), "customers": counted}


def by_plain_python(source: Path, day: date) -> Book:
    """The flat file itself: nothing of the example's script, its mapping or the engine. No customer of it has two currencies."""
    owed: dict[str, Decimal] = defaultdict(Decimal)
    late: dict[str, Decimal] = defaultdict(Decimal)
    late_30: dict[str, Decimal] = defaultdict(Decimal)
    late_45: dict[str, Decimal] = defaultdict(Decimal)
    book = Book(Strategy())
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["posting_date"] > day.isoformat():
                continue
            customer, currency = row["cust_number"].lstrip("0"), row["invoice_currency"]
            written = Decimal(row["total_open_amount"])
            amount = written * RATES[currency]
            days = (day - date.fromisoformat(row["due_in_date"])).days
            book.posted[currency].append(written)
            book.customers[currency].add(customer)
            if days > 0:
                book.past_due[currency].append(written)
            owed[customer] += amount
            late[customer] += amount if days > 0 else 0
            late_30[customer] += amount if days > 30 else 0
            late_45[customer] += amount if days > 45 else 0
    found = book.strategy
    for customer, amount in owed.items():
        size = "strategic" if amount >= 1_000_000 else "small" if amount < 25_000 else "standard"
        risky = amount > 0 and late[customer] * 10 >= amount * 8 and late_30[customer] >= 50_000
        old = late_45[customer] >= 10_000
        found.searches[size].add(customer)
        if risky:
            found.searches["risky"].add(customer)
        if old:
            found.searches["old_arrears"].add(customer)
        found.scenarios[customer] = (
            "Manual review" if old else "Automatic" if size == "small" else "Phone" if size == "strategic" or risky else "E-mail"
        )
    old_arrears, risky_ones = found.searches["old_arrears"], found.searches["risky"]
    found.members = {
        ("group", "Old arrears"): old_arrears,
        ("group", "Late payers"): risky_ones,
        ("portfolio", "Arrears desk"): old_arrears | risky_ones,
    }
    for member, keys in ((("group", "Old arrears"), old_arrears), (("group", "Late payers"), risky_ones)):
        if not keys:
            del found.members[member]
    return book


@pytest.fixture(scope="module")
def expected(source: Path) -> Book:
    return by_plain_python(source, AS_OF)


def test_the_figures_of_the_real_file(database: Path, expected: Book) -> None:
    found = figures(api.load_project(database.parent, as_of=AS_OF))
    assert found == {
        "posted": {"USD": (8_044, "248005623.66 USD"), "CAD": (674, "39944972.46 CAD")},
        "past_due": {"USD": (6_005, "186922934.10 USD"), "CAD": (543, "33410901.76 CAD")},
        "customers": {"USD": (453,), "CAD": (58,)},
    }
    assert found == expected.figures()
    assert 8_044 + 674 == 8_718
    assert 6_005 + 543 == 6_548
    assert 453 + 58 == 511


def test_the_product_plans_the_real_file_as_plain_python_does(database: Path, expected: Book) -> None:
    assert by_product(api.load_project(database.parent, as_of=AS_OF)) == expected.strategy


def test_another_day_is_another_book_with_nothing_prepared_again(source: Path, database: Path) -> None:
    project = api.load_project(database.parent, as_of=EARLIER)
    earlier = by_plain_python(source, EARLIER)
    assert figures(project) == earlier.figures()
    assert by_product(project) == earlier.strategy
    assert 0 < len(earlier.strategy.scenarios) < 511


def test_the_reference_plans_the_real_file_as_plain_python_does(database: Path, expected: Book) -> None:
    assert by_reference(database) == expected.strategy


def test_the_readme_states_what_the_real_file_gives(source: Path, expected: Book) -> None:
    stated = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    earlier = by_plain_python(source, EARLIER)
    customers, posted, past_due = (sum(map(len, of.values())) for of in (earlier.customers, earlier.posted, earlier.past_due))
    assert f"as of 2020-03-31 find {customers:,} customers, {posted:,} posted items and {past_due:,} past due" in stated
    for title, amounts in (("Posted open items", expected.posted), ("Items past due", expected.past_due)):
        dollars, canadian = amounts["USD"], amounts["CAD"]
        together = sum(dollars) + sum(canadian) * RATES["CAD"]
        assert f"| {title} | {len(dollars):,} | {len(canadian):,} | {len(dollars) + len(canadian):,} |" in stated
        assert f"| {sum(dollars):,} | {sum(canadian):,} | USD {together:,.2f} |" in stated
    for name, keys in expected.strategy.searches.items():
        assert f"| Search `{name}` finds | {len(keys)} |\n" in stated
    for (target, member), keys in expected.strategy.members.items():
        assert f"| {target.capitalize()} *{member}* | {len(keys)} |\n" in stated
    scenarios = list(expected.strategy.scenarios.values())
    for scenario in sorted(set(scenarios)):
        assert f"| Scenario *{scenario}* | {scenarios.count(scenario)} |\n" in stated


def test_every_name_of_the_real_file_is_cleaned(database: Path) -> None:
    names = [str(item["name"]) for item in items(database)]
    assert all(name and name == " ".join(name.split()) for name in names)
