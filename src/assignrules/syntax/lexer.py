"""From text to tokens.

One pattern finds every token; which terminal a word is, the parser's state decides: a reserved word is always its keyword, another word
of the language only where its keyword is accepted and a name is not.
"""

from __future__ import annotations

import re
from functools import cache

from assignrules.syntax.tables import load

# in this order: the first that fits is the token
_PATTERNS = ("TEXT", "DATE", "BROKEN_DATE", "DURATION", "MONEY", "PERCENT", "NUMBER", "QUOTED_NAME", "DOT_NAME")

# before the numbers: `2026-2-30` is not meant as a difference, nor `30/11/2026` as a quotient
_BROKEN_DATE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[\w:.%]*|[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{4}(?![\w.%])"

# what is no token of the language, read as one piece so that a message can name it
_BROKEN = {
    "BROKEN_TEXT": r'"[^\r\n]*',
    "BROKEN_NUMBER": r"[0-9][\w.]*%?",
    "BROKEN_NAME": r"`[^`\r\n]*`?",
    "QUOTED_TEXT": "'[^'\r\n]*'|[\u2018\u2019][^\u2018\u2019\r\n]*[\u2018\u2019]"
    '|[\u201c\u201d\u201e\u00ab\u00bb][^\u201c\u201d\u00ab\u00bb"\r\n]*[\u201c\u201d\u00ab\u00bb"]',
    "FOREIGN": r"===?|<>|=>|=<|&&?|\|\|?|//|/\*",
}


class Token:
    """A piece of the text: the name of its terminal, its text, and its half-open range of code points."""

    __slots__ = ("end", "start", "text", "type")

    def __init__(self, type: str, text: str, start: int, end: int) -> None:
        self.type = type
        self.text = text
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"Token({self.type}, {self.text!r}, {self.start})"


@cache
def token_pattern() -> re.Pattern[str]:
    """The pattern of one token and of the blanks before it; the name of its group is the kind of token.

    It matches at every position: ``OTHER`` is any one character that starts nothing, ``END`` the end of the text.
    """
    tables = load()
    symbols = sorted((word for word in tables.words if not word[0].isalpha()), key=len, reverse=True)
    groups = [("WORD", tables.patterns["NAME"])]
    groups += [("BROKEN_DATE", _BROKEN_DATE) if name == "BROKEN_DATE" else (name, tables.patterns[name]) for name in _PATTERNS]
    groups += list(_BROKEN.items())
    groups += [
        ("SYMBOL", "|".join(re.escape(symbol) for symbol in symbols)),
        ("COMMENT", tables.patterns["COMMENT"]),
        ("END", r"\Z"),
        ("OTHER", r"[^ \t\r\n]"),
    ]
    return re.compile(r"[ \t\r\n]*(?:" + "|".join(f"(?P<{name}>{pattern})" for name, pattern in groups) + ")")


@cache
def as_of_pattern() -> re.Pattern[str]:
    """The pattern of ``as of``, which is one token."""
    return re.compile(load().patterns["AS_OF"])


def tokens(text: str, start: int, end: int) -> list[Token]:
    """The tokens of a range as they are without a parser: words are ``WORD``, symbols ``SYMBOL``; comments are left out."""
    found = []
    for match in token_pattern().finditer(text, start, end):
        kind = match.lastgroup
        if kind is not None and kind not in ("COMMENT", "END"):
            first, last = match.span(kind)
            found.append(Token(kind, text[first:last], first, last))
    return found
