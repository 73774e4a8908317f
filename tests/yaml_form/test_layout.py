"""The canonical layout of files in the YAML form, and comments on their way between the two forms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.yaml_form.samples import SPEC_EXAMPLE

from assignrules.diagnostics import SourceFile
from assignrules.syntax import tree
from assignrules.syntax.formatter import format_file
from assignrules.syntax.text import parse
from assignrules.syntax.yaml_form import format_yaml_rules, read_yaml_rules
from assignrules.syntax.yaml_write import write_yaml_rules


def formatted(text: str) -> str:
    """The layout of a text, which keeps its meaning and its comments and is that of itself."""
    source = SourceFile("a.yml", text)
    file, problems = read_yaml_rules(source)
    assert not problems, (text, problems)
    done = format_yaml_rules(source)
    again, problems = read_yaml_rules(SourceFile("a.yml", done))
    assert not problems, (done, problems)
    assert again.statements == file.statements, done
    assert sorted(comment.text for comment in again.comments) == sorted(comment.text for comment in file.comments), done
    assert format_yaml_rules(SourceFile("a.yml", done)) == done
    return done


def test_layout() -> None:
    text = """\
# the head

searches: # all of them

    late:   {where:  overdue>0 EUR}   # late ones
    # about text
    text: {label: 'On', where: 'name = "a: b"'}


    both: {where: {any: [a   or b, {not: c}]},
           on: customer}
assign:
- scenario: "Dunning"
  lines: [ # first
    {value: "Automatic", to: late}, {value: 12, to: a}]
  guard:   at  most 20%
"""
    assert (
        formatted(text)
        == """\
# the head

searches:  # all of them
  late: {where: overdue > 0 EUR}  # late ones
  # about text
  text: {label: "On", where: 'name = "a: b"'}

  both:
    where:
      any:
        - a or b
        - not: c
    on: customer

assign:
  - scenario: Dunning
    lines:  # first
      - {value: Automatic, to: late}
      - {value: 12, to: a}
    guard: at most 20%
"""
    )


def test_comments_inside_an_expression_stay_where_they_are() -> None:
    text = 'searches:\n  a: |-\n    b  # why\n    and   c\n  d:\n    where: |\n      e # more\n    label: "x"\n'
    assert formatted(text) == "searches:\n  a: |-\n    b  # why\n    and   c\n\n  d:\n    where: |\n      e # more\n    label: x\n"


@pytest.mark.parametrize(
    "label",
    [
        "yes",
        "12",
        "2026-01-01",
        "null",
        "~",
        "a: b",
        "a #b",
        "",
        " a",
        "- a",
        "é",
        "\u2028",
        "\x07",
        "😀",
        "'",
        '"',
        "\\",
        "[",
        "a\nb",
        "true",
        "...",
    ],
)
def test_a_label_is_read_as_it_was(label: str) -> None:
    (statement,) = parse(SourceFile("a.rules", "search a where b"))[0].statements
    named = replace(statement, label=tree.Text(label, statement.span))
    text = write_yaml_rules(tree.File("a.rules", (named,), ()))
    read, problems = read_yaml_rules(SourceFile("a.yml", text))
    assert not problems
    assert read.statements == (named,)
    assert formatted(text) == text


@settings(max_examples=settings().max_examples // 4)
@given(st.data())
def test_comments_anywhere_are_kept(data: st.DataObject) -> None:
    laid_out = format_yaml_rules(SourceFile("a.yml", SPEC_EXAMPLE)).splitlines()
    lines: list[str] = []
    for number, line in enumerate(laid_out):
        kind = data.draw(st.sampled_from(["", "", "", "", "before", "far", "behind"]))
        if kind in ("before", "far"):
            lines += ["", f"# c{number}", ""] if kind == "far" else [" " * data.draw(st.integers(0, 8)) + f"# c{number}"]
        lines.append(line + (f" # b{number}" if kind == "behind" else ""))
    text = "\n".join([*lines, data.draw(st.sampled_from(["", "# end"]))])
    done = formatted(text)
    source = SourceFile("a.yml", done)
    file, _ = read_yaml_rules(source)
    rules = SourceFile("a.rules", format_file(file, source))
    back, problems = parse(rules)
    assert not problems
    assert back.statements == file.statements
    assert sorted(comment.text for comment in back.comments) == sorted(comment.text for comment in file.comments)
    again = write_yaml_rules(back, rules)
    assert sorted(comment.text for comment in read_yaml_rules(SourceFile("a.yml", again))[0].comments) == sorted(
        comment.text for comment in file.comments
    )


def test_comments_go_with_what_they_are_about() -> None:
    rules = """\
# all the rules
# of this company

param large: money = 5 EUR  # much
# whom we like
search strategic "S" where a
  # the best
  and b
define x = 1
assign scenario "D"  # who gets what
  # first come
  "A" to strategic  # the few
  otherwise keep
# the end
"""
    source = SourceFile("a.rules", rules)
    file, problems = parse(source)
    assert not problems
    assert (
        write_yaml_rules(file, source)
        == """\
# all the rules
# of this company

params:
  large: {type: money, value: 5 EUR}  # much

searches:
  # whom we like
  strategic:
    label: S
    # the best
    where: a and b

defines:
  x: 1

assign:
  - scenario: D  # who gets what
    lines:
      # first come
      - {value: A, to: strategic}  # the few
    otherwise: keep

# the end
"""
    )
