"""`load`."""

from __future__ import annotations

from pathlib import Path

import click

from assignrules.cli import exits
from assignrules.cli.options import PATH, Options, common, formats
from assignrules.cli.output import complain, emit, page


@click.command()
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="FILE_OR_DIR...")
@formats("text", "json")
@common
def load(paths: tuple[Path, ...], format: str, options: Options) -> int:
    """Fill the embedded database from CSV, Parquet or Excel files.

    A file is named like its entity (customers.csv, documents.parquet) and replaces all its rows. The header holds logical names; a link
    holds the business key of the other row; money is `1200 EUR`, or a number beside a `currency` column; an empty cell is missing.

    In a workbook (.xlsx), each sheet that is named like an entity holds its rows; where none is, the first sheet does, and the workbook is
    named like the entity.

    Everything is loaded, or, where any row is rejected, nothing: each rejected row is named with the reason.
    """
    from assignrules import api
    from assignrules.report.diagnostics import document, rows
    from assignrules.report.page import count

    report = api.load(options.open(), paths)
    if format == "json":
        entities = [
            {"entity": item.entity, "file": item.file, "before": item.before, "after": item.after, "rejected": item.rejected}
            for item in report.entities
        ]
        emit(
            document(
                {"loaded": report.loaded, "entities": entities, "left_out": list(report.left_out), "diagnostics": rows(report.diagnostics)}
            )
        )
    else:
        table = [["entity", "file", "before", "rows", "rejected"]]
        table += [
            [item.entity, item.file, f"{item.before:,}", f"{item.after:,}", f"{item.rejected:,}" if item.rejected else "."]
            for item in report.entities
        ]
        if report.entities:
            emit("".join(f"{line}\n" for line in page().table(table, right=(2, 3, 4), header=True)))
    complain(report.diagnostics)
    if report.left_out:
        options.say(f"left out, as named like no entity: {', '.join(report.left_out)}")
    if not report.loaded:
        options.say(f"nothing was loaded: {count(report.rejected, 'row')} rejected" if report.rejected else "nothing was loaded")
        return exits.WRONG
    options.say(f"loaded {count(sum(item.after for item in report.entities), 'row')} from {count(len(report.entities), 'file')}")
    return exits.DONE


COMMANDS = (load,)
