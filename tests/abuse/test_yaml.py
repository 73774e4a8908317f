"""S3: YAML that would expand, execute, or change its mind about a word."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from assignrules.diagnostics import SourceFile, has_errors
from assignrules.project import open_project
from assignrules.schema.file import Settings, read_schema
from assignrules.schema.logical import credit
from assignrules.syntax import tree
from assignrules.syntax.yaml_form import read_rules
from assignrules.testing import read_case

HOLDS_TEXT = credit().holds_text()
LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]\n" for n in range(1, 26))
MERGES = "a0: &a0 {x0: 1}\n" + "".join(f"a{n}: &a{n}\n  <<: [" + ", ".join([f"*a{n - 1}"] * 9) + f"]\n  x{n}: 1\n" for n in range(1, 26))
REFUSED = {
    "laughs": LAUGHS,
    "merge keys": MERGES,
    "an alias": "searches: {a: &x active, b: *x}\n",
    "a merge of one": "searches:\n  <<: {a: active}\n",
    "a tag that makes objects": "searches: {a: !!python/object/apply:os.system ['true']}\n",
    "a tag of its own": "searches: {a: !text active}\n",
    "deep sequences": "searches: " + "[" * 100_000,
    "deep mappings": "searches: " + "{a: " * 50_000,
    "deep by lines": "".join(f"{' ' * n}a:\n" for n in range(2_000)),
    "two documents": "searches: {a: active}\n---\nsearches: {b: active}\n",
    "too large": "#" * (1 << 20) + "\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_bombs_and_traps_are_refused_at_once(name: str) -> None:  # S3
    started = time.process_time()
    _, problems = read_rules(SourceFile("a.yml", REFUSED[name]), HOLDS_TEXT)
    assert has_errors(problems)
    assert all(item.code.startswith("E01") for item in problems)
    assert time.process_time() - started < 10


def test_a_repeated_key_shows_both_places() -> None:  # S3
    source = SourceFile("a.yml", "searches:\n  late: overdue > 0 EUR\n  other: active\n  late: active\n")
    _, problems = read_rules(source, HOLDS_TEXT)
    assert [item.span.line for item in problems if item.span is not None] == [4]
    assert [place.span.line for item in problems for place in item.related] == [2]


@pytest.mark.parametrize("word", ["NO", "yes", "on", "12:30", "0x10", "1_000", "~x", "null x", "2026-11-22x", "0o17"])
def test_words_stay_words(word: str) -> None:  # S3
    file, problems = read_rules(SourceFile("a.yml", f"assign:\n- {{scenario: , lines: [{{value: {word}, to: active}}]}}\n"), HOLDS_TEXT)
    assert not problems, problems
    statement = file.statements[0]
    assert isinstance(statement, tree.Assign)
    assert f"value={word!r}" in repr(statement)


TRAPS = {
    "an alias": "{text}\nx: &a [1]\ny: *a\n",
    "a merge": "{text}\n<<: {{a: b}}\n",
    "a tag": "{text}\nx: !!python/object/apply:os.system ['true']\n",
    "a repeated key": "{text}\n{text}\n",
    "depth": "{text}\nx: " + "[" * 100_000,
    "two documents": "{text}\n---\nx: 1\n",
}


@pytest.mark.parametrize("trap", TRAPS)
def test_every_file_is_read_as_strictly(trap: str, tmp_path: Path) -> None:  # S3
    """The project file, a schema file and a rule test."""
    path = tmp_path / "assignrules.yml"
    path.write_text(TRAPS[trap].format(text="name: x"))
    project, _, problems = open_project(path)
    assert project is None and has_errors(problems)
    schema, _, problems = read_schema(
        SourceFile("s.yml", TRAPS[trap].format(text="extends: credit")), Settings("duckdb", {}), lambda name, parent: (None, ())
    )
    assert schema is None and has_errors(problems)
    case, problems = read_case(SourceFile("t.yml", TRAPS[trap].format(text="as_of: 2026-11-22")), credit())
    assert case is None and has_errors(problems)
