"""The site of a ruleset: what uses what, the order of decisions, and pages whose links all lead somewhere, whatever names are in them."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from assignrules import api
from assignrules.report.site import _hrefs
from assignrules.report.site_folder import MARK, write_site

RULES = """# How much is much.
# Agreed in March.
param large: money = 5_000 EUR

define late on document = days_overdue > 30
search owing "Owes <much> & more" where outstanding >= large

score points_of "Points" base 10
  points +5 when any(documents where late)
  class "A" from 12
  class otherwise "B"

scenario "Call" step 10 days after due: call "First"
scenario "Nothing" no steps

# nobody may know
assign scenario "The scenarios"
  "Call" to owing and in group "Watched"
  otherwise "Nothing"
  because "{outstanding} of {large}"

assign group "Watched" add points_of.class = "A" and policy.code = "P1"
assign group "Old" add current scenario = "Call" priority 5 disabled
assign collector "Ann" to scenario = "Call"

alert late_ones "Late" on documents where late show number, customer.name as who
report by_country group by country show country, count() as customers
require "no one forgotten" no customers where collector is missing and owing
propose "More cover" on customers to owing amount large approver head show outstanding because "owes {outstanding}, much is {large}"
"""


class Page(HTMLParser):
    """Its text by the id of the element around it, its links, and whether its elements close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.texts: dict[str | None, str] = {}
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if "href" in given:
            self.links.append(given["href"] or "")
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if tag not in ("meta", "br"):
            self.open.append((tag, given.get("id")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        around = next((id for _, id in reversed(self.open) if id), None)
        self.texts[around] = self.texts.get(around, "") + data


def pages_of(folder: Path, files: Mapping[str, str], more: str = "") -> dict[str, Page]:
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    (folder / "assignrules.yml").write_text(f"name: mine\n{more}")
    for name, text in files.items():
        (folder / "rules" / name).parent.mkdir(exist_ok=True)
        (folder / "rules" / name).write_text(text)
    pages = {name: Page(text) for name, text in api.docs(api.load_project(folder)).items()}
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids))
        for link in page.links:
            file, _, anchor = link.partition("#")
            assert not anchor or anchor in pages[file or name].ids, link
            assert file == "" or file in pages, link
    return pages


def section(pages: Mapping[str, Page], file: str, title: str) -> list[str]:
    """The lines of a statement."""
    found = [text for text in pages[file].texts.values() if text.strip().startswith(f"{title} ")]
    (text,) = found
    return [line for line in (line.strip() for line in text.splitlines()) if line]


def test_what_uses_what(tmp_path: Path) -> None:
    pages = pages_of(tmp_path, {"a.rules": RULES})
    assert set(pages) == {"index.html", "order.html", "data.html", "lints.html", "file-rules-a-rules.html", "built-in.html"}
    file = "file-rules-a-rules.html"
    assert section(pages, file, "large") == [
        "large param",
        "How much is much.",
        "Agreed in March.",
        "param large: money = 5_000 EUR",
        "Used by: owing search, scenario assign, More cover propose",
    ]
    assert section(pages, file, "owing") == [
        "owing search on customer",
        "Owes <much> & more",
        'search owing "Owes <much> & more" where outstanding >= large',
        "Uses: large param, outstanding built-in",
        "Used by: scenario assign, no one forgotten require, More cover propose",
    ]
    points = section(pages, file, "points_of")
    assert points[-3:] == ["Uses: late define", "Reads: customer.documents", 'Used by: group "Watched" assign']
    scenario = section(pages, file, "scenario")
    assert scenario[:3] == ["scenario assign on customer", "The scenarios", "nobody may know"]
    assert scenario[-2:] == [
        'Uses: large param, owing search, Call scenario, Nothing scenario, group "Watched" assign, outstanding built-in',
        'Used by: group "Old"#5 assign, collector assign',
    ]
    assert section(pages, file, "Call")[-1] == "Used by: scenario assign"
    watched = section(pages, file, 'group "Watched"')
    assert watched[-2:] == ["Reads: customer.policy, policy.code", "Used by: scenario assign"]
    old = section(pages, file, 'group "Old"#5')
    assert old[1:3] == ["Disabled: it decides nothing.", "Priority 5."]
    assert section(pages, file, "late_ones")[-2:] == ["Uses: late define", "Reads: customer.name, document.customer, document.number"]
    assert section(pages, file, "by_country")[-1] == "Reads: customer.country"
    assert section(pages, file, "no one forgotten")[-1] == "Uses: owing search, collector assign"
    assert section(pages, "built-in.html", "days_overdue")[-1] == "Used by: late define"
    rows = pages["data.html"].texts
    assert [text for text in rows.values() if "document.number" in text] == ["document.numberlate_ones alert"]


def test_the_order_of_decisions(tmp_path: Path) -> None:
    pages = pages_of(tmp_path, {"a.rules": RULES})
    rows = [pages["order.html"].texts[f"t{number}"] for number in (1, 2, 3)]  # step, what, by, after
    assert rows == [
        '1group "Watched"group "Watched" assign',
        '2scenarioscenario assigngroup "Watched"',
        "3collectorcollector assignscenario",
    ]


