"""The principal branch of the Lambert W function for NumPy arrays and torch tensors alike.

SciPy's ``lambertw`` is the reference (the tests hold ours against it); torch has none, and the proximal operator of
the smoothed l0 penalty needs one formula for both.
"""

import math

import array_api_compat
import numpy as np

_ITERATIONS = 5


def lambertw0(x, gap=None):
    r"""Return :math:`W_0(x)`, the solution :math:`W \ge -1` of :math:`W e^W = x`, for :math:`x \ge -1/e`.

    Parameters
    ----------
    x : array
        Floating NumPy array or torch tensor. Below :math:`-1/e` the result is NaN.
    gap : array, optional
        :math:`1 + e x`, the distance to the branch point, where the caller knows it without cancellation.

    Notes
    -----
    A starting value (the branch-point series where ``gap`` is small, Winitzki's logarithmic guess elsewhere) and five
    Halley steps, as in Corless et al. (1996). Relative error below 1e-14 for ``gap`` above 1e-6.
    """
    xp = array_api_compat.array_namespace(x)
    if gap is None:
        gap = 1 + math.e * x
    below = gap < -4 * xp.finfo(x.dtype).eps
    gap = xp.where(gap > 0, gap, 0 * x)
    p = xp.sqrt(2 * xp.where(gap < 1, gap, 0 * x + 1))
    series = -1 + p * (1 + p * (-1 / 3 + p * (11 / 72 + p * (-43 / 540 + p * (769 / 17280)))))
    log = xp.log1p(xp.where(gap > 0.3, x, 0 * x))
    guess = log * (1 - xp.log1p(log) / (2 + log))
    w = xp.where(gap > 0.3, guess, series)
    near = gap < 1e-6  # here the series is exact to rounding and Halley's quotient is 0/0
    for _ in range(_ITERATIONS):
        e = xp.exp(w)
        f = w * e - x
        safe = xp.where(near, 1 + 0 * w, w + 1)
        w = xp.where(near, w, w - f / (e * safe - (w + 2) * f / (2 * safe)))
    return xp.where(below, np.nan + 0 * x, w)
