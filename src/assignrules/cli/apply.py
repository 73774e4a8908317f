"""`apply`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assignrules.cli import exits
from assignrules.cli.options import PATH, Options, common, formats
from assignrules.cli.output import complain, emit, say
from assignrules.cli.plan import exit_code, old_data, show

if TYPE_CHECKING:
    from assignrules.apply import ApplyResult
    from assignrules.diagnostics import Diagnostic
    from assignrules.plan.model import Plan


@click.command()
@click.argument("file", required=False, type=PATH)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--reason", metavar="TEXT", help="Why; kept in the journal.")
@click.option("--approved-by", metavar="NAME", help="Who approved it; kept in the journal.")
@click.option("--as", "user", metavar="NAME", help="Who applies, where that is not the operating system's user; both are kept.")
@click.option(
    "--override-guard", "overrides", multiple=True, metavar="NAME", help="Let this guard pass; may be repeated, and is kept in the journal."
)
@click.option("--dry-run", is_flag=True, help="Show what would be applied, and write nothing: the same as `plan`.")
@formats("text", "json")
@common
def apply(
    file: Path | None,
    yes: bool,
    reason: str | None,
    approved_by: str | None,
    user: str | None,
    overrides: tuple[str, ...],
    dry_run: bool,
    format: str,
    options: Options,
) -> int:
    """Apply a kept plan; or plan, show the changes, ask, and apply.

    Changes and journal are committed together or not at all. Every row that the plan changes must still be as the plan found it; otherwise
    nothing is written and the rows are named (exit 4). Without a terminal, --yes is needed.
    """
    from assignrules import api
    from assignrules.apply.executor import let_pass

    if not (yes or dry_run or interactive()):
        raise ConfirmationNeeded("there is no terminal to ask at: pass --yes to apply without a question, or --dry-run to only look")
    project = options.open()
    made = api.plan_changes(project, overrides=overrides) if file is None else api.read_plan(file)
    shown = made if file is None else let_pass(made, overrides)
    if options.as_of not in (None, made.header.as_of):
        say(f"the plan is for {made.header.as_of}, and is applied as it is: `--as-of {options.as_of}` changes nothing")
    if dry_run:
        show(shown, format, options, next_step=options.command("apply", *([str(file)] if file else [])))
        return exit_code(shown, old=bool(old_data(project, overrides)))
    # What is applied already is said at once: its preview would tell of changes that are not going to be made.
    already = file is not None and api.applied_as(project, made) is not None
    if format == "text" and not options.quiet and not already:
        show(shown, format, options, summary=file is not None and yes)
    code = exit_code(made)
    old = old_data(project, overrides) if file is None and not code else ()
    if file is None and (code or old):
        if format == "json":
            emit_refusal(made, old)
        return code or exits.REFUSED
    if (made.changes or made.proposes) and not (yes or already or confirmed(made)):
        if format == "json":
            emit_nothing(made, "declined", ())
        say("nothing was written")
        return exits.DONE
    result = api.apply(project, made, user=user, reason=reason, approved_by=approved_by, overrides=overrides)
    report(result, made, format, options)
    return exits.WRONG if result.exit_code == exits.REFUSED and made.data_errors else result.exit_code


class ConfirmationNeeded(click.UsageError):
    """Nobody can be asked, and nobody said yes beforehand."""

    code = "E0709"


def interactive() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty()


def confirmed(made: Plan) -> bool:
    text = f"Apply {_written(len(made.changes), len(made.proposes))} to environment {made.header.environment}?"
    return click.confirm(text, default=False, err=True)


def report(result: ApplyResult, made: Plan, format: str, options: Options) -> None:
    from assignrules.apply import Outcome
    from assignrules.report.diagnostics import document, rows

    applied = result.outcome is Outcome.APPLIED
    if format == "json":
        emit(
            document(
                {
                    "outcome": result.outcome.name.lower(),
                    "already": result.already,
                    "run": result.run,
                    "head": result.head,
                    "changes": result.changes,
                    "proposals": result.proposals,
                    "summary": {target: dict(words) for target, words in made.header.summary.items()},
                    "diagnostics": rows(result.diagnostics),
                    **left(made),
                }
            )
        )
    elif result.already:
        emit(f"already applied as run {result.run}\njournal head {result.head}\n")
    elif applied:
        emit(f"applied as run {result.run}: {_written(result.changes, result.proposals)}\njournal head {result.head}\n")
        options.say(f"look back with `{options.command('show', str(result.run), journal=True)}`")
    complain(result.diagnostics)
    if not applied:
        say("nothing was written")


def left(made: Plan) -> dict[str, object]:
    """What a revert leaves, as it stands no more as the run left it: part of its answer."""
    return {} if made.header.reverts is None else {"conflicts": [asdict(item) for item in made.conflicts]}


def emit_refusal(made: Plan, old: tuple[Diagnostic, ...] = ()) -> None:
    from assignrules.apply.executor import refused

    emit_nothing(made, "refused", (*refused(made), *old))


def emit_nothing(made: Plan, outcome: str, problems: Sequence[Diagnostic]) -> None:
    """The document of an apply that did not come to it."""
    from assignrules.report.diagnostics import document, rows

    summary = {target: dict(words) for target, words in made.header.summary.items()}
    emit(
        document(
            {
                "outcome": outcome,
                "already": False,
                "run": None,
                "head": None,
                "changes": 0,
                "proposals": 0,
                "summary": summary,
                "diagnostics": rows(problems),
                **left(made),
            }
        )
    )


def _written(changes: int, proposals: int) -> str:
    from assignrules.report.page import count

    return f"{count(changes, 'change')} and {count(proposals, 'proposal')}" if proposals else count(changes, "change")


COMMANDS = (apply,)
