"""The current state of targets, wherever it is kept, as one kind of relation: ``subject``, of sets and covers ``member``, of values and
covers ``value``, of money ``currency``.

``subject`` is the row key where a company's own table holds the state, else the business key as text.
"""

from __future__ import annotations

from sqlglot import exp

from assignrules.ir.types import Kind
from assignrules.schema.logical import Target
from assignrules.schema.mapping import ROW_KEY, SEEN
from assignrules.schema.physical import Source, Store, TargetSource
from assignrules.sql import terms
from assignrules.sql.relations import Relations, current_name, exact_column, joined_key, managed_kinds, nothing
from assignrules.sql.terms import Sql


class States:
    """Makes the relations of target states."""

    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.mapping = relations.mapping
        self.schema = relations.schema

    def place(self, target: str) -> TargetSource | None:
        """Where a schema file keeps a target; None: in the engine's own table."""
        physical = self.mapping.physical
        found = None if physical is None else physical.targets.get(target)
        return None if found is None or found.store is Store.MANAGED else found

    def by_row_key(self, target: str) -> bool:
        """Whether ``subject`` is the row key."""
        place = self.place(target)
        return place is not None and place.store in (Store.COLUMN, Store.MEMBERS)

    def of(self, target: str, alias: str | None = None) -> Sql:
        """The relation for a FROM."""
        if self.place(target) is None and self._is_there(target):
            return terms.table(self.mapping.targets[target].table, alias)
        return terms.subquery(self.rows(target), alias or "states")

    def text(self, target: str, alias: str) -> str:
        """The same as SQL."""
        return self.of(target, alias).sql(dialect=self.relations.dialect.name, comments=False)

    def rows(self, target: str) -> exp.Select:
        """The query that makes it."""
        place, declared = self.place(target), self.schema.targets[target]
        if place is None:
            return self._managed(target)
        match place.store:
            case Store.EXPORT:
                return self._exported(declared, place)
            case Store.MEMBERS:
                return self._members(declared, place)
            case _:
                return self._column(declared, place)

    def _is_there(self, target: str) -> bool:
        """Whether the engine's own table exists; before a database is asked, it is thought to."""
        physical = self.mapping.physical
        return physical is None or physical.present is None or self.mapping.targets[target].table in physical.present

    def _managed(self, target: str) -> exp.Select:
        kinds = managed_kinds(self.schema, target)
        if not self._is_there(target):
            empty = [terms.alias(nothing(kind), name) for name, kind in kinds.items()]
            return terms.select(empty, None, where=terms.boolean(False))
        return terms.select([terms.column(name) for name in kinds], terms.table(self.mapping.targets[target].table))

    def subject(self, target: str, place: TargetSource) -> Sql:
        """The row key that a row of the company's table names."""
        relations, entity = self.relations, self.schema.targets[target].entity
        physical = relations.physical
        parts = [
            relations.readings.as_key(
                exact_column(column), physical.stored(f"target {target}", f"subject {at}"), physical.stored(entity, f"key {at}")
            )
            for at, column in enumerate(place.subject)
        ]
        return joined_key(parts)

    def _column(self, target: Target, place: TargetSource) -> exp.Select:
        """One row for each subject, also where the table has two: that is reported elsewhere."""
        assert place.table is not None and place.value is not None and place.value.source is not None
        relations, name = self.relations, f"target {target.name}"
        joins: list[exp.Join] = []
        stored = relations.physical.stored(name, "value")
        kept = relations.source(place.value.source, place.table)
        if place.lookup is not None:
            plain = relations.readings.unmarked(kept, stored, place.value.missing)
            key = relations.readings.as_key(plain, stored, relations.physical.stored(f"lookup {target.name}", "key"))
            found = terms.subquery(relations.lookup(place.lookup, f"lookup {target.name}"), "known")
            joins.append(terms.left_join(found, terms.equal(terms.column("key", "known"), key)))
            value: Sql = terms.column("name", "known")
        else:
            value = relations.readings.field(place.value, kept, stored)
        subject = self.subject(target.name, place)
        least = exp.LogicalAnd if target.type.kind is Kind.BOOLEAN else exp.Min  # PostgreSQL has no least boolean
        columns = [terms.alias(subject, "subject"), terms.alias(least(this=value), "value")]
        if target.type.kind is Kind.MONEY:
            columns.append(terms.alias(exp.Min(this=self._currency(target, place)), "currency"))
        where = [terms.not_null(subject.copy()), *(relations.of_tenant(place.table, name) if place.tenant else [])]
        table = relations.table(place.table)
        return terms.select(columns, table, joins, where=terms.all_of(where), group_by=[subject.copy()])

    def _currency(self, target: Target, place: TargetSource) -> Sql:
        assert place.value is not None and place.table is not None
        given = place.value.currency
        if isinstance(given, Source):
            stored = self.relations.physical.stored(f"target {target.name}", "value currency")
            return terms.trimmed(self.relations.readings.text(self.relations.source(given, place.table), stored))
        return terms.text(given or self.relations.physical.currency)

    def _members(self, target: Target, place: TargetSource) -> exp.Select:
        assert place.table is not None and place.value is not None and place.value.source is not None
        relations, name = self.relations, f"target {target.name}"
        stored = relations.physical.stored(name, "value")
        kept = relations.source(place.value.source, place.table)
        joins: list[exp.Join] = []
        if place.lookup is not None:
            key = relations.readings.as_key(kept, stored, relations.physical.stored(f"lookup {target.name}", "key"))
            found = terms.subquery(relations.lookup(place.lookup, f"lookup {target.name}"), "known")
            joins.append(terms.inner_join(found, terms.equal(terms.column("key", "known"), key)))
            member: Sql = terms.column("name", "known")
        else:
            member = relations.readings.field(place.value, kept, stored)
        subject = self.subject(target.name, place)
        where = [terms.not_null(subject.copy()), terms.not_null(member.copy())]
        where.extend(relations.of_tenant(place.table, name) if place.tenant else [])
        columns = [terms.alias(subject, "subject"), terms.alias(member, "member")]
        return terms.select(columns, relations.table(place.table), joins, where=terms.all_of(where), unique=True)

    def _exported(self, target: Target, place: TargetSource) -> exp.Select:
        """What was exported last, until the company's own field has moved; then that field."""
        entity = self.schema.entities[target.entity]
        key, current = entity.key or "", current_name(target.name)
        own = self._managed_export(target)
        rows = self.relations.of(target.entity, "row", [key, current, ROW_KEY])
        subject = terms.cast(terms.column(key, "row"), "VARCHAR")
        joins = [terms.left_join(own, terms.equal(terms.column("subject", "own"), subject))]
        value: Sql = terms.column("value", "own")
        money = target.type.kind is Kind.MONEY
        currency: Sql | None = terms.column("currency", "own") if money else None
        if place.current is not None:
            now = terms.column(current, "row")
            waiting = terms.all_of([
                terms.not_null(terms.column("subject", "own")),
                exp.NullSafeEQ(this=terms.column(SEEN, "own"), expression=terms.cast(now, "VARCHAR")),
            ])  # fmt: skip
            value = terms.case([(waiting, value)], now.copy())
            if currency is not None:
                code = terms.text(self.relations.physical.currency)
                currency = terms.case([(waiting.copy(), currency)], code)
        columns = [terms.alias(subject.copy(), "subject"), terms.alias(value, "value")]
        if currency is not None:
            columns.append(terms.alias(currency, "currency"))
        return terms.select(columns, rows, joins)

    def _managed_export(self, target: Target) -> Sql:
        kinds = {**managed_kinds(self.schema, target.name), SEEN: Kind.TEXT}
        if self._is_there(target.name):
            return terms.table(self.mapping.targets[target.name].table, "own")
        empty = [terms.alias(nothing(kind), name) for name, kind in kinds.items()]
        return terms.subquery(terms.select(empty, None, where=terms.boolean(False)), "own")
