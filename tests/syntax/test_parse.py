"""What the parser makes of rule text."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from assignrules.diagnostics import SourceFile
from assignrules.syntax import tables, tree
from assignrules.syntax.names import RESERVED
from assignrules.syntax.text import parse, parse_expression

_HERE = Path(__file__).parent


def _one(text: str) -> Any:
    file, problems = parse(SourceFile("a.rules", text))
    assert not problems, problems
    (statement,) = file.statements
    return statement


def _expression(text: str) -> Any:
    expression, problems = parse_expression(SourceFile("e", text))
    assert not problems, problems
    return expression


def _codes(text: str) -> list[str]:
    return [problem.code for problem in parse(SourceFile("a.rules", text))[1]]


def test_every_example_of_the_language_is_read() -> None:
    file, problems = parse(SourceFile("examples.rules", (_HERE / "examples.rules").read_text(encoding="utf-8")))
    assert not problems
    assert {type(statement) for statement in file.statements} == {
        tree.Param, tree.Define, tree.Search, tree.Assign, tree.Score, tree.Scenario, tree.Propose, tree.Alert, tree.Report, tree.Require,
        tree.Hold,
    }  # fmt: skip
    clauses = {type(clause) for statement in file.statements if isinstance(statement, tree.Assign) for clause in statement.clauses}
    assert clauses == {
        tree.Line, tree.Otherwise, tree.Add, tree.Remove, tree.Eligibility, tree.Removal, tree.Where, tree.Except, tree.KeepManual,
        tree.Cooldown, tree.Limit, tree.Guard, tree.From, tree.Until, tree.Because, tree.Priority, tree.Disabled, tree.Distribute,
    }  # fmt: skip


def test_literals() -> None:
    assert _expression('"a\\"b\\\\\\n\\t\\u00e9\\ud83d\\ude00"').value == 'a"b\\\n\té😀'
    assert _expression("1_000.50").value == Decimal("1000.50")
    assert _expression("23%").value == Decimal("0.23")
    money = _expression("500_000 EUR")
    assert (money.amount, money.currency, money.source) == (Decimal(500000), "EUR", "500_000")
    assert _expression("2026-11-22").value == date(2026, 11, 22)
    assert _expression("1 year") == _expression("1 years")
    assert _expression("5 business days").unit is tree.Unit.BUSINESS_DAY
    assert _expression("true").value is True


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a or b and not c = d + e * -f.g", "a or (b and (not (c = (d + (e * (-f.g))))))"),
        ("a - b - c", "(a - b) - c"),
        ("a / b * c", "(a / b) * c"),
        ("not a in (1) and b", "(not (a in (1))) and b"),
        ("a between b + 1 and c - 1 and d", "(a between (b + 1) and (c - 1)) and d"),
        ("x in last n days_of", None),
        ("(a) as of today + 1 day < b", "((a) as of (today + 1 day)) < b"),
        ("a + (b) as of c - d", "a + ((b) as of (c - d))"),
        ("(a) as of b * c", "((a) as of b) * c"),
        ("a - 5 business days of b.c", "a - (5 business days of b.c)"),
        ("a + b * 1 business day of c - d of e", "(a + ((b * 1 business day) of c)) - (d of e)"),
        ("a in last 5 business days of b and c", "(a in last (5 business days of b)) and c"),
        ("(a) as of today - 5 business days of b", "(a) as of (today - (5 business days of b))"),
        ("a < b of c", "a < (b of c)"),
        ('not in group "A" and b', '(not in group "A") and b'),
    ],
)
def test_precedence(text: str, same: str | None) -> None:
    if same is None:
        assert parse_expression(SourceFile("e", text))[0] is None
        return
    assert _bare(_expression(text)) == _bare(_expression(same))


def _bare(node: Any) -> Any:
    """The tree as nested tuples, without parentheses."""
    if isinstance(node, tree.Parenthesised):
        return _bare(node.operand)
    if isinstance(node, tuple):
        return tuple(map(_bare, node))
    if hasattr(node, "__dataclass_fields__"):
        return (type(node).__name__, *(_bare(getattr(node, name)) for name in node.__dataclass_fields__ if name not in ("span", "source")))
    return node


def test_spans_are_exact() -> None:
    search = _one("search late\n  where overdue > 500 EUR and sum(open_amount over documents) < 3\n")
    text = "search late\n  where overdue > 500 EUR and sum(open_amount over documents) < 3\n"

    def shown(node: Any) -> str:
        return text[node.span.start : node.span.end]

    first, second = search.where.operands
    assert shown(search) == text.rstrip()
    assert [shown(first), shown(first.left), shown(first.right)] == ["overdue > 500 EUR", "overdue", "500 EUR"]
    assert shown(second.left) == "sum(open_amount over documents)"
    assert shown(second.left.over) == "documents"
    assert (first.right.span.line, first.right.span.column) == (2, 19)


def test_parts_of_a_call() -> None:
    call = _expression('avg(days_late over documents weighted by open_amount where type = "invoice")')
    assert (call.function.text, call.over.names[0].text, call.by, call.distinct) == ("avg", "documents", None, False)
    assert call.weighted_by is not None and call.where is not None
    count = _expression("count(documents where x)")
    assert count.over is None and isinstance(count.arguments[0], tree.Path)
    assert _expression("count(distinct country over documents)").distinct


def test_reserved_words_and_contextual_words() -> None:
    for word in sorted(RESERVED):
        assert _codes(f"define {word} = 1"), word
        assert _one(f"define `{word}` = a.{word}").name.text == word
    contextual = "amount base points class level order group step show day days month week last next manual changes score scenario propose"
    more = "alert report hold count sum up above due for than most clear restore"
    for word in [*contextual.split(), *more.split()]:
        statement = _one(f"search {word} where {word} > 1 and x.{word} = {word}")
        assert statement.name.text == word


def test_a_contextual_statement_word_ends_the_statement_before() -> None:
    file, problems = parse(SourceFile("a.rules", "define a = score\nscore b base score\nreport c show report\nalert d where alert\n"))
    assert not problems
    assert [type(statement).__name__ for statement in file.statements] == ["Define", "Score", "Report", "Alert"]


def test_line_breaks_and_blanks_mean_nothing() -> None:
    plain = parse(SourceFile("a.rules", 'search a where b > 60 days and not in group "x" define c = 1'))[0]
    spread = parse(SourceFile("a.rules", '\ufeffsearch\r\na where # c\r\n b\t>\n60\ndays\nand not in\ngroup\n"x"\ndefine\nc\n=\n1\r\n'))[0]
    assert plain == spread
    assert len(spread.comments) == 1 and spread.comments[0].text == "# c"


def test_heads_and_lines() -> None:
    assign = _one('assign scenario "Dunning" "A" to b ("x") to c (-5) to d')
    assert [head.value for head in assign.heads] == ["Dunning"]
    assert [type(clause.value) for clause in assign.clauses] == [tree.Text, tree.Parenthesised, tree.Parenthesised]
    cover = _one('assign cover (policy_name) "Label" removal others')
    assert [type(head) for head in cover.heads] == [tree.Parenthesised, tree.Text]
    assert cover.clauses[0].condition is None


def test_capitals_after_a_number_are_a_currency_only_where_they_are_no_keyword() -> None:
    assert _codes("search a where b > 0 AND c") == ["E0108"]
    assert _one("define a = 5 TOP").value.currency == "TOP"


def test_as_of_is_one_token() -> None:
    report = _one("report r show (a) as of today as b, (c) as d")
    assert [column.alias.text for column in report.show] == ["b", "d"]
    assert isinstance(report.show[0].value, tree.AsOf)
    assert _codes("report r show a as of")


def test_aggregates_need_rows_except_in_a_report() -> None:
    assert _codes("define a = sum(b)") == ["E0110"]
    assert _codes("report a show sum(b), count() order by sum(b)") == []
    assert _codes("report a where sum(b) > 1 show c") == ["E0110"]


def test_problems_of_one_statement_are_all_told() -> None:
    assert _codes('define a = "\\q" = 2026-02-30 and b > 5 XXX and foo(1)') == ["E0104", "E0106", "E0107", "E0109"]


def test_a_mistake_does_not_hide_the_statements_around_it() -> None:
    file, problems = parse(SourceFile("a.rules", 'define a = 1\nsearch b wher c\nassign scenario "x"\n  "y" to z\nreport d show e\n'))
    assert [type(statement).__name__ for statement in file.statements] == ["Define", "Assign", "Report"]
    assert [(problem.span.line, problem.span.column) for problem in problems if problem.span] == [(2, 10)]


def test_the_stored_tables_are_those_of_the_grammar() -> None:
    folder = tables.grammar_folder()
    stored = json.loads(folder.joinpath(tables.TABLES_FILE).read_text(encoding="utf-8"))
    fresh = tables.build(folder.joinpath(tables.GRAMMAR_FILE).read_text(encoding="utf-8"))
    assert json.loads(json.dumps(fresh)) == stored, "run `python -m assignrules.syntax.tables`"


def test_reading_does_not_import_lark() -> None:
    code = "import sys; from assignrules.diagnostics import SourceFile; from assignrules.syntax.text import parse; "
    code += "parse(SourceFile('a', 'define a = 1')); sys.exit('lark' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(root / "src")}, timeout=60, check=False).returncode == 0
