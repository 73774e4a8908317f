"""What an SQL fragment may hold: what can only read, and gives the same for the same rows (schema.md, section 2, "Safety").

What may stand in it is listed; anything that is not listed is refused, by name, so that a new function of a database is refused until
somebody has looked at it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

DEEPEST = 200  # anything inside each other; databases, too, give up somewhere
LONGEST_CHAIN = 500  # operands of one operator, like `a || b || c`
WIDEST = 1_000  # characters that REPEAT, LPAD and the like may ask for


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Forms of sqlglot's tree that read and nothing else, by class.
FORMS = _words("""
    Add Alias And Any All AtTimeZone Between Boolean Bracket Case Cast Collate Column CTE DataType DataTypeParam Distinct Div
    DPipe EQ Escape Except Exists Extract Filter From GT GTE Group Having Identifier If ILike In IntDiv Intersect Interval
    IntervalSpan Is Join LT LTE Like Limit Literal Mod Mul NEQ Neg Not Null NullSafeEQ NullSafeNEQ Offset Or Order Ordered Paren
    Placeholder RegexpILike RegexpLike Select SimilarTo Star Sub Subquery Table TableAlias TryCast Tuple Union Values Var Where
    Window WindowSpec With WithinGroup JSONPath JSONPathKey JSONPathRoot JSONPathSubscript
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
    Stddev Typeof Hex Unhex StrToInt Variance Overlay SubstringIndex TsOrDsToTimestamp
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
# Bare words that are functions on one database or another, where a column of that name would have to be qualified or quoted.
SESSION = _words("user current_user session_user system_user current_role current_catalog current_schema current_database")
# What PostgreSQL keeps in every table of its own accord: where a row lies, and who wrote it.
KEPT_WITH_ROWS = _words("ctid xmin xmax cmin cmax tableoid")
# What the databases keep of themselves: settings, passwords, other people's statements; by schema, and by the start of a name.
SYSTEM = {
    "duckdb": (_words("information_schema pg_catalog system"), ("pg_", "duckdb_", "pragma_", "sqlite_")),
    "postgres": (_words("information_schema pg_catalog pg_toast"), ("pg_",)),
    "mysql": (_words("information_schema mysql performance_schema sys"), ()),
}
# Types that a cast may name: a type that somebody has made may call what he likes.
TYPES = _words("""
    ARRAY BIGINT BINARY BIT BLOB BOOLEAN BPCHAR CHAR CHARACTER_SET DATE DATETIME DECIMAL DOUBLE FLOAT INT INT128 INTERVAL JSON JSONB
    LIST LONGTEXT MEDIUMINT MEDIUMTEXT MONEY NAME NCHAR NVARCHAR SMALLINT TEXT TIME TIMESTAMP TIMESTAMPLTZ TIMESTAMPNTZ TIMESTAMPTZ
    TIMESTAMP_MS TIMESTAMP_NS TIMESTAMP_S TIMETZ TINYINT TINYTEXT UBIGINT UDECIMAL UDOUBLE UINT UINT128 UMEDIUMINT USMALLINT
    UTINYINT UUID VARBINARY VARCHAR YEAR
""")
TEMPORAL = _words("DATE DATETIME TIME TIMESTAMP TIMESTAMPLTZ TIMESTAMPNTZ TIMESTAMPTZ TIMESTAMP_MS TIMESTAMP_NS TIMESTAMP_S TIMETZ")
READS_DATES = _words("Date DateAdd DateDiff DateSub DateTrunc Extract Timestamp TimestampTrunc TsOrDsAdd TsOrDsDiff TsOrDsToDate")
CLOCK_WORDS = re.compile(r"\b(now|today|tomorrow|yesterday)\b", re.IGNORECASE)
# A file, for DuckDB: by its ending, with or without that of a compression.
FILE = re.compile(
    r".*\.(arrow|avro|csv|db|duckdb|feather|geojson|gz|jsonl?|ndjson|orc|parquet|pq|shp|sqlite|tsv|txt|xlsx?|zip|zst)(\.(bz2|gz|xz|zst))?"
)


