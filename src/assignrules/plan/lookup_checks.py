"""Stored keys for which a lookup has no row: they read as missing, so that a target seems to have no value, or a subject to be in no group.

A plan takes them as they read; `schema check` counts them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from assignrules.databases.base import quoted
from assignrules.plan.mapped_checks import Check
from assignrules.schema.mapping import OWN_ROW_KEY
from assignrules.schema.physical import Store
from assignrules.sql import terms
from assignrules.sql.queries import Compiler


def unlisted_keys(compiler: Compiler) -> Iterator[Check]:
    """A check for each target with a lookup, over the subjects that the mapping has.

    Members that the lookup's `where` leaves out are somebody else's, in a table that serves several, and no fault.
    """
    physical = compiler.mapping.physical
    for name in () if physical is None else sorted(physical.targets):
        place = compiler.states.place(name)
        if (
            physical is None
            or place is None
            or place.lookup is None
            or place.table is None
            or place.value is None
            or place.value.source is None
        ):
            continue
        relations, relation, lookup = compiler.relations, f"target {name}", f"lookup {name}"
        entity = compiler.mapping.schema.targets[name].entity
        stored = physical.stored(relation, "value")
        plain = relations.readings.unmarked(relations.source(place.value.source, place.table), stored, place.value.missing)
        key = relations.readings.as_key(plain, stored, physical.stored(lookup, "key"))
        subject = compiler.states.subject(name, place)
        where = [terms.not_null(subject.copy()), terms.not_null(plain.copy())]
        where.extend(relations.of_tenant(place.table, relation) if place.tenant else [])
        kept = terms.select(
            [terms.alias(subject, "subject"), terms.alias(key, "stored_key")], relations.table(place.table), where=terms.all_of(where)
        )
        listed = replace(place.lookup, where=None) if place.store is Store.MEMBERS else place.lookup
        known = compiler.text(relations.lookup(listed, lookup))
        shown = compiler.mapping.entities[entity].fields[compiler.mapping.schema.entities[entity].key or ""].column
        rows = relations.text(entity, "row", [shown, OWN_ROW_KEY])
        yield Check(
            "W0509",
            f"`{name}` is stored as a key that its lookup has no row for, and reads as missing",
            entity,
            f"SELECT row.{quoted(shown)} AS key FROM ({compiler.text(kept)}) AS kept "
            f"JOIN {rows} ON row.{quoted(OWN_ROW_KEY)} = kept.subject "
            f"WHERE NOT EXISTS (SELECT 1 FROM ({known}) AS known WHERE known.key = kept.stored_key)",
        )
