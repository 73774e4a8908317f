"""`assign` blocks: the clauses that fit the target's shape, and their meaning."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from assignrules.diagnostics import Diagnostic, Related, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.expressions import Aggregate, Expression, Link, Literal, Reference, TargetMember, TargetValue, Via, rebuilt
from assignrules.ir.proposals import TemplatePart
from assignrules.ir.ruleset import (
    TWIN,
    Assignment,
    Cooldown,
    Distribution,
    Guard,
    Limit,
    Line,
    Others,
    Otherwise,
    SetBody,
    ValueBody,
)
from assignrules.ir.types import Kind, Type
from assignrules.resolve.catalogue import TARGET, unknown_scenarios
from assignrules.resolve.distribution import resolve_distribution
from assignrules.resolve.lower import Definitions, Lowering
from assignrules.resolve.names import Names
from assignrules.resolve.params import fit_constant
from assignrules.resolve.templates import lower_template
from assignrules.resolve.typing import has_order
from assignrules.schema.logical import Shape, Target
from assignrules.syntax import tree

C = TypeVar("C", bound=tree.Clause)

KEYWORDS: dict[type[tree.Clause], str] = {
    tree.Line: "to",
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
ONLY_IN: dict[type[tree.Clause], Shape] = {
    tree.Line: Shape.VALUE,
    tree.Otherwise: Shape.VALUE,
    tree.Distribute: Shape.VALUE,
    tree.Add: Shape.SET,
    tree.Remove: Shape.SET,
    tree.Eligibility: Shape.COVER,
    tree.Removal: Shape.COVER,
}
BY_SHAPE = {
    Shape.VALUE: "holds one value, so it takes lines `VALUE to CONDITION` and `otherwise`",
    Shape.SET: "is a set, so it takes `add` and `remove`",
    Shape.COVER: "is a cover, so it takes `eligibility … amount …` and `removal`",
}


def resolve_assignment(
    node: tree.Assign,
    names: Names,
    definitions: Definitions,
    currency: str,
    problems: list[Diagnostic],
    *,
    shares: bool,
) -> Assignment | None:
    """A block, or None with what is wrong reported. ``shares``: other blocks write the same, so that its priority belongs to its name."""
    target = names.schema.targets.get(node.target.text)
    if target is None:
        help = did_you_mean(node.target.text, list(names.schema.targets)) or "targets are " + ", ".join(
            f"`{name}`" for name in names.schema.targets
        )
        problems.append(diagnostic("E0203", f"unknown target `{node.target.text}`", node.target.span, help=help))
        return None
    block = _Block(node, target, Lowering(names, definitions, target.entity, problems), currency, problems, shares)
    return block.resolve()


def written_to(node: tree.Assign, names: Names) -> tuple[str, object]:
    """The target and, as far as the text says it, the member that a block writes: two blocks that give the same share a name."""
    target = names.schema.targets.get(node.target.text)
    if target is None or target.shape is Shape.VALUE or not node.heads:
        return node.target.text, None
    head = node.heads[0]
    while isinstance(head, tree.Parenthesised):
        head = head.operand
    if isinstance(head, tree.Path):
        value = names.params.get(".".join(name.text for name in head.names))
        return node.target.text, None if value is None else value.value
    return node.target.text, head.value if isinstance(head, tree.Text) else None


class _Block:
    """One block while it is resolved."""

    def __init__(
        self, node: tree.Assign, target: Target, lowering: Lowering, currency: str, problems: list[Diagnostic], shares: bool
    ) -> None:
        self.node = node
        self.target = target
        self.lowering = lowering
        self.currency = currency
        self.problems = problems
        self.shares = shares
        self.member: str | None = None

    def report(self, code: str, message: str, span: Span, help: str | None = None, related: list[Related] | None = None) -> None:
        self.problems.append(diagnostic(code, message, span, help=help, related=related or ()))

    def resolve(self) -> Assignment | None:
        before = len(self.problems)
        member, label = self._heads()
        self.member = member
        self._clauses_fit()
        body = self._value_body() if self.target.shape is Shape.VALUE else self._set_body()
        where, except_ = self._condition(tree.Where), self._condition(tree.Except)
        guard, because = self._guard(), self._because()
        cooldown, limit = self._cooldown(), self._limit()
        from_, until = self._day(tree.From), self._day(tree.Until)
        priority = self._priority()
        if from_ is not None and until is not None and until < from_:
            self.report(
                "E0408", f"the block ends on {until} before it starts on {from_}", self._span(tree.Until), help="exchange the two dates"
            )
        if len(self.problems) > before or body is None:
            return None
        return Assignment(
            self._rule(), self.target.name, member, self.target.entity, label, body, where, except_, guard, because, from_, until, priority,
            self._first(tree.Disabled) is not None, self.node.span, self._first(tree.KeepManual) is not None, cooldown, limit,
        )  # fmt: skip

    # --- heads and clauses ---

    def _heads(self) -> tuple[str | None, str | None]:
        """The member (sets and covers) and the label."""
        heads = list(self.node.heads)
        member: str | None = None
        if self.target.shape is not Shape.VALUE:
            if not heads:
                help = f'as in `assign {self.target.name} "…"`'
                self.report("E0404", f"`assign {self.target.name}` needs the name of a member", self.node.target.span, help=help)
                return None, None
            head = heads.pop(0)
            lowered = self.lowering.expression(head)
            if isinstance(lowered, Literal) and isinstance(lowered.value, str):
                member = lowered.value
            elif lowered is not None:
                self.report("E0312", "a member is a text, or a text parameter in parentheses", head.span)
        if not heads:
            return member, None
        label = heads.pop(0)
        if not isinstance(label, tree.Text):
            self.report("E0404", "a label is a text in quotes; a value is followed by `to`", label.span, help="write `VALUE to CONDITION`")
            return member, None
        for more in heads:
            self.report("E0404", "a block has one label; a value is followed by `to`", more.span, help="write `VALUE to CONDITION`")
        return member, label.value

    def _clauses_fit(self) -> None:
        seen: dict[type[tree.Clause], Span] = {}
        for clause in self.node.clauses:
            kind = type(clause)
            shape = ONLY_IN.get(kind)
            if shape is not None and shape is not self.target.shape:
                message = f"`{KEYWORDS[kind]}` does not fit: `{self.target.name}` {BY_SHAPE[self.target.shape]}"
                self.report("E0404", message, clause.span)
            elif kind in seen and kind is not tree.Line:
                self.report("E0112", f"`{KEYWORDS[kind]}` is given twice", clause.span, related=[Related(seen[kind], "first given here")])
            seen.setdefault(kind, clause.span)

    def _first(self, kind: type[C]) -> C | None:
        return next((clause for clause in self.node.clauses if isinstance(clause, kind)), None)

    def _span(self, kind: type[tree.Clause]) -> Span:
        clause = self._first(kind)
        return self.node.span if clause is None else clause.span

    def _condition(self, kind: type[tree.Where] | type[tree.Except]) -> Expression | None:
        clause = self._first(kind)
        return None if clause is None else self.lowering.condition(clause.condition)

    # --- bodies ---

    def _value_body(self) -> ValueBody | None:
        lines: list[Line] = []
        clauses = [clause for clause in self.node.clauses if isinstance(clause, tree.Line)]
        for number, clause in enumerate(clauses, start=1):
            value = self._value(clause.value)
            test = self.lowering.condition(clause.condition)
            if value is not None and test is not None:
                lines.append(Line(number, value, test, clause.span))
        sharing = self._first(tree.Distribute)
        shared: Distribution | None = None
        if sharing is not None:  # after the lines, before `otherwise`
            made = resolve_distribution(
                sharing,
                len(clauses) + 1,
                self.target,
                self._rule(),
                self.lowering,
                self._value,
                self._own_as_current,
            )
            if made is None:
                return None
            lines.append(made[0])
            shared = made[1]
        otherwise = self._first(tree.Otherwise)
        if not clauses and sharing is None and otherwise is None and not any(type(clause) in ONLY_IN for clause in self.node.clauses):
            help = 'as in `"Standard" to standard`' if self.target.type.is_text else "as in `VALUE to CONDITION`"
            self.report("E0405", f"`assign {self.target.name}` has no lines", self.node.target.span, help=help)
            return None
        if otherwise is None:
            return ValueBody(tuple(lines), Otherwise.KEEP, None, explicit=False, distribution=shared)
        value = None if otherwise.value is None else self._value(otherwise.value)
        return ValueBody(tuple(lines), Otherwise(otherwise.kind.value), value, explicit=True, distribution=shared)

    def _rule(self) -> str:
        """What the journal knows the block by."""
        priority = self._first(tree.Priority) if self.shares else None
        value = None if priority is None else self.lowering.expression(priority.value)
        name = self.target.name if self.member is None else f"{self.target.name}:{self.member}"
        return f"{name}#{value.value}" if isinstance(value, Literal) else name

    def _value(self, node: tree.Expression) -> Expression | None:
        """A value for the target: a literal, or an expression in parentheses."""
        value = self.lowering.expression(node)
        if value is None:
            return None
        if self.target.name == TARGET:
            for name, help in unknown_scenarios(value, self.lowering.names.scenarios, self.lowering.definitions):
                self.report("E0214", f'the catalogue has no scenario "{name}"', node.span, help=help)
        type = self.target.type
        if isinstance(value, Literal):
            fitted = fit_constant(value, type, self.currency)
            if fitted is not None:
                return fitted
        elif _fits(value.type, type):
            return value
        self._wrong_type(f"`{self.target.name}` takes values of type {type}, and this is of type {value.type}", node.span, type)
        return None

    def _wrong_type(self, message: str, span: Span, type: Type) -> None:
        help = {
            Kind.TEXT: "a text stands in quotes",
            Kind.MONEY: "an amount has a currency, as in `500 EUR`",
            Kind.INTEGER: "a whole number; `round(…)` gives one",
            Kind.BOOLEAN: "`true` or `false`",
            Kind.DATE: "a date is written like `2026-11-22`",
        }.get(type.kind)
        self.report("E0309", message, span, help=help)

    def _set_body(self) -> SetBody | None:
        add_clause: tree.Add | tree.Eligibility | None
        remove_clause: tree.Remove | tree.Removal | None
        if self.target.shape is Shape.SET:
            add_clause, remove_clause, words = self._first(tree.Add), self._first(tree.Remove), "`add` or `remove`"
        else:
            add_clause, remove_clause = self._first(tree.Eligibility), self._first(tree.Removal)
            words = "`eligibility` or `removal`"
        if add_clause is None and remove_clause is None:
            if not any(type(clause) in ONLY_IN for clause in self.node.clauses):
                self.report("E0405", f"`assign {self.target.name}` needs {words}", self.node.target.span)
            return None
        add = None if add_clause is None else self.lowering.condition(add_clause.condition)
        remove: Expression | Others | None = None
        if remove_clause is not None:
            remove = Others() if remove_clause.condition is None else self.lowering.condition(remove_clause.condition)
        amount = self._amount(add_clause) if isinstance(add_clause, tree.Eligibility) else None
        return SetBody(add, remove, amount)

    def _amount(self, clause: tree.Eligibility) -> Expression | None:
        if clause.amount is None:
            self.report("E0405", "`eligibility` needs an `amount`", clause.span, help="as in `eligibility nd_eligible amount 20_000 EUR`")
            return None
        amount = self.lowering.expression(clause.amount)
        if amount is None:
            return None
        if amount.type.kind is not Kind.MONEY:
            self._wrong_type(f"the amount of a cover is money, and this is of type {amount.type}", clause.amount.span, self.target.type)
            return None
        return amount

    # --- the other clauses ---

    def _constant(self, node: tree.Expression, wanted: str, help: str, *kinds: Kind) -> Literal | None:
        """A literal or a parameter of one of the kinds."""
        value = self.lowering.expression(node)
        if value is None:
            return None
        if not isinstance(value, Literal) or value.type.kind not in kinds:
            self.report("E0312", f"{wanted} is needed here", node.span, help=help)
            return None
        return value

    def _guard(self) -> Guard | None:
        clause = self._first(tree.Guard)
        if clause is None:
            return None
        if clause.changes:
            value = self._constant(clause.bound, "a whole number of changes", "as in `guard at most 100 changes`", Kind.INTEGER)
            if value is None or not isinstance(value.value, int):
                return None
            return self._positive(Guard(None, value.value), value.value, clause.bound.span)
        value = self._constant(clause.bound, "a percentage", "as in `guard at most 20%`, or `guard at most 100 changes`", Kind.PERCENT)
        if value is None or not isinstance(value.value, Decimal):
            return None
        if value.value > 1:
            help = "as in `guard at most 20%`; `guard at most 120 changes` counts them"
            self.report("E0312", "a guard's share is at most 100%, as no more than all can change", clause.bound.span, help=help)
            return None
        return self._positive(Guard(value.value, None), value.value, clause.bound.span)

    def _positive(self, guard: Guard, bound: int | Decimal, span: Span) -> Guard | None:
        if bound < 0:
            self.report("E0312", "a guard's bound is not negative", span)
            return None
        return guard

    def _cooldown(self) -> Cooldown | None:
        clause = self._first(tree.Cooldown)
        if clause is None:
            return None
        value = self._constant(clause.duration, "a duration", "as in `cooldown 90 days`", Kind.DURATION)
        if value is None or not isinstance(value.value, int):
            return None
        if value.value < 0:
            self.report("E0312", "a cooldown is not negative", clause.duration.span)
            return None
        return Cooldown(value, clause.after_removal)

    def _limit(self) -> Limit | None:
        clause = self._first(tree.Limit)
        if clause is None:
            return None
        count = self._constant(clause.count, "a whole number of changes", "as in `limit 50 changes by overdue`", Kind.INTEGER)
        by, per = self.lowering.expression(clause.by), None if clause.per is None else self.lowering.expression(clause.per)
        if by is not None and not has_order(by.type):
            self.report("E0302", "`by` needs values that have an order", clause.by.span)
            by = None
        if count is None or by is None or not isinstance(count.value, int) or (clause.per is not None and per is None):
            return None
        if count.value < 0:
            self.report("E0312", "a limit is not negative", clause.count.span)
            return None
        by = self._own_as_current(by)
        per = None if per is None else self._own_as_current(per)
        return Limit(count.value, by, clause.ascending, per)

    def _own_as_current(self, value: Expression) -> Expression:
        return _OwnAsCurrent(self.target.name, self.member, self.lowering.definitions).changed(value)

    def _day(self, kind: type[tree.From] | type[tree.Until]) -> date | None:
        clause = self._first(kind)
        if clause is None:
            return None
        value = self._constant(clause.date, "a date", f"as in `{KEYWORDS[kind]} 2026-12-01`", Kind.DATE)
        return value.value if value is not None and isinstance(value.value, date) else None

    def _priority(self) -> int | None:
        clause = self._first(tree.Priority)
        if clause is None:
            return None
        value = self._constant(clause.value, "a whole number", "as in `priority 10`", Kind.INTEGER)
        return value.value if value is not None and isinstance(value.value, int) else None

    def _because(self) -> tuple[TemplatePart, ...] | None:
        clause = self._first(tree.Because)
        if clause is None:
            return None
        return tuple(
            part if part.expression is None else replace(part, expression=self._own_as_current(part.expression))
            for part in lower_template(clause.text, self.lowering)
        )


class _OwnAsCurrent:
    """In a reason, a limit or `distribute`, the block's own target reads as it was before the run; so a definition that reads it as
    planned gets a twin. (Written out in its place it might be of any size, and a ranking cannot stand inside something else.)"""

    def __init__(self, target: str, member: str | None, definitions: Definitions) -> None:
        self.target = target
        self.member = member
        self.definitions = definitions
        self.known: dict[tuple[str, str], str | None] = {}  # the name of a definition's twin, None where it stays as it is

    def changed(self, value: Expression) -> Expression:
        match value:
            case TargetValue(target=read, current=False) if read == self.target:
                return replace(value, current=True)
            case TargetMember(target=read, member=name, current=False) if (read, name) == (self.target, self.member):
                return replace(value, current=True)
            case Reference(entity=entity, name=name):
                return replace(value, name=self._twin(entity, name) or name)
            case Via(link=way):
                value = replace(value, link=self._link(way))
            case Aggregate(path=path):
                value = replace(value, path=tuple(self._link(part) for part in path))
            case _:
                pass
        return rebuilt(value, self.changed)

    def _link(self, part: Link) -> Link:
        return replace(part, current=True) if part.target == self.target else part

    def _twin(self, entity: str, name: str) -> str | None:
        key = (entity, name)
        if key not in self.known:
            self.known[key] = None  # definitions have no circles; a broken one is not read
            definition = self.definitions(entity, name)
            changed = None if definition is None else self.changed(definition.expression)
            if definition is not None and changed is not None and changed != definition.expression:
                twin = f"{name}{TWIN}{self.target}{'' if self.member is None else f' {self.member}'}"
                self.definitions.add(replace(definition, name=twin, expression=changed, search=False, span=None))
                self.known[key] = twin
        return self.known[key]


def _fits(value: Type, target: Type) -> bool:
    """Whether values of a type may be written to a target of another."""
    if value.kind is target.kind or (value.is_text and target.kind is Kind.TEXT):
        return True
    return target.kind in (Kind.DECIMAL, Kind.PERCENT) and value.is_number
