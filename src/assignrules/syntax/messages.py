"""What to say about a token that does not fit: from what the machine would have accepted, and from what people mistype."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from assignrules.diagnostics import Diagnostic, Related, SourceFile, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.syntax.broken_tokens import explain_broken
from assignrules.syntax.currencies import CURRENCIES, SPOKEN
from assignrules.syntax.functions import AGGREGATES, FUNCTIONS
from assignrules.syntax.lexer import Token, tokens
from assignrules.syntax.literals import unknown_currency
from assignrules.syntax.machine import Unexpected, accepted_terminals
from assignrules.syntax.names import CONTEXTUAL_STATEMENT_WORDS, RESERVED, STATEMENT_WORDS
from assignrules.syntax.tables import load

_LITERALS = frozenset({"TEXT", "NUMBER", "PERCENT", "MONEY", "DATE", "DURATION", "TRUE", "FALSE"})
_VALUES = _LITERALS | {"NAME", "QUOTED_NAME", "CALL", "LPAR", "MINUS", "TODAY", "THIS", "CURRENT"}
_CONDITIONS = frozenset({"NOT", "IN", "HAS", "CURRENTLY"})
_COMPARING = "EQUAL NOT_EQUAL LESS LESS_OR_EQUAL GREATER GREATER_OR_EQUAL CONTAINS MATCHES STARTS ENDS BETWEEN IS OLDER IN NOT"
_COMPARISONS = frozenset(_COMPARING.split())
_ARITHMETIC = frozenset({"PLUS", "MINUS", "STAR", "SLASH"})
_CONTINUING = _COMPARISONS | _ARITHMETIC | {"AND", "OR", "DOT_NAME", "AS_OF", "OF"}
_STATEMENTS = frozenset(word.upper() for word in (*STATEMENT_WORDS, *CONTEXTUAL_STATEMENT_WORDS))

_ARTICLES = {
    "param": "a param",
    "define": "a define",
    "search": "a search",
    "use": "a `use`",
    "assign": "an assign",
    "require": "a requirement",
    "warn": "a requirement",
    "score": "a score",
    "scenario": "a scenario",
    "propose": "a proposal",
    "alert": "an alert",
    "report": "a report",
    "hold": "a hold",
}
# the part that a statement cannot do without, by its terminal
_NEEDED = {
    "param": ("COLON", "EQUAL"),
    "define": ("EQUAL",),
    "search": ("WHERE",),
    "require": ("NO", "WHERE"),
    "warn": ("NO", "WHERE"),
    "hold": ("WHERE",),
}
_NULLS = ("null", "none", "nil", "empty", "blank", "unknown", "na")
_OTHER_WORDS = {
    "else": ("otherwise",),
    "elseif": ("when",),
    "elif": ("when",),
    "elsif": ("when",),
    "like": ("contains",),
    "ilike": ("contains",),
    "includes": ("contains",),
    "startswith": ("starts with",),
    "endswith": ("ends with",),
    "equals": ("=",),
    "equal": ("=",),
    "eq": ("=",),
    "desc": ("descending",),
    "asc": ("ascending",),
    "having": ("where",),
    "if": ("when", "where"),
    "unless": ("except",),
    "xor": ("or",),
    "rule": ("assign",),
    "set": ("assign",),
    "let": ("define",),
    "def": ("define",),
    "const": ("param",),
    "import": ("use",),
    "include": ("use",),
    "query": ("search",),
}
_TYPES = ("text", "integer", "decimal", "percent", "money", "date", "duration", "boolean")
_UNITS = ("day", "days", "week", "weeks", "month", "months", "year", "years")
_FOREIGN_UNITS = {
    "d": "days",
    "j": "days",
    "jour": "days",
    "jours": "days",
    "semaine": "weeks",
    "semaines": "weeks",
    "w": "weeks",
    "mois": "months",
    "m": "months",
    "an": "years",
    "ans": "years",
    "y": "years",
}


@dataclass(frozen=True, slots=True)
class _Case:
    """All that a message is made from."""

    source: SourceFile
    start: int
    token: Token
    previous: Token | None
    before_previous: Token | None
    accepted: frozenset[str]

    @property
    def span(self) -> Span:
        """The token; at the end of the text, the place behind what stands before."""
        if self.token.type == "$END" and self.previous is not None:
            return self.source.span(self.previous.end, self.previous.end)
        return self.source.span(self.token.start, self.token.end)

    @property
    def takes_value(self) -> bool:
        return "NUMBER" in self.accepted and "NAME" in self.accepted

    def next_token(self) -> Token | None:
        """The token after the unexpected one."""
        line_end = self.source.text.find("\n", self.token.end)
        found = tokens(self.source.text, self.token.end, len(self.source.text) if line_end < 0 else line_end)
        return found[0] if found else None


def explain(error: Unexpected, source: SourceFile, start: int) -> Diagnostic:
    """The diagnostic of a token that the machine could not take; ``start`` is where its piece of the text starts."""
    case = _Case(source, start, error.token, error.previous, error.before_previous, accepted_terminals(error.states))
    broken = explain_broken(source, case.token, case.previous)
    if broken is not None:
        return broken
    checks: tuple[Callable[[_Case], Diagnostic | None], ...] = (
        _wrong_case, _without_left_side, _habits, _lists, _after_number, _after_is, _parentheses, _reserved_word, _needed_part,
    )  # fmt: skip
    for check in checks:
        found = check(case)
        if found is not None:
            return found
    return _generic(case)


def reserved_as_name(source: SourceFile, start: int, end: int) -> Diagnostic:
    """E0101 for a reserved word where a name belongs."""
    word = source.text[start:end]
    help = f"as a name it stands in back-quotes: `` `{word}` ``"
    return diagnostic("E0101", f"`{word}` is a reserved word", source.span(start, end), help=help)


def _wrong_case(case: _Case) -> Diagnostic | None:
    words = load().words
    for token, check in ((case.token, True), (case.previous, False)):
        if token is None or token.type != "NAME" or token.text.islower():
            continue
        lower = token.text.lower()
        terminal = words.get(lower)
        if terminal is None or (check and terminal not in case.accepted) or (not check and lower not in RESERVED):
            continue
        place = case.source.span(token.start, token.end)
        return diagnostic("E0108", f"`{token.text}` is not a keyword: keywords are lower case", place, help=f"did you mean `{lower}`?")
    return None


def _after_number(case: _Case) -> Diagnostic | None:
    """A word after a number: a unit or a currency that does not exist."""
    if case.previous is None or case.previous.type not in ("NUMBER", "MONEY") or case.token.type != "NAME":
        return None
    word, number = case.token.text, case.previous.text
    if case.previous.type == "MONEY":
        return None
    lower = word.casefold()
    if lower in ("percent", "pct", "prozent"):
        return diagnostic("E0105", f"`{word}` is no unit", case.span, help=f"write `{number}%`")
    if lower in ("k", "thousand", "million", "millions", "mio", "m€", "k€"):
        return diagnostic("E0105", f"`{word}` is no part of a number", case.span, help="write the number out, as in `2_000_000`")
    if (keyword := _near_keyword(case)) is not None:
        return _unexpected(case, keyword)
    if lower in ("hour", "hours", "minute", "minutes", "second", "seconds"):
        return diagnostic("E0120", f"`{word}` is no unit of a duration", case.span, help="a duration is in days, weeks, months or years")
    unit = _FOREIGN_UNITS.get(lower)
    help = f"did you mean `{unit}`?" if unit else did_you_mean(word, _UNITS)
    if help is not None and word.upper() not in CURRENCIES and lower not in SPOKEN:
        return diagnostic("E0120", f"unknown unit of time `{word}`", case.span, help=help)
    if lower == "business":
        return diagnostic("E0120", "`business` is followed by `days`", case.span, help=f"write `{number} business days`")
    if word.isupper() or lower in SPOKEN or word.upper() in CURRENCIES:
        return unknown_currency(word, case.span)
    return None


def _after_is(case: _Case) -> Diagnostic | None:
    if case.previous is None or case.previous.type != "IS":
        return None
    message = f"`is` is followed by `missing` or `present`, not by {_told(case.token)}"
    if case.token.type == "NOT":
        return diagnostic("E0101", message, case.span, help="did you mean `is present`?")
    if case.token.text.casefold() in _NULLS:
        return diagnostic("E0101", message, case.span, help="did you mean `is missing`?")
    if case.token.type in _VALUES:
        near = did_you_mean(case.token.text, ("missing", "present")) if case.token.type == "NAME" else None
        return diagnostic("E0101", message, case.span, help=near or "values are compared by `=`")
    return None


def _habits(case: _Case) -> Diagnostic | None:
    """What other languages have."""
    token, previous, accepted = case.token, case.previous, case.accepted
    if token.type == "CASE" and "LPAR" in accepted:
        return diagnostic("E0101", "a `case` stands in parentheses here", case.span, help="write `(case when … then … otherwise …)`")
    if token.type == "NAME" and token.text == "end" and "RPAR" in accepted:
        return diagnostic("E0101", "unexpected `end`", case.span, help="a `case` ends with its closing parenthesis")
    if "THEN" in accepted and token.type not in ("NAME", "QUOTED_NAME"):
        return diagnostic("E0102", f"a `when` needs `then` {_where(case)}", case.span, help="write `when … then …`")
    if token.type == "AS_OF" and not accepted.isdisjoint(_ARITHMETIC):
        name = previous.text if previous is not None and previous.type == "NAME" else "…"
        return diagnostic("E0101", "`as of` follows an expression in parentheses", case.span, help=f"write `({name}) as of …`")
    if previous is not None and previous.type == "NOT" and accepted == {"IN"} and token.type in _COMPARISONS:
        message = f"`not` does not stand before `{token.text}`"
        help = "write `!=`" if token.text == "=" else f"put it before the whole comparison: `not … {token.text} …`"
        return diagnostic("E0101", message, case.span, help=help)
    if accepted == {"LPAR"} and previous is not None and previous.type == "IN" and token.text in ("last", "next", "previous", "current"):
        help = f"put `not` before the whole comparison: `not (… in {token.text} …)`"
        return diagnostic("E0101", f"`not in` is followed by a list, not by `{token.text}`", case.span, help=help)
    if token.type in ("MISSING", "PRESENT") and previous is not None and previous.type in ("EQUAL", "NOT_EQUAL", "NOT"):
        meant = "missing" if (token.type == "MISSING") is (previous.type == "EQUAL") else "present"
        message = f"`{previous.text}` does not stand before `{token.text}`"
        return diagnostic("E0101", message, case.span, help=f"write `… is {meant}`")
    if token.type == "THIS" and previous is not None and previous.type == "IN" and "LAST" in accepted:
        return diagnostic("E0101", "unexpected `this` after `in`", case.span, help="this month is `in current month`")
    if token.type == "ON" and "AND" in accepted:
        return diagnostic("E0101", _unexpected_text(case), case.span, help="`on` and the entity stand right after the name and the label")
    is_function = previous is not None and previous.type == "NAME" and (previous.text in AGGREGATES or previous.text in FUNCTIONS)
    if token.type == "LPAR" and previous is not None and is_function:
        message = f"a blank stands between `{previous.text}` and its parenthesis"
        return diagnostic("E0101", message, case.span, help=f"write `{previous.text}(`")
    if token.type == "EQUAL" and previous is not None and previous.type in ("LESS", "GREATER", "EQUAL"):
        written = {"LESS": "<=", "GREATER": ">=", "EQUAL": "="}[previous.type]
        return diagnostic("E0101", f"`{previous.text} =` is no operator", case.span, help=f"write `{written}`, without a blank")
    if token.type == "COMMA" and previous is not None and previous.type in ("NUMBER", "MONEY") and "LPAR" not in accepted:
        following = case.next_token()
        if following is not None and following.type in ("NUMBER", "MONEY", "PERCENT") and following.start == token.end:
            return diagnostic("E0105", "a number has no comma", case.span, help="write `12.5`, or `1_000_000` for thousands")
    if "TO" in accepted and token.text in ("when", "if", "then", ":"):
        message = f"expected `to` {_where(case)}"
        return diagnostic("E0102", message, case.span, help='a line is a value, `to` and a condition: `"Automatic" to small`')
    for meant in _OTHER_WORDS.get(token.text.casefold(), ()) if token.type == "NAME" else ():
        if load().words[meant.split()[0]] in accepted:
            return diagnostic("E0101", _unexpected_text(case), case.span, help=f"did you mean `{meant}`?")
    return None


def _lists(case: _Case) -> Diagnostic | None:
    """What stands in the place of a list, or of its values."""
    token, previous, before = case.token, case.previous, case.before_previous
    if previous is None:
        return None
    if token.type == "RPAR" and previous.type == "LPAR" and before is not None and before.type == "IN":
        place = case.source.span(previous.start, token.end)
        return diagnostic("E0102", "a list has at least one value", place, help='as in `("FR", "BE")`')
    if previous.type != "IN" or "LPAR" not in case.accepted:
        return None
    if token.type == "NAME" and _near_keyword(case) is None:
        return diagnostic("E0102", "the values of a list stand in parentheses", case.span, help='as in `("FR", "BE")`')
    if token.type in _LITERALS:
        instead = "!=" if before is not None and before.type == "NOT" else "="
        help = f"write `({token.text})`, or compare one value by `{instead}`"
        return diagnostic("E0102", "the values of a list stand in parentheses", case.span, help=help)
    return None


_TRUTHS = {"NO": "false", "ON": "true"}


def _unquoted(case: _Case) -> str | None:
    """The help where a text is wanted and words stand there without quotes; or a truth value as other languages write it."""
    token = case.token
    if token.type in _TRUTHS and case.takes_value and case.next_token() is None:
        return f"did you mean `{_TRUTHS[token.type]}`?"
    if token.type != "NAME" or "TEXT" not in case.accepted or "NAME" in case.accepted:
        return None
    line_end = case.source.text.find("\n", token.start)
    end = token.end
    for following in tokens(case.source.text, token.start, len(case.source.text) if line_end < 0 else line_end):
        if following.type != "WORD" or following.text in RESERVED:
            break
        end = following.end
    return f'did you mean `"{case.source.text[token.start : end]}"`, in double quotes?'


_LEFT_SIDES = {
    "in last": "last_dunned_on in last 10 days",
    "in next": "due_date in next 10 days",
    "in previous": "issue_date in previous month",
    "in current": "issue_date in current month",
    "in": 'country in ("FR", "BE")',
    "older": "last_dunned_on older than 60 days",
    "between": "insurer_score between 3 and 5",
    "is": "collector is missing",
    "contains": 'name contains "ltd"',
    "starts": 'name starts with "A"',
    "ends": 'name ends with "SA"',
    "matches": 'code matches "^C"',
}


def _without_left_side(case: _Case) -> Diagnostic | None:
    """A comparison that begins with its keyword: what is compared is not there."""
    token, previous, before = case.token, case.previous, case.before_previous
    if before is not None and previous is not None and before.type == "IN" and "LPAR" in case.accepted and "NUMBER" not in case.accepted:
        word, start, end = f"in {previous.text}", before.start, previous.end
    elif previous is not None and previous.type == "IN" and "NAME" in case.accepted and token.text in ("(", "current"):
        word, start, end = ("in", previous.start, previous.end) if token.text == "(" else ("in current", previous.start, token.end)
    elif case.takes_value and token.type in _COMPARISONS:
        word, start, end = token.text, token.start, token.end
    else:
        return None
    if word not in _LEFT_SIDES:
        return None
    message = f"`{word}` needs a {'date' if word[:3] == 'in ' else 'value'} before it"
    return diagnostic("E0102", message, case.source.span(start, end), help=f"as in `{_LEFT_SIDES[word]}`")


def _parentheses(case: _Case) -> Diagnostic | None:
    at_end = case.token.type == "$END" or (case.token.type in _STATEMENTS and case.token.text in STATEMENT_WORDS)
    if not at_end and case.token.type != "RPAR":
        return None
    open_at: list[Token] = []
    for token in tokens(case.source.text, case.start, case.token.start):
        if token.text == "(":
            open_at.append(token)
        elif token.text == ")" and token.type == "SYMBOL" and open_at:
            open_at.pop()
    if case.token.type == "RPAR" and not open_at:
        return diagnostic("E0101", "this parenthesis closes nothing", case.span, help="leave it out, or open one before")
    if at_end and open_at and "RPAR" in case.accepted:
        place = case.source.span(open_at[-1].start, open_at[-1].end)
        return diagnostic("E0102", "a parenthesis is not closed", case.span, related=[Related(place, "it is opened here")], help="add `)`")
    return None


_AFTER_A_NAME = (
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    ",",
    ")",
    ":",
    "and",
    "or",
    "is",
    "in",
    "contains",
    "between",
    "matches",
    "older",
)


def _reserved_word(case: _Case) -> Diagnostic | None:
    """A reserved word that was probably meant as a name."""
    if case.token.text not in RESERVED or "NAME" not in case.accepted:
        return None
    following = case.next_token()
    if case.takes_value:
        if following is not None and (following.text in _AFTER_A_NAME or following.type == "DOT_NAME") and case.token.type != "NOT":
            return reserved_as_name(case.source, case.token.start, case.token.end)
        return None
    if following is None or following.type == "TEXT" or following.text in _AFTER_A_NAME or following.text in RESERVED:
        return reserved_as_name(case.source, case.token.start, case.token.end)
    return None


def _needed_part(case: _Case) -> Diagnostic | None:
    """The part that the statement cannot do without."""
    statement = _statement_word(case)
    if statement is None or "RPAR" in case.accepted or _near_keyword(case) is not None:
        return None
    if statement == "param" and case.previous is not None and case.previous.type == "COLON":
        types = ", ".join(f"`{name}`" for name in _TYPES)
        return diagnostic("E0102", f"expected a type {_where(case)}", case.span, help=f"the types are {types}")
    if statement == "assign" and "TO" in case.accepted and case.token.type in _VALUES:
        message = f"expected `to` {_where(case)}"
        return diagnostic("E0102", message, case.span, help='a line is a value, `to` and a condition: `"Automatic" to small`')
    for terminal in _NEEDED.get(statement, ()):
        if terminal in case.accepted and not case.takes_value and "LESS" not in case.accepted:  # else `=` would compare
            keyword = _told_terminal(terminal)
            if case.token.type == "$END":
                return diagnostic(
                    "E0102", f"{_ARTICLES[statement]} needs {keyword} {_where(case)}", case.span, help=_EXAMPLES.get(statement)
                )
            message = f"expected {keyword} before {_told(case.token)}"
            return diagnostic("E0102", message, case.span, help=_EXAMPLES.get(statement))
    if statement == "scenario" and "STEPS" not in case.accepted and "STEP" in case.accepted and "NO" in case.accepted:
        return diagnostic("E0102", "a scenario needs a `step`, or `no steps`", case.span)
    return None


_EXAMPLES = {
    "param": "write it as in `param large: money = 500_000 EUR`",
    "define": "write it as in `define late_share = overdue / outstanding`",
    "search": 'write it as in `search large "Large customers" where outstanding > 500_000 EUR`',
    "require": 'write it as in `require "Nobody is forgotten" no customers where collector is missing`',
    "hold": 'write it as in `hold "Locked by a user" where locked`',
    "warn": 'write it as in `warn "Nobody is forgotten" no customers where collector is missing`',
}


def _statement_word(case: _Case) -> str | None:
    first = None
    for token in tokens(case.source.text, case.start, case.token.start):
        if token.type == "WORD" and (token.text in STATEMENT_WORDS or (first is None and token.text in CONTEXTUAL_STATEMENT_WORDS)):
            first = token.text
    return first


# --- the general message --------------------------------------------------------------------------------------------


def _generic(case: _Case) -> Diagnostic:
    if case.previous is None and "DEFINE" in case.accepted:
        help = did_you_mean(case.token.text, (*STATEMENT_WORDS, *CONTEXTUAL_STATEMENT_WORDS))
        starts = ", ".join(f"`{word}`" for word in STATEMENT_WORDS)
        return diagnostic(
            "E0101",
            f"expected a statement before {_told(case.token)}",
            case.span,
            help=help or f"a statement starts with a word as {starts}",
        )
    keyword = _near_keyword(case)
    if keyword is not None:
        return _unexpected(case, keyword)
    wanted = _wanted(case.accepted)
    if wanted is not None:
        code = "E0102" if case.token.type == "$END" or not case.takes_value else "E0101"
        # Behind `hold` its name was forgotten, rather than the quotes of it: what stands there is an entity or the condition.
        help = _EXAMPLES["hold"] if case.previous is not None and case.previous.type == "HOLD" else _unquoted(case)
        return diagnostic(code, f"expected {wanted} {_where(case)}", case.span, help=help)
    help = _unquoted(case)
    if help is None and case.token.type in _VALUES and case.previous is not None and case.accepted >= {"AND", "OR"}:
        help = "an operator, `and`, `or` or a keyword is missing between them"
    return diagnostic("E0101", _unexpected_text(case), case.span, help=help)


def _unexpected(case: _Case, keyword: str) -> Diagnostic:
    return diagnostic("E0101", _unexpected_text(case), case.span, help=f"did you mean `{keyword}`?")


def _unexpected_text(case: _Case) -> str:
    if case.token.type == "$END":
        return "the statement ends too early"
    behind = f" after {_told(case.previous)}" if case.previous is not None else ""
    return f"unexpected {_told(case.token)}{behind}"


def _where(case: _Case) -> str:
    if case.token.type == "$END":
        return f"after {_told(case.previous)}" if case.previous is not None else "at the end of the text"
    return f"before {_told(case.token)}"


def _near_keyword(case: _Case) -> str | None:
    """An accepted keyword that looks like the unexpected name."""
    if case.token.type not in ("NAME", "CALL") or len(case.token.text) < 2:
        return None
    words = [word for word, terminal in load().words.items() if terminal in case.accepted and word[0].isalpha()]
    help = did_you_mean(case.token.text, words)
    found = re.search("`(.*)`", help) if help else None
    return found.group(1) if found else None


def _wanted(accepted: frozenset[str]) -> str | None:
    """What was expected, in words; None where it could be too many things to tell."""
    rest = set(accepted)
    told: list[str] = []
    if {"NUMBER", "NAME", "LPAR"} <= rest:
        told.append("a condition or a value" if "NOT" in rest and "HAS" in rest else "a value")
        rest -= _VALUES | _CONDITIONS | {"CASE"}
    elif {"NUMBER", "LPAR"} <= rest and "AND" not in rest:
        told.append("a literal or a value in parentheses")
        rest -= _LITERALS | {"LPAR"}
    if {"AND", "OR"} & rest:
        rest -= _CONTINUING
        if rest & _STATEMENTS:
            return None
        told_rest = sorted(_told_terminal(terminal) for terminal in rest)
        return _listed(told_rest) if 0 < len(told_rest) <= 3 else None
    if rest & _ARITHMETIC:
        rest -= _ARITHMETIC | {"DOT_NAME", "AS_OF", "OF"}
    if rest & _STATEMENTS:
        return None
    rest.discard("QUOTED_NAME")
    told += sorted(_told_terminal(terminal) for terminal in rest)
    return _listed(told) if 0 < len(told) <= 6 else None


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


_TOLD = {
    "TEXT": "a text in double quotes",
    "NUMBER": "a number",
    "PERCENT": "a percentage",
    "MONEY": "an amount of money",
    "DATE": "a date",
    "DURATION": "a duration",
    "NAME": "a name",
    "CALL": "a function",
    "DOT_NAME": "`.` and a name",
    "AS_OF": "`as of`",
    "AT": "`at most`",
    "$END": "the end of the text",
}


def _told_terminal(terminal: str) -> str:
    if terminal in _TOLD:
        return _TOLD[terminal]
    return next(f"`{word}`" for word, name in load().words.items() if name == terminal)


def _told(token: Token) -> str:
    if token.type == "$END":
        return "the end of the text"
    text = " ".join(token.text.split())
    if token.type == "QUOTED_NAME":
        return f"`` {text} ``"
    return f"`{text}`" if len(text) <= 40 else f"`{text[:39]}…`"
