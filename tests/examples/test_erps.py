"""One rule file over three ERPs' tables, on two databases, against the same company worked out in plain Python."""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest
from tests.postgres_server import own_address

from assignrules import api
from assignrules.apply import Outcome
from assignrules.databases.postgres import Postgres
from assignrules.diagnostics import SourceFile
from assignrules.plan.model import Plan
from assignrules.project import Project
from assignrules.syntax.formatter import format_file
from assignrules.syntax.text import parse

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "erps"
ERPS = ("dolibarr", "weberp", "m3")
DATABASES = ("duckdb", "postgres")


def module(path: Path, name: str) -> ModuleType:
    """A file of the example, by path: three of them bear one name."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    spec.loader.exec_module(found)
    return found


sys.path.insert(0, str(EXAMPLE))
truth = module(EXAMPLE / "truth.py", "truth")
GENERATORS = {erp: module(EXAMPLE / erp / "generate.py", f"generate_{erp}") for erp in ERPS}


@dataclass(frozen=True)
class Place:
    """An ERP's project on a database that holds the example's rows."""

    erp: str
    project: Project
    address: str | None

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query of the company's tables gives."""
        if self.address is None:
            with duckdb.connect(str(self.project.root / f"{self.erp}.duckdb"), read_only=True) as connection:
                return connection.execute(sql).fetchall()
        with Postgres(self.address).connected() as connection:
            return connection.execute(sql).fetchall()


PAIRS = [pytest.param((erp, database), id=f"{erp}-{database}") for erp in ERPS for database in DATABASES]


@pytest.fixture(params=PAIRS)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    erp, database = request.param
    return place_of(erp, database, GENERATORS[erp].script(), tmp_path, monkeypatch)


def place_of(erp: str, database: str, script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, purpose: str = "erps") -> Place:
    """A copy of the example, with a database that the script has made."""
    folder = tmp_path / "erps"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.duckdb*", "__pycache__"))
    if database == "duckdb":
        with duckdb.connect(str(folder / erp / f"{erp}.duckdb")) as connection:
            connection.execute(script)
        return Place(erp, api.load_project(folder / erp, as_of=truth.TODAY), None)
    address = own_address(f"{purpose}_{erp}")
    with Postgres(address).connected() as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        for statement in script.split(";\n"):
            if statement.strip():
                connection.execute(statement)
    monkeypatch.setenv("DATABASE_URL", address)
    return Place(erp, api.load_project(folder / erp, environment="postgres", as_of=truth.TODAY), address)


Changes = dict[tuple[str, str, str | None], tuple[object, object]]


def planned(plan: Plan) -> Changes:
    return {(row.target, row.subject, row.member): (row.before, row.after) for row in plan.change_rows()}


def differences() -> Changes:
    """What the plan must hold, from the plain computation."""
    company = truth.company()
    before, after = truth.before(company), truth.expected(company)
    found: Changes = {}
    for code, new in after.items():
        old = before[code]
        if old.scenario != new.scenario:
            found["scenario", code, None] = (old.scenario, new.scenario)
        if old.blocked != new.blocked:
            found["order_block", code, None] = (old.blocked, new.blocked)
        for group in old.groups ^ new.groups:
            found["group", code, group] = (group in old.groups, group in new.groups)
        if new.cover is not None:
            found["cover", code, "ND"] = (None, f"{new.cover:.2f} EUR")
    return found


def test_the_company_is_worth_testing_with() -> None:
    company = truth.company()
    assert company == truth.company(), "the same each time"
    states = truth.expected(company).values()
    assert {state.scenario for state in states} == set(truth.SCENARIOS)
    assert all(any(group in state.groups for state in states) for group in truth.GROUPS)
    assert {state.blocked for state in states} == {True, False}
    assert len({state.cover for state in states}) > 3
    assert {document.kind for document in company.documents} == {"invoice", "credit_note", "payment"}
    assert any(customer.payer != customer.number for customer in company.customers)
    assert {customer.terms for customer in company.customers} == set(truth.TERMS)


