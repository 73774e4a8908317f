"""The pass `explain`: why a subject gets what it gets, and why not what the other lines would give.

What decides comes from the plan's own statements, asked for one subject; the trees' values from the same compiler over the same facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlglot import exp

from assignrules.databases.base import Session
from assignrules.ir.changes import Held, Printed, action_of
from assignrules.ir.expressions import And, Expression, Literal, Not, TargetMember
from assignrules.ir.proposals import TemplatePart
from assignrules.ir.ruleset import Assignment, Others, Otherwise, Ruleset, SetBody, ValueBody
from assignrules.ir.types import Kind, Money
from assignrules.ir.values import Value, printed, shown
from assignrules.plan.behind import rows_behind
from assignrules.plan.compiling import compiler_for
from assignrules.plan.distribution import Shared, balance, distribute, distribution_text, share_text
from assignrules.plan.explained_listings import (
    ListingDrafts,
    explained_alerts,
    explained_proposals,
    listing_drafts,
    listing_expressions,
)
from assignrules.plan.explanation import (
    AlertExplanation,
    BlockExplanation,
    BlockState,
    Explanation,
    Node,
    NodeKind,
    ProposalExplanation,
    RowBehind,
    RowsBehind,
    Side,
    SubjectExplanation,
    UnitExplanation,
)
from assignrules.plan.fetched import fetched_value
from assignrules.plan.holds import HoldDraft, hold, hold_draft
from assignrules.plan.model import Balance
from assignrules.plan.reach import among, reach
from assignrules.plan.trees import Behind, Draft, Questions, Trees, finished, reason
from assignrules.resolve.written import written
from assignrules.schema.logical import Shape, Target
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql import terms
from assignrules.sql.decided import CHANGE, HELD, Decided
from assignrules.sql.decisions import ADD, BOTH, HOLDS, OTHERWISE, REMOVE, STEP, Decision, current_state, distribution_of
from assignrules.sql.differences import Difference, at, differences
from assignrules.sql.queries import Compiler
from assignrules.sql.terms import Sql

__all__ = [
    "BlockExplanation",
    "BlockState",
    "Explanation",
    "Node",
    "NodeKind",
    "RowBehind",
    "RowsBehind",
    "Side",
    "SubjectExplanation",
    "UnitExplanation",
    "explain",
]

Unit = tuple[str, str | None]


def explain(
    session: Session, ruleset: Ruleset, mapping: SchemaMapping, subject: str, *, as_of: date, target: str | None = None
) -> Explanation:
    """Why the rows with a business key get what they get on a day, of all targets that some block writes or of the one named.

    Rows of every entity that has targets, proposals or alerts are looked for (of ``target``, its entity alone); ``subjects`` is empty where
    there is none.
    """
    compiler = compiler_for(session, ruleset, mapping, as_of)
    shared = {item.block.rule: item for item in distribute(session, compiler)}
    schema = mapping.schema
    entities = dict.fromkeys(item.entity for item in schema.targets.values() if target is None or item.name == target)
    if target is None:
        entities |= dict.fromkeys([*(item.entity for item in ruleset.proposals), *(item.entity for item in ruleset.alerts)])
    entities = {entity: None for entity in entities if entity in mapping.entities}
    found: list[SubjectExplanation] = []
    for entity in entities:
        rows = session.fetch(compiler.text(compiler.select(entity, [], where=among(schema, entity, [subject]))))
        if rows:
            label = None if rows[0][1] is None else str(printed(rows[0][1]))
            made = _Subject(session, compiler, entity, subject, target, shared)
            found.append(SubjectExplanation(entity, subject, label, *made.explained()))
    return Explanation(subject, as_of, target, tuple(found))


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What the plan makes of one unit of the subject. ``code`` is the decision (``sql.decisions``), None where no block decides."""

    decision: Decision
    code: int | None
    before: Value
    planned: Value
    after: Value
    excepted: bool
    hold: int | None
    because: str | None
    found: int | None


@dataclass(frozen=True, slots=True)
class _SideDraft:
    word: str
    number: int | None
    code: int
    at: str
    text: str
    condition: Draft | None
    gives: str | None
    value: Draft | None


@dataclass(frozen=True, slots=True)
class _BlockDraft:
    block: Assignment
    where: Draft | None
    except_: Draft | None
    sides: tuple[_SideDraft, ...]
    because: tuple[str | int, ...]  # texts, and the slots of values between them
    hold: HoldDraft


