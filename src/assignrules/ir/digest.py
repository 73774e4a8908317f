"""Digests: what makes two rulesets the same. A change of comment or layout is none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from assignrules.ir.ruleset import Ruleset

LEFT_OUT = frozenset({"span"})
SMALL = 40  # pieces of text


def ruleset_digest(ruleset: Ruleset) -> str:
    """``sha256:…`` of what the rules mean: their IR, without the places in the text. Unused built-in definitions count too, as they ship
    with the package's version."""
    return digest((
        ruleset.currency,
        sorted(ruleset.ignored_currencies),
        ruleset.calendar,
        sorted(ruleset.params.items()),
        sorted(ruleset.definitions.items()),
        ruleset.assignments,
        ruleset.requirements,
        ruleset.alerts,
        ruleset.reports,
        ruleset.proposals,
        ruleset.scenarios,
    ))  # fmt: skip


def digest(value: Any) -> str:
    """``sha256:…`` of a value made of dataclasses, tuples, mappings and plain values."""
    pieces: list[str] = []
    _write(value, pieces, {})
    return f"sha256:{hashlib.sha256(''.join(pieces).encode()).hexdigest()}"


def _write(value: Any, pieces: list[str], known: dict[int, str]) -> None:
    """A text for every part, so that different values never run together: each is bracketed and named. ``known``: the texts of small
    objects by identity, as a type or a link stands in a ruleset a hundred times."""
    kind = type(value)
    if kind is str:
        pieces.append(f"str {value!r}")
    elif kind is tuple or kind is list:
        pieces.append("[")
        for item in value:
            _write(item, pieces, known)
            pieces.append(",")
        pieces.append("]")
    elif (names := _names(kind)) is not None:
        text = known.get(id(value))
        if text is None:
            start = len(pieces)
            pieces.append(f"{kind.__name__}(")
            for name in names:
                pieces.append(f"{name}=")
                _write(getattr(value, name), pieces, known)
            pieces.append(")")
            if len(pieces) - start < SMALL:
                known[id(value)] = "".join(pieces[start:])
        else:
            pieces.append(text)
    elif isinstance(value, Mapping):
        pieces.append("{")
        for key, item in value.items():
            _write(key, pieces, known)
            pieces.append(":")
            _write(item, pieces, known)
            pieces.append(",")
        pieces.append("}")
    elif isinstance(value, Enum):
        pieces.append(f"<{value.value!r}>")
    else:
        pieces.append(f"{kind.__name__} {value!r}")


_COUNTED: dict[type, tuple[str, ...] | None] = {}


def _names(kind: type) -> tuple[str, ...] | None:
    """The fields of a dataclass that count; None for any other type."""
    if kind not in _COUNTED:
        _COUNTED[kind] = tuple(item.name for item in fields(kind) if item.name not in LEFT_OUT) if is_dataclass(kind) else None
    return _COUNTED[kind]
