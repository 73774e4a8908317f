"""The open items example: its sample against figures worked out by hand; the real file, where it is, against a second, plain reading."""

import csv
import importlib.util
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from shutil import copytree, ignore_patterns
from types import ModuleType

import pytest
import yaml

from assignrules import api
from assignrules.diagnostics.span import SourceFile
from assignrules.ir.changes import Change
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.types import Money
from assignrules.project import Project
from assignrules.reference import begin, plan
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import credit
from assignrules.syntax.formatter import format_file
from assignrules.syntax.text import parse
from assignrules.testing import ReferencePlanner, read_case, run_case

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "open_items"
SAMPLE = EXAMPLE / "sample.csv"
REAL = "open_items_us_ca.csv"
AS_OF = date(2020, 4, 30)
SEARCHES = ("strategic", "standard", "small", "old_arrears", "risky")


def load_module() -> ModuleType:
    """By path: the script is not part of the package."""
    spec = importlib.util.spec_from_file_location("open_items_prepare", EXAMPLE / "prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look their annotations up there
    spec.loader.exec_module(module)
    return module


prepare = load_module()


def rows(directory: Path, name: str) -> list[dict[str, str]]:
    with (directory / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def counts(tallies: Mapping[str, object]) -> dict[str, int]:
    return {what: tally.rows for what, tally in tallies.items()}


def ruleset() -> Ruleset:
    report = api.check(api.load_project(EXAMPLE, as_of=AS_OF))
    assert report.diagnostics == (), "the rules raise no remark"
    assert report.ruleset is not None
    return report.ruleset


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def dataset(directory: Path) -> Dataset:
    """The prepared files in memory."""
    documents = [
        {
            "number": row["number"],
            "customer": row["customer"],
            "type": row["type"],
            "issue_date": day(row["issue_date"]),
            "due_date": day(row["due_date"]),
            "open_amount": Money(Decimal(row["open_amount"]), row["currency"]),
            "currency": row["currency"],
        }
        for row in rows(directory, "document")
    ]
    rates = [{"currency": row["currency"], "on": day(row["on"]), "rate": Decimal(row["rate"])} for row in rows(directory, "rates")]
    customers = [{name: value or None for name, value in row.items()} for row in rows(directory, "customer")]
    return Dataset({"customer": list(customers), "document": list(documents), "rates": list(rates)})


@dataclass
class Strategy:
    """What the five searches find and the blocks plan, by customer."""

    searches: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in SEARCHES})
    scenarios: dict[str, str] = field(default_factory=dict)
    members: dict[tuple[str, str], set[str]] = field(default_factory=dict)


def take(changes: Iterable[Change], found: Strategy) -> None:
    """The changes of a first run, where nobody has anything."""
    for change in changes:
        if change.target == "scenario":
            assert change.before is None
            found.scenarios[change.subject] = str(change.after)
        else:
            assert change.member is not None
            assert (change.before, change.after) == (False, True)
            found.members.setdefault((change.target, change.member), set()).add(change.subject)


def by_reference(directory: Path) -> Strategy:
    """Row by row, in memory."""
    project = api.load_project(EXAMPLE, as_of=AS_OF)
    evaluation = begin(credit(), ruleset(), dataset(directory), AS_OF)
    outcome = plan(evaluation, project.guard)
    assert outcome.data_errors == outcome.data_warnings == outcome.held == outcome.conflicts == ()
    assert outcome.applicable
    found = Strategy()
    customers = evaluation.rows.records["customer"]
    for search in evaluation.ruleset.searches():
        if search.name in SEARCHES:
            found.searches[search.name] = {row.key for row in customers if evaluation.holds(search.expression, row)}
    take(outcome.changes, found)
    return found


def by_product(project: Project) -> Strategy:
    """By SQL, in the project's database."""
    planned = api.plan_changes(project)
    assert planned.data_errors == planned.data_warnings == planned.held == planned.conflicts == ()
    assert planned.header.applicable
    found = Strategy()
    for name in SEARCHES:
        found.searches[name] = {key for key, _ in api.search(project, name).rows}
    take(planned.change_rows(), found)
    return found


def loaded(directory: Path, place: Path, expected: Mapping[str, int]) -> Project:
    """A copy of the project, the files loaded into its own database, no row rejected."""
    copytree(EXAMPLE, place, ignore=ignore_patterns("data", "*.duckdb*", "__pycache__"))
    project = api.load_project(place, as_of=AS_OF)
    report = api.load(project, [directory])
    assert report.diagnostics == ()
    assert report.loaded
    assert report.rejected == 0
    assert {item.entity: item.after for item in report.entities} == expected
    return project


