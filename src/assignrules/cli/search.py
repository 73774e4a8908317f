"""`search`."""

from __future__ import annotations

import click

from assignrules.cli.options import Options, common, formats
from assignrules.cli.output import complain, emit, page


@click.command()
@click.argument("name", required=False)
@click.option("--count", "counting", is_flag=True, help="How many rows each search finds, all in one pass.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="The first N rows only; the count is of all.")
@formats("table", "csv", "json")
@common
def search(name: str | None, counting: bool, limit: int | None, format: str, options: Options) -> None:
    """Run one saved search, or count all of them.

    Rows are sorted by their key. `--format csv` neutralises cells that a spreadsheet would take for a formula.
    """
    if counting == (name is not None):
        raise click.UsageError("give the NAME of a search, or --count for all of them")
    if name is None:
        _count(format, options)
    else:
        _search(name, limit, format, options)


def _search(name: str, limit: int | None, format: str, options: Options) -> None:
    from assignrules import api
    from assignrules.api.searching import data_warnings
    from assignrules.report import rows

    project = options.open()
    found = api.search(project, name, limit=limit)
    complain(data_warnings([found]))
    if format == "csv":
        emit(rows.as_csv(found.rows))
    elif format == "json":
        emit(rows.as_json(found.name, found.count, found.rows))
    else:
        plural = api.schema_of(project).schema.entities[found.entity].plural
        emit(rows.as_table((found.entity, plural), found.count, found.rows, page()))


def _count(format: str, options: Options) -> None:
    from assignrules import api
    from assignrules.api.searching import data_warnings
    from assignrules.report import rows

    found = api.search_counts(options.open())
    complain(data_warnings(found))
    counts = [(item.name, item.entity, item.label, item.count) for item in found]
    if format == "csv":
        emit(rows.counts_as_csv(counts))
    elif format == "json":
        emit(rows.counts_as_json(counts))
    else:
        emit(rows.counts_as_table(counts, page()))


COMMANDS = (search,)
