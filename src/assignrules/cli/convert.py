"""`convert`."""

from __future__ import annotations

from pathlib import Path

import click

from assignrules.cli import exits
from assignrules.cli.options import PATH, Options, common
from assignrules.cli.output import emit


def _print_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from assignrules.syntax.yaml_schema import schema_text

        emit(schema_text())
        context.exit(exits.DONE)


@click.command()
@click.argument("file", type=PATH)
@click.option("--to", "form", type=click.Choice(("yaml", "rules")), required=True, help="The form to write: YAML, or the rule language.")
@click.option("-o", "--output", "output", type=PATH, metavar="FILE", help="Write there instead of to standard output.")
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of the YAML form and stop.",
)
@common
def convert(file: Path, form: str, output: Path | None, options: Options) -> int:
    """Write a rule file in its other form, YAML or the rule language.

    Comments are kept. The file itself stays as it is, and no project is needed. Its name says which form it has: *.rules, *.yml or *.yaml.
    """
    from assignrules import api
    from assignrules.plan.whole import write_text
    from assignrules.project import read_source

    source, problems = read_source(file, file.as_posix())
    if source is None:
        raise api.Problems(problems)
    text = api.convert_rules(source, form)
    if output is None:
        emit(text)
    else:
        write_text(output, text)
        options.say(f"wrote {output}")
    return exits.DONE


COMMANDS = (convert,)
