"""What the blocks decide, as expressions: for each (target, member) which line or side takes a subject, and the state that follows.

A decision is a whole number: the block's place times 1,000,000 plus what takes the subject in it: of a value target the line's number, or
``OTHERWISE``; of a set or cover 1 (add), 2 (remove) or 3 (both: a conflict, and removal wins). Missing: no block decides, nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from assignrules.ir.expressions import (
    And,
    Branch,
    Case,
    Expression,
    InList,
    IsMissing,
    Literal,
    Memory,
    MemoryPart,
    Not,
    Operation,
    Or,
    Reference,
    TargetMember,
    TargetValue,
    Today,
    Top,
    is_condition,
)
from assignrules.ir.ruleset import Assignment, Distribution, Others, Otherwise, Ruleset, SetBody, ValueBody
from assignrules.ir.types import BOOLEAN, DATE, INTEGER, MONEY, TEXT, Kind, Money, Type
from assignrules.schema.logical import Schema, Shape, Target
from assignrules.sql.decided import Decided, kept_change, kept_state
from assignrules.sql.facts import Facts

STEP = 1_000_000
OTHERWISE = STEP - 1
ADD, REMOVE, BOTH = 1, 2, 3
HOLDS = ("manual", "cooldown", "limit")
MANUAL, COOLING, BEYOND = range(3)
TRUE, FALSE = Literal(True, BOOLEAN), Literal(False, BOOLEAN)


@dataclass(frozen=True, slots=True)
class Decision:
    """A unit's decision on its subjects. ``before`` and ``planned`` are its states; ``after`` is what the deciding line asks for (missing:
    nothing, or a clear). Of covers the three are amounts. ``excepted``: held by the deciding block's `except`. ``hold``: what else holds a
    change that would be made: the place in ``HOLDS``, or missing; None where no block has such a clause."""

    target: Target
    member: str | None
    blocks: tuple[Assignment, ...]
    decided: Reference
    before: Expression
    planned: Expression
    after: Expression
    excepted: Expression
    hold: Reference | None

    def codes(self, *, values: bool) -> tuple[int, ...]:
        """The decisions that ask for something: with ``values`` those that need one (all but clear and keep)."""
        found: list[int] = []
        for place, block in enumerate(self.blocks):
            match block.body:
                case ValueBody(lines=lines, otherwise=otherwise):
                    found.extend(place * STEP + line.number for line in lines)
                    if otherwise is Otherwise.VALUE or (otherwise is Otherwise.CLEAR and not values):
                        found.append(place * STEP + OTHERWISE)
                case SetBody():
                    found.extend(place * STEP + side for side in ((ADD,) if values else (ADD, REMOVE, BOTH)))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Shares:
    """What `distribute` asks of each row: whether it is to be shared (``mine``) and nothing may change it (``fixed``); the number of the
    value that it has (``now``), and that it has or will have by other rules (``held``), missing for none of the team; ``counted``: the
    rows that count at all."""

    how: Distribution
    mine: Expression
    fixed: Expression
    held: Reference
    now: Reference
    counted: Reference


class Decisions:
    """The decisions of a ruleset on an as-of date. ``journal``: there is one to be read. ``decided``: units that the plan has decided
    already, and where."""

    def __init__(self, ruleset: Ruleset, schema: Schema, today: date, *, journal: bool, decided: Decided) -> None:
        self.ruleset = ruleset
        self.schema = schema
        self.today = today
        self.journal = journal
        self.decided = decided
        self.facts = Facts(ruleset, schema, today, self.planned_state, decided)
        self.made: dict[tuple[str, str | None], Decision | None] = {}

    def all(self) -> Iterator[Decision]:
        """The decisions of all units that some block writes on the day, by target and member."""
        for target, member in sorted(self.ruleset.order, key=lambda unit: (unit[0], unit[1] or "")):
            decision = self.decision(target, member)
            if decision is not None:
                yield decision

    def make_asked(self) -> None:
        """Makes the decisions that have a `limit`, `distribute` or `because`: ``open_changes``, ``counted`` and ``made_changes`` may be
        asked for then."""
        for block in self.ruleset.assignments:
            if block.limit is not None and block.runs_on(self.today):
                self.decision(block.target, block.member)
            if distribution_of(block) is not None and block.runs_on(self.today):
                self.sharing(block)
            if block.because is not None and block.runs_on(self.today):
                self._make_changes(block)

    def _make_changes(self, block: Assignment) -> None:
        target, member = self.schema.targets[block.target], block.member
        if (target.name, member) in self.decided:
            place = self.ruleset.writers(target.name, member, self.today).index(block)
            kept = kept_change(target, member, (place * STEP, (place + 1) * STEP))
            self.facts.bodies[target.entity, made_changes(target, member, place).name] = kept
            return
        decision = self.decision(block.target, block.member)
        assert decision is not None
        target, place = decision.target, decision.blocks.index(block)
        planned: Expression = decision.planned  # of others than covers read as the rules do, which decides them once
        if target.shape is Shape.VALUE:
            planned = TargetValue(target.entity, target.name, False, target.type)
        elif target.shape is Shape.SET:
            planned = TargetMember(target.entity, target.name, decision.member or "", False)
        made = And((_from(decision.decided, place), differ(planned, decision.before)))
        self.facts.bodies[target.entity, made_changes(target, decision.member, place).name] = self.facts.normal(made, target.entity)

    def sharing(self, block: Assignment) -> Shares:
        """What `distribute` of a block asks of each row."""
        how = distribution_of(block)
        decision = self.decision(block.target, block.member)
        assert how is not None and decision is not None
        target, blocks, entity = decision.target, decision.blocks, block.entity
        own = blocks.index(block)
        shared = [(place, made) for place, other in enumerate(blocks) if (made := distribution_of(other)) is not None]
        open_ = frozenset(place * STEP + made.number for place, made in shared if place >= own)
        mine = _is(decision.decided, own * STEP + how.number)
        asked = self._after(target, blocks, decision.decided, decision.before, open_)
        named = f"{target.name} {own}"
        after = self._named(f"#asked {named}", asked, entity) if asked.branches else Literal(None, target.type)
        rest = self._planned(target, blocks, decision.decided, decision.before, after, decision.excepted)
        rest = Case((Branch(_is(decision.decided, *sorted(open_)), decision.before),), rest, rest.type)
        held = self._named(f"#held {named}", _place_of(rest, how), entity)
        now = self._named(f"#now {named}", _place_of(decision.before, how), entity)
        parts = [] if block.except_ is None else [block.except_]
        parts.extend(condition for _, condition in self._remembered_holds(target, block, decision.before, decision.before))
        fixed = FALSE if not parts else parts[0] if len(parts) == 1 else Or(tuple(parts))
        reference = counted(target, own)
        self.facts.bodies[entity, reference.name] = self.facts.normal(Or((mine, Not(IsMissing(held)), Not(IsMissing(now)))), entity)
        return Shares(how, mine, fixed, held, now, reference)

    def planned_state(self, target: str, member: str | None) -> Expression | None:
        """What `planned` readings of a unit see, or None where no block writes it on the day."""
        kept = self.decided.get((target, member))
        if kept is not None:
            declared = self.schema.targets[target]
            return kept_state(kept, declared, member, current_state(declared, member))
        decision = self.decision(target, member)
        if decision is None:
            return None
        return Not(IsMissing(decision.planned)) if decision.target.shape is Shape.COVER else decision.planned

    def decision(self, target: str, member: str | None) -> Decision | None:
        unit = (target, member)
        if unit not in self.made:
            blocks = self.ruleset.writers(target, member, self.today)
            self.made[unit] = self._decide(self.schema.targets[target], member, blocks) if blocks else None
        return self.made[unit]

    def _decide(self, target: Target, member: str | None, blocks: tuple[Assignment, ...]) -> Decision:
        entity = target.entity
        named = target.name if member is None else f"{target.name} {member}"
        decided = self._named(f"#decided {named}", Case(tuple(self._choices(blocks, target)), None, INTEGER), entity)
        before = current_state(target, member)
        after = self._named(f"#after {named}", self._after(target, blocks, decided, before), entity)
        excepted = self._excepted(blocks, decided)
        planned = self._planned(target, blocks, decided, before, after, excepted)
        hold: Reference | None = None
        if any(block.limit is not None or (self.journal and (block.keep_manual or block.cooldown is not None)) for block in blocks):
            wanted = self._named(f"#wanted {named}", planned, entity)
            hold = self._hold(target, member, blocks, decided, before, wanted)
            planned = Case((Branch(Not(IsMissing(hold)), before),), wanted, planned.type)
        if target.shape is Shape.COVER:
            planned = self._named(f"#amount {named}", planned, entity)
        return Decision(target, member, blocks, decided, before, planned, after, excepted, hold)

    # --- what holds a change ---

    def _hold(
        self, target: Target, member: str | None, blocks: tuple[Assignment, ...], decided: Reference, before: Expression, wanted: Reference
    ) -> Reference:
        """The hold of a change that is wanted and not excepted: the first clause of the deciding block that holds it."""
        entity, named = target.entity, target.name if member is None else f"{target.name} {member}"
        change = self._named(f"#change {named}", differ(wanted, before), entity)
        branches: list[Branch] = []
        for place, block in enumerate(blocks):
            for code, condition in self._remembered_holds(target, block, before, wanted):
                branches.append(Branch(And((change, _from(decided, place), condition)), Literal(code, INTEGER)))
        early = self._named(f"#early {named}", Case(tuple(branches), None, INTEGER), entity) if branches else None
        branches = [] if early is None else [Branch(Not(IsMissing(early)), early)]
        for place, block in enumerate(blocks):
            if block.limit is not None:
                parts: tuple[Expression, ...] = (change, _from(decided, place))
                waiting = open_changes(target, member, place)
                self.facts.bodies[entity, waiting.name] = self.facts.normal(
                    And(parts if early is None else (*parts, IsMissing(early))), entity
                )
                limit = block.limit
                first = Top(entity, waiting, limit.count, limit.by, limit.ascending, limit.per)
                made = self._named(f"#made {named} {place}", first, entity)
                branches.append(Branch(And((waiting, Not(made))), Literal(BEYOND, INTEGER)))
        return self._named(f"#hold {named}", Case(tuple(branches), None, INTEGER), entity)

    def _remembered_holds(
        self, target: Target, block: Assignment, before: Expression, wanted: Expression
    ) -> Iterator[tuple[int, Expression]]:
        """The holds that come from the journal, with the condition of each on a wanted change."""
        if not self.journal:
            return
        if block.keep_manual:
            yield MANUAL, by_hand(target, block.member, before)
        if block.cooldown is not None:
            part: MemoryPart = "removed_on" if block.cooldown.after_removal else "changed_on"
            last = _memory(target, block.member, part, DATE, block.rule)
            length = block.cooldown.duration
            assert isinstance(length.value, int)
            over = Operation("add_duration", (Today(), Literal(-length.value, length.type)), DATE)
            # Where that day lies before the calendar begins, the comparison is false, and the cooldown never ends.
            young: Expression = And((Not(IsMissing(last)), Not(Operation("le", (last, over), BOOLEAN))))
            if block.cooldown.after_removal:
                young = And((_nothing(target, before), Not(_nothing(target, wanted)), young))
            yield COOLING, young

    def _restored(self, target: Target, block: Assignment, before: Expression) -> Expression:
        """The value before the latest spell of the block's values, while the last of them stands; else the current one."""
        if not self.journal:
            return before
        spell = _memory(target, None, "spell_on", DATE, block.rule)
        former = _memory(target, None, "spell_before", target.type, block.rule)
        stands = And((Not(IsMissing(spell)), Not(by_hand(target, None, before))))
        return Case((Branch(stands, former),), before, target.type)

    def _named(self, name: str, expression: Expression, entity: str) -> Reference:
        """A fact of a name of its own."""
        self.facts.bodies[entity, name] = self.facts.whole(expression, entity)
        return Reference(entity, name, expression.type, is_condition(expression))

    def _choices(self, blocks: tuple[Assignment, ...], target: Target) -> Iterator[Branch]:
        for place, block in enumerate(blocks):
            for code, condition in self._sides(block, target):
                parts = [part for part in (block.where, condition) if part is not None]
                whole = TRUE if not parts else parts[0] if len(parts) == 1 else And(tuple(parts))
                yield Branch(whole, Literal(place * STEP + code, INTEGER))

    def _sides(self, block: Assignment, target: Target) -> Iterator[tuple[int, Expression | None]]:
        match block.body:
            case ValueBody(lines=lines, explicit=explicit):
                for line in lines:
                    yield line.number, line.condition
                if explicit:
                    yield OTHERWISE, None
            case SetBody(add=add, remove=remove):
                if isinstance(remove, Others):
                    now = TargetMember(target.entity, target.name, block.member or "", current=True)
                    if add is not None:
                        yield ADD, add
                    yield REMOVE, now
                else:
                    if add is not None and remove is not None:
                        yield BOTH, And((add, remove))
                    if remove is not None:
                        yield REMOVE, remove
                    if add is not None:
                        yield ADD, add

    def _after(
        self, target: Target, blocks: tuple[Assignment, ...], decided: Reference, before: Expression, without: frozenset[int] = frozenset()
    ) -> Case:
        """The value asked for, in the type of the target; missing for the decisions that are left out."""
        branches: list[Branch] = []
        for place, block in enumerate(blocks):
            match block.body:
                case ValueBody(lines=lines, value=value, otherwise=otherwise):
                    branches.extend(
                        Branch(_is(decided, code), line.value) for line in lines if (code := place * STEP + line.number) not in without
                    )
                    if otherwise is Otherwise.RESTORE:
                        value = self._restored(target, block, before)
                    if value is not None:
                        branches.append(Branch(_is(decided, place * STEP + OTHERWISE), value))
                case SetBody(amount=amount):
                    # A cover without an amount is only taken away; its branch, which is never reached, gives the column its type.
                    wanted = TRUE if target.shape is Shape.SET else amount or Literal(Money(Decimal(0), ""), MONEY)
                    branches.append(Branch(_is(decided, place * STEP + ADD), wanted))
                    if target.shape is Shape.SET:
                        branches.append(Branch(_is(decided, place * STEP + REMOVE, place * STEP + BOTH), FALSE))
        type = target.type if target.shape is not Shape.COVER else MONEY
        return Case(tuple(branches), None, _widest(type, branches))

    def _excepted(self, blocks: tuple[Assignment, ...], decided: Reference) -> Expression:
        branches = tuple(
            Branch(And((_from(decided, place), block.except_)), TRUE) for place, block in enumerate(blocks) if block.except_ is not None
        )
        return Case(branches, FALSE, BOOLEAN) if branches else FALSE

    def _planned(
        self,
        target: Target,
        blocks: tuple[Assignment, ...],
        decided: Reference,
        before: Expression,
        after: Expression,
        excepted: Expression,
    ) -> Expression:
        """The state that follows: as before where nothing decides, what is asked for is missing, or `except` holds."""
        branches: list[Branch] = [] if excepted == FALSE else [Branch(excepted, before)]
        cleared = [
            place * STEP + OTHERWISE
            for place, block in enumerate(blocks)
            if isinstance(block.body, ValueBody) and block.body.otherwise is Otherwise.CLEAR
        ]
        taken = [place * STEP + side for place, block in enumerate(blocks) if isinstance(block.body, SetBody) for side in (REMOVE, BOTH)]
        if cleared:
            branches.append(Branch(_is(decided, *cleared), Literal(None, target.type)))
        restored = [
            place * STEP + OTHERWISE
            for place, block in enumerate(blocks)
            if isinstance(block.body, ValueBody) and block.body.otherwise is Otherwise.RESTORE
        ]
        if restored:
            branches.append(Branch(_is(decided, *restored), after))  # a missing one too: then there was nothing before
        if target.shape is Shape.COVER:
            branches.append(Branch(_is(decided, *taken), Literal(None, MONEY)))
            positive = Operation("gt", (after, Literal(Money(Decimal(0), ""), Type(MONEY.kind))), BOOLEAN)
            branches.append(Branch(positive, after))
            return Case(tuple(branches), before, _widest(MONEY, branches))
        if target.shape is Shape.SET:
            added = [place * STEP + ADD for place in range(len(blocks))]
            branches.append(Branch(_is(decided, *taken), FALSE))
            branches.append(Branch(_is(decided, *added), TRUE))
            return Case(tuple(branches), before, BOOLEAN)
        branches.append(Branch(Not(IsMissing(after)), after))
        return Case(tuple(branches), before, _widest(target.type, branches))


