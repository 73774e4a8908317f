"""Rule packs: `use "nd_cover" as policy_a with …` replaced by the pack's own statements, before any name is looked up.

A pack is resolved as if its rules stood in the project. Under an alias, every name that the pack gives is renamed in its syntax tree,
with the paths that mean it (``eligible`` becomes ``policy_a.eligible``); no later pass knows of packs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Protocol

from assignrules.diagnostics import Diagnostic, Related, SourceFile, Span, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.resolve.functions import AGGREGATES
from assignrules.resolve.names import SUBJECT, class_name
from assignrules.schema.logical import Schema
from assignrules.syntax import tree
from assignrules.syntax.text import parse
from assignrules.syntax.yaml_form import read_rules

Key = tuple[str, str]  # an entity, and a name on it

OVER_A_LINK = ("count", "any", "none", "every")  # what names a link first; the other aggregates name one with `over`
_BRACES = re.compile(r"\{\{|\}\}|\{\s*([^\W\d]\w*(?:\.[^\W\d]\w*)*)\s*\}")
_FORBIDDEN = re.compile(r"[/\\\x00-\x1f]|\.\.|^\.|^\s*$")


@dataclass(frozen=True, slots=True)
class Pack:
    """The rule files of a pack, by their shown names; and what could not be read of it."""

    files: tuple[SourceFile, ...]
    problems: tuple[Diagnostic, ...] = ()


class PackFinder(Protocol):
    """Where packs come from."""

    def find(self, name: str) -> Pack | None:
        """The pack of a name, or None. The name has no `/` and no `..`."""
        ...

    def names(self) -> Sequence[str]:
        """The packs that there are, for "did you mean"."""
        ...


@dataclass(frozen=True, slots=True)
class Expanded:
    """Rule files with those of the packs beside them. ``arguments``: what `with` gives the packs' parameters, a constant or the path of
    another parameter."""

    files: tuple[tree.File, ...]
    arguments: Mapping[str, tree.Expression] = field(default_factory=dict)


def expand_packs(files: Iterable[tree.File], packs: PackFinder | None, schema: Schema, problems: list[Diagnostic]) -> Expanded:
    """The files, and behind them those of every pack that they use, directly or through packs."""
    return _Expansion(packs, schema, problems).expand(tuple(files), (), {})


@dataclass(frozen=True, slots=True)
class _Expansion:
    packs: PackFinder | None
    schema: Schema
    problems: list[Diagnostic]

    def expand(self, files: tuple[tree.File, ...], around: tuple[str, ...], known: dict[str, Span]) -> Expanded:
        """``around``: the packs that these files are of, the outermost first. ``known``: what was used in their namespace so far."""
        found: list[tree.File] = []
        outer: dict[str, tree.Expression] = {}
        inner: dict[str, tree.Expression] = {}
        for use in [statement for file in files for statement in file.statements if isinstance(statement, tree.Use)]:
            used = self._pack(use, around, known) if self._may_be_used(use, around, known) else None
            if used is None:
                if use.alias is not None:  # what it would have brought is missed nowhere else
                    found.append(tree.File(use.span.file, (), (), (use.alias,)))
                continue
            own = _params(used.files)
            arguments = self._arguments(use, own)
            prefix = ""
            if use.alias is not None:
                used = _renamed(used, use.alias, self.schema)
                prefix = f"{use.alias.text}."
            found.extend(used.files)
            outer.update({f"{prefix}{name}": value for name, value in arguments.items()})
            inner.update(used.arguments)
        # What a `with` says of a nested pack's parameter, and what is said outside of it, stands by the name that it has outside.
        return Expanded((*files, *found), {**outer, **{name: value for name, value in inner.items() if name not in outer}})

    def _may_be_used(self, use: tree.Use, around: tuple[str, ...], known: dict[str, Span]) -> bool:
        """Whether the names are right, and new; otherwise it is reported."""
        name, span = use.pack.value, use.pack.span
        if use.alias is not None and not self._alias_is_free(use.alias):
            return False
        if _FORBIDDEN.search(name):
            help = "packs are folders in those that the project file lists under `rulesets`"
            self.problems.append(diagnostic("E0212", f"`{name}` is no name of a rule pack", span, help=help))
            return False
        if name in around:
            circle = " → ".join(f"`{word}`" for word in (*around[around.index(name) :], name))
            help = "one of them must not need the next"
            self.problems.append(diagnostic("E0413", f"rule packs use each other in a circle: {circle}", span, help=help))
            return False
        return not self._is_twice(use, known)

    def _is_twice(self, use: tree.Use, known: dict[str, Span]) -> bool:
        name = use.pack.value if use.alias is None else use.alias.text
        key = f"pack {name}" if use.alias is None else f"alias {name}"
        at = use.pack.span if use.alias is None else use.alias.span
        if key not in known:
            known[key] = at
            return False
        related = [Related(known[key], "first used here")]
        message = f"rule pack `{name}` is used twice" if use.alias is None else f"two rule packs are used as `{name}`"
        help = f'give one of them another name, as in `use "{use.pack.value}" as other`'
        self.problems.append(diagnostic("E0213", message, at, help=help, related=related))
        return True

    def _pack(self, use: tree.Use, around: tuple[str, ...], known: dict[str, Span]) -> Expanded | None:
        """The pack's files with those of the packs that it uses, by the names that they have in it."""
        name, span = use.pack.value, use.pack.span
        pack = None if self.packs is None else self.packs.find(name)
        if pack is None:
            names = [] if self.packs is None else list(self.packs.names())
            listed = "rule packs are " + ", ".join(f"`{word}`" for word in names) if names else "there is none here"
            self.problems.append(diagnostic("E0211", f"unknown rule pack `{name}`", span, help=did_you_mean(name, names) or listed))
            return None
        self.problems.extend(pack.problems)
        if not pack.files:
            if not pack.problems:
                help = "rule files are called `*.rules`, `*.yml` or `*.yaml`, and stand directly in its folder"
                self.problems.append(diagnostic("E0211", f"rule pack `{name}` holds no rule file", span, help=help))
            return None
        files = []
        for source in pack.files:
            file, found = read_rules(source, self.schema.holds_text())
            self.problems.extend(found)
            files.append(file)
        # Without an alias its names, and those of what it uses, join the namespace of its user.
        return self.expand(tuple(files), (*around, name), known if use.alias is None else {})

    def _alias_is_free(self, alias: tree.Name) -> bool:
        """An alias stands where a link may stand, so it must not be one."""
        word = alias.text
        owners = [entity.name for entity in self.schema.entities.values() if word in entity.links]
        owners += [target.entity for target in self.schema.targets.values() if target.name == word and target.refers_to is not None]
        if not owners:
            return True
        self.problems.append(diagnostic("E0204", f"`{word}` is already a link of {owners[0]}", alias.span, help="choose another name"))
        return False

    def _arguments(self, use: tree.Use, own: Sequence[str]) -> dict[str, tree.Expression]:
        arguments: dict[str, tree.Expression] = {}
        for argument in use.arguments:
            word = argument.name.text
            if word in own:
                arguments[word] = _bare(argument.value)
                continue
            listed = "its parameters are " + ", ".join(f"`{name}`" for name in own) if own else "it has none"
            message = f"rule pack `{use.pack.value}` has no parameter `{word}`"
            self.problems.append(diagnostic("E0206", message, argument.name.span, help=did_you_mean(word, own) or listed))
        return arguments


