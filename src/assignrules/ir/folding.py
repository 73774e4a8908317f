"""Case and accents by the package's own table, so that every Python and every database agrees.

``folding.txt`` holds the tables of one Unicode version: the case mappings that are one to one, the canonical decompositions, and the
combining marks (general category M). Each function works character by character: what a text becomes is what its characters become,
in a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

UNICODE_VERSION = "15.0.0"


@dataclass(frozen=True, slots=True)
class Tables:
    """What a character becomes, by code point; those that stay are left out. In ``fold`` a mark becomes the empty text."""

    lower: Mapping[int, str]
    upper: Mapping[int, str]
    fold: Mapping[int, str]


def fold(text: str) -> str:
    """The text without case and accents: in NFD, combining marks dropped, lower-cased one to one. ``œ`` and ``ß`` stay."""
    return text.translate(tables().fold)


def lower(text: str) -> str:
    """In lower case; a character whose lower case is not one character stays."""
    return text.translate(tables().lower)


def upper(text: str) -> str:
    """In upper case; a character whose upper case is not one character (``ß``) stays."""
    return text.translate(tables().upper)


@cache
def tables() -> Tables:
    """The tables, read once."""
    cases: dict[str, dict[int, str]] = {"lower": {}, "upper": {}}
    decompositions: dict[int, str] = _hangul()
    marks: set[int] = set()
    version, *lines = (files("assignrules.ir") / "folding.txt").read_text(encoding="ascii").splitlines()
    assert version == f"unicode {UNICODE_VERSION}"
    for line in lines:
        kind, *words = line.split()
        first, *others = (int(word, 16) for word in words)
        if kind == "marks":
            marks.update(range(first, others[0] + 1))
        elif kind == "decompose":
            decompositions[first] = "".join(map(chr, others))
        else:
            cases[kind][first] = chr(others[0])
    small = cases["lower"]
    folded = {
        code: "".join(small.get(ord(part), part) for part in parts if ord(part) not in marks) for code, parts in decompositions.items()
    }
    folded.update((code, text) for code, text in small.items() if code not in decompositions)
    folded.update((code, "") for code in marks)
    return Tables(small, cases["upper"], folded)


def _hangul() -> dict[int, str]:
    """Every Korean syllable is a leading consonant, a vowel and perhaps a trailing consonant, in a fixed order."""
    leading, vowel, trailing, vowels, trailings = 0x1100, 0x1161, 0x11A7, 21, 28
    parts: dict[int, str] = {}
    for index in range(19 * vowels * trailings):
        first, rest = divmod(index, vowels * trailings)
        second, third = divmod(rest, trailings)
        parts[0xAC00 + index] = chr(leading + first) + chr(vowel + second) + (chr(trailing + third) if third else "")
    return parts
