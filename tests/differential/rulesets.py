"""Random rulesets: statements of every kind over each other, each in a file of its own.

One file for each statement: so statements can be shuffled and still stand at the same place, which plans print.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from hypothesis import strategies as st
from tests.differential.blocks import Blocks
from tests.differential.datasets import Rows
from tests.differential.expressions import FULL, Choose, Name, Scope, Unit, Writer
from tests.differential.shown import alert_text, label, on, report_text
from tests.differential.statements import catalogue, hold, journal, outbox, proposal, requirement, score, top

from assignrules.diagnostics import SourceFile
from assignrules.schema.dataset import Dataset
from assignrules.testing.case import ProjectSettings

T = TypeVar("T")

DAYS = (date(2026, 11, 22), date(2026, 3, 31), date(2024, 2, 29), date(2026, 12, 31), date(2027, 1, 1))
PARAMS = (
    Name(None, "p_days", "days"),
    Name(None, "p_text", "text"),
    Name(None, "p_large", "money", FULL),
    Name(None, "p_count", "integer"),
    Name(None, "p_day", "date"),
    Name(None, "p_share", "number", FULL),
    Name(None, "p_truth", "truth"),
)
PARAM_TEXTS = (
    "param p_days: duration = 10 days",
    'param p_text: text = "A"',
    "param p_large: money = 100 EUR",
    "param p_count: integer = 2",
    "param p_day: date = 2026-11-01",
    "param p_share: percent = 2.5%",
    "param p_truth: boolean = true",
)
OTHER_PARAMS = {"p_days": "31 days", "p_text": "é", "p_large": "99.995 USD", "p_count": "0", "p_day": "2024-02-29", "p_truth": "false"}
# Those of a rule pack
PACK_PARAMS = (Name(None, "k_days", "days"), Name(None, "k_text", "text"), Name(None, "k_count", "integer"))
PACK_TEXTS = ("param k_days: duration = 30 days", 'param k_text: text = "B"', "param k_count: integer = 1")
# The built-in definitions that read no target, and those that read the status of documents
BUILT_IN = (
    Name("document", "days_overdue", "integer"),
    Name("document", "is_open_debit", "condition"),
    Name("document", "declaration_deadline", "date"),
    Name("customer", "outstanding", "money", FULL),
    Name("customer", "overdue", "money", FULL),
    Name("customer", "exposure", "money", FULL),
    Name("customer", "overdue_rate", "number", FULL),
    Name("customer", "oldest_overdue_days", "integer"),
    Name("customer", "has_dunning_email", "condition"),
    Name("guarantee", "in_force", "condition"),
    Name("legal_entity", "total_guarantee", "money", FULL),
    Name("legal_entity", "exposure", "money", FULL),
    Name("legal_entity", "credit_limit_in_force", "money", FULL),
    Name("legal_entity", "limit_usage", "number", FULL),
)
UNITS: tuple[Unit, ...] = (
    ("scenario", None), ("group", "A"), ("cover", "A"), ("collector", None), ("group", "it's"), ("risk_class", None),
    ("document_status", None), ("proposed_credit_limit", None), ("order_block", None), ("payment_terms_days", None), ("portfolio", "A"),
    ("cover", "B"), ("colleague", "A"),
)  # fmt: skip
PROPOSALS = ("Call", "it's")
STANDINGS = ("customer", "document", "legal_entity", "guarantee", "order", "score", "policy", "policy_country", "dunning_event")


@dataclass(frozen=True)
class World:
    """Rules, rows and a day. ``names``: what the rules define, by entity; ``searches`` and ``reports`` of the rules themselves. ``packs``:
    the rule packs that they use, by name, a text each. ``params``: what parameters are given from outside. ``current``: whether rules may
    look at states before the run. ``seed``: of what people do later."""

    rules: tuple[SourceFile, ...]
    data: Dataset
    today: date
    project: ProjectSettings
    names: dict[str, list[str]]
    searches: tuple[str, ...]
    reports: tuple[str, ...] = ()
    packs: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    current: bool = True
    seed: int = 0

    @property
    def text(self) -> str:
        """All the rules, those of packs too."""
        return "".join([*(source.text for source in self.rules), *(f"# pack {name}\n{text}" for name, text in self.packs.items())])

    def __repr__(self) -> str:
        """What a failing example prints."""
        rules = self.text
        rows = "\n".join(f"  {entity}: {row}" for entity, rows in self.data.rows.items() for row in rows)
        data = self.data
        states = (
            f"  values {data.values}\n  members {data.members}\n  outbox {data.outbox}\n  alerts {data.alerts}\n  journal {data.journal}"
        )
        return f"\nas of {self.today}, {self.project}, {dict(self.params)}\n{rules}\n{rows}\n{states}"


@st.composite
def worlds(draw: Callable[[st.SearchStrategy[Any]], Any], *, current: bool = True, depth: int = 2, small: bool = False) -> World:
    """A random world of Hypothesis, which can make a failing one smaller."""
    return written(_drawn(draw), current=current, depth=depth, small=small)


def random_world(seed: int) -> World:
    """The small random world of a number; every fourth looks at no state before the run."""
    return replace(written(random.Random(seed).randint, current=seed % 4 != 0, small=True), seed=seed)


def _drawn(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Choose:
    return lambda low, high: int(draw(st.integers(low, high)))


def written(choose: Choose, *, current: bool = True, depth: int = 2, small: bool = False) -> World:
    """A random world. ``current`` False: no rule looks at states before the run, so planning again after applying plans nothing.
    ``small``: a few statements, so that many worlds take little time; each of them may be of any kind."""
    today = DAYS[choose(0, len(DAYS) - 1)]
    ignored = ("CHF",) if choose(0, 3) == 3 else ()
    currency = "USD" if choose(0, 7) == 7 else "EUR"
    units = _some(choose, UNITS, (1, 1, 1, 2)[choose(0, 3)] if small else choose(2, 5))
    calendar = (None, None, "FR")[choose(0, 2)]
    writer = Writer(choose, today, units, current, choose(0, 3) == 3, [*PARAMS, *BUILT_IN])
    rows = Rows(choose, today, ignored)
    made = _Made(writer, depth, small)
    made.before_blocks()
    ruled: list[tuple[Unit, str]] = []
    for place, unit in enumerate(units):
        blocks = Blocks(writer, unit, place, depth)
        made.texts.extend(blocks.texts())
        ruled.append((unit, blocks.rule))
    made.after_blocks()
    data = rows.dataset()
    data.outbox = list(outbox(writer, made.proposals))
    for name, entity in made.alerts:
        data.alerts[name] = tuple(key for key in (*rows.keys[entity], "gone") if writer.chance(30))
    if current:
        data.journal = journal(writer, rows, data, ruled)
    rules = tuple(SourceFile(f"r{number:02}.rules", text + "\n") for number, text in enumerate(made.texts))
    project = ProjectSettings(currency, calendar, ignored)
    params = {name: text for name, text in OTHER_PARAMS.items() if writer.chance(10)}
    return World(rules, data, today, project, made.names, tuple(made.searches), tuple(made.reports), made.packs, params, current)


def _some(choose: Choose, items: Sequence[T], count: int) -> list[T]:
    left = list(items)
    return [left.pop(choose(0, len(left) - 1)) for _ in range(count)]


class _Made:
    """The statements of a world beside its blocks, and what they name. ``alerts`` with their entities."""

    def __init__(self, writer: Writer, depth: int, small: bool) -> None:
        self.writer = writer
        self.depth = depth
        self.small = small
        self.texts = list(PARAM_TEXTS)
        self.names: dict[str, list[str]] = {}
        self.searches: list[str] = []
        self.alerts: list[tuple[str, str]] = []
        self.reports: list[str] = []
        self.proposals = list(PROPOSALS)
        self.packs: dict[str, str] = {}

    def _times(self, percent: int, low: int, high: int) -> range:
        """How often a small world has a statement of a kind (once, with this chance), and a large one."""
        return range(int(self.writer.chance(percent)) if self.small else self.writer.number_of(low, high))

    def before_blocks(self) -> None:
        """What blocks may read."""
        writer, units = self.writer, self.writer.units
        for _ in self._times(15, 0, 1):
            self._use(writer.number_of(0, len(units)))
        for number in self._times(50, 2, 6):
            self._definition(writer, f"d{number}", self.texts, "")
        for number in self._times(50, 1, 3):
            self._search(writer, f"s{number}", self.texts, "")
        for number in self._times(20, 0, 1):
            self._score(writer, f"c{number}", self.texts, "")
        for _ in self._times(20, 0, 1):
            self.texts.extend(catalogue(writer))
        self.texts.extend(hold(writer, f"H{number}", self.depth - 1) for number in self._times(12, 0, 1))

    def after_blocks(self) -> None:
        """What looks at the whole plan."""
        writer, depth = self.writer, self.depth
        self.texts.extend(requirement(writer, f"Q{number}", writer.one(STANDINGS), depth) for number in self._times(30, 0, 1))
        self.texts.extend(proposal(writer, PROPOSALS[number], writer.one(STANDINGS), depth) for number in self._times(35, 0, 2))
        for number in self._times(35, 0, 1):
            self._alert(writer, f"a{number}", self.texts, "")
        for number in self._times(35, 0, 1):
            self._report(writer, f"t{number}", self.texts, "")

    def _use(self, rank: int) -> None:
        """A rule pack: its names join those of the rules, or stand under an alias."""
        writer = self.writer
        inner = replace(writer, names=[*PACK_PARAMS, *BUILT_IN])
        alias = writer.one(("", "x"))
        prefix = f"{alias}." if alias else ""
        texts = list(PACK_TEXTS)
        self._definition(inner, "e", texts, prefix)
        kinds = (self._search, self._score, self._alert, self._report, self._requirement, self._proposal)
        for place, kind in enumerate(kinds):
            if writer.chance(30):
                kind(inner, f"e{place}", texts, prefix)
        given = [text for text in ("k_days = 3 days", "k_text = p_text", "k_count = (1)") if writer.chance(40)]
        self.packs["kit"] = "\n".join(texts) + "\n"
        self.texts.append('use "kit"' + (f" as {alias}" if alias else "") + (f" with {', '.join(given)}" if given else ""))
        own = [name for name in inner.names if name not in PACK_PARAMS and name not in BUILT_IN]
        writer.names.extend(replace(name, name=f"{prefix}{name.name}") for name in own)

    def _definition(self, writer: Writer, word: str, texts: list[str], prefix: str) -> None:
        name, text = _definition(writer, word, self.depth)
        self._named(writer, [name], prefix)
        texts.append(text)

    def _search(self, writer: Writer, word: str, texts: list[str], prefix: str) -> None:
        entity, rank = writer.one(STANDINGS), writer.number_of(0, len(writer.units))
        scope = Scope(entity, rank)
        condition = writer.condition(scope, self.depth) + (top(writer, scope, self.depth - 1) if writer.chance(35) else "")
        texts.append(f"search {word}{label(writer)}{on(writer, entity)} where {condition}")
        self._named(writer, [Name(entity, word, "condition", rank=rank)], prefix)
        self.searches.append(prefix + word)

    def _score(self, writer: Writer, word: str, texts: list[str], prefix: str) -> None:
        found, text = score(writer, word, writer.one(STANDINGS), writer.number_of(0, len(writer.units)), self.depth)
        self._named(writer, found, prefix)
        texts.append(text)

    def _alert(self, writer: Writer, word: str, texts: list[str], prefix: str) -> None:
        entity = writer.one(STANDINGS)
        self.alerts.append((prefix + word, entity))
        texts.append(alert_text(writer, word, entity, self.depth))

    def _report(self, writer: Writer, word: str, texts: list[str], prefix: str) -> None:
        self.reports.append(prefix + word)
        texts.append(report_text(writer, word, writer.one(STANDINGS), self.depth))

    def _requirement(self, writer: Writer, word: str, texts: list[str], prefix: str) -> None:
        texts.append(requirement(writer, word, writer.one(STANDINGS), self.depth))

    def _proposal(self, writer: Writer, word: str, texts: list[str], prefix: str) -> None:
        self.proposals.append(prefix + word)
        texts.append(proposal(writer, word, writer.one(STANDINGS), self.depth))

    def _named(self, writer: Writer, found: Sequence[Name], prefix: str) -> None:
        writer.names.extend(found)
        for name in found:
            self.names.setdefault(name.entity or "", []).append(prefix + name.name)


@st.composite
def conditions(draw: Callable[[st.SearchStrategy[Any]], Any], *, count: int = 6, depth: int = 3) -> World:
    """A world without targets, and pairs of searches on one entity each: `yes0` where a condition holds, and `no0` where it does not."""
    today = DAYS[draw(st.integers(0, len(DAYS) - 1))]
    writer = Writer(_drawn(draw), today, (), True, False, [*PARAMS, *BUILT_IN])
    texts, names = list(PARAM_TEXTS), dict[str, list[str]]()
    for number in range(count):
        entity = writer.one(STANDINGS)
        condition = writer.condition(Scope(entity), depth)
        texts.append(f"search yes{number} on {entity} where {condition}")
        texts.append(f"search no{number} on {entity} where not ({condition})")
        names.setdefault(entity, []).extend((f"yes{number}", f"no{number}"))
    rules = tuple(SourceFile(f"r{number:02}.rules", text + "\n") for number, text in enumerate(texts))
    return World(rules, Rows(_drawn(draw), today, ()).dataset(), today, ProjectSettings(), names, ())


def many(seed: int, count: int, depth: int = 3) -> list[World]:
    """The worlds of a number, without targets, that share their rows and their day: a definition, often read by another one, and a search
    each."""
    choose = random.Random(seed).randint
    today = DAYS[choose(0, len(DAYS) - 1)]
    ignored = ("CHF",) if choose(0, 3) == 3 else ()
    calendar = (None, "FR")[choose(0, 1)]
    data = Rows(choose, today, ignored).dataset()
    found = []
    for _ in range(count):
        writer = Writer(choose, today, (), True, choose(0, 4) == 4, [*PARAMS, *BUILT_IN])
        texts, names = list(PARAM_TEXTS), dict[str, list[str]]()
        for number in range(writer.number_of(1, 2)):
            name, text = _definition(writer, f"d{number}", depth)
            writer.names.append(name)
            names.setdefault(name.entity or "", []).append(name.name)
            texts.append(text)
        entity = writer.one(STANDINGS)
        if writer.chance(30):
            made, text = score(writer, "c0", entity, 0, depth - 1)
            writer.names.extend(made)
            names.setdefault(entity, []).extend(name.name for name in made)
            texts.append(text)
        scope = Scope(entity)
        kept = top(writer, scope, depth - 2) if writer.chance(30) else ""
        texts.append(f"search s on {entity} where {writer.condition(scope, depth)}{kept}")
        rules = (SourceFile("r.rules", "\n".join(texts) + "\n"),)
        found.append(World(rules, data, today, ProjectSettings("EUR", calendar, ignored), names, ("s",)))
    return found


def _definition(writer: Writer, word: str, depth: int) -> tuple[Name, str]:
    entity = writer.one(STANDINGS)
    scope = Scope(entity, writer.number_of(0, len(writer.units)))
    kind = writer.one(("money", "condition", "number", "date", "text", "integer", "days", "truth"))
    if kind == "money":
        text = writer.money(scope, depth, FULL)
    elif kind == "number":
        text = writer.number(scope, depth, FULL)
    else:
        text = getattr(writer, kind)(scope, depth)
    scale = FULL if kind in ("money", "number") else 0
    if kind in ("condition", "truth"):
        kind = "truth"  # it may be either, by what was drawn; as a truth value it serves everywhere
    return Name(entity, word, kind, scale, scope.rank), f"define {word}{on(writer, entity)} = {text}"
