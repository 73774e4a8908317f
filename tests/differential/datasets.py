"""Random rows and target states: few values, so that they meet; many missing; dates on every boundary around the as-of date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from tests.differential.expressions import CURRENCIES, ENTITIES, MEMBERS, SCHEMA, TEXTS, VALUES, Choose

from assignrules.ir.types import Kind, Money, Type
from assignrules.schema.dataset import Dataset, Row, Value
from assignrules.schema.logical import Shape, Target

T = TypeVar("T")
# By entity: its keys in the order of code points' surprises, at most so many rows
KEYS: dict[str, tuple[str, ...]] = {
    "customer": ("C1", "C2", "c3", "Ç4", "中5", "\U0001f6006", "C 7"),
    "legal_entity": ("L1", "L2", "é3", "L4"),
    "document": ("F1", "F2", "F10", "f4", "É5", "F6", "F7", "F8", "F9", "f10"),
    "policy": ("P1", "P2"),
    "user": ("A", "B", "zoé"),
}
FEW = ("1", "2", "10", "é", "B")
SHIFTS = (0, -1, 1, -30, -31, -10, 7, -60, -61, -90, -91, -365, 30, 10, -2, -400, 365)
DECIMALS = ("0", "1", "0.5", "-1", "0.3333333333", "2.5", "0.0000000001", "100", "12.3456789015", "-0.05")
AMOUNTS = ("100", "0", "-100", "0.01", "250.5", "1000", "99.995", "33.3333333333", "-0.0000000005", "20000", "123456.789")
KNOWN: tuple[tuple[int, ...], ...] = ((0,), (-30, 1), (-400, -60, -1))  # the days of a currency's rates
GAPS: tuple[tuple[int, ...], ...] = ((1,), (), (-800, 0))
RATES = ("0.9", "1.1", "0.0066", "1.3333333333", "1")


class Rows:
    """Draws a dataset."""

    def __init__(self, choose: Choose, today: date, ignored: Sequence[str]) -> None:
        self.choose = choose
        self.today = today
        self.ignored = ignored
        self.keys = {entity: KEYS.get(entity, FEW)[: self.number_of(0, len(KEYS.get(entity, FEW)))] for entity in ENTITIES}
        if not self.keys["customer"]:
            self.keys["customer"] = KEYS["customer"][:2]

    def number_of(self, low: int, high: int) -> int:
        return self.choose(low, high)

    def one(self, options: Sequence[T]) -> T:
        return options[self.number_of(0, len(options) - 1)]

    def dataset(self) -> Dataset:
        dataset = Dataset({entity: [self.row(entity, key) for key in self.keys[entity]] for entity in ENTITIES})
        gaps = self.number_of(0, 5) == 5  # a missing rate is a data error, so mostly there is none
        dataset.rows["rates"] = [
            {"currency": currency, "on": self.today + timedelta(days=shift), "rate": Decimal(self.one(RATES))}
            for currency in CURRENCIES
            for shift in (*KNOWN, *(GAPS if gaps else KNOWN))[self.number_of(0, 5)]
        ]
        for target in SCHEMA.targets.values():
            self.states(dataset, target)
        days = (0, -1, 1, 4, -3, 8, -31, 31)
        closed = {self.today + timedelta(days=self.one(days)) for _ in range(self.number_of(1, 5))}
        dataset.rows["holidays"] = [{"calendar": self.one(("FR", "FR", "DE", "A", "B", "é")), "on": day} for day in sorted(closed)]
        dataset.rows["holidays"].append({"calendar": "FR", "on": date(2026, 11, 11)})
        return dataset

    def row(self, entity: str, key: str) -> Row:
        declared = SCHEMA.entities[entity]
        row: Row = {declared.key or "": key}
        for name, type in declared.fields.items():
            if name != declared.key and (value := self.value(type)) is not None:
                row[name] = value
        for link in declared.links.values():
            if not link.many:
                choice = self.number_of(0, 12)
                if choice == 12:
                    row[link.name] = "gone"
                elif choice > 2 and self.keys[link.to]:
                    row[link.name] = self.keys[link.to][choice % len(self.keys[link.to])]
        if entity in ("guarantee", "credit_limit", "score") and "legal_entity" not in row and self.number_of(0, 1):
            row["customer"] = self.one((*self.keys["customer"], "gone"))
        return row

    def value(self, type: Type) -> Value:
        choice = self.number_of(0, 29)
        if choice <= 8:  # many are missing
            return None
        match type.kind:
            case Kind.TEXT:
                return TEXTS[choice % len(TEXTS)]
            case Kind.ENUM:
                return type.values[choice % len(type.values)]
            case Kind.INTEGER:
                return (0, 1, 2, 30, 60, -5, 7)[choice % 7]
            case Kind.DECIMAL | Kind.PERCENT:
                return Decimal(DECIMALS[choice % len(DECIMALS)])
            case Kind.DATE:
                return self.today + timedelta(days=SHIFTS[choice % len(SHIFTS)])
            case Kind.BOOLEAN:
                return choice % 2 == 0
            case Kind.MONEY:
                return Money(Decimal(AMOUNTS[choice % len(AMOUNTS)]), ("EUR", *CURRENCIES)[self.number_of(0, 5)])
            case _:
                raise AssertionError(type)

    def states(self, dataset: Dataset, target: Target) -> None:
        """What subjects hold before the run; now and then a subject that is gone, or a member that no rule names."""
        subjects = (*self.keys[target.entity], "gone")
        if target.shape is Shape.VALUE:
            if target.field is None:
                held = {subject: self.state(target) for subject in subjects if self.number_of(0, 2)}
                dataset.values[target.name] = {subject: value for subject, value in held.items() if value is not None}
            return
        for member in MEMBERS:
            if target.name in ("portfolio", "colleague") and member != "A":
                continue
            states: dict[str, Money | bool] = {}
            for subject in subjects:
                if self.number_of(0, 2) == 0:
                    amount = self.amount()
                    states[subject] = True if target.shape is Shape.SET else amount
            if states:
                dataset.members[target.name, member] = states

    def amount(self) -> Money:
        """What a cover may grant."""
        return Money(Decimal(self.one(("100", "20000"))), self.one(CURRENCIES[:2]))

    def state(self, target: Target) -> Value:
        match target.type.kind:
            case Kind.TEXT:
                return self.one(VALUES)
            case Kind.MONEY:
                return Money(Decimal(self.one(("100", "250.5"))), self.one(CURRENCIES[:2]))
            case Kind.BOOLEAN:
                return bool(self.number_of(0, 1))
            case _:
                return self.number_of(0, 3)