class _Subject:
    """One row of an entity while it is explained."""

    def __init__(
        self, session: Session, compiler: Compiler, entity: str, key: str, target: str | None, shared: Mapping[str, Shared]
    ) -> None:
        self.session = session
        self.schema = compiler.mapping.schema
        self.entity = entity
        self.key = key
        self.shared = shared
        self.blocks: dict[Unit, list[Assignment]] = {}
        for block in compiler.ruleset.assignments:
            if block.entity == entity and target in (None, block.target):
                self.blocks.setdefault((block.target, block.member), []).append(block)
        order = tuple(unit for unit in compiler.ruleset.order if unit in self.blocks)
        asked = compiler.of(replace(compiler.ruleset, order=order))  # the others are decided where these read them
        also = listing_expressions(compiler.ruleset, entity) if target is None else ()
        self.compiler = asked.keeping(reach(session, asked, entity, key, order, also))
        self.part = next(iter(differences(self.compiler, read=True)), None)
        self.decided = {} if self.part is None else self._keep(self.part)
        self.questions = Questions(compiler.ruleset)
        self.trees = Trees(self.questions, self.schema)
        self.listed = target is None

    def explained(self) -> tuple[tuple[UnitExplanation, ...], tuple[ProposalExplanation, ...], tuple[AlertExplanation, ...]]:
        """All units of the subject, by target and member, and unless one target was asked for its proposals and alerts."""
        ordered = sorted(self.blocks, key=lambda unit: (unit[0], unit[1] or ""))
        drafts = {unit: [self._draft(block) for block in self.blocks[unit]] for unit in ordered}
        states = {unit: self.questions.ask(current_state(self.schema.targets[unit[0]], unit[1])) for unit in ordered}
        listings = listing_drafts(self.compiler.ruleset, self.entity, self.questions, self.trees) if self.listed else ListingDrafts()
        balances = self._balances()
        verdicts = self._verdicts()
        values = self._values()
        asker = self._asker()
        behind = {path: rows_behind(self.session, asker, self.key, path, list(asked)) for path, asked in self.questions.paths.items()}
        units = (self._unit(unit, drafts[unit], verdicts.get(unit), values[states[unit]], values, behind) for unit in ordered)
        texts = [printed(value) for value in values]
        return (
            tuple(replace(unit, balance=balances.get((unit.target, unit.member))) for unit in units),
            explained_proposals(self.session, self.compiler.after(self.decided), self.key, listings, texts, behind),
            explained_alerts(self.session, self.compiler.after(self.decided), self.key, listings, texts, behind),
        )

    # --- asking ---

    def _keep(self, part: Difference) -> Decided:
        """Decides once for all that is asked: the rows on which something is found, as a plan keeps them, and this one in any case."""
        query = part.rows
        found: exp.Where = query.args["where"]
        query.set("where", exp.Where(this=terms.any_of([found.this, self._is_this()])))
        self.session.keep(part.table, self.compiler.text(query))
        for table, rows in part.parts:
            self.session.keep(table, self.compiler.text(rows))
        return part.decided()

    def _is_this(self) -> Sql:
        return terms.equal(terms.column("subject"), terms.text(self.key))

    def _asker(self) -> Compiler:
        """What compiles the questions."""
        return self.compiler.of(self.questions.ruleset()).after(self.decided)

    def _balances(self) -> dict[Unit, Balance]:
        """What each `distribute` of these units reaches. What the plan holds of it is held here: its entity is read whole."""
        found: dict[Unit, Balance] = {}
        for number, decision in enumerate(() if self.part is None else self.part.decisions):
            for block in decision.blocks:
                shared = self.shared.get(block.rule)
                if shared is None or self.part is None:
                    continue
                is_held = terms.equal(terms.column(f"found_{number}"), terms.number(HELD))
                query = terms.select([terms.column("subject")], terms.table(self.part.table), where=is_held)
                rows = self.session.fetch(self.compiler.text(query))
                held = [Held(str(row[0]), block.target, None, None, None, "") for row in rows]
                found[block.target, block.member] = balance(shared, held, self.compiler.ruleset.currency, self.schema)
        return found

    def _verdicts(self) -> dict[Unit, _Verdict]:
        """The decisions of the plan's own statement, which is asked for this row whether it changes or not."""
        if self.part is None:
            return {}
        names: list[str] = []
        for number, decision in enumerate(self.part.decisions):
            money = decision.before.type.kind is Kind.MONEY
            names.append(f"decided_{number}")
            for state in ("before", "planned", "after"):
                names.extend([f"{state}_{number}", f"{state}_{number}_currency"] if money else [f"{state}_{number}"])
            names.extend(f"{name}_{number}" for name in ("excepted", "because", "found"))
            if decision.hold is not None:
                names.append(f"hold_{number}")
        there = {name for own in self.part.columns for name in own}
        selected = [terms.column(name) if name in there else terms.null() for name in names]
        query = terms.select(selected, terms.table(self.part.table), where=self._is_this())
        columns = iter(self.session.fetch(self.compiler.text(query))[0])
        verdicts: dict[Unit, _Verdict] = {}
        for decision in self.part.decisions:
            code = next(columns)
            type = decision.before.type
            before, planned, after = fetched_value(columns, type), fetched_value(columns, type), fetched_value(columns, type)
            excepted, because, found = next(columns), next(columns), next(columns)
            hold = next(columns) if decision.hold is not None else None
            if decision.target.shape is Shape.SET and after is None:  # nothing can hold it back: what is asked for is what is planned
                after = planned
            verdicts[decision.target.name, decision.member] = _Verdict(
                decision, code, before, planned, after, bool(excepted), hold, because, found
            )
        return verdicts

    def _values(self) -> tuple[Value, ...]:
        """The answers by slot."""
        asker = self._asker()
        outputs = self.questions.outputs()
        query = asker.select(self.entity, outputs, where=among(self.schema, self.entity, [self.key]))
        columns = iter(self.session.fetch(asker.text(query))[0][2:])
        return tuple(fetched_value(columns, output.expression.type) for output in outputs)

    # --- drafts ---

    def _draft(self, block: Assignment) -> _BlockDraft:
        where = None if block.where is None else self.trees.condition(block.where)
        sides = tuple(self._value_sides(block, block.body) if isinstance(block.body, ValueBody) else self._member_sides(block, block.body))
        except_ = None if block.except_ is None else self.trees.condition(block.except_)
        because = tuple(self._because(part) for part in block.because or ())
        holding = hold_draft(block, self.questions, self.trees, self.schema, journal=self.compiler.journal)
        return _BlockDraft(block, where, except_, sides, because, holding)

    def _because(self, part: TemplatePart) -> str | int:
        return part.text or "" if part.expression is None else self.questions.ask(part.expression)

    def _value_sides(self, block: Assignment, body: ValueBody) -> list[_SideDraft]:
        sides = []
        for line in body.lines:
            place = f"{line.span.file}:{line.span.line}"
            if body.distribution is not None and body.shown(line.number) is None:
                gives = distribution_text(body.distribution, self.schema)
                draft = self.trees.condition(line.condition)
                sides.append(_SideDraft("distribute", None, line.number, place, draft.text, draft, gives, None))
                continue
            sides.append(self._side("line", line.number, place, line.condition, line.value, number=line.number))
        if body.explicit:
            gives = body.otherwise.value if body.value is None else self._given(body.value)
            value = None if body.value is None else self.trees.value(body.value)
            sides.append(_SideDraft("otherwise", None, OTHERWISE, at(block), "", None, gives, value))
        return sides

    def _member_sides(self, block: Assignment, body: SetBody) -> list[_SideDraft]:
        adding, removing = ("add", "remove") if self.schema.targets[block.target].shape is Shape.SET else ("eligibility", "removal")
        sides = []
        if body.add is not None:
            sides.append(self._side(adding, ADD, at(block), body.add, body.amount))
        if isinstance(body.remove, Others):
            now = TargetMember(block.entity, block.target, block.member or "", current=True)
            others = now if body.add is None else And((now, Not(body.add)))
            sides.append(self._side(removing, REMOVE, at(block), others, None, text="others"))
        elif body.remove is not None:
            sides.append(self._side(removing, REMOVE, at(block), body.remove, None))
        return sides

    def _side(
        self,
        word: str,
        code: int,
        place: str,
        condition: Expression,
        value: Expression | None,
        *,
        number: int | None = None,
        text: str | None = None,
    ) -> _SideDraft:
        draft = self.trees.condition(condition)
        gives = None if value is None else self._given(value)
        return _SideDraft(word, number, code, place, text or draft.text, draft, gives, None if value is None else self.trees.value(value))

    def _given(self, value: Expression) -> str:
        text = written(value, self.schema)
        return text if isinstance(value, Literal) else f"({text})"

    # --- putting together ---

    def _unit(
        self, unit: Unit, drafts: Sequence[_BlockDraft], verdict: _Verdict | None, state: Value, values: Sequence[Value], behind: Behind
    ) -> UnitExplanation:
        target = self.schema.targets[unit[0]]
        texts = [printed(value) for value in values]
        decider = None if verdict is None or verdict.code is None else verdict.decision.blocks[verdict.code // STEP]
        code = None if verdict is None or verdict.code is None else verdict.code % STEP
        blocks = tuple(self._block(draft, code if draft.block is decider else None, texts, behind) for draft in drafts)
        before = printed(state if verdict is None else verdict.before)
        if verdict is None or verdict.code is None or decider is None or code is None:
            return UnitExplanation(*unit, before, before, None, None, None, None, None, None, None, False, blocks)
        planned = printed(verdict.planned)
        held_by = _held_by(verdict)
        holding = None
        if held_by is not None:
            draft = next(draft for draft in drafts if draft.block is decider)
            own = next(block for block in blocks if block.decided)
            wanted = next((side.value for side in own.sides if side.decides), None)
            holding = hold(held_by, decider, draft.hold, self.schema, values, texts, behind, except_=own.except_reason, wanted=wanted)
        because = verdict.because
        if because is None and not _keeps(decider, code):
            because = _reason(next(draft for draft in drafts if draft.block is decider).because, values)
        line, place = _source(decider, code)
        return UnitExplanation(
            *unit,
            before,
            planned,
            action_of(target.shape.value, before, planned) if verdict.found == CHANGE else None,
            decider.rule,
            line,
            place,
            because,
            held_by,
            None if held_by is None else _asked(target, verdict.after),
            target.shape is not Shape.VALUE and code == BOTH,
            blocks,
            holding,
            self._share_of(decider, code),
        )

    def _share_of(self, block: Assignment, code: int) -> str | None:
        """Why `distribute` gave the subject what it did, if it decided."""
        how = distribution_of(block)
        if how is None or how.number != code:
            return None
        return share_text(self.shared[block.rule], self.key, self.schema, self.compiler.ruleset.currency)

    def _block(self, draft: _BlockDraft, code: int | None, texts: Sequence[Printed], behind: Behind) -> BlockExplanation:
        block = draft.block
        deciding = REMOVE if code == BOTH and isinstance(block.body, SetBody) else code  # on both sides, removal wins
        sides = tuple(
            Side(
                side.word,
                side.number,
                side.at,
                side.text,
                side.gives,
                None if side.value is None else texts[side.value.slot],
                side.condition is None or texts[side.condition.slot] is True,
                side.code == deciding,
                None if side.condition is None else finished(side.condition, texts, behind),
                None if side.value is None or side.value.literal else finished(side.value, texts, behind),
                () if side.condition is None else reason(side.condition, texts, behind),
            )
            for side in draft.sides
        )
        return BlockExplanation(
            block.rule,
            block.label,
            at(block),
            self._state(block),
            block.from_,
            block.until,
            code is not None,
            None if draft.where is None else finished(draft.where, texts, behind),
            None if draft.except_ is None else finished(draft.except_, texts, behind),
            sides,
            () if draft.where is None else reason(draft.where, texts, behind),
            () if draft.except_ is None else reason(draft.except_, texts, behind),
            tuple(hold.name for hold in self.compiler.ruleset.holds if hold.entity == block.entity),
        )

    def _state(self, block: Assignment) -> BlockState:
        day = self.compiler.today
        if block.disabled:
            return BlockState.DISABLED
        if block.from_ is not None and day < block.from_:
            return BlockState.NOT_YET
        return BlockState.OVER if block.until is not None and block.until < day else BlockState.RUNS


def _held_by(verdict: _Verdict) -> str | None:
    if verdict.found != HELD:
        return None
    if verdict.excepted:
        return "except"
    return "missing value" if verdict.hold is None else HOLDS[verdict.hold]


def _keeps(block: Assignment, code: int) -> bool:
    return isinstance(block.body, ValueBody) and code == OTHERWISE and block.body.otherwise is Otherwise.KEEP


def _source(block: Assignment, code: int) -> tuple[int | str | None, str]:
    """The line and the place, as the plan names them."""
    if isinstance(block.body, ValueBody):
        for line in block.body.lines:
            if line.number == code:
                return block.body.shown(line.number), f"{line.span.file}:{line.span.line}"
        return "otherwise", at(block)
    return None, at(block)


def _asked(target: Target, after: Value) -> Printed:
    """The state that is held, as the plan lists it: of a cover nothing where the amount is not above 0."""
    if target.shape is Shape.COVER and isinstance(after, Money) and after.amount <= 0:
        return None
    return printed(after)


def _reason(parts: Sequence[str | int], values: Sequence[Value]) -> str | None:
    return "".join(part if isinstance(part, str) else shown(values[part]) for part in parts) if parts else None
