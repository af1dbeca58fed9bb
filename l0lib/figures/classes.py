"""Figures of a network's errors class by class."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ..chapters.classes import NAMES, Told, surviving
from ._style import GREY, RED, SMALL, TEAL, new_figure


def first_to_go(before: Told, after: Told, count: int = 10) -> Figure:
    """Draw the errors of the classes of CIFAR-100 that survive a pruning best, and worst, ``count`` of each.

    A ring is the error before pruning, a dot that after it, in percent.
    """
    least, most = surviving(before, after, count)
    names = [*least, "", *reversed(most)]
    rows = {name: row for row, name in enumerate(names) if name}
    numbers, places = [NAMES["cifar100"].index(name) for name in rows], list(rows.values())
    low, high = before.errors[numbers], after.errors[numbers]
    colours = np.where(high > low, RED, TEAL)
    figure, axis = new_figure(6.9, 0.23 * len(names) + 0.9)
    axis.hlines(places, low, high, colors=colours, lw=1.6, zorder=1)
    axis.scatter(low, places, s=30, facecolors="white", edgecolors=GREY, zorder=2, label="before pruning")
    axis.scatter(high, places, s=30, c=colours, zorder=3, label="after pruning")
    axis.set_yticks(places, list(rows), fontsize=SMALL)
    axis.set(xlabel="error of the class, %", ylim=(len(names) - 0.4, -0.6), xlim=(-2, 102))
    axis.grid(False, axis="y")
    axis.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    return figure
