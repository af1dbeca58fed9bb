"""The penalties of the rivals: each against its own definition, and the method against the engine."""

import copy
import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from l0lib import L0, L1, L2, compress
from l0lib.compress.rivals import RIVALS, Plan
from l0lib.compress.rivals.penalties import PENALTIES, TRIALS, penalised

W = torch.linspace(-1.3, 1.1, 25, dtype=torch.float64)

#: Shapes at which formulas are compared.
SHAPES = {"l0": 5.0, "l2+l0": 5.0, "log-sum": 0.1, "mcp": 0.4, "transformed-l1": 0.7}

#: The derivative at a magnitude, by the sources.
SLOPES = {
    "l2": lambda a, s: 2 * a,
    "l1": lambda a, s: 1.0,
    "l0": lambda a, s: s * math.exp(-s * a),
    "l2+l0": lambda a, s: s * math.exp(-s * a),
    "log-sum": lambda a, s: 1 / (a + s),
    "mcp": lambda a, s: max(1 - a / s, 0.0),
    "transformed-l1": lambda a, s: s * (s + 1) / (s + a) ** 2,
}


def gradient(kind, w, shape):
    w = w.clone().requires_grad_()
    PENALTIES[kind].value(w, shape).backward()
    return w.grad


@pytest.mark.parametrize("kind", SLOPES)
def test_a_penalty_is_the_integral_of_its_slope(kind):
    shape, slope = SHAPES.get(kind, 1.0), SLOPES[kind]
    wanted = sum(quad(slope, 0, abs(w), args=(shape,), points=[min(shape, abs(w))])[0] for w in W.tolist())
    assert float(PENALTIES[kind].value(W, shape)) == pytest.approx(wanted, rel=1e-9)
    slopes = [math.copysign(slope(abs(w), shape), w) for w in W.tolist()]
    np.testing.assert_allclose(gradient(kind, W, shape), slopes, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", PENALTIES)
def test_a_weight_at_zero_is_not_pushed(kind):
    w = torch.tensor([0.0, 0.5, -0.25], dtype=torch.float64)
    pull = gradient(kind, w, SHAPES.get(kind, 1.0))
    assert pull[0] == 0
    assert float(PENALTIES[kind].value(torch.zeros(3, dtype=torch.float64), SHAPES.get(kind, 1.0))) == 0
    assert bool(torch.isfinite(gradient(kind, torch.zeros(3, dtype=torch.float64), SHAPES.get(kind, 1.0))).all())


@pytest.mark.parametrize("kind", ["l2", "l1", "l0"])
def test_ours_are_those_of_the_library(kind):
    ours = {"l2": L2(1.0), "l1": L1(1.0), "l0": L0(1.0, 5.0)}[kind]
    np.testing.assert_allclose(gradient(kind, W, 5.0), ours.gradient(W.numpy()), rtol=1e-12)


def test_the_transformed_l1_lies_between_the_count_and_l1():
    """Zhang and Xin: it tends to the count as a tends to 0, and to l1 as a grows."""
    value = PENALTIES["transformed-l1"].value
    assert float(value(W, 1e-9)) == pytest.approx(int((W.abs() > 1e-6).sum()), rel=1e-6)
    assert float(value(W, 1e9)) == pytest.approx(float(W.abs().sum()), rel=1e-6)


def test_hoyer_square_counts_equal_weights_and_does_not_see_their_scale():
    value = PENALTIES["hoyer"].value
    some = torch.tensor([0.3, 0, -0.3, 0.3, 0, 0], dtype=torch.float64)
    assert float(value(some, 1.0)) == pytest.approx(3)
    assert float(value(17 * W, 1.0)) == pytest.approx(float(value(W, 1.0)))
    size, square = float(W.abs().sum()), float(W.square().sum())
    # DeepHoyer, Eq. 4: it pulls the small ones and pushes those larger than square / size
    wanted = 2 * W.sign() * size / square**2 * (square - W.abs() * size)
    np.testing.assert_allclose(gradient("hoyer", W, 1.0), wanted, rtol=1e-9)
    assert bool((gradient("hoyer", W, 1.0) * W < 0).any())


@pytest.mark.parametrize(("kind", "penalty"), [("l0", L0(3e-3, 5.0)), ("l1", L1(3e-3)), ("l2", L2(3e-3))])
def test_it_trains_as_the_engine_does(kind, penalty, few):
    """Without pruning, and without a rate after it: the steps are those of the engine's own optimizer."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10), torch.nn.ReLU(), torch.nn.Linear(10, 10))
    other = copy.deepcopy(model)
    plan = Plan(ratio=1, epochs=4, learning_rate=0.05, batch_size=64)
    penalised(kind)(model, few, plan, alpha=3e-3, shape=5.0, fine_tuning_rate=1e-12)
    compress.train(other, few, penalty, epochs=2, learning_rate=0.05, batch_size=64)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)


def test_bad_settings_are_named(few):
    plan = Plan(ratio=10, epochs=2, learning_rate=0.05)
    with pytest.raises(ValueError, match="alpha must be >= 0; got -1"):
        penalised("mcp")(torch.nn.Linear(784, 10), few, plan, alpha=-1.0)
    with pytest.raises(ValueError, match="shape must be > 0; got 0"):
        penalised("mcp")(torch.nn.Linear(784, 10), few, plan, shape=0.0)


def test_each_has_eight_settings_of_its_own():
    assert TRIALS.keys() == PENALTIES.keys() <= RIVALS.keys()
    for trials in TRIALS.values():
        assert len({tuple(sorted(trial.items())) for trial in trials}) == 8
