"""Which lines and sides of the project's blocks rule tests have chosen, and which searches have found something."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date

from assignrules.ir.ruleset import Assignment, Others, Ruleset, SetBody, ValueBody
from assignrules.plan.compiling import compiler_for
from assignrules.plan.searches import count_searches
from assignrules.report.coverage import Key, Spot
from assignrules.resolve.packs import PackFinder
from assignrules.resolve.written import written
from assignrules.schema.dataset import Dataset
from assignrules.schema.logical import Schema, Shape
from assignrules.sql import terms
from assignrules.sql.decisions import ADD, BOTH, OTHERWISE, REMOVE, STEP
from assignrules.sql.differences import differences
from assignrules.testing.database import DatabaseTestSession, DuckDBPlanner


class CoveringPlanner(DuckDBPlanner):
    """Notes in ``chosen`` what each session chooses, while ``counts`` is on."""

    def __init__(self, schema: Schema, packs: PackFinder | None = None) -> None:
        super().__init__(schema, packs)
        self.counts = False
        self.chosen: set[Key] = set()

    @contextmanager
    def session(self, ruleset: Ruleset, given: Dataset, as_of: date) -> Iterator[DatabaseTestSession]:
        """The store filled with the rows; what they choose is noted."""
        with super().session(ruleset, given, as_of) as session:
            if self.counts:
                self.chosen |= chosen(session)
            yield session


def spots(ruleset: Ruleset, schema: Schema, files: Collection[str]) -> tuple[Spot, ...]:
    """What tests can choose of the rules that stand in some files: nothing of a disabled block."""
    found: list[tuple[str, int, Spot]] = []
    for block in ruleset.assignments:
        if block.span.file in files and not block.disabled:
            for word, number, line, text in _of_block(block, schema):
                place = f"{block.span.file}:{line}"
                found.append((block.span.file, line, Spot(word, block.rule, number, place, text, (block.rule, word, number))))
    for search in ruleset.searches():
        if search.span is not None and search.span.file in files:
            place = f"{search.span.file}:{search.span.line}"
            key = (f"{search.entity} {search.name}", "search", None)
            found.append((search.span.file, search.span.line, Spot("search", search.name, None, place, search.label or "", key)))
    return tuple(spot for _, _, spot in sorted(found, key=lambda item: item[:2]))


def _of_block(block: Assignment, schema: Schema) -> Iterator[tuple[str, int | None, int, str]]:
    """Word, number, line in the file and text of all that can decide in a block."""
    match block.body:
        case ValueBody(lines=lines, explicit=explicit, otherwise=otherwise):
            for item in lines:
                yield "line", item.number, item.span.line, written(item.condition, schema)
            if explicit:
                yield "otherwise", None, block.span.line, otherwise.value
        case SetBody(add=add, remove=remove):
            adding, removing = _words(schema, block.target)
            if add is not None:
                yield adding, None, block.span.line, written(add, schema)
            if remove is not None:
                yield removing, None, block.span.line, "others" if isinstance(remove, Others) else written(remove, schema)


def _words(schema: Schema, target: str) -> tuple[str, str]:
    return ("add", "remove") if schema.targets[target].shape is Shape.SET else ("eligibility", "removal")


def chosen(session: DatabaseTestSession) -> frozenset[Key]:
    """What decides on some row, changed or not, and the searches that find one."""
    found: set[Key] = set()
    database = session.session
    compiler = compiler_for(database, session.ruleset, session.mapping, session.as_of)
    for part in differences(compiler):
        query = part.rows
        query.set("expressions", [terms.column(f"decided_{number}") for number in range(len(part.decisions))])
        query.set("where", None)
        for row in database.fetch(compiler.text(query)):
            for decision, code in zip(part.decisions, row, strict=True):
                if code is not None:
                    block = decision.blocks[code // STEP]
                    found.update(
                        (block.rule, word, number) for word, number in _sides(code % STEP, block.body, session.mapping.schema, block.target)
                    )
    for search in count_searches(database, session.ruleset, session.mapping, as_of=session.as_of):
        if search.count:
            found.add((f"{search.entity} {search.name}", "search", None))
    return frozenset(found)


def _sides(code: int, body: ValueBody | SetBody, schema: Schema, target: str) -> Iterator[tuple[str, int | None]]:
    if isinstance(body, ValueBody):
        yield ("otherwise", None) if code == OTHERWISE else ("line", code)
        return
    adding, removing = _words(schema, target)
    if code in (ADD, BOTH):
        yield adding, None
    if code in (REMOVE, BOTH):
        yield removing, None
