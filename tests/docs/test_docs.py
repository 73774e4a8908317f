"""The documents say what is so: their commands run, their rules check, their tables are those of the code, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from tests.docs.documents import DOCUMENTS, ROOT, Block, blocks, commands, diagnosed, matches, run
from tests.docs.tables import MADE, operators_of, with_tables

from assignrules.cli import application, exits
from assignrules.ir.operators import OPERATORS

pytestmark = pytest.mark.slow

PAGES = [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "examples").glob("*/README.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
CODE = re.compile(r"`assignrules ([^`\n]+)`")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks_of(path: Path) -> list[Block]:
    return list(blocks(path.read_text(encoding="utf-8")))


def runnable() -> list[object]:
    """The documents with commands."""
    found = [path for path in DOCUMENTS if any(block.kind == "console" for block in blocks_of(path))]
    return [
        pytest.param(
            path,
            id=name(path),
        )
        for path in found
    ]


@pytest.mark.parametrize("path", runnable())
def test_commands_print_what_is_shown(path: Path) -> None:
    for done in run(path):
        place = f"{name(path)}:{done.command.line}: $ {done.command.text}"
        real = "\n".join(done.output)
        assert matches(done.command.expected, done.output), f"{place}\nprints\n{real}\n(python -m tests.docs.documents rewrites it)"
        assert not done.failed, f"{place} ends with {done.exit_code}\n{real}"


EXAMPLES = [
    pytest.param(example, after, id=f"{name(path)}:{example.line}")
    for path in DOCUMENTS
    for example, after in zip(blocks_of(path), [*blocks_of(path), None][1:], strict=True)
    if example.kind == "rules" and example.path is None
]


@pytest.mark.parametrize(("example", "after"), EXAMPLES)
def test_rules_check(example: Block, after: Block | None) -> None:
    expected = after.text.rstrip("\n") if after is not None and after.words == ("text", "diagnostics") else ""
    assert diagnosed(example.text) == expected


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_rule_files_of_a_document_are_checked_in_it(path: Path) -> None:
    found = blocks_of(path)
    last = max((block.line for block in found if block.kind == "rules" and block.path), default=None)
    if last is not None:
        later = [command.text for block in found if block.kind == "console" and block.line > last for command in commands(block)]
        assert any(text.startswith(("assignrules check", "assignrules plan")) for text in later)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_made_tables_are_those_of_the_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert with_tables(text) == text, "python -m tests.docs.documents writes them anew"


def test_every_written_operator_stands_in_one_table() -> None:
    tables = [operator.identifier for table in ("comparisons", "arithmetic", "functions") for operator in operators_of(table)]
    assert sorted(tables) == sorted(operator.identifier for operator in OPERATORS.values() if operator.form)
    reference = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert {match[2] for match in MADE.finditer(reference)} >= {"comparisons", "arithmetic", "functions", "aggregates"}


def test_every_command_and_option_is_documented() -> None:
    text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    missing = [command for command in application.commands if f"### `{command}`" not in text]
    assert not missing, f"docs/running.md has no section for {missing}"
    for command_name, command in application.commands.items():
        section = text.partition(f"### `{command_name}`")[2].partition("\n### ")[0]
        common = text.partition("## Options of every command")[2].partition("\n## ")[0]
        for option in command.params:
            if isinstance(option, click.Option):
                assert f"`{option.opts[-1]}" in section or f"`{option.opts[-1]}" in common, f"{command_name} {option.opts[-1]}"


def test_every_exit_code_is_documented() -> None:
    codes = {str(code) for word, code in vars(exits).items() if word.isupper()}
    table = (ROOT / "docs" / "running.md").read_text(encoding="utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    assert set(re.findall(r"\d+", " ".join(re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)))) == codes


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_commands_in_passing_exist(path: Path) -> None:
    """Also those in running text and in blocks that are not run: command and options must be there."""
    text = path.read_text(encoding="utf-8")
    lines = [match[1] for match in CODE.finditer(text)]
    for block in blocks(text):
        if block.kind in ("sh", "console"):
            lines += [line.removeprefix("$ ").removeprefix("assignrules ") for line in block.lines if re.match(r"(\$ )?assignrules ", line)]
    for line in lines:
        word, *rest = line.partition("  #")[0].split()
        if word == "--help":
            continue
        assert word in application.commands, f"{name(path)}: assignrules {line}"
        options = {option for part in application.commands[word].params for option in part.opts} | {"--help", "-h"}
        unknown = [item for item in rest if item.startswith("-") and item.partition("=")[0] not in options]
        assert not unknown, f"{name(path)}: assignrules {line}"


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for match in LINK.finditer(text):
        address, _, anchor = match[1].partition("#")
        if address.startswith(("https://", "http://", "mailto:")):
            continue
        target = (path.parent / address).resolve() if address else path
        assert target.exists(), f"{name(path)} links to {match[1]}"
        if anchor:
            assert anchor in anchors(target), f"{name(path)} links to {match[1]}"


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("expected", "output", "same"),
    [
        (("a", "b"), ("a", "b"), True),
        (("a",), ("a", "b"), False),
        (("a", "…", "d"), ("a", "b", "c", "d"), True),
        (("a", "…"), ("a",), True),
        (("hash …",), ("hash sha256:12",), True),
        (("a …",), ("a", "b"), False),
        (("a.c",), ("abc",), False),
    ],
)
def test_matching(expected: tuple[str, ...], output: tuple[str, ...], same: bool) -> None:
    assert matches(expected, output) is same


def test_wrong_rules_in_a_document_are_found() -> None:
    assert "error[E0201]" in diagnosed("search late where outstandin > 5 EUR\n")
