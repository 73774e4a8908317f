"""Makes the files of `assignrules load` from one flat file of open items, as an ERP or a data lake exports it. Standard library only.

python prepare.py SOURCE DIRECTORY [--as-of 2020-04-30] [--rate CAD=0.7189]

This is the example's mapping: what counts as posted, how ids, names, dates and types are read, and what each dropped or changed row was.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

AS_OF = date(2020, 4, 30)

HOME = "USD"
"""The project's currency, as in assignrules.yml."""

RATES: Mapping[str, Decimal] = {"CAD": Decimal("0.7189")}
"""US dollars for one unit, on 2020-04-30. Set by us near the market of that day, not from an official list: give your own with `--rate`."""

NEEDED = ("cust_number", "name_customer", "doc_id", "posting_date", "due_in_date", "invoice_currency", "document type", "total_open_amount")

BILLING, PAYMENT = {"RV", "DR", "DG"}, {"DZ", "ZP"}
"""Document types as the ERP writes them: billing and customer documents, incoming payments."""

FLOAT_ID = re.compile(r"([0-9]+)\.0+")
DAY = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})(\.0+| 00:00:00)?")
AMOUNT = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,10})?")
CODE = re.compile(r"[A-Z]{3}")

EXAMPLES = 3


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


@dataclass(slots=True)
class Totals:
    """Of one currency, exact. Overdue is gross: debits whose due date is past; credits are not taken off."""

    items: int = 0
    open_amount: Decimal = Decimal(0)
    overdue_items: int = 0
    overdue: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of the file. Each of its ``rows`` is a document or dropped for one reason; a changed row may count under several."""

    rows: int
    documents: int
    customers: int
    currencies: dict[str, Totals]
    dropped: dict[str, Tally]
    changed: dict[str, Tally]

    @property
    def overdue_items(self) -> int:
        """Past due, in all currencies."""
        return sum(totals.overdue_items for totals in self.currencies.values())


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the file that became a document."""

    number: str
    customer: str
    name: str
    segment: str
    kind: str
    issued: date
    due: date | None
    amount: Decimal
    currency: str


class Dropped(Exception):
    """A row that cannot be, or should not be, a document."""


def prepare(source: Path, directory: Path, *, as_of: date, rates: Mapping[str, Decimal] = RATES) -> Summary:
    """Reads the flat file `source` row by row and writes `customer.csv`, `document.csv` and `rates.csv` into `directory`.

    Documents are the items posted on or before `as_of`; customers are those that have one. `rates` are dated `as_of`.
    Raises ``SourceError`` where a needed column is not there or the file is not UTF-8.
    """
    directory.mkdir(parents=True, exist_ok=True)
    # All files or none: what a failed reading leaves must not be loaded.
    with TemporaryDirectory(dir=directory) as unfinished:
        made = Path(unfinished)
        summary = _write(source, made, as_of)
        with (made / "rates.csv").open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(("currency", "on", "rate"))
            table.writerows((currency, as_of.isoformat(), f"{rate:f}") for currency, rate in sorted(rates.items()))
        for file in sorted(made.iterdir()):
            file.replace(directory / file.name)
    return summary


def _write(source: Path, directory: Path, as_of: date) -> Summary:
    """The documents, in the order of the file, and the customers."""
    with (
        source.open(encoding="utf-8-sig", newline="") as stream,
        (directory / "document.csv").open("w", encoding="utf-8", newline="") as output,
    ):
        reader = csv.DictReader(stream)
        run = _Run(as_of, csv.writer(output, lineterminator="\n").writerow)
        try:
            absent = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if absent:
                raise SourceError(f"{source.name}: no column " + ", ".join(f"`{name}`" for name in absent))
            for row in reader:
                run.take(row, reader.line_num)
        except (UnicodeDecodeError, csv.Error) as error:
            raise SourceError(f"{source.name}, near line {reader.line_num + 1}: {error}") from error
    run.write_customers(directory / "customer.csv")
    return run.summary()


