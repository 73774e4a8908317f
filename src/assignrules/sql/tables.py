"""Stage 0: an entity's rows as the mapping gives them, with the current state of its targets."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from assignrules.schema.calendars import FIRST_DAY, LAST_DAY
from assignrules.schema.logical import Schema, Shape
from assignrules.schema.mapping import EntityMapping, SchemaMapping
from assignrules.sql import terms
from assignrules.sql.dialects import Dialect
from assignrules.sql.journal import read_state, remembered
from assignrules.sql.rows import KEY, Column
from assignrules.sql.terms import Sql

SELF = "self"
REAL, OWN = "L", "C"  # row keys of legal entities: those of the data, and those that customers without one stand for


class Tables:
    """Compiles stage 0 of each entity."""

    def __init__(self, mapping: SchemaMapping, ignored_currencies: Iterable[str], dialect: Dialect) -> None:
        self.mapping = mapping
        self.dialect = dialect
        self.schema: Schema = mapping.schema
        self.ignored = sorted(ignored_currencies)
        self.own = "legal_entity" if self.schema.own_legal_entity else None

    def rows(self, entity: str, columns: Iterable[tuple[Column, str]]) -> exp.Query:
        """The rows of an entity with the columns asked for, under the names given."""
        wanted = list(columns)
        body = self.mapping.entities[entity]
        joins: list[exp.Join] = []
        states = _States(self, entity, [column for column, _ in wanted], joins)
        if self._takes_customer_instead(body) and any(column == Column("link", "legal_entity") for column, _ in wanted):
            joins.append(self._customer_instead(body))
        values = [terms.alias(self._value(body, column, states), name) for column, name in wanted]
        select = terms.select(values, terms.table(body.table, SELF), joins)
        if entity != self.own:
            return select
        return terms.union_all([select, self._own_rows(wanted)])

    # --- one column ---

    def _value(self, body: EntityMapping, column: Column, states: _States) -> Sql:
        match column.kind:
            case "key":
                return self._key(body)
            case "field":
                return self._field(body, column.name)
            case "currency":
                return terms.column(body.fields[column.name].currency or "", SELF)
            case "link":
                return self._link(body, column.name)
            case _:
                return states.value(column)

    def _key(self, body: EntityMapping) -> Sql:
        key = terms.column(body.key, SELF)
        return _prefixed(REAL, key) if body.entity == self.own else key

    def _field(self, body: EntityMapping, name: str) -> Sql:
        mapped = body.fields[name]
        value = terms.column(mapped.column, SELF)
        if mapped.currency is None or not self.ignored:
            return value
        currency = terms.column(mapped.currency, SELF)
        ignored = terms.one_of(currency, [terms.text(code) for code in self.ignored])
        return terms.case([(ignored, terms.null())], value)

    def _link(self, body: EntityMapping, name: str) -> Sql:
        link = self.schema.entities[body.entity].links[name]
        key = terms.column(body.links[name], SELF)
        if link.to == "policy":
            return terms.coalesce(key, self._only_policy(body, name))
        if link.to != self.own:
            return key
        branches = [(terms.not_null(key), _prefixed(REAL, key.copy()))]
        if body.entity == "customer":
            return terms.case(branches, _prefixed(OWN, terms.column(body.key, SELF)))
        if self._takes_customer_instead(body):
            branches.append((terms.not_null(terms.column("legal_entity", "own")), _prefixed(REAL, terms.column("legal_entity", "own"))))
            key_of_own = terms.column(self.mapping.entities["customer"].key, "own")
            branches.append((terms.not_null(key_of_own), _prefixed(OWN, key_of_own.copy())))
        return terms.case(branches)

    def _only_policy(self, body: EntityMapping, name: str) -> Sql:
        """The only policy, where no row names one."""
        policy = self.mapping.entities["policy"]
        named = terms.select([terms.number(1)], terms.table(body.table, "n"), where=terms.not_null(terms.column(body.links[name], "n")))
        key = terms.column(policy.key, "p")
        only = terms.equal(exp.Count(this=exp.Star()), terms.number(1))
        nobody = exp.Not(this=exp.Exists(this=named))
        return terms.scalar(terms.select([exp.Min(this=key)], terms.table(policy.table, "p"), where=nobody, having=only))

    # --- legal entities of customers without one ---

    def _takes_customer_instead(self, body: EntityMapping) -> bool:
        return self.own is not None and body.customer is not None

    def _customer_instead(self, body: EntityMapping) -> exp.Join:
        customer = self.mapping.entities["customer"]
        assert body.customer is not None
        named = terms.equal(terms.column(customer.key, "own"), terms.column(body.customer, SELF))
        alone = terms.is_null(terms.column(body.links["legal_entity"], SELF))
        return terms.left_join(terms.table(customer.table, "own"), terms.all_of([named, alone]))

    def _own_rows(self, wanted: list[tuple[Column, str]]) -> exp.Select:
        customer = self.mapping.entities["customer"]
        lent = set(self.schema.own_legal_entity)

        def value(column: Column) -> Sql:
            if column == KEY:
                return _prefixed(OWN, terms.column(customer.key, SELF))
            if column.kind == "field" and column.name in lent:
                return terms.column(customer.fields[column.name].column, SELF)
            return terms.null()

        columns = [terms.alias(value(column), name) for column, name in wanted]
        alone = terms.is_null(terms.column(customer.links["legal_entity"], SELF))
        return terms.select(columns, terms.table(customer.table, SELF), where=alone)


class _States:
    """The current state of an entity's targets, joined as far as it is asked for."""

    def __init__(self, tables: Tables, entity: str, columns: list[Column], joins: list[exp.Join]) -> None:
        self.schema = tables.schema
        self.mapping = tables.mapping
        self.dialect = tables.dialect
        self.made: dict[tuple[str, str], str] = {}
        self.subject = terms.column(tables.mapping.entities[entity].fields[tables.schema.entities[entity].key or ""].column, SELF)
        by_target: dict[str, dict[str, None]] = {}
        for column in columns:
            if column.kind in ("value", "value currency", "member"):
                by_target.setdefault(column.name, {})[column.member or ""] = None
        for number, (target, members) in enumerate(by_target.items(), start=1):
            self._join(target, list(members), f"c{number}", joins)
        self.remembered: dict[tuple[str, str | None], tuple[str, list[str]]] = {}
        units = dict.fromkeys((column.name, column.member) for column in columns if column.kind.startswith("memory"))
        for number, unit in enumerate(units, start=1):
            asked = [column for column in columns if column.kind.startswith("memory") and (column.name, column.member) == unit]
            rules = sorted({column.rule for column in asked if column.rule})
            known = remembered(*unit, rules, spells=any(column.part.startswith("spell") for column in asked))
            of_subject = terms.equal(terms.column("subject", f"j{number}"), self.subject.copy())
            joins.append(terms.left_join(terms.subquery(known, f"j{number}"), of_subject))
            self.remembered[unit] = (f"j{number}", rules)

    def _join(self, target: str, members: list[str], name: str, joins: list[exp.Join]) -> None:
        declared = self.schema.targets[target]
        relation = terms.table(self.mapping.targets[target].table, name)
        if declared.shape is not Shape.VALUE:
            relation = terms.subquery(self._pivot(target, members), name)
        joins.append(terms.left_join(relation, terms.equal(terms.column("subject", name), self.subject.copy())))
        for place, member in enumerate(members):
            self.made[target, member] = f"{name}.{place}" if declared.shape is not Shape.VALUE else name

    def _pivot(self, target: str, members: list[str]) -> exp.Select:
        """A set's or cover's table with a column for each member asked for."""
        cover = self.schema.targets[target].shape is Shape.COVER
        columns: list[Sql] = [terms.column("subject")]
        for place, member in enumerate(members):
            here = terms.equal(terms.column("member"), terms.text(member))
            shown = terms.column("value") if cover else terms.number(1)
            columns.append(terms.alias(exp.Max(this=terms.case([(here, shown)])), f"m{place}"))
            if cover:
                columns.append(terms.alias(exp.Max(this=terms.case([(here.copy(), terms.column("currency"))])), f"k{place}"))
        return terms.select(columns, terms.table(self.mapping.targets[target].table), group_by=[terms.column("subject")])

    def value(self, column: Column) -> Sql:
        if column.kind.startswith("memory"):
            return self._memory(column)
        place = self.made[column.name, column.member or ""]
        name, _, number = place.partition(".")
        if not number:
            return terms.column("currency" if column.kind == "value currency" else "value", name)
        if column.kind == "value currency":
            return terms.column(f"k{number}", name)
        shown = terms.column(f"m{number}", name)
        return terms.not_null(shown) if column.kind == "member" else shown

    def _memory(self, column: Column) -> Sql:
        relation, rules = self.remembered[column.name, column.member]
        name = f"{column.part}_{rules.index(column.rule)}" if column.rule else column.part
        value = terms.column(name, relation)
        if column.part.endswith("_on"):
            return value
        state = read_state(value, self.schema.targets[column.name], self.dialect)
        return state[1] if column.kind == "memory currency" else state[0]


