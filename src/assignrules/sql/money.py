"""Money: an amount beside a currency, converted only where the currencies differ (language.md, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from sqlglot import exp

from assignrules.ir.expressions import Case, Expression, Field, Literal, Memory, Operation, Reference, TargetValue, This, Today, Via
from assignrules.ir.types import VALUE_SCALE, Kind
from assignrules.sql import terms
from assignrules.sql.dialects import Dialect
from assignrules.sql.division import divided
from assignrules.sql.facts import Facts
from assignrules.sql.rows import Column, Rows, is_decided, memory_column
from assignrules.sql.terms import Sql

# Operands by (amounts as they are) and by (amounts in the project's currency).
Combined = Callable[[Sequence[Sql]], Sql]


class MoneyCompiler:
    """Compiles expressions of type money; ``value`` and ``condition`` compile everything else, given by ``Scalars``."""

    value: Callable[[Expression, Rows], Sql]
    condition: Callable[[Expression, Rows], Sql]

    def __init__(self, dialect: Dialect, facts: Facts) -> None:
        self.dialect = dialect
        self.facts = facts
        self.home = facts.ruleset.currency
        self.day: date | None = None  # under `as of`: the day that counts as today, for rates too

    # --- the two halves ---

    def currency(self, expression: Expression, rows: Rows) -> Sql | str:
        """The code: a constant where it is the same on every row ("" for a bare 0), else an expression."""
        fixed = self.facts.currency(expression)
        if fixed is not None:
            return fixed
        match expression:
            case Field(name=name):
                return rows.column(Column("currency", name))
            case Reference(name=name):
                return rows.column(Column("fact currency", name))
            case TargetValue(target=target, member=member):
                return rows.column(Column("value currency", target, member or ""))
            case Memory() if is_decided(expression):
                return rows.decided(expression, currency=True)
            case Memory():
                return rows.column(memory_column(expression, currency=True))
            case Via(link=link, of=of):
                return self.currency(of, rows.via(link))
            case This(of=of):
                assert rows.outer is not None
                return self.currency(of, rows.outer)
            case Case(branches=branches, otherwise=otherwise):
                scalars = [(self.condition(branch.condition, rows), self.code(branch.value, rows)) for branch in branches]
                return terms.case(scalars, None if otherwise is None else self.code(otherwise, rows))
            case Operation(operator="multiply" | "divide" | "negate" | "abs" | "round", arguments=arguments):
                return self.currency(arguments[0], rows)
            case Operation(operator="coalesce", arguments=arguments):
                return terms.case([(terms.not_null(self.value(part, rows)), self.code(part, rows)) for part in arguments])
            case Operation(arguments=arguments):
                same, codes = self._same_currency(arguments, rows)
                return terms.case([(same, codes[0])], terms.text(self.home))
            case _:
                raise AssertionError(expression)

    def code(self, expression: Expression, rows: Rows) -> Sql:
        """The currency as SQL; that of a bare 0 is the project's."""
        currency = self.currency(expression, rows)
        return terms.text(currency or self.home) if isinstance(currency, str) else currency

    def amount(self, operation: Operation, rows: Rows) -> Sql:
        """The amount of an operation that gives money, or what an operation makes of money."""
        name, arguments = operation.operator, operation.arguments
        match name:
            case "no_money":
                return terms.number(0)
            case "add" | "subtract":
                kind = exp.Add if name == "add" else exp.Sub
                scale = max(operation.type.scale, VALUE_SCALE)  # of amounts that are converted
                # Amounts that need no conversion may all have fewer places, and stand beside those that do.
                few = max(part.type.scale for part in arguments) < operation.type.scale

                def combined(parts: Sequence[Sql]) -> Sql:
                    first = self.dialect.decimal(parts[0], scale) if few else parts[0]
                    return self.dialect.bounded(terms.binary(kind, first, parts[1]), scale)

                return self._combined(arguments, rows, combined)
            case "least" | "greatest":
                return self._combined(arguments, rows, lambda parts: self._extreme(name, parts, operation.type.scale))
            case "multiply":
                product = terms.binary(exp.Mul, self.value(arguments[0], rows), self.value(arguments[1], rows))
                return self.dialect.bounded(product, operation.type.scale)
            case "divide":
                scale = arguments[0].type.scale
                if arguments[1].type.kind is Kind.MONEY:
                    return self._combined(arguments, rows, lambda parts: divided(self.dialect, parts[0], max(scale, VALUE_SCALE), parts[1]))
                return divided(self.dialect, self.value(arguments[0], rows), scale, self.value(arguments[1], rows))
            case "negate":
                return exp.Neg(this=terms.wrapped(self.value(arguments[0], rows)))
            case "abs":
                return terms.function("ABS", self.value(arguments[0], rows))
            case "round":
                places = arguments[1]
                assert isinstance(places, Literal) and isinstance(places.value, int)
                return self._rounded(self.value(arguments[0], rows), arguments[0].type.scale, places.value)
            case "coalesce":
                return terms.coalesce(*(self.dialect.decimal(self.value(part, rows), operation.type.scale) for part in arguments))
            case "amount":
                return self.value(arguments[0], rows)
            case "currency":
                present = terms.not_null(self.value(arguments[0], rows))
                return terms.case([(present, self.code(arguments[0], rows))])
            case "convert":
                return self._converted(arguments, rows)
            case _:
                raise AssertionError(name)

    def _extreme(self, name: str, parts: Sequence[Sql], scale: int) -> Sql:
        """Missing where one of the amounts is, after their conversion."""
        missing = terms.any_of(terms.is_null(part.copy()) for part in parts)
        return terms.case([(missing, terms.null())], self.dialect.extreme(name, [self.dialect.decimal(part, scale) for part in parts]))

    # --- two currencies ---

    def compared(self, kind: type[exp.Binary], left: Expression, right: Expression, rows: Rows) -> Sql:
        """A comparison: of the amounts where the currencies are the same, else of both in the project's currency."""
        return self._combined((left, right), rows, lambda parts: terms.binary(kind, parts[0], parts[1]))

    def _combined(self, parts: Sequence[Expression], rows: Rows, combine: Combined) -> Sql:
        fixed = {self.facts.currency(part) for part in parts} - {""}
        plain = combine([self.value(part, rows) for part in parts])
        if len(fixed) <= 1 and None not in fixed:
            return plain
        if None in fixed and sum(1 for part in parts if self.facts.currency(part) != "") == 1:
            return plain  # one amount beside bare zeros
        converted = combine([self.at_home(part, rows) for part in parts])
        if None not in fixed:
            return converted
        same, _ = self._same_currency(parts, rows)
        return terms.case([(same, plain)], converted)

    def _same_currency(self, parts: Sequence[Expression], rows: Rows) -> tuple[Sql, list[Sql]]:
        codes = [self.code(part, rows) for part in parts if self.facts.currency(part) != ""]
        return terms.all_of(terms.equal(codes[0].copy(), code) for code in codes[1:]), codes

    def at_home(self, expression: Expression, rows: Rows, day: Sql | None = None) -> Sql:
        """The amount in the project's currency at the rates of a day (None: today); missing without a rate."""
        currency = self.currency(expression, rows)
        amount = self.value(expression, rows)
        if currency in ("", self.home):
            return amount
        day = self._day_of_rates(day, rows)
        exact = self._rounded(amount, expression.type.scale, VALUE_SCALE)
        product = terms.binary(exp.Mul, self.dialect.decimal(exact, VALUE_SCALE), rows.source.rate(currency, day))
        product = self.dialect.bounded(product, 2 * VALUE_SCALE)
        scale = max(expression.type.scale, VALUE_SCALE)
        changed = self.dialect.decimal(terms.function("ROUND", product, terms.number(VALUE_SCALE)), scale)
        zero = (terms.equal(amount.copy(), terms.number(0)), self.dialect.decimal(terms.number(0), scale))
        if isinstance(currency, str):
            return terms.case([zero], changed)
        return terms.case([(terms.equal(currency, terms.text(self.home)), self.dialect.decimal(amount.copy(), scale)), zero], changed)

    def _day_of_rates(self, day: Sql | None, rows: Rows) -> Sql | None:
        if day is None:
            day = rows.today()
        return terms.day(self.day) if day is None and self.day is not None else day

    def _converted(self, arguments: Sequence[Expression], rows: Rows) -> Sql:
        """Missing where the day is, also where no rate is needed."""
        converted = self._exchanged(arguments, rows)
        if len(arguments) < 3 or isinstance(arguments[2], Literal | Today):
            return converted
        return terms.case([(terms.not_null(self.value(arguments[2], rows)), converted)])

    def _exchanged(self, arguments: Sequence[Expression], rows: Rows) -> Sql:
        money, code = arguments[0], arguments[1]
        assert isinstance(code, Literal) and isinstance(code.value, str)
        day = self._day_of_rates(self.value(arguments[2], rows) if len(arguments) == 3 else None, rows)
        home = self.at_home(money, rows, day)
        if code.value == self.home:
            return home
        currency = self.currency(money, rows)
        if currency in ("", code.value):
            return self.value(money, rows)
        amount = self.value(money, rows)
        rate = rows.source.rate(code.value, day)
        away = divided(self.dialect, self._rounded(home, max(money.type.scale, VALUE_SCALE), VALUE_SCALE), VALUE_SCALE, rate)
        scale = max(money.type.scale, VALUE_SCALE)
        branches = [(terms.equal(amount, terms.number(0)), self.dialect.decimal(terms.number(0), scale))]
        if not isinstance(currency, str):
            branches.insert(0, (terms.equal(currency, terms.text(code.value)), self.dialect.decimal(amount.copy(), scale)))
        return terms.case(branches, self.dialect.decimal(away, scale))

    def _rounded(self, value: Sql, scale: int, places: int) -> Sql:
        if places >= scale:
            return value
        return self.dialect.decimal(terms.function("ROUND", value, terms.number(places)), places)
