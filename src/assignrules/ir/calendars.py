"""The calendars that rules count business days by, as far as they stand in the rules or in a field."""

from __future__ import annotations

from dataclasses import dataclass

from assignrules.ir.expressions import Expression, Field, Literal, Operation, Reference, children
from assignrules.ir.readers import readers
from assignrules.ir.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Calendars:
    """Calendars by ``names``, and the texts of ``fields`` (entity and name) that are calendars."""

    names: frozenset[str] = frozenset()
    fields: frozenset[tuple[str, str]] = frozenset()


def calendars_of(ruleset: Ruleset) -> Calendars:
    """The project's, and those that stand after `of`. Texts that an expression puts together of others are not known before the rules are
    run."""
    names: set[str] = set() if ruleset.calendar is None else {ruleset.calendar}
    fields: set[tuple[str, str]] = set()
    waiting: list[tuple[Expression, bool]] = [(item.expression, False) for item in ruleset.definitions.values()]
    waiting += [(part, False) for reader in readers(ruleset) for part in reader.expressions]
    followed: set[tuple[str, str]] = set()
    while waiting:
        part, named = waiting.pop()
        match part:
            case Operation("add_duration", (day, length, calendar)):
                waiting += [(day, False), (length, False), (calendar, True)]
            case Literal(value=str() as name) if named:
                names.add(name)
            case Field(entity=entity, name=name) if named and part.type.is_text:
                fields.add((entity, name))
            case Reference(entity=entity, name=name) if named:
                if (entity, name) not in followed:
                    waiting.append((ruleset.definitions[entity, name].expression, True))
                followed.add((entity, name))
            case _:
                waiting += [(child, named) for child in children(part)]
    return Calendars(frozenset(names), frozenset(fields))
