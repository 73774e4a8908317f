"""S4: a reason names fields, and does nothing else: no attributes, no formats, no code; what it is filled with stays text."""

from __future__ import annotations

from datetime import date

import pytest

from assignrules.check import check_files
from assignrules.diagnostics import SourceFile
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import credit
from assignrules.testing import Planner, ReferencePlanner
from assignrules.testing.case import ProjectSettings
from assignrules.testing.database import DuckDBPlanner

SCHEMA = credit()
REFUSED = (
    "{name.__class__}", "{name.__class__.__mro__}", "{0}", "{}", "{ }", "{name!r}", "{name:>9999999999}", "{name:{name}}", "{name[0]}",
    "{__import__('os').system('true')}", "{name.upper()}", "{name|safe}", "{name,}", "{self}", "{config}", "{credentials}", "{globals}",
    "{% for x in y %}", "{%n}", "{name", "{name}{", "{*}", "{**name}", "{name=}", "{SELECT 1}", "{name; DROP TABLE customer}",
)  # fmt: skip


def checked(because: str) -> list[str]:
    found = check_files([SourceFile("a.rules", f'assign group "x" add active because "{because}"\n')], SCHEMA)
    return [problem.code for problem in found.diagnostics if problem.code.startswith("E")]


@pytest.mark.parametrize("because", REFUSED)
def test_what_is_no_field_is_refused(because: str) -> None:  # S4
    assert checked(because), because


@pytest.mark.parametrize("planner", [ReferencePlanner(SCHEMA), DuckDBPlanner(SCHEMA)], ids=["reference", "duckdb"])
def test_what_a_field_holds_stays_text(planner: Planner) -> None:  # S4
    names = ("{code}", "{{code}}", "%s $1 {0}", "<script>x</script>", "${x}", "{{ 7 * 7 }}", "a\\nb", "'; DROP TABLE customer; --")
    rules = 'assign scenario "x" to active because "{{7}} {name} <b> %s $1 ${name} {{{name}}}"\n'
    ruleset, problems = planner.check([SourceFile("a.rules", rules)], {}, ProjectSettings())
    assert ruleset is not None, problems
    rows = [{"code": f"C{place}", "name": name, "active": True} for place, name in enumerate(names)]
    with planner.session(ruleset, Dataset(rows={"customer": rows}), date(2026, 11, 22)) as session:
        said = [change.because for change in session.plan().changes]
    assert said == [f"{{7}} {name} <b> %s $1 ${name} {{{name}}}" for name in names]
