"""Learning rates as pure functions of the step: half a cosine, steps down, and a linear warm-up before either."""

from __future__ import annotations

import math
from collections.abc import Callable

#: ``schedule(step, steps, start)`` gives the learning rate of step 0 <= ``step`` < ``steps``.
Schedule = Callable[[int, int, float], float]


def cosine(step: int, steps: int, start: float, end: float = 0.0) -> float:
    """Return the learning rate of step 0 <= ``step`` < ``steps``: half a cosine from ``start`` towards ``end * start``.

    ``end`` is a fraction of ``start``: ``functools.partial(cosine, end=0.5)`` is a schedule that falls to half.
    """
    return start * (end + (1 - end) * (1 + math.cos(math.pi * step / steps)) / 2)


def step_decay(step: int, steps: int, start: float) -> float:
    """Return the learning rate of step 0 <= ``step`` < ``steps``: a tenth from half the steps on, a hundredth from 3/4.

    The rule of He et al. (2016) for CIFAR, as fractions of the run.
    """
    return start * (1.0 if 2 * step < steps else 0.1 if 4 * step < 3 * steps else 0.01)


#: The schedules that have a name.
SCHEDULES: dict[str, Schedule] = {"cosine": cosine, "step": step_decay}


def learning_rates(schedule: str | Schedule, steps: int, start: float, warm_up: int = 0) -> list[float]:
    r"""Return the learning rate of each of ``steps`` steps: a linear warm-up, then the schedule over what is left.

    Step :math:`t < u` of a warm-up of :math:`u` steps has :math:`\eta (t + 1)/u`; so the schedule starts at its full
    rate :math:`\eta` in step :math:`u`.

    Parameters
    ----------
    schedule : {"cosine", "step"} or function
        See :data:`SCHEDULES`; a function of one's own takes ``(step, steps, start)`` and returns a rate >= 0.
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
    if not 0 <= warm_up < steps:
        raise ValueError(f"warm_up must be >= 0 and shorter than the run of {steps} steps; got {warm_up} steps")
    if isinstance(schedule, str):
        if schedule not in SCHEDULES:
            raise ValueError(f"schedule must be a function or one of {', '.join(SCHEDULES)}; got {schedule!r}")
        schedule = SCHEDULES[schedule]
    elif not callable(schedule):
        raise ValueError(f"schedule must be a function or one of {', '.join(SCHEDULES)}; got {schedule!r}")
    left = steps - warm_up
    rates = [start * (step + 1) / warm_up for step in range(warm_up)]
    rates += [float(schedule(step, left, start)) for step in range(left)]
    for step, rate in enumerate(rates):
        if not 0 <= rate < math.inf:
            raise ValueError(f"schedule must return finite rates >= 0; got {rate!r} at step {step}")
    return rates
