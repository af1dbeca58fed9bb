"""Figures of the chapter on what compression pays: bytes, multiply-adds, latency, and a digit with its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ._style import GREY, PENALTY_STYLE, new_figure

_COLOURS = [PENALTY_STYLE[name]["color"] for name in ("l2", "l1", "l0", "l2+l0")]
_MARKERS = ("s", "^", "o", "D")


def digit_and_scores(image: np.ndarray, probabilities: np.ndarray) -> Figure:
    """Draw an image (28, 28) with values in [0, 1] beside the probability of each of the ten classes."""
    figure, (left, right) = new_figure(6.4, 2.6, columns=2, width_ratios=(1, 1.9))
    left.imshow(image, cmap="gray_r", vmin=0, vmax=1)
    left.set(xticks=[], yticks=[], title="what the network sees")
    left.grid(False)
    left.spines[:].set_visible(True)
    right.bar(range(10), 100 * probabilities, color=PENALTY_STYLE["l0"]["color"])
    right.set(xticks=range(10), ylim=(0, 100), xlabel="class", ylabel="probability (%)")
    return figure


def bytes_against_ratio(
    ratios: Sequence[float], sizes: Mapping[str, Sequence[float]], values_alone: Sequence[float]
) -> Figure:
    """Draw the bytes of a network against its compression ratio, one line an encoding.

    Parameters
    ----------
    ratios : sequence of float
        All parameters over nonzero ones.
    sizes : mapping
        From the name of an encoding to its bytes at each ratio; at most four.
    values_alone : sequence of float
        Bytes of the nonzero values with nothing that says where they stand: a dotted line.
    """
    figure, axis = new_figure(7.2, 3.8)
    for (name, values), colour, marker in zip(sizes.items(), _COLOURS, _MARKERS, strict=False):
        axis.plot(ratios, np.asarray(values) / 1e3, color=colour, marker=marker, ms=4.5, label=name)
    axis.plot(ratios, np.asarray(values_alone) / 1e3, color=GREY, ls=":", label="the values alone, in 32 bits each")
    axis.set(xscale="log", yscale="log", xlabel="compression ratio", ylabel="kilobytes")
    axis.set_xticks(ratios, [f"{ratio:g}×" for ratio in ratios])
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.legend(frameon=False)
    return figure


def shares_by_layer(names: Sequence[str], shares: Mapping[str, Sequence[float]]) -> Figure:
    """Draw what part of a total each layer has, one bar a total; ``shares`` maps its name to numbers, one a layer."""
    figure, axis = new_figure(7.2, 0.6 * len(shares) + 1.1)
    rows = list(shares)[::-1]
    left = np.zeros(len(rows))
    totals = np.array([sum(shares[row]) for row in rows], dtype=float)
    for place, name in enumerate(names):
        part = 100 * np.array([shares[row][place] for row in rows]) / totals
        colour = _COLOURS[place % len(_COLOURS)]
        axis.barh(rows, part, left=left, color=colour, edgecolor="white", height=0.62, label=name)
        for y, (start, width) in enumerate(zip(left, part, strict=True)):
            if width > 6:
                axis.text(start + width / 2, y, f"{width:.0f} %", ha="center", va="center", color="white", fontsize=9)
        left += part
    axis.set(xlabel="share (%)", xlim=(0, 100))
    axis.grid(False)
    figure.legend(loc="outside upper center", ncols=len(names), frameon=False)
    return figure


def speedup_against_sparsity(measured: Mapping[int, Sequence[Any]], ways: Mapping[str, str]) -> Figure:
    """Draw how many times faster a sparse product is than the dense one, one panel a batch size.

    Parameters
    ----------
    measured : mapping
        From the batch size to the results of :func:`l0lib.compress.latency.matmul_latency`.
    ways : mapping
        From the way's name there to what the legend calls it.

    Notes
    -----
    Marks are medians over the rounds, bands run from the lower to the upper quartile. Above the line at 1 sparsity
    pays. The axis of the sparsity is logarithmic in the share of nonzeros.
    """
    figure, axes = new_figure(8.4, 3.4, columns=len(measured), sharey=True, squeeze=False)
    for axis, (batch, results) in zip(axes[0], measured.items(), strict=True):
        density = [1 - result.sparsity for result in results]
        for (way, label), colour, marker in zip(ways.items(), _COLOURS[1:], _MARKERS[1:], strict=False):
            timings = [result.timings[way] for result in results]
            low, high = zip(*(timing.interval for timing in timings), strict=True)
            axis.fill_between(density, low, high, color=colour, alpha=0.15, lw=0)
            axis.plot(density, [t.speedup for t in timings], color=colour, marker=marker, ms=4, lw=1.4, label=label)
        axis.axhline(1, color=GREY, lw=1, ls="--")
        axis.set(xscale="log", yscale="log", title=f"batch of {batch}" if batch > 1 else "one vector")
        axis.invert_xaxis()
        shown = density[::2]
        axis.set_xticks(shown, [f"{100 * (1 - d):.4g} %" for d in shown], fontsize=8)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel("sparsity")
    low, high = axes[0, 0].get_ylim()
    ticks = [tick for tick in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= tick <= high]
    axes[0, 0].set_yticks(ticks, [f"{tick:g}×" for tick in ticks])
    axes[0, 0].yaxis.set_minor_formatter(NullFormatter())
    axes[0, 0].set_ylabel("dense time over sparse time")
    axes[0, 0].legend(frameon=False, fontsize=9)
    return figure


__all__ = ["bytes_against_ratio", "digit_and_scores", "shares_by_layer", "speedup_against_sparsity"]
