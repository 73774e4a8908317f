"""Where the parts of a ruleset were written, and which of its names are read: for diagnostics alone, never for meaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from assignrules.diagnostics import Span
from assignrules.ir.expressions import Expression, children

Name = tuple[str | None, str]  # an entity and a name on it; a parameter has no entity


@dataclass(frozen=True, slots=True)
class Origins:
    """``places``: by the identity of an expression, the expression itself (which keeps that identity its own) and its text's span. What
    the resolver made without a text of its own, the two bounds of a `between` say, has none. ``read``: the names that some text reads."""

    places: Mapping[int, tuple[Expression, Span]] = field(default_factory=lambda: MappingProxyType({}))
    read: frozenset[Name] = frozenset()

    def span(self, expression: Expression) -> Span | None:
        """Where this very expression was written."""
        found = self.places.get(id(expression))
        return found[1] if found is not None and found[0] is expression else None

    def written(self) -> Iterator[tuple[Expression, Span]]:
        """Every expression with its span, in the order in which they were resolved."""
        yield from self.places.values()

    def whole(self) -> Iterator[tuple[Expression, Span]]:
        """The expressions that are not part of another one: conditions, values, whole definitions."""
        parts = {id(part) for expression, _ in self.places.values() for part in children(expression)}
        return ((expression, span) for expression, span in self.places.values() if id(expression) not in parts)
