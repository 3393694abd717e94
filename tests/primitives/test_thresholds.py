"""Where one formula takes over from another, or a last correction tells: to four ulp, against mpmath."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from flint import arb, ctx, fmpq

from autodiffcli.graph import Graph, Node
from autodiffcli.primitive import PRIMITIVES
from autodiffcli.primitives.powers import two_product
from autodiffcli.primitives.trigonometric import dsinc
from tests.primitives.accuracy import error_in_ulps
from tests.primitives.references import REFERENCES, exact
from tests.primitives.test_helpers import HELPERS


def about(x: float) -> list[float]:
    """Return a float and its neighbours."""
    return [math.nextafter(x, -math.inf), x, math.nextafter(x, math.inf)]


def steps(low: float, high: float, count: int) -> list[float]:
    return [low + (high - low) * k / count for k in range(count)]


# fmt: off
POINTS: dict[str, list[Any]] = {
    "gelu": steps(-2.0, -1.0, 32),
    "gelu_slope": [*about(-0.7517915246935645), *steps(-20.0, -2.0, 50), *steps(-2.0, -1.5, 16), -37.7, -37.8, -37.9,
                   -1.5655966436912112, -1.5783365080370504, -1.5929466905548901, -1.6218230785161145,
                   -1.657576464551403, -1.7248908314397868, -3.6352828685280656, -33.876352138870146],
    "silu_slope": [*about(-1.2784645427610737), -0.22057196513568222, *steps(0.75, 1.0, 4),
                   -0.009397390636872616, -0.024596378162561217, -0.26781867877952156, -0.5306873619858219,
                   -0.5658942967349146, -0.8426315306997236, -1.2952320604681233, -6.594262690690291,
                   -13.79348826181134, -705.1, -720.3],
    "digamma1p": [*about(0.46163214496836236), 0.362, 0.5615],
    "lgamma": [
        *(*steps(0.3, 4.6, 43), 1.5, 2.5, -2.9280286748193287, -5.0294603957348585),
        *(*about(-2.4570247382208006), *about(-3.1435808883499798), -5.998771406559968, -7.9999736488251605),
    ],
    "digamma": [*about(-0.5040830082644554), *about(-1.573498473162391), *about(-9.702672540001864),
                -680589.9309119635, -840776.9201337914],
    "besselj": [(1.0, 40.5), (0.3, 40.5), (1.99, 2.267314309052276), (1.99, 2.500806671694397)],
    "bessely": [(0.0, 1.7030305958827008), (1.0, 1.4660292349126431), (0.3, 8.433738553013181e-173), (0.3, 1e-79),
                (0.8797853284, 1.4773638432), (1.2150535, 1.99611389), (0.16285915, 0.64148535), (0.03, 1.2),
                (0.97, 0.4), (-3.5029011604494182, 0.1821730589369537)],
    "beta": [(9.9, 10.680790431496789), (9.9, 13.053341322477877), (7.887003397973786, 9e39), (1.5, 1e205)],
    "digamma_rise": [(0.0010201479245302012, 1e-323), (0.32202430781327823, 3.22518021897877e-308)],  # ends subnormal
    "erfc": [0.8674568180507918, 0.9941928929007502],
    "gamma": [-170.9, -175.3],
    "polygamma": [
        *((2.0, x) for x in (-14.499979155273573, -14.499969501380853, -17.499982674479437, -36.499994742453)),
        *((4.0, x) for x in (-0.49973204380493247, -1.4999869259424485, -7.499999824562235)),
        *((6.0, x) for x in (-0.8335616368406829, -4.734601700802827)),
        *((n, x) for n, x in ((13.0, 1.05e8), (20.0, 1.165e8), (30.0, 1.09e8), (60.0, 2040.067720051438))),
        *((n, x) for n, x in ((99.0, 510.5984021797697), (2.0, 1e150), (12.0, 6.8e25))),  # whose ζ is subnormal
    ],
    "lambertw": [*steps(-0.3678, -0.36, 8), *about(-0.36), *steps(-0.355, -0.25, 20)],
    "lambertw_slope": [-0.36787944, -0.3678, -0.367, -0.3601],
    "tan": [5.319372648326541e255, 6.123038577885125e65],
    "_power_slope": [
        *((x, n) for x in (1.2e-9, 3e-5, 0.7) for n in (5e-324, 7.36e-322, 1e-305)),
        *((x, n) for x in (1e-300, 1e-5, 0.3, 1.7, 1e5, 1e300) for n in (0.01, 1 / 30, -0.02, 0.7, 1 / 3)),
        *((x, n) for x in (1e-20, 0.3, 1.7, 1e20) for n in (7.3, 11.1, -9.7)),
        *((x, n) for x in (-0.3, -1.7, 0.3, 1.7) for n in (1.0, 2.0, -8.0, -9.0, 11.0, 12.0, 301.0)),
        (-0.0845, 301.0),  # whose x^(n-1) is subnormal
        *((x, n) for x in (1 - 2.0**-44, 1 + 2.0**-44) for n in (2.0**53 + 2, 2.0**54, -(2.0**54))),  # n - 1 is rounded
    ],
    "_csch_squared": [*steps(0.9, 2.1, 12), 1.8117463421292563],
    "cbrt": [*steps(1.0, 8.0, 50), *steps(-1e-300, -1e-301, 20)],
}
# fmt: on


@pytest.mark.parametrize("name", POINTS)
def test_four_ulp(name: str) -> None:
    points = [xs if isinstance(xs, tuple) else (xs,) for xs in POINTS[name]]
    f: Callable[..., Any] = HELPERS[name][0] if name in HELPERS else REFERENCES[name].value
    op = PRIMITIVES[name]
    with np.errstate(all="ignore"):
        arrays = op.array(*[np.array(column) for column in zip(*points, strict=True)])
    for xs, y in zip(points, arrays.tolist(), strict=True):
        true = exact(f, *xs)
        assert error_in_ulps(op(*xs), true) <= 4, xs
        assert error_in_ulps(y, true) <= 4, xs


def test_slopes_of_powers_without_a_number() -> None:
    slope = PRIMITIVES["_power_slope"]
    xs = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, -7.5, math.inf, -math.inf, math.nan]
    ns = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, 0.5, -0.5, 7.5, 1e-200, math.inf, -math.inf, math.nan]
    pairs = [(x, n) for x in xs for n in ns]
    by_power = [0.0 if n == 0 else n * PRIMITIVES["pow"].evaluate(x, n - 1) for x, n in pairs]
    with np.errstate(all="ignore"):
        arrays = slope.array(*[np.array(column) for column in zip(*pairs, strict=True)])
    assert [slope.evaluate(x, n) for x, n in pairs] == pytest.approx(by_power, rel=1e-15, nan_ok=True)
    assert arrays.tolist() == pytest.approx(by_power, rel=1e-15, nan_ok=True)
    by_base = slope.rules(2)[0]
    assert callable(by_base)
    with np.errstate(all="ignore"):  # of x^0, n·(n - 1)·x^(n - 2) is 0 at 0 too
        assert by_base(None, np.zeros(2), np.array([0.0, 1.0])).tolist() == [0.0, 0.0]


def test_powers_times_logarithms_at_zero() -> None:
    power_log = PRIMITIVES["_power_log"]
    by_exponent = power_log.rules(2)[1]
    zeros, ns = np.zeros(4), np.array([0.5, 2.0, 0.0, -1.0])
    with np.errstate(all="ignore"):
        assert power_log.array(zeros, ns).tolist() == [0.0, 0.0, -math.inf, -math.inf]
        assert callable(by_exponent)
        assert by_exponent(np.array([0.0, 0.0, -math.inf]), zeros[:3], ns[:3]).tolist() == [0.0, 0.0, math.inf]
        assert by_exponent(2.0, np.array([1.0, 0.5]), np.array([2.0, 0.5])).tolist() == [0.0, 2.0 * math.log(0.5)]


def test_the_direction_of_no_vector_is_a_positive_zero() -> None:
    assert repr(PRIMITIVES["direction"](0.0, 0.0)) == "0.0"


def test_derivatives_of_powers_whose_exponents_vary() -> None:
    xs, ns = [0.3, 1.7, -1.7, 2.0, 1e200, 0.7], [0.01, 2.0, 3.0, -0.5, 0.3, 11.1]
    by_base = PRIMITIVES["pow"].rules(2)[0]
    assert callable(by_base)
    found = by_base(None, np.array(xs), np.array(ns))
    assert found.tolist() == pytest.approx([n * x ** (n - 1) for x, n in zip(xs, ns, strict=True)], rel=4e-15)


def test_the_derivative_of_a_power_that_underflows_is_not_magnified_by_its_exponent() -> None:
    by_base = PRIMITIVES["pow"].rules(2)[0]
    assert callable(by_base)
    for x, n in [(9.176375681272687e-47, 7.96875), (1.7078212865490398e-54, 6.96875), (3.528309622000189e-54, 7.0)]:
        true = exact(lambda x, n: n * x ** (n - 1), x, n)
        assert error_in_ulps(by_base(None, x, n), true) <= 4
        assert error_in_ulps(by_base(None, np.array([x, x]), np.array([n, n]))[0], true) <= 4


@pytest.mark.parametrize("off", [-4, 4])
def test_a_cube_root_of_the_c_library_that_is_four_ulp_off_is_mended(off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    xs = [*steps(1.0, 8.0, 50), *steps(-1e-300, -1e-301, 20)]
    with mp.workdps(60):
        true = [REFERENCES["cbrt"].value(mp.mpf(x)) for x in xs]
        poor = {x: float(y) + off * math.ulp(float(y)) for x, y in zip(xs, true, strict=True)}
        monkeypatch.setattr(math, "cbrt", poor.__getitem__)
        monkeypatch.setattr(np, "cbrt", np.vectorize(poor.__getitem__))
        arrays = PRIMITIVES["cbrt"].array(np.array(xs)).tolist()
        for x, y, t in zip(xs, arrays, true, strict=True):
            assert max(error_in_ulps(PRIMITIVES["cbrt"](x), t), error_in_ulps(y, t)) <= 1, x


@pytest.mark.parametrize("name", ["besselj", "bessely"])
def test_slopes_of_the_orders_that_are_left_to_scipy(name: str) -> None:
    f, slope = PRIMITIVES[name], PRIMITIVES[f"{name}_slope"]
    for x in (4900.0, 5100.0):  # the order below comes from a recurrence of ours
        assert slope(5000.0, x) == pytest.approx(f(4999.0, x) - 5000.0 / x * f(5000.0, x), rel=1e-9)


def test_a_product_in_two_parts_is_exact() -> None:
    draw = random.Random(1)
    for _ in range(500):
        a, b = draw.uniform(-1, 1), draw.uniform(1, 1e6)
        product, rest = two_product(a, b)
        assert Fraction(product) + Fraction(rest) == Fraction(a) * Fraction(b)


def test_scales_by_powers_of_2_round_nothing() -> None:
    direction, slope = PRIMITIVES["direction"], PRIMITIVES["_power_slope"]
    for a, b, c in [(3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29), (12, 35, 37), (9, 40, 41)]:
        for k in (1 / 128, 3 / 1024, 5 / 4096, 7 / 8192, 11 / 16384, 13 / 32768, 1.0, 3.0, 5.0, 7.0):
            assert (direction(k * a, k * b), direction(k * b, k * a)) == (a / c, b / c)
            arrays = direction.array(np.array([k * a, k * b]), np.array([k * b, k * a]))
            assert arrays.tolist() == [a / c, b / c]
    for n in steps(1e-250, 3e-250, 20):  # n·x^(n-1) is n/x but for the 10^-250 by which x^n differs from 1
        for x in (4.0**-9, 0.25, 1.0, 16.0, 4.0**20):
            assert slope(x, n) == slope.array(np.array([x]), np.array([n])).item() == n / x


@pytest.mark.parametrize("b", [0.125, 0.25, 0.5, 0.625, 0.75, 1.125, 1.25, 4.0, 8.0])
def test_logarithms_of_powers_of_the_base_are_integers(b: float) -> None:
    log = PRIMITIVES["log"]
    ns = [n for n in range(-300, 301) if n and 1e-300 < b**n < 1e300 and Fraction(b) ** n == Fraction(b**n)]
    ns = [n for n in ns if abs(n * math.log(b)) > 0.5]
    assert [log(b**n, b) for n in ns] == ns
    assert log.array(np.array([b**n for n in ns]), b).tolist() == ns


@pytest.mark.parametrize("count", [4, 5, 10, 15, 16, 19])
def test_a_sum_of_exponentials_close_to_1(count: int) -> None:
    for x in (-1.5, -2.25, -3.0, -2.8):
        xs = [x + 0.01 * k for k in range(count)]
        true = exact(REFERENCES["logsumexp"].value, *xs)
        op = PRIMITIVES["logsumexp"]
        assert error_in_ulps(op(*xs), true) <= 4, xs
        assert error_in_ulps(op.array(*[np.array([x]) for x in xs]).item(), true) <= 4, xs


def _derivative_of_sinc(n: int, z: Any) -> Any:
    """Return it by Leibniz's rule for sin(z)·(1/z), which cancels: to be called with many digits."""
    return sum(
        mp.binomial(n, k) * mp.sin(z + (n - k) * mp.pi / 2) * (-1) ** k * mp.factorial(k) / z ** (k + 1)
        for k in range(n + 1)
    )


