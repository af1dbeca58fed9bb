"""Figures of the chapter on CIFAR-10: photographs as the training sees them, and norms that come to rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ._style import GREY, PENALTY_STYLE, new_figure

__all__ = ["norms_at_rest", "photographs"]


def photographs(rows: Mapping[str, Any]) -> Figure:
    """Draw photographs, a row for each entry: its name, and an array (n, 3, height, width) with values in [0, 1]."""
    columns = max(len(images) for images in rows.values())
    figure, axes = new_figure(1.15 * columns, 1.3 * len(rows), rows=len(rows), columns=columns, squeeze=False)
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for axis in line:
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
            axis.spines[:].set_visible(False)
        for axis, image in zip(line, np.asarray(images), strict=False):
            axis.imshow(np.moveaxis(image, 0, -1).clip(0, 1), interpolation="nearest")
        line[0].set_title(name, loc="left", fontsize=9)
    return figure


def norms_at_rest(lines: Mapping[str, Sequence[float]], rest: float) -> Figure:
    """Draw norms against steps, one line an entry of ``lines``, and where they should come to rest."""
    figure, axis = new_figure(7.2, 3.6)
    for (name, line), style in zip(lines.items(), PENALTY_STYLE.values(), strict=False):
        axis.plot(np.arange(1, len(line) + 1), line, label=name, lw=1.5, **style)
    axis.axhline(rest, color=GREY, lw=1.2, ls=(0, (6, 4)), label="at rest")
    axis.set(xscale="log", yscale="log", xlabel="step", ylabel="norm of the weights")
    axis.legend(frameon=False)
    return figure
