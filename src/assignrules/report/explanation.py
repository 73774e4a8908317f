"""An explanation as text or JSON: what a subject gets and what decided, then every line with its condition as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from assignrules.ir.changes import Printed
from assignrules.ir.values import shown
from assignrules.plan.explanation import (
    AlertExplanation,
    BlockExplanation,
    BlockState,
    Explanation,
    Hold,
    Node,
    NodeKind,
    ProposalExplanation,
    RowsBehind,
    Side,
    SubjectExplanation,
    UnitExplanation,
)
from assignrules.report.diagnostics import document
from assignrules.report.page import BOLD, DIM, GREEN, RED, YELLOW, Page, count, plain
from assignrules.report.plan import balance_lines, change_words, state, unit_name

STEP = "  "
CONNECTED = {NodeKind.ALL: "all of", NodeKind.ANY: "one of", NodeKind.NOT: "not"}


def as_text(explanation: Explanation, page: Page) -> str:
    """The explanation for a person: ✓ holds, ✗ does not, → decided."""
    lines: list[str] = []
    for subject in explanation.subjects:
        lines += _subject(subject, explanation, page)
    return "\n".join(lines).rstrip("\n") + "\n"


def as_json(explanation: Explanation) -> str:
    """The document of an explanation."""
    return document({
        "explanation": {
            "key": explanation.key,
            "as_of": explanation.as_of.isoformat(),
            "target": explanation.target,
            "subjects": [
                {
                    "entity": item.entity,
                    "key": item.key,
                    "label": item.label,
                    "units": [_unit_object(unit) for unit in item.units],
                    "proposals": [_proposal_object(proposal) for proposal in item.proposals],
                    "alerts": [_alert_object(alert) for alert in item.alerts],
                }
                for item in explanation.subjects
            ],
        }
    })  # fmt: skip


# --- text ---


def _subject(subject: SubjectExplanation, explanation: Explanation, page: Page) -> list[str]:
    label = f"  {plain(subject.label)}" if subject.label else ""
    lines = [page.heading(f"{plain(subject.key)}{label}") + page.paint(f"  ({subject.entity}, {explanation.as_of.isoformat()})", DIM), ""]
    if not subject.units and not subject.proposals and not subject.alerts:
        what = "any of its targets" if explanation.target is None else f"`{explanation.target}`"
        lines += [f"No rule writes {what}.", ""]
    for unit in subject.units:
        lines += [*_unit(unit, page), ""]
    for proposal in subject.proposals:
        lines += [*_proposal(proposal, page), ""]
    for alert in subject.alerts:
        lines += [*_alert(alert, page), ""]
    return lines


def _unit(unit: UnitExplanation, page: Page) -> Iterator[str]:
    yield f"{page.heading(unit_name(unit.target, unit.member))}: {_outcome(unit, page)}"
    if unit.rule is None:
        yield f"{STEP}no line takes it, so it stays as it is"
    else:
        line = "" if unit.line is None else ", otherwise" if unit.line == "otherwise" else f", line {unit.line}"
        yield f"{STEP}decided by {plain(unit.rule)}{line}" + page.paint(f"  {plain(unit.at or '')}", DIM)
    if unit.shared:
        yield f"{STEP}{plain(unit.shared)}"
    if unit.balance is not None:
        yield from (f"{STEP}{line}" for line in balance_lines(unit.balance, page))
    if unit.because:
        yield f"{STEP}because {plain(unit.because)}"
    if unit.hold is not None:
        yield from _hold(unit.hold, unit, page)
    if unit.conflict:
        yield page.paint(f"{STEP}conflict: it is on both sides of the rule, and removal wins", YELLOW)
    for block in unit.blocks:
        yield from _block(block, unit, page)


WHY = {
    "manual": "it was changed outside the rules since the last run",
    "cooldown": "the rule's last change is too recent",
    "limit": "other changes come first",
}


def _outcome(unit: UnitExplanation, page: Page) -> str:
    if unit.action is not None:
        return page.paint(change_words(unit.action, unit.before, unit.planned), BOLD)
    stays = f"stays {_state_of(unit, unit.before)}"
    match unit.held_by:
        case None:
            return stays
        case "missing value":
            return stays + page.paint(", held by missing value: what the rules would write is not there", YELLOW)
        case reason:
            why = f" ({WHY[reason]})" if reason in WHY else ""
            return stays + page.paint(f", held by {reason}{why}; the rules want: {_state_of(unit, unit.asked)}", YELLOW)


def _state_of(unit: UnitExplanation, value: Printed) -> str:
    """A state in words; of a set, whether the subject is in."""
    is_set = any(side.word in ("add", "remove") for block in unit.blocks for side in block.sides)
    return ("in" if value else "out") if is_set else state(value)


def _block(block: BlockExplanation, unit: UnitExplanation, page: Page) -> Iterator[str]:
    name = plain(block.rule) + (f' "{plain(block.label)}"' if block.label else "")
    yield f"{STEP}{name}" + page.paint(f"  {plain(block.at)}", DIM) + page.paint(_state(block), YELLOW)
    for word, node in (("where", block.where), ("except", block.except_)):
        if node is not None:
            named = "" if word == "where" else _holds(block.holds)
            yield from _clause(word, node, block.where_reason if word == "where" else block.except_reason, page, named)
    for side in block.sides:
        verdict = _verdict(side, block, unit, page)
        yield f"{STEP * 2}{_side(side, page)}{verdict}"
        if side.condition is not None:
            if side.text != "others" and (side.decides or not side.holds):
                yield from _reason(side.condition, side.reason, page)
            yield from _below(side.condition, 3, page) if side.text != "others" else _tree(side.condition, 3, page)


def _holds(names: Sequence[str]) -> str:
    """Where a condition that the block itself may not have comes from."""
    return "".join(f'  (hold "{plain(name)}")' for name in names)


def _clause(word: str, condition: Node, reason: Sequence[Node], page: Page, named: str = "") -> Iterator[str]:
    """A condition with the word before it, the fewest tests that decide it, and its tree."""
    yield f"{STEP * 2}{_mark(condition.value, page)} {word} {plain(condition.text)}{_body(condition)}{_sides(condition)}{named}"
    yield from _reason(condition, reason, page)
    yield from _below(condition, 3, page)


PROPOSED = {
    "make": "is made, for a person to decide on",
    "withdraw": "is withdrawn: it is open, and no longer called for",
    "close": "was accepted, and is no longer called for: from now on it can be made again",
}
STANDS = {
    "open": "is not made again: it is still open",
    "accepted": "is not made again: it was accepted, and is still called for",
    "refused": "is not made again yet: it was refused",
}


def _proposal(proposal: ProposalExplanation, page: Page) -> Iterator[str]:
    standing = proposal.standing
    if proposal.action == "stay" and standing is not None:
        outcome = STANDS[standing.state]
    else:
        outcome = "is not made" if proposal.action is None else PROPOSED[proposal.action]
    until = "" if proposal.until is None else f", and may be made again from {proposal.until} on"
    title = page.heading(f'proposal "{plain(proposal.name)}"')
    yield f"{title}: {page.paint(outcome, BOLD) if proposal.action == 'make' else outcome}{until}" + page.paint(
        f"  {plain(proposal.at)}", DIM
    )
    if proposal.amount is not None:
        yield f"{STEP}amount {plain(shown(proposal.amount))}"
    if proposal.approver is not None:
        yield f"{STEP}for {plain(proposal.approver)}"
    if proposal.because:
        yield f"{STEP}because {plain(proposal.because)}"
    yield from _shows(proposal.show)
    if standing is not None:
        decided = "" if standing.decided_on is None else f" on {standing.decided_on}"
        by = f" by {plain(standing.decided_by)}" if standing.decided_by else ""
        note = f": {plain(standing.note)}" if standing.note else ""
        ended = "" if standing.ended_on is None else f"; ended on {standing.ended_on}"
        yield f"{STEP}in the outbox: number {standing.id}, made on {standing.made_on}, {standing.state}{decided}{by}{note}{ended}"
    yield from _clause("to", proposal.condition, proposal.reason, page)


ALERTED = {"entered": "is in, and was not before", "stay": "is in, as before", "left": "is in no more", None: "is not in"}


def _alert(alert: AlertExplanation, page: Page) -> Iterator[str]:
    label = f' "{plain(alert.label)}"' if alert.label else ""
    kind = ", ".join(part for part in (alert.level and f"level {alert.level}", alert.audience and f"for {plain(alert.audience)}") if part)
    title = page.heading(f"alert {plain(alert.name)}{label}") + (f" ({kind})" if kind else "")
    yield f"{title}: {ALERTED[alert.state]}" + page.paint(f"  {plain(alert.at)}", DIM)
    yield from _shows(alert.show)
    yield from _clause("where", alert.condition, alert.reason, page)


def _shows(columns: Mapping[str, Printed]) -> Iterator[str]:
    if columns:
        yield f"{STEP}shows {', '.join(f'{plain(name)} = {_value(value)}' for name, value in columns.items())}"


def _hold(hold: Hold, unit: UnitExplanation, page: Page) -> Iterator[str]:
    """What the clause that holds it looked at."""
    match hold.by:
        case "manual":
            yield f"{STEP}{hold.text}: the last run that changed it, as of {hold.last_on}, left {_state_of(unit, hold.left)}"
        case "cooldown":
            until = "" if hold.until is None else f", the next may come from {hold.until} on"
            yield f"{STEP}{plain(hold.text or '')}: the rule's last change was as of {hold.last_on}{until}"
        case "limit":
            values = ", ".join(f"{plain(node.text)} = {_value(node.value)}" for node in hold.reason)
            yield f"{STEP}{plain(hold.text or '')}: enough others come before it, with {values}"
        case "missing value":
            for node in hold.reason:
                yield f"{STEP}what it would get: {plain(node.text)} = {_value(node.value)}"
                yield from _below(node, 2, page)


def _reason(condition: Node, reason: Sequence[Node], page: Page) -> Iterator[str]:
    """The fewest tests that make a condition what it is, where the tree below has more."""
    tests = {None if test is None else test.text for test in _tests(condition)}
    if not reason or tests == {node.text for node in reason}:
        return
    word = "holds by" if condition.value is True else "fails by"
    texts = [f"{_mark(node.value, page)} {plain(node.text)}{_compared(node)}" for node in reason]
    yield f"{STEP * 3}{word} {' and '.join(texts)}"


def _tests(node: Node) -> Iterator[Node | None]:
    """The tests of a condition; None for a name whose tests are given elsewhere."""
    inner = [part for part in node.parts if part.condition]
    if node.kind in CONNECTED or (node.kind is NodeKind.NAME and inner):
        for part in inner:
            yield from _tests(part)
    else:
        yield None if node.repeated else node


def _compared(node: Node) -> str:
    """The values that a test compares."""
    values = [f"{plain(part.text)} = {_value(part.value)}" for part in node.parts if node.kind is NodeKind.TEST and not part.condition]
    return f" ({', '.join(values)})" if values else ""


def _state(block: BlockExplanation) -> str:
    match block.state:
        case BlockState.RUNS:
            return ""
        case BlockState.DISABLED:
            return "  disabled: it plans nothing"
        case BlockState.NOT_YET:
            return f"  runs from {block.from_}: it plans nothing yet"
        case BlockState.OVER:
            return f"  ran until {block.until}: it plans nothing any more"


def _side(side: Side, page: Page) -> str:
    mark = " " if side.word == "otherwise" else _mark(side.holds, page)
    text = plain(side.text)
    if side.condition is not None and side.text != "others":
        again = page.paint("  (see above)", DIM) if _shown_earlier(side.condition) else ""
        text += f"{_sides(side.condition)}{_body(side.condition)}{again}"
    match side.word:
        case "line":
            return f"{mark} line {side.number}  {plain(side.gives or '')}{_result(side)} to {text}"
        case "otherwise":
            return f"{mark} otherwise {plain(side.gives or '')}{_result(side)}"
        case "distribute":
            return f"{mark} distribute {text}  {page.paint(plain(side.gives or ''), DIM)}"
        case "eligibility":
            return f"{mark} eligibility, amount {plain(side.gives or '')}{_result(side)}: {text}"
        case _:
            return f"{mark} {side.word} {text}"


def _result(side: Side) -> str:
    """What an expression gives; a literal says it itself."""
    return f" = {state(side.result)}" if side.gives is not None and side.gives.startswith("(") else ""


def _verdict(side: Side, block: BlockExplanation, unit: UnitExplanation, page: Page) -> str:
    if side.decides:
        return page.paint("  → decides", BOLD)
    if not side.holds or side.word == "otherwise" or block.state is not BlockState.RUNS:
        return ""
    if block.where is not None and block.where.value is not True:
        return page.paint("  but the block does not look at it", DIM)
    if unit.conflict and block.decided:
        return page.paint("  but removal wins", DIM)
    return page.paint("  but an earlier one takes it" if block.decided else f"  but {plain(unit.rule or '')} comes first", DIM)


def _mark(value: Printed, page: Page) -> str:
    if value is None:
        return "–"
    return page.paint("✓", GREEN) if value is True else page.paint("✗", RED)


def _tree(node: Node, depth: int, page: Page, value_known: bool = False) -> Iterator[str]:
    again = page.paint("  (see above)", DIM) if _shown_earlier(node) else ""
    yield f"{STEP * depth}{_node(node, page, value_known)}{_body(node)}{_sides(node)}{again}"
    yield from _below(node, depth + 1, page)


def _below(node: Node, depth: int, page: Page) -> Iterator[str]:
    """The lines under a node. Where its own line has said what its parts are, theirs are left out."""
    if not _sides(node):
        for part in node.parts:
            if _is_said(node, part):
                yield from _below(part, depth, page)
            else:
                yield from _tree(part, depth, page, value_known=node.kind is NodeKind.NAME)
    if node.rows is not None:
        yield from _rows(node.rows, depth, page)


def _is_said(node: Node, part: Node) -> bool:
    """`not` before a name stands on the name's line; so does, behind a name, how its conditions are connected."""
    if node.kind is NodeKind.NOT:
        return part.kind is NodeKind.NAME
    return node.kind is NodeKind.NAME and part.kind in (NodeKind.ALL, NodeKind.ANY)