def current_state(target: Target, member: str | None) -> Expression:
    """A unit's state before the run; of a cover the amount."""
    if target.shape is Shape.SET:
        return TargetMember(target.entity, target.name, member or "", current=True)
    return TargetValue(target.entity, target.name, True, target.type, member)


def open_changes(target: Target, member: str | None, place: int) -> Reference:
    """The fact that a change of a block with a `limit` is held by nothing before that."""
    named = target.name if member is None else f"{target.name} {member}"
    return Reference(target.entity, f"#open {named} {place}", BOOLEAN, True)


def made_changes(target: Target, member: str | None, place: int) -> Reference:
    """The fact that a change of a block with a `because` is planned."""
    named = target.name if member is None else f"{target.name} {member}"
    return Reference(target.entity, f"#changed {named} {place}", BOOLEAN, True)


def counted(target: Target, place: int) -> Reference:
    """The fact that a row counts for the `distribute` of the block at a place."""
    return Reference(target.entity, f"#counted {target.name} {place}", BOOLEAN, True)


def distribution_of(block: Assignment) -> Distribution | None:
    """How a block shares its subjects out, if it does."""
    return block.body.distribution if isinstance(block.body, ValueBody) else None


def _place_of(state: Expression, how: Distribution) -> Expression:
    """The number of a state among the values."""
    branches = (Branch(Not(differ(state, literal)), Literal(number, INTEGER)) for number, literal in enumerate(how.among))
    return Case(tuple(branches), None, INTEGER)


