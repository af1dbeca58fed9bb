"""Checks of exercises on one weight and its penalty: steps, pulls, scaling factors, ways to zero, reach."""

from __future__ import annotations

import math

import numpy as np

from .. import attraction, landscape
from ..penalties import L0, L1, L2

_RATES_FACTORS_SHARPNESSES = ((0.04, 0.01, 20.0), (0.1, 0.5, 5.0), (1.0, 1e-4, 1.0))
_WEIGHTS = np.array([-2.0, -0.3, -0.004, 0.001, 0.05, 1.5])


def pair(got, what, kinds=(tuple, list)):
    """Yield a hint if the answer is no pair of ``what``."""
    if not (isinstance(got, kinds) and len(got) == 2):
        yield f"return a pair, {what}; got {got!r}"


def _l2_step(answer):
    rng = np.random.default_rng(0)
    w, slope, eta, alpha = rng.standard_normal(7), rng.standard_normal(7), 0.3, 0.07
    got = np.asarray(answer(w.copy(), slope.copy(), eta, alpha))
    if got.shape != w.shape:
        yield f"return one new weight for each weight, shape {w.shape}; yours has shape {got.shape}"
    if np.allclose(got, w - eta * (alpha * w + slope)):
        yield "the derivative of a square has a factor 2, and the paper's Eq. 4 no factor 1/2"
    if np.allclose(got, w - 2 * alpha * w - eta * slope):
        yield "the learning rate multiplies the penalty's gradient too"
    if not np.allclose(got, w - eta * (L2(alpha).gradient(w) + slope), rtol=1e-12, atol=0):
        yield "the new weights differ from Eq. 5; compare term by term"


def _soft(answer):
    v = np.array([-2.0, -0.31, -0.3, -0.1, 0.0, 0.1, 0.3, 0.31, 2.0])
    got = np.asarray(answer(v.copy(), 0.5, 0.6))
    want = L1(0.6).prox(v, 0.5)
    if got.shape != v.shape:
        yield f"return an array of shape {v.shape}; yours has shape {got.shape}"
    if np.allclose(got, np.where(np.abs(v) > 0.3, v, 0.0)):
        yield "that is hard thresholding: the survivors move by the threshold as well"
    if np.allclose(got, np.sign(v) * np.maximum(np.abs(v) - 0.6, 0)):
        yield "the threshold is step times alpha, not alpha"
    if not np.allclose(got, want, rtol=1e-12, atol=1e-15):
        worst = int(np.argmax(np.abs(got - want)))
        yield f"for v = {v[worst]}, step 0.5 and alpha 0.6 the prox is {want[worst]:.4g}, yours is {got[worst]:.4g}"


def _decay(answer):
    for mu in (2e-4, 0.5):
        got = answer(mu)
        if not isinstance(got, tuple | list) or len(got) != 2:
            yield "return a pair: alpha, weight_decay"
        alpha, decay = got
        if not math.isclose(decay, mu, rel_tol=1e-12):
            yield f"weight_decay is what multiplies w in the gradient, for mu = {mu} that is mu; yours is {decay!r}"
        if not math.isclose(alpha, mu / 2, rel_tol=1e-12):
            yield f"for mu = {mu} alpha must give the gradient 2 alpha w = mu w; yours is {alpha!r}"


def _smooth_count(answer):
    w = np.random.default_rng(0).standard_normal((3, 4))
    got = answer(w.copy(), 5.0)
    if np.shape(got) != ():
        yield f"return one number, the sum over all weights; yours has shape {np.shape(got)}"
    if not math.isclose(got, L0(1.0, 5.0).value(w), rel_tol=1e-12):
        yield f"for twelve test weights and beta 5 it should be {L0(1.0, 5.0).value(w):.6f}, yours is {float(got):.6f}"
    if not math.isclose(answer(np.array([1e-20]), 5.0), 5e-20, rel_tol=1e-9):
        yield "right but for tiny weights, where 1 - exp(-t) loses its digits: look up numpy.expm1"


