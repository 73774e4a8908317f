"""Exact division: 10 decimal places, half away from zero, in whole numbers (no database's own `/` is used)."""

from __future__ import annotations

from sqlglot import exp

from assignrules.ir.types import VALUE_SCALE
from assignrules.sql import terms
from assignrules.sql.dialects import Dialect
from assignrules.sql.terms import Sql

UNIT = 10**VALUE_SCALE


def divided(dialect: Dialect, dividend: Sql, scale: int, divisor: Sql) -> Sql:
    """``dividend / divisor``; missing when an operand is or the divisor is 0.

    ``scale`` is the dividend's, up to 20; the divisor's is at most 10. Both should be columns: they are printed several times.
    With A and B the operands as whole numbers of 10^-10, q = A div B is the quotient's whole part, and the remainder times 10^10 div B its
    fraction; the remainder is below B < 10^28, so 38 digits hold every step.
    """
    # a database may divide constants before it looks at the condition around them
    nonzero = exp.Nullif(this=dialect.decimal(divisor, VALUE_SCALE), expression=terms.number(0))
    b = dialect.units(nonzero)
    size = terms.function("ABS", b)
    positive = terms.equal(terms.binary(exp.GTE, dividend.copy(), terms.number(0)), terms.binary(exp.GT, divisor.copy(), terms.number(0)))
    sign = terms.case([(positive, terms.number(1))], terms.number(-1))
    magnitude = terms.function("ABS", dividend)
    if scale <= VALUE_SCALE:
        a = dialect.units(dialect.decimal(magnitude, VALUE_SCALE))
        quotient = dialect.decimal(dialect.whole_quotient(a, size), VALUE_SCALE)
        rest = terms.binary(exp.Mul, terms.binary(exp.Mod, a.copy(), size.copy()), dialect.whole(terms.number(UNIT)))
        fraction = _rounded_quotient(dialect, rest, size)
        result = terms.binary(exp.Add, quotient, _tiny(dialect, fraction))
    else:
        # 20 places: A in units of 10^-20 over B in units of 10^-10 is the quotient in units of 10^-10
        coarse = dialect.decimal(terms.function("TRUNC", magnitude), 0)
        fine = terms.binary(exp.Sub, dialect.decimal(magnitude.copy(), 20), dialect.decimal(coarse.copy(), 20))
        shifted = dialect.decimal(terms.binary(exp.Mul, fine, terms.number(UNIT)), VALUE_SCALE)
        fine_units = dialect.whole(terms.binary(exp.Mul, shifted, terms.number(UNIT)))
        a = terms.binary(exp.Add, terms.binary(exp.Mul, dialect.whole(coarse), dialect.whole(terms.number(UNIT**2))), fine_units)
        result = _tiny(dialect, _rounded_quotient(dialect, a, size))
    signed = dialect.decimal(terms.binary(exp.Mul, sign, terms.wrapped(result)), VALUE_SCALE)
    return terms.case([(terms.binary(exp.NEQ, divisor.copy(), terms.number(0)), signed)])


def _rounded_quotient(dialect: Dialect, dividend: Sql, divisor: Sql) -> Sql:
    """Of whole numbers that are not negative, half up: the remainder is compared with what it lacks, which cannot overflow."""
    rest = terms.binary(exp.Mod, dividend, divisor.copy())
    up = terms.binary(exp.GTE, rest, terms.binary(exp.Sub, divisor.copy(), rest.copy()))
    extra = terms.case([(up, terms.number(1))], terms.number(0))
    return terms.binary(exp.Add, dialect.whole_quotient(dividend.copy(), divisor.copy()), extra)


def _tiny(dialect: Dialect, units: Sql) -> Sql:
    """Units of 10^-10 as a decimal."""
    return dialect.decimal(terms.binary(exp.Mul, dialect.decimal(units, 0), exp.Literal.number("0.0000000001")), VALUE_SCALE)
