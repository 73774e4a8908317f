"""Random rulesets: parameters, definitions over definitions, searches, and blocks of every shape, each statement a file of its own.

One file for each statement: so statements can be shuffled and still stand at the same place, which plans print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from tests.differential.datasets import Rows
from tests.differential.expressions import FULL, SCHEMA, VALUES, Name, Scope, Unit, Writer, quoted
from tests.differential.shown import alert_text, report_text
from tests.differential.statements import journal, remembering, requirement, score, top

from assignrules.diagnostics import SourceFile
from assignrules.ir.types import Kind
from assignrules.schema.dataset import OUTBOX_STATES, Dataset, OutboxEntry
from assignrules.schema.logical import Shape
from assignrules.testing.case import ProjectSettings

DAYS = (date(2026, 11, 22), date(2026, 3, 31), date(2024, 2, 29), date(2026, 12, 31), date(2027, 1, 1))
PARAMS = (
    Name(None, "p_days", "days"),
    Name(None, "p_text", "text"),
    Name(None, "p_large", "money", FULL),
    Name(None, "p_count", "integer"),
    Name(None, "p_day", "date"),
)
PARAM_TEXTS = (
    "param p_days: duration = 10 days",
    'param p_text: text = "A"',
    "param p_large: money = 100 EUR",
    "param p_count: integer = 2",
    "param p_day: date = 2026-11-01",
)
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
    """Rules, rows and a day. ``names``: what the rules define, by entity; ``searches`` and ``reports`` of the rules themselves."""

    rules: tuple[SourceFile, ...]
    data: Dataset
    today: date
    project: ProjectSettings
    names: dict[str, list[str]]
    searches: tuple[str, ...]
    reports: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All the rules."""
        return "".join(source.text for source in self.rules)

    def __repr__(self) -> str:
        """What a failing example prints."""
        rules = self.text
        rows = "\n".join(f"  {entity}: {row}" for entity, rows in self.data.rows.items() for row in rows)
        data = self.data
        states = (
            f"  values {data.values}\n  members {data.members}\n  outbox {data.outbox}\n  alerts {data.alerts}\n  journal {data.journal}"
        )
        return f"\nas of {self.today}, {self.project}\n{rules}\n{rows}\n{states}"


@st.composite
def worlds(draw: Callable[[st.SearchStrategy[Any]], Any], *, current: bool = True, depth: int = 2, small: bool = False) -> World:
    """A random world. ``current`` False: no rule looks at states before the run, so planning again after applying plans nothing.
    ``small``: one or two statements of each kind, so that many worlds take little time."""
    today = DAYS[draw(st.integers(0, len(DAYS) - 1))]
    ignored = ("CHF",) if draw(st.integers(0, 3)) == 3 else ()
    currency = "USD" if draw(st.integers(0, 7)) == 7 else "EUR"
    units = draw(st.permutations(UNITS))[: draw(st.integers(1, 2) if small else st.integers(2, 5))]
    calendar = draw(st.sampled_from((None, None, "FR")))
    writer = Writer(draw, today, units, current, draw(st.integers(0, 3)) == 3, [*PARAMS, *BUILT_IN])
    texts = list(PARAM_TEXTS)
    names: dict[str, list[str]] = {}
    searches: list[str] = []
    for number in range(writer.number_of(0, 2) if small else writer.number_of(2, 6)):
        name, text = _definition(writer, f"d{number}", depth)
        writer.names.append(name)
        names.setdefault(name.entity or "", []).append(name.name)
        texts.append(text)
    for number in range(1 if small else writer.number_of(1, 3)):
        entity, rank = writer.one(STANDINGS), writer.number_of(0, len(units))
        scope = Scope(entity, rank)
        condition = writer.condition(scope, depth) + (top(writer, scope, depth - 1) if writer.chance(35) else "")
        texts.append(f"search s{number} on {entity} where {condition}")
        writer.names.append(Name(entity, f"s{number}", "condition", rank=rank))
        names.setdefault(entity, []).append(f"s{number}")
        searches.append(f"s{number}")
    for number in range(writer.number_of(0, 1)):
        entity = writer.one(STANDINGS)
        made, text = score(writer, f"c{number}", entity, writer.number_of(0, len(units)), depth)
        writer.names.extend(made)
        names.setdefault(entity, []).extend(name.name for name in made)
        texts.append(text)
    ruled: list[tuple[Unit, str]] = []
    for place, unit in enumerate(units):
        block = _Block(writer, unit, place, depth)
        texts.extend(block.texts())
        ruled.append((unit, block.rule))
    texts.extend(requirement(writer, f"Q{number}", writer.one(STANDINGS), depth) for number in range(writer.number_of(0, 1)))
    texts.extend(_proposal(writer, name, len(units), depth) for name in PROPOSALS[: writer.number_of(0, len(PROPOSALS))])
    watched = [writer.one(STANDINGS) for _ in range(writer.number_of(0, 1))]
    texts.extend(alert_text(writer, f"a{number}", entity, depth) for number, entity in enumerate(watched))
    reports = [f"t{number}" for number in range(writer.number_of(0, 1))]
    texts.extend(report_text(writer, name, writer.one(STANDINGS), depth) for name in reports)
    rules = tuple(SourceFile(f"r{number:02}.rules", text + "\n") for number, text in enumerate(texts))
    rows = Rows(draw, today, ignored)
    data = rows.dataset()
    data.outbox = list(_outbox(writer))
    for number, entity in enumerate(watched):
        data.alerts[f"a{number}"] = tuple(key for key in (*rows.keys[entity], "gone") if writer.chance(30))
    if current:
        data.journal = journal(writer, rows, data, ruled)
    return World(rules, data, today, ProjectSettings(currency, calendar, ignored), names, tuple(searches), tuple(reports))


