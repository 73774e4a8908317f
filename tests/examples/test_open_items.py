"""The open items example: its sample against figures worked out by hand."""

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.examples.open_items import (
    AS_OF,
    EXAMPLE,
    SAMPLE,
    Strategy,
    by_product,
    by_reference,
    copied,
    counts,
    figures,
    items,
    prepare,
)

from assignrules import api

pytestmark = pytest.mark.slow


LISTED = "report listed on customers show code, name, segment, currency\n"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, object]:
    """The database of a copy of the project, and what the script says of the file."""
    database = copied(tmp_path_factory.mktemp("open_items") / "project")
    (database.parent / "rules" / "listed.rules").write_text(LISTED, encoding="utf-8")
    return database, prepare.prepare(SAMPLE, database)


def test_every_row_of_the_sample_is_accounted_for(sample: tuple[Path, object]) -> None:
    summary = sample[1]
    assert (summary.rows, summary.items) == (64, 53)
    assert counts(summary.dropped) == {
        "amount missing or unreadable": 2,
        "posting date missing or unreadable": 2,
        "no currency": 1,
        "no customer id": 1,
        "no document id": 1,
        "not open": 1,
        "nothing open: an amount of 0": 1,
        "the same row again": 1,
        "too few or too many cells": 1,
    }
    assert summary.rows == summary.items + sum(counts(summary.dropped).values())
    assert counts(summary.changed) == {
        "customer id: leading zeros, blanks or `.0` taken off": 45,
        "document id: blanks or `.0` taken off": 51,
        "document id: missing, taken from the invoice id": 1,
        "document id: used before, numbered on": 1,
        "name: blanks taken off or joined": 8,
        "name: blank": 1,
        "currency: put in capitals, or blanks taken off": 1,
        "posting date: rewritten": 2,
        "due date: rewritten": 2,
        "due date: missing or unreadable, so never past due": 2,
    }


def test_the_totals_of_the_sample_are_exact(sample: tuple[Path, object]) -> None:
    # Per customer, in the order of the file; credits below zero.
    debits = "1240000.55 31000.75 25000.00 30000.00 62500.00 69999.99 10000.00 45000.00 9999.99 20700.70 120.50 800.115 9015.00"
    late = "1090000.55 1000.25 30000.00 50000.00 69999.99 10000.00 45000.00 9999.99 20000.00 120.50 700.125 9015.00"
    owed = sum(map(Decimal, debits.split())) - Decimal("90000.00") - Decimal("6000.01") - Decimal("1500.00")
    assert figures(api.load_project(sample[0].parent, as_of=AS_OF)) == {
        # 10 of 139,100.00, 5 of 280,000.00 (3 of them late) and one of 10,000.00 (late).
        "posted": {"USD": (34, f"{owed} USD"), "CAD": (16, "2801000.00 CAD")},
        "past_due": {"USD": (21, f"{sum(map(Decimal, late.split()))} USD"), "CAD": (4, "850000.00 CAD")},
        "customers": {"USD": (14,), "CAD": (2,)},
    }


def test_another_day_is_another_book_with_nothing_prepared_again(sample: tuple[Path, object]) -> None:
    def of(day: date) -> dict[str, dict[str, tuple[object, ...]]]:
        return figures(api.load_project(sample[0].parent, as_of=day))

    last, first, none = of(date(2020, 5, 1)), of(date(2020, 2, 28)), of(date(2020, 2, 26))
    # What was due on 2020-04-30 is late a day later, ALDER has one item more and YEW its first: 1,456,637.585 + 777 + 1,777.
    assert last["posted"] == {"USD": (36, "1459191.585 USD"), "CAD": (16, "2801000.00 CAD")}
    assert last["past_due"]["USD"][0] == 22
    assert last["customers"] == {"USD": (15,), "CAD": (2,)}
    # On the last day but one of February HARBOR has its first item, due on 2020-03-13.
    assert first == {"posted": {"USD": (1, "400000.10 USD")}, "past_due": {}, "customers": {"USD": (1,)}}
    assert none == {"posted": {}, "past_due": {}, "customers": {}}


def test_the_customers_of_the_sample(sample: tuple[Path, object]) -> None:
    lines = api.report(api.load_project(sample[0].parent, as_of=AS_OF), "listed").lines
    assert {code: rest for code, *rest in lines} == {
        "140100003": ["MAPLE distribution", "CA02", "CAD"],
        "140100004": ["SPRUCE corp", "CA02", "CAD"],
        "200100001": ["HARBOR foods", "U001", "USD"],  # four ways to write the id, six rows, blanks in the names
        "200100002": ["PRAIRIE co", "U001", "USD"],  # two and two: the first by alphabet
        "200100006": ["CEDAR us", "U001", "USD"],
        "200100007": ["OAK associates", "U001", "USD"],
        "200100008": ["ELM foundation", "U001", "USD"],
        "200100009": ["ASH systems", "U001", "USD"],
        "200100010": ["BIRCH systems", "U001", "USD"],
        "200100011": ["FIR in", "U001", "USD"],
        "200100012": ["WILLOW co", "U002", "USD"],  # of two companies and two currencies, the more frequent
        "200100013": ["ROWAN", "U001", "USD"],
        "200100014": [None, "U001", "USD"],
        "200100015": ["LARCH trust", "U001", "USD"],
        "200100016": ["ALDER co", "U001", "USD"],
        "CCU013": ["INTER", "U013", "USD"],
    }


