"""The company of `truth.py` as Dolibarr 3.5 keeps it: `python generate.py`, or `python generate.py --sql | psql DATABASE`.

The tables are Dolibarr's, with all columns that its demo company has. The company added extra fields to third parties
(`llx_societe_extrafields`: `dunning`, `insured_amount`, `insured_state`, `insured_on`) and a dictionary, `llx_c_dunning`. Currencies and
rates (`fk_currency` of an invoice, `llx_multicurrency…`) are used as later versions of Dolibarr use them.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import truth
from tables import Tables, main

DDL = """
CREATE TABLE llx_societe (
  rowid INTEGER PRIMARY KEY, statut SMALLINT DEFAULT 0, parent INTEGER, tms TIMESTAMP, datec TIMESTAMP, datea TIMESTAMP, nom VARCHAR(60),
  entity INTEGER NOT NULL DEFAULT 1, ref_ext VARCHAR(128), ref_int VARCHAR(60), code_client VARCHAR(24), code_fournisseur VARCHAR(24),
  code_compta VARCHAR(24), code_compta_fournisseur VARCHAR(24), address VARCHAR(255), zip VARCHAR(10), town VARCHAR(50),
  fk_departement INTEGER DEFAULT 0, fk_pays INTEGER DEFAULT 0, phone VARCHAR(20), fax VARCHAR(20), url VARCHAR(255), email VARCHAR(128),
  skype VARCHAR(255), fk_effectif INTEGER DEFAULT 0, fk_typent INTEGER DEFAULT 0, fk_forme_juridique INTEGER DEFAULT 0,
  fk_currency INTEGER DEFAULT 0, siren VARCHAR(128), siret VARCHAR(128), ape VARCHAR(128), idprof4 VARCHAR(128), tva_intra VARCHAR(20),
  capital DOUBLE PRECISION, fk_stcomm INTEGER DEFAULT 0 NOT NULL, note_private TEXT, note_public TEXT, prefix_comm VARCHAR(5),
  client SMALLINT DEFAULT 0, fournisseur SMALLINT DEFAULT 0, supplier_account VARCHAR(32), fk_prospectlevel VARCHAR(12),
  customer_bad SMALLINT DEFAULT 0, customer_rate DOUBLE PRECISION DEFAULT 0, supplier_rate DOUBLE PRECISION DEFAULT 0,
  fk_user_creat INTEGER, fk_user_modif INTEGER, remise_client DOUBLE PRECISION DEFAULT 0, mode_reglement SMALLINT, cond_reglement SMALLINT,
  mode_reglement_supplier SMALLINT, outstanding_limit DOUBLE PRECISION, cond_reglement_supplier SMALLINT, tva_assuj SMALLINT DEFAULT 1,
  localtax1_assuj SMALLINT DEFAULT 0, localtax2_assuj SMALLINT DEFAULT 0, barcode VARCHAR(255), price_level INTEGER,
  default_lang VARCHAR(6), canvas VARCHAR(32), import_key VARCHAR(14), status SMALLINT DEFAULT 1, logo VARCHAR(255), idprof5 VARCHAR(128),
  idprof6 VARCHAR(128), fk_barcode_type INTEGER DEFAULT 0);
CREATE TABLE llx_societe_extrafields (
  rowid INTEGER, tms TIMESTAMP, fk_object INTEGER NOT NULL, jjjj VARCHAR(255), import_key VARCHAR(14),
  dunning INTEGER, insured_amount DOUBLE PRECISION, insured_state INTEGER, insured_on DATE);
CREATE TABLE llx_c_pays (
  rowid INTEGER PRIMARY KEY, code VARCHAR(2) NOT NULL, code_iso VARCHAR(3), libelle VARCHAR(50), active SMALLINT DEFAULT 1);
CREATE TABLE llx_c_dunning (rowid INTEGER PRIMARY KEY, code VARCHAR(16), label VARCHAR(64), active SMALLINT DEFAULT 1);
CREATE TABLE llx_categorie (
  rowid INTEGER PRIMARY KEY, fk_parent INTEGER DEFAULT 0, label VARCHAR(255) NOT NULL, type SMALLINT DEFAULT 1 NOT NULL,
  entity INTEGER DEFAULT 1 NOT NULL, description TEXT, fk_soc INTEGER, visible SMALLINT DEFAULT 1 NOT NULL, import_key VARCHAR(14));
CREATE TABLE llx_categorie_societe (
  fk_categorie INTEGER NOT NULL, fk_societe INTEGER NOT NULL, import_key VARCHAR(14), PRIMARY KEY (fk_categorie, fk_societe));
