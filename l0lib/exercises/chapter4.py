"""Checks of the exercises of the chapter on zero attraction."""

from __future__ import annotations

import numpy as np

from .. import attraction
from ..penalties import L0

_CASES = ((0.04, 0.01, 20.0), (0.1, 0.5, 5.0), (1.0, 1e-4, 1.0))
_WEIGHTS = np.array([-2.0, -0.3, -0.004, 0.001, 0.05, 1.5])


def _scaling_factor(answer):
    for eta, alpha, beta in _CASES:
        want = attraction.scaling_factor(L0(alpha, beta), _WEIGHTS, eta)
        got = np.asarray(answer(_WEIGHTS.copy(), eta, alpha, beta), dtype=float)
        if got.shape != want.shape:
            return f"for {want.shape[0]} weights there should be as many factors; the shape is {got.shape}."
        if np.allclose(got, want, rtol=1e-9, atol=0):
            continue
        positive = _WEIGHTS > 0
        if np.allclose(got[positive], want[positive], rtol=1e-9, atol=0):
            return "right for positive weights only: where does the formula need the magnitude |w|?"
        if np.allclose(got, want * _WEIGHTS, rtol=1e-9, atol=0):
            return "that is f(w), the weight after the step: divide by w."
        return f"not the factor of Eq. 15 at eta = {eta}, alpha = {alpha}, beta = {beta}."
    return None


def _half_bound(answer):
    for eta, _, beta in _CASES:
        for w in _WEIGHTS:
            bound = float(attraction.alpha_bound(L0(1.0, beta), w, eta))
            got = float(answer(float(w), eta, beta))
            if np.isclose(got, bound / 2, rtol=1e-9, atol=0):
                continue
            if np.isclose(got, bound, rtol=1e-9, atol=0):
                return (
                    "that is the bound of Eq. 16, which lets the weight cross zero: the pull must be shorter than |w|."
                )
            if w < 0 and got < 0:
                return "a factor is never negative: what about negative weights?"
            return f"not the largest such factor at w = {w}, eta = {eta}, beta = {beta}."
    return None


def _factor_from_threshold(answer):
    want = float(attraction.alpha_for_threshold(L0(1.0, 10.0), 0.01, 0.05))
    got = float(answer)
    if np.isclose(got, want, rtol=1e-6, atol=0):
        return None
    if np.isclose(got, 10 * want, rtol=1e-6, atol=0):
        return "that is the limit of ℓ1: how does β enter the swing of ℓ0?"
    return (
        "not the largest factor: set the width of the swing band equal to the threshold."
        if got > want
        else "a larger factor still works."
    )


CHECKS = {"4.1": _scaling_factor, "4.2": _half_bound, "4.3": _factor_from_threshold}
