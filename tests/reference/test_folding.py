"""The shipped case and accent tables are those of one Unicode version. `python tests/reference/test_folding.py`, run by a Python that
has that version, writes them anew."""

import sys
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from assignrules.ir import folding

pytestmark = pytest.mark.slow

TABLE = Path(folding.__file__).with_name("folding.txt")
HANGUL = range(0xAC00, 0xD7A4)


@cache
def characters() -> list[str]:
    """Every assigned character."""
    return [character for character in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(character) not in ("Cn", "Co", "Cs")]


def runs(codes: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return found


def simple(character: str, change: Callable[[str], str]) -> str:
    """Unicode's simple case mapping, one character to one: Python's full one where that is single, else the title case where that is (ᾀ),
    or what is left of it without its marks (İ); a character with none (ß) stays."""
    changed = change(character)
    if len(changed) == 1:
        return changed
    bare = "".join(part for part in changed if not unicodedata.category(part).startswith("M"))
    if change is str.upper:
        return character.title() if len(character.title()) == 1 else character
    return bare if len(bare) == 1 else character


def generate() -> str:
    lines = [f"unicode {unicodedata.unidata_version}"]
    for name, change in (("lower", str.lower), ("upper", str.upper)):
        for character in characters():
            changed = simple(character, change)
            if changed != character:
                lines.append(f"{name} {ord(character):04X} {ord(changed):04X}")
    for character in characters():
        parts = unicodedata.normalize("NFD", character)
        if parts != character and ord(character) not in HANGUL:
            lines.append(f"decompose {ord(character):04X} {' '.join(f'{ord(part):04X}' for part in parts)}")
    marks = [ord(character) for character in characters() if unicodedata.category(character).startswith("M")]
    lines.extend(f"marks {first:04X} {last:04X}" for first, last in runs(marks))
    return "\n".join(lines) + "\n"


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


not_newer = pytest.mark.skipif(
    version(unicodedata.unidata_version) > version(folding.UNICODE_VERSION),
    reason=f"this Python knows a later Unicode than the table's {folding.UNICODE_VERSION}",
)


@not_newer
def test_every_character_that_this_python_knows() -> None:
    def folded(character: str) -> str:
        kept = (part for part in unicodedata.normalize("NFD", character) if not unicodedata.category(part).startswith("M"))
        return "".join(simple(part, str.lower) for part in kept)

    for own, expected in (
        (folding.fold, folded),
        (folding.lower, lambda c: simple(c, str.lower)),
        (folding.upper, lambda c: simple(c, str.upper)),
    ):
        wrong = [character for character in characters() if own(character) != expected(character)]
        assert wrong == []


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Élévé", "eleve"),
        ("E\u0301", "e"),
        ("İSTANBUL", "istanbul"),
        ("Œuvre ß", "œuvre ß"),
        ("ΟΔΟΣ", "οδοσ"),
        ("한", "\u1112\u1161\u11ab"),
        ("가", "\u1100\u1161"),
        ("ǅ", "ǆ"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert folding.fold(text) == folded


def test_case_is_changed_one_to_one() -> None:
    assert folding.upper("straße é ŉ") == "STRAßE É ŉ"
    assert folding.lower("ÉCOLE İ Σ") == "école i σ"


if __name__ == "__main__":
    TABLE.write_text(generate(), encoding="ascii")