CREATE TABLE llx_facture (
  rowid INTEGER PRIMARY KEY, facnumber VARCHAR(30) NOT NULL, entity INTEGER DEFAULT 1 NOT NULL, ref_ext VARCHAR(255), ref_int VARCHAR(255),
  type SMALLINT DEFAULT 0 NOT NULL, ref_client VARCHAR(255), increment VARCHAR(10), fk_soc INTEGER NOT NULL, datec TIMESTAMP, datef DATE,
  date_valid DATE, tms TIMESTAMP, paye SMALLINT DEFAULT 0 NOT NULL, amount DOUBLE PRECISION DEFAULT 0 NOT NULL,
  remise_percent DOUBLE PRECISION, remise_absolue DOUBLE PRECISION, remise DOUBLE PRECISION DEFAULT 0, close_code VARCHAR(16),
  close_note VARCHAR(128), tva DOUBLE PRECISION DEFAULT 0, localtax1 DOUBLE PRECISION DEFAULT 0, localtax2 DOUBLE PRECISION DEFAULT 0,
  revenuestamp DOUBLE PRECISION DEFAULT 0, total DOUBLE PRECISION DEFAULT 0, total_ttc DOUBLE PRECISION DEFAULT 0,
  fk_statut SMALLINT DEFAULT 0 NOT NULL, fk_user_author INTEGER, fk_user_valid INTEGER, fk_facture_source INTEGER, fk_projet INTEGER,
  fk_account INTEGER, fk_currency VARCHAR(3), fk_cond_reglement INTEGER DEFAULT 1 NOT NULL, fk_mode_reglement INTEGER,
  date_lim_reglement DATE, note_private TEXT, note_public TEXT, model_pdf VARCHAR(255), import_key VARCHAR(14), extraparams VARCHAR(255));
