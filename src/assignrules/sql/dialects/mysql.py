"""MySQL and MariaDB, for printing alone: what they cannot do with PostgreSQL's meaning is refused, not printed as something else."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from assignrules.sql import terms
from assignrules.sql.dialects.postgres import Printed
from assignrules.sql.terms import Sql

# The functions that mean there what the compiler means; of any other it is not assumed.
FUNCTIONS = frozenset({
    "ROW_NUMBER", "RANK", "COUNT", "SUM", "MIN", "MAX", "COALESCE", "NULLIF",
    "ABS", "ROUND", "SIGN", "FLOOR", "CEIL", "LEAST", "GREATEST", "DATEDIFF", "ADDDATE",
})  # fmt: skip
# Forms that they do not have, or that mean something else there: `||` is a disjunction.
FORMS: dict[type[Sql], str] = {
    exp.DPipe: "texts joined by `||`",
    exp.Interval: "intervals that are multiplied",
    exp.RegexpLike: "regular expressions of PostgreSQL",
    exp.TryCast: "`TRY_CAST`",
    exp.Filter: "`FILTER`",
    exp.Lateral: "`LATERAL` functions",
    exp.Unnest: "`UNNEST`",
    exp.WithinGroup: "`WITHIN GROUP`",
    exp.Bracket: "elements of arrays",
    exp.Extract: "parts of dates by PostgreSQL's names",
}
TEXT_ORDER = "utf8mb4_bin"  # by code point


class CannotPrint(Exception):
    """A dialect lacks what a statement takes: ``what`` in words, each once."""

    def __init__(self, dialect: str, what: tuple[str, ...]) -> None:
        super().__init__(f"`{dialect}` has no {', no '.join(what)}")
        self.dialect, self.what = dialect, what


class MySQL(Printed):
    """Days are counted by its own functions, as its `-` of dates gives a number of another kind."""

    def __init__(self) -> None:
        super().__init__("mysql")

    def days_between(self, later: Sql, earlier: Sql) -> Sql:
        return terms.function("DATEDIFF", later, earlier)

    def add_days(self, day: Sql, days: Sql) -> Sql:
        return terms.function("ADDDATE", day, days)


def fitted(query: Sql) -> Sql:
    """A statement in MySQL's forms; ``CannotPrint`` where there are none."""
    lacking = tuple(dict.fromkeys(_lacking(query)))
    if lacking:
        raise CannotPrint("mysql", lacking)
    tree = query.copy()
    for part in tree.find_all(exp.CTE):
        part.set("materialized", None)  # a hint, which changes no row
    for order in tree.find_all(exp.Collate):
        order.set("expression", exp.Var(this=TEXT_ORDER))
    return tree


def _lacking(query: Sql) -> Iterator[str]:
    for node in query.walk():
        if isinstance(node, exp.Anonymous):
            if node.name.upper() not in FUNCTIONS:
                yield f"function `{node.name.upper()}` with this meaning"
        elif isinstance(node, exp.Join) and node.side == "FULL":
            yield "`FULL JOIN`"
        elif isinstance(node, exp.Distinct) and node.args.get("on") is not None:
            yield "`DISTINCT ON`"
        elif type(node) in FORMS:
            yield FORMS[type(node)]
