"""A site in a folder of its own: written whole or not at all, and never over anything that is not the site's."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from assignrules.diagnostics import Diagnostic, diagnostic

MARK = "assignrules-docs.txt"
HEAD = "Written by `assignrules docs`, which writes this folder anew each time. Its files:"


def write_site(pages: Mapping[str, str], folder: Path) -> tuple[Diagnostic, ...]:
    """Writes the pages; a site that stood there before is replaced by them. What is wrong with the folder, where nothing was written.

    The folder above it must be there. Raises ``OSError`` where it cannot be written to.
    """
    place = folder.resolve()
    problems = _in_the_way(folder, place)
    if problems:
        return problems
    made = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
    old = made.with_name(f"{made.name}.old")
    try:
        for name, text in (*pages.items(), (MARK, "\n".join((HEAD, *sorted((*pages, MARK)), "")))):
            (made / name).write_text(text, encoding="utf-8", newline="")
        os.chmod(made, 0o777 & ~_umask())
        if place.exists():
            place.rename(old)
        try:
            made.rename(place)
        except OSError:
            if old.exists():
                old.rename(place)
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return ()


def _in_the_way(folder: Path, place: Path) -> tuple[Diagnostic, ...]:
    if not place.exists():
        return ()
    if not place.is_dir():
        return (diagnostic("E0907", f"`{folder}` is a file", help="choose another name"),)
    there = sorted(path.name for path in place.iterdir())
    if not there:
        return ()
    mark = place / MARK
    lines = mark.read_text(encoding="utf-8", errors="replace").splitlines() if mark.is_file() else []
    if lines[:1] != [HEAD]:
        message = f"folder `{folder}` is not empty, and not one that `docs` has written"
        return (diagnostic("E0907", message, help="choose a new one with `-o`"),)
    strange = [name for name in there if name not in lines[1:] or (place / name).is_dir()]
    if strange:
        message = f"folder `{folder}` holds `{strange[0]}`, which `docs` has not written"
        return (diagnostic("E0907", message, help="move it elsewhere, or choose a new folder with `-o`"),)
    return ()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
