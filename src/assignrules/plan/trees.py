"""The trees of an explanation: first drafts, which ask for the value of every part; then nodes, when the values are there.

All that is asked for stands on the subject's row, so that one statement answers it. A part of a definition on a row behind links becomes a
definition of its own, read through the links: missing where they lead nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assignrules.ir.changes import Printed
from assignrules.ir.expressions import (
    Aggregate,
    And,
    AsOf,
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
    Truth,
    Via,
    children,
    is_condition,
)
from assignrules.ir.ruleset import Definition, Ruleset
from assignrules.plan.behind import Path, moves_this, reads_this
from assignrules.plan.explanation import Node, NodeKind, RowsBehind
from assignrules.plan.reasons import Atom, Connected, Formula, Negated, smallest_reason
from assignrules.resolve.written import rewritten, written
from assignrules.schema.logical import Schema
from assignrules.sql.queries import Output
from assignrules.syntax import tree

DEEPEST = 4  # names within names whose own trees are given

Links = tuple[Link, ...]


@dataclass(slots=True)
class Draft:
    """A node whose value is asked for: ``slot`` among the values; ``behind`` among the aggregates of a path. Of a `case`, ``parts`` are
    condition and value by turns, then the value of `otherwise`. ``first``: of a name that is repeated, where its parts are."""

    kind: NodeKind
    text: str
    condition: bool
    slot: int
    parts: list[Draft] = field(default_factory=list)
    label: str | None = None
    behind: tuple[Path, int] | None = None
    first: Draft | None = None
    case: bool = False
    top: bool = False
    literal: bool = False


class Questions:
    """What is asked of one subject: values by slot, and rows behind aggregates by path."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.given = ruleset
        self.slots: dict[Expression, int] = {}
        self.added: dict[tuple[str, str], Definition] = {}
        self.paths: dict[Path, dict[Aggregate, int]] = {}
        self._parts: dict[tuple[str, Expression], Reference] = {}

    def ask(self, expression: Expression, links: Links = ()) -> int:
        """The slot of an expression's value on the row that the links lead to."""
        return self.slots.setdefault(self._through(expression, links), len(self.slots))

    def ask_rows(self, aggregate: Aggregate, links: Links) -> tuple[Path, int] | None:
        """The place of the rows behind an aggregate; None where it also reads a row that is not the subject's, or
        looks at pairs of rows."""
        if (links and reads_this(aggregate)) or moves_this(aggregate):
            return None
        path = (*links, *aggregate.path)
        asked = self.paths.setdefault(path, {})
        return path, asked.setdefault(aggregate, len(asked))

    def _through(self, expression: Expression, links: Links) -> Expression:
        if not links:
            return expression
        found: Expression = expression
        if not isinstance(expression, Field | Reference | TargetValue | Via):
            entity = links[-1].to
            if (entity, expression) not in self._parts:
                name = f"part {len(self._parts) + 1}"  # no rule can write this name
                part = Reference(entity, name, expression.type, is_condition(expression))
                self.added[entity, name] = Definition(entity, name, expression, part.type, part.condition, False, None, None)
                self._parts[entity, expression] = part
            found = self._parts[entity, expression]
        for link in reversed(links):
            found = Via(link, found, found.type)
        return found

    def ruleset(self) -> Ruleset:
        """The rules with the parts that are asked for through links."""
        return replace(self.given, definitions={**self.given.definitions, **self.added})

    def outputs(self) -> list[Output]:
        """The questions in the order of their slots."""
        return [Output(f"v{slot}", expression, is_condition(expression)) for expression, slot in self.slots.items()]


