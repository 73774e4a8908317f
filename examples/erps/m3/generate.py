"""The company of `truth.py` as Infor M3 keeps it: `python generate.py`, or `python generate.py --sql | psql DATABASE`.

The tables have the columns that matter here, of some two hundred; README says where their names come from. `EXTGRP` and `EXTCGR` are
extension tables of the company's own.
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import truth
from tables import Tables, main

DDL = """
CREATE TABLE "OCUSMA" (
  "OKCONO" DECIMAL(3, 0) NOT NULL, "OKDIVI" VARCHAR(3) NOT NULL DEFAULT '', "OKCUNO" CHAR(10) NOT NULL,
  "OKSTAT" VARCHAR(2) NOT NULL DEFAULT '20',
  "OKCUNM" CHAR(36) NOT NULL DEFAULT '', "OKCSCD" VARCHAR(3) NOT NULL DEFAULT '', "OKLHCD" VARCHAR(2) NOT NULL DEFAULT '',
  "OKPYNO" CHAR(10) NOT NULL DEFAULT '', "OKCUCD" VARCHAR(3) NOT NULL DEFAULT '', "OKTEPY" VARCHAR(3) NOT NULL DEFAULT '',
  "OKPYCD" VARCHAR(3) NOT NULL DEFAULT '', "OKBLCD" DECIMAL(1, 0) NOT NULL DEFAULT 0, "OKCRLM" DECIMAL(15, 2) NOT NULL DEFAULT 0,
  "OKCRL2" DECIMAL(15, 2) NOT NULL DEFAULT 0, "OKCRL3" DECIMAL(15, 2) NOT NULL DEFAULT 0, "OKODUD" DECIMAL(3, 0) NOT NULL DEFAULT 0,
  "OKCUIC" VARCHAR(10) NOT NULL DEFAULT '', "OKINSN" VARCHAR(15) NOT NULL DEFAULT '', "OKINSS" DECIMAL(1, 0) NOT NULL DEFAULT 0,
  "OKNALI" DECIMAL(15, 2) NOT NULL DEFAULT 0, "OKDTL1" DECIMAL(8, 0) NOT NULL DEFAULT 0, "OKUSL1" VARCHAR(10) NOT NULL DEFAULT '',
  "OKINLI" DECIMAL(15, 2) NOT NULL DEFAULT 0, "OKDTL2" DECIMAL(8, 0) NOT NULL DEFAULT 0, "OKUSL2" VARCHAR(10) NOT NULL DEFAULT '',
  "OKCFC1" VARCHAR(3) NOT NULL DEFAULT '', "OKRGDT" DECIMAL(8, 0) NOT NULL DEFAULT 0, "OKLMDT" DECIMAL(8, 0) NOT NULL DEFAULT 0,
  PRIMARY KEY ("OKCONO", "OKDIVI", "OKCUNO"));
CREATE TABLE "FSLEDG" (
  "ESCONO" DECIMAL(3, 0) NOT NULL, "ESDIVI" VARCHAR(3) NOT NULL, "ESYEA4" DECIMAL(4, 0) NOT NULL, "ESJRNO" DECIMAL(7, 0) NOT NULL,
  "ESJSNO" DECIMAL(7, 0) NOT NULL, "ESPYNO" CHAR(10) NOT NULL DEFAULT '', "ESCUNO" CHAR(10) NOT NULL DEFAULT '',
  "ESCINO" CHAR(15) NOT NULL DEFAULT '', "ESINYR" DECIMAL(4, 0) NOT NULL DEFAULT 0, "ESTRCD" DECIMAL(2, 0) NOT NULL DEFAULT 0,
  "ESIVDT" DECIMAL(8, 0) NOT NULL DEFAULT 0, "ESDUDT" DECIMAL(8, 0) NOT NULL DEFAULT 0, "ESCUCD" VARCHAR(3) NOT NULL DEFAULT '',
  "ESCRTP" DECIMAL(2, 0) NOT NULL DEFAULT 1, "ESARAT" DECIMAL(11, 6) NOT NULL DEFAULT 1, "ESCUAM" DECIMAL(15, 2) NOT NULL DEFAULT 0,
  "ESRECO" DECIMAL(1, 0) NOT NULL DEFAULT 0, "ESREDE" DECIMAL(8, 0) NOT NULL DEFAULT 0, "ESIVTP" VARCHAR(2) NOT NULL DEFAULT '',
  "ESPYCD" VARCHAR(3) NOT NULL DEFAULT '', PRIMARY KEY ("ESCONO", "ESDIVI", "ESYEA4", "ESJRNO", "ESJSNO"));
