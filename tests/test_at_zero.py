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


@given(eta=etas, threshold=st.floats(1e-4, 0.1), factor=st.floats(1.05, 1.95))
def test_prop_threshold_spares_some_starts_under_l1(eta, threshold, factor):
    """Between one and two times the limit a share (2 tau - eta alpha)/(eta alpha) never leaves the threshold."""
    penalty = L1(factor * threshold / eta)
    starts = (np.arange(4000) + 0.5) / 4000 * eta * penalty.alpha
    later = np.abs(attraction.step(penalty, starts, eta))
    stays = np.maximum(starts, later) <= threshold
    assert stays.mean() == pytest.approx(2 / factor - 1, abs=1e-3)


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


@pytest.mark.parametrize("a", [0.1, 0.5])
def test_prop_settle_the_start_decides_the_parity(a):
    """What starts below the critical magnitude is inner at even steps: a share W(a/2)/a of evenly spread starts."""
    eta, beta = 0.1, 5.0
    penalty = penalty_of(a, beta, eta)
    band, edge = attraction.swing_band(penalty, eta), attraction.critical_magnitude(penalty, eta)
    starts = (np.arange(2000) + 0.5) / 2000 * band
    even = 2 * int(100 / a)
    size = attraction.trajectory(penalty, starts, eta, even, sample="final")
    inner, outer = attraction.settled_bands(penalty, eta)
    small = np.abs(size) < (inner + outer) / 2
    clear = np.abs(starts - edge) > 1e-3 * band
    assert (small == (starts < edge))[clear].all()
    assert small.mean() == pytest.approx(lambertw(a / 2).real / a, abs=2e-3)


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


@settings(deadline=None)
@given(
    alpha=st.floats(1e-6, 1e-2), beta=betas, mu=st.floats(0, 0.95), factor=st.floats(0.1, 1.5),
    rates=st.lists(st.floats(1e-3, 0.5), min_size=1, max_size=80),
)  # fmt: skip
def test_prop_momentum_reach(alpha, beta, mu, factor, rates):
    """No schedule and no momentum brings a weight to zero from beyond ln(1 + alpha beta^2 H/(1 - mu))/beta."""
    for penalty in (L0(alpha, beta), L1(alpha)):
        edge = attraction.reach(penalty, sum(rates) / (1 - mu))
        states = attraction.momentum_trajectory(penalty, max(factor, 1 + 1e-9) * edge * (1 + 1e-9), rates, mu)
        assert states[-1] > 0


def test_prop_momentum_reach_is_nearly_attained():
    penalty, rates, mu = L0(1e-4, 5.0), np.full(20_000, 0.1), 0.9
    edge = attraction.reach(penalty, rates.sum() / (1 - mu))
    assert attraction.momentum_trajectory(penalty, 0.995 * edge, rates, mu).min() <= 0


@settings(deadline=None, max_examples=40)
@given(a=st.floats(1e-4, 0.5), beta=betas, mu=st.sampled_from([0.0, 0.3, 0.5, 0.9]), seed=st.integers(0, 2**31))
def test_prop_momentum_swing(a, beta, mu, seed):
    eta, random = 0.1, np.random.default_rng(seed)
    penalty = penalty_of(a, beta, eta)
    c = attraction.swing_band(penalty, eta)
    starts = random.uniform(1, 60, 40) * c
    starts = np.minimum(starts, attraction.reach(penalty, 200 * eta))
    for kind in (penalty, L1(penalty.alpha * beta)):
        states = attraction.momentum_trajectory(kind, starts, np.full(600, eta), mu)
        arrived = np.maximum.accumulate(states <= 0, axis=0)
        assert arrived[-1].any()
        assert (np.abs(states)[arrived] <= attraction.swing_band(kind, eta, mu) * (1 + 1e-9)).all()


