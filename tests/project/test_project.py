"""The project file: read strictly, every mistake with its place and a way out."""

from __future__ import annotations

import shutil
import subprocess
import textwrap
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from assignrules import __version__, api
from assignrules.diagnostics import Diagnostic
from assignrules.project import Project, database_of, find_project_file, git_revision, open_project, rule_sources, schema_of


def read(folder: Path, text: str = "", **more: object) -> tuple[Project | None, tuple[Diagnostic, ...]]:
    path = folder / "assignrules.yml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    project, _, problems = open_project(path, **more)
    return project, problems


def good(folder: Path, text: str = "", **more: object) -> Project:
    project, problems = read(folder, text, **more)
    assert problems == ()
    assert project is not None
    return project


WHOLE = """
    name: my-company
    schema: credit
    rules: [rules/, more/one.rules]
    language: 1
    requires: ">=0.1, <2"
    rulesets: []
    currency: USD
    time_zone: Europe/Paris
    calendar: FR
    params: {large: 400_000 EUR, old: 60 days, strict: true}
    ignored_currencies: [XAF]
    guards: {changes: at most 12.5%}
    environments:
      local: {database: "duckdb:///my.duckdb"}
      production: {database: "${DATABASE_URL}", schema_params: {}}
    default_environment: local
"""


def test_everything_that_a_file_may_say(tmp_path: Path) -> None:
    project = good(tmp_path, WHOLE, as_of=date(2026, 11, 22), params={"large": "1 EUR"})
    assert (project.name, project.rules, project.currency) == ("my-company", ("rules/", "more/one.rules"), "USD")
    assert (project.time_zone, project.calendar, project.ignored_currencies) == ("Europe/Paris", "FR", ("XAF",))
    assert project.params == {"large": "1 EUR", "old": "60 days", "strict": "true"}, "those of the command line win"
    assert project.guard == Decimal("0.125")
    assert (project.environment, project.as_of) == ("local", date(2026, 11, 22))


def test_everything_has_a_default(tmp_path: Path) -> None:
    before = datetime.now(UTC).date()
    project = good(tmp_path)
    assert (project.name, project.rules, project.currency, project.guard) == (tmp_path.name, ("rules/",), "EUR", Decimal("0.3"))
    assert before <= project.as_of <= datetime.now(UTC).date()
    database, problems = database_of(project)
    assert problems == ()
    assert database is not None
    assert database.name == "assignrules.duckdb"


def test_today_is_that_of_the_time_zone(tmp_path: Path) -> None:
    days = {good(tmp_path, f"time_zone: {zone}").as_of for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago")}
    assert len(days) == 2, "they are 25 hours apart"


@pytest.mark.parametrize(
    ("text", "code", "message", "help"),
    [
        ("curency: EUR", "E0902", "unknown key `curency`", "did you mean `currency`?"),
        ("guards: {change: at most 30%}", "E0902", "unknown key `change`", "did you mean `changes`?"),
        ("guards: {changes: 30%}", "E0902", "`30%` is no guard", "at most 30%"),
        ("guards: {changes: at most 300%}", "E0902", "no guard", "at most 30%"),
        ("schema: ../schema.yml", "E0902", "../schema.yml", "below"),
        ("guards: {freshness: {documnt: 26 hours}}", "E0902", "documnt", "did you mean `document`?"),
        ("guards: {freshness: {document: soon}}", "E0902", "soon", "write it like `26 hours` or `2 days`"),
        ("guards: {freshness: 26 hours}", "E0902", "`freshness` must have keys with values", None),
        ("rulesets: [../packs]", "E0902", "`../packs` in `rulesets` is no folder", "each a folder of its own"),
        ("currency: euro", "E0902", "`euro`", "did you mean `EUR`?"),
        ("currency: eur", "E0902", "`eur`", "did you mean `EUR`?"),
        ("currency: XYZ", "E0902", "`XYZ`", "ISO 4217"),
        ("time_zone: Europe/Pariss", "E0902", "time zone", "Europe/Paris"),
        ("language: 2", "E0902", "version `2`", "version 1"),
        ('requires: ">=99"', "E0902", "needs assignrules >=99", "install"),
        ("requires: newest", "E0902", "`newest`", ">=0.1"),
        ("rules: rules/", "E0902", "must be a list", "rules: [rules/]"),
        ("rules: [../other]", "E0902", "outside the project", "move"),
        ("rules: [/etc]", "E0902", "outside the project", "move"),
        ("params: {large: }", "E0902", "no value", None),
        ("params: 3", "E0902", "keys", None),
        ("environments: {local: {databse: x}}", "E0902", "unknown key `databse`", "did you mean `database`?"),
        ("default_environment: prod", "E0903", "`prod`", "`local`"),
        ("name: [a]", "E0902", "single value", None),
        ("name: a\nname: b", "E0902", "given twice", None),
        ("- a", "E0902", "keys", None),
        ("name: *x", "E0902", "alias", None),
    ],
)
def test_mistakes(tmp_path: Path, text: str, code: str, message: str, help: str | None) -> None:
    project, problems = read(tmp_path, text)
    assert project is None
    found = problems[0]
    assert found.code == code
    assert message in found.message
    assert found.span is not None and found.span.file == "assignrules.yml"
    if help is not None:
        assert found.help is not None and help in found.help


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    _, problems = read(tmp_path, "curency: EUR\nlanguage: 3\nguards: {changes: none}\n")
    assert [problem.span.line for problem in problems if problem.span is not None] == [1, 2, 3]


def test_requires_is_compared_by_number(tmp_path: Path) -> None:
    for text in (f"=={__version__}", ">=0.0.9", "<10", "!=0.0.1", "<=99.1", ">0"):
        good(tmp_path, f'requires: "{text}"')


def test_an_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "assignrules.yml").write_bytes(b"name: \xff")
    assert open_project(tmp_path / "assignrules.yml")[2][0].code == "E0902"
    assert open_project(tmp_path / "none.yml")[2][0].code == "E0901"


