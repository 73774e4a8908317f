"""The rows that anything said of one subject can depend on, so that a question about one need not read all.

From the subject along every link that the rules follow, in the direction in which they follow it, until nothing new is found. What looks at
all rows of an entity (`top`, a limit's order) leaves that entity whole, and all that is reached from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from assignrules.databases.base import Session
from assignrules.ir.expressions import Aggregate, Expression, Field, InList, Link, Literal, Reference, TargetMember, TargetValue, Top, Via
from assignrules.ir.ruleset import Assignment, Cooldown, Guard, Others, Ruleset, SetBody, ValueBody
from assignrules.ir.types import TEXT
from assignrules.schema.logical import Schema
from assignrules.sql.queries import Compiler, Output

MOST = 5_000  # rows of an entity: with more, naming them costs more than it saves

# The clauses that look at a subject by itself. Any other, a limit and those that are new to the language, may look at all subjects.
ROW_BY_ROW = (Expression, ValueBody, SetBody, Others, Guard, Cooldown)
Kept = Mapping[str, tuple[str, ...]]


def reach(
    session: Session,
    compiler: Compiler,
    entity: str,
    subject: str,
    units: Iterable[tuple[str, str | None]],
    expressions: Iterable[Expression] = (),
) -> Kept:
    """By entity the business keys of the rows that the units and expressions of a subject can depend on; an entity that is not there is to
    be read whole, or not at all."""
    links, whole = _followed(compiler.ruleset, units, expressions)
    whole = _spread(whole, links)
    if entity in whole:
        return {}
    found: dict[str, dict[str, None]] = {entity: {subject: None}}
    new = {entity: [subject]}
    while new:
        reached: dict[str, dict[str, None]] = {}
        for start, keys in new.items():
            for end, key in _steps(
                session, compiler, start, keys, [link for link in links if link.entity == start and link.to not in whole]
            ):
                if key not in found.setdefault(end, {}):
                    reached.setdefault(end, {})[key] = None
        for end, some in reached.items():
            found[end].update(some)
            if len(found[end]) > MOST:
                return {}
        new = {end: list(some) for end, some in reached.items()}
    reachable = {link.to for link in links} - whole
    return {name: tuple(found.get(name, ())) for name in {entity, *reachable}}


def _followed(ruleset: Ruleset, units: Iterable[tuple[str, str | None]], expressions: Iterable[Expression]) -> tuple[list[Link], set[str]]:
    """The links that are followed, and the entities of which all rows are looked at."""
    links: dict[Link, None] = {}
    whole: set[str] = set()
    waiting: list[object] = list(expressions)
    blocks: dict[tuple[str, str | None], list[Assignment]] = {}
    for block in ruleset.assignments:
        blocks.setdefault((block.target, block.member), []).append(block)
    seen: set[object] = set()

    def unit(target: str, member: str | None) -> None:
        if (target, member) not in seen:
            seen.add((target, member))
            for block in blocks.get((target, member), ()):
                waiting.append(block)
                if any(not isinstance(part, ROW_BY_ROW) for part in (*_parts(block), *_parts(block.body)) if is_dataclass(part)):
                    whole.add(block.entity)

    for target, member in units:
        unit(target, member)
    while waiting:
        part = waiting.pop()
        if isinstance(part, Expression):
            if part in seen:
                continue
            seen.add(part)
        match part:
            case Reference(entity=entity, name=name):
                waiting.append(ruleset.definitions[entity, name].expression)
            case TargetValue(target=target, member=member):
                unit(target, member)
            case TargetMember(target=target, member=of):
                unit(target, of)
            case Top(entity=entity):
                whole.add(entity)
            case Link():
                links[part] = None
                if part.target is not None:  # whom it leads to is decided by the rules
                    unit(part.target, None)
                    whole.add(part.to)
            case Via() | Aggregate():
                pass
        waiting.extend(_parts(part))
    return list(links), whole


def _parts(part: object) -> Iterator[object]:
    """Everything inside, of whatever kind: a clause that is new to the language is looked into as well."""
    if isinstance(part, tuple):
        yield from part
    elif is_dataclass(part):
        yield from (getattr(part, item.name) for item in fields(part) if item.name not in ("span", "type"))


def _spread(whole: set[str], links: Iterable[Link]) -> set[str]:
    """With all that is reached from entities that are read whole."""
    found = set(whole)
    while more := {link.to for link in links if link.entity in found} - found:
        found |= more
    return found


def _steps(session: Session, compiler: Compiler, start: str, keys: list[str], links: Iterable[Link]) -> Iterator[tuple[str, str]]:
    """The rows, by entity and key, that links lead to from some rows."""
    schema = compiler.mapping.schema
    ones = [link for link in links if not link.many]
    if ones:
        outputs = [Output(f"to{number}", Via(link, _key(schema, link.to), TEXT)) for number, link in enumerate(ones)]
        for row in session.fetch(compiler.text(compiler.select(start, outputs, where=among(schema, start, keys)))):
            yield from ((link.to, str(key)) for link, key in zip(ones, row[2:], strict=True) if key is not None)
    for link in links:
        if link.many:
            back = schema.inverse_of(schema.entities[link.entity].links[link.name])
            there = InList(Via(Link(back.entity, back.name, back.to), _key(schema, start), TEXT), _texts(keys))
            for row in session.fetch(compiler.text(compiler.select(link.to, [], where=there))):
                yield link.to, str(row[0])


def among(schema: Schema, entity: str, keys: Iterable[str]) -> Expression:
    """Whether a row of an entity has one of some business keys."""
    return InList(_key(schema, entity), _texts(keys))


def _texts(keys: Iterable[str]) -> tuple[Literal, ...]:
    return tuple(Literal(key, TEXT) for key in keys)


def _key(schema: Schema, entity: str) -> Field:
    declared = schema.entities[entity]
    assert declared.key is not None
    return Field(entity, declared.key, declared.fields[declared.key])
