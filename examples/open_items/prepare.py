"""Puts one flat file of open items, as an ERP or a data lake exports it, into the table `items` of a DuckDB file.

python prepare.py SOURCE [DATABASE] [--rate CAD=0.7189]

How ids, names, dates and types are written is made one way here, and what each dropped or changed row was is told. Which items are posted
on the day that is looked at, and who is a customer then, is said in schema.yml.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

DATABASE = Path(__file__).with_name("open_items.duckdb")

HOME = "USD"
"""The project's currency, as in assignrules.yml."""

RATES: Mapping[str, Decimal] = {"CAD": Decimal("0.7189")}
"""US dollars for one unit, whatever the day: near the market of 2020-04-30, from no official list. Give your own with `--rate`."""

NEEDED = ("cust_number", "name_customer", "doc_id", "posting_date", "due_in_date", "invoice_currency", "document type", "total_open_amount")

BILLING, PAYMENT = {"RV", "DR", "DG"}, {"DZ", "ZP"}
"""Document types as the ERP writes them: billing and customer documents, incoming payments."""

FLOAT_ID = re.compile(r"([0-9]+)\.0+")
DAY = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})(\.0+| 00:00:00)?")
AMOUNT = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,10})?")
CODE = re.compile(r"[A-Z]{3}")

EXAMPLES = 3

COLUMNS: Mapping[str, str] = {
    "number": "VARCHAR",
    "customer": "VARCHAR",
    "name": "VARCHAR",
    "company": "VARCHAR",
    "kind": "VARCHAR",
    "posted_on": "DATE",
    "due_on": "DATE",
    "amount": "DECIMAL(28, 10)",
    "currency": "VARCHAR",
}
"""The table `items`. An empty cell is NULL."""


class SourceError(Exception):
    """The file is not one of open items; nothing was written."""


@dataclass(slots=True)
class Tally:
    """How many rows, and the lines of the first few."""

    rows: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """Counts a row."""
        self.rows += 1
        if len(self.lines) < EXAMPLES:
            self.lines.append(line)


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of the file. Each of its ``rows`` is an item or dropped for one reason; a changed row may count under several."""

    rows: int
    items: int
    dropped: dict[str, Tally]
    changed: dict[str, Tally]


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the file that became one of the table."""

    number: str
    customer: str
    name: str
    company: str
    kind: str
    posted: date
    due: date | None
    amount: Decimal
    currency: str

    def cells(self) -> tuple[str, ...]:
        """As texts, in the order of the columns."""
        due = "" if self.due is None else self.due.isoformat()
        amount = f"{self.amount:f}"
        return (self.number, self.customer, self.name, self.company, self.kind, self.posted.isoformat(), due, amount, self.currency)


class Dropped(Exception):
    """A row that cannot be, or should not be, an open item."""


def prepare(source: Path, database: Path = DATABASE, *, rates: Mapping[str, Decimal] = RATES) -> Summary:
    """Reads the flat file `source` row by row and puts its items, and the `rates`, in place of those of the database, which it makes where
    it is not there. Whatever else is in the database stays: what was assigned, and the journal.

    Raises ``SourceError`` where a needed column is not there or the file is not UTF-8; nothing is written then.
    """
    with TemporaryDirectory() as folder:
        cleaned = Path(folder) / "items.csv"
        summary = _clean(source, cleaned)
        types = ", ".join(f"{name} {type}" for name, type in COLUMNS.items())
        with duckdb.connect(str(database)) as connection:
            connection.begin()
            connection.execute(f"CREATE OR REPLACE TABLE items ({types})")
            connection.execute(
                "INSERT INTO items FROM read_csv($file, auto_detect = false, header = true, delim = ',', quote = '\"', nullstr = '', "
                f"columns = {dict(COLUMNS)})",
                {"file": str(cleaned)},
            )
            connection.execute("CREATE OR REPLACE TABLE rates (currency VARCHAR, rate DECIMAL(28, 10))")
            for currency, rate in sorted(rates.items()):
                connection.execute("INSERT INTO rates VALUES ($currency, $rate)", {"currency": currency, "rate": rate})
            connection.commit()
    return summary


def _clean(source: Path, cleaned: Path) -> Summary:
    """The items, in the order of the file, as a file that needs no more guessing."""
    with source.open(encoding="utf-8-sig", newline="") as stream, cleaned.open("w", encoding="utf-8", newline="") as output:
        reader = csv.DictReader(stream)
        run = _Run(csv.writer(output, lineterminator="\n").writerow)
        try:
            absent = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if absent:
                raise SourceError(f"{source.name}: no column " + ", ".join(f"`{name}`" for name in absent))
            for row in reader:
                run.take(row, reader.line_num)
        except (UnicodeDecodeError, csv.Error) as error:
            raise SourceError(f"{source.name}, near line {reader.line_num + 1}: {error}") from error
    return run.summary()


