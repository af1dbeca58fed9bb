"""What a million trajectories cost beside the exponentials they cannot do without.

``rows()`` gives ``(name, value, unit, target)`` for ``make bench``.
"""

import statistics
import time

import numpy as np

from l0lib import L0, attraction

SIDE, STEPS, PAIRS, TARGET = 1000, 300, 9, 3.0


def pair():
    """Seconds for the grid of trajectories, and right after it for as many exponentials by NumPy alone."""
    penalty = L0(np.geomspace(1e-4, 1e-1, SIDE)[:, None], np.geomspace(1, 100, SIDE))
    start = time.perf_counter()
    attraction.trajectory(penalty, 1.0, 0.04, STEPS, sample="final")
    middle = time.perf_counter()
    powers = -penalty.beta * np.ones((SIDE, 1))
    begin = time.perf_counter()
    for _ in range(STEPS):
        np.exp(powers)
    return middle - start, time.perf_counter() - begin


def rows():
    """The median ratio of interleaved pairs."""
    ratios = [ours / theirs for ours, theirs in (pair() for _ in range(PAIRS))]
    name = f"{SIDE} x {SIDE} trajectories of {STEPS} steps over the same exponentials, median of {PAIRS} pairs"
    return [(name, statistics.median(ratios), "x", TARGET)]