@st.composite
def conditions(draw: Callable[[st.SearchStrategy[Any]], Any], *, count: int = 6, depth: int = 3) -> World:
    """A world without targets, and pairs of searches on one entity each: `yes0` where a condition holds, and `no0` where it does not."""
    today = DAYS[draw(st.integers(0, len(DAYS) - 1))]
    writer = Writer(draw, today, (), True, False, [*PARAMS, *BUILT_IN])
    texts, names = list(PARAM_TEXTS), dict[str, list[str]]()
    for number in range(count):
        entity = writer.one(STANDINGS)
        condition = writer.condition(Scope(entity), depth)
        texts.append(f"search yes{number} on {entity} where {condition}")
        texts.append(f"search no{number} on {entity} where not ({condition})")
        names.setdefault(entity, []).extend((f"yes{number}", f"no{number}"))
    rules = tuple(SourceFile(f"r{number:02}.rules", text + "\n") for number, text in enumerate(texts))
    return World(rules, Rows(draw, today, ()).dataset(), today, ProjectSettings(), names, ())


@st.composite
def many(draw: Callable[[st.SearchStrategy[Any]], Any], *, count: int, depth: int = 3) -> list[World]:
    """Worlds without targets that share their rows and their day: a definition, often read by another one, and a search each."""
    today = DAYS[draw(st.integers(0, len(DAYS) - 1))]
    ignored = ("CHF",) if draw(st.integers(0, 3)) == 3 else ()
    calendar = draw(st.sampled_from((None, "FR")))
    data = Rows(draw, today, ignored).dataset()
    found = []
    for _ in range(count):
        writer = Writer(draw, today, (), True, draw(st.integers(0, 4)) == 4, [*PARAMS, *BUILT_IN])
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
    return Name(entity, word, kind, scale, scope.rank), f"define {word} on {entity} = {text}"


def _proposal(writer: Writer, name: str, rank: int, depth: int) -> str:
    entity = writer.one(STANDINGS)
    scope = Scope(entity, rank)
    parts = [f"to {writer.condition(scope, depth)}"]
    if writer.chance(60):
        parts.append(f"amount {writer.money(scope, 1, FULL)}")
    if writer.chance(60):
        parts.append(f"cooldown {writer.one(('10 days', '1 month', '0 days', '30 days'))}")
    if writer.chance(60):
        kinds = ("text", "money", "date", "truth", "integer", "condition")
        shown = [getattr(writer, kind)(scope, 1, *((FULL,) if kind == "money" else ())) for kind in kinds if writer.chance(30)]
        parts.extend(["show " + ", ".join(f"{value} as c{number}" for number, value in enumerate(shown))] if shown else [])
    return f"propose {quoted(name)} on {entity} {' '.join(parts)}"


def _outbox(writer: Writer) -> Iterator[OutboxEntry]:
    """Earlier proposals for subjects of any entity, some of them gone or of no rule, on every boundary of a cooldown."""
    keys = ("C1", "C2", "F1", "L1", "1", "10", "P1", "gone")
    for _ in range(writer.number_of(0, 8)):
        state = writer.one(OUTBOX_STATES)
        days = [writer.today + timedelta(days=writer.one((0, -9, -10, -11, -30, -31))) for _ in range(3)]
        ended = days[2] if state == "withdrawn" or (state == "accepted" and writer.chance(50)) else None
        yield OutboxEntry(writer.one((*PROPOSALS, "other")), writer.one(keys), state, days[0], writer.one((None, days[1])), ended)


class _Block:
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
            clauses.append(f"where {writer.condition(self.scope, self.depth)}")
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
        return self.writer.condition(self.scope, self.depth)

    def _lines(self) -> list[str]:
        if self.writer.chance(20):
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
        measures = [text for text in measures if not text.lstrip("(-")[:1].isdigit()]  # a constant must be above 0, which not all are
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
            per = writer.one(("", " per month", " per week", " per year")) if writer.current else ""
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
        writer = self.writer
        pieces = ["{{x}} "]
        for _ in range(writer.number_of(0, 3)):
            kind = writer.one(("text", "money", "number", "date", "integer", "truth", "days"))
            found = writer._leaf(self.scope, kind)
            if found is not None and " " not in found and not found.startswith(('"', "(")):
                pieces.append(f"{{{found}}}, ")
        if self.member is None and writer.chance(30):
            pieces.append(f"{{{self.target.name}}}")
        return "".join(pieces)