# between 2 and 3 the series of the 4th alternates enough to lose digits, elsewhere are zeros and the ends of series
@pytest.mark.parametrize(
    "x",
    [1.5, 2.5, 2.755322059236745, 1.8805504418914296, -1.7442607283123617, -7.0, 9.3, 20.5, 30.1, 31.3, 90.0, 150.0],
)
def test_derivatives_of_sinc_of_every_order(x: float) -> None:
    for n in (0, 3, 4, 8, 30, 100):
        with mp.workdps(300):
            true = _derivative_of_sinc(n, mp.mpf(x))
            assert error_in_ulps(dsinc(float(n), x), true) <= 5
            assert error_in_ulps(dsinc.array(float(n), np.array([x])).item(), true) <= 5
    for none in (-1.0, 0.5, 101.0):
        assert math.isnan(dsinc(none, x))
        assert np.isnan(dsinc.array(none, np.array([x]))).all()


def test_the_balls_of_derivatives_of_sinc_end_with_the_hundredth() -> None:
    ball = dsinc.ball
    assert callable(ball)
    with ctx.workprec(2000), mp.workdps(300):
        for n in (0, 1, 6, 100):
            assert float(ball(arb(n), arb(2.5))) == float(_derivative_of_sinc(n, mp.mpf(2.5)))
            assert float(ball(arb(n), arb(0))) == pytest.approx(float(mp.cos(n * mp.pi / 2)) / (n + 1), abs=1e-30)
        for none in (-1.0, 0.5, 101.0):
            assert ball(arb(none), arb(2.5)) is None


