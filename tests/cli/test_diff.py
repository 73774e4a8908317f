"""`diff`: the rules of two revisions over the same data, each with its own project file, params and packs; the checkout is not touched."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.cli.conftest import on_postgres

DAY = ("--as-of", "2026-03-31")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")]


def git(folder: Path, *words: str) -> str:
    options = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *options, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "rules")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def rules(project: Path) -> Path:
    """The rule file of a project that stands below the top of a repository, with one commit, the tag `v1`."""
    git(project.parent, "init", "-q")
    commit(project.parent)
    git(project.parent, "tag", "v1")
    return project / "rules" / "strategy.rules"


def test_against_the_working_tree(run, rules: Path, project: Path) -> None:
    change(rules, '"Call first"', '"Ring first"')
    change(rules, "very_late and major", "outstanding > 1 EUR")
    before = git(project, "status", "--porcelain"), git(project, "rev-parse", "HEAD")
    done = run("diff", "v1", *DAY)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"Rules: v1 ({before[1][:10]}) -> working tree, for 2026-03-31, environment local",
        "",
        'group "Watch list"',
        "  not in -> in: 3 customers  stays as it is -> rules/strategy.rules:22",
        "    C002  Bakery Bruno",
        "    C003  Cycle Works",
        "    C004  Delta Print",
        "",
        "scenario",
        "  Call first -> Ring first: 2 customers  rules/strategy.rules:15 (line 1)",
        "    C001  Alpha Tools",
        "    C002  Bakery Bruno",
        "",
        "Held",
        "  only with v1: 1",
        "    C004: scenario, (none) -> Call first, by except",
        "  only with working tree: 1",
        "    C004: scenario, (none) -> Ring first, by except",
        "",
        "Summary   differ  changes of v1  changes of working tree",
        "group          3              1                        4",
        "scenario       2              3                        3",
        "",
        "5 outcomes would differ. Nothing was written.",
    ]
    assert (git(project, "status", "--porcelain"), git(project, "rev-parse", "HEAD")) == before
    assert run("diff", "v1", *DAY, "--detailed-exitcode").exit_code == 2
    answer = json.loads(run("diff", "v1", *DAY, "--format", "json", "--target", "scenario").stdout)
    assert answer["diff"]["summary"] == {"scenario": {"differ": 2, "first": 3, "second": 3}}
    assert (answer["diff"]["first"]["commit"], answer["diff"]["second"]["commit"]) == (before[1], None)
    nothing = {"because": "30000.00 EUR outstanding, 31000.00 EUR past due", "held_by": None}
    assert answer["differences"][0] == {
        "subject": "C001", "label": "Alpha Tools", "target": "scenario", "member": None, "now": None,
        "first": {"after": "Call first", "rule": "scenario", "line": 1, "at": "rules/strategy.rules:15", **nothing},
        "second": {"after": "Ring first", "rule": "scenario", "line": 1, "at": "rules/strategy.rules:15", **nothing},
    }  # fmt: skip
    assert [item["held_by"] for item in answer["held"]["second"]] == ["except"]


def test_two_revisions_each_with_its_own_project(run, rules: Path, project: Path) -> None:
    packs = project.parent / "packs" / "watching"  # beside the project, in the same repository
    packs.mkdir(parents=True)
    (packs / "pack.rules").write_text(
        'assign group "Watched" add overdue > 50 EUR\nrequire "in time" no customers where overdue >= 1000 EUR\n'
    )
    (project / "rules" / "more.rules").write_text('use "watching"\n')
    change(project / "assignrules.yml", "rules: [rules/]", 'rules: [rules/]\nrulesets: [../packs]\nparams: {large: "100 EUR"}')
    commit(project)
    (project / "rules" / "more.rules").unlink()
    change(project / "assignrules.yml", "rulesets: [../packs]", "rulesets: []")
    done = run("diff", "v1", "main", *DAY, "--full")
    assert done.exit_code == 0
    assert "  large: 25000.00 EUR -> 100.00 EUR" in done.stdout
    assert 'group "Watched"\n  not in -> in: 3 customers  stays as it is -> ../packs/watching/pack.rules:1' in done.stdout
    assert "Requirement `in time` fails\n  only with main: 1\n    C001\n" in done.stdout
    assert "The plan of main could not be applied." in done.stdout
    back = json.loads(run("diff", "main", "v1", *DAY, "--format", "json").stdout)
    assert (back["diff"]["first"]["applicable"], back["diff"]["second"]["applicable"]) == (False, True)
    assert back["requirements"] == {"in time": {"first": ["C001"], "second": []}}
    assert back["diff"]["parameters"] == {"large": {"first": "100.00 EUR", "second": "25000.00 EUR"}}
    same = run("diff", "main", "main", *DAY, "--detailed-exitcode")
    assert same.exit_code == 0 and "No difference: both come to the same for everybody." in same.stdout
    both = json.loads(run("diff", "v1", "main", *DAY, "--param", "large=7 EUR", "--format", "json").stdout)
    assert both["diff"]["parameters"] == {}


def test_a_revision_whose_rules_are_wrong(run, rules: Path, project: Path) -> None:
    good = rules.read_text()
    rules.write_text("search odd where nothing_known\n")
    commit(project)
    rules.write_text(good)
    done = run("diff", "HEAD")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error[E0201]" in done.stderr and "HEAD:rules/strategy.rules:1:18" in done.stderr and "search odd" in done.stderr
    answer = json.loads(run("diff", "HEAD", "--format", "json").stdout)
    assert answer["diagnostics"][0]["file"] == "HEAD:rules/strategy.rules"
    file = project / "assignrules.yml"
    change(file, "rules: [rules/]", "foo: 1\nrules: [rules/]")
    commit(project)
    change(file, "foo: 1\n", "")
    done = run("diff", "v1", "HEAD")
    assert done.exit_code == 1 and "HEAD:assignrules.yml" in done.stderr
    rules.write_text("search odd where nothing_known\n")
    done = run("diff", "v1")
    assert done.exit_code == 1 and " rules/strategy.rules:1:18" in done.stderr


def test_what_is_no_revision(run, rules: Path, project: Path) -> None:
    for words, help in (
        (("maim",), "did you mean `main`?"),
        (("--", "--upload-pack=x"), "name a branch"),
        (("--", "-x"), "name a branch"),
        (("main..v1",), "name a branch"),
        (("",), "name a branch"),
        (("^v1",), "did you mean `v1`?"),
        (("v1:mine",), "name a branch"),
        (("v1", "v2"), "name a branch"),
    ):
        done = run("diff", *words)
        assert done.exit_code == 1 and f"there is no revision `{words[-1]}`" in done.stderr and help in done.stderr, done.stderr
    assert run("diff").exit_code == 64
    same = (git(project, "rev-parse", "HEAD")[:9], "HEAD@{0}", ":/rules", "main^{commit}")
    assert [run("diff", name, *DAY).exit_code for name in same] == [0, 0, 0, 0]
    assert "there is no target `scenari`" in run("diff", "v1", "--target", "scenari").stderr
    git(project.parent, "mv", "mine", "other")
    commit(project.parent)
    git(project.parent, "mv", "other", "mine")
    assert "revision `HEAD` has no project file `assignrules.yml`" in run("diff", "HEAD").stderr


def test_without_git(run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    done = run("diff", "HEAD")
    assert done.exit_code == 1 and "error[E0910]: the project in `mine` is in no git repository" in done.stderr
    monkeypatch.setenv("PATH", "")
    assert "git is not installed" in run("diff", "HEAD").stderr


def test_links_that_lead_out_are_not_followed(run, rules: Path, project: Path) -> None:
    outside = project.parent.parent / "outside.rules"
    outside.write_text('assign group "Leaked" add overdue > 0 EUR\n')
    (project / "rules" / "leaks.rules").symlink_to(outside)
    (project / "rules" / "again.rules").symlink_to("../more/inside.rules")
    (project / "rules" / "round.rules").symlink_to("../rules/top/../../../../outside.rules")
    (project / "rules" / "top").symlink_to("../..")
    (project / "more").mkdir()
    (project / "more" / "inside.rules").write_text('assign group "Inside" add overdue > 0 EUR\n')
    commit(project)
    answer = json.loads(run("diff", "v1", "HEAD", *DAY, "--format", "json").stdout)
    assert {item["member"] for item in answer["differences"]} == {"Inside"}


def test_on_postgresql(run, rules: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_postgres(project, monkeypatch)
    change(rules, '"Call first"', '"Ring first"')
    done = run("diff", "HEAD", *DAY, "--target", "scenario")
    assert "  Call first -> Ring first: 2 customers" in done.stdout, done.output


def test_the_data_have_errors(run, rules: Path, project: Path) -> None:
    path = project / "data" / "documents.csv"
    path.write_text(path.read_text().replace("EUR", "USD"))
    assert run("load", "data").exit_code == 0
    done = run("diff", "HEAD", *DAY)
    assert done.exit_code == 1 and "The plan of HEAD could not be applied." in done.stdout
