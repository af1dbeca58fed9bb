"""Figures of stored and live runs: error against compression ratio, differences with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter
from scipy.optimize import isotonic_regression

from .. import labels
from ..experiments.results import Result
from ..paper.tables import Published, PublishedTable, printed_value
from . import GREY, PENALTY_STYLE, new_figure

if TYPE_CHECKING:
    from ..paper.compare import Comparison

__all__ = ["by_arm", "by_pruning", "differences", "energy", "logarithmic", "trade_off"]

_TICKS = [m * 10.0**k for k in range(-2, 4) for m in (1, 2, 5)]
_PRUNINGS = {"GP": "global (GP)", "LP": "layerwise (LP)", "RP": "random (RP)"}
_ARM_MARKERS = "os^Dv<>"
# arms that look the same in every figure; the control under l2 is the dense network, pruned and fine-tuned.
_ARM_PLACES = {"NORM": 0, "SEP": 1, "dense": 2, "l2": 2}
_MARKERS = {"l2": "s", "l1": "^", "l0": "o", "l2+l0": "D"}
_ARMS = ("#7b3fa0", "#0b64a0", "#3c7a2e", "#b4460f", "#8a6400", "#667080", "#00757f")


def logarithmic(axis: Axes, which: str) -> None:
    """Put plain numbers at 1, 2 and 5 of each decade."""
    getattr(axis, f"set_{which}scale")("log")
    side = getattr(axis, f"{which}axis")
    low, high = getattr(axis, f"get_{which}lim")()
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    if len(ticks) > (6 if which == "x" else 8):
        ticks = [tick for tick in ticks if f"{tick:e}"[0] == "1"]
    side.set_major_locator(FixedLocator(ticks))
    side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    side.set_minor_formatter(NullFormatter())


def _curve(
    axis: Axes,
    results: Sequence[Result],
    *,
    colour: str,
    label: str,
    bars: bool = False,
    aside: float = 1.0,
    **style: Any,
) -> None:
    """Draw the mean, every seed as a dot, and the Wilson interval of the mean; ``aside`` is a factor of the ratio."""
    line = sorted(results, key=lambda r: r.requested)
    x = [aside * r.requested for r in line]
    low, high = zip(*(r.test_interval for r in line), strict=True)
    if bars or len(line) < 6:
        mean = [r.test_error_mean for r in line]
        ends = (np.subtract(mean, low), np.subtract(high, mean))
        axis.errorbar(x, mean, np.maximum(ends, 0), fmt="none", ecolor=colour, lw=0.9, alpha=0.8)
    else:
        axis.fill_between(x, low, high, color=colour, alpha=0.13, lw=0)
    # one call for all dots: a marker of its own for each would make the page heavy
    dots = [(aside * r.requested, error) for r in line for error in r.errors.values()]
    axis.plot(*zip(*dots, strict=True), ".", color=colour, ms=2.5, alpha=0.6)
    axis.plot(x, [r.test_error_mean for r in line], color=colour, label=label, lw=1.5, ms=4, **style)


def by_pruning(found: Iterable[Result], *, fine_tuned: bool, dense: float | None = None) -> Figure:
    """Draw test error against compression ratio, one panel a pruning strategy, one line a penalty (Figures 3 and 4).

    Parameters
    ----------
    found : iterable of Result
        Of Experiment 1; those of the other stage are left out. What is not recorded is named in its panel.
    fine_tuned : bool
        After fine-tuning (Figure 4) or before it (Figure 3).
    dense : float, optional
        Mean error of the networks before pruning, in percent, for a line.
    """
    chosen = [r for r in found if r.fine_tuned == fine_tuned]
    figure, axes = new_figure(8.4, 4.0, columns=3, sharey=True)
    for axis, (pruning, title) in zip(axes, _PRUNINGS.items(), strict=True):
        absent = []
        for penalty, style in PENALTY_STYLE.items():
            line = [r for r in chosen if (r.pruning, r.penalty) == (pruning, penalty)]
            if not line:
                absent.append(labels.PENALTIES[penalty])
                continue
            look = {"linestyle": style["linestyle"], "marker": _MARKERS[penalty]}
            _curve(axis, line, colour=style["color"], label=labels.PENALTIES[penalty], **look)
        if dense is not None:
            axis.axhline(dense, color=GREY, lw=0.9, ls=(0, (6, 4)), label="unpruned, ℓ2")
        axis.set(title=title, xlabel="compression ratio")
        axis.set_xscale("log")
        axis.set_yscale("log")
        if absent:
            words = "not recorded yet:\n" + "\n".join(absent)
            axis.text(0.04, 0.97, words, transform=axis.transAxes, va="top", color=GREY, fontsize=9)
    for axis in axes:
        logarithmic(axis, "x")
        logarithmic(axis, "y")
    axes[0].set_ylabel("top-1 error on the test images (%)")
    handles: dict[str, Any] = {}
    for axis in axes:
        handles |= dict(zip(*axis.get_legend_handles_labels()[::-1], strict=True))
    if handles:
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    return figure


def by_arm(found: Iterable[Result], dense: float | None = None) -> Figure:
    """Draw test error against compression ratio, one line an arm, dotted before fine-tuning (Figures 7 to 9).

    Parameters
    ----------
    found : iterable of Result
        Of one network on one dataset, at most seven arms, before fine-tuning, after it, or both.
    dense : float, optional
        Mean error of the networks before pruning, in percent, for a line.

    Raises
    ------
    ValueError
        If there are more arms than can be told apart.
    """
    chosen = list(found)
    arms = list(dict.fromkeys(r.arm for r in chosen))
    if len(arms) > len(_ARM_MARKERS):
        raise ValueError(f"found must be results of at most {len(_ARM_MARKERS)} arms; got {len(arms)}")
    figure, axis = new_figure(7.6, 4.2)
    kinds = [arm.rsplit("-", 1)[-1] for arm in arms]
    known = all(kind in _ARM_PLACES for kind in kinds)
    for number, (arm, kind) in enumerate(zip(arms, kinds, strict=True)):
        place = _ARM_PLACES[kind] if known else number
        for tuned in (True, False):
            line = [r for r in chosen if (r.arm, r.fine_tuned) == (arm, tuned)]
            if not line:
                continue
            look: dict[str, Any] = {"linestyle": "-" if tuned else ":", "marker": _ARM_MARKERS[place]}
            if not tuned:
                look["mfc"] = "none"
            label = f"{arm}{', fine-tuned' if tuned else ''}"
            _curve(axis, line, colour=_ARMS[place], label=label, **look)
    axis.set(xlabel="compression ratio", ylabel="top-1 error on the test images (%)")
    if not arms:
        axis.text(0.5, 0.5, "no runs recorded yet", transform=axis.transAxes, ha="center", color=GREY)
        return figure
    if dense is not None:
        axis.axhline(dense, color=GREY, lw=0.9, ls=(0, (6, 4)), label="unpruned")
    axis.set(xscale="log", yscale="log")
    logarithmic(axis, "x")
    logarithmic(axis, "y")
    axis.legend(frameon=False, fontsize=9)
    return figure


def trade_off(found: Iterable[Result], published: PublishedTable, dense: float | None = None) -> Figure:
    """Draw error against compression ratio: above before and after fine-tuning, below among the published values.

    Parameters
    ----------
    found : iterable of Result
        Of one network: the paper's method, and arms beyond it.
    published : PublishedTable
        The table to stand beside, 2 or 3.
    dense : float, optional
        Mean error of our unpruned networks, in percent.
    """
    chosen = list(found)
    figure, (whole, near) = new_figure(8.4, 8.0, rows=2, height_ratios=(1, 1.3))
    arms = sorted({(r.variant != "paper", r.arm) for r in chosen})
    for place, (_, arm) in enumerate(arms):
        of_arm = [r for r in chosen if r.arm == arm]
        label, colour = arm.removeprefix(f"{of_arm[0].network}-"), _ARMS[place % len(_ARMS)]
        for tuned in (False, True):
            line = [r for r in of_arm if r.fine_tuned == tuned]
            if not line:
                continue
            look: dict[str, Any] = {"linestyle": "-" if tuned else ":", "marker": "o" if tuned else "."}
            _curve(whole, line, colour=colour, label=f"{label}, {'fine-tuned' if tuned else 'just pruned'}", **look)
            if tuned:  # side by side, so that the bars of two arms can be told apart
                aside = 1.012 ** (place - (len(arms) - 1) / 2)
                _curve(near, line, colour=colour, label=label, bars=True, aside=aside, **look)
    for row in published.rows:
        if row.error is None:
            continue
        x, y = printed_value(row.ratio), printed_value(row.error)
        near.plot(x, y, "*" if row.ours else "x", color="black" if row.ours else GREY, ms=9 if row.ours else 5)
    if dense is not None:
        for axis in (whole, near):
            axis.axhline(dense, color=GREY, lw=0.9, ls=(0, (6, 4)))
    errors = [printed_value(row.error) for row in published.rows if row.error]
    near.set(xscale="log", ylim=(0.7 * min(errors), 1.35 * max(errors)), xlabel="compression ratio")
    near.set_ylabel("top-1 error on the test images (%)")
    near.set_title("fine-tuned, among the published values", fontsize=10)
    ratios = [printed_value(row.ratio) for row in published.rows] + [r.requested for r in chosen if r.fine_tuned]
    near.set_xlim(0.8 * min(ratios), 1.25 * max(ratios))
    whole.set(xscale="log", yscale="log", xlabel="compression ratio", ylabel="top-1 error on the test images (%)")
    whole.set_title("before and after fine-tuning", fontsize=10)
    logarithmic(near, "x")
    logarithmic(whole, "x")
    logarithmic(whole, "y")
    _name(near, [row for row in published.rows if row.error])
    if chosen:
        whole.legend(frameon=False, fontsize=8, loc="upper left")
    else:
        whole.text(0.5, 0.5, "no runs recorded yet", transform=whole.transAxes, ha="center", color=GREY)
    return figure


def _name(axis: Axes, rows: Sequence[Published]) -> None:
    """Write the methods in a column at the right, in the order of their errors, each with a line to its mark."""
    ordered = sorted(rows, key=lambda row: (printed_value(row.error or ""), -printed_value(row.ratio)))
    low, high = axis.get_ylim()
    wanted = np.array([(printed_value(row.error or "") - low) / (high - low) for row in ordered])
    # least moved, in order, and one line apart: a monotone fit of what each line's place leaves over
    lines = min(0.052, 1 / len(ordered)) * np.arange(len(ordered))
    heights = np.clip(isotonic_regression(wanted - lines).x, 0, 1 - lines[-1]) + lines
    for row, height in zip(ordered, heights, strict=True):
        colour = "black" if row.ours else GREY
        axis.annotate(
            row.method, (printed_value(row.ratio), printed_value(row.error or "")),
            xytext=(1.03, height), textcoords="axes fraction", fontsize=8.5, va="center", color=colour,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.5, "alpha": 0.5, "shrinkA": 1, "shrinkB": 4},
        )  # fmt: skip


def differences(groups: Mapping[str, Sequence[Comparison]]) -> Figure:
    """Draw paired differences in error against compression ratio, with their intervals, one panel a group.

    The thick bar is the 95 % interval over seeds, the thin one adds what other test images could do
    (:class:`~l0lib.paper.compare.Comparison`). Below zero, the first one errs less.
    """
    figure, axes = new_figure(8.4, 3.4, columns=max(len(groups), 1), sharey=True, squeeze=False)
    for axis, (title, comparisons) in zip(axes[0], groups.items(), strict=False):
        axis.axhline(0, color=GREY, lw=1)
        axis.set_title(title, fontsize=10)
        axis.set(xlabel="compression ratio", xscale="log")
        if not comparisons:
            axis.text(0.5, 0.6, "not recorded yet", transform=axis.transAxes, ha="center", color=GREY)
            continue
        for one in comparisons:
            colour = {"less": "#3c7a2e", "more": "#b4460f"}.get(one.verdict, GREY)
            low, high = one.wide
            axis.plot([one.ratio] * 2, [low, high], color=colour, lw=1)
            if one.interval is not None:
                axis.plot([one.ratio] * 2, one.interval, color=colour, lw=3.4, alpha=0.6, solid_capstyle="butt")
            axis.plot(one.ratio, one.mean, "o", color=colour, ms=4)
        logarithmic(axis, "x")
    axes[0, 0].set_yscale("symlog", linthresh=1)
    axes[0, 0].yaxis.set_major_locator(FixedLocator([-50, -20, -10, -5, -2, -1, -0.5, 0, 0.5, 1, 2, 5, 10, 20, 50]))
    axes[0, 0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axes[0, 0].set_ylabel("difference in error (points)")
    return figure


def energy(shares: Mapping[str, Sequence[tuple[float, float]]]) -> Figure:
    """Draw what share of the weights holds what share of the energy (:func:`l0lib.experiments.stored.energy`)."""
    figure, axis = new_figure(7.2, 3.4)
    for penalty, points in shares.items():
        x, y = zip(*points, strict=True)
        axis.plot(np.multiply(100, x), np.multiply(100, y), label=labels.PENALTIES[penalty], **PENALTY_STYLE[penalty])
    axis.set(xscale="log", xlabel="largest weights, share of all (%)", ylabel="share of the energy (%)")
    axis.set_xlim(0.01, 100)
    logarithmic(axis, "x")
    if shares:
        axis.legend(frameon=False)
    else:
        axis.text(0.5, 0.5, "not recorded yet", transform=axis.transAxes, ha="center", color=GREY)
    return figure
