"""The mapping: where each entity, field, link and target of a logical schema lives in a database (schema.md, section 2).

The embedded store is the identity mapping: tables and columns bear the logical names. The compiler knows only mappings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assignrules.ir.types import Kind
from assignrules.schema.logical import Schema, Shape

RATES_COLUMNS = ("currency", "on", "rate")
# The journal's tables: the same on every database, whatever is mapped.
JOURNAL_RUN = "assignrules_run"
JOURNAL_CHANGE = "assignrules_change"
JOURNAL_ALERT = "assignrules_alert"
JOURNAL_PROPOSAL = "assignrules_proposal"
OUTBOX = "assignrules_outbox"  # the proposals, for people to decide on
# Entities whose rows may name a customer instead of a legal entity: they belong to that customer's legal entity.
CUSTOMER_INSTEAD = ("guarantee", "credit_limit", "score")


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """The column of a field; of money, also the column that holds its ISO 4217 code (None: the project's currency)."""

    column: str
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class EntityMapping:
    """The table of an entity. ``key`` is the row key's column; ``links`` name the column that holds the other row's key."""

    entity: str
    table: str
    key: str
    fields: Mapping[str, FieldMapping]
    links: Mapping[str, str]
    customer: str | None = None  # the column that may name a customer in place of `legal_entity`


@dataclass(frozen=True, slots=True)
class TargetMapping:
    """Where a target's state is kept.

    ``column``: in the entity's own table, the field's column (the target is a field). Otherwise the engine's own table ``table``:
    of a value target ``(subject, value)``, money with ``currency``; of a set ``(subject, member)``; of a cover ``(subject, member, value,
    currency)``.
    """

    target: str
    table: str
    column: str | None


@dataclass(frozen=True, slots=True)
class SchemaMapping:
    """A whole mapping of a schema."""

    schema: Schema
    entities: Mapping[str, EntityMapping]
    targets: Mapping[str, TargetMapping]


def identity(schema: Schema) -> SchemaMapping:
    """The mapping of the embedded store."""
    entities: dict[str, EntityMapping] = {}
    for entity in schema.entities.values():
        fields = {name: FieldMapping(name, f"{name}_currency" if type.kind is Kind.MONEY else None) for name, type in entity.fields.items()}
        links = {link.name: link.name for link in entity.links.values() if not link.many}
        customer = "customer" if entity.name in CUSTOMER_INSTEAD else None
        entities[entity.name] = EntityMapping(entity.name, entity.name, entity.key or "", fields, links, customer)
    targets: dict[str, TargetMapping] = {}
    for target in schema.targets.values():
        if target.field is not None:
            targets[target.name] = TargetMapping(target.name, target.entity, target.field)
        else:
            targets[target.name] = TargetMapping(target.name, managed_table(target.name), None)
    return SchemaMapping(schema, entities, targets)


def managed_table(target: str) -> str:
    """The engine's own table for a target's state."""
    return f"assignrules_target_{target}"


def managed_columns(schema: Schema, target: str) -> tuple[tuple[str, str], ...]:
    """The columns of a managed target's table: names with the kind of their content (a `Kind`'s word)."""
    declared = schema.targets[target]
    value: tuple[tuple[str, str], ...] = (("value", declared.type.kind.value),)
    if declared.type.kind is Kind.MONEY:
        value = (("value", "money"), ("currency", "text"))
    if declared.shape is Shape.VALUE:
        return (("subject", "text"), *value)
    if declared.shape is Shape.SET:
        return (("subject", "text"), ("member", "text"))
    return (("subject", "text"), ("member", "text"), *value)
