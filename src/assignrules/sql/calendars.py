"""Business days by a calendar that stands on the row.

No relation has a line for every day of every calendar. Of a calendar only its holidays on weekdays are kept, and weekdays are counted by
arithmetic: the weekdays from the first day on have the numbers 1, 2, 3 …; a holiday is kept by its number ``weekday`` and by ``place``,
how many holidays there are up to it, so that ``weekday - place`` open days lie before it. A date has as many open days up to it as
weekdays, less the holidays up to it; and the open day of a number lies as many weekdays later as there are holidays that have fewer open
days before them. Both are the last holiday below a bound: found by an `ASOF` join, or in a list by `WIDTH_BUCKET`.
"""

from __future__ import annotations

from sqlglot import exp

from assignrules.schema.calendars import FIRST_DAY, LAST_DAY
from assignrules.sql import terms
from assignrules.sql.dialects import Dialect
from assignrules.sql.relations import Relations
from assignrules.sql.rows import CLOSED_DAYS, CLOSED_NUMBERS, Source
from assignrules.sql.terms import Sql

FAR = 100_000  # more business days than there are
WEEKDAYS = 5


def closed_days(relations: Relations, dialect: Dialect) -> exp.Select:
    """The holidays on weekdays: ``(calendar, weekday, place)``; or, as lists, of each calendar the ``weekdays`` and the numbers of open
    days ``before``."""
    day = terms.column("on", "h")
    inside = exp.Between(this=day, low=terms.day(FIRST_DAY), high=terms.day(LAST_DAY))
    working = terms.binary(exp.LTE, dialect.day_part("ISODOW", day.copy()), terms.number(WEEKDAYS))
    columns = [terms.column("calendar", "h"), terms.alias(_weekdays(dialect, day.copy()), "weekday")]
    holidays = relations.of("holidays", "h", ["on", "calendar"])
    days = terms.select(columns, holidays, where=terms.all_of([inside, working]), unique=True)
    order = exp.Order(expressions=[terms.ordered(terms.column("weekday"))])
    number = exp.Window(this=exp.Anonymous(this="ROW_NUMBER"), partition_by=[terms.column("calendar")], order=order)
    place = terms.alias(terms.cast(number, "BIGINT"), "place")
    placed = terms.select([terms.column("calendar"), terms.column("weekday"), place], terms.subquery(days, "d"))
    if dialect.joins_as_of:
        return placed

    def listed(value: Sql) -> Sql:
        return exp.ArrayAgg(this=exp.Order(this=value, expressions=order.copy().expressions))

    before = terms.binary(exp.Sub, terms.column("weekday"), terms.column("place"))
    lists = [terms.alias(listed(terms.column("weekday")), "weekdays"), terms.alias(listed(before), "before")]
    return terms.select([terms.column("calendar"), *lists], terms.subquery(placed, "p"), group_by=[terms.column("calendar")])


def closed_numbers() -> exp.Select:
    """``(calendar, before, place)``: of each number of open days the last holiday that has so many before it."""
    before = terms.binary(exp.Sub, terms.column("weekday"), terms.column("place"))
    columns = [terms.column("calendar"), terms.alias(before, "before"), terms.alias(exp.Max(this=terms.column("place")), "place")]
    return terms.select(columns, terms.table(CLOSED_DAYS), group_by=[terms.column("calendar"), before.copy()])


def business_day(source: Source, day: Sql, count: Sql, calendar: Sql) -> Sql:
    """The date so many business days on (or, below 0, back), by a calendar. Arguments are printed many times."""
    dialect = source.relations.dialect
    near = exp.Between(this=terms.wrapped(count.copy()), low=terms.number(-FAR), high=terms.number(FAR))
    steps = terms.case([(near, terms.cast(count.copy(), "BIGINT"))])
    weekdays = _weekdays(dialect, day.copy())
    passed, closed = _last(source, calendar, weekdays)
    weekend = terms.binary(exp.GT, dialect.day_part("ISODOW", day.copy()), terms.number(WEEKDAYS))
    # from a closed day the first step back leads to the last open day, whose number the closed day bears too
    back = terms.all_of([terms.binary(exp.LT, count.copy(), terms.number(0)), terms.any_of([weekend, closed])])
    extra = terms.case([(back, terms.number(1))], terms.number(0))
    number = terms.binary(exp.Sub, weekdays.copy(), passed)
    for more in (steps, extra):
        number = terms.binary(exp.Add, number, more)
    place = terms.binary(exp.Add, number, _before(source, calendar, number))
    wanted = terms.wrapped(terms.binary(exp.Sub, place, terms.number(1)))
    weeks = dialect.short_quotient(wanted, terms.number(WEEKDAYS))
    rest = terms.binary(exp.Mod, wanted.copy(), terms.number(WEEKDAYS))
    found = dialect.add_days(terms.day(FIRST_DAY), terms.binary(exp.Add, terms.binary(exp.Mul, weeks, terms.number(7)), rest))
    first = exp.Between(this=day.copy(), low=terms.day(FIRST_DAY), high=terms.day(LAST_DAY))
    last = exp.Between(this=terms.wrapped(place.copy()), low=terms.number(1), high=terms.number(_weekday_number()))
    there = terms.not_null(calendar.copy())
    stays = terms.all_of([there, terms.equal(count.copy(), terms.number(0))])
    return terms.case([(stays, day.copy()), (terms.all_of([there.copy(), first, last]), found)])