def test_prop_momentum_swing_is_the_least_bound_of_l1():
    """The widest first overshoot of many starts comes within two percent of it; that of a weak l0 does as well."""
    starts = np.linspace(400, 440, 800)
    for mu in (0.5, 0.9):
        bound = attraction.swing_band(L1(1.0), 1.0, mu)
        assert bound == pytest.approx(sum(max(2 * mu**k - 1, 0) for k in range(200)) / (1 - mu))
        widest = -attraction.momentum_trajectory(L1(1.0), starts, np.ones(800), mu).min()
        assert 0.98 * bound < widest <= bound
        weak = L0(1e-5, 1.0)
        widest = -attraction.momentum_trajectory(weak, 1e-5 * starts, np.ones(800), mu).min() / 1e-5
        assert 0.95 * bound < widest <= attraction.swing_band(weak, 1.0, mu) / 1e-5


@settings(deadline=None)
@given(
    a=st.floats(1e-4, 0.5), beta=betas, seed=st.integers(0, 2**31),
    rates=st.lists(st.floats(1e-4, 0.5), min_size=1, max_size=60),
)  # fmt: skip
def test_prop_falling(a, beta, seed, rates):
    rates = np.sort(rates)[::-1]
    penalty = penalty_of(a, beta, rates[0])
    for kind in (penalty, L1(penalty.alpha * beta)):
        band = attraction.swing_band(kind, rates[0])
        starts = np.random.default_rng(seed).uniform(-band, band, 200)
        ends = attraction.momentum_trajectory(kind, starts, rates)[-1]
        assert np.abs(ends).max() <= attraction.swing_after(kind, rates) * (1 + 1e-9)


