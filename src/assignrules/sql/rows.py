"""Where an expression stands while it is compiled: a relation in the FROM of one SELECT, with what it can reach by joins."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from assignrules.ir.expressions import Link, Memory
from assignrules.sql import terms
from assignrules.sql.decided import ROW_KEY, Place
from assignrules.sql.dialects import Dialect
from assignrules.sql.terms import Sql


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a stage, by what it holds. ``kind``: ``key``, ``field``, ``currency`` (of a money field), ``link``, ``value`` and
    ``value currency`` (the current state of a value target, or with ``member`` of a cover), ``member`` (of a set or cover, a truth value),
    ``fact``, ``fact currency``, ``memory`` and ``memory currency`` (what the journal knows of a target: the ``part`` of ``Memory``)."""

    kind: str
    name: str = ""
    member: str | None = ""
    part: str = ""
    rule: str = ""


KEY = Column("key")
# Of derived rows (``derived``): the key of the row itself, the day that is `today` on it; beside these, ``own link`` is the other row's.
OWN_KEY = Column("own key", "own_key")
DAY = Column("day", "day")
# In place of a link's target: ways between an entity's rows and those derived from them.
AS_OF, OWN_ROW, ALL_ROWS, PAIR = "#as of", "#own row", "#all rows", "#pair"
CLOSED_DAYS, CLOSED_NUMBERS = "closed_days", "closed_numbers"
BACK = "back by "  # before the name of a to-one link: the rows that it leads from, where the schema declares no inverse


class Relations(Protocol):
    """What a row context asks of the statement around it."""

    @property
    def dialect(self) -> Dialect:
        """The database's words."""
        ...

    def stage(self, entity: str, level: int) -> str:
        """The name of the relation with an entity's columns up to a level."""
        ...

    def need(self, entity: str, level: int, column: Column) -> str:
        """The name of a column in that relation, which will have it."""
        ...

    def rates(self, dated: bool) -> str:
        """The relation of today's rates ``(currency, rate)``, or of all with the days on which each is the latest."""
        ...

    def business_days(self) -> str:
        """The relation of all days: ``day``, whether it is ``open``, and the ``number`` of open days up to it."""
        ...

    def closed(self, relation: str) -> str:
        """The relation of the holidays of all calendars: ``CLOSED_DAYS`` or ``CLOSED_NUMBERS`` (``calendars``)."""
        ...

    def walked(self, link: Link) -> None:
        """Notes that a to-one link is followed."""
        ...

    def is_derived(self, entity: str) -> bool:
        """Whether the name is one of derived rows."""
        ...

    def real(self, entity: str) -> str:
        """The schema's entity of rows that may be derived."""
        ...

    def has_day(self, entity: str) -> bool:
        """Whether the rows have a day of their own that is `today` on them."""
        ...

    def place(self, memory: Memory) -> Place:
        """Where a unit stands that is decided already."""
        ...

    def inverse(self, link: Link) -> str:
        """The name of the to-one link that a to-many link turns round; it is noted as followed."""
        ...


