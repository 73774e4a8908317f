"""What the journal knows of a target's subjects, in SQL (language.md, section 6: `keep manual`, `cooldown`, `restore`)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from assignrules.ir.types import VALUE_SCALE, Kind
from assignrules.schema.logical import Shape, Target
from assignrules.schema.mapping import JOURNAL_CHANGE, JOURNAL_REVERT, JOURNAL_RUN
from assignrules.sql import terms
from assignrules.sql.dialects import Dialect
from assignrules.sql.terms import Sql

REMOVALS = ("clear", "remove", "withdraw")
DIGITS = 28  # of a stored value: 18 before the point, 10 after it
LAST = terms.number(1)


def remembered(target: str, member: str | None, rules: Sequence[str], *, spells: bool) -> exp.Select:
    """By subject, the parts of ``Memory``: ``subject``, ``last_on``, ``after``, and with the place of each rule behind the name
    ``changed_on_0``, ``removed_on_0``, with ``spells`` ``spell_on_0`` and ``spell_before_0``. States are texts, as the journal has them.

    Changes are numbered from the last one back. A change starts a spell of its rule where the one before it is another rule's, or left
    another state than it met; the latest spell counts where the last change of all belongs to it.
    """
    number = terms.column("number")
    columns: list[Sql] = [
        terms.column("subject"),
        _latest(terms.equal(number, LAST.copy()), "as_of", "last_on"),
        _latest(terms.equal(number.copy(), LAST.copy()), "after", "after"),
    ]
    source = _numbered(target, member)
    for place, rule in enumerate(rules):
        own = terms.equal(terms.column("rule"), terms.text(rule))
        removal = terms.one_of(terms.column("action"), [terms.text(word) for word in REMOVALS])
        columns.append(_latest(own, "as_of", f"changed_on_{place}"))
        columns.append(_latest(terms.all_of([own.copy(), removal]), "as_of", f"removed_on_{place}"))
        if spells:
            first = terms.equal(number.copy(), terms.column(f"first_{place}"))
            columns.append(_latest(first, "as_of", f"spell_on_{place}"))
            columns.append(_latest(first.copy(), "before", f"spell_before_{place}"))
    if spells:
        starts = [terms.alias(_start(rule), f"first_{place}") for place, rule in enumerate(rules)]
        source = terms.select([exp.Star(), *starts], terms.subquery(source, "n"))
    return terms.select(columns, terms.subquery(source, "h"), group_by=[terms.column("subject")])


def last_states(target: str, member: str | None, among: exp.Select) -> exp.Select:
    """The last journalled state, a text, of the subjects that a query gives: ``journal_subject``, ``journal_after``."""
    numbered = _numbered(target, member, exp.In(this=terms.column("subject", "c"), query=terms.scalar(among)))
    columns = [terms.alias(terms.column("subject"), "journal_subject"), terms.alias(terms.column("after"), "journal_after")]
    return terms.select(columns, terms.subquery(numbered, "h"), where=terms.equal(terms.column("number"), LAST.copy()))


def standing(query: Sql) -> Sql:
    """The query, in which the journal has only the changes that stand: neither those that a revert undid, nor the changes that undid them.
    What the rules remember is then what it was before, as if there had been neither."""
    for table in list(query.find_all(exp.Table)):
        if table.name == JOURNAL_CHANGE:
            same = [terms.equal(terms.column(name, "hidden"), terms.column(name, "made")) for name in ("run", "sequence")]
            hidden = terms.select([terms.number(1)], terms.subquery(hidden_changes(), "hidden"), where=terms.all_of(same))
            kept = terms.select([exp.Star()], terms.table(JOURNAL_CHANGE, "made"), where=exp.Not(this=exp.Exists(this=hidden)))
            table.replace(terms.subquery(kept, table.alias or JOURNAL_CHANGE))
    return query


def hidden_changes() -> exp.Query:
    """``run`` and ``sequence`` of the changes that do not stand: an undoing is undone by another one, so those are undone that are named an
    odd number of times."""
    undoing = terms.not_null(terms.column("undoes_run"))
    names = [terms.column(f"undoes_{name}") for name in ("run", "sequence")]
    odd = terms.equal(exp.Mod(this=exp.Count(this=exp.Star()), expression=terms.number(2)), terms.number(1))
    own = terms.select([terms.column("run"), terms.column("sequence")], terms.table(JOURNAL_REVERT), where=undoing)
    others = terms.select(names, terms.table(JOURNAL_REVERT), where=undoing.copy(), group_by=[name.copy() for name in names])
    others.set("having", exp.Having(this=odd))
    return terms.union_all([own, others])


def read_state(text: Sql, target: Target, dialect: Dialect) -> tuple[Sql, Sql]:
    """The state that a text of the journal prints: the value, and of money its currency (else NULL). The value is missing where the text is
    not of the type: the target was of another when it was written."""
    if target.shape is Shape.SET:
        return terms.equal(text, terms.text("true")), terms.null()
    match target.type.kind:
        case Kind.TEXT | Kind.ENUM:
            return text, terms.null()
        case Kind.MONEY:
            parts = [terms.function("SPLIT_PART", text.copy(), terms.text(" "), terms.number(place)) for place in (1, 2)]
            return dialect.tried(parts[0], "DECIMAL", DIGITS, VALUE_SCALE), exp.Nullif(this=parts[1], expression=terms.text(""))
        case Kind.DECIMAL | Kind.PERCENT:
            return dialect.tried(text, "DECIMAL", DIGITS, VALUE_SCALE), terms.null()
        case Kind.INTEGER | Kind.DURATION:
            return dialect.tried(text, "BIGINT"), terms.null()
        case Kind.BOOLEAN:
            return dialect.tried(text, "BOOLEAN"), terms.null()
        case _:
            return dialect.tried(text, "DATE"), terms.null()


def _numbered(target: str, member: str | None, among: Sql | None = None) -> exp.Select:
    """The changes of a unit with their ``number``, the last one's 1, and rule and state of the change before each."""
    change = {name: terms.column(name, "c") for name in ("subject", "rule", "action", "before", "after", "run", "sequence")}
    columns: list[Sql] = [change[name] for name in ("subject", "rule", "action", "before", "after")]
    columns.append(terms.column("as_of", "r"))
    columns.append(terms.alias(_over(exp.Anonymous(this="ROW_NUMBER"), change, last_first=True), "number"))
    for name in ("rule", "after"):
        columns.append(terms.alias(_over(terms.function("LAG", change[name].copy()), change, last_first=False), f"former_{name}"))
    of_member = terms.column("member", "c")
    conditions = [
        terms.equal(terms.column("target", "c"), terms.text(target)),
        terms.is_null(of_member) if member is None else terms.equal(of_member, terms.text(member)),
    ]
    if among is not None:
        conditions.append(among)
    run = terms.inner_join(terms.table(JOURNAL_RUN, "r"), terms.equal(terms.column("id", "r"), change["run"].copy()))
    return terms.select(columns, terms.table(JOURNAL_CHANGE, "c"), [run], where=terms.all_of(conditions))


