"""Figures of measured errors: against the compression ratio, stage by stage, beside published values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from string import ascii_letters
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from .. import labels
from ..paper.tables import Published, PublishedTable, printed_value
from ..table import times
from ._style import (
    BROWN,
    GREY,
    INK,
    MARKERS,
    MARKS,
    PENALTY_STYLE,
    PLAIN,
    RED,
    SMALL,
    TEAL,
    label_ticks,
    logarithmic,
    new_figure,
    penalty_line,
    say,
)

if TYPE_CHECKING:
    from ..chapters.recalibrated import Followed
    from ..experiments.results import Result
    from ..paper.compare import Comparison

_RULE_STYLE: dict[str, dict[str, Any]] = {
    "GP": {"color": INK, "linestyle": "-", "marker": "o"},
    "LP": {"color": TEAL, "linestyle": "-.", "marker": "s"},
    "RP": {"color": BROWN, "linestyle": "--", "marker": "^"},
}
# arms that look the same in every figure; the control under l2 is the dense network, pruned and fine-tuned.
_ARM_PLACES = {"NORM": 0, "SEP": 1, "dense": 2, "l2": 2}
#: How networks are drawn that were just pruned (False) and fine-tuned (True).
_STAGE_LINES: dict[bool, dict[str, Any]] = {False: {"linestyle": ":", "mfc": "none"}, True: {"linestyle": "-"}}
_STAGES = {
    "just pruned": {"color": BROWN, "marker": "v", "ls": ":"},
    "statistics anew": {"color": TEAL, "marker": "s", "ls": "--"},
    "fine-tuned": {"color": INK, "marker": "o", "ls": "-"},
}


def published_scatter(*tables: PublishedTable) -> Figure:
    """Draw error against compression ratio for tables of :mod:`l0lib.paper.tables` that hold both, one panel each."""
    figure, axes = new_figure(6.9, 3.8, columns=len(tables), squeeze=False)
    for axis, table in zip(axes[0], tables, strict=True):
        dense = printed_value(table.dense_error or "")
        for ours in (False, True):
            rows = [row for row in table.rows if row.ours is ours]
            ratios = [printed_value(row.ratio) for row in rows]
            errors = [dense if row.error is None else printed_value(row.error) for row in rows]
            if ours:
                axis.plot(ratios, errors, "D", ms=7, color=PENALTY_STYLE["l2+l0"]["color"], label="the paper's scheme")
            else:
                axis.plot(ratios, errors, "o", ms=6, mfc="none", color=INK, label="other methods")
            for row, ratio, error in zip(rows, ratios, errors, strict=True):
                if ours or _on_front(table, row):
                    name = row.method.split(" [")[0].removeprefix("Proposed ").strip("()")
                    place = (
                        {"xytext": (0, 8), "ha": "center"}
                        if ours
                        else {"xytext": (0, 6), "ha": "left" if ratio < 15 else "right"}
                    )
                    axis.annotate(name, (ratio, error), textcoords="offset points", fontsize=SMALL, **place)
        axis.axhline(dense, color=GREY, lw=1, ls="--")
        axis.set(title=table.network, xlabel="compression ratio, logarithmic", ylabel="top-1 error (%)", xscale="log")
        low, high = axis.get_xlim()
        axis.set_xlim(low / 1.5, high * 1.3)
        label_ticks(axis.xaxis, [tick for tick in (10, 30, 100, 300) if low / 1.5 < tick < high * 1.3], "×")
    named = axes[0, 0].get_legend_handles_labels()
    figure.legend(*named, loc="outside upper center", ncols=2, frameon=False, fontsize=SMALL)
    return figure


def _on_front(table: PublishedTable, row: Published) -> bool:
    """Whether no other row of the table has both a higher ratio and a lower error; only such rows get a label."""
    if row.error is None:
        return False
    return not any(
        other.error is not None
        and printed_value(other.ratio) >= printed_value(row.ratio)
        and printed_value(other.error) < printed_value(row.error)
        for other in table.rows
    )


def error_against_ratio(stages: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]) -> Figure:
    """Draw top-1 error against compression ratio, one panel a stage, one line a penalty.

    ``stages`` maps the panel's title to ``{penalty: {"ratio", "errors", "mean", "low", "high"}}``: ratios (r,), errors
    of each network (networks, r), their mean and the ends of its interval (r,), all errors as fractions. Bands are the
    intervals, small marks single networks, large marks their means. A panel with few ratios has bars in place of bands,
    side by side so that they can be told apart.
    """
    figure, axes = new_figure(7.6, 4.0, columns=len(stages), sharey=True, squeeze=False)
    for axis, (title, curves) in zip(axes[0], stages.items(), strict=True):
        for place, (name, curve) in enumerate(curves.items()):
            colour, few = PENALTY_STYLE[name]["color"], len(curve["ratio"]) < 6
            ratio = curve["ratio"] * (1.035 ** (place - (len(curves) - 1) / 2) if few else 1)
            mean, low, high = (100 * curve[key] for key in ("mean", "low", "high"))
            _interval(axis, ratio, mean, low, high, colour, bars=few)
            for errors in curve["errors"]:
                axis.plot(ratio, 100 * errors, ".", color=colour, ms=2.5, alpha=0.6)
            axis.plot(ratio, mean, **penalty_line(name, marker=MARKERS[name], ms=4.5, lw=1.5))
        axis.set_title(title)
        _percent_against_ratio(axis, least=0.9 * min(curve["ratio"][0] for curve in curves.values()))
    axes[0, 0].set_ylabel("top-1 error on the test images (%)")
    axes[0, 0].legend(frameon=False, loc="upper left")
    return figure


def tuning_scores(scores: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the validation score of every trial, sorted from best to worst, one line a penalty (fractions of 1)."""
    figure, axis = new_figure(7.2, 3.2)
    for name, values in scores.items():
        percent = 100 * np.sort(np.asarray(values))
        axis.plot(np.arange(1, len(percent) + 1), percent, **penalty_line(name, marker=MARKERS[name], ms=4))
    axis.set(yscale="log", xlabel="trials, sorted from best to worst", ylabel="validation score (%)")
    axis.set_xticks(range(1, len(percent) + 1, 2))
    label_ticks(axis.yaxis, [5, 7, 10, 20, 30, 50])
    axis.legend(frameon=False, ncols=2)
    return figure


