"""Rule files in their YAML form: reading them to the tree that the same rules in a `*.rules` file have, and laying them out.

``read_rules`` reads a rule file of either form, by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import yaml as events

from assignrules.diagnostics import Diagnostic, SourceFile, Span, in_file_order
from assignrules.syntax import limits, tree
from assignrules.syntax import yaml_reader as yaml
from assignrules.syntax.build_expressions import too_deep
from assignrules.syntax.names import is_name
from assignrules.syntax.text import parse, without_problems
from assignrules.syntax.yaml_excerpt import written
from assignrules.syntax.yaml_keys import SECTION_OF, SECTIONS, Key, Kind, Section, Shape
from assignrules.syntax.yaml_layout import Entry as Laid
from assignrules.syntax.yaml_layout import Leaf, Node, attach, lay_out
from assignrules.syntax.yaml_reading import CODE, Reading, end_of
from assignrules.syntax.yaml_statements import BY_NAME, BY_TEXT, read_unnamed

SUFFIXES = (".yml", ".yaml")
HOLDS_TEXT: Mapping[str, bool] = {}
_COMMENT = re.compile(r"#[^\r\n]*")
_HEADER_COMMENT = re.compile(r"[|>][-+0-9]*[ \t]+(#[^\r\n]*)")
_STATEMENT_LEVELS = 2  # sections, and the names in them
_MISSING = ("", "~", "null")


def is_yaml(name: str) -> bool:
    """Whether a rule file of this name is in the YAML form."""
    return name.lower().endswith(SUFFIXES)


def read_rules(source: SourceFile, holds_text: Mapping[str, bool] = HOLDS_TEXT) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """The tree of a rule file in the form that its name says, and every problem in it, in file order."""
    return read_yaml_rules(source, holds_text) if is_yaml(source.name) else parse(source)


def read_yaml_rules(source: SourceFile, holds_text: Mapping[str, bool] = HOLDS_TEXT) -> tuple[tree.File, tuple[Diagnostic, ...]]:
    """The tree of a rule file in the YAML form, and every problem in it, in file order; as ``parse`` gives it for a `*.rules` file.

    Spans lie inside the scalars. ``holds_text``: of the targets that are known, whether their values are texts: `value: 12` is a text
    there. No text makes this raise.
    """
    file, problems, _ = _read(source, holds_text)
    return file, problems


def format_yaml_rules(source: SourceFile, holds_text: Mapping[str, bool] = HOLDS_TEXT) -> str:
    """The canonical layout of a file in the YAML form that is read without a problem.

    Every comment is kept, and so are the order of the keys, structured conditions, and single blank lines between statements. Formatting
    the result changes nothing, and reading it gives an equal tree.
    """
    _, problems, reading = _read(source, holds_text)
    assert not problems, "only a file without problems has a layout"
    node, _ = yaml.read_yaml(source, CODE)
    root = _laid(node, reading.leaves, 0, "") if isinstance(node, yaml.Mapping) else Node([], True, False)
    assert isinstance(root, Node)
    return lay_out(root, attach(root, _comments(source), source))


def _read(source: SourceFile, holds_text: Mapping[str, bool]) -> tuple[tree.File, tuple[Diagnostic, ...], Reading]:
    reading = Reading(source, holds_text)
    text = source.text
    if len(text) > limits.MAX_BYTES or (4 * len(text) > limits.MAX_BYTES and len(text.encode("utf-8", "surrogatepass")) > limits.MAX_BYTES):
        return tree.File(source.name, (), ()), (limits.too_large(source.name),), reading
    node, found = yaml.read_all(source, CODE, _STATEMENT_LEVELS)
    if node is None:
        return tree.File(source.name, (), ()), found, reading
    statements: list[tree.Statement] = []
    names: dict[int, tree.Name] = {}
    if isinstance(node, yaml.Mapping):
        for statement, name in _statements(reading, node):
            statements.append(statement)
            if name is not None:
                names[statement.span.start] = name
    elif not (isinstance(node, yaml.Scalar) and node.value is None):
        help = "start it with a section, as in `searches:` or `assign:`"
        reading.report("a rule file in the YAML form has sections", node.span, help=help)
    told = {problem.span.start for problem in found if problem.span is not None}  # one fault, one problem
    reading.problems = [*found, *(problem for problem in reading.problems if problem.span is None or problem.span.start not in told)]
    statements, beyond = statements[: limits.MAX_STATEMENTS], statements[limits.MAX_STATEMENTS :]
    reading.problems += [limits.too_many(statement.span) for statement in beyond[:1]]
    reading.problems += [too_deep(span) for span in map(limits.too_deep_at, statements) if span is not None]
    kept, dropped = without_problems(statements, reading.problems)
    broken = tuple(names[statement.span.start] for statement in (*dropped, *beyond) if statement.span.start in names)
    comments = tuple(sorted([*_comments(source), *reading.comments], key=lambda comment: comment.span.start))
    return tree.File(source.name, tuple(kept), comments, broken), in_file_order(reading.problems), reading


# --- sections -----------------------------------------------------------------------------------------------------


def _statements(reading: Reading, root: yaml.Mapping) -> Iterator[tuple[tree.Statement, tree.Name | None]]:
    """Every statement, with the name that it defines."""
    seen: dict[str, Span] = {}
    for key, node in root.entries:
        section = SECTION_OF.get(written(key))
        if section is None:
            reading.unknown(key, [section.name for section in SECTIONS], "a rule file")
            continue
        if section.name in seen:
            reading.twice(section.name, key.span, seen[section.name])
        seen[section.name] = key.span
        if isinstance(node, yaml.Scalar) and node.value is None:
            continue
        if section.named_by is None:
            for item in reading.items(node, section.name):
                yield read_unnamed(reading, section.statement, section.shape, item, item.span.to(end_of(item))), None
        elif isinstance(node, yaml.Mapping):
            for name, body in node.entries:
                yield _named(reading, section, name, body, name.span.to(end_of(body)))
        elif isinstance(node, yaml.Sequence):
            for item in node.items:
                yield _listed(reading, section, item)
        else:
            reading.report(f"`{section.name}` must have names with their bodies", node.span)


def _named(
    reading: Reading, section: Section, name: yaml.Scalar, body: yaml.Node, span: Span, *, shape: Shape | None = None
) -> tuple[tree.Statement, tree.Name | None]:
    if isinstance(body, yaml.Scalar) and body.value is None:
        reading.report(f"{section.shape.what} needs a body", name.span, code="E0102")
        body = yaml.Mapping((), name.span)
        given = {}
    else:
        given = reading.keys(body, shape or section.shape)
    if section.named_by is Kind.TEXT:
        return BY_TEXT[section.statement](reading, reading.checked_text(name), given, span), None
    defined = reading.name(name, section.name)
    return BY_NAME[section.statement](reading, defined, given, span), defined if is_name(defined.text) else None


def _listed(reading: Reading, section: Section, item: yaml.Node) -> tuple[tree.Statement, tree.Name | None]:
    """A statement in a list, for names that a mapping cannot hold twice: its name stands behind `name`."""
    assert section.named_by is not None
    key = Key("name", section.named_by, "the name", required=True)
    shape = Shape(section.shape.what, (key, *section.shape.keys))
    name = item.get("name") if isinstance(item, yaml.Mapping) else None
    called = name if isinstance(name, yaml.Scalar) else yaml.Scalar("_", False, item.span)
    if name is not None and (not isinstance(name, yaml.Scalar) or name.value is None):
        reading.report("`name` must be a single value", name.span)
    return _named(reading, section, called, item, item.span.to(end_of(item)), shape=shape)


# --- layout -------------------------------------------------------------------------------------------------------


def _laid(node: yaml.Node, leaves: Mapping[int, Callable[[], Leaf]], level: int, section: str) -> Leaf | Node:
    """A node as it is laid out; ``level`` 0 is the file, 1 a section, 2 a statement."""
    match node:
        case yaml.Scalar(value=None):
            return Leaf(None)
        case yaml.Scalar():
            kept = leaves.get(node.span.start)
            return kept() if kept is not None else Leaf(written(node), code=isinstance(node.value, bool))
        case yaml.Mapping(entries=entries):
            inner = [
                Laid(written(key), _laid(value, leaves, level + 1, written(key) if level == 0 else section), key.span.to(end_of(value)))
                for key, value in entries
            ]
            return Node(inner, True, may_flow(section, level))
        case yaml.Sequence(items=items):
            inner = [Laid(None, _laid(item, leaves, level + 1, section), item.span.to(end_of(item))) for item in items]
            return Node(inner, False, level > 2)


def may_flow(section: str, level: int) -> bool:
    """Whether a mapping may stand on one line: those inside statements, and the statements of some sections."""
    found = SECTION_OF.get(section)
    return level > 2 or (level == 2 and found is not None and found.one_line)


def _comments(source: SourceFile) -> tuple[tree.Comment, ...]:
    """The comments between the scalars, and behind the mark of a block."""
    text = source.text
    found: list[tree.Comment] = []
    position = 0
    for event in events.parse(text, Loader=yaml.Loader):
        if not isinstance(event, events.ScalarEvent):
            continue
        span = yaml.span_of(source, event)
        found += _between(source, position, span.start)
        if event.style in ("|", ">") and (header := _HEADER_COMMENT.match(text, span.start)) is not None:
            comment = header.group(1).rstrip()
            found.append(tree.Comment(comment, False, source.span(header.start(1), header.start(1) + len(comment))))
        position = max(position, span.end)
    return (*found, *_between(source, position, len(text)))


def _between(source: SourceFile, start: int, end: int) -> Iterator[tree.Comment]:
    for match in _COMMENT.finditer(source.text, start, end):
        comment = match.group().rstrip()
        line_start = source.text.rfind("\n", 0, match.start()) + 1
        own_line = not source.text[line_start : match.start()].strip(" \t\r\ufeff")
        yield tree.Comment(comment, own_line, source.span(match.start(), match.start() + len(comment)))
