"""Figures of the engine's chapter: what each step of the pipeline does to a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from ._style import GREY, PENALTY_STYLE, new_figure

_DEEP, _WARM, _LEAF = (PENALTY_STYLE[name]["color"] for name in ("l2", "l1", "l0"))


def _powers(axis) -> None:
    axis.xaxis.set_major_formatter(FuncFormatter(lambda power, _: f"$10^{{{power:g}}}$"))


def ratio_axis(axis, ticks: Sequence[float]) -> None:
    """Make the x axis one of compression ratios."""
    axis.set_xscale("log")
    axis.set_xticks(ticks, [f"{tick:g}×" for tick in ticks])
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("compression ratio")


def error_axis(axis) -> None:
    """Make the y axis one of errors in percent."""
    axis.set_yscale("log")
    axis.set_yticks([5, 10, 20, 50, 90], ["5", "10", "20", "50", "90"])
    axis.yaxis.set_minor_formatter(NullFormatter())


def magnitudes_and_cut(stages: Mapping[str, Sequence[int]], edges: Sequence[float], cut: float, ratio: float) -> Figure:
    """Draw how weight magnitudes are spread before and after training, and where pruning cuts.

    Parameters
    ----------
    stages : mapping
        From a stage's name to the counts of weights in the bins of ``edges``.
    edges : sequence of float
        Edges of the bins, in log10 of the magnitude.
    cut : float
        The smallest magnitude that pruning at ``ratio`` keeps.
    ratio : float
    """
    figure, axis = new_figure(6.9, 3.2)
    for (name, counts), colour, filled in zip(stages.items(), (GREY, _LEAF), (False, True), strict=True):
        shares = 100 * np.asarray(counts, dtype=float) / np.sum(counts)
        axis.stairs(shares, edges, color=colour, lw=1.4, fill=filled, alpha=0.75 if filled else 1, label=name)
    axis.axvline(np.log10(cut), color=_WARM, lw=1.4, ls="--")
    text = f"  kept at {ratio:g}×"
    axis.text(np.log10(cut), 0.95, text, transform=axis.get_xaxis_transform(), color=_WARM, va="top")
    axis.set(xlabel="magnitude |w|", ylabel="share of weights (%)", xlim=(-7, 0.5), yscale="log", ylim=(1e-3, 100))
    axis.set_yticks([0.001, 0.01, 0.1, 1, 10], ["0.001", "0.01", "0.1", "1", "10"])
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.legend(frameon=False, loc="upper left")
    _powers(axis)
    return figure


def first_layer(stages: Mapping[str, np.ndarray], units: Sequence[int], side: int = 28) -> Figure:
    """Draw the incoming weights of some units as pictures, one row a stage; red is positive, blue negative.

    Parameters
    ----------
    stages : mapping
        From a stage's name to the weights of the first layer, shape (all units, side * side).
    units : sequence of int
        Which units to draw, one column each.
    side : int
        Pixels on each side of an image.
    """
    figure, axes = new_figure(7.2, 0.95 * len(stages) + 0.25, rows=len(stages), columns=len(units), squeeze=False)
    for row, (name, weights) in zip(axes, stages.items(), strict=True):
        for axis, unit in zip(row, units, strict=True):
            picture = weights[unit].reshape(side, side)
            span = np.abs(picture).max() or 1
            # as it is, for the browser to scale: enlarged here it takes several times the bytes
            axis.imshow(picture, cmap="RdBu_r", vmin=-span, vmax=span, interpolation="none")
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
            axis.spines[:].set_visible(True)
            axis.spines[:].set_color(GREY)
        row[0].set_ylabel(name, fontsize=9)
    return figure


def kept_weights(layers: Mapping[str, np.ndarray]) -> Figure:
    """Draw a dot for each weight that is kept, one panel a layer; ``layers`` maps names to boolean matrices."""
    figure, axes = new_figure(7.2, 3.4, columns=len(layers), squeeze=False, width_ratios=[3, 2, 1.2][: len(layers)])
    for axis, (name, mask) in zip(axes[0], layers.items(), strict=True):
        rows, columns = np.nonzero(mask)
        size = np.clip(4e4 / mask.size, 0.9, 9)
        axis.scatter(columns, rows, s=size, color=_LEAF, linewidths=0, rasterized=True)
        axis.set(
            xlim=(-0.5, mask.shape[1] - 0.5),
            ylim=(mask.shape[0] - 0.5, -0.5),
            xlabel=f"{mask.shape[1]} inputs",
            ylabel=f"{mask.shape[0]} units",
            xticks=[],
            yticks=[],
        )
        axis.set_title(f"{name}\n{int(mask.sum()):,} of {mask.size:,}", fontsize=10)
        axis.grid(False)
        axis.spines[:].set_visible(True)
        axis.spines[:].set_color(GREY)
    return figure


def before_and_after(stages: Mapping[str, Mapping[float, Any]], dense: float) -> Figure:
    """Draw top-1 error against compression ratio before and after fine-tuning, with 95 % intervals.

    Parameters
    ----------
    stages : mapping
        Two entries, from a name to ``{ratio: Evaluation}`` (:class:`l0lib.compress.Evaluation`).
    dense : float
        The error of the unpruned network, a fraction of 1.
    """
    figure, axis = new_figure(6.9, 3.4)
    looks = ({"color": _WARM, "ls": "--", "marker": "o"}, {"color": _LEAF, "ls": "-", "marker": "D"})
    for (name, found), look in zip(stages.items(), looks, strict=True):
        ratios = np.array(list(found))
        errors = 100 * np.array([one.error for one in found.values()])
        low, high = 100 * np.array([one.interval for one in found.values()]).T
        if name == next(iter(stages)):
            axis.fill_between(ratios, low, high, color=look["color"], alpha=0.13, lw=0)
        else:
            axis.errorbar(ratios, errors, (errors - low, high - errors), fmt="none", ecolor=look["color"], lw=1.1)
        axis.plot(ratios, errors, lw=1.6, ms=5, label=name, **look)
    axis.axhline(100 * dense, color=GREY, lw=1, ls=":", label="dense")
    ratio_axis(axis, [1, 2, 5, 10, 20, 50, 100, 200])
    error_axis(axis)
    axis.set_ylabel("top-1 error (%)")
    axis.legend(frameon=False, loc="upper left")
    return figure


def units_left(layers: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw how many units of each layer still work, and what silenced the others.

    Parameters
    ----------
    layers : mapping
        From a layer's name to ``{kind: number of units}``, the same kinds in the same order for all.
    """
    figure, axis = new_figure(6.9, 0.6 * len(layers) + 1.1)
    names = list(layers)
    places = np.arange(len(names))[::-1]
    left = np.zeros(len(names))
    looks = (
        {"color": _LEAF},
        {"color": "none", "edgecolor": _WARM, "hatch": "////"},
        {"color": "none", "edgecolor": _DEEP, "hatch": "...."},
        {"color": "#eceff2", "edgecolor": GREY},
    )
    kinds = list(next(iter(layers.values())))
    totals = np.array([sum(parts.values()) for parts in layers.values()])
    for kind, look in zip(kinds, looks, strict=False):
        counts = np.array([parts[kind] for parts in layers.values()])
        shares = 100 * counts / totals
        axis.barh(places, shares, 0.6, left=left, label=kind, **look)
        for place, share, start, count in zip(places, shares, left, counts, strict=True):
            if share > 4:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
                axis.text(start + share / 2, place, str(count), ha="center", va="center", fontsize=9, bbox=box)
        left += shares
    axis.set_yticks(places, names)
    axis.set(xlabel="share of the layer's units (%)", xlim=(0, 100))
    axis.grid(False, axis="y")
    axis.legend(frameon=False, fontsize=9, ncols=len(kinds), loc="lower center", bbox_to_anchor=(0.45, 1.0))
    return figure