def _bare(value: tree.Expression) -> tree.Expression:
    return _bare(value.operand) if isinstance(value, tree.Parenthesised) else value


def _params(files: Iterable[tree.File]) -> list[str]:
    return [statement.name.text for file in files for statement in file.statements if isinstance(statement, tree.Param)]


# --- a pack under an alias ---


def _renamed(pack: Expanded, alias: tree.Name, schema: Schema) -> Expanded:
    """The pack with ``alias.`` before each name that it gives, wherever the pack means it."""
    prefix = alias.text
    built_in, _ = parse(schema.definitions)
    renaming = _Renaming(
        prefix, schema, _definitions((built_in,), schema), _definitions(pack.files, schema), frozenset(_params(pack.files))
    )
    files = tuple(
        replace(
            file,
            statements=tuple(renaming.statement(statement) for statement in file.statements),
            broken=tuple(renaming.name(name) for name in file.broken),
        )
        for file in pack.files
    )
    arguments = {f"{prefix}.{name}": renaming.inside(value) for name, value in pack.arguments.items()}
    return Expanded(files, arguments)


def _definitions(files: Iterable[tree.File], schema: Schema) -> frozenset[Key]:
    """What the files define, a score with its class. Statements on entities that do not exist are reported later."""
    found: set[Key] = set()
    for statement in (statement for file in files for statement in file.statements):
        if isinstance(statement, tree.Define | tree.Search | tree.Score):
            entity = _entity(statement, schema)
            found.add((entity, statement.name.text))
            class_ = class_name(statement) if isinstance(statement, tree.Score) else None
            if class_ is not None:
                found.add((entity, class_))
    return frozenset(found)


def _entity(statement: tree.Statement, schema: Schema) -> str:
    """The entity whose rows the statement's expressions stand on."""
    if isinstance(statement, tree.Assign):
        target = schema.targets.get(statement.target.text)
        return SUBJECT if target is None else target.entity
    name: tree.Name | None = getattr(statement, "entity", None)
    entity = None if name is None else schema.entity(name.text)
    return SUBJECT if entity is None else entity.name


