"""The statements of chapters 12 to 14, each tried with numbers where its proof uses letters."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from l0lib import L0, attraction, compress
from l0lib.compress import neurons

seeds = st.integers(0, 2**32 - 1)


def normalised(w, x):
    """The loss of one channel behind a batch normalisation: how far it is from a target."""
    z = x @ w
    z = (z - z.mean()) / z.std(correction=0)
    return ((z - torch.linspace(-1, 1, len(z), dtype=z.dtype)) ** 2).sum()


@given(seed=seeds, c=st.floats(0.01, 100))
def test_prop_free_scale(seed, c):
    random = torch.Generator().manual_seed(seed)
    x, w = (torch.randn(size, generator=random, dtype=torch.float64) for size in ((30, 5), (5,)))
    gradients, losses = [], []
    for factor in (1.0, c):
        scaled = (factor * w).requires_grad_()
        loss = normalised(scaled, x)
        loss.backward()
        losses.append(loss.item())
        gradients.append(scaled.grad)
    assert losses[1] == pytest.approx(losses[0], rel=1e-9)
    torch.testing.assert_close(gradients[1], gradients[0] / c, rtol=1e-7, atol=1e-9 / c)
    assert abs(float(w @ gradients[0])) < 1e-9 * (1 + float(w.norm() * gradients[0].norm()))


@given(seed=seeds, eta=st.floats(0.01, 0.3), alpha=st.floats(1e-3, 0.1), gamma=st.floats(0.1, 10))
def test_prop_scale_at_rest(seed, eta, alpha, gamma):
    """A step with a gradient at right angles to the weights leaves the resting norm, and nears it from elsewhere."""
    random = np.random.default_rng(seed)
    rest = gamma * math.sqrt(eta / (4 * alpha * (1 - eta * alpha)))
    for start, nearer in ((rest, None), (1.3 * rest, "less"), (0.7 * rest, "more")):
        w, g = random.normal(size=8), random.normal(size=8)
        w *= math.sqrt(start) / np.linalg.norm(w)
        g -= w * (g @ w) / (w @ w)
        g *= gamma / (np.linalg.norm(w) * np.linalg.norm(g))
        after = float(np.sum((w - eta * (g + 2 * alpha * w)) ** 2))
        if nearer is None:
            assert after == pytest.approx(rest, rel=1e-9)
        else:
            assert abs(after - rest) < abs(start - rest)
    assert eta / rest == pytest.approx(2 * math.sqrt(eta * alpha * (1 - eta * alpha)) / gamma)


@given(alpha=st.floats(1e-6, 1), beta=st.floats(1, 100), w=st.floats(1e-6, 10))
def test_prop_small_is_l1(alpha, beta, w):
    x, slack = beta * w, 1e-9 * alpha * beta * (1 + w)
    value, pull = float(L0(alpha, beta).value(w)), float(L0(alpha, beta).gradient(w))
    assert alpha * x * (1 - x / 2) - slack <= value <= alpha * x + slack
    assert alpha * beta * (1 - x) - slack <= pull <= alpha * beta + slack


@given(seed=seeds, bias_goes=st.booleans())
def test_prop_stale(seed, bias_goes):
    random = np.random.default_rng(seed)
    x, w, b = random.exponential(size=(400, 6)), random.normal(size=6), float(random.normal())
    gone = random.random(6) < 0.5
    z = x @ w + b
    pruned = x @ np.where(gone, 0, w) + (0 if bias_goes else b)
    stale = (pruned - z.mean()) / z.std()
    assert stale.mean() == pytest.approx(-(w[gone] @ x.mean(0)[gone] + b * bias_goes) / z.std(), abs=1e-9)
    assert stale.var() == pytest.approx(pruned.var() / z.var(), abs=1e-9)


@given(product=st.floats(1e-5, 10), factor=st.floats(0.2, 5))
def test_prop_best_reach(product, factor):
    best = math.sqrt(3.9215536 / product)
    at_best = attraction.reach(L0(product, best), 1.0) if best >= 1 else None
    reached = attraction.reach(L0(product, max(1.0, factor * best)), 1.0)
    assert reached <= 0.8048 * math.sqrt(product)
    if at_best is not None:
        assert reached <= at_best * (1 + 1e-9)
        assert at_best == pytest.approx(0.8047 * math.sqrt(product), rel=1e-3)
        if 0.5 <= factor <= 2 and factor * best >= 1:
            assert reached >= 0.8 * at_best


def test_prop_difference():
    """Over many draws of the test images the difference spreads as the proposition says, and below its bound."""
    random, only_first, only_second, both, n = np.random.default_rng(0), 0.06, 0.03, 0.05, 500
    counts = random.multinomial(n, (only_first, only_second, both, 1 - only_first - only_second - both), size=20_000)
    spread = np.std((counts[:, 0] - counts[:, 1]) / n)
    delta = only_first - only_second
    deviation = math.sqrt((only_first + only_second - delta**2) / n)
    assert spread == pytest.approx(deviation, rel=0.02)
    assert deviation <= math.sqrt((only_first + only_second + 2 * both) / n)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_prop_removal(share):
    model, example = compress.lenet_300_100(seed=0), torch.zeros(1, 1, 28, 28)
    going = neurons.smallest_neurons(neurons.neurons(model, example), share)
    small, silent = neurons.remove_neurons(model, going, example), copy.deepcopy(model)
    neurons.silence_neurons(silent, going, example)
    images = torch.randn(20, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(small(images), silent(images), rtol=1e-4, atol=1e-4)
    left = compress.in_all(compress.multiply_adds(small, example)).dense
    stay = 1 - share
    assert left == pytest.approx(stay * 784 * 300 + stay**2 * 300 * 100 + stay * 100 * 10)


@given(seed=seeds)
def test_prop_one_side(seed):
    """Any order of the incoming norms can be had, with the same outputs and the same products of norms."""
    random = np.random.default_rng(seed)
    u, b, v = random.normal(size=(6, 4)), random.normal(size=6), random.normal(size=(3, 6))
    wanted = random.permutation(6) + 1.0
    c = wanted / np.linalg.norm(u, axis=1)
    x = random.normal(size=4)
    before = v @ np.maximum(u @ x + b, 0)
    after = (v / c) @ np.maximum((u * c[:, None]) @ x + b * c, 0)
    np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(u * c[:, None], axis=1), wanted)
    np.testing.assert_allclose(
        np.linalg.norm(u * c[:, None], axis=1) * np.linalg.norm(v / c, axis=0),
        np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=0),
    )


@pytest.mark.parametrize("alpha", [0.0, 0.05])
def test_prop_balance(alpha):
    """Small steps follow the flow: the difference of the squares stays, or dies out at the rate 4 alpha."""
    random = torch.Generator().manual_seed(1)
    x, y = (torch.randn(size, generator=random, dtype=torch.float64) for size in ((40, 3), (40,)))
    u = torch.randn(3, generator=random, dtype=torch.float64).requires_grad_()
    v = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    start, eta, steps = (u.norm() ** 2 - v**2).item(), 1e-4, 10_000
    for _ in range(steps):
        loss = ((v * torch.relu(x @ u) - y) ** 2).mean() + alpha * (u @ u + v * v)
        gradients = torch.autograd.grad(loss, (u, v))
        with torch.no_grad():
            u -= eta * gradients[0]
            v -= eta * gradients[1]
    assert (u.norm() ** 2 - v**2).item() == pytest.approx(start * math.exp(-4 * alpha * eta * steps), rel=2e-3)
