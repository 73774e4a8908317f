"""Logical rows in memory: what a rule test gives, and what the reference evaluator works on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from assignrules.ir.types import Money

Value = str | int | Decimal | Money | date | bool | None
Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A change of an earlier run. States are as in a ``Dataset``: of sets ``True`` or None, of covers the amount or None."""

    as_of: date
    subject: str
    target: str
    member: str | None
    before: Value
    after: Value
    rule: str


OUTBOX_STATES = ("open", "accepted", "refused", "withdrawn")


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A proposal that an earlier run made. ``state`` is one of ``OUTBOX_STATES``. ``decided_on``: when a person
    did, by default ``made_on``. ``ended_on``: since when its condition does not hold, None where it has held ever since."""

    proposal: str
    subject: str
    state: str
    made_on: date
    decided_on: date | None = None
    ended_on: date | None = None

    @property
    def day(self) -> date:
        """From when a refusal counts."""
        return self.decided_on or self.made_on

    @property
    def stands(self) -> bool:
        """Whether it is open, or accepted and its condition has held ever since."""
        return self.state == "open" or (self.state == "accepted" and self.ended_on is None)


@dataclass(slots=True)
class Dataset:
    """Rows by entity name and the state of the targets.

    A row maps field names to values (percents are numbers, 0.9) and to-one link names to the business key of the other row; what is absent
    is missing. Rows of guarantee, credit_limit and score may have ``customer`` in place of ``legal_entity``.
    ``values``: of a value target that is not a field, by target name and subject key. ``members``: of sets (``True``) and covers (the
    amount), by (target, member) and subject key. ``journal``: the changes of earlier runs, the first one first, by rising as-of date.
    ``alerts``: by alert, the keys of its rows in the last applied run.
    ``outbox``: the proposals of earlier runs, the first one first; their numbers count from 1.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    values: dict[str, dict[str, Value]] = field(default_factory=dict)
    members: dict[tuple[str, str], dict[str, Money | bool]] = field(default_factory=dict)
    journal: list[JournalEntry] = field(default_factory=list)
    alerts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    outbox: list[OutboxEntry] = field(default_factory=list)
