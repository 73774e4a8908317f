"""The statement: stages of entities, each a relation in WITH, from the tables up to the rows that are asked for.

Stage k of an entity has the columns of stage k-1 that are still needed, and the facts of level k. Stages are written from the top down,
each after everything that reads it, so that a stage carries just the columns that somebody needs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlglot import exp

from assignrules.ir.expressions import Aggregate, Expression, Link, Memory
from assignrules.schema.mapping import SchemaMapping
from assignrules.schema.physical import table_names
from assignrules.sql import terms
from assignrules.sql.aggregates import Aggregates, Group
from assignrules.sql.calendars import closed_days, closed_numbers
from assignrules.sql.decided import Place
from assignrules.sql.derived import base_query
from assignrules.sql.dialects import Dialect
from assignrules.sql.facts import Facts
from assignrules.sql.money import MoneyCompiler
from assignrules.sql.rows import BACK, CLOSED_DAYS, CLOSED_NUMBERS, KEY, PAIR, Column, Rows, Source
from assignrules.sql.scalars import Scalars
from assignrules.sql.tables import Tables, business_days, rates_dated, rates_today
from assignrules.sql.terms import Sql

DEEP = 6  # levels: chains of definitions are seldom longer, and a longer one is kept at each step
LARGE = 16  # relations that one stands for, when all that is not kept is written out in its place
LONGEST_NAME = 50  # PostgreSQL cuts names at 63 bytes


class Statement:
    """One statement over facts that are all in normal form already; ``finish`` writes the stages below a final SELECT."""

    def __init__(
        self, facts: Facts, mapping: SchemaMapping, dialect: Dialect, today: date, kept: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.facts = facts
        self.kept = kept or {}  # by entity, the business keys of the only rows that are looked at
        self.mapping = mapping
        self.dialect = dialect
        self.today = today
        self.money = MoneyCompiler(dialect, facts)
        keys = {entity.name: entity.key for entity in mapping.schema.entities.values() if entity.key is not None}
        keys |= {name: keys[facts.real(name)] for name in facts.derived}
        self.scalars = Scalars(dialect, today, self.money, keys)
        self.aggregates = Aggregates(self, self.scalars, self.money, dialect, keys)
        self.tables = Tables(mapping, facts.ruleset.ignored_currencies, dialect)
        self.links: dict[tuple[str, str], Link] = {}  # the to-one links that are followed
        self.uses_rates = {False: False, True: False}
        self.uses_business_days = False
        self.uses_closed: set[str] = set()
        self._needs: dict[tuple[str, int], dict[Column, str]] = {}
        self._readers: dict[tuple[str, int], int] = {}
        # Stages that look days up in the lists of a calendar: kept, as PostgreSQL would put these long expressions in the place of
        # the columns, wherever the next step counts from one of them.
        self._by_lists: set[tuple[str, int]] = set()
        self._names: dict[tuple[str, Column], str] = {}
        self._taken: dict[str, set[str]] = {}
        self._stages: dict[str, list[int]] = {}
        self._tables = {body.table.lower() for body in mapping.entities.values()}
        if mapping.physical is not None:
            self._tables |= {name.lower() for name in table_names(mapping.physical)}
        for entity in facts.derived:
            self._stages[entity] = [facts.base(entity)]
        for entity, name in facts.bodies:
            level = facts.level_of((entity, name))
            levels = self._stages.setdefault(entity, [0])
            if level not in levels:
                levels.append(level)

    @property
    def top(self) -> int:
        """The highest level of any fact."""
        return max((level for levels in self._stages.values() for level in levels), default=0)

    def rows(self, entity: str) -> Rows:
        """The rows of an entity with every fact, as the relation ``s`` of a final SELECT."""
        return Rows(Source(self), entity, self.top, "s")

    @property
    def reads_rates(self) -> bool:
        """Whether some amount is converted."""
        return any(self.uses_rates.values())

    def entities(self) -> set[str]:
        """The entities whose tables are read."""
        return {entity for entity, _ in self._needs if not self.is_derived(entity)}

    def amounts(self) -> set[tuple[str, str]]:
        """The money fields that are read, by entity and name."""
        return {(entity, name) for entity, name in self.fields() if self.mapping.entities[entity].fields[name].currency is not None}

    def fields(self) -> set[tuple[str, str]]:
        """The fields that are read, by entity and name."""
        return {
            (entity, column.name)
            for (entity, level), columns in self._needs.items()
            if level == 0
            for column in columns
            if column.kind == "field" and column.name in self.mapping.entities[entity].fields
        }

    # --- what row contexts ask for ---

    def stage(self, entity: str, level: int) -> str:
        key = (entity, self._stage_level(entity, level))
        self._needs.setdefault(key, {})
        self._readers[key] = self._readers.get(key, 0) + 1
        return self._stage_name(*key)

    def need(self, entity: str, level: int, column: Column) -> str:
        key = (entity, self._stage_level(entity, level))
        name = self._name(entity, column)
        self._needs.setdefault(key, {})[column] = name
        return name

    def rates(self, dated: bool) -> str:
        self.uses_rates[dated] = True
        return "dated_rates" if dated else "todays_rates"

    def business_days(self) -> str:
        self.uses_business_days = True
        return "business_days"

    def closed(self, relation: str) -> str:
        self.uses_closed.add(relation)
        return relation

    def walked(self, link: Link) -> None:
        if link.target is None:
            self.links[self.facts.real(link.entity), link.name] = link

    def is_derived(self, entity: str) -> bool:
        return entity in self.facts.derived

    def place(self, memory: Memory) -> Place:
        return self.facts.decided[memory.target, memory.member]

    def real(self, entity: str) -> str:
        return self.facts.real(entity)

    def has_day(self, entity: str) -> bool:
        return self.facts.has_day(entity)

    def inverse(self, link: Link) -> str:
        if link.target == PAIR:
            return "outer"
        if link.name.startswith(BACK):
            self.walked(Link(link.to, link.name.removeprefix(BACK), link.entity))
            return link.name.removeprefix(BACK)
        declared = self.mapping.schema.entities[self.facts.real(link.entity)].links[link.name]
        back = self.mapping.schema.inverse_of(declared)
        self.walked(Link(back.entity, back.name, back.to))
        return back.name

    def _stage_level(self, entity: str, level: int) -> int:
        stages = self._stages.get(entity, [0])
        return max((stage for stage in stages if stage <= level), default=min(stages))

    def _stage_name(self, entity: str, level: int) -> str:
        name = f"{_cut(entity.replace(' ', '_'))}_{level}"
        while name in self._tables:
            name += "_"
        return name

    def _name(self, entity: str, column: Column) -> str:
        """A name for a column, unlike any other of the entity's whatever the case."""
        key = (entity, column)
        if key not in self._names:
            words = {"key": "row_key", "currency": f"{column.name}_currency", "fact currency": f"{column.name}_currency"}
            wish = words.get(column.kind) or (f"{column.name}_{column.member}" if column.member else column.name)
            if column.kind in ("value", "value currency", "member"):
                wish = f"current_{wish}" + ("_currency" if column.kind == "value currency" else "")
            if column.part:
                wish = f"{wish}_{column.part}" + ("_currency" if column.kind == "memory currency" else "")
            if column.kind == "link":
                wish = f"{wish}_key"
            plain = (
                re.sub(r"[^a-z0-9_]+", "_", wish.lower().replace("#", "f_" if re.match(r"#\d", wish) else "")).strip("_")[:LONGEST_NAME]
                or "c"
            )
            taken = self._taken.setdefault(entity, set())
            name, number = plain, 2
            while name in taken:
                name, number = f"{plain}_{number}", number + 1
            taken.add(name)
            self._names[key] = name
        return self._names[key]

    # --- the stages ---

    def finish(self, select: exp.Query) -> exp.Query:
        """The SELECT with all the relations that it needs before it."""
        written: dict[tuple[int, str], exp.CTE] = {}
        done: set[tuple[str, int]] = set()
        while True:
            open_ = [key for key in self._needs if key not in done]
            if not open_:
                break
            entity, level = max(open_, key=lambda key: (key[1], key[0]))
            done.add((entity, level))
            query, heavy = self._write(entity, level)
            shared = self._readers.get((entity, level), 0) > 1
            kept = (heavy and shared) or self._decides(entity, level) or (entity, level) in self._by_lists
            written[level, entity] = _cte(self._stage_name(entity, level), query, materialized=kept)
        relations: list[exp.CTE] = []
        if self.uses_rates[False]:
            relations.append(_cte("todays_rates", rates_today(self.tables.relations, terms.day(self.today)), materialized=True))
        if self.uses_rates[True]:
            relations.append(_cte("dated_rates", rates_dated(self.tables.relations), materialized=True))
        if self.uses_business_days:
            days = business_days(self.tables.relations, self.dialect, self.facts.ruleset.calendar)
            days = self.dialect.calendar(days)
            relations.append(_cte("business_days", days, materialized=True))
        if self.uses_closed:
            relations.append(_cte(CLOSED_DAYS, closed_days(self.tables.relations, self.dialect), materialized=True))
        if CLOSED_NUMBERS in self.uses_closed:
            relations.append(_cte(CLOSED_NUMBERS, closed_numbers(), materialized=True))
        relations.extend(written[key] for key in sorted(written))
        _keep_large(relations, select)
        if relations:
            select.set("with_", exp.With(expressions=relations))
        return select

    def _decides(self, entity: str, level: int) -> bool:
        """Whether a stage is one of a chain of facts on the same rows. Databases push filters down by putting expressions in the place of
        columns, twice where one is read twice: along a chain that doubles at every step, so each step of one is kept."""
        return level > DEEP or any(
            column.kind == "fact"
            and column.name.startswith(("#decided ", "#planned "))
            and self.facts.level_of((entity, column.name)) == level
            for column in self._needs[entity, level]
        )

    def _write(self, entity: str, level: int) -> tuple[exp.Query, bool]:
        """The relation of a stage, and whether it is worth keeping where several read it."""
        needs = self._needs[entity, level]
        if not needs:
            self.need(entity, level, KEY)
        if level == 0:
            return self._only_kept(entity, needs), False
        if self.is_derived(entity) and level == self.facts.base(entity):
            return base_query(self, self.facts.derived[entity], level, needs), True
        source = Source(self)
        rows = Rows(source, entity, level - 1, "s")
        name = self.stage(entity, level - 1)
        new = {
            column: column.name
            for column in needs
            if column.kind.startswith("fact") and self.facts.level_of((entity, column.name)) == level
        }
        gathered = _Gathered(level - 1)
        for fact in dict.fromkeys(new.values()):
            body = self.facts.bodies[entity, fact]
            if isinstance(body, Aggregate):
                gathered.add(body, fact, self.facts.days.get((entity, fact)))
        columns: list[Sql] = []
        for column, alias in list(needs.items()):
            if column in new:
                self.money.day = self.facts.days.get((entity, column.name))
                value = terms.alias(self._fact(column, self.facts.bodies[entity, column.name], rows, gathered), alias)
                if column.name.startswith(("#decided ", "#planned ")):
                    value.add_comments([f" {column.name[1:]} "])
                columns.append(value)
            else:
                columns.append(terms.alias(rows.column(column), alias))
        joins: list[exp.Join] = []
        for relation, query in self._related(gathered, entity):
            on = terms.equal(terms.column("k", relation), rows.column(KEY))
            joins.append(terms.left_join(terms.subquery(query, relation), on))
        self.money.day = None
        if not self.dialect.joins_as_of and any(key[0] == CLOSED_DAYS for key in source.made):
            self._by_lists.add((entity, level))
        return terms.select(columns, terms.table(name, "s"), [*joins, *source.joins]), bool(joins)

    def _only_kept(self, entity: str, needs: dict[Column, str]) -> exp.Query:
        """Stage 0, with the rows that are looked at."""
        if entity not in self.kept:
            return self.tables.rows(entity, list(needs.items()))
        name = self.need(entity, 0, Column("field", self.mapping.schema.entities[entity].key or ""))
        rows = terms.subquery(self.tables.rows(entity, list(needs.items())), "k")
        wanted = terms.one_of(terms.column(name, "k"), [terms.text(key) for key in self.kept[entity]])
        return terms.select([exp.Star()], rows, where=wanted)

    def _related(self, gathered: _Gathered, entity: str) -> Iterator[tuple[str, exp.Select]]:
        """The relations of a stage's aggregates, by the name under which each is joined."""
        for group, relation in gathered.groups.values():
            yield relation, self.aggregates.relation(group)
        for fact, relation in gathered.ranked.items():
            body = self.facts.bodies[entity, fact]
            assert isinstance(body, Aggregate)
            yield relation, self.aggregates.ranked(body, gathered.level, self.facts.days.get((entity, fact)))

    def _fact(self, column: Column, body: Expression, rows: Rows, gathered: _Gathered) -> Sql:
        if isinstance(body, Aggregate):
            relation, prefix = gathered.places[column.name]
            if column.name in gathered.ranked:
                return terms.column("x" if column.kind == "fact" else "c", relation)
            return self.aggregates.result(body, prefix, relation)
        if column.kind == "fact currency":
            return self.money.code(body, rows)
        return self.scalars.value(body, rows)


