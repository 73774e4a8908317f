"""The command itself: its subcommands in the order of use, and how every ending becomes an exit code."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any, NoReturn

import click

from assignrules import __version__
from assignrules.cli import exits
from assignrules.cli.options import ALONE, WITH_VALUE
from assignrules.cli.output import OutputFailed, complain, emit, say, silence

ISSUES = "please report this, with the command and what -v adds, at the project's issue tracker"
SECTIONS = {
    "Start": ("demo", "init", "load"),
    "Rules": ("check", "fmt", "convert", "test", "search", "report", "compile", "schema", "docs", "help"),
    "Plan and apply": ("plan", "show-plan", "apply", "explain", "diff"),
    "Journal": ("log", "show", "history", "export", "revert"),
}


class Terminated(BaseException):
    """SIGTERM came. No ``Exception``, so that nothing on the way up takes it for an error."""


class Application(click.Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use."""
        return [name for names in SECTIONS.values() for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by section."""
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=100)) for name in names])

    def main(  # type: ignore[override]  # it always ends the process, whatever `standalone_mode` says
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Runs a command line and ends the process with its exit code."""
        arguments = list(sys.argv[1:] if args is None else args)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 must not end the run
        code = self._run(arguments, prog_name or "assignrules")
        try:
            sys.stdout.flush()
        except OSError:
            silence([sys.stdout])
        sys.exit(code)

    def _run(self, arguments: list[str], prog_name: str) -> int:
        before = _on_sigterm()
        try:
            arguments = command_first(arguments)
            code = super().main(arguments, prog_name, standalone_mode=False)
            return code if isinstance(code, int) else exits.DONE
        except click.UsageError as error:
            if wants_json(arguments):
                _fail(error.format_message(), getattr(error, "code", "E0906"))
            error.show()
            return exits.USAGE
        except click.ClickException as error:
            error.show()
            return exits.WRONG
        except (click.Abort, KeyboardInterrupt):
            say("interrupted: nothing was written that is not journalled")
            return exits.INTERRUPTED
        except Terminated:
            say("terminated: nothing was written that is not journalled")
            return exits.TERMINATED
        except Exception as error:
            return _ended(error, arguments)
        finally:
            if before is not None:
                signal.signal(signal.SIGTERM, before)


@click.group(
    cls=Application,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Exit codes: 0 done, 1 rules, data or input are wrong, 2 changes (with --detailed-exitcode), 3 refused by a guard, "
    "4 stale plan, 5 database, 64 usage, 70 our own bug.",
)
@click.version_option(__version__, prog_name="assignrules", message="%(prog)s %(version)s")
def application() -> None:
    """Customer strategies for credit management, as rules.

    Write who gets which dunning scenario, group, portfolio or cover; see what would change and why; apply it; keep the journal.

    New here? `assignrules demo` shows everything on an example in a few seconds.
    """


def main(args: Sequence[str] | None = None, prog_name: str | None = None) -> NoReturn:
    """The console entry point."""
    # What a command makes, trees above all, mostly lives until it ends: to look through all of it for circles takes a fourth of a `check`.
    gc.set_threshold(50_000, 20, 100)
    application.main(args, prog_name)


def command_first(arguments: list[str]) -> list[str]:
    """The arguments with the common options, and the format, that stand before the command behind it: `assignrules --project DIR plan`."""
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if word in (*WITH_VALUE, "--format"):
            index += 2
        elif word in ALONE or word.startswith(("-e", "--format=", *(f"{name}=" for name in WITH_VALUE))):
            index += 1
        else:
            break
    if not 0 < index < len(arguments) or arguments[index].startswith("-"):
        return arguments
    return [arguments[index], *arguments[:index], *arguments[index + 1 :]]


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for a JSON document; also where it cannot be understood otherwise."""
    following = [*arguments[1:], ""] if arguments else []
    pairs = zip(arguments, following, strict=True)
    return any(word == "--format=json" or (word == "--format" and value == "json") for word, value in pairs)


def _on_sigterm() -> Any:
    """Ends the run in order: transactions are rolled back, temporary files removed. What was set before; None outside the main thread."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    try:
        return signal.signal(signal.SIGTERM, terminate)
    except ValueError:
        return None  # signals belong to the main thread alone


def _ended(error: Exception, arguments: Sequence[str]) -> int:
    """Reports an exception that ended a command; its exit code."""
    from assignrules.api import Problems
    from assignrules.databases import DatabaseProblem
    from assignrules.databases.base import NumberTooLarge

    as_json = wants_json(arguments)
    verbose = any(word in ("-v", "--verbose") for word in arguments)
    if isinstance(error, Problems):
        from assignrules.report.diagnostics import as_json as document

        if as_json:
            emit(document(error.diagnostics))
        complain(error.diagnostics, error.sources)
        return exits.WRONG
    if isinstance(error, DatabaseProblem):
        from assignrules.report.diagnostics import as_json as document

        if as_json:
            emit(document([error.diagnostic]))
        complain([error.diagnostic])
        if verbose and error.__cause__ is not None:
            say(f"caused by: {error.__cause__}")
        return exits.WRONG if isinstance(error, NumberTooLarge) else exits.DATABASE
    if isinstance(error, OutputFailed):
        say(f"error: {error}")
        return exits.WRONG
    if isinstance(error, OSError) and error.filename is not None:
        text = f"`{error.filename}`: {(error.strerror or 'cannot be used').lower()}"
        if as_json:
            _fail(text, "E0906")
        say(f"error: {text}")
        return exits.WRONG
    text = f"internal error: {type(error).__name__}: {error}"
    if as_json:
        _fail(text, "E9901")
    if verbose:
        import traceback

        say(traceback.format_exc().rstrip())
    say(f"{text}\n{ISSUES}")
    return exits.BUG


def _fail(message: str, code: str) -> None:
    from assignrules.diagnostics import diagnostic
    from assignrules.report.diagnostics import as_json

    emit(as_json([diagnostic(code, message)]))


def _register() -> None:
    from assignrules.cli import (
        apply,
        compile,
        convert,
        demo,
        diff,
        docs,
        explain,
        export,
        help,
        init,
        journal,
        load,
        plan,
        report,
        revert,
        rules,
        schema,
        search,
    )
    from assignrules.cli import test as tests

    groups = (
        apply, compile, convert, demo, diff, docs, explain, export, help, init, journal, load, plan, report, revert, rules, schema,
        search, tests,
    )  # fmt: skip
    for module in groups:
        for command in module.COMMANDS:
            application.add_command(command)


_register()
