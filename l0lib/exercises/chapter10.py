"""Checks of the tenth chapter's exercises: what an index costs, and which layers the multiply-adds come from."""

from __future__ import annotations

import math

import numpy as np


def _csr_bytes(answer):
    cases = (((100, 300), 1882), ((10, 100), 40), ((500, 800), 650), ((1, 70_000), 300), ((300, 784), 235_200))
    for (rows, columns), nonzero in cases:
        index = np.min_scalar_type(columns - 1).itemsize
        start = np.min_scalar_type(nonzero).itemsize
        want = 4 * nonzero + index * nonzero + start * (rows + 1)
        got = answer(rows, columns, nonzero)
        if got != want:
            return (
                f"{nonzero:,} nonzeros in {rows:,} rows of {columns:,} take {want:,} bytes "
                f"({index} for a column, {start} for a start), not {got!r}"
            )
    return None


def _byte_ratio(answer):
    for ratio, bits in ((2, 32), (10, 32), (100, 32), (359, 32), (359, 4)):
        d = 1 / ratio
        entropy = -(d * math.log2(d) + (1 - d) * math.log2(1 - d))
        want = 32 / (d * bits + entropy)
        got = float(answer(ratio, bits))
        if not math.isclose(got, want, rel_tol=1e-6):
            return f"at ratio {ratio} with {bits} bits for a value the file is {want:.4g} times smaller, not {got:.4g}"
    return None


def _multiply_add_ratio(answer):
    networks = (
        [(576, 500, 100), (64, 25_000, 500), (1, 400_000, 800), (1, 5_000, 100)],
        [(1, 235_200, 2_000), (1, 30_000, 1_000), (1, 1_000, 400)],
        [(100, 10, 10), (1, 1_000, 1)],
    )
    for layers in networks:
        want = sum(u * n for u, n, _ in layers) / sum(u * k for u, _, k in layers)
        got = float(answer(layers))
        if not math.isclose(got, want, rel_tol=1e-9):
            plain = sum(n for _, n, _ in layers) / sum(k for _, _, k in layers)
            if math.isclose(got, plain, rel_tol=1e-6):
                return "that is the ratio of the weights: a weight counts as often as it is used"
            return f"for the layers {layers} the ratio is {want:.6g}, not {got:.6g}"
    return None


CHECKS = {"10.1": _csr_bytes, "10.2": _byte_ratio, "10.3": _multiply_add_ratio}
