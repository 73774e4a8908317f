"""A plan as a page of HTML that needs no other file, or as Markdown."""

from __future__ import annotations

import re
from importlib.resources import files

from assignrules.plan.model import Plan
from assignrules.report.plan_tables import Section, Table, plan_tables

PAGE_ROWS = 1_000  # of each kind of change; a browser has to lay them all out
MARKDOWN_ROWS = 10  # a comment on a change of the rules is to be read
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def plan_html(plan: Plan) -> str:
    """One page: the verdict and the totals, then every part, each kind of change folded."""
    from jinja2 import Environment, StrictUndefined

    template = (files("assignrules.report") / "templates" / "plan.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.from_string(template).render(plan=plan_tables(plan, PAGE_ROWS), ruleset=plan.header.ruleset)


def plan_markdown(plan: Plan) -> str:
    """The same with the first rows of each kind, for a comment or a mail."""
    tables = plan_tables(plan, MARKDOWN_ROWS)
    lines = [f"# {_text(tables.title)}", "", *(f"{_text(line.strip())}  " for line in tables.verdict), ""]
    if tables.totals:
        lines += [*_rows(tables.totals[0], tables.totals[1:]), ""]
    for section in tables.sections:
        lines += _section(section)
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(section: Section) -> list[str]:
    lines = [f"## {_text(section.title)}", ""]
    for table in section.tables:
        lines += [f"### {_text(table.title)}", ""] if table.title else []
        lines += [*_rows(table.columns, table.rows), ""]
        lines += [f"… and {rest:,} more", ""] if (rest := _left_out(table)) else []
    return lines


def _left_out(table: Table) -> int:
    return table.total - len(table.rows)


def _rows(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> list[str]:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return [
        f"| {' | '.join(cell if cell == '---' and number == 1 else _text(cell) for cell in line)} |" for number, line in enumerate(lines)
    ]


def _text(text: str) -> str:
    """As it is to be read: nothing in data is markup."""
    return SPECIAL.sub(r"\\\1", text.replace("\n", " "))
