"""The SQL that writes a target's state into a company's own tables: set-based, from the table of planned changes.

Reading is the same as planning's (``sql.states``), so that what is checked before and after the writing is what a plan would read.
"""

from __future__ import annotations

from assignrules.apply.planned import PLANNED, TargetSQL, json_kind, malformed, read_printed
from assignrules.databases.base import quoted
from assignrules.ir.types import Kind
from assignrules.schema.logical import Shape, Target
from assignrules.schema.mapping import OWN_ROW_KEY, SEEN, SchemaMapping
from assignrules.schema.physical import REST, FieldSource, Source, Store, Stored, TargetSource
from assignrules.sql import terms
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.relations import Relations, current_name, exact_column, joined_key, literal_of, parameter_literal
from assignrules.sql.states import States
from assignrules.sql.terms import Sql


def mapped_target_sql(mapping: SchemaMapping, name: str, dialect: str) -> TargetSQL:
    """The statements of a target whose subjects are rows of a company's tables."""
    return _Statements(mapping, mapping.schema.targets[name], dialect).all()


class _Statements:
    def __init__(self, mapping: SchemaMapping, target: Target, dialect: str) -> None:
        assert mapping.physical is not None
        self.mapping = mapping
        self.physical = mapping.physical
        self.target = target
        self.name = f"target {target.name}"
        self.dialect = DIALECTS[dialect]
        self.relations = Relations(mapping, self.dialect)
        self.states = States(self.relations)
        self.place = self.states.place(target.name)
        self.entity = mapping.entities[target.entity]
        self.key = self.entity.fields[mapping.schema.entities[target.entity].key or ""].column
        self.parts = len(self.physical.entities[target.entity].key)

    def all(self) -> TargetSQL:
        """Every statement."""
        place, table = self.place, self._table()
        count = f"SELECT count(*) FROM {table} AS self{self._where_tenant()}"
        writes = self._own() if place is None else self._exported(place) if place.store is Store.EXPORT else self._stored(place)
        return TargetSQL(
            kind=json_kind(self.target),
            malformed=malformed(self.target, self.dialect),
            locks=self._locks(),
            stale=self._stale(),
            count=count,
            writes=writes,
            wrong=self._wrong(),
            unwritable=() if place is None else self._unwritable(place),
        )

    # --- parts ---

    def sql(self, tree: Sql) -> str:
        return tree.sql(dialect=self.dialect.name, comments=False)

    def _table(self) -> str:
        if self.place is None or self.place.table is None:
            return quoted(self.mapping.targets[self.target.name].table)
        table = self.place.table
        return ".".join(quoted(part) for part in (table.schema, table.table) if part is not None)

    def _tenant(self) -> list[tuple[str, Sql]]:
        if self.place is None or self.place.table is None or not self.place.tenant:
            return []
        return self.relations.tenant_values(self.place.table, self.name)

    def _where_tenant(self, word: str = " WHERE ") -> str:
        conditions = [f"self.{quoted(column)} = {self.sql(value)}" for column, value in self._tenant()]
        return word + " AND ".join(conditions) if conditions else ""

    def _existing(self) -> str:
        columns = [self.key, OWN_ROW_KEY, *(f"{OWN_ROW_KEY}{place}" for place in range(self.parts))]
        if self.place is not None and self.place.current is not None:
            columns.append(current_name(self.target.name))
        rows = self.relations.text(self.target.entity, "existing", columns)
        return f"{rows} ON CAST(existing.{quoted(self.key)} AS VARCHAR) = change.subject"

    def _state(self) -> str:
        subject = f"existing.{quoted(OWN_ROW_KEY)}" if self.states.by_row_key(self.target.name) else "change.subject"
        of_member = "" if self.target.shape is Shape.VALUE else " AND state.member = change.member"
        return f"{self.states.text(self.target.name, 'state')} ON state.subject = {subject}{of_member}"

    def _current(self) -> tuple[str, ...]:
        if self.target.shape is Shape.SET:
            return ("state.subject IS NOT NULL",)
        return ("state.value", "state.currency") if self.target.type.kind is Kind.MONEY else ("state.value",)

    def _stale(self) -> str:
        before = read_printed("change.before", self.target, self.dialect)
        current = self._current()
        # A currency beside no amount says nothing.
        shown = (current[0], f"CASE WHEN state.value IS NOT NULL THEN {current[1]} END") if len(current) == 2 else current
        differs = " OR ".join(f"{now} IS DISTINCT FROM {was}" for now, was in zip(shown, before, strict=True))
        value, currency = (*shown, "NULL")[:2]
        there = f"existing.{quoted(self.key)} IS NOT NULL"
        return (
            f"SELECT change.subject, change.member, change.before, {there}, {value}, {currency}, count(*) OVER () AS total "
            f"FROM {PLANNED} AS change LEFT JOIN {self._existing()} LEFT JOIN {self._state()} "
            f"WHERE change.target = $target AND ({differs} OR NOT ({there})) ORDER BY change.sequence"
        )

    def _wrong(self) -> str:
        after, current = read_printed("change.after", self.target, self.dialect), self._current()
        shown = (current[0], f"CASE WHEN state.value IS NOT NULL THEN {current[1]} END") if len(current) == 2 else current
        same = " AND ".join(f"{now} IS NOT DISTINCT FROM {then}" for now, then in zip(shown, after, strict=True))
        return (
            f"SELECT change.subject, change.member FROM {PLANNED} AS change LEFT JOIN {self._existing()} LEFT JOIN {self._state()} "
            f"WHERE change.target = $target GROUP BY change.sequence, change.subject, change.member "
            f"HAVING NOT (count(*) = 1 AND bool_and({same})) ORDER BY change.sequence"
        )

    def _locks(self) -> tuple[str, ...]:
        if self.dialect.name != "postgres":
            return ()
        if self.place is None or self.place.store is Store.EXPORT:
            return (f"LOCK TABLE {self._table()} IN SHARE ROW EXCLUSIVE MODE",)
        changes = f"SELECT row_key FROM {self._changes(self.place)}"
        rows = f"SELECT 1 FROM {self._table()} AS self WHERE {self._self_key(self.place)} IN ({changes}){self._where_tenant(' AND ')}"
        return (f"SELECT count(*) FROM ({rows} FOR UPDATE OF self) AS locked",)

    # --- the engine's own tables ---

    def _own(self) -> tuple[tuple[str, int], ...]:
        table, target = self._table(), self.target
        member = () if target.shape is Shape.VALUE else ("member",)
        values = () if target.shape is Shape.SET else read_printed("change.after", target, self.dialect)
        columns = () if target.shape is Shape.SET else ("value", "currency")[: len(values)]
        names = ", ".join(("subject", *member, *columns))
        given = ", ".join(("change.subject", *(f"change.{name}" for name in member), *values))
        same = " AND ".join(f"self.{name} = change.{name}" for name in ("subject", *member))
        kept = "change.after = 'true'" if target.shape is Shape.SET else "change.after IS NOT NULL"
        planned = f"{PLANNED} AS change WHERE change.target = $target"
        return (
            (f"DELETE FROM {table} AS self USING {planned} AND {same}", -1),
            (f"INSERT INTO {table} ({names}) SELECT {given} FROM {planned} AND {kept} ORDER BY sequence", 1),
        )

    def _exported(self, place: TargetSource) -> tuple[tuple[str, int], ...]:
        """The value, also that there shall be none, with what the company's own field holds meanwhile."""
        table, values = self._table(), read_printed("change.after", self.target, self.dialect)
        names = ", ".join(("subject", *("value", "currency")[: len(values)], SEEN))
        seen = "NULL" if place.current is None else f"CAST(existing.{quoted(current_name(self.target.name))} AS VARCHAR)"
        return (
            (f"DELETE FROM {table} AS self USING {PLANNED} AS change WHERE change.target = $target AND self.subject = change.subject", -1),
            (
                f"INSERT INTO {table} ({names}) SELECT change.subject, {', '.join(values)}, {seen} FROM {PLANNED} AS change "
                f"JOIN {self._existing()} WHERE change.target = $target ORDER BY sequence",
                1,
            ),
        )

    # --- a company's own tables ---

    def _self_key(self, place: TargetSource) -> str:
        """The row key that a row of the target's table names."""
        parts = [
            self.relations.readings.as_key(
                exact_column(column),
                self.physical.stored(self.name, f"subject {at}"),
                self.physical.stored(self.target.entity, f"key {at}"),
            )
            for at, column in enumerate(place.subject)
        ]
        return self.sql(joined_key(parts))

    def _changes(self, place: TargetSource) -> str:
        """The target's changes with what is to be written: ``row_key`` and its ``part_0``…, ``value``, ``currency``, of sets
        ``member_key``."""
        columns = ["change.sequence", "change.subject", "change.after", f"existing.{quoted(OWN_ROW_KEY)} AS row_key"]
        columns += [f"existing.{quoted(f'{OWN_ROW_KEY}{at}')} AS part_{at}" for at in range(self.parts)]
        known = ""
        if place.lookup is not None:
            name = "change.member" if place.store is Store.MEMBERS else "change.after"
            rows = self.sql(terms.subquery(self.relations.lookup(place.lookup, f"lookup {self.target.name}"), "known"))
            known = f" LEFT JOIN {rows} ON known.name = {name}"
        if place.store is Store.MEMBERS:
            columns.append(f"{'known.key' if known else 'change.member'} AS member_key")
        else:
            columns += [f"{value} AS {column}" for value, column in zip(self._written(place), ("value", "currency"), strict=False)]
        joined = f"{PLANNED} AS change JOIN {self._existing()}{known}"
        return f"(SELECT {', '.join(columns)} FROM {joined} WHERE change.target = $target) AS change"

    def _written(self, place: TargetSource) -> tuple[str, ...]:
        """A planned value as the table keeps it: the reverse of reading it."""
        body = place.value
        assert body is not None
        stored = self.physical.stored(self.name, "value")
        none = self.sql(literal_of(body.missing[0], stored)) if body.missing else "NULL"
        rest: tuple[str, ...] = ()
        if place.lookup is not None:
            value = "known.key"
        elif body.codes:
            value = self._coded(body, stored)
        else:
            value, *others = read_printed("change.after", self.target, self.dialect)
            rest = tuple(others)
            value = self._plain(value, body, stored)
        written = f"CASE WHEN change.after IS NULL THEN {none} ELSE {value} END" if body.missing else value
        return (written, *rest)

    def _coded(self, body: FieldSource, stored: Stored) -> str:
        """The first code of a word that is one."""
        first: dict[str, str] = {}
        for code, word in body.codes:
            if code is not None and code != REST:
                first.setdefault(word, code)
        branches = [(terms.text(word), literal_of(code, stored)) for word, code in first.items()]
        shown = " ".join(f"WHEN {self.sql(word)} THEN {self.sql(code)}" for word, code in branches)
        return f"CASE change.after {shown} END"

    def _plain(self, value: str, body: FieldSource, stored: Stored) -> str:
        kind = self.target.type.kind
        if kind is Kind.BOOLEAN and stored is not Stored.BOOLEAN:
            one, zero = ("1", "0") if stored in (Stored.INTEGER, Stored.HUGE, Stored.DECIMAL, Stored.FLOAT) else ("'true'", "'false'")
            return f"CASE WHEN {value} THEN {one} WHEN NOT {value} THEN {zero} END"
        if kind is Kind.DATE and body.format is not None and stored not in (Stored.DATE, Stored.TIMESTAMP, Stored.ZONED):
            return self._formatted(value, body.format, stored)
        return f"CAST({value} AS VARCHAR)" if stored in (Stored.TEXT, Stored.PADDED) and kind is not Kind.TEXT else value

    def _formatted(self, value: str, format: str, stored: Stored) -> str:
        """A date in a format of ``%Y``, ``%m`` and ``%d`` (others are refused when the schema file is read)."""
        parts = {"Y": ("YEAR", 4), "m": ("MONTH", 2), "d": ("DAY", 2)}
        shown: list[str] = []
        position = 0
        while position < len(format):
            code = format[position + 1] if format[position] == "%" else ""
            if code in parts:
                word, width = parts[code]
                shown.append(f"lpad(CAST(extract({word} FROM {value}) AS VARCHAR), {width}, '0')")
            else:
                shown.append(self.sql(terms.text(code or format[position])))
            position += 2 if code else 1
        whole = " || ".join(shown)
        return f"CAST({whole} AS BIGINT)" if stored in (Stored.INTEGER, Stored.HUGE, Stored.DECIMAL) else f"({whole})"

    def _stored(self, place: TargetSource) -> tuple[tuple[str, int], ...]:
        assert place.value is not None and place.value.source is not None and place.value.source.column is not None
        table, changes, own = self._table(), self._changes(place), self._where_tenant(" AND ")
        same = f"{self._self_key(place)} = change.row_key"
        column = place.value.source.column
        if place.store is Store.MEMBERS:
            kept = self.relations.readings.as_key(
                exact_column(column), self.physical.stored(self.name, "value"), self.physical.stored(f"lookup {self.target.name}", "key")
            )
            member = f"{self.sql(kept)} = change.member_key"
            insert = self._insert(place, {column: "change.member_key"}, changes)
            return (
                (f"DELETE FROM {table} AS self USING {changes} WHERE change.after = 'false' AND {same} AND {member}{own}", -1),
                (f"{insert} WHERE change.after = 'true' ORDER BY change.sequence", 1),
            )
        values = {column: "change.value"}
        if isinstance(place.value.currency, Source) and place.value.currency.column is not None:
            values[place.value.currency.column] = "change.currency"
        sets = ", ".join(f"{quoted(name)} = {value}" for name, value in values.items())
        update = (f"UPDATE {table} AS self SET {sets} FROM {changes} WHERE {same}{own}", 0)
        if not place.insert:
            return (update,)
        there = f"EXISTS (SELECT 1 FROM {table} AS self WHERE {same}{own})"
        insert = self._insert(place, values, changes)
        # First the rows that are not there yet: they are told apart before any is made.
        return ((f"{insert} WHERE change.after IS NOT NULL AND NOT {there} ORDER BY change.sequence", 1), update)

    def _insert(self, place: TargetSource, values: dict[str, str], changes: str) -> str:
        given = {column: f"change.part_{at}" for at, column in enumerate(place.subject)}
        given |= {column: self.sql(value) for column, value in self._tenant()}
        for item in place.insert:
            if item.column in given and not item.key:
                continue
            stored = self.physical.stored(self.name, f"insert {item.column}")
            if item.key:
                given[item.column] = "change.part_0" if self.parts == 1 else "change.row_key"
            elif item.parameter is not None:
                given[item.column] = self.sql(parameter_literal(self.physical.parameters[item.parameter]))
            else:
                given[item.column] = self.sql(literal_of(item.value or "", stored))
        given |= values
        names = ", ".join(quoted(column) for column in given)
        return f"INSERT INTO {self._table()} ({names}) SELECT {', '.join(given.values())} FROM {changes}"

    def _unwritable(self, place: TargetSource) -> tuple[tuple[str, str, str], ...]:
        """Changes that cannot be made: code, what is wrong, and the query of the subjects."""
        if place.store is Store.EXPORT:
            return ()
        found: list[tuple[str, str, str]] = []
        changes = self._changes(place)
        if place.lookup is not None:
            asked = "change.member_key IS NULL" if place.store is Store.MEMBERS else "change.after IS NOT NULL AND change.value IS NULL"
            query = f"SELECT change.subject, change.after FROM {changes} WHERE {asked} ORDER BY change.sequence"
            found.append(("E0523", "the lookup has no row for what is planned", query))
        if place.store is Store.COLUMN and not place.insert:
            there = f"SELECT 1 FROM {self._table()} AS self WHERE {self._self_key(place)} = change.row_key{self._where_tenant(' AND ')}"
            query = f"SELECT change.subject, change.after FROM {changes} WHERE NOT EXISTS ({there}) ORDER BY change.sequence"
            found.append(("E0706", "there is no row to write to, and the schema does not say how one is made (`insert`)", query))
        return tuple(found)
