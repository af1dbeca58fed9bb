"""Zero attraction: Table 1, Eqs. 15 and 16, Fig. 1, and every closed form against direct iteration."""

import itertools
import math
import re
import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from l0lib import L0, L1, L2, attraction

ETA = 0.04
alphas = st.floats(1e-5, 1e-1)
betas = st.floats(1, 60)
etas = st.floats(1e-3, 0.5)


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@given(alpha=alphas, beta=betas, eta=etas, w=st.floats(1e-6, 3) | st.floats(-3, -1e-6))
def test_table_1_row_by_row(alpha, beta, eta, w):
    size, sign = abs(w), math.copysign(1, w)
    rows = [
        (L2(alpha), -2 * eta * alpha * w, 1 - 2 * eta * alpha, 1 / eta),
        (L1(alpha), -eta * alpha * sign, 1 - eta * alpha / size, 2 * size / eta),
        (
            L0(alpha, beta),
            -eta * alpha * beta * sign * math.exp(-beta * size),
            1 - eta * alpha * beta * math.exp(-beta * size) / size,
            2 * size / (eta * beta * math.exp(-beta * size)),
        ),
    ]
    for penalty, term, factor, bound in rows:
        assert attraction.term(penalty, w, eta) == pytest.approx(term, rel=1e-12)
        assert attraction.scaling_factor(penalty, w, eta) == pytest.approx(factor, rel=1e-12, abs=1e-12)
        assert attraction.alpha_bound(penalty, w, eta) == pytest.approx(bound, rel=1e-12)
        assert attraction.step(penalty, w, eta) == pytest.approx(factor * w, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("kind", [lambda a: L2(a), lambda a: L1(a), lambda a: L0(a, 7.0)])
@pytest.mark.parametrize("w", [0.02, -0.3, 1.1])
def test_the_bound_is_tight(kind, w):
    """prop-za-bounds: a little below the bound a step shrinks the weight, a little above it does not."""
    bound = attraction.alpha_bound(kind(1.0), w, ETA)
    assert abs(attraction.step(kind(bound * 0.999), w, ETA)) < abs(w)
    assert abs(attraction.step(kind(bound * 1.001), w, ETA)) > abs(w)


def test_scaling_factor_at_zero_is_its_limit():
    assert attraction.scaling_factor(L2(0.3), 0.0, ETA) == 1 - 2 * ETA * 0.3
    assert attraction.scaling_factor(L1(0.3), 0.0, ETA) == -math.inf
    assert attraction.scaling_factor(L0(0.3, 5), 0.0, ETA) == -math.inf
    assert attraction.scaling_factor(L0(0.0, 5), 0.0, ETA) == 1
    near = [attraction.scaling_factor(L0(0.3, 5), 10.0**-k, ETA) for k in range(3, 9)]
    assert all(b < a for a, b in itertools.pairwise(near))


@pytest.mark.parametrize(
    "penalty", [L2(0.5), L1(0.25), L0(0.02, 20.0), L2(0.5) + L0(0.02, 20.0), L1(0.1) + L0(0.01, 5)]
)
def test_trajectory_is_the_step_repeated(penalty):
    starts = np.array([-1.0, 0.0, 1e-3, 0.05, 1.0])
    orbit = attraction.trajectory(penalty, starts, ETA, 30)
    assert orbit.shape == (31, 5)
    for before, after in itertools.pairwise(orbit):
        np.testing.assert_allclose(after, attraction.step(penalty, before, ETA), rtol=1e-12, atol=1e-16)


def test_trajectory_that_lands_on_zero_stays_there():
    orbit = attraction.trajectory(L1(0.25 / ETA), 1.0, ETA, 10)
    np.testing.assert_array_equal(orbit, [1, 0.75, 0.5, 0.25, *[0] * 7])


def test_trajectory_broadcasts_and_samples(monkeypatch):
    monkeypatch.setattr(attraction, "BLOCK", 7)  # several blocks, the last one short
    alpha, beta, w0 = (
        np.linspace(0.01, 0.1, 4)[:, None, None],
        np.array([1.0, 5.0, 20.0])[:, None],
        np.array([0.2, -0.5]),
    )
    full = attraction.trajectory(L2(0.1) + L0(alpha, beta), w0, ETA, 12)
    assert full.shape == (13, 4, 3, 2)
    for i, j, k in np.ndindex(4, 3, 2):
        one = attraction.trajectory(L2(0.1) + L0(alpha[i, 0, 0], beta[j, 0]), w0[k], ETA, 12)
        np.testing.assert_allclose(full[:, i, j, k], one, rtol=1e-10)
    np.testing.assert_array_equal(
        attraction.trajectory(L2(0.1) + L0(alpha, beta), w0, ETA, 12, sample=[0, 3, 12]), full[[0, 3, 12]]
    )
    final = attraction.trajectory(L2(0.1) + L0(alpha, beta), w0, ETA, 12, sample="final")
    np.testing.assert_array_equal(final, full[-1])
    assert attraction.trajectory(L1(1.0), 1.0, ETA, 0).tolist() == [1.0]


@given(step=st.floats(1e-4, 0.1), w0=st.floats(0.1, 3), eta=etas, beta=st.floats(1, 30))
def test_matched_penalties_take_the_same_first_step(step, w0, eta, beta):
    matched = attraction.match_initial_rate(step, w0, eta, beta)
    assert [type(p) for p in matched] == [L2, L1, L0]
    for penalty in matched:
        assert -attraction.term(penalty, w0, eta) == pytest.approx(step, rel=1e-10)


def test_figure_1_order_of_arrival():
    w0, eta, beta, first = 1.0, 0.04, 5.0, 0.004
    l2, l1, l0 = (
        np.abs(attraction.trajectory(p, w0, eta, 300)) for p in attraction.match_initial_rate(first, w0, eta, beta)
    )
    arrive = [int(np.argmax(orbit < 2 * first)) for orbit in (l1, l0)]
    assert 0 < arrive[1] < arrive[0]
    assert l2[-1] > 0.1


# theory: each closed form against direct iteration
@given(alpha=alphas, beta=betas, eta=etas)
def test_critical_magnitude_is_where_the_factor_is_minus_one(alpha, beta, eta):
    for penalty in (L1(alpha), L0(alpha, beta)):
        edge = attraction.critical_magnitude(penalty, eta)
        assert abs(attraction.step(penalty, edge * 1.001, eta)) < edge * 1.001
        assert abs(attraction.step(penalty, edge * 0.999, eta)) > edge * 0.999


@given(alpha=alphas, beta=betas, eta=etas)
def test_crossing_magnitude_is_where_the_step_lands_on_zero(alpha, beta, eta):
    for penalty in (L1(alpha), L0(alpha, beta)):
        edge = attraction.crossing_magnitude(penalty, eta)
        assert attraction.step(penalty, edge * 1.001, eta) > 0
        assert attraction.step(penalty, edge * 0.999, eta) < 0


def test_l2_regimes():
    assert attraction.critical_magnitude(L2(0.99 / ETA), ETA) == 0
    assert attraction.critical_magnitude(L2(1.0 / ETA), ETA) == math.inf
    assert attraction.crossing_magnitude(L2(0.5 / ETA), ETA) == 0
    assert attraction.crossing_magnitude(L2(0.51 / ETA), ETA) == math.inf
    assert attraction.swing_band(L2(0.1), ETA) == 0


@given(alpha=alphas, beta=betas, eta=etas, u=st.floats(-1, 1))
def test_swing_band_is_never_left(alpha, beta, eta, u):
    for penalty in (L1(alpha), L0(alpha, beta)):
        band = attraction.swing_band(penalty, eta)
        orbit = attraction.trajectory(penalty, u * band, eta, 200)
        assert (np.abs(orbit) <= band * (1 + 1e-12)).all()
    tiny = attraction.step(L0(alpha, beta), 1e-16, eta)
    assert abs(tiny) == pytest.approx(eta * alpha * beta, rel=1e-4)


def test_alpha_for_threshold_keeps_the_swing_below_it():
    threshold, beta = 1e-3, 20.0
    for make in (lambda a: L1(a), lambda a: L0(a, beta)):
        alpha = attraction.alpha_for_threshold(make(1.0), threshold, ETA)
        assert attraction.swing_band(make(alpha), ETA) == pytest.approx(threshold)
        orbit = attraction.trajectory(make(alpha), 0.1, ETA, 20000)
        assert (np.abs(orbit[-5000:]) <= threshold * (1 + 1e-9)).all()
        louder = attraction.trajectory(make(2 * alpha), 0.10001, ETA, 20000)
        assert (np.abs(louder[-5000:]) > threshold).any()
    assert attraction.alpha_for_threshold(L2(1.0), threshold, ETA) == 1 / ETA


@pytest.mark.parametrize("beta", [3.0, 10.0, 20.0])
@pytest.mark.parametrize("alpha", [1e-4, 1e-3, 1e-2])
def test_steps_to_zero_against_iteration(alpha, beta):
    penalty, w0 = L0(alpha, beta), 0.3
    expected = attraction.steps_to_zero(penalty, w0, ETA)
    orbit = attraction.trajectory(penalty, w0, ETA, int(expected * 1.3) + 50)
    counted = int(np.argmax(orbit <= 0)) or len(orbit)
    a = ETA * alpha * beta**2
    assert expected <= counted <= math.ceil(expected * a / -math.expm1(-a))


def test_steps_of_l1_and_l2_against_iteration():
    orbit = attraction.trajectory(L1(0.3), 1.0, ETA, 200)
    assert int(np.argmax(orbit <= 1e-12)) == math.ceil(attraction.steps_to_zero(L1(0.3), 1.0, ETA) - 1e-9)
    orbit = attraction.trajectory(L2(0.3), 1.0, ETA, 2000)
    n = attraction.steps_to_zero(L2(0.3), 1.0, ETA, epsilon=1e-3)
    assert orbit[math.ceil(n)] <= 1e-3 < orbit[math.floor(n)]
    assert attraction.steps_to_zero(L2(0.3), 1e-4, ETA, epsilon=1e-3) == 0


def test_a_weight_at_zero_needs_no_step_and_without_a_penalty_no_other_arrives():
    for penalty, epsilon in ((L1(0.0), None), (L0(0.0, 5.0), None), (L2(0.0), 1e-3)):
        assert attraction.steps_to_zero(penalty, np.array([0.0, 0.1]), ETA, epsilon).tolist() == [0, math.inf]


def exact_reach(penalty, total):
    """The reach to 30 digits: the weight at which the integral of one over the pull is the total."""
    with mpmath.workdps(40):
        terms = [(mpmath.mpf(t.alpha), mpmath.mpf(getattr(t, "beta", 0)), type(t)) for t in penalty.terms]

        def pull(w):
            parts = {L2: lambda a, b: 2 * a * w, L1: lambda a, b: a, L0: lambda a, b: a * b * mpmath.exp(-b * w)}
            return sum(parts[kind](alpha, beta) for alpha, beta, kind in terms)

        scale = min(1 / beta if beta else pull(0) / (2 * alpha) for alpha, beta, kind in terms if kind is not L1)
        w, left = mpmath.mpf(0), mpmath.mpf(total)
        while True:  # panels that grow with the weight, by a fixed rule that is exact far beyond floats
            width = scale / 4 if w < 50 * scale else w / 200
            taken = mpmath.quad(lambda x: 1 / pull(x), [w, w + width])
            if taken > left:
                break
            w, left = w + width, left - taken
        end = w
        for _ in range(8):  # Newton
            end += (left - mpmath.quad(lambda x: 1 / pull(x), [w, end])) * pull(end)
        return end


@pytest.mark.parametrize(
    ("penalty", "total"),
    [
        (L2(1e-4) + L0(1e-3, 5.0), 2000.0),
        (L2(0.05) + L0(1e-12, 5.0), 60.0),  # all digits of a reach of 1e-10 count
        (L2(1e-3) + L1(1e-4) + L0(1e-2, 10.0), 30.0),
        (L0(1e-3, 3.0) + L0(1e-3, 40.0), 1e3),
        (L2(0.5) + L0(1e-3, 20.0), 12.0),
        (L2(0.01) + L1(1e-9), 700.0),
        (L1(1e-3) + L0(1e-2, 10.0), 100.0),
    ],
    ids=repr,
)
def test_the_reach_of_a_sum_has_all_its_digits(penalty, total):
    assert attraction.reach(penalty, total) == pytest.approx(float(exact_reach(penalty, total)), rel=1e-12)


def test_the_reach_of_a_sum_grows_beyond_all_floats():
    assert attraction.reach(L2(1.0) + L0(1e-3, 5.0), 400.0) == math.inf  # e^800
    tiny = 1e-250 / 2 * math.exp(400) * math.exp(400)
    assert attraction.reach(L2(1.0) + L1(1e-250), 400.0) == pytest.approx(tiny, rel=1e-11)
    assert attraction.reach(L2(1.0) + L0(1e-250, 5.0), 400.0) == pytest.approx(5 * tiny, rel=1e-11)
    assert attraction.reach(L1(0.0) + L0(0.0, 5.0), 1e308) == 0
    assert attraction.reach(L1(1e-3) + L0(1e-2, 10.0), 0.0) == 0
    assert attraction.reach(L0(1.0, 1e200), 1.0) == pytest.approx(math.log(10) * 400 / 1e200)


@given(alpha=alphas, beta=betas, eta=etas, w=st.floats(1e-3, 3))
def test_a_unit_of_weight_changes_nothing(alpha, beta, eta, w):
    """Weights in units of 1e-200 have a sharpness of 1e200 and more, whose square no float holds."""
    penalty, scaled, unit = L0(alpha, beta), L0(alpha * 1e-100, beta * 1e200), 1e-200
    for function, more, dimension in (
        (attraction.critical_magnitude, (), unit),
        (attraction.crossing_magnitude, (), unit),
        (attraction.swing_band, (), unit),
        (attraction.alpha_bound, (w,), 1e-100),
        (attraction.scaling_factor, (w,), 1),
        (attraction.steps_to_zero, (w,), 1),
    ):
        found = function(scaled, *(x * unit for x in more), eta * 1e-300)
        near_zero = 1e-10 if function is attraction.scaling_factor else 0
        assert found == pytest.approx(function(penalty, *more, eta) * dimension, rel=1e-9, abs=near_zero)


@given(magnitude=st.floats(1e-3, 0.999), other=st.floats(1, 1000))
def test_best_beta_pulls_hardest(magnitude, other):
    """prop-best-beta: of all sharpnesses 1/|w| pulls hardest, as far as it is allowed."""
    best = attraction.best_beta(magnitude)
    assert best == pytest.approx(1 / magnitude)
    assert L0(1.0, best).gradient(magnitude) >= L0(1.0, other).gradient(magnitude) * (1 - 1e-12)
    assert attraction.best_beta(4.0) == 1


@given(beta=st.floats(1.01, 1e4))
def test_crossovers(beta):
    """prop-crossovers: the pulls cross where it says, and the largest crossover with l1 is at beta = e."""
    for edge, rival in ((attraction.crossover_l1(beta), L1(1.0)), (attraction.crossover_l2(beta), L2(1.0))):
        pull = L0(1.0, beta).gradient
        assert pull(edge) == pytest.approx(rival.gradient(edge), rel=1e-9)
        assert pull(edge * 0.99) > rival.gradient(edge * 0.99)
        assert pull(edge * 1.01) < rival.gradient(edge * 1.01)
    assert attraction.crossover_l1(beta) <= attraction.crossover_l1(math.e) + 1e-15


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: attraction.term(L1(1.0), 1.0, 0.0), ("eta must be > 0", "0")),
        (lambda: attraction.step(L1(1.0), 1.0, -0.1), ("eta must be > 0", "-0.1")),
        (lambda: attraction.scaling_factor(L1(1.0), math.nan, 0.1), ("w must hold finite", "nan")),
        (lambda: attraction.term("l1", 1.0, 0.1), ("penalty must be L2, L1, L0", "l1")),
        (lambda: attraction.alpha_bound(L2(1.0) + L1(1.0), 1.0, 0.1), ("single L2, L1 or L0", "L1(alpha=1.0)")),
        (
            lambda: attraction.trajectory(L1(1.0), 1.0, 0.1, -1),
            ("steps must be a whole number from 0", "-1"),
        ),
        (lambda: attraction.trajectory(L1(1.0), 1.0, 0.1, 2.5), ("steps must be a whole number", "2.5")),
        (lambda: attraction.trajectory(L1(1.0), 1.0, 0.1, 5, sample="last"), ("sample must be", "last")),
        (lambda: attraction.trajectory(L1(1.0), 1.0, 0.1, 5, sample=[3, 2]), ("sample must be", "[3, 2]")),
        (lambda: attraction.trajectory(L1(1.0), 1.0, 0.1, 5, sample=[6]), ("steps = 5", "[6]")),
        (lambda: attraction.trajectory(L1(1.0), 1.0, 0.1, 5, sample=[]), ("sample must be", "[]")),
        (lambda: attraction.match_initial_rate(0.0, 1.0, 0.1, 5), ("first_step must be > 0", "0")),
        (lambda: attraction.match_initial_rate(0.1, 0.0, 0.1, 5), ("w0 must not be 0", "0")),
        (lambda: attraction.match_initial_rate(0.1, 1.0, 0.1, 0.5), ("beta must be >= 1", "0.5")),
        (lambda: attraction.alpha_for_threshold(L1(1.0), 0.0, 0.1), ("threshold must be > 0", "0")),
        (lambda: attraction.steps_to_zero(L2(1.0), 1.0, 0.1), ("epsilon must be given for L2", "None")),
        (lambda: attraction.steps_to_zero(L2(5.0), 1.0, 0.1, epsilon=0.1), ("2*eta*alpha must be < 1", "1")),
        (lambda: attraction.steps_to_zero(L1(5.0), 1.0, 0.1, epsilon=0.1), ("epsilon must be left out", "0.1")),
        (lambda: attraction.best_beta(0.0), ("magnitude must be > 0", "0")),
        (lambda: attraction.crossover_l1(0.5), ("beta must be >= 1", "0.5")),
    ],
)
def test_bad_input_names_argument_value_and_rule(call, words):
    with pytest.raises(ValueError, match=re.escape(words[0])) as error:
        call()
    for word in words:
        assert word in str(error.value)


def test_extreme_parameters_raise_no_warning():
    assert 0 < attraction.crossover_l2(1e200) < 1e-197
    for penalty in (L0(1e300, 1e5), L0(1e-300, 1.0), L1(1e300), L2(1e-300)):
        for w in (1e-300, 1e300):
            attraction.scaling_factor(penalty, w, ETA)
            attraction.alpha_bound(penalty, w, ETA)
            attraction.trajectory(penalty, w, ETA, 3)
        attraction.critical_magnitude(penalty, ETA)
        attraction.crossing_magnitude(penalty, ETA)
