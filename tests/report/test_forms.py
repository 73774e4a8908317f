"""Tables, CSV, JSON, SARIF, GitHub annotations and JUnit."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

import pytest

from assignrules.diagnostics import Related, SourceFile, diagnostic
from assignrules.report.diagnostics import as_github, as_json, as_sarif
from assignrules.report.junit import as_junit
from assignrules.report.page import Page, count, plain, shortened
from assignrules.report.rows import as_csv, as_table, neutral

SOURCE = SourceFile("rules/a b.rules", "search œ where x > 1\nsearch y where x > 1\n")
FOUND = (
    diagnostic("E0201", "unknown name `x`\n100%", SOURCE.span(15, 16), help="did you mean `y`?"),
    diagnostic("W0501", "somewhere", related=[Related(SOURCE.span(21, 27), "here")]),
)


def test_table_sets_numbers_right_and_cuts_the_last_column() -> None:
    rows = [["name", "n"], ["ab", "1,000"], ["日本", "7"]]
    assert Page().table(rows, right=(1,)) == ["name      n", "ab    1,000", "日本      7"]
    assert Page(width=8).table([["abcdefghijkl"]]) == ["abcdefg…"]
    assert Page().table([]) == []


def test_shortened_counts_columns() -> None:
    assert shortened("日本語", 5) == "日本…"
    assert shortened("abc", 3) == "abc"


@pytest.mark.parametrize(("text", "safe"), [("a\nb\tc", "a b c"), ("\x1b[0m", "\ufffd[0m"), ("\u202eabc", "\ufffdabc"), ("Ünï", "Ünï")])
def test_plain(text: str, safe: str) -> None:
    assert plain(text) == safe


def test_count() -> None:
    assert (count(1, "change"), count(1234, "change"), count(2, "policy", "policies")) == ("1 change", "1,234 changes", "2 policies")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:  # S4
    assert neutral(cell) == f"'{cell}"
    assert list(csv.reader(io.StringIO(as_csv([("C1", cell)]), newline="")))[1][1] == f"'{cell}".replace("\r", "\n")


def test_csv_and_table_of_missing_labels() -> None:
    assert as_csv([("C1", None)]) == "key,label\nC1,\n"
    assert as_table(("customer", "customers"), 0, [], Page()) == "0 customers\n"


def test_json() -> None:
    document = json.loads(as_json(FOUND, files=["a"]))
    assert (document["schema_version"], document["ok"], document["files"]) == (1, False, ["a"])
    first, second = document["diagnostics"]
    assert (first["line"], first["column"], first["length"], first["severity"]) == (1, 16, 1, "error")
    assert (second["file"], second["related"][0]["line"], second["severity"]) == (None, 2, "warning")
    assert json.loads(as_json(FOUND[1:]))["ok"] is True


def test_sarif() -> None:
    run = json.loads(as_sarif(FOUND, "credit"))["runs"][0]
    first, second = run["results"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["E0201", "W0501"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "credit/rules/a%20b.rules"
    assert place["region"] == {"startLine": 1, "startColumn": 16, "charOffset": 15, "charLength": 1}
    assert (second["level"], second["locations"]) == ("warning", [])
    assert second["relatedLocations"][0]["message"]["text"] == "here"
    assert json.loads(as_sarif(()))["runs"][0]["results"] == []


def test_github() -> None:
    first, second = as_github(FOUND).splitlines()
    place = "file=rules/a b.rules,line=1,col=16,endColumn=17,title=E0201 unknown name"
    assert first == f"::error {place}::unknown name `x`%0A100%25%0Ahelp: did you mean `y`?"
    assert second.startswith("::warning title=W0501 ")


def test_junit() -> None:
    suite = ElementTree.fromstring(as_junit([("a.yml", 'one & "two"', 0.5, []), ("b.yml", "three", 0.1, ["<differs>\x00", "again"])]))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    cases = suite.findall("testcase")
    assert cases[0].get("name") == 'one & "two"'
    assert [failure.get("message") for failure in cases[1].findall("failure")] == ["<differs>\ufffd", "again"]
