r"""Gradual pruning: the compression ratio to hold after each of several prunings, as pure functions.

Every schedule takes ``(step, steps, first, last)`` and returns the ratio (all parameters over kept ones) after ``step``
of ``steps`` prunings: ``first`` at step 0, ``last`` at step ``steps``, and never less than at an earlier step. Start at
``first=1`` with a dense network; or prune to ``first`` at once and go on from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[int, int, float, float], float]


def one_shot(step: int, steps: int, first: float, last: float) -> float:
    """Return ``first`` at step 0 and ``last`` from step 1 on: all is pruned at once, as in the paper.

    Parameters
    ----------
    step : int
        Prunings done, 0 <= step <= steps.
    steps : int
        Prunings in all, >= 1.
    first, last : float
        Compression ratios, 1 <= first <= last.

    Raises
    ------
    ValueError
        If an argument breaks its rule.
    """
    _check(step, steps, first, last)
    return last if step else first


def cubic(step: int, steps: int, first: float, last: float) -> float:
    r"""Let the kept share fall along a cube: fast at first, when much can go, and slowly at the end.

    With :math:`t` = step / steps and the kept share :math:`k = 1/r`,
    :math:`k(t) = 1/r_1 + (1/r_0 - 1/r_1)(1 - t)^3`.

    Parameters and errors as in :func:`one_shot`.

    Notes
    -----
    Source: Zhu and Gupta, "To prune, or not to prune" (2017), Eq. 1, which states it for the sparsity, 1 - k.
    """
    _check(step, steps, first, last)
    share = 1 / last + (1 / first - 1 / last) * (1 - step / steps) ** 3
    return _between(step, steps, first, last, 1 / share)


def log(step: int, steps: int, first: float, last: float) -> float:
    r"""Let the logarithm of the ratio grow evenly: each pruning leaves the same share of what was there before.

    With :math:`t` = step / steps, :math:`r(t) = r_0 (r_1/r_0)^t`.

    Parameters and errors as in :func:`one_shot`.
    """
    _check(step, steps, first, last)
    return _between(step, steps, first, last, first * (last / first) ** (step / steps))


#: The schedules by their names in a configuration.
SCHEDULES: dict[str, Schedule] = {"one-shot": one_shot, "cubic": cubic, "log": log}


def _check(step: int, steps: int, first: float, last: float) -> None:
    if not steps >= 1:
        raise ValueError(f"steps must be >= 1; got {steps!r}")
    if not 0 <= step <= steps:
        raise ValueError(f"step must be between 0 and the number of steps, {steps}; got {step!r}")
    if not 1 <= first < math.inf:
        raise ValueError(f"first must be a finite ratio >= 1; got {first!r}")
    if not first <= last < math.inf:
        raise ValueError(f"last must be a finite ratio >= first, {first!r}; got {last!r}")


def _between(step: int, steps: int, first: float, last: float, ratio: float) -> float:
    # Rounding must not miss the end by a hair: number_to_keep would then keep one parameter more or less.
    if step in (0, steps):
        return last if step else first
    return min(max(ratio, first), last)
