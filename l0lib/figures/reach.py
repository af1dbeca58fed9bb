"""Figures of the chapter on few epochs: how far a penalty reaches, and how many weights lie within."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ._style import GREY, PENALTY_STYLE, new_figure

__all__ = ["predicted_and_found", "reach_against_beta"]

_STYLES = [PENALTY_STYLE[name] for name in ("l0", "l1", "l2", "l2+l0")]


def reach_against_beta(betas: Sequence[float], lines: Mapping[str, Sequence[float]], bounds: Sequence[float]) -> Figure:
    """Draw reach against beta, one line an entry of ``lines`` (at most four), with the bound of each as a thin line."""
    figure, axis = new_figure(6.6, 3.6)
    for (name, line), bound, style in zip(lines.items(), bounds, _STYLES, strict=False):
        axis.plot(betas, line, label=name, **style)
        axis.axhline(bound, color=style["color"], linewidth=0.8, alpha=0.6)
    axis.axvspan(5, 10, color=GREY, alpha=0.15, linewidth=0)
    axis.set(xscale="log", yscale="log", xlabel="β", ylabel="reach r")
    axis.legend(frameon=False)
    return figure


def predicted_and_found(points: Mapping[str, Sequence[tuple[float, float]]]) -> Figure:
    """Draw the share of weights found dead against the share predicted, in percent, one series an entry (at most 4)."""
    figure, axis = new_figure(4.6, 4.0)
    axis.plot([0, 100], [0, 100], color=GREY, linestyle=(0, (5, 4)), linewidth=1)
    for (name, pairs), style, marker in zip(points.items(), _STYLES, "o^sD", strict=False):
        x, y = 100 * np.asarray(pairs).T
        axis.plot(x, y, marker, color=style["color"], markersize=6, label=name)
    axis.set(xlabel="predicted before training (%)", ylabel="found after training (%)", xlim=(0, 100), ylim=(0, 100))
    axis.set_aspect("equal")
    axis.legend(frameon=False, loc="upper left")
    return figure
