"""A plan as a page and as Markdown: the same numbers as its text, and nothing of the data is taken for markup."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from tests.report.test_plan_text import HEADER, MANY, NOTHING, PLAN, TRIPPED, WRONG, change

from assignrules.plan.model import Plan, Requirement, change_line
from assignrules.report.plan_pages import MARKDOWN_ROWS, plan_html, plan_markdown

HOSTILE = '<script>alert("x")</script> | **b** [a](http://x) {{ 7 * 7 }}'


class Cells(HTMLParser):
    """The texts of a page, by the tag that they stand in."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append((self.tags[-1], data.strip()))


def cells(plan: Plan) -> Cells:
    parser = Cells()
    parser.feed(plan_html(plan))
    return parser


def test_the_page_has_every_change_and_what_else_there_is() -> None:
    found = cells(PLAN).found
    assert ("h1", "Plan for 2026-11-22, environment production") in found
    assert ("summary", "scenario: Automatic -> Standard: 5 customers") in found
    assert ("summary", 'cover "ND": granted 20000.00 EUR: 2 customers') in found
    texts = [text for tag, text in found if tag == "td"]
    assert all(key in texts for key in (*(f"C{number:03}" for number in (*range(1, 8), *range(10, 17), *range(20, 24))), "W0501"))
    assert ("summary", "scenario, held by except: 4 customers") in found
    assert "by hand before" in texts and "at most 30%" in texts
    assert [tag for tag in cells(PLAN).tags if tag in ("script", "link", "img")] == [], "it needs no other file"


def test_what_stops_a_plan_is_said_first() -> None:
    assert any(tag == "p" and "guard `scenario` tripped" in text for tag, text in cells(TRIPPED).found)
    assert "the data has errors (E0502)" in plan_markdown(WRONG).replace("\\", "")
    assert "F9" in plan_markdown(WRONG)
    failing = replace(PLAN, requirements=(Requirement("Nobody late", ("C1", "C2"), "a.rules:1", False),))
    assert ("summary", "Nobody late") in cells(failing).found


def test_nothing_in_data_is_markup() -> None:  # S4
    plan = Plan(HEADER, (change_line(change(1, "scenario", None, None, HOSTILE, "set", because=HOSTILE, label=HOSTILE)),))
    parser = cells(plan)
    assert "script" not in parser.tags and ("td", HOSTILE) in parser.found
    row = next(line for line in plan_markdown(plan).splitlines() if line.startswith("| C001"))
    assert row.count(" | ") == 4, row
    assert "<script>" not in row and "\\*\\*b" in row and "{{ 7" not in row


def test_many_different_changes_share_a_table() -> None:
    found = cells(MANY).found
    assert next(text for tag, text in found if tag == "summary") == "proposed_credit_limit: 12 customers"
    assert ("td", "(none) -> 12000.00 EUR") in found
    lines = plan_markdown(MANY).splitlines()
    assert "… and 2 more" in lines and sum(line.startswith("| C0") for line in lines) == MARKDOWN_ROWS


def test_no_change() -> None:
    assert plan_markdown(NOTHING).startswith("# Plan for 2026-11-22, environment production\n\n")
    assert "details" not in cells(NOTHING).tags
