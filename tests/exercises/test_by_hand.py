"""The numbers in solutions of exercises that are done by hand, computed anew."""

import math

import numpy as np
import pytest

from l0lib import compress


def test_what_fits_on_the_controller():
    sizes = [(layer.weights, layer.parameters - layer.weights) for layer in compress.layers(compress.lenet_300_100())]
    weights, biases = (sum(column) for column in zip(*sizes, strict=True))
    assert (weights, biases, weights // 100) == (266_200, 410, 2_662)
    assert 6 * 2_662 + 4 * biases == pytest.approx(17_600, abs=50)
    assert (weights + biases) / (2_662 + biases) == pytest.approx(87, abs=0.5)
    assert weights / ((64_000 - 4 * biases) / 6) == pytest.approx(25.6, abs=0.05)
    assert (weights + biases) / 4 > 65_536, "whichever kilobyte is meant"


def test_stale_statistics_by_hand():
    mean, random = np.array([0.5, 0.5, 0.2]), np.random.default_rng(0)
    x = mean + random.normal(size=(400_000, 3))
    for last, shift in ((-0.5, -0.05), (0.5, -0.11)):
        w = np.array([3, 0.5, last])
        whole, pruned = x @ w, x[:, 0] * w[0]
        assert (pruned.mean() - whole.mean()) / whole.std() == pytest.approx(shift, abs=0.006)
        assert pruned.var() / whole.var() == pytest.approx(0.95, abs=0.005)


def test_a_finer_ladder():
    factors = [float(f"{20 ** (1 / (steps - 1)):.2g}") for steps in (3, 6, 12)]
    assert factors == [4.5, 1.8, 1.3]
    assert 100 * math.sqrt(2 * 0.08 * 0.92 / 1000) == pytest.approx(1.2, abs=0.05)


def test_a_scale_at_rest_under_adam():
    def rest(eta, alpha):
        return math.sqrt(eta / alpha) / 2

    assert rest(1e-3, 0.1) == pytest.approx(0.05)
    assert 1e-3 / rest(1e-3, 0.1) == pytest.approx(0.02)
    assert rest(5e-4, 0.1) == pytest.approx(0.035, abs=5e-4)
    assert 5e-4 / rest(5e-4, 0.1) == pytest.approx(0.014, abs=5e-4)
    assert 1e-3 / rest(1e-3, 0.025) == pytest.approx(0.01)
    assert rest(1e-3, 0.025) == pytest.approx(0.1)


def test_when_pruning_pays_for_a_text():
    ratio, parameters = 2, 100_000
    place = math.log2(ratio) + (ratio - 1) * math.log2(ratio / (ratio - 1))
    saved = 16 * parameters - (16 + place) * parameters / ratio
    assert (place, saved, saved / 0.05) == pytest.approx((2, 700_000, 14e6))
