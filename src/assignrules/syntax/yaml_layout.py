"""The canonical layout of YAML: two blanks of indent, short lists and mappings on one line, comments where they were.

It knows nothing of the language: what it lays out are leaves, mappings and lists, made from a tree or from the nodes of a file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from assignrules.diagnostics import SourceFile, Span
from assignrules.diagnostics.render import display_width
from assignrules.syntax.tree import Comment

WIDTH = 120
LONGEST_KEY = 1000  # a key of more than 1024 characters cannot be read
_BLANK_LINE = re.compile(r"\n[ \t\r]*\n")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar; ``text`` None is a missing one.

    ``code``: its place decides how it is read, else it is a text and must look like nothing else. ``lines``: its lines in a block whose
    column is given, where it is too long for one. ``verbatim``: its line breaks stay.
    """

    text: str | None
    code: bool = False
    lines: Callable[[int], list[str]] | None = field(default=None, compare=False)
    verbatim: bool = False


@dataclass(slots=True)
class Node:
    """A mapping (its entries have keys) or a list. ``flow``: may stand on one line."""

    entries: list[Entry]
    mapping: bool
    flow: bool


@dataclass(slots=True)
class Entry:
    """A key with its value, or an item. ``span``: where it stood, for comments; None where it is new.

    ``before`` are comments with whether a blank line was before them; ``gap`` whether one was before the entry itself.
    """

    key: str | None
    value: Leaf | Node
    span: Span | None = None
    before: list[tuple[str, bool]] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    gap: bool = False

    @property
    def commented(self) -> bool:
        return bool(self.before or self.behind)


# --- comments -----------------------------------------------------------------------------------------------------


def attach(root: Node, comments: Iterable[Comment], source: SourceFile | None) -> list[tuple[str, bool]]:
    """Puts comments to the entries that they stand before or behind, and gives those behind the last entry.

    ``source``: the text of comments and spans, for the blank lines.
    """
    entries = sorted((entry for entry in _all(root) if entry.span is not None), key=_place)
    rest: list[tuple[str, bool]] = []
    position = 0
    last_end = 0
    for comment in sorted(comments, key=lambda item: item.span.start):
        place = comment.span.start
        while position < len(entries) and _start(entries[position]) < place:
            last_end = max(last_end, _leaf_end(entries[position]))
            position += 1
        if comment.own_line or position == 0:
            told = (comment.text, _gap(source, last_end, place))
            around = entries[position - 1] if position > 0 else None
            if around is not None and isinstance(around.value, Leaf) and place < _leaf_end(around):
                around.before.append(told)
            elif position < len(entries):
                entries[position].before.append(told)
            else:
                rest.append(told)
        else:
            _put_behind(_owner(entries, position, comment), comment.text)
        last_end = max(last_end, comment.span.end)
    _mark_gaps(entries, comments, source)
    return rest


def _all(node: Node) -> Iterator[Entry]:
    for entry in node.entries:
        yield entry
        if isinstance(entry.value, Node):
            yield from _all(entry.value)


def _place(entry: Entry) -> tuple[int, int]:
    assert entry.span is not None
    return entry.span.start, -entry.span.end


def _start(entry: Entry) -> int:
    assert entry.span is not None
    return entry.span.start


def _leaf_end(entry: Entry) -> int:
    assert entry.span is not None
    return entry.span.end if isinstance(entry.value, Leaf) else entry.span.start


def _owner(entries: list[Entry], position: int, comment: Comment) -> Entry:
    """The entry that a comment at the end of a line belongs to: the widest that stands on the line alone, else the last that began."""
    on_line = []
    for entry in reversed(entries[:position]):
        if entry.span is None or entry.span.line != comment.span.line:
            break
        on_line.append(entry)
    whole = [entry for entry in on_line if entry.span is not None and entry.span.end <= comment.span.start]
    return whole[-1] if whole else entries[position - 1]


def _put_behind(entry: Entry, text: str) -> None:
    """One comment fits behind a line: earlier ones move before it."""
    if entry.behind:
        entry.before.append((entry.behind.pop(), False))
    entry.behind.append(text)


