"""`report`."""

from __future__ import annotations

from pathlib import Path

import click

from assignrules.cli.options import PATH, Options, common
from assignrules.cli.output import emit, page

SUFFIXES = {".csv": "csv", ".json": "json", ".txt": "table", ".xlsx": "xlsx"}


@click.command()
@click.argument("name")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write it to a file; its ending (.csv, .json, .xlsx) says the format.")
@click.option(
    "--format",
    "format",
    type=click.Choice(("table", "csv", "json", "xlsx")),
    help="How the result is written.  [default: table, or by FILE]",
)
@common
def report(name: str, output: Path | None, format: str | None, options: Options) -> None:
    """Run one report.

    Nothing is written to the database. Planned states are those that a plan of the same day would come to. Where the data that the report
    reads has errors, there is no report (exit 1).
    """
    from assignrules import api
    from assignrules.plan.whole import write_text, write_whole
    from assignrules.report import lines

    if format is None:
        format = "table" if output is None else SUFFIXES.get(output.suffix.lower(), "")
        if not format:
            raise click.BadParameter(
                f"{output} has no ending that says a format; name it .csv, .json or .xlsx, or pass --format", param_hint="'-o'"
            )
    if output is not None and not output.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {output.parent}", param_hint="'-o'")
    if format == "xlsx" and output is None:
        raise click.UsageError("a workbook needs a file: pass -o FILE")
    found = api.report(options.open(), name)
    if format == "xlsx" and output is not None:
        from assignrules.report.workbook import workbook

        write_whole(output, [workbook([(found.name, found.columns, found.lines)])])
        options.say(f"{len(found.lines):,} {'line' if len(found.lines) == 1 else 'lines'} written to {output}")
        return
    if format == "csv":
        text = lines.as_csv(found.columns, found.lines)
    elif format == "json":
        text = lines.as_json(found.name, found.columns, found.lines)
    else:
        text = lines.as_table(found.name, found.label, found.columns, found.lines, page() if output is None else lines.PLAIN)
    if output is None:
        emit(text)
        return
    write_text(output, text)
    options.say(f"{len(found.lines):,} {'line' if len(found.lines) == 1 else 'lines'} written to {output}")


COMMANDS = (report,)
