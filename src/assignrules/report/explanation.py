"""An explanation as text and JSON: for each target the state before and as planned, the line that decided, and every condition with its values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any

from assignrules.ir.changes import Printed
from assignrules.ir.values import shown
from assignrules.plan.explanation import (
    BlockExplanation,
    BlockState,
    Explanation,
    Node,
    NodeKind,
    RowsBehind,
    Side,
    SubjectExplanation,
    UnitExplanation,
)
from assignrules.report.diagnostics import document
from assignrules.report.page import BOLD, DIM, GREEN, Page, count, plain
from assignrules.report.plan import change_words, state, unit_name
from assignrules.schema.logical import credit

STEP = "  "
CHAINS = {NodeKind.ALL: "all of these", NodeKind.ANY: "any of these", NodeKind.NOT: "not this"}


def as_text(explanation: Explanation, page: Page) -> str:
    """For a person: the tree of each condition, with the value of each part and whether it holds."""
    lines: list[str] = []
    for subject in explanation.subjects:
        lines += _subject(subject, explanation, page)
    return "\n".join(page.cut(line) for line in lines).rstrip() + "\n"


def as_json(explanation: Explanation) -> str:
    """The whole of it as one document."""
    return document({"explanation": _jsonable(explanation)})


def _subject(subject: SubjectExplanation, explanation: Explanation, page: Page) -> Iterator[str]:
    label = f"  {plain(subject.label)}" if subject.label else ""
    yield page.heading(f"{plain(subject.key)}{label}") + f"  ({subject.entity}, on {explanation.as_of.isoformat()})"
    yield ""
    if not subject.units:
        yield "No rule writes anything to it."
        yield ""
    for unit in subject.units:
        yield from _unit(unit, page)
        yield ""


def _unit(unit: UnitExplanation, page: Page) -> Iterator[str]:
    yield f"{page.heading(unit_name(unit.target, unit.member))}: {_outcome(unit)}"
    if unit.because:
        yield f"{STEP}because {plain(unit.because)}"
    if unit.conflict:
        yield f"{STEP}on both sides of the rule: removal wins"
    for block in unit.blocks:
        yield from _block(block, page)


def _outcome(unit: UnitExplanation) -> str:
    if unit.held_by is not None:
        return f"{_kept(unit.planned)}; the rules want {_wanted(unit)}, held by {unit.held_by}"
    if unit.action is not None:
        return change_words(unit.action, unit.before, unit.planned)
    decided = "" if unit.rule is not None else "; no line decides"
    return _kept(unit.planned) + decided


def _kept(value: Printed) -> str:
    if isinstance(value, bool):
        return "stays in" if value else "stays out"
    return f"stays {state(value)}"


def _wanted(unit: UnitExplanation) -> str:
    if isinstance(unit.asked, bool):
        return "it in" if unit.asked else "it out"
    return state(unit.asked)


def _block(block: BlockExplanation, page: Page) -> Iterator[str]:
    label = f' "{plain(block.label)}"' if block.label else ""
    yield f"{STEP}rule {block.rule}{label}  {page.paint(block.at, DIM)}{_when(block)}"
    if block.where is not None:
        yield from _clause("where", block.where, page)
    if block.except_ is not None:
        yield from _clause("except", block.except_, page)
    decided = False
    for side in block.sides:
        yield from _side(side, decided, page)
        decided = decided or side.decides


def _when(block: BlockExplanation) -> str:
    match block.state:
        case BlockState.RUNS:
            return ""
        case BlockState.DISABLED:
            return "  (disabled)"
        case BlockState.NOT_YET:
            return f"  (not yet: from {block.from_})"
        case BlockState.OVER:
            return f"  (over: until {block.until})"


def _clause(word: str, condition: Node, page: Page) -> Iterator[str]:
    yield f"{STEP * 2}{_truth(condition.value)} {word} {plain(condition.text)}"
    yield from _below(condition, STEP * 4, page)


def _side(side: Side, decided: bool, page: Page) -> Iterator[str]:
    parts = [f"line {side.number}" if side.word == "line" else side.word]
    if side.gives is not None:
        parts.append(plain(side.gives))
    if side.text:
        parts.append(f"to {plain(side.text)}" if side.word == "line" else plain(side.text))
    note = ""
    if side.decides:
        given = (
            f" ({shown(side.result)})"
            if side.result is not None and side.gives is not None and shown(side.result) not in side.gives
            else ""
        )
        note = page.paint(f"  <- decides{given}", BOLD, GREEN)
    elif decided and side.holds and side.word in ("line", "otherwise"):
        note = "  (not reached)"
    yield f"{STEP * 2}{_truth(side.holds)} {'  '.join(parts)}  {page.paint(side.at, DIM)}{note}"
    if side.condition is not None:
        yield from _below(side.condition, STEP * 4, page)


def _below(node: Node, indent: str, page: Page) -> Iterator[str]:
    """What a condition consists of; the condition itself stands above."""
    if node.kind is NodeKind.NAME and not node.parts and not node.repeated:
        return
    if node.kind in (NodeKind.ALL, NodeKind.ANY, NodeKind.NOT, NodeKind.TEST):
        for part in node.parts:
            yield from _node(part, indent, page)
        return
    yield from _node(node, indent, page)


def _node(node: Node, indent: str, page: Page) -> Iterator[str]:
    if node.kind is NodeKind.VALUE and not node.parts and _says_itself(node):
        return
    text = CHAINS.get(node.kind) or plain(node.text)
    label = f' "{plain(node.label)}"' if node.label else ""
    again = page.paint("  (as above)", DIM) if node.repeated else ""
    if node.condition:
        yield f"{indent}{_truth(node.value)} {text}{label}{again}"
    else:
        yield f"{indent}{text}{label} = {plain(shown(node.value))}{again}"
    deeper = indent + STEP * 2
    for part in node.parts:
        yield from _node(part, deeper, page)
    if node.rows is not None:
        yield f"{deeper}{page.paint(_rows(node.rows), DIM)}"


def _says_itself(node: Node) -> bool:
    """Whether a literal's text is its value already."""
    return node.value is not None and node.text.strip('"').replace("_", "") in (shown(node.value), f"{shown(node.value)} days")


def _rows(rows: RowsBehind) -> str:
    schema = credit()
    number = count(rows.count, rows.entity, schema.entities[rows.entity].plural)
    if not rows.first:
        return number
    named = ", ".join(
        plain(row.key)
        + (f" {plain(shown(row.value))}" if row.value is not None else "")
        + (f" on {row.day}" if row.day is not None else "")
        for row in rows.first
    )
    return f"{number}: {named}{', …' if rows.count > len(rows.first) else ''}"


def _truth(value: Printed) -> str:
    return "[yes]" if value is True else "[no] " if value is False else "[–]  "


def _jsonable(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_jsonable(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name.rstrip("_"): _jsonable(getattr(value, item.name)) for item in fields(value)}
    return value
