"""Checks of the ninth chapter's exercises: two ratios of one network, and rows that beat others."""

from __future__ import annotations

import math


def _two_ratios(answer):
    for layers in (
        [(235_200, 300, 2_000, 300), (30_000, 100, 600, 100), (1_000, 10, 200, 10)],
        [(500, 20, 150, 3), (25_000, 50, 500, 0), (400_000, 500, 450, 4), (5_000, 10, 90, 4)],
    ):
        weights, biases, kept_weights, kept_biases = (sum(column) for column in zip(*layers, strict=True))
        want = ((weights + biases) / (kept_weights + kept_biases), weights / kept_weights)
        got = answer([tuple(layer) for layer in layers])
        if not (isinstance(got, (tuple, list)) and len(got) == 2):
            return f"return a pair, the ratio of all parameters and the ratio of the weights; got {got!r}"
        for name, number, right in zip(("of all parameters", "of the weights"), got, want, strict=True):
            if not math.isclose(float(number), right, rel_tol=1e-9):
                return f"for {layers} the ratio {name} is {right:.5g}, not {float(number):.5g}"
    return None


def _beaten(answer):
    rows = [(1.59, 12), (1.99, 56), (1.77, 85), (1.85, 90), (1.99, 96), (1.77, 85), (1.6, 50)]
    want = [False, True, False, False, False, False, False]
    for index, right in enumerate(want):
        got = answer(list(rows), index)
        if bool(got) != right:
            error, ratio = rows[index]
            word = "is" if right else "is not"
            return f"among {rows} the row of {error} % at {ratio}× {word} beaten; yours says {got!r}"
    if answer([(1.0, 10), (1.0, 20)], 0) in (False, None):
        return "a row is beaten by one of equal error and higher ratio, too"
    return None


CHECKS = {"9.1": _two_ratios, "9.2": _beaten}