CREATE TABLE llx_paiement (
  rowid INTEGER PRIMARY KEY, entity INTEGER DEFAULT 1 NOT NULL, datec TIMESTAMP, tms TIMESTAMP, datep TIMESTAMP,
  amount DOUBLE PRECISION DEFAULT 0, fk_paiement INTEGER NOT NULL, num_paiement VARCHAR(50), note TEXT, fk_bank INTEGER DEFAULT 0 NOT NULL,
  fk_user_creat INTEGER, fk_user_modif INTEGER, statut SMALLINT DEFAULT 0 NOT NULL, fk_export_compta INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE llx_paiement_facture (rowid INTEGER PRIMARY KEY, fk_paiement INTEGER, fk_facture INTEGER, amount DOUBLE PRECISION DEFAULT 0);
CREATE TABLE llx_societe_remise_except (
  rowid INTEGER PRIMARY KEY, fk_soc INTEGER NOT NULL, datec TIMESTAMP, amount_ht DOUBLE PRECISION NOT NULL,
  amount_tva DOUBLE PRECISION DEFAULT 0 NOT NULL, amount_ttc DOUBLE PRECISION DEFAULT 0 NOT NULL,
  tva_tx DOUBLE PRECISION DEFAULT 0 NOT NULL, fk_user INTEGER NOT NULL, fk_facture_line INTEGER,
  fk_facture INTEGER, fk_facture_source INTEGER, description TEXT NOT NULL);
CREATE TABLE llx_multicurrency (rowid INTEGER PRIMARY KEY, code VARCHAR(255), name VARCHAR(255), entity INTEGER DEFAULT 1);
CREATE TABLE llx_multicurrency_rate (
  rowid INTEGER PRIMARY KEY, date_sync TIMESTAMP, rate DOUBLE PRECISION NOT NULL DEFAULT 0, fk_multicurrency INTEGER NOT NULL,
  entity INTEGER);
"""
COUNTRIES = {"FR": 1, "DE": 5, "IT": 3, "US": 11, "GB": 7}
TERMS = {"7D": 6, "30D": 2, "60D": 4, "EOFM": 3, "22FM": 7}
GROUPS = {"Over the limit": 31, "Seriously late": 32}


def script(company: truth.Company | None = None) -> str:
    """The SQL script."""
    company = company or truth.company()
    tables = Tables(DDL)
    for code, rowid in COUNTRIES.items():
        tables.add("llx_c_pays", rowid=rowid, code=code)
    for rowid, label in enumerate(truth.SCENARIOS, start=1):
        tables.add("llx_c_dunning", rowid=rowid, label=label)
    tables.add("llx_c_dunning", rowid=9, label="Firm", active=0)  # an old entry of the same name
    for label, rowid in GROUPS.items():
        tables.add("llx_categorie", rowid=rowid, label=label, type=2)
        tables.add("llx_categorie", rowid=rowid + 10, label=label, type=1)  # a category of suppliers, of the same name
        tables.add("llx_categorie", rowid=rowid + 20, label=label, type=2, entity=2)
    tables.add("llx_categorie", rowid=40, label="Key accounts", type=2)
    for rowid, (code, rate) in enumerate(((code, rate) for code, rate in truth.RATES.items() if code != "EUR"), start=1):
        tables.add("llx_multicurrency", rowid=rowid, code=code)
        tables.add("llx_multicurrency_rate", rowid=2 * rowid, date_sync="2026-01-01 03:00:00", rate=1 / rate * 2, fk_multicurrency=rowid)
        tables.add("llx_multicurrency_rate", rowid=2 * rowid + 1, date_sync="2026-11-20 03:00:00", rate=1 / rate, fk_multicurrency=rowid)
    _customers(tables, company)
    _documents(tables, company)
    return tables.script()


def _customers(tables: Tables, company: truth.Company) -> None:
    for item in company.customers:
        limit = None if item.limit is None else float(item.limit * truth.RATES[item.currency])
        tables.add(
            "llx_societe",
            rowid=100 + item.number,
            nom=item.name,
            code_client=item.code,
            client=3 if item.number % 4 == 0 else 1,
            parent=None if item.payer == item.number else 100 + item.payer,
            fk_pays=COUNTRIES[item.country],
            cond_reglement=TERMS[item.terms],
            outstanding_limit=limit,
            customer_bad=int(item.blocked),
        )
        for group in sorted(item.groups):
            tables.add("llx_categorie_societe", fk_categorie=GROUPS[group], fk_societe=100 + item.number)
        if item.number % 9 == 0:
            tables.add("llx_categorie_societe", fk_categorie=40, fk_societe=100 + item.number)
        insured = item.insurance
        if item.scenario is None and insured is None:
            continue  # such a third party has no row of extra fields yet
        tables.add(
            "llx_societe_extrafields",
            rowid=item.number,
            fk_object=100 + item.number,
            dunning=None if item.scenario is None else truth.SCENARIOS.index(item.scenario) + 1,
            insured_amount=None if insured is None else float(insured.amount),
            insured_state=None if insured is None else 2 if insured.approved else 1,
            insured_on=None if insured is None else insured.decided,
        )
    # A prospect, a supplier, and a customer of another entity: none of them is a customer of ours.
    tables.add("llx_societe", rowid=1, nom="A prospect", code_client="C9001", client=2)
    tables.add("llx_societe", rowid=2, nom="A supplier", code_client=None, client=0, fournisseur=1)
    tables.add("llx_societe", rowid=3, nom="Elsewhere", code_client="C0001", client=1, entity=2)


def _documents(tables: Tables, company: truth.Company) -> None:
    number = 0
    for item in company.documents:
        customer = company.customers[item.customer - 1]
        currency = None if customer.currency == "EUR" else customer.currency
        if item.kind == "payment" and currency is None:
            number += 1
            _discount(tables, number, item, -item.amount)
            continue
        # A discount has no currency: a payment in another one is a deposit, an invoice of type 3.
        _invoice(tables, item, item.number, item.amount, currency, {"invoice": 0, "credit_note": 2, "payment": 3}[item.kind])
        if item.settled == 0:
            continue
        if item.kind == "invoice" and item.number % 3 == 0:
            # Settled by a credit note of the same amount, which was turned into a discount and used.
            source = 1000 + item.number
            _invoice(tables, item, source, -item.settled, currency, 2)
            number += 1
            _discount(tables, number, item, item.settled, fk_facture=item.number, fk_facture_source=source)
            continue
        half = (item.settled / 2).quantize(Decimal("0.01"))
        for part, amount in enumerate((half, item.settled - half)):
            rowid = 2 * item.number + part
            tables.add("llx_paiement", rowid=rowid, amount=float(amount), fk_paiement=2, datep=f"{truth.TODAY} 12:00:00")
            tables.add("llx_paiement_facture", rowid=rowid, fk_paiement=rowid, fk_facture=item.number, amount=float(amount))
    # A draft, an abandoned invoice and one of another entity are no claims.
    first = company.customers[0]
    for place, (status, entity) in enumerate(((0, 1), (3, 1), (1, 2)), start=5001):
        tables.add("llx_facture", rowid=place, facnumber=f"(PROV{place})", fk_soc=100 + first.number, datef=truth.TODAY, entity=entity,
                   fk_statut=status, total_ttc=99999.99, date_lim_reglement=truth.TODAY - timedelta(days=100))  # fmt: skip


def _invoice(tables: Tables, item: truth.Document, rowid: int, amount: Decimal, currency: str | None, type: int) -> None:
    tables.add(
        "llx_facture",
        rowid=rowid,
        facnumber=f"{'AV' if type == 2 else 'FA'}{item.issued:%y%m}-{rowid:04}",
        type=type,
        fk_soc=100 + item.customer,
        datef=item.issued,
        date_lim_reglement=item.due,
        fk_currency=currency,
        total=float(amount),
        total_ttc=float(amount),
        fk_statut=2 if item.open == 0 else 1,
        paye=int(rowid % 5 == 0),  # what it says is not to be relied on
    )


def _discount(tables: Tables, rowid: int, item: truth.Document, amount: Decimal, **links: int) -> None:
    tables.add(
        "llx_societe_remise_except",
        rowid=rowid,
        fk_soc=100 + item.customer,
        datec=f"{item.issued} 10:00:00",
        amount_ht=float(amount),
        amount_ttc=float(amount),
        fk_user=1,
        description="discount",
        **links,
    )


if __name__ == "__main__":
    main(script, Path(__file__).with_name("dolibarr.duckdb"))
