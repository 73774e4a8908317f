"""W0405 and W0406: the two sides of a set or cover are the same, or have subjects in common."""

from __future__ import annotations

from collections.abc import Iterator

from assignrules.check.implication import Implication
from assignrules.check.subject import Subject
from assignrules.diagnostics import Diagnostic, Related, Span, diagnostic
from assignrules.ir.expressions import Expression
from assignrules.ir.ruleset import Assignment, Others, SetBody
from assignrules.schema.logical import Shape


def two_sides(subject: Subject) -> Iterator[Diagnostic]:
    """At most one warning for each block."""
    proofs = subject.proofs
    for block in subject.blocks():
        match block.body:
            case SetBody(add=add, remove=remove) if add is not None and remove is not None and not isinstance(remove, Others):
                found = _compared(block, add, remove, subject, proofs)
                if found is not None:
                    yield found


def _compared(block: Assignment, add: Expression, remove: Expression, subject: Subject, proofs: Implication) -> Diagnostic | None:
    cover = subject.schema.targets[block.target].shape is Shape.COVER
    inward, outward = ("eligibility", "removal") if cover else ("add", "remove")
    span = _span(remove, block, subject)
    related = [Related(_span(add, block, subject), f"`{inward}`")]
    narrow, wide = proofs.holds(add, remove), proofs.holds(remove, add)
    if narrow and wide:
        help = f"`{outward} others` takes out whoever no longer matches"
        message = f"`{outward}` takes out the very subjects that `{inward}` puts in, so nobody is ever in"
        return diagnostic("W0405", message, span, help=help, related=related)
    if narrow:
        message = f"whoever `{inward}` puts in is taken out by `{outward}`, so nobody is ever in"
        return diagnostic("W0406", message, span, help="removal wins: narrow it", related=related)
    if wide or proofs.overlap(add, remove):
        message = f"some subjects match both `{inward}` and `{outward}`: each is a conflict, and removal wins"
        help = "let the two leave each other out, with a gap where the state is kept"
        return diagnostic("W0406", message, span, help=help, related=related)
    return None


def _span(side: Expression, block: Assignment, subject: Subject) -> Span:
    return subject.ruleset.origins.span(side) or block.span
