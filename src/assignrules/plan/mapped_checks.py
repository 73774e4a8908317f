"""What is wrong with the data of a company's own tables where the mapping reads them: values that do not fit, codes that nobody listed,
amounts without a currency, keys that are missing, labels that stand for two members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from assignrules.databases.base import Session, quoted
from assignrules.ir.changes import DataProblem
from assignrules.ir.expressions import Literal
from assignrules.ir.ruleset import Assignment, SetBody
from assignrules.ir.types import Kind
from assignrules.schema.mapping import OWN_ROW_KEY
from assignrules.schema.physical import REST, FieldSource, Stored
from assignrules.sql import terms
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.queries import Compiler
from assignrules.sql.relations import misfit_name, stored_name
from assignrules.syntax.currencies import CURRENCIES

EXAMPLES = 5
EXACT = frozenset({Kind.TEXT})


@dataclass(frozen=True, slots=True)
class Check:
    """What is wrong with the rows whose keys a query gives (column ``key``); nothing where it gives none. ``counts``: a quicker query,
    whose column ``n`` adds up to the number of these rows."""

    code: str
    message: str
    entity: str
    keys: str
    counts: str | None = None


def repeated(code: str, message: str, entity: str, rows: str, unique: str, shown: str) -> Check:
    """The check that a column of some relation (``rows``, called ``row``) is unique where it is there; ``shown`` is their key."""
    groups = f"FROM {rows} GROUP BY {unique} HAVING COUNT(*) > 1"
    counts = f"SELECT COUNT(*) AS n FROM {rows} WHERE NOT {unique} IS NULL GROUP BY {unique} HAVING COUNT(*) > 1"
    return Check(code, message, entity, f"SELECT {shown} AS key FROM {rows} WHERE {unique} IN (SELECT {unique} {groups})", counts)


def by_text(session: Session, column: str) -> str:
    """A column of texts as a query orders by it: by code point, whatever the database's own order is."""
    return DIALECTS[session.dialect].ordered_text(terms.column(column)).sql(dialect=session.dialect)


def mapped_checks(compiler: Compiler, fields: Iterable[str], entity: str) -> Iterator[Check]:
    """The checks of an entity that the mapping reads from a company's tables, and of some of its fields."""
    physical = compiler.mapping.physical
    source = None if physical is None else physical.entities.get(entity)
    if source is None or physical is None:
        return
    body = compiler.mapping.entities[entity]
    name = compiler.mapping.schema.entities[entity].key or ""
    key = body.fields[name].column

    def rows(columns: Sequence[str]) -> str:
        return compiler.relations.text(entity, "row", [key, *columns])

    row_key = quoted(OWN_ROW_KEY)
    unkeyed = f"SELECT {quoted(key)} AS key FROM {rows([OWN_ROW_KEY])} WHERE {quoted(key)} IS NULL OR {row_key} IS NULL"
    yield Check("E0524", f"a row of `{entity}` has no key", entity, unkeyed)
    if name in source.fields:
        yield repeated("E0501", f"the row key of `{entity}` is repeated", entity, rows([OWN_ROW_KEY]), row_key, quoted(key))
    for field in sorted(fields):
        found = source.fields.get(field)
        if found is not None and may_misfit(found, physical.stored(entity, f"field {field}")):
            column = misfit_name(field)
            code, what = ("E0520", "a code that is not listed") if found.codes else ("E0505", "a value that does not fit")
            misfits = f"SELECT {quoted(key)} AS key FROM {rows([column])} WHERE {quoted(column)}"
            yield Check(code, f"`{field}` of `{entity}` has {what}", entity, misfits)


def rate_checks(compiler: Compiler) -> Iterator[Check]:
    """The checks of exchange rates in a company's tables: what does not fit would pass for a rate that is not there."""
    physical = compiler.mapping.physical
    source = None if physical is None else physical.entities.get("rates")
    if source is None or physical is None or "currency" not in source.fields:
        return
    for field in ("on", "rate"):
        found = source.fields.get(field)
        if found is not None and may_misfit(found, physical.stored("rates", f"field {field}")):
            column = misfit_name(field)
            rows = compiler.relations.text("rates", "row", ["currency", column])
            misfits = f"SELECT currency AS key FROM {rows} WHERE {quoted(column)}"
            yield Check("E0505", f"`{field}` of `rates` has a value that does not fit", "rates", misfits)


