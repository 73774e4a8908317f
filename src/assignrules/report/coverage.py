"""What rule tests chose of a project's rules, as text or JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from assignrules.report.page import count, plain

Key = tuple[str, str, int | None]  # the rule or, of a search, its entity and name; the word; the line's number
SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Spot:
    """Something that a test can choose. ``word``: ``line`` (with its ``number``), ``otherwise``, ``add``, ``remove``, ``eligibility``,
    ``removal``, or ``search``. ``rule``: the rule's name, of a search its own. ``at``: file:line. ``text``: the condition, of a search its
    label."""

    word: str
    rule: str
    number: int | None
    at: str
    text: str
    key: Key


@dataclass(frozen=True, slots=True)
class Coverage:
    """What all tests together chose of ``spots``, which are in the order of files and lines."""

    spots: tuple[Spot, ...]
    chosen: frozenset[Key]

    @property
    def left(self) -> tuple[Spot, ...]:
        """What no test chose."""
        return tuple(spot for spot in self.spots if spot.key not in self.chosen)


def as_text(coverage: Coverage) -> str:
    """How much was chosen, and what was not, by place."""
    left = coverage.left
    lines = [f"tests chose {_share(coverage, searches=False)} and found something with {_share(coverage, searches=True)}"]
    for title, searches in (("never chosen:", False), ("never finding anything:", True)):
        spots = [spot for spot in left if (spot.word == SEARCH) is searches]
        if spots:
            wide = max(len(spot.at) for spot in spots)
            lines += ["", title, *(f"  {plain(spot.at):<{wide}}  {_name(spot)}" for spot in spots)]
    return "\n".join(lines) + "\n"


def as_object(coverage: Coverage) -> dict[str, Any]:
    """For JSON."""
    all_, left = (Counter(spot.word == SEARCH for spot in spots) for spots in (coverage.spots, coverage.left))
    return {
        "lines": {"all": all_[False], "chosen": all_[False] - left[False]},
        "searches": {"all": all_[True], "chosen": all_[True] - left[True]},
        "never": [{name: value for name, value in asdict(spot).items() if name != "key"} for spot in coverage.left],
    }


def _share(coverage: Coverage, *, searches: bool) -> str:
    all_, left = (sum((spot.word == SEARCH) is searches for spot in spots) for spots in (coverage.spots, coverage.left))
    return f"{all_ - left:,} of {count(all_, 'search', 'searches') if searches else count(all_, 'line or side', 'lines and sides')}"


def _name(spot: Spot) -> str:
    match spot.word:
        case "search":
            return plain(spot.rule) + (f' "{plain(spot.text)}"' if spot.text else "")
        case "line":
            return f"{plain(spot.rule)}, line {spot.number}: {plain(spot.text)}"
        case "otherwise":
            return f"{plain(spot.rule)}, otherwise {plain(spot.text)}"
        case word:
            return f"{plain(spot.rule)}, {word} {plain(spot.text)}"
