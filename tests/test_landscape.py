"""Loss against penalty: kill zone, bistability and the proximal leap, against descent and brute force."""

import re

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from l0lib import L0, L1, landscape

alphas, betas, curvatures = st.floats(1e-3, 10), st.floats(1, 20), st.floats(0.05, 20)


def descend(penalty, v, curvature, start, steps=4000):
    """Proximal descent with small steps from ``start``: it follows the flow and stops exactly at zero."""
    w = start
    rate = 0.2 / (curvature + penalty.alpha * penalty.beta**2)
    for _ in range(steps):
        push = penalty.alpha * penalty.beta * np.exp(-penalty.beta * w) if w > 0 else penalty.alpha * penalty.beta
        w = max(0.0, w - rate * (curvature * (w - v) + push))
    return w


@given(alphas, betas, curvatures, st.floats(0.01, 6))
def test_regime_says_where_the_two_starts_end(alpha, beta, curvature, scaled):
    penalty, v = L0(alpha, beta), scaled / beta
    k = landscape.kappa(penalty, curvature)
    edges = [k] if k <= 1 else [1 + np.log(k), k]
    assume(all(abs(scaled - edge) > 0.02 * edge for edge in edges))
    assume(0.02 < k < 50 and abs(k - 1) > 0.02)
    low, high = descend(penalty, v, curvature, 1e-9), descend(penalty, v, curvature, v + 1)
    expected = {"kill": (True, True), "bistable": (True, False), "free": (False, False)}
    assert (low < 1e-6 / beta, high < 1e-6 / beta) == expected[str(landscape.regime(penalty, v, curvature))]
    if str(landscape.regime(penalty, v, curvature)) != "kill":
        assert high == pytest.approx(landscape.stationary_point(penalty, v, curvature), rel=1e-4)
    assert (v < landscape.kill_zone(penalty, curvature)) == (low < 1e-6 / beta and high < 1e-6 / beta)


def test_at_the_upper_edge_zero_already_repels_when_kappa_is_above_one():
    penalty, curvature = L0(2.0, 3.0), 1.0
    v = float(landscape.kappa(penalty, curvature)) / penalty.beta
    assert landscape.regime(penalty, v, curvature) == "free"
    w = np.array([1e-4, 1e-3])
    assert (landscape.objective(penalty, w, v, curvature) < landscape.objective(penalty, 0.0, v, curvature)).all()
    assert landscape.regime(L0(0.1, 3.0), landscape.kill_zone(L0(0.1, 3.0), 1.0), 1.0) == "kill"


@given(alphas, betas, curvatures, st.floats(-3, 3))
def test_stationary_point_is_stationary(alpha, beta, curvature, v):
    penalty = L0(alpha, beta)
    w = landscape.stationary_point(penalty, v, curvature)
    assume(np.isfinite(w))
    slope = curvature * (w - v) + penalty.gradient(w)
    assert abs(slope) <= 1e-7 * (curvature * abs(v) + alpha * beta)
    assert np.sign(w) == np.sign(v)


@example(1.0, 1.00390625, 1.0)
@example(1.1025, 1.0, 1.0)
@given(alphas, betas, curvatures)
def test_jump_is_where_the_minimiser_leaves_zero(alpha, beta, curvature):
    penalty = L0(alpha, beta)
    threshold, height = landscape.jump(penalty, curvature)
    assume(threshold > 1e-6)
    assert landscape.minimiser(penalty, threshold * (1 - 1e-6), curvature) == 0
    above = landscape.minimiser(penalty, threshold * (1 + 1e-6), curvature)
    assert above > 0
    # close to κ = 1 the minimiser leaves zero ever more steeply, and a millionth beyond the threshold is far already
    if landscape.kappa(penalty, curvature) > 1.05:
        assert above == pytest.approx(height, rel=1e-2)
    assert landscape.kill_zone(penalty, curvature) <= threshold * (1 + 1e-12)


def test_the_kill_zone_is_l1s_when_kappa_is_small():
    penalty, curvature = L0(5e-5, 4.0), 1.0
    assert landscape.kill_zone(penalty, curvature) == pytest.approx(5e-5 * 4.0)
    v = np.array([0.9, 1.1]) * landscape.kill_zone(penalty, curvature)
    assert (L1(5e-5 * 4.0).prox(v, 1.0) == 0).tolist() == (penalty.prox(v, 1.0) == 0).tolist() == [True, False]


def test_thresholds():
    v = np.array([-2.0, -0.5, 0.5, 2.0])
    np.testing.assert_allclose(landscape.soft_threshold(v, 0.7), [-1.3, 0, 0, 1.3])
    np.testing.assert_allclose(landscape.hard_threshold(v, 0.7), [-2, 0, 0, 2])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: landscape.kappa(L1(1.0), 1.0), ("penalty must be an L0", "L1(alpha=1.0)")),
        (lambda: landscape.kappa(L0(1.0, 2.0), 0.0), ("curvature must be > 0", "0")),
        (lambda: landscape.regime(L0(1.0, 2.0), np.nan, 1.0), ("v must hold finite", "nan")),
        (lambda: landscape.jump(L0(np.ones(2), 2.0), 1.0), ("scalars", "(2,)")),
        (lambda: landscape.soft_threshold(1.0, -1.0), ("threshold must be >= 0", "-1")),
        (lambda: landscape.hard_threshold(1.0, -1.0), ("threshold must be >= 0", "-1")),
    ],
)
def test_bad_input_names_argument_value_and_rule(call, words):
    with pytest.raises(ValueError, match=re.escape(words[0])) as error:
        call()
    for word in words:
        assert word in str(error.value)
