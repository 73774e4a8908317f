"""Proposals to people, and the catalogue of scenarios, resolved (language.md, section 8)."""

from __future__ import annotations

from dataclasses import dataclass, field

from assignrules.diagnostics import Span
from assignrules.ir.expressions import Expression, Literal
from assignrules.ir.reports import Column


@dataclass(frozen=True, slots=True)
class TemplatePart:
    """A piece of a reason text: literal ``text``, or an ``expression`` of the subject (exactly one is given)."""

    text: str | None
    expression: Expression | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """`propose`: every row of ``entity`` that satisfies ``to`` in the planned state is proposed to a person. ``approver`` is the role that
    decides. A refused one is not made again within ``cooldown``."""

    name: str
    entity: str
    to: Expression
    amount: Expression | None
    approver: str | None
    cooldown: Literal | None
    show: tuple[Column, ...]
    because: tuple[TemplatePart, ...] | None
    span: Span = field(compare=False, repr=False)

    def said(self) -> tuple[Expression, ...]:
        """The expressions of what it says of a row."""
        reasons = (part.expression for part in self.because or ())
        return tuple(part for part in (self.amount, *(column.value for column in self.show), *reasons) if part is not None)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a scenario, ``days`` after the leader document is due (before it where negative; ``business``: business days). ``channel``
    is one of ``CHANNELS``."""

    days: int
    business: bool
    channel: str
    label: str | None
    automatic: bool


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario of the catalogue: what is done for a customer that has it; without steps, nothing."""

    name: str
    steps: tuple[Step, ...]
    span: Span = field(compare=False, repr=False)
