"""`compile`."""

from __future__ import annotations

import click

from assignrules.cli.options import Options, common, formats
from assignrules.cli.output import emit


@click.command()
@click.argument("search", required=False)
@click.option("--dialect", metavar="D", help="The SQL of this database, like postgres or snowflake; otherwise the environment's.")
@formats("text", "json")
@common
def compile(search: str | None, dialect: str | None, format: str, options: Options) -> None:
    """Print the SQL of a search, or of all searches, the plan, the alerts and the reports.

    Formatted, and commented with the names of the rules. Nothing is run and no database is opened.
    """
    from assignrules import api

    text = api.compile_sql(options.open(), search, dialect=dialect)
    if format == "json":
        from assignrules.report.diagnostics import document

        emit(document({"search": search, "dialect": dialect, "sql": text}))
    else:
        emit(text if text.endswith("\n") else f"{text}\n")


COMMANDS = (compile,)
