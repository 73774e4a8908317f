"""Every fault of the tables has a test that bears its number: a comment of numbers on the line of a test's name or of its end."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.abuse.ids import FAULTS

TESTS = Path(__file__).parents[1]
NUMBERS = re.compile(r"#(?: slow;)? ((?:[FTDSJGP][0-9]+)(?:, [FTDSJGP][0-9]+)*)")
OUTSIDE = TESTS.parents[1] / "shared" / "design" / "reliability.md"


@cache
def borne() -> dict[str, list[str]]:
    """By number, the tests that bear it."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for name, numbers in named_tests(path):
            for number in numbers:
                found.setdefault(number, []).append(f"{path.name}::{name}")
    return found


def named_tests(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The tests of a file whose heads end with numbers."""
    name = None
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.start[1] == 0 and token.type == tokenize.NAME:
                name = re.match(r"def (test_\w+)", token.line)
            match = NUMBERS.fullmatch(token.string) if token.type == tokenize.COMMENT else None
            if match is not None and name is not None and token.line.rstrip().partition("  #")[0].endswith(":"):
                yield name[1], match[1].split(", ")


@pytest.mark.parametrize("number", FAULTS)
def test_every_fault_has_a_test_that_bears_its_number(number: str) -> None:
    assert borne().get(number), f"{number} ({FAULTS[number]}) has no test"


def test_no_test_bears_an_unknown_number() -> None:
    unknown = {number: tests for number, tests in borne().items() if number not in FAULTS and number[0] != "P"}
    assert not unknown


def test_the_numbers_are_those_of_the_design() -> None:
    if OUTSIDE.exists():  # it is no part of the source
        rows = re.findall(r"^\| ([FTDSJG][0-9]+) \|", OUTSIDE.read_text(encoding="utf-8"), re.MULTILINE)
        assert rows == list(FAULTS)
    else:
        assert len(FAULTS) == 29
