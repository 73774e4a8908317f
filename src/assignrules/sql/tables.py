"""Stage 0: an entity's rows as the mapping gives them, with the current state of its targets."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from assignrules.schema.calendars import FIRST_DAY, LAST_DAY
from assignrules.schema.logical import Schema, Shape
from assignrules.schema.mapping import LEGAL_ENTITY, OWN_ROW_KEY, EntityMapping, SchemaMapping
from assignrules.sql import terms
from assignrules.sql.dialects import Dialect
from assignrules.sql.journal import read_state, remembered
from assignrules.sql.relations import Relations, nothing
from assignrules.sql.rows import KEY, Column, share_table
from assignrules.sql.states import States
from assignrules.sql.terms import Sql

SELF = "self"
BITS = 60  # members in a word
FEW = 3  # members: with no more, words are not worth their while
REAL, OWN = "L", "C"  # row keys of legal entities: those of the data, and those that customers without one stand for


class Tables:
    """Compiles stage 0 of each entity."""

    def __init__(self, mapping: SchemaMapping, ignored_currencies: Iterable[str], dialect: Dialect) -> None:
        self.mapping = mapping
        self.dialect = dialect
        self.relations = Relations(mapping, dialect)
        self.schema: Schema = mapping.schema
        self.ignored = sorted(ignored_currencies)
        self.own = LEGAL_ENTITY if self.schema.own_legal_entity else None

    def rows(self, entity: str, columns: Iterable[tuple[Column, str]]) -> exp.Query:
        """The rows of an entity with the columns asked for, under the names given."""
        wanted = list(columns)
        body = self.mapping.entities[entity]
        joins: list[exp.Join] = []
        states = _States(self, entity, [column for column, _ in wanted], joins)
        if self._takes_customer_instead(body) and any(column == Column("link", "legal_entity") for column, _ in wanted):
            joins.append(self._customer_instead(body))
        values = [terms.alias(self._value(body, column, states), name) for column, name in wanted]
        select = terms.select(values, self.relations.of(entity, SELF, _read(values, joins)), joins)
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
        return self._prefixed(REAL, key) if body.entity == self.own else key

    def _field(self, body: EntityMapping, name: str) -> Sql:
        mapped = body.fields.get(name)
        if mapped is None:  # a label that is not mapped: rules that name it are refused
            return nothing(self.schema.entities[body.entity].fields[name].kind)
        value = terms.column(mapped.column, SELF)
        if mapped.currency is None or not self.ignored:
            return value
        currency = terms.column(mapped.currency, SELF)
        ignored = terms.one_of(currency, [terms.text(code) for code in self.ignored])
        return terms.case([(ignored, terms.null())], value)

    def _link(self, body: EntityMapping, name: str) -> Sql:
        link = self.schema.entities[body.entity].links[name]
        key = self._named(body, name)
        if link.to == "policy" and name == "policy":
            only = self._only_policy(body, name)
            return only if key is None else terms.coalesce(key, only)
        if link.to != self.own:
            assert key is not None, (body.entity, name)
            return key
        branches = [] if key is None else [(terms.not_null(key), self._prefixed(REAL, key.copy()))]
        if body.entity == "customer" and name == LEGAL_ENTITY:
            return terms.case(branches, self._prefixed(OWN, terms.column(body.key, SELF)))
        if self._takes_customer_instead(body) and name == LEGAL_ENTITY:
            customer = self.mapping.entities["customer"]
            of_own = self._named(customer, LEGAL_ENTITY, "own")
            if of_own is not None:
                branches.append((terms.not_null(of_own), self._prefixed(REAL, of_own.copy())))
            key_of_own = terms.column(customer.key, "own")
            branches.append((terms.not_null(key_of_own), self._prefixed(OWN, key_of_own.copy())))
        return terms.case(branches)

    @staticmethod
    def _named(body: EntityMapping, link: str, alias: str = SELF) -> Sql | None:
        """The key that rows name by a link; None where it is not mapped, so that none does."""
        return terms.column(body.links[link], alias) if link in body.links else None

    def _only_policy(self, body: EntityMapping, name: str) -> Sql:
        """The only policy, where no row names one."""
        policy = self.mapping.entities["policy"]
        nobody: Sql | None = None
        if name in body.links:
            column = body.links[name]
            rows = self.relations.of(body.entity, "n", [column])
            named = terms.select([terms.number(1)], rows, where=terms.not_null(terms.column(column, "n")))
            nobody = exp.Not(this=exp.Exists(this=named))
        key = terms.column(policy.key, "p")
        only = terms.equal(exp.Count(this=exp.Star()), terms.number(1))
        source = self.relations.of("policy", "p", [policy.key])
        return terms.scalar(terms.select([exp.Min(this=key)], source, where=nobody, having=only))

    def _prefixed(self, prefix: str, key: Sql) -> Sql:
        """A row key as one of legal entities; a company's own may be a number."""
        text = key if self.mapping.physical is None else terms.cast(key, "VARCHAR")
        return exp.DPipe(this=terms.text(prefix), expression=text)

    # --- legal entities of customers without one ---

    def _takes_customer_instead(self, body: EntityMapping) -> bool:
        return self.own is not None and body.customer is not None

    def _customer_instead(self, body: EntityMapping) -> exp.Join:
        customer = self.mapping.entities["customer"]
        assert body.customer is not None
        conditions = [terms.equal(terms.column(customer.key, "own"), terms.column(body.customer, SELF))]
        key = self._named(body, LEGAL_ENTITY)
        if key is not None:
            conditions.append(terms.is_null(key))
        columns = [customer.key, *([customer.links[LEGAL_ENTITY]] if LEGAL_ENTITY in customer.links else [])]
        return terms.left_join(self.relations.of("customer", "own", columns), terms.all_of(conditions))

    def _own_rows(self, wanted: list[tuple[Column, str]]) -> exp.Select:
        customer = self.mapping.entities["customer"]
        lent = set(self.schema.own_legal_entity)

        def value(column: Column) -> Sql:
            if column == KEY:
                return self._prefixed(OWN, terms.column(customer.key, SELF))
            if column.kind == "field" and column.name in lent and column.name in customer.fields:
                return terms.column(customer.fields[column.name].column, SELF)
            return terms.null()

        columns = [terms.alias(value(column), name) for column, name in wanted]
        key = self._named(customer, LEGAL_ENTITY)
        alone = None if key is None else terms.is_null(key)
        return terms.select(columns, self.relations.of("customer", SELF, _read([*columns, *([key] if key else [])], [])), where=alone)


