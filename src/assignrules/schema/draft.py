"""The pass `draft`: a first schema file for a database. Every line of it is a guess from names and types, marked as one; nothing is mapped
that no name speaks for, and what was not used is listed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assignrules.ir.types import Kind
from assignrules.schema.logical import credit
from assignrules.schema.physical import Stored

# By entity, words in the names of its table, the best first; and by field, words in the names of its column.
TABLES: dict[str, tuple[str, ...]] = {
    "customer": ("customer", "debtorsmaster", "debtor_master", "societe", "client", "kunden", "kna1", "debtor", "ocusma"),
    "document": ("invoice", "facture", "debtortrans", "debtor_trans", "document", "rechnung", "bsid", "ledger", "receivable"),
    "contact": ("contact", "socpeople", "ansprech"),
    "order": ("salesorder", "sales_order", "commande", "order"),
    "user": ("salesman", "salesperson", "user", "employee"),
    "rates": ("currency_rate", "exchange", "currencies", "currency", "rate"),
}
FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "customer": {
        "code": ("code_client", "customer_code", "customer_no", "debtorno", "account_no", "code", "number"),
        "name": ("name", "nom", "title"),
        "country": ("country_code", "country", "pays", "land"),
        "currency": ("currency", "currcode", "devise"),
        "language": ("language", "lang"),
        "customer_since": ("clientsince", "customer_since", "since", "created", "datec"),
        "payment_terms_days": ("terms_days", "payment_days"),
    },
    "document": {
        "number": ("facnumber", "invoice_no", "document_no", "transno", "trans_no", "number", "reference", "ref"),
        "issue_date": ("datef", "invoice_date", "issue_date", "trandate", "tran_date", "date"),
        "due_date": ("due_date", "date_lim_reglement", "duedate", "due"),
        "amount": ("total_ttc", "gross", "ovamount", "ov_amount", "amount", "total"),
        "open_amount": ("open_amount", "outstanding", "balance", "remaining"),
        "currency": ("currency", "curr"),
    },
    "contact": {"name": ("name", "lastname"), "email": ("email", "mail"), "phone": ("phone", "tel")},
    "order": {
        "number": ("order_no", "orderno", "number", "ref"),
        "ordered_on": ("orddate", "order_date", "date"),
        "amount": ("total", "amount"),
    },
    "user": {"login": ("login", "username", "salesmancode", "code"), "name": ("name",)},
    "rates": {"currency": ("currabrev", "currency", "code"), "on": ("date",), "rate": ("rate",)},
}
LINKS = {"document": ("customer",), "contact": ("customer",), "order": ("customer",)}
TO_CUSTOMER = ("customer", "fk_soc", "societe", "client", "debtor", "cust", "kunnr")
FITS: dict[Kind, frozenset[Stored]] = {
    Kind.DATE: frozenset(
        {Stored.DATE, Stored.TIMESTAMP, Stored.ZONED, Stored.TEXT, Stored.PADDED, Stored.INTEGER, Stored.HUGE, Stored.DECIMAL}
    ),
    Kind.MONEY: frozenset({Stored.INTEGER, Stored.HUGE, Stored.DECIMAL, Stored.FLOAT}),
    Kind.DECIMAL: frozenset({Stored.INTEGER, Stored.HUGE, Stored.DECIMAL, Stored.FLOAT}),
    Kind.INTEGER: frozenset({Stored.INTEGER, Stored.HUGE, Stored.DECIMAL}),
}
NUMERIC = frozenset({Stored.INTEGER, Stored.HUGE, Stored.DECIMAL})


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a database: what is stored in its columns, and the columns of its primary key."""

    name: str
    columns: dict[str, Stored]
    key: list[str]


def draft(tables: Sequence[Table]) -> str:
    """The text of the file."""
    chosen = {entity: table for entity, words in TABLES.items() if (table := _table(tables, words)) is not None}
    lines = [
        "# A first draft, made from the names and types of the database's catalogue. Every line with `guess` is one: look at each,",
        "# then let `assignrules schema check` compare it with the data. What is not mapped cannot be used by rules.",
        "extends: credit",
        "entities:" if chosen else "entities: {}",
    ]
    for entity, table in chosen.items():
        lines.extend(_entity(entity, table))
    unused = [table for table in tables if table not in chosen.values()]
    if unused:
        lines.append("# Tables that are not used:")
        lines.extend(f"#   {_shown(table.name)}: {', '.join(_shown(name) for name in table.columns)}" for table in unused)
    return "\n".join(lines) + "\n"


def _table(tables: Sequence[Table], words: Sequence[str]) -> Table | None:
    """The table whose name is nearest to one of some words: the word itself, with an ending, or a part of it; of several the shortest."""
    for word in words:
        for fits in (_is, _ends, _holds):
            found = [table for table in tables if fits(table.name.lower(), word)]
            if found:
                return min(found, key=lambda table: (len(table.name), table.name))
    return None


def _is(name: str, word: str) -> bool:
    return name in (word, f"{word}s")


def _ends(name: str, word: str) -> bool:
    return re.search(rf"(^|[_ ]){word}(e?s)?$", name) is not None


def _holds(name: str, word: str) -> bool:
    return word in name


def _column(columns: Iterable[str], words: Sequence[str]) -> str | None:
    names = list(columns)
    for word in words:
        for fits in (_is, _ends, _holds):
            found = [name for name in names if fits(name.lower(), word)]
            if found:
                return min(found, key=len)
    return None


def _entity(entity: str, table: Table) -> list[str]:
    types = credit().entities[entity].fields
    lines = [f"  {entity}:", f"    from: {_shown(table.name)}  # guess: by its name"]
    if credit().entities[entity].key is not None:
        key = table.key or [name for name in table.columns if name.lower() in ("id", "rowid")][:1] or list(table.columns)[:1]
        why = "the primary key" if table.key else "guess: there is no primary key"
        lines.append(f"    key: {_shown(key[0]) if len(key) == 1 else '[' + ', '.join(_shown(part) for part in key) + ']'}  # {why}")
    fields: list[str] = []
    for field, words in FIELDS[entity].items():
        fits = FITS.get(types[field].kind)
        column = _column((name for name, stored in table.columns.items() if fits is None or stored in fits), words)
        if column is not None:
            fields.append(f"      {field}: {_field(column, table.columns[column], types[field].kind)}  # guess: by its name")
    lines += ["    fields:", *fields] if fields else ["    fields: {}"]
    for link in LINKS.get(entity, ()):
        column = _column(table.columns, TO_CUSTOMER)
        if column is not None:
            lines.append(f"    links: {{{link}: {_shown(column)}}}  # guess: by its name")
    return lines


def _field(column: str, stored: Stored, kind: Kind) -> str:
    if kind is Kind.DATE and stored in NUMERIC:
        return f'{{column: {_shown(column)}, format: "%Y%m%d", missing: [0]}}'
    return _shown(column)


def _shown(name: str) -> str:
    """A name in YAML, quoted where it is not plain."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name not in ("true", "false", "null")
    return name if plain else json.dumps(name, ensure_ascii=False)