class Refused(Exception):
    """A fragment that may not run. ``help`` proposes a way out."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


def confined(tree: exp.Expression, dialect: str) -> exp.Expression:
    """A tree that may run, without its comments. Raises ``Refused``."""
    from sqlglot import exp

    _shallow(tree)
    for node in tree.walk():
        node.comments = None
        kind = type(node).__name__
        if isinstance(node, exp.Anonymous):
            # with one argument it is the time until today
            _named(str(node.this), clock=str(node.this).lower() == "age" and len(node.expressions) < 2)
        elif kind in CLOCKS:
            _named(node.sql_name() if isinstance(node, exp.Func) else kind, clock=True)
        elif isinstance(node, exp.Func) and kind not in FUNCTIONS and kind not in FORMS:
            _named(node.sql_name())
        elif kind not in FORMS and kind not in FUNCTIONS:
            raise Refused(f"a fragment cannot hold `{_worded(kind)}`", "a fragment only reads: expressions of columns, and SELECT")
        match node:
            case exp.Select() if any(node.args.get(part) for part in ("into", "locks", "hint", "sample", "laterals", "pivots")):
                raise Refused("a SELECT of a fragment only reads: without INTO, FOR UPDATE or a hint")
            case exp.With() if node.recursive:
                raise Refused("a query of a fragment cannot be recursive, as it may never end")
            case exp.Table():
                _stored(node, dialect)
            case exp.Column():
                _kept(node, dialect)
            case exp.Placeholder() if not node.this:
                raise Refused("a fragment has no `?`", "write a parameter by name, like `:company`")
            case exp.Alias() if not isinstance(node.parent, exp.Select):
                raise Refused(f"a fragment cannot hold `{node.alias}` here, which is a name and no value")
            case exp.Star() if not isinstance(_around(node), exp.Select | exp.Count):
                raise Refused("a `*` is many values, and here one is needed")
            case exp.DataType() if isinstance(node.this, exp.DataType.Type) and node.this.name not in TYPES:
                if str(node.args.get("kind")).lower() != "citext":  # text, to which letters are the same in both cases
                    raise Refused(
                        f"a fragment cannot name the type `{node.sql(dialect=dialect)}`", "known are those of numbers, texts and dates"
                    )
        _timeless(node)
        _bounded(node)
    return tree


def _around(star: exp.Star) -> exp.Expr | None:
    """What a `*`, or a `t.*`, stands in."""
    from sqlglot import exp

    return star.parent.parent if isinstance(star.parent, exp.Column) else star.parent


def _shallow(tree: exp.Expression) -> None:
    """Refuses what is nested so deeply that a database, or whoever prints it, gives up."""
    from sqlglot import exp

    nested, chained = {id(tree): 0}, {id(tree): 0}
    for node in tree.walk():
        if node.parent is not None and node is not tree:
            same = isinstance(node, exp.Binary) and type(node) is type(node.parent)
            nested[id(node)] = nested[id(node.parent)] + (0 if same else 1)
            chained[id(node)] = chained[id(node.parent)] + 1
        if nested[id(node)] > DEEPEST or chained[id(node)] > LONGEST_CHAIN:
            raise Refused("the fragment is nested too deeply")


def _stored(table: exp.Table, dialect: str) -> None:
    """Refuses what stands for a table and is none of the company's."""
    from sqlglot import exp

    if not isinstance(table.this, exp.Identifier):
        raise Refused("a fragment reads tables by name, and no function in their place")
    name = table.name.lower()
    if "://" in name or "/" in name or "*" in name or FILE.fullmatch(name):
        raise Refused(f"`{table.name}` reads like a file, and a fragment reads tables only", "give the schema and the table apart")
    schemas, starts = _system(dialect)
    places = {table.db.lower(), table.catalog.lower()} - {""}
    places |= {*name.split(".")[:-1]}  # BigQuery's `information_schema.tables` is one word
    if places & schemas or (not places and name.startswith(starts)):
        raise Refused(f"`{table.name}` is one of the system's own tables, and a fragment reads those of the company")


