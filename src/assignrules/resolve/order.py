"""The order in which targets are decided: each (target, member) after those that it reads as planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from assignrules.diagnostics import Diagnostic, Related, diagnostic
from assignrules.ir.expressions import Aggregate, Expression, Reference, TargetMember, TargetValue, Via, children
from assignrules.ir.readers import deciding
from assignrules.ir.ruleset import Assignment, Definition, Hold

Unit = tuple[str, str | None]  # a target, and of sets and covers the member
Definitions = Mapping[tuple[str, str], Definition]


def unit_text(unit: Unit) -> str:
    """A unit as people write it: ``scenario``, ``group "Risky"``."""
    return unit[0] if unit[1] is None else f'{unit[0]} "{unit[1]}"'


def order_units(
    blocks: Iterable[Assignment], definitions: Definitions, problems: list[Diagnostic], holds: Iterable[Hold] = ()
) -> tuple[Unit, ...] | None:
    """The units that blocks write, each after those it reads; None with a circle, which is reported with the ``holds`` that are in it.

    Disabled blocks write nothing, so nobody waits for them. The order is that of target and member wherever reading leaves it open.
    """
    active = [block for block in blocks if not block.disabled]
    needs = unit_needs(active, definitions)
    sorter = _sorter(needs)
    circles = 0
    while True:
        try:
            sorter.prepare()
            break
        except CycleError as error:
            circles += 1
            _report_circle(error.args[1], active, _reading(holds, definitions), problems)
            for unit in set(error.args[1]):  # without these, the next circle shows
                del needs[unit]
            sorter = _sorter(needs)
    if circles:
        return None
    order: list[Unit] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=_unit_key)
        order.extend(ready)
        sorter.done(*ready)
    return tuple(order)


def unit_needs(blocks: Iterable[Assignment], definitions: Definitions) -> dict[Unit, set[Unit]]:
    """By unit that one of the blocks writes, those of these units that it reads as planned."""
    blocks = tuple(blocks)
    needs: dict[Unit, set[Unit]] = {(block.target, block.member): set() for block in blocks}
    readings = _Readings(definitions)
    for block in blocks:
        for expression in deciding(block):
            needs[block.target, block.member] |= readings.of(expression) & needs.keys()
    return needs


def _sorter(needs: Mapping[Unit, set[Unit]]) -> TopologicalSorter[Unit]:
    return TopologicalSorter({unit: sorted(needs[unit] & needs.keys(), key=_unit_key) for unit in sorted(needs, key=_unit_key)})


def _unit_key(unit: Unit) -> tuple[str, str]:
    return unit[0], unit[1] or ""


class _Readings:
    """Which units an expression reads as planned, through definitions too."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.known: dict[tuple[str, str], frozenset[Unit]] = {}

    def of(self, expression: Expression) -> frozenset[Unit]:
        found: set[Unit] = set()
        stack = [expression]
        while stack:
            node = stack.pop()
            match node:
                case TargetValue(target=target, current=False):
                    found.add((target, None))
                case TargetMember(target=target, member=member, current=False):
                    found.add((target, member))
                case Reference(entity=entity, name=name):
                    found |= self._definition(entity, name)
                case Via(link=link):
                    if link.target is not None and not link.current:
                        found.add((link.target, None))
                case Aggregate(path=path):
                    found |= {(link.target, None) for link in path if link.target is not None and not link.current}
                case _:
                    pass
            stack.extend(children(node))
        return frozenset(found)

    def _definition(self, entity: str, name: str) -> frozenset[Unit]:
        key = (entity, name)
        if key not in self.known:
            self.known[key] = frozenset()  # definitions have no circles; a broken one reads nothing
            definition = self.definitions.get(key)
            if definition is not None:
                self.known[key] = self.of(definition.expression)
        return self.known[key]


def _reading(holds: Iterable[Hold], definitions: Definitions) -> list[tuple[Hold, frozenset[Unit]]]:
    """What each hold reads as planned. Its condition stands in the `except` of blocks that do not say so."""
    readings = _Readings(definitions)
    return [(hold, readings.of(hold.condition)) for hold in holds]


def _report_circle(
    circle: list[Unit], blocks: list[Assignment], holds: list[tuple[Hold, frozenset[Unit]]], problems: list[Diagnostic]
) -> None:
    """graphlib gives [a, …, a], each needed by the next."""
    ring = circle[:-1][::-1]
    start = min(range(len(ring)), key=lambda index: _unit_key(ring[index]))
    turned = ring[start:] + ring[:start]
    shown = " → ".join(unit_text(unit) for unit in [*turned, turned[0]])
    spans = {(block.target, block.member): block.span for block in reversed(blocks)}
    related = [Related(spans[unit], f"`{unit_text(unit)}` is assigned here") for unit in turned[1:]]
    entities = {block.entity for block in blocks if (block.target, block.member) in turned}
    related += [
        Related(hold.span, f"every block of `{hold.entity}` waits for what this reads")
        for hold, read in holds
        if hold.entity in entities and not read.isdisjoint(turned)
    ]
    first = turned[0]
    reading = "current" if first[1] is None else "currently in"
    problems.append(
        diagnostic(
            "E0402",
            f"planned states go round in a circle: {shown}"
            if len(turned) > 1
            else f"`{unit_text(first)}` is decided by its own planned state",
            spans[first],
            help=f"read the state before the run in one of them, with `{reading} …`",
            related=related,
        )
    )
