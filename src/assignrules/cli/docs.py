"""`docs`."""

from __future__ import annotations

from pathlib import Path

import click

from assignrules.cli.options import PATH, Options, common, formats
from assignrules.cli.output import emit

FOLDER = "site"


@click.command()
@click.option("-o", "--output", type=PATH, metavar="DIR", help=f"Write it into this folder.  [default: {FOLDER}, in the project]")
@formats("text", "json")
@common
def docs(output: Path | None, format: str, options: Options) -> None:
    """Write a browsable site of the rules: what each says, what uses what, the order in which targets are decided.

    Static pages that need no network; open index.html. DIR must not exist, be empty, or hold an older site of this command, which is
    replaced. No database is needed.
    """
    from assignrules import api

    project = options.open()
    folder = project.root / FOLDER if output is None else output
    if not folder.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {folder.parent}", param_hint="'-o'")
    pages = api.docs(project)
    api.write_docs(pages, folder)
    if format == "json":
        from assignrules.report.diagnostics import document

        emit(document({"folder": str(folder), "pages": sorted(pages)}))
    else:
        options.say(f"{len(pages):,} pages written; open {folder / 'index.html'}")


COMMANDS = (docs,)