CREATE TABLE "CSYTAB" (
  "CTCONO" DECIMAL(3, 0) NOT NULL, "CTDIVI" VARCHAR(3) NOT NULL DEFAULT '', "CTSTCO" VARCHAR(10) NOT NULL, "CTSTKY" VARCHAR(10) NOT NULL,
  "CTTX40" CHAR(40) NOT NULL DEFAULT '', "CTTX15" VARCHAR(15) NOT NULL DEFAULT '', PRIMARY KEY ("CTCONO", "CTDIVI", "CTSTCO", "CTSTKY"));
CREATE TABLE "CCURRA" (
  "CUCONO" DECIMAL(3, 0) NOT NULL, "CUDIVI" VARCHAR(3) NOT NULL DEFAULT '', "CUCUCD" VARCHAR(3) NOT NULL, "CUCRTP" DECIMAL(2, 0) NOT NULL,
  "CUCUTD" DECIMAL(8, 0) NOT NULL, "CUARAT" DECIMAL(11, 6) NOT NULL, PRIMARY KEY ("CUCONO", "CUDIVI", "CUCUCD", "CUCRTP", "CUCUTD"));
CREATE TABLE "EXTGRP" (
  "EXCONO" DECIMAL(3, 0) NOT NULL, "EXDIVI" VARCHAR(3) NOT NULL, "EXGRID" VARCHAR(10) NOT NULL, "EXTX40" VARCHAR(40) NOT NULL,
  PRIMARY KEY ("EXCONO", "EXDIVI", "EXGRID"));
CREATE TABLE "EXTCGR" (
  "EXCONO" DECIMAL(3, 0) NOT NULL, "EXDIVI" VARCHAR(3) NOT NULL, "EXCUNO" CHAR(10) NOT NULL, "EXGRID" VARCHAR(10) NOT NULL,
  "EXCHID" VARCHAR(10) NOT NULL DEFAULT '', PRIMARY KEY ("EXCONO", "EXDIVI", "EXCUNO", "EXGRID"));
