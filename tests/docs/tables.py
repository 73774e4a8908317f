"""The tables of the documents that are made from the code: between ``<!-- made: NAME -->`` and ``<!-- end -->``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import click

from assignrules.cli import application
from assignrules.diagnostics.codes import CODES
from assignrules.ir.expressions import CONDITIONS
from assignrules.ir.operators import OPERATORS, Operator
from assignrules.schema.logical import Schema, credit
from assignrules.syntax.functions import _SHAPES, AGGREGATES, FUNCTIONS

MADE = re.compile(r"(<!-- made: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

AGGREGATE_MEANINGS = {
    "count": "how many rows",
    "any": "whether there is a row",
    "none": "whether there is no row",
    "every": "whether all rows that `where` keeps satisfy the condition",
    "sum": "the sum; 0 over no rows",
    "min": "the smallest; missing over no rows",
    "max": "the largest; missing over no rows",
    "median": "the middle one, or the mean of the two in the middle; missing over no rows",
    "avg": "the mean, `weighted by` a number or an amount where that is said; missing over no rows",
    "latest": "the value of the row with the latest date; missing over no rows",
    "earliest": "the value of the row with the earliest date; missing over no rows",
}


def with_tables(text: str) -> str:
    """A document with its made tables as they must be now."""

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}{TABLES[match[2]]()}\n{match[3]}"

    return MADE.sub(made, text)


def operators_of(table: str) -> list[Operator]:
    """The operators that a table shows; those that are never written stand in none."""
    shown = [operator for operator in OPERATORS.values() if operator.form]
    if table == "functions":
        return [operator for operator in shown if operator.identifier in FUNCTIONS]
    if table == "comparisons":
        return [operator for operator in shown if operator.identifier in CONDITIONS]
    return [operator for operator in shown if operator.identifier not in CONDITIONS and operator.identifier not in FUNCTIONS]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def _operators(table: str) -> Callable[[], str]:
    return lambda: _table(
        ("written", "means"), ((f"`{item.form}`", item.meaning[0].upper() + item.meaning[1:]) for item in operators_of(table))
    )


def _aggregates() -> str:
    rows = [(f"`{_SHAPES[name]}`", AGGREGATE_MEANINGS[name][0].upper() + AGGREGATE_MEANINGS[name][1:]) for name in AGGREGATES]
    return _table(("written", "gives"), [*rows, ("`count(distinct country over documents where …)`", "How many different values; missing ones do not count")])


def _entities() -> str:
    schema = credit()
    parts = []
    for entity in schema.entities.values():
        fields = [f"`{name}` {type}" + (f" ({', '.join(type.values)})" if type.values else "") for name, type in entity.fields.items()]
        links = [f"`{link.name}` → {'many ' if link.many else ''}{_of(schema, link.to, link.many)}" for link in entity.links.values()]
        key = f"key `{entity.key}`" if entity.key else "no key"
        parts.append(f"**{entity.name}** ({entity.plural}; {key})\n: fields: {', '.join(fields)}" + (f"\n: links: {', '.join(links)}" if links else ""))
    return "\n\n".join(part.replace("\n: ", "\n- ").replace(")\n- fields", ")\n\n- fields") for part in parts)


def _of(schema: Schema, entity: str, many: bool) -> str:
    return schema.entities[entity].plural if many else entity


def _targets() -> str:
    rows = []
    for target in credit().targets.values():
        holds = "a cover amount for each member" if target.shape.value == "cover" else "members" if target.shape.value == "set" else str(target.type)
        is_field = f"the field `{target.entity}.{target.field}`" if target.field else ""
        refers = f"refers to `{target.refers_to}`" if target.refers_to else ""
        rows.append((f"`{target.name}`", target.entity, target.shape.value, holds, is_field or refers))
    return _table(("target", "on", "shape", "holds", "remark"), rows)


def _definitions() -> str:
    return f"```text\n{credit().definitions.text.strip()}\n```"


def _codes() -> str:
    return _table(("code", "title"), ((f"`{code}`", title) for code, title in CODES.items()))


def _commands() -> str:
    root = click.Context(application, info_name="assignrules")
    common = {option for option in _options(application.commands["search"], root) if option in _options(application.commands["compile"], root)}
    rows = []
    for name in application.list_commands(root):
        command = application.commands[name]
        context = click.Context(command, info_name=name, parent=root)
        arguments = " ".join(part.make_metavar(context) for part in command.params if isinstance(part, click.Argument))
        own = [option for option in _options(command, root) if option not in common]
        rows.append((f"`{f'{name} {arguments}'.strip()}`", command.get_short_help_str(200), ", ".join(f"`{option}`" for option in own)))
    return _table(("command", "does", "its own options"), rows)


def _options(command: click.Command, root: click.Context) -> list[str]:
    return [option.opts[-1] for option in command.get_params(root) if isinstance(option, click.Option)]


TABLES: dict[str, Callable[[], str]] = {
    "comparisons": _operators("comparisons"),
    "arithmetic": _operators("arithmetic"),
    "functions": _operators("functions"),
    "aggregates": _aggregates,
    "entities": _entities,
    "targets": _targets,
    "definitions": _definitions,
    "codes": _codes,
    "commands": _commands,
}