# The sample


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, object]:
    directory = tmp_path_factory.mktemp("open_items") / "data"
    return directory, prepare.prepare(SAMPLE, directory, as_of=AS_OF)


def test_every_row_of_the_sample_is_accounted_for(sample: tuple[Path, object]) -> None:
    summary = sample[1]
    assert (summary.rows, summary.documents, summary.customers, summary.overdue_items) == (64, 50, 16, 25)
    assert counts(summary.dropped) == {
        "posted after the as-of date": 3,
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
    assert summary.rows == summary.documents + sum(counts(summary.dropped).values())
    assert counts(summary.changed) == {
        "customer id: leading zeros, blanks or `.0` taken off": 42,
        "document id: blanks or `.0` taken off": 48,
        "document id: missing, taken from the invoice id": 1,
        "document id: used before, numbered on": 1,
        "name: blanks taken off or joined": 8,
        "name: blank": 1,
        "name: the customer's most frequent one taken": 11,
        "currency: put in capitals, or blanks taken off": 1,
        "posting date: rewritten": 2,
        "due date: rewritten": 2,
        "due date: missing or unreadable, so never past due": 2,
    }


def test_the_totals_of_the_sample_are_exact(sample: tuple[Path, object]) -> None:
    dollars, canadian = sample[1].currencies["USD"], sample[1].currencies["CAD"]
    # 10 of 139,100.00, 5 of 280,000.00 (3 of them late) and one of 10,000.00 (late).
    assert (canadian.items, canadian.open_amount) == (16, Decimal("2801000.00"))
    assert (canadian.overdue_items, canadian.overdue) == (4, Decimal("850000.00"))
    assert (dollars.items, dollars.overdue_items) == (34, 21)
    # Per customer, in the order of the file; credits below zero.
    debits = "1240000.55 31000.75 25000.00 30000.00 62500.00 69999.99 10000.00 45000.00 9999.99 20700.70 120.50 800.115 9015.00"
    assert dollars.open_amount == sum(map(Decimal, debits.split())) - Decimal("90000.00") - Decimal("6000.01") - Decimal("1500.00")
    late = "1090000.55 1000.25 30000.00 50000.00 69999.99 10000.00 45000.00 9999.99 20000.00 120.50 700.125 9015.00"
    assert dollars.overdue == sum(map(Decimal, late.split()))


def test_the_customers_of_the_sample(sample: tuple[Path, object]) -> None:
    customers = {row["code"]: (row["name"], row["segment"], row["currency"]) for row in rows(sample[0], "customer")}
    assert customers == {
        "140100003": ("MAPLE distribution", "CA02", "CAD"),
        "140100004": ("SPRUCE corp", "CA02", "CAD"),
        "200100001": ("HARBOR foods", "U001", "USD"),  # four ways to write the id, six rows, blanks in the names
        "200100002": ("PRAIRIE co", "U001", "USD"),  # two and two: the first by alphabet
        "200100006": ("CEDAR us", "U001", "USD"),
        "200100007": ("OAK associates", "U001", "USD"),
        "200100008": ("ELM foundation", "U001", "USD"),
        "200100009": ("ASH systems", "U001", "USD"),
        "200100010": ("BIRCH systems", "U001", "USD"),
        "200100011": ("FIR in", "U001", "USD"),
        "200100012": ("WILLOW co", "U002", "USD"),  # of two companies and two currencies, the more frequent
        "200100013": ("ROWAN", "U001", "USD"),
        "200100014": ("", "U001", "USD"),
        "200100015": ("LARCH trust", "U001", "USD"),
        "200100016": ("ALDER co", "U001", "USD"),
        "CCU013": ("INTER", "U013", "USD"),
    }


def test_the_quirks_of_the_sample(sample: tuple[Path, object]) -> None:
    documents = {row["number"]: row for row in rows(sample[0], "document")}
    assert len(documents) == 50, "each number stands once"
    of_larch = [tuple(row.values())[3:] for row in documents.values() if row["customer"] == "200100015"]
    assert of_larch == [
        ("2020-04-03", "2020-04-24", "640.00", "USD"),
        ("2020-04-06", "2020-04-26", "60.125", "USD"),
        ("2020-04-07", "", "99.99", "USD"),
    ]
    of_alder = {number: (row["type"], row["open_amount"]) for number, row in documents.items() if row["customer"] == "200100016"}
    assert of_alder == {
        "1940000001": ("invoice", "1000.00"),
        "1940000002-2": ("invoice", "2000.00"),
        "1940000002": ("invoice", "3000.00"),
        "1940000002-3": ("invoice", "3000.00"),  # `-2` is taken
        "1930005051": ("misc", "15.00"),
    }
    credits = [(row["customer"], row["type"]) for row in documents.values() if row["open_amount"].startswith("-")]
    assert credits == [
        ("200100001", "credit_note"),
        ("200100006", "credit_note"),
        ("200100006", "payment"),
        ("200100013", "credit_note"),
    ]
    assert rows(sample[0], "rates") == [{"currency": "CAD", "on": "2020-04-30", "rate": "0.7189"}]


def test_another_day_and_rate(tmp_path: Path) -> None:
    rates = {"CAD": Decimal("0.5"), "EUR": Decimal("1.1")}
    summary = prepare.prepare(SAMPLE, tmp_path, as_of=date(2020, 5, 1), rates=rates)
    assert counts(summary.dropped)["posted after the as-of date"] == 1
    assert (summary.documents, summary.customers) == (52, 17)
    assert summary.overdue_items == 26, "what was due on 2020-04-30 is late now"
    assert [(row["currency"], row["on"], row["rate"]) for row in rows(tmp_path, "rates")] == [
        ("CAD", "2020-05-01", "0.5"),
        ("EUR", "2020-05-01", "1.1"),
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
        prepare.prepare(source, tmp_path / "data", as_of=AS_OF)
    assert list((tmp_path / "data").iterdir()) == []


def test_the_command_line(sample: tuple[Path, object], tmp_path: Path) -> None:
    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, EXAMPLE / "prepare.py", *words], capture_output=True, text=True, check=False)

    done = run(SAMPLE, tmp_path / "data")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == prepare.report(sample[1]) + "\n"
    assert "64 rows: 50 open items of 16 customers, 25 past due\n" in done.stdout
    assert "       3  posted after the as-of date (lines 53, 54, 55)\n" in done.stdout
    assert "       1  the same row again (line 51)\n" in done.stdout
    for name in ("customer", "document", "rates"):
        assert (tmp_path / "data" / f"{name}.csv").read_bytes() == (sample[0] / f"{name}.csv").read_bytes()
    absent = run(tmp_path / "absent.csv", tmp_path / "data")
    assert absent.returncode == 1
    assert absent.stderr.startswith("prepare.py: ")
    assert run(SAMPLE, tmp_path / "data", "--rate", "CAD=0").returncode == 2


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


