r"""Loss against penalty: where a weight settles when a loss pulls one way and the smoothed l0 penalty the other.

Near the value :math:`v` that a weight would take without a penalty, the loss is about
:math:`\tfrac12 h (w - v)^2`, with curvature :math:`h > 0`. The objective is then

.. math:: \phi(w) = \tfrac12 h\,(w - v)^2 + \alpha\,(1 - e^{-\beta|w|}),

and everything depends on :math:`\kappa = \alpha\beta^2/h` and on :math:`\beta v` alone. Derived and proved in the
chapter "What a loss saves"; not in the paper. By symmetry :math:`v` and :math:`-v` mirror each other. What exceeds
the largest float is infinite. A tensor is taken as a NumPy array.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammainc, lambertw

from . import _validate
from .penalties import L0, _lambertw0


def _arguments(penalty, curvature, **points):
    """Return alpha, beta, the curvature and the points, as float64 that broadcast."""
    if not isinstance(penalty, L0):
        raise ValueError(f"penalty must be an L0, the others are classical; got {_validate.shown(penalty)}")
    rule = "curvature must be > 0, and one over it finite"
    curvature = _validate.parameter("curvature", curvature, rule, lambda x: x > 1 / _validate.LARGEST)
    named = {**vars(penalty), "curvature": curvature, **points}
    arrays = {name: _validate.float64(name, value) for name, value in named.items()}
    _validate.together(*arrays.items())
    return arrays.values()


def _kappa(alpha, beta, curvature):
    """Return kappa, which may be infinite, and its logarithm, which is not."""
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        k = alpha * beta**2 / curvature
        plain, steady = np.log(k), np.log(alpha) + 2 * np.log(beta) - np.log(curvature)
    usable = (k > 1e-290) & (k < np.inf)
    return np.where(np.isnan(k), np.inf, k)[()], np.where(usable, plain, steady)[()]


def kappa(penalty: L0, curvature):
    r"""Return :math:`\kappa = \alpha\beta^2/h`, the greatest concavity of the penalty over the curvature of the loss.

    Parameters
    ----------
    penalty : L0
        The smoothed l0 penalty.
    curvature : float or array
        :math:`h`, the second derivative of the loss along the weight, > 0.

    Raises
    ------
    ValueError
        If ``penalty`` is no :class:`~l0lib.L0`, ``curvature`` is not > 0 with a finite inverse, or shapes do not
        broadcast.
    """
    return _kappa(*_arguments(penalty, curvature))[0]


def objective(penalty: L0, w, v, curvature):
    r"""Return :math:`\phi(w)`, entry by entry; ``w``, ``v`` and the parameters broadcast."""
    alpha, beta, curvature, w, v = _arguments(penalty, curvature, w=w, v=v)
    with np.errstate(over="ignore", under="ignore"):
        return 0.5 * curvature * (w - v) * (w - v) - alpha * np.expm1(-beta * np.abs(w))


def stationary_point(penalty: L0, v, curvature):
    r"""Return the minimum of :math:`\phi` away from zero, on the side of ``v``; NaN where there is none.

    .. math:: w^* = v + \frac{1}{\beta} W_0\!\left(-\kappa e^{-\beta v}\right), \qquad v > 0.

    Where :math:`-\kappa e^{-\beta v} < -1/e`, or the root is not positive, no such point exists. Errors as in
    :func:`kappa`.
    """
    alpha, beta, curvature, v = _arguments(penalty, curvature, v=v)
    k, logarithm = _kappa(alpha, beta, curvature)
    size = np.abs(v)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore", under="ignore"):
        scaled = beta * size
        # the distance from the fold, 1 + e*x of Lambert's argument x: no digit is lost even where kappa is close to 1
        gap = -np.expm1(logarithm - (scaled - 1))
        x = np.where(k < np.inf, -k * np.exp(-scaled), -np.exp(logarithm - scaled))
        root = size + _lambertw0(x, gap=gap) / beta
        return np.where((gap >= 0) & (root > 0), np.sign(v) * root, np.nan)[()]


def separating_start(penalty: L0, v, curvature):
    r"""Return the start that separates zero's weights from those of the point away from it; NaN where none does.

    .. math:: w_s = v + \frac{1}{\beta} W_{-1}\!\left(-\kappa e^{-\beta v}\right), \qquad v > 0,

    with the other real branch of Lambert's W. It exists where :func:`regime` says ``"bistable"``: a weight that starts
    below it ends at zero, and above it at :func:`stationary_point`. Errors as in :func:`kappa`.
    """
    alpha, beta, curvature, v = _arguments(penalty, curvature, v=v)
    _, logarithm = _kappa(alpha, beta, curvature)
    bistable = regime(penalty, v, curvature) == "bistable"
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        scaled = np.where(bistable, np.abs(v) * beta, 2.0)
        power = np.where(bistable, logarithm, 0.5) - scaled  # the logarithm of minus Lambert's argument
        gap = np.maximum(-np.expm1(power + 1), 0.0)
        p = -np.sqrt(2 * gap)
        beside_the_fold = -1 + p * (1 + p * (-1 / 3 + p * (11 / 72 + p * (-43 / 540))))
        shift = np.where(gap < 1e-5, beside_the_fold, lambertw(-np.exp(np.maximum(power, -700.0)), -1).real)
        for _ in range(4):  # below that exp vanishes, and the root is a quick fixed point
            shift = np.where(power < -700, power - np.log(-shift), shift)
        return np.where(bistable, np.sign(v) * np.maximum(scaled + shift, 0.0) / beta, np.nan)[()]


def kept_by_rising_beta(alpha, curvature):
    r"""Return :math:`2\sqrt{\alpha/(e h)}`: what of a loss's weights outlives a slow rise of :math:`\beta` to infinity.

    A weight that starts at :math:`v` under a small :math:`\beta`, and follows the minimum away from zero, is lost
    exactly if :math:`|v|` is not above this. The exact count with the same :math:`\alpha` would keep
    :math:`|v| > \sqrt{2\alpha/h}`. Derived in the chapter "What a loss saves". Errors as in :func:`kappa`.
    """
    alpha, _, curvature = _arguments(L0(alpha, 1.0), curvature)
    with np.errstate(over="ignore", under="ignore"):
        return (2 * math.exp(-0.5) * np.sqrt(alpha) / np.sqrt(curvature))[()]


def minimiser(penalty: L0, v, curvature):
    r"""Return the global minimiser of :math:`\phi`: the proximal operator at ``v`` with step :math:`1/h`."""
    alpha, beta, curvature, v = _arguments(penalty, curvature, v=v)
    return L0(alpha, beta).prox(v, 1 / curvature)


def kill_zone(penalty: L0, curvature):
    r"""Return the greatest :math:`|v|` from which every start is drawn to zero.

    It is :math:`\kappa/\beta = \alpha\beta/h` where :math:`\kappa \le 1` (attained), and :math:`(1 + \ln\kappa)/\beta`
    where :math:`\kappa > 1` (a supremum: there a half-stable point appears). Errors as in :func:`kappa`.
    """
    alpha, beta, curvature = _arguments(penalty, curvature)
    k, logarithm = _kappa(alpha, beta, curvature)
    return (np.where(k <= 1, k, 1 + logarithm) / beta)[()]


def regime(penalty: L0, v, curvature):
    r"""Return what becomes of a weight, as text: ``"kill"``, ``"bistable"`` or ``"free"``.

    ``"kill"``: zero attracts every start. ``"bistable"`` (only where :math:`\kappa > 1`, for
    :math:`1 + \ln\kappa \le \beta|v| < \kappa`): zero and a point away from it both stand, and the start decides.
    ``"free"``: zero repels, and the point away from it attracts. Errors as in :func:`kappa`.
    """
    alpha, beta, curvature, v = _arguments(penalty, curvature, v=v)
    k, logarithm = _kappa(alpha, beta, curvature)
    with np.errstate(over="ignore", under="ignore"):
        scaled = np.abs(v) * beta
        kill = np.where(k <= 1, scaled <= k, scaled - 1 < logarithm)
        attracts = np.where((scaled < np.inf) & (k < np.inf), scaled < k, np.abs(v) < alpha * beta / curvature)
    return np.where(kill, "kill", np.where(attracts, "bistable", "free"))[()]


def jump(penalty: L0, curvature) -> tuple[float, float]:
    r"""Return ``(threshold, height)``: where the proximal operator leaves zero, and the value it leaps to.

    Below ``threshold`` the global minimiser is zero. Where :math:`\kappa \le 1` it leaves zero without a leap at
    :math:`v = \kappa/\beta`. Where :math:`\kappa > 1` it leaps to :math:`u/\beta`, with :math:`u > 0` the root of
    :math:`u^2 = 2\kappa\,(1 - (1 + u)e^{-u})`, at :math:`v = (u + \kappa e^{-u})/\beta`. Scalars only; errors as in
    :func:`kappa`.
    """
    alpha, beta, curvature = _arguments(penalty, curvature)
    k, _ = _kappa(alpha, beta, curvature)
    if np.ndim(k):
        raise ValueError(f"penalty and curvature must be scalars for a jump; got shape {np.shape(k)}")
    if k <= 1:
        return float(k / beta), 0.0
    if k > 1e6:  # u^2 = 2k to all digits, which is exact hard thresholding
        return (float(np.sqrt(2.0) * np.sqrt(alpha) / np.sqrt(curvature)),) * 2
    u = _leap(k)
    return float((u + k * math.exp(-u)) / beta), float(u / beta)


# 1 - 2(1 - (1 + u)e^-u)/u^2 = 2u/3 - u^2/4 + u^3/15 - ...: enough terms for all digits at u < 1
_SHORTFALL = np.polynomial.Polynomial(
    [0.0] + [2 * (-1) ** (n + 1) * (n + 1) / math.factorial(n + 2) for n in range(1, 18)]
)


def _leap(k) -> float:
    """Return the root u > 0 of u^2 = 2k(1 - (1 + u)e^-u) for k > 1; it is 3/2 (k - 1) to first order above k = 1.

    Divided by u^2 the equation reads k S(u) = 1 with S(u) = 2(1 - (1 + u)e^-u)/u^2, which falls from 1 to 0. For small
    u the two sides differ by less than they are rounded by, so there k (1 - S(u)) = k - 1 is solved instead.
    """

    def excess(u):
        return k * _SHORTFALL(u) - (k - 1) if u < 1 else 1 - k * 2 * gammainc(2, u) / u**2

    # 1 - S(u) < 2u/3 puts the root above 3/2 (1 - 1/k), and S(u) < 2/u^2 puts it below sqrt(2k)
    return float(brentq(excess, (k - 1) / k, 1.5 * math.sqrt(k), xtol=1e-300))


def soft_threshold(v, threshold):
    r"""Return :math:`\operatorname{sign}(v)\max(|v| - t, 0)`, the proximal operator of the l1 norm; t >= 0."""
    v, t = _checked(v, threshold)
    return np.sign(v) * np.maximum(np.abs(v) - t, 0.0) + 0.0  # zero, not -0.0


def hard_threshold(v, threshold):
    r"""Return ``v`` where :math:`|v| > t` and 0 elsewhere: the proximal operator of the exact l0 norm; t >= 0.

    With factor :math:`\alpha` and step :math:`s` the threshold is :math:`t = \sqrt{2\alpha s}`.
    """
    v, t = _checked(v, threshold)
    return np.where(np.abs(v) > t, v, 0.0)[()]


def _checked(v, threshold):
    v = _validate.float64("v", v)
    t = _validate.float64("t", _validate.parameter("threshold", threshold, "threshold must be >= 0", lambda x: x >= 0))
    _validate.together(("v", v), ("threshold", t))
    return v, t
