"""Expressions: from the syntax tree to typed IR.

INVARIANT: a lowering that gives None has reported why, here or where the broken thing was defined; its users stay silent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol, assert_never

from assignrules.diagnostics import Diagnostic, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.expressions import (
    And,
    AsOf,
    Branch,
    Case,
    Expression,
    Field,
    InList,
    IsMissing,
    Link,
    Literal,
    Not,
    Operation,
    Or,
    Reference,
    TargetMember,
    TargetValue,
    This,
    Today,
    Top,
    Via,
)
from assignrules.ir.ruleset import Definition
from assignrules.ir.types import BOOLEAN, Kind, Money, Type
from assignrules.resolve.aggregates import aggregate_call
from assignrules.resolve.date_tests import in_duration, in_period
from assignrules.resolve.functions import AGGREGATES, Call, call_type
from assignrules.resolve.names import Names
from assignrules.resolve.params import constant
from assignrules.resolve.patterns import pattern_problem
from assignrules.resolve.typing import aligned, arithmetic, common_type, comparable, comparison, condition, has_order, negation
from assignrules.resolve.unknown_names import unknown_name
from assignrules.schema.logical import Shape
from assignrules.syntax import tree


class Definitions(Protocol):
    """A definition by entity and name, lowered on demand; None where it is broken."""

    def __call__(self, entity: str, word: str, /) -> Definition | None: ...

    def add(self, definition: Definition) -> None:
        """One that no rule file has."""


@dataclass(frozen=True, slots=True)
class Length:
    """A value; of business days, the calendar that they are counted by (None: the project's)."""

    value: Expression
    calendar: Expression | None = None


class Lowering:
    """Lowers expressions that stand on a row of ``entity``; ``outer`` is the lowering of the row that an aggregate stands on.

    ``bare_currency``: in the built-in definitions, which know no project, a bare number compared with money is in the project's currency
    (``total_guarantee > 1``).
    """

    def __init__(
        self,
        names: Names,
        definitions: Definitions,
        entity: str,
        problems: list[Diagnostic],
        outer: Lowering | None = None,
        bare_currency: str | None = None,
    ) -> None:
        self.names = names
        self.definitions = definitions
        self.entity = entity
        self.problems = problems
        self.outer = outer
        self.bare_currency = bare_currency

    def on(self, entity: str, outer: Lowering | None) -> Lowering:
        return Lowering(self.names, self.definitions, entity, self.problems, outer, self.bare_currency)

    def report(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        self.problems.append(diagnostic(code, message, span, help=help))

    def condition(self, node: tree.Expression) -> Expression | None:
        """The node as a condition, never missing."""
        lowered = self.expression(node)
        return None if lowered is None else self._noted(condition(lowered, node.span, self.problems), node)

    def expression(self, node: tree.Expression) -> Expression | None:
        """The node as a value."""
        return self._noted(self._expression(node), node)

    def _noted(self, lowered: Expression | None, node: tree.Expression) -> Expression | None:
        """The expression, with its place kept. Parentheses are not of it: what stands inside them has a place by itself."""
        if lowered is not None and not isinstance(node, tree.Parenthesised):
            self.names.places.setdefault(id(lowered), (lowered, node.span))
        return lowered

    def _expression(self, node: tree.Expression) -> Expression | None:
        match node:
            case tree.Parenthesised(operand=operand):
                return self.expression(operand)
            case tree.Text() | tree.Number() | tree.Percent() | tree.Money() | tree.Date() | tree.Duration() | tree.Boolean():
                return constant(node, self.problems)
            case tree.Today():
                return Today()
            case tree.Path():
                return self._path(node)
            case tree.Call():
                return aggregate_call(self, node) if node.function.text in AGGREGATES else self._call(node)
            case tree.Unary(operator=tree.UnaryOperator.NOT, operand=operand):
                inner = self.condition(operand)
                return None if inner is None else Not(inner)
            case tree.Unary(operand=operand):
                value = self.expression(operand)
                return None if value is None else negation(value, node.span, self.problems)
            case tree.Binary():
                return self._binary(node)
            case tree.And(operands=operands):
                parts = self._conditions(operands)
                return None if parts is None else And(parts)
            case tree.Or(operands=operands):
                parts = self._conditions(operands)
                return None if parts is None else Or(parts)
            case tree.Between(operand=operand, low=low, high=high):
                ends = [self._compared(">=", operand, low, node.span), self._compared("<=", operand, high, node.span)]
                return And((ends[0], ends[1])) if ends[0] is not None and ends[1] is not None else None
            case tree.InList():
                return self._in_list(node)
            case tree.IsMissing(operand=operand, negated=negated):
                value = self._presence(operand)
                return None if value is None else Not(IsMissing(value)) if negated else IsMissing(value)
            case tree.InDuration():
                return in_duration(self, node)
            case tree.InPeriod():
                return in_period(self, node)
            case tree.HasMember():
                return self._member(node)
            case tree.CurrentValue(path=path):
                return self._path(path, current=True)
            case tree.Case():
                return self._case(node)
            case tree.AsOf():
                return self._as_of(node)
            case tree.OfCalendar():
                if self.length(node) is not None:
                    help = "write it there, as in `due_date + 5 business days of customer.country`"
                    self.report("E0302", "`of` names the calendar of business days that are added to a date", node.span, help=help)
                return None
            case _:
                assert_never(node)

    def _conditions(self, nodes: tuple[tree.Expression, ...]) -> tuple[Expression, ...] | None:
        lowered = [self.condition(node) for node in nodes]
        whole = tuple(part for part in lowered if part is not None)
        return whole if len(whole) == len(lowered) else None

    # --- names ---

    def _path(self, node: tree.Path, current: bool = False) -> Expression | None:
        if node.this:
            if self.outer is None:
                self.report("E0208", "`this` stands for the row that an aggregate is on, and there is none here", node.span)
                return None
            if not node.names:
                self.report("E0205", "`this` alone is a row, not a value", node.span, help="name one of its fields, as in `this.country`")
                return None
            inner = self.outer._walk(node.names, current)
            return None if inner is None else This(inner, inner.type)
        return self._walk(node.names, current)

    def _walk(self, names: tuple[tree.Name, ...], current: bool) -> Expression | None:
        """A path from the row: links up to the last name, which is a value."""
        head = names[0]
        if len(names) > 1:
            prefixed = ".".join(name.text for name in names)
            if (self.entity, prefixed) in self.names.declared or prefixed in self.names.params:  # of a rule pack, or a score's class
                return self._named(prefixed, head.span.to(names[-1].span), current)
            if self.names.link(self.entity, head.text) is None and self.names.is_prefix(head.text):
                self._unknown(prefixed, head.span.to(names[-1].span))
                return None
            link = self.link(head, current)
            if link is None:
                return None
            if link.many:
                self.report("E0207", f"`{head.text}` leads to many rows", head.span, help=_aggregate_help(names))
                return None
            inner = self.on(link.to, None)._walk(names[1:], current and link.target is None)
            return None if inner is None else Via(link, inner, inner.type)
        return self._named(head.text, head.span, current)

    def link(self, name: tree.Name, current: bool = False) -> Link | None:
        declared = self.names.link(self.entity, name.text)
        if declared is not None:
            return Link(self.entity, declared.name, declared.to, declared.many)
        target = self.names.target(self.entity, name.text)
        if target is not None and target.refers_to is not None:
            return Link(self.entity, name.text, target.refers_to, target=target.name, current=current)
        if name.text in self.names.known(self.entity):
            named = self.names.declared.get((self.entity, name.text))
            score = named is not None and isinstance(named.statement, tree.Score)
            help = 'a score has a class where it says so, as in `class "A" from 80`' if score else None
            self.report("E0207", f"`{name.text}` is not a link, so nothing follows it", name.span, help=help)
        else:
            links = [link.name for link in self.names.schema.entities[self.entity].links.values()]
            self._unknown(name.text, name.span, links)
        return None

    def _named(self, word: str, span: Span, current: bool) -> Expression | None:
        target = self.names.target(self.entity, word)
        if target is not None:
            if target.shape is not Shape.VALUE:
                verb = "in" if target.shape is Shape.SET else "has"
                now = "currently " if current else ""
                self.report(
                    "E0209", f"`{word}` is a {target.shape.value}, not a value", span, help=f'test a member, as in `{now}{verb} {word} "…"`'
                )
                return None
            return TargetValue(self.entity, target.name, current, target.type)
        if current:
            targets = [item.name for item in self.names.schema.targets_of(self.entity) if item.shape is Shape.VALUE]
            help = did_you_mean(word, targets) or "only a target has a state before the run; leave `current` out"
            self.report("E0203", f"`{word}` is not a value target", span, help=help)
            return None
        entity = self.names.schema.entities[self.entity]
        if word in entity.fields:
            return Field(self.entity, word, entity.fields[word])
        if (self.entity, word) in self.names.declared:
            self.names.read.add((self.entity, word))
            definition = self.definitions(self.entity, word)
            return None if definition is None else Reference(self.entity, word, definition.type, definition.condition)
        if word in self.names.params:
            self.names.read.add((None, word))
            return self.names.params[word]
        link = entity.links.get(word)
        if link is not None:
            help = (
                f"count its rows, as in `count({word})`"
                if link.many
                else f"name one of its fields, as in `{word}.{self.names.schema.entities[link.to].key}`"
            )
            self.report("E0205", f"`{word}` is a link to {link.to}, not a value", span, help=help)
            return None
        self._unknown(word, span)
        return None

    def _unknown(self, word: str, span: Span, wanted: list[str] | None = None) -> None:
        problem = unknown_name(self.names, self.entity, word, span, wanted)
        if problem is not None:
            self.problems.append(problem)

    def _presence(self, node: tree.Expression) -> Expression | None:
        """What `is missing` tests: a value, or whether a to-one link leads anywhere."""
        if isinstance(node, tree.Path) and not node.this:
            head, last = node.names[:-1], node.names[-1]
            scope, links = self, []
            for name in head:
                link = scope.names.link(scope.entity, name.text)
                if link is None or link.many:
                    return self.expression(node)
                links.append(Link(scope.entity, link.name, link.to))
                scope = scope.on(link.to, None)
            ended = scope.names.link(scope.entity, last.text)
            if ended is not None and not ended.many:
                key = self.names.schema.entities[ended.to].key
                assert key is not None
                value: Expression = Field(ended.to, key, self.names.schema.entities[ended.to].fields[key])
                for link_ in reversed([*links, Link(scope.entity, ended.name, ended.to)]):
                    value = Via(link_, value, value.type)
                return value
        return self.expression(node)

    # --- operators ---

    def _binary(self, node: tree.Binary) -> Expression | None:
        operator = node.operator.value
        if node.operator in (tree.BinaryOperator.ADD, tree.BinaryOperator.SUBTRACT):
            one, other = self.length(node.left), self.length(node.right)
            if one is None or other is None:
                return None
            calendar = one.calendar or other.calendar
            return arithmetic(operator, one.value, other.value, node.span, self.problems, calendar)
        left = self.expression(node.left)
        right = self.expression(node.right) if left is None or not left.type.is_text else self._text(node.right)
        if left is None or right is None:
            return None
        match node.operator:
            case (
                tree.BinaryOperator.EQUAL
                | tree.BinaryOperator.NOT_EQUAL
                | tree.BinaryOperator.LESS
                | tree.BinaryOperator.LESS_OR_EQUAL
                | tree.BinaryOperator.GREATER
                | tree.BinaryOperator.GREATER_OR_EQUAL
            ):
                return comparison(operator, self._priced(left, right), self._priced(right, left), node.span, self.problems)
            case (
                tree.BinaryOperator.CONTAINS | tree.BinaryOperator.STARTS_WITH | tree.BinaryOperator.ENDS_WITH | tree.BinaryOperator.MATCHES
            ):
                return self._text_test(node, left, right)
            case _:
                return arithmetic(operator, left, right, node.span, self.problems)

    def _text(self, node: tree.Expression) -> Expression | None:
        """What stands beside a text; a word that is nothing else was meant as one, without its quotes."""
        before = len(self.problems)
        value = self.expression(node)
        if value is None and isinstance(node, tree.Path) and len(node.names) == 1 and len(self.problems) == before + 1:
            problem = self.problems[-1]
            if problem.code == "E0201" and problem.help is None:
                self.problems[-1] = replace(problem, help=f'a text stands in double quotes: `"{node.names[0].text}"`')
        return value

    def length(self, node: tree.Expression) -> Length | None:
        """The node as a value, which may be business days of a calendar."""
        inner = node
        while isinstance(inner, tree.Parenthesised):
            inner = inner.operand
        if not isinstance(inner, tree.OfCalendar):
            value = self.expression(node)
            return None if value is None else Length(value)
        value, calendar = self.expression(inner.length), self.expression(inner.calendar)
        if value is None or calendar is None:
            return None
        if calendar.type.kind is Kind.DATE:
            self.report("E0101", "`of` alone is not `as of`", inner.span, help="write `(…) as of …`")
            return None
        if not value.type.business:
            help = "business days have a calendar, as in `5 business days of country`"
            what = "counts no business days" if value.type.kind is Kind.DURATION else f"is of type {value.type}"
            self.report("E0302", f"`of` names a calendar, and this {what}", inner.length.span, help=help)
            return None
        if not calendar.type.is_text:
            help = 'name a calendar, as in `of "FR"`, or a field that holds one, as in `of country`'
            self.report("E0302", f"a calendar is a text, and this is of type {calendar.type}", inner.calendar.span, help=help)
            return None
        return Length(value, calendar)

    def _priced(self, value: Expression, other: Expression) -> Expression:
        if (
            self.bare_currency is not None
            and other.type.kind is Kind.MONEY
            and isinstance(value, Literal)
            and isinstance(value.value, int)
            and value.value
        ):
            return Literal(Money(Decimal(value.value), self.bare_currency), Type(Kind.MONEY))
        return value

    def _text_test(self, node: tree.Binary, left: Expression, right: Expression) -> Expression | None:
        word = node.operator.value
        for side, part in ((left, node.left), (right, node.right)):
            if not side.type.is_text:
                self.report("E0302", f"`{word}` needs texts, and this is of type {side.type}", part.span)
                return None
        if node.operator is tree.BinaryOperator.MATCHES:
            if not isinstance(right, Literal) or not isinstance(right.value, str):
                self.report("E0312", "`matches` needs its pattern in quotes", node.right.span)
                return None
            problem = pattern_problem(right.value)
            if problem is not None:
                self.report("E0306", problem.message, node.right.span, help=problem.help)
                return None
        return Operation(word.replace(" ", "_"), (left, right), BOOLEAN)

    def _compared(self, operator: str, left: tree.Expression, right: tree.Expression, span: Span) -> Expression | None:
        before = len(self.problems)
        one = self.expression(left)
        if operator == "<=":  # the second half of `between`: what is wrong with the operand was said by the first
            del self.problems[before:]
        other = self.expression(right)
        if one is None or other is None:
            return None
        return comparison(operator, one, other, span.to(right.span) if operator == "<=" else left.span.to(right.span), self.problems)

    def _in_list(self, node: tree.InList) -> Expression | None:
        operand = self.expression(node.operand)
        lowered = [self.expression(item) for item in node.items]
        if operand is None or any(item is None for item in lowered):
            return None
        items = [item for item in lowered if item is not None]
        fits = True
        for item, written in zip(items, node.items, strict=True):
            pair = aligned((operand, item))
            fits = comparable(pair[0], pair[1], written.span, self.problems) and fits
        if not fits:
            return None
        constants = [item for item in items if isinstance(item, Literal)]
        found: Expression
        if len(constants) == len(items) and (operand.type.is_text or operand.type.is_number):
            found = InList(operand, tuple(dict.fromkeys(constants)))
        else:
            tests = [Operation("eq", tuple(aligned((operand, item))), BOOLEAN) for item in items]
            found = tests[0] if len(tests) == 1 else Or(tuple(tests))
        return Not(found) if node.negated else found

    def _as_of(self, node: tree.AsOf) -> Expression | None:
        of, day = self.expression(node.operand), self.date(node.date, "as of")
        if of is None or day is None:
            return None
        return AsOf(of, day, of.type)

    def top(self, where: Expression | None, node: tree.Top) -> Expression | None:
        """`top N by E per G` of a search, over its condition."""
        count, by = self.expression(node.count), self.expression(node.by)
        per = None if node.per is None else self.expression(node.per)
        if count is None or by is None or where is None or (node.per is not None and per is None):
            return None
        if not isinstance(count, Literal) or not isinstance(count.value, int) or count.value < 1:
            self.report("E0312", "`top` needs a whole number above 0", node.count.span, help="as in `top 150 by overdue`")
            return None
        if not has_order(by.type):
            self.report("E0302", "`by` needs values that have an order", node.by.span)
            return None
        return Top(self.entity, where, count.value, by, node.ascending, per)

    def date(self, node: tree.Expression, word: str) -> Expression | None:
        """The node as a date, which ``word`` needs."""
        day = self.expression(node)
        if day is not None and day.type.kind is not Kind.DATE:
            self.report("E0302", f"`{word}` needs a date, and this is of type {day.type}", node.span)
            return None
        return day

    def _member(self, node: tree.HasMember) -> Expression | None:
        word = node.target.text
        target = self.names.schema.targets.get(word)
        fitting = [item.name for item in self.names.schema.targets_of(self.entity) if item.shape is not Shape.VALUE]
        if target is None or target.entity != self.entity:
            self.report("E0203", f"`{word}` is not a set or cover of {self.entity}", node.target.span, help=did_you_mean(word, fitting))
            return None
        if target.shape is Shape.VALUE:
            self.report("E0404", f"`{word}` holds one value", node.target.span, help=f'compare it, as in `{word} = "…"`')
            return None
        verb = "in" if target.shape is Shape.SET else "has"
        if verb != node.verb:
            now = "currently " if node.current else ""
            self.report("E0404", f"`{word}` is a {target.shape.value}", node.span, help=f'write `{now}{verb} {word} "…"`')
            return None
        member = self.expression(node.member)
        if member is None:
            return None
        if not isinstance(member, Literal) or not isinstance(member.value, str):
            self.report("E0312", "a member is a text, or a text parameter in parentheses", node.member.span)
            return None
        return TargetMember(self.entity, word, member.value, node.current)

    def _case(self, node: tree.Case) -> Expression | None:
        conditions = [self.condition(branch.condition) for branch in node.branches]
        nodes = [branch.value for branch in node.branches] + ([] if node.otherwise is None else [node.otherwise])
        lowered = [self.expression(value) for value in nodes]
        whole = [value for value in lowered if value is not None]
        tests = [test for test in conditions if test is not None]
        if len(whole) != len(lowered) or len(tests) != len(conditions):
            return None
        values = aligned(whole)
        type = common_type([value.type for value in values])
        if type is None:
            types = " and ".join(dict.fromkeys(str(value.type) for value in values))
            self.report("E0311", f"the values of `case` are of different types: {types}", node.span)
            return None
        branches = tuple(Branch(test, value) for test, value in zip(tests, values, strict=False))
        return Case(branches, values[-1] if node.otherwise is not None else None, type)

    # --- calls ---

    def _call(self, node: tree.Call) -> Expression | None:
        lowered = [self.expression(argument) for argument in node.arguments]
        arguments = tuple(argument for argument in lowered if argument is not None)
        if len(arguments) != len(lowered):
            return None
        return call_type(Call(node.function.text, arguments, tuple(argument.span for argument in node.arguments), node.span, self.problems))


def _aggregate_help(names: tuple[tree.Name, ...]) -> str:
    return f"take one value of them, as in `sum({names[-1].text} over {names[0].text})`"
