"""Makes the trees of names, literals and expressions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assignrules.diagnostics import Diagnostic, Related, SourceFile, Span, diagnostic
from assignrules.syntax import literals, tree
from assignrules.syntax.currencies import CURRENCIES
from assignrules.syntax.functions import missing_over, unknown_function, wrong_parts
from assignrules.syntax.lexer import Token

MAX_DEPTH = 64
_COMPARISONS = (tree.Binary, tree.Between, tree.InList, tree.IsMissing, tree.InDuration, tree.InPeriod)
_COMPARING = frozenset(tree.BinaryOperator) - {
    tree.BinaryOperator.ADD,
    tree.BinaryOperator.SUBTRACT,
    tree.BinaryOperator.MULTIPLY,
    tree.BinaryOperator.DIVIDE,
}
_OPERATORS = {operator.value: operator for operator in tree.BinaryOperator}


class Refused(Exception):
    """A problem that ends the reading of its statement."""

    def __init__(self, problem: Diagnostic) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Part:
    """A clause on its way into its statement: its keyword, its value, its place."""

    __slots__ = ("keyword", "span", "value")

    def __init__(self, keyword: str, value: Any, span: Span) -> None:
        self.keyword = keyword
        self.value = value
        self.span = span


class Chain:
    """Operands and, between them, operators: `a + b - c`."""

    __slots__ = ("operands", "operators")

    def __init__(self, operands: list[Any], operators: list[Token]) -> None:
        self.operands = operands
        self.operators = operators


def values(children: Iterable[Any]) -> list[Any]:
    """What is left without keywords and commas."""
    return [child for child in children if type(child) is not Token]


class ExpressionBuilder:
    """Builds the expressions of one source file (see ``build.Builder``)."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        # aggregates without `over`, until it is known whether they stand in a report
        self._without_over: list[Diagnostic] = []

    def all_problems(self) -> list[Diagnostic]:
        """What was collected."""
        return self.problems + self._without_over

    # --- places ---

    def _token_span(self, token: Token) -> Span:
        return self.source.span(token.start, token.end)

    def _span(self, children: list[Any]) -> Span:
        """From the first child to the last."""
        first, last = children[0], children[-1]
        start = first.start if type(first) is Token else first.span.start
        end = last.end if type(last) is Token else last.span.end
        return self.source.span(start, end)

    def _report(self, problem: Diagnostic | None) -> None:
        if problem is not None:
            self.problems.append(problem)

    # --- names and literals ---

    def name(self, children: list[Any]) -> tree.Name:
        token = children[0]
        return tree.Name(token.text.strip("`"), self._token_span(token))

    def text(self, children: list[Any]) -> tree.Text:
        token = children[0]
        value, problems = literals.unescape(token.text[1:-1])
        for start, end, message, help in problems:
            place = self.source.span(token.start + 1 + start, token.start + 1 + end)
            self.problems.append(diagnostic("E0104", message, place, help=help))
        return tree.Text(value, self._token_span(token))

    def number(self, children: list[Any]) -> tree.Number:
        token = children[0]
        span = self._token_span(token)
        value, problem = literals.read_number(token.text, span)
        self._report(problem)
        return tree.Number(value, token.text, span)

    def percent(self, children: list[Any]) -> tree.Percent:
        token = children[0]
        span = self._token_span(token)
        value, problem = literals.read_number(token.text[:-1], span)
        self._report(problem)
        return tree.Percent(literals.hundredth(value), token.text, span)

    def money(self, children: list[Any]) -> tree.Money:
        token = children[0]
        span = self._token_span(token)
        source, currency = token.text.split()
        value, problem = literals.read_number(source, span)
        self._report(problem)
        if currency not in CURRENCIES:
            self.problems.append(literals.unknown_currency(currency, self.source.span(token.end - len(currency), token.end)))
        return tree.Money(value, currency, source, span)

    def date(self, children: list[Any]) -> tree.Date:
        token = children[0]
        span = self._token_span(token)
        value, problem = literals.read_date(token.text, span)
        self._report(problem)
        return tree.Date(value, span)

    def duration(self, children: list[Any]) -> tree.Duration:
        token = children[0]
        span = self._token_span(token)
        count, unit, problem = literals.read_duration(token.text, span)
        self._report(problem)
        return tree.Duration(count, unit, span)

    def boolean(self, children: list[Any]) -> tree.Boolean:
        return tree.Boolean(children[0].text == "true", self._token_span(children[0]))

    def today(self, children: list[Any]) -> tree.Today:
        return tree.Today(self._token_span(children[0]))

    # --- paths ---

    def named_path(self, children: list[Any]) -> tree.Path:
        if len(children) == 1:
            token = children[0]
            span = self._token_span(token)
            return tree.Path((tree.Name(token.text.strip("`"), span),), False, span)
        return self._path(children, False)

    def this_path(self, children: list[Any]) -> tree.Path:
        return self._path(children, True)

    def _path(self, children: list[Any], this: bool) -> tree.Path:
        span = self._span(children)
        if len(children) > MAX_DEPTH:
            raise Refused(diagnostic("E0116", f"this path has more than {MAX_DEPTH} links", span))
        names = [
            tree.Name(token.text.strip(".`"), self.source.span(token.start + (token.text[0] == "."), token.end))
            for token in children[1 if this else 0 :]
        ]
        return tree.Path(tuple(names), this, span)

    def current_value(self, children: list[Any]) -> tree.CurrentValue:
        return tree.CurrentValue(children[1], self._span(children))

    # --- operators ---

    def parenthesised(self, children: list[Any]) -> tree.Parenthesised:
        return tree.Parenthesised(children[1], self._span(children))

    def chain_start(self, children: list[Any]) -> Chain:
        return Chain([children[0], children[2]], [children[1]])

    def chain_more(self, children: list[Any]) -> Chain:
        chain: Chain = children[0]
        chain.operators.append(children[1])
        chain.operands.append(children[2])
        return chain

    def arithmetic_more(self, children: list[Any]) -> Chain:
        chain = self.chain_more(children)
        if len(chain.operators) > MAX_DEPTH:
            span = self.source.span(chain.operands[0].span.start, chain.operands[-1].span.end)
            raise Refused(too_deep(span))
        return chain

    def and_(self, children: list[Any]) -> tree.And:
        operands = children[0].operands
        return tree.And(tuple(operands), self._span(operands))

    def or_(self, children: list[Any]) -> tree.Or:
        operands = children[0].operands
        return tree.Or(tuple(operands), self._span(operands))

    def arithmetic_chain(self, children: list[Any]) -> tree.Expression:
        chain: Chain = children[0]
        left: tree.Expression = chain.operands[0]
        for operator, right in zip(chain.operators, chain.operands[1:], strict=True):
            left = tree.Binary(_OPERATORS[operator.text], left, right, self._span([left, right]))
        return left

    def negate(self, children: list[Any]) -> tree.Unary:
        return tree.Unary(tree.UnaryOperator.NEGATE, children[1], self._span(children))

    def not_(self, children: list[Any]) -> tree.Unary:
        return tree.Unary(tree.UnaryOperator.NOT, children[1], self._span(children))

    # --- comparisons ---

    def _operand(self, left: tree.Expression, operator: Token) -> tree.Expression:
        """The left side of a comparison, which must not be one itself."""
        if isinstance(left, _COMPARISONS) and not (isinstance(left, tree.Binary) and left.operator not in _COMPARING):
            raise Refused(
                diagnostic(
                    "E0111",
                    "comparisons cannot be chained",
                    self._token_span(operator),
                    help="write `a < b and b < c`, or `b between a and c`",
                    related=[Related(left.span, "the first comparison")],
                )
            )
        return left

    def compare(self, children: list[Any]) -> tree.Binary:
        left = self._operand(children[0], children[1])
        return tree.Binary(_OPERATORS[children[1].text], left, children[2], self._span(children))

    def compare_with(self, children: list[Any]) -> tree.Binary:
        left = self._operand(children[0], children[1])
        return tree.Binary(_OPERATORS[children[1].text + " with"], left, children[3], self._span(children))

    def between(self, children: list[Any]) -> tree.Between:
        return tree.Between(self._operand(children[0], children[1]), children[2], children[4], self._span(children))

    def in_list(self, children: list[Any]) -> tree.InList:
        return tree.InList(self._operand(children[0], children[1]), tuple(children[3]), False, self._span(children))

    def not_in_list(self, children: list[Any]) -> tree.InList:
        return tree.InList(self._operand(children[0], children[1]), tuple(children[4]), True, self._span(children))

    def is_missing(self, children: list[Any]) -> tree.IsMissing:
        return tree.IsMissing(self._operand(children[0], children[1]), children[2].text == "present", self._span(children))

    def in_duration(self, children: list[Any]) -> tree.InDuration:
        test = tree.DateTest("in " + children[2].text)
        return tree.InDuration(test, self._operand(children[0], children[1]), children[3], self._span(children))

    def older_than(self, children: list[Any]) -> tree.InDuration:
        return tree.InDuration(tree.DateTest.OLDER_THAN, self._operand(children[0], children[1]), children[3], self._span(children))

    def in_period(self, children: list[Any]) -> tree.InPeriod:
        operand = self._operand(children[0], children[1])
        return tree.InPeriod(operand, children[2].text == "previous", tree.Period(children[3].text), self._span(children))

    def has_member(self, children: list[Any]) -> tree.HasMember:
        return tree.HasMember(children[0].text, children[1], children[2], False, self._span(children))

    def currently_has_member(self, children: list[Any]) -> tree.HasMember:
        return tree.HasMember(children[1].text, children[2], children[3], True, self._span(children))

    # --- case, as of, calls ---

    def case(self, children: list[Any]) -> tree.Case:
        otherwise = None if isinstance(children[-1], tree.When) else children[-1]
        branches = tuple(child for child in children if isinstance(child, tree.When))
        return tree.Case(branches, otherwise, self._span(children))

    def when(self, children: list[Any]) -> tree.When:
        return tree.When(children[1], children[3], self._span(children))

    def as_of(self, children: list[Any]) -> tree.AsOf:
        return tree.AsOf(children[0], children[2], self._span(children))

    def of_calendar(self, children: list[Any]) -> tree.OfCalendar:
        return tree.OfCalendar(children[0], children[2], self._span(children))

    def items(self, children: list[Any]) -> list[Any]:
        if len(children) == 1:
            return [children[0]]
        items: list[Any] = children[0]
        items.append(children[2])
        return items

    def call_arguments(self, children: list[Any]) -> tuple[bool, list[Any], list[Part]]:
        distinct = type(children[0]) is Token
        items = children[1] if distinct else children[0]
        return distinct, items, [child for child in children if type(child) is Part]

    def call(self, children: list[Any]) -> tree.Call:
        token = children[0]
        function = tree.Name(token.text, self._token_span(token))
        distinct, arguments, parts = children[2] if len(children) == 4 else (False, [], [])
        span = self._span(children)
        given = self._once(parts) if parts else {}
        call = tree.Call(
            function,
            tuple(arguments),
            distinct,
            given.get("over"),
            given.get("weighted"),
            given.get("by"),
            given.get("where"),
            given.get("satisfies"),
            span,
        )
        unknown = unknown_function(call)
        if unknown is not None:
            self.problems.append(unknown)
        else:
            without_over = missing_over(call)
            if without_over is not None:
                self._without_over.append(without_over)
            if without_over is None or arguments:
                self.problems.extend(wrong_parts(call))
        return call

    def part(self, children: list[Any]) -> Part:
        last = children[-1]
        value = self.text([last]) if type(last) is Token else last
        return Part(children[0].text, value, self._span(children))

    def _once(self, parts: Iterable[Part]) -> dict[str, Any]:
        """The values by keyword; a second one of a keyword is a problem."""
        first: dict[str, Part] = {}
        for part in parts:
            if part.keyword in first:
                self._twice(part.keyword, part.span, first[part.keyword].span)
            else:
                first[part.keyword] = part
        return {keyword: part.value for keyword, part in first.items()}

    def _twice(self, keyword: str, second: Span, first: Span) -> None:
        self.problems.append(diagnostic("E0112", f"`{keyword}` is given twice", second, related=[Related(first, "it is first given here")]))

    def only_expression(self, children: list[Any]) -> tree.Expression:
        expression: tree.Expression = children[0]
        return expression


def too_deep(span: Span) -> Diagnostic:
    """E0116 for an expression beyond the depth limit."""
    return diagnostic(
        "E0116",
        f"this expression is nested more than {MAX_DEPTH} levels deep",
        span,
        help="give a part of it a name with `define`, and use the name",
    )