def test_a_field_hides_a_param_of_its_name(tmp_path: Path) -> None:
    rules = """param number: text = "x"
search odd on documents where number = "y" and any(customer.documents where number = "z")
search owes "Owes" where name = number
assign group "Odd" add name starts with number because "{name} {number}"
"""
    pages = pages_of(tmp_path, {"a.rules": rules})
    assert section(pages, "file-rules-a-rules.html", "number")[-1] == 'Used by: owes search, group "Odd" assign'
    assert not [line for line in section(pages, "file-rules-a-rules.html", "odd") if line.startswith("Uses")]


def test_a_reason_that_reads_its_own_target(tmp_path: Path) -> None:
    rules = """define was = concat("was ", coalesce(scenario, "none"))
assign scenario "New" to active because "{was}"
"""
    pages = pages_of(tmp_path, {"a.rules": rules})
    assert section(pages, "file-rules-a-rules.html", "was")[-2:] == ["Uses: scenario assign", "Used by: scenario assign"]
    assert section(pages, "file-rules-a-rules.html", "scenario")[-3:] == [
        "Uses: was define",
        "Reads: customer.active",
        "Used by: was define",
    ]


def test_packs_yaml_and_parameters(tmp_path: Path) -> None:
    files = {
        "a.rules": 'use "nd_cover" as one with policy_name = "ND"\n',
        "b.yml": 'searches:\n  # From the file of the policy.\n  owes: outstanding > small\n',
        "c.rules": "param small: money = 1 EUR\nparam age: duration = 2 months\nsearch old where oldest_overdue_days > days(90 days)\n",
    }  # fmt: skip
    pages = pages_of(tmp_path, files, 'params: {small: "7 EUR"}\n')
    index = " ".join("".join(pages["index.html"].texts.values()).split())
    assert "smallmoney7.00 EURowes search" in index and "ageduration2 months" in index and "one.eligible" in index
    assert section(pages, "file-rules-b-yml.html", "owes") == [
        "owes search on customer",
        "From the file of the policy.",
        "search owes where outstanding > small",
        "Uses: small param, outstanding built-in",
    ]
    use = section(pages, "file-rules-a-rules.html", "nd_cover")
    assert use[0] == "nd_cover as one use" and "rulesets/nd_cover/cover.rules file" in use[-1]
    lints = "".join(pages["lints.html"].texts.values())
    assert "W0404" in lints and "no rule uses parameter `age`" in lints
    assert "file-rules-c-rules.html#s" in " ".join(pages["lints.html"].links)


def test_hostile_names_are_texts(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    rules = (
        f'assign group "{evil}" "{evil}" add overdue > 0 EUR\n# {evil}\nsearch a "{evil}\u202e" where name = "{evil}" and overdue > 1 EUR\n'
    )
    pages = pages_of(tmp_path, {"<img src=x>.rules": rules, "\"onload='x.rules": "define b = 1\n"}, 'time_zone: "Europe/Paris"\n')
    for text in api.docs(api.load_project(tmp_path)).values():
        assert "<script" not in text and "\u202e" not in text and "<img" not in text
    assert not {"script", "img"} & {tag for page in pages.values() for tag in page.tags}
    assert any(evil in text for page in pages.values() for text in page.texts.values())


def test_names_of_pages() -> None:
    assert _hrefs(["rules/a.rules", "rules/A.rules", "rules/a-rules", "…", "é"]) == [
        "file-rules-a-rules.html",
        "file-rules-a-rules--2.html",
        "file-rules-a-rules--3.html",
        "file-file.html",
        "file-file--2.html",
    ]


def test_the_same_rules_give_the_same_bytes(tmp_path: Path) -> None:
    pages_of(tmp_path, {"a.rules": RULES})
    project = api.load_project(tmp_path)
    assert api.docs(project) == api.docs(project)


def test_rules_with_errors_have_no_site(tmp_path: Path) -> None:
    with pytest.raises(api.Problems):
        pages_of(tmp_path, {"a.rules": "search a where nothing_known\n"})


def test_a_folder_of_its_own(tmp_path: Path) -> None:
    place = tmp_path / "site"
    assert write_site({"index.html": "one", "old.html": "old"}, place) == ()
    assert write_site({"index.html": "two"}, place) == ()
    assert sorted(path.name for path in place.iterdir()) == [MARK, "index.html"]
    assert (place / "index.html").read_text() == "two" and place.stat().st_mode & 0o700 == 0o700
    (place / "CNAME").write_text("mine")
    (problem,) = write_site({"index.html": "three"}, place)
    assert (problem.code, problem.message) == ("E0907", f"folder `{place}` holds `CNAME`, which `docs` has not written")
    other = tmp_path / "other"
    other.mkdir()
    assert write_site({"index.html": "x"}, other) == (), "an empty folder is free"
    foreign = tmp_path / "docs"
    foreign.mkdir()
    (foreign / "index.html").write_text("mine")
    (problem,) = write_site({"index.html": "x"}, foreign)
    assert problem.message == f"folder `{foreign}` is not empty, and not one that `docs` has written"
    (problem,) = write_site({"index.html": "x"}, foreign / "index.html")
    assert problem.message == f"`{foreign / 'index.html'}` is a file"
    assert (foreign / "index.html").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "other", "site"], "nothing is left over"


def test_a_site_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    place = tmp_path / "site"
    assert write_site({"index.html": "one"}, place) == ()
    with pytest.raises(OSError):
        write_site({"index.html": "two", "no/such/folder.html": "x"}, place)
    assert (place / "index.html").read_text() == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
