"""SQL fragments: parsed, and confined to what can only read (schema.md, section 2, "Safety").

A fragment is one scalar expression, one join or one query. What may stand in it is a matter of `schema.confined`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.schema.confined import Refused, confined
from assignrules.schema.physical import Fragment

if TYPE_CHECKING:
    from sqlglot import exp

CODE = "E0221"
LONGEST = 20_000  # characters
WITHOUT_LENIENCY = "map the column itself: what does not fit its type reads as missing and is counted; or test its form first in a CASE"
DEEPEST = 60  # parentheses and CASEs inside each other


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


def check_translation(fragment: Fragment, kind: str, written: str, dialect: str) -> tuple[Diagnostic, ...]:
    """What a fragment that may run loses in the SQL of the database that it is to run on."""
    lost = None if written == dialect else lost_leniency(parsed(fragment.text, kind, written), dialect)
    if lost is None:
        return ()
    message = f"`{lost.sql(dialect=written)}` gives NULL where a value does not fit, and in the SQL of `{dialect}` it would fail"
    return (diagnostic(CODE, message, fragment.span, help=WITHOUT_LENIENCY),)


def lost_leniency(tree: exp.Expr, dialect: str) -> exp.Expr | None:
    """The first part of a tree that gives NULL where a value does not fit, like `TRY_CAST`, and that a dialect can only say in a way
    that fails."""
    with _silent():
        for node in tree.walk():
            strict = _strict(node)
            if strict is not None and node.sql(dialect=dialect) == strict.sql(dialect=dialect):
                return node
    return None


def _strict(node: exp.Expr) -> exp.Expr | None:
    """What a lenient node would be if it failed instead; None where it is none. Everything fits a text."""
    from sqlglot import exp

    match node:
        case exp.TryCast():
            return None if node.to.this in exp.DataType.TEXT_TYPES else exp.Cast(this=node.this.copy(), to=node.to.copy())
        case exp.Try():
            return node.this if isinstance(node.this, exp.Expr) else None
        case exp.Convert() | exp.ToNumber() | exp.TsOrDsToDate() | exp.StrToTime() | exp.StrToDate() if node.args.get("safe"):
            strict = node.copy()
            strict.set("safe", False)
            return strict
        case _:
            return None


@cache
def parsed(text: str, kind: str, dialect: str) -> exp.Expression:
    """The tree of a fragment: of a ``value`` the expression, of a ``query`` the query, of a ``join`` a SELECT that bears it. To be copied
    before it is used. Raises ``Refused``."""
    if kind == "join":
        tree = _one(f"SELECT 1 FROM self {text}", dialect, kind)
        return confined(_joins_alone(tree), dialect)
    tree = _one(text, dialect, kind)
    return confined(_query(tree) if kind == "query" else _value(tree), dialect)


def _one(text: str, dialect: str, kind: str) -> exp.Expression:
    import sqlglot
    from sqlglot.errors import ErrorLevel, SqlglotError

    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Refused("a fragment is made of characters, and NUL and lone surrogates are none")
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
        with _silent():
            trees = sqlglot.parse(text, read=dialect, error_level=ErrorLevel.IMMEDIATE)
            if kind == "value" and isinstance(trees[0], sqlglot.exp.Command) and trees[0].name.upper() == "REPLACE":
                # MySQL's function is a statement for the tokenizer, where it comes first
                around = sqlglot.parse_one(f"({text}\n)", read=dialect, error_level=ErrorLevel.IMMEDIATE)
                trees = [around.this if isinstance(around, sqlglot.exp.Paren) else around]
            comments = [comment for token in sqlglot.tokenize(text, read=dialect) for comment in token.comments] if "/*" in text else []
    except SqlglotError as error:
        reason = re.sub(r"(?i)required keyword: .* missing for <class .*?>", "a part is missing", str(error).splitlines()[0]).rstrip(".")
        raise Refused(f"the fragment is no SQL of `{dialect}`: {reason[:1].lower()}{reason[1:]}") from error
    except RecursionError as error:
        raise Refused("the fragment is nested too deeply") from error
    found = [tree for tree in trees if tree is not None and not isinstance(tree, sqlglot.exp.Semicolon)]
    if any(comment.lstrip("M").startswith("!") for comment in comments):
        raise Refused("a comment of a fragment cannot hold what some databases run", "leave the `!` out")
    if not found and ";" not in text:
        raise Refused("the fragment is empty")
    if len(trees) != 1 or len(found) != 1:
        raise Refused("a fragment is one expression, and this is more than one statement", "leave the `;` out")
    return found[0]  # type: ignore[return-value]  # sqlglot's own type is wider


@contextmanager
def _silent() -> Iterator[None]:
    """The parser's own log tells of statements that it does not know, which are refused anyway."""
    log = logging.getLogger("sqlglot")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _value(tree: exp.Expression) -> exp.Expression:
    from sqlglot import exp

    if isinstance(tree, exp.Select | exp.SetOperation):
        raise Refused("a value is an expression, and this is a query", "put a query for one value in parentheses")
    if isinstance(tree, exp.Alias | exp.Star | exp.Table | exp.Tuple | exp.Interval) or not isinstance(
        tree, exp.Condition | exp.Subquery | exp.AtTimeZone
    ):
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


def is_inexact(text: str, dialect: str) -> bool:
    """Whether a value's fragment divides or computes in floating point, which money should not."""
    from sqlglot import exp

    tree = parsed(text, "value", dialect)
    floats = {exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE}
    return tree.find(exp.Div) is not None or any(cast.to.this in floats for cast in tree.find_all(exp.Cast))
