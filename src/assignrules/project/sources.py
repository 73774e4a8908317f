"""The files that a project is made of beside its own: rule files and rule packs, as texts, and the revision that they are of."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from assignrules.diagnostics import Diagnostic, SourceFile, Span, diagnostic
from assignrules.project.model import CODE, FILE_NAME, Project
from assignrules.syntax.text import decode

if TYPE_CHECKING:
    from assignrules.check.packs import PackFolders


def rule_sources(project: Project) -> tuple[tuple[SourceFile, ...], tuple[Diagnostic, ...]]:
    """Every rule file of the project, sorted by name, with forward slashes; and what cannot be read."""
    sources: dict[str, SourceFile] = {}
    problems: list[Diagnostic] = []
    for entry in project.rules:
        place = project.root / entry
        if not place.exists():
            at = place_of(project.source, entry)
            problems.append(diagnostic(CODE, f"`{entry}` in `rules` does not exist", at, help="create it, or correct the name"))
            continue
        for path in [place] if place.is_file() else _rule_files(place):
            name = path.relative_to(project.root).as_posix()
            source, found = read_own_source(project, path, name)
            problems.extend(found)
            if source is not None:
                sources[name] = source
    return tuple(sources[name] for name in sorted(sources)), tuple(problems)


def given_rule_sources(project: Project, paths: Iterable[str | os.PathLike[str]]) -> tuple[tuple[SourceFile, ...], tuple[Diagnostic, ...]]:
    """The rule files of some paths, folders whole, sorted by name; and what cannot be read."""
    sources: dict[str, SourceFile] = {}
    problems: list[Diagnostic] = []
    for given in paths:
        path = Path(given)
        if not path.exists():
            problems.append(diagnostic("E0906", f"`{path}` does not exist"))
            continue
        files = list(_rule_files(path)) if path.is_dir() else [path]
        if not files:
            help = "rule files are called `*.rules`, `*.yml` or `*.yaml`"
            problems.append(diagnostic("E0906", f"there is no rule file in `{path}`", help=help))
        for file in files:
            source, found = read_source(file, shown_name(project, file))
            problems.extend(found)
            if source is not None:
                sources[source.name] = source
    return tuple(sources[name] for name in sorted(sources)), tuple(problems)


def pack_folders(project: Project) -> PackFolders:
    """Where `use` finds rule packs: in the folders that the project lists, then among those that ship with the package."""
    from assignrules.check.packs import PackFolders

    return PackFolders({entry: project.root / entry for entry in project.rulesets})


def read_source(path: Path, name: str) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
    """A text file by the name it is shown by."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return None, (diagnostic(CODE, f"`{name}` cannot be read: {(error.strerror or 'unknown reason').lower()}"),)
    return decode(name, data)


def read_own_source(project: Project, path: Path, name: str) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
    """The same of a file that the project itself names or holds: no link of it leads elsewhere."""
    if not path.resolve().is_relative_to(project.root.resolve()):
        return None, (diagnostic(CODE, f"`{name}` leads out of the project", help="put the file itself there"),)
    return read_source(path, name)


def shown_name(project: Project, path: Path) -> str:
    """A file as it is shown: relative to the project where it lies in it."""
    path = path.resolve()
    root = project.root.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def with_last_line_ended(source: SourceFile) -> SourceFile:
    """A YAML text whose last line ends with a line break: the parser marks ends on the line behind, which then is one of the text."""
    return source if source.text.endswith("\n") else SourceFile(source.name, f"{source.text}\n")


def git_revision(folder: Path) -> str | None:
    """The revision that the folder's files are of, with ``-dirty`` where some differ from it; None outside git."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None  # no git on this machine, or one that hangs: a plan does without
    return done.stdout.strip() or None if done.returncode == 0 else None


def _rule_files(folder: Path) -> Iterator[Path]:
    """Hidden files are an editor's own, and the project file is none."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".rules", ".yml", ".yaml") and path.is_file() and not path.name.startswith(".") and path.name != FILE_NAME:
            yield path


def place_of(source: SourceFile, text: str) -> Span | None:
    """Where a text first stands in a file."""
    start = source.text.find(text)
    return None if start < 0 else source.span(start, start + len(text))
