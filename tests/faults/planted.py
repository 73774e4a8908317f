"""Faults to plant in the compiler, each one rule of meaning turned wrong, with the case files that must notice it.

A fault changes what is compiled, never how: the SQL stays well formed, so that only a wrong answer can give it away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from sqlglot import exp

from assignrules.ir import expressions as ir
from assignrules.ir.ruleset import Assignment, Others, Ruleset, SetBody, ValueBody
from assignrules.ir.types import BOOLEAN, DATE, MONEY
from assignrules.plan import guards
from assignrules.resolve import lower, scores
from assignrules.resolve.lower import Lowering
from assignrules.schema.logical import Shape
from assignrules.sql import decisions, differences, division, proposals, scalars, stages, terms
from assignrules.sql.aggregates import Aggregates
from assignrules.sql.decisions import Decisions
from assignrules.sql.dialects import DuckDB
from assignrules.sql.money import MoneyCompiler
from assignrules.sql.scalars import Scalars
from assignrules.sql.tables import Tables

Change = Callable[..., Any]  # takes the right function before its arguments


@dataclass(frozen=True)
class Fault:
    """``sentence`` says what is wrong once ``owner.name`` is ``change``; ``cases``: globs of case files, some of which must fail then."""

    sentence: str
    owner: Any
    name: str
    change: Change
    cases: tuple[str, ...]

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        """Puts the wrong function in the place of the right one."""
        right, change = getattr(self.owner, self.name), self.change

        def wrong(*arguments: Any, **named: Any) -> Any:
            return change(right, *arguments, **named)

        patch.setattr(self.owner, self.name, wrong)


# --- missing values ---


def no_guard(right: Change, condition: ir.Expression) -> bool:
    return False


def no_guard_of_lists(right: Change, condition: ir.Expression) -> bool:
    return False if isinstance(condition, ir.InList) else bool(right(condition))


def least_of_those_present(right: Change, self: Scalars, operation: ir.Operation, rows: Any) -> Any:
    found = right(self, operation, rows)
    if operation.operator in ("least", "greatest") and isinstance(found, exp.Case):
        return found.args["default"]
    return found


def empty_is_missing(right: Change, value: Any) -> Any:
    return terms.any_of([right(value), terms.equal(terms.cast(value.copy(), "VARCHAR"), terms.text(""))])


# --- bounds ---


def ends_open(right: Change, self: Lowering, operator: str, *rest: Any) -> Any:
    return right(self, "<" if operator == "<=" else operator, *rest)


def in_last_without_its_first_day(right: Change, self: Lowering, node: Any) -> Any:
    found = right(self, node)
    if isinstance(found, ir.And):
        first, second = found.operands
        assert isinstance(first, ir.Operation)
        return ir.And((replace(first, operator="gt"), second))
    return found


def older_than_or_as_old(right: Change, self: Lowering, node: Any) -> Any:
    found = right(self, node)
    return replace(found, operator="le") if isinstance(found, ir.Operation) and found.operator == "lt" else found


def months_to_their_first_day(right: Change, self: Lowering, node: Any) -> Any:
    found = right(self, node)
    if isinstance(found, ir.And):
        first, second = found.operands
        assert isinstance(second, ir.Operation)
        return ir.And((first, replace(second, operator="le")))
    return found


def last_day_left_out(right: Change, self: Assignment, day: date) -> bool:
    return bool(right(self, day)) and (self.until is None or day < self.until)


def reached_is_passed(right: Change, name: str, share: Any, changes: int, total: int, overrides: Any) -> Any:
    found = right(name, share, changes, total, overrides)
    return replace(found, passed=changes < share * total or not changes)


def bands_open_above(right: Change, operator: str, *rest: Any) -> Any:
    return right("<" if operator == "<=" else operator, *rest)


def zero_is_an_amount(right: Change, self: Decisions, *rest: Any) -> Any:
    found = right(self, *rest)

    def passed(test: ir.Expression) -> ir.Expression:
        return ir.Not(ir.IsMissing(test.arguments[0])) if isinstance(test, ir.Operation) and test.operator == "gt" else test

    return replace(found, branches=tuple(replace(part, condition=passed(part.condition)) for part in found.branches))


# --- order and ties ---


def _turned(window: exp.Expression, place: int) -> None:
    """One term of the window's order, the other way round."""
    order = next(iter(window.find_all(exp.Window))).args["order"].expressions
    order[place].set("desc", not order[place].args.get("desc"))


def top_ties_by_last_key(right: Change, self: Scalars, top: ir.Top, rows: Any) -> Any:
    found = right(self, top, rows)
    _turned(found, 2)
    return found


