"""Digests: what makes two rulesets the same. A change of comment or layout is none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
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
        ruleset.alerts,
        ruleset.reports,
        ruleset.proposals,
        ruleset.scenarios,
    ))  # fmt: skip


def digest(value: Any) -> str:
    """``sha256:…`` of a value made of dataclasses, tuples, mappings and plain values."""
    pieces: list[str] = []
    _write(value, pieces.append)
    return f"sha256:{hashlib.sha256(''.join(pieces).encode()).hexdigest()}"


def _write(value: Any, put: Callable[[str], None]) -> None:
    """A text for every part, so that different values never run together: each is bracketed and named."""
    kind = type(value)
    if kind is tuple or kind is list:
        put("[")
        for item in value:
            _write(item, put)
            put(",")
        put("]")
    elif (names := _names(kind)) is not None:
        put(f"{kind.__name__}(")
        for name in names:
            put(f"{name}=")
            _write(getattr(value, name), put)
        put(")")
    elif isinstance(value, Mapping):
        put("{")
        for key, item in value.items():
            _write(key, put)
            put(":")
            _write(item, put)
            put(",")
        put("}")
    elif isinstance(value, Enum):
        put(f"<{value.value!r}>")
    else:
        put(f"{kind.__name__} {value!r}")


_COUNTED: dict[type, tuple[str, ...] | None] = {}


def _names(kind: type) -> tuple[str, ...] | None:
    """The fields of a dataclass that count; None for any other type."""
    if kind not in _COUNTED:
        _COUNTED[kind] = tuple(item.name for item in fields(kind) if item.name not in LEFT_OUT) if is_dataclass(kind) else None
    return _COUNTED[kind]
