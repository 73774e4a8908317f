"""My Company SAS: the generated files meet the figures, hang together, are the same everywhere; README states what is measured."""

import csv
import hashlib
import importlib.util
import re
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
import yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "my_company_sas"
SCHEMA = ROOT / "src" / "assignrules" / "schema" / "credit" / "schema.yml"

DIGEST = "607c6fb8f79a0b590aea20dd9a5dab2fdb44e3a7e4ff6cd2cafabf401299a7c7"
"""Of all files in the order of their names. It changes with the generator only: never with a platform or a Python version."""


def load_module(name: str) -> ModuleType:
    """By path and without registration, as the installed command does it."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generator = load_module("generate")
gauge = load_module("measure")


def digest(directory: Path) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(directory.iterdir()))).hexdigest()


def rows(directory: Path, name: str) -> list[dict[str, str]]:
    with (directory / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("my_company_sas") / "data"
    before = time.process_time()
    generator.generate(directory, as_of=generator.AS_OF)
    assert time.process_time() - before < 3
    return directory


def check_targets(directory: Path, as_of: date) -> None:
    figures = gauge.measure(directory, as_of=as_of)
    assert figures.active_customers == 2_000
    assert abs(figures.turnover - 700_000_000) < 1
    assert abs(figures.outstanding - 75_000_000) < 1
    assert abs(figures.late_share - Decimal("0.230")) <= Decimal("0.002")
    assert abs(figures.over_60_share - Decimal("0.020")) <= Decimal("0.0005")
    assert abs(figures.over_60 - 1_500_000) <= 30_000
    assert 0 < figures.over_60_unqualified < figures.over_60
    assert figures.currencies == 3
    assert figures.countries >= 5
    assert figures.parents > 0
    # Each line of the strategy has something to do, and none has everything.
    assert all(0 < count < figures.active_customers for count in figures.searches.values())
    assert figures.searches["strategic"] < figures.searches["standard"] < figures.searches["small"]


def test_the_figures_meet_the_targets(data: Path) -> None:
    check_targets(data, generator.AS_OF)


def test_the_figures_hold_at_another_date_and_seed(tmp_path: Path) -> None:
    as_of = date(2028, 2, 29)
    generator.generate(tmp_path, as_of=as_of, seed=7)
    check_targets(tmp_path, as_of)
    assert digest(tmp_path) != DIGEST


def test_the_readme_states_what_is_measured(data: Path) -> None:
    assert gauge.table(gauge.measure(data)) in (EXAMPLE / "README.md").read_text(encoding="utf-8")


def test_the_bytes_are_the_same_everywhere(data: Path) -> None:
    assert digest(data) == DIGEST


def test_headers_are_logical_names_and_links_lead_somewhere(data: Path) -> None:
    entities = yaml.load(SCHEMA.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["entities"]
    assert {path.stem for path in data.iterdir()} == set(entities)
    keys: dict[str, set[str]] = {}
    for name, entity in entities.items():
        if isinstance(entity.get("key"), str):
            found = [row[entity["key"]] for row in rows(data, name)]
            assert len(found) == len(set(found)), f"a key of {name} is repeated"
            assert "" not in found
            keys[name] = set(found)
    for name, entity in entities.items():
        fields = {field if isinstance(field, str) else next(iter(field)) for field in entity["fields"]}
        links = {link: target.partition(".")[0] for link, target in entity.get("links", {}).items()}
        table = rows(data, name)
        assert set(table[0]) - {"currency"} <= fields | set(links), name
        for link, target in links.items():
            given = {row[link] for row in table if row.get(link)}
            assert given <= keys[target], f"{name}.{link}"


def test_enums_are_in_their_lists(data: Path) -> None:
    def values(name: str, field: str) -> set[str]:
        return {row[field] for row in rows(data, name)}

    assert values("document", "type") == {"invoice", "credit_note", "payment", "misc", "draft", "down_payment_request"}
    assert values("guarantee", "approval_state") == {"pending", "approved", "partial", "refused", "reduced", "cancelled"}
    assert {"permanent", "temporary"} <= values("guarantee", "kind") <= {"permanent", "temporary", "top_up", "cap", "cap_plus"}
    assert values("policy", "declaration_basis") == {"issue_date", "due_date"}


def test_what_the_rules_look_at_varies(data: Path) -> None:
    documents = rows(data, "document")
    assert {"", "promise", "dispute", "dispute_resolved", "litigation", "declared"} == {row["status"] for row in documents}
    assert any(row["comment"] and not row["status"] for row in documents)
    contacts = rows(data, "contact")
    assert any(not row["email"] for row in contacts)
    assert any(row["bounced"] == "true" for row in contacts)
    customers = rows(data, "customer")
    for field in ("insurer_score", "payer_profile", "legal_entity", "policy"):
        missing = sum(not row[field] for row in customers)
        assert 0 < missing < len(customers) // 2, field
    assert any(row["locked"] == "true" for row in customers)
    assert any(row["parent"] for row in rows(data, "legal_entity"))


def test_numbers_are_plain_decimals(data: Path) -> None:
    for row in rows(data, "document"):
        assert re.fullmatch(r"-?\d+\.\d\d", row["open_amount"])
        assert (Decimal(row["amount"]) - Decimal(row["open_amount"])) * (1 if Decimal(row["amount"]) > 0 else -1) >= 0
