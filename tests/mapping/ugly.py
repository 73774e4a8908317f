"""The same rows in a layout that nobody would wish for: what the embedded store holds, written into tables as companies have them.

Every table is shared with another tenant and has deleted rows; row keys are pairs of numbers; names have spaces, quotes and capitals;
dates are whole numbers with 0 for none, booleans `X` and an empty text, enums numbers, whole numbers texts with leading zeros, amounts
floats with the number of their currency in another table; texts have a word for none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

from assignrules.databases.base import Session, quoted
from assignrules.databases.binding import bind
from assignrules.databases.embedded import create_engine_tables, fill
from assignrules.diagnostics import Diagnostic, SourceFile
from assignrules.ir.ruleset import Ruleset
from assignrules.ir.types import Kind
from assignrules.journal.replay import replay
from assignrules.schema.dataset import Dataset
from assignrules.schema.file import Settings, read_schema
from assignrules.schema.logical import Schema, Shape, credit
from assignrules.schema.mapping import CUSTOMER_INSTEAD, SchemaMapping
from assignrules.syntax.currencies import CURRENCIES
from assignrules.testing.case import ProjectSettings
from assignrules.testing.database import DatabaseTestSession, DuckDBPlanner

TENANT, OTHER = "800", "900"
NONE = "n/a"
CURRENCY_TABLE = 'cur "codes"'
COLUMN_TARGETS = ("scenario", "order_block", "proposed_credit_limit", "risk_class")
MEMBER_TARGETS = ("group", "portfolio")


def table_of(entity: str) -> str:
    """The table of an entity, a hostile name."""
    return f'Z_{entity.upper()} "t"'


def column_of(name: str) -> str:
    """The column of a field."""
    return f'F {name} "c"'


def parts_of(link: str) -> tuple[str, str]:
    """The columns of a link."""
    return (f"L1 {link}", f"L2 {link}")


def _yaml(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def schema_text(schema: Schema) -> str:
    """The schema file of the layout."""
    lines = ["extends: credit", "dialect: duckdb", "params: {client: {type: text, required: true}}"]
    lines.append('tenant: {columns: [MANDT], values: [":client"]}')
    lines.append("entities:")
    for entity in schema.entities.values():
        lines.append(f"  {entity.name}:")
        lines.append(f"    from: {{schema: erp, table: {_yaml(table_of(entity.name))}}}")
        lines.append("    where: '\"DELETED\" = 0'")
        if entity.key is not None:
            lines.append("    key: ['K 1', 'K 2']")
        money = [name for name, type in entity.fields.items() if type.kind is Kind.MONEY]
        if money:
            currencies = f"erp.{quoted(CURRENCY_TABLE)}"
            joins = [f'LEFT JOIN {currencies} AS cur_{name} ON cur_{name}."Id" = self.{quoted(column_of(name) + " w")}' for name in money]
            lines.append(f"    join: [{', '.join(_yaml(join) for join in joins)}]")
        lines.append("    fields:")
        lines.extend(f"      {name}: {_field(name, type.kind, type.values)}" for name, type in entity.fields.items())
        links = [link.name for link in entity.links.values() if not link.many]
        if entity.name in CUSTOMER_INSTEAD:
            links.append("customer")
        if links:
            lines.append("    links:")
            for link in links:
                columns = ", ".join(_yaml(part) for part in parts_of(link))
                lines.append(f"      {link}: {{column: [{columns}], missing: [0]}}")
    lines += ["targets:"]
    for name in COLUMN_TARGETS:
        place = f"store: column, table: {{schema: erp, table: {_yaml(table_of('x ' + name))}}}, key: [S1, S2], column: V"
        extra = {
            "order_block": ", true: [X], false: ['']",
            "proposed_credit_limit": ", currency: W",
            "scenario": f", lookup: {{table: {{schema: erp, table: {_yaml('names')}}}, key: Id, name: Name, where: 'Kind = 2'}}",
        }.get(name, "")
        lines.append(f"  {name}: {{{place}{extra}, insert: {{DELETED: 0}}}}")
    for name in MEMBER_TARGETS:
        lookup = "{table: {schema: erp, table: names}, key: Id, name: Name, where: 'Kind = 2'}"
        lines.append(f"  {name}:")
        lines.append(f"    {{store: members, table: {{schema: erp, table: {_yaml(table_of('x ' + name))}}}, subject: [S1, S2],")
        lines.append(f"    member: {{column: M, lookup: {lookup}}}, insert: {{DELETED: 0}}}}")
    lines.append("  payment_terms_days: {store: column, table: {schema: erp, table: " + _yaml(table_of("customer")) + "},")
    lines.append(f"    key: ['K 1', 'K 2'], column: {_yaml(column_of('payment_terms_days'))}, missing: [{NONE}]}}")
    lines.append("  document_status: {store: column, table: {schema: erp, table: " + _yaml(table_of("document")) + "},")
    lines.append(f"    key: ['K 1', 'K 2'], column: {_yaml(column_of('status'))}, missing: [{NONE}]}}")
    return "\n".join(lines) + "\n"


def _field(name: str, kind: Kind, values: Sequence[str]) -> str:
    column = f"column: {_yaml(column_of(name))}"
    match kind:
        case Kind.DATE:
            return f'{{{column}, format: "%Y%m%d", missing: [0]}}'
        case Kind.BOOLEAN:
            return f'{{{column}, true: [X, x], false: [""], missing: ["?"]}}'
        case Kind.ENUM:
            codes = ", ".join(f"{place}: {value}" for place, value in enumerate(values, start=7))
            return f"{{{column}, values: {{{codes}}}, missing: [0]}}"
        case Kind.MONEY:
            return f"{{{column}, currency: {{sql: 'cur_{name}.\"Iso\"'}}}}"
        case Kind.INTEGER:
            return f"{{{column}, missing: [{NONE}]}}"
        case Kind.TEXT:
            return f"{{{column}, missing: [{NONE}]}}"
        case _:
            return f"{{{column}}}"


class Ugly:
    """Writes the rows of an embedded store into the layout."""

    def __init__(self, session: Session, schema: Schema) -> None:
        self.session = session
        self.schema = schema

    def write(self) -> None:
        """All of them; the embedded store's own tables are emptied."""
        run = self.session.execute
        run("DROP SCHEMA IF EXISTS erp CASCADE")
        run("CREATE SCHEMA erp")
        codes = ", ".join(f"({number}, '{code}')" for number, code in enumerate(sorted(CURRENCIES), start=1))
        run(f'CREATE TABLE erp.{quoted(CURRENCY_TABLE)} AS SELECT * FROM (VALUES {codes}) AS v("Id", "Iso")')
        for entity in self.schema.entities:
            self._numbers(entity)
        for entity in self.schema.entities:
            self._entity(entity)
        self._targets()
        for entity in self.schema.entities:
            run(f"DROP TABLE {quoted(entity)}")

    def _numbers(self, entity: str) -> None:
        """Each row's number, from which its row key is made."""
        self.session.execute(f"CREATE OR REPLACE TEMP TABLE n_{entity} AS SELECT *, row_number() OVER () AS n FROM {quoted(entity)}")

    def _entity(self, entity: str) -> None:
        declared = self.schema.entities[entity]
        columns = ["'TENANT' AS \"MANDT\"", 'DEL AS "DELETED"', 'row.n // 3 + 1 AS "K 1"', 'row.n % 3 + 1 AS "K 2"']
        for name, type in declared.fields.items():
            value = f"row.{quoted(name)}"
            columns.append(f"{_stored(value, type.kind, type.values)} AS {quoted(column_of(name))}")
            if type.kind is Kind.MONEY:
                number = f'(SELECT "Id" FROM erp.{quoted(CURRENCY_TABLE)} WHERE "Iso" = row.{quoted(name + "_currency")})'
                columns.append(f"{number} AS {quoted(column_of(name) + ' w')}")
        links = {link.name: link.to for link in declared.links.values() if not link.many}
        if entity in CUSTOMER_INSTEAD:
            links["customer"] = "customer"
        for link, to in links.items():
            columns.extend(self._link(f"row.{quoted(link)}", link, to))
        select = f"SELECT {', '.join(columns)} FROM n_{entity} AS row"
        ours, theirs = select.replace("'TENANT'", f"'{TENANT}'"), select.replace("'TENANT'", f"'{OTHER}'")
        parts = [ours.replace("DEL AS", "0 AS"), ours.replace("DEL AS", "1 AS"), theirs.replace("DEL AS", "0 AS")]
        self.session.execute(f"CREATE TABLE erp.{quoted(table_of(entity))} AS {' UNION ALL '.join(parts)}")

    def _link(self, value: str, link: str, to: str) -> Iterator[str]:
        key = quoted(self.schema.entities[to].key or "")
        number = f"(SELECT min(other.n) FROM n_{to} AS other WHERE other.{key} = {value})"
        for column, sum in zip(parts_of(link), ("// 3 + 1", "% 3 + 1"), strict=True):
            yield f"CAST(CASE WHEN {value} IS NULL THEN 0 ELSE coalesce({number} {sum}, 99) END AS VARCHAR) AS {quoted(column)}"

    def _targets(self) -> None:
        run = self.session.execute
        names = " UNION ".join(
            f"SELECT {column} AS name FROM assignrules_target_{target}"
            for target, column in (*((name, "member") for name in MEMBER_TARGETS), ("scenario", "value"))
        )
        run(
            f'CREATE TABLE erp.names AS SELECT \'{TENANT}\' AS "MANDT", row_number() OVER () AS "Id", name AS "Name", 2 AS "Kind" '
            f"FROM ({names} UNION SELECT unnest($words::VARCHAR[])) WHERE name IS NOT NULL",
            {"words": [*WORDS]},
        )
        run('INSERT INTO erp.names SELECT \'900\', "Id", "Name", 2 FROM erp.names UNION ALL SELECT \'800\', "Id", "Name", 3 FROM erp.names')
        for target in (*COLUMN_TARGETS, *MEMBER_TARGETS):
            self._target(target)

    def _target(self, target: str) -> None:
        run, declared = self.session.execute, self.schema.targets[target]
        number = f"(SELECT min(n) FROM n_{declared.entity} AS other WHERE other.code = state.subject)"
        columns = [f"'{TENANT}' AS \"MANDT\"", '0 AS "DELETED"']
        columns += [f'coalesce({number} // 3 + 1, 99) AS "S1"', f'coalesce({number} % 3 + 1, 99) AS "S2"']
        name = '(SELECT "Id" FROM erp.names AS known WHERE known."MANDT" = \'800\' AND known."Kind" = 2 AND known."Name" = state.{})'
        if declared.shape is Shape.SET:
            columns.append(f'{name.format("member")} AS "M"')
        elif target == "scenario":
            columns.append(f'{name.format("value")} AS "V"')
        elif target == "order_block":
            columns.append("CASE WHEN state.value THEN 'X' ELSE '' END AS \"V\"")
        elif target == "proposed_credit_limit":
            columns += ['CAST(state.value AS DOUBLE) AS "V"', 'state.currency AS "W"']
        else:
            columns.append('state.value AS "V"')
        table = f"erp.{quoted(table_of('x ' + target))}"
        run(f"CREATE TABLE {table} AS SELECT {', '.join(columns)} FROM assignrules_target_{target} AS state")
        run(f"DROP TABLE assignrules_target_{target}")


