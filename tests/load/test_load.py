"""Files in, rows out: all of them, exactly; or nothing, and every rejected row with its line and reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.conftest import empty_postgres

from assignrules.databases import DatabaseUnavailable
from assignrules.databases.duckdb import DuckDB
from assignrules.databases.postgres import Postgres
from assignrules.ir.calendars import Calendars
from assignrules.load import LoadReport, load
from assignrules.schema.logical import credit

pytestmark = pytest.mark.slow

SCHEMA = credit()


class Store:
    """A folder of files with the database that they are loaded into."""

    def __init__(self, folder: Path, database: DuckDB | Postgres) -> None:
        self.folder = folder / "data"
        self.folder.mkdir()
        self.database = database

    def is_made(self) -> bool:
        """Whether something was written."""
        if isinstance(self.database, DuckDB):
            return self.database.path.exists()
        with self.database.reading() as session:
            return session.has_table("assignrules_meta")

    def load(self, currency: str = "EUR", **files: str | bytes) -> LoadReport:
        for old in self.folder.iterdir():
            old.unlink()
        for name, text in files.items():
            (self.folder / f"{name}.csv").write_bytes(text.encode() if isinstance(text, str) else text)
        return load([self.folder], self.database, SCHEMA, currency)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.database.reading() as session:
            return session.fetch(sql)


@pytest.fixture(params=["duckdb", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path, DuckDB(tmp_path / "my.duckdb") if request.param == "duckdb" else empty_postgres("load"))


def messages(report: LoadReport) -> list[str]:
    assert not report.loaded
    return [item.message for item in report.diagnostics]


def test_every_type_is_read(store: Store) -> None:
    report = store.load(
        customers="code,name,payment_terms_days,customer_since,active,insurer_score,turnover_12m,currency,payer\n"
        "C1,Alpha,30,2020-02-29,Yes,7.5,1200 EUR,USD,C2\nC2,Beta, 060 ,,0,-0.0000000001,-1200.50,USD,\nC3,,,,,,,,\n",
        policy="code,insured_percentage,nd_percentage\nP1,90%,0.125\nP2, 12.34567891 %,\n",
        documents="number,type,amount\nF1,invoice,123456789012345678.0123456789\n",
    )
    assert report.loaded, report
    assert [(item.entity, item.before, item.after) for item in report.entities] == [
        ("customer", 0, 3),
        ("document", 0, 1),
        ("policy", 0, 2),
    ]
    columns = "code, name, payment_terms_days, customer_since, active, insurer_score, turnover_12m, turnover_12m_currency, currency, payer"
    assert store.rows(f"SELECT {columns} FROM customer ORDER BY code") == [
        ("C1", "Alpha", 30, date(2020, 2, 29), True, Decimal("7.5"), Decimal("1200"), "EUR", "USD", "C2"),
        ("C2", "Beta", 60, None, False, Decimal("-0.0000000001"), Decimal("-1200.5"), "USD", "USD", None),
        ("C3", *[None] * 9),
    ]
    assert store.rows("SELECT insured_percentage, nd_percentage FROM policy ORDER BY code") == [
        (Decimal("0.9"), Decimal("0.125")), (Decimal("0.1234567891"), None),
    ]  # fmt: skip
    assert store.rows("SELECT amount, amount_currency FROM document") == [(Decimal("123456789012345678.0123456789"), "EUR")]


def test_missing_and_empty_text_differ(store: Store) -> None:
    store.load(customer='code,name,country,payment_terms_days\nC1,"",,""\n')
    assert store.rows("SELECT name, country, payment_terms_days FROM customer") == [("", None, None)]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffcode,name\r\nC1,\"a, \"\"b\"\"\nc\"\r\n\r\n",
        "code;name\nC1;\"a, \"\"b\"\"\nc\"",
        "name\tcode\n\"a, \"\"b\"\"\nc\"\tC1\n",
    ],
)  # fmt: skip
def test_forms_of_csv(store: Store, text: str) -> None:
    assert store.load(Customers=text).loaded
    assert [(code, name.replace("\r", "")) for code, name in store.rows("SELECT code, name FROM customer")] == [("C1", 'a, "b"\nc')]


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("amount", '"1,200.50"', "`amount` is `1,200.50`, which is not an amount like `1200.50 EUR` or `1200.50`"),
        ("amount", '"1200,50"', "`amount` is `1200,50`, which is not an amount like `1200.50 EUR` or `1200.50`"),
        ("amount", "12 €", "`amount` is `12 €`, which is not an amount like `1200.50 EUR` or `1200.50`"),
        ("amount", "EUR 12", "`amount` is `EUR 12`, which is not an amount like `1200.50 EUR` or `1200.50`"),
        ("amount", "12 EUX", "`amount` is `12 EUX`, which names no ISO 4217 currency (`EUX`)"),
        ("amount", "NaN", "`amount` is `NaN`, which is not an amount like `1200.50 EUR` or `1200.50`"),
        ("amount", "1e3", "`amount` is `1e3`, which is not an amount like `1200.50 EUR` or `1200.50`"),
        ("amount", "1_000", "`amount` is `1_000`, which is not an amount like `1200.50 EUR` or `1200.50`"),
        ("amount", "1234567890123456789", "`amount` is `1234567890123456789`, which has more than 18 digits before or 10 after the point"),
        ("amount", "0.12345678901", "`amount` is `0.12345678901`, which has more than 18 digits before or 10 after the point"),
        ("due_date", "12/03/2026", "`due_date` is `12/03/2026`, which is not a date like `2026-11-22`"),
        ("due_date", "2026-02-30", "`due_date` is `2026-02-30`, which is not a date like `2026-11-22`"),
        ("due_date", "2026-2-3", "`due_date` is `2026-2-3`, which is not a date like `2026-11-22`"),
        ("due_date", "0000-01-01", "`due_date` is `0000-01-01`, which is not a date like `2026-11-22`"),
        ("due_date", "infinity", "`due_date` is `infinity`, which is not a date like `2026-11-22`"),
        ("type", "Invoice", "`type` is `Invoice`, which is not one of invoice, credit_note, payment, misc, draft, down_payment_request"),
        ("ignored", "oui", "`ignored` is `oui`, which is not one of true, false, yes, no, 1, 0"),
        ("currency", "eur", "`currency` is `eur`, which is no ISO 4217 currency code"),
        ("comment", "a\0b", "`comment` holds a NUL character"),
    ],
)
def test_a_cell_that_does_not_fit_is_rejected(store: Store, column: str, cell: str, message: str) -> None:
    report = store.load(document=f"number,{column}\nF1,\nF2,{cell}\n")
    assert messages(report) == [f"`document.csv` line 3: {message}"]
    assert report.rejected == 1
    with store.database.reading() as session:
        assert not session.has_table("document")


def test_whole_numbers_and_shares_and_rates(store: Store) -> None:
    report = store.load(
        customer="code,payment_terms_days\nC1,30.5\nC2,1234567890123456789\n",
        policy="code,insured_percentage\nP1,90 percent\nP2,0.123456789%\n",
        rates="currency,on,rate\nUSD,2026-11-01,0\nUSD,2026-11-02,-1\nXXX,2026-11-03,1\nUSD,,1\nUSD,2026-11-05,0.9\n",
    )
    assert messages(report) == [
        "`customer.csv` line 2: `payment_terms_days` is `30.5`, which is not a whole number",
        "`customer.csv` line 3: `payment_terms_days` is `1234567890123456789`, which has more than 18 digits before or 10 after the point",
        "`policy.csv` line 2: `insured_percentage` is `90 percent`, which is not a share like `90%` or `0.9`",
        "`policy.csv` line 3: `insured_percentage` is `0.123456789%`, which has more than 18 digits before or 10 after the point",
        "`rates.csv` line 2: `rate` is `0`, which is not above zero",
        "`rates.csv` line 3: `rate` is `-1`, which is not above zero",
        "`rates.csv` line 4: `currency` is `XXX`, which is no ISO 4217 currency code",
        "`rates.csv` line 5: `on` is missing",
    ]


def test_an_amount_needs_a_currency(store: Store) -> None:
    report = store.load(document="number,amount,currency\nF1,5,\nF2,5 USD,\nF3,,\nF4,5,zzz\n")
    assert messages(report) == [
        "`document.csv` line 2: `amount` is `5`, which has no currency: neither its own nor one in the column `currency`",
        "`document.csv` line 5: `amount` is `5`, which stands beside no ISO 4217 currency (`zzz`); "
        "`currency` is `zzz`, which is no ISO 4217 currency code",
    ]
    store.load(currency="GBP", document="number,amount\nF1,5\n", user="login,approval_limit\nanna,7\n")
    assert store.rows('SELECT amount_currency FROM document UNION ALL SELECT approval_limit_currency FROM "user"') == [("GBP",), ("GBP",)]


def test_lines_are_those_of_the_file(store: Store) -> None:
    text = (
        'number,comment,due_date\nF1,"two\nlines",\n\nF2,,soon\nF3,one too many,,4\n"F4\n",,soon\nF5\nF1,,\n,,\n"",,\nF6,"ends here","",\n'
    )
    assert messages(store.load(document=text)) == [
        "`document.csv` line 5: `due_date` is `soon`, which is not a date like `2026-11-22`",
        "`document.csv` line 6: it has 4 cells, and the header 3",
        "`document.csv` line 7: `due_date` is `soon`, which is not a date like `2026-11-22`",
        "`document.csv` line 9: it has 1 cells, and the header 3",
        "`document.csv` line 10: `number` repeats that of line 2",
        "`document.csv` line 11: `number` is missing",
        "`document.csv` line 12: `number` is missing",
    ]


def test_many_rejected_rows_are_counted(store: Store) -> None:
    report = store.load(document="number,due_date\n" + "".join(f"F{n},soon\n" for n in range(50)) + "x\n" * 30)
    assert len(report.diagnostics) == 21
    assert report.diagnostics[-1].message == "`document.csv`: 80 rows are rejected, 20 of them are listed"
    assert (report.rejected, report.entities[0].after) == (80, 80)


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (b"number,comment\nF1,\xe9t\xe9\n", "E0506", "`document.csv` line 2: it is not UTF-8"),
        (b"n\xe9mber,comment\nF1,x\n", "E0509", "`document.csv` is not UTF-8"),
        (b'number,comment\nF1,"open\nF2,x\n', "E0506", "`document.csv` line 2: a quote does not close, or text follows it"),
        (b'number,comment\nF1,"x"y\n', "E0506", "`document.csv` line 2: a quote does not close, or text follows it"),
        (b"number,comment\nF1," + b"x" * 2_500_000 + b"\n", "E0506", "`document.csv` line 2: it is longer than two million bytes"),
        # lines as an editor counts them: cells with line breaks before, blank lines, other line ends
        (b'number,comment\nF1,"a\nb"\n\nF2,"x"y\n', "E0506", "`document.csv` line 5: a quote does not close, or text follows it"),
        (b'number,comment\r\nF1,"a\r\nb"\r\nF2,"open\r\n', "E0506", "`document.csv` line 4: a quote does not close, or text follows it"),
        (b'number,comment\nF1,"a\nb\nl\xe9"\n', "E0506", "`document.csv` line 4: it is not UTF-8"),
        (b"number,comment\rF1,x\rF2,\xe9\r", "E0506", "`document.csv` line 3: it is not UTF-8"),
        (b"number,comment\nF1,x\r\nF2,y\n", "E0509", "`document.csv` cannot be read: its line ends are mixed, or its quotes do not close"),
        (b"", "E0509", "`document.csv` has no header"),
        (b"number,number\nF1,F1\n", "E0508", "`document.csv`: column `number` stands twice in the header"),
        (b"comment\nx\n", "E0508", "`document.csv`: column `number` is needed, and missing"),
        (b"number,scenario\nF1,x\n", "E0508", "`document.csv`: `document` has no field or link `scenario`"),
        (b"number,amount_currency\nF1,EUR\n", "E0508", "`document.csv`: `document` has no field or link `amount_currency`"),
    ],
)
def test_a_broken_file_is_refused(store: Store, data: bytes, code: str, message: str) -> None:
    report = store.load(document=data)
    assert ([item.code for item in report.diagnostics], messages(report)) == ([code], [message])


def test_a_column_of_a_target_says_who_writes_it(store: Store) -> None:
    report = store.load(customer=b"code,scenario,groups,countr\nC1,x,y,FR\n")
    decided = "`{}` is what the rules decide: `apply` writes it, and no file brings it"
    assert [item.help for item in report.diagnostics] == [decided.format("scenario"), decided.format("groups"), "did you mean `country`?"]


def test_two_rates_of_one_currency_and_day_are_refused(store: Store) -> None:
    report = store.load(
        rates="on,currency,rate\n2026-11-01,USD,0.9\n2026-11-01,GBP,1.1\n\n2026-11-01, USD ,0.9\n2026-11-02,USD,0.8\n2026-11-01,USD,1\n"
    )
    assert messages(report) == [
        "`rates.csv` line 5: this currency and day have a rate already, on line 2",
        "`rates.csv` line 7: this currency and day have a rate already, on line 2",
    ]
    assert {item.code for item in report.diagnostics} == {"E0506"}
    assert store.load(rates="on,currency,rate\n2026-11-01,USD,0.9\n2026-11-01,GBP,1.1\n").loaded


def test_files_without_an_entity(store: Store, tmp_path: Path) -> None:
    for name in ("customr.csv", "customer.xlsx", "document.csv", "documents.parquet"):
        (tmp_path / name).write_text("number\n")
    paths = [tmp_path / name for name in ("customr.csv", "customer.xlsx", "document.csv", "documents.parquet", "my.txt", "data")]
    (tmp_path / "my.txt").write_text("")
    report = load(paths, store.database, SCHEMA, "EUR")
    assert [(item.code, item.message) for item in report.diagnostics] == [
        ("E0507", "no entity is called `customr` (file `customr.csv`)"),
        ("E0509", "`customer.xlsx` cannot be read: it is no Excel workbook, or one with a password"),
        ("E0507", "`document.csv` and `documents.parquet` are both files of `document`"),
        ("E0507", "`my.txt` is neither CSV nor Parquet nor Excel"),
        ("E0509", "folder `data` holds no CSV, Parquet or Excel file"),
    ]
    assert report.diagnostics[0].help == "did you mean `customer`?"
    assert not store.is_made()


def test_one_bad_row_in_one_file_keeps_all_files_out(store: Store) -> None:
    assert store.load(customer="code,name\nC1,old\n", document="number\nF1\n").loaded
    messages(store.load(customer="code,name\nC1,new\nC2,new\n", document="number,due_date\nF2,soon\n"))
    assert store.rows("SELECT code, name FROM customer") == [("C1", "old")]
    assert store.rows("SELECT number FROM document") == [("F1",)]


def test_a_load_replaces_its_entities_and_leaves_the_rest(store: Store) -> None:
    store.load(customer="code,name,country\nC1,a,FR\nC2,b,DE\n", document="number\nF1\n")
    with store.database.writing() as session:
        session.execute("INSERT INTO assignrules_target_scenario VALUES ('C1', 'Standard')")
        session.commit()
    lineage = store.rows("SELECT value FROM assignrules_meta WHERE key = 'lineage'")
    report = store.load(customer="code,name\nC3,c\n")
    assert [(item.entity, item.before, item.after) for item in report.entities] == [("customer", 2, 1)]
    assert store.rows("SELECT code, name, country FROM customer") == [("C3", "c", None)]
    assert store.rows("SELECT number FROM document") == [("F1",)]
    assert store.rows("SELECT * FROM assignrules_target_scenario") == [("C1", "Standard")]
    assert store.rows("SELECT value FROM assignrules_meta WHERE key = 'lineage'") == lineage
    assert store.load(customer="code\n").loaded
    assert store.rows("SELECT count(*) FROM customer") == [(0,)]


def test_links_and_reserved_words(store: Store) -> None:
    report = store.load(
        orders="number,customer\nO1,nobody\n",
        guarantee="id,customer,legal_entity\n1,C1,\n",
        dunning_event="id,document\n1,F1\n",
        holidays="calendar,on\nFR,2026-12-25\n",
    )
    assert report.loaded
    assert store.rows('SELECT number, customer FROM "order"') == [("O1", "nobody")]
    assert store.rows("SELECT customer, legal_entity FROM guarantee") == [("C1", None)]


def test_parquet(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "documents.parquet"
    duckdb.execute(
        f"""COPY (SELECT 'F' || n AS number, 1.1 * n AS net_amount,
        CASE WHEN n = 1 THEN 0.1::DOUBLE + 0.2::DOUBLE ELSE 1e-5::DOUBLE END AS amount,
        DATE '2026-11-22' AS due_date, TIMESTAMP '2026-11-01 00:00:00' AS issue_date, 'USD' AS currency, n = 1 AS ignored, '' AS comment,
        NULL::VARCHAR AS status FROM range(1, 3) AS t(n)) TO '{path}'"""
    )
    assert load([path], store.database, SCHEMA, "EUR").loaded
    assert store.rows(
        "SELECT number, net_amount, amount, amount_currency, due_date, issue_date, ignored, comment, status FROM document ORDER BY 1"
    ) == [
        ("F1", Decimal("1.1"), Decimal("0.3"), "USD", date(2026, 11, 22), date(2026, 11, 1), True, "", None),
        ("F2", Decimal("2.2"), Decimal("0.00001"), "USD", date(2026, 11, 22), date(2026, 11, 1), False, "", None),
    ]
    duckdb.execute(
        f"""COPY (SELECT * FROM (VALUES
        ('F1', 'NaN'::DOUBLE, NULL), ('F1', 1, TIMESTAMP '2026-11-01 10:00:00'), ('F2', 'inf'::DOUBLE, NULL))
        AS t(number, amount, due_date)) TO '{path}'"""
    )
    assert messages(load([path], store.database, SCHEMA, "EUR")) == [
        "`documents.parquet` row 1: `amount` is `nan`, which is not an amount like `1200.50 EUR` or `1200.50`",
        "`documents.parquet` row 2: `due_date` is `2026-11-01 10:00:00`, which is not a date like `2026-11-22`; "
        "`number` repeats that of row 1",
        "`documents.parquet` row 3: `amount` is `inf`, which is not an amount like `1200.50 EUR` or `1200.50`",
    ]
    path.write_bytes(b"PAR1 nonsense")
    assert messages(load([path], store.database, SCHEMA, "EUR"))[0].startswith("`documents.parquet` cannot be read: ")


def test_a_locked_store_is_said(store: Store) -> None:
    store.load(customer="code\nC1\n")
    known = store.database
    hasty = DuckDB(known.path, wait=0.1) if isinstance(known, DuckDB) else Postgres(known.address, wait=0.1)
    with known.writing(), pytest.raises(DatabaseUnavailable):
        load([store.folder], hasty, SCHEMA, "EUR")


def test_a_million_documents_load_in_seconds_and_a_late_bad_line_is_found(store: Store) -> None:
    count = 1_000_000 if isinstance(store.database, DuckDB) else 100_000
    lines = "".join(f"F{n},C{n % 1000},invoice,2026-01-0{n % 9 + 1},{n}.25,EUR\n" for n in range(count))
    header = "number,customer,type,due_date,amount,currency\n"
    assert store.load(documents=header + lines).entities[0].after == count
    assert messages(store.load(documents=f"{header}{lines}F7,C1,invoice,,1,EUR\n")) == [
        f"`documents.csv` line {count + 2}: `number` repeats that of line 9"
    ]


def test_public_holidays_of_the_calendars_that_rules_read(store: Store) -> None:
    store.load(customer="code,name,country\nC1,a,FR\nC2,b,DE\nC3,c,Utopia\nC4,d,\n", holidays="calendar,on\nDE,2026-12-25\n")
    calendars = Calendars(frozenset({"BE"}), frozenset({("customer", "country")}))
    assert load([store.folder], store.database, SCHEMA, "EUR", calendars).loaded
    counted = dict(store.rows("SELECT calendar, count(*) FROM holidays GROUP BY calendar"))
    assert set(counted) == {"BE", "DE", "FR"}  # nobody knows Utopia
    assert counted["DE"] == 1  # a file's own stay alone
    days = "SELECT calendar FROM holidays WHERE \"on\" = DATE '2026-07-14'"
    assert store.rows(days) == [("FR",)]
