r"""The penalties: :math:`\ell_2`, :math:`\ell_1`, the smoothed :math:`\ell_0`, and their sums.

A penalty is added to a training loss, :math:`\tilde J(w) = J(w) + \alpha\,\Omega(w)` (paper, Eq. 1). Each one gives its
value, its gradient and its proximal operator by the same formula for NumPy arrays and for torch tensors:

>>> from l0lib import L0, L2
>>> penalty = L2(alpha=1e-4) + L0(alpha=1e-2, beta=5)        # the paper's Eq. 17 is a sum
>>> float(penalty.gradient(0.5))
0.004204...

Weights carry no unit here; ``alpha`` has the unit of the loss, and ``beta`` that of one over a weight.
"""

from __future__ import annotations

import math
from typing import Any

import array_api_compat
import numpy as np

from . import _validate


def _namespace(w):
    return np if isinstance(w, np.generic) else array_api_compat.array_namespace(w)


def count_nonzero(w) -> int:
    r"""Return the exact :math:`\ell_0` norm, the number of entries that are not zero (paper, Eqs. 8 and 9).

    ``w`` is an array or tensor of real numbers, integers or booleans; anything else is a ValueError.
    """
    w = _validate.array("w", w, whole=True)
    return int((w != 0).sum())


class Penalty:
    """What :class:`L2`, :class:`L1`, :class:`L0` and their :class:`Sum` have in common."""

    alpha: Any
    beta: Any  # L0 alone has it

    def _elementwise(self, w, xp):
        raise TypeError("Penalty is the common ground of L2, L1, L0 and Sum: use one of these")

    def _gradient(self, w, xp):
        raise TypeError("Penalty is the common ground of L2, L1, L0 and Sum: use one of these")

    @property
    def terms(self) -> tuple[Penalty, ...]:
        """The single penalties this one is made of."""
        return (self,)

    def _checked(self, name: str, w, *others: tuple[str, Any]):
        """Return ``w`` as an array with which the parameters and ``others`` broadcast."""
        w = _validate.array(name, w)
        _validate.together((name, w), *others, *(pair for term in self.terms for pair in vars(term).items()))
        greatest = float(_namespace(w).finfo(w.dtype).max)
        for term in self.terms:
            if all(isinstance(x, float) for x in vars(term).values()) and math.prod(vars(term).values()) > greatest:
                raise ValueError(f"{name} must have a dtype that can hold the factors of {term!r}; got {w.dtype}")
        return w

    def elementwise(self, w):
        r"""Return the penalty of each weight, before summing.

        Parameters
        ----------
        w : array
            Weights of any shape: a floating NumPy array, a torch tensor, or numbers that become float64.

        Returns
        -------
        array
            Shape of ``w`` broadcast with ``alpha`` and ``beta``; infinite where the value exceeds the largest float.

        Raises
        ------
        ValueError
            If ``w`` has no real floating dtype, is a NumPy array that holds NaN or an infinity, or does not broadcast
            with the parameters.
        """
        w = self._checked("w", w)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return self._elementwise(w, _namespace(w))

    def value(self, w):
        r"""Return :math:`\alpha\,\Omega(w)`, summed over all entries of ``w`` (a scalar); see :meth:`elementwise`."""
        with np.errstate(over="ignore", under="ignore"):
            return self.elementwise(w).sum()

    def gradient(self, w):
        r"""Return :math:`\partial\,\alpha\Omega(w)/\partial w_j` for each entry, in the shape of ``w``.

        At :math:`w_j = 0` the subgradient 0 is taken, as :math:`\operatorname{sign}(0) = 0`. Errors as in
        :meth:`elementwise`.
        """
        w = self._checked("w", w)
        with np.errstate(over="ignore", under="ignore"):
            return self._gradient(w, _namespace(w))

    def prox(self, v, step):
        r"""Return the proximal operator, entry by entry:

        .. math:: \operatorname*{arg\,min}_w\; \alpha\,\Omega(w) + \frac{(w - v)^2}{2\,\mathtt{step}}.

        Parameters
        ----------
        v : array
            The points to start from, any shape.
        step : float or array
            The step length, > 0. With a learning rate ``eta`` this is one proximal-gradient step of that rate.

        Returns
        -------
        array
            Shape of ``v`` broadcast with ``step`` and the parameters. Where two minimisers tie, zero is returned. A
            tensor's NaN stays NaN.

        Raises
        ------
        ValueError
            If ``step`` is not > 0, ``v`` is not real, floating and finite, a shape does not broadcast, or a sum holds
            two smoothed-l0 terms (their common minimiser has no closed form).

        Notes
        -----
        :math:`\ell_2` shrinks, :math:`\ell_1` soft-thresholds (Parikh and Boyd, 2014). For the smoothed
        :math:`\ell_0` see the chapter "What a loss saves": with :math:`h = 1/\mathtt{step}` and
        :math:`\kappa = \alpha\beta^2/h`, the better of 0 and
        :math:`v + W_0(-\kappa e^{-\beta v})/\beta`. A sum shifts ``v`` and ``h`` and reduces to these.
        """
        step = _validate.positive("step", step)
        v = self._checked("v", v, ("step", step))
        xp = _namespace(v)
        smooth = [term for term in self.terms if isinstance(term, L0)]
        if len(smooth) > 1:
            raise ValueError(f"prox needs a sum with at most one L0 term; got {self!r}")
        quadratic = sum(term.alpha for term in self.terms if isinstance(term, L2))
        linear = sum(term.alpha for term in self.terms if isinstance(term, L1))
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            growth = 1 + 2 * quadratic * step  # the l2 term adds 2*alpha to the curvature 1/step
            size = xp.abs(v) / growth - linear * step / growth
            curvature = growth / step
            if not _finite(growth, linear * step):  # a very long step: in units of its inverse
                curvature = 1 / step + 2 * quadratic
                size = (xp.abs(v) / step - linear) / curvature
            size = xp.where(size <= 0, xp.zeros_like(size), size)  # 0 * size would be -0.0
            if smooth:
                size = _prox_l0(size, smooth[0].alpha, smooth[0].beta, curvature, xp)
            result = xp.where(v < 0, 0 - size, size)  # never -0.0
            return result[()] if _validate.is_numpy(result) else result

    def __add__(self, other: Penalty) -> Sum:
        if not isinstance(other, Penalty):
            return NotImplemented
        return Sum(*self.terms, *other.terms)

    def __radd__(self, other):
        return self if isinstance(other, int) and other == 0 else NotImplemented  # so that sum([...]) works

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    def _key(self):
        return type(self).__name__, *(np.asarray(x).tolist() for x in vars(self).values())

    def __eq__(self, other) -> bool:
        return isinstance(other, Penalty) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(str(self._key()))


