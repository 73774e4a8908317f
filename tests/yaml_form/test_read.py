"""What the YAML form means: the same trees as rule files have, with places inside the scalars."""

from __future__ import annotations

import pytest
from tests.yaml_form.samples import SPEC_EXAMPLE, SPEC_EXAMPLE_RULES

from assignrules.diagnostics import SourceFile, Span
from assignrules.syntax import tree
from assignrules.syntax.text import parse
from assignrules.syntax.yaml_form import format_yaml_rules, read_rules, read_yaml_rules


def read(text: str, **holds_text: bool) -> tuple[tree.Statement, ...]:
    file, problems = read_yaml_rules(SourceFile("a.yml", text), holds_text)
    assert not problems, problems
    return file.statements


def rules(text: str) -> tuple[tree.Statement, ...]:
    file, problems = parse(SourceFile("a.rules", text))
    assert not problems, problems
    return file.statements


def place(text: str) -> tuple[str, str]:
    """The code of the only problem, and the text that it marks."""
    _, problems = read_yaml_rules(SourceFile("a.yml", text))
    (problem,) = problems
    assert problem.span is not None
    return problem.code, text[problem.span.start : problem.span.end]


def test_the_example_means_the_same_rules() -> None:
    assert read(SPEC_EXAMPLE) == rules(SPEC_EXAMPLE_RULES)


def test_the_layout_of_the_example_is_read_alike() -> None:
    text = format_yaml_rules(SourceFile("a.yml", SPEC_EXAMPLE))
    assert read(text) == read(SPEC_EXAMPLE)
    assert format_yaml_rules(SourceFile("a.yml", text)) == text


@pytest.mark.parametrize(
    ("yaml", "dsl"),
    [
        ("use: [{pack: nd_cover}]", 'use "nd_cover"'),
        ("use: [{pack: p, with: {a: FR, b: 12, c: (d + 1), e: '\"(x)\"'}}]", 'use "p" with a = "FR", b = 12, c = d + 1, e = "(x)"'),
        ("params: {a: {type: text, value: 12 days}}", 'param a: text = "12 days"'),
        (
            "searches: {a: {on: documents, where: b, top: 150 by overdue ascending per c}}",
            "search a on documents where b top 150 by overdue ascending per c",
        ),
        ("searches: {a: {where: {not: {all: [b, c]}}}}", "search a where not (b and c)"),
        ("searches: {a: {where: {all: [{any: [b, c]}, {not: d}]}}}", "search a where (b or c) and not d"),
        ("searches: {a: {where: {any: [{all: [b, c]}, d]}}}", "search a where b and c or d"),
        ("searches: {a: {where: true}}", "search a where true"),
        ("searches: {a: {where: case when b then c}}", "search a where (case when b then c)"),
        ("defines: {a: case when b then c}", "define a = case when b then c"),
        (
            "assign: [{scenario: X, lines: [{value: A, to: b}, {value: -5, to: c}, {value: (d), to: e}], otherwise: restore}]",
            'assign scenario "X" "A" to b (-5) to c (d) to e otherwise restore',
        ),
        (
            "assign: [{cover: (policy_name), eligibility: a, amount: 5 EUR, removal: others}]",
            "assign cover (policy_name) eligibility a amount 5 EUR removal others",
        ),
        ("assign: [{group: 12, label: Twelve, add: a, remove: b}]", 'assign group "12" "Twelve" add a remove b'),
        (
            "assign: [{scenario: , keep: manual, cooldown: 90 days after removal, limit: 50 changes by overdue per c, priority: 10, disabled: true}]",  # noqa: E501
            "assign scenario keep manual cooldown 90 days after removal limit 50 changes by overdue per c priority 10 disabled",
        ),
        ("assign: [{scenario: , keep manual: true, disabled: false}]", "assign scenario keep manual"),
        (
            "assign: [{collector: , distribute: {where: a, among: [x, (y)], by: [overdue, 1], keeping together: b.c, within capacity: true, moving at most: 5%}}]",  # noqa: E501
            'assign collector distribute a among ("x", y) by overdue, 1 keeping together b.c within capacity moving at most 5%',
        ),
        (
            "assign: [{collector: , distribute: {where: a, among: [x], by: [1], within: 10%, moving at most: b}}]",
            'assign collector distribute a among ("x") by 1 within 10% moving at most b',
        ),
        (
            "assign: [{collector: , distribute: {where: a, among: [x], by: [1], moving at most: 5%, per: month}}]",
            'assign collector distribute a among ("x") by 1 moving at most 5% per month',
        ),
        ("assign: [{collector: , distribute: 'a among (\"x\") by 1'}]", 'assign collector distribute a among ("x") by 1'),
        ("assign: [{target: lines, label: X, add: a}]", 'assign lines "X" add a'),
        (
            "scores: {a: {points: [{add: +20, when: b}], classes: [{label: otherwise, from: 3}]}}",
            'score a points +20 when b class "otherwise" from 3',
        ),
        ("scenarios: {A: no steps, B: {steps: []}}", 'scenario "A" no steps\nscenario "B" no steps'),
        (
            "scenarios: {A: {steps: [{when: 5 days before due, channel: email, label: Note, automatic: true}, {when: 9 days after due, channel: call}]}}",  # noqa: E501
            'scenario "A" step 5 days before due: email "Note" automatic step 9 days after due: call',
        ),
        (
            "propose: {S: {on: customer, to: a, amount: b, approver: c, cooldown: 9 days, show: [d, e as f], because: '{d}'}}",
            'propose "S" on customer to a amount b approver c cooldown 9 days show d, e as f because "{d}"',
        ),
        ("proposals: {S: {to: a}}", 'propose "S" to a'),
        (
            "reports: {r: {show: 'a, count() as b', group by: 'c, d', order by: count() descending}}",
            "report r group by c, d show a, count() as b order by count() descending",
        ),
        ("warn: [{name: N, no: customers, where: a}]", 'warn "N" no customers where a'),
        ("", ""),
        ("searches:\n", ""),
        ("\ufeffsearches: {a: b}\n", "search a where b"),
    ],
)
def test_it_means(yaml: str, dsl: str) -> None:
    assert read(yaml) == rules(dsl)