@pytest.mark.parametrize("path", sorted(EXAMPLE.glob("*/**/*.rules")), ids=lambda path: path.stem)
def test_the_layout_is_canonical(path: Path) -> None:
    source = SourceFile(path.name, path.read_text(encoding="utf-8"))
    file, problems = parse(source)
    assert problems == ()
    assert format_file(file, source) == source.text, "run `assignrules fmt`"


def test_the_rules_are_the_same_for_all() -> None:
    assert len({(EXAMPLE / erp / "rules" / "group.rules").read_text(encoding="utf-8") for erp in ERPS}) == 1
    assert all(len(list((EXAMPLE / erp / "rules").iterdir())) == 1 for erp in ERPS)


def test_an_erp_gives_what_the_plain_computation_gives(place: Place) -> None:
    assert api.check(place.project).diagnostics == ()
    schema = api.check_schema(place.project)
    assert schema.diagnostics == ()
    plan = api.plan_changes(place.project)
    assert plan.header.applicable and not plan.data_errors
    assert planned(plan) == differences()
    result = api.apply(place.project, plan, reason="first run")
    assert result.outcome is Outcome.APPLIED, result.diagnostics
    assert api.plan_changes(place.project).changes == ()
    STORED[place.erp](place)
    # The engine's own tables stand beside them now, on a server in a schema of their own: the company's are still what a draft shows.
    table = {"dolibarr": "llx_societe", "weberp": "debtorsmaster", "m3": "OCUSMA"}[place.erp]
    assert table in api.draft_schema(place.project)