def _finite(*values) -> bool:
    """Whether all that is held is finite, in numbers and in arrays."""
    return all(
        bool((abs(value) < math.inf).all()) if hasattr(value, "shape") else math.isfinite(value) for value in values
    )


def _prox_l0(v, alpha, beta, curvature, xp):
    """Minimise alpha*(1 - exp(-beta*w)) + curvature/2*(w - v)^2 over w >= 0 for v >= 0, in units of 1/beta."""
    kappa = alpha * beta * beta / curvature
    greatest = float(xp.finfo(v.dtype).max) ** 0.5  # whose square is still finite
    scaled = beta * v
    scaled = xp.where(scaled > greatest, xp.full_like(scaled, greatest), scaled)
    logarithm = _log(kappa, xp)
    x = -kappa * xp.exp(-scaled)  # the argument of Lambert's W
    small = kappa <= greatest / 4
    if small is not True:
        logarithm = _choose(small, logarithm, _log(alpha, xp) + 2 * _log(beta, xp) - _log(curvature, xp), xp)
        x = _choose(small, x, -xp.exp(logarithm - scaled), xp)
    gap = -xp.expm1(1 + logarithm - scaled)  # 1 + e*x without cancellation
    shift = _lambertw0(x, gap=gap)
    u, w = scaled + shift, v + shift / beta
    gain = u * (u - 2 * scaled) / 2 - kappa * xp.expm1(-u)  # objective at u less objective at 0
    if small is not True:  # the same in units of w
        gain = _choose(small, gain, curvature * w * (shift / beta - v) / 2 - alpha * xp.expm1(-u), xp)
    return xp.where((gap >= 0) & (u > 0) & (gain < 0), w, 0 * v)


def _log(x, xp):
    return xp.log(x) if not isinstance(x, float) else math.log(x) if x > 0 else -math.inf


def _choose(condition, one, other, xp):
    return (one if condition else other) if isinstance(condition, bool) else xp.where(condition, one, other)


def _factor(alpha):
    """Return the penalty factor if it is one: the rule that all penalties share."""
    return _validate.parameter("alpha", alpha, "alpha must be >= 0 (paper, Eq. 1)", lambda x: x >= 0)


