"""Checks of the sixth chapter's exercises: the rule of two penalties, its gentlest place, a mask that holds."""

from __future__ import annotations

import numpy as np

from ..penalties import L0, L2

_FACTORS = ((1e-3, 1e-3, 5.0), (0.05, 0.02, 20.0), (0.0, 0.1, 1.0), (0.2, 0.0, 3.0))


def _two_penalty_step(answer):
    w = np.array([[-1.5, -0.2, 0.0], [0.01, 0.3, 2.0]])
    gradient = np.array([[0.3, -0.1, 0.2], [0.0, 1.0, -0.4]])
    for alpha_l2, alpha_l0, beta in _FACTORS:
        want = w - 0.1 * ((L2(alpha_l2) + L0(alpha_l0, beta)).gradient(w) + gradient)
        got = np.asarray(answer(w.copy(), gradient.copy(), 0.1, alpha_l2, alpha_l0, beta), dtype=float)
        if got.shape != w.shape:
            return f"the weights should keep their shape {w.shape}; got {got.shape}"
        if not np.allclose(got, want, rtol=0, atol=1e-12):
            row, column = np.unravel_index(np.nanargmax(np.abs(got - want)), w.shape)
            return (
                f"from w = {w[row, column]:g} with gradient {gradient[row, column]:g}, eta = 0.1, "
                f"alpha_l2 = {alpha_l2:g}, alpha_l0 = {alpha_l0:g}, beta = {beta:g} "
                f"the step leads to {want[row, column]:.6g}, not {got[row, column]:.6g}"
            )
    return None


def _least_pull(answer):
    for alpha_l2, alpha_l0, beta in ((5e-4, 2e-4, 8.0), (0.01, 0.3, 4.0), (1.0, 0.1, 2.0), (0.02, 0.01, 2.0)):
        penalty = L2(alpha_l2) + L0(alpha_l0, beta)
        got = answer(alpha_l2, alpha_l0, beta)
        if not (isinstance(got, (tuple, list)) and len(got) == 2):
            return f"return a pair, the magnitude and the pull there; got {got!r}"
        w, pull = (float(number) for number in got)
        grid = np.linspace(1e-6, 3, 300_001)
        least = float(penalty.gradient(grid).min())
        at = float(grid[penalty.gradient(grid).argmin()])
        given = f"with alpha_l2 = {alpha_l2:g}, alpha_l0 = {alpha_l0:g}, beta = {beta:g}"
        if not abs(w - at) < 1e-4:
            return f"{given} the pull is least near w = {at:.3f}, not {w:.3g}"
        if not abs(pull - least) < 1e-5 * (1 + least):
            return f"{given} the least pull is {least:.4g}, not {pull:.4g}"
    return None


def _masked_step(answer):
    w, momentum = np.array([0.5, -0.2, 0.0, 1.0]), np.array([0.1, 0.3, -2.0, 0.0])
    gradient, mask = np.array([1.0, -1.0, 5.0, 0.0]), np.array([True, True, False, False])
    got = answer(w.copy(), momentum.copy(), gradient.copy(), mask.copy(), 0.1, 0.9)
    if not (isinstance(got, tuple) and len(got) == 2):
        return f"return a pair, the new weights and the new momentum; got {got!r}"
    moved, kept = (np.asarray(part, dtype=float) for part in got)
    if np.any(moved[~mask] != 0):
        return f"pruned weights must come out exactly zero; yours are {moved[~mask]}"
    if np.any(kept[~mask] != 0):
        return f"the momentum of pruned weights must come out exactly zero; yours is {kept[~mask]}"
    new = 0.9 * momentum[mask] + gradient[mask]
    if not np.allclose(kept[mask], new, rtol=0, atol=1e-12):
        return f"the momentum of the kept weights should be {new}, not {kept[mask]}"
    if not np.allclose(moved[mask], w[mask] - 0.1 * new, rtol=0, atol=1e-12):
        return f"the kept weights should be {w[mask] - 0.1 * new}, not {moved[mask]}"
    return None


CHECKS = {"6.1": _two_penalty_step, "6.2": _least_pull, "6.3": _masked_step}
