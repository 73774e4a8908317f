"""The words of the language."""

from __future__ import annotations

import re

_RESERVED = """
    and or not in is between contains starts ends matches older has current currently case when then otherwise true false today this
    missing present others where over satisfies weighted distinct by per to as on no at with of add remove eligibility removal except
    keep cooldown limit guard from until because priority disabled distribute among top ascending descending
    param define search use assign require warn
"""
RESERVED = frozenset(_RESERVED.split())

# they start a statement wherever they stand: they are reserved
STATEMENT_WORDS = ("param", "define", "search", "use", "assign", "require", "warn")

# they start a statement at the start of a line, before a name or a text; elsewhere they are free
CONTEXTUAL_STATEMENT_WORDS = ("score", "scenario", "propose", "alert", "report", "hold")

_NAME = re.compile(r"[^\W\d]\w*")


def is_name(text: str) -> bool:
    """Whether a text has the form of a name (a reserved word has it too)."""
    return _NAME.fullmatch(text) is not None


def quoted(name: str) -> str:
    """A name as it is written in a rule file: in back-quotes where it is a reserved word."""
    return f"`{name}`" if name in RESERVED else name
