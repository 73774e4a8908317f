"""A plan kept in a file: the document of ``to_json`` with a digest of everything before it."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.ir.changes import Conflict, DataProblem, Held, Proposed
from assignrules.plan.model import SCHEMA_VERSION, Alert, Header, Plan, Requirement, compact, lines
from assignrules.plan.whole import PRIVATE, write_whole

if TYPE_CHECKING:
    from pydantic import TypeAdapter

START = b'{"schema_version":'
DIGEST = b',\n"digest":"sha256:'
END = b'"}\n'
DIGEST_LENGTH = len(DIGEST) + 64 + len(END)
AGAIN = "make the plan again"


@dataclass(frozen=True, slots=True)
class _Parts:
    """Everything of the document but the changes."""

    plan: Header
    held: tuple[Held, ...]
    conflicts: tuple[Conflict, ...]
    requirements: tuple[Requirement, ...]
    alerts: tuple[Alert, ...]
    data_errors: tuple[DataProblem, ...]
    data_warnings: tuple[DataProblem, ...]
    alert_rows: tuple[dict[str, Any], ...] = ()
    proposals: tuple[Proposed, ...] = ()


def write_plan(plan: Plan, path: Path) -> None:
    """Writes the file: whole, or not at all, whatever happens meanwhile (``OSError`` where it cannot be written). A device or a folder is
    never replaced by one."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "is not a file that could be written", str(path))
    write_whole(path, _sealed(plan), mode=PRIVATE)


def _sealed(plan: Plan) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for line in lines(plan):
        piece = line.encode()
        digest.update(piece)
        yield piece
    yield DIGEST + digest.hexdigest().encode() + END


def read_plan(path: Path) -> tuple[Plan | None, tuple[Diagnostic, ...]]:
    """The plan of a file that ``write_plan`` wrote and nobody changed since; or what is wrong with it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        return None, (diagnostic("E0601", f"plan file `{path.name}` cannot be read: {(error.strerror or 'unknown reason').lower()}"),)
    if not data.startswith(START):
        return None, (diagnostic("E0601", f"`{path.name}` is not a plan file", help="`assignrules plan -o FILE` writes one"),)
    content, tail = data[:-DIGEST_LENGTH], data[-DIGEST_LENGTH:]
    if not (tail.startswith(DIGEST) and tail.endswith(END)):
        return None, (diagnostic("E0602", f"plan file `{path.name}` is cut off or was changed at its end", help=AGAIN),)
    if hashlib.sha256(content).hexdigest().encode() != tail[len(DIGEST) : -len(END)]:
        return None, (diagnostic("E0602", f"plan file `{path.name}` was changed after it was made: its digest does not fit", help=AGAIN),)
    return _parsed(content, path.name)


def _parsed(content: bytes, name: str) -> tuple[Plan | None, tuple[Diagnostic, ...]]:
    """The plan of a document whose digest fits; it may still be another version's, or made by hand."""
    from pydantic import ValidationError

    try:
        head, changes, rest = _split(content.decode())
        document: dict[str, Any] = json.loads(head + rest + "}")
        version = document.pop("schema_version", None)
        if version != SCHEMA_VERSION:
            message = f"plan file `{name}` has format {version}, and this program reads format {SCHEMA_VERSION}"
            return None, (diagnostic("E0601", message, help=AGAIN),)
        document.pop("changes", None)
        parts = _adapter().validate_json(json.dumps(document))
    except (ValueError, ValidationError, RecursionError):
        return None, (diagnostic("E0601", f"plan file `{name}` does not have the form of a plan", help=AGAIN),)
    rows = tuple(compact(row) for row in parts.alert_rows)
    found = (parts.held, parts.conflicts, parts.requirements, parts.alerts, parts.data_errors, parts.data_warnings)
    return Plan(parts.plan, changes, *found, alert_rows=rows, proposals=parts.proposals), ()


def _split(text: str) -> tuple[str, tuple[str, ...], str]:
    """The document without its changes, and the changes as texts. A JSON text holds no line break, so a line is a change."""
    head, mark, rest = text.partition(',\n"changes":[')
    if not mark:
        raise ValueError("no changes")
    if rest.startswith("]"):
        return head, (), rest[1:]
    inside, mark, rest = rest.partition("\n]")
    if not mark or not inside.startswith("\n"):
        raise ValueError("changes are not one per line")
    return head, tuple(inside[1:].split(",\n")), rest


@cache
def _adapter() -> TypeAdapter[_Parts]:
    from pydantic import ConfigDict, TypeAdapter, with_config

    return TypeAdapter(with_config(ConfigDict(strict=True, extra="forbid"))(_Parts))