def test_the_quirks_of_the_sample(sample: tuple[Path, object]) -> None:
    found = {str(item["number"]): item for item in items(sample[0])}
    assert len(found) == 53, "each number stands once"
    assert [
        (str(item["posted_on"]), str(item["due_on"]), item["amount"], item["currency"])
        for item in found.values()
        if item["customer"] == "200100015"
    ] == [
        ("2020-04-03", "2020-04-24", Decimal("640.00"), "USD"),
        ("2020-04-06", "2020-04-26", Decimal("60.125"), "USD"),
        ("2020-04-07", "None", Decimal("99.99"), "USD"),
    ]
    of_alder = {number: (item["kind"], item["amount"]) for number, item in found.items() if item["customer"] == "200100016"}
    assert of_alder == {
        "1940000001": ("invoice", Decimal(1000)),
        "1940000002-2": ("invoice", Decimal(2000)),
        "1940000002": ("invoice", Decimal(3000)),
        "1940000002-3": ("invoice", Decimal(3000)),  # `-2` is taken
        "1930005051": ("misc", Decimal(15)),
        "1930005052": ("invoice", Decimal(777)),
    }
    assert [(item["customer"], item["kind"]) for item in found.values() if item["amount"] < 0] == [
        ("200100001", "credit_note"),
        ("200100006", "credit_note"),
        ("200100006", "payment"),
        ("200100013", "credit_note"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"cust_number,doc_id\n1,2\n", "no column `name_customer`"),
        (b"", "no column `cust_number`"),
        (SAMPLE.read_bytes().replace(b"LARCH", b"L\xc4RCH"), "codec can't decode"),
    ],
    ids=["columns", "empty", "encoding"],
)
def test_another_file_is_refused_and_nothing_written(content: bytes, message: str, tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_bytes(content)
    with pytest.raises(prepare.SourceError, match=message):
        prepare.prepare(source, tmp_path / "open_items.duckdb")
    assert list(tmp_path.iterdir()) == [source]


def test_the_command_line(sample: tuple[Path, object], tmp_path: Path) -> None:
    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, EXAMPLE / "prepare.py", *words], capture_output=True, text=True, check=False)

    made = tmp_path / "open_items.duckdb"
    done = run(SAMPLE, made, "--rate", "EUR=1.1", "--rate", "CAD=0.5")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == prepare.report(sample[1]) + "\n"
    assert "64 rows: 53 open items\n" in done.stdout
    assert "       1  the same row again (line 51)\n" in done.stdout
    assert items(made) == items(sample[0])
    with duckdb.connect(str(made), read_only=True) as connection:
        assert connection.execute("FROM rates").fetchall() == [("CAD", Decimal("0.5")), ("EUR", Decimal("1.1"))]
    absent = run(tmp_path / "absent.csv", made)
    assert absent.returncode == 1
    assert absent.stderr.startswith("prepare.py: ")
    assert run(SAMPLE, made, "--rate", "CAD=0").returncode == 2


HARBOR, PRAIRIE, CEDAR, OAK, ELM, ASH = "200100001", "200100002", "200100006", "200100007", "200100008", "200100009"
BIRCH, FIR, WILLOW, ROWAN, NAMELESS, LARCH, ALDER = (f"2001000{number}" for number in range(10, 17))
MAPLE, SPRUCE, INTER = "140100003", "140100004", "CCU013"

BY_HAND = Strategy(
    searches={
        "strategic": {HARBOR, SPRUCE},  # 1,400,000 CAD are 1,006,460 USD
        "standard": {PRAIRIE, MAPLE, INTER, OAK, ELM, BIRCH, WILLOW},  # 1,391,000 CAD are 999,989.90 USD; INTER owes 25,000.00
        "small": {CEDAR, ASH, FIR, ROWAN, NAMELESS, LARCH, ALDER},
        "old_arrears": {HARBOR, ASH},  # BIRCH is on its 45th day, FIR is a cent short
        "risky": {HARBOR, OAK},  # OAK at exactly 80 % and 50,000.00; ELM is a cent short, its other item on the 30th day
    },
    scenarios={
        **dict.fromkeys((HARBOR, ASH), "Manual review"),
        **dict.fromkeys((CEDAR, FIR, ROWAN, NAMELESS, LARCH, ALDER), "Automatic"),
        **dict.fromkeys((SPRUCE, OAK), "Phone"),
        **dict.fromkeys((PRAIRIE, MAPLE, INTER, ELM, BIRCH, WILLOW), "E-mail"),
    },
    members={
        ("group", "Old arrears"): {HARBOR, ASH},
        ("group", "Late payers"): {HARBOR, OAK},
        ("portfolio", "Arrears desk"): {HARBOR, ASH, OAK},
    },
)


def test_the_reference_plans_the_sample(sample: tuple[Path, object]) -> None:
    assert by_reference(sample[0]) == BY_HAND


def test_the_product_plans_the_sample_and_applies_it_once(tmp_path: Path) -> None:
    database = copied(tmp_path / "project")
    prepare.prepare(SAMPLE, database)
    project = api.load_project(database.parent, as_of=AS_OF)
    assert api.check_schema(project).problems == ()
    assert by_product(project) == BY_HAND
    api.apply(project, api.plan_changes(project), reason="first run")
    prepare.prepare(SAMPLE, database)
    assert api.plan_changes(project).changes == (), "the script leaves what was assigned"