class _Run:
    """What one reading of the file gathers."""

    def __init__(self, write: Callable[[tuple[str, ...]], object]) -> None:
        self.write = write
        self.write(tuple(COLUMNS))
        self.rows = 0
        self.items = 0
        self.dropped: dict[str, Tally] = defaultdict(Tally)
        self.changed: dict[str, Tally] = defaultdict(Tally)
        self.numbers: set[str] = set()
        self.seen: set[tuple[object, ...]] = set()

    def take(self, row: Mapping[str | None, str | None], line: int) -> None:
        """A row of the file: an item, or dropped."""
        self.rows += 1
        changes: list[str] = []
        try:
            item = self._item(row, changes)
        except Dropped as reason:
            self.dropped[str(reason)].add(line)
            return
        for change in changes:
            self.changed[change].add(line)
        self.write(item.cells())
        self.items += 1

    def _item(self, row: Mapping[str | None, str | None], changes: list[str]) -> Item:
        if None in row or None in row.values():
            raise Dropped("too few or too many cells")
        cells = {name: value or "" for name, value in row.items() if name is not None}
        if _plain_id(cells.get("isOpen", "1")) != "1":
            raise Dropped("not open")
        customer = _plain_id(cells["cust_number"]).lstrip("0")
        if not customer:
            raise Dropped("no customer id")
        posted = _day(cells["posting_date"])
        if posted is None:
            raise Dropped("posting date missing or unreadable")
        currency = cells["invoice_currency"].strip().upper()
        if not CODE.fullmatch(currency):
            raise Dropped("no currency")
        if not AMOUNT.fullmatch(cells["total_open_amount"].strip()):
            raise Dropped("amount missing or unreadable")
        amount = Decimal(cells["total_open_amount"].strip())
        if amount == 0:
            raise Dropped("nothing open: an amount of 0")
        document = _plain_id(cells["doc_id"])
        number = document or _plain_id(cells.get("invoice_id", ""))
        if not number:
            raise Dropped("no document id")
        due = _day(cells["due_in_date"])
        kind = _kind(cells["document type"].strip().upper(), amount)
        # `key_0` numbers the rows of the export: two items of one document differ in it, one row exported twice does not.
        whole = (number, cells.get("key_0", "").strip(), customer, posted, due, currency, kind, amount)
        if whole in self.seen:
            raise Dropped("the same row again")
        self.seen.add(whole)

        name = " ".join(cells["name_customer"].split())
        for changed, what in (
            (customer != cells["cust_number"], "customer id: leading zeros, blanks or `.0` taken off"),
            (not document, "document id: missing, taken from the invoice id"),
            (document not in ("", cells["doc_id"]), "document id: blanks or `.0` taken off"),
            (name != cells["name_customer"], "name: blanks taken off or joined"),
            (not name, "name: blank"),
            (currency != cells["invoice_currency"], "currency: put in capitals, or blanks taken off"),
            (posted.isoformat() != cells["posting_date"], "posting date: rewritten"),
            (due is not None and due.isoformat() != cells["due_in_date"], "due date: rewritten"),
            (due is None, "due date: missing or unreadable, so never past due"),
        ):
            if changed:
                changes.append(what)
        unique, count = number, 1
        while unique in self.numbers:
            count += 1
            unique = f"{number}-{count}"
        if unique != number:
            changes.append("document id: used before, numbered on")
        self.numbers.add(unique)
        return Item(unique, customer, name, cells.get("business_code", "").strip(), kind, posted, due, amount, currency)

    def summary(self) -> Summary:
        """After the last row."""
        return Summary(self.rows, self.items, dict(self.dropped), dict(self.changed))


def _plain_id(cell: str) -> str:
    """`1930571429.0` is what an id becomes on its way through a column of floats."""
    text = cell.strip()
    found = FLOAT_ID.fullmatch(text)
    return found[1] if found else text


def _day(cell: str) -> date | None:
    """`2020-04-30`, `20200430`, `20200430.0` or `2020-04-30 00:00:00`; None for anything else."""
    found = DAY.fullmatch(cell.strip())
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return None


def _kind(written: str, amount: Decimal) -> str:
    """The type in the schema's words. The sign decides where the ERP's type allows both."""
    if written in BILLING:
        return "invoice" if amount > 0 else "credit_note"
    return "payment" if written in PAYMENT and amount < 0 else "misc"


def report(summary: Summary) -> str:
    """The summary as text."""
    lines = [f"{summary.rows:,} rows: {summary.items:,} open items"]
    for title, tallies in (("dropped", summary.dropped), ("changed", summary.changed)):
        lines.append(f"{title}:" if tallies else f"{title}: nothing")
        for what, tally in sorted(tallies.items(), key=lambda pair: (-pair[1].rows, pair[0])):
            shown = ", ".join(map(str, tally.lines)) + (", …" if tally.rows > len(tally.lines) else "")
            lines.append(f"  {tally.rows:>6,}  {what} ({'line' if tally.rows == 1 else 'lines'} {shown})")
    return "\n".join(lines)


def _rate(text: str) -> tuple[str, Decimal]:
    currency, _, rate = text.partition("=")
    if not CODE.fullmatch(currency) or not AMOUNT.fullmatch(rate) or Decimal(rate) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not like CAD=0.7189")
    return currency, Decimal(rate)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Puts a flat file of open items into a DuckDB file.")
    parser.add_argument("source", type=Path)
    parser.add_argument("database", type=Path, nargs="?", default=DATABASE, help="the project's own, unless given")
    parser.add_argument(
        "--rate", type=_rate, action="append", default=[], help=f"{HOME} for one unit of a currency, as CAD=0.7189; may be repeated"
    )
    given = parser.parse_args()
    try:
        summary = prepare(given.source, given.database, rates={**RATES, **dict(given.rate)})
    except (SourceError, OSError, duckdb.Error) as error:
        print(f"prepare.py: {error}", file=sys.stderr)
        return 1
    print(report(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
