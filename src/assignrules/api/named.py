"""What a caller names, looked up: runs, searches, targets, guards, customers, dialects; refused with what is near."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from assignrules.api.opened import bound_mapping, logical_schema
from assignrules.api.problems import Problems
from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.project import Project

if TYPE_CHECKING:
    from assignrules.databases import Session
    from assignrules.ir.ruleset import Ruleset
    from assignrules.journal.tables import Run
    from assignrules.schema.mapping import SchemaMapping


def known_run(session: Session, number: int) -> Run:
    """A run of the journal."""
    from assignrules.journal import history

    found = history.run(session, number)
    if found is None:
        last = max((item.id for item in history.runs(session)), default=0)
        help = f"runs go from 1 to {last}" if last else "nothing has been applied yet"
        raise Problems([diagnostic("E0802", f"the journal has no run {number}", help=help)])
    return found


def known_search(ruleset: Ruleset, name: str) -> tuple[str, str]:
    """Entity and name of the search that is meant."""
    searches = [(item.entity, item.name) for item in ruleset.searches()]
    # A search of a rule pack has a point in its own name: `policy_a.eligible`.
    found = [item for item in searches if name in (item[1], f"{item[0]}.{item[1]}")]
    if found:
        return next((item for item in found if item[0] == "customer"), found[0])
    names = [word for _, word in searches]
    help = did_you_mean(name, names) or (
        "searches are " + ", ".join(f"`{item}`" for item in names) if names else "the rules have no search"
    )
    raise Problems([diagnostic("E0905", f"there is no search `{name}`", help=help)])


def known_target(project: Project, target: str | None) -> None:
    """A target, or none, is named."""
    if target is not None:
        known_among(target, logical_schema(project).targets)


def known_among(target: str, targets: Iterable[str]) -> None:
    """One of these targets is named."""
    names = list(targets)
    if target not in names:
        help = did_you_mean(target, names) or "targets are " + ", ".join(f"`{name}`" for name in names)
        raise Problems([diagnostic("E0203", f"there is no target `{target}`", help=help)])


def known_guards(names: Collection[str], known: Collection[str]) -> None:
    """Guards that there are, are named."""
    listed = sorted(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Problems(
            diagnostic(
                "E0906",
                f"there is no guard `{name}`",
                help=did_you_mean(name, listed) or ("guards are " + ", ".join(f"`{item}`" for item in listed) if listed else None),
            )
            for name in unknown
        )


def check_dialect(dialect: str) -> None:
    """A dialect of SQL that can be written is named."""
    from assignrules.sql import known_dialects

    names = known_dialects()
    if dialect not in names:
        help = did_you_mean(dialect, names) or "dialects are " + ", ".join(f"`{name}`" for name in names)
        raise Problems([diagnostic("E0906", f"there is no SQL dialect `{dialect}`", help=help)])


def is_subject(project: Project, session: Session, key: str) -> bool:
    """Whether an entity with targets has a row of this business key."""
    mapping = bound_mapping(project, session)
    entities = dict.fromkeys(target.entity for target in mapping.schema.targets.values() if target.entity in mapping.entities)
    return any(
        session.fetch(f"SELECT 1 FROM {rows} WHERE {column} = $key LIMIT 1", {"key": key})
        for rows, column in (_keys(session, mapping, entity) for entity in entities)
    )


def no_customer(project: Project, session: Session, key: str) -> Diagnostic:
    """What is said where nobody has this key."""
    mapping = bound_mapping(project, session)
    if "customer" not in mapping.entities:
        return diagnostic("E0803", f"there is no `{key}`")
    rows, column = _keys(session, mapping, "customer")
    # Mostly a digit too many or too few, or the wrong one: keys of about the same length that begin alike, or end alike.
    alike = f"left({column}, 2) = left($key, 2) OR right({column}, 3) = right($key, 3) OR lower({column}) = lower($key)"
    near = session.fetch(
        f"SELECT DISTINCT {column} FROM {rows} WHERE abs(length({column}) - length($key)) <= 1 AND ({alike}) LIMIT 5000",
        {"key": key},
    )
    return diagnostic("E0803", f"there is no customer `{key}`", help=did_you_mean(key, sorted(row[0] for row in near)))


def _keys(session: Session, mapping: SchemaMapping, entity: str) -> tuple[str, str]:
    """An entity's rows for a FROM, and the column of their business key."""
    from assignrules.databases import quoted
    from assignrules.sql.dialects import DIALECTS
    from assignrules.sql.relations import Relations

    column = mapping.entities[entity].fields[mapping.schema.entities[entity].key or ""].column
    return Relations(mapping, DIALECTS[session.dialect]).text(entity, "row", [column]), quoted(column)
