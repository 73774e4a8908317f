"""`help`."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from assignrules.cli.options import Options, common, formats
from assignrules.cli.output import emit

if TYPE_CHECKING:
    from assignrules.diagnostics.pages import Example, Page

_WIDTH = 96


@click.command()
@click.argument("topic", required=False, metavar="[CODE|COMMAND]")
@formats("text", "json")
@common
@click.pass_context
def help(context: click.Context, topic: str | None, format: str, options: Options) -> None:
    """What a diagnostic's code means, like E0301, with a wrong and a right example; or how a command is used."""
    from assignrules.cli.application import application
    from assignrules.diagnostics.codes import CODES

    parent = context.parent or context
    if topic is None:
        _answer({"commands": sorted(application.commands), "codes": CODES}, application.get_help(parent), format)
        return
    command = application.get_command(parent, topic)
    if topic.upper() in CODES:
        from assignrules.diagnostics.pages import read_page

        page = read_page(topic.upper())
        _answer(_content(page), _page_text(page), format)
    elif command is not None:
        text = command.get_help(click.Context(command, info_name=topic, parent=parent))
        _answer({"command": topic, "text": text}, text, format)
    else:
        raise click.UsageError(_unknown(topic, [*application.commands, *CODES]))


def _answer(content: dict[str, object], text: str, format: str) -> None:
    if format == "json":
        from assignrules.report.diagnostics import document

        emit(document(content))
    else:
        emit(f"{text}\n")


def _content(page: Page) -> dict[str, object]:
    return {
        "code": page.code,
        "title": page.title,
        "severity": page.severity,
        "area": page.area,
        "meaning": page.meaning,
        "wrong": {"kind": page.wrong.kind, "text": page.wrong.text},
        "right": {"kind": page.right.kind, "text": page.right.text},
    }


def _page_text(page: Page) -> str:
    weight = "an error: it stops what was asked for" if page.severity == "error" else "a warning: it stops nothing"
    parts = [
        f"{page.code}: {page.title}",
        textwrap.indent(f"{page.area}; {weight}.", "  "),
        textwrap.fill(page.meaning, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False),
        _example_text("Wrong", page.wrong),
        _example_text("Right", page.right),
    ]
    if page.code[1:3] < "06":
        key = "diagnostics" if page.code[1:3] < "05" else "data_errors" if page.severity == "error" else "data_warnings"
        parts.append(f"  A rule test can expect it: `{key}: [{page.code}]`.")
    return "\n\n".join(parts)


def _example_text(title: str, example: Example) -> str:
    path = example.kind.partition(" ")[2]
    where = f" ({path})" if "." in path else " (a rule test)" if path == "test" else " (as YAML)" if example.kind == "yaml" else ""
    return f"  {title}{where}:\n\n{textwrap.indent(example.text.rstrip(), '    ')}"


def _unknown(topic: str, known: Sequence[str]) -> str:
    from assignrules.diagnostics.model import did_you_mean

    near = did_you_mean(topic, known) or did_you_mean(topic.upper(), known)
    return f"there is no code or command `{topic}`" + (f"; {near}" if near else "")


COMMANDS = (help,)
