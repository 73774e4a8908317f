"""The company of `truth.py` as webERP 4.10 keeps it: `python generate.py`, or `python generate.py --sql | psql DATABASE`.

The tables are webERP's, with all columns that its demo company has, and three of the company's own: `z_insurance`, `z_groups` and
`z_customergroups`. webERP has neither credit insurance nor groups of customers.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import truth
from tables import Tables, main

DDL = """
CREATE TABLE debtorsmaster (
  debtorno VARCHAR(10) PRIMARY KEY DEFAULT '', name VARCHAR(40) NOT NULL DEFAULT '', address1 VARCHAR(40) NOT NULL DEFAULT '',
  address2 VARCHAR(40) NOT NULL DEFAULT '', address3 VARCHAR(40) NOT NULL DEFAULT '', address4 VARCHAR(50) NOT NULL DEFAULT '',
  address5 VARCHAR(20) NOT NULL DEFAULT '', address6 VARCHAR(15) NOT NULL DEFAULT '', currcode CHAR(3) NOT NULL DEFAULT '',
  salestype CHAR(2) NOT NULL DEFAULT '', clientsince TIMESTAMP, holdreason SMALLINT NOT NULL DEFAULT 0,
  paymentterms CHAR(2) NOT NULL DEFAULT 'f', discount DOUBLE PRECISION NOT NULL DEFAULT 0, pymtdiscount DOUBLE PRECISION NOT NULL DEFAULT 0,
  lastpaid DOUBLE PRECISION NOT NULL DEFAULT 0, lastpaiddate TIMESTAMP, creditlimit DOUBLE PRECISION NOT NULL DEFAULT 1000,
  invaddrbranch SMALLINT NOT NULL DEFAULT 0, discountcode CHAR(2) NOT NULL DEFAULT '', ediinvoices SMALLINT NOT NULL DEFAULT 0,
  ediorders SMALLINT NOT NULL DEFAULT 0, edireference VARCHAR(20) NOT NULL DEFAULT '', editransport VARCHAR(5) NOT NULL DEFAULT 'email',
  ediaddress VARCHAR(50) NOT NULL DEFAULT '', ediserveruser VARCHAR(20) NOT NULL DEFAULT '', ediserverpwd VARCHAR(20) NOT NULL DEFAULT '',
  taxref VARCHAR(20) NOT NULL DEFAULT '', customerpoline SMALLINT NOT NULL DEFAULT 0, typeid SMALLINT NOT NULL DEFAULT 1);
CREATE TABLE debtortype (typeid SMALLINT PRIMARY KEY, typename VARCHAR(100) NOT NULL);
CREATE TABLE debtortrans (
  id INTEGER PRIMARY KEY, transno INTEGER NOT NULL DEFAULT 0, type SMALLINT NOT NULL DEFAULT 0, debtorno VARCHAR(10) NOT NULL DEFAULT '',
  branchcode VARCHAR(10) NOT NULL DEFAULT '', trandate TIMESTAMP NOT NULL, inputdate TIMESTAMP, prd SMALLINT NOT NULL DEFAULT 0,
  settled SMALLINT NOT NULL DEFAULT 0, reference VARCHAR(20) NOT NULL DEFAULT '', tpe CHAR(2) NOT NULL DEFAULT '',
  order_ INTEGER NOT NULL DEFAULT 0, rate DOUBLE PRECISION NOT NULL DEFAULT 0, ovamount DOUBLE PRECISION NOT NULL DEFAULT 0,
  ovgst DOUBLE PRECISION NOT NULL DEFAULT 0, ovfreight DOUBLE PRECISION NOT NULL DEFAULT 0, ovdiscount DOUBLE PRECISION NOT NULL DEFAULT 0,
  diffonexch DOUBLE PRECISION NOT NULL DEFAULT 0, alloc DOUBLE PRECISION NOT NULL DEFAULT 0, invtext TEXT,
  shipvia INTEGER NOT NULL DEFAULT 0, edisent SMALLINT NOT NULL DEFAULT 0, consignment VARCHAR(15) NOT NULL DEFAULT '',
  packages INTEGER NOT NULL DEFAULT 1);
CREATE TABLE paymentterms (
  termsindicator CHAR(2) PRIMARY KEY, terms CHAR(40) NOT NULL DEFAULT '', daysbeforedue SMALLINT NOT NULL DEFAULT 0,
  dayinfollowingmonth SMALLINT NOT NULL DEFAULT 0);
CREATE TABLE holdreasons (
  reasoncode SMALLINT PRIMARY KEY, reasondescription CHAR(30) NOT NULL DEFAULT '', dissallowinvoices SMALLINT NOT NULL DEFAULT -1);
