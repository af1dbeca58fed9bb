"""One arm at one compression ratio, as a picture: what the explorer of ratios shows where it cannot move."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure

from . import GREY, PENALTY_STYLE
from .results import logarithmic

__all__ = ["at_a_ratio"]

#: The explorers' names of the colours, by :data:`~l0lib.figures.PENALTY_STYLE`.
_COLOURS = {"l2": "l2", "l1": "l1", "l0": "l0", "other": "l2+l0"}


def at_a_ratio(stored: Mapping[str, Any], chosen: Mapping[str, Any], stage: str) -> Figure:
    """Draw what :class:`~l0lib.widgets.CompressionRatio` shows, for readers without JavaScript and for paper."""
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=(1.5, 1))
    curve, bars, picture = (figure.add_subplot(place) for place in (grid[0, :], grid[1, 0], grid[1, 1]))
    for axis in (curve, bars):
        axis.grid(True, alpha=0.25, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    arm = chosen["arm"]
    if arm is None:
        curve.text(0.5, 0.5, "not recorded yet", transform=curve.transAxes, ha="center", color=GREY)
        return figure
    colour = PENALTY_STYLE[_COLOURS[arm["style"]]]["color"] if arm["style"] in _COLOURS else GREY
    for name, line in (("before", "--"), ("after", "-")):
        part = arm[name]
        if not part["requested"]:
            continue
        words = "just pruned" if name == "before" else "fine-tuned"
        curve.fill_between(part["requested"], part["low"], part["high"], color=colour, alpha=0.13, lw=0)
        curve.plot(part["requested"], part["mean"], line, color=colour, marker="o", ms=4, label=words)
        dots = [(x, e) for x, errors in zip(part["requested"], part["errors"], strict=True) for e in errors]
        curve.plot(*zip(*dots, strict=True), ".", color=colour, ms=2.5)
    curve.axhline(arm["dense"], color=GREY, lw=0.9, ls=(0, (6, 4)), label="whole network")
    curve.axvline(chosen["asked"], color=GREY, lw=1, ls=":")
    curve.set(xscale="log", yscale="log", xlabel="compression ratio", ylabel="test error (%)")
    curve.set_title(f"{arm['name']}, mark at {chosen['asked']:g}×", fontsize=11)
    logarithmic(curve, "x")
    logarithmic(curve, "y")
    curve.legend(frameon=False)
    here = chosen[stage] or chosen["before"] or chosen["after"]
    names = [layer["name"] for layer in arm["layers"]]
    shares = [100 * k / layer["parameters"] for k, layer in zip(here["kept"], arm["layers"], strict=True)]
    bars.barh(names[::-1], np.maximum(shares, 1e-2)[::-1], left=1e-2, color=colour, alpha=0.8)
    bars.set(xscale="log", xlim=(1e-2, 100), xlabel="kept of the layer (%)")
    logarithmic(bars, "x")
    _first_layer(picture, arm["shape"], here["first"], colour)
    return figure


def _first_layer(axis: Axes, shape: Sequence[int], values: Sequence[float], colour: str) -> None:
    axis.axis("off")
    axis.set_title("first layer", fontsize=10)
    if not values:
        return
    array = np.asarray(values, dtype=float).reshape(shape)
    if array.ndim == 2:
        shade = LinearSegmentedColormap.from_list("kept", ["#eef0f2", colour])
        axis.imshow(array, cmap=shade, vmin=0)
        return
    most = max(float(np.abs(array).max()), 1e-9)
    colours = array.ndim == 4  # of red, green and blue: a picture of the weights, and white where all three are removed
    if colours:
        array = np.where(array.any(1, keepdims=True), 0.5 + array / (2 * most), 1.0).transpose(0, 2, 3, 1)
    across = 5
    down = math.ceil(len(array) / across)
    tall, wide = array.shape[1:3]
    sheet = np.full((down * (tall + 1) - 1, across * (wide + 1) - 1, *array.shape[3:]), 1.0 if colours else np.nan)
    for place, image in enumerate(array):
        row, column = divmod(place, across)
        sheet[row * (tall + 1) : row * (tall + 1) + tall, column * (wide + 1) : column * (wide + 1) + wide] = image
    if colours:
        axis.imshow(sheet)
        return
    shade = LinearSegmentedColormap.from_list("signed", ["#0b64a0", "#eef0f2", "#b4460f"])
    axis.imshow(sheet, cmap=shade, norm=TwoSlopeNorm(0, -most, most))