def top_missing_first(right: Change, self: Scalars, top: ir.Top, rows: Any) -> Any:
    found = right(self, top, rows)
    _turned(found, 0)
    return found


def smallest_first(right: Change, self: Scalars, top: ir.Top, rows: Any) -> Any:
    return right(self, replace(top, ascending=not top.ascending), rows)


def top_over_all_groups(right: Change, self: Scalars, top: ir.Top, rows: Any) -> Any:
    return right(self, replace(top, per=None), rows)


def latest_by_lowest_key(right: Change, self: Aggregates, *rest: Any) -> Any:
    found = right(self, *rest)
    _turned(found, 1)
    return found


def undated_rows_come_last(right: Change, self: Aggregates, aggregate: ir.Aggregate, *rest: Any) -> Any:
    assert aggregate.by is not None
    far = ir.Literal(date(9999, 1, 1), DATE)
    return right(self, replace(aggregate, by=ir.Operation("coalesce", (aggregate.by, far), DATE)), *rest)


def last_line_wins(right: Change, self: Decisions, block: Assignment, target: Any) -> Any:
    found = list(right(self, block, target))
    if isinstance(block.body, ValueBody):
        lines = len(block.body.lines)
        return [*reversed(found[:lines]), *found[lines:]]
    return found


def lowest_priority_first(right: Change, self: Ruleset, *rest: Any) -> Any:
    return tuple(reversed(right(self, *rest)))


def lowest_class_first(right: Change, score: Any, lowering: Any) -> Any:
    found = right(score, lowering)
    return replace(found, branches=tuple(reversed(found.branches))) if isinstance(found, ir.Case) else found


# --- aggregates ---


def nothing_for_no_rows(right: Change, self: Aggregates, aggregate: ir.Aggregate, prefix: str, table: str) -> Any:
    letter = {"count": "n", "sum": "s"}.get(aggregate.function)
    return right(self, aggregate, prefix, table) if letter is None else terms.column(f"{prefix}{letter}", table)


def each_way_counts(right: Change, self: Aggregates, *rest: Any) -> Any:
    found = right(self, *rest)
    found.set("distinct", None)
    return found


def lower_of_the_middle_two(right: Change, self: DuckDB, value: Any) -> Any:
    low, _ = right(self, value)
    return low, low.copy()


# --- numbers and dates ---


def half_to_even(right: Change, dialect: Any, dividend: Any, divisor: Any) -> Any:
    found = right(dialect, dividend, divisor)
    half = terms.equal(
        terms.binary(exp.Mod, dividend.copy(), divisor.copy()),
        terms.binary(exp.Sub, divisor.copy(), terms.binary(exp.Mod, dividend.copy(), divisor.copy())),
    )
    odd = terms.equal(terms.binary(exp.Mod, terms.wrapped(found.copy()), terms.number(2)), terms.number(1))
    down = terms.case([(terms.all_of([half, odd]), terms.number(1))], terms.number(0))
    return terms.binary(exp.Sub, terms.wrapped(found), down)


def cut_off(right: Change, dialect: Any, value: Any, scale: int, places: int) -> Any:
    found = right(dialect, value, scale, places)
    for rounding in found.find_all(exp.Round):
        rounding.replace(terms.function("TRUNC", rounding.this, terms.number(places)))
    for named in found.find_all(exp.Anonymous):
        if str(named.this).upper() == "ROUND":
            named.set("this", "TRUNC")
    return found


def division_by_zero_is_zero(right: Change, dialect: Any, dividend: Any, scale: int, divisor: Any) -> Any:
    return terms.coalesce(right(dialect, dividend, scale, divisor), terms.number(0))


def month_end_runs_over(right: Change, self: DuckDB, day: Any, months: Any) -> Any:
    """2026-01-31 + 1 month = 2026-03-03."""
    first = right(self, self.start_of("month", day), months)
    more = terms.binary(exp.Sub, terms.cast(terms.function("DAY", day.copy()), "INT"), terms.number(1))
    return terms.cast(terms.binary(exp.Add, first, terms.wrapped(more)), "DATE")


def no_holidays(right: Change, relations: Any, dialect: Any, calendar: str | None) -> Any:
    return right(relations, dialect, None)


def accents_count(right: Change, self: DuckDB, value: Any) -> Any:
    return self.lower(value)


# --- money ---


def no_rate(right: Change, self: MoneyCompiler, expression: ir.Expression, rows: Any, day: Any = None) -> Any:
    return self.value(expression, rows)


def amounts_alone(right: Change, self: MoneyCompiler, parts: Any, rows: Any, combine: Any) -> Any:
    return combine([self.value(part, rows) for part in parts])


