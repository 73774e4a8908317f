"""What may not stand together, and the way out that is proposed: the one that fits the two types, whichever side each is on."""

from __future__ import annotations

from functools import cache

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.schema.logical import credit
from assignrules.testing import ReferencePlanner
from assignrules.testing.case import ProjectSettings

CURRENCY = "give the number a currency"
WRONG = [
    ("turnover_12m + 5", "E0304", CURRENCY),
    ("5 - turnover_12m", "E0304", CURRENCY),
    ("turnover_12m * turnover_12m", "E0302", None),
    ("5 / turnover_12m", "E0302", None),
    ("turnover_12m + name", "E0302", None),
    ("customer_since + today", "E0302", "`-` gives the days between two dates"),
    ("customer_since + 5", "E0302", "give the number a unit"),
    ("5 + customer_since", "E0302", "give the number a unit"),
    ("customer_since * 5", "E0302", "give the number a unit"),
    ("1 day - customer_since", "E0302", "durations in days"),
    ("1 day * 0.5", "E0302", "multiplied by a whole number"),
    ("insurer_score * 1 month", "E0302", "multiplied by a whole number"),
    ("1 day + 1 month", "E0302", "durations in days, business days and months do not add up"),
    ("1 business day - 1 day", "E0302", "durations in days, business days and months do not add up"),
    ("1 day / 2", "E0302", None),
    ("name + country", "E0302", "`concat(…)` puts texts together"),
    ("name - country", "E0302", None),
    ("name + 5", "E0302", None),
    ("active + active", "E0302", None),
    ("-name", "E0302", None),
    ("-active", "E0302", None),
    ("-customer_since", "E0302", None),
    ("customer_since = \"2026-01-01\"", "E0301", "dates are written without quotes"),
    ("\"2026-01-01\" < customer_since", "E0301", "dates are written without quotes"),
    ("active = \"true\"", "E0301", "truth values are `true` and `false`"),
    ("active < locked", "E0301", "truth values have no order"),
    ("today - customer_since > 60", "E0301", "`days(…)` makes a number of a duration"),
    ("60 < today - customer_since", "E0301", "`days(…)` makes a number of a duration"),
    ("customer_since = 5", "E0301", None),
    ("name = 5", "E0301", None),
    ("1 month = 1 month", "E0313", "months and years have no fixed length"),
    ("1 day < 1 month", "E0313", "months and years have no fixed length"),
    ("1 day < 1 business day", "E0313", "business days have no fixed length"),
    ("turnover_12m > 5", "E0304", CURRENCY),
    ("5 > turnover_12m", "E0304", CURRENCY),
    ("turnover_12m in (5)", "E0304", CURRENCY),
    ("turnover_12m = name", "E0301", None),
    ("insurer_score * insurer_score * insurer_score", "E0307", "round a part of it first"),
    ("1 / (insurer_score * insurer_score)", "E0307", "round a part of it first"),
]  # fmt: skip
RIGHT = [
    "turnover_12m + 0", "0 - turnover_12m", "turnover_12m > 0", "-turnover_12m", "-insurer_score", "-(1 day)", "2 * turnover_12m",
    "turnover_12m / turnover_12m", "turnover_12m / 2", "1 day + customer_since", "customer_since - 1 month", "today + 1 business day",
    "2 * 1 day", "1 day * 2", "1 day + 2 weeks", "today - customer_since", "1 day < 2 weeks", "active = locked", "active != true",
    "insurer_score * insurer_score", "payment_terms_days * 23%", "insurer_score < payment_terms_days", "name < country",
]  # fmt: skip


@cache
def planner() -> ReferencePlanner:
    return ReferencePlanner(credit())


def problems(expression: str) -> list[tuple[str, str]]:
    """The errors of a definition, each with its message and help as one text."""
    source = SourceFile("a.rules", f"define d = {expression}\n")
    _, found = planner().check([source], {}, ProjectSettings())
    return [(problem.code, f"{problem.message}; {problem.help}") for problem in found if problem.code.startswith("E")]


@pytest.mark.parametrize(("expression", "code", "told"), WRONG, ids=[item[0] for item in WRONG])
def test_what_may_not_stand_together(expression: str, code: str, told: str | None) -> None:
    [(found, text)] = problems(expression)
    assert found == code
    assert (told if told is not None else "; None") in text


@pytest.mark.parametrize("expression", RIGHT)
def test_what_may(expression: str) -> None:
    assert problems(expression) == []
