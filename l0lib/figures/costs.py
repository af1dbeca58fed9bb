"""Figures of what a network costs: bytes on disk, shares of its layers, and the time of a sparse product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ._style import BROWN, GREY, INK, PLAIN, SMALL, TEAL, label_ticks, new_figure


def bytes_by_encoding(sizes: Sequence[Any]) -> Figure:
    """Draw the bytes of one network in every encoding and coding (:func:`l0lib.compress.bytes_on_disk`)."""
    figure, axis = new_figure(6.9, 3.3)
    size = {(one.encoding, one.coding): one.bytes for one in sizes}
    looks = {
        "none": {"color": "none", "edgecolor": GREY},
        "zlib": {"color": "none", "edgecolor": BROWN, "hatch": "////"},
        "lzma": {"color": TEAL},
    }
    encodings = ("dense", "csr", "bitmap")
    for place, (coding, look) in enumerate(looks.items()):
        values = [size[encoding, coding] for encoding in encodings]
        name = "no entropy coding" if coding == "none" else coding
        bars = axis.bar(np.arange(3) + 0.27 * (place - 1), values, 0.25, label=name, **look)
        axis.bar_label(bars, [f"{value / 1000:,.1f}" for value in values], fontsize=SMALL, padding=2)
    axis.set_xticks(range(3), ["dense", "CSR", "bitmap"])
    span = (min(size.values()) / 3, 4 * max(size.values()))
    axis.set(yscale="log", ylabel="bytes on disk (labels: kB)", ylim=span)
    axis.grid(False, axis="x")
    axis.legend(frameon=False, ncols=3, loc="upper right")
    return figure


def bytes_against_ratio(
    ratios: Sequence[float], sizes: Mapping[str, Sequence[float]], values_alone: Sequence[float]
) -> Figure:
    """Draw the bytes of a network against its compression ratio, all parameters over nonzero ones.

    ``sizes`` maps the names of at most four encodings to bytes at each ratio. Dotted: ``values_alone``, the bytes of
    the nonzero values with nothing that says where they stand.
    """
    figure, axis = new_figure(7.2, 3.8)
    for (name, values), look in zip(sizes.items(), PLAIN, strict=False):
        axis.plot(ratios, np.asarray(values) / 1e3, ms=4.5, label=name, **look)
    axis.plot(ratios, np.asarray(values_alone) / 1e3, color=GREY, ls=":", label="the values alone, in 32 bits each")
    axis.set(xscale="log", yscale="log", xlabel="compression ratio", ylabel="kilobytes")
    label_ticks(axis.xaxis, ratios, "×")
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
        colour = (INK, TEAL, BROWN, GREY)[place % 4]
        bars = axis.barh(rows, part, left=left, color=colour, edgecolor="white", height=0.62, label=name)
        told = [f"{width:.0f} %" if width > 6 else "" for width in part]
        axis.bar_label(bars, told, label_type="center", color="white", fontsize=SMALL)
        left += part
    axis.set(xlabel="share (%)", xlim=(0, 100))
    axis.grid(False)
    figure.legend(loc="outside upper center", ncols=len(names), frameon=False)
    return figure


def speedup_against_sparsity(measured: Mapping[int, Sequence[Any]], ways: Mapping[str, str]) -> Figure:
    """Draw how many times faster a sparse product is than the dense one, one panel a batch size.

    ``measured`` maps the batch size to the results of :func:`l0lib.compress.latency.matmul_latency`, ``ways`` the way's
    name there to what the legend calls it. Marks are medians over the rounds, bands run from the lower to the upper
    quartile. Above the line at 1 sparsity pays. The axis of the sparsity is logarithmic in the share of nonzeros.
    """
    figure, axes = new_figure(7.6, 3.4, columns=len(measured), sharey=True, squeeze=False)
    for axis, (batch, results) in zip(axes[0], measured.items(), strict=True):
        density = [1 - result.sparsity for result in results]
        for (way, label), look in zip(ways.items(), PLAIN, strict=False):
            timings = [result.timings[way] for result in results]
            speedups = [timing.speedup for timing in timings]
            low, high = zip(*(timing.interval for timing in timings), strict=True)
            axis.fill_between(density, low, high, color=look["color"], alpha=0.15, lw=0)
            axis.plot(density, speedups, **look, ms=4, lw=1.4, label=label)
        axis.axhline(1, color=GREY, lw=1, ls="--")
        axis.set(xscale="log", yscale="log", title=f"batch of {batch}" if batch > 1 else "one vector")
        axis.invert_xaxis()
        axis.set_xticks(density[::2], [f"{100 * (1 - d):.4g} %" for d in density[::2]], fontsize=SMALL)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel("sparsity")
    low, high = axes[0, 0].get_ylim()
    ticks = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
    label_ticks(axes[0, 0].yaxis, [tick for tick in ticks if low <= tick <= high], "×")
    axes[0, 0].set_ylabel("dense time over sparse time")
    axes[0, 0].legend(frameon=False, fontsize=SMALL)
    return figure
