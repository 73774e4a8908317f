"""How a name of another entity is reached from a row: for the help of messages."""

from __future__ import annotations

from collections.abc import Collection

from assignrules.schema.logical import Schema

STEPS = 2  # links that a proposed path has at most


def way_to(schema: Schema, entity: str, owners: Collection[str], word: str) -> str | None:
    """How a rule on an entity says a name of one of some others, over the fewest links: `legal_entity.score`, or an aggregate over the
    links to many rows; None where no short way leads there."""
    found: list[tuple[tuple[str, ...], str, bool]] = [((), entity, False)]
    for _ in range(STEPS):
        found = [
            ((*path, name), link.to, many or link.many)
            for path, at, many in found
            for name, link in schema.entities[at].links.items()
            if link.to != entity
        ]
        ends = sorted(((many, path) for path, at, many in found if at in owners), key=lambda end: end[0])
        if ends:
            many, path = ends[0]
            over = ".".join(path)
            return f"test it on the rows that are linked, as in `any({over} where {word} …)`" if many else f"write `{over}.{word}`"
    return None
