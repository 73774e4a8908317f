"""Random scores, `top`, catalogues, requirements, proposals with an outbox, and the clauses that remember, with a journal for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tests.differential.datasets import Rows
from tests.differential.expressions import FULL, SCHEMA, TEXTS, VALUES, Name, Scope, Unit, Writer, quoted
from tests.differential.shown import columns, label, on, reason

from assignrules.schema.dataset import OUTBOX_STATES, Dataset, JournalEntry, OutboxEntry, Value
from assignrules.schema.logical import Shape

LENGTHS = ("30 days", "0 days", "1 month", "3 days", "2 business days", "1 year")
DAYS_AGO = (0, 1, 2, 3, 4, 5, 28, 29, 30, 31, 32, 60, 365, 366)
BANDS = {
    "number": (("0", "10", "30"), ("(-5)", "0.3333333333"), ("2.5",)),
    "money": (("0 EUR", "100 EUR", "250.5 EUR"), ("(-100 USD)", "99.99 USD")),
    "days": (("0 days", "10 days", "60 days"), ("1 week", "2 weeks")),
    "date": (("2026-01-01", "2026-11-01", "2026-11-22"),),
}


def score(writer: Writer, name: str, entity: str, rank: int, depth: int) -> tuple[list[Name], str]:
    """A score on an entity, and what it makes readable."""
    scope = Scope(entity, rank)
    parts = [f"score {name}{label(writer)}{on(writer, entity)}"]
    if writer.chance(60):
        parts.append(f"base {writer.one(('50', '0', '2.5', '(-10)', 'insurer_score' if entity == 'customer' else '7'))}")
    for _ in range(writer.number_of(0, 2)):
        points = writer.one(("+20", "-30", "+0.5", f"({writer.number(scope, 0, FULL)})"))
        parts.append(f"points {points} when {writer.condition(scope, depth)}")
    for _ in range(writer.number_of(0, 1)):
        parts.append(_bands(writer, scope, depth))
    classes = [f'class "{word}" from {start}' for word, start in (("B", "10"), ("A", "50"), ("", "(-20)")) if writer.chance(50)]
    if classes and writer.chance(60):
        classes.append('class otherwise "C"')
    found = [Name(entity, name, "number", 2 * FULL, rank)]
    if classes:
        found.append(Name(entity, f"{name}.class", "text", 0, rank))
    return found, "\n  ".join([*parts, *classes])


def _bands(writer: Writer, scope: Scope, depth: int) -> str:
    kind = writer.one(tuple(BANDS))
    value = getattr(writer, kind)(scope, depth - 1, *((FULL,) if kind in ("number", "money") else ()))
    bands = [f"up to {bound} is {writer.one(('20', '10', '(-5)', '0.5'))}" for bound in writer.one(BANDS[kind])]
    if writer.chance(50):
        bands.append("above is (-20)")
    if writer.chance(50):
        bands.append("missing is 3")
    return f"points by ({value}): {', '.join(bands)}"


def top(writer: Writer, scope: Scope, depth: int) -> str:
    """`top 2 by … per …`, for a search."""
    by = _measure(writer, scope, depth)
    return f" top {writer.number_of(1, 3)} by {by}{writer.one(('', ' ascending'))}{_group(writer, scope, depth)}"


def _measure(writer: Writer, scope: Scope, depth: int) -> str:
    kind = writer.one(("money", "number", "date", "text", "integer", "days"))
    return f"({getattr(writer, kind)(scope, depth, *((FULL,) if kind in ('number', 'money') else ()))})"


def _group(writer: Writer, scope: Scope, depth: int) -> str:
    return f" per {_measure(writer, scope, depth)}" if writer.chance(40) else ""


def requirement(writer: Writer, name: str, entity: str, depth: int) -> str:
    """`require` or `warn`, over every planned state."""
    return f'{writer.one(("require", "warn"))} "{name}" no {entity} where {writer.condition(Scope(entity, len(writer.units)), depth)}'


def hold(writer: Writer, name: str, depth: int) -> str:
    """`hold`, which reads no planned state: what plans it is held too."""
    entity = writer.one(("customer", "customer", "customer", "document"))
    return f'hold "{name}"{on(writer, entity)} where {writer.condition(Scope(entity), depth)}'


def catalogue(writer: Writer) -> list[str]:
    """A catalogue of all scenarios that blocks may name."""
    return [f"scenario {quoted(name)} {_steps(writer)}" for name in dict.fromkeys((*VALUES, "C", *TEXTS))]


def _steps(writer: Writer) -> str:
    steps = []
    for _ in range(writer.number_of(0, 2)):
        length = f"{writer.one((0, 5, 10))} {writer.one(('days', 'business days'))} {writer.one(('after', 'before'))} due"
        steps.append(f"step {length}: {writer.one(('email', 'letter', 'call', 'task'))}{label(writer)}{writer.one(('', ' automatic'))}")
    return "\n  ".join(steps) or "no steps"


def proposal(writer: Writer, name: str, entity: str, depth: int) -> str:
    """`propose`, over every planned state."""
    scope = Scope(entity, len(writer.units))
    parts = [f"to {writer.condition(scope, depth)}"]
    if writer.chance(60):
        parts.append(f"amount {writer.money(scope, 1, FULL)}")
    if writer.chance(60):
        parts.append(f"cooldown {writer.one(('10 days', '1 month', '0 days', '30 days'))}")
    if writer.chance(60):
        parts.extend(columns(writer, scope))
    if writer.chance(30):
        parts.append(f"approver {writer.one(('sales_manager', 'boss'))}")
    if writer.chance(40):
        parts.append(f"because {quoted(reason(writer, scope))}")
    return f"propose {quoted(name)}{on(writer, entity)} {' '.join(parts)}"


def outbox(writer: Writer, names: Sequence[str]) -> Iterator[OutboxEntry]:
    """Earlier proposals for subjects of any entity, some of them gone or of no rule, on every boundary of a cooldown."""
    keys = ("C1", "C2", "F1", "L1", "1", "10", "P1", "gone")
    for _ in range(writer.number_of(0, 8)):
        state = writer.one(OUTBOX_STATES)
        days = [writer.today + timedelta(days=writer.one((0, -9, -10, -11, -30, -31))) for _ in range(3)]
        ended = days[2] if state == "withdrawn" or (state == "accepted" and writer.chance(50)) else None
        yield OutboxEntry(writer.one((*names, "other")), writer.one(keys), state, days[0], writer.one((None, days[1])), ended)


def remembering(writer: Writer, scope: Scope, shape: Shape) -> Iterator[str]:
    """Clauses that look at the journal, and `limit`."""
    if writer.chance(25):
        yield "keep manual"
    if writer.chance(25):
        yield f"cooldown {writer.one(LENGTHS)}{writer.one(('', ' after removal'))}"
    if writer.chance(25):
        by = _measure(writer, scope, 1)
        yield f"limit {writer.number_of(0, 2)} changes by {by}{writer.one(('', ' ascending'))}{_group(writer, scope, 0)}"


def journal(writer: Writer, rows: Rows, data: Dataset, rules: Sequence[tuple[Unit, str]]) -> list[JournalEntry]:
    """Earlier changes of the units, by their rules or by another; the current state is often what the last one left."""
    found: list[JournalEntry] = []
    days = [rows.today - timedelta(days=writer.one(DAYS_AGO)) for _ in range(3)]
    for (name, member), rule in rules:
        target = SCHEMA.targets[name]
        for subject in (*rows.keys[target.entity], "gone"):
            last: Value = None
            for _ in range(writer.number_of(0, 3)):
                before = last if writer.chance(70) else _state(rows, name)
                after = None if writer.chance(25) else _state(rows, name)
                day = writer.one(days)
                if before != after:
                    found.append(JournalEntry(day, subject, name, member, before, after, rule if writer.chance(80) else "another"))
                    last = after
            if writer.chance(60) and subject != "gone":
                _leave(data, name, member, subject, last)
    return sorted(found, key=lambda entry: entry.as_of)


def _state(rows: Rows, name: str) -> Value:
    target = SCHEMA.targets[name]
    if target.shape is Shape.SET:
        return True
    if target.shape is Shape.COVER:
        return rows.amount()
    return rows.state(target)


def _leave(data: Dataset, name: str, member: str | None, subject: str, state: Value) -> None:
    """Makes the state before the run that which the journal knows."""
    target = SCHEMA.targets[name]
    held: dict[str, Value]
    if target.field is not None:
        key = SCHEMA.entities[target.entity].key or ""
        held = next(row for row in data.rows[target.entity] if row[key] == subject)
        subject = target.field
    elif member is None:
        held = data.values.setdefault(name, {})
    else:
        held = data.members.setdefault((name, member), {})
    held.pop(subject, None)
    if state is not None:
        held[subject] = state
