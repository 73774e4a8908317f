"""The shipped case and accent tables are those of one Unicode version. `python tests/reference/test_folding.py` writes them anew."""

import sys
import unicodedata
from functools import cache
from pathlib import Path

import pytest

from assignrules.ir import folding

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


def generate() -> str:
    lines = [f"unicode {unicodedata.unidata_version}"]
    for name, change in (("lower", str.lower), ("upper", str.upper)):
        for character in characters():
            changed = change(character)
            if changed != character and len(changed) == 1:
                lines.append(f"{name} {ord(character):04X} {ord(changed):04X}")
    for character in characters():
        parts = unicodedata.normalize("NFD", character)
        if parts != character and ord(character) not in HANGUL:
            lines.append(f"decompose {ord(character):04X} {' '.join(f'{ord(part):04X}' for part in parts)}")
    marks = [ord(character) for character in characters() if unicodedata.category(character) == "Mn"]
    lines.extend(f"marks {first:04X} {last:04X}" for first, last in runs(marks))
    return "\n".join(lines) + "\n"


same_version = pytest.mark.skipif(
    unicodedata.unidata_version != folding.UNICODE_VERSION, reason=f"the table is that of Unicode {folding.UNICODE_VERSION}"
)


@same_version
def test_the_table_is_what_its_unicode_version_says() -> None:
    assert TABLE.read_text(encoding="ascii") == generate()


@same_version
def test_fold_of_every_character() -> None:
    def expected(character: str) -> str:
        kept = (part for part in unicodedata.normalize("NFD", character) if unicodedata.category(part) != "Mn")
        return "".join(part.lower() if len(part.lower()) == 1 else part for part in kept)

    wrong = [character for character in characters() if folding.fold(character) != expected(character)]
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
    assert folding.lower("ÉCOLE İ Σ") == "école İ σ"


if __name__ == "__main__":
    TABLE.write_text(generate(), encoding="ascii")
