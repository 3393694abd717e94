"""From a ball to its decimal digits, rounded to the nearest, where the ball leaves no other."""

from __future__ import annotations

from flint import arb, fmpq, fmpz

from autodiffcli.precise.balls import Number

__all__ = ["decimal", "magnitude"]


def decimal(x: Number, digits: int) -> str | None:
    """Return a number rounded to so many significant digits, or None where that is not proven.

    A number that is exactly 0 or has fewer digits is written with those it has.

    >>> decimal(fmpq(2, 3), 5), decimal(fmpq(1, 8), 5), decimal(arb(2).sqrt(), 5), decimal(arb(1, 0.1), 5)
    ('0.66667', '0.125', '1.4142', None)
    """
    if x.__class__ is fmpq:
        return _of_fraction(x, digits)
    if x.is_exact() and not x.is_nan() and not x.is_finite():
        return "inf" if x > 0 else "-inf"
    if not x.is_finite() or x.contains(0):
        return None
    middle, radius, exponent = x.mid_rad_10exp(digits + 5)
    sign = "-" if middle < 0 else ""
    low, high = _rounded(abs(middle) - radius, exponent, digits), _rounded(abs(middle) + radius, exponent, digits)
    return sign + _written(*low, digits) if low == high else None


def magnitude(x: arb) -> str:
    """Return a power of ten that a ball around 0 does not exceed: 1e-40."""
    middle, radius, exponent = x.mid_rad_10exp(5)
    return f"1e{(exponent + len(fmpz(abs(middle) + radius).str())).str()}"


def _of_fraction(x: fmpq, digits: int) -> str:
    if x == 0:
        return "0"
    sign, p, q = "-" if x < 0 else "", abs(x.p), x.q
    shift = digits + 1 - (len(p.str()) - len(q.str()))  # p·10^shift/q has digits + 1 or digits + 2 digits
    top, bottom = (p * fmpz(10) ** shift, q) if shift >= 0 else (p, q * fmpz(10) ** -shift)
    whole, rest = divmod(top, bottom)
    # a 1 behind what is cut off tells it from a tie
    mantissa, exponent = _rounded(whole * 10 + (1 if rest else 0), -shift - 1, digits)
    exact = not rest and fmpq(mantissa) * fmpq(10) ** exponent == abs(x)
    while exact and mantissa % 10 == 0:
        mantissa, exponent = mantissa // 10, exponent + 1
    return sign + _written(mantissa, exponent, digits)


def _rounded(mantissa: fmpz, exponent: int, digits: int) -> tuple[fmpz, int]:
    """Return mantissa·10^exponent rounded to so many digits, halves to even."""
    cut = len(mantissa.str()) - digits
    if cut <= 0:
        return mantissa * fmpz(10) ** -cut, int(exponent) + cut
    whole, rest = divmod(mantissa, fmpz(10) ** cut)
    half = 5 * fmpz(10) ** (cut - 1)
    if rest > half or (rest == half and whole % 2):
        whole += 1
    if len(whole.str()) > digits:
        whole, cut = whole // 10, cut + 1
    return whole, int(exponent) + cut


def _written(mantissa: fmpz, exponent: int, digits: int) -> str:
    """Return the digits with their point, or with an exponent where they do not reach it, as %g does."""
    text = mantissa.str()
    place = exponent + len(text) - 1  # of the first digit
    if not -5 < place < digits:
        power = fmpz(abs(place)).str().rjust(2, "0")  # Python writes no int of more than 4,300 digits
        return f"{text[0]}{'.' * (len(text) > 1)}{text[1:]}e{'-' if place < 0 else '+'}{power}"
    if exponent >= 0:
        return text + "0" * exponent
    return f"{text[: place + 1]}.{text[place + 1 :]}" if place >= 0 else f"0.{'0' * (-place - 1)}{text}"
