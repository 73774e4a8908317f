"""The documents as programs: their fenced blocks, and what the commands in them really print.

- ``console``: commands (``$ assignrules …``) with their output. ``…`` stands for what is left out, alone on a line for lines; times may be
  any. The console blocks of a document run in order in one folder. A command that fails is followed by ``$ echo $?``.
- a block whose fence names a path (``csv data/customers.csv``) is written to that file; ``diff PATH`` exchanges lines of one.
- ``python`` is run, in the same folder.
- ``rules`` without a path is checked by itself; a block ``text diagnostics`` after it holds what `check` says of it.

    python -m tests.docs.documents           # writes the real output and the made tables into the documents; then read the difference
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from click.testing import CliRunner

from assignrules.check import check_files
from assignrules.cli import application
from assignrules.diagnostics import SourceFile
from assignrules.report.diagnostics import as_text
from assignrules.schema.logical import credit

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ENVIRONMENT = {"LOGNAME": "jane", "COLUMNS": "100", "NO_COLOR": "1", "GITHUB_WORKSPACE": ""}
LEFT_OUT = "…"

_FENCE = re.compile(r"^```(.*)$")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the words after the fence, the lines inside, and the number of its first line in the document (from 1)."""

    words: tuple[str, ...]
    lines: tuple[str, ...]
    line: int

    @property
    def kind(self) -> str:
        return self.words[0] if self.words else ""

    @property
    def path(self) -> str | None:
        """The file that the block is, where it is one."""
        return self.words[1] if len(self.words) > 1 and self.kind != "text" else None

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a console block with the output that the document shows; ``line`` is the command's."""

    text: str
    expected: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, and its exit code. ``next``: the command after it in the document."""

    command: Command
    output: tuple[str, ...]
    exit_code: int
    next: str | None

    @property
    def failed(self) -> bool:
        """Whether it failed where the document does not show that."""
        return self.exit_code != 0 and self.next != "echo $?"


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a document."""
    words: tuple[str, ...] | None = None
    inside: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence is None:
            inside.append(line)
        elif words is None:
            words, inside, start = tuple(fence[1].split()), [], number + 1
        else:
            yield Block(words, tuple(inside), start)
            words = None
    assert words is None, f"the block that starts on line {start} is not closed"


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block."""
    text: str | None = None
    line, expected = 0, list[str]()
    for number, found in enumerate(block.lines, start=block.line):
        if found.startswith("$ "):
            if text is not None:
                yield Command(text, tuple(expected), line)
            text, expected, line = found[2:], [], number
        else:
            assert text is not None, f"line {number}: output without a command"
            expected.append(found)
    if text is not None:
        yield Command(text, tuple(expected), line)


def run(document: Path) -> list[Ran]:
    """Runs a document in a folder of its own."""
    found = list(blocks(document.read_text(encoding="utf-8")))
    steps: list[Block | Command] = []
    for block in found:
        steps += commands(block) if block.kind == "console" else [block] if block.path or block.kind == "python" else []
    written = [step for step in steps if isinstance(step, Command)]
    ran: list[Ran] = []
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        shell = _Shell(Path(folder))
        for step in steps:
            if isinstance(step, Block):
                if step.path is None:
                    exec(compile(step.text, f"{document.name}:{step.line}", "exec"), {})
                else:
                    _write(step, Path(step.path))
                continue
            output, code = shell.run(step.text)
            after = written.index(step) + 1
            ran.append(Ran(step, _trimmed(output), code, written[after].text if after < len(written) else None))
    return ran


def matches(expected: tuple[str, ...], output: tuple[str, ...]) -> bool:
    """Whether the shown output is the real one, but for what is left out."""
    pattern = ""
    for line in map(_steady, _trimmed("\n".join(expected))):
        if line.strip() == LEFT_OUT:
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += r"[^\n]*".join(re.escape(part) for part in line.split(LEFT_OUT)) + r"\n"
    return re.fullmatch(pattern, "".join(f"{_steady(line)}\n" for line in output)) is not None


def diagnosed(text: str) -> str:
    """What `check` says of one rule file."""
    source = SourceFile("example.rules", text)
    checked = check_files([source], credit())
    return as_text(checked.diagnostics, {source.name: source}).rstrip("\n")


def _write(block: Block, path: Path) -> None:
    if block.kind != "diff":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    old, new = ("".join(f"{line[1:]}\n" for line in block.lines if line.startswith(sign)) for sign in "-+")
    assert text.count(old) == 1, f"line {block.line}: the file does not have these lines once"
    path.write_text(text.replace(old, new), encoding="utf-8")


def _trimmed(output: str) -> tuple[str, ...]:
    lines = [line.rstrip() for line in output.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return tuple(lines)


class _Shell:
    """The few commands that the documents use; nothing outside the folder is touched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = 0

    def run(self, text: str) -> tuple[str, int]:
        name, *words = shlex.split(text, comments=True)
        if text == "echo $?":
            return f"{self.code}\n", 0
        known: dict[str, Callable[[list[str]], str]] = {"cd": self._cd, "mkdir": self._mkdir, "rm": self._rm, "cat": self._cat}
        if name == "assignrules":
            done = CliRunner().invoke(application, words, env=ENVIRONMENT)
            self.code = done.exit_code
            return done.output, self.code
        self.code = 0
        return known[name](words), 0

    def _inside(self, word: str) -> Path:
        path = Path(word).resolve()
        assert path.is_relative_to(self.folder.resolve()), f"{word} is outside the document's folder"
        return path

    def _cd(self, words: list[str]) -> str:
        os.chdir(self._inside(words[0]))
        return ""

    def _mkdir(self, words: list[str]) -> str:
        for word in words:
            self._inside(word).mkdir(parents=True)
        return ""

    def _rm(self, words: list[str]) -> str:
        for word in words:
            self._inside(word).unlink()
        return ""

    def _cat(self, words: list[str]) -> str:
        return "".join(self._inside(word).read_text(encoding="utf-8") for word in words)


def _steady(line: str) -> str:
    """A line with any time made the same, so that a document may show one."""
    return _TIME.sub("2026-11-22 09:00:00", line)


def _rewritten(document: Path) -> str:
    """The document with the real output wherever the shown one is another, and with the diagnostics of its examples."""
    lines = document.read_text(encoding="utf-8").splitlines()
    changes: dict[tuple[int, int], tuple[str, ...]] = {}  # from (0-based), how many, the lines instead
    for done in run(document):
        if done.failed:
            raise SystemExit(f"{document.name}:{done.command.line}: $ {done.command.text}\n" + "\n".join(done.output))
        if not matches(done.command.expected, done.output):
            changes[done.command.line, len(done.command.expected)] = tuple(_HASH.sub("sha256:…", line) for line in done.output)
    found = list(blocks("\n".join(lines)))
    for example, after in pairwise(found):
        if example.kind == "rules" and example.path is None and after.words == ("text", "diagnostics"):
            changes[after.line - 1, len(after.lines)] = tuple(diagnosed(example.text).splitlines())
    for (start, length), instead in sorted(changes.items(), reverse=True):
        lines[start : start + length] = instead
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    from tests.docs.tables import with_tables

    wanted = {Path(word).resolve() for word in sys.argv[1:]}
    for document in DOCUMENTS:
        if wanted and document not in wanted:
            continue
        text = _rewritten(document)
        text = with_tables(text)
        if text != document.read_text(encoding="utf-8"):
            document.write_text(text, encoding="utf-8")
            print(f"rewrote {document.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
