"""Connections: open late, close early, say who holds the lock. Nothing here knows rules or plans."""

from assignrules.databases.base import (
    Database,
    DatabaseFailure,
    DatabaseProblem,
    DatabaseUnavailable,
    NoDataYet,
    Session,
    Writing,
    quoted,
)

__all__ = ["Database", "DatabaseFailure", "DatabaseProblem", "DatabaseUnavailable", "NoDataYet", "Session", "Writing", "quoted"]
