"""The digest of a mapping with its schema: a plan is of one of them."""

from __future__ import annotations

from assignrules.ir.digest import digest
from assignrules.schema.mapping import SchemaMapping


def schema_digest(mapping: SchemaMapping) -> str:
    """``sha256:…`` of what the schema and the mapping say."""
    if mapping.digest is not None:
        return mapping.digest
    schema = mapping.schema
    entities = [(entity.name, entity.key, entity.label, entity.fields, entity.links) for entity in schema.entities.values()]
    return digest((schema.name, entities, schema.targets, schema.own_legal_entity, mapping.entities, mapping.targets))
