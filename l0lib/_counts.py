"""Counts: how many parameters pruning keeps of each layer, and what a count of wrong answers tells.

Needs neither NumPy nor PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt
from statistics import NormalDist


def number_to_keep(total: int, ratio: float | Fraction) -> int:
    """Return the largest number of parameters, at least 1, at which ``total / number`` is not below ``ratio``."""
    if not 1 <= ratio <= total:
        raise ValueError(f"ratio must be between 1 and the number of parameters, {total}; got {ratio!r}")
    return int(total // ratio)


def apportion(sizes: Sequence[int], keep: int) -> list[int]:
    r"""Divide ``keep`` among layers in proportion to their sizes, in whole numbers that add up to exactly ``keep``.

    By the largest remainders: a layer's due is :math:`q_l = n_l k / n`. Each layer gets :math:`\lfloor q_l \rfloor`;
    what is then left goes, one by one, to the layers with the largest remainders, the first ones among equals.
    """
    total = sum(sizes)
    if not 0 <= keep <= total:
        raise ValueError(f"keep must be between 0 and the sum of the sizes, {total}; got {keep}")
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
        Images tested, > 0.
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
    if not images > 0:
        raise ValueError(f"images must be > 0; got {images!r}")
    if not 0 <= errors <= images:
        raise ValueError(f"errors must be between 0 and the number of images, {images}; got {errors!r}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1; got {confidence!r}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = errors / images
    centre = (rate + z * z / (2 * images)) / (1 + z * z / images)
    half = z * sqrt(rate * (1 - rate) / images + z * z / (4 * images * images)) / (1 + z * z / images)
    # exact at the edges, where rounding would leave 1e-19 of an error that nobody made
    return (centre - half if errors else 0.0), (centre + half if errors < images else 1.0)