def _body(node: Node | None) -> str:
    """How the conditions behind a name are connected."""
    while node is not None and len(node.parts) == 1 and _is_said(node, node.parts[0]):
        node = node.parts[0]
        if node.kind in (NodeKind.ALL, NodeKind.ANY):
            return f": {CONNECTED[node.kind]}"
    return ""


def _sides(node: Node) -> str:
    """The values of a test on its own line, where nothing is left to show behind them."""
    if node.kind is not NodeKind.TEST or any(part.condition or part.parts or part.rows for part in node.parts):
        return ""
    values = ", ".join(f"{plain(part.text)} = {_value(part.value)}" for part in node.parts)
    return f"  ({values})" if values else ""


def _shown_earlier(node: Node) -> bool:
    return node.repeated or (node.kind is NodeKind.NOT and node.parts[0].repeated)


def _node(node: Node, page: Page, value_known: bool) -> str:
    said = node.kind is NodeKind.NOT and _is_said(node, node.parts[0])
    text = CONNECTED[node.kind] if node.kind in CONNECTED and not said else plain(node.text)
    label = f' "{plain(node.label)}"' if node.label else ""
    if node.condition:
        return f"{_mark(node.value, page)} {text}{label}"
    return text if value_known else f"{text} = {_value(node.value)}"


