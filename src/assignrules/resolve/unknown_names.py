"""What to say of a name that a row does not have: what it may be meant as, and over which links it would be reached."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.resolve.names import Names
from assignrules.schema.logical import Schema

TRUTHS = {"yes": "true", "off": "false"}  # as other languages write them; `no` and `on` are reserved
STEPS = 2  # links that a proposed path has at most


def unknown_name(names: Names, entity: str, word: str, span: Span, wanted: Sequence[str] | None = None) -> Diagnostic | None:
    """E0201 for a word on the row of an entity, where ``wanted`` (or any name that it has) may stand; None where the word was defined by a
    statement that could not be read, which is reported there."""
    if word in names.lost:
        return None
    values = ["true", "false", "today"]  # as words of a language in capitals often are
    owners = sorted(other for other in names.schema.entities if other != entity and word in names.known(other))
    near = did_you_mean(word, names.known(entity) if wanted is None else wanted)
    help = near
    if wanted is not None and word == entity:
        help = f"the row is on `{word}` already: leave `{word}.` out"
    elif owners and (wanted is None or near is None):
        way = way_to(names.schema, entity, owners, word) if wanted is None else None
        help = f"`{word}` is a name of {' and of '.join(owners)}" + ("" if way is None else f": {way}")
    elif near is None and wanted is None:
        meant = word.lower() if word.lower() in values else TRUTHS.get(word.lower())
        help = None if meant is None else f"did you mean `{meant}`?"
    where = "" if entity == "customer" else f" on {entity}"
    return diagnostic("E0201", f"unknown name `{word}`{where}", span, help=help)


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
