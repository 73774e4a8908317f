"""Changes that the company's own tables could not take: `apply` would refuse them, so the plan says it first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assignrules.databases.base import quoted
from assignrules.plan.mapped_checks import Check, named
from assignrules.schema.logical import Shape
from assignrules.schema.mapping import OWN_ROW_KEY
from assignrules.schema.physical import Store
from assignrules.sql import terms
from assignrules.sql.differences import Difference
from assignrules.sql.queries import Compiler


def unwritable(compiler: Compiler, parts: Iterable[Difference]) -> Iterator[Check]:
    """The checks of the changes that the statements found; their tables are kept in the session.

    Of a target in a column, whether there is a row to write to, where the schema does not say how one is made; of one with a lookup,
    whether it has the name that an expression gave. (Names that the rules write out are looked up whole, changed or not.)
    """
    for part in parts:
        for number, decision in enumerate(part.decisions):
            name = decision.target.name
            place = compiler.states.place(name)
            if place is None or place.store is not Store.COLUMN or decision.target.shape is not Shape.VALUE:
                continue
            changed = compiler.text(part.changed(number))
            if not place.insert:
                yield Check(
                    "E0525",
                    f"`{name}` has no row to be written to, and no `insert` says how one is made",
                    part.entity,
                    _rowless(compiler, name, changed),
                )
            if place.lookup is not None:
                known = compiler.text(compiler.relations.lookup(place.lookup, f"lookup {name}"))
                told = sorted({word for block in decision.blocks for word in named(block)})
                listed = f" AND change.value NOT IN ({', '.join(compiler.text(terms.text(word)) for word in told)})" if told else ""
                lacking = (
                    f"SELECT change.subject AS key FROM ({changed}) AS change WHERE change.value IS NOT NULL{listed} "
                    f"AND NOT EXISTS (SELECT 1 FROM ({known}) AS known WHERE known.name = change.value)"
                )
                yield Check("E0523", f"`{name}` becomes a name that its lookup does not have", part.entity, lacking)


def _rowless(compiler: Compiler, target: str, changed: str) -> str:
    """The subjects of changes whose target has no row for them."""
    entity = compiler.mapping.schema.targets[target].entity
    body = compiler.mapping.entities[entity]
    key = body.fields[compiler.mapping.schema.entities[entity].key or ""].column
    rows = compiler.relations.text(entity, "row", [key, OWN_ROW_KEY])
    states = compiler.states.text(target, "state")
    return (
        f"SELECT change.subject AS key FROM ({changed}) AS change JOIN {rows} ON CAST(row.{quoted(key)} AS VARCHAR) = change.subject "
        f"WHERE NOT EXISTS (SELECT 1 FROM {states} WHERE state.subject = row.{quoted(OWN_ROW_KEY)})"
    )
