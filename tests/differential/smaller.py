"""Makes a failing world smaller: statements, clauses, parts of expressions, rows and states are left out for as long as it fails alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args

from tests.differential.rulesets import World

from assignrules.diagnostics import SourceFile, Span
from assignrules.schema.dataset import Dataset
from assignrules.syntax import tree
from assignrules.syntax.text import parse

Check = Callable[[World], None]
SECONDS = 120.0  # of computing: a smaller world is a help, not a must
EXPRESSIONS = get_args(tree.Expression)
CLAUSES = (*get_args(tree.Clause), tree.Base, tree.PointsWhen, tree.PointsBy, tree.ScoreClass, tree.Step)


def smaller(world: World, check: Check, seconds: float = SECONDS) -> World:
    """The smallest world found that fails as this one does."""
    end = time.process_time() + seconds
    failure = how_it_fails(check, world)
    assert failure is not None
    shrinking = True
    while shrinking and time.process_time() < end:
        shrinking = False
        for candidates in (_without_statements, _without_parts, _without_rows):
            place = 0
            while time.process_time() < end:
                candidate = next(_from(candidates(world), place), None)
                if candidate is None:
                    break
                if how_it_fails(check, candidate) == failure:
                    world, shrinking = candidate, True  # what stood at this place is gone: the next one stands there now
                else:
                    place += 1
    return world


def how_it_fails(check: Check, world: World) -> str | None:
    """The kind of failure: a smaller world must not fail for another reason. None where it passes."""
    try:
        check(world)
    except Exception as error:
        return f"{type(error).__name__} {' '.join(str(error).split()[:2])}"
    return None


def _from(candidates: Iterator[World], place: int) -> Iterator[World]:
    for number, candidate in enumerate(candidates):
        if number >= place:
            yield candidate


def _without_statements(world: World) -> Iterator[World]:
    for name in world.params:
        yield replace(world, params={other: text for other, text in world.params.items() if other != name})
    for name in world.packs:
        yield replace(world, packs={other: text for other, text in world.packs.items() if other != name})
    for place in reversed(range(len(world.rules))):
        yield replace(world, rules=(*world.rules[:place], *world.rules[place + 1 :]), **_named(world, world.rules[place].text))


def _named(world: World, text: str) -> dict[str, Any]:
    """What the world says of names, without those of a statement."""
    words = text.split()[:2]
    return {
        "names": {entity: [name for name in names if name.split(".")[0] not in words] for entity, names in world.names.items()},
        "searches": tuple(name for name in world.searches if name not in words),
        "reports": tuple(name for name in world.reports if name not in words),
    }


def _without_parts(world: World) -> Iterator[World]:
    """Clauses left out; an expression in place of the one around it."""
    for place, source in enumerate(world.rules):
        for text in _shorter(source.text):
            yield replace(world, rules=(*world.rules[:place], SourceFile(source.name, text), *world.rules[place + 1 :]))
    for name, pack in world.packs.items():
        for text in _shorter(pack):
            yield replace(world, packs={**world.packs, name: text})


def _shorter(text: str) -> Iterator[str]:
    file, _ = parse(SourceFile("r.rules", text))
    nodes = list(_nodes(file))
    for node in nodes:
        if isinstance(node, CLAUSES):
            yield _with(text, node.span, "")
    for node in nodes:
        if isinstance(node, EXPRESSIONS):
            for part in _nodes(node):
                if part is not node and isinstance(part, EXPRESSIONS):
                    yield _with(text, node.span, text[part.span.start : part.span.end])


def _nodes(node: Any) -> Iterator[Any]:
    if isinstance(node, tuple):
        for part in node:
            yield from _nodes(part)
    elif is_dataclass(node) and not isinstance(node, Span):
        yield node
        for field in fields(node):
            yield from _nodes(getattr(node, field.name))


def _with(text: str, span: Span, other: str) -> str:
    return text[: span.start] + other + text[span.end :]


def _without_rows(world: World) -> Iterator[World]:
    """Rows left out, then fields of rows, then states and what is remembered."""
    data = world.data
    for entity, rows in data.rows.items():
        for place in reversed(range(len(rows))):
            yield _changed(world, rows={**data.rows, entity: rows[:place] + rows[place + 1 :]})
    for entity, rows in data.rows.items():
        for place, row in enumerate(rows):
            for name in list(row)[1:] if entity not in ("rates", "holidays") else ():
                less = {key: value for key, value in row.items() if key != name}
                yield _changed(world, rows={**data.rows, entity: [*rows[:place], less, *rows[place + 1 :]]})
    for part in ("values", "members", "alerts"):
        kept: dict[Any, Any] = getattr(data, part)
        for name in list(kept):
            yield _changed(world, **{part: {other: states for other, states in kept.items() if other != name}})
    for part in ("values", "members"):
        for name, states in getattr(data, part).items():
            for subject in list(states):
                less = {other: state for other, state in states.items() if other != subject}
                yield _changed(world, **{part: {**getattr(data, part), name: less}})
    for part in ("journal", "outbox"):
        entries = getattr(data, part)
        for place in reversed(range(len(entries))):
            yield _changed(world, **{part: entries[:place] + entries[place + 1 :]})


def _changed(world: World, **parts: Any) -> World:
    data: Dataset = replace(world.data, **parts)
    return replace(world, data=data)
