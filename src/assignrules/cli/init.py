"""`init`."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from assignrules.cli.options import PATH, Options, common, formats, shown
from assignrules.cli.output import emit

NAME = "PROJECT_NAME"
# Templates whose name would be hidden, or would mean something where they stand.
PLACES = {"gitignore": ".gitignore", "workflow.yml": ".github/workflows/rules.yml"}


@click.command()
@click.argument("directory", type=PATH, metavar="DIR")
@formats("text", "json")
@common
def init(directory: Path, format: str, options: Options) -> None:
    """Make a new project: project file, example rules, a rule test, sample data, a CI job.

    `assignrules check` and `assignrules test` pass in it right away. DIR must not exist, or be empty but for a `.git`.
    """
    must_be_free(directory)
    name = re.sub(r"[^a-z0-9]+", "-", directory.absolute().name.lower()).strip("-") or "strategy"
    made = []
    for place, template in sorted(_templates(files("assignrules.cli") / "templates")):
        path = directory / PLACES.get(place, place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template.read_text(encoding="utf-8").replace(NAME, name), encoding="utf-8")
        made.append(path.relative_to(directory).as_posix())
    if format == "json":
        from assignrules.report.diagnostics import document

        emit(document({"folder": str(directory), "created": made}))
    else:
        emit("".join(f"created {directory / name}\n" for name in made))
    folder = shown(str(directory))
    options.say(f"\nNext:\n  cd {folder}\n  assignrules check\n  assignrules test\n  assignrules load data\n  assignrules plan")


def must_be_free(directory: Path) -> None:
    """Refuses a folder that holds something: nothing of anybody's is overwritten. A repository that was just made holds nothing yet."""
    from assignrules.api import Problems
    from assignrules.diagnostics import diagnostic

    if directory.exists() and not directory.is_dir():
        raise Problems([diagnostic("E0907", f"`{directory}` is a file", help="choose another name")])
    if directory.is_dir() and any(entry.name != ".git" for entry in directory.iterdir()):
        raise Problems([diagnostic("E0907", f"folder `{directory}` is not empty", help="choose a new one")])


def _templates(folder: Traversable, prefix: str = "") -> list[tuple[str, Traversable]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _templates(item, f"{prefix}{item.name}/")
        elif not item.name.startswith((".", "__")):
            found.append((prefix + item.name, item))
    return found


COMMANDS = (init,)