class _Gathered:
    """The aggregates of one stage, put together by what one pass can serve: path and day. ``places``: by fact, its relation and the prefix
    of its columns."""

    def __init__(self, level: int) -> None:
        self.level = level
        self.groups: dict[tuple[tuple[Link, ...], date | None], tuple[Group, str]] = {}
        self.ranked: dict[str, str] = {}
        self.places: dict[str, tuple[str, str]] = {}

    def add(self, body: Aggregate, fact: str, day: date | None) -> None:
        """Puts a fact's aggregate in its place, once."""
        if fact in self.places:
            return
        if body.function in ("latest", "earliest"):
            self.ranked[fact] = f"l{len(self.ranked) + 1}"
            self.places[fact] = (self.ranked[fact], "")
            return
        group, relation = self.groups.setdefault((body.path, day), (Group(body.path, self.level, day), f"g{len(self.groups) + 1}"))
        prefix = f"a{len(group.parts)}"
        group.parts.append((body, prefix))
        self.places[fact] = (relation, prefix)


def _cut(name: str) -> str:
    """What a database does not cut off itself."""
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")


def _keep_large(relations: list[exp.CTE], select: exp.Query) -> None:
    """Keeps the relations that several read and that are many when written out. A database puts the text of a relation in the place of its
    name, and so on with those in it: a statement of thirty relations can stand for thousands, and take seconds to plan."""
    queries = [*(relation.this for relation in relations), select]
    read = [Counter(_tables_of(query)) for query in queries]
    sizes: dict[str, int] = {}
    for relation, tables in zip(relations, read, strict=False):  # the last is the final SELECT's
        size = 1 + sum(count * sizes.get(name, 0) for name, count in tables.items() if name != relation.alias)
        if size > LARGE and sum(tables_[relation.alias] for tables_ in read) > 1:
            relation.set("materialized", True)
        sizes[relation.alias] = 1 if relation.args["materialized"] else size


def _tables_of(query: exp.Query) -> Iterator[str]:
    """The names of the relations that a query reads, in no order: several times quicker than the library's own walk."""
    waiting: list[Sql] = [query]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Table):
            yield node.name
        elif not isinstance(node, exp.Column | exp.Literal | exp.Identifier):
            for part in node.args.values():
                if isinstance(part, list):
                    waiting.extend(item for item in part if isinstance(item, exp.Expr))
                elif isinstance(part, exp.Expr):
                    waiting.append(part)


def _cte(name: str, query: exp.Query, materialized: bool) -> exp.CTE:
    return exp.CTE(this=query, alias=exp.TableAlias(this=terms.identifier(name)), materialized=materialized)
