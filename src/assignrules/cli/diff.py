"""`diff`."""

from __future__ import annotations

import click

from assignrules.cli import exits
from assignrules.cli.options import Options, common, formats
from assignrules.cli.output import emit, page


@click.command()
@click.argument("first", metavar="REV")
@click.argument("second", metavar="[REV]", required=False)
@click.option("--target", metavar="TARGET", help="Only the outcomes of this target.")
@click.option("--full", is_flag=True, help="Every subject with the reasons, instead of groups with examples.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where something differs.")
@formats("text", "json")
@common
def diff(first: str, second: str | None, target: str | None, full: bool, detailed_exitcode: bool, format: str, options: Options) -> int:
    """What a change of the rules in git does to the same data.

    Plans the rules of both revisions, or of one and of the working tree, over the data of today, and shows who would get something else, by
    which rules. Each revision has its own project file, schema and rule packs. Nothing is written, and no file of the checkout is touched.
    """
    from assignrules import api
    from assignrules.report.comparison import comparison_json, comparison_text

    found = api.diff(options.open(), first, second, target=target, params=options.params)
    names = (found.first.name, found.first.commit), (found.second.name, found.second.commit)
    if format == "json":
        emit(comparison_json(*names, found.comparison))
    else:
        emit(comparison_text(*names, found.comparison, page(), full=full))
    if any(plan.data_errors for plan in found.plans):
        return exits.WRONG
    return exits.CHANGES if detailed_exitcode and found.comparison.differs else exits.DONE


COMMANDS = (diff,)