def test_the_product_plans_the_sample_and_applies_it_once(sample: tuple[Path, object], tmp_path: Path) -> None:
    project = loaded(sample[0], tmp_path / "project", {"customer": 16, "document": 50, "rates": 1})
    assert by_product(project) == BY_HAND
    api.apply(project, api.plan_changes(project), reason="first run")
    assert api.plan_changes(project).changes == ()


# The rules

RULES = sorted((EXAMPLE / "rules").glob("*.rules"))
CASES = sorted((EXAMPLE / "tests").glob("*.yml"))


def source_of(path: Path) -> SourceFile:
    return SourceFile(f"{path.parent.name}/{path.name}", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_the_layout_is_canonical(path: Path) -> None:
    file, problems = parse(source_of(path))
    assert problems == ()
    assert format_file(file, source_of(path)) == path.read_text(encoding="utf-8"), "run `assignrules fmt`"


def test_what_the_rules_are() -> None:
    rules = ruleset()
    assert {search.name for search in rules.searches() if search.span is not None} == set(SEARCHES)
    desk = rules.order.index(("portfolio", "Arrears desk"))
    assert all(rules.order.index(("group", name)) < desk for name in ("Old arrears", "Late payers"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_rule_tests_pass(path: Path) -> None:
    case, problems = read_case(source_of(path), credit())
    assert problems == ()
    assert case is not None
    assert run_case(case, ReferencePlanner(credit()), credit(), rules=[source_of(rules) for rules in RULES]) == []


def test_the_rule_tests_pass_in_the_product() -> None:
    report = api.run_tests(api.load_project(EXAMPLE))
    assert [(result.file, result.diagnostics) for result in report.results] == [(f"tests/{path.name}", ()) for path in CASES]


def test_the_rule_tests_take_the_settings_of_the_project() -> None:
    project = api.load_project(EXAMPLE)
    for path in CASES:
        written = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        assert written["project"] == {"currency": project.currency}
        assert written["params"] == dict(project.params)


def test_every_search_and_block_has_a_rule_test() -> None:
    cases = [yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader) for path in CASES]
    assert set(SEARCHES) <= {name for case in cases for name, keys in case["expect"]["searches"].items() if keys}
    changes = [change for case in cases for change in case["expect"]["changes"]]
    assert {"Manual review", "Automatic", "Phone", "E-mail"} <= {change["after"] for change in changes}
    moved = {(change["member"], change["after"]) for change in changes if "member" in change}
    assert moved == {(name, state) for name in ("Old arrears", "Late payers", "Arrears desk") for state in ("true", "false")}


# The real file


def shared_file() -> Path | None:
    folders = [ROOT.parent / "shared"]
    if os.environ.get("ASSIGNRULES_SHARED"):
        folders.insert(0, Path(os.environ["ASSIGNRULES_SHARED"]))
    return next((found for folder in folders if (found := folder / "data" / REAL).is_file()), None)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, object]]:
    source = shared_file()
    if source is None:
        where = "in ../shared beside the repository, nor in the folder that ASSIGNRULES_SHARED names"
        pytest.skip(f"THE REAL FILE WAS NOT TESTED: there is no data/{REAL} {where}")
    directory = tmp_path_factory.mktemp("real") / "data"
    yield source, directory, prepare.prepare(source, directory, as_of=AS_OF)


