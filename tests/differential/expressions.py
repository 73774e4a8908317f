"""Random expressions as rule text, well typed by construction.

A ``Writer`` asks its ``choose`` for every number: Hypothesis, which can shrink what was written, as the first choice is always the
plainest; or a random generator, which is much quicker.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TypeVar

from assignrules.ir.types import Kind
from assignrules.schema.logical import LinkDeclaration, Shape, credit

T = TypeVar("T")
Unit = tuple[str, str | None]  # a target, and of sets and covers the member
Choose = Callable[[int, int], int]  # a number from the lowest to the highest, both included

SCHEMA = credit()
ENTITIES = tuple(name for name in SCHEMA.entities if name not in ("rates", "holidays"))
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "CHF")
KINDS = {
    Kind.TEXT: "text",
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "number",
    Kind.PERCENT: "number",
    Kind.MONEY: "money",
    Kind.DATE: "date",
    Kind.BOOLEAN: "truth",
    Kind.ENUM: "enum",
}
TARGET_FIELDS = {(target.entity, target.field): target.name for target in SCHEMA.targets.values() if target.field is not None}
FULL = 10  # decimal places of a field
DOUBLE = 20  # the most that the language computes with

# Unmarked and marked, composed and decomposed, one letter and two, capitals, Korean, blanks of several kinds, quotes
TEXTS = (
    "A", "a", "", "B", "é", "e\u0301", "É", "straße", "STRASSE", "œuvre", "Œ", "한글", "\u1112\u1161\u11ab", " x ", "x", "\u00a0x", "it's",
    "FR", "BE", "declared", "dispute", "10%_", "a.b", "ΣΑΣ", "ÿ", "İ", "ẞ", "\U0001f600", "a\\b", "Ç",
)  # fmt: skip
PATTERNS = (r"^a", r"[A-Z]$", r".", r"^$", r"\d+", r"(é|e)", r"\W", r"^\w{1,3}$", r"x?\s", r"[^a-z]", r"a\.b", r"^.{2}$", r"ß|œ", r"\\")
MEMBERS = ("A", "B", "it's")
VALUES = ("A", "B", "")  # what targets of text hold: few, so that planned and current states often agree
NUMBERS = ("0", "1", "2", "3", "10", "0.5", "2.345", "1_000", "0.0000000001", "12.3456789012", "50%", "7", "100", "33.33")
AMOUNTS = ("0", "100", "0.01", "250.5", "1_000", "99.995", "20_000", "0.0000000005")
DURATIONS = ("0 days", "1 day", "10 days", "30 days", "60 days", "2 weeks", "400 days")
MONTHS = ("1 month", "6 months", "1 year", "0 months", "13 months")


def quoted(text: str) -> str:
    """A text as the language writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


@dataclass(frozen=True)
class Name:
    """A definition, search or parameter (entity None) that expressions may use.

    ``rank``: how many of the ordered units it may read as planned."""

    entity: str | None
    name: str
    kind: str
    scale: int = 0
    rank: int = 0


@dataclass(frozen=True)
class Scope:
    """The row that an expression stands on; ``outer``: that of the aggregate around it.

    ``rank``: how many of the ordered units may be read as planned."""

    entity: str
    rank: int = 0
    outer: Scope | None = None