def test_prop_falling_along_a_line_and_a_cosine():
    steps = 1000
    line, cosine = 1 - np.arange(steps) / steps, (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2
    assert attraction.swing_after(L1(1.0), line) == pytest.approx(1 / steps)
    assert attraction.swing_after(L1(1.0), cosine) == pytest.approx(4 * cosine[-1], rel=1e-4)
    assert attraction.swing_after(L1(1.0), cosine) == pytest.approx((math.pi / steps) ** 2, rel=1e-4)
    # the bound is not idle: some of many weights come near it
    starts = np.linspace(0, 1, 4000)
    for rates in (line, cosine):
        ends = np.abs(attraction.momentum_trajectory(L1(1.0), starts, rates)[-1])
        assert ends.max() > 0.95 * attraction.swing_after(L1(1.0), rates)


@settings(deadline=None, max_examples=40)
@given(
    alpha0=st.floats(1e-4, 0.05), beta=st.floats(1, 20), eta=st.floats(0.01, 0.2), factor=st.floats(0.3, 3),
    seed=st.integers(0, 2**31),
)  # fmt: skip
def test_prop_calm(alpha0, beta, eta, factor, seed):
    """The cycle between plus and minus w_c attracts exactly if 2 alpha_2 > alpha_0 beta^2 exp(-beta w_c)."""
    alpha2 = factor * alpha0 * beta**2 / 2
    if eta * alpha2 >= 0.49:
        return
    both = L2(alpha2) + L0(alpha0, beta)
    edge = lambertw(eta * alpha0 * beta**2 / (2 * (1 - eta * alpha2))).real / beta
    assert attraction.step(both, edge, eta) == pytest.approx(-edge, rel=1e-9)
    near = edge * (1 + 1e-5)
    away = abs(attraction.trajectory(both, near, eta, 2, sample="final") - edge)
    calm = 2 * alpha2 > alpha0 * beta**2 * math.exp(-beta * edge)
    if abs(2 * alpha2 / (alpha0 * beta**2 * math.exp(-beta * edge)) - 1) > 1e-3:
        assert (away < near - edge) == calm
    band = attraction.swing_band(L0(alpha0, beta), eta)
    starts = np.random.default_rng(seed).uniform(-band, band, 100)
    assert (np.abs(attraction.trajectory(both, starts, eta, 50)) <= band * (1 + 1e-12)).all()
    if factor > 1.05:  # every start, at the rate that the greatest slope gives
        slope = 1 - 2 * eta * alpha2 + eta * alpha0 * beta**2
        steps = math.ceil(math.log(1e-6) / math.log(slope))
        if steps < 100_000:
            ends = np.abs(attraction.trajectory(both, starts[starts != 0], eta, steps, sample="final"))
            assert np.abs(ends - edge).max() <= 1e-5 * band


@pytest.mark.parametrize("noise", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("kind", ["normal", "signs"])
def test_prop_noise(noise, kind):
    """The mean under l1 is exact for any noise; a weak l0 with the same pull has it too."""
    random = np.random.default_rng(5)
    draw = {"normal": random.standard_normal, "signs": lambda shape: random.choice([-1.0, 1.0], shape)}[kind]
    eta, alpha, beta = 0.1, 1e-3, 1.0
    steps = np.full(int(400 + 100 * noise**2), eta)
    for penalty in (L1(alpha), L0(alpha, beta)):
        starts = random.uniform(-1, 1, 20_000) * eta * alpha
        states = attraction.momentum_trajectory(penalty, starts, steps, 0.0, lambda shape: noise * alpha * draw(shape))
        found = np.abs(states[-100:]).mean()
        assert found == pytest.approx(attraction.mean_under_noise(penalty, eta, noise * alpha), rel=0.03)


def test_prop_noise_spreads_the_weight_exponentially():
    """Where noise is much stronger than the pull: a share 1 - exp(-2 p tau/(eta sigma^2)) lies within tau."""
    random = np.random.default_rng(6)
    eta, alpha, noise = 0.1, 1e-3, 6e-3
    scale = eta * noise**2 / (2 * alpha)
    starts = random.laplace(0, scale, 4000)
    states = attraction.momentum_trajectory(
        L1(alpha), starts, np.full(3000, eta), 0.0, lambda shape: noise * random.standard_normal(shape)
    )
    for threshold in (0.5 * scale, scale, 2 * scale):
        share = np.mean(np.abs(states[-500:]) <= threshold)
        assert share == pytest.approx(-math.expm1(-threshold / scale), abs=0.04)


def test_momentum_spreads_noisy_weights_as_much_as_a_rate_that_is_larger_by_its_factor():
    random, eta, alpha, noise, mu = np.random.default_rng(10), 0.1, 1e-3, 2e-3, 0.9
    wide = attraction.mean_under_noise(L1(alpha), eta / (1 - mu), noise) - eta * alpha / (1 - mu) / 2
    states = attraction.momentum_trajectory(
        L1(alpha), random.laplace(0, wide, 2000), np.full(3000, eta), mu, lambda n: noise * random.standard_normal(n)
    )
    assert np.abs(states[-1000:]).mean() == pytest.approx(wide, rel=0.1)


def test_noise_carries_weights_over_a_wall_that_is_not_high_beside_it():
    random, eta, beta, noise, lost = np.random.default_rng(11), 0.1, 10.0, 0.1, []
    for ratio in (2, 20):
        penalty = L0(ratio * eta * noise**2 / 2, beta)
        states = attraction.momentum_trajectory(
            penalty, np.zeros(200), np.full(6000, eta), 0.0, lambda n: noise * random.standard_normal(n)
        )
        lost.append(np.mean(np.abs(states[-1]) > 10 / beta))
    assert lost[0] > 0.05
    assert lost[1] == 0


def test_noise_blurs_the_two_piles_where_it_passes_half_the_root_of_a():
    """Of the states within the band, those near its ends against those in the middle."""
    random, a, eta, beta = np.random.default_rng(7), 0.01, 1.0, 1.0
    penalty, contrast = penalty_of(a, beta, eta), []
    for factor in (0.4, 1.0, 2.5):
        noise = factor * math.sqrt(a) / 2 * penalty.alpha
        states = attraction.momentum_trajectory(
            penalty, random.uniform(-a, a, 1500), np.full(4000, eta), 0.0,
            lambda shape, noise=noise: noise * random.standard_normal(shape),
        )[-1000::7]  # fmt: skip
        share = np.histogram(np.abs(states) / a, bins=10, range=(0, 1))[0]
        contrast.append((share[0] + share[-1]) / (share[4] + share[5]))
    assert contrast[0] > 10
    assert 1.2 < contrast[1] < math.e
    assert contrast[2] < 1.2


@settings(deadline=None)
@given(alpha=st.floats(1e-6, 1), factor=st.floats(1e-3, 1e3), w0=st.floats(0.01, 1), eta=st.floats(1e-3, 0.05))
def test_prop_adam(alpha, factor, w0, eta):
    """Coupled Adam forgets alpha, and takes steps of eta under l1; decoupled steps are those of the plain map."""
    for make in (L1, lambda a: L0(a, 5.0)):
        one = attraction.adam_trajectory(make(alpha), w0, eta, 30)
        other = attraction.adam_trajectory(make(alpha * factor), w0, eta, 30)
        before = np.maximum.accumulate(one <= 0)
        assert one[~before] == pytest.approx(other[~before], rel=1e-9)
    line = attraction.adam_trajectory(L1(alpha), w0, eta, 30)
    walking = int(w0 / eta)
    assert line[: walking + 1] == pytest.approx(w0 - eta * np.arange(31)[: walking + 1], abs=1e-9)


def test_prop_adam_swings_by_eta_whatever_alpha():
    late = [
        np.abs(attraction.adam_trajectory(L0(alpha, 5.0), np.linspace(0.05, 0.2, 16), 1e-3, 8000)[-2000:]).max()
        for alpha in (1e-5, 1e-2)
    ]
    assert late[0] == pytest.approx(late[1], rel=0.2)
    assert 0.3e-3 < late[0] < 0.7e-3


def test_prop_separate():
    for kappa, share in [(1.3, 0.5), (4.0, 0.01), (4.0, 0.5), (4.0, 0.99), (40.0, 0.7)]:
        beta, curvature = 3.0, 2.0
        penalty = L0(kappa * curvature / beta**2, beta)
        fold = 1 + math.log(kappa)
        v = (fold + share * (kappa - fold)) / beta
        split = landscape.separating_start(penalty, v, curvature)
        star = landscape.stationary_point(penalty, v, curvature)
        assert 0 < split < math.log(kappa) / beta < star < v
        for start in (0.999 * split, 1.001 * split):
            w = start
            for _ in range(200_000):
                w -= 0.02 / curvature * (curvature * (w - v) + float(penalty.gradient(w)))
                if w <= 0 or abs(w - star) < 1e-9:
                    break
            assert (w <= 0) == (start < split)
    assert math.isnan(landscape.separating_start(L0(0.4, 1.0), 1.0, 1.0))
    assert landscape.separating_start(L0(4.0, 1.0), -3.0, 1.0) == -landscape.separating_start(L0(4.0, 1.0), 3.0, 1.0)


@given(kappa=st.floats(1.001, 2000), share=st.floats(1e-6, 1 - 1e-6))
def test_the_separating_start_is_the_lower_root(kappa, share):
    fold = 1 + math.log(kappa)
    scaled = fold + share * (kappa - fold)
    u = float(landscape.separating_start(L0(kappa, 1.0), scaled, 1.0))
    assert 0 <= u <= math.log(kappa) * (1 + 1e-9)
    assert u - scaled + kappa * math.exp(-u) == pytest.approx(0, abs=1e-9 * scaled)


def ramp(start, v, curvature, schedule):
    """Follow a weight through the penalties of ``schedule``, twenty small steps of the flow each; it rests at zero."""
    w, path = start, []
    for alpha, beta in schedule:
        for _ in range(20):
            w = max(0.0, w - 0.2 / curvature * (curvature * (w - v) + alpha * beta * math.exp(-beta * w)))
        path.append(w)
    return np.array(path)


def test_prop_ramp():
    """Up, the weight falls at kappa = e^(beta v - 1); down, it comes back at kappa = beta v."""
    beta, v, curvature = 10.0, 0.3, 1.0
    up = np.geomspace(0.01, 0.2, 4000)
    lost = up[np.argmax(ramp(v, v, curvature, [(alpha, beta) for alpha in up]) == 0)]
    assert lost * beta**2 / curvature == pytest.approx(math.exp(beta * v - 1), rel=0.01)
    down = up[::-1]
    back = down[np.argmax(ramp(0.0, v, curvature, [(alpha, beta) for alpha in down]) > 0.5 * v)]
    assert back * beta**2 / curvature == pytest.approx(beta * v, rel=0.03)


@pytest.mark.parametrize(("alpha", "curvature"), [(0.1, 1.0), (0.02, 3.0)])
def test_prop_ramp_beta(alpha, curvature):
    edge = landscape.kept_by_rising_beta(alpha, curvature)
    assert edge < math.sqrt(2 * alpha / curvature)
    for factor, survives in ((0.98, False), (1.02, True)):
        v = factor * edge
        schedule = [(alpha, beta) for beta in np.geomspace(0.5 / v, 200 / v, 3000)]
        assert (ramp(v, v, curvature, schedule)[-1] > 0) == survives


@pytest.mark.parametrize(("mu", "eta", "alpha"), [(0.0, 0.1, 5e-3), (0.5, 0.2, 5e-2), (0.9, 0.1, 5e-3)])
def test_prop_momentum_rest(mu, eta, alpha):
    """Steps orthogonal to the weights and to the momentum, of length gamma over the norm."""
    random, size, gamma = np.random.default_rng(8), 200, 1.0
    w, m, squares = random.normal(size=size) / 10, np.zeros(size), []
    for _ in range(6000):
        g = random.normal(size=size)
        for other in (w, m - w * (m @ w) / (w @ w)):
            if other @ other > 0:
                g -= other * (g @ other) / (other @ other)
        g *= gamma / (np.linalg.norm(w) * np.linalg.norm(g))
        m = mu * m + g + 2 * alpha * w
        w = w - eta * m
        squares.append(w @ w)
    expected = attraction.square_norm_at_rest(gamma, eta, alpha, mu)
    assert np.mean(squares[-100:]) == pytest.approx(expected, rel=1e-6)
    plain = gamma * math.sqrt(eta / (4 * alpha * (1 - eta * alpha)))
    assert attraction.square_norm_at_rest(gamma, eta, alpha) == pytest.approx(plain)


def test_prop_direction():
    """What the flow of the whole weight does to its direction is the flow on the sphere under alpha Omega(s u)."""
    random = np.random.default_rng(9)
    u = random.normal(size=6)
    u /= np.linalg.norm(u)
    scale, alpha, beta = 1.7, 0.3, 4.0

    def tangential(x):
        return x - u * (x @ u)

    for penalty, on_direction in (
        (L2(alpha), L2(alpha * scale**2)),
        (L1(alpha), L1(alpha * scale)),
        (L0(alpha, beta), L0(alpha, beta * scale)),
    ):
        w = scale * u
        turned = tangential(-penalty.gradient(w)) / scale
        assert turned == pytest.approx(-tangential(on_direction.gradient(u)) / scale**2, rel=1e-12, abs=1e-15)
        assert penalty.value(w) == pytest.approx(on_direction.value(u))
    assert tangential(L2(alpha * scale**2).gradient(u)) == pytest.approx(np.zeros(6), abs=1e-12)
    # the pull on the scale: s times the derivative of alpha Omega(s u) in s
    radial = lambda penalty, s: s * u @ penalty.gradient(s * u)  # noqa: E731
    scales = np.geomspace(0.01, 1e3, 400)
    smoothed = np.array([radial(L0(alpha, beta), s) for s in scales])
    assert smoothed.max() <= alpha * u.size / math.e * (1 + 1e-12)
    assert smoothed[-1] * scales[-1] ** 2 < 1e-100
    assert np.all(np.diff([radial(L1(alpha), s) for s in scales]) > 0)


@pytest.mark.parametrize(("chapter", "least"), [("05-at-zero", 8), ("06-what-a-loss-saves", 4)])
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
