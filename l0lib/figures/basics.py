"""Figures of the page "What you should know of networks", the still pictures of its two explorers among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .._counts import wilson_interval
from ..chapters import networks_in_brief as brief
from ._style import BROWN, GREY, INK, MINUS, RED, SMALL, as_picture, label_ticks, new_figure

#: As the explorer draws them: what is negative, white, ink; few shades, since still pictures are stored in few colours.
_SIGNED = LinearSegmentedColormap.from_list("signed", [MINUS, "#ffffff", INK], N=21)
#: How each way down the valley is drawn.
WAYS = {
    "plain": {"color": GREY, "linestyle": "--"},
    "momentum": {"color": INK, "linestyle": "-"},
    "adam": {"color": BROWN, "linestyle": ":"},
}


def _map(axis: Axes, values: np.ndarray, title: str, place: tuple[int, int], side: int = 1) -> None:
    """Draw values, what is negative in another colour, and a frame of ``side`` cells at ``place`` (row, column)."""
    most = max(float(np.abs(values).max()), 1e-9)
    axis.imshow(values, cmap=_SIGNED, norm=TwoSlopeNorm(0, -most, most))
    row, column = place
    corner = (column - 0.5, row - 0.5)
    axis.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=RED, linewidth=1.8))
    axis.set_title(title, fontsize=10)
    as_picture(axis)


def one_convolution(image: np.ndarray, kernel: np.ndarray, bias: float, position: int) -> Figure:
    """Draw an image, its sums with a window, what ReLU leaves and what pooling keeps; below, the window's arithmetic.

    ``image`` is (14, 14) in [0, 1], ``kernel`` (3, 3), ``position`` the window's place, row by row
    (:class:`~l0lib.widgets.OneConvolution`).
    """
    row, column = divmod(position, brief.SUMS)
    sums = brief.convolve(image, kernel, bias)
    rectified = brief.relu(sums)
    figure, axes = new_figure(7.6, 4.4, rows=2, columns=4, height_ratios=(1.5, 1))
    above, below = axes
    _map(above[0], image, "image, 14 × 14", (row, column), brief.WINDOW)
    _map(above[1], sums, "sums, 12 × 12", (row, column))
    _map(above[2], rectified, "after ReLU", (row, column))
    _map(above[3], brief.max_pool(rectified), "pooled, 6 × 6", (row // 2, column // 2))
    under = image[row : row + brief.WINDOW, column : column + brief.WINDOW]
    for axis, values, title in zip(
        below, (under, kernel, under * kernel + 0.0), ("pixels under it", "× weights", "= products"), strict=False
    ):
        as_picture(axis)
        axis.set(xlim=(-0.5, 2.5), ylim=(2.5, -0.5), aspect="equal")
        axis.set_title(title, fontsize=10)
        for (r, c), value in np.ndenumerate(values):
            axis.text(c, r, f"{value:.2g}", ha="center", va="center", fontsize=SMALL)
    as_picture(below[3], frame=False)
    total, out = sums[row, column], rectified[row, column]
    words = f"sum + bias\n{total - bias:.3g} + {bias:.3g} = {total:.3g}\nReLU: {out:.3g}"
    below[3].text(0.5, 0.5, words, transform=below[3].transAxes, ha="center", va="center", fontsize=10)
    return figure


def descent(eta: float = 0.01, mu: float = 0.9, eta_adam: float = 0.1, steep: float = 50.0, steps: int = 100) -> Figure:
    """Draw three ways down a valley, and the loss at each step (:class:`~l0lib.widgets.Descent`)."""
    paths = {
        "plain": brief.momentum_path(steep, eta, 0, steps),
        "momentum": brief.momentum_path(steep, eta, mu, steps),
        "adam": brief.adam_path(steep, eta_adam, steps),
    }
    names = {"plain": f"plain, η = {eta:g}", "momentum": f"momentum {mu:g}", "adam": f"Adam, η = {eta_adam:g}"}
    figure, (plane, losses) = new_figure(7.6, 3.6, columns=2, width_ratios=(1.2, 1))
    x, y = np.meshgrid(np.linspace(-5, 3, 160), np.linspace(-2, 2, 120))
    height = np.asarray(brief.valley(np.stack([x, y]), steep))
    plane.contour(
        x, y, height, levels=height.max() * 0.6 ** np.arange(12)[::-1], colors=GREY, linewidths=0.6, alpha=0.6
    )
    for way, path in paths.items():
        plane.plot(*path.T, marker=".", ms=3, lw=1, **WAYS[way])
        losses.plot(np.maximum(brief.valley(path.T, steep), 1e-12), label=names[way], **WAYS[way])
    plane.plot(*brief.START, "o", color=RED)
    plane.plot(0, 0, "+", color=RED, ms=10)
    plane.set(xlim=(-5, 3), ylim=(-2, 2), xlabel="x, along the valley", ylabel="y, across it")
    losses.set(yscale="log", ylim=(1e-9, 1e3), xlabel="step", ylabel="loss")
    figure.legend(loc="outside upper center", ncols=3, fontsize=SMALL)
    return figure


def learning_curves(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw loss and error at the end of each epoch, from the first on: one line for each part of the images.

    ``curves`` maps a part's name to its ``"loss"`` and its ``"error"`` (a fraction of 1), a value an epoch.
    """
    figure, axes = new_figure(7.2, 3.2, columns=2)
    for (name, line), way in zip(curves.items(), WAYS.values(), strict=False):
        epochs = np.arange(1, len(line["loss"]) + 1)
        for axis, values in zip(axes, (line["loss"], 100 * np.asarray(line["error"])), strict=True):
            axis.plot(epochs, values, label=name, **way)
    axes[0].set(yscale="log", xlabel="epoch", ylabel="mean cross-entropy")
    axes[1].set(xlabel="epoch", ylabel="error (%)", ylim=(-1, None))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(curves), fontsize=SMALL)
    return figure


