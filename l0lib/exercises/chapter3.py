"""Checks of the third chapter's exercises: the smoothed count, its gradient, and how sharp it must be."""

from __future__ import annotations

import math

import numpy as np

from ..penalties import L0


def _smooth_count(answer):
    w = np.random.default_rng(0).standard_normal((3, 4))
    got = answer(w.copy(), 5.0)
    if np.shape(got) != ():
        return f"return one number, the sum over all weights; yours has shape {np.shape(got)}"
    if not math.isclose(got, L0(1.0, 5.0).value(w), rel_tol=1e-12):
        return f"for twelve test weights and beta 5 it should be {L0(1.0, 5.0).value(w):.6f}, yours is {float(got):.6f}"
    if not math.isclose(answer(np.array([1e-20]), 5.0), 5e-20, rel_tol=1e-9):
        return "right but for tiny weights, where 1 - exp(-t) loses its digits: look up numpy.expm1"
    return None


def _gradient(answer):
    w = np.array([-1.0, -0.1, 0.0, 0.1, 1.0])
    got, want = np.asarray(answer(w.copy(), 0.3, 4.0)), L0(0.3, 4.0).gradient(w)
    if got.shape != w.shape:
        return f"return one slope for each weight, shape {w.shape}; yours has shape {got.shape}"
    if np.allclose(got, want / 0.3):
        return "that is the gradient of the norm; multiply by alpha"
    if got[2] != 0:
        return "at a weight of zero the slope is 0 by convention, since sign(0) = 0"
    if np.allclose(got, np.abs(want)):
        return "the sign is missing: for a negative weight the penalty falls towards zero"
    if not np.allclose(got, want, rtol=1e-12, atol=0):
        worst = int(np.argmax(np.abs(got - want)))
        return f"for w = {w[worst]}, alpha 0.3 and beta 4 it should be {want[worst]:.6f}, yours is {got[worst]:.6f}"
    return None


def _sharpness(answer):
    for number, smallest, tolerance in ((266_610, 0.05, 1.0), (1000, 0.5, 0.01), (2, 10.0, 1.9)):
        want = max(1.0, math.log(number / tolerance) / smallest)
        got = float(answer(number, smallest, tolerance))
        if not math.isclose(got, want, rel_tol=1e-9):
            return (
                f"for {number} weights of at least {smallest} and a tolerance of {tolerance} "
                f"beta should be {want:.4f}, yours is {got:.4f}"
            )
    return None


CHECKS = {"3.1": _smooth_count, "3.2": _gradient, "3.3": _sharpness}
