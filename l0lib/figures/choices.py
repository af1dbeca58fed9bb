"""Figures of the engine's chapter: updates, pruning rules and schedules side by side, and a loop of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ._style import GREY, PENALTY_STYLE, new_figure
from .engine import error_axis, ratio_axis

_DEEP, _WARM, _LEAF, _PLUM = (PENALTY_STYLE[name]["color"] for name in ("l2", "l1", "l0", "l2+l0"))
_UPDATE_STYLE: dict[str, dict[str, Any]] = {
    "coupled": {"color": _DEEP, "linestyle": "-."},
    "decoupled": {"color": _WARM, "linestyle": "--"},
    "clipped": {"color": _LEAF, "linestyle": "-"},
    "proximal": {"color": _PLUM, "linestyle": (0, (5, 1, 1, 1))},
}
_RULE_STYLE: dict[str, dict[str, Any]] = {
    "GP": {"color": _LEAF, "linestyle": "-", "marker": "o"},
    "LP": {"color": _DEEP, "linestyle": "-.", "marker": "s"},
    "RP": {"color": _WARM, "linestyle": "--", "marker": "^"},
}


def four_updates(
    paths: Mapping[str, np.ndarray], histograms: Mapping[str, Sequence[int]], edges: Sequence[float]
) -> Figure:
    """Draw one weight under the four updates, and where they leave the weights of a network.

    Parameters
    ----------
    paths : mapping
        From an update's name to the weight after each step.
    histograms : mapping
        From an update's name to the counts of weights in the bins of ``edges``; the first bin also holds the zeros.
    edges : sequence of float
        Edges of the bins, in log10 of the magnitude.
    """
    figure, (one, all_) = new_figure(7.6, 3.4, columns=2)
    for name, path in paths.items():
        one.plot(np.arange(len(path)), path, lw=1.7, label=name, **_UPDATE_STYLE[name])
    one.axhline(0, color=GREY, lw=0.8)
    one.set(xlabel="step", ylabel="one weight, without a loss")
    one.legend(frameon=False, fontsize=9)
    places = np.arange(len(histograms))[::-1]
    bounds = (-np.inf, -6, -4, -2, np.inf)
    labels = ("zero or < 10⁻⁶", "10⁻⁶ to 10⁻⁴", "10⁻⁴ to 10⁻²", "> 10⁻²")
    colours = (_LEAF, "#a9cf9f", "#cfd6dd", _DEEP)
    left = np.zeros(len(histograms))
    starts = np.asarray(edges)[:-1] + 1e-9
    for low, high, label, colour in zip(bounds[:-1], bounds[1:], labels, colours, strict=True):
        inside = (starts >= low) & (starts < high)
        shares = np.array([100 * np.asarray(c)[inside].sum() / np.sum(c) for c in histograms.values()])
        all_.barh(places, shares, 0.6, left=left, color=colour, label=label)
        left += shares
    all_.set_yticks(places, list(histograms))
    all_.set(xlabel="share of the network's weights (%)", xlim=(0, 100))
    all_.grid(False, axis="y")
    all_.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.4, 1.0), title="magnitude")
    return figure


def three_rules(
    curves: Mapping[str, Mapping[float, float]], shares: Mapping[str, Mapping[str, float]], ratio: float
) -> Figure:
    """Draw the error that each pruning rule leaves, and what it keeps of each layer.

    Parameters
    ----------
    curves : mapping
        From ``GP``, ``LP``, ``RP`` to ``{ratio: top-1 error}``, fractions of 1, before fine-tuning.
    shares : mapping
        From a rule to ``{layer: kept share of its parameters}`` at ``ratio``.
    ratio : float
    """
    figure, (error, kept) = new_figure(7.6, 3.3, columns=2, width_ratios=[3, 2])
    for place, (name, curve) in enumerate(curves.items()):
        error.plot(list(curve), 100 * np.array(list(curve.values())), lw=1.6, ms=4.5, label=name, **_RULE_STYLE[name])
        look = {key: _RULE_STYLE[name][key] for key in ("color", "marker")}
        names = list(shares[name])
        heights = 100 * np.array(list(shares[name].values()))
        spots = np.arange(len(names)) + 0.2 * (place - 1)
        kept.vlines(spots, 1e-2, heights, color=look["color"], lw=1)
        kept.plot(spots, heights, ls="none", ms=6, **look)
    ratio_axis(error, [1, 2, 5, 10, 20, 50, 100, 200])
    error_axis(error)
    error.set_ylabel("top-1 error (%)")
    error.legend(frameon=False)
    kept.set_xticks(range(len(names)), names)
    kept.set(yscale="log", ylabel=f"kept at {ratio:g}× (%)", ylim=(0.3, 100))
    kept.set_yticks([1, 10, 100], ["1", "10", "100"])
    kept.yaxis.set_minor_formatter(NullFormatter())
    kept.grid(False, axis="x")
    return figure


def ratio_schedules(
    named: Mapping[str, Callable[[int, int, float, float], float]], steps: int, first: float, last: float
):
    """Draw the compression ratio and the share of parameters kept over the prunings of each schedule.

    Parameters
    ----------
    named : mapping
        From a name to a schedule ``(step, steps, first, last) -> ratio`` (:data:`l0lib.compress.SCHEDULES`).
    steps : int
        Prunings in all.
    first, last : float
        Ratios at the start and at the end.
    """
    figure, (ratio, share) = new_figure(7.4, 3.0, columns=2)
    looks = (
        {"color": _WARM, "marker": "^", "ls": "--"},
        {"color": _DEEP, "marker": "s", "ls": "-."},
        {"color": _LEAF, "marker": "o", "ls": "-"},
    )
    at = np.arange(steps + 1)
    for (name, schedule), look in zip(named.items(), looks, strict=True):
        ratios = np.array([schedule(int(step), steps, first, last) for step in at])
        ratio.plot(at, ratios, ms=4, lw=1.4, label=name, **look)
        share.plot(at, 100 / ratios, ms=4, lw=1.4, **look)
    ratio.set(xlabel="prunings done", ylabel="compression ratio", yscale="log")
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500) if first <= tick <= last]
    ratio.set_yticks(ticks, [f"{tick}×" for tick in ticks])
    ratio.yaxis.set_minor_formatter(NullFormatter())
    ratio.legend(frameon=False)
    share.set(xlabel="prunings done", ylabel="parameters kept (%)")
    return figure


def own_loop(losses: Sequence[float], pruned_at: int, kept: Mapping[str, float]) -> Figure:
    """Draw the loss of a loop of the reader's own, and how much of each layer survives.

    Parameters
    ----------
    losses : sequence of float
        One for each step.
    pruned_at : int
        The step before which the network was pruned.
    kept : mapping
        From a layer's name to the share of its parameters that is kept, in the network's order.
    """
    figure, (loss, share) = new_figure(7.6, 3.3, columns=2, width_ratios=[1, 1.15])
    loss.semilogy(range(1, len(losses) + 1), losses, color=_DEEP, lw=1.3)
    loss.axvline(pruned_at + 0.5, color=_WARM, lw=1.3, ls="--")
    at = {"transform": loss.get_xaxis_transform(), "color": _WARM, "va": "top", "ha": "right"}
    loss.text(pruned_at, 0.97, "pruned ", **at)
    loss.set(xlabel="step", ylabel="loss of the batch")
    places = np.arange(len(kept))
    share.bar(places, 100 * np.array(list(kept.values())), color=_LEAF)
    share.set_xticks(places, list(kept), rotation=90, fontsize=7)
    share.set(ylabel="parameters kept (%)", ylim=(0, 105))
    share.grid(False, axis="x")
    return figure


__all__ = ["four_updates", "own_loop", "ratio_schedules", "three_rules"]
