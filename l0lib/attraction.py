r"""Zero attraction: what a penalty alone does to a weight, step by step (paper, Section 3.2).

Without the loss, one gradient step of learning rate :math:`\eta` maps a weight :math:`w` to
:math:`f(w) = w - \eta\,\partial(\alpha\Omega)/\partial w`. The functions here give this map, its scaling factor
:math:`\lambda = f(w)/w`, the bound on :math:`\alpha` that keeps :math:`|\lambda| < 1` (the paper's Table 1), whole
trajectories (Fig. 1), and the closed forms that the chapter "What happens at zero" proves. Weights, ``alpha`` and
``beta`` may be arrays that broadcast; the learning rate ``eta`` is > 0. Everything is computed in float64.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import exprel, lambertw, wrightomega

from . import _validate
from .penalties import L0, L1, L2, Penalty, Sum

#: Weights that one block of a trajectory holds: small enough for its few work arrays to stay in the cache.
BLOCK = 16384
# The bit of a double that holds its sign, as an integer.
_SIGN_BIT = np.int64(-(2**63))


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
        Shape of ``w`` broadcast with the parameters, float64; infinite where it exceeds the largest float.

    Raises
    ------
    ValueError
        If ``eta`` is not > 0, ``penalty`` is no penalty, ``w`` is not real and finite, or shapes do not broadcast.
    """
    w, eta = _validate.float64("w", w), _learning_rate(eta)
    _together(_checked_penalty(penalty), ("w", w), ("eta", eta))
    with np.errstate(over="ignore", under="ignore"):
        return 0.0 - eta * penalty.gradient(w)  # where it is zero, not -0.0


def step(penalty: Penalty, w, eta):
    r"""Return :math:`f(w)`, the weight after one step of the penalty alone; arguments and errors as in :func:`term`."""
    with np.errstate(over="ignore"):
        return _validate.float64("w", w) + term(penalty, w, eta)


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
    size, eta = np.abs(_validate.float64("w", w)), _learning_rate(eta)
    terms = _checked_penalty(penalty).terms
    _together(penalty, ("w", size), ("eta", eta))
    with np.errstate(over="ignore"):
        return 1.0 - sum(_rate(single, size, eta) for single in terms)


def _rate(penalty, size, eta):
    """The step over the weight, with its limit where the weight is zero and zero where alpha is."""
    return _by_kind(
        penalty,
        l2=lambda alpha: _quotient((2, eta, alpha)) + 0 * size,
        l1=lambda alpha: _quotient((eta, alpha), (size,)),
        l0=lambda alpha, beta: _quotient((eta, alpha, beta), (size,), -beta * size),
    )


def alpha_bound(penalty: Penalty, w, eta):
    r"""Return the bound below which every :math:`\alpha > 0` shrinks :math:`|w|` (paper, Eq. 16 and Table 1, row 3).

    It is :math:`1/\eta` for ``L2``, :math:`2|w|/\eta` for ``L1`` and :math:`2|w|e^{\beta|w|}/(\eta\beta)` for
    ``L0``; infinite where it exceeds the largest float. Only the kind of ``penalty`` and its ``beta`` matter, not its
    ``alpha``. Arguments and errors as in :func:`term`; besides, a sum is a ValueError.
    """
    size, eta = np.abs(_validate.float64("w", w)), _learning_rate(eta)
    return _by_kind(
        penalty,
        ("w", size),
        ("eta", eta),
        l2=lambda alpha: 1 / eta + 0 * size,
        l1=lambda alpha: _quotient((2, size), (eta,)),
        l0=lambda alpha, beta: _quotient((2, size), (eta, beta), beta * size),
    )