def _over(function: Sql, change: dict[str, Sql], *, last_first: bool) -> Sql:
    order = [terms.ordered(change[name].copy(), descending=last_first) for name in ("run", "sequence")]
    return exp.Window(this=function, partition_by=[change["subject"].copy()], order=exp.Order(expressions=order))


def _start(rule: str) -> Sql:
    """The number of the first change of the rule's latest spell, on every change of a subject; missing where the last one is not the
    rule's."""
    own = terms.equal(terms.column("rule"), terms.text(rule))
    starts = terms.any_of([
        terms.distinct(terms.column("former_rule"), terms.text(rule)),
        terms.distinct(terms.column("former_after"), terms.column("before")),
    ])  # fmt: skip
    subject = [terms.column("subject")]
    first = exp.Window(
        this=exp.Min(this=terms.case([(terms.all_of([own, starts]), terms.column("number"))])),
        partition_by=subject,
    )
    is_last = terms.all_of([terms.equal(terms.column("number"), LAST.copy()), own.copy()])
    last = exp.Window(this=exp.Max(this=terms.case([(is_last, terms.number(1))])), partition_by=[subject[0].copy()])
    return terms.case([(terms.equal(last, terms.number(1)), first)])


def _latest(condition: Sql, column: str, name: str) -> Sql:
    return terms.alias(exp.Max(this=terms.case([(condition, terms.column(column))])), name)
