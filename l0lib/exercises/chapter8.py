"""Checks of the eighth chapter's exercises: where the energy sits, and an interval of paired differences."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats


def _energy_share(answer):
    draw = np.random.default_rng(8)
    for weights, share in (
        (np.array([3.0, -4.0, 0.0, 0.0]), 0.25),
        (np.array([1.0, 1.0, 1.0, 1.0, -1.0]), 0.4),
        (draw.normal(size=(40, 25)), 0.01),
        (draw.laplace(size=300), 0.1),
    ):
        squares = np.sort((weights**2).ravel())[::-1]
        want = squares[: round(share * squares.size)].sum() / squares.sum()
        got = float(answer(weights.copy(), share))
        if not math.isclose(got, want, rel_tol=1e-9):
            return (
                f"of {weights.size} weights beginning {np.array2string(weights.ravel()[:4], precision=2)}, the largest "
                f"{100 * share:g} % hold {want:.4g} of the energy, not {got:.4g}"
            )
    return None


def _paired_interval(answer):
    for first, second in (
        ([1.10, 1.21, 0.98], [1.30, 1.35, 1.22]),
        ([2.0, 2.4, 1.9, 2.2, 2.1], [2.1, 2.3, 2.0, 2.2, 2.2]),
    ):
        gaps = np.subtract(first, second)
        half = stats.t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
        want = (gaps.mean() - half, gaps.mean() + half)
        got = answer(list(first), list(second))
        if not (isinstance(got, (tuple, list)) and len(got) == 2):
            return f"return a pair, the two ends of the interval; got {got!r}"
        low, high = (float(end) for end in got)
        if math.isclose(low, gaps.mean() - half * math.sqrt((len(gaps) - 1) / len(gaps)), rel_tol=1e-6):
            return "the deviation of a sample has the divisor n - 1 (ddof=1 in NumPy)"
        if not np.allclose((low, high), want, rtol=1e-6):
            return (
                f"of {first} less {second} the interval is {want[0]:.4f} to {want[1]:.4f}, not {low:.4f} to {high:.4f}"
            )
    return None


CHECKS = {"8.1": _energy_share, "8.2": _paired_interval}