def test_found_from_below(tmp_path: Path) -> None:
    (tmp_path / "rules" / "deep").mkdir(parents=True)
    (tmp_path / "assignrules.yml").write_text("")
    assert find_project_file(tmp_path / "rules" / "deep") == tmp_path / "assignrules.yml"
    assert find_project_file(Path(tmp_path.anchor)) is None


def test_an_environment_must_be_chosen(tmp_path: Path) -> None:
    text = 'environments: {a: {database: "duckdb:///a.db"}, b: {database: "duckdb:///b.db"}}'
    project = good(tmp_path, text)
    database, problems = database_of(project)
    assert database is None
    assert problems[0].code == "E0903"
    assert database_of(good(tmp_path, text, environment="b"))[0].name == "b.db"
    _, problems = read(tmp_path, text, environment="bb")
    assert problems[0].help == "environments are `a`, `b`"


def test_environment_variables_are_looked_up_late_and_never_shown(tmp_path: Path) -> None:
    project = good(tmp_path, 'environments: {local: {database: "${SCHEME}://${PLACE}"}}')
    _, problems = database_of(project, {})
    assert [problem.code for problem in problems] == ["E0904", "E0904"]
    database, _ = database_of(project, {"SCHEME": "duckdb", "PLACE": "/x.duckdb"})
    assert database is not None and database.name == "x.duckdb"
    for scheme, code in (("spark", "E0199"), ("oracle", "E0902")):
        _, problems = database_of(project, {"SCHEME": scheme, "PLACE": "user:hunter2@host/db"})
        assert problems[0].code == code
        assert "hunter2" not in str(problems)


def test_the_database_is_beside_the_project_file(tmp_path: Path) -> None:
    from assignrules.databases.duckdb import DuckDB

    database, _ = database_of(good(tmp_path, 'environments: {local: {database: "duckdb:///data/my.duckdb"}}'))
    assert isinstance(database, DuckDB)
    assert database.path == tmp_path / "data" / "my.duckdb"
    database, _ = database_of(good(tmp_path, 'environments: {local: {database: "duckdb:////srv/my.duckdb"}}'))
    assert isinstance(database, DuckDB)
    assert database.path == Path("/srv/my.duckdb")


def test_rule_files(tmp_path: Path) -> None:
    project = good(tmp_path, "rules: [rules/, one.rules]")
    for name in ("rules/b.rules", "rules/a/z.rules", "one.rules", "rules/.#b.rules", "rules/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# nothing\n")
    sources, problems = rule_sources(project)
    assert ([source.name for source in sources], problems) == (["one.rules", "rules/a/z.rules", "rules/b.rules"], ())