CREATE TABLE currencies (
  currency CHAR(20) NOT NULL DEFAULT '', currabrev CHAR(3) PRIMARY KEY, country CHAR(50) NOT NULL DEFAULT '',
  hundredsname CHAR(15) NOT NULL DEFAULT 'Cents', decimalplaces SMALLINT NOT NULL DEFAULT 2, rate DOUBLE PRECISION NOT NULL DEFAULT 1);
CREATE TABLE z_insurance (
  debtorno VARCHAR(10) PRIMARY KEY, insured DOUBLE PRECISION NOT NULL, state VARCHAR(10) NOT NULL, decided DATE);
CREATE TABLE z_groups (groupid INTEGER PRIMARY KEY, groupname VARCHAR(40) NOT NULL);
CREATE TABLE z_customergroups (debtorno VARCHAR(10) NOT NULL, groupid INTEGER NOT NULL, PRIMARY KEY (debtorno, groupid));
"""
COUNTRIES = {"FR": "France", "DE": "Germany", "IT": "Italy", "US": "United States", "GB": "United Kingdom"}
TERMS = {"7D": "7", "30D": "30", "60D": "60", "EOFM": "EM", "22FM": "22"}
TYPES = {"invoice": 10, "credit_note": 11, "payment": 12}
GROUPS = {"Over the limit": 1, "Seriously late": 2}


def script(company: truth.Company | None = None) -> str:
    """The SQL script."""
    company = company or truth.company()
    tables = Tables(DDL)
    tables.add("debtortype", typeid=1, typename="Default")
    for typeid, name in enumerate(truth.SCENARIOS, start=2):
        tables.add("debtortype", typeid=typeid, typename=name)
    for terms, (days, day) in truth.TERMS.items():
        tables.add("paymentterms", termsindicator=TERMS[terms], terms=terms, daysbeforedue=days, dayinfollowingmonth=day)
    for code, name, stops in ((1, "Good History", 0), (20, "Watch", 0), (51, "In liquidation", 1)):
        tables.add("holdreasons", reasoncode=code, reasondescription=name, dissallowinvoices=stops)
    for currency, rate in truth.RATES.items():
        tables.add("currencies", currency=currency, currabrev=currency, rate=float(1 / rate))
    for name, groupid in GROUPS.items():
        tables.add("z_groups", groupid=groupid, groupname=name)
    for item in company.customers:
        _customer(tables, item)
    for document in company.documents:
        _document(tables, document)
    # A journal entry is of another type, and no claim.
    tables.add("debtortrans", id=9001, transno=1, type=0, debtorno="C0001", trandate="2026-01-01 00:00:00", ovamount=99999.99)
    return tables.script()


def _customer(tables: Tables, item: truth.Customer) -> None:
    tables.add(
        "debtorsmaster",
        debtorno=item.code,
        name=item.name,
        address6=COUNTRIES[item.country],
        currcode=item.currency,
        clientsince="2019-04-30 00:00:00",
        holdreason=51 if item.blocked else 20 if item.number % 5 == 0 else 1,
        paymentterms=TERMS[item.terms],
        creditlimit=0.0 if item.limit is None else float(item.limit),
        typeid=1 if item.scenario is None else truth.SCENARIOS.index(item.scenario) + 2,
    )
    insured = item.insurance
    if insured is not None:
        state = "given" if insured.approved else "asked"
        tables.add("z_insurance", debtorno=item.code, insured=float(insured.amount), state=state, decided=insured.decided)
    for group in sorted(item.groups):
        tables.add("z_customergroups", debtorno=item.code, groupid=GROUPS[group])


def _document(tables: Tables, item: truth.Document) -> None:
    tax = (item.amount / 6).quantize(item.amount) if item.kind != "payment" else Decimal(0)
    freight = Decimal("7.50") if item.kind == "invoice" else Decimal(0)
    tables.add(
        "debtortrans",
        id=item.number,
        transno=item.number,
        type=TYPES[item.kind],
        debtorno=f"C{item.customer:04}",
        branchcode="" if item.kind == "payment" else f"C{item.ordered_by:04}",
        trandate=f"{item.issued} 00:00:00",
        inputdate=f"{item.issued} 09:35:02",
        settled=int(item.open == 0),
        rate=1.0,
        ovamount=float(item.amount - tax - freight),
        ovgst=float(tax),
        ovfreight=float(freight),
        alloc=float(item.settled),
    )


if __name__ == "__main__":
    main(script, Path(__file__).with_name("weberp.duckdb"))
