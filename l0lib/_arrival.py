"""Closed forms for weights near zero; public as functions of :mod:`l0lib.attraction`."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import lambertw

from . import _validate
from ._trajectory import learning_rate, weights
from .penalties import L0, L1, L2, Penalty, Sum


def by_kind(penalty, l2, l1, l0):
    """Return the closed form that belongs to the kind of ``penalty``; a sum has none."""
    for kind, form in ((L2, l2), (L1, l1), (L0, l0)):
        if isinstance(penalty, kind):
            with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
                return form()
    raise ValueError(f"penalty must be a single L2, L1 or L0, since a sum has no closed form here; got {penalty!r}")


def principal(x):
    return lambertw(x).real


def critical_magnitude(penalty: Penalty, eta):
    r"""Return the magnitude at or below which a step no longer shrinks the weight, :math:`|\lambda| \ge 1`.

    ``L1``: :math:`\eta\alpha/2`. ``L0``: :math:`w_c = W_0(\eta\alpha\beta^2/2)/\beta`. ``L2``: 0 (it always shrinks)
    where :math:`\alpha < 1/\eta`, else infinity. Solves the paper's Eq. 16 for the weight; derived in the chapter
    "What happens at zero". Errors as in :func:`alpha_bound`.
    """
    eta = learning_rate(eta)
    return by_kind(
        penalty,
        l2=lambda: np.where(np.asarray(penalty.alpha) * eta < 1, 0.0, np.inf)[()],
        l1=lambda: eta * penalty.alpha / 2,
        l0=lambda: principal(eta * penalty.alpha * penalty.beta**2 / 2) / penalty.beta,
    )


def crossing_magnitude(penalty: Penalty, eta):
    r"""Return the magnitude below which a step crosses zero, :math:`\lambda < 0`.

    ``L1``: :math:`\eta\alpha`. ``L0``: :math:`w_x = W_0(\eta\alpha\beta^2)/\beta`. ``L2``: 0 (never) where
    :math:`\alpha \le 1/(2\eta)`, else infinity. Derived in the chapter "What happens at zero". Errors as in
    :func:`alpha_bound`.
    """
    eta = learning_rate(eta)
    return by_kind(
        penalty,
        l2=lambda: np.where(np.asarray(penalty.alpha) * eta <= 0.5, 0.0, np.inf)[()],
        l1=lambda: eta * penalty.alpha,
        l0=lambda: principal(eta * penalty.alpha * penalty.beta**2) / penalty.beta,
    )


def swing_band(penalty: Penalty, eta):
    r"""Return the half-width of the band that a weight which has arrived never leaves.

    ``L1``: :math:`\eta\alpha`. ``L0``: :math:`\eta\alpha\beta`, a supremum that no step attains. ``L2``: 0 where
    :math:`\alpha < 1/\eta`, else infinity. Derived in the chapter "What happens at zero". Errors as in
    :func:`alpha_bound`.
    """
    eta = learning_rate(eta)
    return by_kind(
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
    return by_kind(
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
    return by_kind(
        penalty,
        l2=lambda: np.maximum(np.log(size / epsilon), 0.0) / -np.log1p(-2 * eta * penalty.alpha),
        l1=lambda: size / (eta * np.asarray(penalty.alpha)),
        l0=lambda: np.expm1(penalty.beta * size) / (eta * np.asarray(penalty.alpha) * penalty.beta**2),
    )


def reach(penalty: Penalty, total):
    r"""Return the largest magnitude from which the penalty alone brings a weight to zero in a whole training.

    A training has the total :math:`H = \sum_t \eta_t`, the sum of its learning rates; with momentum :math:`\mu`,
    about :math:`H/(1 - \mu)`. ``L1``: :math:`\alpha H`. ``L0``: :math:`r = \ln(1 + \alpha\beta^2 H)/\beta`. ``L2``: 0,
    since it never arrives. A sum: the solution of :math:`\dot w = \partial(\alpha\Omega)/\partial w`, :math:`w(0) = 0`,
    at time :math:`H`, integrated numerically to about nine digits. Weights beyond ``L0``'s reach do not arrive by
    steps without momentum either, whatever the schedule, as the chapter "A hundred classes, few epochs" proves.

    Parameters
    ----------
    penalty : Penalty
    total : float or array
        :math:`H`, >= 0; a single number for a sum, whose strengths must be numbers too.

    Raises
    ------
    ValueError
        If ``total`` is negative or not finite, or an array where a number is needed.
    """
    total = np.asarray(total, dtype=float)
    if not (np.isfinite(total) & (total >= 0)).all():
        raise ValueError(f"total must be >= 0 and finite; got {total.min():g}")
    if not isinstance(penalty, Sum):
        return by_kind(
            penalty,
            l2=lambda: 0.0 * total * penalty.alpha,
            l1=lambda: total * penalty.alpha,
            l0=lambda: np.log1p(np.asarray(penalty.alpha) * penalty.beta**2 * total) / penalty.beta,
        )
    if total.ndim or any(np.ndim(value) for term in penalty.terms for value in vars(term).values()):
        raise ValueError(f"total and the strengths of a sum must be numbers; got {penalty!r} and shape {total.shape}")
    if all(isinstance(term, L2) for term in penalty.terms):
        return 0.0
    # backwards in time, from zero outwards; the pull at zero is its limit from the right
    smallest = np.finfo(float).tiny

    def pull(time, w):
        return penalty.gradient(np.maximum(w, smallest))

    found = solve_ivp(pull, (0, float(total)), [0.0], rtol=1e-10, atol=1e-15)
    return float(found.y[0, -1])


def settled_bands(penalty: L0, eta) -> tuple[float, float]:
    r"""Return ``(inner, outer)``: where a weight is found once its swing under the smoothed l0 penalty has settled.

    With :math:`c = \eta\alpha\beta`, :math:`a = \eta\alpha\beta^2` and :math:`\delta = 1 - e^{-a}`, every second state
    then has :math:`|w| \le c\,\delta` (``inner``), and the states between have
    :math:`c\,(e^{-a\delta} - \delta) \le |w| < c` (``outer`` is this lower edge). It holds where
    :math:`2\delta \le e^{-a\delta}`, hence for every :math:`a \le 1/2`. Proved in the chapter "What happens at zero".

    Raises
    ------
    ValueError
        If ``penalty`` is no :class:`~l0lib.L0`, an argument is no scalar, or the condition on :math:`a` fails.
    """
    eta = learning_rate(eta)
    if not isinstance(penalty, L0) or np.ndim(penalty.alpha) or np.ndim(penalty.beta) or np.ndim(eta):
        raise ValueError(f"penalty must be an L0 and every argument a scalar; got {penalty!r}, eta={eta!r}")
    band = eta * penalty.alpha * penalty.beta
    a = band * penalty.beta
    delta = -np.expm1(-a)
    outer = np.exp(-a * delta) - delta
    if outer < delta:
        raise ValueError(f"eta*alpha*beta**2 must be at most about 0.5 for the swing to settle; got {a:g}")
    return float(band * delta), float(band * outer)