def signal_sizes(sizes: np.ndarray, factors: Sequence[float]) -> Figure:
    """Draw how large a fresh network's outputs are after each layer: a line for each factor of the first weights.

    ``sizes`` is (factors, layers), as :func:`~l0lib.chapters.networks_in_brief.signal_sizes` returns it.
    """
    figure, axis = new_figure(6.4, 3.2)
    layers = np.arange(1, sizes.shape[1] + 1)
    for line, factor, way in zip(sizes, factors, WAYS.values(), strict=True):
        axis.plot(layers, line, marker="o", ms=3.5, label=f"variance {factor:g} / fan-in", **way)
    axis.set(yscale="log", xlabel="layer", ylabel="root mean square of the outputs")
    label_ticks(axis.xaxis, layers)
    axis.legend(frameon=False, fontsize=SMALL)
    return figure


def samples_with_intervals(errors: Sequence[int], images: int, rate: float) -> Figure:
    """Draw Wilson's interval of each sample, and the error rate of all that it was drawn from.

    ``errors`` holds the wrong answers in each sample of ``images``; ``rate`` is a fraction of 1. An interval that
    misses it stands out.
    """
    figure, axis = new_figure(7.2, 3)
    for place, wrong in enumerate(errors, start=1):
        low, high = wilson_interval(wrong, images)
        colour, dash = (INK, "-") if low <= rate <= high else (RED, "--")
        axis.plot([place, place], [100 * low, 100 * high], color=colour, lw=1.6, ls=dash)
        axis.plot(place, 100 * wrong / images, "o", ms=4, color=colour)
    axis.axhline(100 * rate, color=GREY, lw=1, ls="--")
    axis.set(xlabel="sample", ylabel="error (%)", ylim=(0, None))
    label_ticks(axis.xaxis, range(1, len(errors) + 1))
    return figure


def seeds_compared(first: Sequence[float], second: Sequence[float], names: tuple[str, str], paired, unpaired) -> Figure:
    """Draw two arms' errors in percent, joined seed by seed, and two intervals of their mean difference.

    ``paired`` and ``unpaired`` are pairs (low, high) in points of percent, of ``first`` less ``second``.
    """
    figure, (seeds, intervals) = new_figure(7.2, 3, columns=2)
    for pair in zip(first, second, strict=True):
        seeds.plot([0, 1], pair, color=GREY, marker="o", ms=5, mfc=INK, mec=INK, lw=1)
    seeds.set(xlim=(-0.4, 1.4), ylabel="error (%)")
    seeds.set_xticks([0, 1], list(names))
    middle = float(np.mean(np.subtract(first, second)))
    for place, (low, high) in enumerate((paired, unpaired)):
        intervals.plot([low, high], [place, place], color=INK, lw=2, ls="-" if place == 0 else "--")
        intervals.plot(middle, place, "o", color=INK)
    intervals.axvline(0, color=RED, lw=1)
    intervals.set(ylim=(1.6, -0.6), xlabel=f"{names[0]} less {names[1]} (points)")
    intervals.set_yticks([0, 1], ["paired", "not paired"])
    intervals.grid(False, axis="y")
    return figure
