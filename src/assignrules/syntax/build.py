"""Makes the tree: one method for each production of the grammar, called bottom up with the values of its symbols.

Problems that do not stop the reading (a date that does not exist, a clause given twice) are collected in ``problems``.
"""

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


def _is_word(value: Any, word: str) -> bool:
    """Whether an expression is one plain name, as a word of the language may be read."""
    return isinstance(value, tree.Path) and not value.this and [name.text for name in value.names] == [word]


def _values(children: Iterable[Any]) -> list[Any]:
    """What is left without keywords and commas."""
    return [child for child in children if type(child) is not Token]


class Builder:
    """Builds the trees of one source file."""

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

    # --- parts of statements ---

    def part(self, children: list[Any]) -> Part:
        last = children[-1]
        value = self.text([last]) if type(last) is Token else last
        return Part(children[0].text, value, self._span(children))

    def show_part(self, children: list[Any]) -> Part:
        return Part("show", tuple(_values(children)), self._span(children))

    def order_part(self, children: list[Any]) -> Part:
        return Part("order by", tuple(_values(children)), self._span(children))

    def column(self, children: list[Any]) -> tree.Column:
        return tree.Column(children[0], children[2] if len(children) == 3 else None, self._span(children))

    def order_by(self, children: list[Any]) -> tree.OrderBy:
        return tree.OrderBy(children[0], type(children[-1]) is Token and children[-1].text == "descending", self._span(children))

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

    def _needs(self, statement: str, keyword: str, given: dict[str, Any], span: Span) -> None:
        if keyword not in given:
            self.problems.append(diagnostic("E0102", f"{statement} needs `{keyword}`", span))

    @staticmethod
    def _after(children: list[Any], keyword: str) -> Any:
        """What follows a keyword among the children, or None."""
        for index, child in enumerate(children):
            if type(child) is Token and child.text == keyword:
                return children[index + 1]
        return None

    def _label(self, children: list[Any]) -> tree.Text | None:
        """The label: the text among the children, where there is one."""
        for child in children:
            if type(child) is Token and child.type == "TEXT":
                return self.text([child])
        return None

    # --- definitions ---

    def param(self, children: list[Any]) -> tree.Param:
        return tree.Param(children[1], children[3], children[5], self._span(children))

    def define(self, children: list[Any]) -> tree.Define:
        entity = children[3] if len(children) == 6 else None
        return tree.Define(children[1], entity, children[-1], self._span(children))

    def search(self, children: list[Any]) -> tree.Search:
        top = children[-1] if isinstance(children[-1], tree.Top) else None
        where = self._after(children, "where")
        return tree.Search(children[1], self._label(children), self._after(children, "on"), where, top, self._span(children))

    def top(self, children: list[Any]) -> tree.Top:
        ascending = any(type(child) is Token and child.type == "ASCENDING" for child in children)
        return tree.Top(children[1], children[3], ascending, self._after(children, "per"), self._span(children))

    def use(self, children: list[Any]) -> tree.Use:
        arguments = tuple(child for child in children if isinstance(child, tree.UseArgument))
        self._distinct_arguments(arguments)
        return tree.Use(self.text([children[1]]), self._after(children, "as"), arguments, self._span(children))

    def _distinct_arguments(self, arguments: tuple[tree.UseArgument, ...]) -> None:
        first: dict[str, Span] = {}
        for argument in arguments:
            if argument.name.text in first:
                self._twice(argument.name.text, argument.span, first[argument.name.text])
            first.setdefault(argument.name.text, argument.span)

    def use_argument(self, children: list[Any]) -> tree.UseArgument:
        return tree.UseArgument(children[0], children[2], self._span(children))

    # --- assign ---

    def assign(self, children: list[Any]) -> tree.Assign:
        heads: list[tree.Expression] = []
        clauses: list[tree.Clause] = []
        first: dict[str, Span] = {}
        for child in children[2:]:
            if isinstance(child, Part):
                self._add_head(child, heads, bool(clauses))
                continue
            clauses.append(child)
            keyword = CLAUSE_KEYWORDS[type(child)]
            if keyword == "line":
                continue
            if keyword in first:
                self._twice(keyword, child.span, first[keyword])
            first.setdefault(keyword, child.span)
        return tree.Assign(children[1], tuple(heads), tuple(clauses), self._span(children))

    def _add_head(self, part: Part, heads: list[tree.Expression], after_clauses: bool) -> None:
        if after_clauses or len(heads) == 2:
            self.problems.append(
                diagnostic("E0102", "a line needs `to` and a condition", part.span, help='write it as in `"Automatic" to small`')
            )
        else:
            heads.append(part.value)

    def head(self, children: list[Any]) -> Part:
        return Part("head", children[0], children[0].span)

    def line(self, children: list[Any]) -> tree.Line:
        return tree.Line(children[0], children[2], self._span(children))

    def otherwise(self, children: list[Any]) -> tree.Otherwise:
        what = children[1]
        if type(what) is Token:
            return tree.Otherwise(tree.OtherwiseKind(what.text), None, self._span(children))
        return tree.Otherwise(tree.OtherwiseKind.VALUE, what, self._span(children))

    def add(self, children: list[Any]) -> tree.Add:
        return tree.Add(children[1], self._span(children))

    def remove(self, children: list[Any]) -> tree.Remove:
        return tree.Remove(None if type(children[1]) is Token else children[1], self._span(children))

    def eligibility(self, children: list[Any]) -> tree.Eligibility:
        return tree.Eligibility(children[1], children[3] if len(children) == 4 else None, self._span(children))

    def removal(self, children: list[Any]) -> tree.Removal:
        return tree.Removal(None if type(children[1]) is Token else children[1], self._span(children))

    def where(self, children: list[Any]) -> tree.Where:
        return tree.Where(children[1], self._span(children))

    def except_(self, children: list[Any]) -> tree.Except:
        return tree.Except(children[1], self._span(children))

    def keep_manual(self, children: list[Any]) -> tree.KeepManual:
        return tree.KeepManual(self._span(children))

    def cooldown(self, children: list[Any]) -> tree.Cooldown:
        return tree.Cooldown(children[1], len(children) > 2, self._span(children))

    def limit(self, children: list[Any]) -> tree.Limit:
        ascending = any(type(child) is Token and child.type == "ASCENDING" for child in children)
        return tree.Limit(children[1], children[4], ascending, self._after(children, "per"), self._span(children))

    def guard(self, children: list[Any]) -> tree.Guard:
        return tree.Guard(children[3], len(children) == 5, self._span(children))

    def from_(self, children: list[Any]) -> tree.From:
        return tree.From(children[1], self._span(children))

    def until(self, children: list[Any]) -> tree.Until:
        return tree.Until(children[1], self._span(children))

    def because(self, children: list[Any]) -> tree.Because:
        return tree.Because(self.text([children[1]]), self._span(children))

    def priority(self, children: list[Any]) -> tree.Priority:
        return tree.Priority(children[1], self._span(children))

    def disabled(self, children: list[Any]) -> tree.Disabled:
        return tree.Disabled(self._span(children))

    def distribute_option(self, children: list[Any]) -> Part:
        keyword = {"keeping": "keeping together", "within": "within", "moving": "moving at most"}[children[0].text]
        value = children[-1]
        if keyword == "within" and (type(value) is Token or _is_word(value, "capacity")):
            keyword, value = "within capacity", True
        return Part(keyword, value, self._span(children))

    def distribute(self, children: list[Any]) -> tree.Distribute:
        options = self._once(child for child in children if isinstance(child, Part))
        by = children[7]
        end = [child for child in children if isinstance(child, Part)] or by
        return tree.Distribute(
            children[1],
            tuple(children[4]),
            tuple(by),
            options.get("keeping together"),
            "within capacity" in options,
            options.get("within"),
            options.get("moving at most"),
            self._span([children[0], end[-1]]),
        )

    # --- scores ---

    def score(self, children: list[Any]) -> tree.Score:
        kinds = (tree.Base, tree.PointsWhen, tree.PointsBy, tree.ScoreClass)
        parts = tuple(child for child in children if isinstance(child, kinds))
        first: dict[str, Span] = {}
        for part in parts:
            match part:
                case tree.Base():
                    keyword = "base"
                case tree.ScoreClass(label=label, threshold=threshold):
                    keyword = "class otherwise" if threshold is None else f'class "{label.value}"'
                case _:
                    continue
            if keyword in first:
                self._twice(keyword, part.span, first[keyword])
            first.setdefault(keyword, part.span)
        return tree.Score(children[1], self._label(children), self._after(children[:5], "on"), parts, self._span(children))

    def base(self, children: list[Any]) -> tree.Base:
        return tree.Base(children[1], self._span(children))

    def points_when(self, children: list[Any]) -> tree.PointsWhen:
        return tree.PointsWhen(children[-3], children[-1], self._span(children))

    def points_by(self, children: list[Any]) -> tree.PointsBy:
        bands = tuple(child for child in children if isinstance(child, tree.Band))
        return tree.PointsBy(children[2], bands, self._span(children))

    def band(self, children: list[Any]) -> tree.Band:
        bound = children[2] if children[0].type == "UP" else None
        return tree.Band(bound, children[0].type == "MISSING", children[-1], self._span(children))

    def score_class(self, children: list[Any]) -> tree.ScoreClass:
        return tree.ScoreClass(self.text([children[1]]), children[3], self._span(children))

    def score_class_otherwise(self, children: list[Any]) -> tree.ScoreClass:
        return tree.ScoreClass(self.text([children[2]]), None, self._span(children))

    # --- catalogues, proposals, alerts, reports, requirements ---

    def scenario(self, children: list[Any]) -> tree.Scenario:
        steps = tuple(child for child in children if isinstance(child, tree.Step))
        return tree.Scenario(self.text([children[1]]), not steps, steps, self._span(children))

    def step(self, children: list[Any]) -> tree.Step:
        automatic = type(children[-1]) is Token and children[-1].type == "AUTOMATIC"
        before = children[2].type == "BEFORE"
        return tree.Step(children[1], before, children[5], self._label(children), automatic, self._span(children))

    def propose_part(self, children: list[Any]) -> Part:
        return self._statement_part(children)

    def alert_part(self, children: list[Any]) -> Part:
        return self._statement_part(children)

    def report_part(self, children: list[Any]) -> Part:
        if len(children) == 3:
            items = children[2]
            return Part("group by", tuple(items), self._span([children[0], items[-1]]))
        return self._statement_part(children)

    def _statement_part(self, children: list[Any]) -> Part:
        if isinstance(children[0], Part):
            return children[0]
        if children[0].type == "BECAUSE":
            return Part("because", self.text([children[1]]), self._span(children))
        return Part(children[0].text, children[1], self._span(children))

    def _parts(self, children: list[Any]) -> dict[str, Any]:
        return self._once(child for child in children if isinstance(child, Part))

    def propose(self, children: list[Any]) -> tree.Propose:
        given = self._parts(children)
        span = self._span(children)
        self._needs("a proposal", "to", given, span)
        return tree.Propose(
            self.text([children[1]]),
            given.get("on"),
            given.get("to", tree.Boolean(False, span)),
            given.get("amount"),
            given.get("approver"),
            given.get("cooldown"),
            given.get("show", ()),
            given.get("because"),
            span,
        )

    def alert(self, children: list[Any]) -> tree.Alert:
        given = self._parts(children)
        span = self._span(children)
        self._needs("an alert", "where", given, span)
        return tree.Alert(
            children[1],
            self._label(children),
            given.get("on"),
            given.get("level"),
            given.get("for"),
            given.get("where", tree.Boolean(False, span)),
            given.get("show", ()),
            given.get("order by", ()),
            span,
        )

    def report(self, children: list[Any]) -> tree.Report:
        given = self._parts(children)
        span = self._span(children)
        self._needs("a report", "show", given, span)
        over_the_report = [value.span for key in ("show", "order by") for value in given.get(key, ())]
        self._without_over = [
            problem
            for problem in self._without_over
            if problem.span is None or not any(place.start <= problem.span.start < place.end for place in over_the_report)
        ]
        return tree.Report(
            children[1],
            self._label(children),
            given.get("on"),
            given.get("where"),
            given.get("group by", ()),
            given.get("show", ()),
            given.get("order by", ()),
            span,
        )

    def require(self, children: list[Any]) -> tree.Require:
        return tree.Require(self.text([children[1]]), children[3], children[5], children[0].type == "WARN", self._span(children))

    # --- starts ---

    def file(self, children: list[Any]) -> list[tree.Statement]:
        return children

    def only_expression(self, children: list[Any]) -> tree.Expression:
        expression: tree.Expression = children[0]
        return expression


CLAUSE_KEYWORDS: dict[type[Any], str] = {
    tree.Line: "line",
    tree.Otherwise: "otherwise",
    tree.Add: "add",
    tree.Remove: "remove",
    tree.Eligibility: "eligibility",
    tree.Removal: "removal",
    tree.Where: "where",
    tree.Except: "except",
    tree.KeepManual: "keep manual",
    tree.Cooldown: "cooldown",
    tree.Limit: "limit",
    tree.Guard: "guard",
    tree.From: "from",
    tree.Until: "until",
    tree.Because: "because",
    tree.Priority: "priority",
    tree.Disabled: "disabled",
    tree.Distribute: "distribute",
}


def too_deep(span: Span) -> Diagnostic:
    """E0116 for an expression beyond the depth limit."""
    return diagnostic(
        "E0116",
        f"this expression is nested more than {MAX_DEPTH} levels deep",
        span,
        help="give a part of it a name with `define`, and use the name",
    )