def before_and_after(stages: Mapping[str, Mapping[float, Any]], dense: float) -> Figure:
    """Draw top-1 error against compression ratio before and after fine-tuning, with 95 % intervals.

    Both entries of ``stages`` map a name to ``{ratio: Evaluation}`` (:class:`l0lib.compress.Evaluation`); ``dense`` is
    the error of the unpruned network, a fraction of 1.
    """
    figure, axis = new_figure(6.9, 3.4)
    colour = PENALTY_STYLE["l2+l0"]["color"]
    looks: tuple[dict[str, Any], ...] = ({"ls": "--", "marker": "o", "mfc": "none"}, {"ls": "-", "marker": "D"})
    for bars, (name, found), look in zip((False, True), stages.items(), looks, strict=True):
        ratios = np.array(list(found))
        errors = 100 * np.array([one.error for one in found.values()])
        low, high = 100 * np.array([one.interval for one in found.values()]).T
        _interval(axis, ratios, errors, low, high, colour, bars=bars)
        axis.plot(ratios, errors, lw=1.6, ms=5, color=colour, label=name, **look)
    axis.axhline(100 * dense, color=GREY, lw=1, ls=":", label="dense")
    _percent_against_ratio(axis)
    axis.set_ylabel("top-1 error (%)")
    axis.legend(frameon=False, loc="upper left")
    return figure


def _percent_against_ratio(axis: Axes, least: float = 1) -> None:
    """Make the axes logarithmic, of errors in percent and of compression ratios from ``least``."""
    axis.set(xscale="log", yscale="log", xlabel="compression ratio")
    label_ticks(axis.xaxis, [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200) if tick >= least], "×")
    label_ticks(axis.yaxis, [5, 10, 20, 50, 90])


