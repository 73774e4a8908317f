"""W0420: a comparison with a scenario that the catalogue does not name (language.md, section 8)."""

from __future__ import annotations

from collections.abc import Iterator

from assignrules.check.subject import Subject
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.expressions import Expression, InList, Literal, Not, Operation, TargetValue, This, Via
from assignrules.resolve.catalogue import TARGET


def unknown_scenarios(subject: Subject) -> Iterator[Diagnostic]:
    """One warning for each such scenario of a comparison; none without a catalogue."""
    known = sorted(scenario.name for scenario in subject.ruleset.scenarios)
    if not known:
        return
    for expression, span in subject.written():
        for name in dict.fromkeys(_compared(expression)):
            if name not in known:
                help = did_you_mean(name, known) or f'name it in the catalogue, as in `scenario "{name}" no steps`'
                yield diagnostic("W0420", f'the catalogue has no scenario "{name}"', span, help=help)


def _compared(expression: Expression) -> Iterator[str]:
    """The texts that the scenario is compared with, where the expression is such a comparison."""
    match expression:
        case Not(operand=operand):
            yield from _compared(operand)
        case Operation(operator="eq", arguments=(left, right)):
            for value, text in ((left, right), (right, left)):
                if _is_scenario(value) and isinstance(text, Literal) and isinstance(text.value, str):
                    yield text.value
        case InList(operand=value, items=items) if _is_scenario(value):
            yield from (item.value for item in items if isinstance(item.value, str))
        case _:
            pass


def _is_scenario(value: Expression) -> bool:
    match value:
        case TargetValue(target=target):
            return target == TARGET
        case Via(of=of) | This(of=of):
            return _is_scenario(of)
        case _:
            return False
