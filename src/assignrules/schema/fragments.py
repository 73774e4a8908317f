"""SQL fragments: parsed, and confined to what can only read (schema.md, section 2, "Safety").

A fragment is one scalar expression, one join or one query. What may stand in it is listed; anything that is not listed is refused, by
name, so that a new function of a database is refused until somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.schema.physical import Fragment

if TYPE_CHECKING:
    from sqlglot import exp

CODE = "E0221"
LONGEST = 20_000  # characters
DEEPEST = 60  # parentheses and CASEs inside each other


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Forms of sqlglot's tree that read and nothing else, by class.
FORMS = _words("""
    Add Alias And Any All AtTimeZone Between Boolean Bracket Case Cast Collate Column CTE DataType DataTypeParam Distinct Div
    DPipe EQ Escape Except Exists Extract Filter From GT GTE Group Having Identifier If ILike In IntDiv Intersect Interval
    IntervalSpan Is Join LT LTE Like Limit Literal Mod Mul NEQ Neg Not Null NullSafeEQ NullSafeNEQ Offset Or Order Ordered Paren
    Placeholder RegexpILike RegexpLike Select SimilarTo Star Sub Subquery Table TableAlias TryCast Tuple Union Values Var Where
    Window WindowSpec With WithinGroup
""")
# Functions that sqlglot knows, by class, and others by name. None is volatile, reads a clock, a file or a setting, or has an effect.
FUNCTIONS = _words("""
    Abs Acos Array Ascii Avg BitwiseAnd BitwiseOr BitwiseXor Ceil Chr Coalesce Concat ConcatWs Contains Convert Count CountIf
    Date DateAdd DateDiff DateFromParts DateStrToDate DateSub DateToDateStr DateToDi DateTrunc Day DayOfMonth DayOfWeek DayOfYear
    DenseRank DiToDate EndsWith Exp FirstValue Floor Format Greatest Initcap JSONExtract JSONExtractScalar JSONBExtract
    JSONBExtractScalar Lag LastDay LastValue Lead Least Left Length Levenshtein Ln Log Lower LogicalAnd LogicalOr LTrim
    MakeInterval Max MD5 Median Min Month NumberToStr Nullif Nvl2 Pad ParseJSON PercentileCont PercentileDisc Pow Quantile
    Quarter Rank RegexpExtract RegexpReplace Repeat Replace Reverse Right Round RowNumber RPad RTrim Sign SplitPart Sqrt
    StartsWith StrPosition StrToDate StrToTime StrToUnix StringAgg StrToMap Substring Sum TimeStrToDate TimeStrToTime TimeToStr
    Timestamp TimestampAdd TimestampDiff TimestampSub TimestampTrunc ToChar ToDays ToNumber Translate Trim Trunc TryToNumber
    TsOrDsAdd TsOrDsToDate TsOrDsDiff Unicode UnixToTime UnixToStr Upper Week WeekOfYear Xor Year DayOfWeekIso ArrayAgg
    JarowinklerSimilarity ToDate SafeDivide CurrencyFormat Bool Try Truncate GroupConcat CumeDist PercentRank Ntile NthValue
    Stddev Variance Typeof Hex Unhex StrToInt Variance
""")
NAMED = _words("""
    age btrim char_length date_part initcap instr isfinite isnull julian left len lpad ltrim make_date nvl position right rpad
    rtrim split_part strftime strip_accents strpos strptime substr substring to_char to_date to_number to_timestamp translate
    trim try_strptime unaccent list_value date_format str_to_date from_days makedate adddate subdate period_add sortkey elt field
    find_in_set row_number rank dense_rank
""")
CLOCKS = _words("""
    CurrentDate CurrentDatetime CurrentTime CurrentTimestamp CurrentTimestampLTZ Localtime Localtimestamp UtcDate UtcTime
    UtcTimestamp now curdate curtime sysdate getdate today clock_timestamp statement_timestamp transaction_timestamp timeofday
    localtimestamp current_localtimestamp current_localtime get_current_timestamp get_current_time unix_timestamp
""")


class Refused(Exception):
    """A fragment that may not run. ``help`` proposes a way out."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


def check_fragment(fragment: Fragment, kind: str, dialect: str, parameters: Collection[str]) -> tuple[Diagnostic, ...]:
    """What is wrong with a fragment of a kind: ``value``, ``join`` or ``query``; nothing where it may run."""
    try:
        tree = parsed(fragment.text, kind, dialect)
    except Refused as refusal:
        return (diagnostic(CODE, str(refusal), fragment.span, help=refusal.help),)
    from sqlglot import exp

    unknown = sorted({str(node.this) for node in tree.find_all(exp.Placeholder)} - set(parameters))
    known = ", ".join(f"`:{name}`" for name in parameters)
    return tuple(
        diagnostic("E0206", f"the fragment reads the unknown parameter `:{name}`", fragment.span, help=f"parameters are {known}")
        for name in unknown
    )


@cache
def parsed(text: str, kind: str, dialect: str) -> exp.Expression:
    """The tree of a fragment: of a ``value`` the expression, of a ``query`` the query, of a ``join`` a SELECT that bears it. To be copied
    before it is used. Raises ``Refused``."""
    if kind == "join":
        tree = _one(f"SELECT 1 FROM self {text}", dialect)
        return _confined(_joins_alone(tree), text)
    tree = _one(text, dialect)
    return _confined(_query(tree) if kind == "query" else _value(tree), text)


