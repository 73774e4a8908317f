"""`explain`."""

from __future__ import annotations

import click

from assignrules.cli.options import Options, common, formats
from assignrules.cli.output import emit, page


@click.command()
@click.argument("customer")
@click.argument("target", required=False)
@formats("text", "json")
@common
def explain(customer: str, target: str | None, format: str, options: Options) -> None:
    """Why this customer gets what it gets, and why not the other lines.

    Shows, for each block of rules or for those of one TARGET, the state before and as planned, the line that decided, and the tree of each
    condition with the values and whether it holds. Without TARGET also what becomes of proposals, and which alerts the customer is in.
    """
    from assignrules import api
    from assignrules.report import explanation

    found = api.explain(options.open(), customer, target)
    emit(explanation.as_json(found) if format == "json" else explanation.as_text(found, page()))


COMMANDS = (explain,)
