"""What fit learns is what others learn: NumPy loops written by hand, and scikit-learn."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autodiffcli
from autodiffcli.errors import MathError
from autodiffcli.fitting.descent import Stop, descend, start
from autodiffcli.fitting.optimizers import OPTIMIZERS, Adam, GradientDescent, Momentum
from autodiffcli.fitting.steps import shuffled
from tests.fitting.support import LINE, LOGISTIC, NETWORK, Floats, accuracy, digits, network_gradient, network_start


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch_of_a_network_gives_the_weights_of_a_numpy_loop(shuffle: bool) -> None:
    data, start = digits()[0], network_start()
    found = autodiffcli.fit(NETWORK, data, start, lr=0.3, batch=50, epochs=1, shuffle=shuffle, seed=7)
    order = shuffled(1200, 7, 0, 0) if shuffle else np.arange(1200)
    assert sorted(order) == list(range(1200))
    for rows in np.split(order, 24):
        gradient = network_gradient(start, data["X"][rows], data["t"][rows])
        start = {name: value - 0.3 * gradient[name] for name, value in start.items()}
    for name, value in start.items():
        np.testing.assert_allclose(found.parameters[name], value, rtol=1e-12, atol=1e-14)
    assert (found.epochs, found.steps, found.history[0].rows) == (1, 24, 1200)


def test_a_last_batch_that_is_smaller_is_a_step_of_its_own_mean() -> None:
    x, y, w = np.arange(1.0, 6.0), np.array([2.0, 1.0, 4.0, 3.0, 7.0]), 0.0
    found = autodiffcli.fit("mean((w*x - y)^2)", {"x": x, "y": y}, "w=0", lr=0.01, batch=2, epochs=3, shuffle=False)
    for _ in range(3):
        for rows in (slice(0, 2), slice(2, 4), slice(4, 5)):
            w -= 0.01 * float(np.mean(2 * (w * x[rows] - y[rows]) * x[rows]))
    assert found.parameters["w"] == pytest.approx(w, rel=1e-14)
    assert found.steps == 9


def test_every_epoch_takes_every_row_once_in_another_order() -> None:
    orders = [tuple(shuffled(100, 3, epoch, buffer)) for epoch in range(3) for buffer in range(3)]
    assert len(set(orders)) == 9
    assert all(sorted(order) == list(range(100)) for order in orders)


@pytest.mark.parametrize("optimizer", ["l-bfgs", "bfgs", "cg", "gd", "momentum", "adam"])
def test_linear_regression_is_scikit_learns(optimizer: str) -> None:
    from sklearn.linear_model import LinearRegression

    draw = np.random.default_rng(2)
    X = draw.normal(size=(200, 3))
    y = X @ [1.0, -2.0, 0.5] + 3 + 0.1 * draw.normal(size=200)
    wanted = LinearRegression().fit(X, y)
    tolerance = 1e-9 if optimizer != "adam" else 1e-7
    options: dict[str, Any] = {"epochs": 3000, "gradient_tol": tolerance}
    if optimizer == "adam":
        options["lr"] = 0.05
    found = autodiffcli.fit("mean((X@w + b - y)^2)", {"X": X, "y": y}, "w=zeros(3),b=0", optimizer=optimizer, **options)
    np.testing.assert_allclose(found.parameters["w"], wanted.coef_, atol=20 * tolerance)
    assert found.parameters["b"] == pytest.approx(wanted.intercept_, abs=20 * tolerance)
    assert "gradient" in found.stopped and found.gradient_norm <= tolerance


def test_softmax_regression_is_scikit_learns() -> None:
    """Both minimize the same convex function, which C = 1/(rows·λ) makes of scikit-learn's."""
    from sklearn.linear_model import LogisticRegression

    data = digits()[0]
    penalized = LOGISTIC + " + 0.005*sum(W^2)"
    start = "W=zeros(64, 10), b=zeros(10)"
    found = autodiffcli.fit(penalized, data, start, optimizer="l-bfgs", epochs=1000, gradient_tol=1e-6)
    wanted = LogisticRegression(C=1 / (1200 * 0.01), tol=1e-8, max_iter=1000).fit(data["X"], data["t"])
    np.testing.assert_allclose(found.parameters["W"], wanted.coef_.T, atol=1e-3)
    assert accuracy(found.parameters) == wanted.score(*digits()[1].values())


def test_a_network_is_as_right_as_scikit_learns() -> None:
    from sklearn.neural_network import MLPClassifier

    data = digits()[0]
    options: dict[str, Any] = {"batch": 50, "epochs": 25, "lr": 0.01, "optimizer": "adam"}
    spread = "W1=ones(64, 32)/8, W2=ones(32, 10)/6"
    found = autodiffcli.fit(NETWORK, data, "b1=zeros(32), b2=zeros(10)", random=spread, **options)
    network = MLPClassifier(32, alpha=0, batch_size=50, learning_rate_init=0.01, max_iter=25, tol=0, random_state=0)
    with pytest.warns(UserWarning, match="converge"):
        network.fit(data["X"], data["t"])
    theirs = network.score(*digits()[1].values())
    assert accuracy(found.parameters) >= theirs - 0.01
    assert theirs > 0.9


