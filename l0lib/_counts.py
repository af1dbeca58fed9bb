"""Counts: how many parameters pruning keeps of each layer, and what a count of wrong answers tells."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import nextafter, sqrt
from numbers import Rational, Real
from statistics import NormalDist

from . import _validate


def number_to_keep(total: int, ratio: float | Fraction) -> int:
    """Return the largest number of parameters, at least 1, at which ``total / number`` is not below ``ratio``.

    The quotient is what a float holds of it: so ``number_to_keep(n, n / k)`` is ``k``.
    """
    total = _validate.whole("total", total, 0)
    if isinstance(ratio, Real) and not isinstance(ratio, Rational):
        ratio = float(ratio)
    if isinstance(ratio, bool) or not isinstance(ratio, Real) or not 1 <= ratio <= total:
        rule = f"ratio must be between 1 and the number of parameters, {_validate.shown(total)}"
        raise ValueError(f"{rule}; got {_validate.shown(ratio)}")
    if isinstance(ratio, Rational):
        return int(total // Fraction(ratio))
    keep = int(total // Fraction(ratio))
    # as a float, 1.6 is a little more: exactly, 1000 / 625 is below it
    return keep + 1 if total / (keep + 1) == ratio else keep


def apportion(sizes: Sequence[int], keep: int) -> list[int]:
    r"""Divide ``keep`` among layers in proportion to their sizes, in whole numbers that add up to exactly ``keep``.

    By the largest remainders: a layer's due is :math:`q_l = n_l k / n`. Each layer gets :math:`\lfloor q_l \rfloor`;
    what is then left goes, one by one, to the layers with the largest remainders, the first ones among equals.
    """
    sizes = [_validate.whole("sizes", size, 0) for size in _validate.items("sizes", sizes, "whole numbers")]
    total = sum(sizes)
    keep = _validate.whole("keep", keep, 0, total, " (the sum of the sizes)")
    # whole numbers throughout: a float remainder could tie two layers that differ
    dues = [divmod(size * keep, total or 1) for size in sizes]
    shares = [whole for whole, _ in dues]
    by_remainder = sorted(range(len(sizes)), key=lambda i: -dues[i][1])
    for i in by_remainder[: keep - sum(shares)]:
        shares[i] += 1
    return shares


def wilson_interval(errors: float, images: int, confidence: float = 0.95) -> tuple[float, float]:
    r"""Return Wilson's score interval for an error rate: what ``images`` independent images can tell.

    With :math:`\hat p = \text{errors}/n` and :math:`z` the normal quantile of the confidence, the interval holds every
    :math:`p` with :math:`|\hat p - p| \le z\sqrt{p(1 - p)/n}`.

    Parameters
    ----------
    errors : float
        Wrong answers, 0 <= errors <= images; a mean over several networks need not be whole.
    images : int
        Images tested, >= 1 and at most 10^15.
    confidence : float, default 0.95
        Between 0 and 1, both excluded.

    Returns
    -------
    (low, high) : floats in [0, 1]

    Raises
    ------
    ValueError
        If an argument breaks its rule.
    """
    images = _validate.whole("images", images, 1, 10**15)
    between = f"errors must be between 0 and the number of images, {_validate.shown(images)}"
    errors = _validate.number("errors", errors, between, lambda x: 0 <= x <= images)
    confidence = _validate.number("confidence", confidence, "confidence must be between 0 and 1", lambda x: 0 < x < 1)
    z = NormalDist().inv_cdf(min((1 + confidence) / 2, nextafter(1, 0)))
    rate = errors / images
    centre = (rate + z * z / (2 * images)) / (1 + z * z / images)
    half = z * sqrt(rate * (1 - rate) / images + z * z / (4 * images * images)) / (1 + z * z / images)
    # exact at the edges, where rounding would leave 1e-19 of an error that nobody made
    return (centre - half if errors else 0.0), (centre + half if errors < images else 1.0)
