"""The tables of the documents that are made from the code: between ``<!-- made: NAME -->`` and ``<!-- end -->``."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from assignrules.cli import application
from assignrules.diagnostics.codes import CODES
from assignrules.diagnostics.pages import Example, read_page
from assignrules.ir.expressions import CONDITIONS
from assignrules.ir.operators import OPERATORS, Operator
from assignrules.ir.types import Type
from assignrules.schema.logical import credit
from assignrules.syntax import yaml_schema
from assignrules.syntax.functions import _SHAPES, AGGREGATES, FUNCTIONS

MESSAGES = Path(__file__).parents[1] / "messages" / "codes"
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
    return lambda: _table(("written", "means"), ((f"`{item.form}`", item.meaning) for item in operators_of(table)))


def _aggregates() -> str:
    rows = [(f"`{_SHAPES[name]}`", AGGREGATE_MEANINGS[name]) for name in AGGREGATES]
    distinct = ("`count(distinct type over documents where …)`", "how many different values; missing ones do not count")
    return _table(("written", "gives"), [*rows, distinct])


def _entities() -> str:
    schema = credit()
    parts = []
    for entity in schema.entities.values():
        fields = [f"`{name}` {_type(type)}" for name, type in entity.fields.items()]
        links = [(link, "many " + schema.entities[link.to].plural if link.many else link.to) for link in entity.links.values()]
        lines = [f"**{entity.name}** ({entity.plural}; " + (f"key `{entity.key}`)" if entity.key else "no key)"), ""]
        lines.append("- fields: " + ", ".join(fields))
        if links:
            lines.append("- links: " + ", ".join(f"`{link.name}` → {to}" for link, to in links))
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _type(type: Type) -> str:
    return f"{type} ({', '.join(type.values)})" if type.values else str(type)


def _targets() -> str:
    rows = []
    for target in credit().targets.values():
        holds = {"set": "members", "cover": "members with an amount"}.get(target.shape.value, str(target.type))
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
    common = {
        option for option in _options(application.commands["search"], root) if option in _options(application.commands["compile"], root)
    }
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


def _pages() -> str:
    """Every page, with what the program says of its wrong example. Rules are checked here once more; the rest `tests/pages` runs."""
    parts: list[str] = []
    area = ""
    for code in CODES:
        page = read_page(code)
        if page.area != area:
            area = page.area
            parts.append(f"## {code[1:3]} {area}")
        told = (MESSAGES / f"{code}.txt").read_text(encoding="utf-8").rstrip()
        again = _fence(page.wrong) == "rules"
        parts.append(f"### {code}: {page.title}\n\n{textwrap.fill(page.meaning, 150, break_long_words=False, break_on_hyphens=False)}")
        parts.append(f"{_block(page.wrong)}\n\n```text{' diagnostics' if again else ''}\n{told}\n```")
        parts.append(f"Right:\n\n{_block(page.right)}")
    return "\n\n".join(parts)


def _fence(example: Example) -> str:
    kind = example.kind.split()[0]
    return kind if kind == "yaml" or (kind == "rules" and 'use "' not in example.text) else "text"


def _block(example: Example) -> str:
    return f"```{_fence(example)}\n{example.text.rstrip()}\n```"


TABLES: dict[str, Callable[[], str]] = {
    "comparisons": _operators("comparisons"),
    "arithmetic": _operators("arithmetic"),
    "functions": _operators("functions"),
    "aggregates": _aggregates,
    "entities": _entities,
    "targets": _targets,
    "definitions": _definitions,
    "codes": _codes,
    "pages": _pages,
    "commands": _commands,
    "yaml-sections": yaml_schema.sections_table,
    "yaml-keys": yaml_schema.keys_table,
}
