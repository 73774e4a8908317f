"""Digests: what makes two rulesets the same. A change of comment or layout is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from assignrules.ir.ruleset import Ruleset

LEFT_OUT = frozenset({"span"})


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
    ))  # fmt: skip


def digest(value: Any) -> str:
    """``sha256:…`` of a value made of dataclasses, tuples, mappings and plain values."""
    whole = hashlib.sha256()
    for piece in _pieces(value):
        whole.update(piece.encode())
    return f"sha256:{whole.hexdigest()}"


def _pieces(value: Any) -> Iterator[str]:
    """A text for every part, so that different values never run together: each is bracketed and named."""
    if is_dataclass(value) and not isinstance(value, type):
        yield f"{type(value).__name__}("
        for item in fields(value):
            if item.name not in LEFT_OUT:
                yield f"{item.name}="
                yield from _pieces(getattr(value, item.name))
        yield ")"
    elif isinstance(value, tuple | list):
        yield "["
        for item in value:
            yield from _pieces(item)
            yield ","
        yield "]"
    elif isinstance(value, dict):
        yield "{"
        for key, item in value.items():
            yield from _pieces(key)
            yield ":"
            yield from _pieces(item)
            yield ","
        yield "}"
    elif isinstance(value, Enum):
        yield f"<{value.value!r}>"
    else:
        yield f"{type(value).__name__} {value!r}"
