"""Which kinds of statements, clauses, parts, expressions, functions and words stand in rules: by the syntax tree, so that what is added to
the language is asked for without anybody thinking of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from assignrules.diagnostics import SourceFile, Span
from assignrules.syntax import tree
from assignrules.syntax.functions import AGGREGATES, FUNCTIONS
from assignrules.syntax.text import parse

NO_RULES = (tree.File, tree.Comment)


def occurring(texts: Iterable[str]) -> Counter[str]:
    """How often each kind and each part of it stands in the rules."""
    found: Counter[str] = Counter()
    for text in texts:
        file, problems = parse(SourceFile("r.rules", text))
        assert not problems, problems
        for statement in file.statements:
            _count(statement, found)
    return found


def possible() -> set[str]:
    """Every kind and part that the syntax tree, the functions and the types of parameters have."""
    found: set[str] = {f"{name}()" for name in (*FUNCTIONS, *AGGREGATES)}
    for kind in vars(tree).values():
        if isinstance(kind, type) and is_dataclass(kind) and kind not in NO_RULES:
            found.add(kind.__name__)
            found.update(f"{kind.__name__}.{field} {word}" for field, words in _fields(kind).items() for word in words)
    return found


@cache
def _fields(kind: type) -> dict[str, list[str]]:
    """By field, what it must have been."""
    hints = get_type_hints(kind)
    return {field.name: _words(hints[field.name]) for field in fields(kind)}


def _words(hint: Any) -> list[str]:
    if hint is bool:
        return ["True", "False"]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return [member.name for member in hint]
    if get_origin(hint) is tuple:
        return ["some"]
    if isinstance(hint, UnionType) and type(None) in get_args(hint):
        [kind] = [part for part in get_args(hint) if part is not type(None)][:1]
        return [*(_words(kind) or ["some"]), "none"]
    return []


def _count(node: Any, found: Counter[str]) -> None:
    if isinstance(node, tuple):
        for part in node:
            _count(part, found)
        return
    if not is_dataclass(node) or isinstance(node, Span):
        return
    name = type(node).__name__
    found[name] += 1
    if isinstance(node, tree.Call):
        found[f"{node.function.text}()"] += 1
    for field, words in _fields(type(node)).items():
        value = getattr(node, field)
        if words:
            found[f"{name}.{field} {_word(value)}"] += 1
        _count(value, found)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, Enum):
        return value.name
    return "none" if value is None or value == () else "some"
