"""J2, P5: a run is set back in a company's own tables too, in whatever way each target is stored."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from tests.mapping.test_apply import planned, project_in, run

from assignrules import api
from assignrules.apply import Outcome

pytestmark = pytest.mark.slow


def test_a_run_is_set_back_where_the_company_keeps_it(tmp_path: Path) -> None:  # J2, P5
    project = project_in(tmp_path)
    plan, changes = planned(project)
    assert run(project, plan).outcome is Outcome.APPLIED
    assert planned(project)[1] == {}
    back = api.plan_revert(project, 1)
    assert (len(back.changes), back.conflicts, back.header.applicable) == (len(changes), (), True)
    assert run(project, back).run == 2
    assert planned(project)[1] == changes, "everything is as it was before the run"
    # What the company changes itself meanwhile is a conflict, and stays.
    again = api.plan_revert(project, 2)
    with duckdb.connect(str(project.root / "company.duckdb")) as connection:
        connection.execute("UPDATE \"Cust \"\"omers\" SET seller = 8 WHERE MANDT = '1' AND code = 'C1'")
    assert run(project, again).outcome is Outcome.STALE
    conflicts = api.plan_revert(project, 2).conflicts
    assert [(item.target, item.subject, item.before) for item in conflicts] == [("collector", "C1", "bob")]
    assert run(project, api.plan_revert(project, 2, skip_conflicts=True)).run == 3
    with duckdb.connect(str(project.root / "company.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT seller FROM \"Cust \"\"omers\" WHERE MANDT = '1' AND code = 'C1'").fetchall() == [(8,)]