class Trees:
    """Drafts of one subject's trees; what a name stands for is given once."""

    def __init__(self, questions: Questions, schema: Schema) -> None:
        self.questions = questions
        self.schema = schema
        self.seen: dict[tuple[Links, str, str], Draft] = {}

    def condition(self, expression: Expression, links: Links = (), depth: int = 0) -> Draft:
        """The tree of a condition on the row that the links lead to."""
        match expression:
            case Truth(operand=operand):
                found = self.value(operand, links, depth)
                found.condition, found.slot = True, self.questions.ask(expression, links)
                return found
            case And(operands=operands) if isinstance(self._rewritten(expression), tree.And):
                return self._connected(NodeKind.ALL, expression, operands, links, depth)
            case Or(operands=operands) if isinstance(self._rewritten(expression), tree.Or):
                return self._connected(NodeKind.ANY, expression, operands, links, depth)
            case Not(operand=operand) if isinstance(self._rewritten(expression), tree.Unary):
                return self._connected(NodeKind.NOT, expression, (operand,), links, depth)
            case And() | Or() | Not() | IsMissing() | InList() | Operation():
                return self._test(expression, links, depth)
            case _:
                found = self.value(expression, links, depth)
                found.condition = True
                return found

    def value(self, expression: Expression, links: Links = (), depth: int = 0) -> Draft:
        """The tree of a value."""
        match expression:
            case Reference():
                draft = self._draft(NodeKind.NAME, expression, links)
                self._stand_for(draft, expression, links, depth)
                return draft
            case Via():
                return self._behind_links(expression, links, depth)
            case Field() | TargetValue() | TargetMember() | Today():
                return self._draft(NodeKind.NAME, expression, links)
            case Aggregate():
                draft = self._draft(NodeKind.AGGREGATE, expression, links)
                draft.behind = self.questions.ask_rows(expression, links)
                return draft
            case Case(branches=branches, otherwise=otherwise):
                draft = self._draft(NodeKind.VALUE, expression, links)
                draft.case = True
                for branch in branches:
                    draft.parts.append(self.condition(branch.condition, links, depth))
                    draft.parts.append(self.value(branch.value, links, depth))
                if otherwise is not None:
                    draft.parts.append(self.value(otherwise, links, depth))
                return draft
            case Literal() | This() | AsOf():
                draft = self._draft(NodeKind.VALUE, expression, links)  # what is as of another day is not taken apart
                draft.literal = isinstance(expression, Literal)
                return draft
            case _:
                draft = self._draft(NodeKind.VALUE, expression, links)
                draft.parts = [self._part(part, links, depth) for part in _reads([expression])]
                return draft

    # --- parts ---

    def _rewritten(self, expression: Expression) -> tree.Expression:
        return rewritten(expression, self.schema)

    def _draft(self, kind: NodeKind, expression: Expression, links: Links) -> Draft:
        return Draft(kind, written(expression, self.schema), is_condition(expression), self.questions.ask(expression, links))

    def _connected(self, kind: NodeKind, whole: Expression, operands: Sequence[Expression], links: Links, depth: int) -> Draft:
        draft = self._draft(kind, whole, links)
        draft.parts = [self.condition(operand, links, depth) for operand in operands]
        return draft

    def _test(self, expression: Expression, links: Links, depth: int) -> Draft:
        draft = self._draft(NodeKind.TEST, expression, links)
        sides = _sides(expression)
        if isinstance(self._rewritten(expression), tree.InDuration | tree.InPeriod):
            sides = sides[:1]  # the ends are the day's, and stand in the text
        draft.parts = [self._part(side, links, depth) for side in sides]
        return draft

    def _part(self, expression: Expression, links: Links, depth: int) -> Draft:
        return self.condition(expression, links, depth) if is_condition(expression) else self.value(expression, links, depth)

    def _behind_links(self, via: Via, links: Links, depth: int) -> Draft:
        draft = self._draft(NodeKind.NAME, via, links)
        of: Expression = via
        while isinstance(of, Via):
            links, of = (*links, of.link), of.of
        if isinstance(of, Reference):
            self._stand_for(draft, of, links, depth)
        return draft

    def _stand_for(self, draft: Draft, reference: Reference, links: Links, depth: int) -> None:
        definition = self.questions.given.definitions[reference.entity, reference.name]
        draft.label = definition.label
        key = (links, reference.entity, reference.name)
        if key in self.seen:
            draft.first = self.seen[key]
        elif depth < DEEPEST:
            self.seen[key] = draft
            body = definition.expression
            draft.parts = [self._first(draft, body, links, depth + 1) if isinstance(body, Top) else self._part(body, links, depth + 1)]

    def _first(self, search: Draft, top: Top, links: Links, depth: int) -> Draft:
        """`top N by …`: it is the search's whole expression, so its truth is the search's."""
        parts = [self.condition(top.where, links, depth), self.value(top.by, links, depth)]
        if top.per is not None:
            parts.append(self.value(top.per, links, depth))
        return Draft(NodeKind.TEST, written(top, self.schema), True, search.slot, parts, top=True)


