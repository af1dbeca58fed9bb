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
from scipy.special import wrightomega

from . import _validate
from ._arrival import (
    alpha_for_threshold,
    by_kind,
    critical_magnitude,
    crossing_magnitude,
    reach,
    settled_bands,
    steps_to_zero,
    swing_band,
)
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
    "reach",
    "scaling_factor",
    "settled_bands",
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

    return by_kind(
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
    return by_kind(
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
    return wrightomega(2 * np.log(beta) - np.log(2)) / beta  # W of its logarithm, which cannot overflow
