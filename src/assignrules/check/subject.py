"""What lints look at: a resolved ruleset, beside the files that were checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from assignrules.check.implication import Implication
from assignrules.diagnostics import Span
from assignrules.ir.expressions import Expression
from assignrules.ir.ruleset import Assignment, Ruleset
from assignrules.schema.logical import Schema
from assignrules.syntax import tree


@dataclass(frozen=True, slots=True)
class Subject:
    """``files`` are the checked ones; the rules of the packs that they use are in the ruleset too, and are their authors' matter.
    ``whole_project``: the files are all rules of a project, so that what they do not use is not used.
    ``proofs``: over the ruleset's definitions, remembered from lint to lint."""

    ruleset: Ruleset
    files: tuple[tree.File, ...]
    schema: Schema
    whole_project: bool
    proofs: Implication

    @property
    def names(self) -> frozenset[str]:
        """The names of the checked files."""
        return frozenset(file.name for file in self.files)

    def statements(self) -> Iterator[tree.Statement]:
        """The statements of the checked files."""
        for file in self.files:
            yield from file.statements

    def blocks(self) -> Iterator[Assignment]:
        """The blocks of the checked files."""
        names = self.names
        return (block for block in self.ruleset.assignments if block.span.file in names)

    def written(self) -> Iterator[tuple[Expression, Span]]:
        """Every expression of the checked files, with its place."""
        names = self.names
        return ((expression, span) for expression, span in self.ruleset.origins.written() if span.file in names)

    def whole(self) -> Iterator[tuple[Expression, Span]]:
        """Those that are not part of another one."""
        names = self.names
        return ((expression, span) for expression, span in self.ruleset.origins.whole() if span.file in names)
