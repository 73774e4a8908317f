"""The rows of a case: logical names, links by business key, the targets' current state beside the fields."""

from __future__ import annotations

from collections.abc import Mapping

from assignrules.diagnostics import Span
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.types import BOOLEAN, MAX_INTEGER_DIGITS, TEXT, VALUE_SCALE, Kind, Money, Type
from assignrules.schema.dataset import Dataset, JournalEntry, Row, Value
from assignrules.schema.logical import Entity, Schema, Shape, Target
from assignrules.schema.mapping import CUSTOMER_INSTEAD
from assignrules.syntax import yaml_reader as yaml
from assignrules.testing.proposals import read_outbox
from assignrules.testing.reading import Reading
from assignrules.testing.typed import amount, is_storable, typed

ENTRY = ("as_of", "subject", "target", "member", "before", "after", "rule")


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
        if word == "journal":
            dataset.journal = _journal(reading, rows, schema, currency)
        elif word == "alerts":
            named = reading.mapping(rows, "`alerts`") or {}
            dataset.alerts = {alert: reading.texts(keys, alert) for alert, keys in named.items()}
        elif word == "proposals":
            dataset.outbox = read_outbox(reading, rows)
        elif entity is None:
            words = [known for entity in schema.entities.values() for known in (entity.name, entity.plural)]
            reading.unknown(word, name.span, {*words, "journal", "alerts", "proposals"}, "`given`")
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
                row[field] = self._text(value, name)
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
        key = None if node is None else self._text(node, self.entity.key or "")
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

    def _text(self, node: yaml.Node, name: str) -> str | None:
        """A key: that of the row, or of the one that a link leads to."""
        value = self._value(node, TEXT, None, name)
        return value if isinstance(value, str) else None

    def _value(self, node: yaml.Node, type: Type, currency: str | None, name: str) -> Value:
        written = self.reading.written(node, name)
        try:
            value = typed(written, type, currency or self.currency)
        except ValueError as error:
            self.reading.report(f"`{written}` does not fit `{name}`", node.span, help=f"write {error}")
            return None
        if not is_storable(value):
            help = f"numbers have at most {MAX_INTEGER_DIGITS} digits before the point and {VALUE_SCALE} after it"
            self.reading.report(f"`{written}` does not fit `{name}`", node.span, help=help)
            return None
        return value

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


def _journal(reading: Reading, node: yaml.Node, schema: Schema, currency: str) -> list[JournalEntry]:
    """The changes of earlier runs: one run for each as-of date, in order of dates, its changes in the order given."""
    found = [_entry(reading, item, schema, currency) for item in reading.items(node, "journal")]
    return sorted((entry for entry in found if entry is not None), key=lambda entry: entry.as_of)


def _entry(reading: Reading, node: yaml.Node, schema: Schema, currency: str) -> JournalEntry | None:
    entries = reading.mapping(node, "an entry of `journal`", ENTRY)
    if entries is None:
        return None
    lost = [key for key in ("as_of", "subject", "target") if key not in entries]
    if lost:
        reading.report("an entry of `journal` needs " + ", ".join(f"`{key}`" for key in lost), node.span)
        return None
    day, subject = reading.day(entries["as_of"], "as_of"), reading.text(entries["subject"], "subject")
    word = reading.text(entries["target"], "target")
    target = schema.targets.get(word or "")
    if target is None:
        help = did_you_mean(word or "", list(schema.targets)) or "targets are " + ", ".join(f"`{name}`" for name in schema.targets)
        reading.report(f"unknown target `{word}`", entries["target"].span, help=help)
        return None
    member = reading.text(entries["member"], "member") if "member" in entries else None
    if (member is None) is not (target.shape is Shape.VALUE):
        needs = "has no members" if target.shape is Shape.VALUE else "needs a `member`"
        reading.report(f"`{target.name}` {needs}", node.span)
        return None
    before, after = (_journalled(reading, entries.get(key), target, currency) for key in ("before", "after"))
    rule = reading.text(entries["rule"], "rule") if "rule" in entries else None
    default = target.name if member is None else f"{target.name}:{member}"
    return None if day is None or subject is None else JournalEntry(day, subject, target.name, member, before, after, rule or default)


def _journalled(reading: Reading, node: yaml.Node | None, target: Target, currency: str) -> Value:
    """A state as a plan prints it; of a set False is None."""
    if node is None:
        return None
    written = reading.written(node, target.name)
    try:
        value = typed(written, BOOLEAN if target.shape is Shape.SET else target.type, currency)
    except ValueError as error:
        reading.report(f"`{written}` does not fit `{target.name}`", node.span, help=f"write {error}")
        return None
    return value or None if target.shape is Shape.SET else value


def _word(target: Target) -> str:
    """How a target's state is headed: members stand in the plural."""
    return target.name if target.shape is Shape.VALUE else f"{target.name}s"
