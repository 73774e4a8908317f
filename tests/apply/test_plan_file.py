"""F7, F8: a plan file is whole, or refused with its own message."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.apply.building import ONE_OF_EACH

from assignrules.ir.changes import Conflict, DataProblem, GuardVerdict, Held
from assignrules.plan import file as plan_file
from assignrules.plan import whole
from assignrules.plan.file import read_plan, write_plan
from assignrules.plan.model import Alert, Header, Plan, Requirement, change_line, plan_id, to_json

HEADER = Header(
    as_of=date(2026, 11, 22),
    ruleset="sha256:rules",
    schema="sha256:schema",
    applicable=True,
    summary={"scenario": {"set": 1, "held": 1}},
    parameters={"large": "400000.00 EUR", "days": 30, "strict": True, "who": None},
    environment="local",
    currency="EUR",
    guards=(GuardVerdict("changes", "30%", 1, 10, True),),
    subjects={"customer": 10},
    lineage="abc",
    anchor="sha256:anchor",
    created="2026-11-22T12:00:00+00:00",
    expires="2026-11-29T12:00:00+00:00",
    version="0.1",
)
PLAN = Plan(
    HEADER,
    tuple(change_line(item) for item in ONE_OF_EACH),
    held=(Held("C9", "scenario", None, "X", "Ÿ", "except"),),
    conflicts=(Conflict("C1", "group", "Risky", True, False, "rules/a.rules:3"),),
    requirements=(Requirement("No ND after a refusal", ("C3",), "rules/a.rules:9"),),
    alerts=(Alert("foreclosure", ("F1",), (), ()),),
    data_errors=(DataProblem("E0501", "`code` is repeated", "customer", 2, ("C1", "C2")),),
    data_warnings=(DataProblem("W0501", "no such `payer`", "customer", 1, ("C3",)),),
)


@pytest.mark.parametrize("plan", [PLAN, replace(PLAN, changes=(), held=()), Plan(HEADER, PLAN.changes[:1])])
def test_a_file_gives_back_the_plan(tmp_path: Path, plan: Plan) -> None:
    path = tmp_path / "november.plan"
    write_plan(plan, path)
    assert read_plan(path) == (plan, ())
    assert [item.name for item in tmp_path.iterdir()] == ["november.plan"]
    assert tuple(plan.change_rows()) == ONE_OF_EACH[: len(plan.changes)]
    document, printed = json.loads(path.read_bytes()), json.loads(to_json(plan))
    assert document.pop("digest").startswith("sha256:")
    assert document == printed


def test_the_document_has_the_documented_shape() -> None:
    document = json.loads(to_json(PLAN))
    assert list(document) == [
        "schema_version", "plan", "changes", "held", "conflicts", "requirements", "alerts", "data_errors", "data_warnings",
    ]  # fmt: skip
    assert document["changes"][0] == {
        "subject": "C1", "label": "Name of C1", "target": "cover", "member": "ND", "before": "5.00 EUR", "after": "7.50 USD",
        "action": "amend", "rule": "strategy", "line": 3, "at": "rules/a.rules:14", "because": "owes “much”", "manual": False,
    }  # fmt: skip
    assert document["held"] == [{"subject": "C9", "target": "scenario", "member": None, "before": "X", "after": "Ÿ", "held_by": "except"}]
    assert (document["plan"]["as_of"], document["plan"]["applicable"], document["plan"]["summary"]["scenario"]["held"]) == (
        "2026-11-22",
        True,
        1,
    )


def test_any_flipped_bit_is_found(tmp_path: Path) -> None:  # F7
    path = tmp_path / "a.plan"
    write_plan(PLAN, path)
    data = path.read_bytes()
    pick = random.Random(7)
    for at in pick.sample(range(len(data)), 400):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << pick.randrange(8)]) + data[at + 1 :])
        plan, problems = read_plan(path)
        assert plan is None
        assert problems[0].code in ("E0601", "E0602")


def test_a_file_that_was_cut_or_added_to_is_found(tmp_path: Path) -> None:  # F7
    path = tmp_path / "a.plan"
    write_plan(PLAN, path)
    data = path.read_bytes()
    rows = data.split(b"\n")
    swapped = b"\n".join([*rows[:3], rows[4], rows[3], *rows[5:]])
    write_plan(replace(PLAN, header=replace(HEADER, environment="production")), path)
    digest_of_another = data[: -plan_file.DIGEST_LENGTH] + path.read_bytes()[-plan_file.DIGEST_LENGTH :]
    assert len({data, swapped, digest_of_another}) == 3
    for changed in (data[:-1], data[: len(data) // 2], data + b"\n", data[:30], swapped, digest_of_another):
        path.write_bytes(changed)
        assert [item.code for item in read_plan(path)[1]] == ["E0602"]
    path.write_bytes(data.replace(b"Very late", b"Very Late"))
    assert read_plan(path)[1][0].message == "plan file `a.plan` was changed after it was made: its digest does not fit"


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xfe", b'{"plan":{}}', b"[]"])
def test_what_is_no_plan_file_is_said(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.plan"
    path.write_bytes(data)
    assert [item.code for item in read_plan(path)[1]] == ["E0601"]
    assert [item.code for item in read_plan(tmp_path / "none")[1]] == ["E0601"]
    assert [item.code for item in read_plan(tmp_path)[1]] == ["E0601"]


@pytest.mark.parametrize(
    "content",
    [
        '{"schema_version":2',
        '{"schema_version":1',
        '{"schema_version":1,\n"changes":[]',
        '{"schema_version":1,\n"plan":3,\n"changes":[]',
        '{"schema_version":' + "[" * 100_000,
        to_json(PLAN).removesuffix("}\n").replace('"applicable":true', '"applicable":"yes"'),
        to_json(PLAN).removesuffix("}\n").replace('"lineage":"abc"', '"lineage":"abc","more":1'),
    ],
)
def test_a_file_made_by_hand_with_the_right_digest_is_still_checked(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.plan"
    data = content.encode()
    path.write_bytes(data + plan_file.DIGEST + hashlib.sha256(data).hexdigest().encode() + plan_file.END)
    plan, problems = read_plan(path)
    assert plan is None
    assert [item.code for item in problems] == ["E0601"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # F8
    path = tmp_path / "a.plan"
    write_plan(PLAN, path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_plan(replace(PLAN, changes=()), path)
    monkeypatch.undo()
    assert read_plan(path) == (PLAN, ())
    assert len(list(tmp_path.iterdir())) == 1


def test_the_id_is_of_what_the_plan_says() -> None:
    later = replace(PLAN, header=replace(HEADER, created="2027-01-01T00:00:00+00:00", expires=None))
    assert plan_id(later) == plan_id(PLAN)
    assert plan_id(replace(PLAN, changes=PLAN.changes[1:])) != plan_id(PLAN)
    assert plan_id(replace(PLAN, header=replace(HEADER, lineage="other"))) != plan_id(PLAN)