def trajectory(penalty: Penalty, w0, eta, steps: int, sample: Sequence[int] | str | None = None):
    r"""Iterate :math:`w_{n+1} = f(w_n)` from ``w0`` (paper, Fig. 1).

    Parameters
    ----------
    penalty, w0, eta
        As in :func:`term`, with the start values for ``w``; all broadcast.
    steps : int
        Number of steps, from 0 to 10,000,000.
    sample : None, "final" or sequence of int
        Which states to return: all of ``0 … steps``; the last one alone; or those of the step numbers given, which
        must rise.

    Returns
    -------
    array
        ``(number of samples, *broadcast shape)``, float64; for ``"final"`` without the leading axis. A weight that has
        left the range of floats is infinite from then on.

    Raises
    ------
    ValueError
        As in :func:`term`, for ``steps`` or ``sample`` out of their range, and where the product of ``eta`` with the
        strengths of a penalty is infinite.

    Notes
    -----
    The work runs in blocks of :data:`BLOCK` weights, so that beside the result only a few blocks are held. The
    smoothed :math:`\ell_0` map expands distances near zero: compare single steps, or whole orbits before arrival, or
    statistics, but not long orbits bit by bit.
    """
    steps = _validate.whole("steps", steps, 0, 10_000_000)
    wanted = _samples(sample, steps)
    singles = _checked_penalty(penalty).terms
    w0, eta = _validate.float64("w0", w0), _learning_rate(eta)
    shape = _together(penalty, ("w0", w0), ("eta", eta))
    fields = [w0, eta, *(np.asarray(x, dtype=np.float64) for single in singles for x in vars(single).values())]
    size = int(np.prod(shape))
    views = [np.broadcast_to(x, shape) for x in fields]
    result = np.empty((len(wanted), size))
    for start in range(0, size, BLOCK):
        # unravelling a slice of the flat index copies one block, never the whole broadcast grid
        index = np.unravel_index(np.arange(start, min(start + BLOCK, size)), shape) if shape else ()
        pieces = iter([x.reshape(-1)[:1] if np.ndim(f) == 0 else x[index] for f, x in zip(fields, views, strict=True)])
        w = np.broadcast_to(next(pieces), (min(BLOCK, size - start),)).copy()
        _iterate(w, next(pieces), singles, pieces, wanted, result[:, start : start + w.size])
    result = result.reshape(len(wanted), *shape)
    return result[0] if isinstance(sample, str) else result


def _iterate(w, eta, singles, pieces, wanted, out):
    """Run one block in place and write the wanted states to ``out``."""
    parts: list[tuple] = []
    for single in singles:
        alpha = next(pieces)
        beta = next(pieces) if isinstance(single, L0) else None
        with np.errstate(over="ignore"):
            pull = eta * alpha * (2.0 if isinstance(single, L2) else 1.0 if beta is None else beta)
        _validate.parameter("eta", pull, f"eta times the strengths of {single!r} must be finite", np.isfinite)
        parts.append((type(single), pull, None if beta is None else -beta))
    total, work, sign = np.empty_like(w), np.empty_like(w), np.empty(w.shape, dtype=np.int64)
    bits, total_bits, work_bits = (x.view(np.int64) for x in (w, total, work))
    done = 0
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for row, until in enumerate(wanted):
            for _ in range(until - done):
                np.bitwise_and(bits, _SIGN_BIT, out=sign)
                for k, (kind, pull, minus_beta) in enumerate(parts):
                    target, target_bits = (work, work_bits) if k else (total, total_bits)
                    np.abs(w, out=target)
                    at_zero = target == 0 if np.minimum.reduce(target) == 0 else None
                    if kind is L1:
                        target[:] = pull
                    else:
                        if kind is L0:
                            np.multiply(target, minus_beta, out=target)
                            np.exp(target, out=target)
                        np.multiply(target, pull, out=target)
                    # copying the sign bit takes a third of the time of sign() or copysign()
                    np.bitwise_or(target_bits, sign, out=target_bits)
                    if at_zero is not None and kind is not L2:
                        target[at_zero] = 0  # sign(0) is 0
                    if k:
                        np.add(total, work, out=total)
                np.subtract(w, total, out=w)
            done = until
            out[row] = w
    if not np.isfinite(w).all():
        out[np.isnan(out)] = np.inf  # an infinite weight less an infinite step


def _samples(sample, steps: int) -> list[int]:
    rule = f'sample must be None, "final" or rising step numbers from 0 to steps = {steps}'
    if sample is None:
        return list(range(steps + 1))
    if isinstance(sample, str):
        if sample != "final":
            raise ValueError(f"{rule}; got {sample!r}")
        return [steps]
    wanted = [_validate.whole("sample", n, 0) for n in _validate.items("sample", sample, "step numbers")]
    if not wanted or wanted[-1] > steps or any(b <= a for a, b in itertools.pairwise(wanted)):
        raise ValueError(f"{rule}; got {_validate.shown(wanted)}")
    return wanted


