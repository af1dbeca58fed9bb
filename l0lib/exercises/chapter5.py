"""Checks of the fifth chapter's exercises: the swing, the way to zero, the kill zone."""

from __future__ import annotations

import math

import numpy as np

from .. import attraction, landscape
from ..penalties import L0


def _safe_alpha(answer):
    for first, last, beta, threshold in ((0.1, 0.1, 4.0, 1e-3), (0.1, 0.001, 4.0, 1e-3), (0.03, 0.02, 20.0, 1e-2)):
        want = attraction.alpha_for_threshold(L0(1.0, beta), threshold, last)
        got = answer(first, last, beta, threshold)
        if not math.isclose(got, want, rel_tol=1e-9):
            return (
                f"from {first} to {last} with beta={beta}, threshold={threshold}, alpha may be {want:.4g}, not {got!r}"
            )
    return None


def _count_steps(answer):
    for w0, eta, alpha, beta in ((0.3, 0.04, 0.01, 5.0), (0.05, 0.1, 0.002, 20.0), (1e-6, 0.1, 0.01, 3.0)):
        limit = int(2 * attraction.steps_to_zero(L0(alpha, beta), w0, eta)) + 2
        want = int(np.argmax(attraction.trajectory(L0(alpha, beta), w0, eta, limit) <= 0))
        got = answer(w0, eta, alpha, beta)
        if got != want:
            return f"from w0={w0} with eta={eta}, alpha={alpha}, beta={beta} it takes {want} steps, not {got!r}"
    return None


def _killed(answer):
    for alpha, curvature in ((0.1, 1.0), (0.1, 0.05), (2.0, 1.0)):
        penalty = L0(alpha, 3.0)
        for v in np.linspace(0.01, 2.0, 41) * landscape.kill_zone(penalty, curvature):
            want = str(landscape.regime(penalty, v, curvature)) == "kill"
            if bool(answer(float(v), alpha, 3.0, curvature)) != want:
                kappa = landscape.kappa(penalty, curvature)
                return f"with kappa = {kappa:.3g} and beta*v = {3 * v:.3g} the answer is {want}"
    return None


CHECKS = {"5.1": _safe_alpha, "5.2": _count_steps, "5.3": _killed}
