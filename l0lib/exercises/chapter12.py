"""Checks of the twelfth chapter's exercises: how far a penalty reaches, and what tells two error rates apart."""

from __future__ import annotations

import math

import numpy as np

from ..attraction import reach
from ..penalties import L0


def _alpha_for_reach(answer):
    for distance, beta, total in ((0.05, 5.0, 2000.0), (0.2, 10.0, 19_550.0), (1e-3, 60.0, 1.0)):
        alpha = float(answer(distance, beta, total))
        got = float(reach(L0(max(alpha, 0.0), beta), total))
        if not math.isclose(got, distance, rel_tol=1e-9):
            return f"with alpha = {alpha:.4g}, beta = {beta:g}, H = {total:g} the reach is {got:.6g}, not {distance:g}"
    return None


def _share_within(answer):
    random = np.random.default_rng(0)
    weights = random.normal(0, 0.05, 1000)
    for alpha, beta, total in ((1e-5, 5.0, 1000.0), (1e-4, 10.0, 2000.0), (0.0, 5.0, 100.0)):
        want = float(np.mean(np.abs(weights) < reach(L0(alpha, beta), total)))
        got = float(answer(weights, alpha, beta, total))
        if not math.isclose(got, want, abs_tol=1e-12):
            return f"for alpha = {alpha:g}, beta = {beta:g}, H = {total:g} the share is {want:g}, not {got:g}"
    return None


def _deviation_of_difference(answer):
    for only_first, only_second, n in ((60, 40, 1000), (5, 5, 100), (300, 0, 10_000)):
        values = np.r_[np.ones(only_first), -np.ones(only_second), np.zeros(n - only_first - only_second)]
        want, got = float(values.std() / math.sqrt(n)), float(answer(only_first, only_second, n))
        if not math.isclose(got, want, rel_tol=1e-9):
            return f"with {only_first} and {only_second} of {n} images it is {want:.6g}, not {got:.6g}"
    return None


CHECKS = {"12.1": _alpha_for_reach, "12.2": _share_within, "12.3": _deviation_of_difference}