def critical_magnitude(penalty: Penalty, eta):
    r"""Return the magnitude at or below which a step no longer shrinks the weight, :math:`|\lambda| \ge 1`.

    ``L1``: :math:`\eta\alpha/2`. ``L0``: :math:`w_c = W_0(\eta\alpha\beta^2/2)/\beta`. ``L2``: 0 (it always shrinks)
    where :math:`\alpha < 1/\eta`, else infinity. Solves the paper's Eq. 16 for the weight; derived in the chapter
    "What happens at zero". Errors as in :func:`alpha_bound`.
    """
    eta = _learning_rate(eta)
    return _by_kind(
        penalty,
        ("eta", eta),
        l2=lambda alpha: np.where(alpha * eta < 1, 0.0, np.inf)[()],
        l1=lambda alpha: _quotient((eta, alpha, 0.5)),
        l0=lambda alpha, beta: _lambertw_of(eta, alpha, beta, beta, 0.5) / beta,
    )


def crossing_magnitude(penalty: Penalty, eta):
    r"""Return the magnitude below which a step crosses zero, :math:`\lambda < 0`.

    ``L1``: :math:`\eta\alpha`. ``L0``: :math:`w_x = W_0(\eta\alpha\beta^2)/\beta`. ``L2``: 0 (never) where
    :math:`\alpha \le 1/(2\eta)`, else infinity. Derived in the chapter "What happens at zero". Errors as in
    :func:`alpha_bound`.
    """
    eta = _learning_rate(eta)
    return _by_kind(
        penalty,
        ("eta", eta),
        l2=lambda alpha: np.where(alpha * eta <= 0.5, 0.0, np.inf)[()],
        l1=lambda alpha: _quotient((eta, alpha)),
        l0=lambda alpha, beta: _lambertw_of(eta, alpha, beta, beta) / beta,
    )


def swing_band(penalty: Penalty, eta, momentum=0.0):
    r"""Return the half-width of the band that a weight which has arrived never leaves.

    With momentum :math:`\mu`, ``L1``: :math:`\eta\alpha\sum_{k\ge0}(2\mu^k - 1)_+/(1 - \mu)`, which is
    :math:`\eta\alpha` without. ``L0``: :math:`\eta\alpha\beta/(1 - \mu)^2`, which no step attains. ``L2``: 0 where
    :math:`\alpha < (1 + \mu)/\eta`, else infinity. Derived in the chapter "What happens at zero".

    Raises
    ------
    ValueError
        As in :func:`alpha_bound`, and if ``momentum`` is no number from 0 to below 1.
    """
    eta, mu = _learning_rate(eta), _momentum(momentum)
    return _by_kind(
        penalty,
        ("eta", eta),
        l2=lambda alpha: np.where(alpha * eta < 1 + mu, 0.0, np.inf)[()],
        l1=lambda alpha: _quotient((eta, alpha, _widening_of_l1(mu))),
        l0=lambda alpha, beta: _quotient((eta, alpha, beta), (1 - mu, 1 - mu)),
    )


def _widening_of_l1(mu):
    """How far a weight under l1 coasts beyond zero, from its greatest speed, in units of a first step."""
    steps = 1 if mu == 0 else math.ceil(math.log(0.5) / math.log(mu))  # after them the pull has stopped it
    return (2 * -math.expm1(steps * math.log(mu)) / (1 - mu) - steps) / (1 - mu) if mu else 1.0


