"""`help`."""

from __future__ import annotations

import click

from assignrules.cli.options import Options, common
from assignrules.cli.output import emit


@click.command()
@click.argument("topic", required=False, metavar="[CODE|COMMAND]")
@common
@click.pass_context
def help(context: click.Context, topic: str | None, options: Options) -> None:
    """What a diagnostic's code means, like E0301, or how a command is used."""
    from assignrules.cli.application import application
    from assignrules.diagnostics.codes import CODES

    parent = context.parent or context
    if topic is None:
        emit(application.get_help(parent) + "\n")
        return
    code = topic.upper()
    command = application.get_command(parent, topic)
    if code in CODES:
        kind = "an error: it stops what was asked for" if code[0] == "E" else "a warning: it stops nothing"
        emit(f"{code}: {CODES[code]}\n\n  {AREAS[code[1:3]]}; {kind}.\n  A rule test can expect it: `diagnostics: [{code}]`.\n")
    elif command is not None:
        emit(command.get_help(click.Context(command, info_name=topic, parent=parent)) + "\n")
    else:
        from assignrules.diagnostics.model import did_you_mean

        near = did_you_mean(topic, [*application.commands, *CODES]) or did_you_mean(code, list(CODES))
        raise click.UsageError(f"there is no code or command `{topic}`" + (f"; {near}" if near else ""))


AREAS = {
    "01": "The text of a rule file",
    "02": "Names",
    "03": "Types",
    "04": "What the rules mean together",
    "05": "The data",
    "06": "The plan",
    "07": "Applying, and the database",
    "08": "The journal",
    "09": "The command, the project file and rule tests",
    "99": "The program itself",
}

COMMANDS = (help,)
