"""The keys of the YAML form, said once: the reader, the JSON Schema and the table of the documents are made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What stands behind a key; the value is how the documents say it."""

    TEXT = "a text"
    NAME = "a name"
    TYPE = "a type"
    LEVEL = "`low`, `medium` or `high`"
    AUDIENCE = "`risk` or `collection`"
    RHYTHM = "`week`, `month`, `quarter` or `year`"
    FLAG = "`true` or `false`"
    CONDITION = "a condition"
    EXPRESSION = "an expression"
    AMOUNT = "a number, an amount, a date or a duration"
    VALUE = "a value"
    OTHERWISE = "`keep`, `clear`, `restore` or a value"
    OTHERS = "`others` or a condition"
    MANUAL = "`manual`"
    TOP = "as `150 by overdue per collector`"
    COOLDOWN = "as `90 days` or `90 days after removal`"
    LIMIT = "as `50 changes by overdue per collector`"
    GUARD = "as `at most 20%` or `at most 100 changes`"
    EXPRESSIONS = "a list of expressions"
    VALUES = "a list of values"
    COLUMNS = "a list of columns, or names with their expressions"
    ORDERS = "a list, as `[overdue descending]`"
    ARGUMENTS = "parameters with their values"
    LINES = "a list of lines"
    POINTS = "a list of points"
    BANDS = "a list of bands"
    CLASSES = "a list of classes"
    STEPS = "a list of steps"
    DISTRIBUTE = "how to share"


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what stands behind it, whether it may be left out, and what it means."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of a mapping. ``short``: what a single value in its place stands for, the key of this name.

    ``what`` is how messages call it. ``free``: one further key is a name of the ruleset (the target, the label of a class).
    """

    what: str
    keys: tuple[Key, ...]
    short: str | None = None
    free: str | None = None

    def key(self, name: str) -> Key | None:
        """A key by its name."""
        return next((key for key in self.keys if key.name == name), None)


@dataclass(frozen=True, slots=True)
class Section:
    """A key at the top of the file and the statements below it.

    ``named_by``: what the statements are called by, a name, a text, or nothing (they stand in a list). ``aliases`` are read too.
    ``one_line``: a statement stands on one line where it fits.
    """

    name: str
    statement: str
    shape: Shape
    named_by: Kind | None
    meaning: str
    one_line: bool = False
    aliases: tuple[str, ...] = ()


_LABEL = Key("label", Kind.TEXT, "what people call it")
_ON = Key("on", Kind.NAME, "the entity; left out: customer")
_SHOW = Key("show", Kind.COLUMNS, "the columns")
_ORDER_BY = Key("order by", Kind.ORDERS, "the order of the rows")

PARAM = Shape(
    "a param",
    (
        Key("type", Kind.TYPE, "the type", required=True),
        Key("value", Kind.EXPRESSION, "the value, unless a project or `use` sets another", required=True),
    ),
)
DEFINE = Shape("a define", (_ON, Key("is", Kind.EXPRESSION, "what it stands for", required=True)), short="is")
SEARCH = Shape(
    "a search",
    (
        _LABEL,
        _ON,
        Key("where", Kind.CONDITION, "which rows", required=True),
        Key("top", Kind.TOP, "only the largest of them"),
    ),
    short="where",
)
USE = Shape(
    "an entry of `use`",
    (
        Key("pack", Kind.TEXT, "the rule pack", required=True),
        Key("as", Kind.NAME, "the prefix of its names"),
        Key("with", Kind.ARGUMENTS, "its parameters"),
    ),
)
LINE = Shape(
    "a line",
    (
        Key("value", Kind.VALUE, "the value", required=True),
        Key("to", Kind.CONDITION, "who gets it", required=True),
    ),
)
DISTRIBUTE = Shape(
    "`distribute`",
    (
        Key("where", Kind.CONDITION, "who is shared out", required=True),
        Key("among", Kind.VALUES, "the values", required=True),
        Key("by", Kind.EXPRESSIONS, "the measures to balance; `1` counts subjects", required=True),
        Key("keeping together", Kind.EXPRESSION, "the link whose subjects stay together"),
        Key("within capacity", Kind.FLAG, "whether a user's capacity is never passed"),
        Key("within", Kind.AMOUNT, "how far from the average a total may be before anyone is moved"),
        Key("moving at most", Kind.AMOUNT, "the share of the subjects that may change"),
        Key("per", Kind.RHYTHM, "with `moving at most`: not in each run, but in all of a calendar period"),
    ),
)
ASSIGN = Shape(
    "an assign",
    (
        Key("target", Kind.NAME, "the target, where its name is also a key of this table"),
        Key("member", Kind.VALUE, "the member, where the target stands behind `target`"),
        _LABEL,
        Key("lines", Kind.LINES, "the lines; the first whose condition holds wins"),
        Key("otherwise", Kind.OTHERWISE, "what becomes of the rest"),
        Key("distribute", Kind.DISTRIBUTE, "shares subjects among values"),
        Key("add", Kind.CONDITION, "who is put in"),
        Key("remove", Kind.OTHERS, "who is taken out"),
        Key("eligibility", Kind.CONDITION, "who gets cover"),
        Key("amount", Kind.AMOUNT, "the amount of the cover, beside `eligibility`"),
        Key("removal", Kind.OTHERS, "who loses cover"),
        Key("where", Kind.CONDITION, "only these subjects are looked at"),
        Key("except", Kind.CONDITION, "these are held"),
        Key("keep", Kind.MANUAL, "what was changed by hand is held"),
        Key("keep manual", Kind.FLAG, "the same as `keep: manual`"),
        Key("cooldown", Kind.COOLDOWN, "no change for so long after the last"),
        Key("limit", Kind.LIMIT, "no more changes than these at once"),
        Key("guard", Kind.GUARD, "more changes than these make the plan not applicable"),
        Key("from", Kind.AMOUNT, "the first day on which the rule runs"),
        Key("until", Kind.AMOUNT, "the last day on which the rule runs"),
        Key("because", Kind.TEXT, "the reason kept with each change"),
        Key("priority", Kind.AMOUNT, "which block decides where several could"),
        Key("disabled", Kind.FLAG, "whether the block is left out"),
    ),
    free="the target, with the member of a set or a cover, or the label of a value target",
)
BAND = Shape(
    "a band",
    (
        Key("up to", Kind.AMOUNT, "the upper bound, with the value behind `is`"),
        Key("is", Kind.AMOUNT, "the value"),
        Key("above", Kind.AMOUNT, "the value above all bounds"),
        Key("missing", Kind.AMOUNT, "the value where the measure is missing"),
    ),
)
POINTS = Shape(
    "an entry of `points`",
    (
        Key("add", Kind.AMOUNT, "the points, negative ones too"),
        Key("when", Kind.CONDITION, "who gets them"),
        Key("by", Kind.EXPRESSION, "the measure of the bands"),
        Key("bands", Kind.BANDS, "the bands, rising"),
    ),
)
CLASS = Shape(
    "a class",
    (
        Key("label", Kind.TEXT, "the class, where it is called `otherwise`, `label` or `from`"),
        Key("from", Kind.AMOUNT, "its threshold, beside `label`"),
        Key("otherwise", Kind.TEXT, "the class of the rest"),
    ),
    free="the class, with its threshold",
)
SCORE = Shape(
    "a score",
    (
        _LABEL,
        _ON,
        Key("base", Kind.AMOUNT, "where counting starts"),
        Key("points", Kind.POINTS, "the points; all lines add up"),
        Key("classes", Kind.CLASSES, "the classes by threshold"),
    ),
)
STEP = Shape(
    "a step",
    (
        Key("when", Kind.TEXT, "as `10 days after due`", required=True),
        Key("channel", Kind.NAME, "email, letter, call or task", required=True),
        Key("label", Kind.TEXT, "what is sent or done"),
        Key("automatic", Kind.FLAG, "whether it is done without a person"),
    ),
)
SCENARIO = Shape("a scenario", (Key("steps", Kind.STEPS, "its steps; `no steps` in place of the keys: none"),), short="steps")
PROPOSE = Shape(
    "a proposal",
    (
        _ON,
        Key("to", Kind.CONDITION, "about whom", required=True),
        Key("amount", Kind.AMOUNT, "the amount at stake"),
        Key("approver", Kind.NAME, "who decides"),
        Key("cooldown", Kind.AMOUNT, "how long a refusal holds"),
        _SHOW,
        Key("because", Kind.TEXT, "the reason"),
    ),
)
ALERT = Shape(
    "an alert",
    (
        _LABEL,
        _ON,
        Key("level", Kind.LEVEL, "how urgent it is"),
        Key("for", Kind.AUDIENCE, "whom it is for"),
        Key("where", Kind.CONDITION, "which rows", required=True),
        _SHOW,
        _ORDER_BY,
    ),
)
REPORT = Shape(
    "a report",
    (
        _LABEL,
        _ON,
        Key("where", Kind.CONDITION, "which rows"),
        Key("group by", Kind.EXPRESSIONS, "the groups, which are the first columns"),
        Key("show", Kind.COLUMNS, "the columns", required=True),
        _ORDER_BY,
    ),
)
REQUIRE = Shape(
    "a requirement",
    (
        Key("no", Kind.NAME, "the entity", required=True),
        Key("where", Kind.CONDITION, "the condition that no row of it may fulfil", required=True),
    ),
)

HOLD = Shape("a hold", (_ON, Key("where", Kind.CONDITION, "who is held", required=True)), short="where")

SECTIONS = (
    Section("params", "param", PARAM, Kind.NAME, "parameters", one_line=True),
    Section("use", "use", USE, None, "rule packs"),
    Section("defines", "define", DEFINE, Kind.NAME, "names for expressions", one_line=True),
    Section("searches", "search", SEARCH, Kind.NAME, "conditions with a name", one_line=True),
    Section("scores", "score", SCORE, Kind.NAME, "points and classes"),
    Section("scenarios", "scenario", SCENARIO, Kind.TEXT, "the scenario catalogue"),
    Section("assign", "assign", ASSIGN, None, "who gets what"),
    Section("hold", "hold", HOLD, Kind.TEXT, "whom no block changes", one_line=True),
    Section("propose", "propose", PROPOSE, Kind.TEXT, "changes for a person to decide on", aliases=("proposals",)),
    Section("alerts", "alert", ALERT, Kind.NAME, "rows to look at"),
    Section("reports", "report", REPORT, Kind.NAME, "tables"),
    Section("require", "require", REQUIRE, Kind.TEXT, "what must hold after a plan", one_line=True),
    Section("warn", "warn", REQUIRE, Kind.TEXT, "what should hold after a plan", one_line=True),
)
SECTION_OF = {name: section for section in SECTIONS for name in (section.name, *section.aliases)}

# what stands in a list below a key of the kind
ENTRIES = {Kind.LINES: LINE, Kind.POINTS: POINTS, Kind.BANDS: BAND, Kind.CLASSES: CLASS, Kind.STEPS: STEP}

# the keys of a structured condition
STRUCTURED = ("all", "any", "not")