def by_plain_python(source: Path) -> Strategy:
    """The strategy over the flat file itself: nothing of the example's script or the engine."""
    owed: dict[str, Decimal] = defaultdict(Decimal)
    late: dict[str, Decimal] = defaultdict(Decimal)
    late_30: dict[str, Decimal] = defaultdict(Decimal)
    late_45: dict[str, Decimal] = defaultdict(Decimal)
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["posting_date"] > "2020-04-30":
                continue
            customer = row["cust_number"].lstrip("0")
            amount = Decimal(row["total_open_amount"]) * {"USD": Decimal(1), "CAD": Decimal("0.7189")}[row["invoice_currency"]]
            days = (AS_OF - date.fromisoformat(row["due_in_date"])).days
            owed[customer] += amount
            late[customer] += amount if days > 0 else 0
            late_30[customer] += amount if days > 30 else 0
            late_45[customer] += amount if days > 45 else 0
    found = Strategy()
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
    return found


def test_the_figures_of_the_real_file(real: tuple[Path, Path, object]) -> None:
    summary = real[2]
    assert (summary.rows, summary.documents, summary.customers, summary.overdue_items) == (9_700, 8_718, 511, 6_548)
    dollars, canadian = summary.currencies["USD"], summary.currencies["CAD"]
    assert set(summary.currencies) == {"USD", "CAD"}
    assert (dollars.items, dollars.open_amount) == (8_044, Decimal("248005623.66"))
    assert (dollars.overdue_items, dollars.overdue) == (6_005, Decimal("186922934.10"))
    assert (canadian.items, canadian.open_amount) == (674, Decimal("39944972.46"))
    assert (canadian.overdue_items, canadian.overdue) == (543, Decimal("33410901.76"))
    assert counts(summary.dropped) == {"posted after the as-of date": 982}
    stated = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    rate = Decimal("0.7189")
    for words in (
        f"| Posted open items | {dollars.items:,} | {canadian.items:,} | {summary.documents:,} |",
        f"| {dollars.open_amount:,} | {canadian.open_amount:,} | USD {dollars.open_amount + canadian.open_amount * rate:,.2f} |",
        f"| Items past due | {dollars.overdue_items:,} | {canadian.overdue_items:,} | {summary.overdue_items:,} |",
        f"| {dollars.overdue:,} | {canadian.overdue:,} | USD {dollars.overdue + canadian.overdue * rate:,.2f} |",
    ):
        assert words in stated
    customers = rows(real[1], "customer")
    assert not any(row["name"] != " ".join(row["name"].split()) or not row["name"] for row in customers)
    assert sum(row["currency"] == "CAD" for row in customers) == 58


@pytest.fixture(scope="module")
def expected(real: tuple[Path, Path, object]) -> Strategy:
    return by_plain_python(real[0])


def test_the_product_plans_the_real_file_as_plain_python_does(real: tuple[Path, Path, object], expected: Strategy, tmp_path: Path) -> None:
    project = loaded(real[1], tmp_path / "project", {"customer": 511, "document": 8_718, "rates": 1})
    assert by_product(project) == expected


def test_the_reference_plans_the_real_file_as_plain_python_does(real: tuple[Path, Path, object], expected: Strategy) -> None:
    assert by_reference(real[1]) == expected


def test_the_readme_states_what_the_real_file_gives(expected: Strategy) -> None:
    stated = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    for name, keys in expected.searches.items():
        assert f"| Search `{name}` finds | {len(keys)} |\n" in stated
    for (target, member), keys in expected.members.items():
        assert f"| {target.capitalize()} *{member}* | {len(keys)} |\n" in stated
    for scenario in sorted(set(expected.scenarios.values())):
        assert f"| Scenario *{scenario}* | {sum(value == scenario for value in expected.scenarios.values())} |\n" in stated