@dataclass
class Writer:
    """Writes expressions. ``units``: those that the rules write, each may read those before it.

    ``current``: whether states before the run may be read. ``business``: whether days are counted in business days now and then."""

    choose: Choose
    today: date
    units: Sequence[Unit]
    current: bool = True
    business: bool = False
    names: list[Name] = field(default_factory=list)

    # --- choices ---

    def number_of(self, low: int, high: int) -> int:
        return self.choose(low, high)

    def one(self, options: Sequence[T]) -> T:
        return options[self.number_of(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        return self.number_of(0, 99) >= 100 - percent

    # --- conditions ---

    def condition(self, scope: Scope, depth: int) -> str:
        """A condition, in parentheses where its operator is loose."""
        if depth <= 0:
            return self.one((self._compared_leaf, self._truth_test, self._membership, self._search, self._presence_leaf))(scope)
        kind = self.number_of(0, 16)
        less = depth - 1
        if kind == 16:
            return f"(({self.condition(scope, less)}) as of ({self.date(scope, less)}))"
        if kind <= 2:
            return self._comparison(scope, less)
        if kind == 3:
            return self._date_test(scope, less)
        if kind == 4:
            return self._text_test(scope, less)
        if kind == 5:
            return f"{self._value(scope, less)} is {self.one(('missing', 'present'))}"
        if kind <= 7:
            return f"not ({self.condition(scope, less)})"
        if kind <= 10:
            word = self.one((" and ", " or "))
            return "(" + word.join(self.condition(scope, less) for _ in range(self.number_of(2, 3))) + ")"
        if kind <= 12:
            return self._quantified(scope, less)
        if kind == 13:
            return f"(case when {self.condition(scope, less)} then {self.condition(scope, less)} otherwise {self.condition(scope, less)})"
        if kind == 14:
            return self._in_list(scope, less)
        return f"({self.truth(scope, less)})"

    def _comparison(self, scope: Scope, depth: int) -> str:
        kind = self.one(("money", "number", "date", "text", "days", "truth", "enum"))
        if kind == "enum":
            return self._enum_test(scope)
        if kind == "truth":
            return f"({self.truth(scope, depth)}) {self.one(('=', '!='))} ({self.truth(scope, depth)})"
        write = self._writer(kind)
        left, right = write(scope, depth), write(scope, depth)
        if kind in ("money", "number") and self.chance(25):
            right = "0"
        if self.chance(20):
            return f"({left} between {right} and {write(scope, depth)})"
        return f"{left} {self.one(('=', '!=', '<', '<=', '>', '>='))} {right}"

    def _compared_leaf(self, scope: Scope) -> str:
        return self._comparison(scope, 0)

    def _presence_leaf(self, scope: Scope) -> str:
        return f"{self._value(scope, 0)} is {self.one(('missing', 'present'))}"

    def _truth_test(self, scope: Scope) -> str:
        return self.truth(scope, 0)

    def _enum_test(self, scope: Scope) -> str:
        found = [(path, type) for path, entity in self._places(scope) for path, type in self._enums(path, entity)]
        if not found:
            return "true"
        path, words = self.one(found)
        if self.chance(50):
            listed = ", ".join(quoted(self.one(words)) for _ in range(self.number_of(1, 3)))
            return f"{path} {self.one(('in', 'not in'))} ({listed})"
        return f"{path} {self.one(('=', '!='))} {quoted(self.one(words))}"

    def _enums(self, path: str, entity: str) -> list[tuple[str, tuple[str, ...]]]:
        fields = SCHEMA.entities[entity].fields
        return [(f"{path}{name}", type.values) for name, type in fields.items() if type.kind is Kind.ENUM]

    def _in_list(self, scope: Scope, depth: int) -> str:
        kind = self.one(("text", "number", "money", "date"))
        write = self._writer(kind)
        constants = {"text": self._text_literal, "number": self._number_literal, "money": self._money_literal, "date": self._date_literal}
        items = ", ".join(constants[kind]() if self.chance(70) else write(scope, 0) for _ in range(self.number_of(1, 4)))
        return f"{write(scope, depth)} {self.one(('in', 'not in'))} ({items})"

    def _date_test(self, scope: Scope, depth: int) -> str:
        day = self.date(scope, depth)
        kind = self.number_of(0, 4)
        if kind <= 2:
            return f"{day} {('in last', 'in next', 'older than')[kind]} {self._length(scope, depth)}"
        return f"{day} in {self.one(('previous', 'current'))} {self.one(('month', 'quarter', 'year'))}"

    def _length(self, scope: Scope, depth: int) -> str:
        kind = self.number_of(0, 3)
        if self.business and self.chance(30):
            counted = f"({self.integer(scope, 0)} * 1 business day)"
            if not self.chance(40):
                counted = self.one(("1 business day", "5 business days", "0 business days", "23 business days"))
            return f"{counted} of ({self.text(scope, depth)})" if self.chance(50) else counted
        if kind == 3:
            return f"({self.days(scope, depth)})"
        return self.one(MONTHS) if kind == 2 else self.one(DURATIONS)

    def _text_test(self, scope: Scope, depth: int) -> str:
        left = self.text(scope, depth)
        if self.chance(25):
            return f"{left} matches {quoted(self.one(PATTERNS))}"
        return f"{left} {self.one(('contains', 'starts with', 'ends with'))} {self.text(scope, 0)}"

    def _membership(self, scope: Scope) -> str:
        units = [unit for unit in self._members() if SCHEMA.targets[unit[0]].entity == scope.entity]
        if not units:
            return self._compared_leaf(scope)
        target, member = self.one(units)
        verb = "has" if SCHEMA.targets[target].shape is Shape.COVER else "in"
        now = self._now((target, member), scope.rank)
        return self._compared_leaf(scope) if now is None else f"{now and 'currently '}{verb} {target} {quoted(member or '')}"

    def _members(self) -> list[Unit]:
        written = [unit for unit in self.units if unit[1] is not None]
        return [*written, ("group", "A"), ("group", "nobody"), ("cover", "A")]

    def _now(self, unit: Unit, rank: int) -> str | None:
        """The word before a reading: "" as planned, "current", or None where neither is allowed."""
        free = unit not in self.units or self.units.index(unit) < rank
        if free and not (self.current and self.chance(25)):
            return ""
        return "current" if self.current else None

    def _search(self, scope: Scope) -> str:
        named = [name.name for name in self._known(scope, "condition")]
        return self.one(named) if named else self._compared_leaf(scope)

    def _quantified(self, scope: Scope, depth: int) -> str:
        path, end = self._path(scope)
        inner = Scope(end, scope.rank, scope.outer if path.startswith("this.") else scope)
        where = self._where(inner, depth)
        kind = self.number_of(0, 3)
        if kind <= 1:
            return f"{('any', 'none')[kind]}({path}{where})"
        if kind == 2:
            return f"every({path}{where} satisfies {self.condition(inner, depth)})"
        return f"count({path}{where}) {self.one(('>', '=', '<', '>=', '!='))} {self.number_of(0, 2)}"

    # --- values of each kind ---

    def _writer(self, kind: str) -> Callable[[Scope, int], str]:
        return {
            "money": lambda scope, depth: self.money(scope, depth, DOUBLE),
            "number": lambda scope, depth: self.number(scope, depth, DOUBLE),
            "integer": self.integer,
            "date": self.date,
            "text": self.text,
            "days": self.days,
            "truth": self.truth,
        }[kind]

    def _value(self, scope: Scope, depth: int) -> str:
        return self._writer(self.one(("text", "money", "date", "number", "days")))(scope, depth)

    def text(self, scope: Scope, depth: int) -> str:
        kind = 0 if depth <= 0 else self.number_of(0, 8)
        less = depth - 1
        if kind <= 2:
            return self._leaf(scope, "text") or self._text_literal()
        if kind == 3:
            return self._text_literal()
        if kind == 4:
            return f"{self.one(('lower', 'upper', 'trim'))}({self.text(scope, less)})"
        if kind == 5:
            return f"concat({self.text(scope, less)}, {self.text(scope, 0)})"
        if kind == 6:
            return self._chosen(scope, "text", less)
        if kind == 7:
            return f"currency({self.money(scope, less, DOUBLE)})"
        return self._aggregate(scope, "text", less, 0)

    def number(self, scope: Scope, depth: int, scale: int) -> str:
        """A number with at most so many decimal places."""
        kind = 0 if depth <= 0 else self.number_of(0, 11)
        less = depth - 1
        if kind <= 2:
            return (self._leaf(scope, "number", scale) if scale >= FULL else None) or self.integer(scope, 0)
        if kind == 3:
            return self._number_literal() if scale >= FULL else self._integer_literal()
        if kind == 4:
            return self.integer(scope, depth)
        if kind == 5:
            return "(" + self._sum(lambda: self.number(scope, less, scale)) + ")"
        if kind == 6:
            return f"({self.number(scope, less, scale // 2)} * {self.number(scope, less, scale - scale // 2)})"
        if kind == 7 and scale >= FULL:
            if self.chance(30):
                return f"({self.money(scope, less, DOUBLE)} / {self.money(scope, less, FULL)})"
            return f"({self.number(scope, less, DOUBLE)} / {self.number(scope, less, FULL)})"
        if kind == 8:
            return self.one((f"abs({self.number(scope, less, scale)})", f"(-{self.number(scope, 0, scale)})"))
        if kind == 9:
            if scale < FULL:
                return f"round({self.number(scope, less, DOUBLE)}, {self.number_of(0, scale)})"
            return f"amount({self.money(scope, less, scale)})"
        if kind == 10 and scale >= FULL:
            return self._aggregate(scope, "number", less, scale)
        return self._chosen(scope, "number", less, scale)

    def integer(self, scope: Scope, depth: int) -> str:
        kind = 0 if depth <= 0 else self.number_of(0, 8)
        less = depth - 1
        if kind <= 1:
            return self._leaf(scope, "integer") or self._integer_literal()
        if kind == 2:
            return self._integer_literal()
        if kind == 3:
            return f"{self.one(('year', 'month', 'weekday'))}({self.date(scope, less)})"
        if kind == 4:
            return f"days({self.days(scope, less)})"
        if kind == 5:
            return f"length({self.text(scope, less)})"
        if kind == 6:
            return f"{self.one(('round', 'floor', 'ceil'))}({self.number(scope, less, DOUBLE)})"
        if kind == 7:
            return "(" + self._sum(lambda: self.integer(scope, less)) + ")"
        path, end = self._path(scope)
        inner = Scope(end, scope.rank, scope.outer if path.startswith("this.") else scope)
        if self.chance(50):
            return f"count({path}{self._where(inner, less)})"
        value = self._writer(self.one(("text", "date", "money", "integer")))(inner, less)
        return f"count(distinct {value} over {path}{self._where(inner, less)})"

    def money(self, scope: Scope, depth: int, scale: int) -> str:
        """An amount with at most so many decimal places."""
        if scale < FULL:
            return f"round({self.money(scope, depth - 1, FULL)}, {self.number_of(0, scale)})"
        kind = 0 if depth <= 0 else self.number_of(0, 12)
        less = depth - 1
        if kind <= 2:
            return self._leaf(scope, "money", scale) or self._money_literal()
        if kind == 3:
            return self._money_literal()
        if kind <= 5:
            return "(" + self._sum(lambda: self.money(scope, less, scale)) + ")"
        if kind == 6:
            if scale < DOUBLE:
                return f"({self.money(scope, less, FULL)} * {self.integer(scope, less)})"
            return f"({self.money(scope, less, FULL)} * {self.number(scope, less, FULL)})"
        if kind == 7:
            return f"({self.money(scope, less, DOUBLE)} / {self.number(scope, less, FULL)})"
        if kind == 8:
            inner = self.money(scope, less, scale)
            return self.one((f"abs({inner})", f"(-{inner})", f"round({inner}, {self.number_of(0, 10)})"))
        if kind == 9:
            day = f", {self.date(scope, 0)}" if self.chance(50) else ""
            return f"convert({self.money(scope, less, scale)}, {quoted(self.one(CURRENCIES[:4]))}{day})"
        if kind <= 11:
            return self._aggregate(scope, "money", less, scale)
        return self._chosen(scope, "money", less, scale)

    def date(self, scope: Scope, depth: int) -> str:
        kind = 0 if depth <= 0 else self.number_of(0, 7)
        less = depth - 1
        if kind <= 2:
            return self._leaf(scope, "date") or "today"
        if kind == 3:
            return self.one(("today", self._date_literal()))
        if kind <= 5:
            return f"({self.date(scope, less)} {self.one('+-')} {self._length(scope, less)})"
        if kind == 6:
            return self._aggregate(scope, "date", less, 0)
        return self._chosen(scope, "date", less)

    def days(self, scope: Scope, depth: int) -> str:
        """A duration in days."""
        kind = 0 if depth <= 0 else self.number_of(0, 5)
        less = depth - 1
        if kind == 0:
            return self._leaf(scope, "days") or self.one(DURATIONS)
        if kind == 1:
            return f"({self.date(scope, less)} - {self.date(scope, less)})"
        if kind == 2:
            return f"({self.integer(scope, less)} * 1 day)" if self.chance(50) else f"(2 days * {self.integer(scope, less)})"
        if kind == 3:
            return "(" + self._sum(lambda: self.days(scope, less)) + ")"
        if kind == 4:
            return self._aggregate(scope, "days", less, 0)
        return self._chosen(scope, "days", less)

    def truth(self, scope: Scope, depth: int) -> str:
        """A boolean that may be missing."""
        kind = 0 if depth <= 0 else self.number_of(0, 4)
        if kind <= 1:
            return self._leaf(scope, "truth") or self.one(("true", "false"))
        if kind == 2:
            return self._aggregate(scope, "truth", depth - 1, 0)
        return self._chosen(scope, "truth", depth - 1)

    # --- what several kinds share ---

    def _sum(self, write: Callable[[], str]) -> str:
        return write() + "".join(f" {self.one('+-')} {write()}" for _ in range(self.number_of(1, 2)))

    def _chosen(self, scope: Scope, kind: str, depth: int, scale: int = DOUBLE) -> str:
        """A function or a `case` that picks one of several values."""

        def write(less: int) -> str:
            if kind == "money":
                return "0" if self.chance(8) else self.money(scope, less, scale)
            return self.number(scope, less, scale) if kind == "number" else self._writer(kind)(scope, less)

        functions = ("coalesce", "case", "as of", "least", "greatest") if kind != "truth" else ("coalesce", "case", "as of")
        function = self.one(functions)
        first = self.money(scope, depth, scale) if kind == "money" else write(depth)  # a bare 0 alone would be a number
        if function == "as of":
            return f"(({first}) as of ({self.date(scope, depth)}))"
        if function == "case":
            otherwise = f" otherwise {write(0)}" if self.chance(60) else ""
            more = f" when {self.condition(scope, 0)} then {write(0)}" if self.chance(30) else ""
            return f"(case when {self.condition(scope, depth)} then {first}{more}{otherwise})"
        return f"{function}({first}, {write(0)}" + (f", {write(0)})" if self.chance(20) else ")")

    def _aggregate(self, scope: Scope, kind: str, depth: int, scale: int) -> str:
        path, end = self._path(scope)
        inner = Scope(end, scope.rank, scope.outer if path.startswith("this.") else scope)
        where = self._where(inner, depth)
        dated = ("latest", "earliest")
        functions = {
            "money": ("sum", "max", "min", "avg", "median", *dated),
            "number": ("sum", "max", "min", "avg", "median", "weighted", *dated),
            "days": ("sum", "max", "min", *dated),
            "date": ("max", "min", *dated),
            "text": ("max", "min", *dated),
            "truth": dated,
        }[kind]
        function = self.one(functions)
        if kind == "money" and function == "avg" and self.chance(50):
            function = "weighted"
        if function == "weighted":
            weight = self.money(inner, 0, FULL) if self.chance(40) else self.number(inner, depth, FULL)
            value = self.money(inner, depth, FULL) if kind == "money" else self.number(inner, depth, FULL)
            return f"avg({value} over {path} weighted by {weight}{where})"
        if kind in ("money", "number"):
            value = self.money(inner, depth, scale) if kind == "money" else self.number(inner, depth, scale)
            if function == "median" or (kind == "number" and function == "avg"):
                value = self.money(inner, depth, FULL) if kind == "money" else self.number(inner, depth, FULL)
        else:
            value = self._writer(kind)(inner, depth)
        by = f" by {self.date(inner, depth)}" if function in dated else ""
        return f"{function}({value} over {path}{by}{where})"

    def _where(self, scope: Scope, depth: int) -> str:
        return f" where {self.condition(scope, depth)}" if self.chance(65) else ""

    # --- leaves ---

    def leaf(self, scope: Scope, kind: str) -> str | None:
        """A bare name or path of the kind; None where none was found."""
        found = self._leaf(scope, kind)
        return None if found is None or " " in found or found.startswith(('"', "(")) else found

    def _leaf(self, scope: Scope, kind: str, scale: int = FULL) -> str | None:
        """A field, definition, parameter or target of the kind, on the row or at the end of a path; None where there is none."""
        route = self.number_of(0, 9)
        if route >= 8 and scope.outer is not None:
            found = self._own(scope.outer, kind, scale, "this.")
            if found is not None and not found.startswith("current"):
                return found
        if route >= 6:
            places = self._places(scope)
            if places:
                path, entity = self.one(places)
                found = self._own(replace(scope, entity=entity), kind, scale, path)
                if found is not None:
                    return found
        return self._own(scope, kind, scale, "")

    def _own(self, scope: Scope, kind: str, scale: int, path: str) -> str | None:
        route = self.number_of(0, 9)
        fields = [
            name
            for name, type in SCHEMA.entities[scope.entity].fields.items()
            if KINDS[type.kind] == kind and (scope.entity, name) not in TARGET_FIELDS
        ]
        names = [name.name for name in self._known(scope, kind, scale)]
        params = [name.name for name in self.names if name.entity is None and name.kind == kind]
        targets = [target for target in SCHEMA.targets_of(scope.entity) if target.shape is Shape.VALUE and KINDS[target.type.kind] == kind]
        if targets and route == 7:
            target = self.one(targets)
            now = self._now((target.name, None), scope.rank)
            if now is not None and not (now and path.startswith("this")):
                word = target.field if target.field is not None and self.chance(50) else target.name
                return f"{now} {path}{word}".strip()
        if names and (route >= 5 or not fields):
            return path + self.one(names)
        if params and not path and route == 4:
            return self.one(params)
        return path + self.one(fields) if fields else None

    def _known(self, scope: Scope, kind: str, scale: int = DOUBLE) -> list[Name]:
        fitting = [name for name in self.names if name.entity == scope.entity and name.kind == kind]
        return [name for name in fitting if name.scale <= scale and name.rank <= scope.rank]

    def _places(self, scope: Scope) -> list[tuple[str, str]]:
        """The ends of paths of one or two to-one links, with what to write before a name there."""
        found: list[tuple[str, str]] = []
        for link in self._to_one(scope.entity):
            found.append((f"{link.name}.", link.to))
            found.extend((f"{link.name}.{further.name}.", further.to) for further in self._to_one(link.to))
        if scope.entity == "customer" and (("collector", None) not in self.units or self.units.index(("collector", None)) < scope.rank):
            found.append(("collector.", "user"))
        return found

    @staticmethod
    def _to_one(entity: str) -> list[LinkDeclaration]:
        return [link for link in SCHEMA.entities[entity].links.values() if not link.many]

    def _path(self, scope: Scope) -> tuple[str, str]:
        """Links with at least one to many rows, and the entity at their end."""
        start = "this." if scope.outer is not None and self.chance(5) else ""
        entity = scope.outer.entity if start and scope.outer is not None else scope.entity
        links: list[str] = []
        while True:
            many = [link for link in SCHEMA.entities[entity].links.values() if link.many]
            one = self._to_one(entity)
            if many and (not one or self.chance(75)):
                link = self.one(many)
                links.append(link.name)
                entity = link.to
                break
            towards = [link for link in one if any(further.many for further in SCHEMA.entities[link.to].links.values())]
            link = self.one(towards)
            links.append(link.name)
            entity = link.to
        while len(links) < 4 and self.chance(20):
            link = self.one(list(SCHEMA.entities[entity].links.values()) or [link])
            if link.entity != entity:
                break
            links.append(link.name)
            entity = link.to
        return start + ".".join(links), entity

    # --- literals ---

    def _text_literal(self) -> str:
        return quoted(self.one(TEXTS))

    def _number_literal(self) -> str:
        number = self.one(NUMBERS)
        return f"(-{number})" if self.chance(15) else number

    def _integer_literal(self) -> str:
        return str(self.one((0, 1, 2, 3, 7, 30, 1000)))

    def _money_literal(self) -> str:
        amount = f"{self.one(AMOUNTS)} {self.one(CURRENCIES[:4])}"
        return f"(-{amount})" if self.chance(10) else amount

    def _date_literal(self) -> str:
        return (self.today + timedelta(days=self.one((0, -1, 1, -30, -60, 10, -400)))).isoformat()
