"""`log`, `show` and `history`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from assignrules.cli import exits
from assignrules.cli.options import Options, common, formats
from assignrules.cli.output import complain, emit, page


@click.command()
@click.option("--verify", is_flag=True, help="Check the chain of hashes: any run or change altered, lost or inserted (exit 1).")
@click.option(
    "--anchor", metavar="HASH|PLAN", help="With --verify: a head that `apply` printed, or a plan file, so that a cut tail is seen too."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The latest N runs only.")
@formats("text", "json")
@common
def log(verify: bool, anchor: str | None, limit: int | None, format: str, options: Options) -> int:
    """List the runs in the journal, the latest first; or verify it."""
    from assignrules import api
    from assignrules.report import journal

    if anchor is not None and not verify:
        raise click.UsageError("--anchor belongs to --verify")
    project = options.open()
    if verify:
        return _verify(options, anchor, format)
    runs = api.log(project)[:limit]
    emit(journal.runs_json(runs) if format == "json" else journal.runs_text(runs, page()))
    return exits.DONE


@click.command()
@click.argument("run", type=click.IntRange(min=1))
@click.option("--full", is_flag=True, help="Every change, instead of the first of each kind.")
@formats("text", "json")
@common
def show(run: int, full: bool, format: str, options: Options) -> None:
    """Show one run: who, when, why, what it changed, its proposals, and the rows that the alerts had."""
    from assignrules import api
    from assignrules.report import journal

    project = options.open()
    found, changes = api.run(project, run)
    alerts, proposals = api.run_alerts(project, run), api.run_proposals(project, run)
    if format == "json":
        emit(journal.run_json(found, changes, alerts, proposals))
    else:
        emit(journal.run_text(found, changes, page(), alerts, proposals, schema=api.schema_of(project).schema, full=full))


@click.command()
@click.argument("customer")
@formats("text", "json")
@common
def history(customer: str, format: str, options: Options) -> None:
    """Show everything that was ever changed for a customer, and why."""
    from assignrules import api
    from assignrules.report import journal

    project = options.open()
    entries = api.history(project, customer)
    since = api.changed_by_hand(project, customer)
    emit(journal.history_json(customer, entries, since) if format == "json" else journal.history_text(customer, entries, page(), since))


def _verify(options: Options, anchor: str | None, format: str) -> int:
    from assignrules import api
    from assignrules.diagnostics import has_errors
    from assignrules.report.diagnostics import as_json

    project = options.open()
    if anchor is not None and re.fullmatch("[0-9a-f]{64}", anchor):
        anchor = f"sha256:{anchor}"
    if anchor is not None and (not anchor.startswith("sha256:") or Path(anchor).is_file()):  # a mistyped file is no finding in the journal
        made = api.read_plan(anchor)
        if made.header.anchor is None:
            raise click.BadParameter("this plan bears no anchor", param_hint="'--anchor'")
        anchor = made.header.anchor
    found = api.verify(project, anchor)
    head = api.journal_head(project)
    runs = len(api.log(project))
    if format == "json":
        emit(as_json(found, runs=runs, head=head))
    complain(found)
    if has_errors(found):
        return exits.WRONG
    if format == "text":
        from assignrules.report.page import count

        emit(f"{count(runs, 'run')}: the chain of hashes holds\nhead {head}\n")
    return exits.DONE


COMMANDS = (log, show, history)
