"""The catalogue of scenarios: what each of them does, and that no other is assigned (language.md, section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from assignrules.diagnostics import Diagnostic, Related, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.expressions import Case, Expression, Literal, Operation, Reference
from assignrules.ir.proposals import Scenario, Step
from assignrules.ir.types import Kind
from assignrules.resolve.lower import Definitions, Lowering
from assignrules.resolve.names import SUBJECT, Names
from assignrules.syntax import tree

TARGET = "scenario"  # what the catalogue lists the values of
CHANNELS = ("email", "letter", "call", "task")


def resolve_catalogue(
    statements: Iterable[tree.Statement], names: Names, definitions: Definitions, problems: list[Diagnostic]
) -> tuple[Scenario, ...]:
    """The scenarios by name. One that is given twice is reported, unless it is the same one of a rule pack that is used twice."""
    found: dict[str, Scenario] = {}
    lowering = Lowering(names, definitions, SUBJECT, problems)
    for statement in statements:
        if not isinstance(statement, tree.Scenario):
            continue
        name = statement.name.value
        steps = tuple(step for node in statement.steps if (step := _step(node, lowering)) is not None)
        scenario = Scenario(name, steps, statement.span)
        first = found.setdefault(name, scenario)
        if first is not scenario and (first.span != scenario.span or first != scenario):
            related = [Related(first.span, "first given here")]
            problems.append(diagnostic("E0204", f'scenario "{name}" is given twice', statement.name.span, related=related))
    return tuple(found[name] for name in sorted(found))


def _step(node: tree.Step, lowering: Lowering) -> Step | None:
    before = len(lowering.problems)
    if node.channel.text not in CHANNELS:
        help = did_you_mean(node.channel.text, CHANNELS) or "channels are " + ", ".join(f"`{word}`" for word in CHANNELS)
        lowering.report("E0201", f"unknown channel `{node.channel.text}`", node.channel.span, help=help)
    length = lowering.expression(node.duration)
    if length is None:
        return None
    help = "as in `step 10 days after due: email`"
    if not isinstance(length, Literal) or length.type.kind is not Kind.DURATION or not isinstance(length.value, int):
        lowering.report("E0312", "a duration is needed here", node.duration.span, help=help)
        return None
    if length.type.months:
        lowering.report("E0313", "months and years have no fixed number of days", node.duration.span, help=help)
    elif length.value < 0:
        lowering.report("E0312", "a step's distance is not negative", node.duration.span, help="say `before due` or `after due`")
    if len(lowering.problems) > before:
        return None
    days = -length.value if node.before else length.value
    return Step(days, length.type.business, node.channel.text, None if node.label is None else node.label.value, node.automatic)


def unknown_scenarios(value: Expression, known: Iterable[str], definitions: Definitions) -> Iterator[tuple[str, str]]:
    """The constants among the values of an expression that the catalogue does not name, each with the way out. Without a catalogue every
    text is one."""
    listed = sorted(known)
    for text in sorted(set(_constants(value, definitions))) if listed else ():
        if text not in listed:
            yield text, did_you_mean(text, listed) or f'name it in the catalogue, as in `scenario "{text}" no steps`'


def _constants(value: Expression, definitions: Definitions) -> Iterator[str]:
    match value:
        case Literal(value=str() as text):
            yield text
        case Case(branches=branches, otherwise=otherwise):
            for part in (*(branch.value for branch in branches), *(() if otherwise is None else (otherwise,))):
                yield from _constants(part, definitions)
        case Operation(operator="coalesce", arguments=arguments):
            for part in arguments:
                yield from _constants(part, definitions)
        case Reference(entity=entity, name=name):
            definition = definitions(entity, name)
            if definition is not None:
                yield from _constants(definition.expression, definitions)
        case _:
            pass
