"""The steps of an apply, as data: what the executor performs is this list, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from assignrules.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Lock:
    """Keeps other writers out; everything after it sees what will be written to."""

    name: ClassVar[str] = "lock"


@dataclass(frozen=True, slots=True)
class CheckIdentity:
    """The plan is of this database, environment, schema and ruleset, young enough, applicable, and not applied already."""

    name: ClassVar[str] = "check identity"


@dataclass(frozen=True, slots=True)
class LoadChanges:
    """The plan's changes become rows; each has the form of a change, and they are as many as the plan's summary says."""

    name: ClassVar[str] = "load changes"


@dataclass(frozen=True, slots=True)
class CheckBefore:
    """Every row of a target that the plan changes is still as the plan found it."""

    target: str

    @property
    def name(self) -> str:
        """As the hook gets it."""
        return f"check {self.target}"


@dataclass(frozen=True, slots=True)
class WriteTarget:
    """The changes of one target."""

    target: str

    @property
    def name(self) -> str:
        """As the hook gets it."""
        return f"write {self.target}"


@dataclass(frozen=True, slots=True)
class CheckProposals:
    """The outbox is still as the plan found it, for every proposal that the plan makes, withdraws or closes."""

    name: ClassVar[str] = "check proposals"


@dataclass(frozen=True, slots=True)
class WriteProposals:
    """The plan's proposals, in the outbox."""

    name: ClassVar[str] = "write proposals"


@dataclass(frozen=True, slots=True)
class VerifyProposals:
    """What stands in the outbox now is what the plan says."""

    name: ClassVar[str] = "verify proposals"


@dataclass(frozen=True, slots=True)
class AppendJournal:
    """The run, its changes, the rows of the alerts and its proposals."""

    name: ClassVar[str] = "append journal"


@dataclass(frozen=True, slots=True)
class VerifyWritten:
    """What stands in a target now is what the plan says, and nothing else was added or removed."""

    target: str

    @property
    def name(self) -> str:
        """As the hook gets it."""
        return f"verify {self.target}"


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything becomes permanent at once."""

    name: ClassVar[str] = "commit"


Stage = (
    Lock
    | CheckIdentity
    | LoadChanges
    | CheckBefore
    | CheckProposals
    | WriteTarget
    | AppendJournal
    | WriteProposals
    | VerifyWritten
    | VerifyProposals
    | Commit
)


def counts_of_changes(summary: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Of a plan's summary, the changes alone: by target and action, without what is held and what is none."""
    counts = {target: {action: count for action, count in words.items() if action != "held" and count} for target, words in summary.items()}
    return {target: words for target, words in counts.items() if words}


def stages(plan: Plan) -> tuple[Stage, ...]:
    """What applying a plan takes: all checks come before the first write."""
    targets = sorted(counts_of_changes(plan.header.summary))
    proposes = bool(plan.proposes)
    return (
        Lock(),
        CheckIdentity(),
        LoadChanges(),
        *(CheckBefore(target) for target in targets),
        *((CheckProposals(),) if proposes else ()),
        *(WriteTarget(target) for target in targets),
        AppendJournal(),
        *((WriteProposals(),) if proposes else ()),
        *(VerifyWritten(target) for target in targets),
        *((VerifyProposals(),) if proposes else ()),
        Commit(),
    )