WORDS: set[str] = set()


def _stored(value: str, kind: Kind, values: Sequence[str]) -> str:
    match kind:
        case Kind.DATE:
            return f"CAST(coalesce(strftime({value}, '%Y%m%d'), '0') AS INTEGER)"
        case Kind.BOOLEAN:
            return f"CASE WHEN {value} THEN 'X' WHEN NOT {value} THEN '' ELSE '?' END"
        case Kind.ENUM:
            branches = " ".join(f"WHEN '{word}' THEN {place}" for place, word in enumerate(values, start=7))
            return f"CASE {value} {branches} ELSE 0 END"
        case Kind.INTEGER:
            return f"coalesce(CASE WHEN {value} < 0 THEN '-' ELSE '' END || lpad(CAST(abs({value}) AS VARCHAR), 5, '0'), '{NONE}')"
        case Kind.TEXT:
            return f"coalesce({value}, '{NONE}')"
        case _:
            return f"CAST({value} AS DOUBLE)"


class UglyPlanner:
    """Runs rules over the layout, on DuckDB in memory."""

    def __init__(self, schema: Schema | None = None) -> None:
        self.schema = schema or credit()
        self.plain = DuckDBPlanner(self.schema)
        self.text = schema_text(self.schema)

    def check(
        self, rules: Sequence[SourceFile], params: Mapping[str, str], project: ProjectSettings
    ) -> tuple[Ruleset | None, tuple[Diagnostic, ...]]:
        """Parses, resolves and checks the rules."""
        return self.plain.check(rules, params, project)

    def mapping(self, currency: str, calendar: str | None = None) -> SchemaMapping:
        """The mapping, before it is bound."""
        settings = Settings("duckdb", {"client": TENANT}, currency, "UTC", calendar)
        found, _, problems = read_schema(SourceFile("ugly.yml", self.text), settings, lambda name, parent: (None, ()))
        assert found is not None, problems
        return found.mapping

    @contextmanager
    def session(self, ruleset: Ruleset, given: Dataset, as_of: date) -> Iterator[DatabaseTestSession]:
        """The layout filled with the rows."""
        from assignrules.databases.embedded import create_store

        with self.plain.database.writing() as session:
            create_store(session, self.schema)
            session.commit()
        WORDS.clear()
        WORDS.update(word for block in ruleset.assignments for word in named(block))
        with self.plain.database.writing() as session:
            fill(session, self.schema, given)
            replay(session, self.schema, given, as_of)
            session.commit()
        with self.plain.database.writing() as session:
            Ugly(session, self.schema).write()
            create_engine_tables(session, self.mapping(ruleset.currency))
            session.commit()
        with self.plain.database.reading() as session:
            mapping, problems = bind(session, self.mapping(ruleset.currency, ruleset.calendar), as_of)
            assert not problems, problems
            yield DatabaseTestSession(session, mapping, ruleset, as_of)


def named(block: object) -> Iterator[str]:
    """The members and values that a block names."""
    from assignrules.ir.ruleset import Assignment
    from assignrules.plan.mapped_checks import named as names

    assert isinstance(block, Assignment)
    yield from names(block)
