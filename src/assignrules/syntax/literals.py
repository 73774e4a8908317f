"""Literals from their text: each gives its value, or says what is wrong with it."""

from __future__ import annotations

import calendar
import re
from datetime import date
from decimal import Decimal

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.syntax.currencies import CURRENCIES, SPOKEN
from assignrules.syntax.tree import Unit

_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_LONGEST_NUMBER = 60
_LONGEST_DURATION = 999_999


def unescape(source: str) -> tuple[str, list[tuple[int, int, str, str]]]:
    """The text between the quotes with its escapes resolved, and the wrong escapes: where (in ``source``), message, help."""
    problems: list[tuple[int, int, str, str]] = []
    if "\\" not in source:
        return source, problems
    parts: list[str] = []
    position = 0
    for match in _ESCAPE.finditer(source):
        parts.append(source[position : match.start()])
        position = match.end()
        what = match.group(1)
        if what in _ESCAPES:
            parts.append(_ESCAPES[what])
        elif len(what) == 5:
            parts.append(chr(int(what[1:], 16)))
        elif what == "u":
            problems.append((match.start(), match.end(), r"`\u` needs four hexadecimal digits", r"write it as in `\u00e9`"))
        else:
            problems.append((match.start(), match.end(), f"unknown escape `\\{what}`", f"write a backslash as `\\\\`: `\\\\{what}`"))
    parts.append(source[position:])
    value = "".join(parts)
    if any("\ud800" <= character <= "\udfff" for character in value):
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace" if not problems else "ignore")
        if "\ufffd" in value and "\ufffd" not in source:
            problems.append((0, len(source), "half of a surrogate pair is not a character", "write both halves, or the character itself"))
    if "\x00" in value and "\x00" not in source:
        problems.append((0, len(source), "the character `\\u0000` may not stand in a text", "leave it out"))
    return value, problems


def read_number(source: str, span: Span) -> tuple[Decimal, Diagnostic | None]:
    """The value of a number as written."""
    if len(source) > _LONGEST_NUMBER:
        help = "a number has at most 18 digits before the point, 10 after"
        return Decimal(0), diagnostic("E0307", "this number has too many digits", span, help=help)
    return Decimal(source.replace("_", "")), None


def hundredth(value: Decimal) -> Decimal:
    """A hundredth, exact whatever the context's precision."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    return Decimal((sign, digits, exponent - 2))


def read_date(source: str, span: Span) -> tuple[date, Diagnostic | None]:
    """The date of ``YYYY-MM-DD``."""
    year, month, day = (int(part) for part in source.split("-"))
    try:
        return date(year, month, day), None
    except ValueError:
        if year < 1:
            help = "years are 0001 to 9999"
        elif not 1 <= month <= 12:
            help = "a date is year-month-day, and months are 01 to 12"
        else:
            help = f"the days of {year:04}-{month:02} are 01 to {calendar.monthrange(year, month)[1]}"
        return date(1, 1, 1), diagnostic("E0106", f"`{source}` is not a date", span, help=help)


def read_duration(source: str, span: Span) -> tuple[int, Unit, Diagnostic | None]:
    """The count and the unit of ``60 days``."""
    number, *words = source.split()
    unit = Unit(" ".join(words).removesuffix("s"))
    if "." in number:
        problem = diagnostic("E0120", f"a duration is a whole number of {unit.value}s, not `{number}`", span)
        return 0, unit, problem
    digits = number.replace("_", "").lstrip("0") or "0"
    if len(digits) > len(str(_LONGEST_DURATION)):
        return 0, unit, diagnostic("E0120", "this duration is too long", span, help=f"at most {_LONGEST_DURATION} {unit.value}s")
    return int(digits), unit, None


def unknown_currency(code: str, span: Span) -> Diagnostic:
    """E0107, with the code that was probably meant."""
    spoken = SPOKEN.get(code.casefold())
    help = f"did you mean `{spoken}`?" if spoken else did_you_mean(code, sorted(CURRENCIES))
    if help is None and code[:3].upper() in CURRENCIES:
        help = f"did you mean `{code[:3].upper()}`?"
    return diagnostic("E0107", f"unknown currency `{code}`", span, help=help or "write a code of ISO 4217, as in `500 EUR`")
