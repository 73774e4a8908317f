"""Two blocks that write the same value, or the same member of a set (language.md, section 6)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, groupby

from assignrules.check.disjoint import disjoint
from assignrules.diagnostics import Diagnostic, Related, diagnostic
from assignrules.ir.ruleset import Assignment


def clashes(blocks: Iterable[Assignment]) -> list[Diagnostic]:
    """E0403 for blocks (given by target and member) that may meet with nothing to rank them, E0406 for equal priorities.
    Disabled blocks never clash."""
    problems: list[Diagnostic] = []
    active = [block for block in blocks if not block.disabled]
    for _, alike in groupby(active, key=lambda block: (block.target, block.member or "")):
        in_file_order = sorted(alike, key=lambda block: (block.span.file, block.span.start))
        for first, second in combinations(in_file_order, 2):
            problem = _clash(first, second)
            if problem is not None:
                problems.append(problem)
    return problems


def _clash(first: Assignment, second: Assignment) -> Diagnostic | None:
    related = [Related(first.span, "the other block")]
    unit = first.target if first.member is None else f'{first.target} "{first.member}"'
    if first.priority is not None and second.priority is not None:
        if first.priority != second.priority:
            return None
        message = f"two blocks write `{unit}` with priority {first.priority}"
        return diagnostic("E0406", message, second.span, help="give one of them another priority; the highest wins", related=related)
    if disjoint(first, second):
        return None
    message = f"two blocks write `{unit}`"
    help = (
        "give each a `priority`, or put their lines into one block"
        if first.member is None
        else "give each a `priority`, or make one block of them"
    )
    return diagnostic("E0403", message, second.span, help=help, related=related)
