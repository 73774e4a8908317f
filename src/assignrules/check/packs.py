"""Rule packs on disk: folders of rule files, in the folders that a project lists and in the one that ships with the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from assignrules.diagnostics import Diagnostic, SourceFile, diagnostic
from assignrules.resolve.packs import Pack
from assignrules.syntax.text import decode

SHIPPED = "rulesets"


class PackFolders:
    """Finds packs in folders, the first folder that has one first, and at last among the shipped ones.

    ``folders`` by the name that they are shown by. A pack is a folder in one of them, its rules are the rule files directly in it; nothing
    is read through a link that leads out of it. ``sources`` are the files read so far, for whoever shows a diagnostic.
    """

    def __init__(self, folders: Mapping[str, Path] | None = None) -> None:
        self.folders: tuple[tuple[str, Path], ...] = (*(folders or {}).items(), (SHIPPED, shipped_folder()))
        self.sources: dict[str, SourceFile] = {}

    def find(self, name: str) -> Pack | None:
        """The pack of a name, exactly as the folder is written."""
        for shown, folder in self.folders:
            if name in _packs_in(folder):
                return self._read(f"{shown.rstrip('/')}/{name}", folder / name)
        return None

    def names(self) -> Sequence[str]:
        """Every pack that can be found, each once, sorted."""
        return sorted({name for _, folder in self.folders for name in _packs_in(folder)})

    def _read(self, shown: str, place: Path) -> Pack:
        files: list[SourceFile] = []
        problems: list[Diagnostic] = []
        home = place.resolve()
        for path in sorted(place.iterdir()):
            if path.suffix not in (".rules", ".yml", ".yaml") or path.name.startswith(".") or not path.is_file():
                continue
            name = f"{shown}/{path.name}"
            if not path.resolve().is_relative_to(home):
                problems.append(diagnostic("E0211", f"`{name}` leads out of its rule pack", help="put the file itself there"))
                continue
            try:
                source, found = decode(name, path.read_bytes())
            except OSError as error:
                source, found = None, (diagnostic("E0211", f"`{name}` cannot be read: {(error.strerror or 'unknown reason').lower()}"),)
            problems.extend(found)
            if source is not None:
                files.append(source)
                self.sources[name] = source
        return Pack(tuple(files), tuple(problems))


def shipped_folder() -> Path:
    """The packs that ship: inside the installed package, or at the top of the checkout in an editable install."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / SHIPPED
    return packaged if packaged.is_dir() else package.parents[1] / SHIPPED


def _packs_in(folder: Path) -> list[str]:
    """Real folders only: a link could lead anywhere."""
    if not folder.is_dir():
        return []
    return [path.name for path in folder.iterdir() if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")]
