"""Each numbered statement of "What happens at zero" and "What a loss saves" has a test here, named after its label."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import lambertw

from l0lib import L0, L1, L2, attraction, landscape

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
etas, alphas, betas = st.floats(1e-3, 0.5), st.floats(1e-5, 0.5), st.floats(1, 50)


def penalty_of(a, beta, eta):
    """The smoothed l0 penalty with eta*alpha*beta**2 = a."""
    return L0(a / (eta * beta**2), beta)


@given(eta=etas, alpha=alphas, beta=betas, factor=st.floats(0.05, 2))
def test_prop_critical(eta, alpha, beta, factor):
    for penalty in (L1(alpha), L0(alpha, beta)):
        edge = attraction.critical_magnitude(penalty, eta)
        if abs(factor - 1) > 1e-6:
            assert (abs(attraction.scaling_factor(penalty, factor * edge, eta)) < 1) == (factor > 1)
    assert abs(attraction.scaling_factor(L2(0.999 / eta), factor, eta)) < 1
    assert abs(attraction.scaling_factor(L2(1.001 / eta), factor, eta)) > 1


@given(eta=etas, alpha=alphas, beta=betas, factor=st.floats(0.05, 2))
def test_prop_crossing(eta, alpha, beta, factor):
    for penalty in (L1(alpha), L0(alpha, beta)):
        edge = attraction.crossing_magnitude(penalty, eta)
        if abs(factor - 1) > 1e-6:
            assert (attraction.scaling_factor(penalty, factor * edge, eta) < 0) == (factor < 1)
        assert attraction.critical_magnitude(penalty, eta) < edge <= attraction.swing_band(penalty, eta)
    assert attraction.scaling_factor(L2(0.499 / eta), factor, eta) > 0
    assert attraction.scaling_factor(L2(0.501 / eta), factor, eta) < 0


@settings(deadline=None)
@given(a=st.floats(1e-3, 2), beta=betas, reach=st.floats(0.1, 4))
def test_prop_steps(a, beta, reach):
    eta, w0 = 0.1, reach / beta
    penalty = penalty_of(a, beta, eta)
    lower = attraction.steps_to_zero(penalty, w0, eta)
    upper = math.ceil(lower * a / -math.expm1(-a) * (1 + 1e-12))
    orbit = attraction.trajectory(penalty, w0, eta, upper)
    counted = int(np.argmax(orbit <= 0))
    assert counted > 0
    assert lower * (1 - 1e-9) <= counted <= upper


def test_prop_steps_of_l1_and_l2():
    assert np.argmax(attraction.trajectory(L1(0.3), 0.5, 0.1, 100) <= 1e-15) == math.ceil(0.5 / 0.03)
    assert (attraction.trajectory(L2(4.9), 0.5, 0.1, 100) > 0).all()


@example(eta=0.4375, alpha=0.1875, beta=15.0, start=1.0)  # beta times the weight is 36.9
@given(eta=etas, alpha=alphas, beta=betas, start=st.floats(0, 1))
def test_prop_swing(eta, alpha, beta, start):
    for penalty in (L0(alpha, beta), L1(alpha)):
        band = attraction.swing_band(penalty, eta)
        assert (np.abs(attraction.trajectory(penalty, start * band, eta, 50)) <= band * (1 + 1e-12)).all()
        outside = band * (1 + start)
        assert attraction.step(penalty, outside, eta) >= 0  # enters without jumping over
        # a pull below the last digit of the weight leaves it where it is
        assert attraction.step(penalty, outside, eta) < outside or beta * outside > 35
    penalty = L0(alpha, beta)
    assert abs(attraction.step(penalty, 1e-15, eta)) == pytest.approx(attraction.swing_band(penalty, eta), rel=1e-6)


@given(eta=etas, beta=betas, threshold=st.floats(1e-4, 0.1))
def test_prop_threshold(eta, beta, threshold):
    for kind in (L1(1.0), L0(1.0, beta)):

        def make(alpha, kind=kind):
            return L0(alpha, kind.beta) if isinstance(kind, L0) else L1(alpha)

        alpha = attraction.alpha_for_threshold(kind, threshold, eta)
        w = np.linspace(-1, 1, 2001) * threshold
        assert (np.abs(attraction.step(make(alpha), w, eta)) <= threshold * (1 + 1e-12)).all()
        assert (np.abs(attraction.step(make(1.01 * alpha), 1e-3 * w, eta)) > threshold).any()


def test_prop_l1_cycle():
    penalty, eta = L1(0.25), 0.5
    u = np.array([1, 3, 17, 40, 63]) / 512  # dyadic, so that arithmetic is exact
    orbit = attraction.trajectory(penalty, u, eta, 6)
    np.testing.assert_array_equal(orbit[2], u)
    np.testing.assert_array_equal(orbit[6], u)
    np.testing.assert_array_equal(orbit[1], u - eta * 0.25)


@given(a=st.floats(1e-3, 5), beta=betas)
def test_prop_no_cycle(a, beta):
    eta = 0.1
    penalty = penalty_of(a, beta, eta)
    edge = attraction.critical_magnitude(penalty, eta)
    assert attraction.step(penalty, edge, eta) == pytest.approx(-edge, rel=1e-9)
    near = edge * (1 + 1e-4)
    twice = attraction.trajectory(penalty, near, eta, 2, sample="final")
    assert twice - edge > (near - edge) * (1 + a * math.exp(-1.1 * beta * edge)) ** 2 * 0.999


@settings(deadline=None, max_examples=30)
@given(a=st.floats(2e-3, 0.5), beta=betas, eta=etas, seed=st.integers(0, 2**31))
def test_prop_settle(a, beta, eta, seed):
    penalty = penalty_of(a, beta, eta)
    band = attraction.swing_band(penalty, eta)
    inner, outer = attraction.settled_bands(penalty, eta)
    assert inner <= outer
    # (1) one step takes inner states to outer ones and back
    inside = np.linspace(1e-9, 1, 500) * inner
    landed = np.abs(attraction.step(penalty, inside, eta))
    assert ((landed >= outer * (1 - 1e-12)) & (landed < band)).all()
    outside = outer + np.linspace(0, 1 - 1e-9, 500) * (band - outer)
    back = np.abs(attraction.step(penalty, outside, eta))
    assert (back <= inner * (1 + 1e-12)).all()
    # (3) the mean of an inner state and its successor
    mean = (inside + landed) / 2
    assert (mean <= band / 2 * (1 + 1e-12)).all()
    assert (mean >= band / 2 * math.exp(-a * inner / band) * (1 - 1e-12)).all()
    # (2) a random start settles within the time that the proof gives, and then alternates
    starts = np.random.default_rng(seed).uniform(-band, band, 50)
    edge = attraction.critical_magnitude(penalty, eta)
    starts = starts[np.abs(np.abs(starts) - edge) > 1e-6 * band]
    wait = math.ceil(math.log(1e6) / math.log1p(a * math.exp(-a))) + 2
    size = np.abs(attraction.trajectory(penalty, starts, eta, wait + 3, sample=range(wait, wait + 4)))
    alive = (size > 0).all(axis=0)  # landing on zero exactly is the countable exception
    small = (size <= inner * (1 + 1e-9))[:, alive]
    large = (size >= outer * (1 - 1e-9))[:, alive]
    assert (small ^ large).all()
    assert (small[1:] ^ small[:-1]).all()


def test_settled_bands_refuse_strong_penalties():
    with pytest.raises(ValueError, match=r"eta\*alpha\*beta\*\*2 must be at most about 0.5"):
        attraction.settled_bands(penalty_of(0.8, 5.0, 0.1), 0.1)
    with pytest.raises(ValueError, match="penalty must be an L0"):
        attraction.settled_bands(L1(1.0), 0.1)


@pytest.mark.parametrize("kappa", [0.3, 1.0, 1.5, 6.0])
def test_prop_kill(kappa):
    """The sign of the slope on a fine grid decides each case, at its edges too."""
    beta, curvature = 2.0, 3.0
    penalty = L0(kappa * curvature / beta**2, beta)
    fold = kappa if kappa <= 1 else 1 + math.log(kappa)
    for scaled in sorted(
        {0.5 * fold, 0.999 * fold, fold, (fold + kappa) / 2, 0.999 * kappa, kappa, 1.001 * kappa, 2 * kappa}
    ):
        v = scaled / beta
        u = np.concatenate([np.geomspace(1e-9, 1e-3, 200), np.linspace(1e-3, scaled + 2, 200001)])
        slope = u - scaled + kappa * np.exp(-u)
        falls_everywhere = bool((slope > -1e-15).all()) and (kappa > 1) <= bool((slope > 1e-9).all())
        zero_holds = slope[5] > 0 if scaled != kappa else kappa <= 1
        expected = "kill" if falls_everywhere and zero_holds else "bistable" if zero_holds else "free"
        if abs(scaled - fold) > 1e-12 or kappa <= 1:
            assert str(landscape.regime(penalty, v, curvature)) == expected, (kappa, scaled)
        if expected != "kill" and abs(scaled - fold) > 1e-12:
            star = landscape.stationary_point(penalty, v, curvature) * beta
            assert star - scaled + kappa * math.exp(-star) == pytest.approx(0, abs=1e-9)
            assert slope[u > star + 1e-6].min() > 0


@given(kappa=st.floats(0.05, 30), ratio=st.floats(0.2, 3))
def test_prop_prox(kappa, ratio):
    penalty = L0(kappa / 9.0, 3.0)
    if penalty.alpha == 0:
        return
    threshold, height = landscape.jump(penalty, 1.0)
    v = ratio * threshold
    if abs(ratio - 1) < 1e-6:
        return
    got = penalty.prox(v, 1.0)
    assert (got == 0) == (ratio < 1)
    grid = np.append(np.linspace(0, v * 1.01, 20001), got)
    assert landscape.objective(penalty, grid, v, 1.0).min() >= landscape.objective(penalty, got, v, 1.0) - 1e-12
    assert (height > 0) == (kappa > 1)
    assert got >= height or ratio < 1


@given(a2=st.floats(0, 2), a1=st.floats(0, 1), v=st.floats(-3, 3), h=st.floats(0.2, 5))
def test_prop_prox_sum(a2, a1, v, h):
    penalty = L2(a2) + L1(a1) + L0(0.4, 3.0)
    steeper = h + 2 * a2
    shifted = max(abs(v) * h / steeper - a1 / steeper, 0.0)
    assert penalty.prox(v, 1 / h) == pytest.approx(
        math.copysign(L0(0.4, 3.0).prox(shifted, 1 / steeper), v), rel=1e-9, abs=1e-15
    )


@given(a=st.floats(1e-3, 1), beta=betas, eta=etas, ratio=st.floats(0, 3))
def test_prop_cure(a, beta, eta, ratio):
    penalty = penalty_of(a, beta, eta)
    band = attraction.swing_band(penalty, eta)
    if abs(ratio - 1) < 1e-3:
        return
    for sign in (1, -1):
        after = penalty.prox(sign * ratio * band, eta)
        assert (after == 0) == (ratio < 1)
        assert sign * after >= 0
    assert penalty.prox(0.0, eta) == 0
    assert attraction.crossing_magnitude(penalty, eta) < band


@pytest.mark.parametrize(("chapter", "least"), [("05-at-zero", 8), ("05b-what-a-loss-saves", 4)])
def test_every_statement_of_the_chapter_has_its_test(chapter, least):
    cells = json.loads((NOTEBOOKS / f"{chapter}.ipynb").read_text())["cells"]
    text = "".join("".join(cell["source"]) for cell in cells)
    labels = re.findall(r":label: (prop-[\w-]+)", text)
    assert len(labels) == len(set(labels)) >= least
    missing = [label for label in labels if f"test_{label.replace('-', '_')}" not in globals()]
    assert not missing


@given(
    alpha=st.floats(1e-6, 1e-2), beta=betas, factor=st.floats(0.2, 3),
    rates=st.lists(st.floats(1e-3, 0.5), min_size=1, max_size=60),
)  # fmt: skip
def test_prop_reach(alpha, beta, factor, rates):
    """No schedule brings a weight to zero from beyond the reach; at a constant rate it arrives from within."""
    penalty = L0(alpha, beta)
    edge = attraction.reach(penalty, sum(rates))
    w = factor * edge
    a = max(rates) * alpha * beta**2
    late = a / -math.expm1(-a)  # how much longer steps may take than the flow (prop-steps)
    for eta in rates:
        w = float(attraction.step(penalty, w, eta))
        if w <= 0:
            break
    if factor > 1 + 1e-9:
        assert w > 0
    if factor * edge < attraction.reach(penalty, sum(rates) / late) * (1 - 1e-9) and len(set(rates)) == 1:
        assert w <= penalty.alpha * beta * rates[0]  # within one step of zero


@given(alpha=st.floats(1e-6, 1), beta=betas, total=st.floats(0, 1e3))
def test_the_reach_of_one_penalty_is_where_its_own_time_equals_the_total(alpha, beta, total):
    penalty = L0(alpha, beta)
    assert attraction.steps_to_zero(penalty, attraction.reach(penalty, total), 1.0) == pytest.approx(total, rel=1e-9)
    assert attraction.reach(L1(alpha), total) == pytest.approx(alpha * total)
    assert attraction.reach(L2(alpha), total) == 0


def test_the_reach_of_a_sum():
    total = 40.0
    l1_and_l2 = attraction.reach(L1(0.01) + L2(0.02), total)
    assert l1_and_l2 == pytest.approx(0.01 / 0.04 * math.expm1(0.04 * total), rel=1e-8)
    alone = attraction.reach(L0(0.01, 5.0), total)
    assert attraction.reach(L0(0.01, 5.0) + L2(1e-12), total) == pytest.approx(alone, rel=1e-7)
    assert attraction.reach(L0(0.01, 5.0) + L2(1e-3), total) > alone
    assert attraction.reach(L2(0.1) + L2(0.2), total) == 0


def test_no_beta_reaches_beyond_the_bound():
    alpha, total = 3e-6, 4e3
    best = -2 / lambertw(-2 * math.exp(-2)).real
    betas = np.geomspace(1, 1e4, 4001)
    reached = attraction.reach(L0(alpha, betas), total)
    bound = math.log(best) / math.sqrt(best - 1) * math.sqrt(alpha * total)
    assert reached.max() <= bound * (1 + 1e-12)
    assert reached.max() == pytest.approx(bound, rel=1e-5)
    assert betas[reached.argmax()] == pytest.approx(math.sqrt((best - 1) / (alpha * total)), rel=5e-3)


@pytest.mark.parametrize("total", [-1.0, math.nan, math.inf])
def test_a_total_without_sense_is_refused(total):
    with pytest.raises(ValueError, match="total must be >= 0 and finite"):
        attraction.reach(L1(0.1), total)


def test_a_sum_takes_numbers_only():
    with pytest.raises(ValueError, match="must be numbers"):
        attraction.reach(L0(np.array([0.1, 0.2]), 5.0) + L2(0.1), 3.0)
    with pytest.raises(ValueError, match="must be numbers"):
        attraction.reach(L0(0.1, 5.0) + L2(0.1), np.array([3.0, 4.0]))
