"""The text of an explanation, against a golden file, and its JSON."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from assignrules.plan.explanation import (
    BlockExplanation,
    BlockState,
    Explanation,
    Hold,
    Node,
    NodeKind,
    RowBehind,
    RowsBehind,
    Side,
    SubjectExplanation,
    UnitExplanation,
)
from assignrules.report.explanation import as_json, as_text
from assignrules.report.page import Page

GOLDEN = Path(__file__).resolve().parents[1] / "messages" / "explain"
DAY = date(2026, 11, 22)

ROWS = RowsBehind(
    "document", (RowBehind("F1", None, "30000.00 EUR", None), RowBehind("F10", "Two\nlines", "400.00 EUR", "2026-01-31")), 3, "documents"
)
SUM = Node(NodeKind.AGGREGATE, "sum(open_amount over documents)", False, "30400.00 EUR", rows=ROWS)
OUTSTANDING = Node(NodeKind.NAME, "outstanding", False, "30400.00 EUR", (SUM,))
MAJOR = Node(
    NodeKind.NAME,
    "major",
    True,
    True,
    (Node(NodeKind.TEST, "outstanding >= 25000.00 EUR", True, True, (OUTSTANDING,)),),
    label="Major customers",
)
OLDEST = Node(NodeKind.TEST, "oldest > 60", True, False, (Node(NodeKind.NAME, "oldest", False, None),))
NOT_ODD = Node(
    NodeKind.NOT,
    "not odd",
    True,
    True,
    (
        Node(
            NodeKind.NAME,
            "odd",
            True,
            False,
            (
                Node(
                    NodeKind.ANY,
                    'note = "" or any(contacts)',
                    True,
                    False,
                    (
                        Node(NodeKind.TEST, 'note = ""', True, False, (Node(NodeKind.NAME, "note", False, "x"),)),
                        Node(NodeKind.AGGREGATE, "any(contacts)", True, False, rows=RowsBehind("contact", (), 0, "contacts")),
                    ),
                ),
            ),
        ),
    ),
)
OLD = Node(NodeKind.ALL, "active and oldest > 60 and not odd", True, False, (Node(NodeKind.NAME, "active", True, True), OLDEST, NOT_ODD))
SMALL = Node(
    NodeKind.TEST,
    "outstanding > 0",
    True,
    True,
    (Node(NodeKind.NAME, "outstanding", False, "30400.00 EUR", repeated=True),),
)


def block(
    rule: str, *sides: Side, state: BlockState = BlockState.RUNS, until: date | None = None, decided: bool = True
) -> BlockExplanation:
    return BlockExplanation(rule, "A label", f"rules/{rule}.rules:5", state, None, until, decided, None, None, sides)


SCENARIO = UnitExplanation(
    "scenario",
    None,
    None,
    "Standard",
    "set",
    "scenario",
    2,
    "rules/s.rules:8",
    "30400.00 EUR outstanding",
    None,
    None,
    False,
    (
        block(
            "scenario",
            Side(
                "line",
                1,
                "rules/s.rules:7",
                "active and oldest > 60 and not odd",
                '"Call first"',
                "Call first",
                False,
                False,
                OLD,
                reason=(OLDEST,),
            ),
            Side("line", 2, "rules/s.rules:8", "major", "(standard_of)", "Standard", True, True, MAJOR),
            Side("line", 3, "rules/s.rules:9", "outstanding > 0", '"Standard"', "Standard", True, False, SMALL),
            Side("otherwise", None, "rules/s.rules:5", "", "keep", None, True, False, None),
        ),
    ),
)
IN_GROUP = Node(NodeKind.NAME, 'currently in group "Risky"', True, True)
GROUP = UnitExplanation(
    "group",
    "Risky",
    True,
    True,
    None,
    "group:Risky",
    None,
    "rules/s.rules:12",
    None,
    "except",
    False,
    False,
    (
        BlockExplanation(
            "group:Risky",
            None,
            "rules/s.rules:12",
            BlockState.RUNS,
            None,
            None,
            True,
            None,
            Node(NodeKind.NAME, "locked", True, True),
            (Side("remove", None, "rules/s.rules:12", "others", None, None, True, True, IN_GROUP),),
        ),
    ),
)
AGAIN = Node(NodeKind.NAME, "major", True, True, repeated=True)
MISSING = Node(
    NodeKind.NAME,
    "wish",
    False,
    None,
    (Node(NodeKind.AGGREGATE, "max(limit over contacts)", False, None, rows=RowsBehind("contact", (), 0, "contacts")),),
)
BOTH = Node(NodeKind.ANY, "locked or odd", True, True, (Node(NodeKind.NAME, "locked", True, True), Node(NodeKind.NAME, "odd", True, False)))


def held(by: str, hold: Hold, **more: Any) -> UnitExplanation:
    """A unit of which a change is held."""
    side = Side("line", 1, "rules/h.rules:2", "locked", '"B"', "B", True, True, Node(NodeKind.NAME, "locked", True, True))
    blocks = (replace(block(by, side), **more),)
    return UnitExplanation(by, None, "A", "A", None, by, 1, "rules/h.rules:2", None, hold.by, "B", False, blocks, hold)


HOLDS = (
    held("h1", Hold("manual", "keep manual", last_on=date(2026, 11, 1), left="C")),
    held("h2", Hold("cooldown", "cooldown 30 days", last_on=date(2026, 11, 1), until=date(2026, 12, 1))),
    held(
        "h3",
        Hold(
            "limit",
            "limit 2 changes by score per country",
            (Node(NodeKind.NAME, "score", False, "3"), Node(NodeKind.NAME, "country", False, None)),
        ),
    ),
    held("h4", Hold("missing value", None, (MISSING,))),
    held("h5", Hold("except", "except locked or odd", (BOTH.parts[0],)), except_=BOTH, except_reason=(BOTH.parts[0],), holds=("Odd ones",)),
)
COVER = UnitExplanation(
    "cover",
    "ND",
    "10000.00 EUR",
    "10000.00 EUR",
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    False,
    (
        block(
            "cover:ND",
            Side("eligibility", None, "rules/c.rules:2", "major", "20000.00 EUR", "20000.00 EUR", True, False, AGAIN),
            state=BlockState.OVER,
            until=date(2026, 6, 30),
            decided=False,
        ),
    ),
)
WHOLE = Explanation("C1", DAY, None, (SubjectExplanation("customer", "C1", "Alpha\nTools", (SCENARIO, GROUP, COVER, *HOLDS)),))


def test_text() -> None:
    text = as_text(WHOLE, Page())
    path = GOLDEN / "customer.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_colour_only_where_the_page_has_it() -> None:
    assert "\x1b[" not in as_text(WHOLE, Page())
    assert "\x1b[32m✓\x1b[0m" in as_text(WHOLE, Page(color=True))


def test_json() -> None:
    document = json.loads(as_json(WHOLE))
    (subject,) = document["explanation"]["subjects"]
    scenario, group, cover, manual, cooldown, *_, missing, excepted = subject["units"]
    assert (document["schema_version"], document["explanation"]["as_of"], subject["label"]) == (1, "2026-11-22", "Alpha\nTools")
    assert (scenario["planned"], scenario["line"], scenario["blocks"][0]["sides"][1]["decides"]) == ("Standard", 2, True)
    assert (group["held_by"], group["asked"], group["blocks"][0]["except"]["text"]) == ("except", False, "locked")
    assert (cover["blocks"][0]["state"], cover["blocks"][0]["until"]) == ("over", "2026-06-30")
    total = scenario["blocks"][0]["sides"][1]["condition"]["parts"][0]["parts"][0]["parts"][0]
    assert total["rows"]["count"] == 3
    assert [node["text"] for node in scenario["blocks"][0]["sides"][0]["reason"]] == ["oldest > 60"]
    assert (group["hold"], manual["hold"]["last_on"], manual["hold"]["left"]) == (None, "2026-11-01", "C")
    assert (cooldown["hold"]["by"], cooldown["hold"]["until"]) == ("cooldown", "2026-12-01")
    assert missing["hold"]["reason"][0]["parts"][0]["rows"] == {"entity": "contact", "first": [], "count": 0}
    assert [node["text"] for node in excepted["blocks"][0]["except_reason"]] == ["locked"]
    assert (excepted["blocks"][0]["holds"], missing["blocks"][0]["holds"]) == (["Odd ones"], [])
    assert total["rows"]["first"][0] == {"key": "F1", "label": None, "value": "30000.00 EUR", "day": None}


def test_nobody_writes_anything() -> None:
    empty = Explanation("C1", DAY, None, (SubjectExplanation("customer", "C1", None, ()),))
    assert as_text(empty, Page()) == "C1  (customer, 2026-11-22)\n\nNo rule writes any of its targets.\n"
