"""What an expression means on a row. Written to be read beside the language's description; speed is no concern."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, assert_never

from assignrules.ir import expressions as ir
from assignrules.ir.proposals import TemplatePart
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.types import MONEY, Kind, Money, Type
from assignrules.ir.values import Value, shown
from assignrules.reference.operations import OPERATIONS
from assignrules.reference.scalars import EXACT, after_days, after_months, median, quotient, rounded
from assignrules.schema.calendars import after_business_days
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import Schema
from assignrules.schema.records import Record, Rows

Unit = tuple[str, str | None]


@dataclass(slots=True)
class Evaluation:
    """One run: rules, data, the day (which `as of` moves, ``run_on`` stays), and the planned state as far as it is decided.

    ``planned`` holds the state of each written (target, member) by subject. ``noted`` collects what is wrong or odd in the data, as far as
    the plan met it: keys of rows by (code, entity, message).
    """

    schema: Schema
    ruleset: Ruleset
    dataset: Dataset
    as_of: date
    rows: Rows
    run_on: date
    is_moved: bool = False
    planned: dict[Unit, dict[Record, Value]] = field(default_factory=dict)
    noted: dict[tuple[str, str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    _known: dict[tuple[str, str, Record], Value] = field(default_factory=dict)
    _moved: dict[date, Evaluation] = field(default_factory=dict)
    _kept: dict[int, set[Record]] = field(default_factory=dict)

    def value(self, expression: ir.Expression, *stack: Record) -> Value:
        """The value on the last row of ``stack``; the rows before it are those that the aggregates around it stand on."""
        with localcontext(EXACT):
            return self._shaped(self._value(expression, stack), expression.type, stack[-1])

    def holds(self, condition: ir.Expression | None, *stack: Record) -> bool:
        """Whether a condition is true; None always is."""
        return condition is None or self.value(condition, *stack) is True

    def current(self, target: str, member: str | None, subject: Record) -> Value:
        """A target's state before the run; of a set True, of a cover the amount."""
        if member is not None:
            return self.dataset.members.get((target, member), {}).get(subject.key) or None
        declared = self.schema.targets[target]
        if declared.field is not None:
            return subject.row.get(declared.field)
        return self.dataset.values.get(target, {}).get(subject.key)

    def state(self, target: str, member: str | None, subject: Record, current: bool) -> Value:
        """A target's planned state, or with ``current`` the one before the run."""
        if current or not self.ruleset.writers(target, member, self.run_on):
            return self.current(target, member, subject)
        return self.planned[target, member][subject]  # INVARIANT: the order of units has decided it already

    def written(self, value: Value) -> Value:
        """As it is stored and shown: a bare 0 has the project's currency."""
        return Money(value.amount, self.ruleset.currency) if isinstance(value, Money) and not value.currency else value

    def reason(self, parts: tuple[TemplatePart, ...] | None, row: Record) -> str | None:
        """The text of `because`."""
        values = ((part.text, part.expression) for part in parts or ())
        texts = [text or "" if of is None else shown(self.written(self.value(of, row))) for text, of in values]
        return None if parts is None else "".join(texts)

    def _value(self, expression: ir.Expression, stack: tuple[Record, ...]) -> Value:
        row = stack[-1]
        match expression:
            case ir.Literal(value=value):
                return value
            case ir.Today():
                return self.as_of
            case ir.Field(name=name):
                value = row.row.get(name)
                return None if isinstance(value, Money) and value.currency in self.ruleset.ignored_currencies else value
            case ir.Reference(entity=entity, name=name):
                if (entity, name, row) not in self._known:
                    self._known[entity, name, row] = self.value(self.ruleset.definitions[entity, name].expression, row)
                return self._known[entity, name, row]
            case ir.TargetValue(target=target, current=current):
                return self.state(target, None, row, current)
            case ir.TargetMember(target=target, member=member, current=current):
                return self.state(target, member, row, current) is not None
            case ir.Via(link=link, of=of):
                end = self._end(link, row)
                return None if end is None else self.value(of, *stack[:-1], end)
            case ir.This(of=of):
                return self.value(of, *stack[:-1])
            case ir.Operation(arguments=arguments):
                return self._operation(expression, [self.value(argument, *stack) for argument in arguments], row)
            case ir.And(operands=operands):
                return False not in [self.holds(operand, *stack) for operand in operands]  # a list: each is evaluated
            case ir.Or(operands=operands):
                return True in [self.holds(operand, *stack) for operand in operands]
            case ir.Not(operand=operand):
                return not self.holds(operand, *stack)
            case ir.Truth(operand=operand):
                return self.holds(operand, *stack)
            case ir.IsMissing(operand=operand):
                return self.value(operand, *stack) is None
            case ir.InList(operand=operand, items=items):
                value = self.value(operand, *stack)
                return value is not None and any(value == item.value for item in items)
            case ir.Case(branches=branches, otherwise=otherwise):
                for branch in branches:
                    if self.holds(branch.condition, *stack):
                        return self.value(branch.value, *stack)
                return None if otherwise is None else self.value(otherwise, *stack)
            case ir.AsOf(of=of, day=day):
                moved = self.value(day, *stack)
                return self.moved(moved).value(of, *stack) if isinstance(moved, date) else None
            case ir.Top():
                if id(expression) not in self._kept:
                    rows = [other for other in self.rows.records[expression.entity] if self.holds(expression.where, other)]
                    kept = self.first(rows, expression.count, expression.by, expression.ascending, expression.per)
                    self._kept[id(expression)] = set(kept)
                return row in self._kept[id(expression)]
            case ir.Aggregate():
                return self.aggregate(expression, self._rows_at_end(expression.path, row), *stack)
            case ir.Memory():
                raise AssertionError("only the compiler makes these: the journal is read in `memory`")
            case _:
                assert_never(expression)

    def moved(self, day: date) -> Evaluation:
        """The same run with another `today`."""
        if day not in self._moved:
            self._moved[day] = replace(self, as_of=day, is_moved=True, _known={}, _kept={})
        return self._moved[day]

    def first(self, rows: Iterable[Record], count: int, by: ir.Expression, ascending: bool, per: ir.Expression | None) -> list[Record]:
        """So many of each group by a value, the largest first unless ``ascending``; missing last, ties by key."""
        groups: dict[Value, list[Record]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row.key):
            groups[None if per is None else self.value(per, row)].append(row)
        return [row for members in groups.values() for row in self.ordered(members, by, ascending)[:count]]

    def ordered(self, rows: list[Record], by: ir.Expression, ascending: bool) -> list[Record]:
        """All by a value; missing last, ties as they come."""
        values: dict[Record, Any] = {row: self.plain(self.value(by, row), row) for row in rows}
        present = sorted((row for row in rows if values[row] is not None), key=lambda row: values[row], reverse=not ascending)
        return present + [row for row in rows if values[row] is None]

    def _end(self, link: ir.Link, row: Record) -> Record | None:
        if link.target is not None:
            return self.rows.find(link.to, self.state(link.target, None, row, link.current))
        return self.rows.end(row, link)

    def _operation(self, operation: ir.Operation, arguments: list[Any], row: Record) -> Value:
        operator = operation.operator
        if operator == "coalesce":
            return next((argument for argument in arguments if argument is not None), None)
        if any(argument is None for argument in arguments):
            return False if operator in ir.CONDITIONS else None
        if operator == "add_duration":
            day, count, *calendar = arguments
            if operation.arguments[1].type.business:
                holidays = self.rows.holidays(*calendar or [self.ruleset.calendar])
                if calendar and not holidays:
                    self.noted["E0511", "holidays", "the data has no holidays of a calendar that a rule names"].add(calendar[0])
                return after_business_days(day, count, holidays)
            return after_months(day, count) if operation.arguments[1].type.months else after_days(day, count)
        if operator == "currency":
            return str(arguments[0].currency)
        if operator == "convert":
            return self._converted(arguments[0], arguments[1], arguments[2] if len(arguments) == 3 else None, row)
        moneys = [argument for argument in arguments if isinstance(argument, Money)]
        alike = self._alike(moneys, row)
        if None in alike:
            return False if operator in ir.CONDITIONS else None
        amounts = iter([money.amount for money in alike if money is not None])
        result = OPERATIONS[operator](*(next(amounts) if isinstance(a, Money) else a for a in arguments))
        if operation.type.kind is Kind.MONEY and result is not None:
            return Money(result, max(money.currency for money in alike if money is not None))
        return result  # type: ignore[no-any-return]  # by the operator

    def _alike(self, moneys: list[Money], row: Record) -> list[Money | None]:
        """In one currency: their own where they share it (a bare 0 goes with any), else the project's."""
        if len({money.currency for money in moneys if money.currency}) <= 1:
            return list(moneys)
        return [self._home(money, row) for money in moneys]

    def _home(self, money: Money, row: Record) -> Money | None:
        return self._converted(money, self.ruleset.currency, None, row)

    def _converted(self, money: Money, currency: str, day: date | None, row: Record) -> Money | None:
        """In another currency, by way of the project's, at the rates of a day (None: today); None where a rate is missing, which is
        noted."""
        home = self.ruleset.currency
        if money.currency == currency or not money.amount:
            return Money(money.amount, currency)
        into = Decimal(1) if money.currency == home else self._rate(money.currency, day, row)
        out_of = Decimal(1) if currency == home else self._rate(currency, day, row)
        if into is None or out_of is None or not out_of:
            return None
        amount = rounded(rounded(money.amount) * into) if money.currency != home else money.amount
        result = quotient(amount, out_of) if currency != home else amount
        assert result is not None
        return None if self._too_large(result, MONEY, row) else Money(result, currency)

    def _rate(self, currency: str, day: date | None, row: Record) -> Decimal | None:
        for on, count in Counter(on for on, _ in self.rows.rates.get(currency, ())).items():
            if count > 1:
                self.noted["E0503", "rates", f"two rates for `{currency}` on one day"].add(f"{currency} {on.isoformat()}")
        rate = self.rows.rate(currency, day or self.as_of)
        if rate is None:
            when = "on its day" if day is not None or self.is_moved else f"on or before {self.as_of.isoformat()}"
            self.noted["E0502", row.entity, f"no exchange rate {when}"].add(row.key)
        return rate

    def aggregate(self, aggregate: ir.Aggregate, among: Iterable[Record], *stack: Record) -> Value:
        """An aggregate over those of some rows for which its condition holds; ``stack`` as in ``value``."""
        kind = aggregate.function
        rows = [row for row in among if self.holds(aggregate.where, *stack, row)]
        match kind:
            case "count":
                return len(rows)
            case "any":
                return bool(rows)
            case "none":
                return not rows
        of, by, weight = aggregate.of, aggregate.by, aggregate.weight
        assert of is not None
        values = [(row, self.value(of, *stack, row)) for row in rows]
        if kind == "latest" or kind == "earliest":
            assert by is not None
            dated: list[tuple[Any, str, Value]] = [(self.value(by, *stack, row), row.key, value) for row, value in values]
            ordered = sorted((item for item in dated if item[0] is not None), key=lambda item: item[:2], reverse=kind == "latest")
            return ordered[0][2] if ordered else None
        if kind == "count_distinct":
            return len({value for _, value in values if value is not None})
        plain = [(row, self.plain(value, row)) for row, value in values]
        present: list[Any] = [value for _, value in plain if value is not None]
        result: Any
        match kind:
            case "sum":
                result = sum(present)
            case "min":
                result = min(present, default=None)
            case "max":
                result = max(present, default=None)
            case "median":
                result = median(present)
            case "avg":
                weights = [1 if weight is None else self.plain(self.value(weight, *stack, row), row) for row, _ in plain]
                pairs: list[Any] = [(v, w) for (_, v), w in zip(plain, weights, strict=True) if v is not None and w is not None]
                result = quotient(sum(value * weight for value, weight in pairs), sum(weight for _, weight in pairs))
            case _:
                assert_never(kind)
        if aggregate.type.kind is Kind.MONEY and result is not None:
            return Money(Decimal(result), self.ruleset.currency)
        return result  # type: ignore[no-any-return]  # a number, or what `of` gives

    def plain(self, value: Value, row: Record) -> Value:
        """Money as its amount in the project's currency; anything else as it is."""
        if not isinstance(value, Money):
            return value
        money = self._home(value, row)
        return None if money is None else money.amount

    def _rows_at_end(self, path: Iterable[ir.Link], start: Record) -> list[Record]:
        """Each once, however many ways lead there."""
        reached = [start]
        for link in path:
            if link.many:
                reached = [origin for row in reached for origin in self.rows.origins(row, link)]
            else:
                reached = [end for row in reached if (end := self._end(link, row)) is not None]
            reached = list(dict.fromkeys(reached))
        return reached

    def _shaped(self, value: Value, type: Type, row: Record) -> Value:
        """A number in the form of its type; missing, and noted, where it has too many digits."""
        if isinstance(value, Money):
            return None if self._too_large(value.amount, type, row) else Money(value.amount + 0, value.currency)
        if isinstance(value, int | Decimal) and type.is_number:
            if self._too_large(value, type, row):
                return None
            return int(value) if type.kind is Kind.INTEGER else Decimal(value) + 0  # + 0: there is no negative zero
        return value

    def _too_large(self, number: int | Decimal, type: Type, row: Record) -> bool:
        too_large = abs(Decimal(number)) >= Decimal(10) ** (38 - type.scale)
        if too_large:
            self.noted["E0504", row.entity, "a number grew too large"].add(row.key)
        return too_large
