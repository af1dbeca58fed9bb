"""Figures of the chapter on what compression pays: bytes, multiply-adds, latency, and a digit with its scores."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ._style import PENALTY_STYLE, new_figure

_DENSE, _SPARSE = PENALTY_STYLE["l2"]["color"], PENALTY_STYLE["l0"]["color"]


def digit_and_scores(image: np.ndarray, probabilities: np.ndarray) -> Figure:
    """Draw an image (28, 28) with values in [0, 1] beside the probability of each of the ten classes."""
    figure, (left, right) = new_figure(6.4, 2.6, columns=2, width_ratios=(1, 1.9))
    left.imshow(image, cmap="gray_r", vmin=0, vmax=1)
    left.set(xticks=[], yticks=[], title="what the network sees")
    left.grid(False)
    left.spines[:].set_visible(True)
    right.bar(range(10), 100 * probabilities, color=_SPARSE)
    right.set(xticks=range(10), ylim=(0, 100), xlabel="class", ylabel="probability (%)")
    return figure


__all__ = ["digit_and_scores"]