def _one(text: str, dialect: str) -> exp.Expression:
    import sqlglot
    from sqlglot.errors import ErrorLevel, SqlglotError

    if len(text) > LONGEST:
        raise Refused(f"a fragment may have {LONGEST} characters, and this one has {len(text)}")
    if not text.strip():
        raise Refused("the fragment is empty")
    depth = deepest = 0
    for character in text:
        depth += 1 if character in "([" else -1 if character in ")]" else 0
        deepest = max(deepest, depth)
    if deepest > DEEPEST or text.upper().count("CASE") > 4 * DEEPEST:
        raise Refused(f"a fragment may be nested {DEEPEST} levels deep")
    try:
        trees = sqlglot.parse(text, read=dialect, error_level=ErrorLevel.IMMEDIATE)
    except SqlglotError as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise Refused(f"the fragment is no SQL of `{dialect}`: {reason[:1].lower()}{reason[1:]}") from error
    except RecursionError as error:
        raise Refused("the fragment is nested too deeply") from error
    found = [tree for tree in trees if tree is not None]
    if len(trees) != 1 or len(found) != 1:
        raise Refused("a fragment is one expression, and this is more than one statement", "leave the `;` out")
    return found[0]  # type: ignore[return-value]  # sqlglot's own type is wider


def _value(tree: exp.Expression) -> exp.Expression:
    from sqlglot import exp

    if isinstance(tree, exp.Select | exp.SetOperation):
        raise Refused("a value is an expression, and this is a query", "put a query for one value in parentheses")
    if isinstance(tree, exp.Alias | exp.Star | exp.Table | exp.Tuple | exp.Interval) or not isinstance(tree, exp.Condition | exp.Subquery):
        raise Refused("this is no expression that gives one value")
    for node in tree.find_all(exp.AggFunc):
        if node.find_ancestor(exp.Select, exp.Window) is None:
            raise Refused(f"`{node.sql_name().lower()}` needs many rows, and a value is made of one", "put it in a query in parentheses")
    return tree


def _query(tree: exp.Expression) -> exp.Expression:
    from sqlglot import exp

    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise Refused("only a SELECT can stand here")
    return tree


def _joins_alone(tree: exp.Expression) -> exp.Expression:
    from sqlglot import exp

    parts = {name for name, part in tree.args.items() if part} if isinstance(tree, exp.Select) else set()
    if parts - {"kind"} != {"expressions", "from_", "joins"} or len(tree.expressions) != 1:
        raise Refused(
            "a `join` is a JOIN with its table and condition, and nothing else", "write it like `LEFT JOIN t AS x ON x.id = self.t_id`"
        )
    source = tree.args["from_"].this
    if not isinstance(source, exp.Table) or source.alias or source.args.get("joins") or source.args.get("laterals"):
        raise Refused("a `join` starts with the word JOIN, LEFT JOIN, …")
    if not all(join.args.get("on") or join.args.get("using") or join.kind == "CROSS" for join in tree.args["joins"]):
        raise Refused("a `join` has a condition", "write it like `LEFT JOIN t AS x ON x.id = self.t_id`")
    return tree


def _confined(tree: exp.Expression, text: str) -> exp.Expression:
    from sqlglot import exp

    for node in tree.walk():
        node.comments = None
        kind = type(node).__name__
        if isinstance(node, exp.Anonymous):
            _named(str(node.this))
        elif kind in CLOCKS:
            _named(node.sql_name() if isinstance(node, exp.Func) else kind, clock=True)
        elif isinstance(node, exp.Func) and kind not in FUNCTIONS and kind not in FORMS:
            _named(node.sql_name())
        elif kind not in FORMS and kind not in FUNCTIONS:
            raise Refused(f"a fragment cannot hold `{_worded(kind)}`", "a fragment only reads: expressions of columns, and SELECT")
        if isinstance(node, exp.Select) and any(node.args.get(part) for part in ("into", "locks", "hint", "sample", "laterals", "pivots")):
            raise Refused("a SELECT of a fragment only reads: without INTO, FOR UPDATE or a hint")
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
            raise Refused("a fragment reads tables by name, and no function in their place")
        if isinstance(node, exp.Table) and _is_file(node):
            raise Refused(f"`{node.name}` reads like a file, and a fragment reads tables only", "give the schema and the table apart")
        if isinstance(node, exp.Placeholder) and not node.this:
            raise Refused("a fragment has no `?`", "write a parameter by name, like `:company`")
    return tree


def _is_file(table: exp.Table) -> bool:
    name = table.name.lower()
    return "://" in name or "/" in name or name.endswith((".csv", ".parquet", ".json", ".jsonl", ".ndjson", ".tsv", ".gz", ".xlsx", ".db"))


def _named(name: str, *, clock: bool = False) -> None:
    word = name.lower()
    if clock or word in CLOCKS:
        raise Refused(f"`{word}` reads the clock, and a plan is of one day", "`:as_of` is the day that the rules take for today")
    if word not in NAMED:
        raise Refused(f"the function `{word}` is not among those that a fragment may call")


def _worded(kind: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()


def is_inexact(text: str, dialect: str) -> bool:
    """Whether a value's fragment divides or computes in floating point, which money should not."""
    from sqlglot import exp

    tree = parsed(text, "value", dialect)
    floats = {exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE}
    return tree.find(exp.Div) is not None or any(cast.to.this in floats for cast in tree.find_all(exp.Cast))