def _prefixed(prefix: str, key: Sql) -> Sql:
    return exp.DPipe(this=terms.text(prefix), expression=key)


def rates_today(mapping: SchemaMapping, today: Sql) -> exp.Select:
    """The latest rate of each currency on or before a day: ``(currency, rate)``."""
    body = mapping.entities["rates"]
    number = exp.Window(
        this=exp.Anonymous(this="ROW_NUMBER"),
        partition_by=[terms.column("currency")],
        order=exp.Order(expressions=[terms.ordered(terms.column("on"), descending=True)]),
    )
    known = terms.binary(exp.LTE, terms.column("on"), today)
    ranked = terms.select([terms.column("currency"), terms.column("rate"), terms.alias(number, "n")], terms.table(body.table), where=known)
    first = terms.equal(terms.column("n"), terms.number(1))
    return terms.select([terms.column("currency"), terms.column("rate")], terms.subquery(ranked, "r"), where=first)


def rates_dated(mapping: SchemaMapping) -> exp.Select:
    """Each rate with the days on which it is the latest: ``(currency, rate, from_day, to_day)``, ``to_day`` left out; missing: to this
    day."""
    body = mapping.entities["rates"]
    following = exp.Window(
        this=exp.Anonymous(this="LEAD", expressions=[terms.column("on")]),
        partition_by=[terms.column("currency")],
        order=exp.Order(expressions=[terms.ordered(terms.column("on"))]),
    )
    columns = [
        terms.column("currency"),
        terms.column("rate"),
        terms.alias(terms.column("on"), "from_day"),
        terms.alias(following, "to_day"),
    ]
    return terms.select(columns, terms.table(body.table))