class _Run:
    """What one reading of the file gathers."""

    def __init__(self, as_of: date, write: Callable[[tuple[str, ...]], object]) -> None:
        self.as_of = as_of
        self.write = write
        self.write(("number", "customer", "type", "issue_date", "due_date", "open_amount", "currency"))
        self.rows = 0
        self.documents = 0
        self.currencies: dict[str, Totals] = defaultdict(Totals)
        self.dropped: dict[str, Tally] = defaultdict(Tally)
        self.changed: dict[str, Tally] = defaultdict(Tally)
        # Of each customer, how many documents bear a name, a company code, a currency; then the line of each name.
        self.names: dict[str, Counter[str]] = defaultdict(Counter)
        self.segments: dict[str, Counter[str]] = defaultdict(Counter)
        self.invoiced: dict[str, Counter[str]] = defaultdict(Counter)
        self.named: list[tuple[str, str, int]] = []
        self.numbers: set[str] = set()
        self.seen: set[tuple[object, ...]] = set()

    def take(self, row: Mapping[str | None, str | None], line: int) -> None:
        """A row of the file: a document, or dropped."""
        self.rows += 1
        changes: list[str] = []
        try:
            item = self._item(row, changes)
        except Dropped as reason:
            self.dropped[str(reason)].add(line)
            return
        for change in changes:
            self.changed[change].add(line)
        due = "" if item.due is None else item.due.isoformat()
        self.write((item.number, item.customer, item.kind, item.issued.isoformat(), due, f"{item.amount:f}", item.currency))
        self.documents += 1
        totals = self.currencies[item.currency]
        totals.items += 1
        totals.open_amount += item.amount
        if item.amount > 0 and item.due is not None and item.due < self.as_of:
            totals.overdue_items += 1
            totals.overdue += item.amount
        self.invoiced[item.customer][item.currency] += 1
        if item.segment:
            self.segments[item.customer][item.segment] += 1
        if item.name:
            self.names[item.customer][item.name] += 1
            self.named.append((item.customer, item.name, line))

    def _item(self, row: Mapping[str | None, str | None], changes: list[str]) -> Item:
        if None in row or None in row.values():
            raise Dropped("too few or too many cells")
        cells = {name: value or "" for name, value in row.items() if name is not None}
        if _plain_id(cells.get("isOpen", "1")) != "1":
            raise Dropped("not open")
        customer = _plain_id(cells["cust_number"]).lstrip("0")
        if not customer:
            raise Dropped("no customer id")
        issued = _day(cells["posting_date"])
        if issued is None:
            raise Dropped("posting date missing or unreadable")
        if issued > self.as_of:
            raise Dropped("posted after the as-of date")
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
        whole = (number, cells.get("key_0", "").strip(), customer, issued, due, currency, kind, amount)
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
            (issued.isoformat() != cells["posting_date"], "posting date: rewritten"),
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
        return Item(unique, customer, name, cells.get("business_code", "").strip(), kind, issued, due, amount, currency)

    def write_customers(self, path: Path) -> None:
        """Of several names, company codes or currencies, each customer gets the most frequent, then the first by alphabet."""
        chosen = {customer: _most_frequent(names) for customer, names in self.names.items()}
        for customer, name, line in self.named:
            if name != chosen[customer]:
                self.changed["name: the customer's most frequent one taken"].add(line)
        with path.open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, lineterminator="\n")
            table.writerow(("code", "name", "segment", "currency"))
            for customer, currencies in sorted(self.invoiced.items()):
                segment = _most_frequent(self.segments.get(customer, {}))
                table.writerow((customer, chosen.get(customer, ""), segment, _most_frequent(currencies)))

    def summary(self) -> Summary:
        """After the last row."""
        return Summary(self.rows, self.documents, len(self.invoiced), dict(self.currencies), dict(self.dropped), dict(self.changed))


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


def _most_frequent(counts: Mapping[str, int]) -> str:
    return min(counts, key=lambda text: (-counts[text], text), default="")


def report(summary: Summary) -> str:
    """The summary as text."""
    lines = [
        f"{summary.rows:,} rows: {summary.documents:,} open items of {summary.customers:,} customers, {summary.overdue_items:,} past due"
    ]
    for currency, totals in sorted(summary.currencies.items()):
        lines.append(
            f"  {currency}: {totals.items:,} open, {totals.open_amount:,.2f}; {totals.overdue_items:,} past due, {totals.overdue:,.2f}"
        )
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
    parser = argparse.ArgumentParser(description="Makes the files of `assignrules load` from a flat file of open items.")
    parser.add_argument("source", type=Path)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--as-of", type=date.fromisoformat, default=AS_OF)
    parser.add_argument(
        "--rate", type=_rate, action="append", default=[], help=f"{HOME} for one unit of a currency, as CAD=0.7189; may be repeated"
    )
    given = parser.parse_args()
    try:
        summary = prepare(given.source, given.directory, as_of=given.as_of, rates={**RATES, **dict(given.rate)})
    except (SourceError, OSError) as error:
        print(f"prepare.py: {error}", file=sys.stderr)
        return 1
    print(report(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
