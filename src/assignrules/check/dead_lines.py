"""W0402: a line that can never win, because an earlier one is the same or wider, or because its own condition cannot hold."""

from __future__ import annotations

from collections.abc import Iterator

from assignrules.check.implication import Implication
from assignrules.check.subject import Subject
from assignrules.diagnostics import Diagnostic, Related, diagnostic
from assignrules.ir.expressions import And, Expression
from assignrules.ir.ruleset import Assignment, Line, ValueBody

# A block with more lines is only searched for conditions that are the very same.
MOST_LINES = 200


def dead_lines(subject: Subject) -> Iterator[Diagnostic]:
    """One warning for each such line. Disabled blocks too: they will be enabled one day."""
    proofs = subject.proofs
    for block in subject.blocks():
        if isinstance(block.body, ValueBody):
            yield from _in_block(block, block.body.lines, proofs)


def _in_block(block: Assignment, lines: tuple[Line, ...], proofs: Implication) -> Iterator[Diagnostic]:
    same: dict[Expression, Line] = {}
    living: list[Line] = []
    for line in lines:
        reached = line.condition if block.where is None else And((block.where, line.condition))
        if proofs.impossible(reached):
            help = "correct its condition, or leave it out"
            yield diagnostic("W0402", f"line {line.number} can never win: its condition cannot hold", line.span, help=help)
            continue
        earlier = same.get(line.condition)
        if earlier is None and len(lines) <= MOST_LINES:
            earlier = next((other for other in living if proofs.holds(reached, other.condition)), None)
        if earlier is None:
            same[line.condition] = line
            living.append(line)
            continue
        why = "has the same condition" if earlier.condition == line.condition else "takes all its subjects"
        message = f"line {line.number} can never win: line {earlier.number} {why}"
        related = [Related(earlier.span, f"line {earlier.number} comes first")]
        yield diagnostic("W0402", message, line.span, help="put it before that line, or leave it out", related=related)