class L2(Penalty):
    r"""The squared :math:`\ell_2` penalty, :math:`\alpha \sum_j w_j^2` (paper, Eq. 4; note: no factor 1/2).

    Its gradient is :math:`2\alpha w_j` (Eq. 5), so ``alpha`` is half of what torch calls ``weight_decay``.

    Parameters
    ----------
    alpha : float or array
        Penalty factor, >= 0; an array broadcasts with the weights.

    Raises
    ------
    ValueError
        If ``alpha`` is negative or NaN, or twice ``alpha`` is infinite.
    """

    def __init__(self, alpha):
        self.alpha = _factor(alpha)
        with np.errstate(over="ignore"):
            _validate.parameter("2*alpha", 2 * self.alpha, "2*alpha must be finite", lambda x: x >= 0)

    def _elementwise(self, w, xp):
        values = self.alpha * (w * w)
        return xp.where(xp.isfinite(values), values, self.alpha * w * w)  # a square may be infinite, and alpha zero

    def _gradient(self, w, xp):
        return 2 * self.alpha * w


class L1(Penalty):
    r"""The :math:`\ell_1` penalty, :math:`\alpha \sum_j |w_j|` (paper, Eq. 6).

    Its gradient is :math:`\alpha\operatorname{sign}(w_j)` (Eq. 7), with 0 at :math:`w_j = 0`. ``alpha`` and
    errors as in :class:`L2`.
    """

    def __init__(self, alpha):
        self.alpha = _factor(alpha)

    def _elementwise(self, w, xp):
        return self.alpha * xp.abs(w)

    def _gradient(self, w, xp):
        return self.alpha * xp.sign(w)


class L0(Penalty):
    r"""The smoothed :math:`\ell_0` penalty, :math:`\alpha \sum_j (1 - e^{-\beta|w_j|})` (paper, Eqs. 10 and 11).

    Its gradient is :math:`\alpha\beta\operatorname{sign}(w_j)\,e^{-\beta|w_j|}` (Eq. 13), with 0 at
    :math:`w_j = 0`. As :math:`\beta \to \infty` each entry tends to the exact count (Eq. 9).

    Parameters
    ----------
    alpha : float or array
        Penalty factor, >= 0; an array broadcasts with the weights.
    beta : float or array
        Sharpness, >= 1, in units of one over a weight; an array broadcasts with the weights.

    Raises
    ------
    ValueError
        If ``alpha`` is negative, ``beta`` is below 1, or either or their product is NaN or infinite.
    """

    def __init__(self, alpha, beta):
        self.alpha = _factor(alpha)
        self.beta = _validate.parameter("beta", beta, "beta must be >= 1 (paper, Eq. 10)", lambda x: x >= 1)
        _validate.together(("alpha", self.alpha), ("beta", self.beta))
        with np.errstate(over="ignore"):
            _validate.parameter("alpha*beta", self.alpha * self.beta, "alpha*beta must be finite", lambda x: x >= 0)

    def _elementwise(self, w, xp):
        return -self.alpha * xp.expm1(-self.beta * xp.abs(w))  # expm1 keeps the digits of small weights

    def _gradient(self, w, xp):
        return self.alpha * self.beta * xp.sign(w) * xp.exp(-self.beta * xp.abs(w))


class Sum(Penalty):
    r"""The sum of penalties; ``L2(a) + L0(b, beta)`` makes one (paper, Eq. 17)."""

    def __init__(self, *terms: Penalty):
        for term in terms:
            if not isinstance(term, Penalty):
                raise ValueError(f"terms must be penalties; got {term!r}")
        self._terms = tuple(single for term in terms for single in term.terms)
        if not self._terms:
            raise ValueError("terms must hold at least one penalty; got none")

    @property
    def terms(self) -> tuple[Penalty, ...]:
        """The single penalties of the sum, in order."""
        return self._terms

    def _key(self):
        return "Sum", *(term._key() for term in self._terms)

    def _elementwise(self, w, xp):
        return sum((term._elementwise(w, xp) for term in self._terms[1:]), self._terms[0]._elementwise(w, xp))

    def _gradient(self, w, xp):
        return sum((term._gradient(w, xp) for term in self._terms[1:]), self._terms[0]._gradient(w, xp))

    def __repr__(self) -> str:
        return " + ".join(repr(term) for term in self._terms)


def _lambertw0(x, gap=None):
    r"""Return :math:`W_0(x)`, the solution :math:`W \ge -1` of :math:`W e^W = x`, for :math:`x \ge -1/e`.

    SciPy's ``lambertw`` is the reference (the tests hold ours against it); torch has none, and the proximal operator
    of the smoothed l0 penalty needs one formula for both. ``x`` is a floating NumPy array or torch tensor; below
    :math:`-1/e` the result is NaN. ``gap`` is :math:`1 + e x`, the distance to the branch point, where the caller knows
    it without cancellation.

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
    for _ in range(5):
        e = xp.exp(w)
        f = w * e - x
        safe = xp.where(near, 1 + 0 * w, w + 1)
        w = xp.where(near, w, w - f / (e * safe - (w + 2) * f / (2 * safe)))
    return xp.where(below, np.nan + 0 * x, w)
