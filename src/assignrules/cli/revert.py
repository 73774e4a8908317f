"""`revert`."""

from __future__ import annotations

from pathlib import Path

import click

from assignrules.cli import exits
from assignrules.cli.apply import ConfirmationNeeded, confirmed, emit_nothing, emit_refusal, interactive, report
from assignrules.cli.options import PATH, Options, common, formats
from assignrules.cli.output import say
from assignrules.cli.plan import exit_code, show


@click.command()
@click.argument("run", type=click.IntRange(min=1))
@click.option("--plan-only", is_flag=True, help="Show what would be set back, and write nothing.")
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Keep the plan in a file, for `apply FILE`, and write nothing else.")
@click.option("--skip-conflicts", is_flag=True, help="Leave what was changed since, and set the rest back; otherwise nothing is (exit 3).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", metavar="TEXT", help="Why; kept in the journal.")
@click.option("--approved-by", metavar="NAME", help="Who approved it; kept in the journal.")
@click.option("--as", "user", metavar="NAME", help="Who reverts, where that is not the operating system's user; both are kept.")
@click.option("--full", is_flag=True, help="Every change and conflict, instead of the grouped difference.")
@formats("text", "json")
@common
def revert(
    run: int,
    plan_only: bool,
    output: Path | None,
    skip_conflicts: bool,
    yes: bool,
    reason: str | None,
    approved_by: str | None,
    user: str | None,
    full: bool,
    format: str,
    options: Options,
) -> int:
    """Set the changes of a run back, as a new run.

    Each change is set back where the state is still the one that the run left. The others are conflicts: they are listed, and nothing is
    written unless --skip-conflicts leaves them. A revert is a run, and can be reverted. Without a terminal, --yes is needed.
    """
    from assignrules import api

    look = plan_only or output is not None
    if not (yes or look or interactive()):
        raise ConfirmationNeeded("there is no terminal to ask at: pass --yes to revert without a question, or --plan-only to only look")
    if output is not None and not output.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {output.parent}", param_hint="'-o'")
    project = options.open()
    made = api.plan_revert(project, run, skip_conflicts=skip_conflicts, keep=output is not None)
    if output is not None:
        api.save_plan(made, output)
    if look or (format == "text" and not options.quiet):
        words = ["apply", str(output)] if output is not None else ["revert", str(run), *(["--skip-conflicts"] if skip_conflicts else [])]
        show(made, format, options, full=full, next_step=options.command(*words) if look else None)
    if output is not None:
        options.say(f"the plan is kept in {output}, and can be applied until {made.header.expires}")
    code = exit_code(made)
    if look:
        return code
    if code:
        if format == "json":
            emit_refusal(made)
        else:
            say("nothing was written")
        return code
    if made.changes and not (yes or confirmed(made)):
        if format == "json":
            emit_nothing(made, "declined", ())
        say("nothing was written")
        return exits.DONE
    result = api.apply(project, made, user=user, reason=reason, approved_by=approved_by)
    report(result, made, format, options)
    return result.exit_code


COMMANDS = (revert,)