def _value(value: Printed) -> str:
    return "missing" if value is None else plain(shown(value)) or '""'


def _rows(rows: RowsBehind, depth: int, page: Page) -> Iterator[str]:
    if not rows.count:
        yield page.paint(f"{STEP * depth}no {rows.entity}", DIM)
        return
    table = [[plain("" if cell is None else shown(cell)) for cell in (row.key, row.label, row.value, row.day)] for row in rows.first]
    kept = [at for at in range(4) if any(line[at] for line in table)]
    texts = page.table([[line[at] for at in kept] for line in table], right=[kept.index(2)] if 2 in kept else (), indent=STEP * depth)
    yield from (page.paint(text, DIM) for text in texts)
    if rows.count > len(rows.first):
        yield page.paint(f"{STEP * depth}… and {rows.count - len(rows.first):,} more of {count(rows.count, rows.entity, rows.plural)}", DIM)


# --- JSON ---


def _unit_object(unit: UnitExplanation) -> dict[str, Any]:
    found = asdict(replace(unit, blocks=(), hold=None))
    found["hold"] = None if unit.hold is None else _hold_object(unit.hold)
    found["blocks"] = [_block_object(block) for block in unit.blocks]
    return found


def _proposal_object(proposal: ProposalExplanation) -> dict[str, Any]:
    standing = proposal.standing
    return {
        "name": proposal.name,
        "at": proposal.at,
        "action": proposal.action,
        "amount": proposal.amount,
        "approver": proposal.approver,
        "show": dict(proposal.show),
        "because": proposal.because,
        "standing": None if standing is None else {name: _day_text(value) for name, value in asdict(standing).items()},
        "until": _day_text(proposal.until),
        "condition": _node_object(proposal.condition),
        "reason": _node_objects(proposal.reason),
    }