@dataclass(slots=True)
class Source:
    """The FROM of one SELECT while it grows: joins, each made once."""

    relations: Relations
    joins: list[exp.Join] = field(default_factory=list)
    made: dict[tuple[str, ...], str] = field(default_factory=dict)

    def alias(self, prefix: str) -> str:
        return f"{prefix}{len(self.made) + 1}"

    def rate(self, currency: Sql | str, day: Sql | None) -> Sql:
        """The rate of a currency on a day (None: today); missing where there is none."""
        if isinstance(currency, str):
            if day is None:
                wanted = terms.equal(terms.column("currency"), terms.text(currency))
                return terms.scalar(terms.select([terms.column("rate")], terms.table(self.relations.rates(dated=False)), where=wanted))
            currency = terms.text(currency)
        key = ("rate", currency.sql(), "" if day is None else day.sql())
        if key not in self.made:
            name = self.alias("r")
            self.made[key] = name
            on = [terms.equal(terms.column("currency", name), currency.copy())]
            if day is not None:
                on.append(terms.binary(exp.LTE, terms.column("from_day", name), day.copy()))
                later = terms.binary(exp.GT, terms.column("to_day", name), day.copy())
                on.append(terms.any_of([terms.is_null(terms.column("to_day", name)), later]))
            self.joins.append(terms.left_join(terms.table(self.relations.rates(dated=day is not None), name), terms.all_of(on)))
        return terms.column("rate", self.made[key])

    def business_day(self, day: Sql, count: Sql) -> Sql:
        """The date so many business days on (or, below 0, back): open days have numbers, and steps are a difference of numbers. From a
        closed day, the first step back leads to the last open day, whose number the closed day bears too."""
        key = ("business", day.sql(), count.sql())
        if key not in self.made:
            relation = self.relations.business_days()
            read = self.relations.dialect.business_step(relation, day, count)
            if read is not None:
                return terms.case([(terms.equal(count.copy(), terms.number(0)), day.copy())], read)
            start, end = self.alias("d"), self.alias("d") + "e"
            self.made[key] = end
            self.joins.append(terms.left_join(terms.table(relation, start), terms.equal(terms.column("day", start), day.copy())))
            back = terms.all_of([terms.binary(exp.LT, count.copy(), terms.number(0)), terms.negated(terms.column("open", start))])
            extra = terms.case([(back, terms.number(1))], terms.number(0))
            number = terms.binary(exp.Add, terms.binary(exp.Add, terms.column("number", start), count.copy()), extra)
            on = terms.all_of([terms.column("open", end), terms.equal(terms.column("number", end), number)])
            self.joins.append(terms.left_join(terms.table(relation, end), on))
        return terms.case([(terms.equal(count.copy(), terms.number(0)), day.copy())], terms.column("day", self.made[key]))


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of an entity, as the relation ``alias`` in ``source``; ``outer``: those that an aggregate stands on."""

    source: Source
    entity: str
    level: int
    alias: str
    outer: Rows | None = None

    def column(self, column: Column) -> Sql:
        return terms.column(self.source.relations.need(self.entity, self.level, column), self.alias)

    def today(self) -> Sql | None:
        """The day of derived rows; None: the statement's."""
        return self.column(DAY) if self.source.relations.has_day(self.entity) else None

    def decided(self, memory: Memory, *, currency: bool = False) -> Sql:
        """What the plan has decided already of a unit on the row, joined."""
        place = self.source.relations.place(memory)
        key = ("decided", self.alias, place.table)
        if key not in self.source.made:
            name = self.source.alias("k")
            self.source.made[key] = name
            on = terms.equal(terms.column(ROW_KEY, name), self.column(KEY))
            self.source.joins.append(terms.left_join(terms.table(place.table, name), on))
        alias = self.source.made[key]
        if memory.part == "kept":
            return terms.not_null(terms.column(ROW_KEY, alias))
        return terms.column(f"{memory.part}_{place.number}" + ("_currency" if currency else ""), alias)

    def _key_of(self, link: Link) -> Sql:
        """The key of the row that a link leads to."""
        own = OWN_KEY if self.source.relations.is_derived(self.entity) else KEY
        match link.target:
            case "#as of":
                return moved_key(self.column(own), self.column(Column("fact", link.name)))
            case "#own row":
                return self.column(own)
            case "#all rows":
                return self.column(KEY)
            case "#pair":
                return self.column(Column("link", link.name))
            case _:
                return self.column(link_column(link))

    def via(self, link: Link) -> Rows:
        """The rows that a to-one link leads to, joined."""
        relations = self.source.relations
        key = ("via", self.alias, link.name, "current" if link.current else "", link.to)
        if key not in self.source.made:
            relations.walked(link)
            name = self.source.alias("v")
            self.source.made[key] = name
            other = terms.column(relations.need(link.to, self.level, KEY), name)
            on = terms.equal(other, self._key_of(link))
            self.source.joins.append(terms.left_join(terms.table(relations.stage(link.to, self.level), name), on))
        return Rows(self.source, link.to, self.level, self.source.made[key])


def is_decided(memory: Memory) -> bool:
    """Whether it is of what the plan has decided already, and not of the journal."""
    return memory.part in ("kept", "planned", "decided", "found")


def moved_key(key: Sql, day: Sql) -> Sql:
    """The row key of a row on a day."""
    first = exp.DPipe(this=terms.cast(key, "VARCHAR"), expression=terms.text("@"))
    return exp.DPipe(this=first, expression=terms.cast(day.copy(), "VARCHAR"))


def link_column(link: Link) -> Column:
    """The column that holds the other row's key."""
    if link.target is None:
        return Column("link", link.name)
    return Column("fact", link.name) if link.name.startswith("#") else Column("value", link.target)


def share_table(rule: str) -> str:
    """The temporary table that holds what `distribute` in a rule gives: ``subject``, and ``place``, the number of the value."""
    return "shared_" + re.sub(r"[^a-z0-9_]", "__", rule.lower())


def memory_column(memory: Memory, *, currency: bool = False) -> Column:
    """The column that holds what the journal knows, or its currency."""
    return Column("memory currency" if currency else "memory", memory.target, memory.member, memory.part, memory.rule or "")
