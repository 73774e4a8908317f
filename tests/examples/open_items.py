"""The open items example: its script, its project over a prepared database, and the same book in memory for the reference."""

import importlib.util
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from shutil import copytree, ignore_patterns
from types import ModuleType

import duckdb

from assignrules import api
from assignrules.diagnostics.span import SourceFile
from assignrules.ir.changes import Change
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.types import Money
from assignrules.project import Project
from assignrules.reference import begin, plan
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import credit

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "open_items"
SAMPLE = EXAMPLE / "sample.csv"
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


def counts(tallies: Mapping[str, object]) -> dict[str, int]:
    return {what: tally.rows for what, tally in tallies.items()}


def ruleset() -> Ruleset:
    report = api.check(api.load_project(EXAMPLE, as_of=AS_OF))
    assert report.diagnostics == (), "the rules raise no remark"
    assert report.ruleset is not None
    return report.ruleset


def source_of(path: Path) -> SourceFile:
    return SourceFile(f"{path.parent.name}/{path.name}", path.read_text(encoding="utf-8"))


def items(database: Path) -> list[dict[str, object]]:
    """The table that the script leaves, in the order of the file."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute("FROM items ORDER BY rowid")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def most_frequent(texts: Iterable[object]) -> object:
    """Of equals the first by alphabet; None where there is none."""
    counted = Counter(str(text) for text in texts if text is not None)
    return min(counted, key=lambda text: (-counted[text], text), default=None)


def customers(posted: Iterable[Mapping[str, object]]) -> dict[str, tuple[object, object, object]]:
    """Name, company and currency of those who have an item."""
    found: dict[str, list[Mapping[str, object]]] = {}
    for item in posted:
        found.setdefault(str(item["customer"]), []).append(item)
    return {
        customer: tuple(most_frequent(item[name] for item in of) for name in ("name", "company", "currency"))
        for customer, of in found.items()
    }


def dataset(database: Path, as_of: date) -> Dataset:
    """The book of a day in memory, without the mapping."""
    posted = [item for item in items(database) if item["posted_on"] <= as_of]
    documents = [
        {
            "number": item["number"],
            "customer": item["customer"],
            "type": item["kind"],
            "issue_date": item["posted_on"],
            "due_date": item["due_on"],
            "open_amount": Money(item["amount"], item["currency"]),
            "currency": item["currency"],
        }
        for item in posted
    ]
    them = [
        {"code": code, "name": name, "segment": company, "currency": currency}
        for code, (name, company, currency) in customers(posted).items()
    ]
    with duckdb.connect(str(database), read_only=True) as connection:
        listed = connection.execute("FROM rates").fetchall()
    rates = [{"currency": currency, "on": date(2000, 1, 1), "rate": rate} for currency, rate in listed]
    return Dataset({"customer": them, "document": documents, "rates": rates})


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


def by_reference(database: Path, as_of: date = AS_OF) -> Strategy:
    """Row by row, in memory."""
    project = api.load_project(EXAMPLE, as_of=as_of)
    evaluation = begin(credit(), ruleset(), dataset(database, as_of), as_of)
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


def figures(project: Project) -> dict[str, dict[str, tuple[object, ...]]]:
    """What the project's reports say of the day, by report and currency."""
    return {name: {str(row[0]): tuple(row[1:]) for row in api.report(project, name).lines} for name in ("posted", "past_due", "customers")}


def copied(place: Path) -> Path:
    """A copy of the project without its data; where its database will be."""
    copytree(EXAMPLE, place, ignore=ignore_patterns("*.duckdb*", "__pycache__"))
    return place / "open_items.duckdb"
