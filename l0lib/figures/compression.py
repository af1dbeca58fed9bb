"""Figures of the compression chapters: pulls that add, weights that move, error against compression ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from .. import labels
from ..penalties import Penalty
from ._style import GREY, PENALTY_STYLE, new_figure

_MARKER = {"l2": "s", "l1": "^", "l0": "o", "l2+l0": "D"}


def pull_of_two(l2: Penalty, l0: Penalty, least: float, span: float) -> Figure:
    """Draw the pull on a positive weight under two penalties and under their sum, absolute and relative to the weight.

    Parameters
    ----------
    l2, l0 : Penalty
        The two terms of the paper's Eq. 17.
    least : float
        The weight of least pull, marked in the left panel.
    span : float
        The largest weight shown.
    """
    figure, (pull, relative) = new_figure(8, 3.3, columns=2)
    w = np.linspace(span / 1000, span, 800)
    for name, penalty in (("l2", l2), ("l0", l0), ("l2+l0", l2 + l0)):
        style = {**PENALTY_STYLE[name], "lw": 2.4 if name == "l2+l0" else 1.5, "label": labels.PENALTIES[name]}
        pull.plot(w, penalty.gradient(w), **style)
        relative.semilogy(w, penalty.gradient(w) / w, **style)
    pull.axvline(least, color=GREY, lw=0.8, ls=":")
    pull.text(least, 0.93, "  least pull", transform=pull.get_xaxis_transform(), color=GREY, fontsize=9)
    pull.set(xlabel="weight w", ylabel="pull (slope of the penalty)", ylim=(0, None))
    relative.set(xlabel="weight w", ylabel="pull over weight")
    relative.legend(frameon=False)
    return figure


def digit_samples(images: np.ndarray, labels: np.ndarray, each: int = 8) -> Figure:
    """Draw the first ``each`` images of every digit, one column a digit; ``images`` is (n, 28, 28)."""
    columns = [np.concatenate(list(images[labels == digit][:each])) for digit in range(10)]
    figure, axis = new_figure(7.2, 7.2 * each / 10 + 0.2)
    # as it is, for the browser to scale: enlarged here it takes ten times the bytes
    axis.imshow(np.concatenate(columns, axis=1), cmap="gray_r", vmin=0, vmax=255, interpolation="none")
    axis.set_xticks(28 * np.arange(10) + 13.5, [str(digit) for digit in range(10)])
    axis.set_yticks([])
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    return figure


def weights_over_epochs(
    histories: Mapping[str, Sequence[Any]],
    edges: Sequence[float],
    epochs: Sequence[int],
    cuts: Mapping[str, float],
    ratio: float,
) -> Figure:
    """Draw how the magnitudes of a network's weights are spread, epoch by epoch, one panel a penalty.

    Parameters
    ----------
    histories : mapping
        From ``l2``, ``l1``, ``l0``, ``l2+l0`` to the epochs that :func:`l0lib.compress.train` returned.
    edges : sequence of float
        Edges of the histogram's bins, in log10 of the magnitude.
    epochs : sequence of int
        Which epochs to draw, from pale to strong.
    cuts : mapping
        The magnitude below which pruning at ``ratio`` removes a weight, by penalty.
    ratio : float
        The compression ratio that ``cuts`` belong to.
    """
    figure, axes = new_figure(8, 5.0, rows=2, columns=2, sharex=True, sharey=True)
    left = np.asarray(edges)
    for axis, (name, history) in zip(axes.ravel(), histories.items(), strict=True):
        colour = np.array(to_rgb(PENALTY_STYLE[name]["color"]))
        for place, epoch in enumerate(epochs):
            strength = (place + 1) / len(epochs)
            counts = np.array(history[epoch].magnitudes, dtype=float)
            axis.stairs(
                100 * counts / counts.sum(),
                left,
                color=1 - strength * (1 - colour),
                lw=0.9 + 1.1 * (place + 1 == len(epochs)),
                fill=False,
                label="start" if epoch == 0 else f"after epoch {epoch}",
            )
        axis.axvline(np.log10(cuts[name]), color=GREY, lw=1, ls=":", label=f"cut at {ratio:g}×")
        axis.set_title(labels.PENALTIES[name], fontsize=11)
    axes[0, 0].legend(frameon=False, fontsize=9, loc="upper left")
    axes[0, 0].set(yscale="log", ylim=(2e-3, 100))
    axes[0, 0].set_yticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    for axis in axes[:, 0]:
        axis.set_ylabel("share of weights (%)")
    for axis in axes[1]:
        axis.set_xlabel("magnitude |w|")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda power, _: f"$10^{{{power:g}}}$"))
        axis.set_xlim(left[0], left[-1])
    return figure


def error_against_ratio(stages: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]) -> Figure:
    """Draw top-1 error against compression ratio, one panel a stage, one line a penalty.

    Parameters
    ----------
    stages : mapping
        From the panel's title to ``{penalty: {"ratio", "errors", "mean", "low", "high"}}``: ratios (r,), errors of each
        network (networks, r), their mean and the ends of its interval (r,), all errors as fractions.

    Notes
    -----
    Bands are the intervals, small marks single networks, large marks their means. A panel with few ratios has bars in
    place of bands, side by side so that they can be told apart.
    """
    figure, axes = new_figure(8.4, 4.0, columns=len(stages), sharey=True, squeeze=False)
    for axis, (title, curves) in zip(axes[0], stages.items(), strict=True):
        for place, (name, curve) in enumerate(curves.items()):
            style = PENALTY_STYLE[name]
            few = len(curve["ratio"]) < 6
            shift = 1.035 ** (place - (len(curves) - 1) / 2) if few else 1
            ratio, mean = curve["ratio"] * shift, 100 * curve["mean"]
            low, high = 100 * curve["low"], 100 * curve["high"]
            if few:
                axis.errorbar(ratio, mean, (mean - low, high - mean), fmt="none", ecolor=style["color"], lw=1.1)
            else:
                axis.fill_between(ratio, low, high, color=style["color"], alpha=0.13, lw=0)
            for errors in curve["errors"]:
                axis.plot(ratio, 100 * errors, ".", color=style["color"], ms=2.5, alpha=0.6)
            axis.plot(ratio, mean, marker=_MARKER[name], ms=4.5, lw=1.5, label=labels.PENALTIES[name], **style)
        axis.set(xscale="log", yscale="log", title=title, xlabel="compression ratio")
        ticks = [
            tick
            for tick in (1, 2, 5, 10, 20, 50, 100, 200)
            if tick >= 0.9 * min(c["ratio"][0] for c in curves.values())
        ]
        axis.set_xticks(ticks, [f"{tick}×" for tick in ticks])
        axis.set_yticks([5, 10, 20, 50, 90], ["5", "10", "20", "50", "90"])
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.yaxis.set_minor_formatter(NullFormatter())
    axes[0, 0].set_ylabel("top-1 error on the test images (%)")
    axes[0, 0].legend(frameon=False, loc="upper left")
    return figure


def tuning_scores(scores: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the validation score of every trial, sorted from best to worst, one line a penalty (fractions of 1)."""
    figure, axis = new_figure(7.2, 3.2)
    for name, values in scores.items():
        percent = 100 * np.sort(np.asarray(values))
        axis.plot(
            np.arange(1, len(percent) + 1),
            percent,
            marker=_MARKER[name],
            ms=4,
            label=labels.PENALTIES[name],
            **PENALTY_STYLE[name],
        )
    axis.set(
        yscale="log",
        xlabel="trials, sorted from best to worst",
        ylabel="validation score (%)",
        xticks=range(1, len(percent) + 1, 2),
    )
    axis.set_yticks([5, 7, 10, 20, 30, 50], ["5", "7", "10", "20", "30", "50"])
    axis.yaxis.set_minor_formatter(NullFormatter())
    axis.legend(frameon=False, ncols=2)
    return figure


__all__ = ["digit_samples", "error_against_ratio", "pull_of_two", "tuning_scores", "weights_over_epochs"]
