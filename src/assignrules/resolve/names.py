"""Which names there are: the one namespace of each entity, and the parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from assignrules.diagnostics import Diagnostic, Related, SourceFile, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.ir.expressions import Expression, Literal
from assignrules.resolve.params import resolve_params
from assignrules.schema.logical import Entity, LinkDeclaration, Schema, Target
from assignrules.syntax import tree
from assignrules.syntax.text import parse

SUBJECT = "customer"  # the entity of a definition, search or rule that names none


@dataclass(frozen=True, slots=True)
class Declared:
    """A `define`, `search` or `score` as written (a score stands under its own name and that of its class). ``built_in``: it came with the
    schema."""

    entity: str
    statement: tree.Define | tree.Search | tree.Score
    built_in: bool


@dataclass(slots=True)
class Names:
    """Everything a name can mean."""

    schema: Schema
    params: Mapping[str, Literal | None]  # None: declared, but broken
    declared: dict[tuple[str, str], Declared] = field(default_factory=dict)
    scenarios: frozenset[str] = frozenset()  # those of the catalogue
    lost: set[str] = field(default_factory=set)  # defined by statements that could not be read, which is reported there
    places: dict[int, tuple[Expression, Span]] = field(default_factory=dict)  # what each expression was written as: see ir.origins
    read: set[tuple[str | None, str]] = field(default_factory=set)
    _targets: dict[tuple[str, str], Target | None] = field(default_factory=dict)  # by entity and word, as they are asked for

    def known(self, entity: str) -> list[str]:
        """What may stand as a name on a row of an entity, for "did you mean"."""
        body = self.schema.entities[entity]
        words = [*body.fields, *body.links, *self.params]
        words.extend(target.name for target in self.schema.targets_of(entity))
        words.extend(name for owner, name in self.declared if owner == entity)
        return words

    def target(self, entity: str, word: str) -> Target | None:
        """The target that a name reads on a row: by its name, or by the field that it is."""
        key = (entity, word)
        if key not in self._targets:
            target = self.schema.targets.get(word)
            self._targets[key] = target if target is not None and target.entity == entity else self.schema.target_of_field(entity, word)
        return self._targets[key]

    def is_prefix(self, word: str) -> bool:
        """Whether names begin with ``word.``: those of a rule pack under its alias, or the class of a score."""
        return any(name.startswith(f"{word}.") for name in (*self.params, *self.lost, *(name for _, name in self.declared)))

    def link(self, entity: str, word: str) -> LinkDeclaration | None:
        return self.schema.entities[entity].links.get(word)


def collect_names(
    files: Iterable[tree.File], schema: Schema, overrides: Mapping[str, str | tree.Expression], currency: str, problems: list[Diagnostic]
) -> Names:
    """The names of a ruleset; clashes and unknown entities are reported."""
    files = tuple(files)
    statements = list(_statements(files))
    written = [statement for statement in statements if isinstance(statement, tree.Param)]
    names = Names(schema, resolve_params(written, overrides, currency, problems))
    names.scenarios = frozenset(statement.name.value for statement in statements if isinstance(statement, tree.Scenario))
    names.lost.update(name.text for file in files for name in file.broken)
    for statement in _built_in(schema.definitions).statements:
        assert isinstance(statement, tree.Define | tree.Search)
        entity = entity_of(schema, statement.entity, problems)
        assert entity is not None
        names.declared[entity.name, statement.name.text] = Declared(entity.name, statement, built_in=True)
    params = {statement.name.text: statement.name.span for statement in reversed(written)}
    for statement in statements:
        if isinstance(statement, tree.Define | tree.Search | tree.Score):
            _declare(names, statement, params, problems)
    _clashing_params(names, written, problems)
    return names


@lru_cache(maxsize=8)
def _built_in(definitions: SourceFile) -> tree.File:
    """Read once for all rulesets."""
    return parse(definitions)[0]


def _statements(files: Iterable[tree.File]) -> Iterator[tree.Statement]:
    for file in files:
        yield from file.statements


def entity_of(schema: Schema, name: tree.Name | None, problems: list[Diagnostic]) -> Entity | None:
    """The entity of an `on`, customer where there is none; an unknown one is reported."""
    if name is None:
        return schema.entities[SUBJECT]
    entity = schema.entity(name.text)
    if entity is None or entity.key is None:
        words = [word for known in schema.entities.values() if known.key for word in (known.name, known.plural)]
        message = f"unknown entity `{name.text}`" if entity is None else f"`{name.text}` has no rows to search"
        help = did_you_mean(name.text, words) or "entities are " + ", ".join(
            f"`{known.name}`" for known in schema.entities.values() if known.key
        )
        problems.append(diagnostic("E0202", message, name.span, help=help))
        return None
    return entity


def class_name(score: tree.Score) -> str | None:
    """The name of a score's class, ``credit_points.class``; None where it has no classes."""
    return f"{score.name.text}.class" if any(isinstance(part, tree.ScoreClass) for part in score.parts) else None


def _declare(
    names: Names, statement: tree.Define | tree.Search | tree.Score, params: Mapping[str, Span], problems: list[Diagnostic]
) -> None:
    entity = entity_of(names.schema, statement.entity, problems)
    if entity is None:
        return
    word, span = statement.name.text, statement.name.span
    previous = names.declared.get((entity.name, word))
    clash = _schema_name(names.schema, entity, word)
    if word in params:
        related = [Related(params[word], "the parameter")]
        problems.append(diagnostic("E0204", f"`{word}` is already a parameter", span, help="choose another name", related=related))
    elif clash is not None:
        problems.append(diagnostic("E0204", f"`{word}` is already a {clash} of {entity.name}", span, help="choose another name"))
    elif previous is not None and not previous.built_in:
        related = [Related(previous.statement.name.span, "first defined here")]
        problems.append(
            diagnostic("E0204", f"`{word}` is defined twice on {entity.name}", span, help="choose another name", related=related)
        )
    else:
        names.declared[entity.name, word] = Declared(entity.name, statement, built_in=False)
        class_ = class_name(statement) if isinstance(statement, tree.Score) else None
        if class_ is not None:
            names.declared[entity.name, class_] = Declared(entity.name, statement, built_in=False)


def _clashing_params(names: Names, params: Iterable[tree.Param], problems: list[Diagnostic]) -> None:
    seen: dict[str, Span] = {}
    for param in params:
        word, span = param.name.text, param.name.span
        if word in seen:
            related = [Related(seen[word], "first given here")]
            problems.append(diagnostic("E0204", f"parameter `{word}` is given twice", span, help="keep one of them", related=related))
            continue
        seen[word] = span
        subject = names.schema.entities[SUBJECT]
        clash = _schema_name(names.schema, subject, word)
        declared = names.declared.get((SUBJECT, word))
        if clash is None and declared is not None and declared.built_in:
            clash = "built-in definition"
        if clash is not None:
            problems.append(diagnostic("E0204", f"`{word}` is already a {clash} of {subject.name}", span, help="choose another name"))


def _schema_name(schema: Schema, entity: Entity, word: str) -> str | None:
    """What of the schema bears a name on an entity, in words."""
    if word in entity.fields:
        return "field"
    if word in entity.links:
        return "link"
    target = schema.targets.get(word)
    return "target" if target is not None and target.entity == entity.name else None
