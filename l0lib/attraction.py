r"""Zero attraction: what a penalty alone does to a weight, step by step (paper, Section 3.2).

Without the loss, one gradient step of learning rate :math:`\eta` maps a weight :math:`w` to
:math:`f(w) = w - \eta\,\partial(\alpha\Omega)/\partial w`. The functions here give this map, its scaling factor
:math:`\lambda = f(w)/w`, the bound on :math:`\alpha` that keeps :math:`|\lambda| < 1` (the paper's Table 1), whole
trajectories (Fig. 1), and the closed forms that the chapter "What happens at zero" proves. Weights, ``alpha`` and
``beta`` may be arrays that broadcast; the learning rate ``eta`` is > 0. Everything is computed in float64.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import lambertw

from . import _validate
from ._trajectory import checked_penalty, learning_rate, trajectory, weights
from .penalties import L0, L1, L2, Penalty

__all__ = [
    "Matched",
    "alpha_bound",
    "alpha_for_threshold",
    "best_beta",
    "critical_magnitude",
    "crossing_magnitude",
    "crossover_l1",
    "crossover_l2",
    "match_initial_rate",
    "scaling_factor",
    "step",
    "steps_to_zero",
    "swing_band",
    "term",
    "trajectory",
]


class Matched(NamedTuple):
    """Three penalties whose first step from the same weight has the same length."""

    l2: L2
    l1: L1
    l0: L0


def _by_kind(penalty, l2, l1, l0):
    """Return the closed form that belongs to the kind of ``penalty``; a sum has none."""
    for kind, form in ((L2, l2), (L1, l1), (L0, l0)):
        if isinstance(penalty, kind):
            with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
                return form()
    raise ValueError(f"penalty must be a single L2, L1 or L0, since a sum has no closed form here; got {penalty!r}")


def _w0(x):
    return lambertw(x).real


def term(penalty: Penalty, w, eta):
    r"""Return the zero-attraction term :math:`-\eta\,\partial(\alpha\Omega)/\partial w` (paper, Table 1, row 1).

    Parameters
    ----------
    penalty : Penalty
        Any penalty or sum.
    w : array
        Weights, any shape.
    eta : float or array
        Learning rate, > 0.

    Returns
    -------
    array
        Shape of ``w`` broadcast with the parameters, float64.

    Raises
    ------
    ValueError
        If ``eta`` is not > 0, ``penalty`` is no penalty, or ``w`` is not real and finite.
    """
    return -learning_rate(eta) * checked_penalty(penalty).gradient(weights("w", w))


def step(penalty: Penalty, w, eta):
    r"""Return :math:`f(w)`, the weight after one step of the penalty alone; arguments and errors as in :func:`term`."""
    return weights("w", w) + term(penalty, w, eta)


def scaling_factor(penalty: Penalty, w, eta):
    r"""Return :math:`\lambda = f(w)/w` (paper, Eq. 15 and Table 1, row 2).

    =============  ==============================================
    penalty        scaling factor
    =============  ==============================================
    ``L2``         :math:`1 - 2\eta\alpha`
    ``L1``         :math:`1 - \eta\alpha/|w|`
    ``L0``         :math:`1 - \eta\alpha\beta e^{-\beta|w|}/|w|`
    =============  ==============================================

    At :math:`w = 0` the quotient is not defined; the limit is returned, which is :math:`-\infty` for ``L1`` and
    ``L0`` with :math:`\alpha > 0`. For a sum the parts of :math:`1 - \lambda` add. Arguments and errors as in
    :func:`term`.
    """
    size, eta = np.abs(weights("w", w)), learning_rate(eta)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        return 1.0 - sum(eta * _rate(single, size) for single in checked_penalty(penalty).terms)


def _rate(penalty, size):
    """The gradient over the weight, with its limit where the weight is zero and zero where alpha is."""

    def over_size(numerator):
        return np.where(numerator == 0, 0.0, numerator / size)[()]

    return _by_kind(
        penalty,
        l2=lambda: 2 * penalty.alpha + 0 * size,
        l1=lambda: over_size(penalty.alpha + 0 * size),
        l0=lambda: over_size(penalty.alpha * penalty.beta * np.exp(-penalty.beta * size)),
    )


def alpha_bound(penalty: Penalty, w, eta):
    r"""Return the bound below which every :math:`\alpha > 0` shrinks :math:`|w|` (paper, Eq. 16 and Table 1, row 3).

    It is :math:`1/\eta` for ``L2``, :math:`2|w|/\eta` for ``L1`` and :math:`2|w|e^{\beta|w|}/(\eta\beta)` for
    ``L0``. Only the kind of ``penalty`` and its ``beta`` matter, not its ``alpha``.

    Returns
    -------
    array
        Shape of ``w`` broadcast with ``beta`` and ``eta``; infinite where it exceeds the largest float.

    Raises
    ------
    ValueError
        As in :func:`term`, and if ``penalty`` is a sum.
    """
    size, eta = np.abs(weights("w", w)), learning_rate(eta)
    return _by_kind(
        penalty,
        l2=lambda: 1 / eta + 0 * size,
        l1=lambda: 2 * size / eta,
        l0=lambda: 2 * size * np.exp(penalty.beta * size) / (eta * penalty.beta),
    )


def match_initial_rate(first_step, w0, eta, beta) -> Matched:
    r"""Return the three penalties whose first step from ``w0`` has length ``first_step`` (as in the paper's Fig. 1).

    .. math:: \alpha_{\ell_2} = \frac{s}{2\eta|w_0|}, \quad \alpha_{\ell_1} = \frac{s}{\eta}, \quad
              \alpha_{\ell_0} = \frac{s\,e^{\beta|w_0|}}{\eta\beta}.

    Parameters
    ----------
    first_step : float or array
        The length :math:`s` of the first step, > 0.
    w0 : float or array
        The weight it starts from, not zero.
    eta : float or array
        Learning rate, > 0.
    beta : float or array
        Sharpness of the smoothed l0 penalty, >= 1.

    Raises
    ------
    ValueError
        If an argument breaks its rule.
    """
    first_step, eta = _validate.positive("first_step", first_step), learning_rate(eta)
    size = np.abs(_validate.parameter("w0", w0, "w0 must not be 0", lambda x: x != 0))
    sharp = L0(1.0, beta).beta
    with np.errstate(over="ignore"):
        pull = first_step / eta * np.exp(sharp * size) / sharp
    return Matched(L2(first_step / (2 * eta * size)), L1(first_step / eta), L0(pull, sharp))


def critical_magnitude(penalty: Penalty, eta):
    r"""Return the magnitude at or below which a step no longer shrinks the weight, :math:`|\lambda| \ge 1`.

    ``L1``: :math:`\eta\alpha/2`. ``L0``: :math:`w_c = W_0(\eta\alpha\beta^2/2)/\beta`. ``L2``: 0 (it always shrinks)
    where :math:`\alpha < 1/\eta`, else infinity. Solves the paper's Eq. 16 for the weight; derived in the chapter
    "What happens at zero". Errors as in :func:`alpha_bound`.
    """
    eta = learning_rate(eta)
    return _by_kind(
        penalty,
        l2=lambda: np.where(np.asarray(penalty.alpha) * eta < 1, 0.0, np.inf)[()],
        l1=lambda: eta * penalty.alpha / 2,
        l0=lambda: _w0(eta * penalty.alpha * penalty.beta**2 / 2) / penalty.beta,
    )


def crossing_magnitude(penalty: Penalty, eta):
    r"""Return the magnitude below which a step crosses zero, :math:`\lambda < 0`.

    ``L1``: :math:`\eta\alpha`. ``L0``: :math:`w_x = W_0(\eta\alpha\beta^2)/\beta`. ``L2``: 0 (never) where
    :math:`\alpha \le 1/(2\eta)`, else infinity. Derived in the chapter "What happens at zero". Errors as in
    :func:`alpha_bound`.
    """
    eta = learning_rate(eta)
    return _by_kind(
        penalty,
        l2=lambda: np.where(np.asarray(penalty.alpha) * eta <= 0.5, 0.0, np.inf)[()],
        l1=lambda: eta * penalty.alpha,
        l0=lambda: _w0(eta * penalty.alpha * penalty.beta**2) / penalty.beta,
    )


def swing_band(penalty: Penalty, eta):
    r"""Return the half-width of the band that a weight which has arrived never leaves.

    ``L1``: :math:`\eta\alpha`. ``L0``: :math:`\eta\alpha\beta`, a supremum that no step attains. ``L2``: 0 where
    :math:`\alpha < 1/\eta`, else infinity. Derived in the chapter "What happens at zero". Errors as in
    :func:`alpha_bound`.
    """
    eta = learning_rate(eta)
    return _by_kind(
        penalty,
        l2=lambda: critical_magnitude(penalty, eta),
        l1=lambda: eta * penalty.alpha,
        l0=lambda: eta * penalty.alpha * penalty.beta,
    )


def alpha_for_threshold(penalty: Penalty, threshold, eta):
    r"""Return the largest :math:`\alpha` whose swing stays within a pruning threshold :math:`\tau`.

    ``L1``: :math:`\tau/\eta`. ``L0``: :math:`\tau/(\eta\beta)`. ``L2`` does not swing below :math:`1/\eta`, which is
    returned. Only the kind of ``penalty`` and its ``beta`` matter. Derived in the chapter "What happens at zero".

    Raises
    ------
    ValueError
        If ``threshold`` or ``eta`` is not > 0, or ``penalty`` is a sum.
    """
    eta, threshold = learning_rate(eta), _validate.positive("threshold", threshold)
    return _by_kind(
        penalty,
        l2=lambda: 1 / eta,
        l1=lambda: threshold / eta,
        l0=lambda: threshold / (eta * penalty.beta),
    )


def steps_to_zero(penalty: Penalty, w0, eta, epsilon=None):
    r"""Return about how many steps a weight takes from ``w0`` to zero, as a real number.

    ``L1``: :math:`|w_0|/(\eta\alpha)`, exact once rounded up. ``L0``:
    :math:`T = (e^{\beta|w_0|} - 1)/(\eta\alpha\beta^2)`, the time of the flow
    :math:`\dot w = -\eta\alpha\beta e^{-\beta w}`; the true number of steps lies between :math:`T` and
    :math:`\lceil T a/(1 - e^{-a}) \rceil` with :math:`a = \eta\alpha\beta^2`, as the chapter "What happens at zero"
    proves. ``L2`` never arrives; it takes :math:`\ln(|w_0|/\epsilon)/(-\ln(1 - 2\eta\alpha))` steps to ``epsilon``.

    Parameters
    ----------
    penalty : Penalty
        A single penalty.
    w0 : array
        Start values.
    eta : float or array
        Learning rate, > 0.
    epsilon : float, optional
        The magnitude that counts as zero, > 0: needed for ``L2``, refused for the others.

    Returns
    -------
    array
        Steps; infinite where :math:`\alpha = 0`, and for ``L2`` where :math:`2\eta\alpha \ge 1` is refused.

    Raises
    ------
    ValueError
        If an argument breaks its rule, ``L2`` comes without ``epsilon`` or with :math:`2\eta\alpha \ge 1`.
    """
    size, eta = np.abs(weights("w0", w0)), learning_rate(eta)
    if isinstance(penalty, L2):
        if epsilon is None:
            raise ValueError("epsilon must be given for L2, which never reaches zero; got None")
        epsilon = _validate.positive("epsilon", epsilon)
        rate = np.asarray(2 * eta * penalty.alpha)
        if (rate >= 1).any():
            raise ValueError(f"2*eta*alpha must be < 1 for a monotone decay; got {rate.max():g}")
    elif epsilon is not None:
        raise ValueError(f"epsilon must be left out for penalties that reach zero; got {epsilon!r}")
    return _by_kind(
        penalty,
        l2=lambda: np.maximum(np.log(size / epsilon), 0.0) / -np.log1p(-2 * eta * penalty.alpha),
        l1=lambda: size / (eta * np.asarray(penalty.alpha)),
        l0=lambda: np.expm1(penalty.beta * size) / (eta * np.asarray(penalty.alpha) * penalty.beta**2),
    )


def best_beta(magnitude):
    r"""Return the sharpness whose pull :math:`\alpha\beta e^{-\beta m}` at magnitude ``m`` is greatest, :math:`1/m`.

    Below ``m = 1`` this is an admissible sharpness; above it the rule :math:`\beta \ge 1` (paper, Eq. 10) leaves
    :math:`\beta = 1`, which is returned.

    Raises
    ------
    ValueError
        If ``magnitude`` is not > 0.
    """
    return np.maximum(1 / np.asarray(_validate.positive("magnitude", magnitude)), 1.0)[()]


def crossover_l1(beta):
    r"""Return :math:`\ln(\beta)/\beta`: at equal :math:`\alpha`, smoothed l0 pulls harder than l1 below it."""
    beta = L0(1.0, beta).beta
    return np.log(beta) / beta


def crossover_l2(beta):
    r"""Return :math:`W_0(\beta^2/2)/\beta`: at equal :math:`\alpha`, smoothed l0 pulls harder than l2 below it."""
    beta = L0(1.0, beta).beta
    return _w0(beta**2 / 2) / beta