def may_misfit(source: FieldSource, stored: Stored) -> bool:
    """Whether a stored value may be one that the field cannot hold."""
    if source.source is None:
        return False
    if source.codes:
        return all(code != REST for code, _ in source.codes)
    kind = source.type.kind
    if kind in EXACT:
        return False
    fits = {Kind.BOOLEAN: Stored.BOOLEAN, Kind.INTEGER: Stored.INTEGER}
    return kind not in fits or stored is not fits[kind]


def unreadable_currencies(session: Session, compiler: Compiler, amounts: Iterable[tuple[str, str]]) -> Iterator[DataProblem]:
    """Amounts beside which stands no code of a currency."""
    physical = compiler.mapping.physical
    if physical is None:
        return
    for entity, name in sorted(amounts):
        source = physical.entities[entity].fields.get(name) if entity in physical.entities else None
        given = None if source is None else source.currency
        if source is None or source.source is None or isinstance(given, str):
            continue
        if given is None and "currency" not in physical.entities[entity].fields:
            continue
        body = compiler.mapping.entities[entity]
        field, key = body.fields[name], body.fields[compiler.mapping.schema.entities[entity].key or ""].column
        assert field.currency is not None
        stored, code = quoted(stored_name(name)), quoted(field.currency)
        rows = compiler.relations.text(entity, "row", [key, stored_name(name), field.currency])
        by_code = session.fetch(f"SELECT {code}, COUNT(*) FROM {rows} WHERE {stored} GROUP BY {code}")
        wrong = {item: count for item, count in by_code if item not in CURRENCIES}
        if wrong:
            listed = ", ".join(_text(item) for item in wrong if item is not None)
            conditions = [*([f"{code} IS NULL"] if None in wrong else []), *([f"{code} IN ({listed})"] if listed else [])]
            where = f"{stored} AND ({' OR '.join(conditions)})"
            keys = f"SELECT CAST({quoted(key)} AS VARCHAR) AS key FROM {rows} WHERE {where}"
            examples = session.fetch(f"SELECT key FROM ({keys}) AS found ORDER BY {by_text(session, 'key')} LIMIT {EXAMPLES}")
            message = f"`{name}` of `{entity}` has no currency beside it, or one that is none"
            yield DataProblem("E0521", message, entity, sum(wrong.values()), tuple(str(row[0]) for row in examples))


def lookup_problems(session: Session, compiler: Compiler, targets: Sequence[str] | None = None) -> Iterator[DataProblem]:
    """Labels that stand for two members, and names in the rules that no member has; of the targets that the rules write."""
    physical = compiler.mapping.physical
    if physical is None:
        return
    for name in targets if targets is not None else sorted({block.target for block in compiler.ruleset.assignments}):
        place = physical.targets.get(name)
        if place is None or place.lookup is None:
            continue
        known = compiler.text(compiler.relations.lookup(place.lookup, f"lookup {name}"))
        entity = compiler.mapping.schema.targets[name].entity
        twice = session.fetch(f"SELECT name FROM ({known}) AS known WHERE name IS NOT NULL GROUP BY name HAVING COUNT(*) > 1")
        if twice:
            examples = tuple(sorted(row[0] for row in twice)[:EXAMPLES])
            yield DataProblem("E0522", f"two labels of `{name}` are alike", entity, len(twice), examples)
        wanted = sorted({word for block in compiler.ruleset.assignments if block.target == name for word in named(block)})
        there = {row[0] for row in session.fetch(f"SELECT name FROM ({known}) AS known")} if wanted else set()
        lacking = [word for word in wanted if word not in there]
        if lacking:
            message = f"`{name}` has no member of a name that the rules give"
            yield DataProblem("E0523", message, entity, len(lacking), tuple(lacking[:EXAMPLES]))


def named(block: Assignment) -> Iterator[str]:
    """The members or values that a block names."""
    if isinstance(block.body, SetBody):
        if block.member is not None:
            yield block.member
        return
    for value in (*(line.value for line in block.body.lines), block.body.value):
        if isinstance(value, Literal) and isinstance(value.value, str):
            yield value.value


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
