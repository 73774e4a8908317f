"""Which expected entry is which one that came: first those that fit, then, for a person to read, those that speak of the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

IDENTITY = ("subject", "target", "member", "proposal")


def set_differences(expected: Collection[str], actual: Collection[str]) -> Iterator[str]:
    """What of two sets only one has, in words."""
    missing, extra = sorted(set(expected) - set(actual)), sorted(set(actual) - set(expected))
    if missing:
        yield "expected, but did not come: " + ", ".join(missing)
    if extra:
        yield "came, but was not expected: " + ", ".join(extra)


def matched(fits: Sequence[Sequence[bool]]) -> dict[int, int]:
    """As many expected entries as possible, each with one that came and fits it: numbers of both. ``fits``: by expected entry and by what
    came."""
    partner: dict[int, int] = {}  # of what came, the expected one

    def match(entry: int, tried: set[int]) -> bool:
        for item, fit in enumerate(fits[entry]):
            if fit and item not in tried:
                tried.add(item)
                if item not in partner or match(partner[item], tried):
                    partner[item] = entry
                    return True
        return False

    for entry in range(len(fits)):
        match(entry, set())
    return {entry: item for item, entry in partner.items()}


def alike(expected: Mapping[int, Mapping[str, object]], actual: Mapping[int, Mapping[str, object]]) -> dict[int, int]:
    """Of entries that found no partner, those that name the same subject and, as far as both say, the same target and member; those with
    the most in common first."""
    pairs = []
    for number, entry in expected.items():
        for other, item in actual.items():
            shared = [name for name in IDENTITY if name in entry and name in item]
            if entry.get("subject") is not None and all(entry[name] == item[name] for name in shared):
                common = sum(item.get(name) == value for name, value in entry.items())
                pairs.append((-common, number, other))
    found: dict[int, int] = {}
    for _, number, other in sorted(pairs):
        if number not in found and other not in found.values():
            found[number] = other
    return found
