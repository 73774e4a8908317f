"""What rules show without writing anything: alerts and reports, resolved (language.md, section 8)."""

from __future__ import annotations

from dataclasses import dataclass, field

from assignrules.diagnostics import Span
from assignrules.ir.expressions import Aggregate, Expression, Field


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name: what `as` says, else the text of its expression."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Ordering:
    """A term of `order by`: missing values come last, whichever way it goes. Money is compared in the project's currency."""

    value: Expression
    descending: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """The rows of ``entity`` for which ``condition`` holds, by ``order_by`` and then by key. ``level``: low, medium, high, or None;
    ``audience``: risk, collection, or None."""

    name: str
    label: str | None
    entity: str
    level: str | None
    audience: str | None
    condition: Expression
    show: tuple[Column, ...]
    order_by: tuple[Ordering, ...]
    span: Span = field(compare=False, repr=False)

    def on_rows(self) -> tuple[Expression, ...]:
        """The expressions that stand on rows of the entity."""
        return (self.condition, *(column.value for column in self.show), *(term.value for term in self.order_by))


@dataclass(frozen=True, slots=True)
class Report:
    """A table over the rows of ``entity`` for which ``where`` holds (None: all).

    ``grouped``: it has a line for each group of rows with equal ``groups`` (missing is a value of its own), or without any the one line
    of all rows. Its ``totals`` are aggregates without a path, over the rows of the group; ``show`` and ``order_by`` stand on the group, a
    row of the entity ``group_entity`` with the fields ``group_field`` and ``total_field`` by their places. The columns are those of the
    groups, then ``show``; the lines are sorted by ``order_by``, then by the groups.

    Otherwise it has a line for each row, and ``show`` and ``order_by`` stand on that row; ties go by key.
    """

    name: str
    label: str | None
    entity: str
    where: Expression | None
    grouped: bool
    groups: tuple[Column, ...]
    totals: tuple[Aggregate, ...]
    show: tuple[Column, ...]
    order_by: tuple[Ordering, ...]
    span: Span = field(compare=False, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns."""
        return tuple(column.name for column in (*self.groups, *self.show))

    def group_columns(self) -> tuple[Column, ...]:
        """The columns of the groups, on a group."""
        entity = group_entity(self.name)
        return tuple(Column(item.name, Field(entity, group_field(place), item.value.type)) for place, item in enumerate(self.groups))

    def all_orders(self) -> tuple[Ordering, ...]:
        """The terms that its lines are sorted by, those of the groups included."""
        return (*self.order_by, *(Ordering(column.value, descending=False) for column in self.group_columns()))

    def on_rows(self) -> tuple[Expression, ...]:
        """The expressions that stand on rows of the entity, not on groups of them."""
        where = () if self.where is None else (self.where,)
        if self.grouped:
            return (*where, *(column.value for column in self.groups), *self.totals)
        return (*where, *(column.value for column in self.show), *(term.value for term in self.order_by))


def group_entity(report: str) -> str:
    """The entity whose rows are a report's groups; no rule can name it."""
    return f"report {report}"


def group_field(place: int) -> str:
    """The field of a group that holds its value of an expression of `group by`."""
    return f"group {place + 1}"


def total_field(place: int) -> str:
    """The field of a group that holds a total."""
    return f"total {place + 1}"
