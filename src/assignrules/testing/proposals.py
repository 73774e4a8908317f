"""Proposals in rule tests: those of earlier runs in `given`, and what becomes of them in `expect`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.changes import Proposed
from assignrules.schema.dataset import OUTBOX_STATES, OutboxEntry
from assignrules.syntax import yaml_reader as yaml
from assignrules.testing.reading import Reading
from assignrules.testing.typed import Written, amount, number, same

GIVEN = ("proposal", "subject", "state", "made_on", "decided_on", "ended_on")
PROPOSAL = (
    "proposal", "entity", "subject", "label", "action", "before", "after", "amount", "approver", "show", "because", "at", "outbox",
)  # fmt: skip
SHOWN = "show "  # before the name of a column


def read_outbox(reading: Reading, node: yaml.Node) -> list[OutboxEntry]:
    """The proposals of earlier runs, in the order given."""
    return [entry for item in reading.items(node, "proposals") if (entry := _given(reading, item)) is not None]


def _given(reading: Reading, node: yaml.Node) -> OutboxEntry | None:
    entries = reading.mapping(node, "an entry of `proposals`", GIVEN)
    if entries is None:
        return None
    lost = [key for key in ("proposal", "subject", "made_on") if key not in entries]
    if lost:
        reading.report("an entry of `proposals` needs " + ", ".join(f"`{key}`" for key in lost), node.span)
        return None
    name, subject = reading.text(entries["proposal"], "proposal"), reading.text(entries["subject"], "subject")
    state = reading.text(entries["state"], "state") if "state" in entries else OUTBOX_STATES[0]
    if state not in OUTBOX_STATES:
        help = did_you_mean(state or "", OUTBOX_STATES) or "states are " + ", ".join(f"`{word}`" for word in OUTBOX_STATES)
        reading.report(f"unknown state `{state}`", entries["state"].span, help=help)
        return None
    made_on, decided_on, ended_on = (
        reading.day(entries[key], key) if key in entries else None for key in ("made_on", "decided_on", "ended_on")
    )
    if name is None or subject is None or made_on is None:
        return None
    return OutboxEntry(name, subject, state, made_on, decided_on, ended_on)


def read_entry(reading: Reading, entries: Mapping[str, yaml.Node]) -> Mapping[str, Written]:
    """An entry of `expect`; what a proposal shows stands beside the rest, ``SHOWN`` before its name."""
    found: dict[str, Written] = {}
    for name, value in entries.items():
        if name == "show":
            shown = reading.mapping(value, "`show`") or {}
            found |= {f"{SHOWN}{column}": reading.written(item, column) for column, item in shown.items()}
        else:
            found[name] = reading.written(value, name)
    return found


def said(item: Proposed, name: str) -> Any:
    """A part of a proposal; with ``SHOWN`` before a column's name, what it shows."""
    if not name.startswith(SHOWN):
        return getattr(item, name)
    column = name.removeprefix(SHOWN)
    return item.show.get(column, f"`{column}` is not shown")


def same_said(written: Written, value: Any, currency: str) -> bool:
    """Whether a scalar says a printed value: `1200 EUR` is `1200.00 EUR`, `0.50` is `0.5`."""
    if same(written, value, currency):
        return True
    if not isinstance(written, str) or not isinstance(value, str):
        return False
    return any(read(written) is not None and read(written) == read(value) for read in (number, lambda text: amount(text, currency)))
