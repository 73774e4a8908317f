"""A small proof that one condition holds wherever another does: by their form, and by the ranges of the values that they compare.

What it cannot prove may still be true; it never proves what is false. Logic has two values here (language.md, section 2): `not (a < b)`
also holds where one of them is missing, so it does not give `a >= b`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

from assignrules.check.disjoint import exclude
from assignrules.check.ranges import FLIPPED, Range, tested_value, value_and_constants, value_and_range
from assignrules.ir.expressions import (
    Aggregate,
    And,
    AsOf,
    Expression,
    Field,
    InList,
    IsMissing,
    Literal,
    Not,
    Operation,
    Or,
    Reference,
    TargetMember,
    TargetValue,
    Top,
    Truth,
    Via,
    children,
)
from assignrules.ir.folding import fold
from assignrules.ir.ruleset import Definition
from assignrules.ir.types import BOOLEAN

# After so many steps a proof is given up: rules that are that long have no simple reason to be contained in each other. And so are all
# proofs over a ruleset together: a check takes seconds, not minutes.
STEPS = 1_000
ALL_STEPS = 60_000
# So many definitions and conditions inside each other are opened.
DEPTH = 80
WEAKER = {("lt", "le"), ("gt", "ge"), ("eq", "le"), ("eq", "ge")}
LONGEST_ROW = 50


Leaf = tuple[object, ...]  # what an expression reads: an entity's name, a member, the path of an aggregate
Said = tuple[tuple[Expression, Range] | None, tuple[Expression, frozenset[object]] | None]  # by one comparison: a range, and constants


class Implication:
    """Proofs over the definitions of one ruleset. Results are remembered by the identity of the conditions."""

    def __init__(self, definitions: Mapping[tuple[str, str], Definition]) -> None:
        self.definitions = definitions
        self.known: dict[tuple[int, int], tuple[Expression, Expression, bool]] = {}
        self.normal: dict[int, tuple[Expression, Expression]] = {}
        self.opened: dict[int, tuple[Expression, Expression | None]] = {}
        self.said: dict[int, tuple[Expression, Said]] = {}
        self.leaves: dict[int, tuple[Expression, frozenset[Leaf]]] = {}
        self.left = ALL_STEPS
        self.steps = 0
        self.depth = 0
        self.opening = 0

    def holds(self, narrow: Expression, wide: Expression) -> bool:
        """Whether ``wide`` holds wherever ``narrow`` does."""
        self.steps = 0
        return self._implies(self.normalised(narrow), self.normalised(wide))

    def overlap(self, one: Expression, other: Expression) -> bool:
        """Whether some row satisfies both, for all that the conditions themselves say: one holds wherever the other does, or both only
        compare the same values with constants, in ranges that meet."""
        if self.holds(one, other) or self.holds(other, one):
            return True
        return any(_meet(first, second) for first in self._parts(one) for second in self._parts(other))

    def impossible(self, condition: Expression) -> bool:
        """Whether the condition can never hold: two of its parts exclude each other."""
        parts = self._parts(condition)
        alternatives = self.normalised(condition)
        if len(parts) != (len(alternatives.operands) if isinstance(alternatives, Or) else 1):
            return False
        return all(_contradicts(row) for row in parts)

    def normalised(self, condition: Expression) -> Expression:
        """The condition with every `not` at a comparison."""
        if id(condition) not in self.normal:
            self.normal[id(condition)] = (condition, self._normalise(condition))
        return self.normal[id(condition)][1]

    def _normalise(self, condition: Expression) -> Expression:
        match condition:
            case And(operands=operands):
                return And(tuple(self.normalised(part) for part in operands))
            case Or(operands=operands):
                return Or(tuple(self.normalised(part) for part in operands))
            case Not(operand=Not(operand=operand)):
                return self.normalised(operand)
            case Not(operand=And(operands=operands)):
                return Or(tuple(self.normalised(Not(part)) for part in operands))
            case Not(operand=Or(operands=operands)):
                return And(tuple(self.normalised(Not(part)) for part in operands))
            case Not(operand=Aggregate(function="any" | "none" as function) as aggregate):
                return replace(aggregate, function="none" if function == "any" else "any")
            case Not(operand=Literal(value=bool() as truth)):
                return Literal(not truth, BOOLEAN)
            case Operation(operator="eq", arguments=(value, Literal(value=True))):
                return Truth(value)
            case _:
                return condition

    def _implies(self, narrow: Expression, wide: Expression) -> bool:
        key = (id(narrow), id(wide))
        if key not in self.known:
            self.steps += 1
            self.left -= 1
            if self.steps > STEPS or self.left < 0 or self.depth > DEPTH:
                return False
            self.depth += 1
            try:
                self.known[key] = (narrow, wide, self._proved(narrow, wide))
            finally:
                self.depth -= 1
        return self.known[key][2]

    def _proved(self, narrow: Expression, wide: Expression) -> bool:
        if (
            (type(narrow) is type(wide) and narrow == wide)
            or (isinstance(wide, Literal) and wide.value is True)
            or (isinstance(narrow, Literal) and narrow.value is False)
        ):
            return True
        if not isinstance(wide, Literal) and self._read(narrow).isdisjoint(self._read(wide)):
            return False  # nothing follows for values that nothing is said of
        if isinstance(narrow, Or):
            return all(self._implies(part, wide) for part in narrow.operands)
        if isinstance(wide, And):
            said = self._read(narrow)  # looked at first, as most pairs of conditions end here
            if any(said.isdisjoint(self._read(part)) for part in wide.operands if not isinstance(part, Literal)):
                return False
            return all(self._implies(narrow, part) for part in wide.operands)
        if isinstance(wide, Or) and any(self._implies(narrow, part) for part in wide.operands):
            return True
        if isinstance(narrow, And) and any(self._implies(part, wide) for part in narrow.operands):
            return True
        if self._follows(narrow, wide):
            return True
        inner, outer = self._opened(narrow), self._opened(wide)
        return (inner is not None and self._implies(inner, wide)) or (outer is not None and self._implies(narrow, outer))

    def _opened(self, condition: Expression) -> Expression | None:
        """What a definition, a search or its opposite stands for."""
        if id(condition) not in self.opened:
            match condition:
                case Reference(entity=entity, name=name, condition=True) if (entity, name) in self.definitions:
                    found: Expression | None = self.normalised(self.definitions[entity, name].expression)
                case Not(operand=Reference(entity=entity, name=name, condition=True)) if (entity, name) in self.definitions:
                    found = self.normalised(Not(self.definitions[entity, name].expression))
                case _:
                    found = None
            self.opened[id(condition)] = (condition, found)
        return self.opened[id(condition)][1]

    def _follows(self, narrow: Expression, wide: Expression) -> bool:
        """Between two conditions that are no `and` and no `or`."""
        match narrow, wide:
            case Top(where=where), _:
                return self._implies(self.normalised(where), wide)
            case Not(operand=inner), Not(operand=outer):
                return self._implies(self.normalised(outer), self.normalised(inner))
            case Not(), _:
                return False
            case _, Not(operand=IsMissing(operand=value)):
                return tested_value(narrow) == value or (isinstance(narrow, Operation) and value in narrow.arguments)
            case _, Not(operand=outer):
                return exclude(narrow, outer)
            case Aggregate(function="any", path=path, where=inner), Aggregate(function="any", path=other, where=outer) if path == other:
                return self._where_implies(inner, outer)
            case Aggregate(function="none", path=path, where=inner), Aggregate(function="none", path=other, where=outer) if path == other:
                return self._where_implies(outer, inner)
            case AsOf(of=inner, day=day), AsOf(of=outer, day=other_day) if day == other_day:
                return self._implies(self.normalised(inner), self.normalised(outer))
            case Truth(operand=Via(link=link, of=inner)), Truth(operand=Via(link=other_link, of=outer)) if link == other_link:
                return self._implies(self.normalised(inner), self.normalised(outer))
            case _:
                return self._comparison_follows(narrow, wide)

    def _where_implies(self, narrow: Expression | None, wide: Expression | None) -> bool:
        if wide is None:
            return True
        return narrow is not None and self._implies(self.normalised(narrow), self.normalised(wide))

    def _parts(self, condition: Expression) -> list[tuple[Expression, ...]]:
        """The alternatives of a condition that are rows of conditions which must hold together."""
        condition = self.normalised(condition)
        for _ in range(DEPTH):
            opened = self._opened(condition)
            if opened is None:
                break
            condition = opened
        rows = [self._row(part, DEPTH) for part in (condition.operands if isinstance(condition, Or) else (condition,))]
        return [row for row in rows if row is not None and len(row) <= LONGEST_ROW]

    def _row(self, condition: Expression, depth: int) -> tuple[Expression, ...] | None:
        opened = self._opened(condition)
        if opened is not None and depth > 0:
            return self._row(opened, depth - 1)
        if not isinstance(condition, And):
            return None if isinstance(condition, Or) else (condition,)
        rows = [self._row(part, depth - 1) for part in condition.operands]
        return None if any(row is None for row in rows) else tuple(part for row in rows if row is not None for part in row)

    def _comparison_follows(self, narrow: Expression, wide: Expression) -> bool:
        (here, ours), (there, theirs) = self._said(narrow), self._said(wide)
        if ours is not None and theirs is not None and ours[0] == theirs[0]:
            return ours[1] <= theirs[1]
        if here is not None and there is not None:
            return here[0] == there[0] and there[1].holds(here[1])
        if isinstance(narrow, InList) and there is not None and narrow.operand == there[0]:
            return all(_lies_in(item, narrow, there[1]) for item in narrow.items)
        match narrow, wide:
            case Operation(operator=first, arguments=(a, b)), Operation(operator=second, arguments=(c, d)):
                if (a, b) == (c, d):
                    return first == second or (first, second) in WEAKER or _text_weaker(first, second)
                if (a, b) == (d, c):
                    flipped = FLIPPED.get(second)
                    return flipped is not None and (first == flipped or (first, flipped) in WEAKER)
                match b, d:
                    case Literal(value=str() as longer), Literal(value=str() as shorter) if a == c:
                        return _text_holds(first, second, fold(longer), fold(shorter))
        return False

    def _said(self, comparison: Expression) -> Said:
        if id(comparison) not in self.said:
            self.said[id(comparison)] = (comparison, (value_and_range(comparison), value_and_constants(comparison)))
        return self.said[id(comparison)][1]

    def _read(self, expression: Expression) -> frozenset[Leaf]:
        """The fields, targets and definitions that an expression reads, through the names of conditions too."""
        if id(expression) not in self.leaves:
            self.leaves[id(expression)] = (expression, frozenset())  # definitions have no circles
            self.leaves[id(expression)] = (expression, self._leaves(expression))
        return self.leaves[id(expression)][1]

    def _leaves(self, expression: Expression) -> frozenset[Leaf]:
        match expression:
            case Field(entity=entity, name=name) | TargetValue(entity=entity, target=name):
                return frozenset({(entity, name)})
            case TargetMember(entity=entity, target=name, member=member):
                return frozenset({(entity, name, member)})
            case Reference(entity=entity, name=name, condition=condition):
                definition = self.definitions.get((entity, name)) if condition and self.opening < DEPTH else None
                if definition is None:
                    return frozenset({(entity, name)})
                self.opening += 1
                found = self._read(definition.expression) | {(entity, name)}
                self.opening -= 1
                return found
            case Aggregate(path=path):
                inner = (self._read(part) for part in children(expression))
                return frozenset({tuple((link.entity, link.name) for link in path)}).union(*inner)
            case _:
                return frozenset().union(*(self._read(part) for part in children(expression)))


def _lies_in(item: Literal, listed: InList, wide: Range) -> bool:
    """Whether one of a list's constants lies in a range."""
    one = value_and_range(Operation("eq", (listed.operand, item), BOOLEAN))
    return one is not None and wide.holds(one[1])


