"""The `freshness` guard: how old the data of an entity may be, against the caller's clock.

Its verdicts stand outside the plan: the same data gives the same plan, byte for byte, whenever it is made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from assignrules.databases.base import Session
from assignrules.databases.embedded import loaded_at
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.relations import Relations


@dataclass(frozen=True, slots=True)
class Freshness:
    """The verdict on an entity. ``loaded``: when its rows came, in UTC; None where nothing says so, which trips the guard too."""

    entity: str
    bound: timedelta
    loaded: datetime | None
    age: timedelta | None
    passed: bool
    overridden: bool

    @property
    def name(self) -> str:
        """What `--override-guard` calls it."""
        return guard_name(self.entity)

    def problem(self) -> Diagnostic:
        """What is said of it where it trips."""
        if self.age is None:
            text = f"guard `{self.name}`: nothing says when the data of `{self.entity}` was loaded"
        else:
            text = f"guard `{self.name}`: the data of `{self.entity}` is {_long(self.age)} old, and may be {_long(self.bound)} old"
        return diagnostic("E0603", text, help=f"load it again; `--override-guard {self.name}` lets it pass")


def guard_name(entity: str) -> str:
    """The guard's name."""
    return f"freshness:{entity}"


def freshness(
    session: Session, mapping: SchemaMapping, bounds: Mapping[str, timedelta], now: datetime, overrides: Collection[str] = ()
) -> tuple[Freshness, ...]:
    """The verdicts, by entity. ``now`` has a time zone. ``mapping`` is bound to the session's database."""
    verdicts: list[Freshness] = []
    for entity in sorted(bounds):
        loaded = loaded_at(session, entity) if mapping.physical is None else _mapped(session, mapping, entity)
        age = None if loaded is None else now - loaded
        passed = age is not None and age <= bounds[entity]
        verdicts.append(Freshness(entity, bounds[entity], loaded, age, passed, not passed and guard_name(entity) in overrides))
    return tuple(verdicts)


def _mapped(session: Session, mapping: SchemaMapping, entity: str) -> datetime | None:
    """When the rows of a company's tables came, as the schema file says; a time without a zone is one of the project's."""
    assert mapping.physical is not None
    query = Relations(mapping, DIALECTS[session.dialect]).loaded_at(entity)
    if query is None:
        return None
    ((text,),) = session.fetch(query.sql(dialect=session.dialect, comments=False))
    try:
        loaded = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return None  # no rows, or no time: nothing says when, which trips the guard
    return (loaded if loaded.tzinfo is not None else loaded.replace(tzinfo=ZoneInfo(mapping.physical.time_zone))).astimezone(UTC)


def _long(time: timedelta) -> str:
    """In the two largest units that say something: ``2 days 3 hours``."""
    minutes = int(time.total_seconds() // 60)
    parts = [(minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute")]
    shown = [f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts if number]
    return " ".join(shown[:2]) or "0 minutes"