"""
OURS, THEIRS = (100, "AAA"), ((100, "BBB"), (200, "AAA"))
GROUPS = {"Over the limit": "LIMIT", "Seriously late": "LATE"}


def script(company: truth.Company | None = None) -> str:
    """The SQL script."""
    company = company or truth.company()
    tables = Tables(DDL)
    for place in (OURS, *THEIRS):
        cono, divi = place
        for key, name in enumerate(truth.SCENARIOS, start=1):
            tables.add("CSYTAB", CTCONO=cono, CTDIVI=divi, CTSTCO="CFC1", CTSTKY=f"S{key}", CTTX40=name)
            tables.add("CSYTAB", CTCONO=cono, CTDIVI=divi, CTSTCO="CFC2", CTSTKY=f"X{key}", CTTX40=name)  # of another field, named alike
        for name, key in GROUPS.items():
            tables.add("EXTGRP", EXCONO=cono, EXDIVI=divi, EXGRID=key, EXTX40=name)
    for code, rate in truth.RATES.items():
        for day, shown in ((20260101, rate * 2), (20261120, rate)):
            if code != "EUR":
                tables.add("CCURRA", CUCONO=100, CUDIVI="AAA", CUCUCD=code, CUCRTP=1, CUCUTD=day, CUARAT=shown)
                tables.add("CCURRA", CUCONO=100, CUDIVI="AAA", CUCUCD=code, CUCRTP=2, CUCUTD=day, CUARAT=rate * 9)  # of another type
    for item in company.customers:
        _customer(tables, item)
    for document in company.documents:
        _document(tables, company, document)
    # Another division and another company have a customer of the same number, in debt and in a group.
    for cono, divi in THEIRS:
        tables.add("OCUSMA", OKCONO=cono, OKDIVI=divi, OKCUNO="C0001", OKCUNM="Of others", OKCUCD="EUR", OKCFC1="S4")
        tables.add("EXTCGR", EXCONO=cono, EXDIVI=divi, EXCUNO="C0001", EXGRID="LATE")
        _row(
            tables,
            (cono, divi),
            1,
            1,
            "C0001",
            "C0001",
            "1",
            10,
            truth.TODAY - timedelta(days=200),
            truth.TODAY - timedelta(days=150),
            "EUR",
            99999,
        )
    tables.add("OCUSMA", OKCONO=100, OKDIVI="AAA", OKCUNO="C9001", OKSTAT="90", OKCUNM="Blocked for good", OKCUCD="EUR")
    return tables.script()


def _number(day: date | None) -> int:
    return 0 if day is None else int(f"{day:%Y%m%d}")


def _customer(tables: Tables, item: truth.Customer) -> None:
    insured = item.insurance
    approved = insured is not None and insured.approved
    tables.add(
        "OCUSMA",
        OKCONO=100,
        OKDIVI="AAA",
        OKCUNO=item.code,
        OKCUNM=item.name,
        OKCSCD=item.country,
        OKPYNO="" if item.payer == item.number else f"C{item.payer:04}",
        OKCUCD=item.currency,
        OKTEPY=item.terms[:3],
        OKBLCD=(1 + item.number % 2) if item.blocked else 0,
        OKCRL2=item.limit or 0,
        OKCUIC="" if insured is None else "INSURER",
        OKINSN="" if insured is None else f"POL-{item.number}",
        OKINSS=0 if insured is None else 2 if approved else 1,
        OKNALI=insured.amount if insured is not None and not approved else 0,
        OKINLI=insured.amount if insured is not None and approved else 0,
        OKDTL2=_number(insured.decided if insured is not None else None),
        OKCFC1="" if item.scenario is None else f"S{truth.SCENARIOS.index(item.scenario) + 1}",
    )
    for group in sorted(item.groups):
        tables.add("EXTCGR", EXCONO=100, EXDIVI="AAA", EXCUNO=item.code, EXGRID=GROUPS[group])


def _document(tables: Tables, company: truth.Company, item: truth.Document) -> None:
    payer, currency = f"C{item.customer:04}", company.customers[item.customer - 1].currency
    ordered_by = f"C{item.ordered_by:04}"
    code = 20 if item.kind == "payment" else 10
    _row(tables, OURS, item.number, 1, payer, ordered_by, str(item.number), code, item.issued, item.due, currency, item.amount)
    if item.settled:
        half = (item.settled / 2).quantize(item.settled)
        for line, part in enumerate((half, item.settled - half), start=2):
            _row(tables, OURS, item.number, line, payer, ordered_by, str(item.number), 20, item.issued, None, currency, -part)


def _row(
    tables: Tables, place: tuple[int, str], journal: int, line: int, payer: str, customer: str, invoice: str, transaction: int,
    issued: date, due: date | None, currency: str, amount: truth.Decimal | int,
) -> None:  # fmt: skip
    tables.add(
        "FSLEDG",
        ESCONO=place[0],
        ESDIVI=place[1],
        ESYEA4=issued.year,
        ESJRNO=journal,
        ESJSNO=line,
        ESPYNO=payer,
        ESCUNO=customer,
        ESCINO=invoice,
        ESINYR=issued.year,
        ESTRCD=transaction,
        ESIVDT=_number(issued),
        ESDUDT=_number(due),
        ESCUCD=currency,
        ESCUAM=amount,
    )


if __name__ == "__main__":
    main(script, Path(__file__).with_name("m3.duckdb"))
