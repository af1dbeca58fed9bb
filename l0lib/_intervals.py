"""What a limited number of test images can tell. Needs neither NumPy nor PyTorch."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


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
