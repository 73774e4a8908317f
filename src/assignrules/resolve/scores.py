"""Scores: `score credit_points …` as two definitions, a sum of cases and, where there are classes, their text (language.md, section 7).

A score is never missing: what cannot be reckoned, points or base of a missing value, counts 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from assignrules.diagnostics import Related, diagnostic
from assignrules.ir.expressions import Branch, Case, Expression, IsMissing, Literal, Operation, Reference
from assignrules.ir.ruleset import Definition
from assignrules.ir.types import BOOLEAN, INTEGER, TEXT, Kind, Money, Type
from assignrules.resolve.lower import Lowering
from assignrules.resolve.typing import arithmetic, comparison
from assignrules.syntax import tree

ZERO = Literal(0, INTEGER)
_NOTHING = Literal(Decimal(0), Type(Kind.DECIMAL))
RISING = (Kind.MONEY, Kind.DATE, Kind.DURATION)  # what may be cut into bands, numbers apart


def lower_score(score: tree.Score, name: str, lowering: Lowering) -> Definition | None:
    """The definition of ``name``, the score's own or that of its class; None with what is wrong reported."""
    value = _points(score, lowering) if name == score.name.text else _class(score, lowering)
    if value is None:
        return None
    label = None if score.label is None or name != score.name.text else score.label.value
    return Definition(lowering.entity, name, value, value.type, False, False, label, score.name.span)


def _points(score: tree.Score, lowering: Lowering) -> Expression | None:
    terms: list[Expression | None] = []
    for part in score.parts:
        match part:
            case tree.Base(value=value):
                terms.append(_decimal(_number(value, lowering)))
            case tree.PointsWhen(value=value, condition=condition):
                test, points = lowering.condition(condition), _number(value, lowering)
                terms.append(None if test is None or points is None else _case([Branch(test, points)], ZERO))
            case tree.PointsBy():
                terms.append(_bands(part, lowering))
            case tree.ScoreClass():
                pass
    whole = [term for term in terms if term is not None]
    if len(whole) < len(terms):
        return None
    if not whole:
        return _NOTHING
    total = _sum(whole, score, lowering)
    # A score is a decimal even where all its points are whole numbers.
    return total if total is None or total.type.kind is Kind.DECIMAL else _sum([_NOTHING, total], score, lowering)


def _decimal(base: Expression | None) -> Expression | None:
    """A constant base as a decimal, which makes the sum one."""
    if isinstance(base, Literal) and isinstance(base.value, int | Decimal):
        return Literal(Decimal(base.value), Type(Kind.DECIMAL, base.type.scale))
    return base


def _sum(terms: Sequence[Expression], score: tree.Score, lowering: Lowering) -> Expression | None:
    """All terms added up, in halves: a long list must not become a deep expression."""
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    left, right = _sum(terms[:middle], score, lowering), _sum(terms[middle:], score, lowering)
    if left is None or right is None:
        return None
    return arithmetic("+", left, right, score.name.span, lowering.problems)


def _number(node: tree.Expression, lowering: Lowering) -> Expression | None:
    """Points: any number; a missing one counts 0."""
    value = lowering.expression(node)
    if value is None:
        return None
    if not value.type.is_number:
        help = "`amount(…)` is the bare number of money" if value.type.kind is Kind.MONEY else None
        lowering.report("E0302", f"points are a number, and this is of type {value.type}", node.span, help=help)
        return None
    return value if isinstance(value, Literal) else Operation("coalesce", (value, ZERO), value.type)


def _case(branches: Sequence[Branch], otherwise: Expression) -> Case:
    values = [*(branch.value for branch in branches), otherwise]
    kinds = {value.type.kind for value in values}
    kind = kinds.pop() if len(kinds) == 1 else Kind.DECIMAL
    return Case(tuple(branches), otherwise, Type(kind, max(value.type.scale for value in values)))


def _bands(part: tree.PointsBy, lowering: Lowering) -> Expression | None:
    by = lowering.expression(part.by)
    if by is not None and not by.type.is_number and by.type.kind not in RISING:
        help = 'use `points … when`, as in `points +20 when payer_profile = "good"`' if by.type.is_text else None
        lowering.report("E0302", f"bands need a value that rises, and this is of type {by.type}", part.by.span, help=help)
        by = None
    ordered = _in_order(part, lowering)
    branches: list[Branch] = []
    above: Expression | None = ZERO
    missing: Expression | None = None
    bounds: list[tuple[tree.Expression, Literal]] = []
    complete = ordered
    for band in part.bands:
        points = _number(band.value, lowering)
        complete = complete and points is not None
        if band.missing:
            missing = points
        elif band.bound is None:
            above = points
        else:
            bound = _constant(band.bound, lowering)
            if bound is not None:
                bounds.append((band.bound, bound))
            test = None if bound is None or by is None else comparison("<=", by, bound, band.bound.span, lowering.problems)
            if test is None or points is None:
                complete = False
            else:
                branches.append(Branch(test, points))
    if not _rising(bounds, lowering) or not complete or by is None or above is None:
        return None
    if missing is not None or above is not ZERO:  # a missing value is in no band: it must not fall through to `above`
        branches.insert(0, Branch(IsMissing(by), missing or ZERO))
    return _case(branches, above)