@pytest.mark.parametrize(
    ("name", "xs", "value"),
    [
        ("cbrt", (0, 1), 0), ("cbrt", (1, 1), 1), ("cbrt", (-8, 1), -2),
        ("pow", (0, 1, 1, 2), 0), ("pow", (0, 1, 1, 3), 0), ("pow", (0, 1, 3, 1), 0), ("pow", (0, 1, 0, 1), 1),
        ("pow", (0, 1, -1, 3), math.nan), ("pow", (4, 9, -3, 2), 27 / 8),
        ("_power_log", (0, 1, 2, 1), 0), ("_power_log", (0, 1, 1, 2), 0), ("_power_log", (1, 1, 2, 1), 0),
        ("_power_log", (0, 1, 0, 1), math.nan), ("_power_log", (0, 1, -1, 2), math.nan),
        ("direction", (0, 1, 0, 1), 0), ("direction", (0, 1, 2, 1), 0), ("direction", (3, 1, 0, 1), 1),
        ("direction", (1, 1, 0, 1), 1), ("direction", (3, 1, -4, 1), 0.6), ("direction", (1, 1, 1, 1), math.sqrt(0.5)),
        ("softmax_first", (3, 1), 1), ("softmax_first", (0, 1, 0, 1), 0.5),
        ("log", (8, 1, 2, 1), 3), ("log", (8, 1, 1, 1), math.nan), ("log", (1, 8, 2, 1), -3),
        ("acoth", (2, 1), math.atanh(0.5)), ("asech", (1, 2), math.acosh(2)), ("acsch", (2, 1), math.asinh(0.5)),
    ],
)  # fmt: skip
def test_balls_at_zeros_and_ones(name: str, xs: tuple[int, ...], value: float) -> None:
    ball, exact = PRIMITIVES[name].ball, PRIMITIVES[name].fractions
    numbers = [fmpq(p, q) for p, q in zip(xs[::2], xs[1::2], strict=True)]
    assert callable(ball)
    try:
        found = ball(*(numbers if exact else map(arb, numbers)))
    except ZeroDivisionError:
        found = arb("nan")
    assert float(arb(found)) == pytest.approx(value, rel=1e-15, nan_ok=True)