@dataclass(frozen=True, slots=True)
class _Renaming:
    """Renames the pack's own names. ``entity`` is that of the row that a path starts from, ``outer`` that of `this`."""

    prefix: str
    schema: Schema
    built_in: frozenset[Key]
    definitions: frozenset[Key]
    params: frozenset[str]
    entity: str = SUBJECT
    outer: str = SUBJECT

    def name(self, name: tree.Name) -> tree.Name:
        return replace(name, text=f"{self.prefix}.{name.text}")

    def statement(self, statement: tree.Statement) -> tree.Statement:
        renamed: tree.Statement = replace(self, entity=_entity(statement, self.schema)).inside(statement)
        match renamed:
            case tree.Alert() | tree.Report():
                return replace(renamed, name=self.name(renamed.name), order_by=_by_columns(statement, renamed))
            case tree.Param() | tree.Define() | tree.Search() | tree.Score():
                return replace(renamed, name=self.name(renamed.name))
            case tree.Require() | tree.Propose() | tree.Hold():
                return replace(renamed, name=replace(renamed.name, value=f"{self.prefix}.{renamed.name.value}"))
            case _:
                return renamed

    def inside(self, node: Any) -> Any:
        """The node with every path in it renamed that means a name of the pack."""
        match node:
            case tree.Path():
                return self._path(node)
            case tree.Call() if node.function.text in AGGREGATES:
                return self._aggregate(node)
            case tree.Because(text=text):
                return replace(node, text=self._template(text))
            case tree.Propose(because=tree.Text() as text):
                return replace(self._parts(node), because=self._template(text))
            case tree.Use() | tree.Name() | Span():
                return node  # what a pack uses has been put in already
            case tuple():
                return tuple(self.inside(part) for part in node)
            case _:
                return self._parts(node)

    def _parts(self, node: Any) -> Any:
        if not is_dataclass(node) or isinstance(node, type):
            return node
        parts: dict[str, Any] = {item.name: getattr(node, item.name) for item in fields(node)}
        changed = {name: new for name, part in parts.items() if (new := self.inside(part)) is not part}
        return replace(node, **changed) if changed else node

    def _aggregate(self, node: tree.Call) -> Any:
        if node.over is None and (node.distinct or node.function.text not in OVER_A_LINK):
            return self._parts(node)  # a total of a report's rows
        over = node.over or (node.arguments[0] if node.arguments else None)
        if not isinstance(over, tree.Path):
            return node
        start = self.outer if over.this else self.entity
        rows = replace(self, entity=self._end(over.names, start), outer=start)
        return replace(
            node,
            arguments=rows.inside(node.arguments) if node.over is not None else node.arguments,
            weighted_by=rows.inside(node.weighted_by),
            by=rows.inside(node.by),
            where=rows.inside(node.where),
            satisfies=rows.inside(node.satisfies),
        )

    def _end(self, links: Iterable[tree.Name], entity: str) -> str:
        """The entity that links lead to; where one does not exist, the last before it."""
        for name in links:
            entity = self._link(entity, name.text) or entity
        return entity

    def _link(self, entity: str, word: str) -> str | None:
        link = self.schema.entities[entity].links.get(word)
        if link is not None:
            return link.to
        target = self.schema.targets.get(word)
        return target.refers_to if target is not None and target.entity == entity else None

    def _path(self, path: tree.Path) -> tree.Path:
        """`legal_entity.score.class` goes along the links, as far as they lead; what is left is the name."""
        entity = self.outer if path.this else self.entity
        for index in range(len(path.names)):
            word = ".".join(name.text for name in path.names[index:])
            if (entity, word) in self.definitions or (word in self.params and not self._has_own(entity, word)):
                first = path.names[index]
                names = (*path.names[:index], replace(first, text=self.prefix), *path.names[index:])
                return replace(path, names=names)
            further = self._link(entity, path.names[index].text)
            if further is None:
                break
            entity = further
        return path

    def _has_own(self, entity: str, word: str) -> bool:
        """Whether the row has something of that name, which comes before a parameter."""
        target = self.schema.targets.get(word)
        return (
            (target is not None and target.entity == entity)
            or word in self.schema.entities[entity].fields
            or (entity, word) in self.built_in
        )

    def _template(self, text: tree.Text) -> tree.Text:
        def renamed(match: re.Match[str]) -> str:
            if match[1] is None:
                return match[0]
            words = match[1].split(".")
            this = words[0] == "this"
            path = tree.Path(tuple(tree.Name(word, text.span) for word in words[1 if this else 0 :]), this, text.span)
            names = [name.text for name in self._path(path).names]
            return "{" + ".".join(["this", *names] if this else names) + "}"

        return replace(text, value=_BRACES.sub(renamed, text.value))


def _by_columns(before: tree.Statement, after: tree.Alert | tree.Report) -> tuple[tree.OrderBy, ...]:
    """The renamed `order by`; the name of a column stays as it is."""
    assert isinstance(before, tree.Alert | tree.Report)
    columns = {(column.alias.text,) for column in before.show if column.alias is not None}
    return tuple(
        old if isinstance(old.value, tree.Path) and tuple(name.text for name in old.value.names) in columns else new
        for old, new in zip(before.order_by, after.order_by, strict=True)
    )