def _sides(expression: Expression) -> list[Expression]:
    """What a test compares, constants left out, each once."""
    found: list[Expression] = []
    match expression:
        case And() | Or() | Not():
            found = [side for part in children(expression) for side in _sides(part)]
        case _:
            found = list(children(expression))
    return [side for side in dict.fromkeys(found) if not isinstance(side, Literal)]


def _reads(expressions: Sequence[Expression]) -> list[Expression]:
    """What an operation reads, operations inside it taken apart, each once."""
    found: dict[Expression, None] = {}
    for expression in expressions:
        for part in children(expression):
            if isinstance(part, Operation) and not is_condition(part):
                found.update(dict.fromkeys(_reads([part])))
            elif not isinstance(part, Literal | Today):
                found[part] = None
    return list(found)


Values = Sequence[Printed]
Behind = Mapping[Path, Sequence[RowsBehind]]


@dataclass(slots=True)
class _Again:
    """Names (by slot) whose parts a reason has given: it stands for itself, so what was given before it does not count."""

    given: set[int] = field(default_factory=set)


def finished(draft: Draft, values: Values, behind: Behind, again: _Again | None = None, depth: int = 0) -> Node:
    """The node of a draft. Of a `case` only what was looked at stays: the conditions up to the one that holds, and its value."""
    of, repeated = draft, draft.first is not None
    if draft.kind is NodeKind.NAME:
        depth += 1
        if again is not None and draft.first is not None:
            of, repeated = draft.first, draft.slot in again.given or depth > DEEPEST
        if again is not None:
            again.given.add(draft.slot)
    rows = None if draft.behind is None else behind[draft.behind[0]][draft.behind[1]]
    parts: tuple[Node, ...] = ()
    if of.case:
        parts = tuple(_looked_at(of.parts, values, behind, again, depth))
    elif not repeated:
        parts = tuple(finished(part, values, behind, again, depth) for part in of.parts)
    return Node(draft.kind, draft.text, draft.condition, values[draft.slot], parts, draft.label, rows, repeated)


def _looked_at(parts: Sequence[Draft], values: Values, behind: Behind, again: _Again | None, depth: int) -> Iterator[Node]:
    for number in range(0, len(parts) - 1, 2):
        condition = finished(parts[number], values, behind, again, depth)
        yield condition
        if condition.value is True:
            yield finished(parts[number + 1], values, behind, again, depth)
            return
    if len(parts) % 2:
        yield finished(parts[-1], values, behind, again, depth)


def reason(draft: Draft, values: Values, behind: Behind) -> tuple[Node, ...]:
    """The fewest tests that make a condition what it is, each whole: with its values and the rows behind them."""
    drafts: dict[int, Draft] = {}
    found = smallest_reason(_formula(draft, values, drafts, 0))
    again = _Again()
    return tuple(finished(drafts[atom.key], values, behind, again) for atom in found)


def _formula(draft: Draft, values: Values, drafts: dict[int, Draft], depth: int) -> Formula:
    """How the tests of a condition are connected; ``drafts`` receives them, by slot."""
    parts = (draft if draft.first is None else draft.first).parts
    match draft.kind:
        case NodeKind.ALL | NodeKind.ANY:
            return Connected(draft.kind is NodeKind.ALL, tuple(_formula(part, values, drafts, depth) for part in parts))
        case NodeKind.NOT:
            return Negated(_formula(parts[0], values, drafts, depth))
        # A part is missing where the name leads to a row that is not there.
        case NodeKind.NAME if depth < DEEPEST and parts and parts[0].condition and values[parts[0].slot] is not None:
            return _formula(parts[0], values, drafts, depth + 1)
        case NodeKind.TEST if draft.top and values[parts[0].slot] is False:  # it is not among the rows that are put in order
            return _formula(parts[0], values, drafts, depth)
        case _:
            drafts.setdefault(draft.slot, draft)
            return Atom(draft.slot, draft.text, values[draft.slot] is True)