def business_days(mapping: SchemaMapping, dialect: Dialect, calendar: str | None) -> exp.Select:
    """Every day that is counted: ``(day, open, number)``, ``number`` being how many open days there are up to it."""
    day = terms.column("day", "d")
    is_open = terms.binary(exp.LT, dialect.day_part("ISODOW", day), terms.number(6))
    if calendar is not None:
        body = mapping.entities["holidays"]
        same = [terms.equal(terms.column("on", "h"), day.copy()), terms.equal(terms.column("calendar", "h"), terms.text(calendar))]
        holiday = terms.select([terms.number(1)], terms.table(body.table, "h"), where=terms.all_of(same))
        is_open = terms.all_of([is_open, exp.Not(this=exp.Exists(this=holiday))])
    days = terms.select([day, terms.alias(is_open, "open")], terms.subquery(dialect.all_days(FIRST_DAY, LAST_DAY), "d"))
    counted = terms.function("SUM", terms.case([(terms.column("open"), terms.number(1))], terms.number(0)))
    number = exp.Window(this=counted, order=exp.Order(expressions=[terms.ordered(terms.column("day"))]))
    columns = [terms.column("day"), terms.column("open"), terms.alias(terms.cast(number, "BIGINT"), "number")]
    return terms.select(columns, terms.subquery(days, "o"))
