"""Checks of the seventh chapter's exercises: exactly k, a step that stops at zero, bytes counted by hand."""

from __future__ import annotations

import numpy as np


def _keep_exactly(answer):
    for scores, keep in (
        ([0.3, 0.1, 0.2], 2),
        ([0.5, 0.5, 0.5, 0.5], 3),
        ([0.0, 1.0, 0.0, 1.0, 0.0], 4),
        ([2.0, 1.0], 0),
        ([0.1, 0.4, 0.4, 0.2, 0.4], 2),
    ):
        got = np.asarray(answer(np.array(scores), keep))
        given = f"of the scores {scores}, with k = {keep},"
        if got.dtype != bool or got.shape != (len(scores),):
            return f"return a boolean array as long as the scores; got {got.dtype} of shape {got.shape}"
        if got.sum() != keep:
            return f"{given} exactly {keep} should be kept, not {got.sum()}"
        order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
        want = [i in order[:keep] for i in range(len(scores))]
        if got.tolist() != want:
            return (
                f"{given} the kept ones should be {want} (largest first, earlier ones among equals); got {got.tolist()}"
            )
    return None


def _clipped_step(answer):
    w = np.array([0.5, -0.5, 0.01, -0.001, 0.0, 0.2, 0.02])
    momentum = np.array([0.0, 0.1, -0.2, 0.0, 0.0, 1.0, 0.3])
    gradient = np.array([1.0, -0.3, 0.0, 0.0, 0.0, 0.5, 0.3])
    pull = np.sign(w) * np.array([0.1, 0.2, 0.3, 0.2, 0.0, 0.4, 0.5])
    for eta, mu in ((0.1, 0.9), (0.05, 0.0), (0.01, 0.5)):
        got = answer(w.copy(), momentum.copy(), gradient.copy(), pull.copy(), eta, mu)
        if not (isinstance(got, tuple) and len(got) == 2):
            return f"return a pair, the new weights and the new momentum; got {got!r}"
        moved, kept = (np.asarray(part, dtype=float) for part in got)
        given = f"with eta = {eta:g} and mu = {mu:g}"
        new = mu * momentum + gradient
        if not np.allclose(kept, new, rtol=0, atol=1e-12):
            return f"{given} the momentum should be {new}, without the pull; got {kept}"
        free = w - eta * new
        want = np.sign(free) * np.maximum(np.abs(free) - eta * np.abs(pull) / (1 - mu), 0)
        if not np.allclose(moved, want, rtol=0, atol=1e-12):
            i = int(np.argmax(np.abs(moved - want)))
            return (
                f"{given} weight {w[i]:g} with pull {pull[i]:g} should go to {want[i] + 0:.6g}; got {moved[i] + 0:.6g}"
            )
    return None


def _bytes_by_hand(answer):
    for rows, columns, nonzeros in ((300, 784, 3000), (10, 100, 250), (1, 10, 4), (500, 800, 70_000), (50, 257, 300)):
        got = answer(rows, columns, nonzeros)
        if not (isinstance(got, (tuple, list)) and len(got) == 2):
            return f"return a pair, the bytes as CSR and as a bitmap; got {got!r}"

        def width(largest):
            return 1 if largest < 2**8 else 2 if largest < 2**16 else 4

        csr = 4 * nonzeros + width(columns - 1) * nonzeros + width(nonzeros) * (rows + 1)
        bitmap = 4 * nonzeros + -(-rows * columns // 8)
        given = f"a {rows} x {columns} matrix with {nonzeros:,} nonzeros takes"
        if got[0] != csr:
            return f"{given} {csr:,} bytes as CSR (values, columns, starts of {rows} rows and one end), not {got[0]:,}"
        if got[1] != bitmap:
            return f"{given} {bitmap:,} bytes as a bitmap (values, and a bit an entry, in whole bytes), not {got[1]:,}"
    return None


CHECKS = {"7.1": _keep_exactly, "7.2": _clipped_step, "7.3": _bytes_by_hand}