def _in_order(part: tree.PointsBy, lowering: Lowering) -> bool:
    """Whether `above` comes once, after an `up to` and with none behind it, and `missing` once."""
    seen: dict[str, tree.Band] = {}
    fine = True
    for band in part.bands:
        word = "missing" if band.missing else "above" if band.bound is None else "up to"
        if word != "up to" and word in seen:
            related = [Related(seen[word].span, "first given here")]
            lowering.problems.append(diagnostic("E0112", f"`{word}` is given twice", band.span, related=related))
            fine = False
        elif word == "up to" and "above" in seen:
            help = "bands stand in rising order, and `above` takes all that is left"
            lowering.report("E0411", "a band stands after `above`", band.span, help=help)
            fine = False
        elif word == "above" and "up to" not in seen and not any(later.bound is not None for later in part.bands):
            help = "use `points … when`, as in `points +5 when average_days_late is present`"
            lowering.report("E0411", "`above` needs an `up to` before it", band.span, help=help)
            fine = False
        seen.setdefault(word, band)
    return fine


def _constant(node: tree.Expression, lowering: Lowering) -> Literal | None:
    value = lowering.expression(node)
    if value is not None and not isinstance(value, Literal):
        lowering.report("E0312", "the end of a band is a constant or a parameter", node.span, help="as in `up to 10 is 5`")
        return None
    return value


def _rising(bounds: Sequence[tuple[tree.Expression, Literal]], lowering: Lowering) -> bool:
    fine = True
    for (before, low), (node, high) in pairwise(bounds):
        first, second = _place(low), _place(high)
        if isinstance(low.value, Money) and isinstance(high.value, Money) and _currencies(low.value, high.value) > 1:
            lowering.report("E0411", "the bands are in different currencies, so they have no order", node.span, help="use one currency")
            fine = False
        elif type(first) is type(second) and not first < second:  # type: ignore[operator]  # two of one type
            related = [Related(before.span, "the band before")]
            help = "bands stand in rising order; each takes what the one before left"
            message = "this band does not rise above the one before"
            lowering.problems.append(diagnostic("E0411", message, node.span, help=help, related=related))
            fine = False
    return fine


def _place(bound: Literal) -> Decimal | date | str | bool | None:
    """Where a bound lies on its scale. Numbers of all types have one; what is neither number, money nor date was refused before."""
    match bound.value:
        case Money(amount=amount):
            return amount
        case bool() | str() | date() | None:
            return bound.value
        case number:
            return Decimal(number)


def _currencies(*moneys: Money) -> int:
    """How many currencies stand side by side; an amount of 0 is in any."""
    return len({money.currency for money in moneys if money.amount})


def _class(score: tree.Score, lowering: Lowering) -> Expression | None:
    total = lowering.definitions(lowering.entity, score.name.text)
    thresholds: list[tuple[Decimal, tree.ScoreClass, Literal]] = []
    otherwise: Literal | None = None
    before = len(lowering.problems)
    for part in score.parts:
        if not isinstance(part, tree.ScoreClass):
            continue
        if part.threshold is None:
            otherwise = Literal(part.label.value, TEXT)
            continue
        bound = lowering.expression(part.threshold)
        if bound is None:
            continue
        if not isinstance(bound, Literal) or not bound.type.is_number or not isinstance(bound.value, int | Decimal):
            help = 'as in `class "A" from 80`'
            lowering.report("E0312", "a class starts at a number of points, a constant or a parameter", part.threshold.span, help=help)
            continue
        points = Decimal(bound.value)
        twin = next((known for value, known, _ in thresholds if value == points), None)
        if twin is not None:
            message = f'class "{part.label.value}" starts where class "{twin.label.value}" does'
            related = [Related(twin.span, "the other class")]
            lowering.problems.append(diagnostic("E0412", message, part.span, help="give one of them another start", related=related))
            continue
        thresholds.append((points, part, bound))
    if len(lowering.problems) > before or total is None:
        return None
    if otherwise is None:
        message = f"`{score.name.text}.class` is missing where no class is reached"
        lowering.report("W0401", message, score.name.span, help='add `class otherwise "…"`')
    points_of = Reference(lowering.entity, score.name.text, total.type, False)
    branches = tuple(
        Branch(Operation("ge", (points_of, bound), BOOLEAN), Literal(part.label.value, TEXT))
        for _, part, bound in sorted(thresholds, key=lambda item: -item[0])
    )
    if not branches:
        return otherwise
    return Case(branches, otherwise, TEXT)