def oldest_rate(right: Change, relations: Any, today: Any) -> Any:
    found = right(relations, today)
    _turned(found, 0)
    return found


def any_rate(right: Change, relations: Any, today: Any) -> Any:
    return right(relations, terms.day(date(9999, 1, 1)))


def ignored_counts(right: Change, self: Tables, mapping: Any, ignored: Any, dialect: Any) -> Any:
    return right(self, mapping, frozenset(), dialect)


def only_the_worth_differs(right: Change, one: ir.Expression, other: ir.Expression) -> Any:
    if one.type.kind is MONEY.kind:
        return ir.And((right(one, other), ir.Not(ir.Operation("eq", (one, other), BOOLEAN))))
    return right(one, other)


def only_the_amount_differs(right: Change, one: Any, other: Any) -> Any:
    return right((one[0], None), (other[0], None))


# --- targets ---


def except_for_all_of_the_block(right: Change, self: Decisions, blocks: Any, decided: Any) -> Any:
    """OR for AND."""
    found = right(self, blocks, decided)
    if not isinstance(found, ir.Case):
        return found
    return replace(found, branches=tuple(replace(part, condition=ir.Or(part.condition.operands)) for part in found.branches))


def addition_wins(right: Change, self: Decisions, block: Assignment, target: Any) -> Any:
    found = list(right(self, block, target))
    return [(decisions.ADD if code == decisions.BOTH and isinstance(block.body, SetBody) else code, test) for code, test in found]


def left_out_means_others(right: Change, self: Decisions, block: Assignment, target: Any) -> Any:
    found = list(right(self, block, target))
    if isinstance(block.body, SetBody) and block.body.remove is None and target.shape is Shape.SET:
        found.append((decisions.REMOVE, ir.TargetMember(target.entity, target.name, block.member or "", current=True)))
    return found


def others_are_all(right: Change, self: Decisions, block: Assignment, target: Any) -> Any:
    found = list(right(self, block, target))
    if isinstance(block.body, SetBody) and isinstance(block.body.remove, Others):
        return sorted(found, key=lambda side: -side[0])
    return found


def where_is_forgotten(right: Change, self: Decisions, blocks: Any, target: Any) -> Any:
    return right(self, tuple(replace(block, where=None) for block in blocks), target)


def planned_reads_as_before(right: Change, self: Decisions, target: str, member: str | None) -> None:
    return None


def by_hand_never(right: Change, *rest: Any) -> Any:
    return ir.Literal(False, BOOLEAN)


def nothing_to_restore(right: Change, self: Decisions, target: Any, block: Any, before: Any) -> Any:
    return before


def cooled_a_day_early(right: Change, self: Decisions, *rest: Any) -> Any:
    for code, condition in right(self, *rest):
        yield code, (_sooner(condition) if code == decisions.COOLING else condition)


def _sooner(condition: ir.Expression) -> ir.Expression:
    match condition:
        case ir.And(operands=operands):
            return ir.And(tuple(_sooner(part) for part in operands))
        case ir.Not(operand=operand):
            return ir.Not(_sooner(operand))
        case ir.Operation(operator="le"):
            return replace(condition, operator="lt")
        case _:
            return condition


def guard_counts_outside(right: Change, wheres: Any, decision: Any) -> Any:
    return right([None], decision)


def refused_is_forgotten(right: Change, wanted: Any, last: Any, proposal: Any, shown: int) -> Any:
    return right(wanted, last, replace(proposal, cooldown=None), shown)