def test_a_value_is_what_the_target_holds() -> None:
    text = "assign: [{t: , lines: [{value: 12, to: a}, {value: '12', to: b}], otherwise: 3}]"
    assert read(text) == rules('assign t 12 to a "12" to b otherwise 3')
    assert read(text, t=True) == rules('assign t "12" to a "12" to b otherwise "3"')
    assert read(text, t=False) == rules("assign t 12 to a 12 to b otherwise 3")


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("searches: {a: {where: b ant c}}", "E0102", "ant"),
        ("searches: {a: {where: 'x = \"it''s\" ant c'}}", "E0102", "ant"),
        ('searches: {a: {where: "x = \\"\\u00e9\\t\\" ant c"}}', "E0102", "ant"),
        ("searches:\n  a: |\n      # why\n      x = 1\n\n      and (y ant c)\n", "E0102", "ant"),
        ("searches:\n  a: >2\n    x = 1\n\n    and\n     (y ant\n    c)\n", "E0102", "ant"),
        ("searches:\n  a: x = 1\n    and y\n    ant c\n", "E0102", "ant"),
        ('searches:\n  a: "x = 1 \\\n    and y\n\n    ant c"\n', "E0102", "ant"),
        ("searches: {é𠀀: {label: 'a\u2028b', where: b ant c}}", "E0102", "ant"),
        ("\ufeffsearches: {a: {where: b ant c}}", "E0102", "ant"),
        ("assign: [{a: , guard: at most 20}, {b: , guard: 'at mots 20%'}]", "E0101", "mots"),
        ("searches: {a: {whree: b}}", "E0198", "whree"),
    ],
)
def test_the_place_lies_inside_the_scalar(text: str, code: str, marked: str) -> None:
    found, shown = place(text)
    assert shown == marked
    assert found == code


