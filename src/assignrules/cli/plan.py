"""`plan` and `show-plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assignrules.cli import exits
from assignrules.cli.options import PATH, Options, common, formats
from assignrules.cli.output import complain, emit, page, say

if TYPE_CHECKING:
    from assignrules.diagnostics import Diagnostic
    from assignrules.plan.model import Plan
    from assignrules.project import Project


@click.command()
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Keep the plan in a file, for `apply FILE`; it expires after seven days.")
@click.option("--override-guard", "overrides", multiple=True, metavar="NAME", help="Let this guard pass; may be repeated.")
@click.option("--only", metavar="TARGET", help="Plan this target alone; the others stay as they are, for their readers too.")
@click.option("--html", type=PATH, metavar="F", help="Also write the plan as a page for a browser.")
@click.option("--xlsx", type=PATH, metavar="F", help="Also write it as a workbook, with every change.")
@click.option("--markdown", type=PATH, metavar="F", help="Also write it as Markdown, with the first changes of each kind.")
@click.option("--summary", is_flag=True, help="The totals without the difference.")
@click.option("--full", is_flag=True, help="Every change, instead of the grouped difference.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 where there are changes.")
@formats("text", "json")
@common
def plan(
    output: Path | None,
    overrides: tuple[str, ...],
    only: str | None,
    html: Path | None,
    xlsx: Path | None,
    markdown: Path | None,
    summary: bool,
    full: bool,
    detailed_exitcode: bool,
    format: str,
    options: Options,
) -> int:
    """The dry run: what would change, for whom and why. Nothing is written.

    Shows the difference in groups with a few examples each, then what is held, the guards and the totals. Exit 3 where a guard trips, 1
    where the data has errors.
    """
    from assignrules import api

    if summary and full:
        raise click.UsageError("--summary and --full contradict each other")
    for hint, file in (("-o", output), ("--html", html), ("--xlsx", xlsx), ("--markdown", markdown)):
        if file is not None and not file.absolute().parent.is_dir():
            raise click.BadParameter(f"there is no folder {file.parent}", param_hint=f"'{hint}'")
    project = options.open()
    made = api.plan_changes(project, overrides=overrides, only=only, keep=output is not None)
    if output is not None:
        api.save_plan(made, output)
    show(made, format, options, summary=summary, full=full, next_step=_next_step(made, output, overrides, only, options))
    _pages(made, html, markdown)
    if xlsx is not None:
        from assignrules.plan.whole import write_whole
        from assignrules.report.workbook import plan_workbook

        write_whole(xlsx, [plan_workbook(made)])
    if output is not None:
        options.say(f"the plan is kept in {output}, and can be applied until {made.header.expires}")
    return exit_code(made, detailed=detailed_exitcode, old=bool(old_data(project, overrides)))


@click.command("show-plan")
@click.argument("file", type=PATH)
@click.option("--summary", is_flag=True, help="The totals without the difference.")
@click.option("--full", is_flag=True, help="Every change, instead of the grouped difference.")
@formats("text", "json")
@common
def show_plan(file: Path, summary: bool, full: bool, format: str, options: Options) -> None:
    """Show a kept plan again, without a database.

    Warns where the rules of the project have changed since the plan was made: `apply` would refuse it then.
    """
    from assignrules import api

    if summary and full:
        raise click.UsageError("--summary and --full contradict each other")
    made = api.read_plan(file)
    show(made, format, options, summary=summary, full=full, next_step=options.command("apply", str(file)))
    try:
        same = api.plan_is_of(made, options.open())
    except api.Problems as error:
        options.say(f"the plan could not be compared with the rules of the project: {error}")
        return
    if not same:
        say("warning: the rules of the project are no longer those of this plan; make it again before you apply")


def show(made: Plan, format: str, options: Options, *, summary: bool = False, full: bool = False, next_step: str | None = None) -> None:
    """Writes a plan."""
    if format == "json":
        from assignrules.plan.model import to_json

        emit(to_json(made))
    else:
        from assignrules.report.plan import plan_text

        emit(plan_text(made, page(), summary=summary, full=full, next_step=next_step))


def _pages(made: Plan, html: Path | None, markdown: Path | None) -> None:
    from assignrules.plan.whole import write_text
    from assignrules.report.plan_pages import plan_html, plan_markdown

    for file, write in ((html, plan_html), (markdown, plan_markdown)):
        if file is not None:
            write_text(file, write(made))


def old_data(project: Project, overrides: tuple[str, ...]) -> tuple[Diagnostic, ...]:
    """What is said, here too, of data that is older than the project allows: it is no part of the plan."""
    from assignrules import api

    verdicts = api.freshness(project, overrides=overrides)
    problems = tuple(verdict.problem() for verdict in verdicts if not (verdict.passed or verdict.overridden))
    complain(problems)
    return problems


def exit_code(made: Plan, *, detailed: bool = False, old: bool = False) -> int:
    """What a plan comes to: data errors before guards, as a guard counts on the data. ``old``: the data is too old."""
    if made.data_errors:
        return exits.WRONG
    if old or not made.header.applicable:
        return exits.REFUSED
    return exits.CHANGES if detailed and (made.changes or made.proposes) else exits.DONE


def _next_step(made: Plan, output: Path | None, overrides: tuple[str, ...], only: str | None, options: Options) -> str | None:
    if output is not None:
        return options.command("apply", str(output))
    if only is not None:
        return options.command("plan", "--only", only, "-o", "FILE") + ", then apply FILE"
    words = [word for name in overrides for word in ("--override-guard", name)]
    return options.command("apply", *words)


COMMANDS = (plan, show_plan)
