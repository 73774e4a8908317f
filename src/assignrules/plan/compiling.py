"""The compiler of one planning: for a session's database, and the journal that it has."""

from __future__ import annotations

from datetime import date

from assignrules.databases.base import Session
from assignrules.ir.ruleset import Ruleset
from assignrules.journal.tables import has_journal, has_reverts
from assignrules.schema.mapping import SchemaMapping
from assignrules.sql.dialects import DIALECTS
from assignrules.sql.queries import Compiler


def compiler_for(session: Session, ruleset: Ruleset, mapping: SchemaMapping, as_of: date) -> Compiler:
    """What turns rules into statements for this database."""
    journal = has_journal(session)
    return Compiler(ruleset, mapping, DIALECTS[session.dialect], as_of, journal=journal, reverts=journal and has_reverts(session))