def _alert_object(alert: AlertExplanation) -> dict[str, Any]:
    return {
        "name": alert.name,
        "label": alert.label,
        "level": alert.level,
        "audience": alert.audience,
        "at": alert.at,
        "state": alert.state,
        "show": dict(alert.show),
        "condition": _node_object(alert.condition),
        "reason": _node_objects(alert.reason),
    }


def _day_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _hold_object(hold: Hold) -> dict[str, Any]:
    return {
        "by": hold.by,
        "text": hold.text,
        "reason": _node_objects(hold.reason),
        "last_on": None if hold.last_on is None else hold.last_on.isoformat(),
        "left": hold.left,
        "until": None if hold.until is None else hold.until.isoformat(),
    }


def _block_object(block: BlockExplanation) -> dict[str, Any]:
    return {
        "rule": block.rule,
        "label": block.label,
        "at": block.at,
        "state": block.state.value,
        "from": None if block.from_ is None else block.from_.isoformat(),
        "until": None if block.until is None else block.until.isoformat(),
        "decided": block.decided,
        "where": _node_object(block.where),
        "where_reason": _node_objects(block.where_reason),
        "except": _node_object(block.except_),
        "except_reason": _node_objects(block.except_reason),
        "holds": list(block.holds),
        "sides": [
            {
                "word": side.word,
                "number": side.number,
                "at": side.at,
                "text": side.text,
                "gives": side.gives,
                "result": side.result,
                "holds": side.holds,
                "decides": side.decides,
                "condition": _node_object(side.condition),
                "reason": _node_objects(side.reason),
                "value": _node_object(side.value),
            }
            for side in block.sides
        ],
    }


def _node_objects(nodes: Sequence[Node]) -> list[dict[str, Any] | None]:
    return [_node_object(node) for node in nodes]


def _node_object(node: Node | None) -> dict[str, Any] | None:
    if node is None:
        return None
    found: dict[str, Any] = {"kind": node.kind.value, "text": node.text, "condition": node.condition, "value": node.value}
    if node.label is not None:
        found["label"] = node.label
    if node.repeated:
        found["repeated"] = True
    if node.rows is not None:
        found["rows"] = {name: value for name, value in asdict(node.rows).items() if name != "plural"}
    if node.parts:
        found["parts"] = [_node_object(part) for part in node.parts]
    return found
