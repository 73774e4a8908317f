"""The options that every command has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from assignrules.project import Project

F = TypeVar("F", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
WITH_VALUE = ("--project", "-e", "--environment", "--as-of", "--param")  # the common options, as they may also stand before the command
ALONE = ("-q", "--quiet", "-v", "--verbose")


class Day(click.ParamType[date]):
    """A date in ISO form."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date of ``2026-11-22``."""
        if isinstance(value, date):
            return value
        try:
            return (
                date.fromisoformat(str(value))
                if len(str(value)) == 10
                else self.fail(f"{value!r} is no date; write it like 2026-11-22", param, ctx)
            )
        except ValueError:
            self.fail(f"{value!r} is no date; write it like 2026-11-22", param, ctx)


@dataclass(frozen=True, slots=True)
class Options:
    """What the common options say. ``format``: of the output, where the command has a choice."""

    project: Path | None = None
    environment: str | None = None
    as_of: date | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    quiet: bool = False
    verbose: bool = False

    def open(self) -> Project:
        """The project, by these options."""
        from assignrules import api

        return api.load_project(self.project, environment=self.environment, as_of=self.as_of, params=self.params)

    def say(self, text: str = "") -> None:
        """Prose, unless it is not wanted."""
        from assignrules.cli.output import say

        if not self.quiet:
            say(text)

    def command(self, *words: str, journal: bool = False) -> str:
        """A command line with the same options, for a person to copy. ``journal``: it looks at what was done, so that neither a day nor
        parameters matter to it."""
        parts = ["assignrules", *words]
        if self.project is not None:
            parts += ["--project", str(self.project)]
        if self.environment is not None:
            parts += ["-e", self.environment]
        if journal:
            return " ".join(shown(part) for part in parts)
        if self.as_of is not None:
            parts += ["--as-of", self.as_of.isoformat()]
        for name, value in self.params.items():
            parts += ["--param", f"{name}={value}"]
        return " ".join(shown(part) for part in parts)


def shown(word: str) -> str:
    """A word as a shell takes it."""
    import shlex

    return shlex.quote(word)


def common(command: F) -> F:
    """Adds the common options; the command gets them as ``options``."""
    import functools

    @functools.wraps(command)
    def wrapped(
        *args: Any,
        project: Path | None,
        environment: str | None,
        as_of: date | None,
        params: tuple[str, ...],
        quiet: bool,
        verbose: bool,
        **more: Any,
    ) -> Any:
        return command(*args, options=Options(project, environment, as_of, _params(params), quiet, verbose), **more)

    decorators = (
        click.option(
            "--project", type=PATH, metavar="DIR", help="The project's folder; otherwise the current one or the nearest above it."
        ),
        click.option("-e", "--environment", metavar="NAME", help="One of the project's environments, instead of its default."),
        click.option("--as-of", type=Day(), metavar="DATE", help="The day that the rules take for today, like 2026-11-22."),
        click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Sets a parameter of the rules; may be repeated."),
        click.option("-q", "--quiet", is_flag=True, help="No progress and no remarks."),
        click.option("-v", "--verbose", is_flag=True, help="More about what went wrong."),
    )
    for decorator in reversed(decorators):
        wrapped = decorator(wrapped)
    return wrapped  # type: ignore[return-value]  # click's decorators keep the type of a function


def formats(*names: str) -> Callable[[F], F]:
    """Adds ``--format``; the first name is the default."""
    return click.option(
        "--format", "format", type=click.Choice(names), default=names[0], show_default=True, help="How the result is written."
    )


def _params(given: tuple[str, ...]) -> dict[str, str]:
    params: dict[str, str] = {}
    for text in given:
        name, mark, value = text.partition("=")
        if not mark or not name.strip():
            raise click.BadParameter(f'{text!r} is no parameter; write it like old_days="90 days"', param_hint="'--param'")
        params[name.strip()] = value.strip()
    return params