FAULTS = (
    Fault("a missing comparison below `not` stays missing, and the row is lost", scalars, "may_be_null", no_guard, ("missing/*",)),
    Fault("`not in` is missing for a missing value", scalars, "may_be_null", no_guard_of_lists, ("missing/not_in*", "missing/every_row*")),
    Fault("`least` passes over missing values", Scalars, "_operation", least_of_those_present, ("missing/functions*",)),
    Fault("empty text is missing", terms, "is_null", empty_is_missing, ("missing/empty_text*",)),
    Fault("`between` leaves its upper end out", Lowering, "_compared", ends_open, ("missing/between*", "dates/*boundar*", "numbers/*")),
    Fault("`in last` leaves its first day out", lower, "in_duration", in_last_without_its_first_day, ("dates/in_last*",)),
    Fault("`older than 60 days` takes the sixtieth day", lower, "in_duration", older_than_or_as_old, ("dates/older*",)),
    Fault("a month takes the first day of the next", lower, "in_period", months_to_their_first_day, ("dates/previous*",)),
    Fault("the day of `until` is out", Assignment, "runs_on", last_day_left_out, ("clauses/from*", "clauses/until*")),
    Fault("a share that is just reached trips the guard", guards, "_verdict", reached_is_passed, ("clauses/guard_percent*",)),
    Fault("`up to 10` does not take 10", scores, "comparison", bands_open_above, ("scores/bands*",)),
    Fault("a cover of 0 is granted", Decisions, "_planned", zero_is_an_amount, ("covers/amount_not*", "covers/zero*")),
    Fault("`top` breaks ties by the highest key", Scalars, "_top", top_ties_by_last_key, ("top/largest*",)),
    Fault("`top` takes missing values first", Scalars, "_top", top_missing_first, ("top/missing*",)),
    Fault("`limit` and `top` take the smallest first", Scalars, "_top", smallest_first, ("limit/largest*",)),
    Fault("`per` is forgotten", Scalars, "_top", top_over_all_groups, ("top/per_group*",)),
    Fault("`latest` takes the lowest key of one day", Aggregates, "ranked", latest_by_lowest_key, ("aggregates/latest_ties*",)),
    Fault("`latest` takes a row without a date", Aggregates, "ranked", undated_rows_come_last, ("aggregates/latest_*",)),
    Fault("the last line that holds wins", Decisions, "_sides", last_line_wins, ("value_targets/*line*",)),
    Fault("the lowest priority decides", Ruleset, "writers", lowest_priority_first, ("yaml/priorities*", "memory/restore_by*")),
    Fault("a score takes its lowest class", scores, "_class", lowest_class_first, ("scores/classes*",)),
    Fault("`count` and `sum` over no rows are missing", Aggregates, "result", nothing_for_no_rows, ("aggregates/over_no_rows*",)),
    Fault("a row counts once for each way that leads to it", Aggregates, "pairs", each_way_counts, ("aggregates/many_ways*",)),
    Fault("the median of two is the lower one", DuckDB, "median", lower_of_the_middle_two, ("aggregates/median*",)),
    Fault("division rounds halves to even", division, "_rounded_quotient", half_to_even, ("numbers/half*", "money/conversion_half*")),
    Fault("`round` cuts off", scalars, "rounded", cut_off, ("numbers/round*",)),
    Fault("division by zero is 0", scalars, "divided", division_by_zero_is_zero, ("numbers/division*",)),
    Fault("a month's end runs over into the next", DuckDB, "add_months", month_end_runs_over, ("dates/month_end*",)),
    Fault("holidays are business days", stages, "business_days", no_holidays, ("business_days/*",)),
    Fault("`contains` minds accents", DuckDB, "folded", accents_count, ("text/*",)),
    Fault("amounts are added up without a rate", MoneyCompiler, "at_home", no_rate, ("money/adding*", "money/sum*")),
    Fault("two currencies are compared by their amounts", MoneyCompiler, "_combined", amounts_alone, ("money/comparing*",)),
    Fault("the oldest rate counts", stages, "rates_today", oldest_rate, ("money/latest_rate*",)),
    Fault("a rate of tomorrow counts", stages, "rates_today", any_rate, ("money/rate_of*", "money/latest_rate*")),
    Fault("an ignored currency is counted", Tables, "__init__", ignored_counts, ("money/ignored*",)),
    Fault("the same worth in another currency is not by hand", decisions, "differ", only_the_worth_differs, ("memory/keep_manual_same*",)),
    Fault("an amount in another currency is no change", differences, "_differ", only_the_amount_differs, ("covers/currency*",)),
    Fault("`except` holds whatever its condition is", Decisions, "_excepted", except_for_all_of_the_block, ("clauses/ex*",)),
    Fault("addition wins a conflict", Decisions, "_sides", addition_wins, ("set_targets/conflict*",)),
    Fault("a removal that is left out removes the others", Decisions, "_sides", left_out_means_others, ("set_targets/*",)),
    Fault("`remove others` removes all", Decisions, "_sides", others_are_all, ("set_targets/remove_others*",)),
    Fault("`where` is forgotten", Decisions, "_choices", where_is_forgotten, ("clauses/where*",)),
    Fault("rules read the state before the run", Decisions, "planned_state", planned_reads_as_before, ("order/*",)),
    Fault("nothing is ever manual", decisions, "by_hand", by_hand_never, ("memory/keep_manual*",)),
    Fault("`restore` keeps", Decisions, "_restored", nothing_to_restore, ("memory/restore*",)),
    Fault("a cooldown of 90 days holds on day 90", Decisions, "_remembered_holds", cooled_a_day_early, ("memory/cooldown*",)),
    Fault("a guard counts subjects outside `where`", guards, "_within", guard_counts_outside, ("clauses/guard_counts*",)),
    Fault("a refused proposal is made again at once", proposals, "_beside", refused_is_forgotten, ("proposals/refused_within*",)),
)  # fmt: skip