def _gap(source: SourceFile | None, start: int, end: int) -> bool:
    return source is not None and _BLANK_LINE.search(source.text, start, end) is not None


def _mark_gaps(entries: Sequence[Entry], comments: Iterable[Comment], source: SourceFile | None) -> None:
    """Where a blank line stands right before an entry."""
    if source is None:
        return
    before = re.compile(r"(?:^|\n)[ \t\r]*\n[ \t\r\-]*\Z")
    for entry in entries:
        start = _start(entry)
        entry.gap = before.search(source.text, max(0, start - 200), start) is not None


# --- lines --------------------------------------------------------------------------------------------------------


def lay_out(root: Node, rest: Iterable[tuple[str, bool]] = ()) -> str:
    """The text of a file: a mapping of sections, and the comments behind the last."""
    output: list[str] = []
    for section in root.entries:
        told = list(section.before)
        for number, (comment, gap) in enumerate(told):
            if output and (gap or number == 0):
                output.append("")
            output.append(comment)
        if output and (section.gap or not told):
            output.append("")
        if isinstance(section.value, Leaf) or not section.value.entries:
            output += _lines(Entry(section.key, section.value, behind=section.behind), 0)
            continue
        output.append(_with_comment(f"{_key(section)}:", section.behind))
        output += _statements(section.value)
    for number, (comment, gap) in enumerate(rest):
        if output and (gap or (number == 0 and root.entries)):
            output.append("")
        output.append(comment)
    return "\n".join(output) + "\n" if output else ""


def _statements(section: Node) -> list[str]:
    """The statements of a section: those of several lines stand apart."""
    output: list[str] = []
    was_long = False
    for number, entry in enumerate(section.entries):
        hoisted: list[tuple[str, bool]] = []
        lines = _lines(Entry(entry.key, entry.value, behind=entry.behind), 2, hoisted)
        is_long = len(lines) > 1
        apart = number > 0 and (was_long or is_long)
        for position, (comment, gap) in enumerate([*entry.before, *hoisted]):
            if number + position > 0 and (gap or (apart and position == 0)):
                output.append("")
            output.append("  " + comment)
        if (number > 0 or entry.before) and (entry.gap or (apart and not entry.before and not hoisted)):
            output.append("")
        output += lines
        was_long = is_long
    return output


def _lines(entry: Entry, indent: int, hoisted: list[tuple[str, bool]] | None = None) -> list[str]:
    """The lines of an entry. Comments that must stand before it come first, or go to ``hoisted`` where that is given."""
    pad = " " * indent
    before = list(entry.before)
    start = pad + ("- " if entry.key is None else f"{_key(entry)}:")
    value = entry.value
    space = "" if entry.key is None else " "
    lines: list[str]
    if isinstance(value, Leaf):
        lines = _leaf_lines(start, space, value, indent, entry.behind)
    elif (flow := _flow(value, item=entry.key is None)) is not None and display_width(start + space + flow) <= WIDTH:
        lines = [_with_comment(start + space + flow, entry.behind)]
    elif entry.key is None:
        lines = []
        behind = list(entry.behind)
        for number, child in enumerate(value.entries):
            if number == 0:
                before += child.before
                if behind and child.behind:
                    before.append((behind.pop(), False))
                child = Entry(child.key, child.value, behind=[*child.behind, *behind])
            inner: list[tuple[str, bool]] = []
            found = _lines(child, indent + 2, inner if number == 0 else None)
            before += inner
            lines += found
        lines[0] = start + lines[0][indent + 2 :]
    else:
        lines = [_with_comment(start, entry.behind)]
        for child in value.entries:
            lines += _lines(child, indent + 2)
    if hoisted is not None:
        hoisted += before
        return lines
    return [*(pad + comment for comment, _ in before), *lines]


