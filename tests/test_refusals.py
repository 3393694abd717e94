"""What a program gives the library by mistake: it is told so by the library's own error, with what was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autodiffcli as ad
from autodiffcli import RequestError

AT = {"x": 1.0}


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (ad.parse, "an expression is a text, or a graph that parse returned, not None"),
        (lambda wrong: ad.gradient(wrong, AT), "an expression is a text, or a graph that parse returned, not None"),
        (ad.compile, "an expression is a text, or a graph that parse returned, not None"),
        (lambda wrong: ad.gradient("x^2", wrong), "a point is a text or a mapping, not None"),
        (lambda wrong: ad.gradient("x^2", AT, wrt=[wrong]), "wrt names inputs, and None is no name"),
        (lambda wrong: ad.gradient("x^2", AT, mode=wrong), "there is no mode 'None'"),
        (lambda wrong: ad.taylor("exp(x)", AT, order=wrong), "an order is a whole number, not None"),
        (
            lambda wrong: ad.jvp("x^2", AT, tangent=wrong),
            "--tangent is a text, a mapping, or as many numbers as inputs",
        ),
        (lambda wrong: ad.compile("x^2").value_and_gradient([wrong, "a"]), "columns are numbers, or arrays of them: "),
        (lambda wrong: ad.compile("x^2").at([[wrong], "a"]), "a point is an array of numbers: "),
        (lambda wrong: ad.cost("x^2")[wrong], "there is no cost of 'None'"),
        (lambda wrong: ad.fit("mean((y - a*x)^2)", wrong, {"a": 1.0}), "or arrays by name, not a NoneType"),
    ],
)
def test_a_mistake_is_named(call: Callable[[Any], object], told: str) -> None:
    with pytest.raises(RequestError) as raised:
        call(None)
    assert told in str(raised.value)


@pytest.mark.parametrize("order", [1.5, "2"])
def test_an_order_is_a_whole_number(order: Any) -> None:
    with pytest.raises(RequestError, match=f"an order is a whole number, not {order!r}"):
        ad.derivative("x^3", order=order)