def test_rule_files_that_cannot_be_used(tmp_path: Path) -> None:
    project = good(tmp_path, "rules: [rules/, gone/]")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yml").write_text("searches: {}\n")
    (tmp_path / "rules" / "b.rules").write_bytes(b"# \xff\n")
    sources, problems = rule_sources(project)
    assert [source.name for source in sources] == ["rules/a.yml"]
    assert sorted(problem.code for problem in problems) == ["E0114", "E0902"]
    gone = next(problem for problem in problems if problem.code == "E0902")
    assert gone.span is not None and (gone.span.line, gone.span.column) == (1, 17)


def test_links_and_paths_lead_nowhere(tmp_path: Path) -> None:  # S7
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.rules").write_text("search secret where active\n")
    (outside / "secret.yml").write_text("root:x:0:0\n")
    own = tmp_path / "own"
    for folder in ("rules", "tests", "schemas"):
        (own / folder).mkdir(parents=True)
    project = good(own, "rules: [rules/, one.rules]")
    (own / "rules" / "link.rules").symlink_to(outside / "secret.rules")
    (own / "rules" / "folder").symlink_to(outside)
    (own / "one.rules").symlink_to("../outside/secret.rules")
    (own / "rules" / "here.rules").symlink_to("a.rules")  # within the project it may
    (own / "rules" / "a.rules").write_text("search a where active\n")
    sources, problems = rule_sources(project)
    assert [source.name for source in sources] == ["rules/a.rules", "rules/here.rules"]
    assert [(problem.code, problem.message) for problem in problems] == [
        ("E0902", f"`{name}` leads out of the project") for name in ("rules/link.rules", "one.rules")
    ]
    (own / "one.rules").unlink()
    (own / "rules" / "link.rules").unlink()
    (own / "rules" / "here.rules").unlink()
    (own / "tests" / "t.yml").symlink_to(outside / "secret.yml")
    report = api.run_tests(good(own, "rules: [rules/]"))
    told = [problem for result in report.results for problem in result.diagnostics]
    assert [(problem.code, problem.message) for problem in told] == [("E0902", "`tests/t.yml` leads out of the project")]
    (own / "schemas" / "s.yml").symlink_to(outside / "secret.yml")
    _, _, problems = schema_of(good(own, "schema: schemas/s.yml"))
    assert [(problem.code, problem.message) for problem in problems] == [("E0902", "`schemas/s.yml` leads out of the project")]
    for entry in ("rules: [../outside]", "rules: [/etc]", "schema: ../outside/secret.yml"):
        _, found = read(own, f"{entry}\n")
        assert [problem.code for problem in found if "outside" in problem.message] == ["E0902"], entry
    (own / "schemas" / "s.yml").unlink()
    (own / "schemas" / "s.yml").write_text("extends: ../../outside/secret.yml\n")
    _, _, problems = schema_of(good(own, "schema: schemas/s.yml"))
    assert "E0220" in [problem.code for problem in problems]
    for name in ("../../x", "../x", "/etc/passwd", "x/../../x", ".", "..", ""):
        (own / "rules" / "a.rules").write_text(f'use "{name}"\nsearch a where active\n')
        report = api.check(good(own, "rules: [rules/]"))
        assert [problem.code for problem in report.diagnostics] in (["E0212"], ["E0211"]), name


def test_git_revision(tmp_path: Path) -> None:
    assert git_revision(tmp_path) is None
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def git(*words: str) -> str:
        options = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *options, *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    assert git_revision(tmp_path) is None, "nothing is committed yet"
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-q", "-m", "one")
    assert git_revision(tmp_path) == git("rev-parse", "HEAD")
    (tmp_path / "a").write_text("2")
    assert git_revision(tmp_path) == git("rev-parse", "HEAD") + "-dirty"


def test_the_problems_of_a_project_file_come_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "assignrules.yml"
    path.write_text("name: x\nrules: []\ncurrency: EURO\ntime_zone: Paris\nguards: {changes: 30}\n")
    lines = [problem.span.line for problem in open_project(path)[2] if problem.span is not None]
    assert len(lines) >= 3 and lines == sorted(lines)