def _leaf_lines(start: str, space: str, leaf: Leaf, indent: int, behind: Sequence[str]) -> list[str]:
    if leaf.text is None:
        return [_with_comment(start.rstrip(), behind)]
    block = indent + 2
    if leaf.verbatim and "\n" in leaf.text and _is_printable(leaf.text):
        body = leaf.text.removesuffix("\n")
        chomp = "" if body != leaf.text else "-"
        if body.endswith("\n") or not body.strip() or leaf.text[0] in " \n":
            return [_with_comment(start + space + _styled(leaf, flow=False), behind)]
        lines = body.split("\n")
        return [_with_comment(f"{start}{space}|{chomp}", behind), *((" " * block + line).rstrip(" ") for line in lines)]
    text = _styled(leaf, flow=False)
    if leaf.lines is not None and display_width(start + space + text) > WIDTH:
        lines = leaf.lines(block)
        if len(lines) > 1 and all(map(_is_printable, lines)):
            return [_with_comment(f"{start}{space}|-", behind), *((" " * block + line) for line in lines)]
    return [_with_comment(start + space + text, behind)]


def _with_comment(line: str, behind: Sequence[str]) -> str:
    return "  ".join([line, *behind])


def _flow(node: Node, *, item: bool = False) -> str | None:
    """A mapping or a list of leaves on one line; None where it may not stand so. A list's item of one key needs no braces."""
    if not node.entries:
        return "{}" if node.mapping else "[]"
    if not node.flow or (item and node.mapping and len(node.entries) == 1):
        return None
    parts: list[str] = []
    for entry in node.entries:
        value = entry.value
        if isinstance(value, Node) or entry.commented or (value.verbatim and "\n" in (value.text or "")):
            return None
        text = _styled(value, flow=True)
        parts.append(text if entry.key is None else f"{_styled_key(entry.key, flow=True)}: {text}")
    return "{" + ", ".join(parts) + "}" if node.mapping else "[" + ", ".join(parts) + "]"


# --- scalars ------------------------------------------------------------------------------------------------------

_NEVER_PLAIN = ("null", "~", "Null", "NULL", "...", "---", "<<", "=")
# what other readers of YAML take for something else than a text
_NO_TEXT = re.compile(
    r"true|false|yes|no|on|off|y|n|[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)?|[-+]?\.[0-9_]+|[-+]?\.inf|\.nan|0[xob][0-9a-f_]+"
    r"|[-+]?[0-9]+(?::[0-9]+)+(?:\.[0-9]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*",
    re.IGNORECASE,
)
_FIRST = "-?:,[]{}#&*!|>'\"%@`= \t"


def _key(entry: Entry) -> str:
    assert entry.key is not None
    return _styled_key(entry.key, flow=False)


def _styled_key(key: str, *, flow: bool) -> str:
    return _quoted(key) if key in ("true", "false") else _styled(Leaf(key, code=True), flow=flow)


def written_key_is_too_long(key: str) -> bool:
    """Whether a key cannot be read back."""
    return len(_styled_key(key, flow=False)) > LONGEST_KEY


def _styled(leaf: Leaf, *, flow: bool) -> str:
    """The scalar on one line: plain where that is read back as it is, else in quotes."""
    text = leaf.text
    if text is None:
        return "null"
    if not _is_printable(text) or "\n" in text or "\t" in text:
        return _escaped(text)
    if _may_be_plain(text, flow) and (leaf.code or _NO_TEXT.fullmatch(text) is None):
        return text
    return _quoted(text)


def _may_be_plain(text: str, flow: bool) -> bool:
    if not text or text in _NEVER_PLAIN or text.startswith(("---", "...")) or text != text.strip():
        return False
    if text[0] in _FIRST and not (text[0] == "-" and len(text) > 1 and (text[1].isalnum() or text[1] == "(")):
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    return not (flow and any(character in ",[]{}:?" for character in text))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if '"' in text or "\\" in text else f'"{text}"'


def _is_printable(text: str) -> bool:
    return text.isprintable() or all(character == "\n" or character == "\t" or _shown(character) for character in text)


def _shown(character: str) -> bool:
    return character != "\ufeff" and unicodedata.category(character) not in ("Cc", "Zl", "Zp", "Cs", "Cn", "Co")


def _escaped(text: str) -> str:
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character == "\n":
        return "\\n"
    if character == "\t":
        return "\\t"
    if _shown(character):
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