def _gradient(answer):
    w = np.array([-1.0, -0.1, 0.0, 0.1, 1.0])
    got, want = np.asarray(answer(w.copy(), 0.3, 4.0)), L0(0.3, 4.0).gradient(w)
    if got.shape != w.shape:
        yield f"return one slope for each weight, shape {w.shape}; yours has shape {got.shape}"
    if np.allclose(got, want / 0.3):
        yield "that is the gradient of the norm; multiply by alpha"
    if got[2] != 0:
        yield "at a weight of zero the slope is 0 by convention, since sign(0) = 0"
    if np.allclose(got, np.abs(want)):
        yield "the sign is missing: for a negative weight the penalty falls towards zero"
    if not np.allclose(got, want, rtol=1e-12, atol=0):
        worst = int(np.argmax(np.abs(got - want)))
        yield f"for w = {w[worst]}, alpha 0.3 and beta 4 it should be {want[worst]:.6f}, yours is {got[worst]:.6f}"


def _sharpness(answer):
    for number, smallest, tolerance in ((266_610, 0.05, 1.0), (1000, 0.5, 0.01), (2, 10.0, 1.9)):
        want = max(1.0, math.log(number / tolerance) / smallest)
        got = float(answer(number, smallest, tolerance))
        if not math.isclose(got, want, rel_tol=1e-9):
            yield (
                f"for {number} weights of at least {smallest} and a tolerance of {tolerance} "
                f"beta should be {want:.4f}, yours is {got:.4f}"
            )


def _scaling_factor(answer):
    for eta, alpha, beta in _RATES_FACTORS_SHARPNESSES:
        want = attraction.scaling_factor(L0(alpha, beta), _WEIGHTS, eta)
        got = np.asarray(answer(_WEIGHTS.copy(), eta, alpha, beta), dtype=float)
        if got.shape != want.shape:
            yield f"for {want.shape[0]} weights there should be as many factors; the shape is {got.shape}."
        if np.allclose(got, want, rtol=1e-9, atol=0):
            continue
        positive = _WEIGHTS > 0
        if np.allclose(got[positive], want[positive], rtol=1e-9, atol=0):
            yield "right for positive weights only: where does the formula need the magnitude |w|?"
        if np.allclose(got, want * _WEIGHTS, rtol=1e-9, atol=0):
            yield "that is f(w), the weight after the step: divide by w."
        yield f"not the factor of Eq. 15 at eta = {eta}, alpha = {alpha}, beta = {beta}."


def _half_bound(answer):
    for eta, _, beta in _RATES_FACTORS_SHARPNESSES:
        for w in _WEIGHTS:
            bound = float(attraction.alpha_bound(L0(1.0, beta), w, eta))
            got = float(answer(float(w), eta, beta))
            if np.isclose(got, bound / 2, rtol=1e-9, atol=0):
                continue
            if np.isclose(got, bound, rtol=1e-9, atol=0):
                yield (
                    "that is the bound of Eq. 16, which lets the weight cross zero: the pull must be shorter than |w|."
                )
            if w < 0 and got < 0:
                yield "a factor is never negative: what about negative weights?"
            yield f"not the largest such factor at w = {w}, eta = {eta}, beta = {beta}."


def _factor_from_threshold(answer):
    want = float(attraction.alpha_for_threshold(L0(1.0, 10.0), 0.01, 0.05))
    got = float(answer)
    if np.isclose(got, want, rtol=1e-6, atol=0):
        return
    if np.isclose(got, 10 * want, rtol=1e-6, atol=0):
        yield "that is the limit of ℓ1: how does β enter the swing of ℓ0?"
    yield (
        "not the largest factor: set the width of the swing band equal to the threshold."
        if got > want
        else "a larger factor still works."
    )


def _safe_alpha(answer):
    for first, last, beta, threshold in ((0.1, 0.1, 4.0, 1e-3), (0.1, 0.001, 4.0, 1e-3), (0.03, 0.02, 20.0, 1e-2)):
        want = attraction.alpha_for_threshold(L0(1.0, beta), threshold, last)
        got = answer(first, last, beta, threshold)
        if not math.isclose(got, want, rel_tol=1e-9):
            yield (
                f"from {first} to {last} with beta={beta}, threshold={threshold}, alpha may be {want:.4g}, not {got!r}"
            )


