"""Figures of pruned networks stage by stage: just pruned, with new statistics, fine-tuned."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

import numpy as np
from matplotlib.figure import Figure

from ..chapters import classes
from ..chapters.recalibrated import Followed
from ..table import times
from . import GREY, new_figure
from .results import logarithmic

__all__ = ["by_class", "by_stage"]

_LOOK = {
    "just pruned": {"color": "#b4460f", "marker": "v", "ls": ":"},
    "statistics anew": {"color": "#0b64a0", "marker": "s", "ls": "--"},
    "fine-tuned": {"color": "#3c7a2e", "marker": "o", "ls": "-"},
}


def by_stage(followed: Iterable[Followed]) -> Figure:
    """Draw test error against compression ratio, a panel for each arm, a line for each stage, a dot for each seed."""
    arms = list(followed)
    figure, axes = new_figure(8.4, 3.8, columns=max(len(arms), 1), sharey=True, squeeze=False)
    for axis, arm in zip(axes[0], arms, strict=False):
        for stage, at in arm.at.items():
            ratios = [ratio for ratio in sorted(at) if ratio > 1]
            if not ratios:
                continue
            means = [fmean(one.percent for one in at[ratio]) for ratio in ratios]
            axis.plot(ratios, means, label=stage, lw=1.5, ms=4, **_LOOK[stage])
            dots = [(ratio, one.percent) for ratio in ratios for one in at[ratio]]
            axis.plot(*zip(*dots, strict=True), ".", color=_LOOK[stage]["color"], ms=2.5, alpha=0.6)
        unpruned = fmean(one.percent for one in arm.unpruned)
        axis.axhline(unpruned, color=GREY, lw=0.9, ls=(0, (6, 4)), label="unpruned")
        axis.set_title(f"{arm.arm}, {arm.many}", fontsize=10)
        axis.set(xscale="log", yscale="log", xlabel="compression ratio")
        logarithmic(axis, "x")
        logarithmic(axis, "y")
    axes[0, 0].set_ylabel("top-1 error on the test images (%)")
    if not arms:
        axes[0, 0].text(0.5, 0.5, "no runs recorded yet", transform=axes[0, 0].transAxes, ha="center", color=GREY)
        return figure
    handles, labels = max((axis.get_legend_handles_labels() for axis in axes[0]), key=lambda pair: len(pair[0]))
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def by_class(arm: Followed, ratio: float, dataset: str) -> Figure:
    """Draw the error of each class at one ratio, a column a class: unpruned, and at each stage; means over seeds.

    Raises
    ------
    ValueError
        If the records of the arm do not say which images were missed.
    """
    lines = {"unpruned": arm.unpruned} | {stage: at[ratio] for stage, at in arm.at.items() if ratio in at}
    if not all(one.wrong for measured in lines.values() for one in measured):
        raise ValueError(f"the records of {arm.arm} must say which images were missed; they do not")
    figure, axis = new_figure(8.4, 3.8)
    names = classes.NAMES[dataset]
    places = np.arange(len(names))
    look = {"unpruned": {"color": GREY, "marker": "_"}} | _LOOK
    for aside, (stage, measured) in zip(np.linspace(-0.24, 0.24, len(lines)), lines.items(), strict=True):
        found = classes.errors([one.wrong for one in measured], dataset)
        style = {"color": look[stage]["color"], "marker": look[stage]["marker"], "ls": ""}
        axis.plot(places + aside, found.mean(0), label=stage, ms=9 if stage == "unpruned" else 6, mew=1.6, **style)
        dots = [(place + aside, error) for row in found for place, error in zip(places, row, strict=True)]
        axis.plot(*zip(*dots, strict=True), ".", color=look[stage]["color"], ms=2.5, alpha=0.6)
    axis.set(ylim=(-2, 102), ylabel="top-1 error of the class (%)")
    axis.set_xticks(places, names, rotation=30, ha="right")
    axis.set_title(f"{arm.arm}, {times(ratio)}, {arm.many}, stored", fontsize=10)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure
