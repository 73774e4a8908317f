"""Messages for pieces of text that are no token of the language: broken texts, numbers and dates, foreign operators and characters."""

from __future__ import annotations

import re
import unicodedata

from assignrules.diagnostics import Diagnostic, SourceFile, diagnostic
from assignrules.syntax.currencies import CURRENCIES, SPOKEN
from assignrules.syntax.lexer import Token

_FOREIGN = {
    "==": ("=", "two values are compared by `=`"),
    "===": ("=", "two values are compared by `=`"),
    "<>": ("!=", "two values differ: `!=`"),
    "=>": (">=", None),
    "=<": ("<=", None),
    "&&": ("and", None),
    "&": ("and", None),
    "||": ("or", None),
    "|": ("or", None),
    "!": ("not", None),
    "≥": (">=", None),
    "≤": ("<=", None),
    "≠": ("!=", None),
    "×": ("*", None),
    "÷": ("/", None),
    "–": ("-", None),
    "—": ("-", None),
    "−": ("-", None),
}
_HELPS = {
    "//": "a comment starts with `#`",
    "/*": "a comment starts with `#` and ends with its line",
    ";": "leave it out: a statement ends where the next one starts",
    "[": "a list stands in parentheses: `(…)`",
    "]": "a list stands in parentheses: `(…)`",
    "{": "leave it out: line breaks and braces have no meaning",
    "}": "leave it out: line breaks and braces have no meaning",
    ".": "a number starts with a digit, as in `0.5`; a name follows `.` directly",
    "?": "leave it out",
    "^": "there is no power: multiply",
    "'": 'a text stands in double quotes: `"…"`',
    "\\": "a backslash stands only in a text",
}
_NUMBER_WITH_LETTERS = re.compile(r"([0-9][0-9_]*(?:\.[0-9]+)?)([^\W\d_]+)")


def explain_broken(source: SourceFile, token: Token, previous: Token | None) -> Diagnostic | None:
    """The diagnostic of a token that no terminal of the language fits; None for any other."""
    span = source.span(token.start, token.end)
    text = token.text
    match token.type:
        case "BROKEN_TEXT":
            help = 'close it with `"` on the same line'
            if text.endswith('\\"'):
                help = 'the last quote is escaped by its backslash: write `\\\\"`'
            place = source.span(token.start, token.start + len(text.rstrip()))
            return diagnostic("E0103", "this text is not closed", place, help=help)
        case "QUOTED_TEXT":
            inside = text[1:-1].replace("\\", "\\\\").replace('"', '\\"')
            return diagnostic("E0101", "a text stands in double quotes", span, help=f'write `"{inside}"`')
        case "BROKEN_NAME":
            if text.endswith("`") and len(text) > 1:
                return diagnostic("E0119", "what stands in back-quotes is no name", span, help="a name is of letters, digits and `_`")
            return diagnostic("E0119", "this back-quoted name is not closed", span, help="close it with a back-quote on the same line")
        case "BROKEN_DATE":
            return diagnostic("E0106", f"`{text}` is not a date", span, help=_date_help(text))
        case "BROKEN_NUMBER":
            return diagnostic("E0105", f"`{_short(text)}` is not a number", span, help=_number_help(text))
        case "FOREIGN" | "OTHER":
            return _character(source, token, previous)
        case _:
            return None


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _date_help(text: str) -> str:
    parts = re.fullmatch(r"([0-9]+)([-/.])([0-9]+)\2([0-9]+)", text)
    if parts is None:
        return "write a date as year-month-day, as in `2026-11-30`"
    first, _, second, third = parts.groups()
    if len(first) == 4:
        return f"write `{first}-{second:0>2}-{third:0>2}`: two digits for the month and the day"
    if int(second) > 12 >= int(first):
        return f"a date is year-month-day: write `{third}-{first:0>2}-{second:0>2}`"
    return f"a date is year-month-day: write `{third}-{second:0>2}-{first:0>2}`"


def _number_help(text: str) -> str:
    letters = _NUMBER_WITH_LETTERS.fullmatch(text)
    if letters is not None:
        number, word = letters.groups()
        currency = word if word in CURRENCIES else SPOKEN.get(word.casefold(), word.upper() if word.upper() in CURRENCIES else None)
        if currency is not None:
            return f"write `{number} {currency}`"
        if word.casefold() in ("d", "day", "days", "j", "jours"):
            return f"write `{number} days`"
        if word.casefold() in ("w", "week", "weeks"):
            return f"write `{number} weeks`"
        if word.casefold() in ("month", "months", "mois"):
            return f"write `{number} months`"
        if word.casefold() in ("y", "year", "years", "ans"):
            return f"write `{number} years`"
        if word.casefold() == "k" and "." not in number:
            return f"write `{number}_000`"
        if word.casefold() in ("m", "mio") and "." not in number:
            return f"write `{number}_000_000`"
        return "put a blank between the number and the word"
    if text.count(".") > 1:
        return "a number has one point; thousands may be set off by `_`, as in `1_000_000`"
    if text.endswith("."):
        return f"leave the point out, or write `{text}0`"
    if "_" in text:
        return "a `_` stands between two digits, one at a time"
    return "a number is written as in `12`, `12.5` or `1_000_000`"


def _character(source: SourceFile, token: Token, previous: Token | None) -> Diagnostic:
    span = source.span(token.start, token.end)
    text = token.text
    if text in _FOREIGN:
        written, help = _FOREIGN[text]
        return diagnostic("E0101", f"`{text}` is no operator of this language", span, help=help or f"write `{written}`")
    if text in _HELPS:
        return diagnostic("E0101", f"unexpected `{text}`", span, help=_HELPS[text])
    if text == "%":
        if previous is not None and previous.type == "NUMBER":
            return diagnostic("E0105", "`%` stands directly after its number", span, help=f"write `{previous.text}%`")
        return diagnostic("E0101", "unexpected `%`", span, help="a percentage is a number and `%`, as in `20%`")
    if text in SPOKEN or unicodedata.category(text) == "Sc":
        amount = previous.text if previous is not None and previous.type == "NUMBER" else "500"
        code = SPOKEN.get(text, "EUR")
        return diagnostic("E0107", f"`{text}` is no currency code", span, help=f"write the code after the number: `{amount} {code}`")
    if text in "\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb":
        return diagnostic("E0103", "this text is not closed", span, help='a text stands in straight double quotes: `"…"`')
    category = unicodedata.category(text)
    number = f"U+{ord(text):04X}"
    name = unicodedata.name(text, "").lower()
    told = f"{number} ({name})" if name else number
    if category in ("Zs", "Zl", "Zp"):
        return diagnostic("E0113", f"the blank {told} may not stand in a rule", span, help="replace it by an ordinary blank")
    if category in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return diagnostic("E0113", f"the invisible character {told} may not stand in a rule", span, help="delete it")
    if category.startswith("M"):
        help = "save the file with composed characters (Unicode NFC)"
        return diagnostic("E0113", f"the combining mark {told} may not stand in a name", span, help=help)
    return diagnostic("E0101", f"unexpected `{text}`", span)
