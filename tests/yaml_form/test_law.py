"""The laws of the YAML form: it holds every tree, its layout is canonical, and no comment is lost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.syntax import trees

from assignrules.check import check_files
from assignrules.check.packs import PackFolders
from assignrules.diagnostics import SourceFile
from assignrules.ir.digest import ruleset_digest
from assignrules.schema.logical import credit
from assignrules.syntax import tree
from assignrules.syntax.formatter import format_file
from assignrules.syntax.text import parse
from assignrules.syntax.yaml_form import format_yaml_rules, read_yaml_rules
from assignrules.syntax.yaml_write import write_yaml_rules

_ROOT = Path(__file__).parents[2]
_FILES = [_ROOT / "tests/syntax/examples.rules", _ROOT / "tests/syntax/definitions.rules", *sorted(_ROOT.glob("examples/**/*.rules"))]


def _kind(statement: tree.Statement) -> str:
    return f"{type(statement).__name__} {getattr(statement, 'warning', '')}"


def _grouped(statements: Iterable[tree.Statement]) -> list[tree.Statement]:
    """The statements by kind, as sections hold them."""
    statements = list(statements)
    kinds = list(dict.fromkeys(map(_kind, statements)))
    return sorted(statements, key=lambda statement: kinds.index(_kind(statement)))


def _holds(statement: tree.Statement) -> bool:
    """A member or a label that is a number is not one of the language's: the YAML form takes it for a text."""
    heads = statement.heads if isinstance(statement, tree.Assign) else ()
    return all(isinstance(head, tree.Text | tree.Parenthesised) for head in heads)


def _parsed(text: str) -> tuple[tree.File, SourceFile]:
    source = SourceFile("a.rules", text)
    file, problems = parse(source)
    assert not problems, (text, problems)
    return file, source


def _read(text: str) -> tuple[tree.File, SourceFile]:
    source = SourceFile("a.yml", text)
    file, problems = read_yaml_rules(source)
    assert not problems, (text, problems)
    return file, source


@given(st.lists(trees.statements.filter(_holds), min_size=1, max_size=3))
def test_every_tree_has_a_yaml_form(statements: list[tree.Statement]) -> None:
    # the text of a rule file puts the parentheses that a random tree lacks
    file, source = _parsed(format_file(tree.File("a.rules", tuple(statements), ()), SourceFile("a.rules", "")))
    text = write_yaml_rules(file, source)
    read, yaml_source = _read(text)
    assert list(read.statements) == _grouped(file.statements), text
    assert format_yaml_rules(yaml_source) == text
    back, _ = _parsed(format_file(read, yaml_source))
    assert back.statements == read.statements


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_file_goes_both_ways(path: Path) -> None:
    file, source = _parsed(path.read_text(encoding="utf-8"))
    text = write_yaml_rules(file, source)
    read, yaml_source = _read(text)
    assert list(read.statements) == _grouped(file.statements)
    assert sorted(comment.text for comment in read.comments) == sorted(comment.text for comment in file.comments)
    assert format_yaml_rules(yaml_source) == text
    rules = format_file(read, yaml_source)
    back, _ = _parsed(rules)
    assert back.statements == read.statements
    assert sorted(comment.text for comment in back.comments) == sorted(comment.text for comment in file.comments)


@pytest.mark.parametrize(
    "path",
    [*sorted(_ROOT.glob("examples/my_company_sas/rules/*.rules")), *sorted(_ROOT.glob("rulesets/*/*.rules"))],
    ids=lambda path: path.stem,
)
def test_the_yaml_form_means_the_same(path: Path) -> None:
    others = [SourceFile(other.name, other.read_text(encoding="utf-8")) for other in sorted(path.parent.glob("*.rules"))]
    text = write_yaml_rules(*_parsed(path.read_text(encoding="utf-8")))
    converted = [SourceFile(f"{path.stem}.yml", text) if other.name == path.name else other for other in others]
    plain, in_yaml = (check_files(files, credit(), packs=PackFolders()) for files in (others, converted))
    assert plain.ruleset is not None
    assert in_yaml.ruleset is not None
    assert ruleset_digest(plain.ruleset) == ruleset_digest(in_yaml.ruleset)
