"""The built-in functions by name, and the parts that a call of each may have."""

from __future__ import annotations

from collections.abc import Iterator

from assignrules.diagnostics import Diagnostic, diagnostic
from assignrules.diagnostics.model import did_you_mean
from assignrules.syntax.tree import Call, Path

_FUNCTIONS = (
    "abs round floor ceil least greatest coalesce lower upper trim length concat days year month weekday date convert amount currency"
)
FUNCTIONS = tuple(_FUNCTIONS.split())

# per aggregate: the parts that it needs, and those that it may have; "link" is the path as its only argument
AGGREGATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "count": (("link",), ("where",)),
    "any": (("link",), ("where",)),
    "none": (("link",), ("where",)),
    "every": (("link", "satisfies"), ("where",)),
    "sum": (("over",), ("where",)),
    "min": (("over",), ("where",)),
    "max": (("over",), ("where",)),
    "median": (("over",), ("where",)),
    "avg": (("over",), ("weighted by", "where")),
    "latest": (("over", "by"), ("where",)),
    "earliest": (("over", "by"), ("where",)),
}

_SHAPES = {
    "count": "count(documents where …)",
    "any": "any(documents where …)",
    "none": "none(documents where …)",
    "every": "every(documents where … satisfies …)",
    "sum": "sum(open_amount over documents where …)",
    "min": "min(due_date over documents where …)",
    "max": "max(due_date over documents where …)",
    "median": "median(open_amount over documents where …)",
    "avg": "avg(open_amount over documents weighted by … where …)",
    "latest": "latest(amount over credit_limits by valid_from where …)",
    "earliest": "earliest(amount over credit_limits by valid_from where …)",
}

# what people who know other languages write
_OTHER_LANGUAGES = {
    "average": "avg",
    "mean": "avg",
    "exists": "any",
    "all": "every",
    "total": "sum",
    "len": "length",
    "ifnull": "coalesce",
    "isnull": "coalesce",
    "nvl": "coalesce",
    "substring": "starts with",
    "ucase": "upper",
    "lcase": "lower",
    "ceiling": "ceil",
    "last": "latest",
    "first": "earliest",
    "now": "today",
}


def is_aggregate(name: str) -> bool:
    """Whether a function goes over the rows of a link."""
    return name in AGGREGATES


def unknown_function(call: Call) -> Diagnostic | None:
    """E0109 where no built-in function has the call's name."""
    name = call.function.text
    if name in AGGREGATES or name in FUNCTIONS:
        return None
    other = _OTHER_LANGUAGES.get(name.casefold())
    help = f"did you mean `{other}`?" if other else did_you_mean(name, [*FUNCTIONS, *AGGREGATES])
    return diagnostic("E0109", f"there is no function `{name}`", call.function.span, help=help)


def wrong_parts(call: Call) -> Iterator[Diagnostic]:
    """E0110 for each part that the function does not take."""
    name = call.function.text
    present = {
        "over": call.over,
        "weighted by": call.weighted_by,
        "by": call.by,
        "where": call.where,
        "satisfies": call.satisfies,
    }
    given = [part for part, value in present.items() if value is not None]
    if name in FUNCTIONS:
        for part in given:
            value = present[part]
            assert value is not None
            yield diagnostic("E0110", f"`{name}` takes no `{part}`: it does not go over rows", value.span)
        if call.distinct:
            yield diagnostic("E0110", f"`{name}` takes no `distinct`", call.span, help="only `count` does: `count(distinct … over …)`")
        return
    needed, optional = AGGREGATES[name]
    shape = f"write `{_SHAPES[name]}`"
    if call.distinct:
        if name != "count":
            yield diagnostic("E0110", f"`{name}` takes no `distinct`", call.span, help="only `count` does: `count(distinct … over …)`")
            return
        needed, shape = ("over",), "write `count(distinct country over documents where …)`"
    for part in given:
        if part not in needed and part not in optional:
            value = present[part]
            assert value is not None
            if name == "count" and part == "over":
                yield diagnostic(
                    "E0110", "`count` takes `over` only with `distinct`", value.span, help="write `count(documents where …)` to count rows"
                )
            else:
                yield diagnostic("E0110", f"`{name}` takes no `{part}`", value.span, help=shape)
    if len(call.arguments) > 1:
        if name in ("min", "max") and not given:
            shape = f"of several values, it is `{'least' if name == 'min' else 'greatest'}`"
        yield diagnostic("E0110", f"`{name}` takes one value, not {len(call.arguments)}", call.arguments[1].span, help=shape)
    elif not call.arguments:
        what = "a link to go over" if "link" in needed else "a value"
        yield diagnostic("E0110", f"`{name}` needs {what}", call.span, help=shape)
    elif "link" in needed and "over" not in given and not isinstance(call.arguments[0], Path):
        yield diagnostic("E0110", f"`{name}` takes a link to go over, not an expression", call.arguments[0].span, help=shape)
    if "satisfies" in needed and call.satisfies is None:
        yield diagnostic("E0110", f"`{name}` needs `satisfies`", call.span, help=shape)
    if "by" in needed and call.by is None:
        yield diagnostic("E0110", f"`{name}` needs `by` and a date", call.span, help=shape)


def missing_over(call: Call) -> Diagnostic | None:
    """E0110 where an aggregate lacks the rows it goes over: allowed in the `show` of a report, which goes over the report's rows."""
    name = call.function.text
    if name not in AGGREGATES or call.over is not None or len(call.arguments) > 1:
        return None
    if name == "count" and not call.distinct:
        if call.arguments:
            return None
        return diagnostic("E0110", "`count` needs a link to go over", call.span, help=f"write `{_SHAPES[name]}`")
    if "over" in AGGREGATES[name][0] or call.distinct:
        shape = "count(distinct country over documents where …)" if call.distinct else _SHAPES[name]
        return diagnostic("E0110", f"`{name}` needs `over` and a link", call.span, help=f"write `{shape}`")
    return None
