"""Random `assign` blocks of every shape, with every clause."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.differential.expressions import FULL, SCHEMA, VALUES, Scope, Unit, Writer, quoted
from tests.differential.shown import reason
from tests.differential.statements import remembering

from assignrules.ir.types import Kind
from assignrules.schema.logical import Shape

CONSTANT = re.compile(r"[(-]*(\d|-p_|p_count)")


class Blocks:
    """The blocks of one unit, which may read the units before it."""

    def __init__(self, writer: Writer, unit: Unit, place: int, depth: int) -> None:
        self.writer = writer
        self.target = SCHEMA.targets[unit[0]]
        self.member = unit[1]
        self.scope = Scope(self.target.entity, place)
        self.depth = depth
        self.rule = unit[0] if unit[1] is None else f"{unit[0]}:{unit[1]}"  # with several blocks, that of one of them

    def texts(self) -> list[str]:
        """One block, or several with priorities."""
        count = max(1, self.writer.number_of(0, 4) - 2)
        if count > 1:
            self.rule += f"#{10 * self.writer.number_of(1, count)}"
        return [self._block(f"priority {10 * number}" if count > 1 else None) for number in range(1, count + 1)]

    def _block(self, priority: str | None) -> str:
        writer = self.writer
        head = f"assign {self.target.name}" + ("" if self.member is None else f" {quoted(self.member)}")
        if writer.chance(20):
            head += ' "A label"'
        body = {Shape.VALUE: self._lines, Shape.SET: self._sides, Shape.COVER: self._cover}[self.target.shape]()
        clauses = [] if priority is None else [priority]
        if writer.chance(40):
            clauses.append(f"where {self._condition()}")
        if writer.chance(40):
            clauses.append(f"except {writer.condition(self.scope, self.depth - 1)}")
        if writer.chance(30):
            clauses.append(f"guard at most {writer.one(('20%', '0%', '1 changes', '0 changes', '100%', '33.3%'))}")
        if writer.chance(50):
            clauses.append(f"because {quoted(self._because())}")
        if writer.chance(15):
            clauses.append(f"from {(writer.today + timedelta(days=writer.one((0, -1, 1)))).isoformat()}")
        if writer.chance(15):
            clauses.append(f"until {(writer.today + timedelta(days=writer.one((1, 2)))).isoformat()}")
        if writer.current:
            clauses.extend(remembering(writer, self.scope, self.target.shape))
        if writer.chance(5):
            clauses.append("disabled")
        parts = [*body, *clauses] if writer.chance(50) else [*clauses, *body]
        return "\n  ".join([head, *parts])

    def _condition(self) -> str:
        """Often one that holds for most subjects, as random comparisons seldom do."""
        if self.writer.chance(35):
            return f"not ({self.writer.condition(self.scope, 0)})"
        return self.writer.condition(self.scope, self.depth)

    def _lines(self) -> list[str]:
        if self.writer.chance(60 if self.target.name == "collector" else 20):
            return self._shared()
        lines = [f"{self._value()} to {self._condition()}" for _ in range(self.writer.number_of(1, 3))]
        kind = self.writer.number_of(0, 4)
        if kind:
            again = "restore" if self.writer.current else "keep"
            lines.append("otherwise " + ("keep", "clear", self._value(), again)[kind - 1])
        return lines

    def _shared(self) -> list[str]:
        """`distribute`, perhaps after a line and before `otherwise`."""
        writer = self.writer
        kind = self.target.type.kind
        texts = {
            Kind.TEXT: ('"A"', '"B"', '""', '"C"'),
            Kind.MONEY: ("100 EUR", "250.50 EUR", "100 USD"),
            Kind.INTEGER: ("0", "1", "2"),
        }.get(kind, ("true", "false"))
        among = texts[: writer.number_of(1, len(texts))]
        measures = [writer.one((writer.money, writer.number))(self.scope, 1, FULL) for _ in range(writer.number_of(0, 2))]
        measures = [text for text in measures if not CONSTANT.match(text)]  # which must be above 0, and not all are
        by = ", ".join(["1", *measures] if writer.chance(50) or not measures else measures)
        parts = [f"distribute {self._condition()} among ({', '.join(among)}) by {by}"]
        links = [link.name for link in SCHEMA.entities[self.scope.entity].links.values() if not link.many]
        if links and writer.chance(40):
            parts.append(f"keeping together {writer.one(links)}")
        if self.target.name == "collector" and writer.chance(40):
            parts.append("within capacity")
        if writer.chance(30):
            parts.append(f"within {writer.one(('10%', '0%', '50%'))}")
        if writer.chance(40):
            per = writer.one(("", "", " per month", " per week", " per quarter", " per year")) if writer.current else ""
            per = writer.one(("", "", " per month", " per week", " per quarter", " per year")) if writer.current else ""
            parts.append(f"moving at most {writer.one(('50%', '0%', '1', '100%', '2'))}{per}")
        lines = [f"{self._value()} to {self._condition()}"] if writer.chance(40) else []
        lines.append("\n    ".join(parts))
        if writer.chance(40):
            lines.append(f"otherwise {writer.one(('keep', 'clear'))}")
        return lines

    def _value(self) -> str:
        writer, kind = self.writer, self.target.type.kind
        if writer.chance(30):
            if kind is Kind.TEXT:
                return f"({writer.text(self.scope, 1)})"
            if kind is Kind.MONEY:
                return f"({writer.money(self.scope, 1, FULL)})"
            if kind is Kind.INTEGER:
                return f"({writer.integer(self.scope, 1)})"
            return f"({writer.truth(self.scope, 1)})"
        if kind is Kind.TEXT:
            return quoted(writer.one(VALUES))
        if kind is Kind.MONEY:
            return writer.one(("100 EUR", "250.50 EUR", "100 USD", "0"))
        return writer.one(("0", "1", "2", "(-3)")) if kind is Kind.INTEGER else writer.one(("true", "false"))

    def _sides(self) -> list[str]:
        kind = self.writer.number_of(0, 4)
        sides = [] if kind == 4 else [f"add {self._condition()}"]
        if kind:
            sides.append("remove others" if kind == 1 else f"remove {self._condition()}")
        return sides

    def _cover(self) -> list[str]:
        literal = self.writer.one(("100 EUR", "20_000 EUR", "100 USD", "0 EUR"))
        amount = literal if self.writer.chance(50) else self.writer.money(self.scope, 1, FULL)
        kind = self.writer.number_of(0, 4)
        sides = [] if kind == 4 else [f"eligibility {self._condition()} amount {amount}"]
        if kind:
            sides.append("removal others" if kind == 1 else f"removal {self._condition()}")
        return sides

    def _because(self) -> str:
        """Names of the subject in braces, its own target among them, which reads as current."""
        own = f"{{{self.target.name}}}" if self.member is None and self.writer.chance(30) else ""
        return reason(self.writer, self.scope) + own
