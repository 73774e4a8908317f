"""The pass `resolve`: every name looked up, every expression typed, the order of the targets found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from assignrules.diagnostics import Diagnostic, Related, diagnostic
from assignrules.diagnostics.model import has_errors
from assignrules.ir.expressions import Expression, is_condition
from assignrules.ir.origins import Origins
from assignrules.ir.ruleset import Assignment, Definition, Requirement, Ruleset
from assignrules.resolve.assignments import resolve_assignment, written_to
from assignrules.resolve.catalogue import resolve_catalogue
from assignrules.resolve.constants import constants_too_large
from assignrules.resolve.holds import resolve_holds, with_holds
from assignrules.resolve.lower import Lowering
from assignrules.resolve.names import Names, collect_names, entity_of
from assignrules.resolve.order import order_units
from assignrules.resolve.packs import PackFinder, expand_packs
from assignrules.resolve.proposals import resolve_proposals
from assignrules.resolve.reports import resolve_alerts, resolve_reports
from assignrules.resolve.scores import lower_score
from assignrules.schema.logical import Schema, Shape
from assignrules.syntax import tree


@dataclass(frozen=True, slots=True)
class Resolved:
    """What resolving gives: the ``ruleset``, None with an error anywhere; and the ``blocks`` of which all is known that tells them apart,
    by target, member and falling priority, so that a clash among them is told beside the errors of other statements."""

    ruleset: Ruleset | None
    blocks: tuple[Assignment, ...]


def resolve(
    files: Iterable[tree.File],
    schema: Schema,
    *,
    params: Mapping[str, str | tree.Expression] | None = None,
    currency: str = "EUR",
    ignored_currencies: Iterable[str] = (),
    calendar: str | None = None,
    packs: PackFinder | None = None,
) -> tuple[Resolved, tuple[Diagnostic, ...]]:
    """The ruleset of all files together, and every problem found.

    ``params`` overrides parameters, each with a value as text (``"90 days"``) or as an expression. ``packs`` finds what `use` names.
    """
    problems: list[Diagnostic] = []
    expanded = expand_packs(files, packs, schema, problems)
    files = expanded.files
    names = collect_names(files, schema, {**expanded.arguments, **(params or {})}, currency, problems)
    definitions = _Definitions(names, currency, problems)
    statements = [statement for file in files for statement in file.statements]
    for (entity, word), declared in names.declared.items():
        if not declared.built_in:
            definitions(entity, word)
    assignments: list[Assignment] = []
    known: list[Assignment] = []
    blocks = [statement for statement in statements if isinstance(statement, tree.Assign)]
    written = Counter(written_to(node, names) for node in blocks)
    for node in blocks:
        block = resolve_assignment(node, names, definitions, currency, problems, shares=written[written_to(node, names)] > 1)
        if block is not None:
            assignments.append(block)
            if _told_apart(node, block, schema):
                known.append(block)
    holds = resolve_holds(statements, names, definitions, problems)
    assignments, known = [with_holds(block, holds) for block in assignments], [with_holds(block, holds) for block in known]
    requirements = _requirements(statements, names, definitions, problems)
    alerts = resolve_alerts(statements, names, definitions, problems)
    reports = resolve_reports(statements, names, definitions, problems)
    proposals = resolve_proposals(statements, names, definitions, problems)
    scenarios = resolve_catalogue(statements, names, definitions, problems)
    definitions.note_replacements()
    problems.extend(constants_too_large(names.places.values(), definitions.lowered))
    ordered = _ordered(assignments)
    order = order_units(ordered, definitions.lowered, problems, holds)
    if order is None or has_errors(problems):
        return Resolved(None, _ordered(known)), tuple(problems)
    constants = {word: value for word, value in names.params.items() if value is not None}
    definitions.lower_runnable()
    origins = Origins(MappingProxyType(names.places), frozenset(names.read))
    ruleset = Ruleset(
        constants,
        definitions.whole(),
        ordered,
        order,
        currency,
        frozenset(ignored_currencies),
        requirements,
        calendar,
        alerts,
        reports,
        origins,
        proposals,
        scenarios,
        holds,
    )
    return Resolved(ruleset, ordered), tuple(problems)


def _told_apart(node: tree.Assign, block: Assignment, schema: Schema) -> bool:
    """Whether what it writes, when and for whom is known: a search or parameter that has an error leaves it open, and is told itself."""
    given = {type(clause) for clause in node.clauses}
    return not (
        (block.member is None and schema.targets[block.target].shape is not Shape.VALUE)
        or (tree.Where in given and block.where is None)
        or (tree.From in given and block.from_ is None)
        or (tree.Until in given and block.until is None)
        or (tree.Priority in given and block.priority is None)
    )


def _requirements(
    statements: Iterable[tree.Statement], names: Names, definitions: _Definitions, problems: list[Diagnostic]
) -> tuple[Requirement, ...]:
    """`require` and `warn`, by name; a name given twice is reported."""
    found: dict[str, Requirement] = {}
    for statement in statements:
        if not isinstance(statement, tree.Require):
            continue
        name = statement.name.value
        if name in found:
            related = [Related(found[name].span, "first given here")]
            problems.append(diagnostic("E0204", f'requirement "{name}" is given twice', statement.name.span, related=related))
        entity = entity_of(names.schema, statement.entity, problems)
        if entity is None:
            continue
        condition = Lowering(names, definitions, entity.name, problems).condition(statement.where)
        if condition is not None:
            found[name] = Requirement(name, entity.name, condition, statement.warning, statement.span)
    return tuple(found[name] for name in sorted(found))


def resolve_expression(
    node: tree.Expression, entity: str, files: Iterable[tree.File], schema: Schema, currency: str = "EUR"
) -> tuple[Expression | None, tuple[Diagnostic, ...]]:
    """One expression on an entity, with the names of the files in reach: for values asked for by name."""
    problems: list[Diagnostic] = []
    names = collect_names(files, schema, {}, currency, [])
    definitions = _Definitions(names, currency, problems)
    return Lowering(names, definitions, entity, problems).expression(node), tuple(problems)


def _ordered(assignments: Iterable[Assignment]) -> tuple[Assignment, ...]:
    """By target, member and falling priority; statements' order in the files has no meaning."""

    def key(block: Assignment) -> tuple[str, str, int, str, int]:
        return (block.target, block.member or "", -(block.priority or 0), block.span.file, block.span.start)

    return tuple(sorted(assignments, key=key))