def by_hand(target: Target, member: str | None, before: Expression) -> Expression:
    """Whether a unit's state is not the one that the last journalled change left."""
    known = Not(IsMissing(_memory(target, member, "last_on", DATE)))
    return And((known, differ(before, _memory(target, member, "after", before.type))))


def differ(one: Expression, other: Expression) -> Expression:
    """Whether two states are not the same: of money the currency counts, whatever the rates."""
    if one.type.kind is Kind.MONEY:
        amounts = [Operation("amount", (part,), Type(Kind.DECIMAL, part.type.scale)) for part in (one, other)]
        codes = [Operation("currency", (part,), TEXT) for part in (one, other)]
        same: Expression = And((Operation("eq", tuple(amounts), BOOLEAN), Operation("eq", tuple(codes), BOOLEAN)))
    else:
        same = Operation("eq", (one, other), BOOLEAN)
    return Not(Or((same, And((IsMissing(one), IsMissing(other))))))


def _memory(target: Target, member: str | None, part: MemoryPart, type: Type, rule: str | None = None) -> Memory:
    return Memory(target.entity, target.name, member, part, rule, type)


def _nothing(target: Target, state: Expression) -> Expression:
    return Not(_true(state)) if target.shape is Shape.SET else IsMissing(state)


def _true(value: Expression) -> Expression:
    return Operation("eq", (value, TRUE), BOOLEAN)


def _is(decided: Reference, *codes: int) -> Expression:
    return InList(decided, tuple(Literal(code, INTEGER) for code in codes))


def _from(decided: Reference, place: int) -> Expression:
    """Whether the block at a place decided."""
    low = Operation("ge", (decided, Literal(place * STEP, INTEGER)), BOOLEAN)
    high = Operation("lt", (decided, Literal((place + 1) * STEP, INTEGER)), BOOLEAN)
    return And((low, high))


def _widest(type: Type, branches: list[Branch]) -> Type:
    if type.is_number or type.kind is MONEY.kind:
        return Type(type.kind, max([type.scale, *(branch.value.type.scale for branch in branches)]))
    return type
