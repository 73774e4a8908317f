"""The page of each diagnostic code: what it means, an example that brings it about, and the same put right.

Pages are Markdown files in ``pages/``, read one by one when they are asked for. An example is a fenced block whose first word says how
it is run: ``rules`` and ``yaml`` are rule files, ``console`` are commands in a new project (a line with ``#`` tells what happens between
them), ``yaml test`` is a rule test, a block with a path is a file of a project, and ``text`` stands for what is too long, or cannot be
shown. A test runs them all: each wrong one must give its code, each right one must not.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from assignrules.diagnostics.codes import CODES

AREAS = {
    "01": "The text of a rule file",
    "02": "Names",
    "03": "Types",
    "04": "What the rules mean together",
    "05": "The data",
    "06": "The plan",
    "07": "Applying, and the database",
    "08": "The journal",
    "09": "The command, the project file and rule tests",
    "99": "The program itself",
}
_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Example:
    """A fenced block. ``kind``: the words after its fence."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a code means. ``title`` is that of the code."""

    code: str
    title: str
    meaning: str
    wrong: Example
    right: Example

    @property
    def area(self) -> str:
        """What the code is about, by its first two digits."""
        return AREAS[self.code[1:3]]

    @property
    def severity(self) -> str:
        """``error`` or ``warning``."""
        return "error" if self.code[0] == "E" else "warning"


def read_page(code: str) -> Page:
    """The page of a code of ``CODES``."""
    title = CODES[code]
    text = (files("assignrules.diagnostics") / "pages" / f"{code}.md").read_text(encoding="utf-8")
    meaning, wrong, right = text.split("\n## ")
    return Page(code, title, " ".join(meaning.split()), _example(wrong), _example(right))


def _example(section: str) -> Example:
    fence, _, rest = section.partition(_FENCE)[2].partition("\n")
    return Example(fence.strip(), rest.rpartition(_FENCE)[0])