def _read(values: Iterable[Sql], joins: Iterable[exp.Join]) -> frozenset[str]:
    """The columns of ``self`` that expressions read."""
    return frozenset(column.name for part in (*values, *joins) for column in part.find_all(exp.Column) if column.table == SELF)


class _States:
    """The current state of an entity's targets, joined as far as it is asked for."""

    def __init__(self, tables: Tables, entity: str, columns: list[Column], joins: list[exp.Join]) -> None:
        self.schema = tables.schema
        self.mapping = tables.mapping
        self.dialect = tables.dialect
        self.made: dict[tuple[str, str], str] = {}
        self.by_words: set[str] = set()  # relations of sets with the members as bits
        self.states = States(tables.relations)
        body = tables.mapping.entities[entity]
        self.row_key = terms.column(OWN_ROW_KEY, SELF)
        self.subject: Sql = terms.column(body.fields[tables.schema.entities[entity].key or ""].column, SELF)
        by_target: dict[str, dict[str, None]] = {}
        for column in columns:
            if column.kind in ("value", "value currency", "member"):
                by_target.setdefault(column.name, {})[column.member or ""] = None
        for number, (target, members) in enumerate(by_target.items(), start=1):
            self._join(target, list(members), f"c{number}", joins)
        self.remembered: dict[tuple[str, str | None], tuple[str, list[str]]] = {}
        shares = [column for column in columns if column.part == "share"]
        columns = [column for column in columns if column.part != "share"]
        for number, column in enumerate(shares, start=1):
            of_subject = terms.equal(terms.column("subject", f"h{number}"), self.subject.copy())
            joins.append(terms.left_join(terms.table(share_table(column.rule), f"h{number}"), of_subject))
        self.shares = {column.rule: f"h{number}" for number, column in enumerate(shares, start=1)}
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
        if declared.shape is Shape.SET and len(members) > FEW:
            self.by_words.add(name)
            relation: Sql = terms.subquery(self._words(target, members), name)
        elif declared.shape is not Shape.VALUE:
            relation = terms.subquery(self._pivot(target, members), name)
        else:
            relation = self.states.of(target, name)
        subject = self.row_key if self.states.by_row_key(target) else self.subject
        joins.append(terms.left_join(relation, terms.equal(terms.column("subject", name), subject.copy())))
        for place, member in enumerate(members):
            self.made[target, member] = f"{name}.{place}" if declared.shape is not Shape.VALUE else name

    def _words(self, target: str, members: list[str]) -> exp.Select:
        """A set's table with the members asked for as bits: an aggregate for each member takes far longer."""
        columns: list[Sql] = [terms.column("subject")]
        for start in range(0, len(members), BITS):
            bits = [
                (terms.equal(terms.column("member"), terms.text(member)), terms.number(1 << place))
                for place, member in enumerate(members[start : start + BITS])
            ]
            columns.append(terms.alias(terms.function("BIT_OR", terms.case(bits)), f"w{start // BITS}"))
        return terms.select(columns, self.states.of(target), group_by=[terms.column("subject")])

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
        return terms.select(columns, self.states.of(target), group_by=[terms.column("subject")])

    def value(self, column: Column) -> Sql:
        if column.kind.startswith("memory"):
            return self._memory(column)
        place = self.made[column.name, column.member or ""]
        name, _, number = place.partition(".")
        if not number:
            return terms.column("currency" if column.kind == "value currency" else "value", name)
        if name in self.by_words:
            word, bit = divmod(int(number), BITS)
            known = terms.coalesce(terms.column(f"w{word}", name), terms.number(0))
            here = exp.Paren(this=exp.BitwiseAnd(this=known, expression=terms.number(1 << bit)))
            return terms.binary(exp.NEQ, here, terms.number(0))
        if column.kind == "value currency":
            return terms.column(f"k{number}", name)
        shown = terms.column(f"m{number}", name)
        return terms.not_null(shown) if column.kind == "member" else shown

    def _memory(self, column: Column) -> Sql:
        if column.part == "share":
            return terms.column("place", self.shares[column.rule])
        relation, rules = self.remembered[column.name, column.member]
        name = f"{column.part}_{rules.index(column.rule)}" if column.rule else column.part
        value = terms.column(name, relation)
        if column.part.endswith("_on"):
            return value
        state = read_state(value, self.schema.targets[column.name], self.dialect)
        return state[1] if column.kind == "memory currency" else state[0]


