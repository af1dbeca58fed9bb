r"""What changes along a run, as pure functions of the step: the learning rate, and the compression ratio.

The learning rate falls by half a cosine, or by steps, and a linear warm-up may come before either.

In gradual pruning the ratio to hold rises. Its schedules take ``(step, steps, first, last)`` and return the ratio (all
parameters over kept ones) after ``step`` of ``steps`` prunings: ``first`` at step 0, ``last`` at step ``steps``, and
never less than at an earlier step. Start at ``first=1`` with a dense network; or prune to ``first`` at once and go on
from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Integral

from .. import _validate

#: Steps of a run at most.
MOST_STEPS = 10**9
#: ``schedule(step, steps, start)`` gives the learning rate of step 0 <= ``step`` < ``steps``.
RateSchedule = Callable[[int, int, float], float]


def cosine(step: int, steps: int, start: float, end: float = 0.0) -> float:
    """Return the learning rate of step 0 <= ``step`` < ``steps``: half a cosine from ``start`` towards ``end * start``.

    ``end`` is a fraction of ``start``: ``functools.partial(cosine, end=0.5)`` is a schedule that falls to half.
    """
    _check_step(step, steps, start)
    _validate.fraction("end", end)
    return start * (end + (1 - end) * (1 + math.cos(math.pi * step / steps)) / 2)


def step_decay(step: int, steps: int, start: float) -> float:
    """Return the learning rate of step 0 <= ``step`` < ``steps``: a tenth from half the steps on, a hundredth from 3/4.

    The rule of He et al. (2016) for CIFAR, as fractions of the run.
    """
    _check_step(step, steps, start)
    return start * (1.0 if 2 * step < steps else 0.1 if 4 * step < 3 * steps else 0.01)


#: Learning rates by the names of their schedules.
RATE_SCHEDULES: dict[str, RateSchedule] = {"cosine": cosine, "step": step_decay}


def learning_rates(schedule: str | RateSchedule, steps: int, start: float, warm_up: int = 0) -> list[float]:
    r"""Return the learning rate of each of ``steps`` steps: a linear warm-up, then the schedule over what is left.

    Step :math:`t < u` of a warm-up of :math:`u` steps has :math:`\eta (t + 1)/u`; so the schedule starts at its full
    rate :math:`\eta` in step :math:`u`.

    Parameters
    ----------
    schedule : {"cosine", "step"} or function
        See :data:`RATE_SCHEDULES`; a function of one's own takes ``(step, steps, start)`` and returns a rate >= 0.
    steps : int
        Of the whole run.
    start : float
        The rate at which the schedule starts.
    warm_up : int, default 0
        Steps of the warm-up, 0 <= warm_up < steps.

    Raises
    ------
    ValueError
        If an argument breaks its rule, or the schedule returns a rate that is negative or not finite.
    """
    steps = _validate.whole("steps", steps, 1, MOST_STEPS)
    _check_step(0, steps, start)
    if isinstance(warm_up, bool) or not isinstance(warm_up, Integral) or not 0 <= warm_up < steps:
        raise ValueError(
            f"warm_up must be >= 0 and shorter than the run of {steps} steps; got {_validate.shown(warm_up)} steps"
        )
    rate_at = RATE_SCHEDULES.get(schedule, schedule) if isinstance(schedule, str) else schedule
    rule = f"schedule must be a function of step, steps and start, or one of {', '.join(RATE_SCHEDULES)}"
    _validate.function(rate_at, rule, 0, steps, start)
    left = steps - warm_up
    rates = [start * (step + 1) / warm_up for step in range(warm_up)]
    rates += [float(rate_at(step, left, start)) for step in range(left)]
    for step, rate in enumerate(rates):
        if not 0 <= rate < math.inf:
            raise ValueError(f"schedule must return finite rates >= 0; got {rate!r} at step {step}")
    return rates


RatioSchedule = Callable[[int, int, float, float], float]


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


#: Gradual pruning: compression ratios by the names of their schedules.
SCHEDULES: dict[str, RatioSchedule] = {"one-shot": one_shot, "cubic": cubic, "log": log}


def _check(step: int, steps: int, first: float, last: float) -> None:
    _validate.number("steps", steps, "steps must be >= 1", lambda x: x >= 1)
    between = f"step must be between 0 and the number of steps, {steps}"
    _validate.number("step", step, between, lambda x: 0 <= x <= steps)
    _validate.number("first", first, "first must be a finite ratio >= 1", lambda x: x >= 1)
    _validate.number("last", last, f"last must be a finite ratio >= first, {first!r}", lambda x: x >= first)


def _check_step(step: int, steps: int, start: float) -> None:
    _validate.number("steps", steps, "steps must be >= 1", lambda x: x >= 1)
    between = f"step must be between 0 and the number of steps, {steps}"
    _validate.number("step", step, between, lambda x: 0 <= x <= steps)
    _validate.number("start", start, "start must be a finite rate >= 0", lambda x: x >= 0)


def _between(step: int, steps: int, first: float, last: float, ratio: float) -> float:
    # Rounding must not miss the end by a hair: number_to_keep would then keep one parameter more or less.
    if step in (0, steps):
        return last if step else first
    return min(max(ratio, first), last)