def _text_weaker(first: str, second: str) -> bool:
    return second == "contains" and first in ("starts_with", "ends_with")


def _text_holds(first: str, second: str, longer: str, shorter: str) -> bool:
    match first, second:
        case (("contains" | "starts_with" | "ends_with" | "eq"), "contains"):
            return shorter in longer
        case (("starts_with" | "eq"), "starts_with"):
            return longer.startswith(shorter)
        case (("ends_with" | "eq"), "ends_with"):
            return longer.endswith(shorter)
        case _:
            return False


def _meet(ours: tuple[Expression, ...], theirs: tuple[Expression, ...]) -> bool:
    """Whether two rows of comparisons with constants can hold together: those of one row are about the values of the other, and where
    both say something of a value, there is one that satisfies both."""
    here, there = [_compared(part) for part in ours], [_compared(part) for part in theirs]
    if None in here or None in there or not (all(value in there for value in here) or all(value in here for value in there)):
        return False
    return not _contradicts((*ours, *theirs))


def _compared(condition: Expression) -> Expression | None:
    """The value that a condition compares with constants, and with nothing else."""
    found = value_and_range(condition) or value_and_constants(condition)
    return None if found is None else found[0]


def _contradicts(row: tuple[Expression, ...]) -> bool:
    """Whether two conditions of a row exclude each other, or one of them is `false`."""
    return any(isinstance(part, Literal) and part.value is False for part in row) or any(exclude(*pair) for pair in combinations(row, 2))