def alpha_for_threshold(penalty: Penalty, threshold, eta, momentum=0.0):
    r"""Return the largest :math:`\alpha` whose :func:`swing_band` stays within a pruning threshold :math:`\tau`.

    Without momentum ``L1``: :math:`\tau/\eta`. ``L0``: :math:`\tau/(\eta\beta)`. ``L2`` does not swing below
    :math:`1/\eta`, which is returned. Only the kind of ``penalty`` and its ``beta`` matter. Derived in the chapter
    "What happens at zero". Errors as in :func:`swing_band`, and if ``threshold`` is not > 0.
    """
    eta, threshold = _learning_rate(eta), _validate.float64("threshold", _validate.positive("threshold", threshold))
    mu = _momentum(momentum)
    return _by_kind(
        penalty,
        ("threshold", threshold),
        ("eta", eta),
        l2=lambda alpha: (1 + mu) / eta + 0 * threshold,
        l1=lambda alpha: _quotient((threshold,), (eta, _widening_of_l1(mu))),
        l0=lambda alpha, beta: _quotient((threshold, 1 - mu, 1 - mu), (eta, beta)),
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
    penalty, w0, eta
        As in :func:`term`, but no sum; with the start values for ``w``.
    epsilon : float, optional
        The magnitude that counts as zero, > 0: needed for ``L2``, refused for the others.

    Returns
    -------
    array
        Steps: 0 from zero itself (for ``L2`` from ``epsilon`` and below), else infinite where :math:`\alpha = 0` or
        where they exceed the largest float.

    Raises
    ------
    ValueError
        If an argument breaks its rule, ``L2`` comes without ``epsilon`` or with :math:`2\eta\alpha \ge 1`.
    """
    size, eta = np.abs(_validate.float64("w0", w0)), _learning_rate(eta)
    named = [("w0", size), ("eta", eta)]
    if isinstance(penalty, L2):
        if epsilon is None:
            raise ValueError("epsilon must be given for L2, which never reaches zero; got None")
        epsilon = _validate.float64("epsilon", _validate.positive("epsilon", epsilon))
        named.append(("epsilon", epsilon))
        _together(penalty, *named)
        with np.errstate(over="ignore", under="ignore"):
            rate = np.asarray(eta * _validate.float64("alpha", penalty.alpha) * 2)
        if (rate >= 1).any():
            raise ValueError(f"2*eta*alpha must be < 1 for a monotone decay; got {rate.max():g}")
    elif epsilon is not None:
        raise ValueError(f"epsilon must be left out for penalties that reach zero; got {_validate.shown(epsilon)}")

    def decay_to(epsilon, rate):
        folds = np.where(size > epsilon, np.log(size) - np.log(epsilon), 0.0)
        return np.where(folds > 0, folds / -np.log1p(-rate), 0.0)[()]

    return _by_kind(
        penalty,
        *named,
        l2=lambda alpha: decay_to(epsilon, rate),
        l1=lambda alpha: _quotient((size,), (eta, alpha)),
        l0=lambda alpha, beta: _quotient((-np.expm1(-beta * size),), (eta, alpha, beta, beta), beta * size),
    )


def reach(penalty: Penalty, total):
    r"""Return the largest magnitude from which the penalty alone brings a weight to zero in a whole training.

    A training has the total :math:`H = \sum_t \eta_t`, the sum of its learning rates. With momentum :math:`\mu` take
    :math:`H/(1 - \mu)`: no weight of ``L1`` or ``L0`` beyond it arrives, as the chapter "What happens at zero" proves.
    ``L1``: :math:`\alpha H`. ``L0``: :math:`r = \ln(1 + \alpha\beta^2 H)/\beta`. ``L2``: 0,
    since it never arrives. A sum: the solution of :math:`\dot w = \partial(\alpha\Omega)/\partial w`, :math:`w(0) = 0`,
    at time :math:`H`, to about nine digits; infinite where it exceeds the largest float. Weights beyond ``L0``'s reach
    do not arrive by steps without momentum either, whatever the schedule, as the chapter "A hundred classes, few
    epochs" proves.

    Parameters
    ----------
    penalty : Penalty
    total : float or array
        :math:`H`, >= 0; a single number for a sum, whose strengths must be numbers too.

    Raises
    ------
    ValueError
        If ``total`` is negative or not finite, an array where a number is needed, or the strengths of a sum lie
        hundreds of orders of magnitude apart.
    """
    rule = "total must be >= 0 and finite"
    total = _validate.float64("total", _validate.parameter("total", total, rule, lambda x: x >= 0))
    if not isinstance(penalty, Sum):
        return _by_kind(
            penalty,
            ("total", total),
            l2=lambda alpha: 0.0 * total * alpha,
            l1=lambda alpha: _quotient((total, alpha)),
            l0=lambda alpha, beta: _log1p_of(alpha, beta, beta, total) / beta,
        )
    if np.ndim(total) or any(np.ndim(value) for term in penalty.terms for value in vars(term).values()):
        shown = f"{_validate.shown(penalty)} and shape {np.shape(total)}"
        raise ValueError(f"total and the strengths of a sum must be numbers; got {shown}")
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        return float(_reach_of_sum(penalty, total))


# Of Gauss's rule on (-1, 1): its error on the panels below is less than rounding.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def _reach_of_sum(penalty, left):
    """Follow a weight outwards from zero: the time to w is the integral of one over the pull, panel by panel.

    On a panel the pull changes by at most a half. It ends with the terms that have a closed form.
    """
    decay = sum(2 * term.alpha for term in penalty.terms if isinstance(term, L2))
    linear = sum(term.alpha for term in penalty.terms if isinstance(term, L1))
    smooth = sorted({term.beta for term in penalty.terms if isinstance(term, L0) and term.alpha > 0})
    sharpness = np.array(smooth)
    strength = [sum(t.alpha for t in penalty.terms if isinstance(t, L0) and t.beta == beta) for beta in smooth]
    logarithm = np.log(strength) + np.log(sharpness)

    def pulls(w):
        return decay * w + linear, np.exp(logarithm - np.multiply.outer(w, sharpness))

    def time(w, width):
        plain, sharp = pulls(w + width / 2 * (1 + _NODES))
        return width / 2 * np.sum(_WEIGHTS / (plain + sharp.sum(-1)))

    w = 0.0
    while True:
        plain, sharp = pulls(w)
        pull = plain + sharp.sum()
        if pull == 0:
            return w
        if sharp.sum() <= 1e-17 * plain:  # l2 and l1 alone
            folds = min(decay * left, 1e300)
            return w + _quotient((plain, left, exprel(-folds)), (), folds)
        if decay == 0 and sharp[1:].sum() <= 1e-17 * pull:  # l1 and the least sharp l0
            beta = sharpness[0]
            folds = min(beta * linear * left, 1e300)
            return w + linear * left + _log1p_of(sharp[0], beta, left, exprel(-folds)) / beta
        share = sharp / pull
        # what is tiny but changes quickly counts as well, until even its square is less than rounding
        rate = max(decay / pull + np.sum(share * sharpness), max(sharpness[share > 1e-9], default=0.0))
        if not (0 < rate < np.inf and pull < np.inf):
            raise ValueError(f"penalty must be a sum of terms of comparable strength; got {penalty!r}")
        width = 0.5 / rate
        taken = time(w, width)
        if taken >= left:
            break
        w, left = w + width, left - taken
    rest = 0.0
    for _ in range(20):  # Newton: the pull here changes little
        plain, sharp = pulls(w + rest)
        rest = min(max(rest + (left - time(w, rest)) * (plain + sharp.sum()), 0.0), width)
    return w + rest


def momentum_trajectory(penalty: Penalty, w0, rates, momentum=0.0, noise=None):
    r"""Iterate :math:`m \leftarrow \mu m + g`, :math:`w \leftarrow w - \eta_t m` on the penalty's gradient :math:`g`.

    Parameters
    ----------
    penalty, w0
        As in :func:`term`, with the start values for ``w``; the momentum starts at zero.
    rates : array
        :math:`\eta_1, \dots, \eta_n`, each > 0.
    momentum : float
        :math:`\mu`, from 0 to below 1.
    noise : callable, optional
        What is added to the gradient at each step: it gets the shape and returns such an array.

    Returns
    -------
    array
        ``(n + 1, *broadcast shape)``, float64, the start first.

    Raises
    ------
    ValueError
        As in :func:`term`, and where an argument breaks its rule.
    """
    rates, mu = _rates(rates), _momentum(momentum)
    w0 = _validate.float64("w0", w0)
    shape = _together(_checked_penalty(penalty), ("w0", w0))
    states = np.empty((len(rates) + 1, *shape))
    states[0] = w0
    velocity = np.zeros(shape)
    with np.errstate(over="ignore", under="ignore"):
        for n, eta in enumerate(rates):
            gradient = penalty.gradient(states[n]) + (0.0 if noise is None else noise(shape))
            velocity = mu * velocity + gradient
            states[n + 1] = states[n] - eta * velocity
    return states


def adam_trajectory(penalty: Penalty, w0, eta, steps: int, beta1=0.9, beta2=0.999, epsilon=0.0):
    r"""Iterate Adam from ``w0`` on the penalty's gradient :math:`g` alone (Kingma and Ba, 2015).

    .. math:: m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad s \leftarrow \beta_2 s + (1 - \beta_2) g^2, \quad
              w \leftarrow w - \eta\,\frac{m/(1 - \beta_1^t)}{\sqrt{s/(1 - \beta_2^t)} + \epsilon} .

    The penalty is *coupled*, as part of the gradient. A decoupled one leaves Adam nothing to do here, and
    :func:`trajectory` is its path. A step of zero gradients moves nothing. Arguments, result and errors as in
    :func:`trajectory` with all states; the decays lie between 0 and 1, ``epsilon`` is >= 0.
    """
    steps, eta = _validate.whole("steps", steps, 0, 1_000_000), _learning_rate(eta)
    beta1, beta2 = (_momentum(value, name) for name, value in (("beta1", beta1), ("beta2", beta2)))
    epsilon = _validate.number("epsilon", epsilon, "epsilon must be >= 0", lambda x: x >= 0)
    w0 = _validate.float64("w0", w0)
    shape = _together(_checked_penalty(penalty), ("w0", w0), ("eta", eta))
    states = np.empty((steps + 1, *shape))
    states[0] = w0
    mean, square = np.zeros(shape), np.zeros(shape)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        for n in range(steps):
            gradient = penalty.gradient(states[n])
            mean = beta1 * mean + (1 - beta1) * gradient
            square = beta2 * square + (1 - beta2) * gradient**2
            size = np.sqrt(square / (1 - beta2 ** (n + 1))) + epsilon
            states[n + 1] = states[n] - np.where(size > 0, eta * mean / (1 - beta1 ** (n + 1)) / size, 0.0)
    return states


def swing_after(penalty: Penalty, rates):
    r"""Return the bound on an arrived weight after plain steps of learning rates that fall, ``L1`` or ``L0``.

    With :math:`c_t = \eta_t\alpha` (``L1``) or :math:`\eta_t\alpha\beta` (``L0``), and :math:`q = 1` or
    :math:`e^{-\beta c_1}`, a weight that had arrived before the first of these steps ends at most
    :math:`\max_t (c_t - q \sum_{k>t} c_k)` away from zero. Proved in the chapter "What happens at zero".

    Parameters
    ----------
    penalty : L1 or L0
        With numbers as parameters.
    rates : array
        :math:`\eta_1 \ge \eta_2 \ge \dots > 0`.

    Raises
    ------
    ValueError
        If an argument breaks its rule.
    """
    rates = _rates(rates)
    if (np.diff(rates) > 0).any():
        raise ValueError(f"rates must not rise; got {_validate.shown(rates)}")
    if not isinstance(penalty, L1 | L0) or any(np.ndim(value) for value in vars(penalty).values()):
        raise ValueError(f"penalty must be an L1 or an L0 with numbers; got {_validate.shown(penalty)}")
    bands = np.broadcast_to(swing_band(penalty, rates), rates.shape)
    later = np.append(np.cumsum(bands[::-1])[::-1][1:], 0.0)
    slowest = math.exp(-penalty.beta * bands[0]) if isinstance(penalty, L0) else 1.0
    return float(np.max(bands - slowest * later))


def mean_under_noise(penalty: Penalty, eta, noise):
    r"""Return the mean magnitude at rest of a weight that only penalty and gradient noise move, by plain steps.

    .. math:: \tfrac12\left(\eta p + \frac{\eta\sigma^2}{p}\right), \qquad p = \alpha \text{ or } \alpha\beta,

    exact for ``L1`` whatever the noise's distribution, and for ``L0`` as long as the weight stays well below
    :math:`1/\beta`. It is least where :math:`p = \sigma`. Derived in the chapter "What happens at zero".

    Parameters
    ----------
    penalty : L1 or L0
    eta, noise : float or array
        Learning rate, > 0; standard deviation :math:`\sigma` of the gradient, >= 0.

    Raises
    ------
    ValueError
        If an argument breaks its rule. Where the penalty does not pull, the mean is infinite.
    """
    eta = _learning_rate(eta)
    noise = _validate.float64("noise", _validate.parameter("noise", noise, "noise must be >= 0", lambda x: x >= 0))
    if isinstance(penalty, L2):
        raise ValueError(f"penalty must be an L1 or an L0; got {_validate.shown(penalty)}")

    def mean(*strengths):
        away = np.where(noise > 0, _quotient((eta, noise, noise, 0.5), strengths), 0.0)
        return (_quotient((eta, 0.5, *strengths)) + away)[()]

    return _by_kind(penalty, ("eta", eta), ("noise", noise), l2=None, l1=mean, l0=mean)


def square_norm_at_rest(gamma, eta, alpha, momentum=0.0):
    r"""Return :math:`\|w\|^2` where step noise and ℓ2 hold a layer in balance whose loss knows only the direction of w.

    .. math:: \|w\|^2 = \gamma\sqrt{\frac{\eta}{4\alpha\,(1 - \mu)\,(1 - \eta\alpha/(1 + \mu))}},
              \qquad \gamma = \|w\|\,\|\nabla J\| .

    Parameters
    ----------
    gamma, eta, alpha : float or array
        All > 0, with :math:`\eta\alpha < 1 + \mu`; they broadcast.
    momentum : float
        :math:`\mu`, from 0 to below 1.

    Raises
    ------
    ValueError
        If an argument breaks its rule. Proved in the chapter "What a loss saves".
    """
    gamma = _validate.float64("gamma", _validate.positive("gamma", gamma))
    eta, mu = _learning_rate(eta), _momentum(momentum)
    alpha = _validate.float64("alpha", _validate.positive("alpha", alpha))
    _validate.together(("gamma", gamma), ("eta", eta), ("alpha", alpha))
    with np.errstate(over="ignore", under="ignore"):
        shrinkage = eta * alpha / (1 + mu)
        _validate.parameter("alpha", shrinkage, "eta*alpha must be < 1 + momentum", lambda x: x < 1)
    half = _quotient((0.5, gamma), (math.sqrt(1 - mu),))
    with np.errstate(over="ignore", under="ignore"):
        return (half * np.sqrt(eta) / np.sqrt(alpha) / np.sqrt(1 - shrinkage))[()]


def settled_bands(penalty: L0, eta) -> tuple[float, float]:
    r"""Return ``(inner, outer)``: where a weight is found once its swing under the smoothed l0 penalty has settled.

    With :math:`c = \eta\alpha\beta`, :math:`a = \eta\alpha\beta^2` and :math:`\delta = 1 - e^{-a}`, every second state
    then has :math:`|w| \le c\,\delta` (``inner``), and the states between have
    :math:`c\,(e^{-a\delta} - \delta) \le |w| < c` (``outer`` is this lower edge). It holds where
    :math:`2\delta \le e^{-a\delta}`, hence for every :math:`a \le 1/2`; elsewhere, and for anything but scalars and an
    :class:`~l0lib.L0`, a ValueError is raised. Proved in the chapter "What happens at zero".
    """
    eta = _learning_rate(eta)
    if not isinstance(penalty, L0) or np.ndim(penalty.alpha) or np.ndim(penalty.beta) or np.ndim(eta):
        shown = f"{_validate.shown(penalty)}, eta={_validate.shown(eta)}"
        raise ValueError(f"penalty must be an L0 and every argument a scalar; got {shown}")
    with np.errstate(over="ignore", under="ignore"):
        band = eta * penalty.alpha * penalty.beta
        a = band * penalty.beta
        delta = -np.expm1(-a)
        outer = np.exp(-a * delta) - delta
    if outer < delta:
        raise ValueError(f"eta*alpha*beta**2 must be at most about 0.5 for the swing to settle; got {a:g}")
    return float(band * delta), float(band * outer)


def match_initial_rate(first_step, w0, eta, beta) -> Matched:
    r"""Return the three penalties whose first step from ``w0`` has the length ``first_step`` (paper, Fig. 1).

    .. math:: \alpha_{\ell_2} = \frac{s}{2\eta|w_0|}, \quad \alpha_{\ell_1} = \frac{s}{\eta}, \quad
              \alpha_{\ell_0} = \frac{s\,e^{\beta|w_0|}}{\eta\beta}.

    All may be arrays: the length :math:`s > 0`, the weight :math:`w_0 \ne 0`, the learning rate :math:`\eta > 0` and
    the sharpness :math:`\beta \ge 1`. What breaks these rules, or gives an infinite factor, is a ValueError.
    """
    first_step = _validate.float64("first_step", _validate.positive("first_step", first_step))
    eta = _learning_rate(eta)
    size = np.abs(_validate.parameter("w0", w0, "w0 must not be 0", lambda x: x != 0))
    sharp = _sharpness(beta)
    _validate.together(("first_step", first_step), ("w0", size), ("eta", eta), ("beta", sharp))
    with np.errstate(over="ignore", divide="ignore"):
        factors = first_step / (2 * eta * size), first_step / eta, first_step / eta * np.exp(sharp * size) / sharp
    for factor in factors:
        rule = "first_step, w0, eta and beta must give finite factors"
        _validate.parameter("first_step", factor, rule, lambda x: x <= _validate.LARGEST / 2)
    return Matched(L2(factors[0]), L1(factors[1]), L0(factors[2], sharp))


def best_beta(magnitude):
    r"""Return the sharpness whose pull :math:`\alpha\beta e^{-\beta m}` at magnitude ``m`` is greatest, :math:`1/m`.

    Below ``m = 1`` this is an admissible sharpness; above it the rule :math:`\beta \ge 1` (paper, Eq. 10) leaves
    :math:`\beta = 1`, which is returned. A ``magnitude`` that is not > 0 is a ValueError; where one over it exceeds
    the largest float, the result is infinite.
    """
    magnitude = _validate.float64("magnitude", _validate.positive("magnitude", magnitude))
    with np.errstate(over="ignore"):
        return np.maximum(1 / magnitude, 1.0)[()]


def crossover_l1(beta):
    r"""Return :math:`\ln(\beta)/\beta`: at equal :math:`\alpha`, smoothed l0 pulls harder than l1 below it."""
    beta = _sharpness(beta)
    return np.log(beta) / beta


def crossover_l2(beta):
    r"""Return :math:`W_0(\beta^2/2)/\beta`: at equal :math:`\alpha`, smoothed l0 pulls harder than l2 below it."""
    beta = _sharpness(beta)
    return wrightomega(2 * np.log(beta) - np.log(2)) / beta  # W of its logarithm, which cannot overflow


def _by_kind(penalty, *named, l2, l1, l0):
    """Return the closed form that belongs to the kind of ``penalty``; a sum has none. ``named`` broadcast with it."""
    for kind, form in ((L2, l2), (L1, l1), (L0, l0)):
        if isinstance(penalty, kind):
            _together(penalty, *named)
            with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
                return form(*(_validate.float64(name, value) for name, value in vars(penalty).items()))
    shown = _validate.shown(penalty)
    raise ValueError(f"penalty must be a single L2, L1 or L0, since a sum has no closed form here; got {shown}")


def _quotient(numerators, denominators=(), exponent=0.0):
    """Return the product of ``numerators`` over that of ``denominators``, times the exponential.

    It is 0 where a numerator is. What leaves the range of floats on the way is computed by logarithms.
    """
    plain = math.prod(numerators) * np.exp(exponent) / math.prod(denominators)
    steady = np.exp(_logarithm(numerators) - _logarithm(denominators) + exponent)
    value = np.where(np.isfinite(plain) & (plain > 1e-290), plain, steady)
    for numerator in numerators:
        value = np.where(numerator == 0, 0.0, value)
    return value[()]


def _logarithm(factors):
    return sum(np.log(factor) for factor in factors)


def _lambertw_of(*factors):
    """Return W of a product that may exceed the largest float."""
    product = _quotient(factors)
    return np.where(np.isfinite(product), lambertw(product).real, wrightomega(_logarithm(factors)))[()]


def _log1p_of(*factors):
    """Return the logarithm of one plus a product that may exceed the largest float."""
    product = _quotient(factors)
    return np.where(np.isfinite(product), np.log1p(product), _logarithm(factors))[()]


def _checked_penalty(penalty) -> Penalty:
    if not isinstance(penalty, Penalty):
        raise ValueError(f"penalty must be L2, L1, L0 or a sum of them; got {_validate.shown(penalty)}")
    return penalty


def _together(penalty, *named) -> tuple[int, ...]:
    return _validate.together(*named, *(pair for term in penalty.terms for pair in vars(term).items()))


def _sharpness(beta):
    return _validate.float64("beta", L0(1.0, beta).beta)


def _learning_rate(eta):
    return _validate.float64("eta", _validate.positive("eta", eta, " (a learning rate)"))


def _momentum(value, name="momentum") -> float:
    return _validate.number(name, value, f"{name} must be >= 0 and < 1", lambda x: 0 <= x < 1)


def _rates(rates):
    rates = _validate.float64("rates", _validate.positive("rates", rates, " (learning rates)"))
    if np.ndim(rates) != 1 or not rates.size:
        raise ValueError(f"rates must be a row of learning rates; got shape {np.shape(rates)}")
    return rates