class _Definitions:
    """Definitions, lowered when first asked for; circles are reported once."""

    def __init__(self, names: Names, currency: str, problems: list[Diagnostic]) -> None:
        self.names = names
        self.currency = currency
        self.problems = problems
        self.lowered: dict[tuple[str, str], Definition] = {}
        self.broken: set[tuple[str, str]] = set()
        self.open: list[tuple[str, str]] = []

    def __call__(self, entity: str, word: str) -> Definition | None:
        key = (entity, word)
        if key in self.lowered:
            return self.lowered[key]
        if key in self.broken:
            return None
        if key in self.open:
            self._circle(key)
            return None
        self.open.append(key)
        definition = self._lower(key)
        self.open.pop()
        if definition is None or key in self.broken:
            self.broken.add(key)
            return None
        self.lowered[key] = definition
        return definition

    def add(self, definition: Definition) -> None:
        self.lowered[definition.entity, definition.name] = definition

    def _lower(self, key: tuple[str, str]) -> Definition | None:
        declared = self.names.declared[key]
        statement = declared.statement
        bare_currency = self.currency if declared.built_in else None
        lowering = Lowering(self.names, self, declared.entity, self.problems, bare_currency=bare_currency)
        span = None if declared.built_in else statement.name.span
        if isinstance(statement, tree.Define):
            value = lowering.expression(statement.value)
            if value is None:
                return None
            condition = is_condition(value)
            return Definition(declared.entity, key[1], value, value.type, condition, False, None, span)
        if isinstance(statement, tree.Score):
            return lower_score(statement, key[1], lowering)
        test = lowering.condition(statement.where)
        if statement.top is not None:
            test = lowering.top(test, statement.top)
        if test is None:
            return None
        label = None if statement.label is None else statement.label.value
        return Definition(declared.entity, key[1], test, test.type, True, True, label, span)

    def _circle(self, key: tuple[str, str]) -> None:
        circle = self.open[self.open.index(key) :]
        self.broken.update(circle)
        start = min(range(len(circle)), key=lambda index: circle[index])
        turned = circle[start:] + circle[:start]
        shown = " → ".join(self._shown(item, turned) for item in [*turned, turned[0]])
        spans = [self.names.declared[item].statement.name.span for item in turned]
        related = [Related(span, f"`{item[1]}` is defined here") for span, item in zip(spans[1:], turned[1:], strict=True)]
        self.problems.append(
            diagnostic(
                "E0401", f"definitions go round in a circle: {shown}", spans[0], help="one of them must not need the next", related=related
            )
        )

    @staticmethod
    def _shown(item: tuple[str, str], circle: list[tuple[str, str]]) -> str:
        entity, word = item
        return f"`{word}`" if len({owner for owner, _ in circle}) == 1 else f"`{entity}.{word}`"

    def note_replacements(self) -> None:
        """Notes definitions that take a built-in one's place; of another type they may not."""
        built_in = collect_names((), self.names.schema, {}, "EUR", [])
        plain: _Definitions | None = None
        for key, definition in list(self.lowered.items()):
            if key not in built_in.declared or definition.span is None:
                continue
            plain = plain or _Definitions(built_in, self.currency, [])
            original = plain(*key)
            if original is not None and original.type.kind is not definition.type.kind:
                message = f"`{key[1]}` replaces a built-in definition of type {original.type} by one of type {definition.type}"
                self.problems.append(diagnostic("E0204", message, definition.span, help="keep the type, or choose another name"))
            else:
                message = f"`{key[1]}` replaces the built-in definition of {key[0]}, also for the other built-in ones"
                self.problems.append(diagnostic("W0201", message, definition.span))

    def lower_runnable(self) -> None:
        """Lowers the built-in definitions that nothing has asked for, so that they can be asked for by name."""
        for entity, word in self.names.declared:
            self(entity, word)

    def whole(self) -> Mapping[tuple[str, str], Definition]:
        return dict(sorted(self.lowered.items()))