def _system(dialect: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The schemas, and the starts of names, of the system's own tables: of a dialect that only others are translated from, all of them."""
    if dialect in ("duckdb", "postgres"):
        return SYSTEM[dialect]
    found = SYSTEM.values()
    return frozenset().union(*(schemas for schemas, _ in found)), tuple(dict.fromkeys(start for _, starts in found for start in starts))


def _kept(column: exp.Column, dialect: str) -> None:
    """Refuses names that are no column of anybody."""
    from sqlglot import exp

    name = column.name.lower()
    bare = isinstance(column.this, exp.Identifier) and not column.this.quoted and not column.table
    if bare and name in SESSION | CLOCKS:
        raise Refused(
            f"the function `{name}` is not among those that a fragment may call", f"a column of that name is written `self.{name}`"
        )
    if dialect == "postgres" and name in KEPT_WITH_ROWS:
        raise Refused(f"`{name}` is the system's own, and changes when nothing changes")


def _timeless(node: exp.Expr) -> None:
    """Refuses texts that become dates by the clock, as PostgreSQL's `'today'` does."""
    from sqlglot import exp

    compared = exp.LT | exp.LTE | exp.GT | exp.GTE | exp.Between | exp.Add | exp.Sub
    if isinstance(node, compared):
        texts = [part.name.strip() for part in node.iter_expressions() if isinstance(part, exp.Literal) and part.is_string]
        found = any(CLOCK_WORDS.fullmatch(text) for text in texts)
    elif type(node).__name__ in READS_DATES or (isinstance(node, exp.Cast) and getattr(node.to.this, "name", "") in TEMPORAL):
        # what is compared within, as in a WHEN, does not become the date
        parts = node.walk(prune=lambda part: isinstance(part, exp.Predicate) or _is_when(part))
        texts = [part.name for part in parts if isinstance(part, exp.Literal) and part.is_string and not _is_when(part)]
        found = any(CLOCK_WORDS.search(text) for text in (*texts, "".join(texts)))
    else:
        found = False
    if found:
        raise Refused(
            "a text like `now` or `today` reads the clock, and a plan is of one day", "`:as_of` is the day that the rules take for today"
        )


def _is_when(part: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(part.parent, exp.If) and part.arg_key == "this"


def _bounded(node: exp.Expr) -> None:
    """Refuses functions that make a text of any length."""
    from sqlglot import exp

    if isinstance(node, exp.Format):
        pattern = node.this
        if not isinstance(pattern, exp.Literal) or re.search(r"\d{4}|\*", pattern.name):
            raise Refused("`format` takes a pattern of its own, with widths below 1000")
        return
    name = node.name.lower() if isinstance(node, exp.Anonymous) else node.sql_name().lower() if isinstance(node, exp.Func) else ""
    if isinstance(node, exp.Repeat):
        size = node.args.get("times")
    elif isinstance(node, exp.Pad):
        size = node.expression
    elif name in ("lpad", "rpad") and len(node.expressions) > 1:
        size = node.expressions[1]
    else:
        return
    if not isinstance(size, exp.Literal) or not size.name.isdigit() or int(size.name[:9]) > WIDEST:
        raise Refused(f"`{name}` makes a text of up to {WIDEST} characters, and the number of them is written out")
    if isinstance(node, exp.Repeat) and node.find_ancestor(exp.Repeat) is not None:
        raise Refused("`repeat` does not stand in another one, as the two multiply")


def _named(name: str, *, clock: bool = False) -> None:
    word = name.lower()
    if clock or word in CLOCKS:
        raise Refused(f"`{word}` reads the clock, and a plan is of one day", "`:as_of` is the day that the rules take for today")
    if word not in NAMED:
        raise Refused(f"the function `{word}` is not among those that a fragment may call")


def _worded(kind: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
