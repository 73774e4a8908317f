"""What is wrong with the data that a plan needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from assignrules.ir.changes import DataProblem
from assignrules.ir.expressions import Aggregate, Expression, Field, Link, Reference, Via, children
from assignrules.ir.readers import Reader, readers
from assignrules.ir.types import Money
from assignrules.reference.evaluation import Evaluation
from assignrules.schema.records import Record


def data_errors(evaluation: Evaluation) -> tuple[DataProblem, ...]:
    """Repeated keys of what the plan needs, and what it met: missing rates, two of one day, numbers too large, calendars without days."""
    found = _met(evaluation, "E")
    entities = {reader.entity for reader in _running(evaluation)}
    for part in _needed(evaluation):
        entities.update(name for link in _links(part) for name in (link.entity, link.to))
    for entity in entities:
        key = evaluation.schema.entities[entity].key
        real = [record for record in evaluation.rows.records[entity] if not record.implied]
        times = Counter(_keys(real))
        found += _problem("E0501", f"key `{key}` of `{entity}` is repeated", entity, _keys(row for row in real if times[row.key] > 1))
    return _sorted(found)


def data_warnings(evaluation: Evaluation) -> tuple[DataProblem, ...]:
    """Links to rows that do not exist, amounts in ignored currencies, and states that no subject or no rule has any more."""
    found: list[DataProblem] = []
    links: set[tuple[str, str]] = set()
    amounts: set[tuple[str, str]] = set()
    for part in _needed(evaluation):
        links.update(evaluation.rows.stored(link) for link in _links(part) if link.target is None)
        if isinstance(part, Field):
            amounts.add((part.entity, part.name))
    for entity, name in links:
        dangling = _keys(evaluation.rows.dangling(entity, name))
        found += _problem("W0501", f"link `{name}` of `{entity}` leads to a row that does not exist", entity, dangling)
    for entity, name in amounts:
        values = [(record, record.row.get(name)) for record in evaluation.rows.records[entity]]
        ignored = [row for row, value in values if isinstance(value, Money) and value.currency in evaluation.ruleset.ignored_currencies]
        found += _problem("W0502", f"`{name}` of `{entity}` is in an ignored currency", entity, _keys(ignored))
    names = {proposal.name for proposal in evaluation.ruleset.proposals}
    left = [entry.subject for entry in evaluation.dataset.outbox if entry.state == "open" and entry.proposal not in names]
    found += [*_orphans(evaluation), *_problem("W0505", "proposals are open that no rule makes", "outbox", left)]
    return _sorted([*found, *_met(evaluation, "W")])


def _met(evaluation: Evaluation, severity: str) -> list[DataProblem]:
    """What the evaluation noted."""
    noted = evaluation.noted.items()
    return [one for (code, entity, text), keys in noted if code.startswith(severity) for one in _problem(code, text, entity, keys)]


def _orphans(evaluation: Evaluation) -> Iterable[DataProblem]:
    """States of subjects that are gone, and of members that no block writes, for the targets that the rules write."""
    blocks = evaluation.ruleset.assignments
    for target in sorted({block.target for block in blocks}):
        entity = evaluation.schema.targets[target].entity
        subjects = {record.key for record in evaluation.rows.records[entity]}
        named = {block.member for block in blocks if block.target == target}
        members = {member: states for (name, member), states in evaluation.dataset.members.items() if name == target}
        kept = set(evaluation.dataset.values.get(target, {})).union(*members.values())
        yield from _problem("W0503", f"`{target}` has a state for subjects that are no longer in the data", entity, kept - subjects)
        left = {key for member, states in members.items() if member not in named for key in states} & subjects
        yield from _problem("W0504", f"`{target}` has members that no rule writes", entity, left)


def _running(evaluation: Evaluation) -> list[Reader]:
    return [reader for reader in readers(evaluation.ruleset) if reader.block is None or reader.block.runs_on(evaluation.as_of)]


def _needed(evaluation: Evaluation) -> list[Expression]:
    """Every expression, with its parts, that the statements of the day use."""
    waiting = [part for reader in _running(evaluation) for part in reader.expressions]
    needed: dict[Expression, None] = {}
    while waiting:
        part = waiting.pop()
        if part not in needed:
            needed[part] = None
            waiting.extend(children(part))
            if isinstance(part, Reference):
                waiting.append(evaluation.ruleset.definitions[part.entity, part.name].expression)
    return list(needed)


def _links(part: Expression) -> tuple[Link, ...]:
    return (part.link,) if isinstance(part, Via) else part.path if isinstance(part, Aggregate) else ()


def _problem(code: str, message: str, entity: str, keys: Iterable[str]) -> list[DataProblem]:
    """The problem of some rows, by their keys; none where there are none."""
    ordered = sorted(keys)
    return [DataProblem(code, message, entity, len(ordered), tuple(dict.fromkeys(ordered))[:5])] if ordered else []


def _keys(rows: Iterable[Record]) -> list[str]:
    return [row.key for row in rows]


def _sorted(problems: Iterable[DataProblem]) -> tuple[DataProblem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.code, problem.entity, problem.message)))