@pytest.mark.parametrize("name", ["momentum", "adam"])
def test_optimizers_step_as_scikit_learns_do(name: str) -> None:
    from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

    ours: Momentum | Adam = Momentum(0.05, 0.8) if name == "momentum" else Adam(0.05, 0.8, 0.95, 1e-12)
    theirs = (
        SGDOptimizer([np.ones(4)], 0.05, momentum=0.8, nesterov=False)
        if name == "momentum"
        else AdamOptimizer([np.ones(4)], 0.05, 0.8, 0.95, 1e-12)
    )
    draw = np.random.default_rng(1)
    theta, other, kept = np.ones(4), [np.ones(4)], (np.zeros(4),) * ours.kept
    for count in range(1, 30):
        gradient = draw.normal(size=4)
        theta, kept = ours.step(theta, gradient, kept, count)
        theirs.update_params(other, [gradient])
        np.testing.assert_allclose(theta, other[0], rtol=1e-9)


class Query:
    """All rows in a database, which answers with the loss and its gradient in one query a step."""

    rows = 50

    def __init__(self, x: Floats, y: Floats) -> None:
        self.database = sqlite3.connect(":memory:")
        self.database.execute("CREATE TABLE data (x REAL, y REAL)")
        self.database.executemany("INSERT INTO data VALUES (?, ?)", zip(x.tolist(), y.tolist(), strict=True))

    def epoch(self, number: int, skip: int = 0) -> Iterator[Query]:
        yield self

    def evaluate(self, theta: Floats) -> tuple[float, Floats]:
        r = "(:w*x + :b - y)"
        query = f"SELECT avg({r}*{r}), avg(2*x*{r}), avg(2*{r}) FROM data"
        loss, *slopes = self.database.execute(query, dict(zip("wb", theta.tolist(), strict=True))).fetchone()
        return loss, np.array(slopes)

    def explained(self, theta: Floats, when: str) -> MathError:
        raise NotImplementedError


@pytest.mark.parametrize("name", ["gd", "momentum", "adam"])
def test_what_yields_the_gradient_is_apart_from_what_steps(name: str) -> None:
    x = np.random.default_rng(4).normal(size=50)
    y = 3 * x - 1
    optimizer, query = OPTIMIZERS[name](), Query(x, y)
    *_, last = descend(query, optimizer, start(np.zeros(2), optimizer), Stop(epochs=40))
    query.database.close()
    wanted = autodiffcli.fit(LINE, {"x": x, "y": y}, "w=0,b=0", optimizer=optimizer, epochs=40)
    np.testing.assert_allclose(last.theta, list(wanted.parameters.values()), rtol=1e-12)


def test_steps_change_nothing_in_place() -> None:
    for optimizer in (GradientDescent(), Momentum(), Adam()):
        theta, gradient = np.ones(3), np.full(3, 2.0)
        kept = (np.zeros(3),) * optimizer.kept
        moved, _ = optimizer.step(theta, gradient, kept, 1)
        assert (moved < theta).all()
        assert (theta == 1).all() and (gradient == 2).all() and all((k == 0).all() for k in kept)


def test_parameters_keep_their_structure_and_random_ones_their_seed() -> None:
    data = {"x": [0.0, 1.0, 2.0], "y": [1.0, 3.0, 5.0]}
    line = "mean((p.w*x + p.b - y)^2)"
    found = autodiffcli.fit(line, data, {"p": {"w": 0, "b": 0}}, epochs=500)
    assert found.parameters == {"p": {"w": pytest.approx(2, abs=1e-6), "b": pytest.approx(1, abs=1e-6)}}
    one, same, other = [
        autodiffcli.fit(LINE, data, "b=0", random="w=1", epochs=1, lr=1e-9, seed=seed).parameters["w"]
        for seed in (1, 1, 2)
    ]
    assert one == same != other
    wide = autodiffcli.fit("mean(X@w)", {"X": np.ones((2, 9999))}, random="w=3*ones(9999)", epochs=1, lr=1e-9)
    assert np.std(wide.parameters["w"]) == pytest.approx(3, rel=0.03)


def test_when_it_stops() -> None:
    data = {"x": np.arange(10.0) / 10, "y": np.arange(10.0)}
    by_loss = autodiffcli.fit(LINE, data, "w=0,b=0", epochs=10_000, loss_tol=1e-3)
    assert by_loss.stopped == "the loss changed by at most 0.001 of itself"
    before, last = by_loss.history[-2].loss, by_loss.history[-1].loss
    assert 0 < (before - last) / before <= 1e-3 < (by_loss.history[-3].loss - before) / by_loss.history[-3].loss
    steps = autodiffcli.fit(LINE, data, "w=0,b=0", batch=4, steps=7)
    assert (steps.steps, steps.epochs, steps.stopped) == (7, 2, "after 7 steps")
    assert autodiffcli.fit(LINE, data, "w=0,b=0").stopped == "after 100 epochs"
    newton = autodiffcli.fit("mean((w*x)^4)", data, "w=2.7", optimizer="l-bfgs", loss_tol=0.9)
    assert newton.stopped == "the loss changed by at most 0.9 of itself"
    there = autodiffcli.fit("mean((w*x)^2)", {"x": [1.0]}, "w=0", optimizer="bfgs")
    assert (there.parameters, there.loss, there.stopped[:5]) == ({"w": 0.0}, 0.0, "SciPy")
