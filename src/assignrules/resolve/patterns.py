"""Regular expressions that mean the same everywhere (language.md, section 3, `matches`)."""

from __future__ import annotations

from dataclasses import dataclass

MAX_REPEAT = 1000
ESCAPED_CLASSES = "dDwWsS"
LITERAL_ESCAPES = "\\.[](){}*+?^$|/-\"'"


@dataclass(frozen=True, slots=True)
class PatternProblem:
    """What is not supported in a pattern, and the way out."""

    message: str
    help: str | None = None


class _Refused(Exception):
    def __init__(self, message: str, help: str | None = None) -> None:
        self.problem = PatternProblem(message, help)


@dataclass(frozen=True, slots=True)
class Piece:
    """A token of a pattern: ``kind`` is literal, any, class, shorthand, open, close, or, start, end or repeat."""

    kind: str
    text: str


class _Repetitions:
    """How often the last item repeats its innermost part, all repetitions around it multiplied: databases bound that too."""

    def __init__(self) -> None:
        self.last = 1
        self.most = [1]  # of each open group

    def take(self, piece: Piece) -> None:
        match piece.kind:
            case "open":
                self.most.append(1)
            case "close":
                self.last = self.most.pop()
            case "repeat":
                counts = [int(number) for number in piece.text.strip("{}").split(",") if number.isdigit()]
                self.last *= max([1, *counts])
                if self.last > MAX_REPEAT:
                    message = f"repetitions inside each other go up to {MAX_REPEAT} together"
                    raise _Refused(message, "`{2,}`, `+` and `*` repeat without an end")
            case _:
                self.last = 1
        self.most[-1] = max(self.most[-1], self.last)


def pattern_problem(pattern: str) -> PatternProblem | None:
    """What is wrong with a pattern, or None."""
    try:
        pieces(pattern)
    except _Refused as refused:
        return refused.problem
    return None


def pieces(pattern: str) -> tuple[Piece, ...]:
    """The pattern as tokens, of which each dialect makes its own spelling. A pattern with a problem raises."""
    found: list[Piece] = []
    depth = position = 0
    times = _Repetitions()
    while position < len(pattern):
        piece, position = _next(pattern, position)
        if piece.kind == "repeat":
            if not found or found[-1].kind in ("open", "or", "start", "end"):
                raise _Refused(f"`{piece.text}` repeats nothing", "write `\\` before it for the character itself")
            if found[-1].kind == "repeat":
                message = (
                    "lazy and possessive quantifiers are not supported" if piece.text in "?+" else f"`{piece.text}` repeats a repetition"
                )
                raise _Refused(message, "put the repetition in parentheses")
        depth += {"open": 1, "close": -1}.get(piece.kind, 0)
        if depth < 0:
            raise _Refused("`)` closes nothing", "write `\\)` for the character itself")
        times.take(piece)
        found.append(piece)
    if depth:
        raise _Refused("a group is not closed", "write `\\(` for the character itself")
    return tuple(found)


def _next(pattern: str, position: int) -> tuple[Piece, int]:
    character = pattern[position]
    simple = {".": "any", "|": "or", "^": "start", "$": "end", ")": "close"}
    if character in simple:
        return Piece(simple[character], character), position + 1
    if character == "(":
        if pattern.startswith("(?", position):
            if pattern.startswith("(?:", position):
                return Piece("open", "(?:"), position + 3
            raise _Refused(
                f"`{pattern[position : position + 3]}` is not supported",
                "groups are written `( )`; flags, names and look-around are not there",
            )
        return Piece("open", "("), position + 1
    if character in "*+?":
        return Piece("repeat", character), position + 1
    if character == "{":
        return _braces(pattern, position)
    if character == "[":
        return _class(pattern, position)
    if character == "\\":
        return _escape(pattern, position)
    if character in "]}":
        raise _Refused(f"`{character}` stands alone", f"write `\\{character}` for the character itself")
    return Piece("literal", character), position + 1


def _escape(pattern: str, position: int) -> tuple[Piece, int]:
    escaped = pattern[position + 1 : position + 2]
    if escaped and escaped in ESCAPED_CLASSES:
        return Piece("shorthand", escaped), position + 2
    if escaped in ("t", "n"):
        return Piece("literal", {"t": "\t", "n": "\n"}[escaped]), position + 2
    if escaped and escaped in LITERAL_ESCAPES:
        return Piece("literal", escaped), position + 2
    if not escaped:
        raise _Refused("a `\\` ends the pattern", "write `\\\\` for the character itself")
    raise _Refused(f"`\\{escaped}` is not supported", "supported are `\\d`, `\\w`, `\\s`, their capitals, and a `\\` before a sign")


def _braces(pattern: str, position: int) -> tuple[Piece, int]:
    end = pattern.find("}", position)
    inside = pattern[position + 1 : end] if end > 0 else ""
    low, comma, high = inside.partition(",")
    if end < 0 or not low.isascii() or not low.isdigit() or (high and not (high.isascii() and high.isdigit())):
        raise _Refused("`{` starts a repetition like `{2,5}`", "write `\\{` for the character itself")
    top = int(high) if high else int(low)
    if max(top, int(low)) > MAX_REPEAT:
        raise _Refused(f"a repetition goes up to {MAX_REPEAT}", "`{2,}`, `+` and `*` repeat without an end")
    if high and top < int(low):
        raise _Refused("a repetition ends below its start")
    return Piece("repeat", "{" + str(int(low)) + comma + (str(top) if high else "") + "}"), end + 1


def _class(pattern: str, position: int) -> tuple[Piece, int]:
    """`[...]`: single characters, ranges and shorthands; spelled again with every sign escaped."""
    start, index = position, position + 1
    spelled = "["
    if pattern.startswith("^", index):
        spelled, index = "[^", index + 1
    members = 0
    while True:
        if index >= len(pattern):
            raise _Refused("a class is not closed", "write `\\[` for the character itself")
        if pattern[index] == "]":
            if not members:
                raise _Refused("a class is empty", "write `\\]` for the character itself")
            return Piece("class", spelled + "]"), index + 1
        if pattern.startswith(("[:", "[.", "[="), index):
            raise _Refused(f"`{pattern[index : index + 2]}…]` is not supported", "write the characters out, as in `[a-z]`")
        low, index = _class_member(pattern, index)
        members += 1
        if low.kind == "literal" and pattern.startswith("-", index) and not pattern.startswith("-]", index):
            high, index = _class_member(pattern, index + 1)
            if high.kind != "literal" or high.text < low.text:
                raise _Refused(f"`{pattern[start:index]}` has a range that ends before it starts")
            spelled += _class_spelling(low.text) + "-" + _class_spelling(high.text)
        else:
            spelled += "\\" + low.text if low.kind == "shorthand" else _class_spelling(low.text)


def _class_member(pattern: str, index: int) -> tuple[Piece, int]:
    if index < len(pattern) and pattern[index] == "\\":
        return _escape(pattern, index)
    if index >= len(pattern):
        raise _Refused("a class is not closed", "write `\\[` for the character itself")
    return Piece("literal", pattern[index]), index + 1


def _class_spelling(character: str) -> str:
    return "\\" + character if character in "\\]^-[&~|" else character
