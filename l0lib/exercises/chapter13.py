"""Checks of the thirteenth chapter's exercises: the price of a neuron, and the freedom of its scale."""

from __future__ import annotations

import itertools
import math

import numpy as np


def _multiply_adds_without(answer):
    for widths, share in (((784, 300, 100, 10), 0.0), ((784, 300, 100, 10), 0.25), ((6, 4, 4, 4, 3), 0.5)):
        left = [widths[0], *(n - math.floor(share * n + 1e-9) for n in widths[1:-1]), widths[-1]]
        want = sum(a * b for a, b in itertools.pairwise(left))
        got = answer(widths, share)
        if got != want:
            return f"without a share of {share:g}, widths {widths} need {want:,} multiply-adds, not {got:,}"
    return None


def _share_for(answer):
    for reduction in (0.0, 0.2775, 0.427, 0.75):
        want, got = 1 - math.sqrt(1 - reduction), float(answer(reduction))
        if not math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-12):
            return f"a reduction of {reduction:g} needs a share of {want:.6g}, not {got:.6g}"
    return None


def _rescale_unit(answer):
    random = np.random.default_rng(0)
    first, bias, second = random.normal(size=(5, 8)), random.normal(size=5), random.normal(size=(3, 5))
    given = [values.copy() for values in (first, bias, second)]
    changed = answer(*given, 2, 4.0)
    if any(not np.array_equal(a, b) for a, b in zip(given, (first, bias, second), strict=True)):
        return "work on copies: the arrays that were given have changed"
    new_first, new_bias, new_second = changed
    x = random.normal(size=(50, 8))

    def output(w, b, v):
        return np.maximum(x @ w.T + b, 0) @ v.T

    if not np.allclose(output(new_first, new_bias, new_second), output(first, bias, second), atol=1e-9):
        return "the network computes something else now"
    ratio = np.linalg.norm(new_first, axis=1) / np.linalg.norm(first, axis=1)
    if not np.allclose(ratio, [1, 1, 4, 1, 1]):
        return f"the incoming norms should change by 1, 1, 4, 1, 1, not by {', '.join(f'{r:.3g}' for r in ratio)}"
    return None


CHECKS = {"13.1": _multiply_adds_without, "13.2": _share_for, "13.3": _rescale_unit}
