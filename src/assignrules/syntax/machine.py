"""The LALR machine: runs the tables over a text and calls the builder for each production."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assignrules.syntax.lexer import Token, as_of_pattern, token_pattern
from assignrules.syntax.names import RESERVED
from assignrules.syntax.tables import load

# far above what 200 parentheses and 64 levels can need; keeps a text of a million `not` or `-` from being read to its end
MAX_STACK = 4_000


class Unexpected(Exception):
    """A token that does not fit: the machine's state, for the message."""

    def __init__(self, token: Token, previous: Token | None, before_previous: Token | None, states: list[int]) -> None:
        super().__init__(token.text)
        self.token = token
        self.previous = previous
        self.before_previous = before_previous
        self.states = states


class TooDeep(Exception):
    """Nesting beyond every limit, at a token."""

    def __init__(self, token: Token) -> None:
        super().__init__(token.text)
        self.token = token


# (state, what is pushed on it, next terminal) to the state that follows; filled as texts are read
landings: dict[tuple[int, str, str], int] = {}


class _Spliced(list[Any]):
    """The values of a repetition, on their way into the production that holds it."""

    __slots__ = ()


_Method = Callable[[object, list[Any]], Any]
_Shape = tuple[str, int, tuple[int, ...]]


_known_productions: dict[type[Any], tuple[list[_Method | None], list[_Shape]]] = {}


def _productions(builder: type[Any]) -> tuple[list[_Method | None], list[_Shape]]:
    """For each rule, the method of the builder's class that makes its value, and its form: short texts are read by the thousand."""
    found = _known_productions.get(builder)
    if found is None:
        rules = load().rules
        methods = [getattr(builder, rule.action) if rule.action and rule.action != "__splice" else None for rule in rules]
        found = _known_productions[builder] = (methods, [(rule.origin, rule.size, rule.spliced) for rule in rules])
    return found


def run(start_rule: str, text: str, start: int, end: int, builder: object) -> Any:
    """The value that the builder makes of a range of the text, read as ``start_rule``.

    Raises ``Unexpected`` and ``TooDeep``, and whatever the builder raises.
    """
    tables = load()
    actions, rules, words = tables.actions, tables.rules, tables.words
    methods, shapes = _productions(type(builder))
    as_of = as_of_pattern().match
    state = tables.starts[start_rule]
    states = [state]
    values: list[Any] = []
    previous: Token | None = None
    before_previous: Token | None = None

    for match in token_pattern().finditer(text, start, end):
        kind = match.lastgroup
        if kind == "COMMENT" or kind is None:
            continue
        first, last = match.span(kind)
        accepted = actions[state]
        if kind == "WORD":
            word = text[first:last]
            keyword = words.get(word)
            if keyword is None:
                kind = "CALL" if last < end and text[last] == "(" and "CALL" in accepted else "NAME"
            elif word in RESERVED:
                kind = keyword
                if word == "as":
                    both = as_of(text, first, end)
                    if both is not None:
                        kind, last, word = "AS_OF", both.end(), both.group()
            elif last < end and text[last] == "(" and "CALL" in accepted:
                kind = "CALL"
            else:
                kind = keyword if keyword in accepted and "NAME" not in accepted else "NAME"
            token = Token(kind, word, first, last)
        elif kind == "SYMBOL":
            symbol = text[first:last]
            token = Token(words[symbol], symbol, first, last)
        elif kind == "END":
            token = Token("$END", "", end, end)
        else:
            token = Token(kind, text[first:last], first, last)

        if previous is not None and token.start < previous.end:
            continue  # the second word of `as of`
        kind = token.type
        while True:
            step = actions[state].get(kind)
            if step is None:
                raise Unexpected(token, previous, before_previous, states)
            if step > 0:
                if kind == "$END":
                    return values[0]
                state = step - 1
                states.append(state)
                values.append(token)
                if len(states) > MAX_STACK:
                    raise TooDeep(token)
                break
            number = -step - 1
            origin, size, spliced = shapes[number]
            if size:
                children = values[-size:]
                del values[-size:]
                del states[-size:]
            else:
                children = []
            method = methods[number]
            if method is None:
                # a rule of `*` or `+`, or (once, before anything is pushed) a symbol passed through
                value = children[0] if not rules[number].action else _repetition(children, spliced)
            else:
                value = method(builder, _flat(children) if spliced else children)
            values.append(value)
            key = (states[-1], origin, kind)
            landed = landings.get(key)
            if landed is None:
                landed = landings[key] = _landing(*key)
            state = landed
            states.append(state)
        before_previous, previous = previous, token
    raise AssertionError("the token pattern always finds the end")


def _landing(below: int, origin: str, terminal: str) -> int:
    """The state that pushing ``origin`` leads to, with every production before ``terminal`` played that only passes its value on.

    An atom passes nine levels of precedence: played once here, and not again for each atom.
    """
    tables = load()
    state = tables.gotos[below][origin]
    while True:
        step = tables.actions[state].get(terminal)
        if step is None or step > 0:
            return state
        rule = tables.rules[-step - 1]
        if rule.action or rule.size != 1:
            return state
        state = tables.gotos[below][rule.origin]


def _repetition(children: list[Any], spliced: tuple[int, ...]) -> list[Any]:
    """A repetition made longer: the first one itself grows, so that long ones stay linear."""
    if spliced and spliced[0] == 0:
        first: _Spliced = children[0]
        first.extend(_flat(children[1:]))
        return first
    return _Spliced(_flat(children))


def _flat(children: list[Any]) -> list[Any]:
    """The children with the values of repetitions put in their place."""
    flat: list[Any] = []
    for child in children:
        if type(child) is _Spliced:
            flat.extend(child)
        else:
            flat.append(child)
    return flat


def accepted_terminals(states: list[int]) -> frozenset[str]:
    """The terminals that may really come next: reductions that look-ahead sets promise are played through."""
    tables = load()
    found = set()
    for terminal in tables.actions[states[-1]]:
        stack = list(states[-64:])  # no production that could fail to reduce lies deeper
        while True:
            step = tables.actions[stack[-1]].get(terminal)
            if step is None:
                break
            if step > 0:
                found.add(terminal)
                break
            rule = tables.rules[-step - 1]
            if rule.size >= len(stack):
                found.add(terminal)
                break
            if rule.size:
                del stack[-rule.size :]
            stack.append(tables.gotos[stack[-1]][rule.origin])
    return frozenset(found)
