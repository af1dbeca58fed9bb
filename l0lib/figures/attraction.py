"""Figures of the chapter on zero attraction: maps, race to zero, scaling factors, bounds and pruning threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .. import attraction, labels
from ..penalties import L0, L1
from ._style import GREY, PENALTY_STYLE, new_figure

_SHADE = {"shrinks": "#3c7a2e", "crosses zero, shrinks": "#c79a00", "crosses zero, grows": "#b3202a"}


def zero_attraction_maps(penalties: Mapping[str, Any], eta: float, span: float = 1.0) -> Figure:
    """Draw one panel per penalty: the map f(w) of a step without loss, over the cone where a step shrinks.

    Parameters
    ----------
    penalties : mapping
        From ``"l2"``, ``"l1"``, ``"l0"`` to a penalty.
    eta : float
        Learning rate.
    span : float
        The panels show weights from -span to span.
    """
    figure, axes = new_figure(8.4, 3.3, columns=len(penalties), sharex=True, sharey=True, squeeze=False)
    half = np.linspace(0, span, 401)[1:]
    for axis, (name, penalty) in zip(axes[0], penalties.items(), strict=True):
        axis.fill_between(
            [-span, 0, span], [-span, 0, -span], [span, 0, span], color=_SHADE["shrinks"], alpha=0.1, lw=0
        )
        axis.plot([-span, span], [-span, span], color=GREY, lw=0.8)
        axis.plot([-span, span], [span, -span], color=GREY, lw=0.8, ls=":")
        for side in (-half[::-1], half):
            axis.plot(side, attraction.step(penalty, side, eta), lw=2, **PENALTY_STYLE[name])
        axis.set(
            title=labels.PENALTIES[name], xlabel="weight w before the step", xlim=(-span, span), ylim=(-span, span)
        )
        axis.set_aspect("equal")
    axes[0, 0].set_ylabel("f(w), the weight after it")
    return figure


def race_to_zero(
    penalties: Mapping[str, Any], w0: float, eta: float, steps: int, threshold: float | None = None
) -> Figure:
    """Draw the paper's Figure 1: one weight under each penalty from the same start, linear and logarithmic.

    After arrival an orbit jumps at each step: it is drawn as dots in its band, not as a line. The dotted vertical lines
    are the arrivals that :func:`l0lib.attraction.steps_to_zero` predicts.
    """
    figure, (linear, logarithmic) = new_figure(8.4, 3.4, columns=2, sharex=True)
    numbers = np.arange(steps + 1)
    for name, penalty in penalties.items():
        orbit = np.asarray(attraction.trajectory(penalty, w0, eta, steps))
        arrived = np.flatnonzero(orbit <= 0)
        last = arrived[0] if arrived.size else steps
        style = PENALTY_STYLE[name]
        for axis, values in ((linear, orbit), (logarithmic, np.abs(orbit))):
            axis.plot(values[: last + 1], lw=2, label=labels.PENALTIES[name], **style)
            axis.plot(numbers[last:], values[last:], ".", ms=1.8, color=style["color"])
        if arrived.size:
            linear.axvline(attraction.steps_to_zero(penalty, w0, eta), color=style["color"], lw=0.8, ls=":")
    linear.set(xlabel="step", ylabel="weight w")
    linear.legend()
    logarithmic.set(xlabel="step", ylabel="magnitude |w|, logarithmic", yscale="log")
    logarithmic.set_ylim(1e-4 * abs(w0), 1.5 * abs(w0))
    if threshold is not None:
        logarithmic.axhline(threshold, color=GREY, lw=1)
        logarithmic.annotate(f"threshold {threshold:g}", (0, threshold), va="bottom", color=GREY)
    return figure


def scaling_factors(penalties: Mapping[str, Any], eta: float, magnitudes: np.ndarray, lowest: float = -2.0) -> Figure:
    """Draw λ against the magnitude of the weight, over the three ranges that say what a step does (Eq. 15)."""
    figure, axis = new_figure(7.2, 3.8)
    bands = (("shrinks", 0, 1), ("crosses zero, shrinks", -1, 0), ("crosses zero, grows", lowest, -1))
    for text, low, high in bands:
        axis.axhspan(low, high, color=_SHADE[text], alpha=0.1, lw=0)
        axis.text(magnitudes[-1], (low + high) / 2, text + " ", ha="right", va="center", color=GREY)
    for name, penalty in penalties.items():
        factor = attraction.scaling_factor(penalty, magnitudes, eta)
        axis.plot(magnitudes, factor, lw=2, label=labels.PENALTIES[name], **PENALTY_STYLE[name])
    axis.set(xscale="log", xlabel="magnitude |w|, logarithmic", ylabel="scaling factor λ", ylim=(lowest, 1.15))
    axis.set_xlim(magnitudes[0], magnitudes[-1])
    axis.legend(loc="center left")
    return figure


def alpha_bounds(penalties: Mapping[str, Any], eta: float, magnitudes: np.ndarray) -> Figure:
    """Draw the bound on α against the magnitude (Eq. 16), and each penalty's own α with its critical magnitude."""
    figure, axis = new_figure(7.2, 3.8)
    for name, penalty in penalties.items():
        style = PENALTY_STYLE[name]
        bound = np.broadcast_to(attraction.alpha_bound(penalty, magnitudes, eta), magnitudes.shape)
        axis.plot(magnitudes, bound, lw=2, label=labels.PENALTIES[name], **style)
        axis.axhline(penalty.alpha, color=style["color"], lw=0.8, ls=":")
        critical = attraction.critical_magnitude(penalty, eta)
        if 0 < critical < np.inf:
            axis.plot(critical, penalty.alpha, "o", color=style["color"])
            axis.annotate(
                "left of here a step makes |w| larger",
                (critical, penalty.alpha),
                xytext=(8, -14) if name == "l0" else (-50, 45),
                textcoords="offset points",
                arrowprops=None if name == "l0" else {"arrowstyle": "-", "color": style["color"], "lw": 0.8},
                color=style["color"],
                fontsize="small",
            )
    axis.set(xscale="log", yscale="log", xlabel="magnitude |w|, logarithmic", ylabel="largest α that still shrinks |w|")
    axis.set_xlim(magnitudes[0], magnitudes[-1])
    axis.legend(loc="lower right")
    return figure


