"""Rule packs on disk: which folder has one, and what is never read."""

from pathlib import Path

from assignrules.api import check, load_project, run_tests
from assignrules.check.packs import PackFolders


def pack(folder: Path, name: str, text: str, file: str = "a.rules") -> Path:
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    (place / file).write_text(text, encoding="utf-8")
    return place


def test_the_projects_folders_come_first(tmp_path: Path) -> None:
    pack(tmp_path / "one", "nd_cover", "search mine where true")
    pack(tmp_path / "two", "nd_cover", "search other where true")
    finder = PackFolders({"one": tmp_path / "one", "../two/": tmp_path / "two"})
    found = finder.find("nd_cover")
    assert found is not None
    assert [(file.name, file.text) for file in found.files] == [("one/nd_cover/a.rules", "search mine where true")]
    assert list(finder.sources) == ["one/nd_cover/a.rules"]
    shipped = finder.find("startup_strategy")
    assert shipped is not None and shipped.files[0].name == "rulesets/startup_strategy/strategy.rules"
    assert PackFolders().find("no_such_pack") is None


def test_files_are_sorted_and_only_the_packs_own(tmp_path: Path) -> None:
    pack(tmp_path, "p", "param b: integer = 1", "b.rules")
    pack(tmp_path, "p", "param a: integer = 1", "a.rules")
    pack(tmp_path, "p", "not rules", "README.md")
    pack(tmp_path, "p", "not rules", ".hidden.rules")
    pack(tmp_path / "p", "tests", "not rules", "x.rules")
    found = PackFolders({"": tmp_path}).find("p")
    assert found is not None and [file.name for file in found.files] == ["/p/a.rules", "/p/b.rules"]


def test_the_yaml_form(tmp_path: Path) -> None:
    text = "params: {big: {type: money, value: 5 EUR}}\nsearches: {big_ones: {where: outstanding >= big}}\n"
    pack(tmp_path / "shared", "p", text, "a.yml")
    report = check(load_project(project(tmp_path, 'use "p" as a with big = 7 EUR\nsearch s where a.big_ones')))
    assert report.ruleset is not None, report.diagnostics
    assert repr(report.ruleset.params["a.big"].value) == "Money(amount=Decimal('7'), currency='EUR')"
    assert ("customer", "a.big_ones") in report.ruleset.definitions


def test_the_name_is_exact(tmp_path: Path) -> None:
    pack(tmp_path, "Pack", "")
    finder = PackFolders({"x": tmp_path})
    assert finder.find("pack") is None
    assert finder.find("Pack/../Pack") is None
    assert finder.find(".") is None


def test_links_lead_nowhere(tmp_path: Path) -> None:  # S7
    outside = pack(tmp_path, "outside", "search secret where true")
    folder = tmp_path / "packs"
    pack(folder, "p", "search fine where true")
    (folder / "p" / "b.rules").symlink_to(outside / "a.rules")
    (folder / "whole").symlink_to(outside)
    finder = PackFolders({"packs": folder})
    assert finder.find("whole") is None
    found = finder.find("p")
    assert found is not None
    assert [file.name for file in found.files] == ["packs/p/a.rules"]
    assert [(item.code, item.message) for item in found.problems] == [("E0211", "`packs/p/b.rules` leads out of its rule pack")]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (pack(tmp_path, "p", "") / "a.rules").write_bytes(b"search \xff")
    found = PackFolders({"packs": tmp_path}).find("p")
    assert found is not None and [item.code for item in found.problems] == ["E0114"]


def project(folder: Path, rules: str, more: str = "rulesets: [../shared]") -> Path:
    place = folder / "project"
    (place / "rules").mkdir(parents=True)
    (place / "assignrules.yml").write_text(f"name: x\n{more}\n", encoding="utf-8")
    (place / "rules" / "a.rules").write_text(rules, encoding="utf-8")
    return place


def test_a_project_uses_a_pack_from_beside_it(tmp_path: Path) -> None:
    pack(tmp_path / "shared", "p", "param big: money = 5 EUR\nsearch big_ones where outstanding >= big")
    place = project(tmp_path, 'use "p" as a with big = 10 EUR\nuse "startup_strategy"\nsearch s where a.big_ones and risky')
    report = check(load_project(place))
    assert report.ok and report.ruleset is not None
    assert {("customer", "a.big_ones"), ("customer", "risky")} <= set(report.ruleset.definitions)
    assert report.files == ("rules/a.rules",)


def test_a_mistake_in_a_pack_is_shown_in_its_file(tmp_path: Path) -> None:
    pack(tmp_path / "shared", "p", "search big_ones where outstandng > 5 EUR")
    report = check(load_project(project(tmp_path, 'use "p"')))
    (problem,) = report.diagnostics
    assert problem.span is not None and problem.span.file == "../shared/p/a.rules"
    assert "outstandng" in report.sources[problem.span.file].text


def test_rule_tests_of_a_project_know_its_packs(tmp_path: Path) -> None:
    pack(tmp_path / "shared", "p", "param big: money = 5 EUR\nsearch big_ones where outstanding >= big")
    place = project(tmp_path, 'use "p" as a')
    (place / "tests").mkdir()
    (place / "tests" / "t.yml").write_text(
        "name: t\nas_of: 2026-11-22\nparams: {a.big: 0 EUR}\ngiven: {customer: [{code: C1}]}\nexpect: {searches: {a.big_ones: [C1]}}\n",
        encoding="utf-8",
    )
    report = run_tests(load_project(place))
    assert report.ok, report.results