def three_rules(
    curves: Mapping[str, Mapping[float, float]], shares: Mapping[str, Mapping[str, float]], ratio: float
) -> Figure:
    """Draw the error that each pruning rule leaves, and what it keeps of each layer.

    ``curves`` maps ``GP``, ``LP``, ``RP`` to ``{ratio: top-1 error}``, fractions of 1, before fine-tuning; ``shares`` a
    rule to ``{layer: kept share of its parameters}`` at ``ratio``.
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
    _percent_against_ratio(error)
    error.set_ylabel("top-1 error (%)")
    error.legend(frameon=False)
    kept.set_xticks(range(len(names)), names)
    kept.set(yscale="log", ylabel=f"kept at {ratio:g}× (%)", ylim=(0.3, 100))
    label_ticks(kept.yaxis, [1, 10, 100])
    kept.grid(False, axis="x")
    return figure


def by_pruning(found: Iterable[Result], *, fine_tuned: bool, dense: float | None = None) -> Figure:
    """Draw test error against compression ratio, one panel a pruning strategy, one line a penalty (Figures 3 and 4).

    ``found`` is of Experiment 1, after fine-tuning (Figure 4) or before it (Figure 3); results of the other stage are
    left out. What is not recorded is named in its panel. A line shows ``dense``, the mean error before pruning, in
    percent.
    """
    chosen = [r for r in found if r.fine_tuned == fine_tuned]
    figure, axes = new_figure(7.6, 4.0, columns=3, sharey=True)
    for axis, (pruning, words) in zip(axes, labels.PRUNINGS.items(), strict=True):
        absent = []
        for penalty, style in PENALTY_STYLE.items():
            line = [r for r in chosen if (r.pruning, r.penalty) == (pruning, penalty)]
            if not line:
                absent.append(labels.PENALTIES[penalty])
                continue
            look = {"linestyle": style["linestyle"], "marker": MARKERS[penalty]}
            _curve(axis, line, color=style["color"], label=labels.PENALTIES[penalty], **look)
        _level(axis, dense, "unpruned, ℓ2")
        axis.set(title=f"{words} ({pruning})", xlabel="compression ratio", xscale="log", yscale="log")
        if absent:
            told = "not recorded yet:\n" + "\n".join(absent)
            axis.text(0.04, 0.97, told, transform=axis.transAxes, va="top", color=GREY, fontsize=SMALL)
    for axis in axes:
        logarithmic(axis, "xy")
    axes[0].set_ylabel("top-1 error on the test images (%)")
    handles: dict[str, Any] = {}
    for axis in axes:
        handles |= dict(zip(*axis.get_legend_handles_labels()[::-1], strict=True))
    if handles:
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", ncols=5, frameon=False, fontsize=SMALL
        )
    return figure


def by_arm(found: Iterable[Result], dense: float | None = None) -> Figure:
    """Draw test error against compression ratio, one line an arm, dotted before fine-tuning (Figures 7 to 9).

    The colour is the penalty's; arms of one penalty differ in their marks and, from the strong to the pale, in shade.

    ``found`` is of one network on one dataset, at most seven arms, before fine-tuning, after it, or both. A line shows
    ``dense``, the mean error before pruning, in percent.

    Raises
    ------
    ValueError
        If there are more arms than can be told apart.
    """
    chosen = list(found)
    arms = list(dict.fromkeys(r.arm for r in chosen))
    if len(arms) > len(MARKS):
        raise ValueError(f"found must be results of at most {len(MARKS)} arms; got {len(arms)}")
    figure, axis = new_figure(7.6, 4.2)
    for arm, look in _looks(chosen).items():
        for tuned in (True, False):
            line = [r for r in chosen if (r.arm, r.fine_tuned) == (arm, tuned)]
            if line:
                label = f"{labels.run(arm)}{', fine-tuned' if tuned else ''}"
                _curve(axis, line, label=label, **look, **_STAGE_LINES[tuned])
    axis.set(xlabel="compression ratio", ylabel="top-1 error on the test images (%)")
    if not arms:
        say(axis, "no runs recorded yet")
        return figure
    _level(axis, dense, "unpruned")
    axis.set(xscale="log", yscale="log")
    logarithmic(axis, "xy")
    axis.legend(frameon=False, fontsize=SMALL)
    return figure


def trade_off(found: Iterable[Result], published: PublishedTable, dense: float | None = None) -> Figure:
    """Draw error against compression ratio: above before and after fine-tuning, below among the published values.

    ``found`` is of one network, the paper's method and arms beyond it; ``published`` the table to stand beside, 2 or 3;
    ``dense`` the mean error of our unpruned networks, in percent.
    """
    chosen = list(found)
    figure, (whole, near) = new_figure(7.6, 8.0, rows=2, height_ratios=(1, 1.3))
    chosen.sort(key=lambda r: (r.variant != "paper", r.arm))
    looks = _looks(chosen)
    for place, (arm, look) in enumerate(looks.items()):
        for tuned in (False, True):
            line = [r for r in chosen if (r.arm, r.fine_tuned) == (arm, tuned)]
            if not line:
                continue
            label = f"{labels.run(arm)}, {'fine-tuned' if tuned else 'just pruned'}"
            _curve(whole, line, label=label, **look, **_STAGE_LINES[tuned])
            if tuned:  # side by side, so that the bars of two arms can be told apart
                aside = 1.012 ** (place - (len(looks) - 1) / 2)
                _curve(near, line, label=label, bars=True, aside=aside, **look, **_STAGE_LINES[tuned])
    for axis in (whole, near):
        _level(axis, dense)
    errors = [printed_value(row.error) for row in published.rows if row.error]
    near.set(xscale="log", ylim=(0.7 * min(errors), 1.35 * max(errors)), xlabel="compression ratio")
    near.set_ylabel("top-1 error on the test images (%)")
    near.set_title("fine-tuned, among the published values", fontsize=10)
    ratios = [printed_value(row.ratio) for row in published.rows]
    near.set_xlim(0.8 * min(ratios), 1.9 * max(ratios))
    whole.set(xscale="log", yscale="log", xlabel="compression ratio", ylabel="top-1 error on the test images (%)")
    whole.set_title("before and after fine-tuning", fontsize=10)
    logarithmic(near, "x")
    logarithmic(whole, "xy")
    _name(near, [row for row in published.rows if row.error])
    if chosen:
        whole.legend(frameon=False, fontsize=SMALL, loc="upper left")
    else:
        say(whole, "no runs recorded yet")
    return figure


def _curve(axis: Axes, results: Sequence[Result], color: str, bars: bool = False, aside: float = 1, **style) -> None:
    """Draw the mean, every seed as a dot, and the Wilson interval of the mean; ``aside`` is a factor of the ratio."""
    line = sorted(results, key=lambda r: r.requested)
    x, mean = [aside * r.requested for r in line], [r.test_error_mean for r in line]
    low, high = zip(*(r.test_interval for r in line), strict=True)
    _interval(axis, x, mean, low, high, color, bars=bars or len(line) < 6, lw=0.9, alpha=0.8)
    # one call for all dots: a marker of its own for each would make the page heavy
    dots = [(aside * r.requested, error) for r in line for error in r.errors.values()]
    axis.plot(*zip(*dots, strict=True), ".", color=color, ms=2.5, alpha=0.6)
    axis.plot(x, mean, color=color, lw=1.5, ms=4, **style)


def _looks(found: Iterable[Result]) -> dict[str, dict[str, Any]]:
    """Return colour and mark of each arm, in the order in which they come: a penalty's colour, and shades of it.

    Arms that stand in several figures keep their look; a sweep of settings runs through the shades.
    """
    arms = dict(sorted(((r.arm, r.penalty) for r in found), key=lambda pair: labels.setting(pair[0]) or (0, 0)))
    known = all(arm.rsplit("-", 1)[-1] in _ARM_PLACES for arm in arms)
    looks = {}
    for number, (arm, penalty) in enumerate(arms.items()):
        alike = [other for other, kind in arms.items() if kind == penalty]
        strength = 1 - 0.3 * alike.index(arm) / max(len(alike) - 1, 1) if len(alike) > 2 else 1.0
        red, green, blue = (1 - strength * (1 - part) for part in to_rgb(PENALTY_STYLE[penalty]["color"]))
        place = _ARM_PLACES[arm.rsplit("-", 1)[-1]] if known else number
        looks[arm] = {"color": to_hex((red, green, blue)), "marker": MARKS[place % len(MARKS)]}
    return looks


def _interval(axis: Axes, x, mean, low, high, colour: str, *, bars: bool, lw: float = 1.1, alpha: float = 1.0) -> None:
    """Draw the interval around each mean: a bar, or a band over all."""
    if bars:
        ends = np.maximum((np.subtract(mean, low), np.subtract(high, mean)), 0)
        axis.errorbar(x, mean, ends, fmt="none", ecolor=colour, lw=lw, alpha=alpha)
    else:
        axis.fill_between(x, low, high, color=colour, alpha=0.13, lw=0)


def _level(axis: Axes, error: float | None, label: str | None = None) -> None:
    """Draw the error of networks before pruning as a dashed line, where it is known."""
    if error is not None:
        axis.axhline(error, color=GREY, lw=0.9, ls=(0, (6, 4)), label=label)


def _name(axis: Axes, rows: Sequence[Published]) -> None:
    """Mark each method by a letter where it stands, and tell at the right, from high to low, what each letter means."""
    ordered = sorted(rows, key=lambda row: (-printed_value(row.error or ""), printed_value(row.ratio)))
    high = min(0.055, 1 / len(ordered))
    for place, (row, letter) in enumerate(zip(ordered, ascii_letters, strict=False)):
        colour = PENALTY_STYLE["l2+l0"]["color"] if row.ours else INK
        look: dict[str, Any] = {"color": colour, "fontsize": SMALL, "va": "center"}
        if row.ours:
            look["fontweight"] = "bold"
        spot = (printed_value(row.ratio), printed_value(row.error or ""))
        plate = {"boxstyle": "circle,pad=0.12", "fc": "white", "ec": look["color"], "lw": 0.7}
        axis.annotate(letter, spot, ha="center", bbox=plate, zorder=4, **look)
        axis.text(1.03, 0.98 - high * place, f"{letter}  {row.method}", transform=axis.transAxes, **look)


def differences(groups: Mapping[str, Sequence[Comparison]]) -> Figure:
    """Draw paired differences in error against compression ratio, with their intervals, one panel a group.

    The thick bar is the 95 % interval over seeds, the thin one adds what other test images could do
    (:class:`~l0lib.paper.compare.Comparison`). Below zero, the first one errs less.
    """
    figure, axes = new_figure(7.6, 3.4, columns=max(len(groups), 1), sharey=True, squeeze=False)
    for axis, (title, comparisons) in zip(axes[0], groups.items(), strict=False):
        axis.axhline(0, color=GREY, lw=1)
        axis.set_title(title, fontsize=10)
        axis.set(xlabel="compression ratio", xscale="log")
        if not comparisons:
            say(axis, "not recorded yet", height=0.6)
            continue
        for one in comparisons:
            colour = {"less": TEAL, "more": RED}.get(one.verdict, GREY)
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
        axis.plot(np.multiply(100, x), np.multiply(100, y), **penalty_line(penalty))
    axis.set(xscale="log", xlabel="largest weights, share of all (%)", ylabel="share of the energy (%)")
    axis.set_xlim(0.01, 100)
    logarithmic(axis, "x")
    if shares:
        axis.legend(frameon=False)
    else:
        say(axis, "not recorded yet")
    return figure


def by_stage(followed: Iterable[Followed]) -> Figure:
    """Draw test error against compression ratio, a panel for each arm, a line for each stage, a dot for each seed."""
    arms = list(followed)
    figure, axes = new_figure(7.6, 3.8, columns=max(len(arms), 1), sharey=True, squeeze=False)
    for axis, arm in zip(axes[0], arms, strict=False):
        for stage, at in arm.at.items():
            ratios = [ratio for ratio in sorted(at) if ratio > 1]
            if not ratios:
                continue
            means = [fmean(one.percent for one in at[ratio]) for ratio in ratios]
            axis.plot(ratios, means, label=stage, lw=1.5, ms=4, **_STAGES[stage])
            dots = [(ratio, one.percent) for ratio in ratios for one in at[ratio]]
            axis.plot(*zip(*dots, strict=True), ".", color=_STAGES[stage]["color"], ms=2.5, alpha=0.6)
        _level(axis, fmean(one.percent for one in arm.unpruned), "unpruned")
        axis.set_title(f"{labels.run(arm.arm, network=True)}, {arm.many}", fontsize=10)
        axis.set(xscale="log", yscale="log", xlabel="compression ratio")
        logarithmic(axis, "xy")
    axes[0, 0].set_ylabel("top-1 error on the test images (%)")
    if not arms:
        say(axes[0, 0], "no runs recorded yet")
        return figure
    handles, names = max((axis.get_legend_handles_labels() for axis in axes[0]), key=lambda pair: len(pair[0]))
    figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, fontsize=SMALL)
    return figure


def by_class(arm: Followed, ratio: float, dataset: str) -> Figure:
    """Draw the error of each class at one ratio, a column a class: unpruned, and at each stage; means over seeds.

    Raises
    ------
    ValueError
        If the records of the arm do not say which images were missed.
    """
    lines = {"unpruned": arm.unpruned} | {stage: at[ratio] for stage, at in arm.at.items() if ratio in at}
    from ..chapters import classes  # not at the top: it reads records

    if not all(one.wrong for measured in lines.values() for one in measured):
        raise ValueError(f"the records of {arm.arm} must say which images were missed; they do not")
    figure, axis = new_figure(7.6, 3.8)
    names = classes.NAMES[dataset]
    places = np.arange(len(names))
    look = {"unpruned": {"color": GREY, "marker": "_"}} | _STAGES
    for aside, (stage, measured) in zip(np.linspace(-0.24, 0.24, len(lines)), lines.items(), strict=True):
        found = classes.errors([one.wrong for one in measured], dataset)
        style = {"color": look[stage]["color"], "marker": look[stage]["marker"], "ls": ""}
        axis.plot(places + aside, found.mean(0), label=stage, ms=9 if stage == "unpruned" else 6, mew=1.6, **style)
        dots = [(place + aside, error) for row in found for place, error in zip(places, row, strict=True)]
        axis.plot(*zip(*dots, strict=True), ".", color=look[stage]["color"], ms=2.5, alpha=0.6)
    axis.set(ylim=(-2, 102), ylabel="top-1 error of the class (%)")
    axis.set_xticks(places, names, rotation=30, ha="right")
    title = f"{labels.run(arm.arm, network=True)}, {times(ratio)}, {arm.many}, stored"
    axis.set_title(title, fontsize=10)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=SMALL)
    return figure


def error_against_share(shares: Sequence[float], lines: Mapping[str, Sequence[float]]) -> Figure:
    """Draw test errors in percent against the share of neurons removed, one line each.

    Raises
    ------
    ValueError
        If there are more than four lines: there are four styles.
    """
    figure, ax = new_figure(6.2, 3.2)
    most = len(PLAIN)
    if len(lines) > most:
        raise ValueError(f"lines must hold at most {most} lines; got {len(lines)}: {', '.join(lines)}")
    for (name, errors), look in zip(lines.items(), PLAIN, strict=False):
        ax.plot(100 * np.asarray(shares), errors, label=name, ms=4, **look)
    ax.set(xlabel="neurons removed from each layer (%)", ylabel="test error (%)")
    ax.legend(frameon=False)
    return figure
