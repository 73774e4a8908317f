"""The mapping: where each entity, field, link and target of a logical schema lives in a database (schema.md, section 2).

The embedded store is the identity mapping: tables and columns bear the logical names. The compiler knows only mappings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assignrules.ir.types import Kind
from assignrules.schema.logical import LinkDeclaration, Schema, Shape
from assignrules.schema.physical import Physical

RATES_COLUMNS = ("currency", "on", "rate")
# The journal's tables: the same on every database, whatever is mapped.
JOURNAL_RUN = "assignrules_run"
JOURNAL_CHANGE = "assignrules_change"
JOURNAL_ALERT = "assignrules_alert"
JOURNAL_PROPOSAL = "assignrules_proposal"
JOURNAL_REVERT = "assignrules_revert"
OUTBOX = "assignrules_outbox"  # the proposals, for people to decide on
# Entities whose rows may name a customer instead of a legal entity: they belong to that customer's legal entity.
CUSTOMER_INSTEAD = ("guarantee", "credit_limit", "score")
# Columns of a mapped entity's relation; no field can bear the names. `#row` is the row key as the company's tables have it, `#key` what
# links of the relations name: the row key too, but for entities that a target refers to, whose business keys are the target's values.
ROW_KEY, OWN_ROW_KEY = "#key", "#row"
SEEN = "seen"  # of an exported target's own table: what the company's field held when a value was exported last
POLICY, LEGAL_ENTITY, CUSTOMER = "policy", "legal_entity", "customer"


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """The column of a field; of money, also the column that holds its ISO 4217 code (None: the project's currency)."""

    column: str
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class EntityMapping:
    """The table of an entity. ``key`` is the row key's column; ``links`` name the column that holds the other row's key.

    Of a mapping onto a company's tables, the "table" is a relation that the compiler makes of them (``sql.relations``), whose columns are
    those of the embedded store; fields and links that are not mapped are not among them.
    """

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
    """A whole mapping of a schema. ``physical``: where the relations come from; None: they are tables, the embedded store's. ``digest``: of
    the schema file that it was read from."""

    schema: Schema
    entities: Mapping[str, EntityMapping]
    targets: Mapping[str, TargetMapping]
    physical: Physical | None = None
    digest: str | None = None

    def is_referred_to(self, entity: str) -> bool:
        """Whether the values of a target are business keys of the entity."""
        return any(target.refers_to == entity for target in self.schema.targets.values())

    def has_field(self, entity: str, field: str) -> bool:
        """Whether a field can be read."""
        return entity in self.entities and field in self.entities[entity].fields

    def has_link(self, link: LinkDeclaration) -> bool:
        """Whether a link can be followed: it is mapped, or the meaning of the schema gives it without a mapping."""
        if link.many:
            return link.to in self.entities and self.has_link(self.schema.inverse_of(link))
        body = self.entities.get(link.entity)
        if body is None or link.to not in self.entities:
            return False
        if link.name in body.links or (link.to == POLICY and link.name == POLICY):
            return True
        own = bool(self.schema.own_legal_entity) and link.to == LEGAL_ENTITY and link.name == LEGAL_ENTITY
        return own and (link.entity == CUSTOMER or body.customer is not None)


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


def mapped(schema: Schema, physical: Physical) -> SchemaMapping:
    """The mapping onto a company's tables."""
    entities: dict[str, EntityMapping] = {}
    for name, source in physical.entities.items():
        declared = schema.entities[name]
        names = [field for field in declared.fields if field in source.fields or field == declared.key]
        names += [target.field for target in schema.targets_of(name) if target.field is not None and target.field not in names]
        fields = {field: FieldMapping(field, f"{field}_currency" if declared.fields[field].kind is Kind.MONEY else None) for field in names}
        links = {link: link for link in source.links if link in declared.links}
        customer = CUSTOMER if CUSTOMER in source.links and CUSTOMER not in declared.links else None
        entities[name] = EntityMapping(name, name, ROW_KEY, fields, links, customer)
    if schema.own_legal_entity and CUSTOMER in entities and LEGAL_ENTITY not in entities:
        # Nothing is mapped, and still every customer without one is its own.
        lent = [field for field in schema.own_legal_entity if field in entities[CUSTOMER].fields]
        entities[LEGAL_ENTITY] = EntityMapping(LEGAL_ENTITY, LEGAL_ENTITY, ROW_KEY, {name: FieldMapping(name) for name in lent}, {})
    for name in ("rates", "holidays"):
        declared = schema.entities[name]
        entities[name] = EntityMapping(name, name, "", {field: FieldMapping(field) for field in declared.fields}, {})
    targets = {
        target.name: TargetMapping(target.name, managed_table(target.name), target.field)
        for target in schema.targets.values()
        if target.entity in physical.entities
    }
    return SchemaMapping(schema, entities, targets, physical)


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
