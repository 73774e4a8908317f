"""Makes the tree: one method for each production of the grammar, called bottom up with the values of its symbols.

Problems that do not stop the reading (a date that does not exist, a clause given twice) are collected in ``problems``.
"""

from __future__ import annotations

from typing import Any

from assignrules.diagnostics import Span, diagnostic
from assignrules.syntax import tree
from assignrules.syntax.build_expressions import ExpressionBuilder, Part, values
from assignrules.syntax.lexer import Token


def _is_word(value: Any, word: str) -> bool:
    """Whether an expression is one plain name, as a word of the language may be read."""
    return isinstance(value, tree.Path) and not value.this and [name.text for name in value.names] == [word]


class Builder(ExpressionBuilder):
    """Builds the trees of one source file."""

    # --- parts of statements ---

    def show_part(self, children: list[Any]) -> Part:
        return Part("show", tuple(values(children)), self._span(children))

    def order_part(self, children: list[Any]) -> Part:
        return Part("order by", tuple(values(children)), self._span(children))

    def column(self, children: list[Any]) -> tree.Column:
        return tree.Column(children[0], children[2] if len(children) == 3 else None, self._span(children))

    def order_by(self, children: list[Any]) -> tree.OrderBy:
        return tree.OrderBy(children[0], type(children[-1]) is Token and children[-1].text == "descending", self._span(children))

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
        if keyword == "moving at most":
            value = children[3], None if len(children) == 4 else tree.Rhythm(children[-1].text)
        if keyword == "within" and (type(value) is Token or _is_word(value, "capacity")):
            keyword, value = "within capacity", True
        return Part(keyword, value, self._span(children))

    def distribute(self, children: list[Any]) -> tree.Distribute:
        options = self._once(child for child in children if isinstance(child, Part))
        moving, per = options.get("moving at most", (None, None))
        by = children[7]
        end = [child for child in children if isinstance(child, Part)] or by
        return tree.Distribute(
            children[1],
            tuple(children[4]),
            tuple(by),
            options.get("keeping together"),
            "within capacity" in options,
            options.get("within"),
            moving,
            per,
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

    def hold(self, children: list[Any]) -> tree.Hold:
        entity = children[3] if len(children) == 6 else None
        return tree.Hold(self.text([children[1]]), entity, children[-1], self._span(children))

    # --- starts ---

    def file(self, children: list[Any]) -> list[tree.Statement]:
        return children


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
