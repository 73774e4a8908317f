"""Reads the nodes of a YAML rule file into parts of the tree: texts, names, values, expressions, conditions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeVar

from assignrules.diagnostics import Diagnostic, Related, SourceFile, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.syntax import tree
from assignrules.syntax import yaml_reader as yaml
from assignrules.syntax.expression_format import format_arithmetic, format_expression, format_inner, format_list
from assignrules.syntax.names import is_name
from assignrules.syntax.text import parse, parse_expression
from assignrules.syntax.yaml_excerpt import Excerpt, excerpt, written
from assignrules.syntax.yaml_keys import STRUCTURED, Shape
from assignrules.syntax.yaml_layout import Leaf
from assignrules.syntax.yaml_values import expression_leaf, is_literal, is_quoted_text, value_leaf

CODE = "E0197"
_ARITHMETIC = ("+", "-", "*", "/")
_CONDITIONS = (
    tree.And, tree.Or, tree.Case, tree.HasMember, tree.Between, tree.InList, tree.IsMissing, tree.InDuration, tree.InPeriod,
)  # fmt: skip
_Part = TypeVar("_Part")


@dataclass(slots=True)
class Reading:
    """Collects the problems and comments of one file. Each method gives what it could read; where it reported a problem, something in its
    place, so that the rest of the statement is read too.

    ``holds_text``: by target, whether its values are texts; unknown where a target is not named. ``leaves``: how the scalars that hold
    parts of the language are written in the canonical layout, by where they start.
    """

    source: SourceFile
    holds_text: Mapping[str, bool]
    problems: list[Diagnostic] = field(default_factory=list)
    comments: list[tree.Comment] = field(default_factory=list)
    leaves: dict[int, Callable[[], Leaf]] = field(default_factory=dict)

    # --- problems ---

    def report(self, message: str, span: Span, *, help: str | None = None, code: str = CODE) -> None:
        """A problem of the file."""
        self.problems.append(diagnostic(code, message, span, help=help))

    def twice(self, keyword: str, second: Span, first: Span) -> None:
        """E0112 for what is given twice."""
        related = [Related(first, "it is first given here")]
        self.problems.append(diagnostic("E0112", f"`{keyword}` is given twice", second, related=related))

    def unknown(self, key: yaml.Scalar, known: Collection[str], where: str) -> None:
        """E0198 for a key that does not exist there, with the nearest that does."""
        names = list(known)
        help = did_you_mean(written(key), names) or "known are " + ", ".join(f"`{name}`" for name in names)
        self.report(f"unknown key `{written(key)}` in {where}", key.span, help=help, code="E0198")

    # --- nodes ---

    def keys(self, node: yaml.Node, shape: Shape, free: Callable[[yaml.Scalar], bool] | None = None) -> dict[str, Entry]:
        """The entries of a mapping by key; unknown ones, those without a value, and required ones that are not there, are reported.

        A scalar in place of the mapping is the entry of ``shape.short``.
        """
        if isinstance(node, yaml.Scalar) and shape.short is not None and node.value is not None:
            return {shape.short: Entry(node, node)}
        if not isinstance(node, yaml.Mapping):
            self.report(f"{shape.what} must have keys with values", node.span, help=_keys_of(shape))
            return {}
        given: dict[str, Entry] = {}
        empty: list[str] = []  # keys without a value, and those that a mistyped one means: told already
        known = [key.name for key in shape.keys]
        for key, value in node.entries:
            name = written(key)
            if name not in known:
                if free is None or not free(key):
                    self.unknown(key, known, shape.what)
                    empty += get_close_matches(name, known, n=1, cutoff=0.7)
                continue
            if isinstance(value, yaml.Scalar) and value.value is None:
                self.report(f"`{name}` has no value", key.span, help="give it one, or leave the key out")
                empty.append(name)
                continue
            given[name] = Entry(key, value)
        for required in shape.keys:
            if required.required and required.name not in given and required.name not in empty:
                place = node.entries[0][0].span if node.entries else node.span
                self.report(f"{shape.what} needs `{required.name}`", place, help=_keys_of(shape), code="E0102")
        return given

    def items(self, node: yaml.Node, what: str) -> tuple[yaml.Node, ...]:
        """The items of a list."""
        if isinstance(node, yaml.Sequence):
            return node.items
        self.report(f"`{what}` must be a list", node.span)
        return ()

    def scalar(self, node: yaml.Node, what: str) -> yaml.Scalar | None:
        """A single value that is there; None where it was reported."""
        if not isinstance(node, yaml.Scalar):
            self.report(f"{what} must be a single value", node.span)
            return None
        if node.value is None:
            self.report(f"a value is missing in {what}", node.span)
            return None
        return node

    # --- texts and names ---

    def text(self, node: yaml.Node, what: str) -> tree.Text:
        """A text as it stands."""
        scalar = self.scalar(node, f"`{what}`")
        if scalar is None:
            return tree.Text("", node.span)
        if isinstance(scalar.value, bool):
            self.report(f"`{written(scalar)}` is no text", scalar.span, help=f'write it in quotes: `"{written(scalar)}"`')
        return self.checked_text(scalar)

    def checked_text(self, scalar: yaml.Scalar) -> tree.Text:
        """The text of a scalar; half a surrogate pair or a NUL is none."""
        value = written(scalar)
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            self.report("a NUL character or half of a surrogate pair may not stand in a text", scalar.span, code="E0113")
        return tree.Text(value, scalar.span)

    def name(self, node: yaml.Node, what: str) -> tree.Name:
        """A name; a reserved word needs no back-quotes here, and may have them."""
        scalar = self.scalar(node, f"`{what}`")
        if scalar is None:
            return tree.Name("", node.span)
        word = written(scalar)
        word = word[1:-1] if len(word) > 2 and word[0] == word[-1] == "`" else word
        if not is_name(word):
            help = "a name is letters, digits and `_`, and does not start with a digit"
            self.report(f"`{word}` is no name", scalar.span, help=help, code="E0101")
        return tree.Name(word, scalar.span)

    def flag(self, node: yaml.Node, what: str) -> bool:
        """``true`` or ``false``."""
        scalar = self.scalar(node, f"`{what}`")
        if scalar is not None and not isinstance(scalar.value, bool):
            self.report(f"`{what}` is `true` or `false`, not `{scalar.value}`", scalar.span)
        return scalar is not None and scalar.value is True

    # --- expressions ---

    def expression(self, node: yaml.Node, what: str, *, whole: bool = False) -> tree.Expression:
        """An expression as text; ``whole``: a `case` needs no parentheses."""
        scalar = self.scalar(node, f"`{what}`")
        if scalar is None:
            return tree.Boolean(False, node.span)
        value = self._parsed(scalar)
        if isinstance(value, tree.Case) and not whole:
            value = tree.Parenthesised(value, value.span)
        form = format_expression if whole else format_inner
        self._keep(scalar, lambda: expression_leaf(value, form))
        return value

    def amount(self, node: yaml.Node, what: str, *, signed: bool = False) -> tree.Expression:
        """An expression that is no condition; a condition counts as if it stood in parentheses. ``signed``: may start with `+`."""
        scalar = self.scalar(node, f"`{what}`")
        if scalar is None:
            return tree.Boolean(False, node.span)
        value = self._parsed(scalar, without_sign=signed)
        if _is_condition(value):
            value = tree.Parenthesised(value, value.span)
        self._keep(scalar, lambda: expression_leaf(value, format_arithmetic))
        return value

    def condition(self, node: yaml.Node, what: str) -> tree.Expression:
        """A condition as text, or structured."""
        if not isinstance(node, yaml.Mapping):
            if isinstance(node, yaml.Sequence):
                help = "write `{all: […]}` where each of them must hold, `{any: […]}` where one is enough"
                self.report(f"`{what}` must be a condition, not a list", node.span, help=help)
                return tree.Boolean(False, node.span)
            return self.expression(node, what)
        if len(node.entries) != 1 or written(node.entries[0][0]) not in STRUCTURED:
            for key, _ in node.entries:
                if written(key) not in STRUCTURED:
                    self.unknown(key, STRUCTURED, "a condition")
            if all(written(key) in STRUCTURED for key, _ in node.entries):
                help = "put one into the list of the other"
                self.report("a structured condition has one of `all`, `any` and `not`", node.span, help=help)
            return tree.Boolean(False, node.span)
        key, value = node.entries[0]
        if key.value != "not":
            return self._chain(key, value, tree.And if key.value == "all" else tree.Or, node.span)
        loose = (tree.And, tree.Or, tree.Case)
        if not isinstance(value, yaml.Sequence):
            return tree.Unary(tree.UnaryOperator.NOT, self._operand(value, "not", loose), node.span)
        listed = self._chain(key, value, tree.Or, value.span)  # of a list, none holds
        operand = tree.Parenthesised(listed, value.span) if isinstance(listed, loose) else listed
        return tree.Unary(tree.UnaryOperator.NOT, operand, node.span)

    def _chain(self, key: yaml.Scalar, value: yaml.Node, chain: type[tree.And] | type[tree.Or], span: Span) -> tree.Expression:
        loose = (tree.And, tree.Or, tree.Case) if chain is tree.And else (tree.Or, tree.Case)
        operands = tuple(self._operand(item, written(key), loose) for item in self.items(value, written(key)))
        if not operands:
            self.report(f"`{written(key)}` needs conditions", key.span)
            return tree.Boolean(False, span)
        return operands[0] if len(operands) == 1 else chain(operands, span)

    def _operand(self, node: yaml.Node, what: str, loose: tuple[type[Any], ...]) -> tree.Expression:
        value = self.condition(node, what)
        return tree.Parenthesised(value, value.span) if isinstance(value, loose) else value

    # --- values ---

    def value(self, node: yaml.Node, what: str, *, texts: bool | None = None, marked: bool = False) -> tree.Expression:
        """A text as it stands, a literal, or an expression in parentheses.

        A text in double quotes inside the scalar is that text. ``texts``: whether the place holds texts, so that `12` is one; where that is
        not known, a scalar in quotes is a text. ``marked``: the parentheses only mark the expression, and are not part of it.
        """
        scalar = self.scalar(node, f"`{what}`")
        if scalar is None:
            return tree.Text("", node.span)
        value = self._value(scalar, texts, marked)
        self._keep(scalar, lambda: value_leaf(value, marked=marked))
        return value

    def _value(self, scalar: yaml.Scalar, texts: bool | None, marked: bool) -> tree.Expression:
        word = written(scalar)
        if is_quoted_text(word):
            return self._parsed(scalar)
        if word.startswith("(") and word.endswith(")"):
            value = self._parsed(scalar)
            if isinstance(value, tree.Parenthesised):
                return value.operand if marked else value
            return value if marked else tree.Parenthesised(value, value.span)
        if texts is True or (texts is None and scalar.quoted) or not is_literal(word):
            if isinstance(scalar.value, bool):
                self.report(f"`{word}` is no text", scalar.span, help=f'write it in quotes: `"{word}"`')
            return self.checked_text(scalar)
        value = self._parsed(scalar)
        return value if marked or not word.startswith("-") else tree.Parenthesised(value, value.span)

    # --- clauses ---

    def clause(
        self, node: yaml.Node, what: str, prefix: str, part: Callable[[tree.Statement], _Part | None], *, suffix: str = ""
    ) -> _Part | None:
        """What a text is as the last part of a statement that starts with ``prefix``; None where it is more, less, or wrong."""
        scalar = self.scalar(node, f"`{what}`")
        if scalar is None:
            return None
        cut = excerpt(self.source, scalar, prefix, suffix)
        file, problems = parse(SourceFile(self.source.name, cut.text))
        if problems:
            self.problems += [cut.moved_problem(problem) for problem in problems]
            return None
        found = part(file.statements[0]) if len(file.statements) == 1 else None
        if found is None:
            self.report(f"`{what}` holds more than its own clause", scalar.span, help="give each clause a key of its own")
            return None
        self._add_comments(cut, file.comments)
        moved: _Part = cut.moved(found)
        return moved

    def expressions(self, node: yaml.Node, what: str) -> tuple[tree.Expression, ...]:
        """A list of expressions; as one text, with commas between them."""
        if not isinstance(node, yaml.Scalar):
            return tuple(self.expression(item, what) for item in self.items(node, what))
        found = self.clause(node, what, "report x show y group by ", _only_groups)
        if found:
            self.keep_clause(node, format_list(found))
        return found or ()

    def _parsed(self, scalar: yaml.Scalar, *, without_sign: bool = False) -> tree.Expression:
        cut = excerpt(self.source, scalar)
        text = cut.text
        if without_sign and text.startswith("+"):
            text = " " + text[1:]
        inner = SourceFile(self.source.name, text)
        value, problems = parse_expression(inner)
        if value is None:
            self.problems += [cut.moved_problem(problem) for problem in problems]
            return tree.Boolean(False, scalar.span)
        if "#" in text:
            file, _ = parse(SourceFile(self.source.name, f"define x = {text}"))
            self._add_comments(excerpt(self.source, scalar, "define x = "), file.comments)
        moved: tree.Expression = cut.moved(value)
        return moved

    def _add_comments(self, cut: Excerpt, comments: tuple[tree.Comment, ...]) -> None:
        self.comments += [cut.moved(comment) for comment in comments]

    def _keep(self, scalar: yaml.Scalar, leaf: Callable[[], Leaf]) -> None:
        """How the scalar is written, for when that is wanted; one with comments inside stays as it is."""
        inside = any(scalar.span.start <= comment.span.start < scalar.span.end for comment in self.comments[-50:])
        self.leaves[scalar.span.start] = (lambda: Leaf(written(scalar), code=True, verbatim=True)) if inside else leaf

    def keep(self, node: yaml.Node, leaf: Callable[[], Leaf]) -> None:
        """How a scalar is written in the canonical layout."""
        if isinstance(node, yaml.Scalar):
            self._keep(node, leaf)

    def keep_clause(self, node: yaml.Node, text: str) -> None:
        """How a clause is written in the canonical layout."""
        self.keep(node, lambda: Leaf(text, code=True))


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and what stands behind it."""

    key: yaml.Scalar
    node: yaml.Node

    @property
    def span(self) -> Span:
        """From the key to the end of what stands behind it."""
        return self.key.span.to(end_of(self.node))


def end_of(node: yaml.Node) -> Span:
    """The span of the last thing of a node: block mappings and lists themselves end only where the next thing begins."""
    match node:
        case yaml.Mapping(entries=entries) if entries:
            return end_of(entries[-1][1])
        case yaml.Sequence(items=items) if items:
            return end_of(items[-1])
        case _:
            return node.span


def _only_groups(statement: tree.Statement) -> tuple[tree.Expression, ...] | None:
    if not isinstance(statement, tree.Report) or statement.where is not None or statement.order_by or len(statement.show) != 1:
        return None
    return statement.group_by


def _is_condition(value: tree.Expression) -> bool:
    match value:
        case tree.Unary(operator=operator):
            return operator is tree.UnaryOperator.NOT
        case tree.Binary(operator=operator):
            return operator.value not in _ARITHMETIC
        case _:
            return isinstance(value, _CONDITIONS)


def _keys_of(shape: Shape) -> str:
    return "its keys are " + ", ".join(f"`{key.name}`" for key in shape.keys)