def _count_steps(answer):
    for w0, eta, alpha, beta in (
        (0.3, 0.04, 0.01, 5.0),
        (0.05, 0.1, 0.002, 20.0),
        (1e-6, 0.1, 0.01, 3.0),
        (1.0, 0.1, 0.4, 5.0),  # long steps: far between the two bounds
        (2.0**-69, 1.0, 2.0**-70, 2.0),  # lands on zero
    ):
        limit = int(2 * attraction.steps_to_zero(L0(alpha, beta), w0, eta)) + 2
        want = int(np.argmax(attraction.trajectory(L0(alpha, beta), w0, eta, limit) <= 0))
        got = answer(w0, eta, alpha, beta)
        if got != want:
            yield f"from w0={w0} with eta={eta}, alpha={alpha}, beta={beta} it takes {want} steps, not {got!r}"


def _killed(answer):
    for alpha, curvature in ((0.1, 1.0), (0.1, 0.05), (2.0, 1.0)):
        penalty = L0(alpha, 3.0)
        for v in np.linspace(0.01, 2.0, 41) * landscape.kill_zone(penalty, curvature):
            want = str(landscape.regime(penalty, v, curvature)) == "kill"
            if bool(answer(float(v), alpha, 3.0, curvature)) != want:
                kappa = landscape.kappa(penalty, curvature)
                yield f"with kappa = {kappa:.3g} and beta*v = {3 * v:.3g} the answer is {want}"
    # on the edges themselves, where all the numbers are exact
    for v, alpha, beta, curvature, want in (
        (0.25, 0.5, 2.0, 4.0, True),
        (0.5, 0.25, 2.0, 1.0, True),
        (1 + math.log(2.5), 2.5, 1.0, 1.0, False),
    ):
        if bool(answer(v, alpha, beta, curvature)) != want:
            kappa = alpha * beta**2 / curvature
            yield f"with kappa = {kappa:.3g} and beta*v = {beta * v:.3g}, on the edge itself, the answer is {want}"


def _leap(answer):
    for kappa in (0.3, 1.0, 1.2, 3.0, 40.0):
        want, got = landscape.jump(L0(kappa, 1.0), 1.0)[0], float(answer(kappa))
        if not math.isclose(got, want, rel_tol=1e-6):
            yield f"for kappa = {kappa:g} the operator leaves zero at beta*v = {want:.6f}, not {got:.6f}"


def _two_penalty_step(answer):
    w = np.array([[-1.5, -0.2, 0.0], [0.01, 0.3, 2.0]])
    gradient = np.array([[0.3, -0.1, 0.2], [0.0, 1.0, -0.4]])
    for alpha_l2, alpha_l0, beta in ((1e-3, 1e-3, 5.0), (0.05, 0.02, 20.0), (0.0, 0.1, 1.0), (0.2, 0.0, 3.0)):
        want = w - 0.1 * ((L2(alpha_l2) + L0(alpha_l0, beta)).gradient(w) + gradient)
        got = np.asarray(answer(w.copy(), gradient.copy(), 0.1, alpha_l2, alpha_l0, beta), dtype=float)
        if got.shape != w.shape:
            yield f"the weights should keep their shape {w.shape}; got {got.shape}"
        if not np.allclose(got, want, rtol=0, atol=1e-12):
            row, column = np.unravel_index(np.nanargmax(np.abs(got - want)), w.shape)
            yield (
                f"from w = {w[row, column]:g} with gradient {gradient[row, column]:g}, eta = 0.1, "
                f"alpha_l2 = {alpha_l2:g}, alpha_l0 = {alpha_l0:g}, beta = {beta:g} "
                f"the step leads to {want[row, column]:.6g}, not {got[row, column]:.6g}"
            )