@pytest.mark.parametrize("name", ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"])
def test_balls_are_compared_where_that_is_certain(name: str) -> None:
    op = PRIMITIVES[name]
    assert callable(op.ball)
    for a in (1.0, 2.0):
        for b in (1.0, 2.0):
            assert op.ball(arb(a), arb(b)) == bool(op.evaluate(a, b))
    wide = arb(1, 0.5)
    assert op.ball(wide, arb(1)) is None
    assert op.ball(wide, wide) == bool(op.evaluate(0.0, 0.0))


def test_whether_a_power_is_plain_is_known_of_constants() -> None:
    graph = Graph("", exact=True)
    for n, plain in [(3.0, 1.0), (7.3, 0.0), (1e-30, 0.0)]:
        assert PRIMITIVES["_plain_slope"](Node(graph, graph.number(n))).constant == plain


def test_balls_of_logarithms_to_a_base_that_is_no_fraction() -> None:
    ball = PRIMITIVES["log"].ball
    assert callable(ball)
    assert [float(ball(fmpq(8), arb(2))), float(ball(arb(8), fmpq(2)))] == pytest.approx([3, 3], rel=1e-15)


def test_balls_that_hold_a_jump_or_a_doubtful_condition() -> None:
    both, either, trunc = (PRIMITIVES[name].ball for name in ("and", "or", "trunc"))
    assert callable(both)
    assert callable(either)
    assert callable(trunc)
    assert (both(1, None), both(None, 1), either(0, None), either(None, 0)) == (None, None, None, None)
    assert (both(0, None), either(None, 1)) == (0, 1)
    assert trunc(arb(0, 0.25)) is None


def test_zeros_and_corners_to_the_last_bit() -> None:
    assert repr(PRIMITIVES["sign"].evaluate(-0.0)) == "0.0"
    (corner,) = PRIMITIVES["round"].corners
    assert [corner.at(0.0, x) for x in (math.nextafter(0.5, 0.0), 0.5, -1.5, 1.0)] == [False, True, True, False]