def equal_terms(eta: float, beta: float, first_step: float, swing: float, w0: float = 1.0) -> Figure:
    """Draw the pull of ℓ1 and ℓ0 matched in two ways: same first step from w0 (left), same swing at zero (right)."""
    figure, axes = new_figure(8.4, 3.3, columns=2, sharex=True)
    magnitudes = np.linspace(0, w0, 401)[1:]
    by_step = attraction.match_initial_rate(first_step, w0, eta, beta)
    by_swing = {"l1": L1(swing / eta), "l0": L0(swing / (eta * beta), beta)}
    for axis, pair, title in (
        (axes[0], {"l1": by_step.l1, "l0": by_step.l0}, f"same first step from {w0:g}"),
        (axes[1], by_swing, "same swing at zero"),
    ):
        for name, penalty in pair.items():
            pull = np.abs(attraction.term(penalty, magnitudes, eta))
            axis.plot(magnitudes, pull, lw=2, label=labels.PENALTIES[name], **PENALTY_STYLE[name])
        axis.set(title=title, xlabel="magnitude |w|", xlim=(0, w0))
        axis.set_ylim(bottom=0)
        axis.legend()
    axes[0].set_ylabel("length of the pull in one step")
    return figure


def prunable_share(multiples: Sequence[float], shares: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the share of arrived weights below the pruning threshold against α in multiples of its limit."""
    figure, axis = new_figure(6.4, 3.4)
    for name, values in shares.items():
        axis.plot(
            multiples, 100 * np.asarray(values), marker="o", lw=2, label=labels.PENALTIES[name], **PENALTY_STYLE[name]
        )
    axis.axvline(1, color=GREY, lw=1)
    axis.set(
        xscale="log", xlabel="α as a multiple of its limit", ylabel="weights below the threshold (%)", ylim=(0, 105)
    )
    axis.set_xticks(list(multiples), [f"{multiple:g}" for multiple in multiples], minor=False)
    axis.minorticks_off()
    axis.legend(loc="lower left")
    return figure


def first_look(
    w0: float = 1.0, eta: float = 0.04, first_step: float = 0.0021, beta: float = 3.0, steps: int = 700
) -> Figure:
    """Draw the book's one picture: three equal weights with equal first steps, one penalty each and no loss."""
    matched = attraction.match_initial_rate(first_step, w0, eta, beta)
    figure, axis = new_figure(7.2, 3.4)
    numbers = np.arange(steps + 1)
    for name, penalty in (("l2", matched.l2), ("l1", matched.l1), ("l0", matched.l0)):
        orbit = attraction.trajectory(penalty, w0, eta, steps)
        arrived = np.flatnonzero(orbit <= 0)
        last = arrived[0] if arrived.size else steps
        axis.plot(orbit[: last + 1], lw=2, label=labels.PENALTIES[name], **PENALTY_STYLE[name])
        axis.plot(numbers[last:], orbit[last:], lw=0.7, alpha=0.7, color=PENALTY_STYLE[name]["color"])
    axis.axhline(0, color=GREY, lw=0.8, zorder=0)
    axis.set(xlabel="training step", ylabel="weight", xlim=(0, steps))
    axis.legend()
    return figure


__all__ = [
    "alpha_bounds",
    "equal_terms",
    "first_look",
    "prunable_share",
    "race_to_zero",
    "scaling_factors",
    "zero_attraction_maps",
]
