"""The hard limits: each with its own error, at once, whatever the text."""

from __future__ import annotations

import time

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.syntax import tree
from assignrules.syntax.text import decode, parse, parse_expression

pytestmark = pytest.mark.slow

MIB = 1024 * 1024


def _codes(text: str) -> list[str]:
    started = time.process_time()
    _, problems = parse(SourceFile("a.rules", text))
    assert time.process_time() - started < 10, "a hostile text must be answered quickly"
    return [problem.code for problem in problems]


def _define(expression: str) -> str:
    return f"define x = {expression}\n"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("too large", "#" * (MIB + 1), "E0115"),
        ("too large in bytes", "#" + "é" * (MIB // 2), "E0115"),
        ("open parentheses", "(" * MIB, "E0116"),
        ("parentheses", _define("(" * 201 + "1" + ")" * 201), "E0116"),
        ("nots", _define("not " * 65 + "a"), "E0116"),
        ("a million nots", _define("not " * 250_000 + "a"), "E0116"),
        ("minuses", _define("- " * 65 + "a"), "E0116"),
        ("a million minuses", _define("-" * 1_000_000 + "a"), "E0116"),
        ("a long sum", _define("+".join(["a"] * 66)), "E0116"),
        ("a very long sum", _define("+".join(["a"] * 500_000)), "E0116"),
        ("a long path", _define(".".join(["a"] * 500_000)), "E0116"),
        ("a long list", _define("a in (" + ",".join(["1"] * 50_001) + ")"), "E0118"),
        ("a long chain of comparisons", _define("<".join(["a"] * 500_000)), "E0111"),
        ("statements", "use \"a\"\n" * 10_001, "E0117"),
        ("a huge number", _define("9" * 1_000_000), "E0307"),
        ("a huge duration", _define("9" * 100_000 + " days"), "E0120"),
        ("nul", _define('"\x00"'), "E0113"),
        ("lone surrogate", _define('"\ud800"'), "E0113"),
        ("escaped nul", _define('"\\u0000"'), "E0104"),
        ("escaped lone surrogate", _define('"\\ud800"'), "E0104"),
        ("backslashes without an end", _define('"' + "a\\" * 400_000), "E0103"),
        ("quotes", '"' * 100_001, "E0101"),
        ("a number that never ends", _define("1_" * 400_000), "E0105"),
    ],
)  # fmt: skip
def test_beyond_a_limit(name: str, text: str, code: str) -> None:  # S5
    assert _codes(text) == [code]


def test_too_many_statements_hide_no_other_problem() -> None:
    many = "search before where\n" + 'use "a"\n' * 9_999 + 'define late = 1\nuse "b"\nsearch behind where\n'
    file, problems = parse(SourceFile("a.rules", many))
    found = [(problem.code, problem.span and problem.span.line) for problem in problems]
    assert found == [("E0102", 1), ("E0117", 10_002), ("E0102", 10_003)]
    assert len(file.statements) == 10_000, "those within the limit are checked further"
    assert sorted(name.text for name in file.broken) == ["before", "behind"]
    more = many.replace("define late", 'use "a"\ndefine late')
    assert [name.text for name in parse(SourceFile("a.rules", more))[0].broken if name.text == "late"], "it is not unknown elsewhere"


def test_a_statement_beyond_a_limit_hides_no_other() -> None:
    text = (
        f"search a where {'(' * 600}b{')' * 600}\nsearch c where\n"
        f"define d = e in ({','.join(['1'] * 50_001)})\nsearch e where true\ndefine f = {'- ' * 65}g\ndefine h = )\n"
    )
    file, problems = parse(SourceFile("a.rules", text))
    found = [(problem.code, problem.span and problem.span.line) for problem in problems]
    assert found == [("E0116", 1), ("E0102", 2), ("E0118", 3), ("E0116", 5), ("E0101", 6)]
    assert [statement.name.text for statement in file.statements if isinstance(statement, tree.Search)] == ["e"]
    assert sorted(name.text for name in file.broken) == ["a", "c", "d", "f", "h"]


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("parentheses", "(" * 200 + "1" + ")" * 200),
        ("nots", "not " * 64 + "a"),
        ("a sum", "+".join(["a"] * 65)),
        ("a chain of and", " and ".join(["a"] * 10_000)),
        ("a chain of or", " or ".join(["a"] * 10_000)),
        ("a list", "a in (" + ",".join(["1"] * 50_000) + ")"),
        ("both limits at once", "(not " * 64 + "(" * 136 + "a" + ")" * 200),
    ],
)
def test_at_a_limit(name: str, expression: str) -> None:
    assert _codes(_define(expression)) == []


def test_chains_are_flat() -> None:
    expression, problems = parse_expression(SourceFile("e", " and ".join(f"a{n}" for n in range(10_000))))
    assert not problems
    assert isinstance(expression, tree.And)
    assert len(expression.operands) == 10_000


def test_ten_thousand_statements_are_read() -> None:
    file, problems = parse(SourceFile("a.rules", 'use "a"\n' * 10_000))
    assert not problems
    assert len(file.statements) == 10_000


def test_ten_thousand_broken_statements_are_all_told() -> None:
    assert _codes("define x = == 1\n" * 10_000) == ["E0101"] * 10_000


def test_depth_counts_operators_and_not_parentheses() -> None:
    assert _codes(_define("((" * 60 + "a" + "))" * 60)) == []
    assert _codes(_define("(1 + " * 65 + "a" + ")" * 65)) == ["E0116"]


def test_decode() -> None:
    source, problems = decode("a.rules", "é\r\n".encode())
    assert source is not None and source.text == "é\r\n" and not problems
    source, problems = decode("a.rules", b"x\ny\xff")
    assert source is None
    assert [(problem.code, problem.span.line, problem.span.column) for problem in problems if problem.span] == [("E0114", 2, 2)]
    assert decode("a.rules", b" " * (MIB + 1))[1][0].code == "E0115"


def test_a_thousand_rules_are_read_in_time() -> None:
    rule = (
        'assign group "Very late {n}"\n  add very_late_{n} or oldest_overdue_days > {n} and not in group "B{n}"\n'
        '  remove outstanding < {n} EUR or last_dunned_on in last {n} days\n  because "{{outstanding}} outstanding, oldest {{days}} days"\n'
    )
    text = "".join(rule.replace("{n}", str(number)) for number in range(1, 1001))
    source = SourceFile("a.rules", text)
    parse(source)
    started = time.process_time()
    file, problems = parse(source)
    assert time.process_time() - started < 1.5  # about 0.3 s on an idle machine
    assert len(file.statements) == 1000 and not problems