def test_nodes_know_their_places() -> None:
    text = 'searches: {late: {where: "overdue >  \\"é\\" "}}'
    (statement,) = read(text)
    assert isinstance(statement, tree.Search)
    assert isinstance(statement.where, tree.Binary)
    right: Span = statement.where.right.span
    assert text[right.start : right.end] == '\\"é\\"'
    assert text[statement.where.span.start : statement.where.span.end] == 'overdue >  \\"é\\"'


def test_a_broken_statement_hides_no_other() -> None:
    file, problems = read_yaml_rules(
        SourceFile("a.yml", "searches:\n  a: b ant\n  c: d\nscores: {e: {bse: 5}}\nparams: {f: {type: text, value: x}}")
    )
    assert [problem.code for problem in problems] == ["E0102", "E0198"]
    assert [type(statement).__name__ for statement in file.statements] == ["Search", "Param"]
    assert [name.text for name in file.broken] == ["a", "e"]


def test_a_statement_with_a_problem_at_its_end_is_broken_too() -> None:
    file, problems = read_yaml_rules(SourceFile("a.yml", "searches:\n  late: overdue >\n  all: 'true'\n"))
    assert [problem.code for problem in problems] == ["E0102"]
    assert [type(statement).__name__ for statement in file.statements] == ["Search"]
    assert [name.text for name in file.broken] == ["late"]


@pytest.mark.parametrize("fault", ["a: &x true", "a: *x", "a: !t true", "<<: {a: true}", "a: {where: 'true', where: 'true'}"])
def test_what_rules_do_not_take_from_yaml_hides_nothing_else(fault: str) -> None:
    file, problems = read_yaml_rules(SourceFile("a.yml", f"searches:\n  {fault}\n  b: overdue >\n  c: 'true'\n"))
    assert [problem.code for problem in problems] == ["E0197", "E0102"]
    assert "b" in [name.text for name in file.broken]
    assert [statement.name.text for statement in file.statements if isinstance(statement, tree.Search)][-1] == "c"


def test_comments_are_those_of_the_file_and_of_the_expressions() -> None:
    text = "# one\nsearches:  # two\n  a: |  # three\n    b # four\n    and c\n  d: e # five\n# six\n"
    file, problems = read_yaml_rules(SourceFile("a.yml", text))
    assert not problems
    assert [comment.text for comment in file.comments] == ["# one", "# two", "# three", "# four", "# five", "# six"]
    assert [comment.own_line for comment in file.comments] == [True, False, False, False, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "a",
        "- a",
        "searches: [1]",
        "searches: [[]]",
        "assign: [[]]",
        "assign: [a]",
        "{? [a] : b}",
        "\x00",
        "a: \ud800",
        "scores: {a: b}",
    ],
)
def test_no_text_makes_it_raise(text: str) -> None:
    _, problems = read_yaml_rules(SourceFile("a.yml", text))
    assert problems


@pytest.mark.slow
def test_limits() -> None:
    assert read_yaml_rules(SourceFile("a.yml", "#" * 1024 * 1024 + "#"))[1][0].code == "E0115"
    many = "searches:\n" + "".join(f" s{number}: a\n" for number in range(10_001))
    assert [problem.code for problem in read_yaml_rules(SourceFile("a.yml", many))[1]] == ["E0117"]
    file, problems = read_yaml_rules(SourceFile("a.yml", many + " t: a and\n"))
    assert [problem.code for problem in problems] == ["E0117", "E0102"], "one hides no other"
    assert (len(file.statements), sorted(name.text for name in file.broken)) == (10_000, ["s10000", "t"])
    deep = "searches: {a: '" + "not " * 70 + "b'}"
    assert [problem.code for problem in read_yaml_rules(SourceFile("a.yml", deep))[1]] == ["E0116"]
    nested = "searches: {a: {where: " + "{not: " * 70 + "b" + "}" * 70 + "}}"
    assert [problem.code for problem in read_yaml_rules(SourceFile("a.yml", nested))[1]] == ["E0116"]


def test_the_name_says_the_form() -> None:
    assert (
        read_rules(SourceFile("a.YAML", "searches: {a: b}"))[0].statements
        == read_rules(SourceFile("a.rules", "search a where b"))[0].statements
    )
