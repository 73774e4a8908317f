"""Proposals as text: what is new in the outbox, what stays, and what ends there."""

from __future__ import annotations

from collections.abc import Sequence

from assignrules.ir.changes import Proposed
from assignrules.ir.values import shown
from assignrules.report.page import DIM, Page, count, plain

EXAMPLES = 3
# What becomes of one, in the order in which a person wants to know.
WORDS = {
    ("make", "open"): "to decide",
    ("withdraw", "withdrawn"): "withdrawn, no longer called for",
    ("close", "accepted"): "accepted before, no longer called for",
    ("stay", "open"): "still open",
    ("stay", "accepted"): "accepted",
    ("stay", "refused"): "refused, not made again yet",
}


def proposals_text(proposals: Sequence[Proposed], page: Page, *, full: bool = False, named: int = EXAMPLES) -> list[str]:
    """By proposal and what becomes of it: how many, and the first ``named`` (with ``full`` all) of those that are written."""
    lines: list[str] = []
    for name in dict.fromkeys(item.proposal for item in proposals):
        items = [item for item in proposals if item.proposal == name]
        lines.append(page.heading(f'Proposal "{plain(name)}"') + f"  {page.paint(plain(items[0].at), DIM)}")
        for (action, after), words in WORDS.items():
            found = [item for item in items if (item.action, item.after) == (action, after)]
            if not found:
                continue
            lines.append(f"  {words}: {count(len(found), 'subject')}")
            if action != "stay" and named:
                listed = found if full else found[:named]
                lines += [page.cut(f"    {_line(item)}") for item in listed]
                if len(found) > len(listed):
                    lines.append(page.paint(f"    … and {len(found) - len(listed):,} more", DIM))
        lines.append("")
    return lines


def _line(item: Proposed) -> str:
    who = plain(item.subject) + (f"  {plain(item.label)}" if item.label else "")
    amount = f"  {shown(item.amount)}" if item.amount is not None else ""
    approver = f"  for {plain(item.approver)}" if item.approver else ""
    shows = "".join(f"; {plain(name)} {plain(shown(value))}" for name, value in item.show.items())
    because = f": {plain(item.because)}" if item.because else ""
    return f"{who}{amount}{approver}{because}{shows}"
