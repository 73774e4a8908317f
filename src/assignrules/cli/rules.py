"""`check` and `fmt`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from assignrules.cli import exits
from assignrules.cli.options import PATH, Options, common, formats
from assignrules.cli.output import colored, complain, emit


@click.command()
@click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]...")
@formats("text", "json", "sarif", "github")
@common
def check(paths: tuple[Path, ...], format: str, options: Options) -> int:
    """Check the rules: syntax, names, types, meaning.

    Prints every problem of every file at once, each with its place and, where there is one, a way out. With PATH, only the problems of
    these rule files or folders.
    """
    import sys

    from assignrules import api
    from assignrules.report import diagnostics as report

    project = options.open()
    checked = api.check(project, paths)
    found = checked.diagnostics
    if format == "json":
        emit(report.as_json(found, files=list(checked.files)))
    elif format == "sarif":
        emit(report.as_sarif(found, _in_repository(project.root)))
    elif format == "github":
        emit(report.as_github(found, _in_repository(project.root)))
    else:
        text = report.as_text(found, checked.sources, color=colored(sys.stdout))
        emit(f"{text}\n" if text else "")
        if not options.quiet:
            emit(report.summary(found, len(checked.files)) + "\n")
    return exits.DONE if checked.ok else exits.WRONG


@click.command()
@click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]...")
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit 1 where a file would change.")
@formats("text", "json")
@common
def fmt(paths: tuple[Path, ...], only_check: bool, format: str, options: Options) -> int:
    """Write rule files in the canonical layout; comments are kept.

    Without PATH, all rule files of the project. A file that cannot be read as rules is left as it is.
    """
    from assignrules import api
    from assignrules.diagnostics import has_errors
    from assignrules.report.page import count

    done = api.format_rules(options.open(), paths, write=not only_check)
    word = "would change" if only_check else "formatted"
    if format == "json":
        from assignrules.report.diagnostics import as_json

        emit(as_json(done.diagnostics, changed=list(done.changed), unchanged=list(done.unchanged)))
    else:
        emit("".join(f"{word} {name}\n" for name in done.changed))
    complain(done.diagnostics, done.sources)
    same = count(len(done.unchanged), "file")
    options.say(f"{count(len(done.changed), 'file')} {word}, {same} already in the canonical layout")
    return exits.WRONG if has_errors(done.diagnostics) or (only_check and done.changed) else exits.DONE


def _in_repository(root: Path) -> str:
    """The project's folder as seen from where the command runs, which is where a CI job has the repository."""
    path = os.path.relpath(root, os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    return "" if path == os.curdir or path.startswith(os.pardir) else Path(path).as_posix()


COMMANDS = (check, fmt)