def stored_by_dolibarr(place: Place) -> None:
    company = truth.company()
    after = truth.expected(company)
    found = place.rows(
        "SELECT s.code_client, d.label, s.customer_bad FROM llx_societe AS s JOIN llx_societe_extrafields AS e ON e.fk_object = s.rowid "
        "JOIN llx_c_dunning AS d ON d.rowid = e.dunning WHERE d.active = 1"
    )
    assert sorted(found) == sorted((code, state.scenario, int(state.blocked)) for code, state in after.items())
    members = place.rows(
        "SELECT s.code_client, c.label FROM llx_categorie_societe AS m JOIN llx_societe AS s ON s.rowid = m.fk_societe "
        "JOIN llx_categorie AS c ON c.rowid = m.fk_categorie AND c.type = 2 AND c.entity = 1 WHERE c.label <> 'Key accounts'"
    )
    assert sorted(members) == pairs(after)
    assert place.rows("SELECT count(*) FROM llx_categorie_societe WHERE fk_categorie = 40") == [(len(after) // 9,)], "no rule's members"
    # Third parties that are no customers of this entity are as they were.
    assert place.rows("SELECT count(*) FROM llx_societe_extrafields WHERE fk_object < 100") == [(0,)]
    covers(place, after)


def stored_by_weberp(place: Place) -> None:
    after = truth.expected(truth.company())
    found = place.rows("SELECT c.debtorno, t.typename FROM debtorsmaster AS c JOIN debtortype AS t ON t.typeid = c.typeid")
    assert sorted(found) == sorted((code, state.scenario) for code, state in after.items())
    members = place.rows("SELECT m.debtorno, g.groupname FROM z_customergroups AS m JOIN z_groups AS g ON g.groupid = m.groupid")
    assert sorted(members) == pairs(after)
    # What is exported leaves the company's own column alone.
    held = place.rows("SELECT debtorno FROM debtorsmaster WHERE holdreason = 51")
    assert sorted(held) == [(item.code,) for item in truth.company().customers if item.blocked]
    covers(place, after)


def stored_by_m3(place: Place) -> None:
    after = truth.expected(truth.company())
    found = place.rows('SELECT TRIM("OKCUNO"), "OKCFC1", "OKBLCD" > 0 FROM "OCUSMA" WHERE "OKCONO" = 100 AND "OKDIVI" = \'AAA\'')
    shown = [(code, f"S{truth.SCENARIOS.index(state.scenario) + 1}") for code, state in after.items()]
    assert sorted((code, scenario) for code, scenario, _ in found) == sorted([*shown, ("C9001", "")])
    assert {code for code, _, stopped in found if stopped} == {item.code for item in truth.company().customers if item.blocked}
    names = {"LIMIT": "Over the limit", "LATE": "Seriously late"}
    rows = place.rows('SELECT TRIM("EXCUNO"), "EXGRID", "EXCHID" FROM "EXTCGR" WHERE "EXCONO" = 100 AND "EXDIVI" = \'AAA\'')
    assert sorted((code, names[group]) for code, group, _ in rows) == pairs(after)
    before = truth.before(truth.company())
    assert all((by == "RULES") == (names[group] not in before[code].groups) for code, group, by in rows), "new rows say who made them"
    # The other division and the other company are as they were.
    assert place.rows('SELECT count(*) FROM "EXTCGR" WHERE "EXCONO" <> 100 OR "EXDIVI" <> \'AAA\'') == [(2,)]
    assert place.rows('SELECT DISTINCT "OKCFC1" FROM "OCUSMA" WHERE "OKCONO" <> 100 OR "OKDIVI" <> \'AAA\'') == [("S4",)]
    covers(place, after)


def pairs(states: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((code, group) for code, state in states.items() for group in state.groups)


def covers(place: Place, states: dict[str, Any]) -> None:
    schema = "" if place.address is None else f"{Postgres(place.address).schema}."
    found = place.rows(f"SELECT subject, member, value, currency FROM {schema}assignrules_target_cover")
    assert sorted(found) == sorted((code, "ND", state.cover, "EUR") for code, state in states.items() if state.cover is not None)


STORED = {"dolibarr": stored_by_dolibarr, "weberp": stored_by_weberp, "m3": stored_by_m3}


# The real demo companies of two of the ERPs, as others published them

REAL_DAY = date(2014, 1, 1)
ROWS = {
    "dolibarr": "INSERT INTO llx_c_dunning SELECT row_number() OVER (), NULL, name, 1 FROM (SELECT unnest($names) AS name);",
    "weberp": "INSERT INTO debtortype SELECT 1 + row_number() OVER (), name FROM (SELECT unnest($names) AS name);",
}
GROUP_ROWS = {
    "dolibarr": "INSERT INTO llx_categorie (rowid, label, type, entity) "
    "SELECT 900 + row_number() OVER (), name, 2, 1 FROM (SELECT unnest($names) AS name);",
    "weberp": "INSERT INTO z_groups SELECT row_number() OVER (), name FROM (SELECT unnest($names) AS name);",
}


def dump(erp: str) -> Path:
    """The folder of a demo company's tables."""
    name = {"dolibarr": "dolibarr_3_5", "weberp": "weberp_4_10"}[erp]
    folders = [Path(__file__).resolve().parents[3] / "shared"]
    if os.environ.get("ASSIGNRULES_SHARED"):
        folders.insert(0, Path(os.environ["ASSIGNRULES_SHARED"]))
    found = next((folder / "data" / name for folder in folders if (folder / "data" / name).is_dir()), None)
    if found is None:
        where = "in ../shared beside the repository, nor in the folder that ASSIGNRULES_SHARED names"
        pytest.skip(f"THE REAL TABLES OF {erp.upper()} WERE NOT TESTED: there is no data/{name} {where}")
    return found


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


Owed = dict[str, list[tuple[Decimal, date | None]]]


def owed_in_dolibarr(folder: Path) -> Owed:
    """What each customer owes, with when it is due: from the files themselves."""
    parties = [row for row in table(folder, "llx_societe") if row["client"] in ("1", "3") and row["entity"] == "1"]
    customers = {row["rowid"]: row["code_client"] or f"no code, row {row['rowid']}" for row in parties}
    discounts = table(folder, "llx_societe_remise_except")
    turned = {row["fk_facture_source"] for row in discounts} - {""}
    settled: dict[str, Decimal] = defaultdict(Decimal)
    for row in table(folder, "llx_paiement_facture"):
        settled[row["fk_facture"]] += Decimal(row["amount"])
    for row in discounts:
        settled[row["fk_facture"]] += Decimal(row["amount_ttc"])
    owed: Owed = {code: [] for code in customers.values()}
    for row in table(folder, "llx_facture"):
        if row["fk_soc"] in customers and row["entity"] == "1" and row["fk_statut"] in ("1", "2") and row["rowid"] not in turned:
            due = date.fromisoformat(row["date_lim_reglement"]) if row["date_lim_reglement"] else None
            owed[customers[row["fk_soc"]]].append((Decimal(row["total_ttc"]) - settled[row["rowid"]], due))
    for row in discounts:
        if row["fk_soc"] in customers and not row["fk_facture"] and not row["fk_facture_line"]:
            owed[customers[row["fk_soc"]]].append((-Decimal(row["amount_ttc"]), None))
    return owed


def owed_in_weberp(folder: Path) -> Owed:
    terms = {row["termsindicator"]: (int(row["daysbeforedue"]), int(row["dayinfollowingmonth"])) for row in table(folder, "paymentterms")}
    worth = {row["currabrev"]: (1 / Decimal(row["rate"])).quantize(Decimal("1e-10"), ROUND_HALF_UP) for row in table(folder, "currencies")}
    customers = {row["debtorno"]: row for row in table(folder, "debtorsmaster")}
    owed: Owed = {code: [] for code in customers}
    for row in table(folder, "debtortrans"):
        customer, issued = customers[row["debtorno"]], date.fromisoformat(row["trandate"][:10])
        rest = sum(Decimal(row[part]) for part in ("ovamount", "ovgst", "ovfreight", "ovdiscount")) - Decimal(row["alloc"])
        days, day = terms[customer["paymentterms"]]
        following = (issued.replace(day=1) + timedelta(days=32)).replace(day=1)
        last = (following + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        due = issued + timedelta(days=days) if days else min(following + timedelta(days=day - 1), last)
        owed[row["debtorno"]].append((rest * worth[customer["currcode"]], due if row["type"] == "10" else None))
    return owed


@pytest.mark.parametrize("erp", ["dolibarr", "weberp"])
def test_the_real_tables_give_what_the_files_say(erp: str, tmp_path: Path) -> None:
    source, folder, home = dump(erp), tmp_path / "erps", {"dolibarr": "EUR", "weberp": "USD"}[erp]
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.duckdb*", "__pycache__"))
    for file in ("assignrules.yml", "schema.yml"):  # webERP's demo company reckons in dollars
        path = folder / erp / file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("currency: EUR\n", f"currency: {home}\n").replace("<> 'EUR'", f"<> '{home}'"), encoding="utf-8")
    ddl = GENERATORS[erp].DDL
    with duckdb.connect(str(folder / erp / f"{erp}.duckdb")) as connection:
        connection.execute(ddl.replace("NOT NULL", ""))  # the files say nothing of empty texts
        for file in sorted(source.glob("*.csv")):
            if f"CREATE TABLE {file.stem} " in ddl:
                connection.execute(f"INSERT INTO {file.stem} BY NAME SELECT * FROM read_csv('{file}', all_varchar=true)")
        connection.execute(ROWS[erp], {"names": list(truth.SCENARIOS)})
        connection.execute(GROUP_ROWS[erp], {"names": list(truth.GROUPS)})
    params = {"late_from": f"20 {home}", "legal_from": f"500 {home}"}
    project = api.load_project(folder / erp, as_of=REAL_DAY, params=params)
    assert api.check_schema(project).diagnostics == ()
    plan = api.plan_changes(project)
    assert plan.header.applicable and not plan.data_errors
    expected: dict[str, str] = {}
    for code, items in (owed_in_dolibarr if erp == "dolibarr" else owed_in_weberp)(source).items():
        late = [(amount, (REAL_DAY - due).days) for amount, due in items if amount > 0 and due is not None and due < REAL_DAY]
        over_30, over_60 = (sum((amount for amount, days in late if days > bound), Decimal(0)) for bound in (30, 60))
        expected[code] = "Legal" if over_60 >= 500 else "Firm" if over_30 >= 20 else "Friendly" if late else "No reminder"
    assert {subject: after for (target, subject, _), (_, after) in planned(plan).items() if target == "scenario"} == expected
    assert len(set(expected.values())) > 1
    assert api.apply(project, plan, reason="real rows").outcome is Outcome.APPLIED
    assert api.plan_changes(project).changes == ()
