"""What people see: labels, reasons, and random alerts and reports: columns, orders, groups and totals over the rows of any entity."""

from __future__ import annotations

from collections.abc import Sequence

from tests.differential.expressions import FULL, Scope, Writer

KINDS = ("text", "money", "date", "truth", "integer", "condition")
ORDERED = ("text", "money", "number", "date", "days", "integer")


def label(writer: Writer) -> str:
    """A label, now and then."""
    return ' "A label"' if writer.chance(20) else ""


def on(writer: Writer, entity: str) -> str:
    """The entity, which customers may leave out."""
    return "" if entity == "customer" and writer.chance(40) else f" on {entity}"


def reason(writer: Writer, scope: Scope) -> str:
    """A reason with names of the row in braces."""
    pieces = ["{{x}} "]
    for _ in range(writer.number_of(0, 3)):
        found = writer.leaf(scope, writer.one(("text", "money", "number", "date", "integer", "truth", "days")))
        if found is not None:
            pieces.append(f"{{{found}}}, ")
    return "".join(pieces)


def columns(writer: Writer, scope: Scope) -> list[str]:
    """`show`, perhaps."""
    kinds = [kind for kind in KINDS if writer.chance(30)]
    shown = [getattr(writer, kind)(scope, 1, *((FULL,) if kind == "money" else ())) for kind in kinds]
    return ["show " + ", ".join(f"{value} as c{number}" for number, value in enumerate(shown))] if shown else []


def alert_text(writer: Writer, name: str, entity: str, depth: int) -> str:
    """An alert on an entity, which may read every planned state."""
    scope = Scope(entity, len(writer.units))
    parts = [f"alert {name}{label(writer)}{on(writer, entity)}", f"where {writer.condition(scope, depth)}"]
    if writer.chance(30):
        parts.append(f"level {writer.one(('low', 'medium', 'high'))}")
    if writer.chance(30):
        parts.append(f"for {writer.one(('risk', 'collection'))}")
    if writer.chance(70):
        parts.append("show " + ", ".join(_any(writer, scope, depth - 1) for _ in range(writer.number_of(1, 3))))
    parts.extend(_order(writer, [_value(writer, scope, depth - 1) for _ in range(writer.number_of(0, 2))]))
    return "\n  ".join(parts)


def report_text(writer: Writer, name: str, entity: str, depth: int) -> str:
    """A report of rows, of groups, or of totals alone."""
    scope = Scope(entity, len(writer.units))
    parts = [f"report {name}{label(writer)}{on(writer, entity)}"]
    if writer.chance(50):
        parts.append(f"where {writer.condition(scope, depth)}")
    kind = writer.number_of(0, 3)
    if kind == 0:
        parts.append("show " + ", ".join(_any(writer, scope, depth - 1) for _ in range(writer.number_of(1, 3))))
        parts.extend(_order(writer, [_value(writer, scope, depth - 1) for _ in range(writer.number_of(0, 2))]))
        return "\n  ".join(parts)
    groups = [] if kind == 1 else [_any(writer, scope, depth - 1) for _ in range(writer.number_of(1, 2))]
    if groups:
        parts.append("group by " + ", ".join(groups))
    totals = [_total(writer, scope, depth - 1) for _ in range(writer.number_of(1, 3))]
    shown = [_made_of(writer, total) if writer.chance(30) else total for total in totals]
    parts.append("show " + ", ".join(f"{text} as c{place}" for place, text in enumerate(shown)))
    parts.extend(_order(writer, [writer.one(totals)] if writer.chance(40) else []))
    return "\n  ".join(parts)


def _any(writer: Writer, scope: Scope, depth: int) -> str:
    return f"({writer.condition(scope, depth)})" if writer.chance(15) else _value(writer, scope, depth)


def _value(writer: Writer, scope: Scope, depth: int) -> str:
    kind = writer.one(ORDERED)
    if kind in ("money", "number"):
        return str(getattr(writer, kind)(scope, depth, FULL))
    return str(getattr(writer, kind)(scope, depth))


def _order(writer: Writer, values: Sequence[str]) -> list[str]:
    return ["order by " + ", ".join(f"{value}{writer.one(('', ' descending', ' ascending'))}" for value in values)] if values else []


def _total(writer: Writer, scope: Scope, depth: int) -> str:
    where = f" where {writer.condition(scope, depth)}" if writer.chance(30) else ""
    kind = writer.number_of(0, 7)
    if kind == 0:
        return "count()"
    if kind == 1:
        return f"count(distinct {_value(writer, scope, depth)}{where})"
    if kind <= 4:
        return f"sum({writer.money(scope, depth, FULL)}{where})"
    if kind == 5:
        function = writer.one(("min", "max"))
        return f"{function}({_value(writer, scope, depth)}{where})"
    if kind == 6:
        amount = writer.money(scope, depth, FULL) if writer.chance(50) else writer.number(scope, depth, FULL)
        weight = f" weighted by {writer.integer(scope, 0)}" if writer.chance(30) else ""
        return f"avg({amount}{weight}{where})" if weight or writer.chance(60) else f"median({amount}{where})"
    return f"{writer.one(('latest', 'earliest'))}({_value(writer, scope, depth)} by {writer.date(scope, 0)}{where})"


def _made_of(writer: Writer, total: str) -> str:
    """Something that stands on the group."""
    return writer.one((
        f"(case when ({total}) is missing then count() otherwise 0 - count())",
        f"({total}) is present",
        f"coalesce({total}, {total})",
    ))  # fmt: skip
