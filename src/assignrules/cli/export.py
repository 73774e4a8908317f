"""`export`."""

from __future__ import annotations

from pathlib import Path

import click

from assignrules.cli.options import PATH, Options, common, formats
from assignrules.cli.output import emit


@click.command()
@click.argument("run", type=click.IntRange(min=1))
@click.option("-o", "--output", type=PATH, metavar="DIR", help="The folder to write into; otherwise export_RUN in the current one.")
@formats("text", "json")
@common
def export(run: int, output: Path | None, format: str, options: Options) -> None:
    """Write the files of one run for other systems: export targets and proposals.

    One CSV file for each target that is kept for export, with the run's changes, and proposals.csv with what was made, withdrawn or closed.
    The same run always gives the same files; cells that a spreadsheet would take for a formula are neutralised.
    """
    from assignrules import api
    from assignrules.plan.whole import write_text
    from assignrules.report.export import files_json, run_files
    from assignrules.report.page import count, plain

    folder = Path(f"export_{run}") if output is None else output
    if not folder.absolute().parent.is_dir() or (folder.exists() and not folder.is_dir()):
        raise click.BadParameter(f"{folder} is no folder, and cannot become one", param_hint="'-o'")
    files = run_files(*api.run_exports(options.open(), run))
    folder.mkdir(exist_ok=True)
    for name, (text, _) in files.items():
        write_text(folder / name, text)
    rows = {name: number for name, (_, number) in files.items()}
    if format == "json":
        emit(files_json(run, str(folder), rows))
    else:
        emit("".join(f"{plain(str(folder / name))}: {count(number, 'row')}\n" for name, number in rows.items()))


COMMANDS = (export,)
