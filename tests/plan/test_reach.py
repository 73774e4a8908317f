"""What one subject's explanation reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from assignrules.databases.duckdb import DuckDBMemory
from assignrules.databases.embedded import create_store, fill
from assignrules.diagnostics import SourceFile
from assignrules.plan.reach import reach
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import credit
from assignrules.schema.mapping import identity
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.queries import Compiler
from assignrules.testing import check_rules
from assignrules.testing.case import ProjectSettings

pytestmark = pytest.mark.slow

ROWS = Dataset(
    rows={
        "customer": [
            {"code": "C1", "legal_entity": "L1", "payer": "C3"},
            {"code": "C2", "legal_entity": "L1"},
            {"code": "C3"},
            {"code": "C4", "legal_entity": "L4"},
        ],
        "legal_entity": [{"code": "L1"}, {"code": "L4", "parent": "L1"}, {"code": "L9"}],
        "document": [{"number": f"F{number}", "customer": f"C{number % 5}"} for number in range(1, 11)],
        "contact": [{"id": "K1", "customer": "C1"}, {"id": "K4", "customer": "C4"}],
    }
)


def reached(rules: str, subject: str = "C1", entity: str = "customer") -> Mapping[str, list[str]]:
    ruleset, problems = check_rules(credit(), [SourceFile("a.rules", rules)], {}, ProjectSettings())
    assert ruleset is not None, problems
    database = DuckDBMemory()
    with database.writing(create=True) as session:
        create_store(session, credit())
        fill(session, credit(), ROWS)
        session.commit()
    with database.reading() as session:
        compiler = Compiler(ruleset, identity(credit()), DIALECTS["duckdb"], date(2026, 11, 22), journal=False)
        kept = reach(session, compiler, entity, subject, ruleset.order)
    return {name: sorted(keys) for name, keys in kept.items()}


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ('assign scenario "A" to active', {"customer": ["C1"]}),
        ('assign scenario "A" to outstanding > 0', {"customer": ["C1"], "document": ["F1", "F6"]}),
        (
            'assign scenario "A" to any(legal_entity.customers where any(documents))',
            {"customer": ["C1", "C2"], "document": ["F1", "F2", "F6", "F7"], "legal_entity": ["L1"]},
        ),
        (
            'assign scenario "A" to any(legal_entity.children.customers)',
            {"customer": ["C1", "C2", "C4"], "legal_entity": ["L1", "L4"]},
        ),
        ('assign scenario "A" to payer.legal_entity.country = "FR"', {"customer": ["C1", "C3"], "legal_entity": ["C3", "L1"]}),
        (
            'assign scenario "A" to any(contacts) except locked guard at most 5% cooldown 3 days keep manual because "{name}"',
            {"customer": ["C1"], "contact": ["K1"]},
        ),
        # through what is planned for another row
        (
            'assign scenario "A" to payer.collector = "Ann"  assign collector "Ann" to any(contacts)',
            {"customer": ["C1", "C3"], "contact": ["K1"]},
        ),
        # what looks at all rows leaves them all, and what these lead to
        ("search first where any(documents) top 1 by code_ define code_ = turnover_12m assign group \"A\" add first", {}),
        ('assign group "A" add any(documents)  limit 3 changes by turnover_12m', {}),
        # who is shared out depends on all, also where it is only read
        ('assign collector distribute any(documents) among ("Ann", "Bob") by 1', {}),
        ('assign scenario "A" to payer.collector = "Ann"  assign collector distribute any(documents) among ("Ann", "Bob") by 1', {}),
        ('assign scenario "A" to collector.active  assign collector "Ann" to any(contacts)', {"customer": ["C1"], "contact": ["K1"]}),
    ],
)  # fmt: skip
def test_reached(rules: str, kept: Mapping[str, list[str]]) -> None:
    assert reached(rules) == kept


def test_from_another_entity() -> None:
    rules = 'assign document_status "late" to customer.outstanding > 0'
    assert reached(rules, "F3", "document") == {"document": ["F3", "F8"], "customer": ["C3"]}
