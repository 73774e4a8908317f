"""The rows of a data set with their links followed, and the exchange rates."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from assignrules.ir.expressions import Link
from assignrules.ir.values import Value, printed
from assignrules.schema.dataset import Dataset, Row
from assignrules.schema.logical import Schema
from assignrules.schema.mapping import CUSTOMER_INSTEAD


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One row, itself and no other (two rows may bear the same key). ``key`` is its business key as text.
    ``implied``: the legal entity of a customer that names none."""

    entity: str
    key: str
    row: Row = field(repr=False)
    implied: bool = False


class Rows:
    """All rows of a data set, by entity, each with its to-one links followed."""

    def __init__(self, schema: Schema, dataset: Dataset) -> None:
        self.schema = schema
        self.records: dict[str, list[Record]] = {}
        for entity in schema.entities.values():
            self.records[entity.name] = [
                Record(entity.name, key_text(row.get(entity.key or "")), row) for row in dataset.rows.get(entity.name, [])
            ]
        self._by_key = {(record.entity, record.key): record for records in self.records.values() for record in reversed(records)}
        self._own = self._implied_legal_entities()
        self._only_policy = self.records["policy"][0] if len(self.records.get("policy", ())) == 1 else None
        self._filled = {(record.entity, name) for record in self.each() for name, value in record.row.items() if value is not None}
        self._ends: dict[tuple[str, str], dict[Record, Record]] = {}
        self._origins: dict[tuple[str, str], dict[Record, list[Record]]] = {}
        self._holidays = dataset.rows.get("holidays", [])
        self.rates: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
        for row in dataset.rows.get("rates", []):
            currency, day, rate = row.get("currency"), row.get("on"), row.get("rate")
            if isinstance(currency, str) and isinstance(day, date) and isinstance(rate, Decimal | int):
                self.rates[currency].append((day, Decimal(rate)))

    def holidays(self, calendar: str | None) -> frozenset[date]:
        """The holidays of a calendar; without one there are none."""
        rows = self._holidays if calendar is not None else []
        return frozenset(day for row in rows if row.get("calendar") == calendar and isinstance(day := row.get("on"), date))

    def each(self) -> list[Record]:
        """The rows of every entity."""
        return [record for records in self.records.values() for record in records]

    def find(self, entity: str, key: Value) -> Record | None:
        """The row of a business key."""
        return None if key is None else self._by_key.get((entity, key_text(key)))

    def end(self, record: Record, link: Link) -> Record | None:
        """The row that a to-one link of the schema leads to."""
        return self._all_ends(link.entity, link.name).get(record)

    def origins(self, record: Record, link: Link) -> list[Record]:
        """The rows that lead here by the to-one link which a to-many link turns round."""
        place = self.stored(link)
        if place not in self._origins:
            self._origins[place] = defaultdict(list)
            for origin, end in self._all_ends(*place).items():
                self._origins[place][end].append(origin)
        return self._origins[place].get(record, [])

    def stored(self, link: Link) -> tuple[str, str]:
        """The entity and the name of the to-one link that a link of the schema is, or turns round."""
        declared = self.schema.entities[link.entity].links[link.name]
        declared = self.schema.inverse_of(declared) if link.many else declared
        return declared.entity, declared.name

    def dangling(self, entity: str, link: str) -> list[Record]:
        """The rows whose link names a row that does not exist."""
        to = self.schema.entities[entity].links[link].to
        named = {record: self._named(record, link, to) for record in self.records[entity]}
        return [record for record, (other, key) in named.items() if key is not None and self.find(other, key) is None]

    def rate(self, currency: str, day: date) -> Decimal | None:
        """Units of the project's currency for one of ``currency``: the latest on or before a day."""
        known = [(on, rate) for on, rate in self.rates.get(currency, ()) if on <= day]
        return max(known)[1] if known else None

    def _all_ends(self, entity: str, link: str) -> dict[Record, Record]:
        if (entity, link) not in self._ends:
            found = {record: self._end(record, link) for record in self.records[entity]}
            self._ends[entity, link] = {record: end for record, end in found.items() if end is not None}
        return self._ends[entity, link]

    def _end(self, record: Record, link: str) -> Record | None:
        if record.implied:
            return None
        to = self.schema.entities[record.entity].links[link].to
        named = record.row.get(link)
        if named is not None:
            return self.find(to, named)
        if link == "policy" and to == "policy" and (record.entity, link) not in self._filled:
            return self._only_policy
        if link == "legal_entity" and record in self._own:
            return self._own[record]
        if link == "legal_entity" and record.entity in CUSTOMER_INSTEAD:
            customer = self.find("customer", record.row.get("customer"))
            return None if customer is None else self._end(customer, link)
        return None

    def _named(self, record: Record, link: str, to: str) -> tuple[str, Value]:
        """The entity and key that a row names: of a legal entity, the customer in its place."""
        named = record.row.get(link)
        if named is None and link == "legal_entity" and record.entity in CUSTOMER_INSTEAD:
            return "customer", record.row.get("customer")
        return to, named

    def _implied_legal_entities(self) -> dict[Record, Record]:
        own: dict[Record, Record] = {}
        if self.schema.own_legal_entity:
            for customer in self.records["customer"]:
                if customer.row.get("legal_entity") is None:
                    taken = {name: customer.row.get(name) for name in self.schema.own_legal_entity}
                    own[customer] = Record("legal_entity", customer.key, taken, implied=True)
            self.records["legal_entity"].extend(own.values())
        return own


def key_text(key: Value) -> str:
    """A business key as it is printed; the empty text where there is none."""
    return "" if key is None else str(printed(key))
