"""The plan: what would change and why, as data (running.md, section 2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any

from assignrules.ir.changes import Change, Conflict, DataProblem, GuardVerdict, Held, Printed, Proposed

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement that fails on the planned state, and the keys of its rows. ``at``: file:line. ``warning``: it only reports."""

    name: str
    rows: tuple[str, ...]
    at: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert: the keys of the rows that are new in it and that stay, in its order, and of those that left since the last applied run,
    sorted."""

    name: str
    entered: tuple[str, ...]
    stay: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertHead:
    """What the rules say of an alert; ``columns`` are the names of what it shows."""

    name: str
    label: str | None
    entity: str
    level: str | None
    audience: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemberBalance:
    """The totals of one value that `distribute` shares among, before the run and as planned; ``capacity``: the most subjects (None: any
    number)."""

    member: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    capacity: int | None


@dataclass(frozen=True, slots=True)
class Balance:
    """What a `distribute` reached, by the rule's name. ``measures`` as they are written; ``moved``: how many subjects leave one of the
    values for another."""

    rule: str
    measures: tuple[str, ...]
    members: tuple[MemberBalance, ...]
    moved: int


@dataclass(frozen=True, slots=True)
class Header:
    """What the plan was made from and what it comes to.

    ``ruleset`` and ``schema`` are digests (``sha256:…``). ``summary``: by target, how many changes there are of each action, and how many
    are held. ``subjects``: by entity with targets, how many rows it has. ``lineage`` is that of the database, ``anchor`` the journal's
    head when it was read. ``git`` is the revision of the rules. ``created`` and ``expires`` are UTC times in ISO form; a plan that is not
    kept has neither. ``reverts``: the run whose changes the plan sets back; a plan of the rules leaves it out. ``targets`` and ``plurals``:
    where the project's schema differs from the built-in one, by target the entity of its subjects, and by entity its plural; left out
    where it does not.
    """

    as_of: date
    ruleset: str
    schema: str
    applicable: bool
    summary: Mapping[str, Mapping[str, int]]
    parameters: Mapping[str, Printed]
    environment: str
    currency: str
    guards: tuple[GuardVerdict, ...]
    subjects: Mapping[str, int]
    lineage: str | None = None
    anchor: str | None = None
    git: str | None = None
    created: str | None = None
    expires: str | None = None
    version: str = ""
    alerts: tuple[AlertHead, ...] = ()
    balances: tuple[Balance, ...] = ()
    reverts: int | None = None
    targets: Mapping[str, str] = field(default_factory=dict)
    plurals: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole plan.

    ``changes`` are JSON objects, one text each, in order: the form in which the database makes and reads them, and which a file holds.
    So are ``alert_rows``, the rows that the alerts have: ``alert``, ``subject``, ``label``, ``state`` (entered or stay) and ``show``; a
    document without any leaves them out.
    """

    header: Header
    changes: tuple[str, ...] = field(repr=False)
    held: tuple[Held, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    alerts: tuple[Alert, ...] = ()
    data_errors: tuple[DataProblem, ...] = ()
    data_warnings: tuple[DataProblem, ...] = ()
    alert_rows: tuple[str, ...] = field(default=(), repr=False)
    proposals: tuple[Proposed, ...] = ()

    @property
    def proposes(self) -> tuple[Proposed, ...]:
        """The proposals that an apply writes: all but those that stay as they are."""
        return tuple(item for item in self.proposals if item.action != "stay")

    def change_rows(self) -> Iterator[Change]:
        """The changes one by one, read as they are asked for."""
        return (change_of(line) for line in self.changes)


def change_of(line: str) -> Change:
    """One change from its JSON text."""
    return Change(**json.loads(line))


def change_line(change: Change) -> str:
    """One change as its JSON text, as the database writes it: the order of the fields, no blanks."""
    return compact(asdict(change))


def plan_id(plan: Plan) -> str:
    """The digest of what the plan says (``sha256:…``). When it was made and until when it may be applied take no part: the same plan made
    twice is the same plan."""
    digest = hashlib.sha256()
    for line in lines(plan, timed=False):
        digest.update(line.encode())
    return f"sha256:{digest.hexdigest()}"


def to_json(plan: Plan) -> str:
    """The plan as one JSON document: keys in a fixed order, one change per line. Ends with a line break."""
    return "".join((*lines(plan), "}\n"))


def lines(plan: Plan, *, timed: bool = True) -> Iterator[str]:
    """The document of a plan piece by piece, without the brace that closes it."""
    leave_out = {*(() if timed else ("created", "expires")), *(("reverts",) if plan.header.reverts is None else ())}
    leave_out |= {name for name in ("targets", "plurals") if not getattr(plan.header, name)}
    header = {item.name: _jsonable(getattr(plan.header, item.name)) for item in fields(Header) if item.name not in leave_out}
    yield f'{{"schema_version":{SCHEMA_VERSION},\n"plan":{compact(header)}'
    yield from _items("changes", plan.changes)
    for name in ("held", "conflicts", "requirements", "alerts", "data_errors", "data_warnings"):
        yield from _items(name, (compact(asdict(item)) for item in getattr(plan, name)))
    if plan.alert_rows:
        yield from _items("alert_rows", plan.alert_rows)
    if plan.proposals:
        yield from _items("proposals", (compact(asdict(item)) for item in plan.proposals))


def compact(value: Any) -> str:
    """JSON without blanks, text as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _items(name: str, texts: Iterable[str]) -> Iterator[str]:
    yield f',\n"{name}":['
    first = True
    for text in texts:
        yield f"\n{text}" if first else f",\n{text}"
        first = False
    yield "]" if first else "\n]"


def _jsonable(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [asdict(item) for item in value]
    if isinstance(value, Mapping):
        return {key: dict(item) if isinstance(item, Mapping) else item for key, item in value.items()}
    return value
