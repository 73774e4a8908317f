"""The rows of a case: logical names, links by business key, the targets' current state beside the fields."""

from __future__ import annotations

from collections.abc import Mapping

from assignrules.diagnostics import Span
from assignrules.ir.types import Kind, Money, Type
from assignrules.schema.dataset import Dataset, Row, Value
from assignrules.schema.logical import Entity, Schema, Shape, Target
from assignrules.schema.mapping import CUSTOMER_INSTEAD
from assignrules.syntax import yaml_reader as yaml
from assignrules.testing.reading import Reading
from assignrules.testing.typed import amount, typed

LATER = ("journal", "alerts")


def read_given(reading: Reading, node: yaml.Node | None, schema: Schema, currency: str) -> Dataset:
    """The rows of ``given`` by entity, and the targets' state."""
    dataset = Dataset()
    if node is None or (isinstance(node, yaml.Scalar) and node.value is None):
        return dataset
    if not isinstance(node, yaml.Mapping):
        reading.report("`given` must have the rows by entity", node.span)
        return dataset
    for name, rows in node.entries:
        word = str(name.value)
        entity = schema.entity(word)
        if word in LATER:
            reading.not_yet(f"`{word}` in `given`", name.span)
        elif entity is None:
            words = [known for entity in schema.entities.values() for known in (entity.name, entity.plural)]
            reading.unknown(word, name.span, {*words, *LATER}, "`given`")
        else:
            reader = _EntityReader(reading, schema, entity, currency, dataset)
            for row in reading.items(rows, word):
                reader.row(row)
            reader.number_rows()
    return dataset


class _EntityReader:
    """Reads the rows of one entity into a data set."""

    def __init__(self, reading: Reading, schema: Schema, entity: Entity, currency: str, dataset: Dataset) -> None:
        self.reading = reading
        self.entity = entity
        self.currency = currency
        self.dataset = dataset
        self.links = {link.name for link in entity.links.values() if not link.many}
        if entity.name in CUSTOMER_INSTEAD:
            self.links.add("customer")
        self.targets = {_word(target): target for target in schema.targets_of(entity.name)}
        self.unnumbered: list[Row] = []
        self.rows = dataset.rows.setdefault(entity.name, [])

    def row(self, node: yaml.Node) -> None:
        entity = self.entity
        known = {*entity.fields, *self.links, *self.targets}
        entries = self.reading.mapping(node, f"a row of `{entity.name}`", known)
        if entries is None:
            return
        row: Row = {}
        key = self._key(entries.get(entity.key or ""), node.span)
        currency = self._row_currency(entries)
        for name, value in entries.items():
            target = self.targets.get(name)
            if target is not None and target.field is None:
                self._state(target, key, value)
                continue
            field = name if target is None else target.field or name
            if field in self.links:
                row[field] = self.reading.text(value, name)
            else:
                row[field] = self._value(value, entity.fields[field], currency, name)
        if "currency" in entity.fields and "currency" not in row and currency is not None:
            row["currency"] = currency
        if entity.key == "id" and key is None:
            self.unnumbered.append(row)
        self.rows.append(row)

    def number_rows(self) -> None:
        """Gives the rows without an ``id`` one of their own."""
        taken = {row.get("id") for row in self.rows}
        free = (str(number) for number in range(1, 2 * len(self.rows) + 2) if str(number) not in taken)
        for row in self.unnumbered:
            row["id"] = next(free)

    def _key(self, node: yaml.Node | None, row: Span) -> str | None:
        key = None if node is None else self.reading.text(node, self.entity.key or "")
        if key is None and self.entity.key not in (None, "id"):
            self.reading.report(f"a row of `{self.entity.name}` needs its key `{self.entity.key}`", row)
        return key

    def _row_currency(self, entries: Mapping[str, yaml.Node]) -> str | None:
        """The currency that the row names, else that of its first amount."""
        if "currency" in self.entity.fields and "currency" in entries:
            return self.reading.text(entries["currency"], "currency")
        for name, value in entries.items():
            type = self.entity.fields.get(name)
            if type is not None and type.kind is Kind.MONEY and isinstance(value, yaml.Scalar) and isinstance(value.value, str):
                first = amount(value.value, self.currency)
                return None if first is None else first.currency
        return None

    def _value(self, node: yaml.Node, type: Type, currency: str | None, name: str) -> Value:
        written = self.reading.written(node, name)
        try:
            return typed(written, type, currency or self.currency)
        except ValueError as error:
            self.reading.report(f"`{written}` does not fit `{name}`", node.span, help=f"write {error}")
            return None

    def _state(self, target: Target, key: str | None, node: yaml.Node) -> None:
        if key is None:
            return
        if target.shape is Shape.VALUE:
            value = self._value(node, target.type, None, target.name)
            if value is not None:
                self.dataset.values.setdefault(target.name, {})[key] = value
        elif target.shape is Shape.SET:
            for member in self.reading.texts(node, _word(target)):
                self.dataset.members.setdefault((target.name, member), {})[key] = True
        else:
            for member, written in (self.reading.mapping(node, f"`{_word(target)}`") or {}).items():
                held = self._value(written, target.type, None, member)
                if isinstance(held, Money):
                    self.dataset.members.setdefault((target.name, member), {})[key] = held


def _word(target: Target) -> str:
    """How a target's state is headed: members stand in the plural."""
    return target.name if target.shape is Shape.VALUE else f"{target.name}s"