def bytes_by_encoding(sizes: Sequence[Any]) -> Figure:
    """Draw the bytes of one network in every encoding and coding (:func:`l0lib.compress.bytes_on_disk`)."""
    figure, axis = new_figure(6.9, 3.3)
    size = {(one.encoding, one.coding): one.bytes for one in sizes}
    looks = {
        "none": {"color": "none", "edgecolor": GREY},
        "zlib": {"color": "none", "edgecolor": _DEEP, "hatch": "////"},
        "lzma": {"color": _LEAF},
    }
    encodings = ("dense", "csr", "bitmap")
    for place, (coding, look) in enumerate(looks.items()):
        values = [size[encoding, coding] for encoding in encodings]
        name = "no entropy coding" if coding == "none" else coding
        bars = axis.bar(np.arange(3) + 0.27 * (place - 1), values, 0.25, label=name, **look)
        axis.bar_label(bars, [f"{value / 1000:,.1f}" for value in values], fontsize=8, padding=2)
    axis.set_xticks(range(3), ["dense", "CSR", "bitmap"])
    span = (min(size.values()) / 3, 4 * max(size.values()))
    axis.set(yscale="log", ylabel="bytes on disk (labels: kB)", ylim=span)
    axis.grid(False, axis="x")
    axis.legend(frameon=False, ncols=3, loc="upper right")
    return figure


__all__ = [
    "before_and_after",
    "bytes_by_encoding",
    "first_layer",
    "kept_weights",
    "magnitudes_and_cut",
    "units_left",
]
