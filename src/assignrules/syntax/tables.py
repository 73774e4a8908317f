"""The parse tables of the grammar: made by lark from the grammar file, kept beside it as plain JSON.

lark takes half a second to work the tables out, so they are stored (`assignrules.tables.json`, written by
`python -m assignrules.syntax.tables`) with the digest of the grammar they were made from. When the grammar has changed since, they are
worked out anew. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

GRAMMAR_FILE = "assignrules.lark"
TABLES_FILE = "assignrules.tables.json"
STARTS = ("file", "only_expression")


@dataclass(frozen=True, slots=True)
class Rule:
    """One production: ``origin`` is made of ``size`` symbols by the builder's method ``action``.

    ``action`` is empty where the only symbol is passed through. ``spliced`` are the symbols whose values are lists of the lark
    operators ``*`` and ``+``: they are put in the place where they stand.
    """

    origin: str
    size: int
    action: str
    spliced: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """What the parser runs on.

    ``actions[state][terminal]`` is the next state plus 1, or minus (the number of the rule to reduce by, plus 1);
    ``gotos[state][origin]`` is the next state; ``patterns`` and ``words`` are the grammar's terminals.
    """

    actions: tuple[dict[str, int], ...]
    gotos: tuple[dict[str, int], ...]
    rules: tuple[Rule, ...]
    starts: dict[str, int]
    patterns: dict[str, str]
    words: dict[str, str]


def grammar_folder() -> Traversable:
    """The folder of the grammar: inside the installed package, or at the top of the checkout in an editable install."""
    packaged = resources.files("assignrules").joinpath("grammar")
    if packaged.joinpath(GRAMMAR_FILE).is_file():
        return packaged
    return Path(__file__).resolve().parents[3] / "grammar"


def digest(grammar: str) -> str:
    """The digest of a grammar text; how its lines end makes no difference."""
    return hashlib.sha256("\n".join(grammar.splitlines()).encode()).hexdigest()


@cache
def load() -> Tables:
    """The tables of the package's grammar."""
    folder = grammar_folder()
    grammar = folder.joinpath(GRAMMAR_FILE).read_text(encoding="utf-8")
    stored = folder.joinpath(TABLES_FILE)
    if stored.is_file():
        data = json.loads(stored.read_text(encoding="utf-8"))
        if data["grammar"] == digest(grammar):
            return _from_data(data)
    return _from_data(build(grammar))


def build(grammar: str) -> dict[str, Any]:
    """The tables of a grammar as JSON data; a grammar that is not LALR(1) is our own bug (lark's ``GrammarError``)."""
    import lark
    from lark.lexer import Lexer

    class NoLexer(Lexer):
        """Keeps lark from building its own."""

        __future_interface__ = 1

        def __init__(self, lexer_conf: Any) -> None:
            pass

        def lex(self, lexer_state: Any, parser_state: Any) -> Any:
            return iter(())

    parser: Any = lark.Lark(
        grammar, parser="lalr", lexer=NoLexer, start=list(STARTS), keep_all_tokens=True, maybe_placeholders=False, strict=False
    )
    table = parser.parser.parser._parse_table
    # lark numbers states and orders rules by its own sets: sorted here, so that the stored file does not depend on the hash seed
    rules = sorted(parser.rules, key=_rule_key)
    for rule in {arg for row in table.states.values() for action, arg in row.values() if action.name == "Reduce"} - set(rules):
        rules.append(rule)  # the start rules that lark adds
    number_of_rule = {rule: number for number, rule in enumerate(rules)}
    number_of_state = _numbered(table)
    actions: list[dict[str, int]] = [{} for _ in number_of_state]
    gotos: list[dict[str, int]] = [{} for _ in number_of_state]
    for state, row in table.states.items():
        for symbol in sorted(row):
            action, argument = row[symbol]
            number = number_of_state[state]
            if action.name == "Reduce":
                actions[number][symbol] = -number_of_rule[argument] - 1
            elif symbol.isupper():
                actions[number][symbol] = number_of_state[argument] + 1
            else:
                gotos[number][symbol] = number_of_state[argument]
    for start in STARTS:
        # the end of the text, where lark itself compares states, is the shift into its end state
        actions[gotos[number_of_state[table.start_states[start]]][start]]["$END"] = number_of_state[table.end_states[start]] + 1
    return {
        "grammar": digest(grammar),
        "starts": {start: number_of_state[table.start_states[start]] for start in STARTS},
        "rules": [_rule_data(rule) for rule in rules],
        "patterns": {t.name: t.pattern.value for t in sorted(parser.terminals, key=lambda t: str(t.name)) if t.pattern.type == "re"},
        "words": {t.pattern.value: t.name for t in sorted(parser.terminals, key=lambda t: str(t.name)) if t.pattern.type == "str"},
        "actions": actions,
        "gotos": gotos,
    }


def _rule_key(rule: Any) -> tuple[str, tuple[str, ...], str]:
    return rule.origin.name, tuple(symbol.name for symbol in rule.expansion), rule.alias or ""


def _numbered(table: Any) -> dict[int, int]:
    """States numbered in the order in which they are reached from the starts."""
    from lark.parsers.lalr_analysis import Shift

    numbers: dict[int, int] = {}
    waiting = [table.start_states[start] for start in reversed(STARTS)]
    while waiting:
        state = waiting.pop()
        if state in numbers:
            continue
        numbers[state] = len(numbers)
        row = table.states.get(state, {})
        waiting.extend(row[symbol][1] for symbol in sorted(row, reverse=True) if row[symbol][0] is Shift)
    return numbers


def _rule_data(rule: Any) -> list[Any]:
    symbols = [symbol.name for symbol in rule.expansion]
    helper = rule.origin.name.startswith("__")
    if helper:
        action = "__splice"
    elif rule.alias:
        action = rule.alias
    elif rule.options.expand1 and len(symbols) == 1:
        action = ""
    else:
        action = rule.origin.name
    return [rule.origin.name, len(symbols), action, [index for index, symbol in enumerate(symbols) if symbol.startswith("__")]]


def _from_data(data: dict[str, Any]) -> Tables:
    return Tables(
        tuple(data["actions"]),
        tuple(data["gotos"]),
        tuple(Rule(origin, size, action, tuple(spliced)) for origin, size, action, spliced in data["rules"]),
        data["starts"],
        data["patterns"],
        data["words"],
    )


def main() -> None:
    """Writes the tables beside the grammar of the checkout."""
    folder = Path(__file__).resolve().parents[3] / "grammar"
    data = build((folder / GRAMMAR_FILE).read_text(encoding="utf-8"))
    lines = ["{"]
    for key in ("grammar", "starts", "patterns", "words"):
        lines.append(f'"{key}": {json.dumps(data[key])},')
    for key in ("rules", "actions", "gotos"):
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in data[key])
        lines.append(f'"{key}": [\n{rows}\n]' + ("," if key != "gotos" else ""))
    lines.append("}")
    (folder / TABLES_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