def rates_today(relations: Relations, today: Sql) -> exp.Select:
    """The latest rate of each currency on or before a day: ``(currency, rate)``."""
    number = exp.Window(
        this=exp.Anonymous(this="ROW_NUMBER"),
        partition_by=[terms.column("currency")],
        order=exp.Order(expressions=[terms.ordered(terms.column("on"), descending=True)]),
    )
    known = terms.binary(exp.LTE, terms.column("on"), today)
    ranked = terms.select([terms.column("currency"), terms.column("rate"), terms.alias(number, "n")], _rates(relations), where=known)
    first = terms.equal(terms.column("n"), terms.number(1))
    return terms.select([terms.column("currency"), terms.column("rate")], terms.subquery(ranked, "r"), where=first)


def _rates(relations: Relations) -> Sql:
    return relations.of("rates", columns=["currency", "rate", "on"])


def rates_dated(relations: Relations) -> exp.Select:
    """Each rate with the days on which it is the latest: ``(currency, rate, from_day, to_day)``, ``to_day`` left out; missing: to this
    day."""
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
    return terms.select(columns, _rates(relations))


def business_days(relations: Relations, dialect: Dialect, calendar: str | None) -> exp.Select:
    """Every day that is counted: ``(day, open, number)``, ``number`` being how many open days there are up to it."""
    day = terms.column("day", "d")
    is_open = terms.binary(exp.LT, dialect.day_part("ISODOW", day), terms.number(6))
    if calendar is not None:
        same = [terms.equal(terms.column("on", "h"), day.copy()), terms.equal(terms.column("calendar", "h"), terms.text(calendar))]
        holiday = terms.select([terms.number(1)], relations.of("holidays", "h", ["on", "calendar"]), where=terms.all_of(same))
        is_open = terms.all_of([is_open, exp.Not(this=exp.Exists(this=holiday))])
    days = terms.select([day, terms.alias(is_open, "open")], terms.subquery(dialect.all_days(FIRST_DAY, LAST_DAY), "d"))
    counted = terms.function("SUM", terms.case([(terms.column("open"), terms.number(1))], terms.number(0)))
    number = exp.Window(this=counted, order=exp.Order(expressions=[terms.ordered(terms.column("day"))]))
    columns = [terms.column("day"), terms.column("open"), terms.alias(terms.cast(number, "BIGINT"), "number")]
    return terms.select(columns, terms.subquery(days, "o"))