def _least_pull(answer):
    for alpha_l2, alpha_l0, beta in ((5e-4, 2e-4, 8.0), (0.01, 0.3, 4.0), (1.0, 0.1, 2.0), (0.02, 0.01, 2.0)):
        penalty = L2(alpha_l2) + L0(alpha_l0, beta)
        got = answer(alpha_l2, alpha_l0, beta)
        yield from pair(got, "the magnitude and the pull there")
        w, pull = (float(number) for number in got)
        grid = np.linspace(1e-6, 3, 300_001)
        least = float(penalty.gradient(grid).min())
        at = float(grid[penalty.gradient(grid).argmin()])
        given = f"with alpha_l2 = {alpha_l2:g}, alpha_l0 = {alpha_l0:g}, beta = {beta:g}"
        if not abs(w - at) < 1e-4:
            yield f"{given} the pull is least near w = {at:.3f}, not {w:.3g}"
        if not abs(pull - least) < 1e-5 * (1 + least):
            yield f"{given} the least pull is {least:.4g}, not {pull:.4g}"


def _masked_step(answer):
    w, momentum = np.array([0.5, -0.2, 0.0, 1.0]), np.array([0.1, 0.3, -2.0, 0.0])
    gradient, mask = np.array([1.0, -1.0, 5.0, 0.0]), np.array([True, True, False, False])
    got = answer(w.copy(), momentum.copy(), gradient.copy(), mask.copy(), 0.1, 0.9)
    yield from pair(got, "the new weights and the new momentum", tuple)
    moved, kept = (np.asarray(part, dtype=float) for part in got)
    if np.any(moved[~mask] != 0):
        yield f"pruned weights must come out exactly zero; yours are {moved[~mask]}"
    if np.any(kept[~mask] != 0):
        yield f"the momentum of pruned weights must come out exactly zero; yours is {kept[~mask]}"
    new = 0.9 * momentum[mask] + gradient[mask]
    if not np.allclose(kept[mask], new, rtol=0, atol=1e-12):
        yield f"the momentum of the kept weights should be {new}, not {kept[mask]}"
    if not np.allclose(moved[mask], w[mask] - 0.1 * new, rtol=0, atol=1e-12):
        yield f"the kept weights should be {w[mask] - 0.1 * new}, not {moved[mask]}"


def _alpha_for_reach(answer):
    for distance, beta, total in ((0.05, 5.0, 2000.0), (0.2, 10.0, 19_550.0), (1e-3, 60.0, 1.0)):
        alpha = float(answer(distance, beta, total))
        got = float(attraction.reach(L0(max(alpha, 0.0), beta), total))
        if not math.isclose(got, distance, rel_tol=1e-9):
            yield f"with alpha = {alpha:.4g}, beta = {beta:g}, H = {total:g} the reach is {got:.6g}, not {distance:g}"


def _share_within(answer):
    random = np.random.default_rng(0)
    weights = random.normal(0, 0.05, 1000)
    for alpha, beta, total in ((1e-5, 5.0, 1000.0), (1e-4, 10.0, 2000.0), (0.0, 5.0, 100.0)):
        want = float(np.mean(np.abs(weights) < attraction.reach(L0(alpha, beta), total)))
        got = float(answer(weights, alpha, beta, total))
        if not math.isclose(got, want, abs_tol=1e-12):
            yield f"for alpha = {alpha:g}, beta = {beta:g}, H = {total:g} the share is {want:g}, not {got:g}"


def _deviation_of_difference(answer):
    for only_first, only_second, n in ((60, 40, 1000), (5, 5, 100), (300, 0, 10_000)):
        values = np.r_[np.ones(only_first), -np.ones(only_second), np.zeros(n - only_first - only_second)]
        want, got = float(values.std() / math.sqrt(n)), float(answer(only_first, only_second, n))
        if not math.isclose(got, want, rel_tol=1e-9):
            yield f"with {only_first} and {only_second} of {n} images it is {want:.6g}, not {got:.6g}"


# fmt: off
CHECKS = {
    "2.1": _l2_step, "2.2": _soft, "2.3": _decay,
    "3.1": _smooth_count, "3.2": _gradient, "3.3": _sharpness,
    "4.1": _scaling_factor, "4.2": _half_bound, "4.3": _factor_from_threshold,
    "5.1": _safe_alpha, "5.2": _count_steps,
    "6.1": _killed, "6.2": _leap,
    "7.1": _two_penalty_step, "7.2": _least_pull, "7.3": _masked_step,
    "13.1": _alpha_for_reach, "13.2": _share_within, "13.3": _deviation_of_difference,
}