def _weekdays(dialect: Dialect, day: Sql) -> Sql:
    """How many weekdays there are up to a date. The first day is a Monday."""
    since = dialect.days_between(day, terms.day(FIRST_DAY))
    weeks = dialect.short_quotient(since, terms.number(7))
    rest = terms.binary(exp.Mod, since.copy(), terms.number(7))
    begun = terms.binary(exp.LT, rest, terms.number(WEEKDAYS))
    more = terms.case([(begun, terms.binary(exp.Add, rest.copy(), terms.number(1)))], terms.number(WEEKDAYS))
    return terms.binary(exp.Add, terms.binary(exp.Mul, weeks, terms.number(WEEKDAYS)), more)


def _weekday_number() -> int:
    """Of the last day that is counted, or of the last weekday before it."""
    weeks, rest = divmod((LAST_DAY - FIRST_DAY).days, 7)
    return weeks * WEEKDAYS + min(rest + 1, WEEKDAYS)


def _last(source: Source, calendar: Sql, weekdays: Sql) -> tuple[Sql, Sql]:
    """How many holidays there are up to a number of weekdays, and whether the last of them is that weekday."""
    if source.relations.dialect.joins_as_of:
        name = _joined(source, CLOSED_DAYS, calendar, exp.GTE, weekdays, "weekday")
        return terms.coalesce(terms.column("place", name), terms.number(0)), terms.equal(terms.column("weekday", name), weekdays.copy())
    listed = terms.column("weekdays", _of_calendar(source, calendar))
    place = terms.function("WIDTH_BUCKET", weekdays, listed)
    last = exp.Bracket(this=exp.Paren(this=listed.copy()), expressions=[place.copy()], offset=1)
    return terms.coalesce(place, terms.number(0)), terms.equal(last, weekdays.copy())


def _before(source: Source, calendar: Sql, number: Sql) -> Sql:
    """How many holidays come before the open day of a number."""
    if source.relations.dialect.joins_as_of:
        name = _joined(source, CLOSED_NUMBERS, calendar, exp.GT, number, "before")
        return terms.coalesce(terms.column("place", name), terms.number(0))
    last = terms.binary(exp.Sub, number.copy(), terms.number(1))
    listed = terms.column("before", _of_calendar(source, calendar))
    return terms.coalesce(terms.function("WIDTH_BUCKET", last, listed), terms.number(0))


def _joined(source: Source, relation: str, calendar: Sql, bound: type[exp.Binary], value: Sql, column: str) -> str:
    """The name of the joined line of a calendar with the greatest ``column`` within a bound."""
    key = (relation, calendar.sql(), value.sql())
    if key not in source.made:
        name = source.alias("c")
        source.made[key] = name
        same = terms.equal(terms.column("calendar", name), calendar.copy())
        within = terms.binary(bound, value.copy(), terms.column(column, name))
        joined = terms.left_join(terms.table(source.relations.closed(relation), name), terms.all_of([same, within]))
        joined.set("method", "ASOF")
        source.joins.append(joined)
    return source.made[key]


def _of_calendar(source: Source, calendar: Sql) -> str:
    """The name of the joined lists of a calendar."""
    key = (CLOSED_DAYS, calendar.sql())
    if key not in source.made:
        name = source.alias("c")
        source.made[key] = name
        same = terms.equal(terms.column("calendar", name), calendar.copy())
        source.joins.append(terms.left_join(terms.table(source.relations.closed(CLOSED_DAYS), name), same))
    return source.made[key]
