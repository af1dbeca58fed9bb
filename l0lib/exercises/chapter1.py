"""Checks of the first chapter's exercises: ratios and masks."""

from __future__ import annotations

import math

import numpy as np


def _ratio(answer):
    arrays = [np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([0.5, 0.0])]
    got = answer(arrays)
    if got == 4:
        return "that is the ratio of the weights only; count the biases too"
    if not math.isclose(got, 3.0):
        return f"six parameters of which two are nonzero give 3, your function gives {got!r}"
    if not math.isclose(answer([np.ones((3, 4)), np.ones(3)]), 1.0):
        return "a network without a zero has ratio 1"
    if answer([np.zeros(4)]) != math.inf:
        return "where every parameter is zero, return infinity (numpy.inf)"
    return None


def _dropped(answer):
    for percent, ratio in ((0, 1.0), (30, 10 / 7), (50, 2.0), (90, 10.0), (99.5, 200.0)):
        got = answer(percent)
        if not math.isclose(got, ratio, rel_tol=1e-9):
            return f"{percent} % dropped is a ratio of {ratio:.4g}, your function gives {got!r}"
    return None


def _mask(answer):
    rng = np.random.default_rng(0)
    w = rng.standard_normal((6, 10))
    w[:, 3:] = 0.0  # 42 of 60 weights tie at zero
    for ratio in (2, 5, 7, 10):
        mask = np.asarray(answer(w.copy(), ratio))
        if mask.shape != w.shape or mask.dtype != bool:
            return f"return a boolean mask of shape {w.shape}; yours has shape {mask.shape} and type {mask.dtype}"
        if mask.sum() != w.size // ratio:
            kept = f"{int(mask.sum())} did (mind the ties)"
            return f"at ratio {ratio} exactly {w.size // ratio} weights must survive; {kept}"
        if np.abs(w[mask]).min() < np.abs(w[~mask]).max():
            return f"at ratio {ratio} a pruned weight is larger in magnitude than a surviving one"
    return None


CHECKS = {"1.1": _ratio, "1.2": _dropped, "1.3": _mask}
