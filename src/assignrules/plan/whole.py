"""Files that are written whole or not at all: whoever reads one never meets half of it, and a full disk leaves the old one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

READABLE, PRIVATE = 0o666, 0o600  # for everybody whom the process's mask lets, or for oneself


def write_whole(path: Path, pieces: Iterable[bytes], *, mode: int = READABLE) -> None:
    """Writes a file of these pieces beside its place, and then puts it there (``OSError`` that names it where it cannot). A file that was
    there gives its mode to the new one, unless that is private; a device or a pipe is written to and never replaced."""
    place = path.resolve()
    try:
        if place.exists() and not place.is_file():
            with place.open("wb") as stream:
                stream.writelines(pieces)
        else:
            _replace(place, pieces, mode)
    except OSError as error:  # a full disk names no file, and what else fails names the temporary one
        raise OSError(error.errno, error.strerror, str(path)) from error


def _replace(place: Path, pieces: Iterable[bytes], mode: int) -> None:
    temporary = place.with_name(f".{place.name}.{secrets.token_hex(6)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        if mode != PRIVATE and place.exists():
            temporary.chmod(place.stat().st_mode & 0o7777)
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise
    _sync(place.parent)


def write_text(path: Path, text: str) -> None:
    """The same of a text, as it is."""
    write_whole(path, [text.encode("utf-8")])


def _sync(folder: Path) -> None:
    """Makes the new name as lasting as the content."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
