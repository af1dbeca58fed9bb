"""Figures of the transformer: scales under penalties, bits per byte against the ratio, what is left of each layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .. import labels
from ._style import BROWN, GREY, INK, MARKERS, PENALTY_STYLE, SMALL, TEAL, label_ticks, logarithmic, new_figure, say

#: Colour, line and mark of what has no penalty.
_OTHERS: dict[str, dict[str, Any]] = {
    "gradual": {"color": BROWN, "linestyle": ":", "marker": "v"},
    "one-shot": {"color": INK, "linestyle": "--", "marker": "x"},
    "wanda": {"color": TEAL, "linestyle": "-", "marker": "*"},
}


def _not_run() -> Figure:
    """Return one line of text, where there is nothing to draw yet."""
    figure, axis = new_figure(7.2, 0.5)
    axis.set_axis_off()
    say(axis, "not run yet")
    return figure


def _name(arm: str) -> str:
    return (labels.PENALTIES | labels.WITHOUT_PENALTY)[arm]


def scales_under_penalties(lines: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the rms of a scale-free layer's weights against steps, one line an entry (at most five).

    They are drawn as ℓ2, ℓ1, ℓ0, ℓ2 + ℓ0 and, dotted, a second ℓ0.
    """
    figure, axis = new_figure(7.2, 3.8)
    styles = [*PENALTY_STYLE.values(), {**PENALTY_STYLE["l0"], "linestyle": ":"}]
    for (name, line), style in zip(lines.items(), styles, strict=False):
        axis.plot(np.arange(1, len(line) + 1), line, label=name, lw=1.6, **style)
    axis.set(xlabel="step", ylabel="root mean square of the weights")
    logarithmic(axis, "xy")
    axis.legend(frameon=False)
    return figure


def bits_against_ratio(curves: Mapping[str, Mapping[float, Sequence[float]]], dense: Sequence[float] = ()) -> Figure:
    """Draw bits per byte after fine-tuning against the compression ratio: a line an arm, a dot a seed.

    ``curves`` maps an arm to the bits of its seeds at each ratio, ``dense`` holds those of the dense network. Without
    any there is one line that says so, and no empty panel.
    """
    if not curves:
        return _not_run()
    figure, axis = new_figure(7.2, 4.2)
    for place, (arm, points) in enumerate(curves.items()):
        style = {"marker": MARKERS[arm], **PENALTY_STYLE[arm]} if arm in PENALTY_STYLE else _OTHERS[arm]
        aside = 1.02 ** (place - (len(curves) - 1) / 2)
        at = sorted(points)
        axis.plot([aside * r for r in at], [fmean(points[r]) for r in at], label=_name(arm), ms=5, lw=1.4, **style)
        dots = [(aside * r, bits) for r in at for bits in points[r]]
        axis.plot(*zip(*dots, strict=True), ".", color=style["color"], ms=3, alpha=0.6)
    if dense:
        axis.axhline(fmean(dense), color=GREY, lw=1, ls=(0, (6, 4)), label="dense, as many steps")
    axis.set(xscale="log", xlabel="compression ratio", ylabel="bits per byte, test modules")
    label_ticks(axis.xaxis, sorted({r for points in curves.values() for r in points}), "×")
    axis.legend(frameon=False, ncols=2)
    return figure


def kept_by_layer(layers: Sequence[str], shares: Mapping[str, Sequence[float]]) -> Figure:
    """Draw which share of each layer is left, in percent: a row a layer, a column an entry of ``shares``."""
    if not shares:
        return _not_run()
    figure, axis = new_figure(1.6 + 0.95 * max(len(shares), 3), 0.6 + 0.27 * max(len(layers), 5))
    axis.grid(False)
    values = 100 * np.array(list(shares.values())).T
    axis.imshow(np.sqrt(values / 100), cmap="Greys", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        told, colour = f"{value:.{0 if value >= 9.5 else 1}f}", "white" if value > 33 else "black"
        axis.text(column, row, told, ha="center", va="center", fontsize=SMALL, color=colour)
    axis.set_xticks(range(len(shares)), [fill(_name(arm), 10) for arm in shares], fontsize=SMALL)
    axis.set_yticks(range(len(layers)), layers, fontsize=SMALL)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    return figure
